/*
 * src/statistic_share.c
 *	  Concentration: hhi, top_share, gini.
 *
 * All three answer "how is a total shared out", one row per holder (sum a
 * holder's rows first). NULL rows are ignored, a negative value is an error:
 * net flows have no shares. A total of zero gives NULL; the _detail forms say why
 * there is no value. Sums are exact
 * (exact_sum.h), so the answer depends on neither row order nor parallel plan.
 *
 *	hhi			sum (v/V)^2, from 1/n to 1. State: two expansions, 700 bytes.
 *	top_share	sum of the n largest over V. State: a heap of n values.
 *	gini		2 sum i x(i) / (n V) - (n+1)/n over ascending x. State: all
 *				values; sorting n values is the cost.
 */
#include "postgres.h"

#include <math.h>

#include "libpq/pqformat.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "exact_sum.h"
#include "rs_memory.h"
#include "statistic.h"

#define HHI_TAG			0x48484920
#define TOP_TAG			0x544F5020
#define VALUES_TAG		0x56414C53

static void
check_share(float8 value, const char *function)
{
	rs_check_amount(value, function);
	if (value < 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s needs values that are not negative", function),
				 errdetail("A negative amount has no share of a total."),
				 errhint("Use gross amounts, or one side (inflow or outflow) at a time.")));
}

/* ---- hhi ---- */

/* Squares of values below this leave the range of float8: they are kept enlarged. */
#define TINY			1e-120
#define ENLARGE			2.582249878086909e+120	/* 2^400: exact */

typedef struct HhiState
{
	RsExactSum	total;
	RsExactSum	squares;
	RsExactSum *tiny_squares;	/* of values times ENLARGE; NULL without any */
	uint64		n,
				skipped;
} HhiState;

static HhiState *
make_hhi(MemoryContext context)
{
	return MemoryContextAllocZero(context, sizeof(HhiState));
}

static RsExactSum *
tiny_squares(MemoryContext context, HhiState *state)
{
	if (state->tiny_squares == NULL)
		state->tiny_squares = MemoryContextAllocZero(context, sizeof(RsExactSum));
	return state->tiny_squares;
}

static Datum
hhi_accumulate(FunctionCallInfo fcinfo, bool numeric)
{
	MemoryContext context = rs_aggregate_context(fcinfo);
	HhiState   *state = PG_ARGISNULL(0) ? make_hhi(context) : (HhiState *) PG_GETARG_POINTER(0);

	if (PG_ARGISNULL(1))
		state->skipped++;
	else
	{
		float8		v = rs_float8_argument(fcinfo, 1, numeric);

		check_share(v, "hhi");
		state->n++;
		rs_exact_add(&state->total, v);
		if (v >= TINY)
			rs_exact_add_product(&state->squares, v, v);
		else if (v > 0)
			rs_exact_add_product(tiny_squares(context, state), v * ENLARGE, v * ENLARGE);
	}
	PG_RETURN_POINTER(state);
}

/* _hhi_accum(internal, float8) -> internal */
PG_FUNCTION_INFO_V1(rs_hhi_accum_float8);
Datum
rs_hhi_accum_float8(PG_FUNCTION_ARGS)
{
	return hhi_accumulate(fcinfo, false);
}

/* _hhi_accum(internal, numeric) -> internal */
PG_FUNCTION_INFO_V1(rs_hhi_accum_numeric);
Datum
rs_hhi_accum_numeric(PG_FUNCTION_ARGS)
{
	return hhi_accumulate(fcinfo, true);
}

/* _hhi_combine(internal, internal) -> internal */
PG_FUNCTION_INFO_V1(rs_hhi_combine);
Datum
rs_hhi_combine(PG_FUNCTION_ARGS)
{
	MemoryContext context = rs_aggregate_context(fcinfo);
	HhiState   *into = PG_ARGISNULL(0) ? NULL : (HhiState *) PG_GETARG_POINTER(0);
	HhiState   *from = PG_ARGISNULL(1) ? NULL : (HhiState *) PG_GETARG_POINTER(1);

	if (from == NULL && into == NULL)
		PG_RETURN_NULL();
	if (from == NULL)
		PG_RETURN_POINTER(into);
	if (into == NULL)
		into = make_hhi(context);
	rs_exact_merge(&into->total, &from->total);
	rs_exact_merge(&into->squares, &from->squares);
	if (from->tiny_squares)
		rs_exact_merge(tiny_squares(context, into), from->tiny_squares);
	into->n += from->n;
	into->skipped += from->skipped;
	PG_RETURN_POINTER(into);
}

