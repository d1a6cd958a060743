/*
 * src/result_row.h
 *	  Result rows written straight into the form in which they are kept.
 *
 * The writers are inline: a question about all companies writes eleven values
 * into each of millions of rows.
 */
#ifndef RS_RESULT_ROW_H
#define RS_RESULT_ROW_H

#include "pg_compat.h"

#include "access/htup_details.h"
#include "executor/tuptable.h"
#include "nodes/execnodes.h"
#include "utils/builtins.h"

#include "query_reader.h"

typedef struct RsResultRow
{
	TupleTableSlot *slot;		/* for rs_row_put(); NULL: not used yet */
	MinimalTuple tuple;			/* the row at hand */
	Datum	   *value;			/* its columns: in the tuple, or */
	uint64		by_value;		/* bit by column: the value itself */
	bool	   *isnull;
	Size		capacity;		/* bytes allocated */
	Size		data;			/* where values begin */
	Size		at;				/* where the next value goes */
	Size		last;			/* where the last one began */
	int			columns;
	int			column;			/* the next */
} RsResultRow;

/* Rows of so many columns; memory in the current context. */
extern void rs_result_row_open(RsResultRow *row, int columns);
extern void rs_result_row_close(RsResultRow *row);

extern void rs_row_grow(RsResultRow *row, Size bytes);

/* A row begins; its values follow in the order of its columns; then it is put, or read where it is. */
extern void rs_row_put(RsResultRow *row, Tuplestorestate *store, TupleDesc desc);

static inline void
rs_row_begin(RsResultRow *row)
{
	row->at = row->data;
	row->column = 0;
	row->by_value = 0;
	memset(row->tuple->t_bits, 0, BITMAPLEN(row->columns));
}

/* Room for the next value; it is marked as not null. */
static inline char *
rs_row_next(RsResultRow *row, Size bytes, Size alignment)
{
	Size		at = TYPEALIGN(alignment, row->at);
	char	   *to;

	Assert(row->column < row->columns);
	if (unlikely(at + bytes > row->capacity))
		rs_row_grow(row, at + bytes);
	/* Padding must be zero: a reader takes a zero byte for it. */
	for (Size i = row->at; i < at; i++)
		((char *) row->tuple)[i] = 0;
	to = (char *) row->tuple + at;
	row->tuple->t_bits[row->column / 8] |= (bits8) (1 << (row->column % 8));
	row->value[row->column] = PointerGetDatum(to);
	row->isnull[row->column] = false;
	row->column++;
	row->last = at;
	row->at = at + bytes;
	return to;
}

/*
 * Most values are a few bytes: eight at a time, overlapping in the middle,
 * instead of a call.
 */
static inline void
rs_copy_bytes(char *to, const char *from, Size n)
{
	if (n >= 8 && n <= 16)
	{
		uint64		head,
					tail;

		memcpy(&head, from, sizeof(head));
		memcpy(&tail, from + n - sizeof(tail), sizeof(tail));
		memcpy(to, &head, sizeof(head));
		memcpy(to + n - sizeof(tail), &tail, sizeof(tail));
	}
	else if (n >= 4 && n < 8)
	{
		uint32		head,
					tail;

		memcpy(&head, from, sizeof(head));
		memcpy(&tail, from + n - sizeof(tail), sizeof(tail));
		memcpy(to, &head, sizeof(head));
		memcpy(to + n - sizeof(tail), &tail, sizeof(tail));
	}
	else
		memcpy(to, from, n);
}

static inline void
rs_row_null(RsResultRow *row)
{
	Assert(row->column < row->columns);
	row->value[row->column] = (Datum) 0;
	row->isnull[row->column++] = true;
}

/* The value just written is what its column's datum is. */
static inline void
rs_row_by_value(RsResultRow *row, Datum value)
{
	row->value[row->column - 1] = value;
	row->by_value |= UINT64CONST(1) << (row->column - 1);
}

static inline void
rs_row_bool(RsResultRow *row, bool value)
{
	*rs_row_next(row, 1, 1) = (char) value;
	rs_row_by_value(row, BoolGetDatum(value));
}

