/*
 * src/grade_sql.c
 *	  SQL layer of grade() and explain_grade().
 *
 * Both read the ruleset, then the facts, then judge one entity after the other
 * in the order of their names and stream the rows into a tuplestore. Reasons
 * are built as jsonb directly, without text in between.
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/datetime.h"
#include "utils/fmgrprotos.h"
#include "utils/jsonb.h"
#include "utils/memutils.h"
#include "utils/numeric.h"

#include "grade_run.h"
#include "pg_compat.h"
#include "rs_memory.h"

/* How much of the outcomes goes into reasons. */
typedef enum Detail { DETAIL_NONE, DETAIL_HITS, DETAIL_FULL } Detail;

typedef struct Grading
{
	MemoryContext budget;
	MemoryContext scratch;
	RsLoadedRuleset *ruleset;
	RsFacts    *facts;
	RsLevelMap	levels;
	Detail		detail;
	int8	   *scope;
	int32	   *outcome;
	int		   *order;			/* rules, heaviest contribution first */
	const uint8 *state;			/* of the entity at hand, by fact column */
	Datum	   *code;			/* room for the codes of an array */
} Grading;

static inline bool
is_candidate(const Grading *g, int r)
{
	return g->outcome[r] >= 0 && g->state[g->ruleset->rule[r].column] == RS_FACT_CANDIDATE;
}

static inline bool
is_missing(int32 outcome)
{
	return outcome == RS_OUTCOME_MISSING || outcome == RS_OUTCOME_STALE || outcome == RS_OUTCOME_NOT_RUN;
}

static const char *
outcome_name(const Grading *g, const RsSegment *segment, int r)
{
	if (is_candidate(g, r))
		return "candidate";
	switch (g->outcome[r])
	{
		case RS_OUTCOME_NO_HIT:
			return "no_hit";
		case RS_OUTCOME_MISSING:
			return "insufficient_data";
		case RS_OUTCOME_STALE:
			return "stale_data";
		case RS_OUTCOME_EXEMPT:
			return "exempt";
		case RS_OUTCOME_OUTSIDE:
		case RS_OUTCOME_NOT_APPLICABLE:
			return "not_applicable";
		case RS_OUTCOME_NOT_RUN:
			return "not_run";
		default:
			return segment->band_text[g->outcome[r]].outcome;
	}
}

/* The rule with the band numbers and the missing points of the segment. */
static int128
contribution_of(const Grading *g, const RsSegment *segment, int r)
{
	int32		o = g->outcome[r];

	if (o >= 0)
		return is_candidate(g, r) ? segment->band[o].candidate_contribution : segment->band[o].contribution;
	if (is_missing(o))
		return segment->rule[r].missing_contribution;
	return 0;
}

static RsLevel
floor_of(const Grading *g, const RsSegment *segment, int r)
{
	int32		o = g->outcome[r];

	if (o >= 0)
		return is_candidate(g, r) ? segment->band[o].candidate_floor : segment->band[o].floor;
	if (is_missing(o))
		return segment->rule[r].missing_floor;
	return RS_GREEN;
}

/* What a missing fact could give at worst. */
static RsLevel
worst_floor(const Grading *g, const RsSegment *segment, int r)
{
	const RsRule *rule = &segment->rule[r];
	RsLevel		worst = rule->missing_floor;

	for (int b = rule->first_band; b < rule->first_band + rule->nbands; b++)
		worst = Max(worst, segment->band[b].floor);
	return worst;
}

static int128
worst_contribution(const Grading *g, const RsSegment *segment, int r)
{
	const RsRule *rule = &segment->rule[r];
	int128		worst = rule->missing_contribution;

	for (int b = rule->first_band; b < rule->first_band + rule->nbands; b++)
		worst = Max(worst, segment->band[b].contribution);
	return worst;
}

