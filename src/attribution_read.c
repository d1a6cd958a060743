/*
 * src/attribution_read.c
 *	  Reading the ledger of an attribution.
 *
 * Transfers stream from the query into the ledger's arrays, identifiers become
 * numbers, amounts integers of the smallest unit seen. With a currency column
 * an account is one book per currency, so the ledger's accounts are pairs.
 * Claims are numbered in the order of their identifiers, because that order
 * breaks ties of rounding.
 *
 * Transfers are read whole, or only as far as claims reach
 * (src/attribution_closure.c); claims and openings by src/attribution_claims.c.
 *
 * Memory: everything in the call's budget. Cost: one pass over each query.
 */
#include "pg_compat.h"

#include "catalog/pg_collation.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/numeric.h"
#include "utils/timestamp.h"

#include "attribution_sql.h"
#include "rs_memory.h"

static const char purpose[] = "the ledger of an attribution";

/* ----- options ----- */

static int
option(const char *given, const char *argument, const char *const *name, int n, const char *hint)
{
	for (int i = 0; i < n; i++)
		if (strcmp(given, name[i]) == 0)
			return i;
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("unknown %s \"%s\"", argument, given),
			 errhint("Use %s.", hint)));
	return -1;
}

RsRule
rs_rule_option(const char *rule)
{
	static const char *const name[] = {"fifo", "lifo", "pro_rata", "taint_first", "taint_last", "poison"};

	return option(rule, "rule", name, lengthof(name), "fifo, lifo, pro_rata, taint_first, taint_last or poison");
}

RsTie
rs_tie_option(const char *tie)
{
	static const char *const name[] = {"causal", "ledger", "debits_first", "credits_first"};

	return option(tie, "tie", name, lengthof(name), "causal, ledger, debits_first or credits_first");
}

static RsDeficit
deficit_option(const char *deficit)
{
	static const char *const name[] = {"infer", "overdraft", "error"};

	return option(deficit, "deficit", name, lengthof(name), "infer, overdraft or error");
}

static bool
direction_option(const char *direction)
{
	static const char *const name[] = {"downstream", "upstream"};

	return option(direction, "direction", name, lengthof(name), "downstream or upstream") == 1;
}

static char *
required_text(FunctionCallInfo fcinfo, int i, const char *argument)
{
	if (PG_ARGISNULL(i))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("argument %s must not be null", argument)));
	return text_to_cstring(PG_GETARG_TEXT_PP(i));
}

/* ----- accounts by currency ----- */

uint32
rs_case_node(RsCase *c, uint32 account, uint32 currency, bool make)
{
	uint64		key = (uint64) account << 32 | currency;
	uint64		h = key * UINT64CONST(0x9e3779b97f4a7c15);
	uint64		i;

	if (!c->has_currency)
		return account;
	if (((uint64) c->nodes + 1) * 2 > c->node_slots)
	{
		uint64		slots = c->node_slots ? c->node_slots * 2 : 1024;

		if (c->node_slot)
			pfree(c->node_slot);
		c->node_slot = rs_alloc0(c->budget, slots, sizeof(uint64), purpose);
		c->node_slots = slots;
		for (uint32 n = 0; n < c->nodes; n++)
		{
			uint64		k = ((uint64) c->node_account[n] << 32 | c->node_currency[n]) * UINT64CONST(0x9e3779b97f4a7c15);

			k = (k ^ (k >> 32)) & (slots - 1);
			while (c->node_slot[k])
				k = (k + 1) & (slots - 1);
			c->node_slot[k] = (uint64) n + 1;
		}
	}
	i = (h ^ (h >> 32)) & (c->node_slots - 1);
	while (c->node_slot[i])
	{
		uint32		n = (uint32) (c->node_slot[i] - 1);

		if (c->node_account[n] == account && c->node_currency[n] == currency)
			return n;
		i = (i + 1) & (c->node_slots - 1);
	}
	if (!make)
		return RS_NOT_THERE;
	c->node_account = rs_grow(c->budget, c->node_account, &c->node_capacity, (uint64) c->nodes + 1, sizeof(uint32), purpose);
	c->node_currency = rs_grow(c->budget, c->node_currency, &c->node_currency_capacity, (uint64) c->nodes + 1, sizeof(uint32), purpose);
	c->node_account[c->nodes] = account;
	c->node_currency[c->nodes] = currency;
	c->node_slot[i] = (uint64) c->nodes + 1;
	return c->nodes++;
}

