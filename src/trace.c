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
#define NEAR_RUNS	4			/* runs between prefetch of the states and use */
#define FAR_RUNS	12			/* the same for their arcs */
#define BATCH		32			/* accounts opened together */

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

/* Group end within the question's time. */
static inline uint32
far_end(const RsTrace *t, uint32 first, uint32 end, const bool upstream)
{
	if (first < end && key_at(t, end - 1, upstream) >= t->far)
		end = first_from(t, first, end, t->far, upstream);
	return end;
}

/*
 * `open` when everything from the part `before` on is in the trace: the key
 * of the last qualifying arc in the parts before it decides.
 */
static uint32
open_before(const RsTrace *t, uint32 account, int before, const bool upstream)
{
	for (int i = before - 1; i >= 0 && t->part[i].far > t->near; i--)
	{
		const TracePart *part = &t->part[i];
		uint32		member = part->near < t->far ?
			rs_flow_part_find_side(&part->groups, upstream ? RS_FLOW_IN : RS_FLOW_OUT, account) : RS_NO_ID;
		uint32		first,
					end,
					v;

		if (member == RS_NO_ID)
			continue;
		piece_of(t, part, member, upstream, &first, &end);
		end = far_end(t, first, end, upstream);
		v = last_qualifying(t, first, end, upstream);
		if (v < end)
			return open_for(t, key_at(t, v, upstream));
	}
	return t->flow->beyond ? t->flow->beyond[account] : 0;
}

/*
 * Fetch ahead what open_before() needs, for many accounts at once: it costs
 * three cache misses each, one after the other; taken together they overlap.
 */
static pg_attribute_always_inline void
fetch_last_arcs(const RsTrace *t, LastArc *ask, uint32 n, const bool upstream)
{
	const int	side = upstream ? RS_FLOW_IN : RS_FLOW_OUT;

	for (uint32 i = 0; i < n; i++)
	{
		int			at = ask[i].part;

		ask[i].part = -1;
		while (--at >= 0)
		{
			const TracePart *part = &t->part[at];

			if (part->near >= t->far || part->start == NULL)
				continue;
			ask[i].member = rs_flow_part_find_side(&part->groups, side, ask[i].account);
			if (ask[i].member == RS_NO_ID)
				continue;
			__builtin_prefetch(&part->start[ask[i].member]);
			ask[i].part = at;
			break;
		}
	}
	for (uint32 i = 0; i < n; i++)
	{
		uint32		first,
					end;

		if (ask[i].part < 0)
			continue;
		piece_of(t, &t->part[ask[i].part], ask[i].member, upstream, &first, &end);
		if (first < end)
			__builtin_prefetch(&t->arc[flip(end - 1, upstream)]);
	}
}

static inline uint32
resolve_last(const RsTrace *t, uint32 account, State *st, const bool upstream)
{
	return st->last = open_before(t, account, t->nparts, upstream);
}

/* Arrivals below the result are not followed: stop_at, max_fanout. */
static pg_noinline uint32
resolve_closed(RsTrace *t, uint32 account, Limit *limit, const bool upstream)
{
	int64		allowed = is_stop(t, account) ? 0 : t->max_fanout;

	limit->closed = 0;
	if (allowed < 0)
		return 0;
	/* `beyond` counts: what was not fetched is there all the same. */
	if (allowed == 0)
		return limit->closed = open_before(t, account, t->nparts, upstream);
	for (int i = t->nparts - 1; i >= 0 && t->part[i].far > t->near; i--)
	{
		const TracePart *part = &t->part[i];
		uint32		member = part->near < t->far ?
			rs_flow_part_find_side(&part->groups, upstream ? RS_FLOW_IN : RS_FLOW_OUT, account) : RS_NO_ID;
		uint32		first,
					end;

		if (member == RS_NO_ID)
			continue;
		piece_of(t, part, member, upstream, &first, &end);
		end = far_end(t, first, end, upstream);
		if (!t->filtered)
		{
			/* the arc that is one too many */
			if ((int64) (end - first) > allowed)
			{
				uint32		key = key_at(t, end - 1 - (uint32) allowed, upstream);

				return limit->closed = key >= t->near ? open_for(t, key) : 0;
			}
			allowed -= end - first;
			continue;
		}
		for (uint32 v = end; v > first;)
		{
			v--;
			if (key_at(t, v, upstream) < t->near)
				break;
			if (qualifies(t, flip(v, upstream)) && --allowed < 0)
				return limit->closed = open_for(t, key_at(t, v, upstream));
			if ((v & 0xffff) == 0)
				CHECK_FOR_INTERRUPTS();
		}
	}
	return 0;
}

