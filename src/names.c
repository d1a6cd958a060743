/*
 * src/names.c
 *	  SQL functions that look for the words of lists in texts.
 *
 * A call costs little beside the pass over the text: the compiled list is kept
 * in fn_extra and used again as long as no list has changed (a counter), the
 * user is the same and the statement is; text arguments are read in place.
 */
#include "pg_compat.h"

#include "access/parallel.h"
#include "access/xact.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/inval.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#include "lexicon.h"
#include "name_parts.h"
#include "risk_screen.h"

/* What fn_extra keeps between the calls of one expression. */
typedef struct Kept
{
	const RsLexicon **lexicon;
	int			n;
	uint64		generation;
	Oid			user;
	TimestampTz statement;
	bool		durable;
	Size		key_length;		/* of the argument that named the lists */
	char	   *key;
	Size		key_capacity;
	MemoryContext context;
	DateADT		today;
	TimestampTz today_at;
	RsSeen	   *seen;			/* licences, provinces, subjects already judged */
} Kept;

static Kept *
kept(FunctionCallInfo fcinfo)
{
	Kept	   *k = fcinfo->flinfo->fn_extra;

	if (k == NULL)
	{
		k = MemoryContextAllocZero(fcinfo->flinfo->fn_mcxt, sizeof(Kept));
		k->context = fcinfo->flinfo->fn_mcxt;
		k->key_length = (Size) -1;
		fcinfo->flinfo->fn_extra = k;
	}
	return k;
}

RsSeen	  **
rs_seen_arguments(FunctionCallInfo fcinfo)
{
	return &kept(fcinfo)->seen;
}

static inline bool
still_good(const Kept *k, const char *key, Size length)
{
	return k->generation == rs_lexicon_generation() && k->durable &&
		k->key_length == length && memcmp(k->key, key, length) == 0 &&
		k->user == GetUserId() && k->statement == GetCurrentStatementStartTimestamp();
}

static void
remember(Kept *k, const char *key, Size length)
{
	if (length > k->key_capacity || k->key == NULL)
	{
		if (k->key)
			pfree(k->key);
		k->key = MemoryContextAlloc(k->context, length + 1);
		k->key_capacity = length;
	}
	memcpy(k->key, key, length);
	k->key_length = length;
	k->user = GetUserId();
	k->statement = GetCurrentStatementStartTimestamp();
	k->generation = rs_lexicon_generation();
	k->durable = true;
	for (int i = 0; i < k->n; i++)
		k->durable = k->durable && rs_lexicon_durable(k->lexicon[i]);
	/* in a worker or under an old snapshot: good for this statement */
	if (!k->durable && IsInParallelMode())
		k->durable = true;
}

/* The list named by a text argument, kept in fn_extra. */
const RsLexicon *
rs_lexicon_argument(FunctionCallInfo fcinfo, const text *name)
{
	Kept	   *k = kept(fcinfo);
	const char *key = VARDATA_ANY(name);
	Size		length = VARSIZE_ANY_EXHDR(name);

	if (likely(still_good(k, key, length)))
		return k->lexicon[0];
	k->key_length = (Size) -1;
	if (k->lexicon == NULL)
		k->lexicon = MemoryContextAlloc(k->context, sizeof(RsLexicon *));
	k->lexicon[0] = rs_lexicon_get(key, length, false);
	k->n = 1;
	remember(k, key, length);
	return k->lexicon[0];
}