/* Points of a rule without a fact, before weight: its own, or those of the worst band. */
static Datum
missing_points(const Grading *g, const RsSegment *segment, int r)
{
	const RsRule *rule = &segment->rule[r];

	if (g->ruleset->rule_text[r].missing_worst)
		for (int b = rule->first_band; b < rule->first_band + rule->nbands; b++)
			if (segment->band[b].contribution == rule->missing_contribution)
				return segment->band_text[b].points;
	return g->ruleset->rule_text[r].missing_points;
}

/* A check that ran without a finding observed 0. */
static float8
observed_of(const Grading *g, uint32 e, int r)
{
	int			c = g->ruleset->rule[r].column;

	return g->state[c] < RS_FACT_VALUE ? 0 : g->facts->value[(uint64) e * g->facts->ncolumns + c];
}

/* Red lines first, then by contribution, then by code: the rules are in code order. */
static void
order_rules(const Grading *g, const RsSegment *segment)
{
	int			n = g->ruleset->engine.nrules;

	for (int r = 0; r < n; r++)
	{
		RsLevel		floor = floor_of(g, segment, r);
		int128		c = contribution_of(g, segment, r);
		int			i = r;

		for (; i > 0; i--)
		{
			RsLevel		other = floor_of(g, segment, g->order[i - 1]);

			if (other > floor ||
				(other == floor && contribution_of(g, segment, g->order[i - 1]) >= c))
				break;
			g->order[i] = g->order[i - 1];
		}
		g->order[i] = r;
	}
}

/* ---- jsonb ---- */

static void
push_key(JsonbParseState **state, const char *key)
{
	JsonbValue	k;

	k.type = jbvString;
	k.val.string.val = unconstify(char *, key);
	k.val.string.len = strlen(key);
	pushJsonbValue(state, WJB_KEY, &k);
}

static void
push_string(JsonbParseState **state, const char *key, const char *value)
{
	JsonbValue	v;

	push_key(state, key);
	v.type = jbvString;
	v.val.string.val = unconstify(char *, value);
	v.val.string.len = strlen(value);
	pushJsonbValue(state, WJB_VALUE, &v);
}

static void
push_numeric(JsonbParseState **state, const char *key, Datum numeric)
{
	JsonbValue	v;

	push_key(state, key);
	v.type = jbvNumeric;
	v.val.numeric = DatumGetNumeric(numeric);
	pushJsonbValue(state, WJB_VALUE, &v);
}

/* float8 as numeric: exactly as short as it was written, and quickly if it has few digits. */
static Datum
numeric_of_float8(float8 v)
{
	float8		scaled = v * 1e6;

	if (fabs(v) < 1e9)
	{
		int64		n = (int64) rint(scaled);
		int			scale = 6;

		if ((float8) n / 1e6 == v)
		{
			for (; scale > 0 && n % 10 == 0; scale--)
				n /= 10;
			return scale == 0 ? NumericGetDatum(int64_to_numeric(n)) :
				rs_int128_to_numeric(n, scale);
		}
	}
	return DirectFunctionCall3(numeric_in, CStringGetDatum(DatumGetCString(DirectFunctionCall1(float8out, Float8GetDatum(v)))),
							   ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1));
}

/* contribution / score, rounded to four digits. */
static Datum
share_of(int128 contribution, int128 score)
{
	int64		ten_thousandths;

	if (score == 0)
		return NumericGetDatum(int64_to_numeric(0));
	ten_thousandths = (int64) ((contribution * 20000 + score) / (2 * score));
	return rs_int128_to_numeric(ten_thousandths, 4);
}

