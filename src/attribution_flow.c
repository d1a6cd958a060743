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
 * per transfer touched, more where transfers coincide. Where the graph has
 * several currencies, an account is one book for each that it has transfers in:
 * one pass over the graph numbers these pairs. Where an amount must differ from the
 * graph's (finer units; a self-transfer that only costs its fee) the amounts are
 * copied: 8 bytes a transfer, or 16.
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
	RsCase	   *c;
	const RsFlowColumns *columns;
	uint32	   *first_node;		/* by account, + 1: its nodes in RsCase.node_currency; NULL: no currencies */
	uint32		nodes;
	bool		fees;
	int128		fee_factor;		/* from the graph's unit to the ledger's */
	bool		own_amounts;	/* they are copies */
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

/* ----- accounts by currency ----- */

static uint32
find_node(const FlowLedger *f, uint32 account, uint32 currency)
{
	for (uint32 n = f->first_node[account]; n < f->first_node[account + 1]; n++)
		if (f->c->node_currency[n] == currency)
			return n;
	return RS_NOT_THERE;
}

/* The book that a transfer counts in, of the account at one of its ends. */
static inline uint32
node_of(const FlowLedger *f, uint32 account, uint32 t)
{
	if (f->first_node == NULL)
		return account;
	if (f->first_node[account + 1] - f->first_node[account] == 1)
		return f->first_node[account];
	return find_node(f, account, rs_flow_currency(f->columns, t));
}

static inline uint32
account_of(const FlowLedger *f, uint32 node)
{
	return f->first_node ? f->c->node_account[node] : node;
}

/* Has the account other books, so that its transfers must be asked? */
static inline bool
is_mixed(const FlowLedger *f, uint32 account)
{
	return f->first_node && f->first_node[account + 1] - f->first_node[account] > 1;
}

static inline bool
in_book(const FlowLedger *f, bool mixed, uint32 node, uint32 t)
{
	return !mixed || rs_flow_currency(f->columns, t) == f->c->node_currency[node];
}

uint32
rs_flow_ledger_node(RsLedger *l, uint32 account, uint32 currency)
{
	return find_node((FlowLedger *) l, account, currency);
}

uint32
rs_flow_ledger_only_node(RsLedger *l, uint32 account)
{
	FlowLedger *f = (FlowLedger *) l;
	uint32		n = f->first_node[account + 1] - f->first_node[account];

	return n == 0 ? RS_NOT_THERE : n > 1 ? RS_LATER : f->first_node[account];
}

/* Currencies of an account's transfers in the ledger, listed from *n on. */
static uint32
list_currencies(FlowLedger *f, int which, uint32 account, uint32 *stamp, uint32 *list, uint32 n)
{
	const RsFlowSide *side = &f->flow->side[which];
	uint32		first,
				end;

	rs_flow_group(side, account, &first, &end);
	for (uint32 p = first; p < end && side->arc[p].when < f->end; p++)
	{
		uint32		currency = rs_flow_currency(f->columns, rs_flow_transfer(side, p));
		uint32		k = Min(currency, f->columns->ncurrencies);

		if (stamp[k] == account + 1)
			continue;
		stamp[k] = account + 1;
		list[n++] = k;
	}
	return n;
}

static int
compare_numbers(const void *a, const void *b)
{
	uint32		x = *(const uint32 *) a;
	uint32		y = *(const uint32 *) b;

	return x < y ? -1 : x > y;
}