/* The lists named by an array argument, or all active ones. */
const RsLexicon **
rs_lexicons_argument(FunctionCallInfo fcinfo, int argument, int *n)
{
	Kept	   *k = kept(fcinfo);
	bool		all = argument < 0 || PG_ARGISNULL(argument);
	ArrayType  *array = all ? NULL : PG_GETARG_ARRAYTYPE_P(argument);
	const char *key = all ? "" : (const char *) array;
	Size		length = all ? 0 : VARSIZE(array);

	if (!still_good(k, key, length))
	{
		MemoryContext old = MemoryContextSwitchTo(k->context);
		const RsLexicon **list;

		k->key_length = (Size) -1;
		if (all)
			list = rs_lexicon_active(&k->n);
		else
		{
			Datum	   *item;
			bool	   *nulls;
			int			items;

			if (ARR_NDIM(array) > 1)
				ereport(ERROR,
						(errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
						 errmsg("names of word lists must be a one-dimensional array"),
						 errhint("Write '{CN-2016-21,BJ-2016}', or NULL for all active lists.")));
			deconstruct_array(array, TEXTOID, -1, false, TYPALIGN_INT, &item, &nulls, &items);
			list = palloc(sizeof(RsLexicon *) * Max(items, 1));
			k->n = 0;
			for (int i = 0; i < items; i++)
			{
				const RsLexicon *lex;
				bool		again = false;

				if (nulls[i])
					ereport(ERROR,
							(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
							 errmsg("names of word lists must not be NULL"),
							 errhint("Leave the element out, or give NULL instead of the array for all active lists.")));
				lex = rs_lexicon_get(VARDATA_ANY(DatumGetPointer(item[i])),
									 VARSIZE_ANY_EXHDR(DatumGetPointer(item[i])), false);
				for (int j = 0; j < k->n; j++)
					again = again || list[j] == lex;
				if (!again)
					list[k->n++] = lex;
			}
		}
		k->lexicon = list;
		remember(k, key, length);
		MemoryContextSwitchTo(old);
	}
	*n = k->n;
	return k->lexicon;
}

/* The day in question: the argument, or today in risk_screen.time_zone. */
DateADT
rs_day_argument(FunctionCallInfo fcinfo, int argument)
{
	Kept	   *k;

	if (PG_NARGS() > argument && !PG_ARGISNULL(argument))
		return PG_GETARG_DATEADT(argument);
	k = kept(fcinfo);
	if (k->today_at != GetCurrentTransactionStartTimestamp())
	{
		k->today = rs_today();
		k->today_at = GetCurrentTransactionStartTimestamp();
	}
	return k->today;
}

static Datum
text_or_null(const text *t, bool *isnull)
{
	*isnull = t == NULL;
	return PointerGetDatum(t);
}

/* Characters counted in SQL's int. */
int32
rs_position(uint64 chars)
{
	if (chars > PG_INT32_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("text is too long")));
	return (int32) chars;
}

/* How the text differs from the word: plain, folded, interleaved, or a disguise. */
const char *
rs_disguise_name(const RsFinding *f, const unsigned char *body)
{
	uint32		d = f->hit.disguise;
	Size		length = f->hit.end_byte - f->hit.start_byte;
	int			a,
				b;

	if (d & RS_DISGUISE_PINYIN)
		return "pinyin";
	if (d & RS_DISGUISE_SPLIT)
		return "split";
	if (d & RS_DISGUISE_REPEAT)
		return "repeated";
	if (d & RS_DISGUISE_HOMOPHONE)
		return "homophone";
	if (d & RS_DISGUISE_LOOK_ALIKE)
		return "look-alike";
	if (length == VARSIZE_ANY_EXHDR(f->term->term) &&
		memcmp(body + f->hit.start_byte, VARDATA_ANY(f->term->term), length) == 0)
		return "plain";
	/* as many characters as the word: other forms of them; more: marks between */
	a = pg_mbstrlen_with_len((const char *) body + f->hit.start_byte, length);
	b = pg_mbstrlen_with_len(VARDATA_ANY(f->term->term), VARSIZE_ANY_EXHDR(f->term->term));
	return a > b ? "interleaved" : "folded";
}

/*
 * find_terms(body text, lexicons text[], as_of date)
 *   -> setof (lexicon, term, category, effect, basis, started, ended, matched, disguise)
 *
 * body NULL: no rows. lexicons NULL: all active lists. as_of NULL: today.
 * Error 42704 for an unknown list. One pass per list over the text.
 */
