/*
 * src/attribution_band.c
 *	  attribution_band(): how much the choice of rule and tie rule matters.
 *
 * The ledger is read once; each tie rule arranges it anew and each rule runs
 * on it. Per claim, account and kind (held, exited) only the smallest and the
 * largest traced amount are kept, with the choice that gave them; a choice
 * that gives no row gives zero.
 */
#include "pg_compat.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "attribution_sql.h"
#include "rs_memory.h"

#define MAX_CHOICES 32
static const char purpose[] = "the band of an attribution";

static const char *const rule_name[] = {"fifo", "lifo", "pro_rata", "taint_first", "taint_last", "poison"};
static const char *const tie_name[] = {"causal", "ledger", "debits_first", "credits_first"};

typedef struct BandRow
{
	uint32		claim;
	uint32		account;
	RsMoneyKind kind;
	uint32		seen;			/* choices that gave a row, as bits */
	int128		now;			/* under the choice that runs */
	int128		chosen;
	int128		least;
	int128		most;
	int			least_by;
	int			most_by;
} BandRow;

typedef struct Band
{
	MemoryContext budget;
	BandRow    *row;
	uint64		n;
	uint64		capacity;
	uint64	   *slot;			/* open addressing: row + 1 */
	uint64		slots;
	int			choice;
	int128		factor;			/* of this rule's unit, to the finest */
} Band;

static uint64
hash_key(uint32 claim, uint32 account, RsMoneyKind kind)
{
	uint64		h = ((uint64) claim << 32 | account) * UINT64CONST(0x9e3779b97f4a7c15) + kind;

	return h ^ (h >> 29);
}

static BandRow *
band_row(Band *b, uint32 claim, uint32 account, RsMoneyKind kind)
{
	uint64		i;
	BandRow    *r;

	if ((b->n + 1) * 2 > b->slots)
	{
		b->slots = b->slots ? b->slots * 2 : 256;
		if (b->slot)
			pfree(b->slot);
		b->slot = rs_alloc0(b->budget, b->slots, sizeof(uint64), purpose);
		for (uint64 k = 0; k < b->n; k++)
		{
			i = hash_key(b->row[k].claim, b->row[k].account, b->row[k].kind) & (b->slots - 1);
			while (b->slot[i])
				i = (i + 1) & (b->slots - 1);
			b->slot[i] = k + 1;
		}
	}
	i = hash_key(claim, account, kind) & (b->slots - 1);
	for (; b->slot[i]; i = (i + 1) & (b->slots - 1))
	{
		r = &b->row[b->slot[i] - 1];
		if (r->claim == claim && r->account == account && r->kind == kind)
			return r;
	}
	b->row = rs_grow(b->budget, b->row, &b->capacity, b->n + 1, sizeof(BandRow), purpose);
	r = &b->row[b->n++];
	memset(r, 0, sizeof(BandRow));
	r->claim = claim;
	r->account = account;
	r->kind = kind;
	b->slot[i] = b->n;
	return r;
}

static void
note(void *arg, const RsMoneyRow *row)
{
	Band	   *b = arg;
	BandRow    *r;

	if (row->kind != RS_HELD && row->kind != RS_EXITED)
		return;
	r = band_row(b, row->claim, row->account, row->kind);
	r->now += row->traced * b->factor;
	r->seen |= (uint32) 1 << b->choice;
}

/* A choice has run: its sums take part in the comparison. */
static void
close_choice(Band *b)
{
	for (uint64 i = 0; i < b->n; i++)
	{
		BandRow    *r = &b->row[i];

		if (!(r->seen & (uint32) 1 << b->choice))
			continue;
		if (b->choice == 0)
			r->chosen = r->now;
		if ((r->seen & ~((uint32) 1 << b->choice)) == 0)
		{
			r->least = r->most = r->now;
			r->least_by = r->most_by = b->choice;
		}
		else
		{
			if (r->now < r->least)
			{
				r->least = r->now;
				r->least_by = b->choice;
			}
			if (r->now > r->most)
			{
				r->most = r->now;
				r->most_by = b->choice;
			}
		}
		r->now = 0;
	}
}