/* ----- transfers ----- */

/* As the reader reports it, which cannot tell a transfer that is fetched again. */
void
rs_case_twice(RsCase *c, uint32 txn)
{
	ereport(ERROR,
			(errcode(ERRCODE_UNIQUE_VIOLATION),
			 errmsg("column \"txn_id\" of the transfers query occurs twice"),
			 errdetail("In the row with txn_id %s.",
					   TextDatumGetCString(rs_interner_text(rs_query_interner(c->transfers, RS_INTERN_TXN), txn))),
			 errhint("Mend or filter the rows in the query, or pass bad_rows => 'skip' to leave them out with a warning that counts them.")));
	abort();					/* not reached */
}

void
rs_case_add_transfer(RsCase *c, const RsRow *row)
{
	RsLedger   *l = c->ledger;
	uint32		txn = row->value[RS_T_TXN].id;
	uint32		currency = row->isnull[RS_T_CURRENCY] ? RS_NO_ID : row->value[RS_T_CURRENCY].id;

	if (txn >= c->place_capacity || c->place == NULL)
		c->place = rs_grow(c->budget, c->place, &c->place_capacity, (uint64) txn + 1, sizeof(uint32), purpose);
	while (c->txns <= txn)
		c->place[c->txns++] = RS_NOT_THERE;
	if (c->place[txn] != RS_NOT_THERE)
		rs_case_twice(c, txn);
	if (row->value[RS_T_TIME].time > c->until)
	{
		c->place[txn] = RS_LATER;
		return;
	}
	c->place[txn] = l->n;
	rs_ledger_add(l, txn,
				  rs_case_node(c, row->value[RS_T_PAYER].id, currency, true),
				  rs_case_node(c, row->value[RS_T_PAYEE].id, currency, true),
				  row->value[RS_T_AMOUNT].amount,
				  row->isnull[RS_T_FEE] ? 0 : row->value[RS_T_FEE].amount,
				  row->value[RS_T_TIME].time,
				  !row->isnull[RS_T_ORD], row->isnull[RS_T_ORD] ? 0 : row->value[RS_T_ORD].integer);
}

static void
read_transfer(void *arg, const RsRow *row)
{
	rs_case_add_transfer(arg, row);
}

static void
rescale_transfer(void *arg, int column, int old_scale, int new_scale)
{
	RsCase	   *c = arg;

	rs_ledger_rescale(c->ledger, column == RS_T_FEE, new_scale - old_scale);
	if (column == RS_T_FEE)
		c->fee_scale = new_scale;
	else
		c->amount_scale = new_scale;
}

static int
compare_in_interner(void *arg, uint32 a, uint32 b)
{
	return rs_interner_compare(arg, a, b);
}

/* Accounts that only openings know come last, in the order they came. */
static int
compare_flow_accounts(RsCase *c, uint32 a, uint32 b)
{
	uint32		x = c->has_currency ? c->node_account[a] : a;
	uint32		y = c->has_currency ? c->node_account[b] : b;

	if (x == y)
		return a == b ? 0 : rs_flow_currency_compare(c->flow->columns, c->node_currency[a], c->node_currency[b]);
	if (x >= c->flow->naccounts || y >= c->flow->naccounts)
		return x < y ? -1 : x > y;
	return c->flow->compare_account(c->flow, x, y);
}

static int
compare_nodes(void *arg, uint32 a, uint32 b)
{
	RsCase	   *c = arg;
	uint32		x;
	uint32		y;

	if (c->flow)
		return compare_flow_accounts(c, a, b);
	x = c->has_currency ? c->node_account[a] : a;
	y = c->has_currency ? c->node_account[b] : b;
	if (x != y)
		return rs_interner_compare(rs_query_interner(c->transfers, RS_INTERN_ACCOUNT), x, y);
	/* the same account in two currencies: two books that never meet */
	return a == b ? 0 :
		c->node_currency[a] == RS_NO_ID ? 1 :
		c->node_currency[b] == RS_NO_ID ? -1 :
		rs_interner_compare(rs_query_interner(c->transfers, RS_INTERN_OTHER), c->node_currency[a], c->node_currency[b]);
}

