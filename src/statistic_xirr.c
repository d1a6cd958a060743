/*
 * src/statistic_xirr.c
 *	  SQL layer of xirr and xirr_detail.
 *
 * The state is the list of flows as they came; sorting, netting and solving
 * happen once at the end (src/xirr.c). Both aggregates share one transition
 * function and so, over the same arguments, one state. Rows with a NULL amount
 * or date are counted, not used. An infinite time or a NaN or infinite amount
 * spoils its own series only (status bad_value), never the whole report.
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "funcapi.h"
#include "libpq/pqformat.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "rs_memory.h"
#include "statistic.h"
#include "xirr.h"

#define STATE_TAG		0x58495252	/* XIRR */
#define SMALL_SERIES	4096

typedef struct XirrState
{
	uint64		n,
				capacity;
	uint64		skipped;		/* NULL amount or date */
	uint64		bad;			/* infinite or NaN */
	RsCashFlow	   *flow;
} XirrState;

static XirrState *
make_state(MemoryContext context)
{
	return MemoryContextAllocZero(context, sizeof(XirrState));
}

static void
reserve(MemoryContext context, XirrState *state, uint64 needed)
{
	if (needed <= state->capacity)
		return;
	if (needed <= SMALL_SERIES)
	{
		uint64		want = Max(Max(needed, 16), state->capacity * 2);

		state->flow = state->flow ?
			repalloc(state->flow, want * sizeof(RsCashFlow)) :
			MemoryContextAlloc(context, want * sizeof(RsCashFlow));
		state->capacity = want;
	}
	else
		state->flow = rs_grow(context, state->flow, &state->capacity, needed,
							  sizeof(RsCashFlow), "the cash flows of one series");
}

static Datum
accumulate(FunctionCallInfo fcinfo, bool numeric, bool date)
{
	MemoryContext context = rs_aggregate_context(fcinfo);
	XirrState  *state = PG_ARGISNULL(0) ? make_state(context) : (XirrState *) PG_GETARG_POINTER(0);

	if (PG_ARGISNULL(1) || PG_ARGISNULL(2))
		state->skipped++;
	else
	{
		float8		amount = rs_float8_argument(fcinfo, 1, numeric);
		int64		at;
		bool		finite;

		if (date)
		{
			DateADT		day = PG_GETARG_DATEADT(2);

			finite = !DATE_NOT_FINITE(day);
			at = (int64) day * USECS_PER_DAY;
		}
		else
		{
			at = PG_GETARG_TIMESTAMPTZ(2);
			finite = !TIMESTAMP_NOT_FINITE(at);
		}
		if (!finite || isnan(amount) || isinf(amount) || fabs(amount) > 1e150)
			state->bad++;
		else
		{
			reserve(context, state, state->n + 1);
			state->flow[state->n].at = at;
			state->flow[state->n].amount = amount;
			state->n++;
		}
	}
	PG_RETURN_POINTER(state);
}

/* _xirr_accum(internal, float8, date) -> internal */
PG_FUNCTION_INFO_V1(rs_xirr_accum_float8_date);
Datum
rs_xirr_accum_float8_date(PG_FUNCTION_ARGS)
{
	return accumulate(fcinfo, false, true);
}

/* _xirr_accum(internal, numeric, date) -> internal */
PG_FUNCTION_INFO_V1(rs_xirr_accum_numeric_date);
Datum
rs_xirr_accum_numeric_date(PG_FUNCTION_ARGS)
{
	return accumulate(fcinfo, true, true);
}

/* _xirr_accum(internal, float8, timestamptz) -> internal */
PG_FUNCTION_INFO_V1(rs_xirr_accum_float8_time);
Datum
rs_xirr_accum_float8_time(PG_FUNCTION_ARGS)
{
	return accumulate(fcinfo, false, false);
}

/* _xirr_accum(internal, numeric, timestamptz) -> internal */
PG_FUNCTION_INFO_V1(rs_xirr_accum_numeric_time);
Datum
rs_xirr_accum_numeric_time(PG_FUNCTION_ARGS)
{
	return accumulate(fcinfo, true, false);
}

/* Flows numbered by period: one period is one year to the engine. */
static Datum
accumulate_period(FunctionCallInfo fcinfo, bool numeric)
{
	MemoryContext context = rs_aggregate_context(fcinfo);
	XirrState  *state = PG_ARGISNULL(0) ? make_state(context) : (XirrState *) PG_GETARG_POINTER(0);

	if (PG_ARGISNULL(1) || PG_ARGISNULL(2))
		state->skipped++;
	else
	{
		float8		amount = rs_float8_argument(fcinfo, 1, numeric);
		int32		period = PG_GETARG_INT32(2);

		/* int64 microseconds hold some 290 000 years */
		if (isnan(amount) || isinf(amount) || fabs(amount) > 1e150 || abs(period) > 100000)
			state->bad++;
		else
		{
			reserve(context, state, state->n + 1);
			state->flow[state->n].at = (int64) period * 365 * USECS_PER_DAY;
			state->flow[state->n].amount = amount;
			state->n++;
		}
	}
	PG_RETURN_POINTER(state);
}

/* _irr_accum(internal, float8, int) -> internal */
PG_FUNCTION_INFO_V1(rs_irr_accum_float8);
Datum
rs_irr_accum_float8(PG_FUNCTION_ARGS)
{
	return accumulate_period(fcinfo, false);
}

/* _irr_accum(internal, numeric, int) -> internal */
PG_FUNCTION_INFO_V1(rs_irr_accum_numeric);
Datum
rs_irr_accum_numeric(PG_FUNCTION_ARGS)
{
	return accumulate_period(fcinfo, true);
}

