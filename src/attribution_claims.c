/*
 * src/attribution_claims.c
 *	  Reading the claims and the openings of an attribution.
 *
 * A claim names a transfer, or upstream the balance of an account; an opening
 * gives an account its balance at a time. Both are few compared to the
 * transfers, whose identifiers they share. Over a flow graph, and as long as
 * transfers are fetched by claim (src/attribution_closure.c), they keep the
 * numbers of their own identifiers until these are found among the transfers.
 *
 * Cost: one pass over each query.
 */
#include "pg_compat.h"

#include "catalog/pg_collation.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "attribution_sql.h"
#include "rs_memory.h"

static const char purpose[] = "the claims of an attribution";

/* ----- contracts ----- */

enum { O_ACCOUNT, O_BALANCE, O_CLAIM, O_AT, O_CURRENCY, O_COLUMNS };

/* openings, with the currency that the contract of design.md has no room for */
static const RsColumn openings_columns[O_COLUMNS] = {
	[O_ACCOUNT] = {"account", RS_ID, RS_REQUIRED | RS_NOT_NULL, RS_INTERN_ACCOUNT},
	[O_BALANCE] = {"balance", RS_AMOUNT, RS_REQUIRED | RS_NOT_NULL | RS_NOT_NEGATIVE},
	[O_CLAIM] = {"claim", RS_ID, 0, RS_INTERN_OTHER},
	[O_AT] = {"at", RS_TIME, 0},
	[O_CURRENCY] = {"currency", RS_ID, 0, RS_INTERN_OWNER},
};
enum { C_CLAIM, C_TXN, C_AMOUNT, C_ACCOUNT, C_CURRENCY, C_COLUMNS };

/* claims, upstream also on balances: a row names a transfer or an account */
static const RsColumn claims_columns[C_COLUMNS] = {
	[C_CLAIM] = {"claim", RS_ID, RS_REQUIRED | RS_NOT_NULL, RS_INTERN_OTHER},
	[C_TXN] = {"txn_id", RS_ID, 0, RS_INTERN_TXN},
	[C_AMOUNT] = {"amount", RS_AMOUNT, RS_NOT_NEGATIVE},
	[C_ACCOUNT] = {"account", RS_ID, 0, RS_INTERN_ACCOUNT},
	[C_CURRENCY] = {"currency", RS_ID, 0, RS_INTERN_OWNER},
};
static const RsContract balances_contract = {"claims", C_COLUMNS, claims_columns, C_CLAIM};

static const RsContract openings_contract = {"openings", O_COLUMNS, openings_columns, O_ACCOUNT};

static RS_NORETURN void
several_currencies(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("an account has transfers in several currencies, and no currency is given"),
			 errhint("Add the column \"currency\" to the openings or claims query.")));
	abort();					/* not reached */
}

/* The book that a row of claims or openings means; for a graph, resolve_books() finds it. */
static uint32
book_node(RsCase *c, RsQuery *q, uint32 account, int currency, const RsRow *row)
{
	uint32		node = RS_NOT_THERE;

	if (!c->has_currency || c->flow)
		return account;
	if (rs_query_has(q, currency))
		return rs_case_node(c, account, row->isnull[currency] ? RS_NO_ID : row->value[currency].id, true);
	/* without a currency of its own it is that of the account's only book */
	for (uint32 n = 0; n < c->nodes; n++)
		if (c->node_account[n] == account)
		{
			if (node != RS_NOT_THERE)
				several_currencies();
			node = n;
		}
	return node == RS_NOT_THERE ? rs_case_node(c, account, RS_NO_ID, true) : node;
}

/* A graph's node of an account in a currency; behind its own, for those it does not know. */
static uint32
graph_node(RsCase *c, uint32 account, uint32 currency)
{
	uint32		node = account < c->flow->naccounts ? rs_flow_ledger_node(c->ledger, account, currency) : RS_NOT_THERE;

	for (uint32 n = c->ledger->accounts; n < c->nodes && node == RS_NOT_THERE; n++)
		if (c->node_account[n] == account && c->node_currency[n] == currency)
			node = n;
	if (node != RS_NOT_THERE)
		return node;
	c->node_account = rs_grow(c->budget, c->node_account, &c->node_capacity, (uint64) c->nodes + 1, sizeof(uint32), purpose);
	c->node_currency = rs_grow(c->budget, c->node_currency, &c->node_currency_capacity, (uint64) c->nodes + 1, sizeof(uint32), purpose);
	c->node_account[c->nodes] = account;
	c->node_currency[c->nodes] = currency;
	return c->nodes++;
}

