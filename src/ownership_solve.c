/*
 * src/ownership_solve.c
 *	  Total and net ownership, exactly on cycles.
 *
 * With A[i,j] the share of j that i holds, the total ownership of all i in T
 * is column T of Y = A + A Y (Brioschi, Buzzacchi and Colombo; Wan 2009):
 *
 *		y_i = [i = T] + sum over k of a_ik y_k,		x_i = y_i - [i = T]
 *
 * One pass over the ancestors of T, component by component, owned before
 * owner: each y_k is pushed to k's holders, so only edges into ancestors are
 * touched. A cyclic component S with block B is answered by N = (I - B)^-1,
 * computed once per system when first met. Net ownership (Baldone: nothing
 * returns to the owner through its own loops) is x_i / N_ii.
 *
 * How N is found, and when there is none: ownership_matrix.c. A block that has
 * none has no finite answer: its numbers, and those of owners above it, are
 * withheld under a flag.
 *
 * Downwards (what R owns) it is row R of the same Y: the walk follows
 * holdings, blocks are applied from the left, net divides by N_RR.
 *
 * Cost: O(edges into ancestors + sum of s^2), once s^3 per component of s
 * members met; memory 16 s^2 bytes for each. Everything is in extended precision.
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"
#include "utils/memutils.h"

#include "ownership.h"
#include "ownership_matrix.h"
#include "rs_memory.h"

static const char purpose[] = "the ownership solver";

/* Of a node: one of its holders is known as a range only. Never passed on. */
#define NODE_RANGED (1u << 31)
/* It belongs to a cyclic component. */
#define NODE_CYCLIC (1u << 30)
#define NODE_BITS (NODE_RANGED | NODE_CYCLIC)

typedef struct Block
{
	uint32		size;
	uint32		state;			/* 0, RS_FLAG_CLOSED_LOOP, RS_FLAG_RHO_GE_1 */
	uint32		flags;			/* of members and inner links */
	RsReal *inverse;		/* by column: inverse[c * size + i] = N_ic */
} Block;

/*
 * One link as a walk needs it, beside its neighbours: the holders of a company,
 * or (downwards) the companies of a holder. Most of a solve is waiting for
 * memory, so all it reads of a link and of a node is in one place.
 */
typedef struct Link
{
	RsReal		weight;			/* 0: nothing flows */
	uint32		to;
	uint32		flags;
} Link;

/* What one solve knows of a node: one cache line. */
typedef struct Walk
{
	RsReal		y;
	double		lost;			/* by rounding y, until it is passed on */
	uint32		stamp;			/* of the solve that reached it */
	uint32		layers;
	uint32		flags;
	uint32		node_flags;		/* copies: the node's, with NODE_ bits */
	uint32		component;
	uint32		owners;			/* the first holder in s->up, and how many */
	uint32		nowners;
	uint32		owned;			/* in s->down */
	uint32		nowned;
} Walk;

StaticAssertDecl(sizeof(Walk) <= 64, "a node of the walk fills one cache line");

struct RsSystem
{
	RsOwnershipGraph *g;
	RsBasis		basis;
	uint32		no_value;		/* flags that take a number's value */
	int128	   *number;			/* by edge, numerator */
	int128	   *whole;			/* by node, denominator; NULL: g->one */
	int128	   *known;			/* by node: sum of its holders' numerators */
	uint32	   *local;			/* place in its component */
	Block	  **block;			/* by component */
	Link	   *up;				/* by edge: to the holder */
	Link	   *down;			/* as out_edge: to the company; made when first asked */

	/* one solve */
	uint32		round;
	Walk	   *walk;			/* by node; whole cache lines */
	uint32	   *reached;
	uint32		nreached;
	uint64	   *order;
	uint64		order_capacity;
	RsReal *rhs;			/* of one block */
	uint64		rhs_capacity;
};

