/*
 * src/flow_load.c
 *	  A whole flow: every transfer of a query, or a flow graph.
 *
 * Patterns and profiles look at all transfers. A flow graph is mapped as it
 * is; a query is streamed into arrays and sorted once. While loading a
 * transfer takes 24 bytes (payer, payee, id, time) and 8 for the amount (16
 * once an amount needs more than 64 bits), the flow itself 28, the
 * identifiers beside.
 *
 * With by_owner the nodes are parties: the owner of an account where the row
 * names one, else the account itself. Owners are numbered first.
 */
#include "pg_compat.h"

#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "flow_load.h"
#include "query_reader.h"
#include "rs_memory.h"

typedef struct LoadedFlow
{
	RsFlow		flow;			/* first: what callers hold */
	RsQuery    *query;
	RsInterner *accounts;
	RsInterner *owners;			/* by_owner only */
	RsInterner *txns;
	uint32		nowners;

	RsRawTransfer *list;
	uint64		list_capacity;
	int64	   *amount;
	uint64		amount_capacity;
	int128	   *wide;
	uint64		wide_capacity;
	uint32	   *payer_owner,
			   *payee_owner;
	uint64		payer_owner_capacity,
				payee_owner_capacity;
	uint32	   *loan;
	uint64		loan_capacity;
	uint64		n;

	uint32	   *txn;			/* by transfer number */
	uint32	   *rank;			/* of txn ids */
} LoadedFlow;

static const char *const purpose = "the transfers of the query";


/* From now on amounts need 128 bits. */
static void
make_wide(LoadedFlow *s)
{
	/* int128 is used through an 8-byte alignment here, as in the server's own code */
	s->wide = rs_grow(s->flow.budget, NULL, &s->wide_capacity, Max(s->n + 1, s->amount_capacity),
					  sizeof(int128), purpose);
	for (uint64 i = 0; i < s->n; i++)
		s->wide[i] = s->amount[i];
	if (s->amount)
		pfree(s->amount);
	s->amount = NULL;
}

static void
rescale(void *arg, int column, int old_scale, int new_scale)
{
	LoadedFlow *s = arg;
	int128		factor = 1;

	if (column != RS_T_AMOUNT)
		return;
	for (int i = old_scale; i < new_scale; i++)
		factor *= 10;
	for (uint64 i = 0; i < s->n; i++)
	{
		if (s->wide)
		{
			if (__builtin_mul_overflow(s->wide[i], factor, &s->wide[i]))
				ereport(ERROR,
						(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
						 errmsg("amounts do not fit into 38 digits"),
						 errhint("Round the amount in the query, for example to numeric(38,2).")));
		}
		else
		{
			int128		product = (int128) s->amount[i] * factor;

			if (product > PG_INT64_MAX || product / factor != s->amount[i])
			{
				make_wide(s);
				i--;
				continue;
			}
			s->amount[i] = (int64) product;
		}
	}
}

static void
take_row(void *arg, const RsRow *row)
{
	LoadedFlow *s = arg;
	RsRawTransfer *t;
	int128		amount = row->value[RS_T_AMOUNT].amount;

	if (s->n >= s->list_capacity)
		s->list = rs_grow(s->flow.budget, s->list, &s->list_capacity, s->n + 1,
						  sizeof(RsRawTransfer), purpose);
	t = &s->list[s->n];
	t->payer = row->value[RS_T_PAYER].id;
	t->payee = row->value[RS_T_PAYEE].id;
	t->txn = row->value[RS_T_TXN].id;
	t->time = row->value[RS_T_TIME].time;

	if (s->wide == NULL && amount > PG_INT64_MAX)
		make_wide(s);
	if (s->wide)
	{
		if (s->n >= s->wide_capacity)
			s->wide = rs_grow(s->flow.budget, s->wide, &s->wide_capacity, s->n + 1, sizeof(int128), purpose);
		s->wide[s->n] = amount;
	}
	else
	{
		if (s->n >= s->amount_capacity)
			s->amount = rs_grow(s->flow.budget, s->amount, &s->amount_capacity, s->n + 1, sizeof(int64), purpose);
		s->amount[s->n] = (int64) amount;
	}
	if (s->owners)
	{
		if (s->n >= s->payer_owner_capacity)
		{
			s->payer_owner = rs_grow(s->flow.budget, s->payer_owner, &s->payer_owner_capacity, s->n + 1,
									 sizeof(uint32), purpose);
			s->payee_owner = rs_grow(s->flow.budget, s->payee_owner, &s->payee_owner_capacity, s->n + 1,
									 sizeof(uint32), purpose);
		}
		s->payer_owner[s->n] = row->isnull[RS_T_PAYER_OWNER] ? RS_NO_ID : row->value[RS_T_PAYER_OWNER].id;
		s->payee_owner[s->n] = row->isnull[RS_T_PAYEE_OWNER] ? RS_NO_ID : row->value[RS_T_PAYEE_OWNER].id;
	}
	if (rs_query_has(s->query, RS_T_LOAN))
	{
		if (s->n >= s->loan_capacity)
			s->loan = rs_grow(s->flow.budget, s->loan, &s->loan_capacity, s->n + 1, sizeof(uint32), purpose);
		s->loan[s->n] = row->isnull[RS_T_LOAN] ? RS_NO_ID : row->value[RS_T_LOAN].id;
	}
	s->n++;
}

static Datum
account_text(RsFlow *flow, uint32 account)
{
	LoadedFlow *s = (LoadedFlow *) flow;

	return account < s->nowners ? rs_interner_text(s->owners, account)
		: rs_interner_text(s->accounts, account - s->nowners);
}

