/*
 * src/picture_graph.c
 *	  From rows of source, target and amount to a graph small enough to look at.
 *
 * Rows of the same pair become one edge. A party's depth is its smallest number
 * of edges from a root: the roots asked for, else parties that only pay, else
 * (nothing but cycles) the one that pays first. When there are more parties than
 * nodes allowed, the roots asked for and then the largest parties stay, and the
 * others are folded into one group per depth, so that the picture keeps its
 * layers; what flows inside a group is counted, not drawn. Last, a depth-first
 * walk marks the edges that close a cycle: the rest has none, as Sankey diagrams
 * need.
 *
 * Parties are numbered by their name's bytes, so nothing here depends on the
 * order of the rows. O((rows + parties) log) time; 64 bytes a row, 80 a party.
 */
#include "postgres.h"

#include "miscadmin.h"

#include "picture.h"
#include "rs_memory.h"

static const char *const purpose = "a picture";

typedef struct Party
{
	int128		received,
				sent,
				rested;
	TimestampTz first_sent;		/* DT_NOEND: never, or unknown */
	uint64		edge;			/* first of its edges */
	uint64		edges;
	uint32		payers;			/* others that pay it */
	uint32		depth;			/* RS_PICTURE_NOBODY: not reached yet */
	uint32		node;			/* node that stands for it */
	bool		root;
} Party;

typedef struct Work
{
	MemoryContext budget;
	Party	   *party;
	uint32		parties;
	RsPictureEdge *edge;
	uint64		edges;
} Work;

static int
compare_rows(const void *a, const void *b)
{
	const RsPictureRow *x = a;
	const RsPictureRow *y = b;

	if (x->source != y->source)
		return x->source < y->source ? -1 : 1;
	if (x->target != y->target)
		return x->target < y->target ? -1 : 1;
	return 0;
}

static int
compare_edges(const void *a, const void *b)
{
	const RsPictureEdge *x = a;
	const RsPictureEdge *y = b;

	if (x->source != y->source)
		return x->source < y->source ? -1 : 1;
	if (x->target != y->target)
		return x->target < y->target ? -1 : 1;
	return 0;
}

static void
add_amount(int128 *sum, int128 amount)
{
	if (__builtin_add_overflow(*sum, amount, sum))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("sum of amounts does not fit into 38 digits"),
				 errhint("Round them, for example to numeric(38,2).")));
}

/* Add what edge b carries to edge a. */
static void
merge_edge(RsPictureEdge *a, const RsPictureEdge *b)
{
	add_amount(&a->amount, b->amount);
	a->transfers += b->transfers;
	a->first = Min(a->first, b->first);
	a->last = Max(a->last, b->last);
}

/* Rows, sorted here, become edges and rests; `largest`: a pair that comes again is the same holding. */
static void
merge_rows(Work *w, RsPictureRow *row, uint64 n, bool largest)
{
	qsort(row, n, sizeof(RsPictureRow), compare_rows);
	w->edge = rs_alloc(w->budget, n, sizeof(RsPictureEdge), purpose);
	for (uint64 i = 0; i < n; i++)
	{
		RsPictureEdge one = {.amount = row[i].amount, .first = DT_NOEND, .last = DT_NOBEGIN,
		.transfers = 1, .source = row[i].source, .target = row[i].target};
		RsPictureEdge *last = w->edges ? &w->edge[w->edges - 1] : NULL;

		if ((i & 0xFFFF) == 0)
			CHECK_FOR_INTERRUPTS();
		if (row[i].target == RS_PICTURE_NOBODY)
		{
			add_amount(&w->party[row[i].source].rested, row[i].amount);
			continue;
		}
		if (!TIMESTAMP_IS_NOBEGIN(row[i].at))
			one.first = one.last = row[i].at;
		if (last == NULL || last->source != one.source || last->target != one.target)
			w->edge[w->edges++] = one;
		else if (largest)
			last->amount = Max(last->amount, one.amount);
		else
			merge_edge(last, &one);
	}
	for (uint64 i = 0; i < w->edges; i++)
	{
		RsPictureEdge *e = &w->edge[i];
		Party	   *from = &w->party[e->source],
				   *to = &w->party[e->target];

		if (from->edges++ == 0)
			from->edge = i;
		from->first_sent = Min(from->first_sent, e->first);
		add_amount(&from->sent, e->amount);
		add_amount(&to->received, e->amount);
		if (e->source != e->target)
			to->payers++;
	}
}