static int
compare_rows(const void *a, const void *b, void *arg)
{
	const BandRow *x = a;
	const BandRow *y = b;
	RsCase	   *c = arg;

	if (x->claim != y->claim)
		return x->claim < y->claim ? -1 : 1;
	if (x->account != y->account)
		return rs_case_compare_accounts(c, x->account, y->account);
	return (int) x->kind - (int) y->kind;
}

static int
name_list(FunctionCallInfo fcinfo, int argument, const char *name, int *list)
{
	Datum	   *element;
	bool	   *isnull;
	int			n;

	deconstruct_array(PG_GETARG_ARRAYTYPE_P(argument), TEXTOID, -1, false, TYPALIGN_INT, &element, &isnull, &n);
	if (n > 6)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("argument %s has too many elements", name)));
	for (int i = 0; i < n; i++)
	{
		if (isnull[i])
			ereport(ERROR,
					(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					 errmsg("argument %s contains a null", name)));
		list[i] = argument == RS_ARG_COUNT ? (int) rs_rule_option(TextDatumGetCString(element[i]))
			: (int) rs_tie_option(TextDatumGetCString(element[i]));
	}
	return n;
}

/*
 * attribution_band(… the arguments of attribute_funds …, rules text[], ties text[])
 *	 returns (claim text, account text, kind text, traced numeric, smallest numeric, largest numeric,
 *			  smallest_by text, largest_by text, currency text)
 *
 * Per claim and account what is held or has exited under the rule and tie rule
 * given, and the smallest and largest amount over all rules and tie rules.
 * rules NULL: fifo, lifo, pro_rata, taint_first, taint_last (poison says how
 * much is touched, not how much is whose); ties NULL: causal, debits_first,
 * credits_first, and ledger if the query has ord. Errors as attribute_funds.
 * Cost: one read, and one run per rule and tie rule.
 */
