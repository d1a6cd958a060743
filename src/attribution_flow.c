/*
 * src/attribution_flow.c
 *	  A stored flow graph as the ledger of an attribution.
 *
 * The graph's arrays are used where they lie: a transfer keeps the graph's
 * number, an account's book is the merge of its two sorted groups, made when
 * the account is touched. What the graph does not store is the order of
 * transfers inside an instant under a tie rule. A transfer's place in it only
 * matters to transfers that are connected to it at that instant, so the place
 * is found by exploring that connected set, once, when the transfer is first
 * asked for; the set is ordered by src/attribution_tie.c as a whole ledger's
 * instant would be.
 *
 * Cost: nothing per transfer of the graph but 4 bytes; four binary searches
 * per transfer touched, more where transfers coincide. A graph has no fees,
 * no currencies and no ledger order.
 */
#include "postgres.h"

#include "miscadmin.h"

#include "attribution_sql.h"
#include "rs_memory.h"

static const char purpose[] = "the ledger of an attribution";

#define UNPLACED UINT32_MAX

typedef struct FlowLedger
{
	RsLedger	ledger;			/* first */
	RsFlow	   *flow;
	uint32		end;			/* codes below it are in the ledger */
	bool		whole;			/* all are */
	bool		two_phase;
	bool		zeros;			/* some amounts are 0 */
	RsTie		tie;
	uint32	   *place;			/* by transfer: place in its connected set */
	RsTieOrder *order;
	uint32	   *claimed;		/* sorted transfers that claims name */
	uint64		nclaimed;

	/* exploring an instant */
	uint32	   *seen;			/* by account: last exploration */
	uint32		exploration;
	uint32	   *todo;
	uint64		todo_capacity;
	RsTieMember *member;
	uint64		member_capacity;
} FlowLedger;

