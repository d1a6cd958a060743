/*
 * src/trace_state.h
 *	  What the files of the trace engine share: its state, and walking order.
 *
 * Upstream is the mirror image of downstream: the other side of the flow, and
 * time reversed. Times become keys and places become walking positions that
 * ascend in the direction of the walk. What takes `upstream` as a constant is
 * compiled once for each direction; the small functions below are part of the
 * inner loops and stay inline.
 *
 * States live in pages that are allocated when first touched, so that a small
 * trace in a large flow costs what it touches; a stamp per seed saves clearing
 * them. Everything belongs to the flow's budget.
 */
#ifndef RS_TRACE_STATE_H
#define RS_TRACE_STATE_H

#include "postgres.h"
#include "miscadmin.h"

#include "flow_parts.h"
#include "rs_memory.h"
#include "trace.h"

#define PAGE_BITS	8
#define PAGE_SIZE	(1 << PAGE_BITS)
#define PAGE_MASK	(PAGE_SIZE - 1)
#define UNKNOWN		UINT32_MAX
#define NOT_PENDING	UINT32_MAX
#define LATE		64			/* arrivals whose account is looked up together */

typedef struct State
{
	uint32		stamp;			/* seed for which the next two are valid */
	uint32		pending;		/* earliest arrival not yet walked; NOT_PENDING (max_hold: flags) */
	uint32		open;			/* arrivals below open new arcs */
	uint32		last;			/* open of an account nothing was visited of; UNKNOWN until asked */
} State;

/*
 * States of PAGE_SIZE accounts. A cache line of them is made ready when one of
 * it is first asked for: a trace that touches a few accounts of every page
 * would else spend more time writing states than using them.
 */
#define LINE_SIZE	4

typedef struct StatePage
{
	State	   *state;
	uint64		ready;			/* bit by line */
} StatePage;

/* A part of the flow; a flow of one part, or whose parts are joined, has one. */
typedef struct TracePart
{
	RsFlowPart	groups;
	const uint32 *start;		/* by member; NULL: joined, ask rs_flow_group() */
	uint32		near,			/* keys of its arcs: [near, far) */
				far;
} TracePart;

/* A look-up on its way: the last arcs of an account in the parts before `part`. */
typedef struct LastArc
{
	uint32		account;
	uint32		key;			/* an arrival, and its place among the level's, for who asks */
	uint32		arc;
	uint32		member;
	int			part;			/* in walking order; then the part where `member` has arcs, or -1 */
} LastArc;

typedef struct Limit
{
	uint32		closed;			/* arrivals below are not followed; UNKNOWN until asked */
	uint32		cut_stamp;		/* seed for which such an arrival was seen */
} Limit;

struct RsTrace
{
	RsFlow	   *flow;
	MemoryContext budget;
	const RsFlowSide *side;
	const RsArc *arc;
	int			nparts;
	TracePart	part[RS_FLOW_MAX_PARTS];	/* in walking order */
	const uint32 *transfer;
	bool		upstream;
	bool		ordered;
	bool		strict;
	bool		hold;
	bool		closing;		/* stop_at or max_fanout given */
	bool		filtered;		/* min_amount excludes something */
	int128		min_amount;
	int			max_hops;
	int64		max_hold;
	uint32		hold_steps;		/* the same in codes, when linear */
	int64		max_fanout;
	uint32		nstops;
	uint32	   *stop;			/* ascending */
	uint32		near,			/* keys of the question's time: [near, far) */
				far;

	char	   *slab;			/* memory for the pages below */
	Size		slab_left,
				slab_size;
	StatePage  *state;			/* pages by account */
	Limit	  **limit;
	uint32	  **skip;			/* pages by place, max_hold only */

	uint32		seed;
	uint32		stamp;
	uint32		nlate;			/* last level: arrivals at accounts not looked at yet */
	LastArc		late[LATE];
	RsTraceSummary summary;
	uint64		not_terminal;

	bool		marked;			/* hop_cut is valid */
	uint64	   *hop_cut;		/* bit by arc of the last level: cut by max_hops */
	uint64		hop_cut_capacity;

	RsTraceRun *run;
	uint64		nruns,
				run_capacity;
	uint32	   *frontier;
	uint64		nfrontier,
				frontier_capacity;
	uint32	   *touched;		/* places whose skip pointer was set */
	uint64		ntouched,
				touched_capacity;
};


/* src/trace_state.c: memory for PAGE_SIZE elements; fresh states of a line. */
extern void *rs_trace_new_page(RsTrace *t, Size size);
extern void rs_trace_make_ready(RsTrace *t, StatePage *page, uint32 line);

/* src/trace_hold.c: put the arcs [first, end) of the seed and what follows them into the trace. */
extern void rs_trace_walk_hold(RsTrace *t, uint32 first, uint32 end);
/* Make every arc missing from the trace again. */
extern void rs_trace_forget_hold(RsTrace *t);
extern RsTraceCut rs_trace_cut_hold(RsTrace *t, uint32 account, uint32 key);


/* ---- walking order ---- */

static inline uint32
key_of(uint32 code, const bool upstream)
{
	return upstream ? RS_FLOW_MAX_CODE - code : code;
}

static inline uint32
flip(uint32 v, const bool upstream)
{
	return upstream ? RS_FLOW_MAX_TRANSFERS - v : v;
}

static inline uint32
key_at(const RsTrace *t, uint32 v, const bool upstream)
{
	return key_of(t->arc[flip(v, upstream)].when, upstream);
}

