/*
 * src/pattern_cycle.h
 *	  Cycles of transfers inside a sliding window.
 */
#ifndef RS_PATTERN_CYCLE_H
#define RS_PATTERN_CYCLE_H

#include "postgres.h"

#include "flow_source.h"

#define RS_CYCLE_MAX_LENGTH 12

typedef struct RsCycleQuestion
{
	int			max_length;		/* 2 .. RS_CYCLE_MAX_LENGTH */
	int64		within;			/* microseconds from first to last, inclusive */
	bool		ordered;		/* times rise along the cycle */
	bool		strict;			/* ... strictly (ordered only) */
	int128		min_amount;		/* of every transfer, in the flow's unit */
	int128		kept_numerator; /* smallest amount / first amount (ordered) or / largest */
	int128		kept_denominator;	/* amount (unordered) >= numerator / denominator; 0/1: any */
	TimestampTz since;			/* only cycles whose last transfer is later */
} RsCycleQuestion;

/* transfer[0 .. length-1] along the cycle, the earliest first. */
typedef void (*RsCycleHandler) (void *arg, int length, const uint32 *transfer);

/* The flow must have both sides. Order of the answers: none. */
extern void rs_find_cycles(const RsFlow *flow, const RsCycleQuestion *question,
						   MemoryContext budget, RsCycleHandler handler, void *arg);

#endif							/* RS_PATTERN_CYCLE_H */
