/*
 * src/trace_funds.c
 *	  trace_funds: the transfers of a trace as rows.
 *
 * A million rows are common, so they are made as they are read (src/row_scan.h)
 * and cost little each. Per hop, the transfers are gathered in the order in
 * which the engine met them (sequential memory), with what the row needs from
 * engine and flow; then (time, place in that list) pairs are radix-sorted, ties
 * by txn_id; then the rows are written in that order, which jumps through
 * memory: the gathered rows and names ahead are prefetched.
 *
 * A hop of many transfers is gathered in slices of time, so that memory does not
 * grow with the hop; each slice looks at all arcs of the hop, but gathers only
 * its own.
 */
#include "pg_compat.h"

#include "miscadmin.h"
#include "port/pg_bitutils.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "row_scan.h"
#include "rs_memory.h"
#include "trace_sql.h"

/* What the row needs of the flow is copied while it lies side by side. */
typedef struct Row
{
	uint32		transfer;
	uint32		peer;
	int64		account;		/* near end, payer downstream: the integer itself where the flow has account_integer */
	int64		amount;			/* when the flow's are no larger */
	int64		txn;			/* when they are integers */
} Row;

typedef struct Key
{
	uint32		when;
	uint32		row;			/* and in the upper bits why it was cut */
} Key;

#define CUT_SHIFT	30
#define MAX_ROWS	((uint32) 1 << CUT_SHIFT)
#define ROW_OF(rows, key) ((rows)->row[(key).row & (MAX_ROWS - 1)])

#define SLICE_ROWS	(768 * 1024)
#define MAX_SLICES	8			/* each is one more pass over the hop's arcs */
#define SAMPLE		4096		/* arcs whose times make the slices about equal */

/* Transfers with low <= when <= high. */
typedef struct Slice
{
	uint32		low,
				high;
	uint64		arcs;			/* so many, those too small counted */
} Slice;

typedef struct Rows
{
	Row		   *row;			/* aligned, so that each lies in one cache line */
	void	   *row_memory;
	Key		   *key;
	Key		   *spare;
	uint64		n,
				arcs,			/* of the hop, those too small counted */
				row_capacity,
				key_capacity,
				spare_capacity;
	RsFlow	   *flow;
} Rows;

/* How far the rows are made. */
typedef struct Emission
{
	RsTraceCall *call;
	int			seed;			/* the next */
	const RsTraceRun *run;		/* of the seed before it, */
	uint64		nruns;
	uint64		at_run;			/* where the next hop begins */
	const RsTraceRun *hop;		/* the runs of the hop at hand, */
	uint64		hop_runs;
	Slice		slice[MAX_SLICES];	/* and its slices */
	int			nslices;
	int			at_slice;		/* the next */
	Rows		rows;			/* of the slice before it */
	uint64		at;				/* the next */
	Datum		cut_name[RS_CUT_HOPS + 1];
} Emission;

static inline int
key_compare(const Key *a, const Key *b, const Rows *rows)
{
	if (a->when != b->when)
		return a->when < b->when ? -1 : 1;
	if (a->row == b->row)
		return 0;
	return rows->flow->compare_txn(rows->flow, ROW_OF(rows, *a).transfer, ROW_OF(rows, *b).transfer);
}

#define ST_SORT sort_keys
#define ST_ELEMENT_TYPE Key
#define ST_COMPARE(a, b, rows) key_compare(a, b, rows)
#define ST_COMPARE_ARG_TYPE const Rows
#define ST_SCOPE static
#define ST_CHECK_FOR_INTERRUPTS
#define ST_DEFINE
#include "lib/sort_template.h"

#define RADIX_MAX_BITS 12
#define RADIX_SIZE (1 << RADIX_MAX_BITS)

