/*
 * src/lexicon.c
 *	  Word lists of this backend: read from their tables, compiled, kept current.
 *
 * A compiled list is kept until its rows change. Keeping it right:
 *
 * - Triggers on the three tables send a relation invalidation, which rolls
 *   back with its transaction; the callback here only counts it (it may come
 *   at any moment, and must not touch catalogs).
 * - A look-up first locks the table lexicon, which also takes in what other
 *   backends have sent, so every statement sees what was committed before it.
 * - A list is read under the statement's own snapshot. Under REPEATABLE READ,
 *   or when an invalidation comes in the middle of a statement, that snapshot
 *   may be older than the invalidation. Each reading therefore carries a stamp
 *   (hash over its rows), and the list is `durable`, good for later statements
 *   without looking, only if the stamp under the latest snapshot is the same.
 *   A list that is not durable is compared by stamp again under each new
 *   snapshot: cheap beside compiling.
 * - Privileges on the tables are checked at each look-up; if row security
 *   applies to the current user nothing is durable.
 *
 * Memory: one context per list under "risk_screen lexicons", bounded by
 * risk_screen.max_memory while it is built. A replaced list is handed to the
 * transaction's context, since a running call may still hold it.
 */
#include "pg_compat.h"

#include "access/parallel.h"
#include "access/xact.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "commands/extension.h"
#include "commands/trigger.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "portability/instr_time.h"
#include "storage/lmgr.h"
#include "utils/acl.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/datetime.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/rls.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#include "folding.h"
#include "lexicon.h"
#include "risk_screen.h"
#include "rs_memory.h"

#define TABLES 3
static const char *const table_name[TABLES] = {"lexicon", "term", "term_exception"};

typedef struct Entry
{
	uint32		hash;			/* of the name; the key with it */
	char	   *name;			/* "" for the list of active lists */
	int			length;
	struct Entry *next;
	bool		missing;
	RsLexicon  *lexicon;
	int			nactive;
	char	  **active;
	MemoryContext context;		/* of what the entry holds */
	char		stamp[200];
	uint64		generation;		/* before it was read or confirmed */
	bool		durable;
	TransactionId xmin,
				xmax;			/* snapshot of the last confirmation */
	CommandId	curcid;
	TimestampTz statement;
	Oid			user;
} Entry;

static uint64 generation = 1;	/* counts invalidations */
static bool callback_registered = false;
static Oid	table_oid[TABLES];
static uint64 table_generation = 0;
static MemoryContext cache_context = NULL;
static Entry *entries = NULL;	/* few: a linked list, most recent first */

static void
lexicon_relcache_callback(Datum arg, Oid relid)
{
	if (relid == InvalidOid || relid == table_oid[0] || relid == table_oid[1] || relid == table_oid[2])
		generation++;
}

uint64
rs_lexicon_generation(void)
{
	return generation;
}

