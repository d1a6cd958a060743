/*
 * test/unit/attribution_test.c
 *	  engines: src/attribution.c src/attribution_tie.c src/attribution_fifo.c src/attribution_lifo.c src/attribution_lots.c src/attribution_pool.c src/attribution_mix.c src/attribution_pro_rata.c src/attribution_taint.c src/attribution_tally.c src/rs_memory.c
 *
 * Invariants on random ledgers under the sanitizers; equality with the oracle
 * is test/t/attribution_oracle.t.
 */
#include "pg_shim.h"
#include "attribution.h"

#define MAX_N 60
#define MAX_ROWS 20000

typedef struct Raw
{
	uint32		payer,
				payee;
	int64		amount,
				fee;
	int64		at;
	int64		ord;
} Raw;

static Raw	raw[MAX_N];
static int	n;
static uint32 accounts;
static MemoryContext budget;

typedef struct Line
{
	RsMoneyRow	row;
	uint32		txn;
} Line;

static Line line[MAX_ROWS];
static int	lines;
static RsLedger *ledger;

static int
compare_ids(void *arg, uint32 a, uint32 b)
{
	return a < b ? -1 : a > b;
}

static void
keep(void *arg, const RsMoneyRow *row)
{
	if (lines < MAX_ROWS)
	{
		Line	   *x = &line[lines++];

		memset(x, 0, sizeof(Line)); /* compared by bytes */
		x->row.kind = row->kind;
		x->row.claim = row->claim;
		x->row.account = row->account;
		x->row.counterparty = row->counterparty;
		x->row.amount = row->amount;
		x->row.traced = row->traced;
		x->txn = row->transfer == RS_NO_TRANSFER ? UINT32_MAX : ledger->txn[row->transfer];
	}
}

static void
see(void *arg, const RsWhyRow *row)
{
	if (row->taken < 0)
		abort();
}

static const char *
name(void *arg, uint32 t)
{
	return "t";
}

static void
make_ledger(void)
{
	bool		fees = shim_random() % 3 == 0;

	accounts = 2 + shim_random() % 5;
	n = 1 + shim_random() % MAX_N;
	for (int i = 0; i < n; i++)
	{
		raw[i].payer = shim_random() % accounts;
		raw[i].payee = shim_random() % accounts;
		raw[i].amount = shim_random() % 8 == 0 ? 0 : shim_random() % 1000;
		raw[i].fee = fees ? shim_random() % 20 : 0;
		raw[i].at = shim_random() % 20;
		raw[i].ord = shim_random() % 4;
	}
}

/* Run a question over the rows in the order given by `permutation`. */
static void
run(RsRule rule, RsTie tie, RsDeficit deficit, bool upstream, bool infer, int128 min_traced,
	int nseeds, const uint32 *seed_txn, const uint32 *seed_claim, const int128 *seed_amount,
	const int *permutation, int64 factor)
{
	RsAttribution a = {0};
	uint32	   *place = palloc(n * sizeof(uint32));
	uint8	   *claimed = palloc0(n);
	uint8	   *exits = palloc0(accounts + 1);

	ledger = rs_ledger_create(budget);
	for (int k = 0; k < n; k++)
	{
		int			i = permutation[k];

		rs_ledger_add(ledger, i, raw[i].payer, raw[i].payee, (int128) raw[i].amount * factor,
					  (int128) raw[i].fee * factor, raw[i].at, tie == RS_TIE_LEDGER, raw[i].ord);
	}
	ledger->accounts = accounts;
	rs_ledger_arrange(ledger, tie, compare_ids, NULL, compare_ids, NULL);
	for (int t = 0; t < n; t++)
		place[ledger->txn[t]] = t;
	a.budget = budget;
	a.ledger = ledger;
	a.rule = rule;
	a.upstream = upstream;
	a.deficit = deficit;
	a.infer_openings = infer;
	a.fine = rule == RS_PRO_RATA || rule == RS_TAINT_FIRST || rule == RS_TAINT_LAST ? 1000000 : 1;
	a.claims = 8;
	a.exit_at = exits;
	exits[accounts - 1] = n % 3 == 0;
	a.explain = see;
	a.txn_text = name;
	a.emit = keep;
	a.nseeds = nseeds;
	a.seed = palloc((nseeds + 1) * sizeof(RsSeed));
	for (int i = 0; i < nseeds; i++)
	{
		a.seed[i].transfer = place[seed_txn[i]];
		a.seed[i].claim = seed_claim[i];
		a.seed[i].amount = seed_amount[i] < 0 ? RS_WHOLE : seed_amount[i] * factor;
		claimed[a.seed[i].transfer] = 1;
	}
	rs_ledger_index(ledger, claimed);
	lines = 0;
	a.watch = n % 2 ? place[n / 2] : RS_NO_TRANSFER;	/* must not change anything */
	rs_attribution_prepare(&a);
	a.min_traced = min_traced * a.fine;
	rs_attribution_run(&a);
}

