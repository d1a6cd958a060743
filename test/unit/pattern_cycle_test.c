/*
 * test/unit/pattern_cycle_test.c
 *	  engines: src/pattern_cycle.c src/flow_source.c src/flow_parts.c src/rs_memory.c
 *
 * Every cycle of random small flows, against plain enumeration of transfer
 * sequences by the definition: ties, parallel and self-transfers included.
 */
#include "pg_shim.h"

#include <stdlib.h>

#include "miscadmin.h"

#include "pattern_cycle.h"
#include "rs_memory.h"

#define MAXN 36

static int	n,
			naccounts;
#define DENSE 24				/* accounts of the flow that is cancelled */

static RsRawTransfer list[DENSE * DENSE];
static int64 amount[DENSE * DENSE];
static uint32 place[DENSE * DENSE];		/* transfer number of list[i] */
static uint32 raw_of[DENSE * DENSE];
static RsCycleQuestion q;

typedef struct Sequence
{
	int			length;
	uint32		raw[RS_CYCLE_MAX_LENGTH];
} Sequence;

static Sequence got[200000],
			want[200000];
static int	ngot,
			nwant;

static int
compare_raw(void *arg, uint32 a, uint32 b)
{
	return a < b ? -1 : a > b;
}

static int
compare_txn(RsFlow *flow, uint32 a, uint32 b)
{
	return compare_raw(NULL, raw_of[a], raw_of[b]);
}

static bool
earlier(uint32 a, uint32 b)
{
	return list[a].time != list[b].time ? list[a].time < list[b].time : a < b;
}

static int
compare_sequences(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(Sequence));
}

/* Is this closed sequence of list indexes, as it is rotated, a cycle to report? */
static bool
reported(const Sequence *s)
{
	int64		first = list[s->raw[0]].time,
				last = first;
	int64		least = amount[s->raw[0]],
				most = least;
	bool		all_equal = true;

	for (int i = 1; i < s->length; i++)
	{
		int64		t = list[s->raw[i]].time;

		if (q.ordered && (q.strict ? t <= list[s->raw[i - 1]].time : t < list[s->raw[i - 1]].time))
			return false;
		if (!q.ordered && earlier(s->raw[i], s->raw[0]))
			return false;
		last = Max(last, t);
		all_equal = all_equal && t == first;
		least = Min(least, amount[s->raw[i]]);
		most = Max(most, amount[s->raw[i]]);
	}
	if (q.ordered && !q.strict && all_equal)
		for (int i = 1; i < s->length; i++)
			if (s->raw[i] < s->raw[0])
				return false;
	if (last - first > q.within || last <= q.since || least < q.min_amount)
		return false;
	return (int128) least * q.kept_denominator >=
		(int128) (q.ordered ? amount[s->raw[0]] : most) * q.kept_numerator;
}

static void
enumerate(Sequence *s, uint32 root, uint32 at, uint32 visited)
{
	for (int i = 0; i < n; i++)
	{
		if (list[i].payer != at || list[i].payee == at)
			continue;
		s->raw[s->length] = i;
		s->length++;
		if (list[i].payee == root)
		{
			if (s->length >= 2 && reported(s))
			{
				memset(&want[nwant], 0, sizeof(Sequence));
				want[nwant].length = s->length;
				memcpy(want[nwant].raw, s->raw, s->length * sizeof(uint32));
				nwant++;
			}
		}
		else if (s->length < q.max_length && !(visited & (1u << list[i].payee)))
			enumerate(s, root, list[i].payee, visited | (1u << list[i].payee));
		s->length--;
	}
}

static void
take(void *arg, int length, const uint32 *transfer)
{
	Sequence   *s = &got[ngot];

	if (ngot < lengthof(got) - 1)
		ngot++;
	memset(s, 0, sizeof(*s));
	s->length = length;
	for (int i = 0; i < length; i++)
		s->raw[i] = raw_of[transfer[i]];
}

static RsFlow *
make_flow(MemoryContext budget)
{
	RsFlow	   *flow = palloc0(sizeof(RsFlow));

	flow->budget = budget;
	flow->naccounts = naccounts;
	flow->compare_txn = compare_txn;
	rs_flow_build(flow, 3, n, list, amount, NULL, place, compare_raw, NULL);
	for (int i = 0; i < n; i++)
		raw_of[place[i]] = i;
	return flow;
}

