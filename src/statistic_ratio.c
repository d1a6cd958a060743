/*
 * src/statistic_ratio.c
 *	  Ratios of two sums: liquidity_ratio, mismatch_rate, term_gap.
 *
 * One state serves all: two exact sums (exact_sum.h), so that row order and
 * parallel plan do not matter, and for liquidity_ratio the cash that every row
 * of a group repeats. A denominator of zero gives NULL: no debt due is not a
 * ratio of zero; the _detail forms say which. Rows with a NULL where a number or date
 * is needed are left out and counted.
 */
#include "postgres.h"

#include <math.h>

#include "libpq/pqformat.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/datetime.h"

#include "statistic.h"

#define RATIO_TAG	0x52415449

typedef struct RatioState
{
	RsExactSum	above;
	RsExactSum	below;
	bool		has_cash;
	float8		cash;
	uint64		n,
				skipped;
} RatioState;

static RatioState *
get_state(FunctionCallInfo fcinfo, MemoryContext context)
{
	return PG_ARGISNULL(0) ? MemoryContextAllocZero(context, sizeof(RatioState)) :
		(RatioState *) PG_GETARG_POINTER(0);
}

static void
take_cash(RatioState *state, float8 cash)
{
	if (state->has_cash && state->cash != cash)
		ereport(ERROR,
				(errcode(ERRCODE_CARDINALITY_VIOLATION),
				 errmsg("liquidity_ratio needs one amount of cash per group"),
				 errhint("Cash is repeated on every row of the debts; sum it before the join.")));
	state->has_cash = true;
	state->cash = cash;
}

static float8
amount_argument(FunctionCallInfo fcinfo, int n, const char *function)
{
	float8		amount = rs_numeric_to_float8(PG_GETARG_DATUM(n));

	rs_check_amount(amount, function);
	if (amount < 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s needs amounts that are not negative", function)));
	return amount;
}

/*
 * _liquidity_accum(internal, cash numeric, due numeric, due_on date, as_of date, horizon int)
 * Debt counts when it is due up to as_of + horizon, overdue debt included.
 */
PG_FUNCTION_INFO_V1(rs_liquidity_accum);
Datum
rs_liquidity_accum(PG_FUNCTION_ARGS)
{
	MemoryContext context = rs_aggregate_context(fcinfo);
	RatioState *state = get_state(fcinfo, context);

	if (!PG_ARGISNULL(1))
	{
		float8		cash = rs_numeric_to_float8(PG_GETARG_DATUM(1));

		rs_check_amount(cash, "liquidity_ratio");
		take_cash(state, cash);
	}
	if (PG_ARGISNULL(4) || PG_ARGISNULL(5) || PG_GETARG_INT32(5) < 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("liquidity_ratio needs as_of and a horizon of at least zero days")));
	if (PG_ARGISNULL(2) || PG_ARGISNULL(3))
		state->skipped++;
	else
	{
		int64		days = (int64) PG_GETARG_DATEADT(3) - PG_GETARG_DATEADT(4);

		if (DATE_NOT_FINITE(PG_GETARG_DATEADT(4)))
			ereport(ERROR,
					(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
					 errmsg("as_of must be a day")));
		if (days <= PG_GETARG_INT32(5) && !DATE_IS_NOEND(PG_GETARG_DATEADT(3)))
		{
			rs_exact_add(&state->below, amount_argument(fcinfo, 2, "liquidity_ratio"));
			state->n++;
		}
	}
	PG_RETURN_POINTER(state);
}

/* _liquidity_final(internal) -> float8 */
PG_FUNCTION_INFO_V1(rs_liquidity_final);
Datum
rs_liquidity_final(PG_FUNCTION_ARGS)
{
	RatioState *state = PG_ARGISNULL(0) ? NULL : (RatioState *) PG_GETARG_POINTER(0);
	float8		debt;

	rs_aggregate_context(fcinfo);
	if (state == NULL || !state->has_cash)
		PG_RETURN_NULL();
	debt = rs_exact_value(&state->below);
	if (debt == 0)
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(state->cash / debt);
}

/* _liquidity_detail_final(internal) -> statistic_result */
PG_FUNCTION_INFO_V1(rs_liquidity_detail_final);
Datum
rs_liquidity_detail_final(PG_FUNCTION_ARGS)
{
	RatioState	empty = {{0}},
			   *state = PG_ARGISNULL(0) ? &empty : (RatioState *) PG_GETARG_POINTER(0);
	float8		debt = rs_exact_value(&state->below);

	rs_aggregate_context(fcinfo);
	return rs_statistic_result(fcinfo, state->has_cash && debt != 0 ? state->cash / debt : NAN,
							   !state->has_cash ? "no_cash" : debt == 0 ? "no_debt" : "ok", state->n, state->skipped);
}

