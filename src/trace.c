/*
 * src/trace.c
 *	  The trace engine: which transfers a seed's money can have passed through, and where it stopped.
 *
 * A transfer is in the trace at hop 1 if it leaves the seed, at hop h + 1 if a
 * transfer of the trace at hop <= h entered its payer no later than it left
 * (and, with max_hold, not longer than that before). Paths are never
 * enumerated; every transfer is visited once per seed.
 *
 * Walking order. Upstream is the mirror image of downstream: the other side
 * of the flow, and time reversed. Times become keys and places become walking
 * positions that ascend in the direction of the walk; the inner loops are
 * compiled once for each direction.
 *
 * Without max_hold. What an account may pass on depends only on its earliest
 * arrival, so the part of its group that is in the trace is always a tail. The
 * state of an account is `open`: arrivals with a key below it still open new
 * arcs. A level takes the accounts with such arrivals, moves `open` to the
 * earliest of them and visits exactly the arcs that are new. One state of 16
 * bytes is touched per arc; that random access is the cost of the engine, so
 * the states of the arcs ahead are prefetched.
 *
 * With max_hold. An arrival opens a window, not a tail: the state is the
 * transfer. A skip pointer per arc leads to the next one that is not yet in
 * the trace (union-find with path halving), so overlapping windows cost
 * near-constant time each however often they overlap.
 *
 * Cuts. An arc was cut if one of the arcs that could follow it is missing from
 * the trace. Without max_hold that is "its key is below the final `open` of
 * the account it reached", known for every hop but the last at once. `closed`
 * is the same bound for stop_at and max_fanout: arrivals with a key below it
 * have more than the permitted number of arcs ahead of them.
 *
 * States live in pages that are allocated when first touched, so that a small
 * trace in a large flow costs what it touches; a stamp per seed saves clearing
 * them. Limits: 2^32 - 3 transfers, accounts and distinct times.
 */
#include "postgres.h"

#include <sys/mman.h>

#include "miscadmin.h"

#include "rs_memory.h"
#include "trace.h"

#define PAGE_BITS	8
#define PAGE_SIZE	(1 << PAGE_BITS)
#define PAGE_MASK	(PAGE_SIZE - 1)
#define SMALL_SLAB	((Size) 64 * 1024)
#define HUGE_SLAB	((Size) 2 * 1024 * 1024)
#define HUGE_SLABS	8
#define UNKNOWN		UINT32_MAX
#define NOT_PENDING	UINT32_MAX
#define AHEAD		8			/* arcs between prefetch and use */
#define NEAR_RUNS	2			/* runs between prefetch of the states and use */
#define FAR_RUNS	8			/* the same for their arcs */
#define LATE		64			/* arrivals whose account is looked up together */

typedef struct State
{
	uint32		stamp;			/* seed for which the next two are valid */
	uint32		pending;		/* earliest arrival not yet walked; NOT_PENDING */
	uint32		open;			/* arrivals below open new arcs */
	uint32		last;			/* open of an account nothing was visited of; UNKNOWN until asked */
} State;

/* In the last level nobody waits any more: the field marks accounts with a cut. */
#define COUNTED_CUT	0

/* With max_hold, `pending` holds these. */
#define HOLD_SENT	1
#define HOLD_CUT	2

typedef struct Limit
{
	uint32		closed;			/* arrivals below are not followed; UNKNOWN until asked */
	uint32		cut_stamp;		/* seed for which such an arrival was seen */
} Limit;

struct RsTrace
{
	RsFlow	   *flow;
	MemoryContext budget;
	const RsArc *arc;
	const uint32 *start;
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
	State	  **state;			/* pages by account */
	Limit	  **limit;
	uint32	  **skip;			/* pages by place, max_hold only */

