/*
 * src/trace_sql.h
 *	  What the SQL functions over one traced question share.
 */
#ifndef RS_TRACE_SQL_H
#define RS_TRACE_SQL_H

#include "postgres.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/memutils.h"

#include "flow_source.h"
#include "trace.h"

/* Positions of the arguments that every trace function has. */
enum
{
	ARG_TRANSFERS, ARG_SEEDS, ARG_DIRECTION, ARG_SINCE, ARG_UNTIL, ARG_MAX_HOPS, ARG_MAX_HOLD,
	ARG_MIN_AMOUNT, ARG_STOP_AT, ARG_MAX_FANOUT, ARG_ORDERED, ARG_STRICT, ARG_COMMON
};

/* An account's name, made once: short ones lie in the table itself. */
typedef union RsTraceText
{
	char		inside[32];		/* a short varlena; first byte 0: none */
	struct
	{
		uint64		none;
		struct varlena *outside;
	};
} RsTraceText;

#define RS_TEXT_PAGE_BITS 8
#define RS_TEXT_PAGE_SIZE (1 << RS_TEXT_PAGE_BITS)

typedef struct RsTraceCall
{
	MemoryContext budget;
	MemoryContext caller;		/* of rs_trace_begin(), after which the budget is the current one */
	MemoryContext row_context;	/* reset after some rows */
	ReturnSetInfo *result;
	RsFlow	   *flow;
	RsFlowQuestion question;
	RsTrace    *trace;

	int			nseeds;			/* distinct, in the order given */
	uint32	   *seed;			/* RS_NO_ID: unknown to the flow */
	Datum	   *seed_text;

	int			ntargets;		/* trace_paths only */
	uint32	   *target;

	RsTraceText **text_page;	/* by account */
	uint64		rows;
} RsTraceCall;

/*
 * Check the arguments, open and fetch the flow. bad_rows_arg is the position of
 * that argument, target_arg of the target array or -1. rs_trace_begin(): for
 * functions that send their rows with rs_trace_row().
 */
extern RsTraceCall *rs_trace_open(FunctionCallInfo fcinfo, int bad_rows_arg, int target_arg);
extern RsTraceCall *rs_trace_begin(FunctionCallInfo fcinfo, int bad_rows_arg, int target_arg);
extern void rs_trace_end(RsTraceCall *call);

/* qsort: account numbers, ascending. */
extern int	rs_compare_accounts(const void *a, const void *b);

extern Datum rs_trace_make_text(RsTraceCall *call, uint32 account);

static inline Datum
rs_trace_account_text(RsTraceCall *call, uint32 account)
{
	RsTraceText *page = call->text_page[account >> RS_TEXT_PAGE_BITS];

	if (likely(page != NULL))
	{
		RsTraceText *slot = &page[account & (RS_TEXT_PAGE_SIZE - 1)];

		if (likely(slot->inside[0] != 0))
			return PointerGetDatum(slot->inside);
		if (slot->outside)
			return PointerGetDatum(slot->outside);
	}
	return rs_trace_make_text(call, account);
}

static inline void
rs_trace_prefetch_text(const RsTraceCall *call, uint32 account)
{
	const RsTraceText *page = call->text_page[account >> RS_TEXT_PAGE_BITS];

	if (page != NULL)
		__builtin_prefetch(&page[account & (RS_TEXT_PAGE_SIZE - 1)]);
}

extern Datum rs_trace_amount(RsTraceCall *call, int128 amount);
/* Send a row; what was made for it in row_context may be forgotten. */
extern void rs_trace_row(RsTraceCall *call, Datum *values, bool *nulls);

/* A row was sent. A reset costs as much as making a short row. */
static inline void
rs_trace_row_sent(RsTraceCall *call)
{
	if ((++call->rows & 0xff) == 0)
		MemoryContextReset(call->row_context);
	CHECK_FOR_INTERRUPTS();
}

#endif							/* RS_TRACE_SQL_H */
