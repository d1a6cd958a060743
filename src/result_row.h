/*
 * src/result_row.h
 *	  Result rows written straight into the form in which they are kept.
 */
#ifndef RS_RESULT_ROW_H
#define RS_RESULT_ROW_H

#include "postgres.h"
#include "executor/tuptable.h"
#include "nodes/execnodes.h"

typedef struct RsResultRow
{
	Tuplestorestate *store;
	TupleTableSlot *slot;
	MinimalTuple tuple;			/* the row at hand */
	Size		capacity;		/* bytes allocated */
	Size		data;			/* where values begin */
	Size		at;				/* where the next value goes */
	Size		last;			/* where the last one began */
	int			columns;
	int			column;			/* the next */
} RsResultRow;

/* Rows for a materialized set-returning function; memory in the current context. */
extern void rs_result_row_open(RsResultRow *row, ReturnSetInfo *result);
extern void rs_result_row_close(RsResultRow *row);

/* The values of a row, in the order of its columns; then rs_row_put(). */
extern void rs_row_null(RsResultRow *row);
extern void rs_row_bool(RsResultRow *row, bool value);
extern void rs_row_int4(RsResultRow *row, int32 value);
/* text, numeric, arrays: not toasted */
extern void rs_row_varlena(RsResultRow *row, Datum value);
/* A text written in place, of at most room bytes (up to 120), as many as are told at its end. */
extern char *rs_row_text_begin(RsResultRow *row, int room);
extern void rs_row_text_end(RsResultRow *row, int bytes);
extern void rs_row_take_back(RsResultRow *row); /* the last value: another comes in its place */
extern void rs_row_decimal(RsResultRow *row, int64 value, int scale);	/* value x 10^-scale */
extern void rs_row_zero(RsResultRow *row);	/* the decimal 0 */
extern void rs_row_repeat(RsResultRow *row);	/* the same decimal again */
extern void rs_row_put(RsResultRow *row);

#endif							/* RS_RESULT_ROW_H */
