/*
 * src/statistic_benford.c
 *	  First digits against Benford's law.
 *
 * The digit is taken from the decimal digits of the number, never from a
 * logarithm (log10(1000) may come out below 3). Zero, NULL, NaN and infinity
 * have no first digit: counted as skipped. Reported are the mean absolute
 * deviation (which, unlike chi-square, does not grow with n), chi-square, the
 * largest z with continuity correction, and whether the data suit the test at
 * all: at least 300 numbers that span at least two powers of ten.
 * State: 90 counters; parallel.
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "common/shortest_dec.h"
#include "funcapi.h"
#include "libpq/pqformat.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/numeric.h"

#include "statistic.h"

#define BENFORD_TAG		0x42454E46
#define LEAST_NUMBERS	300

typedef struct BenfordState
{
	int32		digits;			/* 1 or 2 */
	int64		count[100];		/* by leading digits */
	int64		skipped;
	int32		low,
				high;			/* powers of ten seen */
	bool		any;
} BenfordState;

/* Leading digits and power of ten of a decimal text; false for zero and non-numbers. */
static bool
leading_digits(const char *text, int digits, int *lead, int *power)
{
	int			seen = 0,
				before_point = 0,
				first_at = 0,
				position = 0;
	bool		point = false;
	int			exponent = 0;

	*lead = 0;
	for (const char *p = text; *p; p++)
	{
		if (*p == 'e' || *p == 'E')
		{
			exponent = atoi(p + 1);
			break;
		}
		if (*p == '.')
			point = true;
		else if (*p >= '0' && *p <= '9')
		{
			if (!point)
				before_point++;
			if (seen > 0 || *p != '0')
			{
				if (seen == 0)
					first_at = position;
				if (seen < digits)
					*lead = *lead * 10 + (*p - '0');
				seen++;
			}
			position++;
		}
		else if (*p != '-' && *p != '+')
			return false;		/* NaN, Infinity */
	}
	if (seen == 0)
		return false;
	for (; seen < digits; seen++)
		*lead *= 10;
	*power = before_point - 1 - first_at + exponent;
	return true;
}

static Datum
accumulate(FunctionCallInfo fcinfo, bool numeric)
{
	MemoryContext context = rs_aggregate_context(fcinfo);
	BenfordState *state = PG_ARGISNULL(0) ? NULL : (BenfordState *) PG_GETARG_POINTER(0);
	int32		digits = 1;

	if (PG_NARGS() > 2)
		digits = PG_ARGISNULL(2) ? 0 : PG_GETARG_INT32(2);
	if (digits != 1 && digits != 2)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("benford looks at 1 or 2 leading digits")));
	if (state == NULL)
	{
		state = MemoryContextAllocZero(context, sizeof(BenfordState));
		state->digits = digits;
	}
	else if (state->digits != digits)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("benford needs the same number of digits on every row of a group")));
	if (PG_ARGISNULL(1))
		state->skipped++;
	else
	{
		char		buffer[DOUBLE_SHORTEST_DECIMAL_LEN];
		char	   *text = buffer;
		int			lead,
					power;

		if (numeric)
			text = DatumGetCString(DirectFunctionCall1(numeric_out, PG_GETARG_DATUM(1)));
		else
			double_to_shortest_decimal_buf(PG_GETARG_FLOAT8(1), buffer);
		if (leading_digits(text, digits, &lead, &power))
		{
			state->count[lead]++;
			state->low = state->any ? Min(state->low, power) : power;
			state->high = state->any ? Max(state->high, power) : power;
			state->any = true;
		}
		else
			state->skipped++;
		if (numeric)
			pfree(text);
	}
	PG_RETURN_POINTER(state);
}

/* _benford_accum(internal, float8 [, int]) -> internal */
PG_FUNCTION_INFO_V1(rs_benford_accum_float8);
Datum
rs_benford_accum_float8(PG_FUNCTION_ARGS)
{
	return accumulate(fcinfo, false);
}

/* _benford_accum(internal, numeric [, int]) -> internal */
PG_FUNCTION_INFO_V1(rs_benford_accum_numeric);
Datum
rs_benford_accum_numeric(PG_FUNCTION_ARGS)
{
	return accumulate(fcinfo, true);
}

