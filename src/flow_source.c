/*
 * src/flow_source.c
 *	  Build the arrays of a flow from a list of transfers; time codes.
 *
 * A counting sort brings each account's transfers together, then every group
 * is sorted alone by (time code, txn order): n log(busiest account). The
 * identifiers are compared only on equal times.
 *
 * Times are linear codes when the greatest common divisor of all distances
 * leaves fewer than 2^32 steps between the first and the last (whole seconds:
 * 136 years); otherwise a table of the distinct times is sorted and searched.
 *
 * Everything is allocated in flow->budget. Beside the result, 12 bytes a
 * transfer are used while building.
 */
#include "postgres.h"

#include "miscadmin.h"

#include "flow_source.h"
#include "rs_memory.h"

typedef struct Entry
{
	uint32		when;
	uint32		raw;			/* place in the list */
} Entry;

typedef struct SortContext
{
	const RsRawTransfer *list;
	int			(*compare_raw) (void *arg, uint32 a, uint32 b);
	void	   *arg;
} SortContext;

static inline int
entry_compare(const Entry *a, const Entry *b, SortContext *context)
{
	if (a->when != b->when)
		return a->when < b->when ? -1 : 1;
	if (a->raw == b->raw)
		return 0;
	return context->compare_raw(context->arg, context->list[a->raw].txn, context->list[b->raw].txn);
}

#define ST_SORT sort_entries
#define ST_ELEMENT_TYPE Entry
#define ST_COMPARE(a, b, context) entry_compare(a, b, context)
#define ST_COMPARE_ARG_TYPE SortContext
#define ST_SCOPE static
#define ST_CHECK_FOR_INTERRUPTS
#define ST_DEFINE
#include "lib/sort_template.h"

#define ST_SORT sort_times
#define ST_ELEMENT_TYPE TimestampTz
#define ST_COMPARE(a, b) (*(a) < *(b) ? -1 : *(a) > *(b))
#define ST_SCOPE static
#define ST_CHECK_FOR_INTERRUPTS
#define ST_DEFINE
#include "lib/sort_template.h"


static uint64
common_divisor(uint64 a, uint64 b)
{
	while (b != 0)
	{
		uint64		r = a % b;

		a = b;
		b = r;
	}
	return a;
}