/* Places of a group to walking order. */
static inline void
flip_group(uint32 a, uint32 b, const bool upstream, uint32 *first, uint32 *end)
{
	if (upstream)
	{
		*first = RS_FLOW_MAX_TRANSFERS + 1 - b;
		*end = RS_FLOW_MAX_TRANSFERS + 1 - a;
	}
	else
	{
		*first = a;
		*end = b;
	}
}

/* Group of an account in one piece, in walking order: [*first, *end). */
static inline void
group_of(const RsTrace *t, uint32 account, const bool upstream, uint32 *first, uint32 *end)
{
	uint32		a,
				b;

	rs_flow_group(t->side, account, &a, &b);
	flip_group(a, b, upstream, first, end);
}

/* The piece of a group that is in one part. */
static inline void
piece_of(const RsTrace *t, const TracePart *part, uint32 member, const bool upstream, uint32 *first, uint32 *end)
{
	if (unlikely(part->start == NULL))
		group_of(t, member, upstream, first, end);
	else
		flip_group(part->groups.first + part->start[member], part->groups.first + part->start[member + 1],
				   upstream, first, end);
}

/* First position in [low, high) with a key >= bound. */
static inline uint32
first_from(const RsTrace *t, uint32 low, uint32 high, uint32 bound, const bool upstream)
{
	while (low < high)
	{
		uint32		middle = low + (high - low) / 2;

		if (key_at(t, middle, upstream) < bound)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* The key that an arc following an arrival must at least have. */
static inline uint32
onward_key(const RsTrace *t, uint32 arrival)
{
	return arrival + (t->ordered && t->strict);
}

/* Arrivals below the result can be followed by an arc with this key. */
static inline uint32
open_for(const RsTrace *t, uint32 key)
{
	return key + !(t->ordered && t->strict);
}

static inline bool
qualifies(const RsTrace *t, uint32 place)
{
	return rs_flow_amount(t->flow, rs_flow_transfer(t->side, place)) >= t->min_amount;
}


/* ---- paged state ---- */

static inline State *
state_of(RsTrace *t, uint32 account)
{
	StatePage  *page = &t->state[account >> PAGE_BITS];
	uint32		line = (account & PAGE_MASK) / LINE_SIZE;

	if (unlikely((page->ready >> line & 1) == 0))
		rs_trace_make_ready(t, page, line);
	return page->state + (account & PAGE_MASK);
}

static inline void
prefetch_state(const RsTrace *t, uint32 account)
{
	const State *page = t->state[account >> PAGE_BITS].state;

	if (likely(page != NULL))
		__builtin_prefetch(page + (account & PAGE_MASK), 1);
}

static inline bool
is_stop(const RsTrace *t, uint32 account)
{
	uint32		low = 0,
				high = t->nstops;

	while (low < high)
	{
		uint32		middle = low + (high - low) / 2;

		if (t->stop[middle] < account)
			low = middle + 1;
		else
			high = middle;
	}
	return low < t->nstops && t->stop[low] == account;
}

static inline void
push_run(RsTrace *t, uint32 account, uint32 first, uint32 count, int hop)
{
	RsTraceRun *run;

	if (unlikely(t->nruns >= t->run_capacity))
		t->run = rs_grow(t->budget, t->run, &t->run_capacity, t->nruns + 1, sizeof(RsTraceRun), "a trace");
	run = &t->run[t->nruns++];
	run->account = account;
	run->first = first;
	run->count = count;
	run->hop = hop;
}


/* ---- what may follow an arrival ---- */

/* First key after the window that an arrival opens. */
static inline uint32
window_end_key(const RsTrace *t, uint32 key, const bool upstream)
{
	uint64		bound;

	if (t->flow->time == NULL)
		bound = (uint64) key + t->hold_steps + 1;
	else
	{
		TimestampTz at = rs_flow_time(t->flow, upstream ? RS_FLOW_MAX_CODE - key : key);

		if (upstream)
			bound = (uint64) RS_FLOW_MAX_CODE + 1 -
				rs_flow_code_bound(t->flow, at < PG_INT64_MIN + t->max_hold ? PG_INT64_MIN : at - t->max_hold, false);
		else
			bound = rs_flow_code_bound(t->flow, at > PG_INT64_MAX - t->max_hold ? PG_INT64_MAX : at + t->max_hold, true);
	}
	return (uint32) Min(bound, (uint64) t->far);
}

/* Positions of the arcs that may follow an arrival with this key. */
static inline void
window_of(const RsTrace *t, uint32 account, uint32 key, const bool upstream,
		  uint32 *first, uint32 *end)
{
	uint32		a,
				b;

	group_of(t, account, upstream, &a, &b);
	if (!t->ordered)
		key = t->near;
	*first = first_from(t, a, b, onward_key(t, key), upstream);
	*end = first_from(t, *first, b, t->hold ? window_end_key(t, key, upstream) : t->far, upstream);
}

/* Qualifying arcs in [first, end), at most `most` of them. */
static inline int64
count_qualifying(const RsTrace *t, uint32 first, uint32 end, int64 most, const bool upstream)
{
	int64		seen = 0;

	if (!t->filtered)
		return Min((int64) end - first, most);
	for (uint32 v = first; v < end && seen < most; v++)
	{
		seen += qualifies(t, flip(v, upstream));
		if ((v & 0xffff) == 0)
			CHECK_FOR_INTERRUPTS();
	}
	return seen;
}

/* More than max_fanout qualifying arcs in [first, end)? */
static inline bool
too_many(const RsTrace *t, uint32 first, uint32 end, const bool upstream)
{
	return t->max_fanout >= 0 && (int64) end - first > t->max_fanout &&
		count_qualifying(t, first, end, t->max_fanout + 1, upstream) > t->max_fanout;
}

#endif							/* RS_TRACE_STATE_H */
