/*
 * src/statistic_series.c
 *	  Change in a series: growth_peak, growth_over, cusum, ewma.
 *
 * Growth collects its points and sorts them at the end (row order does not
 * matter, so parallel plans are fine); the smallest base inside the trailing
 * window is found with a monotone queue, in one pass. CUSUM with reset and
 * EWMA are recursions: they take their rows in the order given and are meant
 * as window functions, OVER (... ORDER BY at).
 */
#include "postgres.h"

#include <math.h>

#include "common/int.h"
#include "libpq/pqformat.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "duration.h"
#include "rs_memory.h"
#include "statistic.h"

#define GROWTH_TAG	0x47524F57
#define SMALL_LIST	4096

typedef struct Point
{
	TimestampTz at;
	float8		value;
} Point;

typedef struct GrowthState
{
	uint64		n,
				capacity;
	int64		window;			/* microseconds */
	float8		min_increase;
	bool		sorted;
	Point	   *point;
} GrowthState;

#define ST_SORT sort_points
#define ST_ELEMENT_TYPE Point
#define ST_COMPARE(x, y) \
	((x)->at != (y)->at ? ((x)->at < (y)->at ? -1 : 1) : \
	 (x)->value != (y)->value ? ((x)->value < (y)->value ? -1 : 1) : 0)
#define ST_SCOPE static
#define ST_DEFINE
#define ST_CHECK_FOR_INTERRUPTS
#include "lib/sort_template.h"

/* The length of a window; zero has none. */
static int64
window_usecs(const Interval *interval, const char *argument)
{
	int64		result = rs_interval_usecs(interval, argument);

	if (result == 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("%s must be longer than zero", argument)));
	return result;
}

static void
add_points(MemoryContext context, GrowthState *state, const Point *from, uint64 n)
{
	uint64		needed = state->n + n;

	if (needed > state->capacity)
	{
		if (needed <= SMALL_LIST)
		{
			uint64		want = Max(Max(needed, 16), state->capacity * 2);

			state->point = state->point ? repalloc(state->point, want * sizeof(Point)) :
				MemoryContextAlloc(context, want * sizeof(Point));
			state->capacity = want;
		}
		else
			state->point = rs_grow(context, state->point, &state->capacity, needed,
								   sizeof(Point), "the points of one series");
	}
	if (n > 0)
		memcpy(state->point + state->n, from, n * sizeof(Point));
	state->n = needed;
	state->sorted = false;
}

/* _growth_accum(internal, balance float8, at timestamptz, window interval [, min_increase float8]) */
PG_FUNCTION_INFO_V1(rs_growth_accum);
Datum
rs_growth_accum(PG_FUNCTION_ARGS)
{
	MemoryContext context = rs_aggregate_context(fcinfo);
	GrowthState *state = PG_ARGISNULL(0) ? NULL : (GrowthState *) PG_GETARG_POINTER(0);
	int64		window;
	float8		min_increase = 0;

	if (PG_ARGISNULL(3))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("growth needs a window on every row")));
	window = window_usecs(PG_GETARG_INTERVAL_P(3), "within");
	if (PG_NARGS() > 4 && !PG_ARGISNULL(4))
		min_increase = PG_GETARG_FLOAT8(4);
	if (state == NULL)
	{
		state = MemoryContextAllocZero(context, sizeof(GrowthState));
		state->window = window;
		state->min_increase = min_increase;
	}
	else if (state->window != window || state->min_increase != min_increase)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("growth needs the same window and least increase on every row of a group")));
	if (!PG_ARGISNULL(1) && !PG_ARGISNULL(2))
	{
		Point		point = {PG_GETARG_TIMESTAMPTZ(2), PG_GETARG_FLOAT8(1)};

		rs_check_amount(point.value, "growth");
		if (TIMESTAMP_NOT_FINITE(point.at))
			ereport(ERROR,
					(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
					 errmsg("growth needs finite times")));
		add_points(context, state, &point, 1);
	}
	PG_RETURN_POINTER(state);
}

