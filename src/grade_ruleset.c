/*
 * src/grade_ruleset.c
 *	  Loading a ruleset version for one day, and its bands for one segment.
 *
 * Versions are read through SPI from the extension's own tables, by SQL
 * functions whose bodies were parsed at installation, so that the caller's
 * search_path changes nothing. Weights and points become integers in units of
 * the finest product weight x points, so that sums are exact. Everything lives
 * in the caller's budget. Cost: three queries per call, and one more for every
 * segment when a band depends on a parameter.
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/fmgrprotos.h"
#include "utils/jsonb.h"
#include "utils/numeric.h"

#include "grade_run.h"
#include "rs_memory.h"

/* Scales beyond this would overflow int128 with the weights and points allowed. */
#define MAX_SCALE 20

/* SPI leaves its own context current: what is made of the result belongs to the caller's. */
static void
run(const char *sql, int nargs, Oid *types, Datum *values, const char *nulls)
{
	MemoryContext caller = CurrentMemoryContext;
	int			rc = SPI_execute_with_args(sql, nargs, types, values, nulls, true, 0);

	MemoryContextSwitchTo(caller);
	if (rc != SPI_OK_SELECT)
		elog(ERROR, "SPI failed: %s", SPI_result_code_string(rc));
}

/* A by-reference column of the result at hand, copied; 0 and *isnull when NULL. */
static Datum
column_copy(int row, int column, int16 typlen, bool *isnull)
{
	Datum		d = SPI_getbinval(SPI_tuptable->vals[row], SPI_tuptable->tupdesc, column, isnull);

	if (*isnull)
		return (Datum) 0;
	if (typlen == -1)
		return PointerGetDatum(PG_DETOAST_DATUM_COPY(d));
	return datumCopy(d, typlen > 8, typlen);
}

static char *
column_string(int row, int column)
{
	bool		isnull;
	Datum		d = SPI_getbinval(SPI_tuptable->vals[row], SPI_tuptable->tupdesc, column, &isnull);

	return isnull ? NULL : TextDatumGetCString(d);
}

static Datum
column_value(int row, int column)
{
	bool		isnull;
	Datum		d = SPI_getbinval(SPI_tuptable->vals[row], SPI_tuptable->tupdesc, column, &isnull);

	if (isnull)
		elog(ERROR, "unexpected null in column %d of a ruleset", column);
	return d;
}

static RsLevel
level_of_name(const char *name)
{
	if (name == NULL)
		return RS_GREEN;
	for (int i = 0; i < RS_LEVELS; i++)
		if (strcmp(name, rs_level_name[i]) == 0)
			return (RsLevel) i;
	elog(ERROR, "unknown level \"%s\"", name);
}

static Datum
product(Datum weight, Datum points)
{
	return DirectFunctionCall2(numeric_mul, weight, points);
}

static void
widen_scale(RsLoadedRuleset *rs, Datum number)
{
	int			scale = rs_numeric_scale(number);

	if (scale > MAX_SCALE)
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("ruleset \"%s\" version %d has weights or points with too many digits",
						rs->name, rs->version),
				 errdetail("Weight times points may have %d digits after the point.", MAX_SCALE),
				 errhint("Round weights, points and level scores.")));
	rs->score_scale = Max(rs->score_scale, scale);
}

static int128
exact(Datum number, int scale)
{
	int128		value;

	if (!rs_numeric_to_int128(number, scale, &value))
		elog(ERROR, "scale of a ruleset was misread");
	return value;
}

/* Number of the fact column of an indicator, made if new; column_name has room for it. */
int
rs_ruleset_fact_column(RsLoadedRuleset *rs, const char *indicator)
{
	for (int c = 0; c < rs->engine.ncolumns; c++)
		if (strcmp(rs->column_name[c], indicator) == 0)
			return c;
	rs->column_name[rs->engine.ncolumns] = pstrdup(indicator);
	return rs->engine.ncolumns++;
}

