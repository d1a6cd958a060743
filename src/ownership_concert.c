/*
 * src/ownership_concert.c
 *	  Parties that act together: whom a concert counts for, and with how much.
 *
 * Parties in concert are one holder. A company among them does what those who
 * control it decide, so the concert counts for them as well (UK PSC, Companies
 * Act 2006 sch. 1A paras 12 and 18: each party to a joint arrangement has all of
 * it, and a majority holder has what its company has; 收购管理办法 art. 83: shares
 * that a party disposes of are added up). A holder without control over a
 * member disposes of nothing and has its own share only.
 *
 * The alliance of a group is that group and all concerts with a member which
 * the alliance controls: the least set, grown from the group's own votes. Two
 * persons behind one concert have different alliances, for what one of them
 * does elsewhere does not bind the other; so alliances overlap.
 *
 * Cost: one control fixpoint per group that a chain ends in, as many more as
 * concerts are nested in its alliance; per company the parties met, and one solve for
 * every company among them.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/memutils.h"

#include "ownership_concert.h"
#include "rs_memory.h"

static const char purpose[] = "concert parties";

struct RsConcert
{
	RsOwnershipGraph *g;
	const uint32 *group;
	const bool *stop;
	uint32	   *member_start;	/* by group, into member; n + 1 */
	uint32	   *member;
	uint32	   *alliance_of;	/* by group */

	uint32		nalliances;
	uint32	   *acting;			/* by alliance: its group */
	bool	   *headless;		/* by alliance */
	uint64	   *start;			/* by alliance, into party; nalliances + 1 */
	uint32	   *party;
	uint64		acting_capacity,
				headless_capacity,
				start_capacity,
				party_capacity;
	uint64	   *in_start;		/* by node, into in: the alliances it is in; NULL without any */
	uint32	   *in;

	RsControlFact *fact;		/* by company, then group */
	uint64		nfacts,
				fact_capacity;

	/* while it is made */
	RsControl  *control;
	int128		least;			/* votes that make control */
	uint32	   *source;
	uint32		nsources;
	uint32	   *inside;			/* by node, stamp: a source or controlled */
	uint32	   *controlled;		/* by node, stamp: a fact is there */
	uint32	   *taken;			/* by group, stamp: its members are sources */
	bool	   *covered;		/* by group: somebody acts through it */

	/* of the company at hand */
	uint32		company;
	uint32		round;
	uint32	   *stamp;			/* by node */
	uint32	   *at;				/* by node: place of its stake */
	uint32	   *touched;		/* by alliance, stamp */
	uint32	   *present;		/* by group, stamp: a member has a stake */
	uint32	   *shown;
	uint32	   *met;
	uint32	   *slot;			/* by node: 1 + place in the system of an alliance; 0 */
	RsStakes	behind;
};

static int
compare_numbers(const void *a, const void *b)
{
	uint32		x = *(const uint32 *) a,
				y = *(const uint32 *) b;

	return x < y ? -1 : x > y;
}

static int
compare_facts(const void *a, const void *b)
{
	const RsControlFact *x = a,
			   *y = b;

	if (x->company != y->company)
		return x->company < y->company ? -1 : 1;
	return x->group < y->group ? -1 : x->group > y->group;
}

const uint32 *
rs_concert_members(const RsConcert *c, uint32 group, uint32 *n)
{
	*n = c->member_start[group + 1] - c->member_start[group];
	return c->member + c->member_start[group];
}

static uint32
size_of(const RsConcert *c, uint32 group)
{
	return c->member_start[group + 1] - c->member_start[group];
}

