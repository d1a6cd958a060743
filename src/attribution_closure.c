/*
 * src/attribution_closure.c
 *	  Reading only the transfers of accounts that claimed money touches.
 *
 * An attribution needs the whole book of every account that claimed money
 * reaches (what came in before decides what goes out), and nothing of the
 * others. Which accounts these are is what the attribution itself finds out. So
 * it is run with every account whose transfers were not read yet as an exit;
 * the exits that money reached are fetched by bound queries,
 *
 *	 unnest($1 accounts) JOIN (query) q ON q.payer = f.account		and q.payee
 *
 * and it is run again, until no such exit is reached. Then the ledger at hand
 * answers the question exactly as the whole ledger would.
 *
 * The order of credits inside an instant may depend on transfers of accounts
 * that nothing touches (the causal tie rules look at the graph of the instant).
 * Where a fetched account has a credit that is not alone in its instant, the
 * credits of that instant are fetched backwards from its payers.
 *
 * This pays while little is touched and indexes lead there. The planner is
 * asked what each step costs; when the steps together would cost more than
 * half of reading everything, everything is read instead. So a query without
 * indexes is read whole at once, and at worst the effort grows by half.
 *
 * What must be known beforehand is the unit of the amounts, since pro rata
 * counts in fractions of it: a column of plain numeric is read whole. Rows
 * that are not read are not checked.
 */
#include "pg_compat.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "optimizer/optimizer.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/hsearch.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "attribution_sql.h"
#include "rs_memory.h"

static const char purpose[] = "the accounts that claimed money touches";

/* Beyond the executor a row costs so many times cpu_tuple_cost to take in, and half as many each time it is looked at again. */
#define ROW_COST	8.0
/* Planning and starting a query, in units of cpu_tuple_cost. */
#define START_COST	3000.0

/* How a transfer came: each way can bring it once. */
#define BY_ID		1
#define BY_PAYER	2
#define BY_PAYEE	4
#define BY_INSTANT	8

/* By account. */
#define WHOLE		1			/* its transfers were fetched */
#define WANTED		2			/* ... or will be in the next step */
#define EXIT		4			/* money that reaches it is not followed */

/* An account's credits of one instant. */
typedef struct Instant
{
	uint32		account;
	uint32		padding;
	TimestampTz at;
} Instant;

typedef struct Closure
{
	RsCase	   *c;
	RsInterner *accounts;
	uint8	   *state;			/* by account */
	uint64		state_capacity;
	uint32		nstates;
	uint8	   *seen;			/* by txn number */
	uint64		seen_capacity;
	uint32		nseen;
	int			way;			/* BY_... of the rows that come in */
	uint32	   *wanted;
	uint64		nwanted;
	uint64		wanted_capacity;
	HTAB	   *known;			/* instants that were fetched or will be */
	Instant    *instant;
	uint64		ninstants;
	uint64		instant_capacity;
	double		limit;			/* in the planner's units */
	double		spent;
	double		came;			/* rows of the step at hand */

	/* scratch of find_ties(), by account */
	uint32	   *group;
	uint32	   *credits;
	uint32	   *debits;
	bool	   *back;
} Closure;

/* May it be tried at all? */
bool
rs_case_may_close(RsCase *c, RsBadRows bad_rows)
{
	bool		mixes = c->a.rule != RS_FIFO && c->a.rule != RS_LIFO;
	/* with so many digits the sum of the whole ledger cannot change how fine a mixing rule works */
	int			most = mixes ? 22 : 1000;

	for (int column = RS_T_AMOUNT; column <= RS_T_FEE; column++)
	{
		int			precision;

		if ((column != RS_T_AMOUNT && column != RS_T_FEE) || !rs_query_has(c->transfers, column))
			continue;
		precision = rs_query_precision(c->transfers, column);
		if (precision == 0 || precision > most)
			return false;
	}
	return bad_rows == RS_BAD_ERROR;
}

/* ----- what is known ----- */