static void
load_rules(RsLoadedRuleset *rs, MemoryContext budget)
{
	int			n = SPI_processed;

	rs->rule = rs_alloc0(budget, n, sizeof(RsRule), "a ruleset");
	rs->rule_text = rs_alloc0(budget, n, sizeof(RsRuleText), "a ruleset");
	rs->column_name = rs_alloc0(budget, n, sizeof(char *), "a ruleset");
	rs->engine.nrules = n;
	rs->engine.rule = rs->rule;
	for (int i = 0; i < n; i++)
	{
		RsRule	   *rule = &rs->rule[i];
		RsRuleText *label = &rs->rule_text[i];
		bool		isnull;
		Datum		lines;

		label->code = column_string(i, 1);
		label->code_datum = CStringGetTextDatum(label->code);
		rule->column = rs_ruleset_fact_column(rs, column_string(i, 2));
		label->kind = column_copy(i, 3, -1, &isnull);
		label->red_line = strcmp(column_string(i, 3), "red line") == 0;
		label->title_zh = column_copy(i, 4, -1, &label->no_title_zh);
		label->title_en = column_copy(i, 5, -1, &label->no_title_en);
		label->direction = column_string(i, 6)[0];
		label->weight = column_copy(i, 7, -1, &isnull);
		lines = column_copy(i, 8, -1, &isnull);
		label->nlines = -1;
		if (!isnull)
		{
			Datum	   *element;
			bool	   *nulls;

			deconstruct_array(DatumGetArrayTypeP(lines), TEXTOID, -1, false, TYPALIGN_INT,
							  &element, &nulls, &label->nlines);
			label->line = palloc(Max(label->nlines, 1) * sizeof(char *));
			for (int k = 0; k < label->nlines; k++)
				label->line[k] = nulls[k] ? pstrdup("") : TextDatumGetCString(element[k]);
		}
		rule->required = DatumGetBool(column_value(i, 9));
		rule->overridable = DatumGetBool(column_value(i, 10));
		rule->max_age = SPI_getbinval(SPI_tuptable->vals[i], SPI_tuptable->tupdesc, 11, &isnull);
		if (isnull)
			rule->max_age = -1;
		label->missing_points = column_copy(i, 12, -1, &isnull);
		rule->missing_floor = level_of_name(column_string(i, 13));
		label->missing_worst = strcmp(column_string(i, 17), "worst") == 0;
		label->unit = column_copy(i, 14, -1, &isnull);
		label->basis = column_copy(i, 15, -1, &label->no_basis);
		label->plan = column_copy(i, 16, -1, &label->no_plan);

		widen_scale(rs, product(label->weight, label->missing_points));
	}
}

/* Points of one band or severity: a candidate counts with a share of them. */
static void
widen_for_points(RsLoadedRuleset *rs, Datum weighted)
{
	widen_scale(rs, weighted);
	widen_scale(rs, product(weighted, rs->candidate_share));
}

/* Weights and points as integers, once every rule is known. */
static void
finish_rules(RsLoadedRuleset *rs)
{
	int			weight_scale = 0;

	for (int i = 0; i < rs->engine.nrules; i++)
	{
		RsRuleText *label = &rs->rule_text[i];

		weight_scale = Max(weight_scale, rs_numeric_scale(label->weight));
		if (label->unnamed)
			widen_for_points(rs, product(label->weight, rs->rule_points[label->check->severity]));
	}
	for (int i = 0; i < rs->engine.nrules; i++)
	{
		rs->rule[i].weight = exact(rs->rule_text[i].weight, weight_scale);
		rs->rule[i].missing_contribution =
			exact(product(rs->rule_text[i].weight, rs->rule_text[i].missing_points), rs->score_scale);
	}
}

/* The finest product over the bands, which segments do not change. */
static void
load_scale(RsLoadedRuleset *rs, Oid *types, Datum *values)
{
	run("SELECT r.weight OPERATOR(pg_catalog.*) b.points, b.parameter IS NOT NULL"
		"  FROM risk_screen.ruleset_band b JOIN risk_screen.ruleset_rule r"
		"    ON r.ruleset OPERATOR(pg_catalog.=) b.ruleset AND r.version OPERATOR(pg_catalog.=) b.version"
		"   AND r.rule OPERATOR(pg_catalog.=) b.rule"
		" WHERE b.ruleset OPERATOR(pg_catalog.=) $1 AND b.version OPERATOR(pg_catalog.=) $2",
		2, types, values, NULL);
	for (uint64 i = 0; i < SPI_processed; i++)
	{
		widen_for_points(rs, column_value(i, 1));
		rs->scoped = rs->scoped || DatumGetBool(column_value(i, 2));
	}
	SPI_freetuptable(SPI_tuptable);
}

