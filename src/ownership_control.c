/*
 * src/ownership_control.c
 *	  Control by majority of votes: the least fixpoint.
 *
 * X controls Y if X together with all companies X controls holds more than
 * the threshold of Y's votes. The set grows from the sources alone, round by
 * round, so control never rests on itself: two companies that would carry X
 * over the line in each other, but neither without the other, stay outside.
 * The result does not depend on order; votes are integers, so exactly half is
 * never a majority by rounding. A holding of class "control" (agreement,
 * power to appoint the board) makes its owner control the owned outright.
 *
 * Cost: each holding of each member of the set is added once, O(holdings of
 * the set); a source that has no majority on its own is dismissed by looking
 * at its own holdings only. Arrays are per node and reused between sources by
 * a stamp, never cleared: 60 bytes a node.
 */
#include "postgres.h"

#include <float.h>
#include <math.h>

#include "miscadmin.h"

#include "ownership.h"
#include "rs_memory.h"

static const char purpose[] = "the control fixpoint";

struct RsControl
{
	RsOwnershipGraph *g;
	const int128 *votes;		/* by edge */
	int128		least;			/* votes that make control */
	int128	   *least_of;		/* by node, if treasury votes are taken out */
	uint32		round;
	uint32	   *touched;		/* stamp: sum and best are of this round */
	uint32	   *inside;			/* stamp: member of the set */
	int128	   *sum;
	int128	   *best;
	uint32	   *best_holder;
	RsControlled *found;
	uint64		capacity;
};

int128
rs_threshold_least(const RsThreshold *t, int128 whole)
{
	int128		unit = 1;
	int128		product;
	int128		least;

	for (int i = 0; i < t->digits; i++)
		unit *= 10;
	if (__builtin_mul_overflow(t->number, whole, &product))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("threshold and shares together have more than 38 digits"),
				 errhint("Round the threshold or the shares.")));
	least = product / unit;
	if (product % unit < 0)
		least--;				/* floor of a negative quotient */
	if (!t->inclusive || product % unit != 0)
		least++;
	return least;
}

/*
 * Errors of the solver are some units in the last of 18 digits, so 0.25 that
 * comes out of thirds and sixths is 0.25, and 0.2499999999999999 is less.
 */
bool
rs_threshold_meets(const RsThreshold *t, RsReal share)
{
	RsReal		unit = 1;
	RsReal		limit;
	RsReal		error = Max(1e-17L, 64 * LDBL_EPSILON);

	for (int i = 0; i < t->digits; i++)
		unit *= 10;
	limit = (RsReal) t->number / unit;
	error *= Max(1, fabsl(share));
	return t->inclusive ? share >= limit - error : share > limit + error;
}

RsControl *
rs_control_create(RsOwnershipGraph *g, const RsThreshold *threshold)
{
	RsControl  *c = rs_alloc0(g->budget, 1, sizeof(RsControl), purpose);

	c->g = g;
	c->votes = g->value[RS_V_VOTES] ? g->value[RS_V_VOTES] : g->value[RS_V_SHARE];
	c->least = rs_threshold_least(threshold, g->one);
	c->touched = rs_alloc0(g->budget, g->nnodes, sizeof(uint32), purpose);
	c->inside = rs_alloc0(g->budget, g->nnodes, sizeof(uint32), purpose);
	c->sum = rs_alloc(g->budget, g->nnodes, sizeof(int128), purpose);
	c->best = rs_alloc(g->budget, g->nnodes, sizeof(int128), purpose);
	c->best_holder = rs_alloc(g->budget, g->nnodes, sizeof(uint32), purpose);
	if (threshold->without_treasury)
	{
		c->least_of = rs_alloc(g->budget, g->nnodes, sizeof(int128), purpose);
		for (uint32 k = 0; k < g->nnodes; k++)
			c->least_of[k] = c->least;
		for (uint32 e = 0; e < g->nedges; e++)
			if (g->edge_owner[e] == g->edge_owned[e])
				c->least_of[g->edge_owned[e]] =
					rs_threshold_least(threshold, g->one - c->votes[e]);
	}
	return c;
}

