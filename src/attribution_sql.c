/*
 * src/attribution_sql.c
 *	  attribute_funds() and explain_attribution().
 *
 * Each call reads its ledger (src/attribution_read.c), runs one engine, and
 * puts the engine's rows into a tuplestore as they come.
 */
#include "pg_compat.h"

#include "executor/spi.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "attribution_sql.h"
#include "rs_memory.h"

typedef struct Output
{
	RsCase	   *c;
	ReturnSetInfo *result;
	MemoryContext row_context;
	int32		step;
	uint64		rows;

	/* put_money: values that neighbouring rows share */
	MemoryContext kept_context;
	bool		filled;
	RsMoneyRow	last;
	Datum	   *claim;			/* texts, by claim */
	Datum		values[9];
	bool		nulls[9];
} Output;

static char *
text_argument(FunctionCallInfo fcinfo, int i, const char *argument)
{
	if (PG_ARGISNULL(i))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("argument %s must not be null", argument)));
	return text_to_cstring(PG_GETARG_TEXT_PP(i));
}

static const char *const kind_name[] = {
	[RS_MOVED] = "moved", [RS_HELD] = "held", [RS_EXITED] = "exited", [RS_FEE] = "fee", [RS_CUT] = "cut"
};

/*
 * Rows come in runs: all claims of one transfer, one after the other. Only the
 * claim and its part differ, so the other values are kept until the transfer
 * or the account changes, and each claim's text is made once.
 */
static void
put_money(void *arg, const RsMoneyRow *row)
{
	Output	   *o = arg;
	RsCase	   *c = o->c;
	MemoryContext old = CurrentMemoryContext;
	bool		on_transfer = row->transfer != RS_NO_TRANSFER;
	Datum		traced;

	if (!o->filled || row->kind != o->last.kind || row->account != o->last.account ||
		row->counterparty != o->last.counterparty || row->transfer != o->last.transfer ||
		row->amount != o->last.amount)
	{
		/* dust that was cut has no transfer and no account of its own */
		bool		residue = row->kind == RS_CUT && !on_transfer;

		MemoryContextReset(o->kept_context);
		MemoryContextSwitchTo(o->kept_context);
		memset(o->nulls, 0, sizeof(o->nulls));
		o->values[1] = CStringGetTextDatum(kind_name[row->kind]);
		o->nulls[2] = residue;
		if (!residue)
			o->values[2] = rs_case_account_text(c, row->account);
		o->nulls[3] = row->counterparty == UINT32_MAX;
		if (!o->nulls[3])
			o->values[3] = rs_case_account_text(c, row->counterparty);
		o->nulls[4] = o->nulls[5] = !on_transfer;
		if (on_transfer)
		{
			o->values[4] = rs_case_txn_text(c, row->transfer);
			o->values[5] = TimestampTzGetDatum(rs_ledger_paid_at(c->ledger, row->transfer));
		}
		o->nulls[6] = residue;
		o->values[6] = residue ? (Datum) 0 : rs_case_ledger_money(c, row->amount);
		o->nulls[8] = !rs_case_currency_text(c, row->account, residue, &o->values[8]);
		o->last = *row;
		o->filled = true;
	}
	if (o->claim[row->claim] == (Datum) 0)
	{
		MemoryContextSwitchTo(c->budget);
		o->claim[row->claim] = rs_case_claim_text(c, row->claim);
	}
	MemoryContextSwitchTo(o->row_context);
	traced = rs_case_money(c, row->traced);
	o->values[0] = o->claim[row->claim];
	o->values[7] = traced;
	tuplestore_putvalues(o->result->setResult, o->result->setDesc, o->values, o->nulls);
	MemoryContextSwitchTo(old);
	if ((++o->rows & 0x3f) == 0)
		MemoryContextReset(o->row_context);
}

static void
open_output(FunctionCallInfo fcinfo, Output *o, MemoryContext *budget)
{
	memset(o, 0, sizeof(Output));
	InitMaterializedSRF(fcinfo, 0);
	o->result = (ReturnSetInfo *) fcinfo->resultinfo;
	*budget = AllocSetContextCreate(CurrentMemoryContext, "risk_screen attribution", ALLOCSET_DEFAULT_SIZES);
	o->row_context = AllocSetContextCreate(*budget, "risk_screen result row", ALLOCSET_SMALL_SIZES);
	o->kept_context = AllocSetContextCreate(*budget, "risk_screen kept values", ALLOCSET_SMALL_SIZES);
}