/* Find the tables, lock the first (taking in invalidations), check privileges. */
static bool
open_tables(void)
{
	bool		row_security = false;

	if (GetDatabaseEncoding() != PG_UTF8)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("text functions of risk_screen need a database with encoding UTF8"),
				 errdetail("The encoding of this database is %s.", GetDatabaseEncodingName())));
	if (!callback_registered)
	{
		CacheRegisterRelcacheCallback(lexicon_relcache_callback, (Datum) 0);
		callback_registered = true;
	}
	for (int attempt = 0;; attempt++)
	{
		if (table_generation != generation)
		{
			Oid			schema = get_namespace_oid("risk_screen", true);
			Oid			found[TABLES];
			uint64		before = generation;

			for (int i = 0; i < TABLES; i++)
			{
				found[i] = OidIsValid(schema) ? get_relname_relid(table_name[i], schema) : InvalidOid;
				if (!OidIsValid(found[i]))
					ereport(ERROR,
							(errcode(ERRCODE_UNDEFINED_TABLE),
							 errmsg("table risk_screen.%s does not exist", table_name[i]),
							 errhint("The extension risk_screen was dropped or is being changed; CREATE EXTENSION risk_screen.")));
			}
			if (memcmp(found, table_oid, sizeof(found)) != 0)
			{
				/* another incarnation of the extension: nothing kept is about it */
				memcpy(table_oid, found, sizeof(found));
				generation++;
				for (Entry *e = entries; e != NULL; e = e->next)
					e->stamp[0] = '\0';
				before = generation;
			}
			table_generation = before;
		}
		LockRelationOid(table_oid[0], AccessShareLock);
		/* a lock this transaction holds already takes in nothing */
		AcceptInvalidationMessages();
		if (table_generation == generation)
			break;
		if (attempt > 100)
			elog(ERROR, "tables of risk_screen keep changing");
	}
	for (int i = 0; i < TABLES; i++)
	{
		if (pg_class_aclcheck(table_oid[i], GetUserId(), ACL_SELECT) != ACLCHECK_OK)
			ereport(ERROR,
					(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
					 errmsg("permission denied for table %s", table_name[i]),
					 errdetail("Word lists are read with the rights of the user who asks, \"%s\", who may not read risk_screen.%s.",
							   GetUserNameFromId(GetUserId(), false), table_name[i]),
					 errhint("GRANT SELECT ON risk_screen.lexicon, risk_screen.term, risk_screen.term_exception TO %s; (they come readable for PUBLIC, and somebody has revoked it).",
							 quote_identifier(GetUserNameFromId(GetUserId(), false)))));
		if (check_enable_rls(table_oid[i], InvalidOid, true) == RLS_ENABLED)
			row_security = true;
	}
	return row_security;
}

/*
 * _lexicon_rights() returns void
 *
 * For SQL functions over the tables of lists: 42501 with what to grant, where
 * their own statement would say "permission denied" and nothing else.
 */
PG_FUNCTION_INFO_V1(rs_lexicon_rights);
Datum
rs_lexicon_rights(PG_FUNCTION_ARGS)
{
	(void) open_tables();
	PG_RETURN_VOID();
}

/* ---- reading ---- */

static void
run(const char *query, const char *name, int length, Snapshot snapshot)
{
	Oid			type = TEXTOID;
	Datum		value = PointerGetDatum(cstring_to_text_with_len(name, length));
	SPIPlanPtr	plan = SPI_prepare(query, 1, &type);
	int			result;

	if (plan == NULL)
		elog(ERROR, "could not prepare: %s", SPI_result_code_string(SPI_result));
	result = SPI_execute_snapshot(plan, &value, NULL, snapshot, InvalidSnapshot, true, false, 0);
	if (result != SPI_OK_SELECT)
		elog(ERROR, "could not read the word lists: %s", SPI_result_code_string(result));
	SPI_freeplan(plan);
}

static const char stamp_query[] =
"SELECT (SELECT pg_catalog.concat(pg_catalog.count(*), ' ', pg_catalog.bit_xor(pg_catalog.hash_record_extended(l.*, 0)))"
"          FROM risk_screen.lexicon l WHERE l.lexicon OPERATOR(pg_catalog.=) $1)"
"    || ' ' || (SELECT pg_catalog.concat(pg_catalog.count(*), ' ', pg_catalog.bit_xor(pg_catalog.hash_record_extended(t.*, 0)))"
"          FROM risk_screen.term t WHERE t.lexicon OPERATOR(pg_catalog.=) $1)"
"    || ' ' || (SELECT pg_catalog.concat(pg_catalog.count(*), ' ', pg_catalog.bit_xor(pg_catalog.hash_record_extended(x.*, 0)))"
"          FROM risk_screen.term_exception x WHERE x.lexicon OPERATOR(pg_catalog.=) $1)";