static uint8 *
state_of(Closure *k, uint32 account)
{
	if (account >= k->nstates)
	{
		uint32		n = rs_interner_count(k->accounts);

		k->state = rs_grow(k->c->budget, k->state, &k->state_capacity, n, 1, purpose);
		memset(k->state + k->nstates, 0, n - k->nstates);
		k->nstates = n;
	}
	return &k->state[account];
}

static void
want(Closure *k, uint32 account)
{
	uint8	   *state = state_of(k, account);

	if (*state & (WHOLE | WANTED))
		return;
	*state |= WANTED;
	k->wanted = rs_grow(k->c->budget, k->wanted, &k->wanted_capacity, k->nwanted + 1, sizeof(uint32), purpose);
	k->wanted[k->nwanted++] = account;
}

static inline uint32
account_of(const RsCase *c, uint32 node)
{
	return c->has_currency ? c->node_account[node] : node;
}

/* ----- fetching ----- */

/* A transfer that was fetched before must be the same; a transfer that comes twice by one way is there twice. */
static bool
seen_before(Closure *k, const RsRow *row)
{
	RsCase	   *c = k->c;
	RsLedger   *l = c->ledger;
	uint32		txn = row->value[RS_T_TXN].id;
	uint8		before;
	uint32		t;

	if (txn >= k->nseen)
	{
		uint32		n = rs_interner_count(rs_query_interner(c->transfers, RS_INTERN_TXN));

		k->seen = rs_grow(c->budget, k->seen, &k->seen_capacity, n, 1, purpose);
		memset(k->seen + k->nseen, 0, n - k->nseen);
		k->nseen = n;
	}
	before = k->seen[txn];
	k->seen[txn] |= k->way;
	if (before == 0)
		return false;
	t = c->place[txn];
	if ((before & k->way) ||
		(t != RS_LATER && (l->paid_at[t] != row->value[RS_T_TIME].time ||
						   account_of(c, l->payer[t]) != row->value[RS_T_PAYER].id ||
						   account_of(c, l->payee[t]) != row->value[RS_T_PAYEE].id)))
		rs_case_twice(c, txn);
	return true;
}

static void
take_row(void *arg, const RsRow *row)
{
	Closure    *k = arg;
	RsCase	   *c = k->c;

	k->came++;
	if (seen_before(k, row))
		return;
	if (c->scale == c->amount_scale && c->scale == c->fee_scale)
		rs_case_add_transfer(c, row);
	else
	{
		RsRow		scaled = *row;

		scaled.value[RS_T_AMOUNT].amount *= rs_power_of_ten(c->scale - c->amount_scale);
		if (!row->isnull[RS_T_FEE])
			scaled.value[RS_T_FEE].amount *= rs_power_of_ten(c->scale - c->fee_scale);
		rs_case_add_transfer(c, &scaled);
	}
}

static void
no_rescale(void *arg, int column, int old_scale, int new_scale)
{
	elog(ERROR, "column %d has more digits than its type allows", column);
}

typedef struct Step
{
	int			way;
	char	   *before;
	char	   *after;
	int			nargs;
	Oid			type[2];
	Datum		value[2];
} Step;

static Datum
identifiers(Closure *k, RsInterner *in, const uint32 *id, uint64 n)
{
	Oid			type = rs_interner_type(in);
	Datum	   *value = rs_alloc(CurrentMemoryContext, n, sizeof(Datum), purpose);
	int16		length;
	bool		by_value;
	char		align;
	ArrayType  *array;

	for (uint64 i = 0; i < n; i++)
		value[i] = rs_interner_datum(in, id[i]);
	get_typlenbyvalalign(type, &length, &by_value, &align);
	array = construct_array(value, (int) n, type, length, by_value, align);
	pfree(value);
	return PointerGetDatum(array);
}

