/*
 * src/statistic.h
 *	  What the SQL layers of the statistics share.
 */
#ifndef RS_STATISTIC_H
#define RS_STATISTIC_H

#include "postgres.h"

#include "fmgr.h"
#include "lib/stringinfo.h"

#include "exact_sum.h"
#include "query_reader.h"

/* The aggregate's memory; an error when the function is called by itself. */
static inline MemoryContext
rs_aggregate_context(FunctionCallInfo fcinfo)
{
	MemoryContext context;

	if (!AggCheckCallContext(fcinfo, &context))
		elog(ERROR, "aggregate support function called in non-aggregate context");
	return context;
}

/* Argument n, numeric or float8 as the SQL declaration of the caller says. */
static inline float8
rs_float8_argument(FunctionCallInfo fcinfo, int n, bool numeric)
{
	return numeric ? rs_numeric_to_float8(PG_GETARG_DATUM(n)) : PG_GETARG_FLOAT8(n);
}

extern void rs_check_amount(float8 amount, const char *function);

/* A growing list of float8: the state of the statistics that must sort. */
typedef struct RsValues
{
	uint64		n;
	uint64		capacity;
	float8	   *value;
	bool		sorted;
	uint64		skipped;		/* NULLs */
} RsValues;

extern void rs_values_add(MemoryContext context, RsValues *values, float8 value);
extern void rs_values_append(MemoryContext context, RsValues *values, const float8 *from, uint64 n);
extern void rs_values_sort(RsValues *values);

/* A statistic_result (value, status, used, skipped); the value is NULL when it is NaN. */
extern Datum rs_statistic_result(FunctionCallInfo fcinfo, float8 value, const char *status, uint64 used, uint64 skipped);

/* Aggregate states travel between processes of one cluster: plain bytes, lengths checked. */
extern void rs_state_begin(StringInfo buffer, uint32 tag);
extern bytea *rs_state_end(StringInfo buffer);
extern void rs_state_open(bytea *bytes, StringInfo buffer, uint32 tag);
extern void rs_state_close(StringInfo buffer);
extern void rs_state_send_sum(StringInfo buffer, const RsExactSum *sum);
extern void rs_state_receive_sum(StringInfo buffer, RsExactSum *sum);

#endif							/* RS_STATISTIC_H */
