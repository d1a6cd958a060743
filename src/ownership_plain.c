/*
 * src/ownership_plain.c
 *	  Owners of companies above which nothing is unusual, straight from a file.
 *
 * Of most companies in a register the whole truth is a dozen rows: a few
 * holders, theirs, no ring, no range, no share missing its number. For these,
 * building a graph and a system (src/ownership_graph.c, src/ownership_solve.c)
 * costs more than the answer. Here the rows of an ownership graph are read as
 * they lie, breadth first; each company then passes what it has to its holders
 * as soon as all it holds has passed to it (Kahn's order), with the solver's own
 * arithmetic. The state is one line a party, used again for the next target, so
 * it stays in the first cache.
 *
 * Plain is: every row about an ancestor is sound (share in [0, 1], no range);
 * those that are valid and of the question's kinds have a share above 0, no
 * nominee, and differ where they are about the same pair; holders sum to 1 or less;
 * nobody is above himself.
 * Anything else is left to the solver, whose answer is the same where both have
 * one.
 *
 * Inner loop: take_holders(), one row of 16 bytes and one look into a small table
 * a holding. What an owner will need of the file is asked for when it is met.
 */
#include "postgres.h"

#include "miscadmin.h"

#include "ownership_plain.h"
#include "rs_memory.h"

static const char purpose[] = "look-through";

typedef struct Party
{
	RsReal		y;
	double		lost;			/* by rounding y, until it is passed on */
	uint32		node;
	uint32		layers;
	uint32		flags;
	uint32		waits;			/* holdings of it that did not pass yet */
	uint32		link;			/* its holders: the first, how many */
	uint32		nlinks;
	int64		known;			/* what they have in all */
	int64		direct;
} Party;

StaticAssertDecl(sizeof(Party) <= 64, "a party fills one cache line");

typedef struct Link
{
	int64		share;
	uint32		to;
} Link;

typedef struct Slot
{
	uint32		node;
	uint32		round;			/* in which it was filled */
	uint32		party;
} Slot;

struct RsPlain
{
	MemoryContext budget;
	const RsOwnershipFile *file;
	RsOwnershipOptions options;
	int64		one;
	uint32		name_bytes;		/* of an identifier, or of the place of one */
	uint32		round;
	uint32		slots;			/* a power of two */
	uint32		shift;
	Slot	   *slot;
	Party	   *party;
	uint64		nparties,
				party_capacity;
	Link	   *link;
	uint64		nlinks,
				link_capacity;
	uint32	   *order;			/* parties that passed, or can */
	uint64		order_capacity;
	RsPlainParty *answer;
	uint64		answer_capacity;
	uint64		useful,			/* parties met for an answer, and for none */
				wasted;
};

/* A third of a second: the members of a ring come one after the other, and are few. */
#define VISITS_IN_VAIN 16000000

RsPlain *
rs_plain_create(MemoryContext budget, const RsOwnershipFile *file, const RsOwnershipOptions *options)
{
	const RsOwnershipHeader *h = file->header;
	RsPlain    *p;

	/* Later statements, ranges, shares of more than 18 digits: never plain. */
	if ((h->columns & (RS_OC_KNOWN_FROM | RS_OC_VALUE(RS_V_MIN) | RS_OC_VALUE(RS_V_MAX))) || !(h->columns & RS_OC_VALUE(RS_V_SHARE)) ||
		(h->wide & (1u << RS_V_SHARE)) || h->scale[RS_V_SHARE] > 18)
		return NULL;
	p = rs_alloc0(budget, 1, sizeof(RsPlain), purpose);
	p->budget = budget;
	p->file = file;
	p->options = *options;
	p->one = 1;
	for (int i = 0; i < h->scale[RS_V_SHARE]; i++)
		p->one *= 10;
	p->name_bytes = file->node.type.kind == RS_KEY_FIXED ? file->node.type.length : file->node.width;
	p->slots = 256;
	p->shift = 32 - 8;
	p->slot = rs_alloc0(budget, p->slots, sizeof(Slot), purpose);
	return p;
}

bool
rs_plain_is_futile(const RsPlain *p)
{
	return p->wasted > p->useful + VISITS_IN_VAIN;
}

/*
 * Each look needs what an earlier one fetched: where a target's rows begin, the
 * rows, where its holders' rows begin, those rows. Between two looks some
 * targets are solved, which takes as long as memory does.
 */
