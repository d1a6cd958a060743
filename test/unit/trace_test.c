/*
 * test/unit/trace_test.c
 *	  engines: src/trace.c src/trace_hold.c src/trace_state.c src/flow_source.c src/flow_parts.c src/rs_memory.c
 *
 * The engine against a fixpoint computed straight from the definition, on
 * random small flows that are full of ties, cycles, parallel transfers and
 * self-transfers.
 */
#include "pg_shim.h"

#include <stdlib.h>

#include "miscadmin.h"

#include "flow_parts.h"
#include "rs_memory.h"
#include "trace.h"

#define MAXN 40
#define MAXA 9

typedef struct Case
{
	int			naccounts,
				n;
	int			payer[MAXN],
				payee[MAXN];
	int64		time[MAXN];
	int128		amount[MAXN];
	RsFlowQuestion q;
	int128		min_amount;
	bool		stop[MAXA];
} Case;

typedef struct Answer
{
	int			hop[MAXN];		/* 0: not in the trace */
	RsTraceCut	cut[MAXN];
	bool		seed_cut;
	RsTraceSummary summary;
} Answer;

static int
compare_raw(void *arg, uint32 a, uint32 b)
{
	return a < b ? -1 : a > b;
}

static bool
candidate(const Case *c, int i)
{
	return c->time[i] >= c->q.since && c->time[i] <= c->q.until && c->amount[i] >= c->min_amount;
}

/* May y follow x, cuts aside? */
static bool
follows(const Case *c, int x, int y)
{
	bool		up = c->q.upstream;
	int64		tx = up ? -c->time[x] : c->time[x],
				ty = up ? -c->time[y] : c->time[y];

	if ((up ? c->payer[x] : c->payee[x]) != (up ? c->payee[y] : c->payer[y]) || !candidate(c, y))
		return false;
	if (!c->q.ordered)
		return true;
	if (c->q.strict ? tx >= ty : tx > ty)
		return false;
	return c->q.max_hold < 0 || ty - tx <= c->q.max_hold;
}

static void
oracle(const Case *c, int seed, Answer *a)
{
	bool		up = c->q.upstream;
	bool		blocked[MAXN];
	RsTraceCut	why[MAXN];
	int			roots = 0;
	bool		reached[MAXA] = {0},
				sent[MAXA] = {0},
				cut[MAXA] = {0};

	memset(a, 0, sizeof(*a));
	for (int x = 0; x < c->n; x++)
	{
		int			onward = 0;

		for (int y = 0; y < c->n; y++)
			onward += follows(c, x, y);
		why[x] = c->stop[up ? c->payer[x] : c->payee[x]] ? RS_CUT_STOP_AT :
			c->q.max_fanout >= 0 && onward > c->q.max_fanout ? RS_CUT_FANOUT : RS_CUT_HOPS;
		blocked[x] = why[x] != RS_CUT_HOPS;
		if (candidate(c, x) && (up ? c->payee[x] : c->payer[x]) == seed)
		{
			a->hop[x] = 1;
			roots++;
		}
	}
	if (c->q.max_fanout >= 0 && roots > c->q.max_fanout)
	{
		memset(a, 0, sizeof(*a));
		a->seed_cut = true;
		a->summary.cut = 1;
		a->summary.seed_cut = true;
		return;
	}
	for (int h = 1; h < c->q.max_hops; h++)
		for (int y = 0; y < c->n; y++)
			if (a->hop[y] == 0)
				for (int x = 0; x < c->n; x++)
					if (a->hop[x] > 0 && a->hop[x] <= h && !blocked[x] && follows(c, x, y))
					{
						a->hop[y] = h + 1;
						break;
					}
	for (int x = 0; x < c->n; x++)
	{
		int			near = up ? c->payee[x] : c->payer[x],
					away = up ? c->payer[x] : c->payee[x];

		if (a->hop[x] == 0)
			continue;
		a->summary.transfers++;
		a->summary.amount += c->amount[x];
		a->summary.hops = Max(a->summary.hops, a->hop[x]);
		reached[away] = true;
		sent[near] = true;
		for (int y = 0; y < c->n; y++)
			if (a->hop[y] == 0 && follows(c, x, y))
			{
				a->cut[x] = why[x];
				a->summary.cut++;
				cut[away] = true;
				break;
			}
	}
	for (int v = 0; v < c->naccounts; v++)
		if (reached[v] && v != seed)
		{
			a->summary.accounts++;
			a->summary.terminals += !sent[v] && !cut[v];
		}
}

static bool
same_summary(const RsTraceSummary *x, const RsTraceSummary *y)
{
	return x->hops == y->hops && x->accounts == y->accounts && x->transfers == y->transfers &&
		x->terminals == y->terminals && x->cut == y->cut && x->amount == y->amount &&
		x->seed_cut == y->seed_cut;
}