static void
push_reason(Grading *g, JsonbParseState **state, const RsSegment *segment, uint32 e, int r, const RsVerdict *verdict)
{
	const RsRuleText *label = &g->ruleset->rule_text[r];
	int32		o = g->outcome[r];
	int128		contribution = contribution_of(g, segment, r);
	RsLevel		floor = floor_of(g, segment, r);

	pushJsonbValue(state, WJB_BEGIN_OBJECT, NULL);
	push_string(state, "code", label->code);
	push_string(state, "outcome", outcome_name(g, segment, r));
	if (o >= RS_OUTCOME_NO_HIT || o == RS_OUTCOME_STALE)
		push_numeric(state, "observed", numeric_of_float8(observed_of(g, e, r)));
	if (o >= 0)
	{
		const RsBandText *band = &segment->band_text[o];

		if (!band->no_operator)
			push_string(state, "operator", band->operator_name);
		if (!band->no_threshold)
			push_numeric(state, "threshold", numeric_of_float8(band->threshold));
	}
	if (contribution != 0)
	{
		push_numeric(state, "contribution", rs_int128_to_numeric(contribution, g->ruleset->score_scale));
		push_numeric(state, "share", share_of(contribution, verdict->score));
	}
	if (floor != RS_GREEN)
		push_string(state, "floor", rs_level_name[floor]);
	if (o == RS_OUTCOME_MISSING || o == RS_OUTCOME_STALE)
	{
		push_string(state, "worst", rs_level_name[worst_floor(g, segment, r)]);
		push_numeric(state, "worst_contribution", rs_int128_to_numeric(worst_contribution(g, segment, r), g->ruleset->score_scale));
	}
	pushJsonbValue(state, WJB_END_OBJECT, NULL);
}

static void
push_override(Grading *g, JsonbParseState **state, uint32 e, const RsVerdict *verdict)
{
	char		until[MAXDATELEN + 1];
	struct pg_tm tm;

	j2date(g->facts->override_until[e] + POSTGRES_EPOCH_JDATE, &tm.tm_year, &tm.tm_mon, &tm.tm_mday);
	EncodeDateOnly(&tm, USE_ISO_DATES, until);
	pushJsonbValue(state, WJB_BEGIN_OBJECT, NULL);
	push_string(state, "code", "override");
	push_string(state, "outcome", verdict->override_blocked ? "blocked_by_red_line" :
				verdict->override_open ? "blocked_by_missing_data" : "applied");
	push_string(state, "from", rs_level_name[verdict->computed]);
	push_string(state, "to", rs_level_name[g->facts->override[e].level]);
	push_string(state, "until", until);
	push_string(state, "reason", g->facts->override_reason[e]);
	pushJsonbValue(state, WJB_END_OBJECT, NULL);
}

static Datum
reasons(Grading *g, const RsSegment *segment, uint32 e, const RsVerdict *verdict)
{
	JsonbParseState *state = NULL;

	pushJsonbValue(&state, WJB_BEGIN_ARRAY, NULL);
	if (g->facts->override && g->facts->override[e].given)
		push_override(g, &state, e, verdict);
	for (int i = 0; i < g->ruleset->engine.nrules; i++)
	{
		int			r = g->order[i];
		int32		o = g->outcome[r];

		if (o == RS_OUTCOME_OUTSIDE ||
			((o == RS_OUTCOME_NO_HIT || o == RS_OUTCOME_NOT_APPLICABLE) && g->detail != DETAIL_FULL))
			continue;
		/* what nobody looked at is the same for everyone: only where it counts */
		if (o == RS_OUTCOME_NOT_RUN && g->detail != DETAIL_FULL &&
			contribution_of(g, segment, r) == 0 && floor_of(g, segment, r) == RS_GREEN)
			continue;
		push_reason(g, &state, segment, e, r, verdict);
	}
	return JsonbPGetDatum(JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_ARRAY, NULL)));
}

/* Codes of the rules with one kind of outcome, heaviest first. */
typedef enum CodeList { LIST_HITS, LIST_UNKNOWN, LIST_RED_LINES } CodeList;