static Datum
txn_text(RsFlow *flow, uint32 transfer)
{
	LoadedFlow *s = (LoadedFlow *) flow;

	return rs_interner_text(s->txns, s->txn[transfer]);
}

static int
compare_txn(RsFlow *flow, uint32 a, uint32 b)
{
	LoadedFlow *s = (LoadedFlow *) flow;
	uint32		x = s->rank[s->txn[a]],
				y = s->rank[s->txn[b]];

	return x < y ? -1 : x > y;
}

static int
compare_raw(void *arg, uint32 a, uint32 b)
{
	uint32	   *rank = ((LoadedFlow *) arg)->rank;

	return rank[a] < rank[b] ? -1 : rank[a] > rank[b];
}

static int
compare_account(RsFlow *flow, uint32 a, uint32 b)
{
	LoadedFlow *s = (LoadedFlow *) flow;

	if ((a < s->nowners) != (b < s->nowners))
		return a < b ? -1 : 1;
	return a < s->nowners ? rs_interner_compare(s->owners, a, b)
		: rs_interner_compare(s->accounts, a - s->nowners, b - s->nowners);
}

static void
close_loaded(RsFlow *flow)
{
	rs_query_close(((LoadedFlow *) flow)->query);
}

const uint32 *
rs_flow_loans(const RsFlow *flow)
{
	return flow->close == close_loaded ? ((const LoadedFlow *) flow)->loan : NULL;
}

/* Number the nodes by owner where there is one. */
static void
number_by_owner(LoadedFlow *s)
{
	s->nowners = rs_interner_count(s->owners);
	if ((uint64) s->nowners + rs_interner_count(s->accounts) >= RS_NO_ID)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("too many parties for one flow")));
	for (uint64 i = 0; i < s->n; i++)
	{
		RsRawTransfer *t = &s->list[i];

		t->payer = s->payer_owner[i] != RS_NO_ID ? s->payer_owner[i] : s->nowners + t->payer;
		t->payee = s->payee_owner[i] != RS_NO_ID ? s->payee_owner[i] : s->nowners + t->payee;
	}
	pfree(s->payer_owner);
	pfree(s->payee_owner);
}

static RsFlow *
load_query(const char *transfers, const char *bad_rows, bool by_owner, MemoryContext budget)
{
	LoadedFlow *s = rs_alloc0(budget, 1, sizeof(LoadedFlow), purpose);
	RsFlow	   *flow = &s->flow;
	uint32	   *place;

	flow->budget = budget;
	flow->account_text = account_text;
	flow->txn_text = txn_text;
	flow->compare_txn = compare_txn;
	flow->compare_account = compare_account;
	flow->close = close_loaded;

	s->query = rs_query_open(transfers, &rs_transfers_contract, rs_bad_rows_option(bad_rows), budget, NULL);
	rs_query_ignore(s->query, RS_T_ORD);
	rs_query_ignore(s->query, RS_T_FEE);
	rs_query_ignore(s->query, RS_T_CURRENCY);
	if (!by_owner)
	{
		rs_query_ignore(s->query, RS_T_PAYER_OWNER);
		rs_query_ignore(s->query, RS_T_PAYEE_OWNER);
	}
	s->accounts = rs_query_interner(s->query, RS_INTERN_ACCOUNT);
	s->txns = rs_query_interner(s->query, RS_INTERN_TXN);
	if (by_owner)
		s->owners = rs_query_interner(s->query, RS_INTERN_OWNER);
	rs_query_read(s->query, take_row, rescale, s);

	if (s->n > RS_FLOW_MAX_TRANSFERS)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("too many transfers for one flow")));
	flow->scale = rs_query_scale(s->query, RS_T_AMOUNT);
	if (s->owners && s->n > 0)
		number_by_owner(s);
	flow->naccounts = s->nowners + rs_interner_count(s->accounts);
	s->rank = rs_interner_ranks(s->txns, budget);

	place = rs_alloc(budget, s->n, sizeof(uint32), purpose);
	rs_flow_build(flow, (1 << RS_FLOW_OUT) | (1 << RS_FLOW_IN), (uint32) s->n, s->list,
				  s->amount, s->wide, place, compare_raw, s);
	s->txn = rs_alloc(budget, s->n, sizeof(uint32), purpose);
	for (uint64 i = 0; i < s->n; i++)
		s->txn[place[i]] = s->list[i].txn;
	if (s->loan)
	{
		uint32	   *loan = rs_alloc(budget, s->n, sizeof(uint32), purpose);

		for (uint64 i = 0; i < s->n; i++)
			loan[place[i]] = s->loan[i];
		pfree(s->loan);
		s->loan = loan;
	}
	if (s->list)
		pfree(s->list);
	if (s->amount)
		pfree(s->amount);
	if (s->wide)
		pfree(s->wide);
	pfree(place);
	return flow;
}

RsFlow *
rs_flow_load(const char *transfers, const char *bad_rows, bool by_owner, MemoryContext budget)
{
	MemoryContext old = MemoryContextSwitchTo(budget);
	RsFlow	   *flow;

	if (pg_strncasecmp(transfers, "graph:", 6) == 0)
	{
		if (by_owner)
			ereport(ERROR,
					(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
					 errmsg("a flow graph knows accounts, not their owners"),
					 errhint("Create the graph from a query whose payer and payee are the owners, or pass the query itself.")));
		flow = rs_flow_open(transfers, bad_rows, budget);
	}
	else
		flow = load_query(transfers, bad_rows, by_owner, budget);
	MemoryContextSwitchTo(old);
	return flow;
}