static void
list_members(RsConcert *c)
{
	uint32		n = c->g->nnodes;
	uint32	   *next;

	c->member_start = rs_alloc0(c->g->budget, (uint64) n + 1, sizeof(uint32), purpose);
	c->member = rs_alloc(c->g->budget, n, sizeof(uint32), purpose);
	next = rs_alloc(c->g->budget, n, sizeof(uint32), purpose);
	for (uint32 k = 0; k < n; k++)
		c->member_start[c->group[k] + 1]++;
	for (uint32 k = 0; k < n; k++)
	{
		c->member_start[k + 1] += c->member_start[k];
		next[k] = c->member_start[k];
	}
	for (uint32 k = 0; k < n; k++)
		c->member[next[c->group[k]]++] = k;
	pfree(next);
}

static void
add_fact(RsConcert *c, const RsControlled *found, uint32 group, bool concert)
{
	c->fact = rs_grow(c->g->budget, c->fact, &c->fact_capacity, c->nfacts + 1, sizeof(RsControlFact), purpose);
	c->fact[c->nfacts++] = (RsControlFact) {found->node, group, found->via, concert};
	c->controlled[found->node] = group + 1;
}

static void
take_group(RsConcert *c, uint32 group, uint32 for_group)
{
	c->taken[group] = for_group + 1;
	for (uint32 m = c->member_start[group]; m < c->member_start[group + 1]; m++)
	{
		c->source[c->nsources++] = c->member[m];
		c->inside[c->member[m]] = for_group + 1;
	}
}

/* Could those inside control the company without itself? Cheap, and never no if they do. */
static bool
may_control(const RsConcert *c, uint32 company, uint32 group)
{
	const RsOwnershipGraph *g = c->g;
	const int128 *votes = g->value[RS_V_VOTES] ? g->value[RS_V_VOTES] : g->value[RS_V_SHARE];
	int128		sum = 0;

	for (uint32 e = g->in_start[company]; e < g->in_start[company + 1]; e++)
	{
		if (g->edge_owner[e] == company || c->inside[g->edge_owner[e]] != group + 1)
			continue;
		if (g->edge_class[e] & (1u << RS_CLASS_CONTROL))
			return true;
		sum += votes[e];
	}
	return sum > 0 && sum >= c->least;
}

/* A party to the concert may be controlled by the others. */
static void
find_control_inside(RsConcert *c, uint32 group)
{
	for (uint32 i = 0; i < c->nsources; i++)
	{
		uint32		company = c->source[i];
		const RsControlled *found;
		uint32		n;

		if (c->controlled[company] == group + 1 || c->stop[company] || !may_control(c, company, group))
			continue;
		c->source[i] = c->source[c->nsources - 1];
		found = rs_control_from(c->control, c->source, c->nsources - 1, &n);
		c->source[i] = company;
		for (uint32 k = 0; k < n; k++)
			if (found[k].node == company)
				add_fact(c, &found[k], group, true);
	}
}

/* What the group controls, with all that are its allies by that: facts, and its alliance. */
static void
ally(RsConcert *c, uint32 group, bool headless)
{
	RsOwnershipGraph *g = c->g;
	bool		first = true;
	bool		grew;

	if (size_of(c, group) == 1 && !rs_control_possible(c->control, group))
		return;
	c->nsources = 0;
	take_group(c, group, group);
	do
	{
		uint32		n;
		const RsControlled *found = rs_control_from(c->control, c->source, c->nsources, &n);

		grew = false;
		for (uint32 i = 0; i < n; i++)
		{
			uint32		concert = c->group[found[i].node];

			if (c->controlled[found[i].node] != group + 1)
				add_fact(c, &found[i], group, !first || size_of(c, group) > 1);
			c->inside[found[i].node] = group + 1;
			if (size_of(c, concert) > 1 && c->taken[concert] != group + 1)
			{
				take_group(c, concert, group);
				grew = true;
			}
		}
		first = false;
	} while (grew);
	if (c->nsources == 1)
		return;
	find_control_inside(c, group);

	c->acting = rs_grow(g->budget, c->acting, &c->acting_capacity, (uint64) c->nalliances + 1, sizeof(uint32), purpose);
	c->headless = rs_grow(g->budget, c->headless, &c->headless_capacity, (uint64) c->nalliances + 1, sizeof(bool), purpose);
	c->start = rs_grow(g->budget, c->start, &c->start_capacity, (uint64) c->nalliances + 2, sizeof(uint64), purpose);
	if (c->nalliances == 0)
		c->start[0] = 0;
	c->party = rs_grow(g->budget, c->party, &c->party_capacity, c->start[c->nalliances] + c->nsources, sizeof(uint32), purpose);
	qsort(c->source, c->nsources, sizeof(uint32), compare_numbers);
	memcpy(c->party + c->start[c->nalliances], c->source, sizeof(uint32) * c->nsources);
	for (uint32 i = 0; i < c->nsources; i++)
		c->covered[c->group[c->source[i]]] = true;
	c->acting[c->nalliances] = group;
	c->headless[c->nalliances] = headless;
	c->alliance_of[group] = c->nalliances;
	c->start[c->nalliances + 1] = c->start[c->nalliances] + c->nsources;
	c->nalliances++;
}

