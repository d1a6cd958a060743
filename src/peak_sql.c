/*
 * src/peak_sql.c
 *	  peak_count, peak_sum, peak_max, peak_distinct and peak_detail: aggregates.
 *
 * The state is the list of rows; it is sorted when the result is asked for.
 * Lists of parallel workers are appended, so every plan gives the same peak.
 * The distinct form numbers its values and is not split between workers.
 * Rows without a time or value are left out, as aggregates do.
 *
 * The list lies in the aggregate's context itself: a context per group would
 * make a hash aggregate, which sums them at every new group, quadratic.
 */
#include "pg_compat.h"

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "funcapi.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/numeric.h"
#include "utils/timestamp.h"

#include "duration.h"
#include "intern.h"
#include "pattern_row.h"
#include "peak.h"
#include "query_reader.h"
#include "rs_memory.h"
#include "statistic.h"

#define STATE_TAG 0x5045414bu	/* "PEAK" */

/* Rows up to which a list grows without asking the budget. */
#define SMALL_LIST 64

typedef struct PeakState
{
	MemoryContext budget;
	RsTimedValue *row;
	uint64		n,
				capacity;
	int			scale;			/* of the values */
	int64		window;
	RsMeasure	measure;
	bool		sorted;
	RsInterner *values;			/* distinct only */
} PeakState;

static PeakState *
new_state(MemoryContext context, RsMeasure measure)
{
	PeakState  *state = MemoryContextAllocZero(context, sizeof(PeakState));

	state->budget = context;
	state->measure = measure;
	state->window = -1;
	return state;
}

static void
take_window(FunctionCallInfo fcinfo, int arg, PeakState *state)
{
	int64		window;

	if (PG_ARGISNULL(arg))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("window must not be null")));
	window = rs_interval_usecs(PG_GETARG_INTERVAL_P(arg), "window");
	if (state->window >= 0 && state->window != window)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("window must be the same for all rows of a group"),
				 errhint("Pass a constant, or group by the window.")));
	state->window = window;
}

static void
rescale(RsTimedValue *row, uint64 n, int by)
{
	int128		factor = 1;

	for (; by > 0; by--)
		factor *= 10;
	for (uint64 i = 0; i < n; i++)
		if (__builtin_mul_overflow(row[i].value, factor, &row[i].value))
			ereport(ERROR,
					(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
					 errmsg("amounts do not fit into 38 digits"),
					 errhint("Round them, for example to numeric(38,2).")));
}

static void
add_row(PeakState *state, TimestampTz at, int128 value)
{
	if (TIMESTAMP_NOT_FINITE(at))
		ereport(ERROR,
				(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
				 errmsg("time must be finite")));
	if (state->n >= state->capacity)
	{
		if (state->n < SMALL_LIST)
		{
			/* most groups are small, and there may be many */
			state->capacity = Max(8, state->capacity * 2);
			state->row = state->row ? repalloc(state->row, state->capacity * sizeof(RsTimedValue)) :
				MemoryContextAlloc(state->budget, state->capacity * sizeof(RsTimedValue));
		}
		else
			state->row = rs_grow(state->budget, state->row, &state->capacity, state->n + 1,
								 sizeof(RsTimedValue), "the rows of a peak");
	}
	state->row[state->n].at = at;
	state->row[state->n++].value = value;
	state->sorted = false;
}

static int128
amount_units(PeakState *state, Datum amount)
{
	int			unit;
	int128		value;

	if (!rs_numeric_is_finite(amount))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("amount is NaN or infinite")));
	unit = rs_numeric_unit(amount);
	if (unit <= state->scale && rs_numeric_to_int128(amount, state->scale, &value))
		return value;
	unit = Max(unit, rs_numeric_scale(amount));
	if (unit > state->scale)
	{
		rescale(state->row, state->n, unit - state->scale);
		state->scale = unit;
	}
	if (!rs_numeric_to_int128(amount, state->scale, &value))
		elog(ERROR, "numeric scale was misread");
	return value;
}

/* peak_count(at timestamptz, window interval): transition. */
PG_FUNCTION_INFO_V1(rs_peak_count_step);
Datum
rs_peak_count_step(PG_FUNCTION_ARGS)
{
	MemoryContext context = rs_aggregate_context(fcinfo);
	PeakState  *state = PG_ARGISNULL(0) ? new_state(context, RS_MEASURE_COUNT) : (PeakState *) PG_GETARG_POINTER(0);

	take_window(fcinfo, 2, state);
	if (!PG_ARGISNULL(1))
		add_row(state, PG_GETARG_TIMESTAMPTZ(1), 0);
	PG_RETURN_POINTER(state);
}