/* An account's only book on a graph. */
static uint32
only_graph_node(RsCase *c, uint32 account)
{
	uint32		node = account < c->flow->naccounts ? rs_flow_ledger_only_node(c->ledger, account) : RS_NOT_THERE;

	if (node == RS_LATER)
		several_currencies();
	for (uint32 n = c->ledger->accounts; n < c->nodes; n++)
		if (c->node_account[n] == account)
		{
			if (node != RS_NOT_THERE)
				several_currencies();
			node = n;
		}
	return node == RS_NOT_THERE ? graph_node(c, account, RS_NO_ID) : node;
}

/* Accounts of a graph with currencies become books. */
static void
resolve_books(RsCase *c, RsQuery *q, int column, const uint32 *currency, RsOpening *list, uint64 count)
{
	RsInterner *in = rs_query_has(q, column) ? rs_query_interner(q, RS_INTERN_OWNER) : NULL;
	uint32		n = in ? rs_interner_count(in) : 0;
	uint32	   *number = rs_alloc(c->budget, n, sizeof(uint32), purpose);

	for (uint32 i = 0; i < n; i++)
		number[i] = rs_flow_currency_number(c->flow->columns, rs_interner_text(in, i));
	for (uint64 i = 0; i < count; i++)
		list[i].account = in == NULL ? only_graph_node(c, list[i].account) :
			graph_node(c, list[i].account, currency[i] == RS_NO_ID ? RS_NO_ID : number[currency[i]]);
}

/* Remember the currency of a row for resolve_books(). */
static void
note_currency(RsCase *c, uint32 **list, uint64 *capacity, uint64 i, int column, const RsRow *row)
{
	if (!c->has_currency || !c->flow)
		return;
	*list = rs_grow(c->budget, *list, capacity, i + 1, sizeof(uint32), purpose);
	(*list)[i] = row->isnull[column] ? RS_NO_ID : row->value[column].id;
}

ArrayType *
rs_text_array(Datum *element, uint32 n)
{
	return construct_array(element, (int) n, TEXTOID, -1, false, TYPALIGN_INT);
}

/* The graph's numbers of accounts that openings or claims name; new ones for those it does not know. */
static void
resolve_accounts(RsCase *c, RsInterner *in, const char *argument, RsOpening *list, uint64 count)
{
	uint32		n = rs_interner_count(in);
	Datum	   *id = rs_alloc(c->budget, n, sizeof(Datum), purpose);
	uint32	   *number;
	Datum	   *shown;
	int			found;
	uint32		known;

	for (uint32 i = 0; i < n; i++)
		id[i] = rs_interner_text(in, i);
	c->flow->resolve(c->flow, rs_text_array(id, n), argument, &found, &number, &shown);
	known = c->nstrangers;
	for (uint32 i = 0; i < n; i++)
	{
		/* claims may have named it before openings do */
		for (uint32 k = 0; k < known && number[i] == RS_NO_ID; k++)
			if (DatumGetBool(DirectFunctionCall2Coll(texteq, C_COLLATION_OID, c->stranger[k], shown[i])))
				number[i] = c->flow->naccounts + k;
		if (number[i] == RS_NO_ID)
		{
			c->stranger = rs_grow(c->budget, c->stranger, &c->stranger_capacity, (uint64) c->nstrangers + 1, sizeof(Datum), purpose);
			c->stranger[c->nstrangers] = shown[i];
			number[i] = c->flow->naccounts + c->nstrangers++;
		}
	}
	for (uint64 i = 0; i < count; i++)
		list[i].account = number[list[i].account];
	if (!c->has_currency)
		c->ledger->accounts = c->flow->naccounts + c->nstrangers;
}

/* ----- claims ----- */

static void
add_seed(RsCase *c, uint32 transfer, uint32 claim, int128 amount)
{
	RsSeed	   *s;

	c->a.seed = rs_grow(c->budget, c->a.seed, &c->seed_capacity, c->a.nseeds + 1, sizeof(RsSeed), purpose);
	s = &c->a.seed[c->a.nseeds++];
	s->transfer = transfer;
	s->claim = claim;
	s->amount = amount;
}

static void
unknown_claim(RsCase *c, uint32 txn)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("claims name transfer \"%s\", which the transfers query does not have",
					TextDatumGetCString(rs_interner_text(rs_query_interner(c->claims, RS_INTERN_TXN), txn))),
			 errhint("Widen the transfers query, or leave the claim out.")));
}