/* _growth_combine(internal, internal) -> internal */
PG_FUNCTION_INFO_V1(rs_growth_combine);
Datum
rs_growth_combine(PG_FUNCTION_ARGS)
{
	MemoryContext context = rs_aggregate_context(fcinfo);
	GrowthState *into = PG_ARGISNULL(0) ? NULL : (GrowthState *) PG_GETARG_POINTER(0);
	GrowthState *from = PG_ARGISNULL(1) ? NULL : (GrowthState *) PG_GETARG_POINTER(1);

	if (from == NULL && into == NULL)
		PG_RETURN_NULL();
	if (from == NULL)
		PG_RETURN_POINTER(into);
	if (into == NULL)
	{
		into = MemoryContextAllocZero(context, sizeof(GrowthState));
		into->window = from->window;
		into->min_increase = from->min_increase;
	}
	else if (into->window != from->window || into->min_increase != from->min_increase)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("growth needs the same window and least increase on every row of a group")));
	add_points(context, into, from->point, from->n);
	PG_RETURN_POINTER(into);
}

/* _growth_serial(internal) -> bytea */
PG_FUNCTION_INFO_V1(rs_growth_serial);
Datum
rs_growth_serial(PG_FUNCTION_ARGS)
{
	GrowthState *state = (GrowthState *) PG_GETARG_POINTER(0);
	StringInfoData buffer;

	rs_aggregate_context(fcinfo);
	rs_state_begin(&buffer, GROWTH_TAG);
	pq_sendint64(&buffer, state->window);
	pq_sendfloat8(&buffer, state->min_increase);
	pq_sendint64(&buffer, state->n);
	if (state->n > 0)
		pq_sendbytes(&buffer, (const char *) state->point, state->n * sizeof(Point));
	PG_RETURN_BYTEA_P(rs_state_end(&buffer));
}

/* _growth_deserial(bytea, internal) -> internal */
PG_FUNCTION_INFO_V1(rs_growth_deserial);
Datum
rs_growth_deserial(PG_FUNCTION_ARGS)
{
	GrowthState *state = palloc0(sizeof(GrowthState));
	StringInfoData buffer;
	uint64		n;

	rs_aggregate_context(fcinfo);
	rs_state_open(PG_GETARG_BYTEA_PP(0), &buffer, GROWTH_TAG);
	state->window = pq_getmsgint64(&buffer);
	state->min_increase = pq_getmsgfloat8(&buffer);
	n = pq_getmsgint64(&buffer);
	if (n != (uint64) (buffer.len - buffer.cursor) / sizeof(Point))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
				 errmsg("invalid aggregate state")));
	add_points(CurrentMemoryContext, state, (const Point *) (buffer.data + buffer.cursor), n);
	buffer.cursor = buffer.len;
	rs_state_close(&buffer);
	PG_RETURN_POINTER(state);
}

static void
sort_state(GrowthState *state)
{
	if (!state->sorted && state->n > 1)
		sort_points(state->point, state->n);
	state->sorted = true;
}

/* _growth_peak_final(internal) -> float8: the largest growth over any s < t <= s + window */
PG_FUNCTION_INFO_V1(rs_growth_peak_final);
Datum
rs_growth_peak_final(PG_FUNCTION_ARGS)
{
	GrowthState *state = PG_ARGISNULL(0) ? NULL : (GrowthState *) PG_GETARG_POINTER(0);
	uint64	   *queue;
	uint64		head = 0,
				tail = 0,
				entered = 0;
	float8		peak = -INFINITY;

	rs_aggregate_context(fcinfo);
	if (state == NULL || state->n < 2)
		PG_RETURN_NULL();
	sort_state(state);
	queue = rs_alloc(CurrentMemoryContext, state->n, sizeof(uint64), "the window of a growth rate");
	for (uint64 i = 0; i < state->n; i++)
	{
		const Point *p = &state->point[i];

		if ((i & 0xffff) == 0)
			CHECK_FOR_INTERRUPTS();
		/* strictly earlier points enter, ascending values stay in the queue */
		for (; entered < i && state->point[entered].at < p->at; entered++)
		{
			if (state->point[entered].value <= 0)
				continue;		/* no growth from nothing */
			while (tail > head && state->point[queue[tail - 1]].value >= state->point[entered].value)
				tail--;
			queue[tail++] = entered;
		}
		while (head < tail && p->at - state->point[queue[head]].at > state->window)
			head++;
		if (head < tail)
		{
			float8		base = state->point[queue[head]].value;

			if (p->value - base >= state->min_increase || state->min_increase <= 0)
				peak = Max(peak, (p->value - base) / base);
		}
	}
	pfree(queue);
	if (isinf(peak))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(peak);
}