static void
make_case(Case *c)
{
	int			kind = shim_random() % 4;
	int			span = 1 + shim_random() % 12;

	memset(c, 0, sizeof(*c));
	c->naccounts = 2 + shim_random() % (MAXA - 2);
	c->n = shim_random() % MAXN;
	for (int i = 0; i < c->n; i++)
	{
		c->payer[i] = shim_random() % c->naccounts;
		c->payee[i] = shim_random() % c->naccounts;
		if (shim_random() % 4 == 0)
			c->payer[i] = 0;	/* a hub */
		c->time[i] = (int64) (shim_random() % span) * (kind == 1 ? INT64CONST(86400000000) : 1) - 3;
		/* Distances too wide for linear codes. */
		if (kind == 2)
			c->time[i] = c->time[i] * INT64CONST(1000000007) * 4001 + shim_random() % 3;
		c->amount[i] = shim_random() % 5;
		if (kind == 3)
			c->amount[i] = c->amount[i] * (int128) PG_INT64_MAX;
	}
	c->q.upstream = shim_random() % 2;
	c->q.ordered = shim_random() % 5 != 0;
	c->q.strict = shim_random() % 2;
	c->q.since = shim_random() % 3 && c->n ? PG_INT64_MIN : c->n ? c->time[shim_random() % c->n] : 0;
	c->q.until = shim_random() % 3 && c->n ? PG_INT64_MAX : c->n ? c->time[shim_random() % c->n] : 0;
	c->q.max_hops = 1 + shim_random() % 6;
	c->q.max_hold = -1;
	if (c->q.ordered && shim_random() % 2)
		c->q.max_hold = c->n < 2 ? 1 : llabs(c->time[0] - c->time[1]) + shim_random() % 2;
	c->q.max_fanout = shim_random() % 2 ? -1 : (int64) (shim_random() % 6);
	if (shim_random() % 2)
		c->min_amount = shim_random() % 4 * (kind == 3 ? (int128) PG_INT64_MAX : 1);
	if (shim_random() % 3 == 0)
		for (int v = 0; v < c->naccounts; v++)
			c->stop[v] = shim_random() % 4 == 0;
}

static void
make_room(void *arg, int side, uint32 room)
{
}