/* Number the transfers by the case's tie rule. */
void
rs_case_arrange(RsCase *c)
{
	RsLedger   *l = c->ledger;

	if (c->flow)
		return;
	rs_ledger_arrange(l, c->tie, compare_in_interner, rs_query_interner(c->transfers, RS_INTERN_TXN),
					  compare_nodes, c);
	for (uint32 t = 0; t < l->n; t++)
		c->place[l->txn[t]] = t;
}

void
rs_case_index(RsCase *c)
{
	uint8	   *claimed;

	if (c->flow)
	{
		rs_flow_ledger_tie(c->ledger, c->tie, c->a.seed, c->a.nseeds);
		return;
	}
	claimed = rs_alloc0(c->budget, c->ledger->n, 1, purpose);
	for (uint64 i = 0; i < c->a.nseeds; i++)
		claimed[c->a.seed[i].transfer] = 1;
	rs_ledger_index(c->ledger, claimed);
	pfree(claimed);
}

void
rs_case_drop_index(RsCase *c)
{
	pfree(c->ledger->start);
	pfree(c->ledger->entry);
}

/* The same case under another tie rule. */
void
rs_case_retie(RsCase *c, RsTie tie)
{
	RsLedger   *l = c->ledger;

	if (c->flow)
	{
		c->tie = tie;
		rs_case_index(c);
		return;
	}
	for (uint64 i = 0; i < c->a.nseeds; i++)
		c->a.seed[i].transfer = l->txn[c->a.seed[i].transfer];
	c->tie = tie;
	rs_case_arrange(c);
	for (uint64 i = 0; i < c->a.nseeds; i++)
		c->a.seed[i].transfer = c->place[c->a.seed[i].transfer];
	rs_case_drop_index(c);
	rs_case_index(c);
}

/* A query: its columns are known, nothing is read yet. */
static void
open_transfers(RsCase *c, const char *text, RsBadRows bad_rows, bool any_tie)
{
	RsQuery    *q;

	memcpy(c->column, rs_transfers_contract.column, sizeof(c->column));
	c->contract = rs_transfers_contract;
	c->contract.column = c->column;
	/* rs_case_add_transfer() finds duplicates, so that rows need not be numbered as they come */
	if (bad_rows == RS_BAD_ERROR)
		c->column[RS_T_TXN].flags &= ~RS_UNIQUE;
	q = rs_query_open(text, &c->contract, bad_rows, c->budget, NULL);
	c->transfers = q;
	c->ledger = rs_ledger_create(c->budget);
	rs_query_ignore(q, RS_T_PAYER_OWNER);
	rs_query_ignore(q, RS_T_PAYEE_OWNER);
	rs_query_ignore(q, RS_T_LOAN);
	c->has_ord = rs_query_has(q, RS_T_ORD);
	if (c->tie != RS_TIE_LEDGER && !any_tie)
		rs_query_ignore(q, RS_T_ORD);
	else if (c->tie == RS_TIE_LEDGER && !c->has_ord)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("tie => 'ledger' needs the column \"ord\" in the transfers query"),
				 errhint("Select the ledger's own sequence number as ord, or use tie => 'causal'.")));
	c->has_currency = rs_query_has(q, RS_T_CURRENCY);
	c->amount_scale = rs_query_scale(q, RS_T_AMOUNT);
	c->fee_scale = rs_query_has(q, RS_T_FEE) ? rs_query_scale(q, RS_T_FEE) : 0;
	c->scale = Max(c->amount_scale, c->fee_scale);
}

static void
read_transfers(RsCase *c)
{
	RsEstimate	expected = rs_query_estimate(c->transfers, NULL, NULL, 0, NULL, NULL);

	rs_ledger_reserve(c->ledger, expected.rows * 1.02 + 64);
	rs_query_read(c->transfers, read_transfer, rescale_transfer, c);
	/* one unit for amounts and fees */
	c->scale = Max(c->scale, Max(c->amount_scale, c->fee_scale));
	rs_ledger_rescale(c->ledger, false, c->scale - c->amount_scale);
	rs_ledger_rescale(c->ledger, true, c->scale - c->fee_scale);
	c->amount_scale = c->fee_scale = c->scale;
	rs_case_arrange(c);
}

