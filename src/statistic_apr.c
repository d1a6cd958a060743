/*
 * src/statistic_apr.c
 *	  Rates per period and per year, and the duration of a series of payments.
 *
 * A rate of -100 % takes everything; below it there is nothing to take, so such
 * a rate is an error with the number in it and never a NaN. A rate beyond
 * float8 is an error too: no figure of it would be right.
 */
#include "postgres.h"

#include <math.h>

#include "statistic.h"

static void
check_rate(float8 rate, int32 periods, const char *function)
{
	if (periods < 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s needs at least one period a year", function),
				 errdetail("periods is %d.", periods)));
	if (isnan(rate) || isinf(rate) || rate < -1)
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("%s needs a finite rate that is not below -100 %%", function),
				 errdetail("The rate is %g, that is %g %%.", rate, 100 * rate),
				 errhint("Rates are fractions: 0.12 for 12 %%.")));
}

static float8
checked_result(float8 rate, float8 from, int32 periods, const char *function)
{
	if (isinf(rate) || isnan(rate))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("the rate of %s is out of range", function),
				 errdetail("The rate is %g, with %d periods a year.", from, periods),
				 errhint("Rates are fractions: 0.12 for 12 %%.")));
	return rate;
}

/*
 * nominal_apr(period_rate float8, periods int) -> float8: period_rate x periods
 * 22003 below -100 % or beyond float8, 22023 without a period; NULL gives NULL.
 */
PG_FUNCTION_INFO_V1(rs_nominal_apr);
Datum
rs_nominal_apr(PG_FUNCTION_ARGS)
{
	float8		rate = PG_GETARG_FLOAT8(0);
	int32		periods = PG_GETARG_INT32(1);

	check_rate(rate, periods, "nominal_apr");
	PG_RETURN_FLOAT8(checked_result(rate * periods, rate, periods, "nominal_apr"));
}

/* effective_apr(period_rate float8, periods int) -> float8: (1 + period_rate)^periods - 1, without cancellation */
PG_FUNCTION_INFO_V1(rs_effective_apr);
Datum
rs_effective_apr(PG_FUNCTION_ARGS)
{
	float8		rate = PG_GETARG_FLOAT8(0);
	int32		periods = PG_GETARG_INT32(1);

	check_rate(rate, periods, "effective_apr");
	if (rate == -1)
		PG_RETURN_FLOAT8(-1);
	PG_RETURN_FLOAT8(checked_result(expm1(periods * log1p(rate)), rate, periods, "effective_apr"));
}

/* period_rate(effective float8, periods int) -> float8: (1 + effective)^(1 / periods) - 1 */
PG_FUNCTION_INFO_V1(rs_period_rate);
Datum
rs_period_rate(PG_FUNCTION_ARGS)
{
	float8		rate = PG_GETARG_FLOAT8(0);
	int32		periods = PG_GETARG_INT32(1);

	check_rate(rate, periods, "period_rate");
	if (rate == -1)
		PG_RETURN_FLOAT8(-1);
	PG_RETURN_FLOAT8(expm1(log1p(rate) / periods));
}