#define START_AHEAD 12
#define ROWS_AHEAD 8
#define HOLDERS_AHEAD 5
#define HOLDERS_ROWS_AHEAD 2
#define MOST_HOLDERS 4

static inline bool
is_ahead(const RsPlain *p, const int64 *targets, uint64 at, uint64 n, uint32 *target)
{
	if (at >= n || targets[at] >= p->file->header->nnodes)
		return false;
	*target = (uint32) targets[at];
	return true;
}

void
rs_plain_prefetch(const RsPlain *p, const int64 *targets, uint64 at, uint64 n)
{
	const RsOwnershipFile *f = p->file;
	uint32		target;

	if (is_ahead(p, targets, at + START_AHEAD, n, &target))
		__builtin_prefetch(&f->in_start[target]);
	if (is_ahead(p, targets, at + ROWS_AHEAD, n, &target))
		__builtin_prefetch(&f->row[f->in_start[target]]);
	if (is_ahead(p, targets, at + HOLDERS_AHEAD, n, &target))
	{
		const RsOwnershipRow *row = &f->row[f->in_start[target]];
		uint32		rows = f->in_start[target + 1] - f->in_start[target];

		for (uint32 i = 0; i < Min(rows, MOST_HOLDERS); i++)
		{
			__builtin_prefetch(&f->in_start[row[i].owner]);
			__builtin_prefetch(f->node.key + (uint64) row[i].owner * p->name_bytes);
		}
	}
	if (is_ahead(p, targets, at + HOLDERS_ROWS_AHEAD, n, &target))
	{
		const RsOwnershipRow *row = &f->row[f->in_start[target]];
		uint32		rows = f->in_start[target + 1] - f->in_start[target];

		for (uint32 i = 0; i < Min(rows, MOST_HOLDERS); i++)
			__builtin_prefetch(&f->row[f->in_start[row[i].owner]]);
	}
}

static inline uint32
home(const RsPlain *p, uint32 node)
{
	return (node * UINT32_C(0x9E3779B1)) >> p->shift;
}

static pg_noinline void
double_slots(RsPlain *p)
{
	pfree(p->slot);
	p->slots *= 2;
	p->shift--;
	p->slot = rs_alloc0(p->budget, p->slots, sizeof(Slot), purpose);
	for (uint32 i = 0; i < p->nparties; i++)
	{
		uint32		at = home(p, p->party[i].node);

		while (p->slot[at].round == p->round)
			at = (at + 1) & (p->slots - 1);
		p->slot[at] = (Slot) {p->party[i].node, p->round, i};
	}
}

/* The party's place, made if it was not met yet. */
static inline uint32
meet(RsPlain *p, uint32 node, uint32 layers)
{
	const RsOwnershipFile *f = p->file;
	uint32		at = home(p, node);
	Party	   *party;

	for (; p->slot[at].round == p->round; at = (at + 1) & (p->slots - 1))
		if (p->slot[at].node == node)
			return p->slot[at].party;
	__builtin_prefetch(&f->in_start[node]);
	__builtin_prefetch(f->node.key + (uint64) node * p->name_bytes);
	p->slot[at] = (Slot) {node, p->round, (uint32) p->nparties};
	p->party = rs_grow(p->budget, p->party, &p->party_capacity, p->nparties + 1, sizeof(Party), purpose);
	party = &p->party[p->nparties++];
	*party = (Party) {.node = node, .layers = layers};
	if (p->nparties * 2 > p->slots)
		double_slots(p);
	return (uint32) p->nparties - 1;
}

