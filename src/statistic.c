/*
 * src/statistic.c
 *	  What the SQL layers of the statistics share: value lists, state bytes.
 *
 * Value lists grow by half in the aggregate's context. Short ones are counted
 * with the executor's own memory limits (hash aggregation spills); once a list
 * passes 64 kB it asks risk_screen.max_memory before it grows.
 */
#include "postgres.h"

#include <math.h>

#include "funcapi.h"
#include "utils/builtins.h"

#include "libpq/pqformat.h"
#include "utils/memutils.h"

#include "pg_compat.h"
#include "rs_memory.h"
#include "statistic.h"

#define SMALL_LIST 8192			/* elements */

void
rs_check_amount(float8 amount, const char *function)
{
	if (isnan(amount) || isinf(amount) || fabs(amount) > 1e150)
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("%s needs finite values", function),
				 errdetail("A value is NaN, infinite or beyond 1e150."),
				 errhint("Leave such rows out with FILTER (WHERE ...), and count them.")));
}

void
rs_values_append(MemoryContext context, RsValues *values, const float8 *from, uint64 n)
{
	uint64		needed = values->n + n;

	if (needed > values->capacity)
	{
		if (needed <= SMALL_LIST)
		{
			uint64		want = Max(Max(needed, 8), values->capacity * 2);

			values->value = values->value ?
				repalloc(values->value, want * sizeof(float8)) :
				MemoryContextAlloc(context, want * sizeof(float8));
			values->capacity = want;
		}
		else
			values->value = rs_grow(context, values->value, &values->capacity, needed,
									sizeof(float8), "the values of one group");
	}
	if (n > 0)
		memcpy(values->value + values->n, from, n * sizeof(float8));
	values->n = needed;
	values->sorted = false;
}

void
rs_values_add(MemoryContext context, RsValues *values, float8 value)
{
	if (values->n < values->capacity)
	{
		values->value[values->n++] = value;
		values->sorted = false;
	}
	else
		rs_values_append(context, values, &value, 1);
}

#define ST_SORT sort_values
#define ST_ELEMENT_TYPE float8
#define ST_COMPARE(x, y) (*(x) < *(y) ? -1 : *(x) > *(y))
#define ST_SCOPE static
#define ST_DEFINE
#define ST_CHECK_FOR_INTERRUPTS
#include "miscadmin.h"
#include "lib/sort_template.h"

void
rs_values_sort(RsValues *values)
{
	if (!values->sorted && values->n > 1)
		sort_values(values->value, values->n);
	values->sorted = true;
}

void
rs_state_begin(StringInfo buffer, uint32 tag)
{
	pq_begintypsend(buffer);
	pq_sendint32(buffer, tag);
}

bytea *
rs_state_end(StringInfo buffer)
{
	return pq_endtypsend(buffer);
}

void
rs_state_open(bytea *bytes, StringInfo buffer, uint32 tag)
{
	initStringInfo(buffer);
	appendBinaryStringInfo(buffer, VARDATA_ANY(bytes), VARSIZE_ANY_EXHDR(bytes));
	if ((uint32) pq_getmsgint(buffer, 4) != tag)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
				 errmsg("invalid aggregate state")));
}

void
rs_state_close(StringInfo buffer)
{
	pq_getmsgend(buffer);
	pfree(buffer->data);
}

void
rs_state_send_sum(StringInfo buffer, const RsExactSum *sum)
{
	pq_sendint32(buffer, sum->n);
	for (int i = 0; i < sum->n; i++)
		pq_sendfloat8(buffer, sum->part[i]);
}

void
rs_state_receive_sum(StringInfo buffer, RsExactSum *sum)
{
	int			n = pq_getmsgint(buffer, 4);

	if (n < 0 || n > RS_EXACT_PARTS)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
				 errmsg("invalid aggregate state")));
	sum->n = n;
	for (int i = 0; i < n; i++)
		sum->part[i] = pq_getmsgfloat8(buffer);
}

Datum
rs_statistic_result(FunctionCallInfo fcinfo, float8 value, const char *status, uint64 used, uint64 skipped)
{
	TupleDesc	desc;
	Datum		values[4] = {Float8GetDatum(value), CStringGetTextDatum(status), Int64GetDatum((int64) used), Int64GetDatum((int64) skipped)};
	bool		nulls[4] = {isnan(value), false, false, false};

	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	return HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), values, nulls));
}