	uint32		seed;
	uint32		stamp;
	uint32		nlate;			/* last level: arrivals at accounts not looked at yet */
	struct
	{
		uint32		account;
		uint32		key;
	}			late[LATE];
	RsTraceSummary summary;
	uint64		not_terminal;

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

/* Group of an account, in walking order: [*first, *end). */
static inline void
group_of(const RsTrace *t, uint32 account, const bool upstream, uint32 *first, uint32 *end)
{
	uint32		a = t->start[account],
				b = t->start[account + 1];

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
	return rs_flow_amount(t->flow, t->transfer ? t->transfer[place] : place) >= t->min_amount;
}


/* ---- paged state ---- */

/*
 * Pages are cut from slabs that double up to the size of a huge page: a trace
 * that touches a million accounts here and there would spend more time in page
 * faults and TLB misses than walking.
 */
static pg_noinline void *
new_page(RsTrace *t, Size size)
{
	Size		bytes = PAGE_SIZE * size;
	char	   *page;

	if (t->slab_left < bytes)
	{
		t->slab_size = Min(Max(t->slab_size * 2, SMALL_SLAB), HUGE_SLAB);
		if (t->slab_size < HUGE_SLAB)
			t->slab = rs_alloc(t->budget, 1, t->slab_size, "the state of a trace");
		else
		{
			t->slab = rs_alloc(t->budget, HUGE_SLABS + 1, HUGE_SLAB, "the state of a trace");
			t->slab = (char *) TYPEALIGN(HUGE_SLAB, t->slab);
			t->slab_size = HUGE_SLABS * HUGE_SLAB;
#ifdef MADV_HUGEPAGE
			/* Only advice: without huge pages everything works as before. */
			(void) madvise(t->slab, t->slab_size, MADV_HUGEPAGE);
#endif
		}
		t->slab_left = t->slab_size;
	}
	page = t->slab;
	t->slab += bytes;
	t->slab_left -= bytes;
	return page;
}

static pg_noinline State *
new_state_page(RsTrace *t, uint32 number)
{
	State	   *page = new_page(t, sizeof(State));

	for (int i = 0; i < PAGE_SIZE; i++)
		page[i] = (State) {.last = UNKNOWN};
	return t->state[number] = page;
}

static inline State *
state_of(RsTrace *t, uint32 account)
{
	State	   *page = t->state[account >> PAGE_BITS];

	if (unlikely(page == NULL))
		page = new_state_page(t, account >> PAGE_BITS);
	return page + (account & PAGE_MASK);
}

static inline void
prefetch_state(const RsTrace *t, uint32 account)
{
	const State *page = t->state[account >> PAGE_BITS];

	if (likely(page != NULL))
		__builtin_prefetch(page + (account & PAGE_MASK), 1);
}

static inline Limit *
limit_of(RsTrace *t, uint32 account)
{
	Limit	  **page = &t->limit[account >> PAGE_BITS];

	if (unlikely(*page == NULL))
	{
		*page = new_page(t, sizeof(Limit));
		for (int i = 0; i < PAGE_SIZE; i++)
			(*page)[i] = (Limit) {.closed = UNKNOWN};
	}
	return *page + (account & PAGE_MASK);
}

static inline uint32 *
skip_of(RsTrace *t, uint32 place)
{
	uint32	  **page = &t->skip[place >> PAGE_BITS];

	if (unlikely(*page == NULL))
	{
		*page = new_page(t, sizeof(uint32));
		memset(*page, 0, PAGE_SIZE * sizeof(uint32));
	}
	return *page + (place & PAGE_MASK);
}

/* First touch of an account by this seed's trace. */
static inline State *
reach(RsTrace *t, uint32 account)
{
	State	   *st = state_of(t, account);

	if (st->stamp != t->stamp)
	{
		st->stamp = t->stamp;
		st->pending = NOT_PENDING;
		st->open = st->last;
		t->summary.accounts++;
	}
	return st;
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


/* ---- without max_hold ---- */

/*
 * The last position in [first, end) with a qualifying arc inside the
 * question's time; `end` if there is none.
 */
static uint32
last_qualifying(const RsTrace *t, uint32 first, uint32 end, const bool upstream)
{
	uint32		v = end;

	while (v > first)
	{
		v--;
		if (key_at(t, v, upstream) < t->near)
			break;
		if (!t->filtered || qualifies(t, flip(v, upstream)))
			return v;
		if ((v & 0xffff) == 0)
			CHECK_FOR_INTERRUPTS();
	}
	return end;
}

/* `open` when everything from `end` on is in the trace. */
static uint32
open_before(const RsTrace *t, uint32 account, uint32 first, uint32 end, const bool upstream)
{
	uint32		v = last_qualifying(t, first, end, upstream);

	if (v < end)
		return open_for(t, key_at(t, v, upstream));
	return t->flow->beyond ? t->flow->beyond[account] : 0;
}

/* Group end within the question's time. */
static inline uint32
far_end(const RsTrace *t, uint32 first, uint32 end, const bool upstream)
{
	if (first < end && key_at(t, end - 1, upstream) >= t->far)
		end = first_from(t, first, end, t->far, upstream);
	return end;
}

static uint32
resolve_last(RsTrace *t, uint32 account, State *st, const bool upstream)
{
	uint32		first,
				end;

	group_of(t, account, upstream, &first, &end);
	end = far_end(t, first, end, upstream);
	st->last = open_before(t, account, first, end, upstream);
	return st->last;
}

/* Arrivals below the result are not followed: stop_at, max_fanout. */
static pg_noinline uint32
resolve_closed(RsTrace *t, uint32 account, Limit *limit, const bool upstream)
{
	int64		allowed = is_stop(t, account) ? 0 : t->max_fanout;
	uint32		first,
				end,
				v;
	int64		seen = 0;

	limit->closed = 0;
	if (allowed < 0)
		return 0;
	group_of(t, account, upstream, &first, &end);
	end = far_end(t, first, end, upstream);
	if (allowed == 0)
	{
		/* `beyond` counts: what was not fetched is there all the same. */
		return limit->closed = open_before(t, account, first, end, upstream);
	}
	if (!t->filtered)
	{
		if ((int64) (end - first) > allowed &&
			key_at(t, end - 1 - (uint32) allowed, upstream) >= t->near)
			limit->closed = open_for(t, key_at(t, end - 1 - (uint32) allowed, upstream));
		return limit->closed;
	}
	for (v = end; v > first;)
	{
		v--;
		if (key_at(t, v, upstream) < t->near)
			break;
		if (qualifies(t, flip(v, upstream)) && ++seen > allowed)
		{
			limit->closed = open_for(t, key_at(t, v, upstream));
			break;
		}
		if ((v & 0xffff) == 0)
			CHECK_FOR_INTERRUPTS();
	}
	return limit->closed;
}

static inline uint32
closed_of(RsTrace *t, uint32 account, const bool upstream)
{
	Limit	   *limit = limit_of(t, account);

	return limit->closed != UNKNOWN ? limit->closed : resolve_closed(t, account, limit, upstream);
}

/*
 * First half of a level: for every waiting account, move `open` to its
 * earliest arrival; the arcs that come free become runs.
 */
static pg_attribute_always_inline void
open_level(RsTrace *t, int hop, const bool upstream)
{
	for (uint64 i = 0; i < t->nfrontier; i++)
	{
		uint32		account = t->frontier[i];
		State	   *st = state_of(t, account);
		uint32		arrival = st->pending;
		uint32		first,
					end,
					from;

		if (i + AHEAD < t->nfrontier)
		{
			prefetch_state(t, t->frontier[i + AHEAD]);
			__builtin_prefetch(&t->start[t->frontier[i + AHEAD]]);
		}
		if (i + AHEAD / 2 < t->nfrontier)
		{
			uint32		ahead = t->start[t->frontier[i + AHEAD / 2]];

			__builtin_prefetch(&t->arc[ahead]);
			__builtin_prefetch(&t->arc[t->start[t->frontier[i + AHEAD / 2] + 1] - 1]);
		}
		CHECK_FOR_INTERRUPTS();
		st->pending = NOT_PENDING;
		group_of(t, account, upstream, &first, &end);
		if (st->open == UNKNOWN)
		{
			end = far_end(t, first, end, upstream);
			if (st->last == UNKNOWN)
				st->last = open_before(t, account, first, end, upstream);
			st->open = st->last;
		}
		else if (st->open == st->last)
			end = far_end(t, first, end, upstream);
		else
			end = first_from(t, first, end, st->open + (t->ordered && t->strict), upstream);
		if (arrival >= st->open)
			continue;			/* nothing to open */
		if (st->open == st->last &&
			!(t->closing && limit_of(t, account)->cut_stamp == t->stamp))
			t->not_terminal++;
		from = first_from(t, first, end, onward_key(t, arrival), upstream);
		st->open = open_before(t, account, first, from, upstream);
		push_run(t, account, from, end - from, hop);
	}
	t->nfrontier = 0;
}

/* An arrival at an account that is not followed any further. */
static pg_attribute_always_inline void
count_closed(RsTrace *t, uint32 account, const State *st)
{
	Limit	   *limit = limit_of(t, account);

	t->summary.cut++;
	if (limit->cut_stamp != t->stamp)
	{
		limit->cut_stamp = t->stamp;
		/* Unless it sent something after a later arrival: then it is counted. */
		if (st->open == st->last && st->pending != COUNTED_CUT)
			t->not_terminal++;
	}
}

/* In the last level: an arrival that something would follow. */
static pg_attribute_always_inline void
count_hop_cut(RsTrace *t, uint32 account, State *st, const bool closing)
{
	t->summary.cut++;
	if (st->pending == COUNTED_CUT)
		return;
	st->pending = COUNTED_CUT;
	if (st->open == st->last &&
		!(closing && limit_of(t, account)->cut_stamp == t->stamp))
		t->not_terminal++;
}

/*
 * What the accounts of late arrivals have to pass on costs three cache misses
 * each, one after the other; taken together they overlap.
 */
static pg_attribute_always_inline void
look_at_late(RsTrace *t, const bool upstream, const bool closing)
{
	for (uint32 i = 0; i < t->nlate; i++)
		__builtin_prefetch(&t->start[t->late[i].account]);
	for (uint32 i = 0; i < t->nlate; i++)
	{
		uint32		first,
					end;

		group_of(t, t->late[i].account, upstream, &first, &end);
		if (first < end)
			__builtin_prefetch(&t->arc[flip(end - 1, upstream)]);
	}
	for (uint32 i = 0; i < t->nlate; i++)
	{
		uint32		account = t->late[i].account;
		State	   *st = state_of(t, account);

		if (st->open == UNKNOWN)
			st->open = resolve_last(t, account, st, upstream);
		if (t->late[i].key < st->open)
			count_hop_cut(t, account, st, closing);
	}
	t->nlate = 0;
}

/*
 * Second half of a level: look at every new arc once, and at the account it
 * reaches.
 */
static pg_attribute_always_inline void
walk_level(RsTrace *t, uint64 run, const bool upstream, const bool filtered,
		   const bool closing, const bool last)
{
	const RsArc *arc = t->arc;
	const bool	ordered = t->ordered;
	const uint32 near = t->near;

	for (; run < t->nruns; run++)
	{
		uint32		first = t->run[run].first;
		uint32		count = t->run[run].count;
		uint64		transfers = count;
		int128		amount = 0;

		/* Runs are short: fetch ahead across them. */
		if (run + FAR_RUNS < t->nruns)
		{
			const RsTraceRun *next = &t->run[run + FAR_RUNS];
			uint32		place = flip(next->first, upstream),
						other = flip(next->first + next->count - 1, upstream);

			__builtin_prefetch(&arc[place]);
			__builtin_prefetch(&arc[other]);
			if (t->flow->amount && t->transfer == NULL)
			{
				__builtin_prefetch(&t->flow->amount[place]);
				__builtin_prefetch(&t->flow->amount[other]);
			}
		}
		if (run + NEAR_RUNS < t->nruns)
		{
			const RsTraceRun *next = &t->run[run + NEAR_RUNS];

			for (uint32 i = 0; i < Min(next->count, AHEAD); i++)
				prefetch_state(t, arc[flip(next->first + i, upstream)].peer);
		}

		for (uint32 done = 0; done < count;)
		{
			uint32		stop = done + Min(count - done, 65536);

			CHECK_FOR_INTERRUPTS();
			for (; done < stop; done++)
			{
				uint32		place = flip(first + done, upstream);
				uint32		account = arc[place].peer;
				uint32		key = ordered ? key_of(arc[place].when, upstream) : near;
				State	   *st;

				if (done + AHEAD < count)
					prefetch_state(t, arc[flip(first + done + AHEAD, upstream)].peer);
				if (filtered && !qualifies(t, place))
				{
					transfers--;
					continue;
				}
				st = reach(t, account);
				if (key >= st->open)
					continue;
				if (closing && key < closed_of(t, account, upstream))
					count_closed(t, account, st);
				else if (last)
				{
					if (st->open != UNKNOWN)
						count_hop_cut(t, account, st, closing);
					else
					{
						t->late[t->nlate].account = account;
						t->late[t->nlate].key = key;
						if (++t->nlate == LATE)
							look_at_late(t, upstream, closing);
					}
				}
				else if (key < st->pending)
				{
					if (st->pending == NOT_PENDING)
					{
						if (unlikely(t->nfrontier >= t->frontier_capacity))
							t->frontier = rs_grow(t->budget, t->frontier, &t->frontier_capacity,
												  t->nfrontier + 1, sizeof(uint32), "the frontier of a trace");
						t->frontier[t->nfrontier++] = account;
					}
					st->pending = key;
				}
			}
		}

		for (uint32 i = 0; i < count; i++)
		{
			uint32		place = flip(first + i, upstream);
			uint32		number = t->transfer ? t->transfer[place] : place;
			int128		a = rs_flow_amount(t->flow, number);

			if (!filtered || a >= t->min_amount)
				amount += a;
		}
		t->summary.transfers += transfers;
		t->summary.amount += amount;
	}
	if (last)
		look_at_late(t, upstream, closing);
}

static pg_attribute_always_inline void
walk_open(RsTrace *t, bool keep, const bool upstream, const bool filtered, const bool closing)
{
	for (int hop = 1; t->nfrontier > 0 || hop == 1; hop++)
	{
		uint64		first;

		if (!keep && hop > 1)
			t->nruns = 0;
		first = hop > 1 ? t->nruns : 0;
		if (hop > 1)
			open_level(t, hop, upstream);
		if (t->nruns > first)
			t->summary.hops = hop;
		if (hop < t->max_hops)
			walk_level(t, first, upstream, filtered, closing, false);
		else
		{
			walk_level(t, first, upstream, filtered, closing, true);
			break;
		}
	}
}


/* ---- with max_hold ---- */

/* The first position at or after v that is not in the trace yet; may pass the end of the group. */
static inline uint32
next_missing(RsTrace *t, uint32 v, uint32 end, const bool upstream)
{
	while (v < end)
	{
		uint32	   *skip = skip_of(t, flip(v, upstream));

		if (*skip == 0)
			return v;
		if (v + *skip < end)
		{
			/* path halving */
			uint32	   *next = skip_of(t, flip(v + *skip, upstream));

			*skip += *next;
		}
		v += *skip;
	}
	return v;
}

static inline void
mark(RsTrace *t, uint32 v, const bool upstream)
{
	*skip_of(t, flip(v, upstream)) = 1;
	if (unlikely(t->ntouched >= t->touched_capacity))
		t->touched = rs_grow(t->budget, t->touched, &t->touched_capacity, t->ntouched + 1,
							 sizeof(uint32), "a trace");
	t->touched[t->ntouched++] = flip(v, upstream);
}

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

/* More than max_fanout qualifying arcs in [first, end)? */
static bool
too_many(const RsTrace *t, uint32 first, uint32 end, const bool upstream)
{
	int64		seen = 0;

	if (t->max_fanout < 0 || (int64) end - first <= t->max_fanout)
		return false;
	if (!t->filtered)
		return true;
	for (uint32 v = first; v < end; v++)
	{
		if (qualifies(t, flip(v, upstream)) && ++seen > t->max_fanout)
			return true;
		if ((v & 0xffff) == 0)
			CHECK_FOR_INTERRUPTS();
	}
	return false;
}

/* Is a qualifying arc of [first, end) missing from the trace? */
static bool
some_missing(RsTrace *t, uint32 first, uint32 end, const bool upstream)
{
	uint32		v = first;

	while ((v = next_missing(t, v, end, upstream)) < end)
	{
		if (!t->filtered || qualifies(t, flip(v, upstream)))
			return true;
		mark(t, v, upstream);	/* never asked about again */
		CHECK_FOR_INTERRUPTS();
	}
	return false;
}

static RsTraceCut
hold_cut(RsTrace *t, uint32 account, uint32 key, const bool upstream)
{
	uint32		first,
				end;

	if (account == t->seed)
		return RS_CUT_NONE;		/* everything it sent is in the trace */
	window_of(t, account, key, upstream, &first, &end);
	if (!some_missing(t, first, end, upstream))
		return RS_CUT_NONE;
	if (is_stop(t, account))
		return RS_CUT_STOP_AT;
	if (too_many(t, first, end, upstream))
		return RS_CUT_FANOUT;
	return RS_CUT_HOPS;
}

/* Put the arcs of [v, end) that are not in the trace yet into it. */
static pg_attribute_always_inline void
visit(RsTrace *t, uint32 account, uint32 v, uint32 end, int hop, const bool upstream)
{
	uint32		run_first = 0,
				run_count = 0;

	while ((v = next_missing(t, v, end, upstream)) < end)
	{
		uint32		place = flip(v, upstream);
		uint32		number = t->transfer ? t->transfer[place] : place;
		int128		amount = rs_flow_amount(t->flow, number);

		CHECK_FOR_INTERRUPTS();
		mark(t, v, upstream);
		if (!t->filtered || amount >= t->min_amount)
		{
			t->summary.amount += amount;
			t->summary.transfers++;
			if (run_count > 0 && run_first + run_count == v)
				run_count++;
			else
			{
				if (run_count > 0)
					push_run(t, account, run_first, run_count, hop);
				run_first = v;
				run_count = 1;
			}
		}
		v++;
	}
	if (run_count > 0)
	{
		State	   *st = state_of(t, account);

		push_run(t, account, run_first, run_count, hop);
		if (account != t->seed && (st->pending & HOLD_SENT) == 0)
		{
			st->pending |= HOLD_SENT;
			t->not_terminal++;
		}
	}
}

static pg_attribute_always_inline void
walk_hold(RsTrace *t, const bool upstream)
{
	uint64		level = 0,
				end_level,
				check = 0;

	for (int hop = 1; level < t->nruns; hop++, level = end_level)
	{
		t->summary.hops = hop;
		end_level = t->nruns;
		if (!t->closing)
			check = level;		/* only the last level can be cut */
		for (uint64 r = level; r < end_level; r++)
			for (uint32 i = 0; i < t->run[r].count; i++)
			{
				uint32		place = flip(t->run[r].first + i, upstream);
				uint32		account = t->arc[place].peer;
				uint32		first,
							end;
				State	   *st = state_of(t, account);

				CHECK_FOR_INTERRUPTS();
				if (st->stamp != t->stamp)
				{
					st->stamp = t->stamp;
					st->pending = 0;
					t->summary.accounts++;
				}
				if (hop >= t->max_hops || account == t->seed ||
					(t->closing && is_stop(t, account)))
					continue;
				window_of(t, account, key_of(t->arc[place].when, upstream), upstream, &first, &end);
				if (first < end && !(t->closing && too_many(t, first, end, upstream)))
					visit(t, account, first, end, hop + 1, upstream);
			}
	}

	if (t->closing || t->summary.hops == t->max_hops)
		for (uint64 r = check; r < t->nruns; r++)
			for (uint32 i = 0; i < t->run[r].count; i++)
			{
				const RsArc *arc = &t->arc[flip(t->run[r].first + i, upstream)];
				State	   *st;

				CHECK_FOR_INTERRUPTS();
				if (hold_cut(t, arc->peer, key_of(arc->when, upstream), upstream) == RS_CUT_NONE)
					continue;
				t->summary.cut++;
				st = state_of(t, arc->peer);
				if (st->pending == 0)
					t->not_terminal++;
				st->pending |= HOLD_CUT;
			}
}


/* ---- one seed ---- */

static pg_attribute_always_inline void
trace_from(RsTrace *t, bool keep, const bool upstream)
{
	State	   *st = state_of(t, t->seed);
	uint32		first,
				end;

	group_of(t, t->seed, upstream, &first, &end);
	first = first_from(t, first, end, t->near, upstream);
	end = first_from(t, first, end, t->far, upstream);
	if (too_many(t, first, end, upstream))
	{
		t->summary.seed_cut = true;
		t->summary.cut = 1;
		return;
	}
	st->stamp = t->stamp;
	if (t->hold)
	{
		st->pending = 0;
		visit(t, t->seed, first, end, 1, upstream);
		walk_hold(t, upstream);
		return;
	}
	st->pending = NOT_PENDING;
	st->open = 0;
	if (last_qualifying(t, first, end, upstream) == end)
		return;
	push_run(t, t->seed, first, end - first, 1);
	if (t->closing)
	{
		if (t->filtered)
			walk_open(t, keep, upstream, true, true);
		else
			walk_open(t, keep, upstream, false, true);
	}
	else if (t->filtered)
		walk_open(t, keep, upstream, true, false);
	else
		walk_open(t, keep, upstream, false, false);
}

const RsTraceSummary *
rs_trace_seed(RsTrace *t, uint32 seed, bool keep)
{
	memset(&t->summary, 0, sizeof(t->summary));
	t->nruns = t->nfrontier = 0;
	t->not_terminal = 0;
	t->seed = seed;
	for (uint64 i = 0; i < t->ntouched; i++)
		*skip_of(t, t->touched[i]) = 0;
	t->ntouched = 0;
	if (seed == RS_NO_ID || seed >= t->flow->naccounts || t->near >= t->far || t->max_hops < 1)
		return &t->summary;
	t->stamp++;
	if (t->upstream)
		trace_from(t, keep, true);
	else
		trace_from(t, keep, false);
	t->summary.terminals = t->summary.accounts - t->not_terminal;
	return &t->summary;
}

static int
compare_uint32(const void *a, const void *b)
{
	uint32		x = *(const uint32 *) a,
				y = *(const uint32 *) b;

	return x < y ? -1 : x > y;
}

RsTrace *
rs_trace_create(RsFlow *flow, const RsFlowQuestion *q, int128 min_amount)
{
	MemoryContext budget = flow->budget;
	RsTrace    *t = rs_alloc0(budget, 1, sizeof(RsTrace), "a trace");
	const RsFlowSide *side = &flow->side[q->upstream ? RS_FLOW_IN : RS_FLOW_OUT];
	uint32		low = rs_flow_code_bound(flow, q->since, false),
				high = rs_flow_code_bound(flow, q->until, true);
	uint64		pages = ((uint64) flow->naccounts >> PAGE_BITS) + 1;

	t->flow = flow;
	t->budget = budget;
	t->arc = side->arc;
	t->start = side->start;
	t->transfer = side->transfer;
	t->upstream = q->upstream;
	t->ordered = q->ordered;
	t->strict = q->strict;
	t->hold = q->max_hold >= 0;
	t->max_hold = q->max_hold;
	if (t->hold && flow->time == NULL)
		t->hold_steps = (uint32) Min(q->max_hold / flow->time_unit, (int64) RS_FLOW_MAX_CODE);
	t->max_fanout = q->max_fanout;
	t->nstops = q->nstops;
	t->stop = rs_alloc(budget, q->nstops, sizeof(uint32), "a trace");
	if (q->nstops > 0)
		memcpy(t->stop, q->stop, q->nstops * sizeof(uint32));
	qsort(t->stop, q->nstops, sizeof(uint32), compare_uint32);
	t->closing = q->nstops > 0 || q->max_fanout >= 0;
	t->min_amount = min_amount;
	t->filtered = min_amount > 0;
	t->max_hops = q->max_hops;
	if (low >= high)
		t->near = t->far = 0;
	else if (q->upstream)
	{
		t->near = RS_FLOW_MAX_CODE - (high - 1);
		t->far = RS_FLOW_MAX_CODE - low + 1;
	}
	else
	{
		t->near = low;
		t->far = high;
	}
	t->state = rs_alloc0(budget, pages, sizeof(State *), "the state of a trace");
	if (t->closing)
		t->limit = rs_alloc0(budget, pages, sizeof(Limit *), "the state of a trace");
	if (t->hold)
		t->skip = rs_alloc0(budget, ((uint64) flow->ntransfers >> PAGE_BITS) + 1, sizeof(uint32 *),
							"the state of a trace");
	return t;
}

const RsTraceRun *
rs_trace_runs(const RsTrace *t, uint64 *count)
{
	*count = t->nruns;
	return t->run;
}

const RsFlowSide *
rs_trace_side(const RsTrace *t)
{
	return &t->flow->side[t->upstream ? RS_FLOW_IN : RS_FLOW_OUT];
}

bool
rs_trace_qualifies(const RsTrace *t, uint32 place)
{
	return !t->filtered || qualifies(t, place);
}

void
rs_trace_prefetch(const RsTrace *t, uint32 account)
{
	prefetch_state(t, account);
}

bool
rs_trace_may_be_cut(const RsTrace *t, int hop)
{
	return t->closing || hop == t->max_hops;
}

RsTraceCut
rs_trace_cut(RsTrace *t, uint32 place)
{
	uint32		account = t->arc[place].peer;
	uint32		key = key_of(t->arc[place].when, t->upstream);
	State	   *st;

	if (t->hold)
		return hold_cut(t, account, key, t->upstream);
	st = state_of(t, account);
	if (!t->ordered)
		key = t->near;
	if (st->open == UNKNOWN)
		st->open = resolve_last(t, account, st, t->upstream);
	if (key >= st->open)
		return RS_CUT_NONE;
	if (t->closing && key < closed_of(t, account, t->upstream))
		return is_stop(t, account) ? RS_CUT_STOP_AT : RS_CUT_FANOUT;
	return RS_CUT_HOPS;
}

void
rs_trace_window(RsTrace *t, uint32 place, uint32 *first, uint32 *end)
{
	uint32		account = t->arc[place].peer;
	uint32		key = key_of(t->arc[place].when, t->upstream);

	*first = *end = 0;
	if (account == t->seed)
		return;
	if (t->closing && (t->hold ? is_stop(t, account)
					   : (t->ordered ? key : t->near) < closed_of(t, account, t->upstream)))
		return;
	window_of(t, account, key, t->upstream, first, end);
	if (t->closing && t->hold && too_many(t, *first, *end, t->upstream))
		*end = *first;
}