/* The holders of a party met; false if something is unusual. */
static bool
take_holders(RsPlain *p, uint32 which)
{
	const RsOwnershipFile *f = p->file;
	const uint32 node = p->party[which].node;
	const uint32 layers = p->party[which].layers;
	const uint32 end = f->in_start[node + 1];
	uint32		last = RS_MAX_NODES,	/* the owner before, its last share, and how many rows */
				last_rows = 0;
	int64		last_share = 0;
	int64		known = 0;
	uint32		first = (uint32) p->nlinks;

	for (uint32 row = f->in_start[node]; row < end; row++)
	{
		RsOwnershipRow r = f->row[row];
		uint32		to;

		/* Unsound, in whatever row: the solver's side says so. */
		if (r.share < 0 || r.share > p->one)
			return false;
		if (p->options.dated &&
			((f->from && f->from[row] > p->options.as_of) || (f->to && f->to[row] <= p->options.as_of)))
			continue;
		if (!(p->options.classes & (1u << r.class)))
			continue;
		if (r.class != RS_CLASS_EQUITY || !(r.known & (1 << RS_V_SHARE)) || r.share == 0 || r.owner == node)
			return false;
		known += r.share;
		if (known > p->one)
			return false;
		if (r.owner == last)
		{
			/* share classes add up; a row said twice is the solver's */
			if (r.share == last_share || last_rows++ > 1)
				return false;
			last_share = r.share;
			p->link[p->nlinks - 1].share += r.share;
			if (which == 0)
				p->party[p->link[p->nlinks - 1].to].direct += r.share;
			continue;
		}
		last = r.owner;
		last_share = r.share;
		last_rows = 1;
		to = meet(p, r.owner, layers + 1);
		p->party[to].waits++;
		if (which == 0)
			p->party[to].direct = r.share;
		p->link = rs_grow(p->budget, p->link, &p->link_capacity, p->nlinks + 1, sizeof(Link), purpose);
		p->link[p->nlinks++] = (Link) {r.share, to};
	}
	p->party[which].link = first;
	p->party[which].nlinks = (uint32) p->nlinks - first;
	p->party[which].known = known;
	return true;
}

static bool
met_all(RsPlain *p, uint32 target)
{
	p->round++;
	p->nparties = p->nlinks = 0;
	(void) meet(p, target, 0);
	for (uint32 i = 0; i < p->nparties; i++)
	{
		if (!take_holders(p, i))
			return false;
		/* Where rows begin is known by now of those met some time ago. */
		if (i + 2 < p->nparties)
			__builtin_prefetch(&p->file->row[p->file->in_start[p->party[i + 2].node]]);
		if ((i & 0xFFF) == 0)
			CHECK_FOR_INTERRUPTS();
	}
	/* above itself */
	return p->party[0].waits == 0;
}

bool
rs_plain_solve(RsPlain *p, uint32 target, RsPlainOwners *result)
{
	RsReal		one = (RsReal) p->one,
				unknown = 0,
				unknown_lost = 0;
	uint64		passed = 0,
				ready = 1;

	if (!met_all(p, target))
	{
		p->wasted += p->nparties;
		return false;
	}
	p->order = rs_grow(p->budget, p->order, &p->order_capacity, p->nparties, sizeof(uint32), purpose);
	p->answer = rs_grow(p->budget, p->answer, &p->answer_capacity, p->nparties, sizeof(RsPlainParty), purpose);
	p->order[0] = 0;
	p->party[0].y = 1;
	for (; passed < ready; passed++)
	{
		Party	   *from = &p->party[p->order[passed]];
		uint32		flags = from->flags;

		from->y += from->lost;
		if (passed > 0)
			p->answer[passed - 1] = (RsPlainParty) {
				.node = from->node, .layers = from->layers, .flags = flags, .ultimate = from->nlinks == 0,
				.direct = from->direct, .total = from->y
			};
		if (from->nlinks == 0)
			continue;
		if (from->known < p->one)
		{
			flags |= RS_FLAG_MISSING;
			unknown = rs_add_exactly(unknown, from->y * ((RsReal) (p->one - from->known) / one), &unknown_lost);
		}
		for (uint32 l = from->link; l < from->link + from->nlinks; l++)
		{
			Party	   *to = &p->party[p->link[l].to];
			RsReal		weight = (RsReal) p->link[l].share / one;

			to->flags |= flags;
			if (to->y == 0)
				to->y = weight * from->y;
			else
			{
				RsReal		lost = to->lost;

				to->y = rs_add_exactly(to->y, weight * from->y, &lost);
				to->lost = (double) lost;
			}
			if (--to->waits == 0)
				p->order[ready++] = p->link[l].to;
		}
	}
	if (passed < p->nparties)
	{
		/* the others wait for each other: a ring */
		p->wasted += p->nparties;
		return false;
	}
	p->useful += p->nparties;
	result->party = p->answer;
	result->n = (uint32) passed - 1;
	result->held = p->party[0].nlinks > 0;
	result->known = p->party[0].known;
	result->unknown = unknown + unknown_lost;
	return true;
}