static inline int128
whole_of(const RsSystem *s, uint32 node)
{
	return s->whole ? s->whole[node] : s->g->one;
}

/*
 * share_max, but no more than the others' minimums leave. Minimums that exceed
 * the whole contradict each other and bound nothing.
 */
static void
tighten_maximums(RsSystem *s)
{
	RsOwnershipGraph *g = s->g;
	const int128 *low = g->value[RS_V_MIN];
	const int128 *high = g->value[RS_V_MAX];

	for (uint32 j = 0; j < g->nnodes; j++)
	{
		int128		sum = 0;

		for (uint32 e = g->in_start[j]; e < g->in_start[j + 1]; e++)
			sum += low[e];
		for (uint32 e = g->in_start[j]; e < g->in_start[j + 1]; e++)
			s->number[e] = sum > g->one ? high[e] : Max(low[e], Min(high[e], g->one - (sum - low[e])));
	}
}

/* What an edge carries at least, of the basis' kind. */
static inline int128
least_of(const RsSystem *s, uint32 e)
{
	const RsOwnershipGraph *g = s->g;

	if (g->value[RS_V_MIN] == NULL || (s->basis == RS_BASIS_VOTES && g->value[RS_V_VOTES] != NULL))
		return s->number[e];
	return s->basis == RS_BASIS_HIGHER ? Max(s->number[e], g->value[RS_V_MIN][e]) : g->value[RS_V_MIN][e];
}

/*
 * What shares of j are scaled by when its holders exceed 1, the sums of the
 * least and the greatest being given: a share that may be small is divided by
 * the greatest whole and one that may be large by the least, so that the
 * results bound every reading of the ranges.
 */
static int128
normalised_whole(RsSystem *s, uint32 j, int128 least)
{
	RsOwnershipGraph *g = s->g;
	int128		whole = least;

	if (least <= g->one)
		return g->one;
	if (s->basis == RS_BASIS_MIN)
		for (uint32 e = (whole = 0, g->in_start[j]); e < g->in_start[j + 1]; e++)
			whole += g->value[RS_V_MAX][e];
	else if (s->basis == RS_BASIS_MAX)
		for (uint32 e = g->in_start[j]; e < g->in_start[j + 1]; e++)
			s->number[e] = Min(s->number[e], least);
	return whole;
}

static void
choose_numbers(RsSystem *s)
{
	RsOwnershipGraph *g = s->g;
	int128	   *share = g->value[RS_V_SHARE];
	int128	   *votes = g->value[RS_V_VOTES] ? g->value[RS_V_VOTES] : share;

	switch (s->basis)
	{
		case RS_BASIS_SHARE:
			s->number = share;
			break;
		case RS_BASIS_VOTES:
			s->number = votes;
			break;
		case RS_BASIS_HIGHER:
			if (votes == share)
			{
				s->number = share;
				break;
			}
			s->number = rs_alloc(g->budget, g->nedges, sizeof(int128), purpose);
			for (uint32 e = 0; e < g->nedges; e++)
				s->number[e] = Max(share[e], votes[e]);
			break;
		case RS_BASIS_MIN:
			s->number = g->value[RS_V_MIN];
			break;
		case RS_BASIS_MAX:
			s->number = rs_alloc(g->budget, g->nedges, sizeof(int128), purpose);
			tighten_maximums(s);
			break;
	}
}