/* By time, then txn_id. */
static void
order_rows(Rows *rows, MemoryContext budget)
{
	uint32		low = UINT32_MAX,
				high = 0;
	Key		   *from = rows->key,
			   *to;
	int			bits = 0,
				passes = 0;

	if (rows->n < RADIX_SIZE)
	{
		sort_keys(rows->key, rows->n, rows);
		return;
	}
	rows->spare = rs_grow(budget, rows->spare, &rows->spare_capacity, rows->n, sizeof(Key), "the answer of a trace");
	to = rows->spare;
	for (uint64 i = 0; i < rows->n; i++)
	{
		low = Min(low, from[i].when);
		high = Max(high, from[i].when);
	}
	/* as few passes as there must be, all of the same width */
	if (high > low)
	{
		int			width = pg_leftmost_one_pos32(high - low) + 1;

		passes = (width + RADIX_MAX_BITS - 1) / RADIX_MAX_BITS;
		bits = (width + passes - 1) / passes;
	}
	for (int shift = 0; shift < passes * bits; shift += bits)
	{
		uint32		count[RADIX_SIZE + 1] = {0};
		uint32		mask = ((uint32) 1 << bits) - 1;
		Key		   *swap = from;

		CHECK_FOR_INTERRUPTS();
		for (uint64 i = 0; i < rows->n; i++)
			count[(((from[i].when - low) >> shift) & mask) + 1]++;
		for (uint32 i = 1; i <= mask; i++)
			count[i] += count[i - 1];
		for (uint64 i = 0; i < rows->n; i++)
			to[count[((from[i].when - low) >> shift) & mask]++] = from[i];
		from = to;
		to = swap;
	}
	if (from != rows->key)
	{
		uint64		capacity = rows->key_capacity;

		rows->spare = rows->key;
		rows->key = from;
		rows->key_capacity = rows->spare_capacity;
		rows->spare_capacity = capacity;
	}
	for (uint64 i = 0, j; i < rows->n; i = j)
	{
		for (j = i + 1; j < rows->n && from[j].when == from[i].when; j++)
			;
		if (j - i > 1)
			sort_keys(from + i, j - i, rows);
	}
}

#define ROWS_AHEAD	32
#define NAMES_AHEAD	16
#define STATES_AHEAD 48
#define RUNS_AHEAD	8
#define CACHE_LINE	64

/* Ask the engine about the cuts, in its own order. */
static void
find_cuts(RsTraceCall *call, Rows *rows, int hop)
{
	if (!rs_trace_may_be_cut(call->trace, hop) || rs_trace_hop_cuts(call->trace))
		return;
	for (uint64 i = 0; i < rows->n; i++)
	{
		if (i + STATES_AHEAD < rows->n)
			rs_trace_prefetch(call->trace, rows->row[i + STATES_AHEAD].peer);
		rows->key[i].row |= (uint32) rs_trace_cut_arrival(call->trace, rows->row[i].peer, rows->key[i].when) << CUT_SHIFT;
		if ((i & 0xfff) == 0)
			CHECK_FOR_INTERRUPTS();
	}
}

/* ---------- writing ---------- */

/* The rows ahead, and the names that they will need. */
static inline void
prefetch_rows(const Emission *e, uint64 i)
{
	const RsTraceCall *call = e->call;
	const RsFlow *flow = call->flow;
	const Rows *rows = &e->rows;

	if (i + ROWS_AHEAD < rows->n)
		__builtin_prefetch(&ROW_OF(rows, rows->key[i + ROWS_AHEAD]));
	if (i + NAMES_AHEAD < rows->n)
	{
		const Row  *ahead = &ROW_OF(rows, rows->key[i + NAMES_AHEAD]);

		if (flow->prefetch_account)
			flow->prefetch_account(flow, ahead->peer);
		else
		{
			rs_trace_prefetch_text(call, (uint32) ahead->account);
			rs_trace_prefetch_text(call, ahead->peer);
		}
		if (flow->txn_integer == NULL && flow->prefetch_txn)
			flow->prefetch_txn(flow, ahead->transfer);
	}
}

/* Of integers as they are. */
static inline void
write_account(RsTraceCall *call, RsResultRow *row, int64 account)
{
	if (call->flow->account_integer)
		rs_row_int8_text(row, account);
	else
		rs_row_varlena(row, rs_trace_account_text(call, (uint32) account));
}