static Datum
amount_step(FunctionCallInfo fcinfo, RsMeasure measure)
{
	MemoryContext context = rs_aggregate_context(fcinfo);
	PeakState  *state = PG_ARGISNULL(0) ? new_state(context, measure) : (PeakState *) PG_GETARG_POINTER(0);

	take_window(fcinfo, 3, state);
	if (!PG_ARGISNULL(1) && !PG_ARGISNULL(2))
		add_row(state, PG_GETARG_TIMESTAMPTZ(2), amount_units(state, PG_GETARG_DATUM(1)));
	PG_RETURN_POINTER(state);
}

/* peak_sum(amount numeric, at timestamptz, window interval): transition. */
PG_FUNCTION_INFO_V1(rs_peak_sum_step);
Datum
rs_peak_sum_step(PG_FUNCTION_ARGS)
{
	return amount_step(fcinfo, RS_MEASURE_SUM);
}

/* peak_max(amount numeric, at timestamptz, window interval): transition. */
PG_FUNCTION_INFO_V1(rs_peak_max_step);
Datum
rs_peak_max_step(PG_FUNCTION_ARGS)
{
	return amount_step(fcinfo, RS_MEASURE_MAX);
}

/* peak_detail(amount numeric, at timestamptz, window interval, measure text): transition. */
PG_FUNCTION_INFO_V1(rs_peak_detail_step);
Datum
rs_peak_detail_step(PG_FUNCTION_ARGS)
{
	RsMeasure	measure;
	char	   *name;

	if (PG_ARGISNULL(4))
		ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("measure must not be null")));
	name = text_to_cstring(PG_GETARG_TEXT_PP(4));
	if (strcmp(name, "sum") == 0)
		measure = RS_MEASURE_SUM;
	else if (strcmp(name, "count") == 0)
		measure = RS_MEASURE_COUNT;
	else if (strcmp(name, "max") == 0)
		measure = RS_MEASURE_MAX;
	else
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("unknown measure \"%s\"", name),
				 errhint("Use 'sum', 'count' or 'max'.")));
	return amount_step(fcinfo, measure);
}

/* peak_distinct(value anyelement, at timestamptz, window interval): transition. */
PG_FUNCTION_INFO_V1(rs_peak_distinct_step);
Datum
rs_peak_distinct_step(PG_FUNCTION_ARGS)
{
	MemoryContext context = rs_aggregate_context(fcinfo);
	PeakState  *state = PG_ARGISNULL(0) ? new_state(context, RS_MEASURE_DISTINCT) : (PeakState *) PG_GETARG_POINTER(0);

	take_window(fcinfo, 3, state);
	if (!PG_ARGISNULL(1) && !PG_ARGISNULL(2))
	{
		if (state->values == NULL)
			state->values = rs_interner_create(state->budget, get_fn_expr_argtype(fcinfo->flinfo, 1),
											   PG_GET_COLLATION());
		add_row(state, PG_GETARG_TIMESTAMPTZ(2), rs_intern(state->values, PG_GETARG_DATUM(1), NULL));
	}
	PG_RETURN_POINTER(state);
}

PG_FUNCTION_INFO_V1(rs_peak_combine);
Datum
rs_peak_combine(PG_FUNCTION_ARGS)
{
	MemoryContext context = rs_aggregate_context(fcinfo);
	PeakState  *a = PG_ARGISNULL(0) ? NULL : (PeakState *) PG_GETARG_POINTER(0);
	PeakState  *b = PG_ARGISNULL(1) ? NULL : (PeakState *) PG_GETARG_POINTER(1);
	uint64		from;

	if (b == NULL)
	{
		if (a == NULL)
			PG_RETURN_NULL();
		PG_RETURN_POINTER(a);
	}
	if (a == NULL)
	{
		a = new_state(context, b->measure);
		a->scale = b->scale;
	}
	if (a->window >= 0 && b->window >= 0 && a->window != b->window)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("window must be the same for all rows of a group")));
	a->window = Max(a->window, b->window);
	if (a->scale < b->scale)
	{
		rescale(a->row, a->n, b->scale - a->scale);
		a->scale = b->scale;
	}
	from = a->n;
	a->row = rs_grow(a->budget, a->row, &a->capacity, a->n + b->n, sizeof(RsTimedValue), "the rows of a peak");
	memcpy(a->row + from, b->row, b->n * sizeof(RsTimedValue));
	a->n += b->n;
	rescale(a->row + from, b->n, a->scale - b->scale);
	a->sorted = false;
	PG_RETURN_POINTER(a);
}