/* Breadth first from everything already in the queue. */
static void
walk(Work *w, uint32 *queue, uint32 *head, uint32 *tail)
{
	while (*head < *tail)
	{
		Party	   *p = &w->party[queue[(*head)++]];

		CHECK_FOR_INTERRUPTS();
		for (uint64 i = p->edge; i < p->edge + p->edges; i++)
		{
			Party	   *next = &w->party[w->edge[i].target];

			if (next->depth != RS_PICTURE_NOBODY)
				continue;
			next->depth = p->depth + 1;
			queue[(*tail)++] = w->edge[i].target;
		}
	}
}

typedef struct Start
{
	TimestampTz first;
	uint32		party;
} Start;

static int
compare_starts(const void *a, const void *b)
{
	const Start *x = a;
	const Start *y = b;

	if (x->first != y->first)
		return x->first < y->first ? -1 : 1;
	return x->party < y->party ? -1 : x->party > y->party;
}

static void
find_depths(Work *w)
{
	uint32	   *queue = rs_alloc(w->budget, w->parties, sizeof(uint32), purpose);
	Start	   *start = rs_alloc(w->budget, w->parties, sizeof(Start), purpose);
	uint32		head = 0,
				tail = 0;

	for (uint32 i = 0; i < w->parties; i++)
	{
		start[i] = (Start) {w->party[i].first_sent, i};
		w->party[i].depth = RS_PICTURE_NOBODY;
	}
	for (int asked = 1; asked >= 0; asked--)
	{
		for (uint32 i = 0; i < w->parties; i++)
		{
			Party	   *p = &w->party[i];

			if (p->depth != RS_PICTURE_NOBODY || (asked ? !p->root : p->payers > 0))
				continue;
			p->depth = 0;
			queue[tail++] = i;
		}
		walk(w, queue, &head, &tail);
	}
	qsort(start, w->parties, sizeof(Start), compare_starts);
	for (uint32 i = 0; i < w->parties; i++)
	{
		Party	   *p = &w->party[start[i].party];

		if (p->depth != RS_PICTURE_NOBODY)
			continue;
		p->depth = 0;
		queue[tail++] = start[i].party;
		walk(w, queue, &head, &tail);
	}
	pfree(queue);
	pfree(start);
}

static int128
size_of(const Party *p)
{
	return Max(Max(p->received, p->sent), p->rested);
}

static int
compare_size(const void *a, const void *b, void *arg)
{
	Work	   *w = arg;
	uint32		x = *(const uint32 *) a,
				y = *(const uint32 *) b;
	const Party *p = &w->party[x],
			   *q = &w->party[y];

	if (p->root != q->root)
		return p->root ? -1 : 1;
	if (size_of(p) != size_of(q))
		return size_of(p) > size_of(q) ? -1 : 1;
	return x < y ? -1 : x > y;
}

