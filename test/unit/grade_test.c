/*
 * test/unit/grade_test.c
 *	  engines: src/grade.c
 *
 * The promises on random rulesets, and the corners by hand. (The comparison
 * with an independent implementation is test/t/grading_oracle.t.)
 */
#include <math.h>

#include "grade.h"
#include "pg_shim.h"

#define RULES	8
#define BANDS	3

static RsRule rule[RULES];
static RsBand band[RULES * BANDS];
static RsRuleset ruleset;

static void
make_ruleset(bool all_required)
{
	memset(&ruleset, 0, sizeof(ruleset));
	ruleset.nrules = ruleset.ncolumns = RULES;
	ruleset.nbands = RULES * BANDS;
	ruleset.rule = rule;
	ruleset.threshold[RS_YELLOW] = 1 + shim_random() % 50;
	ruleset.threshold[RS_ORANGE] = ruleset.threshold[RS_YELLOW] + 1 + shim_random() % 50;
	ruleset.threshold[RS_RED] = ruleset.threshold[RS_ORANGE] + 1 + shim_random() % 50;
	ruleset.margin = shim_random() % 10;
	ruleset.min_coverage = shim_random() % 11;
	ruleset.coverage_unit = 10;
	for (int r = 0; r < RULES; r++)
	{
		int128		points = 0;
		RsLevel		floor = RS_GREEN;
		float8		edge = -2;

		memset(&rule[r], 0, sizeof(rule[r]));
		rule[r].column = r;
		rule[r].first_band = r * BANDS;
		rule[r].nbands = BANDS;
		rule[r].weight = shim_random() % 5;
		rule[r].required = all_required || shim_random() % 2;
		rule[r].overridable = shim_random() % 2;
		rule[r].max_age = (int) (shim_random() % 3) * 10 - 1;
		rule[r].absent = shim_random() % 4;
		rule[r].missing_contribution = shim_random() % 4 == 0 ? shim_random() % 20 : 0;
		rule[r].missing_floor = shim_random() % 8 == 0 ? RS_YELLOW : RS_GREEN;
		rule[r].null_lacks = rule[r].required || shim_random() % 2;
		for (int b = 0; b < BANDS; b++)
		{
			RsBand	   *x = &band[r * BANDS + b];

			x->low = edge;
			x->low_closed = true;
			edge += 1 + shim_random() % 3;
			x->high = b == BANDS - 1 ? INFINITY : edge;
			x->high_closed = false;
			points += shim_random() % 15;
			if (shim_random() % 6 == 0)
				floor = Min(RS_RED, Max(RS_YELLOW, floor + 1));
			x->contribution = points;
			x->floor = floor;
			x->candidate_contribution = points / 2;
			x->candidate_floor = floor > RS_YELLOW ? floor - 1 : floor;
		}
	}
}

/* unknown is greener than nothing, but says what it may turn out to be */
static bool
milder(const RsVerdict *after, const RsVerdict *before)
{
	return after->possible < before->possible ||
		(after->level != RS_UNKNOWN && after->level < (before->level == RS_UNKNOWN ? before->possible : before->level));
}

