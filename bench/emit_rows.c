/*
 * bench/emit_rows.c
 *	  What it costs to return rows at all: a set-returning function with the
 *	  columns of trace_funds that puts the same constants into every row.
 */
#include "postgres.h"

#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/numeric.h"
#include "utils/timestamp.h"

PG_MODULE_MAGIC;

PG_FUNCTION_INFO_V1(emit_rows);
Datum
emit_rows(PG_FUNCTION_ARGS)
{
	int64		n = PG_GETARG_INT64(0);
	ReturnSetInfo *result;
	Datum		values[8];
	bool		nulls[8] = {false, false, false, false, false, false, false, true};

	InitMaterializedSRF(fcinfo, 0);
	result = (ReturnSetInfo *) fcinfo->resultinfo;
	values[0] = CStringGetTextDatum("45199");
	values[1] = Int32GetDatum(3);
	values[2] = CStringGetTextDatum("704711");
	values[3] = CStringGetTextDatum("63209");
	values[4] = CStringGetTextDatum("85537");
	values[5] = DirectFunctionCall3(numeric_in, CStringGetDatum("1234.56"), ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1));
	values[6] = TimestampTzGetDatum(0);
	values[7] = (Datum) 0;
	for (int64 i = 0; i < n; i++)
	{
		tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
		CHECK_FOR_INTERRUPTS();
	}
	return (Datum) 0;
}