static uint32
flow_payer(RsLedger *l, uint32 t)
{
	FlowLedger *f = (FlowLedger *) l;
	const uint32 *start = f->flow->side[RS_FLOW_OUT].start;
	uint32		low = 0;
	uint32		high = f->flow->naccounts;

	/* the last account whose group begins at or before t */
	while (low < high)
	{
		uint32		middle = low + (high - low) / 2;

		if (start[middle + 1] <= t)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static uint32
flow_payee(RsLedger *l, uint32 t)
{
	return ((FlowLedger *) l)->flow->side[RS_FLOW_OUT].arc[t].peer;
}

static inline uint32
code_of(const FlowLedger *f, uint32 t)
{
	return f->flow->side[RS_FLOW_OUT].arc[t].when;
}

static TimestampTz
flow_paid_at(RsLedger *l, uint32 t)
{
	FlowLedger *f = (FlowLedger *) l;

	return rs_flow_time(f->flow, code_of(f, t));
}

/* First place of an account's group whose code is at least `code`. */
static uint32
first_at(const RsFlowSide *side, uint32 account, uint32 code)
{
	uint32		low = side->start[account];
	uint32		high = side->start[account + 1];

	if (high > low && side->arc[high - 1].when < code)
		return high;
	while (low < high)
	{
		uint32		middle = low + (high - low) / 2;

		if (side->arc[middle].when < code)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static void
visit(FlowLedger *f, uint32 account, uint32 *ntodo)
{
	if (f->seen[account] == f->exploration)
		return;
	f->seen[account] = f->exploration;
	f->todo = rs_grow(f->ledger.budget, f->todo, &f->todo_capacity, (uint64) *ntodo + 1, sizeof(uint32), purpose);
	f->todo[(*ntodo)++] = account;
}

/* Place every transfer that is connected with t at its instant. */
static void
place_instant(FlowLedger *f, uint32 t)
{
	RsFlow	   *flow = f->flow;
	uint32		code = code_of(f, t);
	uint32		ntodo = 0;
	uint32		members = 0;

	f->exploration++;
	visit(f, flow_payer(&f->ledger, t), &ntodo);
	for (uint32 i = 0; i < ntodo; i++)
	{
		uint32		account = f->todo[i];
		const RsFlowSide *out = &flow->side[RS_FLOW_OUT];
		const RsFlowSide *in = &flow->side[RS_FLOW_IN];

		for (uint32 p = first_at(out, account, code);
			 p < out->start[account + 1] && out->arc[p].when == code; p++)
		{
			RsTieMember *m;

			f->member = rs_grow(f->ledger.budget, f->member, &f->member_capacity, (uint64) members + 1,
								sizeof(RsTieMember), purpose);
			m = &f->member[members++];
			m->transfer = m->txn = p;
			m->payer = account;
			m->payee = out->arc[p].peer;
			m->stage = 0;
			m->ord = 0;
			visit(f, m->payee, &ntodo);
		}
		for (uint32 p = first_at(in, account, code);
			 p < in->start[account + 1] && in->arc[p].when == code; p++)
			visit(f, in->arc[p].peer, &ntodo);
		CHECK_FOR_INTERRUPTS();
	}
	if (members > 1)
		rs_tie_sort(f->order, f->member, members);
	for (uint32 i = 0; i < members; i++)
		f->place[f->member[i].transfer] = i;
}

static uint64
flow_key(RsLedger *l, uint32 t)
{
	FlowLedger *f = (FlowLedger *) l;

	if (f->place[t] == UNPLACED)
		place_instant(f, t);
	return (uint64) code_of(f, t) << 32 | (f->two_phase ? f->place[t] : f->place[t] << 1);
}

static uint32
flow_code(RsLedger *l, uint32 t)
{
	return code_of((FlowLedger *) l, t);
}

static void
flow_prefetch(RsLedger *l, uint32 t)
{
	RsFlow	   *flow = ((FlowLedger *) l)->flow;

	__builtin_prefetch(&flow->side[RS_FLOW_OUT].arc[t]);
	if (flow->prefetch_txn)
		flow->prefetch_txn(flow, t);
}

static bool
is_claimed(const FlowLedger *f, uint32 t)
{
	uint64		low = 0;
	uint64		high = f->nclaimed;

	while (low < high)
	{
		uint64		middle = low + (high - low) / 2;

		if (f->claimed[middle] < t)
			low = middle + 1;
		else
			high = middle;
	}
	return low < f->nclaimed && f->claimed[low] == t;
}

/* Does a transfer count in the book of `account`, whose other party is peer? */
static inline bool
counts(FlowLedger *f, uint32 t, uint32 account, uint32 peer)
{
	/* amounts lie scattered for who comes from the payee's side: looked at only if need be */
	return (peer != account || is_claimed(f, t)) && (!f->zeros || rs_flow_amount(f->flow, t) > 0);
}

static const RsEntry *
flow_entries(RsLedger *l, uint32 account, uint32 *count)
{
	FlowLedger *f = (FlowLedger *) l;
	const RsFlowSide *out = &f->flow->side[RS_FLOW_OUT];
	const RsFlowSide *in = &f->flow->side[RS_FLOW_IN];
	RsEntry    *entry;
	uint32		o,
				i,
				out_end,
				in_end,
				n = 0;

	*count = 0;
	if (account >= f->flow->naccounts)
		return NULL;
	o = out->start[account];
	i = in->start[account];
	out_end = f->whole ? out->start[account + 1] : first_at(out, account, f->end);
	in_end = f->whole ? in->start[account + 1] : first_at(in, account, f->end);
	entry = rs_alloc(l->budget, (uint64) (out_end - o) + (in_end - i), sizeof(RsEntry), purpose);
	while (o < out_end || i < in_end)
	{
		uint32		out_code = o < out_end ? out->arc[o].when : UINT32_MAX;
		uint32		in_code = i < in_end ? in->arc[i].when : UINT32_MAX;
		uint32		code = Min(out_code, in_code);
		uint32		first = n;

		for (; out_code == code; out_code = ++o < out_end ? out->arc[o].when : UINT32_MAX)
		{
			uint32		t = rs_flow_transfer(out, o);

			if (counts(f, t, account, out->arc[o].peer))
				entry[n++] = t << 1;
		}
		for (; in_code == code; in_code = ++i < in_end ? in->arc[i].when : UINT32_MAX)
		{
			uint32		t = rs_flow_transfer(in, i);

			/* asked for as soon as the book is whole */
			if (l->amount)
				__builtin_prefetch(&l->amount[t]);
			if (counts(f, t, account, in->arc[i].peer))
				entry[n++] = t << 1 | 1;
		}
		/* a few at a time: by insertion, or by sorting when many */
		if (n - first > 1)
			rs_ledger_sort_entries(l, entry + first, n - first);
		if ((n & 0xfff) == 0)
			CHECK_FOR_INTERRUPTS();
	}
	*count = n;
	return entry;
}

RsLedger *
rs_flow_ledger_create(RsFlow *flow, MemoryContext budget, TimestampTz until)
{
	FlowLedger *f = rs_alloc0(budget, 1, sizeof(FlowLedger), purpose);
	RsLedger   *l = &f->ledger;

	if (flow->ntransfers > RS_MAX_TRANSFERS)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("too many transfers for one attribution"),
				 errdetail("At most %u transfers can be attributed at once.", RS_MAX_TRANSFERS)));
	l->budget = budget;
	l->n = flow->ntransfers;
	l->accounts = flow->naccounts;
	l->flow = flow;
	l->flow_payer = flow_payer;
	l->flow_payee = flow_payee;
	l->amount = unconstify(int64 *, flow->amount);
	l->wide = unconstify(int128 *, flow->wide);
	l->flow_paid_at = flow_paid_at;
	l->flow_key = flow_key;
	l->flow_code = flow_code;
	l->flow_prefetch = flow_prefetch;
	l->flow_entries = flow_entries;
	f->flow = flow;
	f->end = rs_flow_code_bound(flow, until, true);
	f->whole = until == DT_NOEND;
	f->place = rs_alloc(budget, l->n, sizeof(uint32), purpose);
	f->seen = rs_alloc0(budget, flow->naccounts, sizeof(uint32), purpose);
	for (uint32 t = 0; t < l->n; t++)
	{
		int128		amount = rs_flow_amount(flow, t);

		l->total += amount;
		f->zeros |= amount == 0;
		if ((t & 0xffff) == 0xffff)
			CHECK_FOR_INTERRUPTS();
	}
	return l;
}

bool
rs_flow_ledger_has(RsLedger *l, uint32 transfer)
{
	FlowLedger *f = (FlowLedger *) l;

	return code_of(f, transfer) < f->end;
}

static int
compare_txn(void *arg, uint32 a, uint32 b)
{
	RsFlow	   *flow = arg;

	return flow->compare_txn(flow, a, b);
}

static int
compare_account(void *arg, uint32 a, uint32 b)
{
	RsFlow	   *flow = arg;

	return flow->compare_account(flow, a, b);
}

static int
compare_numbers(const void *a, const void *b)
{
	uint32		x = *(const uint32 *) a;
	uint32		y = *(const uint32 *) b;

	return x < y ? -1 : x > y;
}

/* Order by this tie rule from now on. */
void
rs_flow_ledger_tie(RsLedger *l, RsTie tie, const RsSeed *seed, uint64 nseeds)
{
	FlowLedger *f = (FlowLedger *) l;

	f->tie = tie;
	f->two_phase = tie == RS_TIE_DEBITS_FIRST;
	l->credit_bit = f->two_phase ? (uint64) 1 << 31 : 1;
	memset(f->place, 0xff, (Size) l->n * sizeof(uint32));
	f->order = rs_tie_create(l->budget, tie, compare_txn, f->flow, compare_account, f->flow);
	f->claimed = rs_resize(l->budget, f->claimed, nseeds, sizeof(uint32), purpose);
	for (uint64 i = 0; i < nseeds; i++)
		f->claimed[i] = seed[i].transfer;
	qsort(f->claimed, nseeds, sizeof(uint32), compare_numbers);
	f->nclaimed = nseeds;
}
