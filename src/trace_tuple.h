/*
 * src/trace_tuple.h
 *	  Rows of trace_funds, written in the form in which they are stored.
 */
#ifndef RS_TRACE_TUPLE_H
#define RS_TRACE_TUPLE_H

#include "trace_sql.h"

typedef struct RsTupleWriter RsTupleWriter;

/* A row but for its seed and hop. */
typedef struct RsTraceTuple
{
	int64		payer;			/* integers themselves where the flow has account_integer; else numbers */
	int64		payee;
	uint32		transfer;
	int64		txn;			/* where the flow has txn_integer */
	int64		amount;
	bool		wide;			/* the amount is more than that: the flow has it */
	TimestampTz paid_at;
	Datum		cut;			/* a text; 0: NULL */
} RsTraceTuple;

extern RsTupleWriter *rs_tuple_writer_create(RsTraceCall *call);
/* Seed and hop of the rows that follow. */
extern void rs_tuple_writer_begin(RsTupleWriter *writer, Datum seed, int hop);
extern void rs_tuple_writer_put(RsTupleWriter *writer, const RsTraceTuple *row);

#endif							/* RS_TRACE_TUPLE_H */
