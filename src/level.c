/*
 * src/level.c
 *	  risk_level in C, and sticky_level: up at once, down only after a hold.
 *
 * Read as a step function, an observed level holds from its row until the next
 * one. sticky_level is the worst level that was in force at some time in the
 * last `hold`: the maximum of that step function over a trailing window. With
 * five levels no queue is needed: per level, the end of its last time in force
 * is kept, so the state is constant and a row costs a few comparisons.
 *
 * A missing observation (unknown, NULL) keeps the level and the clock waiting:
 * it can neither lower a level nor count towards the hold. From green it shows
 * as unknown, and unknown gives way at once when data come back. Where `relaxed`
 * says what is established although data are missing, the level rises to it.
 *
 * The state is small enough to be kept with each grade: sticky_next() takes the
 * state of the last row and gives the next one, so that a new day costs one
 * step and not the whole history. The aggregate is the same step, repeated.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_enum.h"
#include "catalog/pg_type.h"
#include "common/int.h"
#include "executor/executor.h"
#include "fmgr.h"
#include "funcapi.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/syscache.h"
#include "utils/timestamp.h"

#include "level.h"
#include "statistic.h"

const char *const rs_level_name[RS_LEVELS] = {"green", "unknown", "yellow", "orange", "red"};

void
rs_level_map(Oid type, RsLevelMap *map)
{
	for (int i = 0; i < RS_LEVELS; i++)
	{
		HeapTuple	tuple = SearchSysCache2(ENUMTYPOIDNAME, ObjectIdGetDatum(type),
											CStringGetDatum(rs_level_name[i]));

		if (!HeapTupleIsValid(tuple))
			elog(ERROR, "enum type %u has no label \"%s\"", type, rs_level_name[i]);
		map->oid[i] = ((Form_pg_enum) GETSTRUCT(tuple))->oid;
		ReleaseSysCache(tuple);
	}
}

RsLevel
rs_level_of_oid(const RsLevelMap *map, Oid oid)
{
	for (int i = 0; i < RS_LEVELS; i++)
		if (map->oid[i] == oid)
			return (RsLevel) i;
	elog(ERROR, "invalid risk_level %u", oid);
}

typedef struct StickyState
{
	RsLevelMap	map;
	bool		any;
	RsLevel		current;		/* what sticky_level says */
	RsLevel		in_force;		/* the step function since the last row */
	TimestampTz at;				/* of the last row */
	TimestampTz until[RS_LEVELS];	/* end of the last time in force at or above */
} StickyState;

/* Days of 24 hours, months of 30 days: the same in every session time zone. */
static int64
hold_microseconds(const Interval *hold)
{
	int64		days,
				result;

	if (pg_mul_s64_overflow(hold->month, DAYS_PER_MONTH, &days) ||
		pg_add_s64_overflow(days, hold->day, &days) ||
		pg_mul_s64_overflow(days, USECS_PER_DAY, &result) ||
		pg_add_s64_overflow(result, hold->time, &result))
		ereport(ERROR,
				(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
				 errmsg("hold is out of range")));
	if (result < 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("hold must not be negative")));
	return result;
}

/* One more row: level (missing: none seen), relaxed or -1, its time and the hold. */
static void
sticky_step(StickyState *s, RsLevel level, int relaxed, TimestampTz at, int64 hold)
{
	bool		missing = level == RS_UNKNOWN;
	RsLevel		in_force;

	/* of an open grade `relaxed` is what is established all the same */
	if (missing && relaxed > RS_UNKNOWN)
		level = (RsLevel) relaxed;

	if (s->any && at < s->at)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("sticky_level needs its rows in order of time"),
				 errhint("Write OVER (PARTITION BY ... ORDER BY at), or sticky_level(level, at, hold ORDER BY at).")));
	if (!s->any)
		s->current = in_force = level;
	else
	{
		RsLevel		now;

		for (int l = 0; l <= s->in_force; l++)
			s->until[l] = at;
		if (missing)
			in_force = Max(s->current, level);
		else if (level < s->current && relaxed >= 0)
			in_force = Max(level, Min(s->current, (RsLevel) relaxed));
		else
			in_force = level;
		now = in_force;
		/* unknown holds nothing: back to green as soon as data say so */
		for (int l = s->current; l > now && l > RS_UNKNOWN; l--)
			if (at - s->until[l] < hold)
				now = (RsLevel) l;
		s->current = now;
	}
	s->in_force = in_force;
	s->at = at;
	s->any = true;
}

static void
need_time_and_hold(FunctionCallInfo fcinfo, int arg_at)
{
	if (PG_ARGISNULL(arg_at) || PG_ARGISNULL(arg_at + 1) ||
		TIMESTAMP_NOT_FINITE(PG_GETARG_TIMESTAMPTZ(arg_at)))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("sticky_level needs a finite time and a hold on every row")));
}

static Datum
sticky(FunctionCallInfo fcinfo, int arg_relaxed, int arg_at)
{
	MemoryContext context = rs_aggregate_context(fcinfo);
	StickyState *s;

	if (PG_ARGISNULL(0))
	{
		s = MemoryContextAllocZero(context, sizeof(StickyState));
		rs_level_map(get_fn_expr_argtype(fcinfo->flinfo, 1), &s->map);
	}
	else
		s = (StickyState *) PG_GETARG_POINTER(0);

	need_time_and_hold(fcinfo, arg_at);
	sticky_step(s, PG_ARGISNULL(1) ? RS_UNKNOWN : rs_level_of_oid(&s->map, PG_GETARG_OID(1)),
				arg_relaxed > 0 && !PG_ARGISNULL(arg_relaxed) ? (int) rs_level_of_oid(&s->map, PG_GETARG_OID(arg_relaxed)) : -1,
				PG_GETARG_TIMESTAMPTZ(arg_at), hold_microseconds(PG_GETARG_INTERVAL_P(arg_at + 1)));
	PG_RETURN_POINTER(s);
}