static const char active_stamp_query[] =
"SELECT pg_catalog.concat('active ', pg_catalog.count(*), ' ',"
"         pg_catalog.bit_xor(pg_catalog.hashtextextended(l.lexicon, 0)), $1)"
"  FROM risk_screen.lexicon l WHERE l.active";

static void
read_stamp(const Entry *e, Snapshot snapshot, char *stamp, Size size)
{
	char	   *value;

	run(e->length == 0 ? active_stamp_query : stamp_query, e->name, e->length, snapshot);
	value = SPI_getvalue(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1);
	strlcpy(stamp, value, size);
	SPI_freetuptable(SPI_tuptable);
}

/* Column readers; everything kept is copied into the current context. */
static text *
column_text(HeapTuple row, TupleDesc desc, int column)
{
	bool		isnull;
	Datum		d = SPI_getbinval(row, desc, column, &isnull);

	return isnull ? NULL : DatumGetTextPCopy(d);
}

static DateADT
column_date(HeapTuple row, TupleDesc desc, int column)
{
	bool		isnull;

	return DatumGetDateADT(SPI_getbinval(row, desc, column, &isnull));
}

static bool
column_bool(HeapTuple row, TupleDesc desc, int column)
{
	bool		isnull;

	return DatumGetBool(SPI_getbinval(row, desc, column, &isnull));
}

static RsTextList
column_list(HeapTuple row, TupleDesc desc, int column)
{
	RsTextList	list = {-1, NULL};
	bool		isnull;
	Datum		d = SPI_getbinval(row, desc, column, &isnull);
	Datum	   *item;
	bool	   *nulls;
	int			n;

	if (isnull)
		return list;
	deconstruct_array(DatumGetArrayTypeP(d), TEXTOID, -1, false, TYPALIGN_INT, &item, &nulls, &n);
	list.n = 0;
	list.item = palloc(sizeof(text *) * Max(n, 1));
	for (int i = 0; i < n; i++)
		if (!nulls[i])
			list.item[list.n++] = DatumGetTextPCopy(item[i]);
	return list;
}

static bool
text_is(const text *t, const char *s)
{
	return VARSIZE_ANY_EXHDR(t) == strlen(s) && memcmp(VARDATA_ANY(t), s, strlen(s)) == 0;
}

static int
list_bits(const RsTextList *list, const char *const *names, int n)
{
	int			bits = 0;

	for (int i = 0; i < list->n; i++)
		for (int j = 0; j < n; j++)
			if (text_is(list->item[i], names[j]))
				bits |= 1 << j;
	return bits;
}

static const char ellipsis[] = "\xE2\x80\xA6"; /* … */

/* Position of … in s, or -1. */
static int
find_ellipsis(const char *s, int length)
{
	for (int i = 0; i + 3 <= length; i++)
		if (memcmp(s + i, ellipsis, 3) == 0)
			return i;
	return -1;
}

