/*
 * src/attribution_mix.h
 *	  What claims own of a mixed sum of money.
 */
#ifndef RS_ATTRIBUTION_MIX_H
#define RS_ATTRIBUTION_MIX_H

#include "postgres.h"

/* Amounts by claim; claims distinct, in no order. */
typedef struct RsMix
{
	uint32		n;
	uint64		claim_capacity;
	uint64		amount_capacity;
	uint32	   *claim;
	int128	   *amount;
	uint32	   *slot;			/* hash of claims, when n > LINEAR and asked for */
	uint32		slots;
	bool		hashed;			/* slot[] is valid */
	uint32		next_free;
} RsMix;

/* Functions that return a place, and those that add, may move the arrays. */
extern uint32 rs_mix_append(MemoryContext budget, RsMix *m, uint32 claim, int128 amount);
extern uint32 rs_mix_find(MemoryContext budget, RsMix *m, uint32 claim);
extern void rs_mix_set(MemoryContext budget, RsMix *m, uint32 claim, int128 amount);
extern void rs_mix_compact(MemoryContext budget, RsMix *m);
extern void rs_mix_clear(RsMix *m);
extern int128 rs_mix_sum(const RsMix *m);

#endif							/* RS_ATTRIBUTION_MIX_H */