/* The same flow as parts, each later than those before; number[] becomes that of the parts. */
static void
cut_into_parts(RsFlow *flow, uint32 *number)
{
	uint32		n = flow->ntransfers;
	RsFlow		whole = *flow;
	RsFlowParts *parts = rs_alloc0(flow->budget, 1, sizeof(RsFlowParts), "test");
	RsFlowPart *part = rs_alloc0(flow->budget, RS_FLOW_MAX_PARTS, sizeof(RsFlowPart), "test");
	uint32	   *renumbered = rs_alloc(flow->budget, n, sizeof(uint32), "test");
	uint32		low = 0,
				room = n + 1,
				done = 0;

	for (int s = 0; s < 2; s++)
	{
		RsArc	   *arc = rs_alloc0(flow->budget, 2 * room, sizeof(RsArc), "test");
		uint32	   *transfer = rs_alloc0(flow->budget, 2 * room, sizeof(uint32), "test");

		parts->join[s].first = room;
		parts->join[s].arc = arc;
		parts->join[s].transfer = transfer;
		flow->side[s] = (RsFlowSide) {.arc = arc, .transfer = transfer};
	}
	flow->side[RS_FLOW_OUT].plain = room;
	while (done < n)
	{
		RsFlowPart *p = &part[parts->nparts++];
		uint32		latest = 0,
					least = UINT32_MAX,
					from = done;
		uint32	   *member = rs_alloc(flow->budget, flow->naccounts, sizeof(uint32), "test");
		bool		whole_list = low == 0 && shim_random() % 2;

		/* up to some time that occurs */
		for (uint32 t = 0; t < n; t++)
		{
			uint32		when = whole.side[RS_FLOW_OUT].arc[t].when;

			if (when >= low && (when < least || (parts->nparts < RS_FLOW_MAX_PARTS && shim_random() % 8 == 0)))
				least = when;
			latest = Max(latest, when);
		}
		*p = (RsFlowPart) {.first = done, .low = low, .high = parts->nparts == RS_FLOW_MAX_PARTS ? latest : least};
		for (uint32 a = 0; a < flow->naccounts; a++)
		{
			bool		occurs = whole_list;

			for (int s = 0; s < 2; s++)
				for (uint32 i = whole.side[s].start[a]; i < whole.side[s].start[a + 1]; i++)
					occurs |= whole.side[s].arc[i].when >= low && whole.side[s].arc[i].when <= p->high;
			if (occurs)
				member[p->nmembers++] = a;
		}
		if (!whole_list)
			p->member = member;
		for (int s = 0; s < 2; s++)
		{
			uint32	   *start = rs_alloc(flow->budget, p->nmembers + 1, sizeof(uint32), "test");

			done = from;
			for (uint32 m = 0; m < p->nmembers; m++)
			{
				start[m] = done - from;
				for (uint32 i = whole.side[s].start[member[m]]; i < whole.side[s].start[member[m] + 1]; i++)
				{
					RsArc		arc = whole.side[s].arc[i];

					if (arc.when < low || arc.when > p->high)
						continue;
					((RsArc *) flow->side[s].arc)[done] = arc;
					if (s == RS_FLOW_OUT)
						renumbered[i] = done;
					else
						((uint32 *) flow->side[s].transfer)[done] = renumbered[whole.side[s].transfer[i]];
					done++;
				}
			}
			start[p->nmembers] = done - from;
			p->start[s] = start;
		}
		if (p->member && shim_random() % 2)
		{
			RsFlowBlock *block = rs_alloc0(flow->budget, 1, sizeof(RsFlowBlock), "test");

			StaticAssertStmt(MAXA <= RS_FLOW_BLOCK, "one block is enough");
			for (uint32 m = 0; m < p->nmembers; m++)
				for (int s = 0; s < 2; s++)
					if (p->start[s][m] < p->start[s][m + 1])
						block->with[s] |= (uint32) 1 << member[m];
			p->block = block;
			p->nblocks = 1;
		}
		else if (p->member)
		{
			uint32	   *directory = rs_alloc(flow->budget, MAXA + 2, sizeof(uint32), "test");

			p->shift = 1;
			p->nblocks = (flow->naccounts >> 1) + 1;
			for (uint32 k = 0, m = 0; k <= p->nblocks; k++)
			{
				while (m < p->nmembers && member[m] >> 1 < k)
					m++;
				directory[k] = m;
			}
			p->directory = directory;
		}
		low = p->high + 1;
	}
	if (flow->amount)
	{
		int64	   *amount = rs_alloc(flow->budget, n, sizeof(int64), "test");

		for (uint32 t = 0; t < n; t++)
			amount[renumbered[t]] = whole.amount[t];
		flow->amount = amount;
	}
	else
	{
		int128	   *wide = rs_alloc(flow->budget, n, sizeof(int128), "test");

		for (uint32 t = 0; t < n; t++)
			wide[renumbered[t]] = whole.wide[t];
		flow->wide = wide;
	}
	for (uint32 i = 0; i < n; i++)
		number[i] = renumbered[number[i]];
	parts->part = part;
	parts->naccounts = flow->naccounts;
	parts->budget = flow->budget;
	parts->make_room = make_room;
	rs_flow_parts_begin(parts, flow);
}

