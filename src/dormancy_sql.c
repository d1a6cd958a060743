/*
 * src/dormancy_sql.c
 *	  round_share, dormant_then_active: aggregates over an account's transfers.
 */
#include "pg_compat.h"

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/numeric.h"
#include "utils/timestamp.h"

#include "duration.h"
#include "pattern_row.h"
#include "query_reader.h"
#include "rs_memory.h"
#include "statistic.h"

/* ---------- round_share ---------- */

/* state: {round, all}, an int8[2] that SQL never hands in by itself */
typedef struct RoundState
{
	int64		rounded;
	int64		all;
} RoundState;

/*
 * round_share(amount numeric, unit numeric): transition. Amounts that are
 * whole multiples of unit; NULL and zero amounts are left out.
 */
PG_FUNCTION_INFO_V1(rs_round_share_step);
Datum
rs_round_share_step(PG_FUNCTION_ARGS)
{
	MemoryContext context = rs_aggregate_context(fcinfo);
	RoundState *state = PG_ARGISNULL(0) ? MemoryContextAllocZero(context, sizeof(RoundState))
		: (RoundState *) PG_GETARG_POINTER(0);
	Datum		unit,
				amount,
				zero = NumericGetDatum(int64_to_numeric(0));

	if (PG_ARGISNULL(2))
		ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("unit must not be null")));
	unit = PG_GETARG_DATUM(2);
	if (!rs_numeric_is_finite(unit) || DatumGetInt32(DirectFunctionCall2(numeric_cmp, unit, zero)) <= 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("unit must be greater than 0"),
				 errhint("10000 counts amounts that are whole multiples of ten thousand.")));
	if (PG_ARGISNULL(1))
		PG_RETURN_POINTER(state);
	amount = PG_GETARG_DATUM(1);
	if (!rs_numeric_is_finite(amount))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE), errmsg("amount is NaN or infinite")));
	if (DatumGetInt32(DirectFunctionCall2(numeric_cmp, amount, zero)) == 0)
		PG_RETURN_POINTER(state);
	state->all++;
	if (DatumGetInt32(DirectFunctionCall2(numeric_cmp, DirectFunctionCall2(numeric_mod, amount, unit), zero)) == 0)
		state->rounded++;
	PG_RETURN_POINTER(state);
}

PG_FUNCTION_INFO_V1(rs_round_share_final);
Datum
rs_round_share_final(PG_FUNCTION_ARGS)
{
	RoundState *state;

	rs_aggregate_context(fcinfo);
	state = PG_ARGISNULL(0) ? NULL : (RoundState *) PG_GETARG_POINTER(0);
	if (state == NULL || state->all == 0)
		PG_RETURN_NULL();
	PG_RETURN_DATUM(DirectFunctionCall2(numeric_round,
										DirectFunctionCall2(numeric_div, NumericGetDatum(int64_to_numeric(state->rounded)),
															NumericGetDatum(int64_to_numeric(state->all))),
										Int32GetDatum(6)));
}

/* ---------- dormant_then_active ---------- */

typedef struct DormancyState
{
	MemoryContext budget;
	TimestampTz *at;
	uint64		n,
				capacity;
	int64		quiet,
				active;
	int32		min_count;
} DormancyState;

#define ST_SORT sort_moments
#define ST_ELEMENT_TYPE TimestampTz
#define ST_COMPARE(a, b) (*(a) < *(b) ? -1 : *(a) > *(b))
#define ST_SCOPE static
#define ST_CHECK_FOR_INTERRUPTS
#define ST_DEFINE
#include "lib/sort_template.h"

/* dormant_then_active(at timestamptz, quiet interval, active interval, min_count int): transition. */
PG_FUNCTION_INFO_V1(rs_dormancy_step);
Datum
rs_dormancy_step(PG_FUNCTION_ARGS)
{
	MemoryContext context = rs_aggregate_context(fcinfo);
	DormancyState *state;

	for (int i = 2; i < 5; i++)
		if (PG_ARGISNULL(i))
			ereport(ERROR,
					(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("quiet, active and min_count must not be null")));
	if (PG_ARGISNULL(0))
	{
		state = MemoryContextAllocZero(context, sizeof(DormancyState));
		state->budget = context;	/* not one of its own: a hash aggregate sums them at every new group */
		state->quiet = rs_interval_usecs(PG_GETARG_INTERVAL_P(2), "quiet");
		state->active = rs_interval_usecs(PG_GETARG_INTERVAL_P(3), "active");
		state->min_count = PG_GETARG_INT32(4);
		if (state->min_count < 1)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("min_count must be at least 1")));
	}
	else
		state = (DormancyState *) PG_GETARG_POINTER(0);
	if (!PG_ARGISNULL(1))
	{
		if (TIMESTAMP_NOT_FINITE(PG_GETARG_TIMESTAMPTZ(1)))
			ereport(ERROR,
					(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE), errmsg("time must be finite")));
		state->at = rs_grow(state->budget, state->at, &state->capacity, state->n + 1, sizeof(TimestampTz), "the moments of an account");
		state->at[state->n++] = PG_GETARG_TIMESTAMPTZ(1);
	}
	PG_RETURN_POINTER(state);
}

/* The moments of awakening, oldest first; an empty array when there is none, NULL over no rows. */
PG_FUNCTION_INFO_V1(rs_dormancy_final);
Datum
rs_dormancy_final(PG_FUNCTION_ARGS)
{
	DormancyState *state;
	Datum	   *moment;
	uint64		found = 0,
				head = 0;
	ArrayType  *result;

	rs_aggregate_context(fcinfo);
	if (PG_ARGISNULL(0) || ((DormancyState *) PG_GETARG_POINTER(0))->n == 0)
		PG_RETURN_NULL();
	state = (DormancyState *) PG_GETARG_POINTER(0);
	sort_moments(state->at, state->n);
	moment = rs_alloc(state->budget, state->n, sizeof(Datum), "the moments of an account");
	for (uint64 i = 1; i < state->n; i++)
	{
		if ((i & 0xffff) == 0)
			CHECK_FOR_INTERRUPTS();
		if (state->at[i] - state->at[i - 1] < state->quiet || state->at[i] == state->at[i - 1])
			continue;
		for (head = Max(head, i); head < state->n && state->at[head] - state->at[i] <= state->active; head++)
			;
		if (head - i >= (uint64) state->min_count)
			moment[found++] = TimestampTzGetDatum(state->at[i]);
	}
	result = construct_array(moment, (int) found, TIMESTAMPTZOID, sizeof(TimestampTz), true, TYPALIGN_DOUBLE);
	pfree(moment);
	PG_RETURN_ARRAYTYPE_P(result);
}
