/*
 * src/grade_facts.c
 *	  Facts, exemptions and overrides of a grading, read from query texts.
 *
 * A dense table entity x indicator keeps for each cell the newest fact: the
 * latest as_of up to the day asked, and of that the latest known_at up to the
 * instant asked. Facts later than either do not exist yet, nor do entities
 * that have only such facts. Two different values for the same cell, day and
 * instant are an error: which one is right is not ours to say.
 *
 * Memory: 9 bytes a cell, 17 more with as_of and known_at, in the budget.
 * Facts of indicators that the ruleset does not read are passed over.
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_collation.h"
#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "grade_run.h"
#include "rs_memory.h"

/* exemptions: the ruleset does not judge these for a while */
enum { X_ENTITY, X_RULE, X_FROM, X_TO, X_KNOWN, X_COLUMNS };
static const RsColumn exemption_column[X_COLUMNS] = {
	[X_ENTITY] = {"entity", RS_ID, RS_REQUIRED | RS_NOT_NULL, RS_INTERN_ACCOUNT},
	[X_RULE] = {"rule", RS_TEXT, RS_REQUIRED | RS_NOT_NULL},
	[X_FROM] = {"valid_from", RS_DATE, 0},
	[X_TO] = {"valid_to", RS_DATE, 0},
	[X_KNOWN] = {"known_at", RS_TIME, 0},
};
static const RsContract exemption_contract = {"exemptions", X_COLUMNS, exemption_column, X_ENTITY};

/* overrides: a person sets the level; they always expire */
enum { O_ENTITY, O_LEVEL, O_REASON, O_AUTHOR, O_FROM, O_TO, O_KNOWN, O_COLUMNS };
static const RsColumn override_column[O_COLUMNS] = {
	[O_ENTITY] = {"entity", RS_ID, RS_REQUIRED | RS_NOT_NULL, RS_INTERN_ACCOUNT},
	[O_LEVEL] = {"level", RS_TEXT, RS_REQUIRED | RS_NOT_NULL},
	[O_REASON] = {"reason", RS_TEXT, RS_REQUIRED | RS_NOT_NULL},
	[O_AUTHOR] = {"author", RS_TEXT, RS_REQUIRED | RS_NOT_NULL},
	[O_FROM] = {"valid_from", RS_DATE, RS_REQUIRED | RS_NOT_NULL | RS_FINITE},
	[O_TO] = {"valid_to", RS_DATE, RS_REQUIRED | RS_NOT_NULL | RS_FINITE},
	[O_KNOWN] = {"known_at", RS_TIME, 0},
};
static const RsContract override_contract = {"overrides", O_COLUMNS, override_column, O_ENTITY};

static void
grow_entities(RsFacts *f, uint32 entity)
{
	uint64		old = f->capacity,
				want = old,
				cells;
	int			c = Max(f->ncolumns, 1);

	if (entity < f->nentities)
		return;
	if (entity >= old)
	{
#define GROW(field, per) \
	(f->field = rs_resize(f->budget, f->field, want * (per), sizeof(*f->field), "the facts of a grading"))
		want = Max(Max(old + old / 2, (uint64) entity + 1), 64);
		GROW(state, c);
		GROW(value, c);
		if (f->day)
			GROW(day, c);
		if (f->known)
			GROW(known, c);
		GROW(seen, 1);
		GROW(segment, 1);
		GROW(segment_day, 1);
		GROW(segment_known, 1);
		GROW(has_segment, 1);
#undef GROW
		cells = (want - old) * c;
		memset(f->state + old * c, RS_FACT_ABSENT, cells);
		memset(f->seen + old, 0, want - old);
		memset(f->has_segment + old, 0, want - old);
		memset(f->segment + old, 0, (want - old) * sizeof(*f->segment));
		f->capacity = want;
	}
	f->nentities = entity + 1;
}

static int
find_column(RsFacts *f, uint32 indicator)
{
	RsInterner *in = rs_query_interner(f->query, RS_INTERN_OTHER);

	if (indicator >= f->column_capacity || f->column_of[indicator] == -2)
	{
		uint64		old = f->column_capacity;
		char	   *name;

		f->column_of = rs_grow(f->budget, f->column_of, &f->column_capacity, (uint64) indicator + 1,
							   sizeof(int), "the indicators of a grading");
		for (uint64 i = old; i < f->column_capacity; i++)
			f->column_of[i] = -2;
		name = TextDatumGetCString(rs_interner_text(in, indicator));
		f->column_of[indicator] = -1;
		for (int c = 0; c < f->ncolumns; c++)
			if (strcmp(f->ruleset->column_name[c], name) == 0)
				f->column_of[indicator] = c;
		pfree(name);
	}
	return f->column_of[indicator];
}

