/*
 * src/flow_source.h
 *	  A flow of transfers in memory: what the trace engine walks, wherever it comes from.
 *
 * A flow is a set of immutable arrays. Accounts are numbered 0 .. naccounts-1,
 * transfers 0 .. ntransfers-1; a transfer's number is its place in the order
 * (payer, paid_at, txn_id). Each transfer is an arc twice: in the group of its
 * payer on the side RS_FLOW_OUT and in the group of its payee on the side
 * RS_FLOW_IN. Groups are sorted by (paid_at, txn_id), oldest first. So place p
 * on the side OUT *is* the transfer number; on the side IN it is transfer[p].
 *
 * Times are 32-bit codes that keep the order: either linear (base + code *
 * unit) or places in a table of the distinct times. Everything that walks
 * compares codes; only the edges of a question (since, until, hold) and the
 * result rows need real times.
 *
 * Cost: 8 (arc) + 8 (amount) for OUT, 8 + 4 for IN = 28 bytes a transfer, when
 * the times are linear and the amounts fit 64 bits.
 *
 * Two makers: src/flow_source_query.c fetches the part of the analyst's table
 * that one question needs and builds the arrays in the call's memory;
 * src/flow_source_graph.c points them into a mapped file. A flow that was fetched for
 * one question holds only the transfers on that question's side (the other
 * side's arrays are NULL; its transfers are numbered by their place on that
 * side), and `beyond` where it stopped looking.
 *
 * A flow graph that was refreshed may consist of several parts, each later
 * than those before. Numbers and places count through them: a transfer's
 * number is its place in the order (part, payer, paid_at, txn_id), still
 * ascending in the group of a payer. Groups are joined when they are asked for
 * (src/flow_parts.c).
 */
#ifndef RS_FLOW_SOURCE_H
#define RS_FLOW_SOURCE_H

#include "postgres.h"
#include "datatype/timestamp.h"
#include "utils/array.h"

#include "intern.h"

typedef struct RsArc
{
	uint32		peer;			/* the account at the other end */
	uint32		when;			/* time code */
} RsArc;

/* Codes above are free for sentinels of those who walk. */
#define RS_FLOW_MAX_CODE	(UINT32_MAX - 2)
#define RS_FLOW_MAX_TRANSFERS	(UINT32_MAX - 2)

enum { RS_FLOW_OUT = 0, RS_FLOW_IN = 1 };

typedef struct RsFlowJoin RsFlowJoin;

/*
 * Ask rs_flow_group() for an account's group and rs_flow_transfer() for the
 * transfer at a place: a flow graph of several parts has no `start`, and lays
 * groups beyond its last transfer.
 */
typedef struct RsFlowSide
{
	const uint32 *start;		/* naccounts + 1 places: group of a is start[a] .. start[a+1]-1; or NULL */
	const RsArc *arc;
	const uint32 *transfer;		/* number of the transfer at a place; NULL: the place itself */
	uint32		plain;			/* places below are transfer numbers whatever `transfer` is */
	RsFlowJoin *join;			/* where groups are found when `start` is NULL */
} RsFlowSide;

#define RS_FLOW_MAX_PARTS	16

/* A transfer before it has a place, for rs_flow_build(). */
typedef struct RsRawTransfer
{
	uint32		payer;
	uint32		payee;
	uint32		txn;			/* any number that compare_raw can order */
	TimestampTz time;
} RsRawTransfer;

typedef struct RsFlow RsFlow;

/* A question, as far as a source must know it to fetch what it needs. */
typedef struct RsFlowQuestion
{
	bool		upstream;
	bool		ordered;
	bool		strict;
	TimestampTz since;
	TimestampTz until;
	int			max_hops;
	int64		max_hold;		/* microseconds; -1: none */
	int64		max_fanout;		/* -1: none */
	Datum		min_amount;		/* numeric */
	uint32		nseeds;
	const uint32 *seed;			/* distinct; never RS_NO_ID */
	uint32		nstops;
	const uint32 *stop;			/* distinct; never RS_NO_ID */
} RsFlowQuestion;

struct RsFlow
{
	uint32		naccounts;
	uint32		ntransfers;
	RsFlowSide	side[2];

	const TimestampTz *time;	/* code -> time, ascending; NULL: linear */
	uint32		ncodes;			/* entries of that table */
	TimestampTz time_base;
	int64		time_unit;		/* > 0 */

	int			scale;			/* amounts are in units of 10^-scale */
	const int64 *amount;		/* by transfer number; exactly one of */
	const int128 *wide;			/* these two is not NULL (16-byte aligned) */

	/*
	 * NULL when the flow is complete. Else by account, in keys of the walk
	 * (downstream: the code; upstream: RS_FLOW_MAX_CODE - code): arrivals with
	 * a key below this can be followed by a transfer that exists but was not
	 * fetched. 0: none. Only as precise as needed to tell which of the fetched
	 * transfers were cut by max_hops or stop_at.
	 */
	const uint32 *beyond;

