/*
 * src/trace_path.c
 *	  The best paths through one seed's trace, without enumerating the others.
 *
 * A trace is a set of transfers, each with a window of transfers that may
 * follow it; paths through it can be exponentially many. The k best ones come
 * out of a best-first search with an exact look-ahead:
 *
 * reach[j][x] is the largest bottleneck of any way from transfer x to a
 * target with exactly j more transfers, 0 if there is none. One pass per j
 * over the transfers of the trace; the maximum over a window is a suffix
 * maximum of the account's transfers (without max_hold) or a query in a tree of
 * maxima (with max_hold).
 *
 * For each length the search keeps partial paths in a heap, by the bottleneck
 * that they can still attain, then by their transfers' (paid_at, txn_id). A
 * partial path that leads nowhere is never made, so the first k that come
 * complete out of the heap are the k best, in order, and the work is about k *
 * length * fan-out. The look-ahead does not know that an account must not
 * occur twice; partial paths that can only go on through themselves are the
 * price, and a bound on the steps keeps it finite: the caller is told.
 *
 * Memory: 36 bytes a transfer of the trace, 4 more per length, 16 bytes per
 * partial path; all of it in a context of its own below flow->budget.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/memutils.h"

#include "rs_memory.h"
#include "trace_path.h"

#define NONE UINT32_MAX

/* A transfer of the trace. Nodes are in walking order, so windows are ranges. */
typedef struct Move
{
	uint32		position;
	uint32		account;		/* it leaves */
	uint32		peer;			/* and reaches */
	uint32		first,			/* nodes that may follow */
				end;
	uint32		worth;			/* rank of the amount, from 1 */
	uint32		order;			/* rank of (paid_at, txn_id) */
	bool		start;			/* leaves the seed */
	bool		target;
} Move;

typedef struct Partial
{
	uint32		node;
	uint32		parent;			/* NONE: begins at the seed */
	uint32		bound;			/* best bottleneck it can end with */
	int32		depth;			/* transfers so far */
} Partial;

typedef struct Search
{
	MemoryContext budget;
	RsTrace    *trace;
	RsFlow	   *flow;
	const RsFlowQuestion *question;
	const RsFlowSide *side;
	uint32		seed;
	bool		simple;			/* no account twice */

	Move	   *node;
	uint32		n;
	int128	   *amount;			/* by worth */

	uint32	  **reach;			/* [j][node] */
	int			nreach;
	uint32	   *maximum;		/* suffix maxima, or the tree */

	Partial    *partial;
	uint64		npartials,
				partial_capacity;
	uint32	   *heap;
	uint64		nheap,
				heap_capacity;
	uint64		steps,
				max_steps;
} Search;


/* ---- the transfers of the trace ---- */

static inline int
position_compare(const Move *a, const Move *b)
{
	return a->position < b->position ? -1 : a->position > b->position;
}

#define ST_SORT sort_moves
#define ST_ELEMENT_TYPE Move
#define ST_COMPARE(a, b) position_compare(a, b)
#define ST_SCOPE static
#define ST_CHECK_FOR_INTERRUPTS
#define ST_DEFINE
#include "lib/sort_template.h"

static inline uint32
node_transfer(const Search *s, uint32 i)
{
	return rs_flow_transfer(s->side, rs_trace_position(s->question->upstream, s->node[i].position));
}

static inline uint32
node_when(const Search *s, uint32 i)
{
	return s->side->arc[rs_trace_position(s->question->upstream, s->node[i].position)].when;
}

static inline int
amount_compare(const uint32 *a, const uint32 *b, const Search *s)
{
	int128		x = rs_flow_amount(s->flow, node_transfer(s, *a)),
				y = rs_flow_amount(s->flow, node_transfer(s, *b));

	return x < y ? -1 : x > y;
}

static inline int
order_compare(const uint32 *a, const uint32 *b, const Search *s)
{
	uint32		x = node_when(s, *a),
				y = node_when(s, *b);

	if (x != y)
		return x < y ? -1 : 1;
	return *a == *b ? 0 : s->flow->compare_txn(s->flow, node_transfer(s, *a), node_transfer(s, *b));
}

