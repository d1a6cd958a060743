/*
 * src/trace_state.c
 *	  The trace engine's state: made from a question, paged in as it is touched.
 *
 * A trace is made once for a question and then asked for one seed after the
 * other; its pages stay. They are cut from slabs in the flow's budget and are
 * never given back one by one.
 */
#include "postgres.h"

#include <sys/mman.h>

#include "trace_state.h"

#define SMALL_SLAB	((Size) 64 * 1024)
#define HUGE_SLAB	((Size) 2 * 1024 * 1024)
#define HUGE_SLABS	8
#define CACHE_LINE	64


/*
 * Pages are cut from slabs that double up to the size of a huge page: a trace
 * that touches a million accounts here and there would spend more time in page
 * faults and TLB misses than walking.
 */
pg_noinline void *
rs_trace_new_page(RsTrace *t, Size size)
{
	Size		bytes = PAGE_SIZE * size;
	char	   *page;

	if (t->slab_left < bytes)
	{
		t->slab_size = Min(Max(t->slab_size * 2, SMALL_SLAB), HUGE_SLAB);
		if (t->slab_size < HUGE_SLAB)
		{
			t->slab = rs_alloc(t->budget, 1, t->slab_size + CACHE_LINE, "the state of a trace");
			t->slab = (char *) TYPEALIGN(CACHE_LINE, t->slab);
		}
		else
		{
			t->slab = rs_alloc(t->budget, HUGE_SLABS + 1, HUGE_SLAB, "the state of a trace");
			t->slab = (char *) TYPEALIGN(HUGE_SLAB, t->slab);
			t->slab_size = HUGE_SLABS * HUGE_SLAB;
#ifdef MADV_HUGEPAGE
			/* Only advice: without huge pages everything works as before. */
			(void) madvise(t->slab, t->slab_size, MADV_HUGEPAGE);
#endif
		}
		t->slab_left = t->slab_size;
	}
	page = t->slab;
	t->slab += bytes;
	t->slab_left -= bytes;
	return page;
}

pg_noinline void
rs_trace_make_ready(RsTrace *t, StatePage *page, uint32 line)
{
	StaticAssertStmt(PAGE_SIZE / LINE_SIZE <= 64, "a bit for each line");
	if (page->state == NULL)
		page->state = rs_trace_new_page(t, sizeof(State));
	for (int i = 0; i < LINE_SIZE; i++)
		page->state[line * LINE_SIZE + i] = (State) {.last = UNKNOWN};
	page->ready |= UINT64CONST(1) << line;
}

static int
compare_uint32(const void *a, const void *b)
{
	uint32		x = *(const uint32 *) a,
				y = *(const uint32 *) b;

	return x < y ? -1 : x > y;
}

/* The flow in one piece, joined or as it is. */
static void
take_whole(RsTrace *t)
{
	t->nparts = 1;
	t->part[0] = (TracePart) {
		.groups = {.nmembers = t->flow->naccounts}, .start = t->side->start,
		.near = 0, .far = UINT32_MAX
	};
	t->transfer = t->side->transfer;
}

/* The parts of the flow, the first to walk first. */
static void
take_parts(RsTrace *t, const RsFlowParts *parts)
{
	t->nparts = parts->nparts;
	for (int i = 0; i < parts->nparts; i++)
	{
		TracePart  *part = &t->part[t->upstream ? parts->nparts - 1 - i : i];

		part->groups = parts->part[i];
		part->start = part->groups.start[t->upstream ? RS_FLOW_IN : RS_FLOW_OUT];
		part->near = key_of(t->upstream ? part->groups.high : part->groups.low, t->upstream);
		part->far = key_of(t->upstream ? part->groups.low : part->groups.high, t->upstream) + 1;
	}
	/* transfers and places on the side OUT are the same where nothing is joined */
	t->transfer = t->upstream ? t->side->transfer : NULL;
}

void
rs_trace_join(RsTrace *t)
{
	take_whole(t);
}

RsTrace *
rs_trace_create(RsFlow *flow, const RsFlowQuestion *q, int128 min_amount)
{
	MemoryContext budget = flow->budget;
	RsTrace    *t = rs_alloc0(budget, 1, sizeof(RsTrace), "a trace");
	const RsFlowSide *side = &flow->side[q->upstream ? RS_FLOW_IN : RS_FLOW_OUT];
	uint32		low = rs_flow_code_bound(flow, q->since, false),
				high = rs_flow_code_bound(flow, q->until, true);
	uint64		pages = ((uint64) flow->naccounts >> PAGE_BITS) + 1;

	t->flow = flow;
	t->budget = budget;
	t->side = side;
	t->arc = side->arc;
	t->upstream = q->upstream;
	t->ordered = q->ordered;
	t->strict = q->strict;
	t->hold = q->max_hold >= 0;
	t->max_hold = q->max_hold;
	if (t->hold && flow->time == NULL)
		t->hold_steps = (uint32) Min(q->max_hold / flow->time_unit, (int64) RS_FLOW_MAX_CODE);
	t->max_fanout = q->max_fanout;
	t->nstops = q->nstops;
	t->stop = rs_alloc(budget, q->nstops, sizeof(uint32), "a trace");
	if (q->nstops > 0)
		memcpy(t->stop, q->stop, q->nstops * sizeof(uint32));
	qsort(t->stop, q->nstops, sizeof(uint32), compare_uint32);
	t->closing = q->nstops > 0 || q->max_fanout >= 0;
	t->min_amount = min_amount;
	t->filtered = min_amount > 0;
	t->max_hops = q->max_hops;
	if (low >= high)
		t->near = t->far = 0;
	else if (q->upstream)
	{
		t->near = RS_FLOW_MAX_CODE - (high - 1);
		t->far = RS_FLOW_MAX_CODE - low + 1;
	}
	else
	{
		t->near = low;
		t->far = high;
	}
	/* with max_hold, windows overlap and are searched again and again */
	if (side->join && !t->hold)
		take_parts(t, side->join->parts);
	else
		take_whole(t);
	t->state = rs_alloc0(budget, pages, sizeof(StatePage), "the state of a trace");
	if (t->closing)
		t->limit = rs_alloc0(budget, pages, sizeof(Limit *), "the state of a trace");
	if (t->hold)
		t->skip = rs_alloc0(budget, (rs_flow_places(flow) >> PAGE_BITS) + 1, sizeof(uint32 *),
							"the state of a trace");
	return t;
}

const RsTraceRun *
rs_trace_runs(const RsTrace *t, uint64 *count)
{
	*count = t->nruns;
	return t->run;
}

const RsFlowSide *
rs_trace_side(const RsTrace *t)
{
	return &t->flow->side[t->upstream ? RS_FLOW_IN : RS_FLOW_OUT];
}

bool
rs_trace_qualifies(const RsTrace *t, uint32 place)
{
	return !t->filtered || qualifies(t, place);
}

void
rs_trace_prefetch(const RsTrace *t, uint32 account)
{
	prefetch_state(t, account);
}