static bool
check_case(Case *c, bool in_parts)
{
	MemoryContext budget = AllocSetContextCreate(TopMemoryContext, "flow", ALLOCSET_DEFAULT_SIZES);
	RsFlow	   *flow = rs_alloc0(budget, 1, sizeof(RsFlow), "test");
	RsRawTransfer list[MAXN];
	int64		narrow[MAXN];
	int128		wide[MAXN];
	uint32		number[MAXN],
				stops[MAXA],
				place_of[MAXN];
	bool		is_wide = false,
				good = true;
	RsTrace    *trace;
	int			side = c->q.upstream ? RS_FLOW_IN : RS_FLOW_OUT;
	int			sides = in_parts || shim_random() % 2 ? 3 : 1 << side;

	for (int i = 0; i < c->n; i++)
	{
		list[i].payer = c->payer[i];
		list[i].payee = c->payee[i];
		list[i].time = c->time[i];
		list[i].txn = i;
		narrow[i] = (int64) c->amount[i];
		wide[i] = c->amount[i];
		is_wide |= c->amount[i] != narrow[i];
	}
	flow->budget = budget;
	flow->naccounts = c->naccounts;
	rs_flow_build(flow, sides, c->n, list, is_wide ? NULL : narrow, is_wide ? wide : NULL,
				  number, compare_raw, NULL);
	if (in_parts)
		cut_into_parts(flow, number);
	for (int v = c->naccounts - 1; v >= 0; v--)
		if (c->stop[v])
			stops[c->q.nstops++] = v;
	c->q.stop = stops;
	for (uint32 p = 0; p < (uint32) c->n; p++)
		place_of[rs_flow_transfer(&flow->side[side], p)] = p;
	for (int i = 0; i < c->n; i++)
	{
		const RsArc *arc = &flow->side[side].arc[place_of[number[i]]];

		good &= rs_flow_time(flow, arc->when) == c->time[i];
		good &= rs_flow_amount(flow, number[i]) == c->amount[i];
		good &= arc->peer == (c->q.upstream ? c->payer[i] : c->payee[i]);
	}

	trace = rs_trace_create(flow, &c->q, c->min_amount);
	for (int round = 0; round < 2; round++)
		for (int seed = 0; good && seed < c->naccounts; seed++)
		{
			Answer		want;
			int			hop[MAXN] = {0};
			uint64		nruns;
			const RsTraceRun *run;

			oracle(c, seed, &want);
			good &= same_summary(rs_trace_seed(trace, seed, false), &want.summary);
			good &= same_summary(rs_trace_seed(trace, seed, true), &want.summary);
			run = rs_trace_runs(trace, &nruns);
			for (uint64 r = 0; r < nruns; r++)
				for (uint32 i = 0; i < run[r].count; i++)
				{
					uint32		p = rs_trace_place(c->q.upstream, &run[r], i);
					uint32		t = rs_flow_transfer(&flow->side[side], p);

					if (!rs_trace_qualifies(trace, p))
						continue;
					for (int x = 0; x < c->n; x++)
						if (number[x] == t)
						{
							good &= hop[x] == 0;
							hop[x] = run[r].hop;
							good &= rs_trace_cut(trace, p) == want.cut[x];
							good &= (c->q.upstream ? c->payee[x] : c->payer[x]) == run[r].account;
						}
				}
			good &= memcmp(hop, want.hop, sizeof(int) * c->n) == 0;
		}
	good &= rs_trace_seed(trace, RS_NO_ID, true)->transfers == 0;
	MemoryContextDelete(budget);
	return good;
}

static void
out_of_memory(void *arg)
{
	MemoryContext budget = AllocSetContextCreate(TopMemoryContext, "flow", ALLOCSET_DEFAULT_SIZES);
	RsFlow	   *flow = rs_alloc0(budget, 1, sizeof(RsFlow), "test");
	uint32		n = 200000;
	RsRawTransfer *list = rs_alloc(budget, n, sizeof(RsRawTransfer), "test");
	int64	   *amount = rs_alloc0(budget, n, sizeof(int64), "test");
	RsFlowQuestion q = {.ordered = true, .since = PG_INT64_MIN, .until = PG_INT64_MAX, .max_hops = 8,
		.max_hold = -1, .max_fanout = -1};

	flow->budget = budget;
	flow->naccounts = 10000;
	for (uint32 i = 0; i < n; i++)
		list[i] = (RsRawTransfer) {shim_random() % 10000, shim_random() % 10000, i, i};
	rs_flow_build(flow, 3, n, list, amount, NULL, NULL, compare_raw, NULL);
	rs_max_memory_kb = MemoryContextMemAllocated(budget, true) / 1024 + 100;
	rs_trace_seed(rs_trace_create(flow, &q, 0), 1, true);
}

static void
interrupted(void *arg)
{
	Case		c;

	do
		make_case(&c);
	while (c.n < 20);
	InterruptPending = true;
	check_case(&c, false);
}

int
main(void)
{
	int			rounds = getenv("RS_LONG") && atoi(getenv("RS_LONG")) ? 1000000 : 30000;
	int			bad = 0;

	shim_init();
	rs_max_memory_kb = 1024 * 1024;
	for (int i = 0; i < rounds && bad == 0; i++)
	{
		Case		c;

		shim_srandom(i + 1);
		make_case(&c);
		if (!check_case(&c, i % 2))
		{
			bad++;
			printf("# seed %d%s: %d accounts %d transfers upstream %d ordered %d strict %d hops %d hold %lld fanout %lld min %lld stops %u\n",
				   i + 1, i % 2 ? ", in parts" : "", c.naccounts, c.n, c.q.upstream, c.q.ordered, c.q.strict, c.q.max_hops,
				   (long long) c.q.max_hold, (long long) c.q.max_fanout, (long long) c.min_amount, c.q.nstops);
		}
	}
	tap_ok(bad == 0, "%d random flows, half of them in several parts: hops, cuts and summaries equal the definition", rounds);
	tap_ok(shim_catches(interrupted, NULL) && shim_sqlstate == ERRCODE_QUERY_CANCELED, "a cancel is noticed");
	InterruptPending = false;
	tap_ok(shim_catches(out_of_memory, NULL) && shim_sqlstate == ERRCODE_PROGRAM_LIMIT_EXCEEDED,
		   "a trace over the budget is refused: %s", shim_message);
	return tap_done();
}
