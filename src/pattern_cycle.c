/*
 * src/pattern_cycle.c
 *	  Cycles of transfers inside a sliding window.
 *
 * A cycle is a closed sequence of 2 .. L transfers, no account twice, all
 * within w of its earliest transfer. Ordered: times rise along it. Each cyclic
 * sequence is found once, from its earliest transfer e1 = s -> v (of several
 * at one time: from the one with the smallest txn_id that is a valid start).
 *
 * For each e1 the search is one of paths v -> s among the transfers after e1
 * and before the deadline. Plain depth-first search walks every way money can
 * go from v and finds that almost none returns. Here the way back is explored
 * first, from s against the flow: level by level, `last[a]` becomes the latest
 * moment at which money can leave a and still arrive, `near[a]` the fewest
 * transfers it needs, and the arcs met are listed by the account they leave.
 * The forward search then enters an account only if it can still come back
 * from there in the transfers and time left, and within the explored depth it
 * walks the listed arcs instead of the account's whole group, so a hub on the
 * way costs what leads back, not its degree.
 *
 * The way back is explored as long as a level costs no more arcs than v's own
 * window has (or 64): never more than L times the first step of the plain
 * search, for a cut at every later one. Most e1 end before: nothing enters s,
 * or nothing leaves v, in the window.
 *
 * Memory: 20 bytes an account, 4 a transfer where amounts are looked at, and
 * the arcs of one e1's way back. The inner
 * loops are walk() (forward) and go_back() (one level).
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"
#include "utils/memutils.h"

#include "pattern_cycle.h"
#include "rs_memory.h"

/* An arc on a way back, listed under the account it leaves. */
typedef struct BackArc
{
	uint32		next;			/* in the list; UINT32_MAX: end */
	uint32		to;
	uint32		when;
	uint32		transfer;
} BackArc;

#define NO_ARC UINT32_MAX

/* What is known of an account for the e1 at hand (stamp tells which). */
typedef struct Label
{
	uint32		stamp;
	uint32		last;			/* latest departure that can arrive: code + 1; 0: none */
	uint32		head;			/* its back arcs */
	uint32		listed;			/* arcs into it are listed up to this place */
	uint8		near;			/* fewest transfers to s */
	bool		queued;
} Label;

typedef struct Search
{
	const RsFlow *flow;
	const RsCycleQuestion *question;
	MemoryContext budget;
	RsCycleHandler handler;
	void	   *arg;

	const RsArc *out,
			   *in;
	const RsFlowSide *out_side,
			   *in_side;
	bool		filtered;		/* amounts are looked at */
	uint32	   *deadline;		/* by code, when times are a table */
	uint32		deadline_step;	/* else */
	uint32		since;			/* last arc must have a code >= this */

	/*
	 * Not less than the amount of the arc at each place of the in side; NULL:
	 * not looked at. The amounts themselves lie by transfer, so each would miss
	 * the cache, and most are too small.
	 */
	float	   *in_most;
	float		least_most;		/* smallest that can be allowed */
	float		most_enough;	/* from here on it is, however it was rounded */

	/* the e1 at hand */
	uint32		stamp;
	uint32		first;			/* its transfer number */
	uint32		root;
	uint32		begin;			/* its code */
	uint32		end;			/* codes below this are inside the window */
	int128		least;			/* smallest amount allowed */
	int			depth;			/* levels of the way back that are explored */

	Label	   *label;
	BackArc    *back;
	uint64		back_capacity;
	uint32		back_count;
	uint32	   *frontier,
			   *next_frontier;
	uint64		frontier_capacity,
				next_capacity;
	uint32		frontier_count,
				next_count;

	uint32		path[RS_CYCLE_MAX_LENGTH];	/* transfers */
	uint32		account[RS_CYCLE_MAX_LENGTH];	/* entered by path[i] */
	uint64		steps;
} Search;

static const char *const purpose = "the search for cycles";