/* Find the graph's numbers of the transfers that claims name. */
static void
resolve_claims(RsCase *c)
{
	RsInterner *in = rs_query_interner(c->claims, RS_INTERN_TXN);
	uint32		n = rs_interner_count(in);
	Datum	   *id = rs_alloc(c->budget, n, sizeof(Datum), purpose);
	uint32	   *number;
	uint64		kept = 0;

	for (uint32 i = 0; i < n; i++)
		id[i] = rs_interner_text(in, i);
	number = c->flow->find_txns(c->flow, id, n);
	for (uint64 i = 0; i < c->a.nseeds; i++)
	{
		RsSeed		s = c->a.seed[i];

		if (number[s.transfer] == RS_NO_ID)
			unknown_claim(c, s.transfer);
		s.transfer = number[s.transfer];
		if (rs_flow_ledger_has(c->ledger, s.transfer))
			c->a.seed[kept++] = s;
	}
	c->a.nseeds = kept;
}

void
rs_case_resolve_seeds(RsCase *c)
{
	RsInterner *claimed = rs_query_interner(c->claims, RS_INTERN_TXN);
	RsInterner *known = rs_query_interner(c->transfers, RS_INTERN_TXN);
	uint64		kept = 0;

	for (uint64 i = 0; i < c->a.nseeds; i++)
	{
		RsSeed		s = c->a.seed[i];
		uint32		txn = rs_intern_lookup(known, rs_interner_datum(claimed, s.transfer));
		uint32		transfer = txn < c->txns ? c->place[txn] : RS_NOT_THERE;

		if (transfer == RS_NOT_THERE)
			unknown_claim(c, s.transfer);
		if (transfer == RS_LATER)
			continue;
		s.transfer = transfer;
		c->a.seed[kept++] = s;
	}
	c->a.nseeds = kept;
}

static void
read_claim(void *arg, const RsRow *row)
{
	RsCase	   *c = arg;
	uint32		txn;
	uint32		transfer;

	if (row->isnull[C_TXN] == row->isnull[C_ACCOUNT])
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("a row of the claims query names %s",
						row->isnull[C_TXN] ? "no transfer" : "a transfer and an account"),
				 errhint("Each row needs txn_id or, upstream, account.")));
	if (row->isnull[C_TXN])
	{
		RsOpening  *o;

		if (!c->a.upstream)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("claims on balances are for direction => 'upstream'"),
					 errhint("Downstream, give the balance in openings, with its claim.")));
		c->a.balance = rs_grow(c->budget, c->a.balance, &c->balance_capacity, c->a.nbalances + 1, sizeof(RsOpening), purpose);
		note_currency(c, &c->balance_currency, &c->balance_currency_capacity, c->a.nbalances, C_CURRENCY, row);
		o = &c->a.balance[c->a.nbalances++];
		o->account = book_node(c, c->claims, row->value[C_ACCOUNT].id, C_CURRENCY, row);
		o->claim = row->value[C_CLAIM].id;
		o->amount = row->isnull[C_AMOUNT] ? RS_WHOLE : row->value[C_AMOUNT].amount;
		return;
	}
	txn = row->value[C_TXN].id;
	transfer = txn < c->txns ? c->place[txn] : RS_NOT_THERE;

	/* resolve_claims() asks a graph for all of them at once; for rs_case_resolve_seeds() it is too early */
	if (c->flow || c->claims_first)
		transfer = txn;
	else if (transfer == RS_NOT_THERE)
		unknown_claim(c, txn);
	else if (transfer == RS_LATER)
		return;
	add_seed(c, transfer, row->value[C_CLAIM].id,
			 row->isnull[C_AMOUNT] ? RS_WHOLE : row->value[C_AMOUNT].amount);
}

int128
rs_power_of_ten(int digits)
{
	int128		p = 1;

	while (digits-- > 0)
		p *= 10;
	return p;
}

static void
too_large(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
			 errmsg("an amount is too large for the unit of the ledger"),
			 errhint("Round the amounts to fewer digits after the point.")));
}

static int128
scale_up(int128 value, int digits)
{
	int128		result;

	if (__builtin_mul_overflow(value, rs_power_of_ten(digits), &result))
		too_large();
	return result;
}

void
rs_case_rescale_claims(void *arg, int column, int old_scale, int new_scale)
{
	RsCase	   *c = arg;

	for (uint64 i = 0; i < c->a.nseeds; i++)
		if (c->a.seed[i].amount != RS_WHOLE)
			c->a.seed[i].amount = scale_up(c->a.seed[i].amount, new_scale - old_scale);
	for (uint64 i = 0; i < c->a.nbalances; i++)
		if (c->a.balance[i].amount != RS_WHOLE)
			c->a.balance[i].amount = scale_up(c->a.balance[i].amount, new_scale - old_scale);
	c->seed_scale = new_scale;
}