/* What has to be made first is made in the context that is emptied now and then. */
static pg_noinline void
write_txn_text(RsTraceCall *call, RsResultRow *row, uint32 transfer)
{
	MemoryContext old = MemoryContextSwitchTo(call->row_context);

	rs_row_varlena(row, call->flow->txn_text(call->flow, transfer));
	MemoryContextSwitchTo(old);
}

static pg_noinline void
write_wide_amount(RsTraceCall *call, RsResultRow *row, uint32 transfer)
{
	MemoryContext old = MemoryContextSwitchTo(call->row_context);

	rs_row_varlena(row, rs_trace_amount(call, rs_flow_amount(call->flow, transfer)));
	MemoryContextSwitchTo(old);
}

static void
write_transfer(Emission *e, RsResultRow *row, uint64 i)
{
	RsTraceCall *call = e->call;
	RsFlow	   *flow = call->flow;
	Key			key = e->rows.key[i];
	const Row  *r = &ROW_OF(&e->rows, key);
	int64		peer;

	prefetch_rows(e, i);
	peer = flow->account_integer ? flow->account_integer(flow, r->peer) : r->peer;
	rs_row_begin(row);
	rs_row_varlena(row, call->seed_text[e->seed - 1]);
	rs_row_int4(row, e->hop->hop);
	if (flow->txn_integer)
		rs_row_int8_text(row, r->txn);
	else
		write_txn_text(call, row, r->transfer);
	write_account(call, row, call->question.upstream ? peer : r->account);
	write_account(call, row, call->question.upstream ? r->account : peer);
	if (flow->amount != NULL && flow->scale <= 18)
		rs_row_amount(row, r->amount, flow->scale);
	else
		write_wide_amount(call, row, r->transfer);
	rs_row_int8(row, rs_flow_time(flow, key.when));
	if (key.row >> CUT_SHIFT == RS_CUT_NONE)
		rs_row_null(row);
	else
		rs_row_varlena(row, e->cut_name[key.row >> CUT_SHIFT]);
	rs_trace_row_sent(call);
}

/* Of a seed that the trace does not follow: it pays, or is paid, too many. */
static void
write_cut_seed(Emission *e, RsResultRow *row, Datum seed)
{
	bool		up = e->call->question.upstream;

	rs_row_begin(row);
	rs_row_varlena(row, seed);
	rs_row_int4(row, 0);
	rs_row_null(row);
	for (int payer = 1; payer >= 0; payer--)
		if (up == payer)
			rs_row_varlena(row, seed);
		else
			rs_row_null(row);
	rs_row_null(row);
	rs_row_null(row);
	rs_row_varlena(row, e->cut_name[RS_CUT_FANOUT]);
}

/* ---------- gathering ---------- */

/* Room for the transfers of a slice; those of the last one are written. */
static void
make_room(RsTraceCall *call, Rows *rows, uint64 n)
{
	if (n >= MAX_ROWS)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("too many transfers in one hop of a trace")));
	if (rows->row && n <= rows->row_capacity && n <= rows->key_capacity)
		return;
	/* more than needed, so that not every seed makes them anew */
	n += n / 4;
	if (rows->row_memory)
	{
		pfree(rows->row_memory);
		pfree(rows->key);
		rows->key = NULL;
	}
	rows->row_capacity = rows->key_capacity = n;
	rows->row_memory = rs_alloc(call->budget, n + 2, sizeof(Row), "the answer of a trace");
	rows->row = (Row *) TYPEALIGN(CACHE_LINE, rows->row_memory);
	rows->key = rs_alloc(call->budget, n, sizeof(Key), "the answer of a trace");
}