static void
list_alliances(RsConcert *c)
{
	uint32		n = c->g->nnodes;

	if (c->nalliances == 0)
		return;
	c->in_start = rs_alloc0(c->g->budget, (uint64) n + 2, sizeof(uint64), purpose);
	c->in = rs_alloc(c->g->budget, c->start[c->nalliances], sizeof(uint32), purpose);
	/* in_start[k + 1] is first the count, then the place of the next one, of k */
	for (uint64 i = 0; i < c->start[c->nalliances]; i++)
		c->in_start[c->party[i] + 2]++;
	for (uint32 k = 0; k < n; k++)
		c->in_start[k + 2] += c->in_start[k + 1];
	for (uint32 a = 0; a < c->nalliances; a++)
		for (uint64 i = c->start[a]; i < c->start[a + 1]; i++)
			c->in[c->in_start[c->party[i] + 1]++] = a;

	c->stamp = rs_alloc0(c->g->budget, n, sizeof(uint32), purpose);
	c->at = rs_alloc(c->g->budget, n, sizeof(uint32), purpose);
	c->slot = rs_alloc0(c->g->budget, n, sizeof(uint32), purpose);
	c->touched = rs_alloc0(c->g->budget, c->nalliances, sizeof(uint32), purpose);
	c->present = rs_alloc0(c->g->budget, n, sizeof(uint32), purpose);
	c->shown = rs_alloc(c->g->budget, n, sizeof(uint32), purpose);
	c->met = rs_alloc(c->g->budget, c->nalliances, sizeof(uint32), purpose);
}

RsConcert *
rs_concert_create(RsOwnershipGraph *g, const uint32 *group, const bool *stop, const RsThreshold *control)
{
	RsConcert  *c = rs_alloc0(g->budget, 1, sizeof(RsConcert), purpose);

	c->g = g;
	c->group = group;
	c->stop = stop;
	list_members(c);
	c->alliance_of = rs_alloc(g->budget, g->nnodes, sizeof(uint32), purpose);
	for (uint32 k = 0; k < g->nnodes; k++)
		c->alliance_of[k] = RS_NO_ALLIANCE;
	c->control = rs_control_create(g, control);
	c->least = rs_threshold_least(control, g->one);
	c->source = rs_alloc(g->budget, g->nnodes, sizeof(uint32), purpose);
	c->inside = rs_alloc0(g->budget, g->nnodes, sizeof(uint32), purpose);
	c->controlled = rs_alloc0(g->budget, g->nnodes, sizeof(uint32), purpose);
	c->taken = rs_alloc0(g->budget, g->nnodes, sizeof(uint32), purpose);
	c->covered = rs_alloc0(g->budget, g->nnodes, sizeof(bool), purpose);
	for (uint32 k = 0; k < g->nnodes; k++)
	{
		bool		acts = false;

		for (uint32 m = c->member_start[k]; m < c->member_start[k + 1] && !acts; m++)
			acts = stop[c->member[m]];
		if (acts)
			ally(c, k, false);
		if ((k & 0xFFF) == 0)
			CHECK_FOR_INTERRUPTS();
	}
	for (uint32 k = 0; k < g->nnodes; k++)
		if (size_of(c, k) > 1 && !c->covered[k])
		{
			ally(c, k, true);
			CHECK_FOR_INTERRUPTS();
		}
	pfree(c->covered);
	pfree(c->taken);
	pfree(c->controlled);
	pfree(c->inside);
	pfree(c->source);
	if (c->nfacts > 0)
		qsort(c->fact, c->nfacts, sizeof(RsControlFact), compare_facts);
	list_alliances(c);
	return c;
}