int
main(void)
{
	int			opened = 0;
	bool		never_lower = true,
				never_greener = true,
				certain = true,
				adds_up = true,
				relaxed = true,
				overrides = true,
				confirmed = true,
				unjudged = true,
				clear = true;
	RsOverride	none = {false, RS_GREEN};
	int32		outcome[RULES],
				outcome2[RULES];
	RsVerdict	v,
				w,
				x;

	shim_init();
	shim_srandom(42);
	for (int round = 0; round < 50000; round++)
	{
		uint8		state[RULES];
		float8		value[RULES];
		int32		age[RULES];
		int8		scope[RULES];
		int			pick = shim_random() % RULES;
		float8		kept;
		bool		had_value;
		uint8		kept_state;
		int128		sum = 0;
		RsOverride	green = {true, RS_GREEN};
		RsLevel		fixed = RS_GREEN,
					withheld = RS_GREEN;

		make_ruleset(round % 2);
		for (int r = 0; r < RULES; r++)
		{
			state[r] = shim_random() % 5 == 0 ? shim_random() % 3 : shim_random() % 4 == 0 ? RS_FACT_CANDIDATE : RS_FACT_VALUE;
			value[r] = (float8) (int64) (shim_random() % 12) - 5;
			age[r] = shim_random() % 15;
			scope[r] = shim_random() % 10 == 0 ? RS_OUTCOME_EXEMPT : 0;
		}
		rs_grade_entity(&ruleset, band, state, value, age, scope, none, outcome, &v);
		for (int r = 0; r < RULES; r++)
			if (outcome[r] >= 0)
			{
				bool		candidate = state[r] == RS_FACT_CANDIDATE;

				sum += candidate ? band[outcome[r]].candidate_contribution : band[outcome[r]].contribution;
				if (!rule[r].overridable && !candidate)
					fixed = Max(fixed, band[outcome[r]].floor);
			}
			else if (outcome[r] == RS_OUTCOME_MISSING || outcome[r] == RS_OUTCOME_STALE || outcome[r] == RS_OUTCOME_NOT_RUN)
			{
				sum += rule[r].missing_contribution;
				if (!rule[r].overridable && outcome[r] != RS_OUTCOME_NOT_RUN)
					withheld = Max(withheld, band[rule[r].first_band + BANDS - 1].floor);
			}
		adds_up = adds_up && sum == v.score;
		relaxed = relaxed && v.relaxed >= v.level && v.possible >= v.level && v.possible >= v.at_least;
		certain = certain && (v.level == RS_UNKNOWN ? v.possible > v.at_least : v.level == v.at_least && v.level == v.possible);

		rs_grade_entity(&ruleset, band, state, value, age, scope, green, outcome2, &w);
		overrides = overrides && w.at_least == fixed && w.computed == v.level && w.override_blocked == (fixed > RS_GREEN) &&
			w.override_open == (withheld > fixed) && w.level == (withheld > fixed ? RS_UNKNOWN : fixed);

		kept = value[pick];
		value[pick] += shim_random() % 6;
		rs_grade_entity(&ruleset, band, state, value, age, scope, none, outcome2, &w);
		never_lower = never_lower && !milder(&w, &v) && w.at_least >= v.at_least && w.score >= v.score && w.floor >= v.floor;
		value[pick] = kept;

		had_value = state[pick] >= RS_FACT_VALUE;
		if (state[pick] == RS_FACT_CANDIDATE)
		{
			state[pick] = RS_FACT_VALUE;
			rs_grade_entity(&ruleset, band, state, value, age, scope, none, outcome2, &w);
			confirmed = confirmed && !milder(&w, &v) && w.at_least >= v.at_least && w.score >= v.score && w.floor >= v.floor;
			state[pick] = RS_FACT_CANDIDATE;
		}

		/* no fact of a check that failed or could not judge: as bad as missing */
		kept_state = state[pick];
		state[pick] = RS_FACT_NULL;
		rs_grade_entity(&ruleset, band, state, value, age, scope, none, outcome2, &w);
		/* a check that ran and has no fact is the value 0, one not run is out of scope: no data that could be withheld */
		if (kept_state != RS_FACT_ABSENT)
			never_greener = never_greener && !milder(&w, &v);
		if (rule[pick].null_lacks && scope[pick] == 0)
			unjudged = unjudged && w.level > RS_GREEN && outcome2[pick] == RS_OUTCOME_MISSING;

		/* no fact of a check that ran is the value 0 */
		state[pick] = RS_FACT_ABSENT;
		rule[pick].absent = RS_ABSENT_CLEAR;
		rs_grade_entity(&ruleset, band, state, value, age, scope, none, outcome2, &w);
		state[pick] = RS_FACT_VALUE;
		age[pick] = 0;
		kept = value[pick];
		value[pick] = 0;
		rs_grade_entity(&ruleset, band, state, value, age, scope, none, outcome, &x);
		clear = clear && w.level == x.level && w.score == x.score && w.floor == x.floor && w.weight_known == x.weight_known && outcome[pick] == outcome2[pick];
		value[pick] = kept;

		rule[pick].absent = RS_ABSENT_MISSING;
		state[pick] = RS_FACT_ABSENT;
		rs_grade_entity(&ruleset, band, state, value, age, scope, none, outcome2, &w);
		if (had_value)
		{
			never_greener = never_greener && !milder(&w, &v);
			opened += w.level == RS_UNKNOWN && v.level != RS_UNKNOWN;
		}
	}
	tap_ok(adds_up, "the bands hit add up to the score");
	tap_ok(relaxed, "the relaxed and the possible level are never milder");
	tap_ok(never_lower, "a worse value never lowers level, score or floor");
	tap_ok(never_greener && opened > 1000, "without any fact, required or not, nobody turns greener");
	tap_ok(certain, "a colour is what nothing missing could make worse");
	tap_ok(confirmed, "confirming a candidate never lowers level, score or floor");
	tap_ok(unjudged, "who could not be judged is not green");
	tap_ok(clear, "no fact of a check that ran is the value 0");
	tap_ok(overrides, "an override lowers exactly to the worst floor that cannot be overridden");

	make_ruleset(false);
	ruleset.nrules = 0;
	rs_grade_entity(&ruleset, band, NULL, NULL, NULL, NULL, none, outcome, &v);
	tap_ok(v.level == RS_UNKNOWN, "judged by nothing is unknown, not green");
	return tap_done();
}