static inline uint32
closed_of(RsTrace *t, uint32 account, const bool upstream)
{
	Limit	   *limit = limit_of(t, account);

	return limit->closed != UNKNOWN ? limit->closed : resolve_closed(t, account, limit, upstream);
}


/* ---- the walk without max_hold ---- */

/* An account of the frontier, and where its pieces are in a list. */
typedef struct Opening
{
	uint32		account;
	State	   *st;
	uint32		arrival;
	uint32		lower,			/* the new arcs' keys: [lower, upper) */
				upper;
	int			part;			/* the first with such keys */
	int			first_piece;
	int			npieces;
} Opening;

typedef struct Piece
{
	int			part;
	uint32		member;
	uint32		first,
				end;
} Piece;

/* What an account of the frontier will need first. */
static inline void
prefetch_opening(const RsTrace *t, uint32 account)
{
	prefetch_state(t, account);
	for (int i = 0; i < t->nparts; i++)
	{
		const TracePart *part = &t->part[i];

		if (part->groups.block)
			__builtin_prefetch(&part->groups.block[account / RS_FLOW_BLOCK]);
		else if (part->start && part->groups.member == NULL)
			__builtin_prefetch(&part->start[account]);
	}
}

/* Which parts hold new arcs of the account? */
static pg_attribute_always_inline void
look_for_pieces(RsTrace *t, Opening *o, Piece *piece, int *npieces, const bool upstream)
{
	State	   *st = o->st = state_of(t, o->account);

	o->arrival = st->pending;
	o->first_piece = *npieces;
	o->npieces = 0;
	st->pending = NOT_PENDING;
	o->lower = onward_key(t, o->arrival);
	/* everything up to the end, as long as nothing of it was visited */
	o->upper = st->open == UNKNOWN || st->open == st->last ? t->far : st->open + (t->ordered && t->strict);
	for (o->part = 0; o->part < t->nparts && t->part[o->part].far <= o->lower; o->part++)
		;
	for (int i = o->part; i < t->nparts && t->part[i].near < o->upper; i++)
	{
		const TracePart *part = &t->part[i];
		uint32		member = rs_flow_part_find_side(&part->groups, upstream ? RS_FLOW_IN : RS_FLOW_OUT, o->account);

		if (member == RS_NO_ID)
			continue;
		if (part->start)
			__builtin_prefetch(&part->start[member]);
		piece[o->first_piece + o->npieces].part = i;
		piece[o->first_piece + o->npieces++].member = member;
	}
	*npieces += o->npieces;
}

/*
 * Move `open` to the arrival; the arcs that come free become runs. False if
 * the arcs before the account's first part decide what is open now.
 */
static pg_attribute_always_inline bool
open_pieces(RsTrace *t, const Opening *o, const Piece *piece, int hop, const bool upstream)
{
	State	   *st = o->st;
	bool		known = false;

	if (st->open == UNKNOWN)
	{
		if (st->last == UNKNOWN)
			(void) resolve_last(t, o->account, st, upstream);
		st->open = st->last;
	}
	if (o->arrival >= st->open)
		return true;			/* nothing to open */
	if (st->open == st->last &&
		!(t->closing && limit_of(t, o->account)->cut_stamp == t->stamp))
		t->not_terminal++;
	for (int i = o->first_piece; i < o->first_piece + o->npieces; i++)
	{
		const TracePart *part = &t->part[piece[i].part];
		uint32		first = piece[i].first,
					end = piece[i].end,
					from = first;

		if (first < end && part->far > o->upper && key_at(t, end - 1, upstream) >= o->upper)
			end = first_from(t, first, end, o->upper, upstream);
		if (piece[i].part == o->part)
		{
			uint32		before;

			from = first_from(t, first, end, o->lower, upstream);
			before = last_qualifying(t, first, from, upstream);
			if (before < from)
			{
				st->open = open_for(t, key_at(t, before, upstream));
				known = true;
			}
		}
		if (from < end)
			push_run(t, o->account, from, end - from, hop);
	}
	if (!known && o->part == 0)
		st->open = t->flow->beyond ? t->flow->beyond[o->account] : 0;
	return known || o->part == 0;
}