/* start + months as the calendar has it: 31 January + 1 month is the end of February. */
static DateADT
add_months(DateADT date, int months)
{
	int			y,
				m,
				d;
	int64		total;

	j2date(date + POSTGRES_EPOCH_JDATE, &y, &m, &d);
	total = (int64) y * 12 + (m - 1) + months;
	y = (int) (total / 12);
	m = (int) (total % 12) + 1;
	d = Min(d, day_tab[isleap(y)][m - 1]);
	return date2j(y, m, d) - POSTGRES_EPOCH_JDATE;
}

static Datum
mismatch(FunctionCallInfo fcinfo, int arg_amount, int arg_cut)
{
	MemoryContext context = rs_aggregate_context(fcinfo);
	RatioState *state = get_state(fcinfo, context);

	if (PG_ARGISNULL(arg_cut) || PG_GETARG_INT32(arg_cut) < 0 || PG_GETARG_INT32(arg_cut) > 12000)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("mismatch_rate needs a cut of 0 to 12000 months")));
	if (!PG_ARGISNULL(1) && !PG_ARGISNULL(2) && (arg_amount == 0 || !PG_ARGISNULL(arg_amount)) &&
		!DATE_NOT_FINITE(PG_GETARG_DATEADT(1)) && !DATE_IS_NOBEGIN(PG_GETARG_DATEADT(2)))
	{
		float8		amount = arg_amount ? amount_argument(fcinfo, arg_amount, "mismatch_rate") : 1;

		rs_exact_add(&state->below, amount);
		if (PG_GETARG_DATEADT(2) > add_months(PG_GETARG_DATEADT(1), PG_GETARG_INT32(arg_cut)))
			rs_exact_add(&state->above, amount);
		state->n++;
	}
	else
		state->skipped++;
	PG_RETURN_POINTER(state);
}

/* _mismatch_accum(internal, start date, maturity date, cut_months int) */
PG_FUNCTION_INFO_V1(rs_mismatch_count_accum);
Datum
rs_mismatch_count_accum(PG_FUNCTION_ARGS)
{
	return mismatch(fcinfo, 0, 3);
}

/* _mismatch_accum(internal, start date, maturity date, amount numeric, cut_months int) */
PG_FUNCTION_INFO_V1(rs_mismatch_amount_accum);
Datum
rs_mismatch_amount_accum(PG_FUNCTION_ARGS)
{
	return mismatch(fcinfo, 3, 4);
}

/* _term_gap_accum(internal, asset_until date, claim_until date, amount numeric) */
PG_FUNCTION_INFO_V1(rs_term_gap_accum);
Datum
rs_term_gap_accum(PG_FUNCTION_ARGS)
{
	MemoryContext context = rs_aggregate_context(fcinfo);
	RatioState *state = get_state(fcinfo, context);

	if (!PG_ARGISNULL(1) && !PG_ARGISNULL(2) && !PG_ARGISNULL(3) &&
		!DATE_NOT_FINITE(PG_GETARG_DATEADT(1)) && !DATE_NOT_FINITE(PG_GETARG_DATEADT(2)))
	{
		float8		amount = amount_argument(fcinfo, 3, "term_gap");
		int64		days = (int64) PG_GETARG_DATEADT(1) - PG_GETARG_DATEADT(2);

		rs_exact_add(&state->below, amount);
		if (days > 0)
			rs_exact_add_product(&state->above, amount, (float8) days);
		state->n++;
	}
	else
		state->skipped++;
	PG_RETURN_POINTER(state);
}

/* _duration_accum(internal, amount float8, years float8, rate float8): times weighted by present value */
PG_FUNCTION_INFO_V1(rs_duration_accum);
Datum
rs_duration_accum(PG_FUNCTION_ARGS)
{
	MemoryContext context = rs_aggregate_context(fcinfo);
	RatioState *state = get_state(fcinfo, context);

	if (!PG_ARGISNULL(1) && !PG_ARGISNULL(2) && !PG_ARGISNULL(3))
	{
		float8		years = PG_GETARG_FLOAT8(2),
					rate = PG_GETARG_FLOAT8(3),
					value;

		if (!(years >= 0) || isinf(years) || !(rate > -1) || isinf(rate))
			ereport(ERROR,
					(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
					 errmsg("duration needs a time that is not negative and a rate above -100 %%"),
					 errdetail("Time %g years, rate %g.", years, rate),
					 errhint("Rates are fractions: 0.05 for 5 %%.")));
		value = PG_GETARG_FLOAT8(1) * exp(-years * log1p(rate));
		rs_check_amount(value, "duration");
		rs_exact_add(&state->below, value);
		rs_exact_add_product(&state->above, value, years);
		state->n++;
	}
	else
		state->skipped++;
	PG_RETURN_POINTER(state);
}