PG_FUNCTION_INFO_V1(rs_attribution_band);
Datum
rs_attribution_band(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result;
	MemoryContext budget;
	MemoryContext run;
	RsCase	   *c;
	Band		b = {0};
	int			rule[7] = {RS_FIFO, RS_LIFO, RS_PRO_RATA, RS_TAINT_FIRST, RS_TAINT_LAST};
	int			tie[7] = {RS_TIE_CAUSAL, RS_TIE_DEBITS_FIRST, RS_TIE_CREDITS_FIRST, RS_TIE_LEDGER};
	int			nrules = 5;
	int			nties = 4;
	int			choices = 0;
	int			choice_rule[MAX_CHOICES];
	int			choice_tie[MAX_CHOICES];
	int			digits = 0;
	int			at_tie;

	if (PG_ARGISNULL(RS_ARG_RULE) || PG_ARGISNULL(RS_ARG_TIE))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("arguments rule and tie must not be null")));
	if (!PG_ARGISNULL(RS_ARG_COUNT))
		nrules = name_list(fcinfo, RS_ARG_COUNT, "rules", rule);
	if (!PG_ARGISNULL(RS_ARG_COUNT + 1))
		nties = name_list(fcinfo, RS_ARG_COUNT + 1, "ties", tie);

	/* the choice made comes first */
	choice_rule[0] = rs_rule_option(text_to_cstring(PG_GETARG_TEXT_PP(RS_ARG_RULE)));
	choice_tie[0] = rs_tie_option(text_to_cstring(PG_GETARG_TEXT_PP(RS_ARG_TIE)));
	choices = 1;

	InitMaterializedSRF(fcinfo, 0);
	result = (ReturnSetInfo *) fcinfo->resultinfo;
	budget = AllocSetContextCreate(CurrentMemoryContext, "risk_screen attribution", ALLOCSET_DEFAULT_SIZES);
	run = AllocSetContextCreate(budget, "risk_screen attribution run", ALLOCSET_DEFAULT_SIZES);
	b.budget = budget;
	SPI_connect();
	c = rs_case_open(fcinfo, budget, choice_rule[0], choice_tie[0], true, NULL);

	for (int t = 0; t < nties; t++)
	{
		if (tie[t] == RS_TIE_LEDGER && !c->has_ord)
		{
			if (PG_ARGISNULL(RS_ARG_COUNT + 1))
				continue;
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("tie rule ledger needs the column \"ord\" in the transfers query")));
		}
		for (int r = 0; r < nrules; r++)
		{
			bool		known = false;

			for (int i = 0; i < choices; i++)
				known = known || (choice_rule[i] == rule[r] && choice_tie[i] == tie[t]);
			if (known || choices == MAX_CHOICES)
				continue;
			choice_rule[choices] = rule[r];
			choice_tie[choices++] = tie[t];
		}
	}
	for (int i = 0; i < choices; i++)
		if (choice_rule[i] == RS_PRO_RATA || choice_rule[i] == RS_TAINT_FIRST || choice_rule[i] == RS_TAINT_LAST)
			digits = -1;

	at_tie = choice_tie[0];
	for (int i = 0; i < choices; i++)
	{
		if (choice_tie[i] != at_tie)
		{
			at_tie = choice_tie[i];
			rs_case_retie(c, at_tie);
		}
		if (digits < 0)
		{
			/* the finest unit any rule works in */
			c->a.rule = RS_PRO_RATA;
			rs_case_prepare(c);
			digits = c->digits;
		}
		c->a.rule = choice_rule[i];
		c->a.emit = note;
		c->a.emit_arg = &b;
		c->a.budget = run;
		rs_case_prepare(c);
		b.choice = i;
		b.factor = 1;
		for (int d = c->digits; d < digits; d++)
			b.factor *= 10;
		rs_attribution_run(&c->a);
		close_choice(&b);
		c->a.opening_start = NULL;
		c->a.budget = budget;
		MemoryContextReset(run);
	}

	for (uint64 i = 0; i < b.n; i++)
	{
		BandRow    *r = &b.row[i];

		/* no row is zero: say which choice gives it first */
		if (r->seen != (uint32) (((uint64) 1 << choices) - 1))
		{
			r->least = 0;
			for (int k = 0; k < choices; k++)
				if (!(r->seen & (uint32) 1 << k))
				{
					r->least_by = k;
					break;
				}
		}
	}
	if (b.n > 1)
		qsort_arg(b.row, b.n, sizeof(BandRow), compare_rows, c);
	c->digits = digits;
	for (uint64 i = 0; i < b.n; i++)
	{
		BandRow    *r = &b.row[i];
		Datum		values[9];
		bool		nulls[9] = {false};
		MemoryContext old = MemoryContextSwitchTo(run);

		values[0] = rs_case_claim_text(c, r->claim);
		values[1] = rs_case_account_text(c, r->account);
		values[2] = CStringGetTextDatum(r->kind == RS_HELD ? "held" : "exited");
		values[3] = rs_case_money(c, r->chosen);
		values[4] = rs_case_money(c, r->least);
		values[5] = rs_case_money(c, r->most);
		values[6] = CStringGetTextDatum(psprintf("%s, %s", rule_name[choice_rule[r->least_by]], tie_name[choice_tie[r->least_by]]));
		values[7] = CStringGetTextDatum(psprintf("%s, %s", rule_name[choice_rule[r->most_by]], tie_name[choice_tie[r->most_by]]));
		nulls[8] = !rs_case_currency_text(c, r->account, false, &values[8]);
		tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
		MemoryContextSwitchTo(old);
		MemoryContextReset(run);
		CHECK_FOR_INTERRUPTS();
	}
	rs_case_close(c);
	SPI_finish();
	MemoryContextDelete(budget);
	return (Datum) 0;
}
