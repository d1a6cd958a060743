/*
 * src/grade_run.h
 *	  What grade(), explain_grade() and shadow_grade() share.
 */
#ifndef RS_GRADE_RUN_H
#define RS_GRADE_RUN_H

#include "postgres.h"
#include "utils/date.h"
#include "utils/timestamp.h"

#include "grade.h"
#include "query_reader.h"

/* Texts of a rule and a band, for explanations. Datums are text, live in the budget. */
typedef struct RsRuleText
{
	char	   *code;
	Datum		code_datum,
				title_zh,
				title_en,
				unit,
				basis,
				plan,
				kind;
	bool		no_title_zh,
				no_title_en,
				no_basis,
				no_plan;
	int			nlines;			/* -1: all lines */
	char	  **line;
	Datum		weight;			/* numeric */
	Datum		missing_points;
	const struct RsCheck *check;	/* NULL: not in the register of checks */
	bool		red_line;
	bool		counts_findings;	/* the fact is the number of the check's findings */
	bool		unnamed;		/* judged by the check's severity */
	bool		missing_worst;	/* without a fact it counts as its worst band */
	char		direction;		/* 'h'igh or 'l'ow values are bad; 'a'ny: the bands say */
	bool		by_parameter;	/* some band of it depends on the day and the segment */
} RsRuleText;

/* One row of the register of checks. Datums are text or numeric, live in the budget. */
typedef struct RsCheck
{
	char	   *rule;
	char	   *indicator;
	RsAbsent	outcome;
	RsLevel		severity;		/* RS_GREEN: measured only */
	Datum		weight;
	bool		red_line;
	int			nlines;			/* -1: all lines */
	char	  **line;
	Datum		text[7];		/* title_zh .. reason_en, kind; 0: NULL */
} RsCheck;

typedef struct RsBandText
{
	char	   *outcome;
	Datum		outcome_datum,
				reason_zh,
				reason_en,
				points,			/* numeric */
				operator,
				parameter;
	bool		no_reason_zh,
				no_reason_en,
				no_operator,
				no_parameter,
				no_threshold;
	char	   *operator_name;
	float8		threshold;
} RsBandText;

/* A version, loaded for one day. */
typedef struct RsLoadedRuleset
{
	RsRuleset	engine;
	RsRule	   *rule;
	RsRuleText *rule_text;
	char	  **column_name;	/* indicator of each fact column */
	char	   *name;
	int			version;
	int			score_scale;
	Datum		candidate_share;	/* numeric */
	Datum		rule_points[RS_LEVELS];	/* numeric, 0: rules of this severity are not judged */
	RsCheck    *check;			/* by rule in "C" order; NULL: no register */
	int			nchecks;
	bool	   *registered;		/* by fact column: a check of the register fills it */
	DateADT		register_day;	/* of the register in force */
	TimestampTz register_known;
	bool		scoped;			/* some band depends on the segment */
	DateADT		as_of;
	TimestampTz known_at;
} RsLoadedRuleset;

/* Bands of one segment. */
typedef struct RsSegment
{
	char	   *text;			/* as in the facts; "" when none */
	int			nlines;			/* -1: unknown */
	char	  **line;
	RsBand	   *band;
	RsBandText *band_text;
	RsRule	   *rule;			/* with this segment's band numbers */
	int			nbands;
} RsSegment;

typedef struct RsFacts
{
	RsQuery    *query;
	uint32		nentities;
	int			ncolumns;
	uint8	   *state;			/* [entity][column] */
	float8	   *value;
	int32	   *age;			/* NULL when the query has no as_of */
	int32	   *day;
	TimestampTz *known;
	bool	   *seen;			/* [entity]: has a fact on that day */
	uint32	   *segment;		/* [entity] */
	int32	   *segment_day;
	TimestampTz *segment_known;
	bool	   *has_segment;
	RsSegment  *segments;
	uint64		nsegments;
	uint64		used,			/* facts of the ruleset's indicators, */
				ignored;		/* and of others */
	int8	  **scope;			/* [entity] -> [rule], NULL when nothing is exempt */
	RsOverride *override;		/* [entity], NULL when none */
	char	  **override_reason;
	DateADT    *override_until;
	/* private */
	const RsLoadedRuleset *ruleset;
	MemoryContext budget;
	uint64		capacity;
	int		   *column_of;		/* by interned indicator, -1: not used */
	uint64		column_capacity;
	TimestampTz *override_known;
	RsInterner *segment_names;
} RsFacts;

extern RsLoadedRuleset *rs_ruleset_load(const char *name, DateADT as_of, TimestampTz known_at,
										const char *checks, MemoryContext budget);
extern int	rs_ruleset_fact_column(RsLoadedRuleset *ruleset, const char *indicator);
extern int	rs_split_lines(const char *text, char ***line);

/* Reads the register of checks and adds the rules that the version does not name. */
extern void rs_checks_read(const char *checks, RsLoadedRuleset *ruleset, MemoryContext budget);
extern void rs_segment_load(const RsLoadedRuleset *ruleset, RsSegment *segment, const RsSegment *base,
							MemoryContext budget);

extern RsFacts *rs_facts_read(const char *facts, const RsLoadedRuleset *ruleset, RsBadRows bad_rows,
							  MemoryContext budget);
extern void rs_facts_read_exemptions(RsFacts *facts, const char *exemptions);
extern void rs_facts_read_overrides(RsFacts *facts, const char *overrides);

/* Judges entity number e; scope_buffer and outcome hold one element per rule. */
extern void rs_facts_judge(const RsFacts *facts, uint32 e, int8 *scope_buffer,
						   int32 *outcome, RsVerdict *verdict);

#endif							/* RS_GRADE_RUN_H */