/* Number the pairs of account and currency, by account, then in the order of currencies. */
static void
make_nodes(FlowLedger *f)
{
	RsCase	   *c = f->c;
	uint32		ncurrencies = f->columns->ncurrencies;
	uint32	   *stamp = rs_alloc0(c->budget, (uint64) ncurrencies + 1, sizeof(uint32), purpose);
	uint32	   *list = rs_alloc(c->budget, (uint64) ncurrencies + 1, sizeof(uint32), purpose);

	f->first_node = rs_alloc(c->budget, (uint64) f->flow->naccounts + 1, sizeof(uint32), purpose);
	for (uint32 a = 0; a < f->flow->naccounts; a++)
	{
		uint32		n = list_currencies(f, RS_FLOW_OUT, a, stamp, list, 0);

		n = list_currencies(f, RS_FLOW_IN, a, stamp, list, n);
		rs_flow_forget(f->flow);
		if (n > 1)
			qsort(list, n, sizeof(uint32), compare_numbers);
		f->first_node[a] = c->nodes;
		c->node_account = rs_grow(c->budget, c->node_account, &c->node_capacity, (uint64) c->nodes + n, sizeof(uint32), purpose);
		c->node_currency = rs_grow(c->budget, c->node_currency, &c->node_currency_capacity, (uint64) c->nodes + n, sizeof(uint32), purpose);
		for (uint32 i = 0; i < n; i++)
		{
			c->node_account[c->nodes] = a;
			c->node_currency[c->nodes++] = list[i] < ncurrencies ? list[i] : RS_NO_ID;
		}
		if ((a & 0xfff) == 0xfff)
			CHECK_FOR_INTERRUPTS();
	}
	f->first_node[f->flow->naccounts] = f->nodes = c->nodes;
	pfree(stamp);
	pfree(list);
}

/* ----- transfers ----- */

static uint32
flow_payer(RsLedger *l, uint32 t)
{
	FlowLedger *f = (FlowLedger *) l;

	return node_of(f, rs_flow_payer(f->flow, t), t);
}

static uint32
flow_payee(RsLedger *l, uint32 t)
{
	FlowLedger *f = (FlowLedger *) l;

	return node_of(f, f->flow->side[RS_FLOW_OUT].arc[t].peer, t);
}