PG_FUNCTION_INFO_V1(rs_find_terms);
Datum
rs_find_terms(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	const RsLexicon **lexicon;
	int			nlexicons;
	text	   *body;
	DateADT		as_of;
	MemoryContext scratch,
				old;

	InitMaterializedSRF(fcinfo, 0);
	if (PG_ARGISNULL(0))
		return (Datum) 0;
	body = PG_GETARG_TEXT_PP(0);
	lexicon = rs_lexicons_argument(fcinfo, 1, &nlexicons);
	as_of = rs_day_argument(fcinfo, 2);
	scratch = AllocSetContextCreate(CurrentMemoryContext, "find_terms", ALLOCSET_DEFAULT_SIZES);
	old = MemoryContextSwitchTo(scratch);
	for (int l = 0; l < nlexicons; l++)
	{
		const RsLexicon *lex = lexicon[l];
		const unsigned char *s = (const unsigned char *) VARDATA_ANY(body);
		RsFinding  *found;
		int			n;

		if (as_of < lex->valid_from || as_of > lex->valid_to)
			continue;
		found = rs_lexicon_find(lex, s, VARSIZE_ANY_EXHDR(body), as_of, NULL, &n);
		for (int i = 0; i < n; i++)
		{
			const RsFinding *f = &found[i];
			Datum		values[9];
			bool		nulls[9] = {0};

			values[0] = PointerGetDatum(lex->name);
			values[1] = PointerGetDatum(f->term->term);
			values[2] = text_or_null(f->term->category, &nulls[2]);
			values[3] = PointerGetDatum(f->term->effect);
			values[4] = text_or_null(f->term->basis, &nulls[4]);
			values[5] = Int32GetDatum(rs_position(f->hit.start_char + 1));
			values[6] = Int32GetDatum(rs_position(f->hit.end_char));
			values[7] = PointerGetDatum(cstring_to_text_with_len((const char *) s + f->hit.start_byte,
																 f->hit.end_byte - f->hit.start_byte));
			values[8] = CStringGetTextDatum(rs_disguise_name(f, s));
			tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
			if ((i & 0xFFF) == 0xFFF)
				CHECK_FOR_INTERRUPTS();
		}
		MemoryContextReset(scratch);
	}
	MemoryContextSwitchTo(old);
	MemoryContextDelete(scratch);
	return (Datum) 0;
}

/*
 * has_terms(body text, lexicon text, as_of date) -> boolean
 *
 * Does a word of the list occur (and count: exceptions apply)? NULL body or
 * list: NULL. Stops at the first hit.
 */
PG_FUNCTION_INFO_V1(rs_has_terms);
Datum
rs_has_terms(PG_FUNCTION_ARGS)
{
	const RsLexicon *lex;
	text	   *body;
	DateADT		as_of;
	bool		found;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		PG_RETURN_NULL();
	lex = rs_lexicon_argument(fcinfo, PG_GETARG_TEXT_PP(1));
	as_of = rs_day_argument(fcinfo, 2);
	if (as_of < lex->valid_from || as_of > lex->valid_to)
		PG_RETURN_BOOL(false);
	body = PG_GETARG_TEXT_PP(0);
	found = rs_lexicon_has(lex, (const unsigned char *) VARDATA_ANY(body), VARSIZE_ANY_EXHDR(body), as_of);
	PG_FREE_IF_COPY(body, 0);
	PG_RETURN_BOOL(found);
}

/*
 * term_list(body text, lexicon text, as_of date) -> text[]
 *
 * The words of the list that occur, each once, in order of first occurrence.
 */
PG_FUNCTION_INFO_V1(rs_term_list);
Datum
rs_term_list(PG_FUNCTION_ARGS)
{
	const RsLexicon *lex;
	text	   *body;
	DateADT		as_of;
	RsFinding  *found;
	int			n,
				k = 0;
	Datum	   *item;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		PG_RETURN_NULL();
	lex = rs_lexicon_argument(fcinfo, PG_GETARG_TEXT_PP(1));
	as_of = rs_day_argument(fcinfo, 2);
	body = PG_GETARG_TEXT_PP(0);
	if (as_of < lex->valid_from || as_of > lex->valid_to)
		n = 0;
	else
		found = rs_lexicon_find(lex, (const unsigned char *) VARDATA_ANY(body), VARSIZE_ANY_EXHDR(body), as_of, NULL, &n);
	if (n == 0)
		PG_RETURN_ARRAYTYPE_P(construct_empty_array(TEXTOID));
	{
		bool	   *seen = palloc0(lex->nterms);

		item = palloc_extended(sizeof(Datum) * Min(n, lex->nterms), MCXT_ALLOC_HUGE);
		for (int i = 0; i < n; i++)
			if (!seen[found[i].hit.word])
			{
				seen[found[i].hit.word] = true;
				item[k++] = PointerGetDatum(found[i].term->term);
			}
	}
	PG_RETURN_ARRAYTYPE_P(construct_array(item, k, TEXTOID, -1, false, TYPALIGN_INT));
}

/* fold_text(body text) -> text: what the matcher compares; no database access. */
PG_FUNCTION_INFO_V1(rs_fold_text);
Datum
rs_fold_text(PG_FUNCTION_ARGS)
{
	text	   *body = PG_GETARG_TEXT_PP(0);
	int			n;
	char	   *folded;

	if (GetDatabaseEncoding() != PG_UTF8)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("text functions of risk_screen need a database with encoding UTF8")));
	folded = rs_fold_bytes(VARDATA_ANY(body), VARSIZE_ANY_EXHDR(body), &n);
	PG_RETURN_TEXT_P(cstring_to_text_with_len(folded, n));
}