static inline void
tick(Search *s)
{
	if ((++s->steps & 0xfff) == 0)
		CHECK_FOR_INTERRUPTS();
}

/* First place of a group whose code is >= code. */
static inline uint32
first_from(const RsArc *arc, uint32 low, uint32 high, uint32 code)
{
	while (low < high)
	{
		uint32		middle = low + (high - low) / 2;

		if (arc[middle].when < code)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static inline Label *
label_of(Search *s, uint32 account)
{
	Label	   *l = &s->label[account];

	if (l->stamp != s->stamp)
	{
		l->stamp = s->stamp;
		l->last = 0;
		l->head = NO_ARC;
		l->listed = 0;
		l->near = UINT8_MAX;
		l->queued = false;
	}
	return l;
}

/* May this transfer be on a cycle of the e1 at hand, its time being inside? enough: its amount is known to be. */
static inline bool
allowed(Search *s, uint32 transfer, uint32 when, bool enough)
{
	if (s->filtered && !enough && rs_flow_amount(s->flow, transfer) < s->least)
		return false;
	/* Unordered: of equal times the smallest txn_id begins. */
	if (when == s->begin && !s->question->ordered)
		return s->flow->compare_txn(unconstify(RsFlow *, s->flow), s->first, transfer) < 0;
	return true;
}

/* ---------- the way back ---------- */

/* Money that leaves `from` by this arc comes back to s in `level` transfers. */
static void
add_back_arc(Search *s, uint32 from, uint32 to, uint32 when, uint32 transfer, int level)
{
	Label	   *l = label_of(s, from);
	uint32		last = s->question->ordered ? when + 1 : UINT32_MAX;

	if (s->back_count >= s->back_capacity)
		s->back = rs_grow(s->budget, s->back, &s->back_capacity, (uint64) s->back_count + 1,
						  sizeof(BackArc), purpose);
	s->back[s->back_count] = (BackArc) {l->head, to, when, transfer};
	l->head = s->back_count++;
	l->near = Min(l->near, level);
	if (l->last >= last)
		return;
	l->last = last;
	if (l->queued)
		return;
	l->queued = true;
	if (s->next_count >= s->next_capacity)
		s->next_frontier = rs_grow(s->budget, s->next_frontier, &s->next_capacity,
								   (uint64) s->next_count + 1, sizeof(uint32), purpose);
	s->next_frontier[s->next_count++] = from;
}

/* Can money that enters `account` at `when` leave it later and come back? */
static inline bool
returns(const Search *s, const Label *l, uint32 when)
{
	if (!s->question->ordered)
		return l->last > 0;
	return s->question->strict ? l->last > when + 1 : l->last > when;
}

/*
 * One more level: list the arcs into the accounts whose label improved, as far
 * as they are not listed yet. False when that takes more than `limit` steps;
 * what was listed by then is right, but the level is not complete.
 */
static bool
go_back(Search *s, int level, uint64 limit)
{
	bool		complete = true;

	s->next_count = 0;
	for (uint32 i = 0; i < s->frontier_count && complete; i++)
	{
		uint32		account = s->frontier[i];
		Label	   *l = label_of(s, account);
		uint32		low,
					high;
		uint32		end = s->end;
		uint32		place;

		if (s->question->ordered && account != s->root)
			end = Min(end, s->question->strict ? l->last - 1 : l->last);
		if (i + 1 < s->frontier_count && s->in_side->start)
			__builtin_prefetch(&s->in[s->in_side->start[s->frontier[i + 1]]]);
		rs_flow_group(s->in_side, account, &low, &high);
		place = first_from(s->in, low, high,
						   s->question->ordered && s->question->strict ? s->begin + 1 : s->begin);
		for (place = Max(place, l->listed); place < high && s->in[place].when < end; place++)
		{
			uint32		from = s->in[place].peer;
			uint32		transfer;

			tick(s);
			if (limit-- == 0)
			{
				complete = false;
				break;
			}
			if (s->in_most && s->in_most[place] < s->least_most)
				continue;
			transfer = rs_flow_transfer(s->in_side, place);
			if (from != s->root && from != account && allowed(s, transfer, s->in[place].when, s->in_most && s->in_most[place] >= s->most_enough))
				add_back_arc(s, from, account, s->in[place].when, transfer, level);
		}
		/* add_back_arc() never touches the label of `account` itself */
		label_of(s, account)->listed = place;
	}
	for (uint32 i = 0; i < s->next_count; i++)
		s->label[s->next_frontier[i]].queued = false;
	return complete;
}

static void
explore_back(Search *s, uint64 limit)
{
	uint32	   *swap;
	uint64		swap_capacity;

	s->depth = 0;
	s->back_count = 0;
	s->frontier[0] = s->root;
	s->frontier_count = 1;
	while (s->depth < s->question->max_length - 1 && s->frontier_count > 0)
	{
		if (!go_back(s, s->depth + 1, limit))
			return;
		s->depth++;
		swap = s->frontier;
		s->frontier = s->next_frontier;
		s->next_frontier = swap;
		swap_capacity = s->frontier_capacity;
		s->frontier_capacity = s->next_capacity;
		s->next_capacity = swap_capacity;
		s->frontier_count = s->next_count;
	}
	/* Nothing more to find: every way back is listed. */
	if (s->frontier_count == 0)
		s->depth = s->question->max_length;
}

/* ---------- the way forward ---------- */

static void
found(Search *s, int length)
{
	const RsCycleQuestion *q = s->question;
	uint32		latest = s->begin;

	if (q->ordered && !q->strict)
	{
		/* All at one time: every rotation is ordered; the smallest txn_id begins. */
		if (s->out[s->path[length - 1]].when == s->begin)
			for (int i = 1; i < length; i++)
				if (s->flow->compare_txn(unconstify(RsFlow *, s->flow), s->first, s->path[i]) > 0)
					return;
	}
	if (!q->ordered && q->kept_numerator > 0)
	{
		int128		least = rs_flow_amount(s->flow, s->path[0]),
					most = least;

		for (int i = 1; i < length; i++)
		{
			int128		amount = rs_flow_amount(s->flow, s->path[i]);

			least = Min(least, amount);
			most = Max(most, amount);
		}
		if (least < most && least < (most * q->kept_numerator + q->kept_denominator - 1) / q->kept_denominator)
			return;
	}
	for (int i = 1; i < length; i++)
		latest = Max(latest, s->out[s->path[i]].when);
	if (latest >= s->since)
		s->handler(s->arg, length, s->path);
}

static inline bool
on_path(const Search *s, int used, uint32 account)
{
	for (int i = 0; i < used; i++)
		if (s->account[i] == account)
			return true;
	return false;
}

/* One place of the forward search: an account entered, and what of it is left to try. */
typedef struct Position
{
	uint32		place;			/* next arc: of the group, or of the back list */
	uint32		stop;			/* end of the group; NO_ARC: a back list is walked */
} Position;

static inline Position
enter(Search *s, int used, uint32 account, uint32 when)
{
	Position	p;
	uint32		first;

	if (s->question->max_length - used <= s->depth)
	{
		p.place = label_of(s, account)->head;
		p.stop = NO_ARC;
		return p;
	}
	rs_flow_group(s->out_side, account, &first, &p.stop);
	p.place = first_from(s->out, first, p.stop,
						 !s->question->ordered ? s->begin
						 : s->question->strict ? when + 1 : when);
	return p;
}

/* All ways from the account that path[0] entered back to the root. */
static void
walk(Search *s)
{
	const RsCycleQuestion *q = s->question;
	Position	at[RS_CYCLE_MAX_LENGTH];
	uint32		time[RS_CYCLE_MAX_LENGTH];
	int			used = 1;

	time[0] = s->begin;
	at[0] = enter(s, 1, s->account[0], s->begin);
	while (used > 0)
	{
		Position   *p = &at[used - 1];
		int			left = q->max_length - used;	/* transfers, the closing one included */
		uint32		to,
					when,
					transfer;
		Label	   *l;

		tick(s);
		if (p->stop == NO_ARC)
		{
			const BackArc *arc;

			if (p->place == NO_ARC)
			{
				used--;
				continue;
			}
			arc = &s->back[p->place];
			p->place = arc->next;
			to = arc->to;
			when = arc->when;
			transfer = arc->transfer;
			if (q->ordered && (q->strict ? when <= time[used - 1] : when < time[used - 1]))
				continue;
		}
		else
		{
			if (p->place == p->stop || s->out[p->place].when >= s->end)
			{
				used--;
				continue;
			}
			to = s->out[p->place].peer;
			when = s->out[p->place].when;
			transfer = rs_flow_transfer(s->out_side, p->place++);
			if (to != s->root && left - 1 <= s->depth)
			{
				/* the cheap test first: most accounts have no label */
				l = &s->label[to];
				if (l->stamp != s->stamp || l->near > left - 1 || !returns(s, l, when))
					continue;
			}
			if (!allowed(s, transfer, when, false))
				continue;
		}

		s->path[used] = transfer;
		if (to == s->root)
		{
			found(s, used + 1);
			continue;
		}
		if (left < 2 || on_path(s, used, to))
			continue;
		if (left - 1 <= s->depth)
		{
			l = label_of(s, to);
			if (l->near > left - 1 || !returns(s, l, when))
				continue;
		}
		s->account[used] = to;
		time[used] = when;
		used++;
		at[used - 1] = enter(s, used, to, when);
	}
}

static inline uint32
window_end(const Search *s, uint32 begin)
{
	if (s->deadline)
		return s->deadline[begin];
	return begin > RS_FLOW_MAX_CODE - s->deadline_step ? RS_FLOW_MAX_CODE + 1
		: begin + s->deadline_step + 1;
}

/* What a window of `within` means in codes. */
static void
prepare_window(Search *s)
{
	const RsFlow *flow = s->flow;
	int64		within = s->question->within;

	if (flow->time == NULL)
	{
		s->deadline_step = (uint32) Min(within / flow->time_unit, (int64) RS_FLOW_MAX_CODE);
		return;
	}
	s->deadline = rs_alloc(s->budget, flow->ncodes, sizeof(uint32), purpose);
	for (uint32 code = 0, end = 0; code < flow->ncodes; code++)
	{
		while (end < flow->ncodes && (uint64) flow->time[end] - (uint64) flow->time[code] <= (uint64) within)
			end++;
		s->deadline[code] = end;
	}
}

/* Smallest amount that keeps the share asked for of an amount, rounded up. */
static int128
kept_at_least(const RsCycleQuestion *q, int128 amount)
{
	int128		product;

	if (__builtin_mul_overflow(amount, q->kept_numerator, &product) ||
		__builtin_add_overflow(product, q->kept_denominator - 1, &product))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("amounts are too large to compare their share with min_kept"),
				 errhint("Round min_kept or the amounts.")));
	return product / q->kept_denominator;
}

