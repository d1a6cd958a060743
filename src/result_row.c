/*
 * src/result_row.c
 *	  Result rows written straight into the form in which they are kept.
 *
 * A question about all companies has millions of result rows. Going through
 * tuplestore_putvalues() costs a Datum for every number, two passes over the
 * columns and three allocations a row; here values are appended to one buffer
 * that is already a MinimalTuple, and the tuplestore copies it once.
 *
 * A row always has a null bitmap, so that values begin at the same place in
 * every row. Varlena values get short headers where they fit, as
 * heap_fill_tuple() does. The layout is that of heap tuples, public in
 * access/htup_details.h and the same in PostgreSQL 15 to 18.
 *
 * Cost: a copy of each value. Memory: one row.
 */
#include "pg_compat.h"

#include "access/htup_details.h"
#include "access/tupdesc.h"
#include "executor/executor.h"
#include "utils/tuplestore.h"

#include "query_reader.h"
#include "result_row.h"

static void
begin(RsResultRow *row)
{
	row->at = row->data;
	row->column = 0;
	memset(row->tuple->t_bits, 0, BITMAPLEN(row->columns));
}

void
rs_result_row_open(RsResultRow *row, ReturnSetInfo *result)
{
	Size		header;

	row->store = result->setResult;
	row->slot = MakeSingleTupleTableSlot(result->setDesc, &TTSOpsMinimalTuple);
	row->columns = result->setDesc->natts;
	header = MAXALIGN(SizeofHeapTupleHeader + BITMAPLEN(row->columns));
	row->data = header - MINIMAL_TUPLE_OFFSET;
	row->capacity = 1024;
	row->tuple = palloc0(row->capacity);
	row->tuple->t_infomask = HEAP_HASNULL | HEAP_HASVARWIDTH;
	row->tuple->t_infomask2 = (uint16) row->columns;
	row->tuple->t_hoff = (uint8) header;
	begin(row);
}

void
rs_result_row_close(RsResultRow *row)
{
	ExecDropSingleTupleTableSlot(row->slot);
	pfree(row->tuple);
}

/* Room for the next value; it is marked as not null. */
static inline char *
next(RsResultRow *row, Size bytes, Size alignment)
{
	Size		at = TYPEALIGN(alignment, row->at);

	Assert(row->column < row->columns);
	if (unlikely(at + bytes > row->capacity))
	{
		row->capacity = 2 * (at + bytes);
		row->tuple = repalloc(row->tuple, row->capacity);
	}
	/* Padding must be zero: a reader takes a zero byte for it. */
	for (Size i = row->at; i < at; i++)
		((char *) row->tuple)[i] = 0;
	row->tuple->t_bits[row->column / 8] |= (bits8) (1 << (row->column % 8));
	row->column++;
	row->last = at;
	row->at = at + bytes;
	return (char *) row->tuple + at;
}

/*
 * Most values are a few bytes: eight at a time, overlapping in the middle,
 * instead of a call.
 */
static inline void
copy_bytes(char *to, const char *from, Size n)
{
	if (n > 16 || n < 2)
	{
		if (n > 16)
			memcpy(to, from, n);
		else if (n == 1)
			*to = *from;
		return;
	}
	if (n >= 8)
	{
		uint64		head,
					tail;

		memcpy(&head, from, sizeof(head));
		memcpy(&tail, from + n - sizeof(tail), sizeof(tail));
		memcpy(to, &head, sizeof(head));
		memcpy(to + n - sizeof(tail), &tail, sizeof(tail));
	}
	else if (n >= 4)
	{
		uint32		head,
					tail;

		memcpy(&head, from, sizeof(head));
		memcpy(&tail, from + n - sizeof(tail), sizeof(tail));
		memcpy(to, &head, sizeof(head));
		memcpy(to + n - sizeof(tail), &tail, sizeof(tail));
	}
	else
	{
		uint16		head,
					tail;

		memcpy(&head, from, sizeof(head));
		memcpy(&tail, from + n - sizeof(tail), sizeof(tail));
		memcpy(to, &head, sizeof(head));
		memcpy(to + n - sizeof(tail), &tail, sizeof(tail));
	}
}

void
rs_row_null(RsResultRow *row)
{
	Assert(row->column < row->columns);
	row->column++;
}

void
rs_row_bool(RsResultRow *row, bool value)
{
	*next(row, 1, 1) = (char) value;
}

void
rs_row_int4(RsResultRow *row, int32 value)
{
	memcpy(next(row, sizeof(int32), ALIGNOF_INT), &value, sizeof(int32));
}

void
rs_row_varlena(RsResultRow *row, Datum value)
{
	const char *v = DatumGetPointer(value);
	Size		bytes = VARSIZE_ANY_EXHDR(v);

	Assert(!VARATT_IS_EXTERNAL(v) && !VARATT_IS_COMPRESSED(v));
	if (bytes + VARHDRSZ_SHORT <= VARATT_SHORT_MAX)
	{
		char	   *to = next(row, bytes + VARHDRSZ_SHORT, 1);

		SET_VARSIZE_SHORT(to, bytes + VARHDRSZ_SHORT);
		copy_bytes(to + VARHDRSZ_SHORT, VARDATA_ANY(v), bytes);
	}
	else
	{
		char	   *to = next(row, bytes + VARHDRSZ, ALIGNOF_INT);

		SET_VARSIZE(to, bytes + VARHDRSZ);
		memcpy(to + VARHDRSZ, VARDATA_ANY(v), bytes);
	}
}

char *
rs_row_text_begin(RsResultRow *row, int room)
{
	Assert(room + VARHDRSZ_SHORT <= VARATT_SHORT_MAX);
	return next(row, room + VARHDRSZ_SHORT, 1) + VARHDRSZ_SHORT;
}

void
rs_row_text_end(RsResultRow *row, int bytes)
{
	char	   *to = (char *) row->tuple + row->last;

	SET_VARSIZE_SHORT(to, bytes + VARHDRSZ_SHORT);
	row->at = row->last + bytes + VARHDRSZ_SHORT;
}

void
rs_row_take_back(RsResultRow *row)
{
	row->column--;
	row->at = row->last;
}

void
rs_row_decimal(RsResultRow *row, int64 value, int scale)
{
	char		form[RS_DECIMAL_BYTES];
	int			bytes = rs_decimal_form(form, value, scale);

	copy_bytes(next(row, bytes, 1), form, bytes);
}

/* The stored form of numeric 0. */
void
rs_row_zero(RsResultRow *row)
{
	static char form[RS_DECIMAL_BYTES];
	static int	bytes = 0;

	if (bytes == 0)
		bytes = rs_decimal_form(form, 0, 0);
	copy_bytes(next(row, bytes, 1), form, bytes);
}

void
rs_row_repeat(RsResultRow *row)
{
	Size		bytes = row->at - row->last;
	char	   *to = next(row, bytes, 1);

	copy_bytes(to, to - bytes, bytes);
}

void
rs_row_put(RsResultRow *row)
{
	Assert(row->column == row->columns);
	row->tuple->t_len = (uint32) row->at;
	ExecStoreMinimalTuple(row->tuple, row->slot, false);
	tuplestore_puttupleslot(row->store, row->slot);
	begin(row);
}