/* A stored flow graph: nothing is read yet. */
static void
open_graph(RsCase *c, const char *transfers, const char *bad_rows)
{
	const RsFlowColumns *columns;

	c->flow = rs_flow_open(transfers, bad_rows, c->budget);
	columns = c->flow->columns;
	c->has_ord = columns && (columns->has & (1u << RS_GC_ORD));
	c->has_currency = columns && (columns->has & (1u << RS_GC_CURRENCY));
	if (c->tie == RS_TIE_LEDGER && !c->has_ord)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("tie => 'ledger' needs the column \"ord\" in the transfers query"),
				 errdetail("The query of the flow graph has none."),
				 errhint("Create the graph from a query with the ledger's own sequence number as ord, or use tie => 'causal'.")));
	c->scale = c->flow->scale;
	if (columns && (columns->has & (1u << RS_GC_FEE)))
		c->scale = Max(c->scale, columns->fee_scale);
	c->ledger = rs_flow_ledger_create(c);
}

/* ----- the case ----- */

static const char *
txn_name(void *arg, uint32 transfer)
{
	return TextDatumGetCString(rs_case_txn_text(arg, transfer));
}

/* Bring ledger, claims and openings to one unit. */
static void
align_scales(RsCase *c)
{
	int			scale = Max(c->scale, Max(c->seed_scale, c->opening_scale));

	if (scale > c->scale && c->flow)
	{
		rs_flow_ledger_rescale(c->ledger, scale - c->scale);
		c->scale = scale;
	}
	else if (scale > c->scale)
	{
		rs_ledger_rescale(c->ledger, false, scale - c->scale);
		rs_ledger_rescale(c->ledger, true, scale - c->scale);
		c->scale = scale;
	}
	rs_case_rescale_claims(c, 0, c->seed_scale, c->scale);
	rs_case_rescale_openings(c, 0, c->opening_scale, c->scale);
}

/* Claims get numbers in the order of their identifiers. */
static void
number_claims(RsCase *c)
{
	uint32	   *rank = rs_interner_ranks(c->claim_interner, c->budget);
	uint32		n = rs_interner_count(c->claim_interner);

	c->a.claims = n;
	c->claim_id = rs_alloc(c->budget, n, sizeof(uint32), purpose);
	for (uint32 i = 0; i < n; i++)
		c->claim_id[rank[i]] = i;
	for (uint64 i = 0; i < c->a.nseeds; i++)
		c->a.seed[i].claim = rank[c->a.seed[i].claim];
	for (uint64 i = 0; i < c->a.nbalances; i++)
		c->a.balance[i].claim = rank[c->a.balance[i].claim];
	for (uint64 i = 0; i < c->a.nopenings; i++)
		if (c->a.opening[i].claim != RS_NO_CLAIM)
			c->a.opening[i].claim = rank[c->a.opening[i].claim];
}

static uint8 *
marks_by_node(RsCase *c, const uint8 *mark)
{
	uint8	   *by_node = rs_alloc0(c->budget, c->nodes, 1, purpose);

	for (uint32 k = 0; k < c->nodes; k++)
		by_node[k] = mark[c->node_account[k]];
	return by_node;
}

static void
read_exits(RsCase *c, ArrayType *exits)
{
	uint8	   *mark;
	int			n;
	uint32	   *id;
	uint32		accounts;

	if (c->flow)
	{
		Datum	   *shown;

		c->flow->resolve(c->flow, exits, "exit_at", &n, &id, &shown);
		mark = rs_alloc0(c->budget, (uint64) c->flow->naccounts + c->nstrangers, 1, purpose);
		for (int i = 0; i < n; i++)
		{
			if (id[i] != RS_NO_ID)
				mark[id[i]] = 1;
			for (uint32 k = 0; k < c->nstrangers && id[i] == RS_NO_ID; k++)
				if (DatumGetBool(DirectFunctionCall2Coll(texteq, C_COLLATION_OID, c->stranger[k], shown[i])))
					mark[c->flow->naccounts + k] = 1;
		}
		c->a.exit_at = c->has_currency ? marks_by_node(c, mark) : mark;
		return;
	}
	id = rs_intern_text_array(c->transfers, RS_T_PAYER, exits, "exit_at", &n);
	accounts = rs_interner_count(rs_query_interner(c->transfers, RS_INTERN_ACCOUNT));

	mark = rs_alloc0(c->budget, accounts, 1, purpose);
	for (int i = 0; i < n; i++)
		mark[id[i]] = 1;
	c->a.exit_at = c->has_currency ? marks_by_node(c, mark) : mark;
}