RsSystem *
rs_system_create(RsOwnershipGraph *g, RsBasis basis, bool normalise)
{
	RsSystem   *s = rs_alloc0(g->budget, 1, sizeof(RsSystem), purpose);
	uint32		n = g->nnodes;

	rs_ownership_components(g);
	s->g = g;
	s->basis = basis;
	s->no_value = RS_FLAG_CLOSED_LOOP | RS_FLAG_RHO_GE_1;
	if (basis != RS_BASIS_MIN && basis != RS_BASIS_MAX)
		s->no_value |= RS_FLAG_RANGE;
	choose_numbers(s);

	s->known = rs_alloc(g->budget, n, sizeof(int128), purpose);
	s->walk = rs_alloc(g->budget, (uint64) n + 2, sizeof(Walk), purpose);	/* two to align */
	s->walk = (Walk *) TYPEALIGN(64, s->walk);
	s->up = rs_alloc(g->budget, g->nedges, sizeof(Link), purpose);
	if (normalise)
		s->whole = rs_alloc(g->budget, n, sizeof(int128), purpose);
	for (uint32 j = 0; j < n; j++)
	{
		int128		sum = 0,
					least = 0;
		uint32		flags = g->node_flags[j],
					scaled = 0;
		Walk	   *w = &s->walk[j];

		if ((j & 0xFFFF) == 0)
			CHECK_FOR_INTERRUPTS();
		for (uint32 e = g->in_start[j]; e < g->in_start[j + 1]; e++)
		{
			if (__builtin_add_overflow(sum, s->number[e], &sum))
				ereport(ERROR,
						(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
						 errmsg("a sum of shares does not fit into 38 digits")));
			least += least_of(s, e);
			if (g->edge_owner[e] == j)
				flags |= RS_FLAG_TREASURY;
			if (g->edge_flags[e] & RS_FLAG_RANGE)
				flags |= NODE_RANGED;
		}
		s->known[j] = sum;
		if (normalise)
		{
			s->whole[j] = normalised_whole(s, j, least);
			/* Scaled by a sum that is a range, an exact share is one too. */
			if (least > g->one && (flags & NODE_RANGED))
				scaled = RS_FLAG_RANGE;
		}
		if (g->in_start[j] < g->in_start[j + 1])
		{
			if (least > g->one || (basis == RS_BASIS_MAX && sum > g->one))
				flags |= RS_FLAG_SUM_OVER_100 | (normalise ? RS_FLAG_NORMALISED : 0);
			else if ((basis == RS_BASIS_MAX ? sum : least) < g->one)
				flags |= RS_FLAG_MISSING;
		}
		w->stamp = 0;
		w->component = g->component[j];
		w->node_flags = flags | (rs_ownership_is_cyclic(g, w->component) ? NODE_CYCLIC : 0);
		w->owners = g->in_start[j];
		w->nowners = g->in_start[j + 1] - g->in_start[j];
		w->owned = g->out_start[j];
		w->nowned = g->out_start[j + 1] - g->out_start[j];
		for (uint32 e = g->in_start[j]; e < g->in_start[j + 1]; e++)
			s->up[e] = (Link) {(RsReal) s->number[e] / (RsReal) whole_of(s, j),
				g->edge_owner[e], g->edge_flags[e] | scaled};
	}

	s->local = rs_alloc(g->budget, n, sizeof(uint32), purpose);
	for (uint32 c = 0; c < g->ncomponents; c++)
		for (uint32 i = g->component_start[c]; i < g->component_start[c + 1]; i++)
			s->local[g->component_node[i]] = i - g->component_start[c];
	s->block = rs_alloc0(g->budget, g->ncomponents, sizeof(Block *), purpose);
	s->reached = rs_alloc(g->budget, n, sizeof(uint32), purpose);
	return s;
}

uint32
rs_system_node_flags(const RsSystem *s, uint32 node)
{
	return s->walk[node].node_flags & ~NODE_BITS;
}

/* ---- one cyclic component ---- */

typedef struct Degree
{
	uint32		links;
	uint32		local;
} Degree;

static int
compare_degrees(const void *a, const void *b)
{
	const Degree *x = a,
			   *y = b;

	if (x->links != y->links)
		return x->links < y->links ? -1 : 1;
	return x->local < y->local ? -1 : x->local > y->local;
}

