/*
 * src/row_scan.h
 *	  Set-returning functions whose rows are read as they are made.
 */
#ifndef RS_ROW_SCAN_H
#define RS_ROW_SCAN_H

#include "postgres.h"
#include "fmgr.h"

#include "result_row.h"

/*
 * What a function returns instead of rows: next() writes one, false if there
 * are no more; close() says what there is to say at the end (warnings), however
 * many were made. State lies in the context in which the function was called,
 * or in children of it; next() and close() are called in it.
 */
typedef struct RsRowSource
{
	bool		(*next) (void *state, RsResultRow *row);
	void		(*close) (void *state);
	void	   *state;
} RsRowSource;

/* The end of such a function: all rows into a tuplestore, or the source itself to who scans it. */
extern Datum rs_return_rows(FunctionCallInfo fcinfo, const RsRowSource *source);

extern bool rs_enable_row_scan; /* risk_screen.enable_row_scan */
extern void rs_row_scan_init(void);

#endif							/* RS_ROW_SCAN_H */