void
rs_case_read_claims(RsCase *c, const char *text, RsBadRows bad_rows)
{
	RsInterner *shared[RS_MAX_INTERNERS] = {0};

	if (c->transfers)
	{
		shared[RS_INTERN_ACCOUNT] = rs_query_interner(c->transfers, RS_INTERN_ACCOUNT);
		/* before the transfers, numbers of their own: those of the transfers shall be in their order */
		shared[RS_INTERN_TXN] = !c->claims_first ? rs_query_interner(c->transfers, RS_INTERN_TXN) :
			rs_interner_create(c->budget, rs_interner_type(rs_query_interner(c->transfers, RS_INTERN_TXN)),
							   rs_query_collation(c->transfers, RS_T_TXN));
		if (c->has_currency)
			shared[RS_INTERN_OWNER] = rs_query_interner(c->transfers, RS_INTERN_OTHER);
	}
	c->claims = rs_query_open(text, &balances_contract, bad_rows, c->budget, shared);
	if (!c->has_currency)
		rs_query_ignore(c->claims, C_CURRENCY);
	if (!rs_query_has(c->claims, C_TXN) && !rs_query_has(c->claims, C_ACCOUNT))
	{
		rs_query_close(c->claims);
		rs_query_open(text, &rs_claims_contract, bad_rows, c->budget, NULL);	/* the error about txn_id */
	}
	c->seed_scale = rs_query_has(c->claims, C_AMOUNT) ? rs_query_scale(c->claims, C_AMOUNT) : 0;
	rs_query_read(c->claims, read_claim, rs_case_rescale_claims, c);
	c->claim_interner = rs_query_interner(c->claims, RS_INTERN_OTHER);
	if (c->flow && rs_query_has(c->claims, C_TXN))
		resolve_claims(c);
	if (c->flow && rs_query_has(c->claims, C_ACCOUNT))
	{
		resolve_accounts(c, rs_query_interner(c->claims, RS_INTERN_ACCOUNT), "claims", c->a.balance, c->a.nbalances);
		if (c->has_currency)
			resolve_books(c, c->claims, C_CURRENCY, c->balance_currency, c->a.balance, c->a.nbalances);
	}
}

/* ----- openings ----- */

static void
read_opening(void *arg, const RsRow *row)
{
	RsCase	   *c = arg;
	uint32		account = row->value[O_ACCOUNT].id;
	RsOpening  *o;
	uint32		node = book_node(c, c->openings, account, O_CURRENCY, row);

	c->a.opening = rs_grow(c->budget, c->a.opening, &c->opening_capacity, c->a.nopenings + 1, sizeof(RsOpening), purpose);
	note_currency(c, &c->opening_currency, &c->opening_currency_capacity, c->a.nopenings, O_CURRENCY, row);
	o = &c->a.opening[c->a.nopenings++];
	o->account = node;
	o->claim = row->isnull[O_CLAIM] ? RS_NO_CLAIM : row->value[O_CLAIM].id;
	o->amount = row->value[O_BALANCE].amount;
	o->at = row->isnull[O_AT] ? DT_NOBEGIN : row->value[O_AT].time;
	if (o->at > c->until)
		c->a.nopenings--;
}

void
rs_case_rescale_openings(void *arg, int column, int old_scale, int new_scale)
{
	RsCase	   *c = arg;

	for (uint64 i = 0; i < c->a.nopenings; i++)
		c->a.opening[i].amount = scale_up(c->a.opening[i].amount, new_scale - old_scale);
	c->opening_scale = new_scale;
}

void
rs_case_read_openings(RsCase *c, const char *text, RsBadRows bad_rows)
{
	RsInterner *shared[RS_MAX_INTERNERS] = {0};

	if (c->transfers)
		shared[RS_INTERN_ACCOUNT] = rs_query_interner(c->transfers, RS_INTERN_ACCOUNT);
	shared[RS_INTERN_OTHER] = c->claim_interner;
	shared[RS_INTERN_OWNER] = c->has_currency && c->transfers ? rs_query_interner(c->transfers, RS_INTERN_OTHER) : NULL;
	c->openings = rs_query_open(text, &openings_contract, bad_rows, c->budget, shared);
	if (!c->has_currency)
		rs_query_ignore(c->openings, O_CURRENCY);
	c->opening_scale = rs_query_scale(c->openings, O_BALANCE);
	rs_query_read(c->openings, read_opening, rs_case_rescale_openings, c);
	if (c->flow)
		resolve_accounts(c, rs_query_interner(c->openings, RS_INTERN_ACCOUNT), "openings", c->a.opening, c->a.nopenings);
	if (c->flow && c->has_currency)
		resolve_books(c, c->openings, O_CURRENCY, c->opening_currency, c->a.opening, c->a.nopenings);
}