RsLoadedRuleset *
rs_ruleset_load(const char *name, DateADT as_of, TimestampTz known_at, const char *checks, MemoryContext budget)
{
	MemoryContext old = MemoryContextSwitchTo(budget);
	RsLoadedRuleset *rs = palloc0(sizeof(RsLoadedRuleset));
	Oid			types[3] = {TEXTOID, DATEOID, TIMESTAMPTZOID};
	Datum		values[3] = {CStringGetTextDatum(name), DateADTGetDatum(as_of), TimestampTzGetDatum(known_at)};
	Datum		margin,
				coverage;
	Datum		score[RS_LEVELS] = {0};
	bool		isnull;

	rs->as_of = as_of;
	rs->known_at = known_at;
	run("SELECT v.ruleset, v.version, v.min_coverage, v.margin, v.candidate_share FROM risk_screen.ruleset_version($1, $2, $3) v",
		3, types, values, NULL);
	rs->name = column_string(0, 1);
	rs->version = DatumGetInt32(column_value(0, 2));
	coverage = column_copy(0, 3, -1, &isnull);
	margin = column_copy(0, 4, -1, &isnull);
	rs->candidate_share = column_copy(0, 5, -1, &isnull);
	SPI_freetuptable(SPI_tuptable);

	types[1] = INT4OID;
	values[0] = CStringGetTextDatum(rs->name);
	values[1] = Int32GetDatum(rs->version);
	run("SELECT * FROM risk_screen._ruleset_rules($1, $2)", 2, types, values, NULL);
	load_rules(rs, budget);
	SPI_freetuptable(SPI_tuptable);
	load_scale(rs, types, values);

	run("SELECT l.level::pg_catalog.text, l.score, l.rule_points FROM risk_screen.ruleset_level l"
		" WHERE l.ruleset OPERATOR(pg_catalog.=) $1 AND l.version OPERATOR(pg_catalog.=) $2",
		2, types, values, NULL);
	widen_scale(rs, margin);
	for (uint64 i = 0; i < SPI_processed; i++)
	{
		RsLevel		level = level_of_name(column_string(i, 1));

		score[level] = column_copy(i, 2, -1, &isnull);
		widen_scale(rs, score[level]);
		rs->rule_points[level] = column_copy(i, 3, -1, &isnull);
	}
	SPI_freetuptable(SPI_tuptable);
	if (checks)
		rs_checks_read(checks, rs, budget);
	finish_rules(rs);

	for (int l = RS_YELLOW; l <= RS_RED; l++)
		rs->engine.threshold[l] = score[l] ? exact(score[l], rs->score_scale) :
			((((int128) 1) << 126) - 1);
	rs->engine.margin = exact(margin, rs->score_scale);
	rs->engine.coverage_unit = 1;
	for (int i = rs_numeric_scale(coverage); i > 0; i--)
		rs->engine.coverage_unit *= 10;
	rs->engine.min_coverage = exact(coverage, rs_numeric_scale(coverage));
	MemoryContextSwitchTo(old);
	return rs;
}

/* 'P2P' is a line, 'P2P,EC' are two; {"line":"P2P","region":"北京","size":"large","licence":"..."} says more. */
static void
parse_segment(const char *text, Datum part[4], char nulls[4])
{
	static const char *const key[4] = {"line", "region", "size", "licence"};
	Datum		json;

	memset(nulls, 'n', 4);
	if (text[0] == '\0')
		return;
	if (text[0] != '{')
	{
		part[0] = CStringGetTextDatum(text);
		nulls[0] = ' ';
		return;
	}
	json = DirectFunctionCall1(jsonb_in, CStringGetDatum(text));
	for (int i = 0; i < 4; i++)
	{
		JsonbValue	buffer,
				   *v = getKeyJsonValueFromContainer(&DatumGetJsonbP(json)->root, key[i], strlen(key[i]), &buffer);

		if (v == NULL || v->type == jbvNull)
			continue;
		if (v->type != jbvString)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("\"%s\" of a segment is not a string", key[i])));
		part[i] = PointerGetDatum(cstring_to_text_with_len(v->val.string.val, v->val.string.len));
		nulls[i] = ' ';
	}
}

