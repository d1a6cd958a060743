/*
 * src/flow_parts.c
 *	  A flow made of several parts: an account's group is its groups in all of them.
 *
 * The parts' arrays lie one behind the other, so that a place or a transfer
 * number means the same everywhere; only an account's group is in pieces, one
 * in each part that knows the account, and each later than those before. Most
 * who walk want it in one piece. The first time a group of several pieces is
 * asked for, its arcs and transfer numbers are copied behind the last part,
 * and that is where it lies from then on: 12 bytes an arc, in memory that
 * counts as the call's. A group of one piece stays where it is.
 *
 * Who visits every account forgets the copies on the way (rs_flow_forget), and
 * needs no more than a few MB for them.
 */
#include "postgres.h"

#include "flow_parts.h"
#include "rs_memory.h"

#define PAGE_BITS	8
#define PAGE_SIZE	(1 << PAGE_BITS)
#define UNASKED		UINT32_MAX
#define FORGET_AT	(256 * 1024)	/* places */

typedef struct RsFlowGroup
{
	uint32		first,
				end;
} RsFlowGroup;

static const char *const purpose = "joining the parts of the flow graph";

void
rs_flow_parts_begin(RsFlowParts *parts, RsFlow *flow)
{
	for (int s = 0; s < 2; s++)
	{
		RsFlowJoin *join = &parts->join[s];

		join->parts = parts;
		join->which = s;
		join->used = join->room = 0;
		join->page = rs_alloc0(parts->budget, ((uint64) parts->naccounts >> PAGE_BITS) + 1,
							   sizeof(RsFlowGroup *), purpose);
		flow->side[s].start = NULL;
		flow->side[s].join = join;
	}
}

static RsFlowGroup *
group_of(RsFlowJoin *join, uint32 account)
{
	RsFlowGroup **page = &join->page[account >> PAGE_BITS];

	if (*page == NULL)
	{
		*page = rs_alloc(join->parts->budget, PAGE_SIZE, sizeof(RsFlowGroup), purpose);
		memset(*page, 0xff, PAGE_SIZE * sizeof(RsFlowGroup));
	}
	return *page + (account & (PAGE_SIZE - 1));
}

static void
join_pieces(RsFlowJoin *join, uint32 account, RsFlowGroup *group, int n, const RsFlowGroup *piece)
{
	RsFlowParts *parts = join->parts;
	uint32		to = join->first + join->used;
	uint64		total = 0;

	for (int i = 0; i < n; i++)
		total += piece[i].end - piece[i].first;
	if (join->used + total > join->room)
	{
		uint64		room = Max(join->used + total, (uint64) join->room + join->room / 2);

		room = Min(TYPEALIGN64(64 * 1024, room), (uint64) join->first);
		parts->make_room(parts->arg, join->which, (uint32) room);
		join->room = (uint32) room;
	}
	join->joined = rs_grow(parts->budget, join->joined, &join->joined_capacity, join->njoined + 1,
						   sizeof(uint32), purpose);
	group->first = to;
	for (int i = 0; i < n; i++)
	{
		uint32		count = piece[i].end - piece[i].first;

		memcpy(join->arc + to, join->arc + piece[i].first, count * sizeof(RsArc));
		if (join->which == RS_FLOW_OUT)
			for (uint32 k = 0; k < count; k++)
				join->transfer[to + k] = piece[i].first + k;
		else
			memcpy(join->transfer + to, join->transfer + piece[i].first, count * sizeof(uint32));
		to += count;
	}
	group->end = to;
	join->used += (uint32) total;
	join->joined[join->njoined++] = account;
}

void
rs_flow_joined_group(RsFlowJoin *join, uint32 account, uint32 *first, uint32 *end)
{
	RsFlowGroup *group = group_of(join, account);

	if (group->first == UNASKED)
	{
		RsFlowGroup piece[RS_FLOW_MAX_PARTS];
		int			n = 0;

		for (int i = 0; i < join->parts->nparts; i++)
		{
			const RsFlowPart *part = &join->parts->part[i];
			uint32		member = rs_flow_part_find_side(part, join->which, account);
			const uint32 *start = part->start[join->which];

			if (member == RS_NO_ID || start[member] == start[member + 1])
				continue;
			piece[n].first = part->first + start[member];
			piece[n++].end = part->first + start[member + 1];
		}
		if (n > 1)
			join_pieces(join, account, group, n, piece);
		else if (n == 1)
			*group = piece[0];
		else
			group->first = group->end = 0;
	}
	*first = group->first;
	*end = group->end;
}

void
rs_flow_joined_forget(RsFlowJoin *join)
{
	for (int s = 0; s < 2; s++)
	{
		RsFlowJoin *j = &join->parts->join[s];

		if (j->used < FORGET_AT)
			continue;
		for (uint64 i = 0; i < j->njoined; i++)
			group_of(j, j->joined[i])->first = UNASKED;
		j->njoined = 0;
		j->used = 0;
	}
}

/* Last member of a part whose group begins at or before `place`, counted in the part. */
static uint32
owner_of(const uint32 *start, uint32 nmembers, uint32 place)
{
	uint32		low = 0,
				high = nmembers;

	while (low < high)
	{
		uint32		middle = low + (high - low) / 2;

		if (start[middle + 1] <= place)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

uint32
rs_flow_payer(const RsFlow *flow, uint32 transfer)
{
	const RsFlowSide *out = &flow->side[RS_FLOW_OUT];
	const RsFlowPart *part;
	uint32		member;
	int			i;

	if (out->start)
		return owner_of(out->start, flow->naccounts, transfer);
	for (i = out->join->parts->nparts - 1; out->join->parts->part[i].first > transfer; i--)
		;
	part = &out->join->parts->part[i];
	member = owner_of(part->start[RS_FLOW_OUT], part->nmembers, transfer - part->first);
	return part->member ? part->member[member] : member;
}

/* Walk all groups of a side without joining them. */
void
rs_flow_pieces(const RsFlow *flow, int side, RsFlowPieceHandler handler, void *arg)
{
	const RsFlowSide *s = &flow->side[side];

	if (s->start)
	{
		for (uint32 a = 0; a < flow->naccounts; a++)
			handler(arg, a, s->start[a], s->start[a + 1]);
		return;
	}
	for (int i = 0; i < s->join->parts->nparts; i++)
	{
		const RsFlowPart *part = &s->join->parts->part[i];
		const uint32 *start = part->start[side];

		for (uint32 m = 0; m < part->nmembers; m++)
			handler(arg, part->member ? part->member[m] : m, part->first + start[m], part->first + start[m + 1]);
	}
}