static void
read_header(RsLexicon *lex, RsMatcherOptions *options, const char *name, int length, text **defaults)
{
	static const char *const field_names[] = {"name", "scope", "advert"};
	HeapTuple	row;
	TupleDesc	desc;
	MemoryContext old;
	RsTextList	fields;
	text	   *value;
	bool		isnull;

	run("SELECT jurisdiction, fields, subjects, events, effect, control, category, basis, valid_from, valid_to,"
		" licences, hits, fold, skip, max_gap, whole_words, repeats, homophones, look_alikes,"
		" split_characters, active, wants_notice FROM risk_screen.lexicon WHERE lexicon OPERATOR(pg_catalog.=) $1",
		name, length, GetActiveSnapshot());
	row = SPI_tuptable->vals[0];
	desc = SPI_tuptable->tupdesc;
	old = MemoryContextSwitchTo(lex->context);
	lex->name = cstring_to_text_with_len(name, length);
	lex->jurisdiction = column_text(row, desc, 1);
	fields = column_list(row, desc, 2);
	lex->fields = list_bits(&fields, field_names, 3);
	lex->subjects = column_list(row, desc, 3);
	lex->events = column_list(row, desc, 4);
	for (int i = 0; i < 4; i++)
		defaults[i] = column_text(row, desc, 5 + i);	/* effect, control, category, basis */
	lex->valid_from = column_date(row, desc, 9);
	lex->valid_to = column_date(row, desc, 10);
	/* licences of the list: read again per term */
	value = column_text(row, desc, 12);
	lex->hits = *VARDATA_ANY(value);
	options->fold = column_bool(row, desc, 13);
	value = column_text(row, desc, 14);
	options->skip = text_is(value, "all") ? RS_SKIP_ALL :
		text_is(value, "nothing") ? RS_SKIP_NOTHING : RS_SKIP_SEPARATORS;
	options->max_gap = DatumGetInt32(SPI_getbinval(row, desc, 15, &isnull));
	options->whole_words = column_bool(row, desc, 16);
	options->repeats = column_bool(row, desc, 17);
	options->homophones = column_bool(row, desc, 18);
	options->look_alikes = column_bool(row, desc, 19);
	options->split_characters = column_bool(row, desc, 20);
	lex->active = column_bool(row, desc, 21);
	lex->wants_notice = column_bool(row, desc, 22);
	MemoryContextSwitchTo(old);
	SPI_freetuptable(SPI_tuptable);
}

static void
read_terms(RsLexicon *lex, const RsMatcherOptions *options, const char *name, int length, text **defaults)
{
	static const char *const place_names[RS_PLACES] = {"region", "trade_name", "industry", "form", "branch", "parent"};
	RsMatcherBuilder *builder;
	MemoryContext old;
	TupleDesc	desc;

	run("SELECT t.term, t.category, t.effect, t.control, t.basis, t.valid_from, t.valid_to,"
		" coalesce(t.licences, l.licences), t.places"
		" FROM risk_screen.term t JOIN risk_screen.lexicon l ON l.lexicon OPERATOR(pg_catalog.=) t.lexicon"
		" WHERE t.lexicon OPERATOR(pg_catalog.=) $1 ORDER BY t.term COLLATE \"C\"",
		name, length, GetActiveSnapshot());
	desc = SPI_tuptable->tupdesc;
	old = MemoryContextSwitchTo(lex->context);
	lex->nterms = SPI_processed;
	lex->term = rs_alloc0(lex->context, lex->nterms, sizeof(RsTerm), "a word list");
	builder = rs_matcher_begin(lex->context, options);
	for (int i = 0; i < lex->nterms; i++)
	{
		HeapTuple	row = SPI_tuptable->vals[i];
		RsTerm	   *t = &lex->term[i];
		RsTextList	places;

		t->term = column_text(row, desc, 1);
		t->category = column_text(row, desc, 2);
		t->effect = column_text(row, desc, 3);
		t->control = column_text(row, desc, 4);
		t->basis = column_text(row, desc, 5);
		if (t->effect == NULL)
			t->effect = defaults[0];
		if (t->control == NULL)
			t->control = defaults[1];
		if (t->category == NULL)
			t->category = defaults[2];
		if (t->basis == NULL)
			t->basis = defaults[3];
		t->valid_from = column_date(row, desc, 6);
		t->valid_to = column_date(row, desc, 7);
		t->licences = column_list(row, desc, 8);
		places = column_list(row, desc, 9);
		t->places = list_bits(&places, place_names, RS_PLACES);
		rs_matcher_add(builder, VARDATA_ANY(t->term), VARSIZE_ANY_EXHDR(t->term));
		if ((i & 0xFFF) == 0)
		{
			CHECK_FOR_INTERRUPTS();
			rs_memory_check(lex->context, 0, "a word list");
		}
	}
	lex->matcher = rs_matcher_finish(builder);
	MemoryContextSwitchTo(old);
	SPI_freetuptable(SPI_tuptable);
}