static Datum
codes(Grading *g, CodeList list)
{
	int			n = 0;

	for (int i = 0; i < g->ruleset->engine.nrules; i++)
	{
		int			r = g->order[i];
		int32		o = g->outcome[r];
		bool		listed = list == LIST_HITS ? o >= 0 :
			list == LIST_UNKNOWN ? is_missing(o) :
			o >= 0 && g->ruleset->rule_text[r].red_line;

		if (listed)
			g->code[n++] = g->ruleset->rule_text[r].code_datum;
	}
	return PointerGetDatum(construct_array(g->code, n, TEXTOID, -1, false, TYPALIGN_INT));
}

/* ---- the functions ---- */

static char *
text_argument(FunctionCallInfo fcinfo, int n)
{
	return PG_ARGISNULL(n) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(n));
}

static void
null_argument(const char *name)
{
	ereport(ERROR,
			(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
			 errmsg("argument %s must not be null", name)));
}

/*
 * Arguments 0..5 of both functions: facts, ruleset, as_of, known_at,
 * exemptions, overrides; 7 is bad_rows, 8 checks.
 */
static void
begin_grading(Grading *g, FunctionCallInfo fcinfo)
{
	static const char *const name[] = {"facts", "ruleset", "as_of", "known_at"};
	char	   *exemptions = text_argument(fcinfo, 4),
			   *overrides = text_argument(fcinfo, 5);
	DateADT		as_of;
	int			n;

	for (int i = 0; i < 4; i++)
		if (PG_ARGISNULL(i))
			null_argument(name[i]);
	as_of = PG_GETARG_DATEADT(2);
	if (DATE_NOT_FINITE(as_of))
		ereport(ERROR,
				(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
				 errmsg("as_of must be a day"),
				 errhint("Grades are of one day, so that they can be repeated.")));
	/* before SPI_connect(): SPI's own context goes with SPI_finish() */
	g->budget = AllocSetContextCreate(CurrentMemoryContext, "risk_screen grading", ALLOCSET_DEFAULT_SIZES);
	g->scratch = AllocSetContextCreate(CurrentMemoryContext, "risk_screen grading, one entity", ALLOCSET_DEFAULT_SIZES);
	SPI_connect();
	g->ruleset = rs_ruleset_load(text_argument(fcinfo, 1), as_of, PG_GETARG_TIMESTAMPTZ(3),
								 text_argument(fcinfo, 8), g->budget);
	g->facts = rs_facts_read(text_argument(fcinfo, 0), g->ruleset,
							 rs_bad_rows_option(PG_ARGISNULL(7) ? "error" : text_argument(fcinfo, 7)),
							 g->budget);
	if (exemptions)
		rs_facts_read_exemptions(g->facts, exemptions);
	if (overrides)
		rs_facts_read_overrides(g->facts, overrides);
	n = g->ruleset->engine.nrules;
	g->scope = rs_alloc(g->budget, n, sizeof(int8), "a grading");
	g->outcome = rs_alloc(g->budget, n, sizeof(int32), "a grading");
	g->order = rs_alloc(g->budget, n, sizeof(int), "a grading");
	g->code = rs_alloc(g->budget, n, sizeof(Datum), "a grading");
}

/* Entities in the order of their names. */
static uint32 *
ordered_entities(Grading *g)
{
	RsInterner *in = rs_query_interner(g->facts->query, RS_INTERN_ACCOUNT);
	uint32	   *rank = rs_interner_ranks(in, g->budget);
	uint32		n = g->facts->nentities;
	uint32		all = rs_interner_count(in);
	uint32	   *ordered = rs_alloc(g->budget, all, sizeof(uint32), "the order of the graded");

	for (uint32 e = 0; e < all; e++)
		ordered[rank[e]] = e;
	/* the interner may have met names in exemptions that have no facts */
	if (all > n)
	{
		uint32		kept = 0;

		for (uint32 i = 0; i < all; i++)
			if (ordered[i] < n)
				ordered[kept++] = ordered[i];
	}
	return ordered;
}

static void
end_grading(Grading *g)
{
	rs_query_close(g->facts->query);
	SPI_finish();
	MemoryContextDelete(g->scratch);
	MemoryContextDelete(g->budget);
}