/* Append the transfers of one run that are in the slice. */
static void
gather(RsTraceCall *call, Rows *rows, const RsTraceRun *run, const Slice *slice)
{
	RsFlow	   *flow = call->flow;
	const RsFlowSide *side = rs_trace_side(call->trace);
	bool		up = call->question.upstream;
	const uint64 *cuts = run->hop == call->question.max_hops ? rs_trace_hop_cuts(call->trace) : NULL;
	int64		account = flow->account_integer ? flow->account_integer(flow, run->account) : run->account;

	for (uint32 i = 0; i < run->count; i++, rows->arcs++)
	{
		uint32		place = rs_trace_place(up, run, i);
		uint32		when = side->arc[place].when;
		uint32		transfer,
					row = (uint32) rows->n;

		if (when < slice->low || when > slice->high || !rs_trace_qualifies(call->trace, place))
			continue;
		if (cuts && cuts[rows->arcs / 64] >> rows->arcs % 64 & 1)
			row |= (uint32) RS_CUT_HOPS << CUT_SHIFT;
		transfer = rs_flow_transfer(side, place);
		rows->row[rows->n] = (Row) {
			.transfer = transfer, .account = account, .peer = side->arc[place].peer,
			.amount = flow->amount ? flow->amount[transfer] : 0,
			.txn = flow->txn_integer ? flow->txn_integer(flow, transfer) : 0
		};
		rows->key[rows->n] = (Key) {when, row};
		rows->n++;
	}
	CHECK_FOR_INTERRUPTS();
}

/* A run jumps to another account: fetch ahead its first arc, ... */
static inline void
prefetch_arc(const RsTraceCall *call, const RsTraceRun *run)
{
	__builtin_prefetch(&rs_trace_side(call->trace)->arc[rs_trace_place(call->question.upstream, run, 0)]);
}

/* ... then what its first transfer needs, if the slice wants it. */
static inline void
prefetch_transfer(const RsTraceCall *call, const RsTraceRun *run, const Slice *slice)
{
	const RsFlow *flow = call->flow;
	const RsFlowSide *side = rs_trace_side(call->trace);
	uint32		place = rs_trace_place(call->question.upstream, run, 0);
	uint32		when = side->arc[place].when;

	if (when < slice->low || when > slice->high)
		return;
	if (side->transfer)
		__builtin_prefetch(&side->transfer[place]);
	else
	{
		if (flow->amount)
			__builtin_prefetch(&flow->amount[place]);
		if (flow->txn_integer)
			flow->prefetch_txn(flow, place);
	}
}

static int
compare_uint32(const void *a, const void *b)
{
	uint32		x = *(const uint32 *) a,
				y = *(const uint32 *) b;

	return x < y ? -1 : x > y;
}

/* Cut a hop of `arcs` arcs into slices of about equal size; returns how many. */
static int
cut_hop(const RsTraceCall *call, const RsTraceRun *run, uint64 nruns, uint64 arcs, Slice *slice)
{
	const RsArc *arc = rs_trace_side(call->trace)->arc;
	bool		up = call->question.upstream;
	uint32		sample[SAMPLE];
	uint64		seen = 0;
	int			nsample = 0,
				n = (int) Min((arcs + SLICE_ROWS - 1) / SLICE_ROWS, (uint64) MAX_SLICES),
				nslices = 0;

	slice[0] = (Slice) {0, UINT32_MAX, arcs};
	if (n <= 1)
		return 1;
	for (uint64 r = 0; r < nruns; seen += run[r++].count)
		for (; nsample < SAMPLE; nsample++)
		{
			uint64		next = arcs / SAMPLE * nsample;

			if (next >= seen + run[r].count)
				break;
			sample[nsample] = arc[rs_trace_place(up, &run[r], (uint32) (next - seen))].when;
		}
	qsort(sample, nsample, sizeof(uint32), compare_uint32);
	for (int i = 1; i < n; i++)
	{
		uint32		from = sample[(int64) nsample * i / n];

		/* many at one time make fewer, larger slices */
		if (from <= slice[nslices].low)
			continue;
		slice[nslices].high = from - 1;
		slice[++nslices] = (Slice) {from, UINT32_MAX, 0};
	}
	nslices++;
	for (int i = 0; i < nslices; i++)
		slice[i].arcs = 0;
	for (uint64 r = 0; r < nruns; r++)
	{
		if (r + RUNS_AHEAD < nruns)
			prefetch_arc(call, &run[r + RUNS_AHEAD]);
		for (uint32 i = 0; i < run[r].count; i++)
		{
			uint32		when = arc[rs_trace_place(up, &run[r], i)].when;
			int			s = 0;

			while (when > slice[s].high)
				s++;
			slice[s].arcs++;
		}
		CHECK_FOR_INTERRUPTS();
	}
	return nslices;
}