static inline void
rs_row_int4(RsResultRow *row, int32 value)
{
	memcpy(rs_row_next(row, sizeof(int32), ALIGNOF_INT), &value, sizeof(int32));
	rs_row_by_value(row, Int32GetDatum(value));
}

/* bigint, timestamptz */
static inline void
rs_row_int8(RsResultRow *row, int64 value)
{
	memcpy(rs_row_next(row, sizeof(int64), ALIGNOF_DOUBLE), &value, sizeof(int64));
#ifdef USE_FLOAT8_BYVAL
	rs_row_by_value(row, Int64GetDatum(value));
#endif
}

/* text, numeric, arrays: not toasted */
static inline void
rs_row_varlena(RsResultRow *row, Datum value)
{
	const char *v = DatumGetPointer(value);
	Size		bytes = VARSIZE_ANY_EXHDR(v);

	Assert(!VARATT_IS_EXTERNAL(v) && !VARATT_IS_COMPRESSED(v));
	if (bytes + VARHDRSZ_SHORT <= VARATT_SHORT_MAX)
	{
		char	   *to = rs_row_next(row, bytes + VARHDRSZ_SHORT, 1);

		SET_VARSIZE_SHORT(to, bytes + VARHDRSZ_SHORT);
		rs_copy_bytes(to + VARHDRSZ_SHORT, VARDATA_ANY(v), bytes);
	}
	else
	{
		char	   *to = rs_row_next(row, bytes + VARHDRSZ, ALIGNOF_INT);

		SET_VARSIZE(to, bytes + VARHDRSZ);
		memcpy(to + VARHDRSZ, VARDATA_ANY(v), bytes);
	}
}

/* A text written in place, of at most room bytes (up to 120), as many as are told at its end. */
static inline char *
rs_row_text_begin(RsResultRow *row, int room)
{
	Assert(room + VARHDRSZ_SHORT <= VARATT_SHORT_MAX);
	return rs_row_next(row, room + VARHDRSZ_SHORT, 1) + VARHDRSZ_SHORT;
}

static inline void
rs_row_text_end(RsResultRow *row, int bytes)
{
	char	   *to = (char *) row->tuple + row->last;

	SET_VARSIZE_SHORT(to, bytes + VARHDRSZ_SHORT);
	row->at = row->last + bytes + VARHDRSZ_SHORT;
}

/* An integer as text. */
static inline void
rs_row_int8_text(RsResultRow *row, int64 value)
{
	/* and a zero behind it */
	char	   *to = rs_row_text_begin(row, MAXINT8LEN + 1);

	rs_row_text_end(row, pg_lltoa(value, to));
}

/* The last value: another comes in its place. */
static inline void
rs_row_take_back(RsResultRow *row)
{
	row->column--;
	row->at = row->last;
}

/* value x 10^-scale, with all its digits (scale 0 to 18) */
static inline void
rs_row_decimal(RsResultRow *row, int64 value, int scale)
{
	char	   *to = rs_row_next(row, RS_DECIMAL_BYTES, 1);

	row->at = row->last + rs_decimal_form(to, value, scale);
}

/* The same with `scale` digits after the point. */
static inline void
rs_row_amount(RsResultRow *row, int64 value, int scale)
{
	char	   *to = rs_row_next(row, RS_DECIMAL_BYTES, 1);

	row->at = row->last + rs_amount_form(to, value, scale);
}

/* The decimal 0: a header without digits. */
static inline void
rs_row_zero(RsResultRow *row)
{
	static char form[RS_DECIMAL_BYTES];
	static int	bytes = 0;

	if (unlikely(bytes == 0))
		bytes = rs_decimal_form(form, 0, 0);
	memcpy(rs_row_next(row, bytes, 1), form, bytes);
}

/* The same decimal or text again. */
static inline void
rs_row_repeat(RsResultRow *row)
{
	Size		bytes = row->at - row->last;
	char	   *to = rs_row_next(row, bytes, 1);

	rs_copy_bytes(to, to - bytes, bytes);
}

#endif							/* RS_RESULT_ROW_H */