/* _hhi_serial(internal) -> bytea */
PG_FUNCTION_INFO_V1(rs_hhi_serial);
Datum
rs_hhi_serial(PG_FUNCTION_ARGS)
{
	HhiState   *state = (HhiState *) PG_GETARG_POINTER(0);
	StringInfoData buffer;

	rs_aggregate_context(fcinfo);
	rs_state_begin(&buffer, HHI_TAG);
	rs_state_send_sum(&buffer, &state->total);
	rs_state_send_sum(&buffer, &state->squares);
	pq_sendint64(&buffer, state->n);
	pq_sendint64(&buffer, state->skipped);
	pq_sendbyte(&buffer, state->tiny_squares != NULL);
	if (state->tiny_squares)
		rs_state_send_sum(&buffer, state->tiny_squares);
	PG_RETURN_BYTEA_P(rs_state_end(&buffer));
}

/* _hhi_deserial(bytea, internal) -> internal */
PG_FUNCTION_INFO_V1(rs_hhi_deserial);
Datum
rs_hhi_deserial(PG_FUNCTION_ARGS)
{
	HhiState   *state = make_hhi(CurrentMemoryContext);
	StringInfoData buffer;

	rs_aggregate_context(fcinfo);
	rs_state_open(PG_GETARG_BYTEA_PP(0), &buffer, HHI_TAG);
	rs_state_receive_sum(&buffer, &state->total);
	rs_state_receive_sum(&buffer, &state->squares);
	state->n = pq_getmsgint64(&buffer);
	state->skipped = pq_getmsgint64(&buffer);
	if (pq_getmsgbyte(&buffer) != 0)
		rs_state_receive_sum(&buffer, tiny_squares(CurrentMemoryContext, state));
	rs_state_close(&buffer);
	PG_RETURN_POINTER(state);
}

static float8
hhi_of(const HhiState *state)
{
	float8		total = state ? rs_exact_value(&state->total) : 0,
				value;

	if (total == 0)
		return NAN;
	value = rs_exact_value(&state->squares) / total / total;
	if (state->tiny_squares)
	{
		/* they count only where the total is tiny too */
		total *= ENLARGE;
		if (!isinf(total))
			value += rs_exact_value(state->tiny_squares) / total / total;
	}
	return Min(1.0, value);
}

/* _hhi_final(internal) -> float8 */
PG_FUNCTION_INFO_V1(rs_hhi_final);
Datum
rs_hhi_final(PG_FUNCTION_ARGS)
{
	float8		value = hhi_of(PG_ARGISNULL(0) ? NULL : (HhiState *) PG_GETARG_POINTER(0));

	rs_aggregate_context(fcinfo);
	if (isnan(value))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(value);
}

static const char *
share_status(uint64 n, float8 value)
{
	return n == 0 ? "no_value" : isnan(value) ? "zero_total" : "ok";
}

/* _hhi_detail_final(internal) -> statistic_result */
PG_FUNCTION_INFO_V1(rs_hhi_detail_final);
Datum
rs_hhi_detail_final(PG_FUNCTION_ARGS)
{
	HhiState	empty = {0},
			   *state = PG_ARGISNULL(0) ? &empty : (HhiState *) PG_GETARG_POINTER(0);
	float8		value = hhi_of(state);

	rs_aggregate_context(fcinfo);
	return rs_statistic_result(fcinfo, value, share_status(state->n, value), state->n, state->skipped);
}

/* ---- top_share: a min-heap of the n largest values ---- */

typedef struct TopState
{
	RsExactSum	total;
	int32		wanted;
	uint64		n,
				skipped;
	RsValues	heap;
} TopState;