/*
 * attribute_funds(transfers text, claims text, rule text, direction text, openings text,
 *		until timestamptz, tie text, deficit text, exit_at text[], min_traced numeric,
 *		poison_forever boolean, bad_rows text)
 *	 returns (claim text, kind text, account text, counterparty text, txn_id text,
 *			  paid_at timestamptz, amount numeric, traced numeric, currency text)
 *
 * How much of each claim's money every transfer carries and every account
 * holds; docs/attribution.md has the model. NULL is allowed for openings
 * (zero), until (no end), exit_at (none) and min_traced (0) only. Errors:
 * 22004 NULL argument, 22023 unknown option or a claim that does not fit its
 * transfer, 22003 sums beyond 126 bits, 22000 a deficit under deficit =>
 * 'error', 54000 memory. Cost: one read of the transfers, or bound queries for
 * those of touched accounts (src/attribution_closure.c); one sort by time; then FIFO and LIFO visit the transfers that carry claims, the other rules
 * all transfers of accounts while they hold claimed money.
 */
PG_FUNCTION_INFO_V1(rs_attribute_funds);
Datum
rs_attribute_funds(PG_FUNCTION_ARGS)
{
	Output		o;
	MemoryContext budget;
	RsRule		rule = rs_rule_option(text_argument(fcinfo, RS_ARG_RULE, "rule"));
	RsTie		tie = rs_tie_option(text_argument(fcinfo, RS_ARG_TIE, "tie"));

	open_output(fcinfo, &o, &budget);
	SPI_connect();
	o.c = rs_case_open(fcinfo, budget, rule, tie, false, NULL);
	rs_case_prepare(o.c);
	o.claim = rs_alloc0(budget, o.c->a.claims, sizeof(Datum), "texts of claims");
	o.c->a.emit = put_money;
	o.c->a.emit_arg = &o;
	rs_attribution_run(&o.c->a);
	rs_case_close(o.c);
	SPI_finish();
	MemoryContextDelete(budget);
	return (Datum) 0;
}

/* ----- explanation ----- */

static const char *const why_name[] = {
	[RS_WHY_CREDIT] = "transfer", [RS_WHY_OPENING] = "opening", [RS_WHY_UNKNOWN] = "unknown",
	[RS_WHY_POOL] = "pool", [RS_WHY_REST] = "rest", [RS_WHY_SEED] = "claim", [RS_WHY_CUT] = "cut",
	[RS_WHY_DUST] = "cut", [RS_WHY_HELD] = "held", [RS_WHY_REFILL] = "overdraft"
};

static char *
money_text(RsCase *c, int128 value)
{
	return DatumGetCString(DirectFunctionCall1(numeric_out, rs_case_money(c, value)));
}

/* One sentence for the case file. */
static char *
why_note(RsCase *c, const RsWhyRow *row)
{
	const char *onward = c->a.upstream ? "pays for" : "paid by";

	switch (row->kind)
	{
		case RS_WHY_CREDIT:
			return psprintf("units %s to %s of this transfer: %s a transfer of %s",
							money_text(c, row->first), money_text(c, row->last), onward, money_text(c, row->available));
		case RS_WHY_OPENING:
			return psprintf("units %s to %s of this transfer: paid by the opening balance of %s",
							money_text(c, row->first), money_text(c, row->last), money_text(c, row->available));
		case RS_WHY_UNKNOWN:
			if (row->last > row->first)
				return psprintf("units %s to %s of this transfer: the records do not cover them",
								money_text(c, row->first), money_text(c, row->last));
			return psprintf("%s of this transfer is not covered by the balance of %s",
							money_text(c, row->taken), money_text(c, row->balance));
		case RS_WHY_POOL:
			return psprintf("the claim has %s of the balance of %s; the rule takes %s of it",
							money_text(c, row->available), money_text(c, row->balance), money_text(c, row->taken));
		case RS_WHY_REST:
			return psprintf("nobody claims %s of the balance of %s; the rule takes %s of it",
							money_text(c, row->available), money_text(c, row->balance), money_text(c, row->taken));
		case RS_WHY_HELD:
			return psprintf("units %s to %s of this transfer: still in the account",
							money_text(c, row->first), money_text(c, row->last));
		case RS_WHY_REFILL:
			if (row->last > row->first)
				return psprintf("units %s to %s of this transfer: paid back an overdraft",
								money_text(c, row->first), money_text(c, row->last));
			return psprintf("%s of this transfer paid back an overdraft", money_text(c, row->taken));
		case RS_WHY_DUST:
			return psprintf("less than min_traced, not followed: %s", money_text(c, row->taken));
		case RS_WHY_SEED:
			return psprintf("the claim names this transfer: %s of it", money_text(c, row->taken));
		default:
			return psprintf("displaced by a claim that names this transfer: %s", money_text(c, row->taken));
	}
}