static void
two_values(RsFacts *f, uint32 entity, const char *what, const char *name)
{
	ereport(ERROR,
			(errcode(ERRCODE_CARDINALITY_VIOLATION),
			 errmsg("the facts query has two different %s for the same entity, day and known_at", what),
			 errdetail("Entity %s%s%s.",
					   TextDatumGetCString(rs_interner_text(rs_query_interner(f->query, RS_INTERN_ACCOUNT), entity)),
					   name ? ", indicator " : "", name ? name : ""),
			 errhint("Aggregate in the query, or give the corrected fact a later known_at.")));
}

static void
take_segment(RsFacts *f, uint32 e, Datum text, int32 day, TimestampTz known)
{
	bool		found;
	uint32		id = rs_intern(f->segment_names, text, &found);

	if (f->has_segment[e])
	{
		if (day < f->segment_day[e] || (day == f->segment_day[e] && known < f->segment_known[e]))
			return;
		if (day == f->segment_day[e] && known == f->segment_known[e] && f->segment[e] != id + 1)
			two_values(f, e, "segments", NULL);
	}
	f->has_segment[e] = true;
	f->segment[e] = id + 1;		/* 0 is "no segment" */
	f->segment_day[e] = day;
	f->segment_known[e] = known;
}

static void
take_fact(void *arg, const RsRow *row)
{
	RsFacts    *f = arg;
	uint32		e = row->value[RS_F_ENTITY].id;
	int			c = find_column(f, row->value[RS_F_INDICATOR].id);
	int32		day = row->isnull[RS_F_AS_OF] ? DATEVAL_NOBEGIN : row->value[RS_F_AS_OF].date;
	TimestampTz known = row->isnull[RS_F_KNOWN_AT] ? DT_NOBEGIN : row->value[RS_F_KNOWN_AT].time;
	uint64		cell;
	uint8		state;

	grow_entities(f, e);
	if (day > f->ruleset->as_of || known > f->ruleset->known_at)
		return;
	/* the register says what its checks found: what they said before it is over */
	if (f->ruleset->check && !row->isnull[RS_F_AS_OF] && (c < 0 || f->ruleset->registered[c]) &&
		(day < f->ruleset->register_day ||
		 (day == f->ruleset->register_day && known < f->ruleset->register_known)))
		return;
	f->seen[e] = true;
	if (!row->isnull[RS_F_SEGMENT])
		take_segment(f, e, row->value[RS_F_SEGMENT].text, day, known);
	if (c < 0)
	{
		f->ignored++;
		return;
	}
	f->used++;
	cell = (uint64) e * f->ncolumns + c;
	if (!row->isnull[RS_F_APPLICABLE] && !row->value[RS_F_APPLICABLE].boolean)
	{
		if (!row->isnull[RS_F_VALUE])
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("a fact has a value and says that its indicator does not apply"),
					 errdetail("Entity %s, indicator %s.",
							   TextDatumGetCString(rs_interner_text(rs_query_interner(f->query, RS_INTERN_ACCOUNT), e)),
							   f->ruleset->column_name[c]),
					 errhint("Give such facts the value NULL, or leave applicable true.")));
		state = RS_FACT_OUTSIDE;
	}
	else
		state = row->isnull[RS_F_VALUE] ? RS_FACT_NULL :
			!row->isnull[RS_F_CONFIRMED] && !row->value[RS_F_CONFIRMED].boolean ? RS_FACT_CANDIDATE : RS_FACT_VALUE;
	if (f->state[cell] != RS_FACT_ABSENT)
	{
		int32		old_day = f->day ? f->day[cell] : DATEVAL_NOBEGIN;
		TimestampTz old_known = f->known ? f->known[cell] : DT_NOBEGIN;

		if (day < old_day || (day == old_day && known < old_known))
			return;
		if (day == old_day && known == old_known)
		{
			if (state != f->state[cell] ||
				(state >= RS_FACT_VALUE && row->value[RS_F_VALUE].real != f->value[cell]))
				two_values(f, e, "values", f->ruleset->column_name[c]);
			return;
		}
	}
	f->state[cell] = state;
	f->value[cell] = state >= RS_FACT_VALUE ? row->value[RS_F_VALUE].real : 0;
	if (f->day)
		f->day[cell] = day;
	if (f->known)
		f->known[cell] = known;
}