static Block *
solve_block(RsSystem *s, uint32 component)
{
	RsOwnershipGraph *g = s->g;
	uint32		first = g->component_start[component];
	uint32		size = g->component_start[component + 1] - first;
	const uint32 *member = g->component_node + first;
	Block	   *block = rs_alloc0(g->budget, 1, sizeof(Block), purpose);
	MemoryContext scratch = AllocSetContextCreate(g->budget, "risk_screen ring", ALLOCSET_DEFAULT_SIZES);
	Size		cells = (Size) size * size;
	RsReal *b,
			   *d = rs_alloc(scratch, size, sizeof(RsReal), purpose),
			   *excess = rs_alloc(scratch, size, sizeof(RsReal), purpose);
	Degree	   *degree = rs_alloc0(scratch, size, sizeof(Degree), purpose);
	uint32	   *place = rs_alloc(scratch, size, sizeof(uint32), purpose);	/* of the k-th eliminated */
	uint32	   *turn = rs_alloc(scratch, size, sizeof(uint32), purpose);	/* its inverse */
	uint32	   *spare = rs_alloc(scratch, 2 * (uint64) size, sizeof(uint32), purpose);
	bool		negative = false,
				over = false,
				solved;

	block->size = size;
	/* Least linked members first keeps sparse rings sparse while eliminating. */
	for (uint32 i = 0; i < size; i++)
	{
		degree[i].local = i;
		for (uint32 e = g->in_start[member[i]]; e < g->in_start[member[i] + 1]; e++)
			if (g->component[g->edge_owner[e]] == component)
			{
				degree[i].links++;
				degree[s->local[g->edge_owner[e]]].links++;
			}
	}
	qsort(degree, size, sizeof(Degree), compare_degrees);
	for (uint32 k = 0; k < size; k++)
	{
		place[k] = degree[k].local;
		turn[place[k]] = k;
	}

	b = rs_alloc0(scratch, cells, sizeof(RsReal), "a ring of cross-holdings");
	for (uint32 j = 0; j < size; j++)
	{
		uint32		node = member[j];
		int128		outside = whole_of(s, node);

		block->flags |= rs_system_node_flags(s, node);
		for (uint32 e = g->in_start[node]; e < g->in_start[node + 1]; e++)
		{
			if (g->component[g->edge_owner[e]] != component)
				continue;
			block->flags |= s->up[e].flags;
			b[(Size) turn[s->local[g->edge_owner[e]]] * size + turn[j]] = s->up[e].weight;
			outside -= s->number[e];
			if (s->number[e] < 0)
				negative = true;
		}
		if (outside < 0)
			over = true;
		excess[turn[j]] = (RsReal) outside / (RsReal) whole_of(s, node);
	}

	if (!negative && !over)
	{
		solved = rs_matrix_factor(b, d, excess, spare, size);
		block->state = solved ? 0 : RS_FLAG_CLOSED_LOOP;
	}
	else
	{
		solved = true;
		if (negative)
		{
			/* The series converges if it does with absolute values. */
			RsReal *magnitude = rs_alloc(scratch, cells, sizeof(RsReal), "a ring of cross-holdings");

			for (Size i = 0; i < cells; i++)
				magnitude[i] = fabsl(b[i]);
			solved = rs_matrix_factor(magnitude, d, NULL, spare, size);
			pfree(magnitude);
		}
		solved = solved && rs_matrix_factor(b, d, NULL, spare, size);
		block->state = solved ? 0 : RS_FLAG_RHO_GE_1;
	}
	if (solved)
	{
		block->inverse = rs_alloc(g->budget, cells, sizeof(RsReal), "a ring of cross-holdings");
		rs_matrix_invert(scratch, b, d, place, size, block->inverse);
	}
	MemoryContextDelete(scratch);
	return block;
}

static Block *
block_of(RsSystem *s, uint32 component)
{
	if (s->block[component] == NULL)
		s->block[component] = solve_block(s, component);
	return s->block[component];
}