/*
 * First half of a level: for every waiting account, move `open` to its
 * earliest arrival. Many accounts at once, so that their cache misses overlap.
 */
static pg_attribute_always_inline void
open_level(RsTrace *t, int hop, const bool upstream)
{
	Opening		opening[BATCH];
	Piece		piece[BATCH * RS_FLOW_MAX_PARTS];
	LastArc		ask[BATCH];

	for (uint64 i = 0; i < Min(BATCH, t->nfrontier); i++)
		prefetch_opening(t, t->frontier[i]);
	for (uint64 at = 0; at < t->nfrontier; at += BATCH)
	{
		int			n = (int) Min(BATCH, t->nfrontier - at),
					npieces = 0,
					nasked = 0;

		CHECK_FOR_INTERRUPTS();
		for (uint64 i = at + BATCH; i < Min(at + 2 * BATCH, t->nfrontier); i++)
			prefetch_opening(t, t->frontier[i]);
		for (int i = 0; i < n; i++)
		{
			opening[i].account = t->frontier[at + i];
			look_for_pieces(t, &opening[i], piece, &npieces, upstream);
		}
		for (int i = 0; i < npieces; i++)
		{
			Piece	   *p = &piece[i];

			piece_of(t, &t->part[p->part], p->member, upstream, &p->first, &p->end);
			if (p->first < p->end)
			{
				__builtin_prefetch(&t->arc[flip(p->first, upstream)]);
				__builtin_prefetch(&t->arc[flip(p->end - 1, upstream)]);
			}
		}
		for (int i = 0; i < n; i++)
			if (!open_pieces(t, &opening[i], piece, hop, upstream))
				ask[nasked++] = (LastArc) {.account = opening[i].account, .key = i, .part = opening[i].part};
		fetch_last_arcs(t, ask, nasked, upstream);
		for (int i = 0; i < nasked; i++)
		{
			const Opening *o = &opening[ask[i].key];

			o->st->open = open_before(t, o->account, o->part, upstream);
		}
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
count_hop_cut(RsTrace *t, uint32 account, uint32 arc, State *st, const bool closing)
{
	t->summary.cut++;
	if (t->marked)
		t->hop_cut[arc / 64] |= UINT64CONST(1) << arc % 64;
	if (st->pending == COUNTED_CUT)
		return;
	st->pending = COUNTED_CUT;
	if (st->open == st->last &&
		!(closing && limit_of(t, account)->cut_stamp == t->stamp))
		t->not_terminal++;
}

/* Has the account transfers in a part that is all later than the arrival? Most often the cache knows. */
static inline bool
surely_goes_on(const RsTrace *t, uint32 account, uint32 key, const bool upstream)
{
	if (t->filtered)
		return false;
	for (int p = t->nparts - 1; p >= 0 && t->part[p].near >= onward_key(t, key); p--)
	{
		const RsFlowPart *groups = &t->part[p].groups;

		if (groups->block && t->part[p].far <= t->far && account / RS_FLOW_BLOCK < groups->nblocks &&
			(groups->block[account / RS_FLOW_BLOCK].with[upstream ? RS_FLOW_IN : RS_FLOW_OUT] >>
			 account % RS_FLOW_BLOCK & 1))
			return true;
	}
	return false;
}

/* What the accounts of late arrivals have to pass on, many at once. */
static pg_attribute_always_inline void
look_at_late(RsTrace *t, const bool upstream, const bool closing)
{
	uint32		n = 0;

	for (uint32 i = 0; i < t->nlate; i++)
		for (int p = 0; p < t->nparts; p++)
			if (t->part[p].groups.block)
				__builtin_prefetch(&t->part[p].groups.block[t->late[i].account / RS_FLOW_BLOCK]);
	for (uint32 i = 0; i < t->nlate; i++)
	{
		if (surely_goes_on(t, t->late[i].account, t->late[i].key, upstream))
			count_hop_cut(t, t->late[i].account, t->late[i].arc, state_of(t, t->late[i].account), closing);
		else
			t->late[n++] = t->late[i];
	}
	fetch_last_arcs(t, t->late, n, upstream);
	for (uint32 i = 0; i < n; i++)
	{
		uint32		account = t->late[i].account;
		State	   *st = state_of(t, account);

		if (st->open == UNKNOWN)
			st->open = resolve_last(t, account, st, upstream);
		if (t->late[i].key < st->open)
			count_hop_cut(t, account, t->late[i].arc, st, closing);
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
	uint32		number = 0;		/* of a run's first arc in this level */

	for (; run < t->nruns; number += t->run[run++].count)
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
						count_hop_cut(t, account, number + done, st, closing);
					else
					{
						t->late[t->nlate++] = (LastArc) {
							.account = account, .key = key, .arc = number + done, .part = t->nparts
						};
						if (t->nlate == LATE)
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
			uint32		transfer = t->transfer ? rs_flow_transfer(t->side, place) : place;
			int128		a = rs_flow_amount(t->flow, transfer);

			if (!filtered || a >= t->min_amount)
				amount += a;
		}
		t->summary.transfers += transfers;
		t->summary.amount += amount;
	}
	if (last)
		look_at_late(t, upstream, closing);
}

/* Room to note which arcs of the last level, from `run` on, were cut by max_hops. */
static void
mark_cuts(RsTrace *t, uint64 run)
{
	uint64		arcs = 0,
				words;

	for (; run < t->nruns; run++)
		arcs += t->run[run].count;
	words = arcs / 64 + 1;
	t->hop_cut = rs_grow(t->budget, t->hop_cut, &t->hop_cut_capacity, words, sizeof(uint64), "a trace");
	memset(t->hop_cut, 0, words * sizeof(uint64));
	t->marked = true;
}

const uint64 *
rs_trace_hop_cuts(const RsTrace *t)
{
	return t->marked ? t->hop_cut : NULL;
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
			if (keep && !closing)
				mark_cuts(t, first);
			walk_level(t, first, upstream, filtered, closing, true);
			break;
		}
	}
}

