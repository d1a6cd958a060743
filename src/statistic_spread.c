/*
 * src/statistic_spread.c
 *	  Spread of a peer group: mad, peer_spread, and robust_z of a value in it.
 *
 * robust_z is the modified z-score of Iglewicz and Hoaglin (1993):
 * 0.6745 (x - median) / MAD, and where more than half of the peers are equal
 * (MAD = 0) the one with the mean absolute deviation, (x - median) / (1.2533
 * meanAD). No tiny divisor is ever made up: without any spread there is no z.
 * The plain z-score of one value among n cannot exceed (n-1)/sqrt(n), so 3 is
 * out of reach up to n = 10; this one has no such limit.
 */
#include "postgres.h"

#include <math.h>

#include "access/htup_details.h"
#include "funcapi.h"
#include "utils/builtins.h"

#include "statistic.h"

static float8
median_of(const float8 *v, uint64 n)
{
	return (n & 1) ? v[n / 2] : v[n / 2 - 1] + (v[n / 2] - v[n / 2 - 1]) / 2;
}

typedef struct Spread
{
	uint64		n;
	float8		median,
				mad,
				mean_ad;
} Spread;

/*
 * Deviations of a sorted list from its median are two sorted lists, left and
 * right of it; their median is found by merging to the middle.
 */
static bool
spread_of(RsValues *values, Spread *spread)
{
	uint64		n,
				left,
				right;
	float8		before = 0,
				now = 0;
	RsExactSum	sum = {0};

	if (values == NULL || values->n == 0)
		return false;
	rs_values_sort(values);
	n = values->n;
	spread->n = n;
	spread->median = median_of(values->value, n);
	right = n / 2;
	left = right;
	for (uint64 taken = 0; taken <= n / 2; taken++)
	{
		float8		from_left = left > 0 ? spread->median - values->value[left - 1] : INFINITY,
					from_right = right < n ? values->value[right] - spread->median : INFINITY;

		before = now;
		if (from_left < from_right)
		{
			now = from_left;
			left--;
		}
		else
		{
			now = from_right;
			right++;
		}
	}
	spread->mad = (n & 1) ? now : before + (now - before) / 2;
	for (uint64 i = 0; i < n; i++)
		rs_exact_add(&sum, fabs(values->value[i] - spread->median));
	spread->mean_ad = rs_exact_value(&sum) / (float8) n;
	return true;
}

/* _mad_final(internal) -> float8 */
PG_FUNCTION_INFO_V1(rs_mad_final);
Datum
rs_mad_final(PG_FUNCTION_ARGS)
{
	Spread		spread;

	rs_aggregate_context(fcinfo);
	if (PG_ARGISNULL(0) || !spread_of((RsValues *) PG_GETARG_POINTER(0), &spread))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(spread.mad);
}

/* _mad_detail_final(internal) -> statistic_result */
PG_FUNCTION_INFO_V1(rs_mad_detail_final);
Datum
rs_mad_detail_final(PG_FUNCTION_ARGS)
{
	RsValues	empty = {0},
			   *state = PG_ARGISNULL(0) ? &empty : (RsValues *) PG_GETARG_POINTER(0);
	Spread		spread = {0};

	rs_aggregate_context(fcinfo);
	if (!spread_of(state, &spread))
		return rs_statistic_result(fcinfo, NAN, "no_value", 0, state->skipped);
	return rs_statistic_result(fcinfo, spread.mad, spread.mad > 0 ? "ok" : "zero_mad", state->n, state->skipped);
}

/* _peer_spread_final(internal) -> peer_spread_result */
PG_FUNCTION_INFO_V1(rs_peer_spread_final);
Datum
rs_peer_spread_final(PG_FUNCTION_ARGS)
{
	Spread		spread = {0};
	TupleDesc	desc;
	Datum		value[4];
	bool		isnull[4] = {false};

	rs_aggregate_context(fcinfo);
	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	if (PG_ARGISNULL(0) || !spread_of((RsValues *) PG_GETARG_POINTER(0), &spread))
		isnull[1] = isnull[2] = isnull[3] = true;
	value[0] = Int64GetDatum((int64) spread.n);
	value[1] = Float8GetDatum(spread.median);
	value[2] = Float8GetDatum(spread.mad);
	value[3] = Float8GetDatum(spread.mean_ad);
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), value, isnull)));
}

/* The modified z-score of x; NaN with the reason in *status. */
static float8
robust_z(float8 x, HeapTupleHeader row, int32 min_peers, const char **status, uint64 *used)
{
	bool		isnull;
	int64		n = DatumGetInt64(GetAttributeByNum(row, 1, &isnull));
	float8		median,
				mad,
				mean_ad;

	rs_check_amount(x, "robust_z");
	*used = isnull ? 0 : (uint64) n;
	*status = "too_few_peers";
	if (isnull || n < min_peers || n == 0)
		return NAN;
	median = DatumGetFloat8(GetAttributeByNum(row, 2, &isnull));
	if (isnull)
		return NAN;
	mad = DatumGetFloat8(GetAttributeByNum(row, 3, &isnull));
	if (isnull)
		return NAN;
	mean_ad = DatumGetFloat8(GetAttributeByNum(row, 4, &isnull));
	if (isnull)
		return NAN;
	*status = mad > 0 ? "ok" : mean_ad > 0 ? "zero_mad" : "no_spread";
	if (mad > 0)
		return 0.6745 * (x - median) / mad;
	return mean_ad > 0 ? (x - median) / (1.2533 * mean_ad) : NAN;
}

/* robust_z(value float8, peers peer_spread_result, min_peers int) -> float8 */
PG_FUNCTION_INFO_V1(rs_robust_z);
Datum
rs_robust_z(PG_FUNCTION_ARGS)
{
	const char *status;
	uint64		used;
	float8		z = robust_z(PG_GETARG_FLOAT8(0), PG_GETARG_HEAPTUPLEHEADER(1), PG_GETARG_INT32(2), &status, &used);

	if (isnan(z))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(z);
}

/*
 * robust_z_detail(value float8, peers peer_spread_result, min_peers int) -> statistic_result
 *
 * status: ok; zero_mad (more than half of the peers are equal: by the mean
 * deviation); no_spread (all are equal), too_few_peers, no_value: no z.
 */
PG_FUNCTION_INFO_V1(rs_robust_z_detail);
Datum
rs_robust_z_detail(PG_FUNCTION_ARGS)
{
	const char *status;
	uint64		used = 0;
	float8		z;

	if (PG_ARGISNULL(0))
		return rs_statistic_result(fcinfo, NAN, "no_value", 0, 1);
	if (PG_ARGISNULL(1) || PG_ARGISNULL(2))
		return rs_statistic_result(fcinfo, NAN, "too_few_peers", 0, 0);
	z = robust_z(PG_GETARG_FLOAT8(0), PG_GETARG_HEAPTUPLEHEADER(1), PG_GETARG_INT32(2), &status, &used);
	return rs_statistic_result(fcinfo, z, status, used, 0);
}
