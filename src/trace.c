/*
 * src/trace.c
 *	  The trace engine: which transfers a seed's money can have passed through, and where it stopped.
 *
 * A transfer is in the trace at hop 1 if it leaves the seed, at hop h + 1 if a
 * transfer of the trace at hop <= h entered its payer no later than it left
 * (and, with max_hold, not longer than that before). Paths are never
 * enumerated; every transfer is visited once per seed. Walking order and the
 * state are in src/trace_state.h; the walk with max_hold, whose state is
 * another, is in src/trace_hold.c.
 *
 * Without max_hold. What an account may pass on depends only on its earliest
 * arrival, so the part of its group that is in the trace is always a tail. The
 * state of an account is `open`: arrivals with a key below it still open new
 * arcs. A level takes the accounts with such arrivals, moves `open` to the
 * earliest of them and visits exactly the arcs that are new. One state of 16
 * bytes is touched per arc; that random access is the cost of the engine, so
 * the states of the arcs ahead are prefetched.
 *
 * Cuts. An arc was cut if one of the arcs that could follow it is missing from
 * the trace. Without max_hold that is "its key is below the final `open` of
 * the account it reached", known for every hop but the last at once. `closed`
 * is the same bound for stop_at and max_fanout: arrivals with a key below it
 * have more than the permitted number of arcs ahead of them.
 *
 * Limits: 2^32 - 3 transfers, accounts and distinct times.
 */
#include "postgres.h"

#include "trace_state.h"

#define AHEAD		8			/* arcs between prefetch and use */
#define NEAR_RUNS	2			/* runs between prefetch of the states and use */
#define FAR_RUNS	8			/* the same for their arcs */

/* In the last level nobody waits any more: the field marks accounts with a cut. */
#define COUNTED_CUT	0


/* ---- state of an account ---- */

static inline Limit *
limit_of(RsTrace *t, uint32 account)
{
	Limit	  **page = &t->limit[account >> PAGE_BITS];

	if (unlikely(*page == NULL))
	{
		*page = rs_trace_new_page(t, sizeof(Limit));
		for (int i = 0; i < PAGE_SIZE; i++)
			(*page)[i] = (Limit) {.closed = UNKNOWN};
	}
	return *page + (account & PAGE_MASK);
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


/* ---- what an account has to pass on ---- */

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

/* Several parts: most often only the last arc is asked for; do not join the group for it. */
static inline bool
ends_suffice(const RsTrace *t)
{
	return t->start == NULL && !t->filtered;
}

/* `place`: of the last arc, if ends_suffice(). */
static uint32
resolve_last(RsTrace *t, uint32 account, State *st, uint32 place, const bool upstream)
{
	uint32		first,
				end;

	if (ends_suffice(t))
	{
		uint32		key = place == RS_NO_ID ? 0 : key_of(t->arc[place].when, upstream);

		if (place == RS_NO_ID || key < t->near)
			return st->last = 0;
		if (key < t->far)
			return st->last = open_for(t, key);
	}
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


/* ---- the walk without max_hold ---- */

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
			if (t->start)
				__builtin_prefetch(&t->start[t->frontier[i + AHEAD]]);
		}
		if (t->start && i + AHEAD / 2 < t->nfrontier)
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
	for (uint32 i = 0; i < t->nlate && t->start; i++)
		__builtin_prefetch(&t->start[t->late[i].account]);
	for (uint32 i = 0; i < t->nlate && t->start; i++)
	{
		uint32		first,
					end;

		group_of(t, t->late[i].account, upstream, &first, &end);
		if (first < end)
			__builtin_prefetch(&t->arc[flip(end - 1, upstream)]);
	}
	for (uint32 i = 0; i < t->nlate && ends_suffice(t); i++)
	{
		t->late[i].end = rs_flow_joined_end(t->side->join, t->late[i].account, upstream);
		if (t->late[i].end != RS_NO_ID)
			__builtin_prefetch(&t->arc[t->late[i].end]);
	}
	for (uint32 i = 0; i < t->nlate; i++)
	{
		uint32		account = t->late[i].account;
		State	   *st = state_of(t, account);

		if (st->open == UNKNOWN)
			st->open = resolve_last(t, account, st, t->late[i].end, upstream);
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
			uint32		number = t->transfer ? rs_flow_transfer(t->side, place) : place;
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
		rs_trace_walk_hold(t, first, end);
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
	rs_trace_forget_hold(t);
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

bool
rs_trace_may_be_cut(const RsTrace *t, int hop)
{
	return t->closing || hop == t->max_hops;
}

RsTraceCut
rs_trace_cut(RsTrace *t, uint32 place)
{
	return rs_trace_cut_arrival(t, t->arc[place].peer, t->arc[place].when);
}

RsTraceCut
rs_trace_cut_arrival(RsTrace *t, uint32 account, uint32 code)
{
	uint32		key = key_of(code, t->upstream);
	State	   *st;

	if (t->hold)
		return rs_trace_cut_hold(t, account, key);
	st = state_of(t, account);
	if (!t->ordered)
		key = t->near;
	if (st->open == UNKNOWN)
		st->open = resolve_last(t, account, st,
								ends_suffice(t) ? rs_flow_joined_end(t->side->join, account, t->upstream) : RS_NO_ID,
								t->upstream);
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