uint32
rs_concert_alliance(const RsConcert *c, uint32 group)
{
	return c->alliance_of[group];
}

uint32
rs_concert_alliances(const RsConcert *c)
{
	return c->nalliances;
}

const uint32 *
rs_alliance_parties(RsConcert *c, uint32 alliance, uint32 *n)
{
	*n = 0;
	for (uint64 i = c->start[alliance]; i < c->start[alliance + 1]; i++)
	{
		uint32		group = c->group[c->party[i]];

		if (group == c->acting[alliance] || c->present[group] == c->round)
			c->shown[(*n)++] = c->party[i];
	}
	return c->shown;
}

uint32
rs_alliance_group(const RsConcert *c, uint32 alliance)
{
	return c->acting[alliance];
}

bool
rs_alliance_headless(const RsConcert *c, uint32 alliance)
{
	return c->headless[alliance];
}

/* Those who control a company, in order of groups. */
const RsControlFact *
rs_concert_control(const RsConcert *c, uint32 company, uint64 *n)
{
	uint64		low = 0,
				high = c->nfacts;

	while (low < high)
	{
		uint64		middle = low + (high - low) / 2;

		if (c->fact[middle].company < company)
			low = middle + 1;
		else
			high = middle;
	}
	for (*n = 0; low + *n < c->nfacts && c->fact[low + *n].company == company; ++*n)
		;
	return c->fact + low;
}

const RsControlFact *
rs_concert_control_of(const RsConcert *c, uint32 company, uint32 group)
{
	RsControlFact key = {company, group, 0, false};

	return c->nfacts == 0 ? NULL :
		bsearch(&key, c->fact, c->nfacts, sizeof(RsControlFact), compare_facts);
}

const uint32 *
rs_concert_meet(RsConcert *c, uint32 company, const RsStakes *stakes, uint32 *n)
{
	*n = 0;
	if (c->nalliances == 0)
		return NULL;
	if (++c->round == 0)
	{
		memset(c->stamp, 0, sizeof(uint32) * c->g->nnodes);
		memset(c->present, 0, sizeof(uint32) * c->g->nnodes);
		memset(c->touched, 0, sizeof(uint32) * c->nalliances);
		c->round = 1;
	}
	c->company = company;
	for (uint64 i = 0; i < stakes->n; i++)
	{
		uint32		node = stakes->stake[i].node;

		if (node == company)
			continue;
		c->stamp[node] = c->round;
		c->present[c->group[node]] = c->round;
		c->at[node] = (uint32) i;
		for (uint64 a = c->in_start[node]; a < c->in_start[node + 1]; a++)
			if (c->touched[c->in[a]] != c->round)
			{
				c->touched[c->in[a]] = c->round;
				c->met[(*n)++] = c->in[a];
			}
	}
	return c->met;
}

static inline bool
is_end(const RsConcert *c, uint32 node)
{
	return c->g->in_start[node] == c->g->in_start[node + 1];
}

/*
 * What the companies of an alliance hold counts, but once: not again where a
 * party is behind another. With X_km what party m holds of party k over all
 * chains, the shares y that chains from the company reach come from what they
 * meet first, f: y_m = f_m + sum of f_k X_km. The alliance has the sum of f, and the
 * share of those nobody holds, less what they have through the others.
 */
