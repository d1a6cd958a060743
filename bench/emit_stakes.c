/*
 * bench/emit_stakes.c
 *	  What it costs to return the rows of look_through() at all: a set-returning
 *	  function with its columns that puts the same constants into every row.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/numeric.h"

PG_MODULE_MAGIC;

static Datum
number(const char *text)
{
	return DirectFunctionCall3(numeric_in, CStringGetDatum(text), ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1));
}

PG_FUNCTION_INFO_V1(emit_stakes);
Datum
emit_stakes(PG_FUNCTION_ARGS)
{
	int64		n = PG_GETARG_INT64(0);
	ReturnSetInfo *result;
	Datum		values[11] = {0};
	bool		nulls[11] = {[9] = true, [10] = true};

	InitMaterializedSRF(fcinfo, 0);
	result = (ReturnSetInfo *) fcinfo->resultinfo;
	values[0] = CStringGetTextDatum("245199");
	values[1] = CStringGetTextDatum("100704711");
	values[2] = Int32GetDatum(3);
	values[3] = number("0");
	values[4] = values[5] = number("0.0123456789");
	values[8] = PointerGetDatum(construct_empty_array(TEXTOID));
	for (int64 i = 0; i < n; i++)
	{
		tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
		CHECK_FOR_INTERRUPTS();
	}
	return (Datum) 0;
}