static Step
step_by(Closure *k, int way, int column, RsInterner *in, const uint32 *id, uint64 n)
{
	RsQuery    *q = k->c->transfers;
	Step		step = {way, "pg_catalog.unnest($1) AS f(id) JOIN"};

	step.after = psprintf("ON %s", rs_query_match(q, column, "f.id"));
	step.nargs = 1;
	step.type[0] = rs_query_array_type(q, column);
	step.value[0] = identifiers(k, in, id, n);
	/* the plain type alone keeps an index on it usable; others are filtered as they come */
	if (way != BY_ID && k->c->until != DT_NOEND && rs_query_type(q, RS_T_TIME) == TIMESTAMPTZOID)
	{
		step.after = psprintf("%s AND %s OPERATOR(pg_catalog.<=) $2", step.after, rs_query_expression(q, RS_T_TIME));
		step.nargs = 2;
		step.type[1] = TIMESTAMPTZOID;
		step.value[1] = TimestampTzGetDatum(k->c->until);
	}
	return step;
}

static Step
step_by_instant(Closure *k)
{
	RsQuery    *q = k->c->transfers;
	Step		step = {BY_INSTANT, "ROWS FROM (pg_catalog.unnest($1), pg_catalog.unnest($2)) AS f(id, at) JOIN"};
	uint32	   *account = rs_alloc(CurrentMemoryContext, k->ninstants, sizeof(uint32), purpose);
	Datum	   *at = rs_alloc(CurrentMemoryContext, k->ninstants, sizeof(Datum), purpose);

	for (uint64 i = 0; i < k->ninstants; i++)
	{
		account[i] = k->instant[i].account;
		at[i] = TimestampTzGetDatum(k->instant[i].at);
	}
	step.after = psprintf("ON %s AND %s OPERATOR(pg_catalog.=) f.at", rs_query_match(q, RS_T_PAYEE, "f.id"),
						  rs_query_expression(q, RS_T_TIME));
	step.nargs = 2;
	step.type[0] = rs_query_array_type(q, RS_T_PAYEE);
	step.value[0] = identifiers(k, k->accounts, account, k->ninstants);
	step.type[1] = TIMESTAMPTZARRAYOID;
	step.value[1] = PointerGetDatum(construct_array(at, (int) k->ninstants, TIMESTAMPTZOID, 8, true, TYPALIGN_DOUBLE));
	return step;
}

/* What the planner expects of a step. */
static double
cost_of(Closure *k, Step *step, double *rows)
{
	RsEstimate	expected = rs_query_estimate(k->c->transfers, step->before, step->after, step->nargs,
											 step->type, step->value);

	*rows = expected.rows;
	return expected.cost + (START_COST + *rows * ROW_COST) * cpu_tuple_cost;
}

/* Take these steps, if the limit allows. */
static bool
take_steps(Closure *k, Step *step, int n)
{
	double		cost[3];
	double		rows[3];
	double		sum = k->spent;

	Assert(n <= lengthof(cost));
	for (int i = 0; i < n; i++)
		sum += cost[i] = cost_of(k, &step[i], &rows[i]);
	for (int i = 0; i < n; i++)
	{
		if (sum > k->limit)
		{
			k->spent = sum;
			return false;
		}
		k->way = step[i].way;
		k->came = 0;
		rs_query_read_bound(k->c->transfers, step[i].before, step[i].after, step[i].nargs,
							step[i].type, step[i].value, NULL, take_row, no_rescale, k);
		/* a hub has more rows than the planner thinks of an account */
		if (k->came > rows[i])
			sum += cost[i] / Max(rows[i], 1) * (k->came - rows[i]);
	}
	k->spent = sum;
	return true;
}

/*
 * Would the transfers that claims name and one book be too dear already?
 * So it is without indexes.
 */