static int
find_term(const RsLexicon *lex, const text *term)
{
	int			lo = 0,
				hi = lex->nterms;

	while (lo < hi)
	{
		int			mid = (lo + hi) / 2;
		const text *t = lex->term[mid].term;
		int			n = Min(VARSIZE_ANY_EXHDR(t), VARSIZE_ANY_EXHDR(term));
		int			c = memcmp(VARDATA_ANY(t), VARDATA_ANY(term), n);

		if (c == 0)
			c = (int) VARSIZE_ANY_EXHDR(t) - (int) VARSIZE_ANY_EXHDR(term);
		if (c == 0)
			return mid;
		if (c < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return -2;
}

static uint32
add_phrase(RsLexicon *lex, RsMatcherBuilder *b, const char *s, int length, int exception)
{
	lex->phrase_word[lex->nphrase_words] = exception;
	if (!rs_matcher_add(b, s, length))
	{
		lex->nphrase_words++;
		return RS_NO_WORD;
	}
	return lex->nphrase_words++;
}

/* Does a part of a clause hold a bracket or another mark that clauses end at? */
static bool
has_mark(const char *s, int length)
{
	const unsigned char *p = (const unsigned char *) s,
			   *end = p + length;
	int			bytes;

	for (; p < end; p += bytes)
		if (rs_clause_mark(rs_utf8_decode(p, end, &bytes)) != RS_MARK_NONE)
			return true;
	return false;
}

static void
read_exceptions(RsLexicon *lex, const char *name, int length)
{
	RsMatcherOptions options = {.fold = true,.skip = RS_SKIP_SEPARATORS,.max_gap = 8,.lean = true};
	RsMatcherBuilder *builder;
	MemoryContext old;
	TupleDesc	desc;

	run("SELECT kind, phrase, term FROM risk_screen.term_exception"
		" WHERE lexicon OPERATOR(pg_catalog.=) $1 ORDER BY kind COLLATE \"C\", phrase COLLATE \"C\", term COLLATE \"C\"",
		name, length, GetActiveSnapshot());
	desc = SPI_tuptable->tupdesc;
	old = MemoryContextSwitchTo(lex->context);
	lex->exception = rs_alloc0(lex->context, SPI_processed, sizeof(RsException), "a word list");
	lex->clause = rs_alloc(lex->context, SPI_processed, sizeof(int), "a word list");
	lex->whole = rs_alloc(lex->context, SPI_processed, sizeof(int), "a word list");
	lex->phrase_word = rs_alloc(lex->context, SPI_processed * 2, sizeof(int), "a word list");
	builder = rs_matcher_begin(lex->context, &options);
	for (uint64 i = 0; i < SPI_processed; i++)
	{
		HeapTuple	row = SPI_tuptable->vals[i];
		RsException *x = &lex->exception[lex->nexceptions];
		text	   *kind = column_text(row, desc, 1);
		text	   *phrase = column_text(row, desc, 2);
		text	   *term = column_text(row, desc, 3);
		const char *s = VARDATA_ANY(phrase);
		int			n = VARSIZE_ANY_EXHDR(phrase);
		int			gap = find_ellipsis(s, n);

		x->term = text_is(term, "*") ? -1 : find_term(lex, term);
		if (x->term == -2)
			continue;			/* about a word the list does not have: check_lexicon() says so */
		x->phrase = phrase;
		x->before = x->after = RS_NO_WORD;
		if (text_is(kind, "withdrawn"))
		{
			for (int t = 0; t < lex->nterms; t++)
				if (x->term < 0 || x->term == t)
					lex->term[t].withdrawn = true;
			continue;
		}
		if (text_is(kind, "phrase"))
		{
			x->kind = RS_EXCEPT_PHRASE;
			add_phrase(lex, builder, s, n, lex->nexceptions);
		}
		else if (text_is(kind, "clause"))
		{
			int			bytes;

			x->kind = RS_EXCEPT_CLAUSE;
			x->at_start = gap > 0 &&
				rs_clause_mark(rs_utf8_decode((const unsigned char *) s, (const unsigned char *) s + n, &bytes)) == RS_MARK_OPEN;
			if (gap > 0)
				x->before = add_phrase(lex, builder, s, gap, -1);
			if (gap >= 0 && gap + 3 < n)
				x->after = add_phrase(lex, builder, s + gap + 3, n - gap - 3, -1);
			/* 😀…除外: what can never be found must not read as …除外 */
			if ((gap > 0 && x->before == RS_NO_WORD && !has_mark(s, gap)) ||
				(gap + 3 < n && x->after == RS_NO_WORD && !has_mark(s + gap + 3, n - gap - 3)))
				continue;
		}
		else if (text_is(kind, "licence"))
			x->kind = RS_EXCEPT_LICENCE;
		else
		{
			x->kind = text_is(kind, "name") ? RS_EXCEPT_NAME : RS_EXCEPT_HOLDER;
			if (x->kind == RS_EXCEPT_HOLDER && n > 3 && gap == 0)
			{
				x->at_end = true;
				s += 3;
				n -= 3;
			}
			else if (x->kind == RS_EXCEPT_HOLDER && n > 3 && gap == n - 3)
			{
				x->at_start = true;
				n -= 3;
			}
			x->folded = rs_fold_bytes(s, n, &x->folded_length);
			/* nothing is contained in every name: that would exempt everybody */
			if (x->folded_length == 0)
				continue;
		}
		if (x->kind == RS_EXCEPT_CLAUSE)
			lex->clause[lex->nclauses++] = lex->nexceptions;
		else if (x->kind != RS_EXCEPT_PHRASE)
			lex->whole[lex->nwholes++] = lex->nexceptions;
		lex->nexceptions++;
	}
	lex->phrases = rs_matcher_finish(builder);
	if (lex->nphrase_words == 0)
		lex->phrases = NULL;
	MemoryContextSwitchTo(old);
	SPI_freetuptable(SPI_tuptable);
}

/* Is every automaton hit a word in force, and on which days? */
static void
find_simple(RsLexicon *lex)
{
	lex->simple = true;
	lex->simple_from = DATEVAL_NOBEGIN;
	lex->simple_to = DATEVAL_NOEND;
	for (int i = 0; i < lex->nterms; i++)
	{
		const RsTerm *t = &lex->term[i];

		if (t->withdrawn)
			lex->simple = false;
		lex->simple_from = Max(lex->simple_from, t->valid_from);
		lex->simple_to = Min(lex->simple_to, t->valid_to);
	}
}

static RsLexicon *
compile(const char *name, int length)
{
	/* freed with the caller's context if anything fails; adopted when done */
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "risk_screen lexicon", ALLOCSET_DEFAULT_SIZES);
	RsLexicon  *lex = MemoryContextAllocZero(context, sizeof(RsLexicon));
	RsMatcherOptions options;
	text	   *defaults[4];
	instr_time	start,
				end;

	INSTR_TIME_SET_CURRENT(start);
	lex->context = context;
	read_header(lex, &options, name, length, defaults);
	read_terms(lex, &options, name, length, defaults);
	read_exceptions(lex, name, length);
	find_simple(lex);
	INSTR_TIME_SET_CURRENT(end);
	INSTR_TIME_SUBTRACT(end, start);
	lex->build_ms = INSTR_TIME_GET_MILLISEC(end);
	return lex;
}

static void
read_active(Entry *e, MemoryContext context)
{
	MemoryContext old;

	run("SELECT lexicon FROM risk_screen.lexicon WHERE active AND $1 IS NOT NULL ORDER BY lexicon COLLATE \"C\"",
		"", 0, GetActiveSnapshot());
	old = MemoryContextSwitchTo(context);
	e->nactive = SPI_processed;
	e->active = palloc(sizeof(char *) * Max(e->nactive, 1));
	for (int i = 0; i < e->nactive; i++)
		e->active[i] = SPI_getvalue(SPI_tuptable->vals[i], SPI_tuptable->tupdesc, 1);
	MemoryContextSwitchTo(old);
	SPI_freetuptable(SPI_tuptable);
}

/* ---- the cache ---- */

static Entry *
find_entry(const char *name, int length)
{
	Entry	   *e;

	for (e = entries; e != NULL; e = e->next)
		if (e->length == length && memcmp(e->name, name, length) == 0)
			return e;
	if (cache_context == NULL)
		cache_context = AllocSetContextCreate(TopMemoryContext, "risk_screen lexicons", ALLOCSET_SMALL_SIZES);
	e = MemoryContextAllocZero(cache_context, sizeof(Entry));
	e->name = MemoryContextAlloc(cache_context, length + 1);
	memcpy(e->name, name, length);
	e->name[length] = '\0';
	e->length = length;
	e->next = entries;
	entries = e;
	return e;
}

static bool
same_snapshot(const Entry *e)
{
	Snapshot	s = GetActiveSnapshot();

	return e->xmin == s->xmin && e->xmax == s->xmax && e->curcid == s->curcid &&
		e->user == GetUserId() && e->statement == GetCurrentStatementStartTimestamp();
}

/* Make the entry say what the statement's snapshot says. */
static void
refresh(Entry *e, bool row_security)
{
	uint64		before = generation;
	char		stamp[sizeof(e->stamp)];
	char		latest[sizeof(e->stamp)];
	bool		pushed = false;
	Snapshot	snapshot;
	MemoryContext caller = CurrentMemoryContext;

	if (!ActiveSnapshotSet())
	{
		PushActiveSnapshot(GetTransactionSnapshot());
		pushed = true;
	}
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	read_stamp(e, GetActiveSnapshot(), stamp, sizeof(stamp));
	if (strcmp(stamp, e->stamp) != 0)
	{
		MemoryContext context = NULL;
		RsLexicon  *lex = NULL;
		Entry		fresh = {0};
		bool		missing = strncmp(stamp, "0 ", 2) == 0;

		if (e->length == 0)
		{
			context = AllocSetContextCreate(CurrentMemoryContext, "active lexicons", ALLOCSET_SMALL_SIZES);
			read_active(&fresh, context);
		}
		else if (!missing)
		{
			lex = compile(e->name, e->length);
			context = lex->context;
		}
		/* nothing can fail from here on */
		if (e->context != NULL)
			MemoryContextSetParent(e->context, TopTransactionContext);
		if (context != NULL)
			MemoryContextSetParent(context, cache_context);
		e->context = context;
		e->lexicon = lex;
		e->nactive = fresh.nactive;
		e->active = fresh.active;
		e->missing = e->length > 0 && missing;
		strlcpy(e->stamp, stamp, sizeof(e->stamp));
	}
	snapshot = GetActiveSnapshot();
	e->xmin = snapshot->xmin;
	e->xmax = snapshot->xmax;
	e->curcid = snapshot->curcid;
	e->user = GetUserId();
	e->statement = GetCurrentStatementStartTimestamp();
	e->generation = before;
	e->durable = false;
	if (!row_security && !IsInParallelMode())
	{
		Snapshot	now = RegisterSnapshot(GetLatestSnapshot());

		read_stamp(e, now, latest, sizeof(latest));
		UnregisterSnapshot(now);
		e->durable = strcmp(stamp, latest) == 0 && generation == before;
	}
	SPI_finish();
	if (pushed)
		PopActiveSnapshot();
	MemoryContextSwitchTo(caller);
}

static Entry *
lookup(const char *name, int length)
{
	bool		row_security = open_tables();
	Entry	   *e = find_entry(name, length);

	if (e->generation != generation || row_security || !e->durable)
		if (e->generation != generation || !ActiveSnapshotSet() || !same_snapshot(e))
			refresh(e, row_security);
	return e;
}

/*
 * The compiled list `name`, valid until rs_lexicon_generation() changes, the
 * user changes, or (if it is not rs_lexicon_durable()) the statement ends.
 */
const RsLexicon *
rs_lexicon_get(const char *name, int length, bool missing_ok)
{
	Entry	   *e;

	if (length == 0 || (e = lookup(name, length))->missing)
	{
		if (missing_ok)
			return NULL;
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("word list \"%.*s\" does not exist", length, name),
				 errhint("SELECT lexicon FROM risk_screen.lexicon lists them.")));
	}
	return e->lexicon;
}

