/*
 * src/grade.h
 *	  The grading engine: values of indicators -> level, score, contributions.
 */
#ifndef RS_GRADE_H
#define RS_GRADE_H

#include "postgres.h"

#include "level.h"

/* An interval of values with its outcome; empty when low > high. */
typedef struct RsBand
{
	float8		low,
				high;
	bool		low_closed,
				high_closed;
	int			number;			/* of the band in its rule; -1 for the parts of a parameter's band */
	RsLevel		floor;			/* RS_GREEN: none */
	int128		contribution;	/* weight * points, in units of the ruleset's scale */
	RsLevel		candidate_floor;	/* of a hit that nobody has confirmed: one level lower */
	int128		candidate_contribution;
} RsBand;

/* What an entity without a fact of a rule means; a register of checks says so. */
typedef enum RsAbsent
{
	RS_ABSENT_MISSING = 0,		/* nobody looked, or nobody says so */
	RS_ABSENT_CLEAR,			/* the check ran: nothing was found, value 0 */
	RS_ABSENT_FAILED,			/* the check broke off */
	RS_ABSENT_NOT_RUN			/* the register says that the check is outside its scope */
} RsAbsent;

typedef struct RsRule
{
	int			column;			/* of the facts */
	int			first_band,
				nbands;
	int128		weight;			/* in units of 10^-weight_scale */
	bool		required,
				overridable;
	int			max_age;		/* days; -1: never stale */
	RsAbsent	absent;
	bool		null_lacks;		/* "could not judge" is never green, required or not */
	RsLevel		missing_floor;
	int128		missing_contribution;
} RsRule;

typedef struct RsRuleset
{
	int			nrules,
				nbands,
				ncolumns;
	const RsRule *rule;
	int128		threshold[RS_LEVELS];	/* score from which a level holds; yellow..red */
	int128		margin;
	int128		min_coverage;	/* numerator over 10^coverage_scale */
	int128		coverage_unit;	/* 10^coverage_scale */
} RsRuleset;

/* What is known of one indicator of one entity. */
typedef enum RsFactState
{
	RS_FACT_ABSENT = 0,
	RS_FACT_OUTSIDE,			/* recorded: the indicator does not apply to the entity */
	RS_FACT_NULL,				/* filed as missing */
	RS_FACT_VALUE,
	RS_FACT_CANDIDATE			/* a value that a person has yet to confirm */
} RsFactState;

/* Outcome of a rule: a band's index in the band array, or one of these. */
#define RS_OUTCOME_NO_HIT	(-1)
#define RS_OUTCOME_MISSING	(-2)
#define RS_OUTCOME_STALE	(-3)
#define RS_OUTCOME_EXEMPT	(-4)
#define RS_OUTCOME_OUTSIDE	(-5)	/* the rule is for other business lines */
#define RS_OUTCOME_NOT_RUN	(-6)
#define RS_OUTCOME_NOT_APPLICABLE	(-7)	/* a fact says so */

typedef struct RsOverride
{
	bool		given;
	RsLevel		level;
} RsOverride;

typedef struct RsVerdict
{
	RsLevel		level;			/* after the override; unknown: open, at least at_least */
	RsLevel		computed;		/* before it */
	RsLevel		at_least;		/* what is established, after the override */
	RsLevel		floor;			/* of the red lines hit */
	RsLevel		possible;		/* worst that the missing data could mean */
	RsLevel		relaxed;		/* with the margin: for sticky_level */
	bool		override_blocked;	/* a red line did not let it lower the level all the way */
	bool		override_open;	/* a red line that no override lowers has no data */
	int128		score;
	int128		weight_known,
				weight_all;
} RsVerdict;

/*
 * Judge one entity. Arrays by fact column: state, value, age in days (NULL:
 * ages do not matter). Arrays by rule: scope (NULL, RS_OUTCOME_EXEMPT or
 * RS_OUTCOME_OUTSIDE where not 0) and, filled here, outcome.
 */
extern void rs_grade_entity(const RsRuleset *ruleset, const RsBand *band,
							const uint8 *state, const float8 *value, const int32 *age,
							const int8 *scope, RsOverride override,
							int32 *outcome, RsVerdict *verdict);

#endif							/* RS_GRADE_H */