/* What a hit in a band counts, confirmed or not. */
static void
weigh(const RsLoadedRuleset *rs, int r, Datum points, RsLevel floor, RsBand *band)
{
	Datum		weighted = product(rs->rule_text[r].weight, points);

	band->contribution = exact(weighted, rs->score_scale);
	band->candidate_contribution = exact(product(weighted, rs->candidate_share), rs->score_scale);
	band->floor = floor;
	band->candidate_floor = floor == RS_RED ? RS_ORANGE : floor == RS_ORANGE ? RS_YELLOW : floor;
}

/* The one band of a rule that the version does not name: any finding, its severity. */
static void
severity_band(const RsLoadedRuleset *rs, RsSegment *segment, int r, int b)
{
	const RsCheck *check = rs->rule_text[r].check;
	RsBand	   *band = &segment->band[b];
	RsBandText *label = &segment->band_text[b];

	segment->rule[r].first_band = b;
	segment->rule[r].nbands = 1;
	band->number = 1;
	band->low = 0;
	band->high = INFINITY;
	label->points = rs->rule_points[check->severity];
	label->outcome = pstrdup("hit");
	label->outcome_datum = CStringGetTextDatum("hit");
	label->operator = CStringGetTextDatum(">");
	label->operator_name = pstrdup(">");
	label->threshold = 0;
	label->reason_zh = check->text[4];
	label->reason_en = check->text[5];
	label->no_reason_zh = label->reason_zh == 0;
	label->no_reason_en = label->reason_en == 0;
	label->no_parameter = true;
	weigh(rs, r, label->points, check->severity, band);
}

/*
 * check_ruleset() has judged the bands with the parameters on record when the
 * version was activated; those entered later are judged here. Bands of one rule
 * are few: every pair is compared. What a band gives must not be milder than
 * what one gives that ends in less bad values.
 */
static void
check_order(const RsLoadedRuleset *rs, const RsSegment *segment, int r)
{
	const RsRule *rule = &segment->rule[r];
	bool		high = rs->rule_text[r].direction == 'h';

	for (int i = rule->first_band; i < rule->first_band + rule->nbands; i++)
		for (int k = rule->first_band; k < rule->first_band + rule->nbands; k++)
		{
			const RsBand *a = &segment->band[i],
					   *b = &segment->band[k];
			bool		beyond;

			if (a->low > a->high || b->low > b->high)
				continue;
			/* does a reach worse values than b? */
			beyond = high ? a->high > b->high || (a->high == b->high && a->high_closed && !b->high_closed)
				: a->low < b->low || (a->low == b->low && a->low_closed && !b->low_closed);
			if (beyond && (a->floor < b->floor || a->contribution < b->contribution))
				ereport(ERROR,
						(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
						 errmsg("with the parameters in force the bands of rule %s of ruleset \"%s\" version %d are not in order",
								rs->rule_text[r].code, rs->name, rs->version),
						 errdetail("Band %d is milder than band %d, although the direction of the rule makes its values worse.",
								   a->number, b->number),
						 errhint("Correct the parameters of the bands in risk_screen.parameter, or make a version whose bands do not cross.")));
		}
}