bool
rs_lexicon_durable(const RsLexicon *lexicon)
{
	for (Entry *e = entries; e != NULL; e = e->next)
		if (e->lexicon == lexicon)
			return e->durable;
	return false;
}

/* All active lists, by name; the array is allocated in the current context. */
const RsLexicon **
rs_lexicon_active(int *n)
{
	Entry	   *e = lookup("", 0);
	const RsLexicon **list = palloc(sizeof(RsLexicon *) * Max(e->nactive, 1));

	*n = 0;
	for (int i = 0; i < e->nactive; i++)
	{
		const RsLexicon *lex = rs_lexicon_get(e->active[i], strlen(e->active[i]), true);

		if (lex != NULL)
			list[(*n)++] = lex;
	}
	return list;
}

/* ---- triggers ---- */

/* AFTER each change: whoever compiled the list learns of it at commit. */
PG_FUNCTION_INFO_V1(rs_lexicon_changed);
Datum
rs_lexicon_changed(PG_FUNCTION_ARGS)
{
	TriggerData *trigger = (TriggerData *) fcinfo->context;

	if (!CALLED_AS_TRIGGER(fcinfo))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("function \"%s\" was not called by a trigger", "_lexicon_changed")));
	CacheInvalidateRelcache(trigger->tg_relation);
	return PointerGetDatum(NULL);
}