static bool
one_case(uint64 seed)
{
	MemoryContext budget = AllocSetContextCreate(TopMemoryContext, "case", ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = MemoryContextSwitchTo(budget);
	int64		times;
	Sequence	s = {0};
	bool		same;

	shim_srandom(seed);
	for (int i = 0; i < 5; i++)
		shim_random();
	naccounts = 2 + shim_random() % 7;
	n = shim_random() % (MAXN - 8) + 2;
	times = 1 + shim_random() % (shim_random() % 4 == 0 ? 3 : 40);
	for (int i = 0; i < n; i++)
	{
		list[i].payer = shim_random() % naccounts;
		list[i].payee = shim_random() % naccounts;
		list[i].txn = i;
		/* sometimes times that only a table can code */
		list[i].time = (int64) (shim_random() % times) * (seed % 5 == 0 ? INT64CONST(100000000001) : 1000);
		if (seed % 5 == 0 && shim_random() % 2)
			list[i].time += 1;
		amount[i] = shim_random() % 20;
	}
	q.max_length = 2 + shim_random() % 5;
	q.within = (int64) (shim_random() % (times + 1)) * (seed % 5 == 0 ? INT64CONST(100000000001) : 1000);
	q.ordered = shim_random() % 3 != 0;
	q.strict = shim_random() % 2;
	q.min_amount = shim_random() % 3 == 0 ? shim_random() % 8 : 0;
	q.kept_numerator = shim_random() % 3 == 0 ? shim_random() % 11 : 0;
	q.kept_denominator = 10;
	q.since = shim_random() % 4 == 0 ? list[0].time : DT_NOBEGIN;

	ngot = nwant = 0;
	rs_find_cycles(make_flow(budget), &q, budget, take, NULL);
	for (int root = 0; root < naccounts; root++)
		enumerate(&s, root, root, 1u << root);
	qsort(got, ngot, sizeof(Sequence), compare_sequences);
	qsort(want, nwant, sizeof(Sequence), compare_sequences);
	same = ngot == nwant && memcmp(got, want, ngot * sizeof(Sequence)) == 0;
	MemoryContextSwitchTo(old);
	MemoryContextDelete(budget);
	return same;
}

static void
cancelled(void *arg)
{
	MemoryContext budget = AllocSetContextCreate(TopMemoryContext, "case", ALLOCSET_DEFAULT_SIZES);

	InterruptPending = true;
	rs_find_cycles(arg, &q, budget, take, NULL);
}

int
main(void)
{
	int			cases = getenv("RS_LONG") && atoi(getenv("RS_LONG")) ? 100000 : 6000;
	int			wrong = 0;
	uint64		first_wrong = 0;
	long		found = 0;
	RsFlow	   *flow;

	shim_init();
	for (uint64 seed = 1; seed <= cases; seed++)
	{
		if (!one_case(seed) && wrong++ == 0)
			first_wrong = seed;
		found += nwant;
	}
	tap_ok(wrong == 0, "%d random flows, %ld cycles: all as by enumeration (first wrong: %d)",
		   cases, found, (int) first_wrong);
	tap_ok(found > cases, "the campaign is not empty");
	tap_ok(shim_live_chunks() == 0, "nothing is left allocated");

	/* a dense flow, cancelled at once */
	naccounts = DENSE;
	n = DENSE * DENSE;
	for (int i = 0; i < n; i++)
	{
		list[i].payer = i % DENSE;
		list[i].payee = i / DENSE;
		list[i].txn = i;
		list[i].time = 0;
		amount[i] = 1;
	}
	q = (RsCycleQuestion) {.max_length = 8, .within = 10, .kept_denominator = 1, .since = DT_NOBEGIN};
	flow = make_flow(TopMemoryContext);
	q.max_length = 12;
	ngot = 0;
	tap_ok(shim_catches(cancelled, flow) && shim_sqlstate == ERRCODE_QUERY_CANCELED, "a search can be cancelled");
	return tap_done();
}
