/*
 * src/pattern_burst.h
 *	  Bursts: many transfers, or many counterparties, of one account in a short time.
 */
#ifndef RS_PATTERN_BURST_H
#define RS_PATTERN_BURST_H

#include "postgres.h"

#include "flow_source.h"

typedef struct RsBurstQuestion
{
	int			side;			/* RS_FLOW_IN: what an account receives; RS_FLOW_OUT: what it pays */
	int64		within;			/* microseconds between the first and the last, inclusive */
	uint32		min_parties;	/* different counterparties */
	uint32		min_count;		/* transfers */
	int128		min_total;		/* their sum, in the flow's unit */
	int128		least;			/* only transfers of at least this amount */
	int128		below;			/* ... and less than this; 0: no upper limit */
	TimestampTz since;			/* only bursts whose last transfer is later */
} RsBurstQuestion;

typedef struct RsBurst
{
	uint32		account;
	uint32		parties;		/* most in one window */
	uint32		count;			/* most in one window */
	uint64		n;				/* all transfers of the burst */
	const uint32 *transfer;		/* oldest first; valid during the call */
} RsBurst;

typedef void (*RsBurstHandler) (void *arg, const RsBurst *burst);

/* The flow must have the side asked for. Order of the answers: by account number. */
extern void rs_find_bursts(const RsFlow *flow, const RsBurstQuestion *question,
						   MemoryContext budget, RsBurstHandler handler, void *arg);

#endif							/* RS_PATTERN_BURST_H */
