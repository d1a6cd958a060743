/*
 * src/pattern_row.h
 *	  What the pattern functions share: one call's flow, and rows of transfers.
 */
#ifndef RS_PATTERN_ROW_H
#define RS_PATTERN_ROW_H

#include "postgres.h"
#include "fmgr.h"
#include "funcapi.h"

#include "flow_source.h"

typedef struct RsPatternCall
{
	MemoryContext budget;		/* everything of the call */
	MemoryContext row_context;	/* reset after each row */
	RsFlow	   *flow;
	ReturnSetInfo *result;
} RsPatternCall;

/* Open the flow named by argument 0; SPI is connected until rs_pattern_end(). */
extern void rs_pattern_begin(RsPatternCall *call, FunctionCallInfo fcinfo, int bad_rows_arg, bool by_owner);
extern void rs_pattern_end(RsPatternCall *call);
extern void rs_pattern_put(RsPatternCall *call, Datum *values, bool *nulls);

/* Arguments. */
extern int128 rs_amount_argument(const RsFlow *flow, Datum numeric, const char *argument);
extern void rs_refuse_null(FunctionCallInfo fcinfo, int arg, const char *argument);

/* Arrays over transfer numbers, in their order. */
extern Datum rs_txn_array(RsPatternCall *call, const uint32 *transfer, uint64 n);
extern Datum rs_amount_array(RsPatternCall *call, const uint32 *transfer, uint64 n);
extern Datum rs_account_array(RsPatternCall *call, const uint32 *account, uint64 n);
extern Datum rs_amount_total(RsPatternCall *call, const uint32 *transfer, uint64 n);

/*
 * A key that the same instance has in every run: 32 hex digits of a hash over
 * the pattern's name and the txn_ids.
 */
extern Datum rs_instance_key(RsPatternCall *call, const char *pattern, const uint32 *transfer, uint64 n);

#endif							/* RS_PATTERN_ROW_H */