/* _growth_over_final(internal) -> float8: the last value against the one a window earlier */
PG_FUNCTION_INFO_V1(rs_growth_over_final);
Datum
rs_growth_over_final(PG_FUNCTION_ARGS)
{
	GrowthState *state = PG_ARGISNULL(0) ? NULL : (GrowthState *) PG_GETARG_POINTER(0);
	const Point *last;

	rs_aggregate_context(fcinfo);
	if (state == NULL || state->n < 2)
		PG_RETURN_NULL();
	sort_state(state);
	last = &state->point[state->n - 1];
	for (uint64 i = state->n - 1; i-- > 0;)
	{
		const Point *base = &state->point[i];

		if (last->at - base->at < state->window)
			continue;
		/* filings have gaps, but a base older than two windows is no base */
		if (last->at - base->at > 2 * state->window || base->value <= 0 ||
			(state->min_increase > 0 && last->value - base->value < state->min_increase))
			break;
		PG_RETURN_FLOAT8((last->value - base->value) / base->value);
	}
	PG_RETURN_NULL();
}

/* ---- cusum ---- */

typedef struct CusumState
{
	float8		sum;
	int64		alarms;
	bool		reset;			/* the sum just passed the limit */
	bool		any;
	bool		no_spread;
} CusumState;

/* _cusum_accum(internal, x float8, mean float8, sd float8, k float8, h float8) */
PG_FUNCTION_INFO_V1(rs_cusum_accum);
Datum
rs_cusum_accum(PG_FUNCTION_ARGS)
{
	MemoryContext context = rs_aggregate_context(fcinfo);
	CusumState *state = PG_ARGISNULL(0) ?
		MemoryContextAllocZero(context, sizeof(CusumState)) : (CusumState *) PG_GETARG_POINTER(0);

	if (!PG_ARGISNULL(1))
	{
		float8		x = PG_GETARG_FLOAT8(1);

		if (PG_ARGISNULL(2) || PG_ARGISNULL(3) || PG_ARGISNULL(4))
			ereport(ERROR,
					(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					 errmsg("cusum needs mean, sd and k")));
		if (isnan(PG_GETARG_FLOAT8(4)) || PG_GETARG_FLOAT8(4) < 0 ||
			(!PG_ARGISNULL(5) && (isnan(PG_GETARG_FLOAT8(5)) || PG_GETARG_FLOAT8(5) < 0)))
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("cusum needs a k and an h that are not negative"),
					 errdetail("The sum never falls below zero, so below zero every row would be an alarm."),
					 errhint("Usual are k = 0.5 and h = 4 or 5; h NULL: never an alarm.")));
		rs_check_amount(x, "cusum");
		if (!(PG_GETARG_FLOAT8(3) > 0))
			state->no_spread = true;
		else
		{
			float8		base = state->reset ? 0 : state->sum;

			state->sum = Max(0, base + (x - PG_GETARG_FLOAT8(2)) / PG_GETARG_FLOAT8(3) - PG_GETARG_FLOAT8(4));
			/* h NULL: never reset */
			state->reset = !PG_ARGISNULL(5) && state->sum > PG_GETARG_FLOAT8(5);
			if (state->reset)
				state->alarms++;
		}
		state->any = true;
	}
	PG_RETURN_POINTER(state);
}