/* BEFORE: rows that came with the extension stay as they are. */
PG_FUNCTION_INFO_V1(rs_lexicon_protect);
Datum
rs_lexicon_protect(PG_FUNCTION_ARGS)
{
	TriggerData *trigger = (TriggerData *) fcinfo->context;
	TupleDesc	desc;
	int			column;
	HeapTuple	rows[2];

	if (!CALLED_AS_TRIGGER(fcinfo))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("function \"%s\" was not called by a trigger", "_lexicon_protect")));
	if (!TRIGGER_FIRED_FOR_ROW(trigger->tg_event))
	{
		if (creating_extension)
			return PointerGetDatum(NULL);
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("rows of risk_screen.%s that came with the extension cannot be removed",
						RelationGetRelationName(trigger->tg_relation)),
				 errhint("DELETE ... WHERE NOT shipped removes the others.")));
	}
	rows[0] = trigger->tg_trigtuple;
	rows[1] = TRIGGER_FIRED_BY_UPDATE(trigger->tg_event) ? trigger->tg_newtuple : NULL;
	desc = RelationGetDescr(trigger->tg_relation);
	column = SPI_fnumber(desc, "shipped");
	if (!creating_extension && column > 0)
		for (int i = 0; i < 2; i++)
		{
			bool		isnull;
			Datum		shipped;

			if (rows[i] == NULL)
				continue;
			shipped = heap_getattr(rows[i], column, desc, &isnull);
			if (!isnull && DatumGetBool(shipped))
				ereport(ERROR,
						(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
						 errmsg("rows of risk_screen.%s that came with the extension are read-only",
								RelationGetRelationName(trigger->tg_relation)),
						 errhint("Add rows of your own: a list, a word, or an exception (kind 'withdrawn' switches a shipped word off).")));
		}
	return PointerGetDatum(TRIGGER_FIRED_BY_UPDATE(trigger->tg_event) ? trigger->tg_newtuple : trigger->tg_trigtuple);
}
