/*
 * src/flow_parts.h
 *	  A flow made of several parts: an account's group is its groups in all of them.
 */
#ifndef RS_FLOW_PARTS_H
#define RS_FLOW_PARTS_H

#include "postgres.h"

#include "flow_source.h"

/* Which of RS_FLOW_BLOCK accounts have transfers in a part, on which side. */
#define RS_FLOW_BLOCK	32

typedef struct RsFlowBlock
{
	uint32		with[2];		/* bit by account: has a group on this side that is not empty */
	uint32		before;			/* members in earlier blocks */
} RsFlowBlock;

/*
 * The accounts of a part and where their groups begin. A part in which many
 * accounts occur has blocks, which answer from the cache; one with few has a
 * directory of its members, whose size is theirs.
 */
typedef struct RsFlowPart
{
	uint32		first;			/* place of the part's first transfer, on both sides */
	uint32		nmembers;		/* accounts that have a group here */
	const uint32 *member;		/* them, ascending; NULL: 0 .. nmembers-1 */
	const RsFlowBlock *block;	/* by account / RS_FLOW_BLOCK; or NULL and */
	const uint32 *directory;	/* by account >> shift: the first member that is not below */
	uint32		nblocks;		/* of blocks; entries but the last of a directory */
	uint32		shift;
	const uint32 *start[2];		/* by member: from `first` on; nmembers + 1 each */
	uint32		low,			/* its time codes: all in [low, high] */
				high;
} RsFlowPart;

static inline uint32
rs_bits_set(uint32 v)
{
	v -= (v >> 1) & 0x55555555;
	v = (v & 0x33333333) + ((v >> 2) & 0x33333333);
	return (((v + (v >> 4)) & 0x0f0f0f0f) * 0x01010101) >> 24;
}

/* Place of an account among the members, RS_NO_ID if it is none. */
static inline uint32
rs_flow_part_find(const RsFlowPart *part, uint32 account)
{
	uint32		bucket,
				low,
				high;

	if (part->member == NULL)
		return account < part->nmembers ? account : RS_NO_ID;
	if (part->block)
	{
		const RsFlowBlock *b = &part->block[account / RS_FLOW_BLOCK];
		uint32		bit = (uint32) 1 << account % RS_FLOW_BLOCK;

		if (account / RS_FLOW_BLOCK >= part->nblocks || ((b->with[0] | b->with[1]) & bit) == 0)
			return RS_NO_ID;
		return b->before + rs_bits_set((b->with[0] | b->with[1]) & (bit - 1));
	}
	bucket = account >> part->shift;
	if (bucket >= part->nblocks)
		return RS_NO_ID;
	low = part->directory[bucket];
	high = part->directory[bucket + 1];
	while (low < high)
	{
		uint32		middle = low + (high - low) / 2;

		if (part->member[middle] < account)
			low = middle + 1;
		else
			high = middle;
	}
	return low < part->nmembers && part->member[low] == account ? low : RS_NO_ID;
}

/* The same, and RS_NO_ID where blocks tell that the group on this side is empty. */
static inline uint32
rs_flow_part_find_side(const RsFlowPart *part, int side, uint32 account)
{
	if (part->block && account / RS_FLOW_BLOCK < part->nblocks &&
		(part->block[account / RS_FLOW_BLOCK].with[side] & (uint32) 1 << account % RS_FLOW_BLOCK) == 0)
		return RS_NO_ID;
	return rs_flow_part_find(part, account);
}

typedef struct RsFlowParts RsFlowParts;

/*
 * One side's joined groups. Places from `first` on are room for them:
 * arc[first ..] and transfer[first ..] may be written once `room` places were
 * asked for.
 */
struct RsFlowJoin
{
	RsFlowParts *parts;
	int			which;			/* RS_FLOW_OUT or RS_FLOW_IN */
	RsArc	   *arc;
	uint32	   *transfer;
	uint32		first;
	uint32		used;
	uint32		room;
	struct RsFlowGroup **page;	/* by account: its group, once it was asked for */
	uint32	   *joined;			/* accounts whose groups were copied */
	uint64		njoined,
				joined_capacity;
};

struct RsFlowParts
{
	int			nparts;
	const RsFlowPart *part;
	uint32		naccounts;
	RsFlowJoin	join[2];
	MemoryContext budget;
	/* Make `room` places of a side writable, in all; raises an error if it cannot. */
	void		(*make_room) (void *arg, int side, uint32 room);
	void	   *arg;
};

/* parts: part, nparts, naccounts, budget, make_room and the arrays of join[] are set. */
extern void rs_flow_parts_begin(RsFlowParts *parts, RsFlow *flow);

#endif							/* RS_FLOW_PARTS_H */