/* _xirr_combine(internal, internal) -> internal */
PG_FUNCTION_INFO_V1(rs_xirr_combine);
Datum
rs_xirr_combine(PG_FUNCTION_ARGS)
{
	MemoryContext context = rs_aggregate_context(fcinfo);
	XirrState  *into = PG_ARGISNULL(0) ? NULL : (XirrState *) PG_GETARG_POINTER(0);
	XirrState  *from = PG_ARGISNULL(1) ? NULL : (XirrState *) PG_GETARG_POINTER(1);

	if (from == NULL)
	{
		if (into == NULL)
			PG_RETURN_NULL();
		PG_RETURN_POINTER(into);
	}
	if (into == NULL)
		into = make_state(context);
	reserve(context, into, into->n + from->n);
	if (from->n > 0)
		memcpy(into->flow + into->n, from->flow, from->n * sizeof(RsCashFlow));
	into->n += from->n;
	into->skipped += from->skipped;
	into->bad += from->bad;
	PG_RETURN_POINTER(into);
}

/* _xirr_serial(internal) -> bytea */
PG_FUNCTION_INFO_V1(rs_xirr_serial);
Datum
rs_xirr_serial(PG_FUNCTION_ARGS)
{
	XirrState  *state = (XirrState *) PG_GETARG_POINTER(0);
	StringInfoData buffer;

	rs_aggregate_context(fcinfo);
	rs_state_begin(&buffer, STATE_TAG);
	pq_sendint64(&buffer, state->n);
	pq_sendint64(&buffer, state->skipped);
	pq_sendint64(&buffer, state->bad);
	if (state->n > 0)
		pq_sendbytes(&buffer, (const char *) state->flow, state->n * sizeof(RsCashFlow));
	PG_RETURN_BYTEA_P(rs_state_end(&buffer));
}

/* _xirr_deserial(bytea, internal) -> internal */
PG_FUNCTION_INFO_V1(rs_xirr_deserial);
Datum
rs_xirr_deserial(PG_FUNCTION_ARGS)
{
	XirrState  *state = make_state(CurrentMemoryContext);
	StringInfoData buffer;
	uint64		n;

	rs_aggregate_context(fcinfo);
	rs_state_open(PG_GETARG_BYTEA_PP(0), &buffer, STATE_TAG);
	n = pq_getmsgint64(&buffer);
	state->skipped = pq_getmsgint64(&buffer);
	state->bad = pq_getmsgint64(&buffer);
	if (n != (uint64) (buffer.len - buffer.cursor) / sizeof(RsCashFlow))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
				 errmsg("invalid aggregate state")));
	reserve(CurrentMemoryContext, state, n);
	if (n > 0)
		pq_copymsgbytes(&buffer, (char *) state->flow, n * sizeof(RsCashFlow));
	state->n = n;
	rs_state_close(&buffer);
	PG_RETURN_POINTER(state);
}

/* Work memory of one solution, gone with the call. */
static void
solve(XirrState *state, RsXirr *result)
{
	rs_xirr_solve(CurrentMemoryContext, state->flow, state->n, result);
}

/* _xirr_final(internal) -> float8: the rate, NULL when there is none */
PG_FUNCTION_INFO_V1(rs_xirr_final);
Datum
rs_xirr_final(PG_FUNCTION_ARGS)
{
	XirrState  *state = PG_ARGISNULL(0) ? NULL : (XirrState *) PG_GETARG_POINTER(0);
	RsXirr		result;

	rs_aggregate_context(fcinfo);
	if (state == NULL || state->bad > 0)
		PG_RETURN_NULL();
	solve(state, &result);
	if (result.root)
	{
		pfree(result.root);
		pfree(result.multiplicity);
	}
	if (result.nroots == 0)
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(result.rate);
}

/* _xirr_detail_final(internal) -> xirr_result */
PG_FUNCTION_INFO_V1(rs_xirr_detail_final);
Datum
rs_xirr_detail_final(PG_FUNCTION_ARGS)
{
	XirrState  *state = PG_ARGISNULL(0) ? NULL : (XirrState *) PG_GETARG_POINTER(0);
	XirrState	empty = {0};
	RsXirr		result;
	TupleDesc	desc;
	Datum		value[6];
	bool		isnull[6] = {false};
	const char *status;
	Datum	   *root;

	rs_aggregate_context(fcinfo);
	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	if (state == NULL)
		state = &empty;
	if (state->bad > 0)
	{
		result.nroots = 0;
		status = "bad_value";
	}
	else
	{
		solve(state, &result);
		status = rs_xirr_status_name(result.status);
	}
	isnull[0] = result.nroots == 0;
	value[0] = isnull[0] ? (Datum) 0 : Float8GetDatum(result.rate);
	value[1] = CStringGetTextDatum(status);
	root = palloc(Max(result.nroots, 1) * sizeof(Datum));
	for (int i = 0; i < result.nroots; i++)
		root[i] = Float8GetDatum(result.root[i]);
	value[2] = PointerGetDatum(construct_array(root, result.nroots, FLOAT8OID, sizeof(float8),
											   FLOAT8PASSBYVAL, TYPALIGN_DOUBLE));
	value[3] = Int64GetDatum(state->n);
	value[4] = Int64GetDatum(state->skipped + state->bad);
	for (int i = 0; i < result.nroots; i++)
		root[i] = Int32GetDatum(result.multiplicity[i]);
	value[5] = PointerGetDatum(construct_array(root, result.nroots, INT4OID, sizeof(int32), true, TYPALIGN_INT));
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), value, isnull)));
}
