/*
 * src/trace_account.h
 *	  One seed's trace, summed up per account.
 */
#ifndef RS_TRACE_ACCOUNT_H
#define RS_TRACE_ACCOUNT_H

#include "postgres.h"

#include "trace.h"

typedef struct RsTraceAccount
{
	uint32		account;
	int			hops;			/* smallest hop that reached it */
	uint32		first,			/* time codes of the transfers that reached it */
				last;
	uint32		via;			/* where the first of them came from */
	uint32		via_when;
	uint32		via_transfer;
	bool		goes_on;		/* a transfer of the trace goes on from here */
	bool		cut;			/* a transfer that reached it was not followed */
	char		received[sizeof(int128)];
	char		sent[sizeof(int128)];
} RsTraceAccount;

typedef struct RsTraceAccounts RsTraceAccounts;

extern RsTraceAccounts *rs_trace_accounts_create(RsTrace *trace, RsFlow *flow, bool upstream);

/*
 * The accounts reached by the last rs_trace_seed(keep => true), the seed not
 * counted, by (hops, first time, account). Valid until the next call.
 */
extern const RsTraceAccount *rs_trace_accounts(RsTraceAccounts *accounts, uint32 seed, uint64 *count);

#endif							/* RS_TRACE_ACCOUNT_H */