/*
 * lexicon_stats(lexicon text) -> (words, patterns, states, classes, bytes, dense, build_ms)
 */
PG_FUNCTION_INFO_V1(rs_lexicon_stats);
Datum
rs_lexicon_stats(PG_FUNCTION_ARGS)
{
	text	   *name = PG_GETARG_TEXT_PP(0);
	const RsLexicon *lex = rs_lexicon_get(VARDATA_ANY(name), VARSIZE_ANY_EXHDR(name), false);
	const RsMatcherStats *s = rs_matcher_stats(lex->matcher);
	TupleDesc	desc;
	Datum		values[7];
	bool		nulls[7] = {0};

	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	values[0] = Int64GetDatum(s->words);
	values[1] = Int64GetDatum(s->patterns);
	values[2] = Int64GetDatum(s->states);
	values[3] = Int64GetDatum(s->classes);
	values[4] = Int64GetDatum(MemoryContextMemAllocated(lex->context, true));
	values[5] = BoolGetDatum(s->dense);
	values[6] = Float8GetDatum(lex->build_ms);
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), values, nulls)));
}

/* ---- screening a registration ---- */

/* A text[] argument; NULL: n = -1, NULL elements are left out. */
RsTextList
rs_list_argument(FunctionCallInfo fcinfo, int argument)
{
	RsTextList	list = {-1, NULL};
	Datum	   *item;
	bool	   *nulls;
	int			n;

	if (PG_ARGISNULL(argument))
		return list;
	deconstruct_array(PG_GETARG_ARRAYTYPE_P(argument), TEXTOID, -1, false, TYPALIGN_INT, &item, &nulls, &n);
	list.n = 0;
	list.item = palloc(sizeof(text *) * Max(n, 1));
	for (int i = 0; i < n; i++)
		if (!nulls[i])
			list.item[list.n++] = DatumGetTextPP(item[i]);
	return list;
}

static bool
applies(const RsLexicon *lex, int field, const text *province, const text *event,
		const text *subject, DateADT as_of)
{
	if (!(lex->fields & field) || as_of < lex->valid_from || as_of > lex->valid_to)
		return false;
	/* registries write 北京 or 北京市, or one of its districts; a province does not tell the city */
	if (lex->jurisdiction != NULL &&
		(province == NULL || VARSIZE_ANY_EXHDR(province) == 0 ||
		 rs_region_relation(province, lex->jurisdiction) != RS_REGION_WITHIN))
		return false;
	if (lex->events.n > 0 && !(event != NULL && rs_text_list_has(&lex->events, event)))
		return false;
	/* an unknown kind of subject may be any */
	if (lex->subjects.n > 0 && subject != NULL && !rs_text_list_has(&lex->subjects, subject))
		return false;
	return true;
}

/* A misspelt event would quietly apply fewer lists. */
static void
check_event(const text *event)
{
	static const char *const known[] = {"existing", "new", "change", "move_in"};

	if (event == NULL)
		return;
	for (int i = 0; i < lengthof(known); i++)
		if (VARSIZE_ANY_EXHDR(event) == strlen(known[i]) &&
			memcmp(VARDATA_ANY(event), known[i], strlen(known[i])) == 0)
			return;
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("unknown event \"%s\"", text_to_cstring(event)),
			 errhint("Use 'existing', 'new', 'change' or 'move_in'.")));
}

static const char *
place_name(int place)
{
	switch (place)
	{
		case RS_PLACE_REGION:
			return "region";
		case RS_PLACE_TRADE_NAME:
			return "trade_name";
		case RS_PLACE_INDUSTRY:
			return "industry";
		case RS_PLACE_FORM:
			return "form";
		case RS_PLACE_BRANCH:
			return "branch";
		case RS_PLACE_PARENT:
			return "parent";
	}
	return NULL;
}