/* Fills segment from segment->text; shares the bands of base where they cannot differ. */
void
rs_segment_load(const RsLoadedRuleset *rs, RsSegment *segment, const RsSegment *base, MemoryContext budget)
{
	MemoryContext old = MemoryContextSwitchTo(budget);
	Oid			types[8] = {TEXTOID, INT4OID, DATEOID, TIMESTAMPTZOID, TEXTOID, TEXTOID, TEXTOID, TEXTOID};
	Datum		values[8] = {0};
	char		nulls[9] = "        ";
	int			n;

	parse_segment(segment->text, values + 4, nulls + 4);
	segment->nlines = nulls[4] == ' ' ? rs_split_lines(TextDatumGetCString(values[4]), &segment->line) : -1;
	if (segment->nlines > 1)
		nulls[4] = 'n';			/* a parameter of one line does not hold for a firm of two */
	if (base && !rs->scoped)
	{
		segment->band = base->band;
		segment->band_text = base->band_text;
		segment->rule = base->rule;
		segment->nbands = base->nbands;
		MemoryContextSwitchTo(old);
		return;
	}
	values[0] = CStringGetTextDatum(rs->name);
	values[1] = Int32GetDatum(rs->version);
	values[2] = DateADTGetDatum(rs->as_of);
	values[3] = TimestampTzGetDatum(rs->known_at);
	run("SELECT * FROM risk_screen._ruleset_bands($1, $2, $3, $4, $5, $6, $7, $8)", 8, types, values, nulls);
	n = SPI_processed;

	segment->nbands = n + rs->engine.nrules;	/* room for those of unnamed rules */
	segment->band = rs_alloc0(budget, segment->nbands, sizeof(RsBand), "the bands of a ruleset");
	segment->band_text = rs_alloc0(budget, segment->nbands, sizeof(RsBandText), "the bands of a ruleset");
	segment->rule = rs_alloc(budget, rs->engine.nrules, sizeof(RsRule), "the bands of a ruleset");
	if (rs->engine.nrules > 0)
		memcpy(segment->rule, rs->rule, rs->engine.nrules * sizeof(RsRule));

	for (int b = 0, r = 0; b < n; b++)
	{
		RsBand	   *band = &segment->band[b];
		RsBandText *label = &segment->band_text[b];
		char	   *code = column_string(b, 1);
		bool		isnull;

		/* both lists are in "C" order of the rule */
		while (strcmp(rs->rule_text[r].code, code) != 0)
			r++;
		if (segment->rule[r].nbands++ == 0)
			segment->rule[r].first_band = b;
		band->number = DatumGetInt32(column_value(b, 2));
		label->points = column_copy(b, 7, -1, &isnull);
		label->outcome = column_string(b, 9);
		label->outcome_datum = CStringGetTextDatum(label->outcome);
		label->operator = column_copy(b, 10, -1, &label->no_operator);
		label->operator_name = label->no_operator ? NULL : TextDatumGetCString(label->operator);
		label->threshold = DatumGetFloat8(SPI_getbinval(SPI_tuptable->vals[b], SPI_tuptable->tupdesc, 11,
													   &label->no_threshold));
		label->reason_zh = column_copy(b, 12, -1, &label->no_reason_zh);
		label->reason_en = column_copy(b, 13, -1, &label->no_reason_en);
		label->parameter = column_copy(b, 14, -1, &label->no_parameter);
		rs->rule_text[r].by_parameter = rs->rule_text[r].by_parameter || !label->no_parameter;
		weigh(rs, r, label->points, level_of_name(column_string(b, 8)), band);
		if (!DatumGetBool(column_value(b, 15)))
		{
			/* parameter not in force on that day: no value hits */
			band->low = INFINITY;
			band->high = -INFINITY;
			band->contribution = band->candidate_contribution = 0;
			band->floor = band->candidate_floor = RS_GREEN;
			continue;
		}
		band->low = DatumGetFloat8(column_value(b, 3));
		band->low_closed = DatumGetBool(column_value(b, 4));
		band->high = DatumGetFloat8(column_value(b, 5));
		band->high_closed = DatumGetBool(column_value(b, 6));
	}
	SPI_freetuptable(SPI_tuptable);
	for (int r = 0; r < rs->engine.nrules; r++)
	{
		RsRule	   *rule = &segment->rule[r];

		if (rs->rule_text[r].by_parameter && rs->rule_text[r].direction != 'a')
			check_order(rs, segment, r);
		if (rs->rule_text[r].unnamed)
			severity_band(rs, segment, r, n++);
		else if (rs->rule_text[r].missing_worst)
			for (int b = rule->first_band; b < rule->first_band + rule->nbands; b++)
			{
				rule->missing_contribution = Max(rule->missing_contribution, segment->band[b].contribution);
				rule->missing_floor = Max(rule->missing_floor, segment->band[b].floor);
			}
	}
	MemoryContextSwitchTo(old);
}
