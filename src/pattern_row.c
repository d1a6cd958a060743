/*
 * src/pattern_row.c
 *	  What the pattern functions share: one call's flow, and rows of transfers.
 */
#include "pg_compat.h"

#include "catalog/pg_type.h"
#include "common/hashfn.h"
#include "executor/spi.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/numeric.h"
#include "utils/timestamp.h"

#include "flow_load.h"
#include "pattern_row.h"
#include "query_reader.h"
#include "rs_memory.h"

void
rs_refuse_null(FunctionCallInfo fcinfo, int arg, const char *argument)
{
	if (PG_ARGISNULL(arg))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("argument %s must not be null", argument),
				 errhint("Leave the argument out to get its default.")));
}

void
rs_pattern_begin(RsPatternCall *call, FunctionCallInfo fcinfo, int bad_rows_arg, bool by_owner)
{
	rs_refuse_null(fcinfo, 0, "transfers");
	rs_refuse_null(fcinfo, bad_rows_arg, "bad_rows");
	InitMaterializedSRF(fcinfo, 0);
	call->result = (ReturnSetInfo *) fcinfo->resultinfo;
	call->budget = AllocSetContextCreate(CurrentMemoryContext, "risk_screen pattern", ALLOCSET_DEFAULT_SIZES);
	call->row_context = AllocSetContextCreate(call->budget, "pattern row", ALLOCSET_SMALL_SIZES);
	SPI_connect();
	call->flow = rs_flow_load(text_to_cstring(PG_GETARG_TEXT_PP(0)),
							  text_to_cstring(PG_GETARG_TEXT_PP(bad_rows_arg)), by_owner, call->budget);
}

void
rs_pattern_end(RsPatternCall *call)
{
	call->flow->close(call->flow);
	SPI_finish();
	MemoryContextDelete(call->budget);
}

void
rs_pattern_put(RsPatternCall *call, Datum *values, bool *nulls)
{
	tuplestore_putvalues(call->result->setResult, call->result->setDesc, values, nulls);
	MemoryContextReset(call->row_context);
}

/*
 * A smallest amount in the flow's unit: rounded up, since amount >= limit must
 * mean the same in whole units.
 */
int128
rs_amount_argument(const RsFlow *flow, Datum numeric, const char *argument)
{
	int128		value;
	Datum		units;

	if (!rs_numeric_is_finite(numeric))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s must be a finite number", argument)));
	if (rs_numeric_to_int128(numeric, flow->scale, &value))
		return value;
	units = DirectFunctionCall1(numeric_ceil,
								DirectFunctionCall2(numeric_mul, numeric,
													DirectFunctionCall2(numeric_power, rs_int128_to_numeric(10, 0),
																		rs_int128_to_numeric(flow->scale, 0))));
	if (!rs_numeric_to_int128(units, 0, &value))
		elog(ERROR, "ceiling has digits after the point");
	return value;
}

static Datum
make_array(RsPatternCall *call, Datum *element, uint64 n, Oid type)
{
	if (n > MaxArraySize)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("an instance of the pattern has too many transfers for an array: " UINT64_FORMAT, n),
				 errhint("Shorten the window.")));
	return PointerGetDatum(construct_array(element, (int) n, type, -1, false, TYPALIGN_INT));
}

Datum
rs_txn_array(RsPatternCall *call, const uint32 *transfer, uint64 n)
{
	MemoryContext old = MemoryContextSwitchTo(call->row_context);
	Datum	   *element = rs_alloc(call->row_context, n, sizeof(Datum), "a row of the result");
	Datum		array;

	for (uint64 i = 0; i < n; i++)
		element[i] = call->flow->txn_text(call->flow, transfer[i]);
	array = make_array(call, element, n, TEXTOID);
	MemoryContextSwitchTo(old);
	return array;
}

Datum
rs_amount_array(RsPatternCall *call, const uint32 *transfer, uint64 n)
{
	MemoryContext old = MemoryContextSwitchTo(call->row_context);
	Datum	   *element = rs_alloc(call->row_context, n, sizeof(Datum), "a row of the result");
	Datum		array;

	for (uint64 i = 0; i < n; i++)
		element[i] = rs_int128_to_numeric(rs_flow_amount(call->flow, transfer[i]), call->flow->scale);
	array = make_array(call, element, n, NUMERICOID);
	MemoryContextSwitchTo(old);
	return array;
}

Datum
rs_account_array(RsPatternCall *call, const uint32 *account, uint64 n)
{
	MemoryContext old = MemoryContextSwitchTo(call->row_context);
	Datum	   *element = rs_alloc(call->row_context, n, sizeof(Datum), "a row of the result");
	Datum		array;

	for (uint64 i = 0; i < n; i++)
		element[i] = call->flow->account_text(call->flow, account[i]);
	array = make_array(call, element, n, TEXTOID);
	MemoryContextSwitchTo(old);
	return array;
}

Datum
rs_amount_total(RsPatternCall *call, const uint32 *transfer, uint64 n)
{
	MemoryContext old = MemoryContextSwitchTo(call->row_context);
	int128		total = 0;
	Datum		result;

	for (uint64 i = 0; i < n; i++)
		if (__builtin_add_overflow(total, rs_flow_amount(call->flow, transfer[i]), &total))
			ereport(ERROR,
					(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
					 errmsg("sum of the amounts does not fit into 38 digits")));
	result = rs_int128_to_numeric(total, call->flow->scale);
	MemoryContextSwitchTo(old);
	return result;
}

Datum
rs_instance_key(RsPatternCall *call, const char *pattern, const uint32 *transfer, uint64 n)
{
	MemoryContext old = MemoryContextSwitchTo(call->row_context);
	uint64		a = hash_bytes_extended((const unsigned char *) pattern, strlen(pattern), 1),
				b = hash_bytes_extended((const unsigned char *) pattern, strlen(pattern), 2);
	Datum		key;

	for (uint64 i = 0; i < n; i++)
	{
		text	   *t = DatumGetTextPP(call->flow->txn_text(call->flow, transfer[i]));

		/* chained: the order of the transfers counts */
		a = hash_bytes_extended((unsigned char *) VARDATA_ANY(t), VARSIZE_ANY_EXHDR(t), a);
		b = hash_bytes_extended((unsigned char *) VARDATA_ANY(t), VARSIZE_ANY_EXHDR(t), b);
	}
	key = CStringGetTextDatum(psprintf("%016llx%016llx", (unsigned long long) a, (unsigned long long) b));
	MemoryContextSwitchTo(old);
	return key;
}