static int
compare_lines(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(Line));
}

static int128
sum(RsMoneyKind kind, uint32 claim, uint32 txn)
{
	int128		s = 0;

	for (int i = 0; i < lines; i++)
		if (line[i].row.kind == kind && line[i].row.claim == claim && (txn == UINT32_MAX || line[i].txn == txn))
			s += line[i].row.traced;
	return s;
}

static void
random_permutation(int *p)
{
	for (int i = 0; i < n; i++)
		p[i] = i;
	for (int i = n - 1; i > 0; i--)
	{
		int			j = shim_random() % (i + 1),
					x = p[i];

		p[i] = p[j];
		p[j] = x;
	}
}

static void
test_splits(void)
{
	RsSplitter	s = {TopMemoryContext};
	bool		exact = true;
	bool		near = true;
	bool		wide = true;

	for (int round = 0; round < 20000; round++)
	{
		int128		weight[40],
					out[40],
					total = 0,
					taken,
					back = 0;
		uint32		claim[40];
		int			k = 1 + shim_random() % 40;
		int			bits = 1 + shim_random() % 118;

		for (int i = 0; i < k; i++)
		{
			weight[i] = (int128) ((((uint128) shim_random() << 64) | shim_random()) >> (128 - bits));
			claim[i] = i * 7 % 41;
			total += weight[i];
		}
		if (total == 0)
			continue;
		taken = (int128) ((((uint128) shim_random() << 64) | shim_random()) % ((uint128) total + 1));
		rs_split(&s, weight, claim, k, total, taken, out);
		for (int i = 0; i < k; i++)
		{
			back += out[i];
			near = near && out[i] >= 0 && out[i] <= weight[i];
		}
		exact = exact && back == taken;
	}
	/* a quotient known by construction: (q d + r) over d, with d and q wide */
	for (int round = 0; round < 20000; round++)
	{
		int128		d = (int128) ((((uint128) shim_random() << 64) | shim_random()) >> (1 + shim_random() % 100));
		int128		b;
		uint128		rest;

		if (d == 0)
			continue;
		b = (int128) ((((uint128) shim_random() << 64) | shim_random()) % ((uint128) d + 1));
		/* part = d: the share is b exactly */
		wide = wide && rs_share(d, b, d, &rest) == b && rest == 0;
		if (b > 0 && d > 1)
		{
			int128		q = rs_share(d - 1, b, d, &rest);

			/* (d - 1) b / d = b - b/d: floor is b - 1, remainder d - b */
			wide = wide && q == (b == d ? d - 1 : b - 1) && rest == (uint128) (b == d ? 0 : d - b);
		}
	}
	tap_ok(exact, "a division by largest remainder adds up, whatever the width");
	tap_ok(near, "no part exceeds its weight");
	tap_ok(wide, "256-bit products divide exactly");
}

