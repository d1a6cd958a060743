/*
 * src/look_through_plain.c
 *	  Rows of look_through() about plain companies of an ownership graph.
 *
 * One target after the other is solved by src/ownership_plain.c; its rows are
 * written when they are asked for. What a later target needs first is fetched
 * while an earlier one is solved.
 */
#include "pg_compat.h"

#include "miscadmin.h"
#include "utils/memutils.h"

#include "look_through.h"
#include "ownership_plain.h"
#include "ownership_sql.h"
#include "rs_memory.h"

struct RsPlainRows
{
	RsHoldings *h;
	RsKeptParts *parts;
	RsFlagArrays *arrays;
	bool		asked;			/* by name: there is a row even if nothing is known */
	RsPlain    *plain;
	int			scale;
	RsReal		one;
	MemoryContext names;		/* of the target at hand */
	uint64		at,				/* the next target */
				left;			/* before it, not plain */
	Datum		target;			/* its identifier */
	RsPlainOwners owners;
	uint32		party;			/* the next row is about */
	uint32		rest;			/* flags of the row without a party; 0: there is none (any more) */
};

RsPlainRows *
rs_plain_rows_open(MemoryContext budget, RsHoldings *h, RsKeptParts *parts, RsFlagArrays *arrays, bool asked)
{
	const RsOwnershipFile *f = rs_kept_file(h);
	RsPlain    *plain = rs_plain_create(budget, f, &h->options);
	RsPlainRows *p;

	if (plain == NULL)
		return NULL;
	p = rs_alloc0(budget, 1, sizeof(RsPlainRows), "look-through");
	p->h = h;
	p->parts = parts;
	p->arrays = arrays;
	p->asked = asked;
	p->plain = plain;
	p->scale = f->header->scale[RS_V_SHARE];
	p->one = 1;
	for (int i = 0; i < p->scale; i++)
		p->one *= 10;
	p->names = AllocSetContextCreate(budget, "risk_screen names", ALLOCSET_SMALL_SIZES);
	return p;
}

/*
 * A party's name, written where it is kept: reading back at once what was
 * written byte by byte stalls the processor.
 */
static inline void
write_node(RsPlainRows *p, RsResultRow *row, uint32 node)
{
	char	   *to = rs_row_text_begin(row, RS_NAME_BYTES);
	int			n = rs_kept_write_node(p->h, node, to, RS_NAME_BYTES);

	if (likely(n >= 0))
		rs_row_text_end(row, n);
	else
	{
		MemoryContext old = MemoryContextSwitchTo(p->names);

		rs_row_take_back(row);
		rs_row_varlena(row, rs_kept_node_text(p->h, node));
		MemoryContextSwitchTo(old);
	}
}

static inline void
write_party(RsPlainRows *p, RsResultRow *row, const RsPlainParty *party)
{
	rs_row_begin(row);
	rs_row_varlena(row, p->target);
	write_node(p, row, party->node);
	rs_row_int4(row, (int32) party->layers);
	if (party->direct == 0)
		rs_row_zero(row);
	else
		rs_row_exact(row, party->direct, p->scale);
	/* most of those who hold directly hold nothing else; totals have 15 digits */
	if (party->direct != 0 && p->scale <= 15 && (RsReal) party->direct / p->one == party->total)
		rs_row_repeat(row);
	else
		rs_row_share(row, party->total);
	rs_row_repeat(row);
	rs_row_bool(row, party->ultimate);
	rs_row_bool(row, false);
	rs_row_varlena(row, rs_flag_arrays_get(p->arrays, party->flags));
	rs_write_no_bounds(row);
}

/* Of the next target that is plain; false if there is none. */
static bool
solve_next(RsPlainRows *p)
{
	const RsOwnershipFile *f = rs_kept_file(p->h);
	const RsKeptParts *parts = p->parts;
	uint32		nnodes = f->header->nnodes;

	for (; p->at < parts->n; p->at++)
	{
		int64		target = parts->target[p->at];
		MemoryContext old;

		rs_plain_prefetch(p->plain, parts->target, p->at, parts->n);
		if ((p->at & 0xFF) == 0)
			CHECK_FOR_INTERRUPTS();
		if (target >= nnodes || rs_plain_is_futile(p->plain) ||
			!rs_plain_solve(p->plain, (uint32) target, &p->owners))
		{
			parts->target[p->left++] = target;
			continue;
		}
		p->party = 0;
		if (!p->owners.held)
		{
			p->owners.n = 0;
			p->owners.unknown = 1;
			p->owners.known = 0;
			p->rest = p->asked ? RS_FLAG_UNKNOWN | RS_FLAG_NO_HOLDERS : 0;
		}
		else
			p->rest = p->owners.unknown > 0 ? RS_FLAG_UNKNOWN : 0;
		MemoryContextReset(p->names);
		old = MemoryContextSwitchTo(p->names);
		p->target = rs_kept_node_text(p->h, (uint32) target);
		MemoryContextSwitchTo(old);
		p->at++;
		return true;
	}
	return false;
}

bool
rs_plain_rows_next(RsPlainRows *p, RsResultRow *row)
{
	do
	{
		if (p->party < p->owners.n)
		{
			write_party(p, row, &p->owners.party[p->party++]);
			return true;
		}
		if (p->rest != 0)
		{
			RsReal		direct = (p->one - p->owners.known) / p->one;

			rs_write_rest(row, p->arrays, p->target, p->rest, p->owners.unknown, &direct);
			rs_write_no_bounds(row);
			p->rest = 0;
			return true;
		}
	} while (solve_next(p));
	p->parts->n = p->left;
	MemoryContextDelete(p->names);
	return false;
}