/*
 * grade(facts text, ruleset text, as_of date, known_at timestamptz, exemptions text,
 *		 overrides text, detail text, bad_rows text, checks text)
 *	 returns (entity text, level, score numeric, floor, coverage float8, reasons jsonb,
 *			  possible, relaxed, computed, version int, hit_rules text[], unknown_rules text[], red_lines text[], at_least)
 */
PG_FUNCTION_INFO_V1(rs_grade);
Datum
rs_grade(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	Grading		g = {0};
	char	   *detail = text_argument(fcinfo, 6);
	uint32	   *ordered;
	RsInterner *names;

	g.detail = DETAIL_HITS;
	if (detail && strcmp(detail, "none") == 0)
		g.detail = DETAIL_NONE;
	else if (detail && strcmp(detail, "full") == 0)
		g.detail = DETAIL_FULL;
	else if (detail && strcmp(detail, "hits") != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("unknown detail \"%s\"", detail),
				 errhint("Use 'hits' (hits and missing data), 'full' (every rule) or 'none'.")));

	InitMaterializedSRF(fcinfo, 0);
	rs_level_map(TupleDescAttr(rsinfo->setDesc, 1)->atttypid, &g.levels);
	begin_grading(&g, fcinfo);
	ordered = ordered_entities(&g);
	names = rs_query_interner(g.facts->query, RS_INTERN_ACCOUNT);

	for (uint32 i = 0; i < g.facts->nentities; i++)
	{
		uint32		e = ordered[i];
		const RsSegment *segment = &g.facts->segments[g.facts->segment[e]];
		RsVerdict	v;
		Datum		values[14];
		bool		nulls[14] = {false};
		MemoryContext old;

		CHECK_FOR_INTERRUPTS();
		if (!g.facts->seen[e])
			continue;
		g.state = g.facts->state + (uint64) e * g.facts->ncolumns;
		rs_facts_judge(g.facts, e, g.scope, g.outcome, &v);
		order_rules(&g, segment);
		old = MemoryContextSwitchTo(g.scratch);
		values[0] = rs_interner_text(names, e);
		values[1] = ObjectIdGetDatum(g.levels.oid[v.level]);
		values[2] = rs_int128_to_numeric(v.score, g.ruleset->score_scale);
		values[3] = ObjectIdGetDatum(g.levels.oid[v.floor]);
		nulls[4] = v.weight_all == 0;
		values[4] = nulls[4] ? (Datum) 0 : Float8GetDatum((float8) v.weight_known / (float8) v.weight_all);
		nulls[5] = g.detail == DETAIL_NONE;
		values[5] = nulls[5] ? (Datum) 0 : reasons(&g, segment, e, &v);
		values[6] = ObjectIdGetDatum(g.levels.oid[v.possible]);
		values[7] = ObjectIdGetDatum(g.levels.oid[v.relaxed]);
		values[8] = ObjectIdGetDatum(g.levels.oid[v.computed]);
		values[9] = Int32GetDatum(g.ruleset->version);
		values[10] = codes(&g, LIST_HITS);
		values[11] = codes(&g, LIST_UNKNOWN);
		values[12] = codes(&g, LIST_RED_LINES);
		values[13] = ObjectIdGetDatum(g.levels.oid[v.at_least]);
		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
		MemoryContextSwitchTo(old);
		MemoryContextReset(g.scratch);
	}
	end_grading(&g);
	return (Datum) 0;
}

/*
 * explain_grade(facts text, ruleset text, as_of date, known_at timestamptz, exemptions text,
 *				 overrides text, entities text[], bad_rows text, checks text)
 *	 returns one row per entity and rule, the heaviest first
 */