uint32
rs_system_component_state(RsSystem *s, uint32 component)
{
	if (!rs_ownership_is_cyclic(s->g, component))
		return 0;
	return block_of(s, component)->state;
}

/* ---- one target ---- */

/* Links the other way round are made when somebody looks down. */
static void
make_down(RsSystem *s)
{
	RsOwnershipGraph *g = s->g;

	s->down = rs_alloc(g->budget, g->nedges, sizeof(Link), purpose);
	for (uint32 o = 0; o < g->nedges; o++)
	{
		uint32		e = g->out_edge[o];

		s->down[o] = (Link) {s->up[e].weight, g->edge_owned[e], s->up[e].flags};
	}
}

static inline const Link *
links_of(const RsSystem *s, const Walk *w, bool downwards, uint32 *n)
{
	*n = downwards ? w->nowned : w->nowners;
	return downwards ? s->down + w->owned : s->up + w->owners;
}

static inline void
reach(RsSystem *s, uint32 node, uint32 layers, bool downwards)
{
	Walk	   *w = &s->walk[node];

	if (w->stamp == s->round)
		return;
	w->stamp = s->round;
	w->layers = layers;
	w->flags = 0;
	w->y = 0;
	w->lost = 0;
	__builtin_prefetch(downwards ? s->down + w->owned : s->up + w->owners);
	s->reached[s->nreached++] = node;
}

/*
 * Everything above (below) the target, in order of layers. The nodes of a step
 * are asked for together and ahead of their turn.
 */
static void
reach_all(RsSystem *s, uint32 target, bool downwards)
{
	if (++s->round == 0)
	{
		for (uint32 k = 0; k < s->g->nnodes; k++)
			s->walk[k].stamp = 0;
		s->round = 1;
	}
	if (downwards && s->down == NULL)
		make_down(s);
	s->nreached = 0;
	/* Targets are mostly asked for in order: begin to fetch the next one's links. */
	if (target + 1 < s->g->nnodes)
	{
		uint32		n;
		const Link *link = links_of(s, &s->walk[target + 1], downwards, &n);

		for (uint32 l = 0; l < Min(n, 8); l++)
			__builtin_prefetch(&s->walk[link[l].to]);
	}
	reach(s, target, 0, downwards);
	for (uint32 i = 0; i < s->nreached; i++)
	{
		const Walk *w = &s->walk[s->reached[i]];
		uint32		n;
		const Link *link = links_of(s, w, downwards, &n);

		for (uint32 l = 0; l < n; l++)
			__builtin_prefetch(&s->walk[link[l].to]);
		for (uint32 l = 0; l < n; l++)
			reach(s, link[l].to, w->layers + 1, downwards);
		if ((i & 0x3FFF) == 0)
			CHECK_FOR_INTERRUPTS();
	}
}

static int
compare_keys(const void *a, const void *b)
{
	uint64		x = *(const uint64 *) a,
				y = *(const uint64 *) b;

	return x < y ? -1 : x > y;
}

/* Most companies have a dozen holders in all: no call per comparison. */
static void
sort_order(uint64 *key, uint32 n)
{
	if (n > 48)
	{
		qsort(key, n, sizeof(uint64), compare_keys);
		return;
	}
	for (uint32 i = 1; i < n; i++)
	{
		uint64		k = key[i];
		uint32		j = i;

		for (; j > 0 && key[j - 1] > k; j--)
			key[j] = key[j - 1];
		key[j] = k;
	}
}