static void
heap_push(MemoryContext context, TopState *state, float8 value)
{
	RsValues   *heap = &state->heap;
	float8	   *v;
	uint64		i;

	if (heap->n < (uint64) state->wanted)
	{
		rs_values_add(context, heap, value);
		v = heap->value;
		for (i = heap->n - 1; i > 0 && v[(i - 1) / 2] > value; i = (i - 1) / 2)
			v[i] = v[(i - 1) / 2];
		v[i] = value;
		return;
	}
	v = heap->value;
	if (value <= v[0])
		return;
	for (i = 0;;)
	{
		uint64		child = 2 * i + 1;

		if (child >= heap->n)
			break;
		if (child + 1 < heap->n && v[child + 1] < v[child])
			child++;
		if (v[child] >= value)
			break;
		v[i] = v[child];
		i = child;
	}
	v[i] = value;
}

static TopState *
make_top(MemoryContext context, int32 wanted)
{
	TopState   *state = MemoryContextAllocZero(context, sizeof(TopState));

	state->wanted = wanted;
	return state;
}

static void
differing_n(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("top_share needs the same n on every row of a group")));
}

static Datum
top_accumulate(FunctionCallInfo fcinfo, bool numeric)
{
	MemoryContext context = rs_aggregate_context(fcinfo);
	TopState   *state = PG_ARGISNULL(0) ? NULL : (TopState *) PG_GETARG_POINTER(0);
	int32		wanted;

	if (PG_ARGISNULL(2) || (wanted = PG_GETARG_INT32(2)) < 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("top_share needs n of at least 1")));
	if (state == NULL)
		state = make_top(context, wanted);
	else if (state->wanted != wanted)
		differing_n();
	if (PG_ARGISNULL(1))
		state->skipped++;
	else
	{
		float8		v = rs_float8_argument(fcinfo, 1, numeric);

		check_share(v, "top_share");
		state->n++;
		rs_exact_add(&state->total, v);
		heap_push(context, state, v);
	}
	PG_RETURN_POINTER(state);
}

/* _top_share_accum(internal, float8, int) -> internal */
PG_FUNCTION_INFO_V1(rs_top_share_accum_float8);
Datum
rs_top_share_accum_float8(PG_FUNCTION_ARGS)
{
	return top_accumulate(fcinfo, false);
}

/* _top_share_accum(internal, numeric, int) -> internal */
PG_FUNCTION_INFO_V1(rs_top_share_accum_numeric);
Datum
rs_top_share_accum_numeric(PG_FUNCTION_ARGS)
{
	return top_accumulate(fcinfo, true);
}

/* _top_share_combine(internal, internal) -> internal */
PG_FUNCTION_INFO_V1(rs_top_share_combine);
Datum
rs_top_share_combine(PG_FUNCTION_ARGS)
{
	MemoryContext context = rs_aggregate_context(fcinfo);
	TopState   *into = PG_ARGISNULL(0) ? NULL : (TopState *) PG_GETARG_POINTER(0);
	TopState   *from = PG_ARGISNULL(1) ? NULL : (TopState *) PG_GETARG_POINTER(1);

	if (from == NULL && into == NULL)
		PG_RETURN_NULL();
	if (from == NULL)
		PG_RETURN_POINTER(into);
	if (into == NULL)
		into = make_top(context, from->wanted);
	else if (into->wanted != from->wanted)
		differing_n();
	rs_exact_merge(&into->total, &from->total);
	into->n += from->n;
	into->skipped += from->skipped;
	for (uint64 i = 0; i < from->heap.n; i++)
		heap_push(context, into, from->heap.value[i]);
	PG_RETURN_POINTER(into);
}

/* _top_share_serial(internal) -> bytea */
PG_FUNCTION_INFO_V1(rs_top_share_serial);
Datum
rs_top_share_serial(PG_FUNCTION_ARGS)
{
	TopState   *state = (TopState *) PG_GETARG_POINTER(0);
	StringInfoData buffer;

	rs_aggregate_context(fcinfo);
	rs_state_begin(&buffer, TOP_TAG);
	rs_state_send_sum(&buffer, &state->total);
	pq_sendint64(&buffer, state->n);
	pq_sendint64(&buffer, state->skipped);
	pq_sendint32(&buffer, state->wanted);
	pq_sendint64(&buffer, state->heap.n);
	for (uint64 i = 0; i < state->heap.n; i++)
		pq_sendfloat8(&buffer, state->heap.value[i]);
	PG_RETURN_BYTEA_P(rs_state_end(&buffer));
}