static void
screen_field(ReturnSetInfo *rsinfo, const RsLexicon *lex, int field, const text *body,
			 DateADT as_of, const RsSubject *subject, const RsNameParts *parts)
{
	const unsigned char *s = (const unsigned char *) VARDATA_ANY(body);
	int			n;
	RsFinding  *found = rs_lexicon_find(lex, s, VARSIZE_ANY_EXHDR(body), as_of, subject, &n);

	for (int i = 0; i < n; i++)
	{
		const RsFinding *f = &found[i];
		int			place = parts ? rs_name_place(parts, s, f->hit.start_char, f->hit.end_char) : 0;
		Datum		values[12];
		bool		nulls[12] = {0};

		if (parts && f->term->places != 0 && !(f->term->places & place))
			continue;
		values[0] = CStringGetTextDatum(field == RS_FIELD_NAME ? "name" : "scope");
		values[1] = PointerGetDatum(lex->name);
		values[2] = PointerGetDatum(f->term->term);
		values[3] = PointerGetDatum(f->term->effect);
		values[4] = text_or_null(f->term->basis, &nulls[4]);
		values[5] = Int32GetDatum(rs_position(f->hit.start_char + 1));
		values[6] = Int32GetDatum(rs_position(f->hit.end_char));
		values[7] = text_or_null(f->term->category, &nulls[7]);
		values[8] = PointerGetDatum(f->term->control);
		values[9] = PointerGetDatum(cstring_to_text_with_len((const char *) s + f->hit.start_byte,
															 f->hit.end_byte - f->hit.start_byte));
		values[10] = CStringGetTextDatum(rs_disguise_name(f, s));
		nulls[11] = place_name(place) == NULL;
		if (!nulls[11])
			values[11] = CStringGetTextDatum(place_name(place));
		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
	}
}

/*
 * screen_name(name text, scope text, province text, event text, licences text[], as_of date, subject text)
 *   -> setof (field, lexicon, term, effect, basis, started, ended, category, control, matched, disguise, place)
 *
 * Every list that applies to a registration: by province, event, subject and
 * day, minus what the licences exempt. NULL name or scope: that field is not
 * screened; NULL province: lists of one jurisdiction do not apply; NULL event:
 * lists of particular events do not apply; NULL licences: none held. Warns of
 * licences, provinces and subjects that mean nothing to the lists.
 */
PG_FUNCTION_INFO_V1(rs_screen_name);
Datum
rs_screen_name(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	const RsLexicon **lexicon;
	int			n;
	text	   *name,
			   *scope,
			   *province,
			   *event,
			   *kind;
	RsSubject	subject = {0};
	RsNameParts parts;
	DateADT		as_of;
	MemoryContext scratch,
				old;

	InitMaterializedSRF(fcinfo, 0);
	lexicon = rs_lexicons_argument(fcinfo, -1, &n);
	as_of = rs_day_argument(fcinfo, 5);
	scratch = AllocSetContextCreate(CurrentMemoryContext, "screen_name", ALLOCSET_DEFAULT_SIZES);
	old = MemoryContextSwitchTo(scratch);
	name = PG_ARGISNULL(0) ? NULL : PG_GETARG_TEXT_PP(0);
	scope = PG_ARGISNULL(1) ? NULL : PG_GETARG_TEXT_PP(1);
	province = PG_ARGISNULL(2) ? NULL : PG_GETARG_TEXT_PP(2);
	event = PG_ARGISNULL(3) ? NULL : PG_GETARG_TEXT_PP(3);
	kind = PG_ARGISNULL(6) ? NULL : PG_GETARG_TEXT_PP(6);
	check_event(event);
	subject.licences = rs_list_argument(fcinfo, 4);
	rs_check_arguments(rs_seen_arguments(fcinfo), fcinfo->flinfo->fn_mcxt, lexicon, n, &subject.licences, province, kind);
	if (name != NULL)
	{
		subject.holder = rs_fold_bytes(VARDATA_ANY(name), VARSIZE_ANY_EXHDR(name), &subject.holder_length);
		rs_name_split((const unsigned char *) VARDATA_ANY(name), VARSIZE_ANY_EXHDR(name), &parts);
	}
	for (int field = RS_FIELD_NAME; field <= RS_FIELD_SCOPE; field <<= 1)
	{
		text	   *body = field == RS_FIELD_NAME ? name : scope;

		if (body == NULL)
			continue;
		for (int i = 0; i < n; i++)
			if (applies(lexicon[i], field, province, event, kind, as_of))
				screen_field(rsinfo, lexicon[i], field, body, as_of, &subject,
							 field == RS_FIELD_NAME ? &parts : NULL);
	}
	MemoryContextSwitchTo(old);
	MemoryContextDelete(scratch);
	return (Datum) 0;
}
