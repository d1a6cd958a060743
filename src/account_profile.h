/*
 * src/account_profile.h
 *	  One line of numbers per account.
 */
#ifndef RS_ACCOUNT_PROFILE_H
#define RS_ACCOUNT_PROFILE_H

#include "postgres.h"

#include "flow_source.h"

typedef struct RsProfile
{
	uint32		account;
	uint64		count[2];		/* transfers: RS_FLOW_OUT paid, RS_FLOW_IN received; self-transfers not */
	uint64		self_transfers;
	int128		total[2];
	uint32		parties[2];		/* payees, payers */
	uint64		peak_count;		/* most transfers, either way, inside the window */
	int128		peak_total[2];	/* largest sums inside the window */
	bool		held;			/* some received money was paid on: */
	int64		median_hold;	/* ... half of it within this time, microseconds */
	double		sources;		/* 1 / sum of squared payer shares; 0 if nothing was received */
	TimestampTz first,
				last;
} RsProfile;

typedef struct RsProfiler RsProfiler;

extern RsProfiler *rs_profiler_create(const RsFlow *flow, int64 window, MemoryContext budget);
/* False for an account without transfers. */
extern bool rs_profile_account(RsProfiler *profiler, uint32 account, RsProfile *profile);

/*
 * Received money that went on under its own loan number: paid out for the
 * loan it came in for, within `window`. loan by transfer, RS_NO_ID: none.
 */
extern int128 rs_profile_matched(RsProfiler *profiler, uint32 account, const uint32 *loan, int64 window);

#endif							/* RS_ACCOUNT_PROFILE_H */