	/* Identifiers. Results are palloc'd in the current context, or live as long as the flow. */
	Datum		(*account_text) (RsFlow *flow, uint32 account);
	Datum		(*txn_text) (RsFlow *flow, uint32 transfer);
	void		(*prefetch_txn) (const RsFlow *flow, uint32 transfer);	/* soon txn_text; may be NULL */
	/* The same where identifiers are integers, which print as their digits; else NULL. */
	int64		(*account_integer) (const RsFlow *flow, uint32 account);
	int64		(*txn_integer) (const RsFlow *flow, uint32 transfer);
	void		(*prefetch_account) (const RsFlow *flow, uint32 account);	/* soon account_integer */
	int			(*compare_txn) (RsFlow *flow, uint32 a, uint32 b);	/* total order of txn_id: <0, 0, >0 */
	int			(*compare_account) (RsFlow *flow, uint32 a, uint32 b);

	/*
	 * text[] argument -> account numbers, RS_NO_ID for accounts the flow does
	 * not know, duplicates kept; text[i] is the identifier as the column's type
	 * writes it. The argument's name is for messages; a NULL element is an error.
	 */
	void		(*resolve) (RsFlow *flow, ArrayType *ids, const char *argument,
							int *count, uint32 **number, Datum **text);

	/* NULL unless a flow graph whose query has fee, currency or ord: src/flow_column.c */
	struct RsFlowColumns *columns;

	/* NULL unless a flow graph: transfer numbers of n identifiers (text), RS_NO_ID if absent. */
	uint32	   *(*find_txns) (RsFlow *flow, const Datum *id, uint32 n);

	/* NULL when the arrays are there from the start (flow graph). Called once. */
	void		(*fetch) (RsFlow *flow, const RsFlowQuestion *question);

	/* Give everything back, warn of skipped rows. */
	void		(*close) (RsFlow *flow);

	MemoryContext budget;
};

/*
 * Open what a `transfers` argument names: 'graph:NAME' or a query. SPI must be
 * connected for a query. `bad_rows` is the option's text ('error', 'skip').
 */
extern RsFlow *rs_flow_open(const char *transfers, const char *bad_rows, MemoryContext budget);

/* src/flow_source_graph.c: attach a flow graph by name; checks privileges. */
extern RsFlow *rs_flow_graph_open(const char *name, MemoryContext budget);

/* src/flow_source_query.c */
extern RsFlow *rs_flow_query_open(const char *transfers, const char *bad_rows, MemoryContext budget);

/*
 * src/flow_source.c: make the arrays of `flow` (naccounts is set) from a list.
 * sides: bit 1 << RS_FLOW_OUT and/or 1 << RS_FLOW_IN. Amounts are given beside
 * the list, as the flow holds them: 64-bit, or wide. place[i] gets the
 * transfer number of list[i] (may be NULL).
 */
extern void rs_flow_build(RsFlow *flow, int sides, uint32 n, const RsRawTransfer *list,
						  const int64 *amount, const int128 *wide, uint32 *place,
						  int (*compare_raw) (void *arg, uint32 txn_a, uint32 txn_b), void *arg);

static inline TimestampTz
rs_flow_time(const RsFlow *flow, uint32 code)
{
	return flow->time ? flow->time[code] : flow->time_base + (int64) code * flow->time_unit;
}

/* Number of codes whose time is < t (or <= t, when inclusive): 0 .. RS_FLOW_MAX_CODE + 1. */
extern uint32 rs_flow_code_bound(const RsFlow *flow, TimestampTz t, bool inclusive);

static inline int128
rs_flow_amount(const RsFlow *flow, uint32 transfer)
{
	return flow->amount ? (int128) flow->amount[transfer] : flow->wide[transfer];
}

static inline uint32
rs_flow_transfer(const RsFlowSide *side, uint32 place)
{
	return side->transfer && place >= side->plain ? side->transfer[place] : place;
}

/* src/flow_parts.c */
extern void rs_flow_joined_group(RsFlowJoin *join, uint32 account, uint32 *first, uint32 *end);
extern void rs_flow_joined_forget(RsFlowJoin *join);

/* The places of an account's group: [*first, *end), oldest first. */
static inline void
rs_flow_group(const RsFlowSide *side, uint32 account, uint32 *first, uint32 *end)
{
	if (likely(side->start != NULL))
	{
		*first = side->start[account];
		*end = side->start[account + 1];
	}
	else
		rs_flow_joined_group(side->join, account, first, end);
}

/*
 * For those who visit account after account: no place got so far is needed any
 * more. Without it, a graph of several parts keeps 12 bytes for each arc of the
 * groups that were asked for.
 */
static inline void
rs_flow_forget(const RsFlow *flow)
{
	if (flow->side[RS_FLOW_OUT].join)
		rs_flow_joined_forget(flow->side[RS_FLOW_OUT].join);
}

/* Places that groups may lie at are below this. */
static inline uint64
rs_flow_places(const RsFlow *flow)
{
	return flow->side[RS_FLOW_OUT].join ? (uint64) flow->ntransfers * 2 + 4096 : flow->ntransfers;
}

/* The account that made a transfer; a binary search. For complete flows. */
extern uint32 rs_flow_payer(const RsFlow *flow, uint32 transfer);

/* Every piece of a group [first, end), part by part: for who needs no order. */
typedef void (*RsFlowPieceHandler) (void *arg, uint32 account, uint32 first, uint32 end);
extern void rs_flow_pieces(const RsFlow *flow, int side, RsFlowPieceHandler handler, void *arg);

#endif							/* RS_FLOW_SOURCE_H */