static int128
flow_fee(RsLedger *l, uint32 t)
{
	FlowLedger *f = (FlowLedger *) l;
	RsGraphExtra extra;

	rs_flow_extra(f->columns, t, &extra);
	return extra.fee * f->fee_factor;	/* the sum of all was checked */
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

/* First place of an account's group whose code is at least `code`, and the group's ends. */
static uint32
first_at(const RsFlowSide *side, uint32 account, uint32 code, uint32 *first, uint32 *end)
{
	uint32		low,
				high;

	rs_flow_group(side, account, first, end);
	low = *first;
	high = *end;
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

static int64
flow_ord(const FlowLedger *f, uint32 t)
{
	RsGraphExtra extra;

	rs_flow_extra(f->columns, t, &extra);
	return extra.ord;
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
		uint32		node = f->todo[i];
		uint32		account = account_of(f, node);
		bool		mixed = is_mixed(f, account);
		const RsFlowSide *out = &flow->side[RS_FLOW_OUT];
		const RsFlowSide *in = &flow->side[RS_FLOW_IN];

		uint32		first,
					end;

		for (uint32 p = first_at(out, account, code, &first, &end); p < end && out->arc[p].when == code; p++)
		{
			RsTieMember *m;

			if (!in_book(f, mixed, node, rs_flow_transfer(out, p)))
				continue;
			f->member = rs_grow(f->ledger.budget, f->member, &f->member_capacity, (uint64) members + 1,
								sizeof(RsTieMember), purpose);
			m = &f->member[members++];
			m->transfer = m->txn = rs_flow_transfer(out, p);
			m->payer = node;
			m->payee = node_of(f, out->arc[p].peer, m->transfer);
			m->stage = 0;
			m->ord = f->tie == RS_TIE_LEDGER ? flow_ord(f, m->transfer) : 0;
			visit(f, m->payee, &ntodo);
		}
		for (uint32 p = first_at(in, account, code, &first, &end); p < end && in->arc[p].when == code; p++)
		{
			uint32		u = rs_flow_transfer(in, p);

			if (in_book(f, mixed, node, u))
				visit(f, node_of(f, in->arc[p].peer, u), &ntodo);
		}
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
	return (peer != account || is_claimed(f, t)) && (!f->zeros || rs_ledger_amount(&f->ledger, t) > 0);
}

static const RsEntry *
flow_entries(RsLedger *l, uint32 node, uint32 *count)
{
	FlowLedger *f = (FlowLedger *) l;
	const RsFlowSide *out = &f->flow->side[RS_FLOW_OUT];
	const RsFlowSide *in = &f->flow->side[RS_FLOW_IN];
	RsEntry    *entry;
	uint32		account,
				o,
				i,
				out_end,
				in_end,
				end,
				n = 0;
	bool		mixed;

	*count = 0;
	if (node >= f->nodes)
		return NULL;
	account = account_of(f, node);
	mixed = is_mixed(f, account);
	rs_flow_forget(f->flow);
	if (f->whole)
	{
		rs_flow_group(out, account, &o, &out_end);
		rs_flow_group(in, account, &i, &in_end);
	}
	else
	{
		out_end = first_at(out, account, f->end, &o, &end);
		in_end = first_at(in, account, f->end, &i, &end);
	}
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

			if (in_book(f, mixed, node, t) &&
				(counts(f, t, account, out->arc[o].peer) || (f->fees && flow_fee(l, t) > 0)))
				entry[n++] = t << 1;
		}
		for (; in_code == code; in_code = ++i < in_end ? in->arc[i].when : UINT32_MAX)
		{
			uint32		t = rs_flow_transfer(in, i);

			/* asked for as soon as the book is whole */
			if (l->amount)
				__builtin_prefetch(&l->amount[t]);
			if (in_book(f, mixed, node, t) && counts(f, t, account, in->arc[i].peer))
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

/* ----- units ----- */

static RS_NORETURN void
too_large(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
			 errmsg("the sum of all transfers is too large"),
			 errhint("Round the amounts to fewer digits after the point, or attribute a part of the transfers.")));
	abort();					/* not reached */
}

/* Amounts of our own, times 10^digits: 64-bit if they fit. */
static void
rescale_amounts(FlowLedger *f, int digits)
{
	RsLedger   *l = &f->ledger;
	int64	   *old = f->own_amounts ? l->amount : NULL;
	int128	   *old_wide = f->own_amounts ? l->wide : NULL;
	int128		factor = rs_power_of_ten(digits);
	int128		most = 0;
	int64	   *amount = NULL;
	int128	   *wide = NULL;

	for (uint32 t = 0; t < l->n; t++)
		most = Max(most, rs_ledger_amount(l, t));
	if (__builtin_mul_overflow(most, factor, &most))
		too_large();
	if (most <= PG_INT64_MAX)
		amount = rs_alloc(l->budget, l->n, sizeof(int64), purpose);
	else
		wide = rs_alloc(l->budget, l->n, sizeof(int128), purpose);
	for (uint32 t = 0; t < l->n; t++)
	{
		int128		value = rs_ledger_amount(l, t) * factor;

		if (amount)
			amount[t] = (int64) value;
		else
			wide[t] = value;
		if ((t & 0xfffff) == 0xfffff)
			CHECK_FOR_INTERRUPTS();
	}
	if (old)
		pfree(old);
	if (old_wide)
		pfree(old_wide);
	l->amount = amount;
	l->wide = wide;
	f->own_amounts = true;
}

/* The sum of amounts and fees; is any amount zero? */
static void
add_up(FlowLedger *f)
{
	RsLedger   *l = &f->ledger;

	l->total = 0;
	for (uint32 t = 0; t < l->n; t++)
	{
		int128		amount = rs_ledger_amount(l, t);
		int128		fee = 0;

		if (f->fees)
		{
			RsGraphExtra extra;

			rs_flow_extra(f->columns, t, &extra);
			if (__builtin_mul_overflow(extra.fee, f->fee_factor, &fee))
				too_large();
		}
		if (__builtin_add_overflow(l->total, amount, &l->total) || __builtin_add_overflow(l->total, fee, &l->total))
			too_large();
		f->zeros |= amount == 0;
		if ((t & 0xffff) == 0xffff)
			CHECK_FOR_INTERRUPTS();
	}
}

/* A self-transfer that no claim names moves nothing, and costs its fee all the same. */
static void
empty_self_transfers(FlowLedger *f)
{
	RsLedger   *l = &f->ledger;
	const RsFlowSide *out = &f->flow->side[RS_FLOW_OUT];

	for (uint32 a = 0; a < f->flow->naccounts; a++)
	{
		uint32		first,
					end;

		rs_flow_group(out, a, &first, &end);
		for (uint32 p = first; p < end; p++)
		{
			uint32		t = rs_flow_transfer(out, p);

			if (out->arc[p].peer != a || flow_fee(l, t) == 0 || is_claimed(f, t))
				continue;
			if (!f->own_amounts)
				rescale_amounts(f, 0);
			if (l->wide)
				l->wide[t] = 0;
			else
				l->amount[t] = 0;
			f->zeros = true;
		}
		rs_flow_forget(f->flow);
		if ((a & 0xfff) == 0xfff)
			CHECK_FOR_INTERRUPTS();
	}
}

RsLedger *
rs_flow_ledger_create(RsCase *c)
{
	RsFlow	   *flow = c->flow;
	FlowLedger *f = rs_alloc0(c->budget, 1, sizeof(FlowLedger), purpose);
	RsLedger   *l = &f->ledger;

	if (flow->ntransfers > RS_MAX_TRANSFERS)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("too many transfers for one attribution"),
				 errdetail("At most %u transfers can be attributed at once.", RS_MAX_TRANSFERS)));
	l->budget = c->budget;
	l->n = flow->ntransfers;
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
	f->c = c;
	f->flow = flow;
	f->columns = flow->columns;
	f->end = rs_flow_code_bound(flow, c->until, true);
	f->whole = c->until == DT_NOEND;
	f->nodes = flow->naccounts;
	if (c->has_currency)
		make_nodes(f);
	l->accounts = f->nodes;
	f->fees = flow->columns && (flow->columns->has & (1u << RS_GC_FEE));
	f->fee_factor = 1;
	if (f->fees)
	{
		l->flow_fee = flow_fee;
		if (flow->scale > flow->columns->fee_scale)
			f->fee_factor = rs_power_of_ten(flow->scale - flow->columns->fee_scale);
	}
	f->place = rs_alloc(c->budget, l->n, sizeof(uint32), purpose);
	f->seen = rs_alloc0(c->budget, f->nodes, sizeof(uint32), purpose);
	if (f->fees && flow->columns->fee_scale > flow->scale)
		rescale_amounts(f, flow->columns->fee_scale - flow->scale);
	add_up(f);
	return l;
}

void
rs_flow_ledger_rescale(RsLedger *l, int digits)
{
	FlowLedger *f = (FlowLedger *) l;

	if (digits == 0)
		return;
	rescale_amounts(f, digits);
	if (f->fees && __builtin_mul_overflow(f->fee_factor, rs_power_of_ten(digits), &f->fee_factor))
		too_large();
	add_up(f);
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
compare_nodes(void *arg, uint32 a, uint32 b)
{
	return rs_case_compare_accounts(arg, a, b);
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
	f->order = rs_tie_create(l->budget, tie, compare_txn, f->flow, compare_nodes, f->c);
	f->claimed = rs_resize(l->budget, f->claimed, nseeds, sizeof(uint32), purpose);
	for (uint64 i = 0; i < nseeds; i++)
		f->claimed[i] = seed[i].transfer;
	qsort(f->claimed, nseeds, sizeof(uint32), compare_numbers);
	f->nclaimed = nseeds;
	if (f->fees)
		empty_self_transfers(f);
}