static bool
can_begin(Closure *k, Step *named)
{
	RsInterner *in = k->accounts;
	Datum		value = (Datum) 0;
	bool		isnull = true;
	int			one = 1;
	int16		length;
	bool		by_value;
	char		align;
	ArrayType  *nobody;
	double		rows;
	double		sum = k->spent + cost_of(k, named, &rows);

	get_typlenbyvalalign(rs_interner_type(in), &length, &by_value, &align);
	nobody = construct_md_array(&value, &isnull, 1, &one, &one, rs_interner_type(in), length, by_value, align);
	for (int column = RS_T_PAYER; column <= RS_T_PAYEE; column++)
	{
		Step		step = step_by(k, BY_PAYER, column, in, NULL, 0);

		step.value[0] = PointerGetDatum(nobody);
		sum += cost_of(k, &step, &rows);
	}
	k->spent = sum <= k->limit ? k->spent : sum;
	return sum <= k->limit;
}

/* Fetch the transfers that claims (and the question) name. */
static bool
fetch_named(Closure *k, text *watch)
{
	RsCase	   *c = k->c;
	RsInterner *claimed = rs_query_interner(c->claims, RS_INTERN_TXN);
	RsInterner *in = rs_query_interner(c->transfers, RS_INTERN_TXN);
	uint32		n = claimed ? rs_interner_count(claimed) : 0;
	/* beside the transfers': if it comes to nothing these shall be as if nothing had been asked */
	RsInterner *asked = rs_interner_create(CurrentMemoryContext, rs_interner_type(in),
										   rs_query_collation(c->transfers, RS_T_TXN));
	uint32	   *id;
	Step		step;

	for (uint32 i = 0; i < n; i++)
		rs_intern(asked, rs_interner_datum(claimed, i), NULL);
	if (watch)
	{
		Oid			input;
		Oid			ioparam;

		getTypeInputInfo(rs_interner_type(in), &input, &ioparam);
		rs_intern(asked, rs_interner_type(in) == TEXTOID ? PointerGetDatum(watch) :
				  OidInputFunctionCall(input, text_to_cstring(watch), ioparam, -1), NULL);
	}
	n = rs_interner_count(asked);
	if (n == 0)
		return true;
	id = rs_alloc(CurrentMemoryContext, n, sizeof(uint32), purpose);
	for (uint32 i = 0; i < n; i++)
		id[i] = i;
	step = step_by(k, BY_ID, RS_T_TXN, asked, id, n);
	if (!can_begin(k, &step) || !take_steps(k, &step, 1))
		return false;
	if (watch)
	{
		/* what is explained is shown from its account's book, even where no claim reaches it */
		Datum		d = PointerGetDatum(watch);
		int			one;
		uint32		txn = rs_intern_text_array(c->transfers, RS_T_TXN, rs_text_array(&d, 1), "txn_id", &one)[0];

		if (txn < c->txns && c->place[txn] < RS_LATER)
			want(k, account_of(c, c->a.upstream ? c->ledger->payee[c->place[txn]] : c->ledger->payer[c->place[txn]]));
	}
	return true;
}

static bool
fetch_wanted(Closure *k)
{
	Step		step[3];
	int			n = 0;

	if (k->nwanted > 0)
	{
		step[n++] = step_by(k, BY_PAYER, RS_T_PAYER, k->accounts, k->wanted, k->nwanted);
		step[n++] = step_by(k, BY_PAYEE, RS_T_PAYEE, k->accounts, k->wanted, k->nwanted);
	}
	if (k->ninstants > 0)
		step[n++] = step_by_instant(k);
	k->spent += k->c->ledger->n * ROW_COST / 2 * cpu_tuple_cost;
	if (!take_steps(k, step, n))
		return false;
	for (uint64 i = 0; i < k->nwanted; i++)
		*state_of(k, k->wanted[i]) |= WHOLE;
	k->nwanted = 0;
	k->ninstants = 0;
	return true;
}

/* ----- where does the money go from here? ----- */

static void
reached(void *arg, const RsMoneyRow *row)
{
	Closure    *k = arg;

	if (row->kind == RS_EXITED && !(*state_of(k, account_of(k->c, row->account)) & (WHOLE | EXIT)))
		want(k, account_of(k->c, row->account));
}

