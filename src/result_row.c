/*
 * src/result_row.c
 *	  Result rows written straight into the form in which they are kept.
 *
 * A question about all companies has millions of result rows. Going through
 * tuplestore_putvalues() costs a Datum for every number, two passes over the
 * columns and three allocations a row; here values are appended to one buffer
 * that is already a MinimalTuple, and the tuplestore copies it once. Who reads
 * rows as they are made (src/row_scan.c) needs no copy: value[] and isnull[]
 * say where the columns are.
 *
 * A row always has a null bitmap, so that values begin at the same place in
 * every row. Varlena values get short headers where they fit, as
 * heap_fill_tuple() does. The layout is that of heap tuples, public in
 * access/htup_details.h and the same in PostgreSQL 15 to 18.
 *
 * Cost: a copy of each value. Memory: one row.
 */
#include "pg_compat.h"

#include "executor/executor.h"
#include "utils/tuplestore.h"

#include "result_row.h"

void
rs_result_row_open(RsResultRow *row, int columns)
{
	Size		header = MAXALIGN(SizeofHeapTupleHeader + BITMAPLEN(columns));

	Assert(columns <= 64);
	memset(row, 0, sizeof(*row));
	row->columns = columns;
	row->value = palloc0(sizeof(Datum) * columns);
	row->isnull = palloc0(sizeof(bool) * columns);
	row->data = header - MINIMAL_TUPLE_OFFSET;
	row->capacity = 512;
	row->tuple = palloc0(row->capacity);
	row->tuple->t_infomask = HEAP_HASNULL | HEAP_HASVARWIDTH;
	row->tuple->t_infomask2 = (uint16) row->columns;
	row->tuple->t_hoff = (uint8) header;
	rs_row_begin(row);
}

void
rs_result_row_close(RsResultRow *row)
{
	if (row->slot != NULL)
		ExecDropSingleTupleTableSlot(row->slot);
	pfree(row->tuple);
	pfree(row->value);
	pfree(row->isnull);
}

/* Values already written move along. */
pg_noinline void
rs_row_grow(RsResultRow *row, Size bytes)
{
	char	   *before = (char *) row->tuple;

	row->capacity = 2 * bytes;
	row->tuple = MemoryContextAllocZero(GetMemoryChunkContext(before), row->capacity);
	memcpy(row->tuple, before, row->at);
	for (int i = 0; i < row->column; i++)
		if (!row->isnull[i] && !(row->by_value >> i & 1))
			row->value[i] = PointerGetDatum((char *) row->tuple + (DatumGetPointer(row->value[i]) - before));
	pfree(before);
}

void
rs_row_put(RsResultRow *row, Tuplestorestate *store, TupleDesc desc)
{
	Assert(row->column == row->columns && desc->natts == row->columns);
	if (row->slot == NULL)
		row->slot = MakeSingleTupleTableSlot(desc, &TTSOpsMinimalTuple);
	row->tuple->t_len = (uint32) row->at;
	ExecStoreMinimalTuple(row->tuple, row->slot, false);
	tuplestore_puttupleslot(store, row->slot);
}
