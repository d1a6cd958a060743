/*
 * src/trace_account.c
 *	  One seed's trace, summed up per account.
 *
 * One pass over the transfers of the trace; a paged table leads from an
 * account to its sums. Memory: 96 bytes per account reached.
 */
#include "postgres.h"

#include "miscadmin.h"

#include "rs_memory.h"
#include "trace_account.h"

#define PAGE_BITS	9
#define PAGE_SIZE	(1 << PAGE_BITS)

struct RsTraceAccounts
{
	RsFlow	   *flow;
	RsTrace    *trace;
	bool		upstream;
	uint32	  **slot;			/* pages by account: 1 + place in list */
	RsTraceAccount *list;
	uint64		n,
				capacity;
};

RsTraceAccounts *
rs_trace_accounts_create(RsTrace *trace, RsFlow *flow, bool upstream)
{
	RsTraceAccounts *a = rs_alloc0(flow->budget, 1, sizeof(RsTraceAccounts), "the accounts of a trace");

	a->trace = trace;
	a->flow = flow;
	a->upstream = upstream;
	a->slot = rs_alloc0(flow->budget, ((uint64) flow->naccounts >> PAGE_BITS) + 1, sizeof(uint32 *),
						"the accounts of a trace");
	return a;
}

static uint32 *
slot_of(RsTraceAccounts *a, uint32 account)
{
	uint32	  **page = &a->slot[account >> PAGE_BITS];

	if (*page == NULL)
		*page = rs_alloc0(a->flow->budget, PAGE_SIZE, sizeof(uint32), "the accounts of a trace");
	return *page + (account & (PAGE_SIZE - 1));
}

static RsTraceAccount *
entry_of(RsTraceAccounts *a, uint32 account)
{
	uint32	   *slot = slot_of(a, account);
	RsTraceAccount *entry;

	if (*slot == 0)
	{
		a->list = rs_grow(a->flow->budget, a->list, &a->capacity, a->n + 1,
						  sizeof(RsTraceAccount), "the accounts of a trace");
		entry = &a->list[a->n++];
		memset(entry, 0, sizeof(*entry));
		entry->account = account;
		*slot = (uint32) a->n;
	}
	return &a->list[*slot - 1];
}

static void
add(RsTraceAccount *entry, bool received, int128 amount)
{
	/* RsTraceAccount may lie on an 8-byte boundary only. */
	int128		sum;
	char	   *where = received ? entry->received : entry->sent;

	memcpy(&sum, where, sizeof(sum));
	sum += amount;
	memcpy(where, &sum, sizeof(sum));
}

static int
compare(const void *x, const void *y, void *arg)
{
	const RsTraceAccount *a = x,
			   *b = y;
	RsFlow	   *flow = arg;

	if (a->hops != b->hops)
		return a->hops < b->hops ? -1 : 1;
	if (a->first != b->first)
		return a->first < b->first ? -1 : 1;
	return flow->compare_account(flow, a->account, b->account);
}

const RsTraceAccount *
rs_trace_accounts(RsTraceAccounts *a, uint32 seed, uint64 *count)
{
	const RsFlowSide *side = rs_trace_side(a->trace);
	uint64		nruns;
	const RsTraceRun *run = rs_trace_runs(a->trace, &nruns);

	for (uint64 i = 0; i < a->n; i++)
		*slot_of(a, a->list[i].account) = 0;
	a->n = 0;

	for (uint64 r = 0; r < nruns; r++)
		for (uint32 i = 0; i < run[r].count; i++)
		{
			uint32		place = rs_trace_place(a->upstream, &run[r], i);
			uint32		transfer = rs_flow_transfer(side, place);
			const RsArc *arc = &side->arc[place];
			int128		amount;
			RsTraceAccount *entry;

			CHECK_FOR_INTERRUPTS();
			if (!rs_trace_qualifies(a->trace, place))
				continue;
			amount = rs_flow_amount(a->flow, transfer);
			if (run[r].account != seed)
			{
				entry = entry_of(a, run[r].account);
				entry->goes_on = true;
				add(entry, a->upstream, amount);
			}
			if (arc->peer == seed)
				continue;
			entry = entry_of(a, arc->peer);
			add(entry, !a->upstream, amount);
			if (!entry->cut && rs_trace_cut(a->trace, place) != RS_CUT_NONE)
				entry->cut = true;
			if (entry->hops == 0)
			{
				entry->hops = run[r].hop;
				entry->first = entry->last = arc->when;
				entry->via = run[r].account;
				entry->via_when = arc->when;
				entry->via_transfer = transfer;
				continue;
			}
			entry->first = Min(entry->first, arc->when);
			entry->last = Max(entry->last, arc->when);
			/* The first transfer in the order of trace_funds. */
			if (run[r].hop == entry->hops &&
				(arc->when < entry->via_when ||
				 (arc->when == entry->via_when &&
				  a->flow->compare_txn(a->flow, transfer, entry->via_transfer) < 0)))
			{
				entry->via = run[r].account;
				entry->via_when = arc->when;
				entry->via_transfer = transfer;
			}
		}
	if (a->n > 1)
		qsort_arg(a->list, a->n, sizeof(RsTraceAccount), compare, a->flow);
	for (uint64 i = 0; i < a->n; i++)
		*slot_of(a, a->list[i].account) = (uint32) i + 1;
	*count = a->n;
	return a->list;
}