/* Follow the claims as far as accounts are known. */
static void
explore(Closure *k)
{
	RsCase	   *c = k->c;
	RsAttribution kept = c->a;
	MemoryContext budget = AllocSetContextCreate(c->budget, "risk_screen closure", ALLOCSET_DEFAULT_SIZES);
	RsAttribution *a = &c->a;
	uint32		nodes = c->has_currency ? c->nodes : rs_interner_count(k->accounts);
	uint8	   *exit = rs_alloc(budget, nodes, 1, purpose);

	for (uint32 node = 0; node < nodes; node++)
	{
		uint8		state = *state_of(k, account_of(c, node));

		exit[node] = (state & EXIT) || !(state & WHOLE);
	}
	a->budget = budget;
	a->seed = rs_alloc(budget, kept.nseeds, sizeof(RsSeed), purpose);
	memcpy(a->seed, kept.seed, kept.nseeds * sizeof(RsSeed));
	a->opening = rs_alloc(budget, kept.nopenings, sizeof(RsOpening), purpose);
	memcpy(a->opening, kept.opening, kept.nopenings * sizeof(RsOpening));
	a->balance = rs_alloc(budget, kept.nbalances, sizeof(RsOpening), purpose);
	memcpy(a->balance, kept.balance, kept.nbalances * sizeof(RsOpening));
	rs_case_resolve_seeds(c);
	a->ledger = c->ledger;
	a->exit_at = exit;
	a->partition = c->node_currency;
	/* a deficit is an error only when the answer depends on it */
	if (a->deficit == RS_DEFICIT_ERROR)
		a->deficit = RS_DEFICIT_INFER;
	a->emit = reached;
	a->emit_arg = k;
	c->ledger->accounts = nodes;
	rs_case_index(c);
	rs_case_prepare(c);
	rs_attribution_run(a);
	rs_case_drop_index(c);
	c->a = kept;
	MemoryContextDelete(budget);
}

/* ----- ties ----- */

static void
ask_for_instant(Closure *k, uint32 account, TimestampTz at)
{
	Instant		key = {account, 0, at};
	bool		found;

	hash_search(k->known, &key, HASH_ENTER, &found);
	if (found)
		return;
	k->instant = rs_grow(k->c->budget, k->instant, &k->instant_capacity, k->ninstants + 1, sizeof(Instant), purpose);
	k->instant[k->ninstants++] = key;
}

/*
 * In one instant, transfers first .. end-1: accounts whose credits decide the
 * order in the book of a fetched account.
 */
static void
look_at_instant(Closure *k, uint32 first, uint32 end, uint32 group)
{
	RsCase	   *c = k->c;
	RsLedger   *l = c->ledger;
	bool		more = false;

	for (uint32 t = first; t < end; t++)
	{
		uint32		end_of[2] = {account_of(c, l->payer[t]), account_of(c, l->payee[t])};

		for (int i = 0; i < 2; i++)
		{
			uint32		account = end_of[i];

			if (k->group[account] != group)
			{
				k->group[account] = group;
				k->credits[account] = k->debits[account] = 0;
				k->back[account] = false;
			}
			if (i == 0)
				k->debits[account]++;
			else
				k->credits[account]++;
			/* debits alone are in the order of their ids, whatever else happens */
			if ((k->state[account] & WHOLE) && !k->back[account] && k->credits[account] > 0 &&
				k->credits[account] + k->debits[account] > 1)
				more = k->back[account] = true;
		}
	}
	while (more)
	{
		more = false;
		for (uint32 t = first; t < end; t++)
		{
			uint32		payer = account_of(c, l->payer[t]);

			if (k->back[account_of(c, l->payee[t])] && !k->back[payer])
			{
				more = k->back[payer] = true;
				if (!(k->state[payer] & WHOLE))
					ask_for_instant(k, payer, l->paid_at[first]);
			}
		}
		CHECK_FOR_INTERRUPTS();
	}
}