/* Number of table entries that are < t, or <= t. */
static uint32
table_bound(const TimestampTz *table, uint32 n, TimestampTz t, bool inclusive)
{
	uint32		low = 0,
				high = n;

	while (low < high)
	{
		uint32		middle = low + (high - low) / 2;

		if (inclusive ? table[middle] <= t : table[middle] < t)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

uint32
rs_flow_code_bound(const RsFlow *flow, TimestampTz t, bool inclusive)
{
	uint64		distance,
				code;

	if (flow->time)
		return table_bound(flow->time, flow->ncodes, t, inclusive);
	if (t < flow->time_base)
		return 0;
	/* As unsigned numbers the difference cannot overflow. */
	distance = (uint64) t - (uint64) flow->time_base;
	code = distance / (uint64) flow->time_unit;
	if (inclusive || distance % (uint64) flow->time_unit != 0)
		code++;
	return (uint32) Min(code, (uint64) RS_FLOW_MAX_CODE + 1);
}

/* Choose how the flow writes times, from those in the list. */
static void
encode_times(RsFlow *flow, uint32 n, const RsRawTransfer *list)
{
	TimestampTz first = n > 0 ? list[0].time : 0,
				last = first;
	uint64		unit = 0;
	TimestampTz *table;
	uint32		distinct = 0;

	for (uint32 i = 0; i < n; i++)
	{
		if (list[i].time < first)
			first = list[i].time;
		if (list[i].time > last)
			last = list[i].time;
		if (unit != 1)
		{
			uint64		d = list[i].time >= list[0].time
				? (uint64) list[i].time - (uint64) list[0].time
				: (uint64) list[0].time - (uint64) list[i].time;

			if (unit == 0 || d % unit != 0)
				unit = common_divisor(d, unit);
		}
	}
	if (unit == 0)
		unit = 1;
	flow->time = NULL;
	flow->time_base = first;
	flow->time_unit = (int64) Min(unit, (uint64) PG_INT64_MAX);
	if (((uint64) last - (uint64) first) / unit <= RS_FLOW_MAX_CODE && unit <= PG_INT64_MAX)
		return;

	table = rs_alloc(flow->budget, n, sizeof(TimestampTz), "the times of a flow");
	for (uint32 i = 0; i < n; i++)
		table[i] = list[i].time;
	sort_times(table, n);
	for (uint32 i = 0; i < n; i++)
		if (i == 0 || table[i] != table[distinct - 1])
			table[distinct++] = table[i];
	flow->time = rs_resize(flow->budget, table, distinct, sizeof(TimestampTz), "the times of a flow");
	flow->ncodes = distinct;
}

static inline uint32
time_code(const RsFlow *flow, TimestampTz t)
{
	if (flow->time)
		return table_bound(flow->time, flow->ncodes, t, false);
	return (uint32) (((uint64) t - (uint64) flow->time_base) / (uint64) flow->time_unit);
}

/*
 * Sort one side. `entry` comes out in place order; `start` is the side's.
 * Returns start.
 */
static uint32 *
sort_side(RsFlow *flow, bool out, uint32 n, Entry *entry, const uint32 *code, SortContext *context)
{
	const RsRawTransfer *list = context->list;
	uint32	   *start = rs_alloc0(flow->budget, (uint64) flow->naccounts + 2, sizeof(uint32),
								  "the accounts of a flow");

	/* start[a + 2] counts, then start[a + 1] is where the next of a goes. */
	for (uint32 i = 0; i < n; i++)
		start[(uint64) (out ? list[i].payer : list[i].payee) + 2]++;
	for (uint64 a = 2; a < (uint64) flow->naccounts + 2; a++)
		start[a] += start[a - 1];
	for (uint32 i = 0; i < n; i++)
	{
		uint32		p = start[(uint64) (out ? list[i].payer : list[i].payee) + 1]++;

		entry[p].when = code[i];
		entry[p].raw = i;
	}
	for (uint32 a = 0; a < flow->naccounts; a++)
	{
		uint32		count = start[a + 1] - start[a];

		if (count > 1)
			sort_entries(entry + start[a], count, context);
		if ((a & 1023) == 0)
			CHECK_FOR_INTERRUPTS();
	}
	return start;
}

void
rs_flow_build(RsFlow *flow, int sides, uint32 n, const RsRawTransfer *list,
			  const int64 *amount, const int128 *wide, uint32 *place,
			  int (*compare_raw) (void *arg, uint32 txn_a, uint32 txn_b), void *arg)
{
	SortContext context = {list, compare_raw, arg};
	Entry	   *entry;
	uint32	   *code;
	uint32	   *number = place;
	bool		numbered = false;

	if (n > RS_FLOW_MAX_TRANSFERS)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("too many transfers for one flow: %u", n)));
	flow->ntransfers = n;
	encode_times(flow, n, list);
	code = rs_alloc(flow->budget, n, sizeof(uint32), "building a flow");
	for (uint32 i = 0; i < n; i++)
		code[i] = time_code(flow, list[i].time);
	CHECK_FOR_INTERRUPTS();
	entry = rs_alloc(flow->budget, n, sizeof(Entry), "building a flow");
	if (number == NULL)
		number = rs_alloc(flow->budget, n, sizeof(uint32), "building a flow");

	for (int s = RS_FLOW_OUT; s <= RS_FLOW_IN; s++)
	{
		RsFlowSide *side = &flow->side[s];
		RsArc	   *arc;
		uint32	   *transfer = NULL;

		memset(side, 0, sizeof(*side));
		if ((sides & (1 << s)) == 0)
			continue;
		side->start = sort_side(flow, s == RS_FLOW_OUT, n, entry, code, &context);
		arc = rs_alloc(flow->budget, n, sizeof(RsArc), "the transfers of a flow");
		if (numbered)
			transfer = rs_alloc(flow->budget, n, sizeof(uint32), "the transfers of a flow");
		for (uint32 p = 0; p < n; p++)
		{
			uint32		raw = entry[p].raw;

			arc[p].when = entry[p].when;
			arc[p].peer = s == RS_FLOW_OUT ? list[raw].payee : list[raw].payer;
			if (numbered)
				transfer[p] = number[raw];
			else
				number[raw] = p;
		}
		side->arc = arc;
		side->transfer = transfer;
		numbered = true;
		CHECK_FOR_INTERRUPTS();
	}

	if (wide)
	{
		int128	   *w = rs_alloc(flow->budget, (uint64) n + 1, sizeof(int128), "the amounts of a flow");

		/* Chunks are 8-byte aligned only. */
		w = (int128 *) TYPEALIGN(sizeof(int128), w);
		for (uint32 i = 0; i < n; i++)
			w[number[i]] = wide[i];
		flow->wide = w;
		flow->amount = NULL;
	}
	else
	{
		int64	   *v = rs_alloc(flow->budget, n, sizeof(int64), "the amounts of a flow");

		for (uint32 i = 0; i < n; i++)
			v[number[i]] = amount[i];
		flow->amount = v;
		flow->wide = NULL;
	}
	if (number != place)
		pfree(number);
	pfree(entry);
	pfree(code);
}