static void
put_why(void *arg, const RsWhyRow *row)
{
	Output	   *o = arg;
	RsCase	   *c = o->c;
	Datum		values[9] = {0};
	bool		nulls[9] = {false};
	MemoryContext old = MemoryContextSwitchTo(o->row_context);
	bool		other = row->source != RS_NO_TRANSFER && row->source != c->a.watch;

	values[0] = Int32GetDatum(++o->step);
	nulls[1] = row->claim == RS_NO_CLAIM;
	if (!nulls[1])
		values[1] = rs_case_claim_text(c, row->claim);
	values[2] = CStringGetTextDatum(why_name[row->kind]);
	nulls[3] = nulls[4] = nulls[5] = !other;
	if (other)
	{
		values[3] = rs_case_txn_text(c, row->source);
		values[4] = rs_case_account_text(c, c->a.upstream ? rs_ledger_payee(c->ledger, row->source)
										 : rs_ledger_payer(c->ledger, row->source));
		values[5] = TimestampTzGetDatum(rs_ledger_paid_at(c->ledger, row->source));
	}
	nulls[6] = row->kind == RS_WHY_CUT || row->kind == RS_WHY_DUST;
	values[6] = rs_case_money(c, row->available);
	values[7] = rs_case_money(c, row->taken);
	values[8] = CStringGetTextDatum(why_note(c, row));
	tuplestore_putvalues(o->result->setResult, o->result->setDesc, values, nulls);
	MemoryContextSwitchTo(old);
	MemoryContextReset(o->row_context);
}

static void
put_nothing(void *arg, const RsMoneyRow *row)
{
}

/*
 * explain_attribution(… the arguments of attribute_funds …, txn_id text)
 *	 returns (step int, claim text, source text, source_txn text, source_account text,
 *			  source_at timestamptz, available numeric, taken numeric, note text)
 *
 * Lot by lot (fifo, lifo) or share by share (the other rules), why a transfer
 * carries what it carries. Errors as attribute_funds, and 22023 for a txn_id
 * that the transfers query does not have. Cost as attribute_funds.
 */
PG_FUNCTION_INFO_V1(rs_explain_attribution);
Datum
rs_explain_attribution(PG_FUNCTION_ARGS)
{
	Output		o;
	MemoryContext budget;
	RsRule		rule = rs_rule_option(text_argument(fcinfo, RS_ARG_RULE, "rule"));
	RsTie		tie = rs_tie_option(text_argument(fcinfo, RS_ARG_TIE, "tie"));

	if (PG_ARGISNULL(RS_ARG_COUNT))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("argument txn_id must not be null"),
				 errhint("Name the transfer to explain: txn_id => '...'.")));
	open_output(fcinfo, &o, &budget);
	SPI_connect();
	o.c = rs_case_open(fcinfo, budget, rule, tie, false, PG_GETARG_TEXT_PP(RS_ARG_COUNT));
	rs_case_prepare(o.c);
	o.c->a.watch = rs_case_transfer(o.c, PG_GETARG_TEXT_PP(RS_ARG_COUNT));
	o.c->a.emit = put_nothing;
	o.c->a.explain = put_why;
	o.c->a.explain_arg = &o;
	rs_attribution_run(&o.c->a);
	rs_case_close(o.c);
	SPI_finish();
	MemoryContextDelete(budget);
	return (Datum) 0;
}