/* What a node has goes to its holders (holdings), except within its own ring. */
static inline void
pass_from(RsSystem *s, const Walk *w, bool downwards)
{
	uint32		n;
	const Link *link = links_of(s, w, downwards, &n);
	uint32		flags = downwards ? w->flags : w->flags | (w->node_flags & ~NODE_BITS);

	for (const Link *end = link + n; link < end; link++)
	{
		Walk	   *to = &s->walk[link->to];

		if (to->component == w->component)
			continue;
		/* Nothing flows over an empty link, not even ignorance. */
		to->flags |= link->flags | (link->weight == 0 ? flags & ~s->no_value : flags);
		/* Most nodes are reached by one link: nothing is lost then. */
		if (to->y == 0)
			to->y = link->weight * w->y;
		else if (link->weight != 0)
		{
			RsReal		lost = to->lost;

			to->y = rs_add_exactly(to->y, link->weight * w->y, &lost);
			to->lost = (double) lost;
		}
	}
}

/* y of a ring's members from what came in, in place. */
static void
apply_block(RsSystem *s, const Block *block, const uint32 *member, bool downwards)
{
	uint32		size = block->size;

	s->rhs = rs_grow(s->g->budget, s->rhs, &s->rhs_capacity, size, sizeof(RsReal), purpose);
	for (uint32 i = 0; i < size; i++)
	{
		s->rhs[i] = s->walk[member[i]].y;
		s->walk[member[i]].y = 0;
	}
	for (uint32 c = 0; c < size; c++)
	{
		const RsReal *column = block->inverse + (Size) c * size;

		if (downwards)
		{
			RsReal sum = 0;

			for (uint32 k = 0; k < size; k++)
				sum += s->rhs[k] * column[k];
			s->walk[member[c]].y = sum;
		}
		else if (s->rhs[c] != 0)
			for (uint32 i = 0; i < size; i++)
				s->walk[member[i]].y += s->rhs[c] * column[i];
	}
}

static void
add_stake(RsSystem *s, RsStakes *result, uint32 node, uint32 target, bool in_cycle,
		  RsReal diagonal, bool downwards)
{
	RsOwnershipGraph *g = s->g;
	const Walk *w = &s->walk[node];
	RsStake    *stake = &result->stake[result->n++];

	stake->node = node;
	stake->flags = w->flags;
	/* Only the first layer can be held directly; the target may hold itself. */
	stake->direct_edge = w->layers > 1 ? RS_NO_EDGE :
		downwards ? rs_ownership_edge(g, target, node) : rs_ownership_edge(g, node, target);
	stake->in_cycle = in_cycle;
	stake->ultimate = (downwards ? w->nowned : w->nowners) == 0;
	if (node != target)
	{
		stake->layers = w->layers;
		stake->total = w->y;
	}
	else
	{
		/* What comes back: y - 1 without subtracting; the shortest ring. */
		uint32		n;
		const Link *link;

		if (!downwards && s->down == NULL)
			make_down(s);
		link = links_of(s, w, !downwards, &n);
		stake->flags |= RS_FLAG_SELF;
		stake->total = 0;
		stake->layers = UINT32_MAX;
		for (const Link *end = link + n; link < end; link++)
		{
			const Walk *from = &s->walk[link->to];

			if (from->stamp == s->round)
			{
				stake->total += link->weight * from->y;
				stake->layers = Min(stake->layers, from->layers + 1);
			}
		}
	}
	stake->net = diagonal == 1 ? stake->total : stake->total / diagonal;
	if (stake->flags & s->no_value)
		stake->total = stake->net = 0;
}

/* A ring's members from what came in; false if it has no numbers. */
static Block *
pass_ring(RsSystem *s, uint32 component, bool downwards, RsStakes *result)
{
	RsOwnershipGraph *g = s->g;
	uint32		first = g->component_start[component];
	const uint32 *member = g->component_node + first;
	uint32		size = g->component_start[component + 1] - first;
	Block	   *block = block_of(s, component);
	uint32		flags = block->flags | block->state;

	for (uint32 m = 0; m < size; m++)
	{
		flags |= s->walk[member[m]].flags;
		s->walk[member[m]].y += s->walk[member[m]].lost;
	}
	if (block->state == RS_FLAG_CLOSED_LOOP && !downwards)
	{
		result->has_closed = true;
		for (uint32 m = 0; m < size; m++)
			result->closed += s->walk[member[m]].y;
	}
	if (block->state == 0)
		apply_block(s, block, member, downwards);
	for (uint32 m = 0; m < size; m++)
		s->walk[member[m]].flags = flags;
	return block;
}