RsFacts *
rs_facts_read(const char *facts, const RsLoadedRuleset *ruleset, RsBadRows bad_rows, MemoryContext budget)
{
	MemoryContext old = MemoryContextSwitchTo(budget);
	RsFacts    *f = palloc0(sizeof(RsFacts));
	uint32		count;

	f->ruleset = ruleset;
	f->budget = budget;
	f->ncolumns = ruleset->engine.ncolumns;
	f->query = rs_query_open(facts, &rs_facts_contract, bad_rows, budget, NULL);
	if (rs_query_has(f->query, RS_F_AS_OF))
		f->day = rs_alloc(budget, 1, sizeof(int32), "the facts of a grading");
	if (rs_query_has(f->query, RS_F_KNOWN_AT))
		f->known = rs_alloc(budget, 1, sizeof(TimestampTz), "the facts of a grading");
	f->segment_names = rs_interner_create(budget, TEXTOID, C_COLLATION_OID);
	rs_query_read(f->query, take_fact, NULL, f);

	if (f->ignored > 0 && f->used == 0 && ruleset->check == NULL)
		ereport(WARNING,
				(errmsg("no fact is about an indicator of ruleset \"%s\" version %d", ruleset->name, ruleset->version),
				 errhint("Compare the indicators of the facts query with risk_screen.ruleset_rule.indicator.")));

	/* from days to ages, in place */
	if (f->day)
	{
		uint64		cells = (uint64) f->nentities * f->ncolumns;

		for (uint64 i = 0; i < cells; i++)
			f->day[i] = f->state[i] == RS_FACT_ABSENT || f->day[i] == DATEVAL_NOBEGIN ? 0 :
				ruleset->as_of - f->day[i];
		f->age = f->day;
	}

	count = rs_interner_count(f->segment_names);
	f->nsegments = (uint64) count + 1;
	f->segments = rs_alloc0(budget, f->nsegments, sizeof(RsSegment), "the segments of a grading");
	for (uint64 s = 0; s < f->nsegments; s++)
	{
		f->segments[s].text = s == 0 ? pstrdup("") :
			TextDatumGetCString(rs_interner_text(f->segment_names, (uint32) (s - 1)));
		rs_segment_load(ruleset, &f->segments[s], s > 0 ? &f->segments[0] : NULL, budget);
	}
	MemoryContextSwitchTo(old);
	return f;
}

static int
find_rule(const RsLoadedRuleset *rs, const char *code)
{
	for (int r = 0; r < rs->engine.nrules; r++)
		if (strcmp(rs->rule_text[r].code, code) == 0)
			return r;
	return -1;
}

/* Is a row's validity [from, to) and knowledge in force for this grading? */
static bool
in_force(const RsLoadedRuleset *rs, const RsRow *row, int from, int to, int known)
{
	return (row->isnull[from] || row->value[from].date <= rs->as_of) &&
		(row->isnull[to] || rs->as_of < row->value[to].date) &&
		(row->isnull[known] || row->value[known].time <= rs->known_at);
}

static void
take_exemption(void *arg, const RsRow *row)
{
	RsFacts    *f = arg;
	uint32		e = row->value[X_ENTITY].id;
	int			r;

	if (e >= f->nentities || !in_force(f->ruleset, row, X_FROM, X_TO, X_KNOWN))
		return;
	r = find_rule(f->ruleset, TextDatumGetCString(row->value[X_RULE].text));
	if (r < 0)
		return;
	if (f->scope[e] == NULL)
		f->scope[e] = rs_alloc0(f->budget, f->ruleset->engine.nrules, sizeof(int8), "the exemptions of a grading");
	f->scope[e][r] = RS_OUTCOME_EXEMPT;
}

void
rs_facts_read_exemptions(RsFacts *f, const char *exemptions)
{
	MemoryContext old = MemoryContextSwitchTo(f->budget);
	RsInterner *interner[RS_MAX_INTERNERS] = {[RS_INTERN_ACCOUNT] = rs_query_interner(f->query, RS_INTERN_ACCOUNT)};
	RsQuery    *q = rs_query_open(exemptions, &exemption_contract, RS_BAD_ERROR, f->budget, interner);

	f->scope = rs_alloc0(f->budget, f->nentities, sizeof(int8 *), "the exemptions of a grading");
	rs_query_read(q, take_exemption, NULL, f);
	rs_query_close(q);
	MemoryContextSwitchTo(old);
}

