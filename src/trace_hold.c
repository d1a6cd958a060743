/*
 * src/trace_hold.c
 *	  The trace engine with max_hold: an arrival opens a window of time.
 *
 * What an account may pass on is no longer a tail of its group but a union of
 * windows, so the state is the transfer, not the account. A skip pointer per
 * arc leads to the next one that is not yet in the trace (union-find with path
 * halving), so overlapping windows cost near-constant time each however often
 * they overlap. 0 stands for "not looked at yet"; the pointers set are
 * listed, so that the next seed clears only those.
 *
 * Cuts are found after the walk: an arc was cut if a qualifying arc of its
 * window is missing from the trace. Only arcs of the last hop can have been,
 * unless there is a stop_at or a max_fanout.
 */
#include "postgres.h"

#include "trace_state.h"

/* What State.pending holds here. */
#define HOLD_SENT	1
#define HOLD_CUT	2


static inline uint32 *
skip_of(RsTrace *t, uint32 place)
{
	uint32	  **page = &t->skip[place >> PAGE_BITS];

	if (unlikely(*page == NULL))
	{
		*page = rs_trace_new_page(t, sizeof(uint32));
		memset(*page, 0, PAGE_SIZE * sizeof(uint32));
	}
	return *page + (place & PAGE_MASK);
}

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
		uint32		number = rs_flow_transfer(t->side, place);
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

void
rs_trace_walk_hold(RsTrace *t, uint32 first, uint32 end)
{
	state_of(t, t->seed)->pending = 0;
	if (t->upstream)
	{
		visit(t, t->seed, first, end, 1, true);
		walk_hold(t, true);
	}
	else
	{
		visit(t, t->seed, first, end, 1, false);
		walk_hold(t, false);
	}
}

void
rs_trace_forget_hold(RsTrace *t)
{
	for (uint64 i = 0; i < t->ntouched; i++)
		*skip_of(t, t->touched[i]) = 0;
	t->ntouched = 0;
}

RsTraceCut
rs_trace_cut_hold(RsTrace *t, uint32 account, uint32 key)
{
	return hold_cut(t, account, key, t->upstream);
}
