/*
 * src/pattern_pass.h
 *	  Money that passes through an account.
 */
#ifndef RS_PATTERN_PASS_H
#define RS_PATTERN_PASS_H

#include "postgres.h"

#include "flow_source.h"

typedef struct RsPassQuestion
{
	int64		within;			/* microseconds, inclusive */
	int128		tolerance_numerator;	/* |in - out| <= tolerance x in */
	int128		tolerance_denominator;
	int128		least;			/* pairs: smallest transfer; accounts: smallest sum received */
	TimestampTz since;			/* only what ended later */
} RsPassQuestion;

typedef struct RsPass
{
	uint32		account;
	uint64		nin,
				nout;
	const uint32 *in,			/* transfers, oldest first; valid during the call */
			   *out;
	int128		received,
				paid;
} RsPass;

typedef void (*RsPassHandler) (void *arg, const RsPass *pass);

/* One incoming with one outgoing transfer, each at most once. */
extern void rs_find_pass_pairs(const RsFlow *flow, const RsPassQuestion *question,
							   MemoryContext budget, RsPassHandler handler, void *arg);
/* Stretches in which an account pays out what it receives. */
extern void rs_find_pass_accounts(const RsFlow *flow, const RsPassQuestion *question,
								  MemoryContext budget, RsPassHandler handler, void *arg);

#endif							/* RS_PATTERN_PASS_H */