static void
prepare_amounts(Search *s)
{
	const RsFlow *flow = s->flow;

	/* several parts: groups are joined when they are asked for, places mean nothing by themselves */
	if (!s->filtered || s->in_side->start == NULL)
		return;
	s->in_most = rs_alloc(s->budget, flow->ntransfers, sizeof(float), purpose);
	for (uint32 place = 0; place < flow->ntransfers; place++)
	{
		if ((place & 0xffff) == 0)
			CHECK_FOR_INTERRUPTS();
		s->in_most[place] = nextafterf((float) rs_flow_amount(flow, rs_flow_transfer(s->in_side, place)), INFINITY);
	}
}

/* Does anything large enough come back to the root in time? */
static inline bool
anything_enters(const Search *s, uint32 place, uint32 stop)
{
	if (s->in_most == NULL)
		return true;
	for (; place < stop && s->in[place].when < s->end; place++)
		if (s->in_most[place] >= s->least_most)
			return true;
	return false;
}

void
rs_find_cycles(const RsFlow *flow, const RsCycleQuestion *question,
			   MemoryContext budget, RsCycleHandler handler, void *arg)
{
	Search		s = {0};
	bool		strict = question->ordered && question->strict;

	s.flow = flow;
	s.question = question;
	s.budget = AllocSetContextCreate(budget, "cycle search", ALLOCSET_DEFAULT_SIZES);
	s.handler = handler;
	s.arg = arg;
	s.out = flow->side[RS_FLOW_OUT].arc;
	s.in = flow->side[RS_FLOW_IN].arc;
	s.out_side = &flow->side[RS_FLOW_OUT];
	s.in_side = &flow->side[RS_FLOW_IN];
	s.filtered = question->min_amount > 0 || question->kept_numerator > 0;
	s.since = question->since == DT_NOBEGIN ? 0 : rs_flow_code_bound(flow, question->since, true);
	prepare_window(&s);
	prepare_amounts(&s);
	s.label = rs_alloc0(s.budget, flow->naccounts, sizeof(Label), purpose);
	s.frontier_capacity = s.next_capacity = 64;
	s.frontier = rs_alloc(s.budget, s.frontier_capacity, sizeof(uint32), purpose);
	s.next_frontier = rs_alloc(s.budget, s.next_capacity, sizeof(uint32), purpose);

	for (uint32 root = 0; root < flow->naccounts; root++)
	{
		uint32		entering;		/* first arc into root after e1 */
		uint32		stop_in;
		uint32		leaving,
					stop_out;

		rs_flow_forget(flow);
		rs_flow_group(s.in_side, root, &entering, &stop_in);
		if (entering == stop_in)
			continue;
		rs_flow_group(s.out_side, root, &leaving, &stop_out);
		for (; leaving < stop_out; leaving++)
		{
			uint32		e1 = rs_flow_transfer(s.out_side, leaving);
			uint32		v = s.out[e1].peer;
			uint32		low,
						high,
						stop;

			tick(&s);
			s.begin = s.out[e1].when;
			while (entering < stop_in && (strict ? s.in[entering].when <= s.begin : s.in[entering].when < s.begin))
				entering++;
			if (entering == stop_in)
				break;
			s.end = window_end(&s, s.begin);
			if (s.in[entering].when >= s.end || s.end <= s.since || v == root)
				continue;
			s.least = question->min_amount;
			if (s.filtered)
			{
				int128		amount = rs_flow_amount(flow, e1);

				if (amount < s.least)
					continue;
				if (question->ordered && question->kept_numerator > 0)
					s.least = Max(s.least, kept_at_least(question, amount));
				if (amount < s.least)
					continue;
				s.least_most = nextafterf((float) s.least, 0);
				s.most_enough = (float) s.least * 1.000001f;
				if (!anything_enters(&s, entering, stop_in))
					continue;
			}
			rs_flow_group(s.out_side, v, &low, &stop);
			low = first_from(s.out, low, stop, strict ? s.begin + 1 : s.begin);
			if (low == stop || s.out[low].when >= s.end)
				continue;
			high = first_from(s.out, low, stop, s.end);

			if (++s.stamp == 0)
			{
				memset(s.label, 0, (Size) flow->naccounts * sizeof(Label));
				s.stamp = 1;
			}
			s.first = e1;
			s.root = root;
			s.path[0] = e1;
			s.account[0] = v;
			explore_back(&s, Max(high - low, 64));
			/* v itself may have no way back: then nothing is to be walked */
			if (s.depth >= question->max_length - 1 && label_of(&s, v)->head == NO_ARC)
				continue;
			walk(&s);
		}
	}
	MemoryContextDelete(s.budget);
}