PG_FUNCTION_INFO_V1(rs_explain_grade);
Datum
rs_explain_grade(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	Grading		g = {0};
	uint32	   *ordered;
	bool	   *wanted = NULL;
	RsInterner *names;

	InitMaterializedSRF(fcinfo, 0);
	rs_level_map(TupleDescAttr(rsinfo->setDesc, 1)->atttypid, &g.levels);
	begin_grading(&g, fcinfo);
	names = rs_query_interner(g.facts->query, RS_INTERN_ACCOUNT);
	if (!PG_ARGISNULL(6))
	{
		int			count;
		uint32	   *id = rs_intern_text_array(g.facts->query, RS_F_ENTITY, PG_GETARG_ARRAYTYPE_P(6),
											  "entities", &count);

		wanted = rs_alloc0(g.budget, rs_interner_count(names), sizeof(bool), "a grading");
		for (int i = 0; i < count; i++)
			wanted[id[i]] = true;
	}
	ordered = ordered_entities(&g);

	for (uint32 i = 0; i < g.facts->nentities; i++)
	{
		uint32		e = ordered[i];
		const RsSegment *segment = &g.facts->segments[g.facts->segment[e]];
		RsVerdict	v;
		MemoryContext old;

		CHECK_FOR_INTERRUPTS();
		if (!g.facts->seen[e] || (wanted && !wanted[e]))
			continue;
		g.state = g.facts->state + (uint64) e * g.facts->ncolumns;
		rs_facts_judge(g.facts, e, g.scope, g.outcome, &v);
		order_rules(&g, segment);
		old = MemoryContextSwitchTo(g.scratch);
		for (int k = 0; k < g.ruleset->engine.nrules; k++)
		{
			int			r = g.order[k];
			int32		o = g.outcome[r];
			const RsRuleText *label = &g.ruleset->rule_text[r];
			const RsBandText *band = o >= 0 ? &segment->band_text[o] : NULL;
			int128		contribution = contribution_of(&g, segment, r);
			RsLevel		floor = floor_of(&g, segment, r);
			bool		missing = is_missing(o);
			Datum		values[20];
			bool		nulls[20] = {false};

			if (o == RS_OUTCOME_OUTSIDE)
				continue;
			values[0] = rs_interner_text(names, e);
			values[1] = ObjectIdGetDatum(g.levels.oid[v.level]);
			values[2] = label->code_datum;
			values[3] = CStringGetTextDatum(outcome_name(&g, segment, r));
			nulls[4] = !(o >= RS_OUTCOME_NO_HIT || o == RS_OUTCOME_STALE);
			values[4] = nulls[4] ? (Datum) 0 :
				Float8GetDatum(observed_of(&g, e, r));
			nulls[5] = band == NULL || band->no_operator;
			values[5] = nulls[5] ? (Datum) 0 : band->operator;
			nulls[6] = band == NULL || band->no_threshold;
			values[6] = nulls[6] ? (Datum) 0 : Float8GetDatum(band->threshold);
			values[7] = label->weight;
			values[8] = band ? band->points : missing ? missing_points(&g, segment, r) : NumericGetDatum(int64_to_numeric(0));
			values[9] = rs_int128_to_numeric(contribution, g.ruleset->score_scale);
			values[10] = share_of(contribution, v.score);
			nulls[11] = floor == RS_GREEN;
			values[11] = ObjectIdGetDatum(g.levels.oid[floor]);
			values[12] = label->kind;
			values[13] = label->title_zh;
			nulls[13] = label->no_title_zh;
			values[14] = label->title_en;
			nulls[14] = label->no_title_en;
			nulls[15] = band == NULL || band->no_reason_zh;
			values[15] = nulls[15] ? (Datum) 0 : band->reason_zh;
			nulls[16] = band == NULL || band->no_reason_en;
			values[16] = nulls[16] ? (Datum) 0 : band->reason_en;
			values[17] = label->plan;
			nulls[17] = label->no_plan;
			values[18] = label->basis;
			nulls[18] = label->no_basis;
			values[19] = label->unit;
			tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
		}
		MemoryContextSwitchTo(old);
		MemoryContextReset(g.scratch);
	}
	end_grading(&g);
	return (Datum) 0;
}