RsCase *
rs_case_open(FunctionCallInfo fcinfo, MemoryContext budget, RsRule rule, RsTie tie, bool any_tie, text *watch)
{
	RsCase	   *c = rs_alloc0(budget, 1, sizeof(RsCase), purpose);
	RsBadRows	bad_rows;
	char	   *transfers = required_text(fcinfo, RS_ARG_TRANSFERS, "transfers");
	char	   *claims = required_text(fcinfo, RS_ARG_CLAIMS, "claims");
	char	   *openings = PG_ARGISNULL(RS_ARG_OPENINGS) ? NULL :
		text_to_cstring(PG_GETARG_TEXT_PP(RS_ARG_OPENINGS));

	c->budget = budget;
	c->tie = tie;
	c->a.budget = budget;
	c->a.rule = rule;
	c->a.upstream = direction_option(required_text(fcinfo, RS_ARG_DIRECTION, "direction"));
	c->a.deficit = deficit_option(required_text(fcinfo, RS_ARG_DEFICIT, "deficit"));
	c->a.poison_forever = !PG_ARGISNULL(RS_ARG_POISON_FOREVER) && PG_GETARG_BOOL(RS_ARG_POISON_FOREVER);
	c->a.watch = RS_NO_TRANSFER;
	c->a.txn_text = txn_name;
	c->a.txn_arg = c;
	c->until = PG_ARGISNULL(RS_ARG_UNTIL) ? DT_NOEND : PG_GETARG_TIMESTAMPTZ(RS_ARG_UNTIL);
	bad_rows = rs_bad_rows_option(required_text(fcinfo, RS_ARG_BAD_ROWS, "bad_rows"));
	if (PG_ARGISNULL(RS_ARG_MIN_TRACED))
		c->min_traced = int64_to_numeric(0);
	else
		c->min_traced = PG_GETARG_NUMERIC(RS_ARG_MIN_TRACED);
	if (!rs_numeric_is_finite(NumericGetDatum(c->min_traced)) ||
		DatumGetBool(DirectFunctionCall2(numeric_lt, NumericGetDatum(c->min_traced),
										 NumericGetDatum(int64_to_numeric(0)))))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("min_traced must be a finite number that is not negative")));

	if (strncmp(transfers, "graph:", 6) == 0)
		open_graph(c, transfers, text_to_cstring(PG_GETARG_TEXT_PP(RS_ARG_BAD_ROWS)));
	else
	{
		open_transfers(c, transfers, bad_rows, any_tie);
		/* a balance without a currency belongs to the only book of its account: all must be known */
		c->claims_first = !any_tie && rs_case_may_close(c, bad_rows) &&
			!(c->has_currency && (c->a.upstream || (openings && strcmp(openings, "infer") != 0)));
		if (!c->claims_first)
			read_transfers(c);
	}
	rs_case_read_claims(c, claims, bad_rows);
	if (openings && strcmp(openings, "infer") == 0)
		c->a.infer_openings = true;
	else if (openings)
		rs_case_read_openings(c, openings, bad_rows);
	number_claims(c);
	if (c->claims_first)
	{
		uint32	   *exit = NULL;
		int			nexits = 0;

		if (!PG_ARGISNULL(RS_ARG_EXIT_AT))
			exit = rs_intern_text_array(c->transfers, RS_T_PAYER, PG_GETARG_ARRAYTYPE_P(RS_ARG_EXIT_AT), "exit_at", &nexits);
		align_scales(c);
		if (!rs_case_close_over(c, exit, (uint32) nexits, watch))
			read_transfers(c);
		rs_case_resolve_seeds(c);
		c->claims_first = false;
	}
	align_scales(c);
	if (!PG_ARGISNULL(RS_ARG_EXIT_AT))
		read_exits(c, PG_GETARG_ARRAYTYPE_P(RS_ARG_EXIT_AT));

	/* openings and exits may know accounts that no transfer has */
	if (!c->flow)
		c->ledger->accounts = c->has_currency ? c->nodes :
			rs_interner_count(rs_query_interner(c->transfers, RS_INTERN_ACCOUNT));
	else if (c->has_currency)
		c->ledger->accounts = c->nodes;
	rs_case_index(c);
	c->a.partition = c->node_currency;
	c->a.ledger = c->ledger;
	return c;
}