static bool
add_companies(RsConcert *c, RsSystem *system, MemoryContext scratch, const uint32 *node, RsReal *f, uint32 n,
			  RsReal *share)
{
	RsReal	   *a = rs_alloc0(scratch, (uint64) n * n, sizeof(RsReal), purpose);	/* row m, column k */
	RsReal	   *ends = rs_alloc0(scratch, n, sizeof(RsReal), purpose);	/* what they hold of each */

	for (uint32 k = 0; k < n; k++)
	{
		rs_system_solve(system, node[k], false, &c->behind);
		for (uint64 i = 0; i < c->behind.n; i++)
		{
			const RsStake *stake = &c->behind.stake[i];
			uint32		slot = c->slot[stake->node];

			if (slot == 0)
				continue;
			if (stake->flags & RS_FLAGS_NO_VALUE)
				return false;
			if (is_end(c, stake->node))
				ends[k] += stake->total;
			else
				a[(Size) (slot - 1) * n + k] = stake->total;
		}
		a[(Size) k * n + k] += 1;
	}
	/* a holds part of the inverse of an M-matrix: its pivots are positive. */
	for (uint32 k = 0; k < n; k++)
		for (uint32 m = k + 1; m < n; m++)
		{
			RsReal		factor = a[(Size) m * n + k] / a[(Size) k * n + k];

			CHECK_FOR_INTERRUPTS();
			if (factor == 0)
				continue;
			for (uint32 j = k; j < n; j++)
				a[(Size) m * n + j] -= factor * a[(Size) k * n + j];
			f[m] -= factor * f[k];
		}
	for (uint32 k = n; k-- > 0;)
	{
		for (uint32 j = k + 1; j < n; j++)
			f[k] -= a[(Size) k * n + j] * f[j];
		f[k] /= a[(Size) k * n + k];
		*share += f[k] * (1 - ends[k]);
	}
	return true;
}

static bool
share_of(RsConcert *c, const uint32 *party, uint64 size, RsSystem *system, const RsStakes *stakes, RsReal *share)
{
	MemoryContext scratch = AllocSetContextCreate(c->g->budget, "risk_screen concert", ALLOCSET_SMALL_SIZES);
	uint32	   *node = rs_alloc(scratch, size, sizeof(uint32), purpose);
	RsReal	   *f = rs_alloc(scratch, size, sizeof(RsReal), purpose);
	uint32		n = 0;
	bool		valued = true;

	*share = 0;
	for (uint64 i = 0; i < size; i++)
	{
		const RsStake *stake;

		if (c->stamp[party[i]] != c->round)
			continue;
		stake = &stakes->stake[c->at[party[i]]];
		if (stake->flags & RS_FLAGS_NO_VALUE)
			valued = false;
		if (is_end(c, party[i]))
		{
			*share += stake->total;
			c->slot[party[i]] = 1;
		}
		else if (stake->total != 0)
		{
			node[n] = party[i];
			f[n++] = stake->total;
			c->slot[party[i]] = n;
		}
	}
	if (valued && n > 0)
		valued = add_companies(c, system, scratch, node, f, n, share);
	for (uint64 i = 0; i < size; i++)
		c->slot[party[i]] = 0;
	MemoryContextDelete(scratch);
	return valued;
}

bool
rs_alliance_share(RsConcert *c, uint32 alliance, RsSystem *system, const RsStakes *stakes, RsReal *share)
{
	return share_of(c, c->party + c->start[alliance], c->start[alliance + 1] - c->start[alliance], system, stakes, share);
}

bool
rs_concert_share(RsConcert *c, uint32 group, RsSystem *system, const RsStakes *stakes, RsReal *share)
{
	return share_of(c, c->member + c->member_start[group], size_of(c, group), system, stakes, share);
}