/* _benford_combine(internal, internal) -> internal */
PG_FUNCTION_INFO_V1(rs_benford_combine);
Datum
rs_benford_combine(PG_FUNCTION_ARGS)
{
	MemoryContext context = rs_aggregate_context(fcinfo);
	BenfordState *into = PG_ARGISNULL(0) ? NULL : (BenfordState *) PG_GETARG_POINTER(0);
	BenfordState *from = PG_ARGISNULL(1) ? NULL : (BenfordState *) PG_GETARG_POINTER(1);

	if (from == NULL && into == NULL)
		PG_RETURN_NULL();
	if (from == NULL)
		PG_RETURN_POINTER(into);
	if (into == NULL)
	{
		into = MemoryContextAlloc(context, sizeof(BenfordState));
		*into = *from;
		PG_RETURN_POINTER(into);
	}
	if (into->digits != from->digits)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("benford needs the same number of digits on every row of a group")));
	for (int i = 0; i < 100; i++)
		into->count[i] += from->count[i];
	into->skipped += from->skipped;
	if (from->any)
	{
		into->low = into->any ? Min(into->low, from->low) : from->low;
		into->high = into->any ? Max(into->high, from->high) : from->high;
		into->any = true;
	}
	PG_RETURN_POINTER(into);
}

/* _benford_serial(internal) -> bytea */
PG_FUNCTION_INFO_V1(rs_benford_serial);
Datum
rs_benford_serial(PG_FUNCTION_ARGS)
{
	StringInfoData buffer;

	rs_aggregate_context(fcinfo);
	rs_state_begin(&buffer, BENFORD_TAG);
	pq_sendbytes(&buffer, (const char *) PG_GETARG_POINTER(0), sizeof(BenfordState));
	PG_RETURN_BYTEA_P(rs_state_end(&buffer));
}

/* _benford_deserial(bytea, internal) -> internal */
PG_FUNCTION_INFO_V1(rs_benford_deserial);
Datum
rs_benford_deserial(PG_FUNCTION_ARGS)
{
	BenfordState *state = palloc(sizeof(BenfordState));
	StringInfoData buffer;

	rs_aggregate_context(fcinfo);
	rs_state_open(PG_GETARG_BYTEA_PP(0), &buffer, BENFORD_TAG);
	pq_copymsgbytes(&buffer, (char *) state, sizeof(BenfordState));
	rs_state_close(&buffer);
	if (state->digits != 1 && state->digits != 2)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
				 errmsg("invalid aggregate state")));
	PG_RETURN_POINTER(state);
}

/* _benford_final(internal) -> benford_result */
PG_FUNCTION_INFO_V1(rs_benford_final);
Datum
rs_benford_final(PG_FUNCTION_ARGS)
{
	/* Nigrini (2012): close, acceptable and marginal conformity by MAD */
	static const float8 cut[2][3] = {{0.006, 0.012, 0.015}, {0.0012, 0.0018, 0.0022}};
	BenfordState empty = {.digits = 1};
	BenfordState *state = PG_ARGISNULL(0) ? &empty : (BenfordState *) PG_GETARG_POINTER(0);
	TupleDesc	desc;
	int			first = state->digits == 1 ? 1 : 10,
				end = state->digits == 1 ? 10 : 100;
	int64		n = 0;
	float8		mad = 0,
				chi2 = 0,
				max_z = 0;
	Datum		count[100];
	Datum		value[8];
	bool		isnull[8] = {false};
	const char *conformity;

	rs_aggregate_context(fcinfo);
	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	for (int d = first; d < end; d++)
	{
		n += state->count[d];
		count[d - first] = Int64GetDatum(state->count[d]);
	}
	for (int d = first; d < end && n > 0; d++)
	{
		float8		p = log10(1 + 1.0 / d),
					seen = (float8) state->count[d] / (float8) n,
					off = fabs(seen - p),
					correction = 1.0 / (2.0 * (float8) n);

		mad += off / (end - first);
		chi2 += (float8) n * off * off / p;
		max_z = Max(max_z, (off > correction ? off - correction : off) / sqrt(p * (1 - p) / (float8) n));
	}
	conformity = mad <= cut[state->digits - 1][0] ? "close" :
		mad <= cut[state->digits - 1][1] ? "acceptable" :
		mad <= cut[state->digits - 1][2] ? "marginal" : "nonconforming";
	value[0] = Int64GetDatum(n);
	value[1] = Int64GetDatum(state->skipped);
	value[2] = PointerGetDatum(construct_array(count, end - first, INT8OID, sizeof(int64), FLOAT8PASSBYVAL, TYPALIGN_DOUBLE));
	value[3] = Float8GetDatum(mad);
	value[4] = Float8GetDatum(chi2);
	value[5] = Float8GetDatum(max_z);
	value[6] = CStringGetTextDatum(conformity);
	value[7] = CStringGetTextDatum(n == 0 ? "empty" : n < LEAST_NUMBERS ? "too_few" :
								   state->high - state->low < 2 ? "narrow_range" : "ok");
	isnull[3] = isnull[4] = isnull[5] = isnull[6] = n == 0;
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), value, isnull)));
}