/* The next hop of the seed at hand: its runs, its slices. */
static void
begin_hop(Emission *e)
{
	uint64		arcs = 0;

	e->hop = &e->run[e->at_run];
	for (e->hop_runs = 0; e->at_run < e->nruns && e->run[e->at_run].hop == e->hop->hop; e->at_run++, e->hop_runs++)
		arcs += e->run[e->at_run].count;
	e->nslices = cut_hop(e->call, e->hop, e->hop_runs, arcs, e->slice);
	e->at_slice = 0;
}

/* The rows of the next slice, in their order. */
static void
begin_slice(Emission *e)
{
	RsTraceCall *call = e->call;
	const Slice *slice = &e->slice[e->at_slice++];
	Rows	   *rows = &e->rows;

	rows->n = rows->arcs = 0;
	make_room(call, rows, slice->arcs);
	for (uint64 r = 0; r < e->hop_runs; r++)
	{
		if (r + 2 * RUNS_AHEAD < e->hop_runs)
			prefetch_arc(call, &e->hop[r + 2 * RUNS_AHEAD]);
		if (r + RUNS_AHEAD < e->hop_runs)
			prefetch_transfer(call, &e->hop[r + RUNS_AHEAD], slice);
		gather(call, rows, &e->hop[r], slice);
	}
	find_cuts(call, rows, e->hop->hop);
	order_rows(rows, call->budget);
	e->at = 0;
}

static bool
next_row(void *state, RsResultRow *row)
{
	Emission   *e = state;
	RsTraceCall *call = e->call;

	for (;;)
	{
		if (e->at < e->rows.n)
		{
			write_transfer(e, row, e->at++);
			return true;
		}
		if (e->at_slice < e->nslices)
			begin_slice(e);
		else if (e->at_run < e->nruns)
			begin_hop(e);
		else if (e->seed == call->nseeds)
			return false;
		else
		{
			int			s = e->seed++;

			if (rs_trace_seed(call->trace, call->seed[s], true)->seed_cut)
			{
				write_cut_seed(e, row, call->seed_text[s]);
				return true;
			}
			e->run = rs_trace_runs(call->trace, &e->nruns);
			e->at_run = 0;
		}
	}
}

static void
close_rows(void *state)
{
	rs_trace_end(((Emission *) state)->call);
}

/*
 * trace_funds(transfers text, seeds text[], direction text, since timestamptz,
 *	 until timestamptz, max_hops int, max_hold interval, min_amount numeric,
 *	 stop_at text[], max_fanout int, ordered boolean, strict boolean, bad_rows text)
 *	 returns (seed text, hop int, txn_id text, payer text, payee text,
 *			  amount numeric, paid_at timestamptz, cut text)
 *
 * Every transfer that money of a seed can have passed through, once per seed,
 * at its smallest hop, by seed (as given), hop, paid_at, txn_id. A seed with
 * more than max_fanout transfers is one row with hop 0 and cut 'fanout'.
 * Errors: 22004 null argument, 22023 bad argument, and the query reader's.
 */
PG_FUNCTION_INFO_V1(rs_trace_funds);
Datum
rs_trace_funds(PG_FUNCTION_ARGS)
{
	RsTraceCall *call = rs_trace_open(fcinfo, ARG_COMMON, -1);
	Emission   *e = rs_alloc0(call->budget, 1, sizeof(Emission), "the answer of a trace");
	MemoryContext old = MemoryContextSwitchTo(call->budget);

	e->call = call;
	e->rows.flow = call->flow;
	e->cut_name[RS_CUT_STOP_AT] = CStringGetTextDatum("stop_at");
	e->cut_name[RS_CUT_FANOUT] = CStringGetTextDatum("fanout");
	e->cut_name[RS_CUT_HOPS] = CStringGetTextDatum("hops");
	MemoryContextSwitchTo(old);
	return rs_return_rows(fcinfo, &(RsRowSource) {next_row, close_rows, e});
}