/* Which node stands for each party: the nodes, unsorted. */
static void
fold(Work *w, RsPictureGraph *g, uint32 max_nodes)
{
	uint32	   *order = rs_alloc(w->budget, w->parties, sizeof(uint32), purpose);
	uint32		deepest = 0,
				groups,
				kept;
	uint32	   *group;

	for (uint32 i = 0; i < w->parties; i++)
	{
		order[i] = i;
		deepest = Max(deepest, w->party[i].depth);
	}
	qsort_arg(order, w->parties, sizeof(uint32), compare_size, w);
	groups = Min(deepest + 1, Max(max_nodes / 3, 1));
	kept = w->parties <= max_nodes ? w->parties : max_nodes - groups;
	g->node = rs_alloc0(w->budget, Min(w->parties, max_nodes), sizeof(RsPictureNode), purpose);
	for (uint32 i = 0; i < kept; i++)
	{
		w->party[order[i]].node = g->nodes;
		g->node[g->nodes++].party = order[i];
	}
	group = rs_alloc0(w->budget, groups, sizeof(uint32), purpose);
	for (uint32 i = kept; i < w->parties; i++)
		group[Min(w->party[order[i]].depth, groups - 1)]++;
	for (uint32 i = 0; i < groups; i++)
	{
		uint32		members = group[i];

		group[i] = g->nodes;
		if (members == 0)
			continue;
		g->node[g->nodes].party = RS_PICTURE_NOBODY;
		g->node[g->nodes].folded = members;
		g->node[g->nodes++].depth = RS_PICTURE_NOBODY;
	}
	for (uint32 i = kept; i < w->parties; i++)
	{
		Party	   *p = &w->party[order[i]];
		RsPictureNode *n;

		p->node = group[Min(p->depth, groups - 1)];
		n = &g->node[p->node];
		if (n->folded == 1)
		{
			/* A group of one says less than the party itself. */
			n->party = order[i];
			n->folded = 0;
		}
		else
			g->folded++;
	}
	for (uint32 i = 0; i < w->parties; i++)
	{
		Party	   *p = &w->party[i];
		RsPictureNode *n = &g->node[p->node];

		add_amount(&n->rested, p->rested);
		n->depth = n->party != RS_PICTURE_NOBODY ? p->depth : Min(n->depth, p->depth);
	}
	pfree(order);
	pfree(group);
}

/* Edges between nodes instead of parties; what begins and ends in one group is only counted. */
static void
draw_edges(Work *w, RsPictureGraph *g)
{
	uint64		n = 0;

	for (uint64 i = 0; i < w->edges; i++)
	{
		RsPictureEdge e = w->edge[i];

		e.source = w->party[e.source].node;
		e.target = w->party[e.target].node;
		if (e.source == e.target && g->node[e.source].party == RS_PICTURE_NOBODY)
			add_amount(&g->inside, e.amount);
		else
			w->edge[n++] = e;
	}
	qsort(w->edge, n, sizeof(RsPictureEdge), compare_edges);
	g->edge = w->edge;
	for (uint64 i = 0; i < n; i++)
	{
		RsPictureEdge *last = g->edges ? &g->edge[g->edges - 1] : NULL;

		if (last && last->source == w->edge[i].source && last->target == w->edge[i].target)
			merge_edge(last, &w->edge[i]);
		else
			g->edge[g->edges++] = w->edge[i];
	}
	for (uint64 i = 0; i < g->edges; i++)
	{
		add_amount(&g->node[g->edge[i].source].sent, g->edge[i].amount);
		add_amount(&g->node[g->edge[i].target].received, g->edge[i].amount);
	}
}

static int
compare_nodes(const void *a, const void *b, void *arg)
{
	RsPictureNode *node = arg;
	const RsPictureNode *x = &node[*(const uint32 *) a],
			   *y = &node[*(const uint32 *) b];
	bool		x_group = x->party == RS_PICTURE_NOBODY,
				y_group = y->party == RS_PICTURE_NOBODY;
	int128		x_size = Max(Max(x->received, x->sent), x->rested),
				y_size = Max(Max(y->received, y->sent), y->rested);

	if (x->depth != y->depth)
		return x->depth < y->depth ? -1 : 1;
	if (x_group != y_group)
		return x_group ? 1 : -1;
	if (x_size != y_size)
		return x_size > y_size ? -1 : 1;
	return x->party < y->party ? -1 : x->party > y->party;
}

