/*
 * bench/emit_rows.c
 *	  What it costs to return rows at all: a set-returning function that puts
 *	  the same row, given as arguments, into the result so many times.
 *
 * emit_rows(n bigint, seed text, hop int, txn_id text, payer text, payee text,
 *	 amount numeric, paid_at timestamptz, cut text): the columns of trace_funds,
 *	 filled from a row of the answer it is compared with, so that rows are as long.
 */
#include "postgres.h"

#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"

#define COLUMNS 8

PG_MODULE_MAGIC;

PG_FUNCTION_INFO_V1(emit_rows);
Datum
emit_rows(PG_FUNCTION_ARGS)
{
	int64		n = PG_GETARG_INT64(0);
	ReturnSetInfo *result;
	Datum		values[COLUMNS];
	bool		nulls[COLUMNS];

	InitMaterializedSRF(fcinfo, 0);
	result = (ReturnSetInfo *) fcinfo->resultinfo;
	for (int i = 0; i < COLUMNS; i++)
	{
		values[i] = PG_GETARG_DATUM(i + 1);
		nulls[i] = PG_ARGISNULL(i + 1);
	}
	for (int64 i = 0; i < n; i++)
	{
		tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
		CHECK_FOR_INTERRUPTS();
	}
	return (Datum) 0;
}
