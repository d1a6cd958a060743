/*
 * src/names_check.c
 *	  Misspelt arguments of the screening functions, made visible.
 *
 * A licence code that no list names exempts from nothing, a province that is
 * no region leaves out the lists of one jurisdiction, a kind of subject that no
 * list knows leaves out the lists of particular subjects. All three may be
 * right (a licence for food), so they are warnings, not errors; each value is
 * named once per expression of a query, however many rows carry it.
 *
 * Memory: values already judged are kept beside the expression, at most
 * MAX_SEEN; when more turn up, that is said once and they are judged silently.
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "lexicon.h"
#include "pg_compat.h"
#include "name_parts.h"

#define MAX_SEEN 256

struct RsSeen
{
	uint64		generation;		/* of the lists the values were judged by */
	bool		overflowed;
	int			n;
	struct
	{
		RsArgumentKind kind;
		int			length;
		char	   *value;
	}			value[MAX_SEEN];
};

/* Codes of licences are compared without regard to ASCII case: BANK is bank. */
bool
rs_licence_equal(const text *a, const text *b)
{
	return VARSIZE_ANY_EXHDR(a) == VARSIZE_ANY_EXHDR(b) &&
		pg_strncasecmp(VARDATA_ANY(a), VARDATA_ANY(b), VARSIZE_ANY_EXHDR(a)) == 0;
}

static bool
licence_in(const RsTextList *list, const text *code)
{
	for (int i = 0; i < list->n; i++)
		if (rs_licence_equal(list->item[i], code))
			return true;
	return false;
}

static bool
licence_known(const RsLexicon **lexicon, int n, const text *code)
{
	for (int l = 0; l < n; l++)
	{
		const RsLexicon *lex = lexicon[l];

		for (int t = 0; t < lex->nterms; t++)
			if (licence_in(&lex->term[t].licences, code))
				return true;
		for (int x = 0; x < lex->nexceptions; x++)
			if (lex->exception[x].kind == RS_EXCEPT_LICENCE && rs_licence_equal(lex->exception[x].phrase, code))
				return true;
	}
	return false;
}

static bool
subject_known(const RsLexicon **lexicon, int n, const text *subject)
{
	static const char *const known[] = {"enterprise", "self_employed", "branch", "social", "fund"};

	for (int i = 0; i < lengthof(known); i++)
		if (VARSIZE_ANY_EXHDR(subject) == strlen(known[i]) &&
			memcmp(VARDATA_ANY(subject), known[i], strlen(known[i])) == 0)
			return true;
	for (int l = 0; l < n; l++)
		if (rs_text_list_has(&lexicon[l]->subjects, subject))
			return true;
	return false;
}

/* First time that this value turns up? Keeps it if so. */
static bool
first_seen(RsSeen **seen, MemoryContext context, RsArgumentKind kind, const text *value)
{
	RsSeen	   *s = *seen;
	int			length = VARSIZE_ANY_EXHDR(value);

	if (s == NULL)
		s = *seen = MemoryContextAllocZero(context, sizeof(RsSeen));
	if (s->generation != rs_lexicon_generation())
	{
		for (int i = 0; i < s->n; i++)
			pfree(s->value[i].value);
		s->n = 0;
		s->overflowed = false;
		s->generation = rs_lexicon_generation();
	}
	for (int i = 0; i < s->n; i++)
		if (s->value[i].kind == kind && s->value[i].length == length &&
			memcmp(s->value[i].value, VARDATA_ANY(value), length) == 0)
			return false;
	if (s->n == MAX_SEEN)
	{
		if (!s->overflowed)
			ereport(WARNING,
					(errmsg("more than %d different licences, provinces and kinds of subject", MAX_SEEN),
					 errdetail("Further ones are applied without a word about misspelt ones.")));
		s->overflowed = true;
		return false;
	}
	s->value[s->n].kind = kind;
	s->value[s->n].length = length;
	s->value[s->n].value = MemoryContextAlloc(context, length + 1);
	memcpy(s->value[s->n].value, VARDATA_ANY(value), length);
	s->n++;
	return true;
}

static void
check_province(const RsLexicon **lexicon, int n, const text *province)
{
	RsRegionKind kind = rs_known_region(province);

	if (kind != RS_REGION_ONE)
		ereport(WARNING,
				(kind == RS_REGION_NONE
				 ? errmsg("\"%s\" is not a region of China", text_to_cstring(province))
				 : errmsg("\"%s\" is a region of several provinces", text_to_cstring(province)),
				 errdetail("Lists of one jurisdiction were left out."),
				 errhint("Write the province as the register does, for example 北京 or 北京市.")));
	else
		for (int i = 0; i < n; i++)
			if (lexicon[i]->jurisdiction != NULL &&
				rs_region_relation(province, lexicon[i]->jurisdiction) == RS_REGION_AROUND)
			{
				ereport(WARNING,
						(errmsg("\"%s\" does not tell whether list \"%s\" applies", text_to_cstring(province), text_to_cstring(lexicon[i]->name)),
						 errdetail("The list holds in %s only; it was left out.", text_to_cstring(lexicon[i]->jurisdiction)),
						 errhint("Write the city and the district too, for example 广东省深圳市.")));
				break;
			}
}

/* Warn of licences, province and subject that mean nothing to the lists. */
void
rs_check_arguments(RsSeen **seen, MemoryContext context, const RsLexicon **lexicon, int n,
				   const RsTextList *licences, const text *province, const text *subject)
{
	for (int i = 0; i < licences->n; i++)
		if (first_seen(seen, context, RS_ARGUMENT_LICENCE, licences->item[i]) &&
			!licence_known(lexicon, n, licences->item[i]))
			ereport(WARNING,
					(errmsg("no active list names the licence \"%s\"", text_to_cstring(licences->item[i])),
					 errdetail("It exempts from no word, except in lists that accept any licence ('*')."),
					 errhint("SELECT DISTINCT unnest(licences) FROM risk_screen.lexicon shows the codes in use; "
							 "an exception of kind 'licence' adds one.")));
	if (province != NULL && VARSIZE_ANY_EXHDR(province) > 0 &&
		first_seen(seen, context, RS_ARGUMENT_PROVINCE, province))
		check_province(lexicon, n, province);
	if (subject != NULL && first_seen(seen, context, RS_ARGUMENT_SUBJECT, subject) &&
		!subject_known(lexicon, n, subject))
		ereport(WARNING,
				(errmsg("no active list knows the kind of subject \"%s\"", text_to_cstring(subject)),
				 errdetail("Lists of particular subjects were left out."),
				 errhint("Use 'enterprise', 'self_employed', 'branch', 'social', 'fund', or NULL if unknown.")));
}

/*
 * known_region(region text) -> boolean
 *
 * Does the text begin with the name of a division of China down to counties,
 * full or short (北京, 北京市, 内蒙古, 海淀区), that tells the province? 朝阳区 is in
 * two: false. GB/T 2260. NULL: NULL.
 */
PG_FUNCTION_INFO_V1(rs_known_region_sql);
Datum
rs_known_region_sql(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(rs_known_region(PG_GETARG_TEXT_PP(0)) == RS_REGION_ONE);
}

/*
 * _region_around(region text, place text) -> boolean
 *
 * Does the place lie in the region without being it (深圳市 in 广东省)? GB/T 2260.
 * A place that is no division of China counts as a part of the one it begins with.
 */
PG_FUNCTION_INFO_V1(rs_region_around_sql);
Datum
rs_region_around_sql(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(rs_region_relation(PG_GETARG_TEXT_PP(0), PG_GETARG_TEXT_PP(1)) == RS_REGION_AROUND);
}
