/*
 * src/statistic_share.c
 *	  Concentration: hhi, top_share, gini.
 *
 * All three answer "how is a total shared out", one row per holder (sum a
 * holder's rows first). NULL rows are ignored, a negative value is an error:
 * net flows have no shares. A total of zero gives NULL. Sums are exact
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

typedef struct HhiState
{
	RsExactSum	total;
	RsExactSum	squares;
} HhiState;

static Datum
hhi_accumulate(FunctionCallInfo fcinfo, bool numeric)
{
	MemoryContext context = rs_aggregate_context(fcinfo);
	HhiState   *state = PG_ARGISNULL(0) ? NULL : (HhiState *) PG_GETARG_POINTER(0);

	if (!PG_ARGISNULL(1))
	{
		float8		v = rs_float8_argument(fcinfo, 1, numeric);

		check_share(v, "hhi");
		if (state == NULL)
			state = MemoryContextAllocZero(context, sizeof(HhiState));
		rs_exact_add(&state->total, v);
		rs_exact_add_product(&state->squares, v, v);
	}
	if (state == NULL)
		PG_RETURN_NULL();
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
		into = MemoryContextAllocZero(context, sizeof(HhiState));
	rs_exact_merge(&into->total, &from->total);
	rs_exact_merge(&into->squares, &from->squares);
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
	PG_RETURN_BYTEA_P(rs_state_end(&buffer));
}

/* _hhi_deserial(bytea, internal) -> internal */
PG_FUNCTION_INFO_V1(rs_hhi_deserial);
Datum
rs_hhi_deserial(PG_FUNCTION_ARGS)
{
	HhiState   *state = palloc0(sizeof(HhiState));
	StringInfoData buffer;

	rs_aggregate_context(fcinfo);
	rs_state_open(PG_GETARG_BYTEA_PP(0), &buffer, HHI_TAG);
	rs_state_receive_sum(&buffer, &state->total);
	rs_state_receive_sum(&buffer, &state->squares);
	rs_state_close(&buffer);
	PG_RETURN_POINTER(state);
}

/* _hhi_final(internal) -> float8 */
PG_FUNCTION_INFO_V1(rs_hhi_final);
Datum
rs_hhi_final(PG_FUNCTION_ARGS)
{
	HhiState   *state = PG_ARGISNULL(0) ? NULL : (HhiState *) PG_GETARG_POINTER(0);
	float8		total;

	rs_aggregate_context(fcinfo);
	total = state ? rs_exact_value(&state->total) : 0;
	if (total == 0)
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(Min(1.0, rs_exact_value(&state->squares) / total / total));
}

/* ---- top_share: a min-heap of the n largest values ---- */

typedef struct TopState
{
	RsExactSum	total;
	int32		wanted;
	bool		any;
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
	if (!PG_ARGISNULL(1))
	{
		float8		v = rs_float8_argument(fcinfo, 1, numeric);

		check_share(v, "top_share");
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

/* _top_share_final(internal) -> float8 */
PG_FUNCTION_INFO_V1(rs_top_share_final);
Datum
rs_top_share_final(PG_FUNCTION_ARGS)
{
	TopState   *state = PG_ARGISNULL(0) ? NULL : (TopState *) PG_GETARG_POINTER(0);
	RsExactSum	top = {0};
	float8		total;

	rs_aggregate_context(fcinfo);
	total = state ? rs_exact_value(&state->total) : 0;
	if (total == 0)
		PG_RETURN_NULL();
	for (uint64 i = 0; i < state->heap.n; i++)
		rs_exact_add(&top, state->heap.value[i]);
	PG_RETURN_FLOAT8(Min(1.0, rs_exact_value(&top) / total));
}

/* ---- lists of values: gini here, mad and robust_z in statistic_spread.c ---- */

static Datum
values_accumulate(FunctionCallInfo fcinfo, bool numeric, const char *function, bool share)
{
	MemoryContext context = rs_aggregate_context(fcinfo);
	RsValues   *state = PG_ARGISNULL(0) ?
		MemoryContextAllocZero(context, sizeof(RsValues)) : (RsValues *) PG_GETARG_POINTER(0);

	if (!PG_ARGISNULL(1))
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

/* _gini_final(internal) -> float8 */
PG_FUNCTION_INFO_V1(rs_gini_final);
Datum
rs_gini_final(PG_FUNCTION_ARGS)
{
	RsValues   *state = PG_ARGISNULL(0) ? NULL : (RsValues *) PG_GETARG_POINTER(0);
	RsExactSum	total = {0},
				ranked = {0};
	float8		sum,
				n;

	rs_aggregate_context(fcinfo);
	if (state == NULL || state->n < 2)
		PG_RETURN_NULL();
	rs_values_sort(state);
	n = (float8) state->n;
	for (uint64 i = 0; i < state->n; i++)
	{
		rs_exact_add(&total, state->value[i]);
		/* 2i - n - 1 keeps the equal distribution at exactly zero */
		rs_exact_add_product(&ranked, 2.0 * (float8) (i + 1) - n - 1, state->value[i]);
	}
	sum = rs_exact_value(&total);
	if (sum == 0)
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(rs_exact_value(&ranked) / (n * sum));
}