/* _top_share_deserial(bytea, internal) -> internal */
PG_FUNCTION_INFO_V1(rs_top_share_deserial);
Datum
rs_top_share_deserial(PG_FUNCTION_ARGS)
{
	TopState   *state = make_top(CurrentMemoryContext, 0);
	StringInfoData buffer;
	uint64		n;

	rs_aggregate_context(fcinfo);
	rs_state_open(PG_GETARG_BYTEA_PP(0), &buffer, TOP_TAG);
	rs_state_receive_sum(&buffer, &state->total);
	state->n = pq_getmsgint64(&buffer);
	state->skipped = pq_getmsgint64(&buffer);
	state->wanted = pq_getmsgint(&buffer, 4);
	n = pq_getmsgint64(&buffer);
	if (state->wanted < 1 || n > (uint64) state->wanted)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
				 errmsg("invalid aggregate state")));
	for (uint64 i = 0; i < n; i++)
		heap_push(CurrentMemoryContext, state, pq_getmsgfloat8(&buffer));
	rs_state_close(&buffer);
	PG_RETURN_POINTER(state);
}

static float8
top_share_of(const TopState *state)
{
	RsExactSum	top = {0};
	float8		total = state ? rs_exact_value(&state->total) : 0;

	if (total == 0)
		return NAN;
	for (uint64 i = 0; i < state->heap.n; i++)
		rs_exact_add(&top, state->heap.value[i]);
	return Min(1.0, rs_exact_value(&top) / total);
}

/* _top_share_final(internal) -> float8 */
PG_FUNCTION_INFO_V1(rs_top_share_final);
Datum
rs_top_share_final(PG_FUNCTION_ARGS)
{
	float8		value = top_share_of(PG_ARGISNULL(0) ? NULL : (TopState *) PG_GETARG_POINTER(0));

	rs_aggregate_context(fcinfo);
	if (isnan(value))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(value);
}

/* _top_share_detail_final(internal) -> statistic_result */
PG_FUNCTION_INFO_V1(rs_top_share_detail_final);
Datum
rs_top_share_detail_final(PG_FUNCTION_ARGS)
{
	TopState	empty = {0},
			   *state = PG_ARGISNULL(0) ? &empty : (TopState *) PG_GETARG_POINTER(0);
	float8		value = top_share_of(state);

	rs_aggregate_context(fcinfo);
	return rs_statistic_result(fcinfo, value,
							   !isnan(value) && state->n < (uint64) state->wanted ? "fewer_than_n" : share_status(state->n, value),
							   state->n, state->skipped);
}

/* ---- lists of values: gini here, mad and robust_z in statistic_spread.c ---- */

static Datum
values_accumulate(FunctionCallInfo fcinfo, bool numeric, const char *function, bool share)
{
	MemoryContext context = rs_aggregate_context(fcinfo);
	RsValues   *state = PG_ARGISNULL(0) ?
		MemoryContextAllocZero(context, sizeof(RsValues)) : (RsValues *) PG_GETARG_POINTER(0);

	if (PG_ARGISNULL(1))
		state->skipped++;
	else
	{
		float8		v = rs_float8_argument(fcinfo, 1, numeric);

		if (share)
			check_share(v, function);
		else
			rs_check_amount(v, function);
		rs_values_add(context, state, v);
	}
	PG_RETURN_POINTER(state);
}

/* _gini_accum(internal, float8) -> internal */
PG_FUNCTION_INFO_V1(rs_gini_accum_float8);
Datum
rs_gini_accum_float8(PG_FUNCTION_ARGS)
{
	return values_accumulate(fcinfo, false, "gini", true);
}

/* _gini_accum(internal, numeric) -> internal */
PG_FUNCTION_INFO_V1(rs_gini_accum_numeric);
Datum
rs_gini_accum_numeric(PG_FUNCTION_ARGS)
{
	return values_accumulate(fcinfo, true, "gini", true);
}

/* _values_accum(internal, float8) -> internal */
PG_FUNCTION_INFO_V1(rs_values_accum_float8);
Datum
rs_values_accum_float8(PG_FUNCTION_ARGS)
{
	return values_accumulate(fcinfo, false, "mad", false);
}

/* _values_accum(internal, numeric) -> internal */
PG_FUNCTION_INFO_V1(rs_values_accum_numeric);
Datum
rs_values_accum_numeric(PG_FUNCTION_ARGS)
{
	return values_accumulate(fcinfo, true, "mad", false);
}

