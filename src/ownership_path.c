/*
 * src/ownership_path.c
 *	  Chains of holdings between two parties, best product first.
 *
 * A chain visits no party twice. Best-first search: a partial chain from the
 * party is ranked by its product times the best product with which the rest
 * could be completed (Dijkstra from the target, ignoring repeats), so chains
 * come out in falling order and only as many are built as are asked for. The
 * number of chains can be exponential: that is the caller's limit to set, and
 * the memory budget's.
 *
 * Links of unknown size and empty links count as 0: such chains come last.
 * If some link exceeds 1 (bad data), the estimate is raised by the product of
 * every party's largest factor over 1, which keeps it an upper bound.
 *
 * Memory: 24 bytes for each partial chain ever ranked, which point to their
 * beginnings, and 16 a node.
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"

#include "ownership.h"
#include "rs_memory.h"

static const char purpose[] = "ownership paths";

#define NONE UINT32_MAX

typedef struct Partial
{
	uint32		node;
	uint32		edge;			/* last link; NONE at the beginning */
	uint32		before;			/* partial chain without it */
	uint32		length;
	RsReal product;		/* magnitude */
} Partial;

typedef struct Entry
{
	RsReal rank;
	uint32		length;
	uint32		partial;
} Entry;

struct RsPaths
{
	RsOwnershipGraph *g;
	uint32		from,
				to;
	RsReal *rest;			/* best completion, < 0: cannot reach the target */
	Partial    *partial;
	uint64		npartial,
				partial_capacity;
	Entry	   *heap;
	uint64		nheap,
				heap_capacity;
	uint32	   *edge;
	uint64		edge_capacity;
};

static inline bool
ranks_before(const Entry *a, const Entry *b)
{
	if (a->rank != b->rank)
		return a->rank > b->rank;
	if (a->length != b->length)
		return a->length < b->length;
	return a->partial < b->partial;
}

static void
heap_push(RsPaths *p, Entry entry)
{
	uint64		i = p->nheap++;

	p->heap = rs_grow(p->g->budget, p->heap, &p->heap_capacity, p->nheap, sizeof(Entry), purpose);
	while (i > 0 && ranks_before(&entry, &p->heap[(i - 1) / 2]))
	{
		p->heap[i] = p->heap[(i - 1) / 2];
		i = (i - 1) / 2;
	}
	p->heap[i] = entry;
}

static Entry
heap_pop(RsPaths *p)
{
	Entry		top = p->heap[0];
	Entry		last = p->heap[--p->nheap];
	uint64		i = 0;

	for (;;)
	{
		uint64		child = 2 * i + 1;

		if (child >= p->nheap)
			break;
		if (child + 1 < p->nheap && ranks_before(&p->heap[child + 1], &p->heap[child]))
			child++;
		if (!ranks_before(&p->heap[child], &last))
			break;
		p->heap[i] = p->heap[child];
		i = child;
	}
	if (p->nheap > 0)
		p->heap[i] = last;
	return top;
}

static inline RsReal
magnitude(const RsOwnershipGraph *g, uint32 edge)
{
	return fabsl((RsReal) g->value[RS_V_SHARE][edge] / (RsReal) g->one);
}

/* Best product from every node to the target, links capped at 1. */
static void
estimate_rest(RsPaths *p)
{
	RsOwnershipGraph *g = p->g;
	bool	   *done = rs_alloc0(g->budget, g->nnodes, sizeof(bool), purpose);
	RsReal excess = 1;
	uint64		steps = 0;

	p->rest = rs_alloc(g->budget, g->nnodes, sizeof(RsReal), purpose);
	for (uint32 k = 0; k < g->nnodes; k++)
		p->rest[k] = -1;
	p->rest[p->to] = 1;
	heap_push(p, (Entry) {1, 0, p->to});
	while (p->nheap > 0)
	{
		uint32		k = heap_pop(p).partial;
		RsReal largest = 1;

		if (done[k])
			continue;
		done[k] = true;
		for (uint32 e = g->in_start[k]; e < g->in_start[k + 1]; e++)
		{
			uint32		i = g->edge_owner[e];
			RsReal rest = p->rest[k] * Min(1.0L, magnitude(g, e));

			if (!done[i] && rest > p->rest[i])
			{
				p->rest[i] = rest;
				heap_push(p, (Entry) {rest, 0, i});
			}
		}
		for (uint32 o = g->out_start[k]; o < g->out_start[k + 1]; o++)
			largest = Max(largest, magnitude(g, g->out_edge[o]));
		excess *= largest;
		if ((++steps & 0xFFF) == 0)
			CHECK_FOR_INTERRUPTS();
	}
	if (excess > 1)
		for (uint32 k = 0; k < g->nnodes; k++)
			if (p->rest[k] > 0 && k != p->to)
				p->rest[k] *= excess;
	pfree(done);
}

static void
add_partial(RsPaths *p, Partial partial)
{
	if (p->npartial >= NONE)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("too many ownership paths to rank")));
	p->partial = rs_grow(p->g->budget, p->partial, &p->partial_capacity, p->npartial + 1,
						 sizeof(Partial), purpose);
	p->partial[p->npartial] = partial;
	heap_push(p, (Entry) {partial.product * p->rest[partial.node], partial.length, (uint32) p->npartial});
	p->npartial++;
}

RsPaths *
rs_paths_open(RsOwnershipGraph *g, uint32 from, uint32 to)
{
	RsPaths    *p = rs_alloc0(g->budget, 1, sizeof(RsPaths), purpose);

	p->g = g;
	p->from = from;
	p->to = to;
	estimate_rest(p);
	if (p->rest[from] >= 0)
		add_partial(p, (Partial) {from, NONE, NONE, 0, 1});
	return p;
}

static bool
visited(const RsPaths *p, uint32 partial, uint32 node)
{
	for (; partial != NONE; partial = p->partial[partial].before)
		if (p->partial[partial].node == node)
			return true;
	return false;
}

/* False when there are no more. path->edge is valid until the next call. */
bool
rs_paths_next(RsPaths *p, RsPath *path)
{
	RsOwnershipGraph *g = p->g;
	uint64		steps = 0;

	CHECK_FOR_INTERRUPTS();
	while (p->nheap > 0)
	{
		uint32		at = heap_pop(p).partial;
		Partial		chain = p->partial[at];

		if (chain.node == p->to && chain.length > 0)
		{
			RsReal product = 1;

			p->edge = rs_grow(g->budget, p->edge, &p->edge_capacity, chain.length, sizeof(uint32), purpose);
			path->length = chain.length;
			path->edge = p->edge;
			for (uint32 i = chain.length; i-- > 0; at = p->partial[at].before)
				p->edge[i] = p->partial[at].edge;
			for (uint32 i = 0; i < chain.length; i++)
				product *= (RsReal) g->value[RS_V_SHARE][p->edge[i]] / (RsReal) g->one;
			path->product = product;
			return true;
		}
		for (uint32 o = g->out_start[chain.node]; o < g->out_start[chain.node + 1]; o++)
		{
			uint32		e = g->out_edge[o];
			uint32		next = g->edge_owned[e];

			/* A ring through the target ends there; nothing else comes twice. */
			if (p->rest[next] < 0 || (next != p->to && visited(p, at, next)))
				continue;
			add_partial(p, (Partial) {next, e, at, chain.length + 1, chain.product * magnitude(g, e)});
			if ((++steps & 0xFFF) == 0)
				CHECK_FOR_INTERRUPTS();
		}
	}
	return false;
}