/* False: ties matter, and the query's times cannot be asked for. */
static bool
find_ties(Closure *k)
{
	RsCase	   *c = k->c;
	RsLedger   *l = c->ledger;
	uint32		accounts = rs_interner_count(k->accounts);
	Oid			type = rs_query_type(c->transfers, RS_T_TIME);

	if (c->tie == RS_TIE_LEDGER || c->tie == RS_TIE_DEBITS_FIRST || accounts == 0)
		return true;
	(void) state_of(k, accounts - 1);
	k->group = rs_resize(c->budget, k->group, accounts, sizeof(uint32), purpose);
	k->credits = rs_resize(c->budget, k->credits, accounts, sizeof(uint32), purpose);
	k->debits = rs_resize(c->budget, k->debits, accounts, sizeof(uint32), purpose);
	k->back = rs_resize(c->budget, k->back, accounts, sizeof(bool), purpose);
	memset(k->group, 0xff, accounts * sizeof(uint32));
	for (uint32 first = 0, end; first < l->n; first = end)
	{
		for (end = first + 1; end < l->n && l->paid_at[end] == l->paid_at[first]; end++)
			;
		if (end > first + 1)
			look_at_instant(k, first, end, first);
	}
	return k->ninstants == 0 || type == TIMESTAMPTZOID || type == TIMESTAMPOID || type == DATEOID;
}

/* ----- all together ----- */

static bool
close_over(Closure *k, text *watch)
{
	RsCase	   *c = k->c;
	RsEstimate	whole = rs_query_estimate(c->transfers, NULL, NULL, 0, NULL, NULL);

	k->limit = (whole.cost + whole.rows * ROW_COST * cpu_tuple_cost) / 2;
	/* the first three questions alone */
	k->spent = 3 * START_COST * cpu_tuple_cost;
	if (k->spent > k->limit)
		return false;
	k->spent = 0;
	if (!fetch_named(k, watch))
		return false;
	for (uint64 i = 0; i < c->a.nbalances; i++)
		want(k, account_of(c, c->a.balance[i].account));
	for (uint64 i = 0; i < c->a.nopenings; i++)
		if (c->a.opening[i].claim != RS_NO_CLAIM &&
			!(*state_of(k, account_of(c, c->a.opening[i].account)) & EXIT))
			want(k, account_of(c, c->a.opening[i].account));
	if (k->nwanted > 0 && !fetch_wanted(k))
		return false;
	for (;;)
	{
		rs_case_arrange(c);
		if (!find_ties(k))
			return false;
		/* only in their true order do books have their true balances */
		if (k->ninstants == 0)
		{
			explore(k);
			if (k->nwanted == 0)
				return true;
		}
		if (!fetch_wanted(k))
			return false;
		CHECK_FOR_INTERRUPTS();
	}
}

bool
rs_case_close_over(RsCase *c, const uint32 *exit, uint32 nexits, text *watch)
{
	HASHCTL		hash = {.keysize = sizeof(Instant), .entrysize = sizeof(Instant), .hcxt = c->budget};
	MemoryContext budget = AllocSetContextCreate(c->budget, "risk_screen closure", ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = MemoryContextSwitchTo(budget);
	Closure		k = {c, rs_query_interner(c->transfers, RS_INTERN_ACCOUNT)};
	bool		closed;

	k.known = hash_create("risk_screen instants", 64, &hash, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	for (uint32 i = 0; i < nexits; i++)
		*state_of(&k, exit[i]) |= EXIT;
	closed = close_over(&k, watch);
	ereport(DEBUG1,
			(closed ? errmsg_internal("attribution reads %u transfers, those of accounts that claims touch", c->ledger->n) :
			 errmsg_internal("attribution reads all transfers, after %u by account", c->ledger->n),
			 errdetail_internal("By account would cost %.0f, the limit is %.0f.", k.spent, k.limit)));
	if (!closed)
	{
		/* the ledger begins anew; numbers of identifiers stay */
		c->ledger = rs_ledger_create(c->budget);
		for (uint32 i = 0; i < c->txns; i++)
			c->place[i] = RS_NOT_THERE;
	}
	MemoryContextSwitchTo(old);
	MemoryContextDelete(budget);
	return closed;
}