/* _ratio_combine(internal, internal) -> internal */
PG_FUNCTION_INFO_V1(rs_ratio_combine);
Datum
rs_ratio_combine(PG_FUNCTION_ARGS)
{
	MemoryContext context = rs_aggregate_context(fcinfo);
	RatioState *into = PG_ARGISNULL(0) ? NULL : (RatioState *) PG_GETARG_POINTER(0);
	RatioState *from = PG_ARGISNULL(1) ? NULL : (RatioState *) PG_GETARG_POINTER(1);

	if (from == NULL && into == NULL)
		PG_RETURN_NULL();
	if (from == NULL)
		PG_RETURN_POINTER(into);
	if (into == NULL)
		into = MemoryContextAllocZero(context, sizeof(RatioState));
	rs_exact_merge(&into->above, &from->above);
	rs_exact_merge(&into->below, &from->below);
	if (from->has_cash)
		take_cash(into, from->cash);
	into->n += from->n;
	into->skipped += from->skipped;
	PG_RETURN_POINTER(into);
}

/* _ratio_serial(internal) -> bytea */
PG_FUNCTION_INFO_V1(rs_ratio_serial);
Datum
rs_ratio_serial(PG_FUNCTION_ARGS)
{
	RatioState *state = (RatioState *) PG_GETARG_POINTER(0);
	StringInfoData buffer;

	rs_aggregate_context(fcinfo);
	rs_state_begin(&buffer, RATIO_TAG);
	rs_state_send_sum(&buffer, &state->above);
	rs_state_send_sum(&buffer, &state->below);
	pq_sendbyte(&buffer, state->has_cash);
	pq_sendfloat8(&buffer, state->cash);
	pq_sendint64(&buffer, state->n);
	pq_sendint64(&buffer, state->skipped);
	PG_RETURN_BYTEA_P(rs_state_end(&buffer));
}

/* _ratio_deserial(bytea, internal) -> internal */
PG_FUNCTION_INFO_V1(rs_ratio_deserial);
Datum
rs_ratio_deserial(PG_FUNCTION_ARGS)
{
	RatioState *state = palloc0(sizeof(RatioState));
	StringInfoData buffer;

	rs_aggregate_context(fcinfo);
	rs_state_open(PG_GETARG_BYTEA_PP(0), &buffer, RATIO_TAG);
	rs_state_receive_sum(&buffer, &state->above);
	rs_state_receive_sum(&buffer, &state->below);
	state->has_cash = pq_getmsgbyte(&buffer) != 0;
	state->cash = pq_getmsgfloat8(&buffer);
	state->n = pq_getmsgint64(&buffer);
	state->skipped = pq_getmsgint64(&buffer);
	rs_state_close(&buffer);
	PG_RETURN_POINTER(state);
}

/* _ratio_final(internal) -> float8 */
PG_FUNCTION_INFO_V1(rs_ratio_final);
Datum
rs_ratio_final(PG_FUNCTION_ARGS)
{
	RatioState *state = PG_ARGISNULL(0) ? NULL : (RatioState *) PG_GETARG_POINTER(0);
	float8		below;

	rs_aggregate_context(fcinfo);
	below = state ? rs_exact_value(&state->below) : 0;
	if (below == 0)
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(rs_exact_value(&state->above) / below);
}

/* _ratio_detail_final(internal) -> statistic_result */
PG_FUNCTION_INFO_V1(rs_ratio_detail_final);
Datum
rs_ratio_detail_final(PG_FUNCTION_ARGS)
{
	RatioState	empty = {{0}},
			   *state = PG_ARGISNULL(0) ? &empty : (RatioState *) PG_GETARG_POINTER(0);
	float8		below = rs_exact_value(&state->below);

	rs_aggregate_context(fcinfo);
	return rs_statistic_result(fcinfo, below != 0 ? rs_exact_value(&state->above) / below : NAN,
							   state->n == 0 ? "no_value" : below == 0 ? "zero_total" : "ok", state->n, state->skipped);
}
