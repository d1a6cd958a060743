/*
 * src/grade.c
 *	  The grading engine: values of indicators -> level, score, contributions.
 *
 *	score = sum of weight x points over the rules (missing data have points of
 *			their own, zero by default); never re-normalised
 *	at_least = max(floor of the bands hit, band(score)): what is established
 *	possible = the same with every missing fact as bad as its rule allows
 *	level = at_least where that is certain, unknown where possible is worse;
 *			and unknown instead of green when a required rule was not run or
 *			the known weights are too small a part of all
 *	override: raises, or lowers to the worst floor of a rule that cannot be
 *			overridden
 *	candidate: a hit that nobody has confirmed counts with a share of its
 *			points and one level lower; it does not block an override
 *
 * From this follow the two promises that tests check, with unknown greener and
 * worse than nothing. Points and floors are not negative and grow in a rule's
 * direction, so a worse value lowers neither at_least nor possible. A missing
 * fact counts in possible at least as much as any value of it, so taking one
 * away never lowers possible; and a colour is published only where it equals
 * possible. So a colour that follows either is never milder than the one before.
 * What the register puts outside its scope, other lines' rules and facts that
 * say "not applicable" are not missing: somebody is recorded to have said so.
 *
 * Sums are exact integers, so a contribution list always adds up to the score.
 * A rule's bands are few: a linear scan finds the band. If bands overlap
 * (check_ruleset() calls it an error) the worse one counts. No memory is taken.
 */
#include "postgres.h"

#include "grade.h"

static inline bool
band_has(const RsBand *b, float8 v)
{
	return (v > b->low || (v == b->low && b->low_closed)) &&
		(v < b->high || (v == b->high && b->high_closed));
}

static inline bool
worse(const RsBand *x, const RsBand *y)
{
	return x->floor > y->floor || (x->floor == y->floor && x->contribution > y->contribution);
}

static RsLevel
level_of_score(const RsRuleset *rs, int128 score)
{
	for (int l = RS_RED; l > RS_UNKNOWN; l--)
		if (score >= rs->threshold[l])
			return (RsLevel) l;
	return RS_GREEN;
}

void
rs_grade_entity(const RsRuleset *rs, const RsBand *band,
				const uint8 *state, const float8 *value, const int32 *age,
				const int8 *scope, RsOverride override,
				int32 *outcome, RsVerdict *v)
{
	RsLevel		fixed = RS_GREEN,	/* floor that no override lowers */
				worst_fixed = RS_GREEN, /* the same, if what is missing were bad */
				worst_floor;
	int128		worst_score;
	bool		lacking = true; /* until a rule applies */
	bool		any = false;

	memset(v, 0, sizeof(*v));
	worst_score = 0;
	worst_floor = RS_GREEN;
	for (int r = 0; r < rs->nrules; r++)
	{
		const RsRule *rule = &rs->rule[r];
		int			c = rule->column;
		bool		clear = state[c] == RS_FACT_ABSENT && rule->absent == RS_ABSENT_CLEAR;

		if (scope && scope[r] != 0)
		{
			outcome[r] = scope[r];
			continue;
		}
		if (state[c] == RS_FACT_OUTSIDE && !(age && rule->max_age >= 0 && age[c] > rule->max_age))
		{
			outcome[r] = RS_OUTCOME_NOT_APPLICABLE;
			continue;
		}
		if (!any)
			lacking = false;
		any = true;
		v->weight_all += rule->weight;
		if (!clear && (state[c] < RS_FACT_VALUE ||
					   (age && rule->max_age >= 0 && age[c] > rule->max_age)))
		{
			int128		most = rule->missing_contribution;
			RsLevel		most_floor = rule->missing_floor;

			if (state[c] >= RS_FACT_VALUE)
				outcome[r] = RS_OUTCOME_STALE;
			else if (state[c] == RS_FACT_ABSENT && rule->absent == RS_ABSENT_NOT_RUN)
				outcome[r] = RS_OUTCOME_NOT_RUN;
			else
				outcome[r] = RS_OUTCOME_MISSING;
			lacking = lacking || rule->required ||
				(rule->null_lacks && (state[c] == RS_FACT_NULL || rule->absent == RS_ABSENT_FAILED));
			v->score += rule->missing_contribution;
			v->floor = Max(v->floor, rule->missing_floor);
			for (int b = rule->first_band; outcome[r] != RS_OUTCOME_NOT_RUN && b < rule->first_band + rule->nbands; b++)
			{
				most = Max(most, band[b].contribution);
				most_floor = Max(most_floor, band[b].floor);
				if (!rule->overridable)
					worst_fixed = Max(worst_fixed, band[b].floor);
			}
			worst_score += most;
			worst_floor = Max(worst_floor, most_floor);
		}
		else
		{
			int			hit = RS_OUTCOME_NO_HIT;
			float8		x = clear ? 0 : value[c];

			v->weight_known += rule->weight;
			for (int b = rule->first_band; b < rule->first_band + rule->nbands; b++)
				if (band_has(&band[b], x) && (hit < 0 || worse(&band[b], &band[hit])))
					hit = b;
			outcome[r] = hit;
			if (hit >= 0)
			{
				bool		candidate = state[c] == RS_FACT_CANDIDATE;
				int128		contribution = candidate ? band[hit].candidate_contribution : band[hit].contribution;

				v->score += contribution;
				worst_score += contribution;
				v->floor = Max(v->floor, candidate ? band[hit].candidate_floor : band[hit].floor);
				if (!rule->overridable && !candidate)
					fixed = Max(fixed, band[hit].floor);
			}
		}
	}

	v->at_least = Max(v->floor, level_of_score(rs, v->score));
	v->relaxed = Max(v->floor, level_of_score(rs, v->score + rs->margin));
	v->possible = Max(Max(worst_floor, v->floor), level_of_score(rs, worst_score));
	v->level = v->at_least;
	if (v->possible > v->at_least)
		v->level = RS_UNKNOWN;
	if (v->weight_known * rs->coverage_unit < rs->min_coverage * v->weight_all)
		lacking = true;
	if (lacking)
	{
		v->level = Max(v->level, RS_UNKNOWN);
		v->possible = Max(v->possible, RS_UNKNOWN);
	}
	if (v->level == RS_UNKNOWN)
		v->relaxed = Max(v->at_least, RS_UNKNOWN);	/* sticky_level: rise to it, fall no further */
	v->computed = v->level;
	if (override.given)
	{
		v->override_blocked = override.level < fixed;
		v->level = v->at_least = Max(override.level, fixed);
		v->override_open = worst_fixed > v->level;
		if (v->override_open)
			v->level = RS_UNKNOWN;
		if (v->at_least == RS_UNKNOWN)
			v->at_least = RS_GREEN;
	}
}