/* ---- one seed ---- */

/* The seed's transfers become the first runs; false if there are none, or more than allowed. */
static pg_attribute_always_inline bool
leave_seed(RsTrace *t, const bool upstream)
{
	int64		transfers = 0;
	bool		any = false;

	for (int i = 0; i < t->nparts; i++)
	{
		const TracePart *part = &t->part[i];
		uint32		member = rs_flow_part_find(&part->groups, t->seed);
		uint32		first,
					end;

		if (member == RS_NO_ID)
			continue;
		piece_of(t, part, member, upstream, &first, &end);
		first = first_from(t, first, end, t->near, upstream);
		end = first_from(t, first, end, t->far, upstream);
		if (last_qualifying(t, first, end, upstream) == end)
			continue;
		any = true;
		push_run(t, t->seed, first, end - first, 1);
		if (t->max_fanout >= 0)
			transfers += count_qualifying(t, first, end, t->max_fanout + 1, upstream);
	}
	if (t->max_fanout >= 0 && transfers > t->max_fanout)
	{
		t->nruns = 0;
		t->summary.seed_cut = true;
		t->summary.cut = 1;
		return false;
	}
	return any;
}

static pg_attribute_always_inline void
trace_from(RsTrace *t, bool keep, const bool upstream)
{
	State	   *st = state_of(t, t->seed);

	if (t->hold)
	{
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
		rs_trace_walk_hold(t, first, end);
		return;
	}
	if (!leave_seed(t, upstream))
		return;
	st->stamp = t->stamp;
	st->pending = NOT_PENDING;
	st->open = 0;
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
	t->marked = false;
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
	if (st->open != UNKNOWN || !surely_goes_on(t, account, key, t->upstream))
	{
		if (st->open == UNKNOWN)
			st->open = resolve_last(t, account, st, t->upstream);
		if (key >= st->open)
			return RS_CUT_NONE;
	}
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