/* Number the nodes in reading order. */
static void
order_nodes(Work *w, RsPictureGraph *g)
{
	uint32	   *order = rs_alloc(w->budget, g->nodes, sizeof(uint32), purpose);
	uint32	   *place = rs_alloc(w->budget, g->nodes, sizeof(uint32), purpose);
	RsPictureNode *sorted = rs_alloc(w->budget, g->nodes, sizeof(RsPictureNode), purpose);

	for (uint32 i = 0; i < g->nodes; i++)
		order[i] = i;
	qsort_arg(order, g->nodes, sizeof(uint32), compare_nodes, g->node);
	for (uint32 i = 0; i < g->nodes; i++)
	{
		place[order[i]] = i;
		sorted[i] = g->node[order[i]];
	}
	for (uint64 i = 0; i < g->edges; i++)
	{
		g->edge[i].source = place[g->edge[i].source];
		g->edge[i].target = place[g->edge[i].target];
	}
	qsort(g->edge, g->edges, sizeof(RsPictureEdge), compare_edges);
	pfree(g->node);
	pfree(order);
	pfree(place);
	g->node = sorted;
}

/* Mark edges that lead back to a node the walk is still inside of. */
static void
mark_cycles(Work *w, RsPictureGraph *g)
{
	enum
	{
		UNSEEN, INSIDE, DONE
	};
	uint8	   *state = rs_alloc0(w->budget, g->nodes, sizeof(uint8), purpose);
	uint64	   *next = rs_alloc(w->budget, g->nodes, sizeof(uint64), purpose);
	uint64	   *end = rs_alloc0(w->budget, g->nodes, sizeof(uint64), purpose);
	uint32	   *stack = rs_alloc(w->budget, g->nodes, sizeof(uint32), purpose);

	for (uint64 i = g->edges; i > 0; i--)
	{
		next[g->edge[i - 1].source] = i - 1;
		if (end[g->edge[i - 1].source] == 0)
			end[g->edge[i - 1].source] = i;
	}
	for (uint32 root = 0; root < g->nodes; root++)
	{
		uint32		deep = 0;

		if (state[root] != UNSEEN)
			continue;
		state[root] = INSIDE;
		stack[deep++] = root;
		while (deep > 0)
		{
			uint32		at = stack[deep - 1];
			RsPictureEdge *e;

			if (end[at] == 0 || next[at] == end[at])
			{
				state[at] = DONE;
				deep--;
				continue;
			}
			e = &g->edge[next[at]++];
			if (state[e->target] == INSIDE)
			{
				e->back = true;
				g->back++;
			}
			else if (state[e->target] == UNSEEN)
			{
				state[e->target] = INSIDE;
				stack[deep++] = e->target;
			}
		}
	}
	pfree(state);
	pfree(next);
	pfree(end);
	pfree(stack);
}

/*
 * The graph of n rows over `parties` parties, of which is_root (may be NULL)
 * names the roots asked for. Rows are sorted in place. max_nodes is at least 3.
 */
RsPictureGraph *
rs_picture_graph(RsPictureRow *row, uint64 n, uint32 parties, const bool *is_root,
				 uint32 max_nodes, bool largest, MemoryContext budget)
{
	Work		w = {.budget = budget, .parties = parties};
	RsPictureGraph *g = rs_alloc0(budget, 1, sizeof(RsPictureGraph), purpose);

	w.party = rs_alloc0(budget, parties, sizeof(Party), purpose);
	for (uint32 i = 0; i < parties; i++)
	{
		w.party[i].first_sent = DT_NOEND;
		w.party[i].root = is_root && is_root[i];
	}
	merge_rows(&w, row, n, largest);
	find_depths(&w);
	g->parties = parties;
	fold(&w, g, max_nodes);
	draw_edges(&w, g);
	order_nodes(&w, g);
	mark_cycles(&w, g);
	pfree(w.party);
	return g;
}