/* _cusum_final(internal) -> float8 */
PG_FUNCTION_INFO_V1(rs_cusum_final);
Datum
rs_cusum_final(PG_FUNCTION_ARGS)
{
	CusumState *state = PG_ARGISNULL(0) ? NULL : (CusumState *) PG_GETARG_POINTER(0);

	rs_aggregate_context(fcinfo);
	if (state == NULL || !state->any || state->no_spread)
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(state->sum);
}

/* _cusum_alarms_final(internal) -> bigint */
PG_FUNCTION_INFO_V1(rs_cusum_alarms_final);
Datum
rs_cusum_alarms_final(PG_FUNCTION_ARGS)
{
	CusumState *state = PG_ARGISNULL(0) ? NULL : (CusumState *) PG_GETARG_POINTER(0);

	rs_aggregate_context(fcinfo);
	if (state == NULL || !state->any || state->no_spread)
		PG_RETURN_NULL();
	PG_RETURN_INT64(state->alarms);
}

/* ---- ewma ---- */

typedef struct EwmaState
{
	bool		any;
	float8		mean;
	TimestampTz at;
} EwmaState;

static EwmaState *
ewma_state(FunctionCallInfo fcinfo)
{
	MemoryContext context = rs_aggregate_context(fcinfo);

	return PG_ARGISNULL(0) ? MemoryContextAllocZero(context, sizeof(EwmaState)) :
		(EwmaState *) PG_GETARG_POINTER(0);
}

/* _ewma_accum(internal, x float8, lambda float8) */
PG_FUNCTION_INFO_V1(rs_ewma_accum);
Datum
rs_ewma_accum(PG_FUNCTION_ARGS)
{
	EwmaState  *state = ewma_state(fcinfo);

	if (PG_ARGISNULL(2) || !(PG_GETARG_FLOAT8(2) > 0 && PG_GETARG_FLOAT8(2) <= 1))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("ewma needs a lambda above 0 and up to 1")));
	if (!PG_ARGISNULL(1))
	{
		float8		x = PG_GETARG_FLOAT8(1);

		rs_check_amount(x, "ewma");
		state->mean = state->any ? state->mean + PG_GETARG_FLOAT8(2) * (x - state->mean) : x;
		state->any = true;
	}
	PG_RETURN_POINTER(state);
}

/* _ewma_accum(internal, x float8, at timestamptz, tau interval): weight 1 - e^(-dt/tau) */
PG_FUNCTION_INFO_V1(rs_ewma_time_accum);
Datum
rs_ewma_time_accum(PG_FUNCTION_ARGS)
{
	EwmaState  *state = ewma_state(fcinfo);

	if (PG_ARGISNULL(3))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("ewma needs tau")));
	if (!PG_ARGISNULL(1) && !PG_ARGISNULL(2))
	{
		float8		x = PG_GETARG_FLOAT8(1);
		TimestampTz at = PG_GETARG_TIMESTAMPTZ(2);
		int64		tau = window_usecs(PG_GETARG_INTERVAL_P(3), "tau");

		rs_check_amount(x, "ewma");
		if (TIMESTAMP_NOT_FINITE(at) || (state->any && at < state->at))
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("ewma needs finite times in order"),
					 errhint("Write OVER (... ORDER BY at), or ewma(x, at, tau ORDER BY at).")));
		state->mean = state->any ?
			state->mean - expm1(-(float8) (at - state->at) / (float8) tau) * (x - state->mean) : x;
		state->at = at;
		state->any = true;
	}
	PG_RETURN_POINTER(state);
}

/* _ewma_final(internal) -> float8 */
PG_FUNCTION_INFO_V1(rs_ewma_final);
Datum
rs_ewma_final(PG_FUNCTION_ARGS)
{
	EwmaState  *state = PG_ARGISNULL(0) ? NULL : (EwmaState *) PG_GETARG_POINTER(0);

	rs_aggregate_context(fcinfo);
	if (state == NULL || !state->any)
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(state->mean);
}