/* _sticky_accum(internal, risk_level, timestamptz, interval) -> internal */
PG_FUNCTION_INFO_V1(rs_sticky_accum);
Datum
rs_sticky_accum(PG_FUNCTION_ARGS)
{
	return sticky(fcinfo, 0, 2);
}

/* _sticky_accum(internal, risk_level, risk_level, timestamptz, interval) -> internal */
PG_FUNCTION_INFO_V1(rs_sticky_relaxed_accum);
Datum
rs_sticky_relaxed_accum(PG_FUNCTION_ARGS)
{
	return sticky(fcinfo, 2, 3);
}

/* _sticky_final(internal, risk_level ...) -> risk_level */
PG_FUNCTION_INFO_V1(rs_sticky_final);
Datum
rs_sticky_final(PG_FUNCTION_ARGS)
{
	StickyState *s;

	rs_aggregate_context(fcinfo);
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	s = (StickyState *) PG_GETARG_POINTER(0);
	PG_RETURN_OID(s->map.oid[s->current]);
}

/* Attributes of risk_screen.sticky_state. */
enum { STATE_LEVEL = 1, STATE_IN_FORCE, STATE_AT, STATE_UNTIL };

static void
read_state(HeapTupleHeader row, StickyState *s)
{
	bool		no_level,
				no_in_force,
				no_at,
				no_until;
	Datum		level = GetAttributeByNum(row, STATE_LEVEL, &no_level),
				in_force = GetAttributeByNum(row, STATE_IN_FORCE, &no_in_force),
				at = GetAttributeByNum(row, STATE_AT, &no_at),
				until = GetAttributeByNum(row, STATE_UNTIL, &no_until);
	Datum	   *element;
	bool	   *nulls;
	int			n;

	if (no_level && no_in_force && no_at && no_until)
		return;					/* a state of NULLs is no state */
	if (!no_until)
		deconstruct_array(DatumGetArrayTypeP(until), TIMESTAMPTZOID, sizeof(TimestampTz), FLOAT8PASSBYVAL, TYPALIGN_DOUBLE,
						  &element, &nulls, &n);
	if (no_level || no_in_force || no_at || no_until || n != RS_LEVELS || array_contains_nulls(DatumGetArrayTypeP(until)))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("not a state of sticky_next"),
				 errhint("Give the state that the call for the row before returned, NULL for the first row.")));
	s->any = true;
	s->current = rs_level_of_oid(&s->map, DatumGetObjectId(level));
	s->in_force = rs_level_of_oid(&s->map, DatumGetObjectId(in_force));
	s->at = DatumGetTimestampTz(at);
	for (int l = 0; l < RS_LEVELS; l++)
		s->until[l] = DatumGetTimestampTz(element[l]);
}

/*
 * sticky_next(state sticky_state, level risk_level, relaxed risk_level, at timestamptz, hold interval) -> sticky_state
 *
 * state NULL: the first row. level NULL: nothing known. relaxed NULL: no margin.
 * Applied row by row it gives in its field level what sticky_level() gives over
 * the rows. Error 22023 when at is before the state's, 22004 without at or hold.
 */
PG_FUNCTION_INFO_V1(rs_sticky_next);
Datum
rs_sticky_next(PG_FUNCTION_ARGS)
{
	StickyState s = {0};
	TupleDesc	desc;
	Datum		values[4],
				until[RS_LEVELS];
	bool		nulls[4] = {false};

	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "sticky_next does not return a row");
	/* the map of the levels is read once per call site */
	if (fcinfo->flinfo->fn_extra == NULL)
	{
		RsLevelMap *map = MemoryContextAlloc(fcinfo->flinfo->fn_mcxt, sizeof(RsLevelMap));

		rs_level_map(TupleDescAttr(desc, STATE_LEVEL - 1)->atttypid, map);
		fcinfo->flinfo->fn_extra = map;
	}
	s.map = *(RsLevelMap *) fcinfo->flinfo->fn_extra;
	if (!PG_ARGISNULL(0))
		read_state(PG_GETARG_HEAPTUPLEHEADER(0), &s);
	need_time_and_hold(fcinfo, 3);
	sticky_step(&s, PG_ARGISNULL(1) ? RS_UNKNOWN : rs_level_of_oid(&s.map, PG_GETARG_OID(1)),
				PG_ARGISNULL(2) ? -1 : (int) rs_level_of_oid(&s.map, PG_GETARG_OID(2)),
				PG_GETARG_TIMESTAMPTZ(3), hold_microseconds(PG_GETARG_INTERVAL_P(4)));
	for (int l = 0; l < RS_LEVELS; l++)
		until[l] = TimestampTzGetDatum(s.until[l]);
	values[0] = ObjectIdGetDatum(s.map.oid[s.current]);
	values[1] = ObjectIdGetDatum(s.map.oid[s.in_force]);
	values[2] = TimestampTzGetDatum(s.at);
	values[3] = PointerGetDatum(construct_array(until, RS_LEVELS, TIMESTAMPTZOID, sizeof(TimestampTz), FLOAT8PASSBYVAL, TYPALIGN_DOUBLE));
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), values, nulls)));
}
