/*
 * src/flow_source_query.h
 *	  What the files that fetch a flow from the analyst's table share.
 *
 * src/flow_source_query.c walks, src/flow_source_request.c asks for the
 * transfers of a hop, src/flow_source_row.c keeps the rows that come.
 *
 * Keys: downstream a time is its own key, upstream its complement, so that
 * walking is always upwards.
 */
#ifndef RS_FLOW_SOURCE_QUERY_H
#define RS_FLOW_SOURCE_QUERY_H

#include "postgres.h"

#include "flow_source.h"
#include "query_reader.h"
#include "rs_memory.h"

#define NOTHING PG_INT64_MAX

typedef struct Account
{
	int64		from;			/* everything with a key >= this was asked for; NOTHING */
	int64		arrival;		/* earliest and latest arrival not yet answered */
	int64		latest;
	uint32		count;			/* transfers fetched (max_fanout) */
	bool		waiting;
	bool		stop;
	bool		ranged;			/* rows without a time were not seen */
} Account;

typedef struct Window
{
	uint32		account;
	int64		from,
				to;				/* keys, inclusive */
} Window;

typedef struct FetchedFlow
{
	RsFlow		flow;			/* first: what callers hold */
	RsQuery    *query;
	RsInterner *accounts;
	RsInterner *txns;
	const RsFlowQuestion *q;
	bool		bound_times;	/* ranges can be pushed into the query */
	int64		near,
				far;

	Account    *account;
	uint64		naccounts,
				account_capacity;
	uint32	   *frontier;
	uint64		nfrontier,
				frontier_capacity;
	uint32	   *stopped;		/* stop_at accounts that were reached */
	uint64		nstopped,
				stopped_capacity;
	Window	   *window;			/* max_hold: opened by the rows of this hop */
	uint64		nwindows,
				window_capacity;
	Window	   *covered;		/* max_hold: asked for, ascending, disjoint */
	uint64		ncovered;

	RsRawTransfer *raw;
	uint64		nraw,
				raw_capacity;
	int64	   *amount;			/* exactly one of these, as soon as there are rows */
	char	   *wide;			/* int128s, unaligned */
	uint64		amount_capacity;
	uint32	   *txn;			/* by transfer number */

	int64	   *probe_latest;	/* answer of the last probe, by account: key, or PG_INT64_MIN */
} FetchedFlow;


typedef struct Request
{
	uint32		account;
	int64		from,
				to;				/* keys, inclusive */
	int32		want;			/* at most so many, the farthest first */
} Request;

typedef struct Requests
{
	Request    *list;
	uint64		n;
	bool		limited;		/* want matters */
} Requests;


static inline int64
key_of(const FetchedFlow *s, TimestampTz t)
{
	return s->q->upstream ? ~t : t;
}

/* Smallest key to fetch for an arrival; everything where ranges cannot be asked for. */
static inline int64
onward(const FetchedFlow *s, int64 arrival)
{
	if (!s->q->ordered || !s->bound_times)
		return s->near;
	return s->q->strict && arrival < PG_INT64_MAX ? arrival + 1 : arrival;
}

static inline Account *
account_of(FetchedFlow *s, uint32 id)
{
	if (id >= s->naccounts)
	{
		uint64		n = rs_interner_count(s->accounts);

		s->account = rs_grow(s->flow.budget, s->account, &s->account_capacity, n,
							 sizeof(Account), "the accounts of a trace");
		for (uint64 i = s->naccounts; i < n; i++)
			s->account[i] = (Account) {.from = NOTHING};
		s->naccounts = n;
	}
	return &s->account[id];
}


/* src/flow_source_row.c: what the reader calls for each row, and when the amounts' scale grows. */
extern void rs_fetched_keep_row(void *arg, const RsRow *row);
extern void rs_fetched_rescale(void *arg, int column, int old_scale, int new_scale);

/* src/flow_source_request.c: fetch the transfers of one hop. */
extern void rs_fetched_ask(FetchedFlow *s, const Requests *r);

/*
 * For the accounts in `list` (waiting, not fetched): probe_latest becomes the
 * key of the last transfer after their earliest arrival, as far as that
 * decides which arrivals have something after them.
 */
extern void rs_fetched_probe_beyond(FetchedFlow *s, const uint32 *list, uint64 n);

/* Transfers of the fetched accounts that have no time are bad rows: let the reader see them. */
extern void rs_fetched_check_null_times(FetchedFlow *s);

#endif							/* RS_FLOW_SOURCE_QUERY_H */