void
rs_case_prepare(RsCase *c)
{
	bool		mixes = c->a.rule == RS_PRO_RATA || c->a.rule == RS_TAINT_FIRST || c->a.rule == RS_TAINT_LAST;
	Datum		least = NumericGetDatum(c->min_traced);
	int			scale;

	c->a.fine = mixes ? 1000000 : 1;
	rs_attribution_prepare(&c->a);
	c->digits = 0;
	while (rs_power_of_ten(c->digits) < c->a.fine)
		c->digits++;
	scale = c->scale + c->digits;
	/* a threshold between two units is the upper one */
	least = DirectFunctionCall2(numeric_round, least, Int32GetDatum(scale));
	if (DatumGetBool(DirectFunctionCall2(numeric_lt, least, NumericGetDatum(c->min_traced))))
		least = DirectFunctionCall2(numeric_add, least,
									DirectFunctionCall2(numeric_div, NumericGetDatum(int64_to_numeric(1)),
														rs_int128_to_numeric(rs_power_of_ten(scale), 0)));
	if (!rs_numeric_to_int128(least, scale, &c->a.min_traced))
		elog(ERROR, "min_traced has more digits than its unit");
}

void
rs_case_close(RsCase *c)
{
	if (c->openings)
		rs_query_close(c->openings);
	if (c->claims)
		rs_query_close(c->claims);
	if (c->transfers)
		rs_query_close(c->transfers);
	if (c->flow)
		c->flow->close(c->flow);
}

/* ----- texts and numbers of a case ----- */

int
rs_case_compare_accounts(RsCase *c, uint32 a, uint32 b)
{
	return compare_nodes(c, a, b);
}

uint32
rs_case_transfer(RsCase *c, text *txn_id)
{
	Datum		d = PointerGetDatum(txn_id);
	int			n;
	uint32		id;
	bool		found;

	if (c->flow)
	{
		id = c->flow->find_txns(c->flow, &d, 1)[0];
		found = id != RS_NO_ID && rs_flow_ledger_has(c->ledger, id);
		if (found)
			return id;
	}
	else
	{
		id = rs_intern_text_array(c->transfers, RS_T_TXN, rs_text_array(&d, 1), "txn_id", &n)[0];
		found = id < c->txns && c->place[id] < RS_LATER;
	}
	if (!found)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the transfers query has no transfer \"%s\" up to the time asked for",
						text_to_cstring(txn_id))));
	return c->place[id];
}

Datum
rs_case_txn_text(RsCase *c, uint32 transfer)
{
	if (c->flow)
		return c->flow->txn_text(c->flow, transfer);
	return rs_interner_text(rs_query_interner(c->transfers, RS_INTERN_TXN), c->ledger->txn[transfer]);
}

Datum
rs_case_account_text(RsCase *c, uint32 node)
{
	if (c->flow)
	{
		uint32		account = c->has_currency ? c->node_account[node] : node;

		return account < c->flow->naccounts ? c->flow->account_text(c->flow, account) :
			c->stranger[account - c->flow->naccounts];
	}
	return rs_interner_text(rs_query_interner(c->transfers, RS_INTERN_ACCOUNT),
							c->has_currency ? c->node_account[node] : node);
}

Datum
rs_case_claim_text(RsCase *c, uint32 claim)
{
	return rs_interner_text(c->claim_interner, c->claim_id[claim]);
}

/* of an account, or of a partition of what was cut */
bool
rs_case_currency_text(RsCase *c, uint32 node, bool is_partition, Datum *value)
{
	uint32		currency;

	if (!c->has_currency)
		return false;
	currency = is_partition ? node : c->node_currency[node];
	if (currency == RS_NO_ID)
		return false;
	*value = c->flow ? rs_flow_currency_text(c->flow->columns, currency) :
		rs_interner_text(rs_query_interner(c->transfers, RS_INTERN_OTHER), currency);
	return true;
}

/* In the rule's unit. */
Datum
rs_case_money(RsCase *c, int128 work_units)
{
	return rs_int128_to_numeric(work_units, c->scale + c->digits);
}

/* A whole number of ledger units, shown in them. */
Datum
rs_case_ledger_money(RsCase *c, int128 work_units)
{
	return rs_int128_to_numeric(work_units / c->a.fine, c->scale);
}