/* _values_combine(internal, internal) -> internal */
PG_FUNCTION_INFO_V1(rs_values_combine);
Datum
rs_values_combine(PG_FUNCTION_ARGS)
{
	MemoryContext context = rs_aggregate_context(fcinfo);
	RsValues   *into = PG_ARGISNULL(0) ? NULL : (RsValues *) PG_GETARG_POINTER(0);
	RsValues   *from = PG_ARGISNULL(1) ? NULL : (RsValues *) PG_GETARG_POINTER(1);

	if (from == NULL && into == NULL)
		PG_RETURN_NULL();
	if (from == NULL)
		PG_RETURN_POINTER(into);
	if (into == NULL)
		into = MemoryContextAllocZero(context, sizeof(RsValues));
	rs_values_append(context, into, from->value, from->n);
	into->skipped += from->skipped;
	PG_RETURN_POINTER(into);
}

/* _values_serial(internal) -> bytea */
PG_FUNCTION_INFO_V1(rs_values_serial);
Datum
rs_values_serial(PG_FUNCTION_ARGS)
{
	RsValues   *state = (RsValues *) PG_GETARG_POINTER(0);
	StringInfoData buffer;

	rs_aggregate_context(fcinfo);
	rs_state_begin(&buffer, VALUES_TAG);
	pq_sendint64(&buffer, state->skipped);
	pq_sendint64(&buffer, state->n);
	if (state->n > 0)
		pq_sendbytes(&buffer, (const char *) state->value, state->n * sizeof(float8));
	PG_RETURN_BYTEA_P(rs_state_end(&buffer));
}

/* _values_deserial(bytea, internal) -> internal */
PG_FUNCTION_INFO_V1(rs_values_deserial);
Datum
rs_values_deserial(PG_FUNCTION_ARGS)
{
	RsValues   *state = palloc0(sizeof(RsValues));
	StringInfoData buffer;
	uint64		n;

	rs_aggregate_context(fcinfo);
	rs_state_open(PG_GETARG_BYTEA_PP(0), &buffer, VALUES_TAG);
	state->skipped = pq_getmsgint64(&buffer);
	n = pq_getmsgint64(&buffer);
	if (n != (uint64) (buffer.len - buffer.cursor) / sizeof(float8))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
				 errmsg("invalid aggregate state")));
	rs_values_append(CurrentMemoryContext, state, (const float8 *) (buffer.data + buffer.cursor), n);
	buffer.cursor = buffer.len;
	rs_state_close(&buffer);
	PG_RETURN_POINTER(state);
}

static float8
gini_of(RsValues *state)
{
	RsExactSum	total = {0},
				ranked = {0};
	float8		sum,
				n;

	if (state == NULL || state->n < 2)
		return NAN;
	rs_values_sort(state);
	n = (float8) state->n;
	for (uint64 i = 0; i < state->n; i++)
	{
		rs_exact_add(&total, state->value[i]);
		/* 2i - n - 1 keeps the equal distribution at exactly zero */
		rs_exact_add_product(&ranked, 2.0 * (float8) (i + 1) - n - 1, state->value[i]);
	}
	sum = rs_exact_value(&total);
	return sum == 0 ? NAN : rs_exact_value(&ranked) / (n * sum);
}

/* _gini_final(internal) -> float8 */
PG_FUNCTION_INFO_V1(rs_gini_final);
Datum
rs_gini_final(PG_FUNCTION_ARGS)
{
	float8		value = gini_of(PG_ARGISNULL(0) ? NULL : (RsValues *) PG_GETARG_POINTER(0));

	rs_aggregate_context(fcinfo);
	if (isnan(value))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(value);
}

/* _gini_detail_final(internal) -> statistic_result */
PG_FUNCTION_INFO_V1(rs_gini_detail_final);
Datum
rs_gini_detail_final(PG_FUNCTION_ARGS)
{
	RsValues	empty = {0},
			   *state = PG_ARGISNULL(0) ? &empty : (RsValues *) PG_GETARG_POINTER(0);
	float8		value = gini_of(state);

	rs_aggregate_context(fcinfo);
	return rs_statistic_result(fcinfo, value, state->n == 1 ? "single_value" : share_status(state->n, value), state->n, state->skipped);
}