static void
take_override(void *arg, const RsRow *row)
{
	RsFacts    *f = arg;
	uint32		e = row->value[O_ENTITY].id;
	TimestampTz known = row->isnull[O_KNOWN] ? DT_NOBEGIN : row->value[O_KNOWN].time;
	char	   *name;
	int			level;

	if (row->value[O_TO].date <= row->value[O_FROM].date)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("an override ends before it begins"),
				 errdetail("Entity %s.",
						   TextDatumGetCString(rs_interner_text(rs_query_interner(f->query, RS_INTERN_ACCOUNT), e)))));
	if (e >= f->nentities || !in_force(f->ruleset, row, O_FROM, O_TO, O_KNOWN))
		return;
	name = TextDatumGetCString(row->value[O_LEVEL].text);
	for (level = 0; level < RS_LEVELS; level++)
		if (strcmp(name, rs_level_name[level]) == 0)
			break;
	if (level == RS_LEVELS)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("unknown level \"%s\" in the overrides query", name),
				 errhint("Levels are green, unknown, yellow, orange, red.")));
	/* the latest known wins; of two at once the worse level */
	if (f->override[e].given &&
		(known < f->override_known[e] ||
		 (known == f->override_known[e] && level <= f->override[e].level)))
		return;
	f->override[e].given = true;
	f->override[e].level = (RsLevel) level;
	f->override_known[e] = known;
	f->override_until[e] = row->value[O_TO].date;
	f->override_reason[e] = psprintf("%s (%s)", TextDatumGetCString(row->value[O_REASON].text),
									 TextDatumGetCString(row->value[O_AUTHOR].text));
}

void
rs_facts_read_overrides(RsFacts *f, const char *overrides)
{
	MemoryContext old = MemoryContextSwitchTo(f->budget);
	RsInterner *interner[RS_MAX_INTERNERS] = {[RS_INTERN_ACCOUNT] = rs_query_interner(f->query, RS_INTERN_ACCOUNT)};
	RsQuery    *q = rs_query_open(overrides, &override_contract, RS_BAD_ERROR, f->budget, interner);

	f->override = rs_alloc0(f->budget, f->nentities, sizeof(RsOverride), "the overrides of a grading");
	f->override_known = rs_alloc0(f->budget, f->nentities, sizeof(TimestampTz), "the overrides of a grading");
	f->override_until = rs_alloc0(f->budget, f->nentities, sizeof(DateADT), "the overrides of a grading");
	f->override_reason = rs_alloc0(f->budget, f->nentities, sizeof(char *), "the overrides of a grading");
	rs_query_read(q, take_override, NULL, f);
	rs_query_close(q);
	MemoryContextSwitchTo(old);
}

/* Of unknown line: nothing may be left out in its favour. */
static bool
in_lines(const RsSegment *segment, int nlines, char **line)
{
	if (nlines < 0 || segment->nlines < 0)
		return true;
	for (int k = 0; k < nlines; k++)
		for (int s = 0; s < segment->nlines; s++)
			if (strcmp(line[k], segment->line[s]) == 0)
				return true;
	return false;
}

void
rs_facts_judge(const RsFacts *f, uint32 e, int8 *scope, int32 *outcome, RsVerdict *verdict)
{
	const RsLoadedRuleset *rs = f->ruleset;
	const RsSegment *segment = &f->segments[f->segment[e]];
	const uint8 *state = f->state + (uint64) e * f->ncolumns;
	RsRuleset	engine = rs->engine;
	RsOverride	none = {false, RS_GREEN};

	engine.rule = segment->rule;
	for (int r = 0; r < engine.nrules; r++)
	{
		const RsRuleText *label = &rs->rule_text[r];

		scope[r] = 0;
		if (!in_lines(segment, label->nlines, label->line) ||
			(label->counts_findings && !in_lines(segment, label->check->nlines, label->check->line)))
		{
			/* what a check found, or could not judge, counts whatever the line of the one it was about */
			if (!label->counts_findings || state[engine.rule[r].column] < RS_FACT_NULL)
				scope[r] = RS_OUTCOME_OUTSIDE;
		}
		if (f->scope && f->scope[e] && f->scope[e][r] != 0)
			scope[r] = f->scope[e][r];
	}
	rs_grade_entity(&engine, segment->band, state, f->value + (uint64) e * f->ncolumns,
					f->age ? f->age + (uint64) e * f->ncolumns : NULL,
					scope, f->override ? f->override[e] : none, outcome, verdict);
}