PG_FUNCTION_INFO_V1(rs_peak_serial);
Datum
rs_peak_serial(PG_FUNCTION_ARGS)
{
	PeakState  *state;
	StringInfoData buffer;

	rs_aggregate_context(fcinfo);
	state = (PeakState *) PG_GETARG_POINTER(0);
	rs_state_begin(&buffer, STATE_TAG);
	appendBinaryStringInfo(&buffer, (char *) &state->measure, sizeof(state->measure));
	appendBinaryStringInfo(&buffer, (char *) &state->scale, sizeof(state->scale));
	appendBinaryStringInfo(&buffer, (char *) &state->window, sizeof(state->window));
	appendBinaryStringInfo(&buffer, (char *) &state->n, sizeof(state->n));
	if (state->n > (MaxAllocSize - 1024) / sizeof(RsTimedValue))
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("too many rows for a parallel peak"),
				 errhint("SET max_parallel_workers_per_gather = 0 for this query.")));
	if (state->n > 0)
		appendBinaryStringInfo(&buffer, (char *) state->row, (int) (state->n * sizeof(RsTimedValue)));
	PG_RETURN_BYTEA_P(rs_state_end(&buffer));
}

static void
read_bytes(StringInfo buffer, void *into, Size n)
{
	if ((Size) (buffer->len - buffer->cursor) < n)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
				 errmsg("malformed aggregate state")));
	memcpy(into, buffer->data + buffer->cursor, n);
	buffer->cursor += (int) n;
}

PG_FUNCTION_INFO_V1(rs_peak_deserial);
Datum
rs_peak_deserial(PG_FUNCTION_ARGS)
{
	MemoryContext context = rs_aggregate_context(fcinfo);
	StringInfoData buffer;
	PeakState  *state = new_state(context, RS_MEASURE_COUNT);

	rs_state_open(PG_GETARG_BYTEA_PP(0), &buffer, STATE_TAG);
	read_bytes(&buffer, &state->measure, sizeof(state->measure));
	read_bytes(&buffer, &state->scale, sizeof(state->scale));
	read_bytes(&buffer, &state->window, sizeof(state->window));
	read_bytes(&buffer, &state->n, sizeof(state->n));
	if (state->measure > RS_MEASURE_MAX || state->scale < 0 || state->scale > 38 ||
		state->n > (uint64) (buffer.len - buffer.cursor) / sizeof(RsTimedValue))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
				 errmsg("malformed aggregate state")));
	state->capacity = state->n;
	state->row = rs_alloc(state->budget, state->n, sizeof(RsTimedValue), "the rows of a peak");
	read_bytes(&buffer, state->row, state->n * sizeof(RsTimedValue));
	rs_state_close(&buffer);
	PG_RETURN_POINTER(state);
}

/* The peak of a state; false when it has no rows. */
static bool
peak_of(FunctionCallInfo fcinfo, PeakState **state, RsPeak *peak)
{
	rs_aggregate_context(fcinfo);
	if (PG_ARGISNULL(0))
		return false;
	*state = (PeakState *) PG_GETARG_POINTER(0);
	if ((*state)->n == 0)
		return false;
	if (!(*state)->sorted)
	{
		rs_peak_sort((*state)->row, (*state)->n);
		(*state)->sorted = true;
	}
	*peak = rs_peak_slide((*state)->row, (*state)->n, (*state)->window, (*state)->measure,
						  (*state)->values ? rs_interner_count((*state)->values) : 0, NULL, (*state)->budget);
	return true;
}

/* Counts: 0 over no rows, as count() is. */
PG_FUNCTION_INFO_V1(rs_peak_count_final);
Datum
rs_peak_count_final(PG_FUNCTION_ARGS)
{
	PeakState  *state;
	RsPeak		peak;

	if (!peak_of(fcinfo, &state, &peak))
		PG_RETURN_INT64(0);
	PG_RETURN_INT64((int64) peak.value);
}

/* Amounts: NULL over no rows, as sum() is. */
PG_FUNCTION_INFO_V1(rs_peak_amount_final);
Datum
rs_peak_amount_final(PG_FUNCTION_ARGS)
{
	PeakState  *state;
	RsPeak		peak;

	if (!peak_of(fcinfo, &state, &peak))
		PG_RETURN_NULL();
	PG_RETURN_DATUM(rs_int128_to_numeric(peak.value, state->scale));
}

/* peak_detail, peak_distinct_detail: the type risk_screen.peak. */
PG_FUNCTION_INFO_V1(rs_peak_detail_final);
Datum
rs_peak_detail_final(PG_FUNCTION_ARGS)
{
	PeakState  *state;
	RsPeak		peak;
	TupleDesc	desc;
	Datum		values[4];
	bool		nulls[4] = {false};

	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	if (!peak_of(fcinfo, &state, &peak))
		PG_RETURN_NULL();
	values[0] = rs_int128_to_numeric(peak.value, state->measure == RS_MEASURE_SUM || state->measure == RS_MEASURE_MAX
									 ? state->scale : 0);
	values[1] = TimestampTzGetDatum(peak.started);
	values[2] = TimestampTzGetDatum(peak.ended);
	values[3] = Int64GetDatum((int64) peak.rows);
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), values, nulls)));
}