int
main(void)
{
	bool		conserved = true;
	bool		order = true;
	bool		inverse = true;
	bool		bounded = true;
	bool		upward = true;
	bool		poison = true;
	long		runs = 0;
	int			rounds = getenv("RS_LONG") && atoi(getenv("RS_LONG")) ? 6000 : 700;

	shim_init();
	shim_srandom(4);
	rs_max_memory_kb = 1024 * 1024;
	test_splits();

	for (int round = 0; round < rounds; round++)
	{
		MemoryContext old;
		int			identity[MAX_N];
		int			shuffled[MAX_N];
		uint32		txn[12],
					claim[12];
		int128		amount[12];
		int			nseeds = 0;
		int128		seeded[8] = {0};
		bool		used[MAX_N] = {false};
		RsTie		tie = shim_random() % 4;
		RsDeficit	deficit = shim_random() % 2;
		bool		infer = shim_random() % 3 == 0;
		int64		factor = round % 4 == 0 ? INT64CONST(1000000000000000) : 1;

		budget = AllocSetContextCreate(TopMemoryContext, "budget", ALLOCSET_DEFAULT_SIZES);
		old = MemoryContextSwitchTo(budget);
		make_ledger();
		random_permutation(shuffled);
		for (int i = 0; i < n; i++)
			identity[i] = i;
		for (int k = 0; k < 8; k++)
		{
			int			t = shim_random() % n;

			/* one transfer a claim: then what is seeded is what it names, less nothing */
			if (used[t])
				continue;
			used[t] = true;
			txn[nseeds] = t;
			claim[nseeds] = k;
			amount[nseeds] = shim_random() % 2 ? -1 : (int128) (shim_random() % (raw[t].amount + 1));
			seeded[k] = (amount[nseeds] < 0 ? raw[t].amount : amount[nseeds]) * (int128) factor;
			nseeds++;
		}

		for (RsRule rule = RS_FIFO; rule <= RS_POISON; rule++)
			for (int upstream = 0; upstream < 2; upstream++)
			{
				Line	   *first;
				int			count;
				int128		min_traced = shim_random() % 2 ? 0 : (int128) (shim_random() % 50) * factor;

				run(rule, tie, deficit, upstream, infer, min_traced, nseeds, txn, claim, amount, identity, factor);
				runs++;
				if (rule != RS_POISON)
					for (int k = 0; k < 8; k++)
					{
						int128		ended = sum(RS_HELD, k, -1) + sum(RS_EXITED, k, -1) + sum(RS_FEE, k, -1) + sum(RS_CUT, k, -1);
						int128		fine = rule <= RS_LIFO ? 1 : 1000000;

						conserved = conserved && ended == seeded[k] * fine;
					}
				if (!upstream && rule != RS_POISON)
					for (int t = 0; t < n; t++)
					{
						int128		all = 0;

						for (int k = 0; k < 8; k++)
							all += sum(RS_MOVED, k, t);
						bounded = bounded && all <= (int128) raw[t].amount * factor * (rule <= RS_LIFO ? 1 : 1000000);
					}
				if (upstream)
					upward = upward && sum(RS_FEE, 0, -1) == 0;
				if (rule == RS_POISON)
					for (int i = 0; i < lines; i++)
						if (line[i].row.kind == RS_MOVED)
							poison = poison && line[i].row.traced == line[i].row.amount;
				first = palloc(lines * sizeof(Line) + 1);
				qsort(line, lines, sizeof(Line), compare_lines);
				memcpy(first, line, lines * sizeof(Line));
				count = lines;
				run(rule, tie, deficit, upstream, infer, min_traced, nseeds, txn, claim, amount, shuffled, factor);
				qsort(line, lines, sizeof(Line), compare_lines);
				order = order && count == lines && memcmp(first, line, lines * sizeof(Line)) == 0;
				pfree(first);
			}

		/* FIFO and LIFO: what s sends to y is what y finds at s; pro rata to a rounding */
		for (int pair = 0; pair < 4; pair++)
		{
			uint32		s = shim_random() % n,
						y = shim_random() % n,
						zero = 0;
			int128		whole = -1;

			if (raw[s].payer == raw[s].payee || raw[y].payer == raw[y].payee)
				continue;
			for (RsRule rule = RS_FIFO; rule <= RS_PRO_RATA; rule++)
			{
				int128		down,
							up,
							difference;

				run(rule, tie, deficit, false, infer, 0, 1, &s, &zero, &whole, identity, 1);
				down = sum(RS_MOVED, 0, y);
				run(rule, tie, deficit, true, infer, 0, 1, &y, &zero, &whole, identity, 1);
				up = sum(RS_MOVED, 0, s);
				difference = down > up ? down - up : up - down;
				if (s == y)
					continue;
				inverse = inverse && (rule == RS_PRO_RATA ? difference < 4000 : difference == 0);
			}
		}
		MemoryContextSwitchTo(old);
		MemoryContextDelete(budget);
	}
	tap_ok(conserved, "seeded = held + exited + fee + cut, to the last unit, both directions (%ld runs)", runs);
	tap_ok(order, "the same rows in any physical order give the same answer");
	tap_ok(bounded, "no transfer carries more than its amount");
	tap_ok(inverse, "upstream is the inverse of downstream: FIFO and LIFO exactly, pro rata to rounding");
	tap_ok(upward, "no fees upstream");
	tap_ok(poison, "poison carries whole transfers");
	return tap_done();
}