#define ST_SORT sort_by_amount
#define ST_ELEMENT_TYPE uint32
#define ST_COMPARE(a, b, s) amount_compare(a, b, s)
#define ST_COMPARE_ARG_TYPE const Search
#define ST_SCOPE static
#define ST_CHECK_FOR_INTERRUPTS
#define ST_DEFINE
#include "lib/sort_template.h"

#define ST_SORT sort_by_order
#define ST_ELEMENT_TYPE uint32
#define ST_COMPARE(a, b, s) order_compare(a, b, s)
#define ST_COMPARE_ARG_TYPE const Search
#define ST_SCOPE static
#define ST_CHECK_FOR_INTERRUPTS
#define ST_DEFINE
#include "lib/sort_template.h"

/* First node at or after a walking position. */
static uint32
node_at(const Search *s, uint32 position)
{
	uint32		low = 0,
				high = s->n;

	while (low < high)
	{
		uint32		middle = low + (high - low) / 2;

		if (s->node[middle].position < position)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool
contains(const uint32 *list, uint64 n, uint32 x)
{
	uint64		low = 0,
				high = n;

	while (low < high)
	{
		uint64		middle = low + (high - low) / 2;

		if (list[middle] < x)
			low = middle + 1;
		else
			high = middle;
	}
	return low < n && list[low] == x;
}

static void
collect_nodes(Search *s, const uint32 *target, uint64 ntargets)
{
	uint64		nruns,
				n = 0;
	const RsTraceRun *run = rs_trace_runs(s->trace, &nruns);
	bool		up = s->question->upstream;
	uint32	   *index;

	for (uint64 r = 0; r < nruns; r++)
		n += run[r].count;
	s->node = rs_alloc(s->budget, n, sizeof(Move), "the paths of a trace");
	n = 0;
	for (uint64 r = 0; r < nruns; r++)
		for (uint32 i = 0; i < run[r].count; i++)
		{
			uint32		place = rs_trace_place(up, &run[r], i);
			Move	   *x = &s->node[n];

			CHECK_FOR_INTERRUPTS();
			if (!rs_trace_qualifies(s->trace, place))
				continue;
			n++;
			x->position = rs_trace_position(up, place);
			x->account = run[r].account;
			x->peer = s->side->arc[place].peer;
			x->start = run[r].hop == 1;
			x->target = contains(target, ntargets, x->peer);
		}
	s->n = (uint32) n;
	sort_moves(s->node, n);
	index = rs_alloc(s->budget, n, sizeof(uint32), "the paths of a trace");
	for (uint32 i = 0; i < s->n; i++)
	{
		uint32		first,
					end;

		CHECK_FOR_INTERRUPTS();
		index[i] = i;
		rs_trace_window(s->trace, rs_trace_position(up, s->node[i].position), &first, &end);
		s->node[i].first = first < end ? node_at(s, first) : 0;
		s->node[i].end = first < end ? node_at(s, end) : 0;
	}

	/* 16-byte aligned for int128. */
	s->amount = rs_alloc(s->budget, n + 2, sizeof(int128), "the paths of a trace");
	s->amount = (int128 *) TYPEALIGN(sizeof(int128), s->amount);
	sort_by_amount(index, n, s);
	for (uint32 i = 0, worth = 0; i < s->n; i++)
	{
		int128		amount = rs_flow_amount(s->flow, node_transfer(s, index[i]));

		if (i == 0 || amount != s->amount[worth])
			s->amount[++worth] = amount;
		s->node[index[i]].worth = worth;
	}
	sort_by_order(index, n, s);
	for (uint32 i = 0; i < s->n; i++)
		s->node[index[i]].order = i;
	pfree(index);
}


/* ---- look-ahead ---- */

/* The largest of value[first .. end). */
static uint32
tree_maximum(const uint32 *tree, uint32 n, uint32 first, uint32 end)
{
	uint32		best = 0;
	uint64		a = (uint64) first + n,
				b = (uint64) end + n;

	for (; a < b; a >>= 1, b >>= 1)
	{
		if (a & 1)
		{
			best = Max(best, tree[a]);
			a++;
		}
		if (b & 1)
		{
			b--;
			best = Max(best, tree[b]);
		}
	}
	return best;
}

/* Compute reach[j], j = s->nreach; false if no transfer gets to a target in j more. */
static bool
look_one_further(Search *s)
{
	int			j = s->nreach;
	bool		hold = s->question->max_hold >= 0;
	uint32	   *reach = rs_alloc(s->budget, s->n, sizeof(uint32), "the paths of a trace");
	bool		any = false;

	if ((j & 15) == 0)
		s->reach = rs_resize(s->budget, s->reach, j + 16, sizeof(uint32 *), "the paths of a trace");
	s->reach[j] = reach;
	s->nreach++;
	if (j == 0)
	{
		for (uint32 i = 0; i < s->n; i++)
		{
			reach[i] = s->node[i].target ? s->node[i].worth : 0;
			any |= reach[i] != 0;
		}
		return any;
	}
	s->steps += s->n;
	if (hold)
	{
		if (s->maximum == NULL)
			s->maximum = rs_alloc(s->budget, (uint64) s->n * 2, sizeof(uint32), "the paths of a trace");
		memcpy(s->maximum + s->n, s->reach[j - 1], s->n * sizeof(uint32));
		for (uint32 i = s->n - 1; i > 0; i--)
			s->maximum[i] = Max(s->maximum[2 * (uint64) i], s->maximum[2 * (uint64) i + 1]);
	}
	else
	{
		if (s->maximum == NULL)
			s->maximum = rs_alloc(s->budget, s->n, sizeof(uint32), "the paths of a trace");
		for (uint32 i = s->n; i-- > 0;)
		{
			s->maximum[i] = s->reach[j - 1][i];
			/* Windows reach to the end of the account's transfers. */
			if (i + 1 < s->n && s->node[i + 1].account == s->node[i].account)
				s->maximum[i] = Max(s->maximum[i], s->maximum[i + 1]);
		}
	}
	for (uint32 i = 0; i < s->n; i++)
	{
		const Move *x = &s->node[i];
		uint32		best = 0;

		if ((i & 0xffff) == 0)
			CHECK_FOR_INTERRUPTS();
		if (x->first < x->end)
			best = hold ? tree_maximum(s->maximum, s->n, x->first, x->end) : s->maximum[x->first];
		reach[i] = Min(best, x->worth);
		any |= reach[i] != 0;
	}
	return any;
}


/* ---- search ---- */

/* Compare the transfers of two partial paths from the seed outwards. */
static int
chain_compare(const Search *s, uint32 a, uint32 b)
{
	const Partial *p = s->partial;
	int			prefix = p[a].depth - p[b].depth;

	while (p[a].depth > p[b].depth)
		a = p[a].parent;
	while (p[b].depth > p[a].depth)
		b = p[b].parent;
	if (a == b)
		return prefix;
	while (p[a].parent != p[b].parent)
	{
		a = p[a].parent;
		b = p[b].parent;
	}
	return s->node[p[a].node].order < s->node[p[b].node].order ? -1 : 1;
}

static inline bool
better(const Search *s, uint32 a, uint32 b)
{
	if (s->partial[a].bound != s->partial[b].bound)
		return s->partial[a].bound > s->partial[b].bound;
	return chain_compare(s, a, b) < 0;
}

static void
push(Search *s, uint32 node, uint32 parent, uint32 bound, int depth)
{
	uint64		i = s->nheap;
	uint32		entry = (uint32) s->npartials;

	s->partial = rs_grow(s->budget, s->partial, &s->partial_capacity, s->npartials + 1, sizeof(Partial),
						 "the paths of a trace");
	s->partial[s->npartials++] = (Partial) {node, parent, bound, depth};
	s->heap = rs_grow(s->budget, s->heap, &s->heap_capacity, s->nheap + 1, sizeof(uint32),
					  "the paths of a trace");
	s->nheap++;
	while (i > 0 && better(s, entry, s->heap[(i - 1) / 2]))
	{
		s->heap[i] = s->heap[(i - 1) / 2];
		i = (i - 1) / 2;
	}
	s->heap[i] = entry;
}

static uint32
pop(Search *s)
{
	uint32		top = s->heap[0],
				last = s->heap[--s->nheap];
	uint64		i = 0;

	while (2 * i + 1 < s->nheap)
	{
		uint64		child = 2 * i + 1;

		if (child + 1 < s->nheap && better(s, s->heap[child + 1], s->heap[child]))
			child++;
		if (!better(s, s->heap[child], last))
			break;
		s->heap[i] = s->heap[child];
		i = child;
	}
	s->heap[i] = last;
	return top;
}

/* Would going on to this node repeat an account (or, with max_hold, a transfer)? */
static bool
repeats(const Search *s, uint32 partial, uint32 next)
{
	uint32		peer = s->node[next].peer;

	for (uint32 p = partial; p != NONE; p = s->partial[p].parent)
	{
		uint32		node = s->partial[p].node;

		if (s->simple ? s->node[node].account == peer && peer != s->seed : node == next)
			return true;
	}
	return s->simple && s->node[next].account == peer && peer != s->seed;
}

static void
hand_over(Search *s, uint32 partial, RsTracePathHandler handler, void *arg)
{
	int			hops = s->partial[partial].depth;
	MemoryContext old = MemoryContextSwitchTo(s->budget);
	uint32	   *place = palloc(sizeof(uint32) * hops);
	uint32	   *account = palloc(sizeof(uint32) * (hops + 1));
	RsTracePath path = {hops, place, account, s->amount[s->partial[partial].bound]};

	account[hops] = s->node[s->partial[partial].node].peer;
	for (uint32 p = partial; p != NONE; p = s->partial[p].parent)
	{
		hops--;
		place[hops] = rs_trace_position(s->question->upstream, s->node[s->partial[p].node].position);
		account[hops] = s->node[s->partial[p].node].account;
	}
	MemoryContextSwitchTo(old);
	handler(arg, &path);
	pfree(place);
	pfree(account);
}

/*
 * The best paths of exactly `hops` transfers; true when the search is over
 * because enough were found or too many steps were made.
 */
static bool
search_length(Search *s, int hops, uint64 *wanted, RsTraceMore *more, RsTracePathHandler handler, void *arg)
{
	const uint32 *reach = s->reach[hops - 1];

	s->npartials = s->nheap = 0;
	for (uint32 i = 0; i < s->n; i++)
		if (s->node[i].start && reach[i] != 0 && !repeats(s, NONE, i))
			push(s, i, NONE, reach[i], 1);
	while (s->nheap > 0)
	{
		uint32		top = pop(s);
		Partial		p = s->partial[top];
		const Move *x = &s->node[p.node];

		CHECK_FOR_INTERRUPTS();
		if (p.depth == hops)
		{
			if (*wanted == 0)
			{
				*more = RS_PATHS_MORE;
				return true;
			}
			(*wanted)--;
			hand_over(s, top, handler, arg);
			continue;
		}
		reach = s->reach[hops - p.depth - 1];
		for (uint32 next = x->first; next < x->end; next++)
		{
			if ((++s->steps & 0xfff) == 0)
				CHECK_FOR_INTERRUPTS();
			if (reach[next] != 0 && !repeats(s, top, next))
				push(s, next, top, Min(p.bound, reach[next]), p.depth + 1);
		}
		if (s->steps > s->max_steps || s->npartials >= NONE - s->n)
		{
			*more = RS_PATHS_STOPPED;
			return true;
		}
	}
	return false;
}

RsTraceMore
rs_trace_paths(RsTrace *trace, RsFlow *flow, const RsFlowQuestion *question, uint32 seed,
			   const uint32 *target, uint64 ntargets, uint64 max_paths, uint64 steps,
			   RsTracePathHandler handler, void *arg)
{
	Search		s = {0};
	RsTraceMore more = RS_PATHS_ALL;

	s.budget = AllocSetContextCreate(flow->budget, "risk_screen paths", ALLOCSET_DEFAULT_SIZES);
	s.trace = trace;
	s.flow = flow;
	s.question = question;
	s.side = rs_trace_side(trace);
	s.seed = seed;
	s.simple = question->max_hold < 0;
	s.max_steps = steps;
	collect_nodes(&s, target, ntargets);
	for (int hops = 1; s.n > 0 && hops <= question->max_hops; hops++)
	{
		if (s.steps > s.max_steps)
		{
			more = RS_PATHS_STOPPED;
			break;
		}
		if (!look_one_further(&s))
			break;
		if (search_length(&s, hops, &max_paths, &more, handler, arg))
			break;
	}
	MemoryContextDelete(s.budget);
	return more;
}