static inline bool
enough(const RsControl *c, uint32 node, int128 votes)
{
	/* Nobody controls by holding nothing, whatever the threshold. */
	return votes > 0 && votes >= (c->least_of ? c->least_of[node] : c->least);
}

static inline bool
by_agreement(const RsControl *c, uint32 edge)
{
	return (c->g->edge_class[edge] & (1u << RS_CLASS_CONTROL)) != 0;
}

bool
rs_control_possible(RsControl *c, uint32 source)
{
	RsOwnershipGraph *g = c->g;

	for (uint32 o = g->out_start[source]; o < g->out_start[source + 1]; o++)
	{
		uint32		e = g->out_edge[o];

		if (g->edge_owned[e] != source &&
			(enough(c, g->edge_owned[e], c->votes[e]) || by_agreement(c, e)))
			return true;
	}
	return false;
}

static void
next_round(RsControl *c)
{
	if (++c->round == 0)
	{
		memset(c->touched, 0, sizeof(uint32) * c->g->nnodes);
		memset(c->inside, 0, sizeof(uint32) * c->g->nnodes);
		c->round = 1;
	}
}

/* Add the votes that member z has; new members go to found. */
static void
add_votes(RsControl *c, uint32 z, uint32 layers, uint32 *nfound)
{
	RsOwnershipGraph *g = c->g;

	for (uint32 o = g->out_start[z]; o < g->out_start[z + 1]; o++)
	{
		uint32		e = g->out_edge[o];
		uint32		y = g->edge_owned[e];
		int128		v = c->votes[e];

		if (y == z)
			continue;			/* nobody votes in itself */
		if (c->touched[y] != c->round)
		{
			c->touched[y] = c->round;
			c->sum[y] = 0;
			c->best[y] = v;
			c->best_holder[y] = z;
		}
		c->sum[y] += v;
		if (v > c->best[y])
		{
			c->best[y] = v;
			c->best_holder[y] = z;
		}
		if (c->inside[y] != c->round && (enough(c, y, c->sum[y]) || by_agreement(c, e)))
		{
			RsControlled *f;

			c->inside[y] = c->round;
			c->found = rs_grow(g->budget, c->found, &c->capacity, (uint64) *nfound + 1,
							   sizeof(RsControlled), purpose);
			f = &c->found[(*nfound)++];
			f->node = y;
			f->layers = layers;
			f->direct = layers == 1;
			f->agreement = by_agreement(c, e);
			if (f->agreement)
			{
				/* The agreement is the reason, however few the votes. */
				c->best[y] = g->one;
				c->best_holder[y] = z;
			}
			/* Of those who were there before: reasons never go round. */
			f->via = c->best_holder[y];
		}
	}
}

const RsControlled *
rs_control_from(RsControl *c, const uint32 *source, uint32 nsources, uint32 *n)
{
	uint32		nfound = 0;

	next_round(c);
	for (uint32 i = 0; i < nsources; i++)
		c->inside[source[i]] = c->round;
	for (uint32 i = 0; i < nsources; i++)
	{
		add_votes(c, source[i], 1, &nfound);
		if ((i & 0xFF) == 0)
			CHECK_FOR_INTERRUPTS();
	}
	/* First in, first out: a member's layers are the round in which it entered. */
	for (uint32 i = 0; i < nfound; i++)
	{
		add_votes(c, c->found[i].node, c->found[i].layers + 1, &nfound);
		if ((i & 0xFF) == 0)
			CHECK_FOR_INTERRUPTS();
	}
	for (uint32 i = 0; i < nfound; i++)
		c->found[i].votes = c->sum[c->found[i].node];
	*n = nfound;
	return c->found;
}