void
rs_system_solve(RsSystem *s, uint32 target, bool downwards, RsStakes *result)
{
	RsOwnershipGraph *g = s->g;
	RsReal target_diagonal = 1;
	RsReal		unknown_lost;

	result->n = 0;
	result->unknown = result->closed = 0;
	unknown_lost = 0;
	result->unknown_flags = 0;
	result->has_closed = result->over = false;

	reach_all(s, target, downwards);
	s->order = rs_grow(g->budget, s->order, &s->order_capacity, s->nreached, sizeof(uint64), purpose);
	for (uint32 i = 0; i < s->nreached; i++)
	{
		uint32		component = s->walk[s->reached[i]].component;

		/* Owners come after what they own; downwards it is the other way round. */
		if (downwards)
			component = g->ncomponents - 1 - component;
		s->order[i] = ((uint64) component << 32) | s->reached[i];
	}
	sort_order(s->order, s->nreached);
	s->walk[target].y = 1;

	for (uint32 i = 0; i < s->nreached;)
	{
		Walk	   *w = &s->walk[(uint32) s->order[i]];
		uint32		end = i + 1;

		if (w->node_flags & NODE_CYCLIC)
		{
			uint32		component = w->component;
			Block	   *block = pass_ring(s, component, downwards, result);

			end = i + block->size;
			if (component == s->walk[target].component && downwards && block->state == 0)
				target_diagonal = block->inverse[(Size) s->local[target] * block->size + s->local[target]];
		}
		else
		{
			w->y += w->lost;
			if (downwards && w != &s->walk[target])
				w->flags |= w->node_flags & ~NODE_BITS;
		}
		for (; i < end; i++)
		{
			uint32		node = (uint32) s->order[i];

			w = &s->walk[node];
			pass_from(s, w, downwards);
			if (downwards || w->nowners == 0)
				continue;
			result->over |= (w->node_flags & RS_FLAG_SUM_OVER_100) != 0;
			/* A ring of ranges may own itself entirely: then its mass is nobody's. */
			if ((w->node_flags & RS_FLAG_MISSING) || ((w->node_flags & NODE_BITS) == NODE_BITS && s->known[node] <= whole_of(s, node)))
			{
				result->unknown_flags |= w->flags & s->no_value;
				if (w->node_flags & NODE_RANGED)
					result->unknown_flags |= RS_FLAG_RANGE;
				result->unknown = rs_add_exactly(result->unknown, w->y *
											  ((RsReal) (whole_of(s, node) - s->known[node]) / (RsReal) whole_of(s, node)),
											  &unknown_lost);
			}
		}
		CHECK_FOR_INTERRUPTS();
	}

	result->unknown += unknown_lost;

	/* Only now is every value known that a ring through the target needs. */
	result->stake = rs_grow(g->budget, result->stake, &result->capacity, s->nreached,
							sizeof(RsStake), "look-through results");
	for (uint32 i = 0; i < s->nreached; i++)
	{
		uint32		node = (uint32) s->order[i];
		const Walk *w = &s->walk[node];
		bool		in_cycle = (w->node_flags & NODE_CYCLIC) != 0;
		RsReal diagonal = 1;

		if (node == target && !in_cycle)
			continue;
		if (downwards)
			diagonal = target_diagonal;
		else if (in_cycle)
		{
			const Block *block = s->block[w->component];

			if (block->state == 0)
				diagonal = block->inverse[(Size) s->local[node] * block->size + s->local[node]];
		}
		add_stake(s, result, node, target, in_cycle, diagonal, downwards);
	}
}
