/*
 * src/name_similar.c
 *	  SQL functions on the parts of names: splitting, keys, same and near names.
 *
 * Rules 3.1 to 4.5 of 企业名称相同相近比对规则 (2017), in that order, on folded
 * parts: same when names, parts or (trade name, industry) agree; near when the
 * industries agree or mean the same and the trade names agree, sound alike,
 * contain one another, or contain one another by sound; without an industry
 * (or 实业, 发展) the industry is not compared. Everything is a pure function of
 * the two names. Keys are made of the same parts, so that an index finds
 * candidates: name_key by equality, name_keys by overlap.
 */
#include "pg_compat.h"

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "funcapi.h"
#include "utils/array.h"
#include "utils/builtins.h"

#include "folding.h"
#include "lexicon.h"
#include "name_parts.h"

typedef struct Parts
{
	char	   *whole;			/* folded */
	char	   *region;
	char	   *trade_name;
	char	   *industry;
	char	   *class;			/* industry, or the representative of its meaning */
	char	   *form;
	char	   *branch;
	char	   *sound;			/* pinyin of the trade name, blank after each syllable */
} Parts;

static void
need_utf8(void)
{
	if (GetDatabaseEncoding() != PG_UTF8)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("text functions of risk_screen need a database with encoding UTF8")));
}

static void
read_parts(const text *name, Parts *p)
{
	const unsigned char *s = (const unsigned char *) VARDATA_ANY(name);
	RsNameParts spans;
	int			n,
				industry;

	need_utf8();
	rs_name_split(s, VARSIZE_ANY_EXHDR(name), &spans);
	p->whole = rs_fold_bytes((const char *) s, VARSIZE_ANY_EXHDR(name), &n);
	p->region = rs_name_part(s, &spans.region, &n);
	p->trade_name = rs_name_part(s, &spans.trade_name, &n);
	p->sound = rs_pinyin_key(p->trade_name, n);
	p->industry = rs_name_part(s, &spans.industry, &industry);
	p->class = rs_industry_class(p->industry, industry, &n);
	p->form = rs_name_part(s, &spans.form, &n);
	p->branch = rs_name_part(s, &spans.branch, &n);
}

/* Rules 4.5 treats these like no industry at all. */
static bool
no_industry(const Parts *p)
{
	return *p->industry == '\0' || strcmp(p->industry, "实业") == 0 || strcmp(p->industry, "发展") == 0;
}

/*
 * Trade name and industry in one: where the one ends and the other begins shows
 * only from brackets (红光（北京）面包) or if the industry is a known one, and
 * names that differ in nothing else are the same. 酒 of 酒厂 and 酒业 of
 * 酒业有限公司 are one industry.
 */
static char *
same_key(const Parts *p)
{
	Size		n = strlen(p->industry);

	if (n > 3 && strcmp(p->industry + n - 3, "业") == 0)
		n -= 3;
	return psprintf("%s%.*s", p->trade_name, (int) n, p->industry);
}

static bool
contains(const char *a, const char *b)
{
	return *a != '\0' && *b != '\0' && (strstr(a, b) != NULL || strstr(b, a) != NULL);
}

/* Syllables of b in those of a, at a syllable's beginning. */
static bool
sound_contains(const char *a, const char *b)
{
	const char *at = a;

	if (*b == '\0')
		return false;
	while ((at = strstr(at, b)) != NULL)
	{
		if (at == a || at[-1] == ' ')
			return true;
		at++;
	}
	return false;
}

/* split_name(name text) -> (region, trade_name, industry, form, branch), as written */
PG_FUNCTION_INFO_V1(rs_split_name);
Datum
rs_split_name(PG_FUNCTION_ARGS)
{
	text	   *name = PG_GETARG_TEXT_PP(0);
	RsNameParts parts;
	const RsSpan *span[5] = {&parts.region, &parts.trade_name, &parts.industry, &parts.form, &parts.branch};
	TupleDesc	desc;
	Datum		values[5];
	bool		nulls[5];

	need_utf8();
	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	rs_name_split((const unsigned char *) VARDATA_ANY(name), VARSIZE_ANY_EXHDR(name), &parts);
	for (int i = 0; i < 5; i++)
	{
		nulls[i] = span[i]->end <= span[i]->start;
		if (!nulls[i])
			values[i] = PointerGetDatum(cstring_to_text_with_len(VARDATA_ANY(name) + span[i]->start,
																 span[i]->end - span[i]->start));
	}
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), values, nulls)));
}

/*
 * name_key(name text, rule text) -> text; rule 'same' (3.1-3.3) or 'near' (4.1, 4.2)
 *
 * NULL where nothing is left of the name but region and form: two such rows
 * are not the same firm.
 */
PG_FUNCTION_INFO_V1(rs_name_key);
Datum
rs_name_key(PG_FUNCTION_ARGS)
{
	char	   *rule = text_to_cstring(PG_GETARG_TEXT_PP(1));
	Parts		p;
	char	   *key;

	read_parts(PG_GETARG_TEXT_PP(0), &p);
	/* the error comes first: a misspelt rule is one for every name */
	if (strcmp(rule, "same") == 0)
		key = same_key(&p);
	else if (strcmp(rule, "near") == 0)
		key = psprintf("%s|%s", p.sound, p.class);
	else
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("unknown comparison rule \"%s\"", rule),
				 errhint("Use 'same' or 'near'.")));
	if (*p.trade_name == '\0' && *p.industry == '\0')
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(cstring_to_text(key));
}

/* name_keys(name text) -> text[]: pairs of neighbouring syllables of the trade name */
PG_FUNCTION_INFO_V1(rs_name_keys);
Datum
rs_name_keys(PG_FUNCTION_ARGS)
{
	Parts		p;
	char	   *at,
			   *next;
	Datum	   *item;
	int			n = 0;

	read_parts(PG_GETARG_TEXT_PP(0), &p);
	item = palloc(sizeof(Datum) * (strlen(p.sound) + 1));
	for (at = p.sound; *at; at = next)
	{
		char	   *end;

		next = strchr(at, ' ') + 1;
		end = *next ? strchr(next, ' ') : NULL;
		if (end != NULL)
			item[n++] = PointerGetDatum(cstring_to_text_with_len(at, end - at));
		else if (n == 0)
			item[n++] = PointerGetDatum(cstring_to_text_with_len(at, next - 1 - at));
	}
	PG_RETURN_ARRAYTYPE_P(construct_array(item, n, TEXTOID, -1, false, TYPALIGN_INT));
}

/* similar_names(a text, b text) -> text: '3.1' ... '4.5', NULL if neither same nor near */
PG_FUNCTION_INFO_V1(rs_similar_names);
Datum
rs_similar_names(PG_FUNCTION_ARGS)
{
	Parts		a,
				b;
	const char *rule = NULL;
	bool		industry;

	read_parts(PG_GETARG_TEXT_PP(0), &a);
	read_parts(PG_GETARG_TEXT_PP(1), &b);
	/* a branch is compared with nothing but itself (Art 13) */
	if (*a.whole == '\0' || *b.whole == '\0')
		PG_RETURN_NULL();		/* of 😀 and （） nothing is left to compare */
	else if (strcmp(a.whole, b.whole) == 0)
		rule = "3.1";
	else if (strcmp(a.branch, b.branch) != 0 || *a.trade_name == '\0' || *b.trade_name == '\0')
		PG_RETURN_NULL();
	else if (strcmp(same_key(&a), same_key(&b)) == 0)
		rule = strcmp(a.region, b.region) == 0 && strcmp(a.form, b.form) == 0 ? "3.2" : "3.3";
	else
	{
		industry = strcmp(a.class, b.class) == 0;
		if (strcmp(a.trade_name, b.trade_name) == 0 && industry)
			rule = "4.1";
		else if (industry && strcmp(a.sound, b.sound) == 0)
			rule = "4.2";
		else if (industry && !no_industry(&a) && contains(a.trade_name, b.trade_name))
			rule = "4.3";
		else if (industry && !no_industry(&a) &&
				 (sound_contains(a.sound, b.sound) || sound_contains(b.sound, a.sound)))
			rule = "4.4";
		else if ((no_industry(&a) || no_industry(&b)) &&
				 (contains(a.trade_name, b.trade_name) ||
				  sound_contains(a.sound, b.sound) || sound_contains(b.sound, a.sound)))
			rule = "4.5";
	}
	if (rule == NULL)
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(cstring_to_text(rule));
}
