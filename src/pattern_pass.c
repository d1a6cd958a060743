/*
 * src/pattern_pass.c
 *	  Money that passes through an account: 快进快出.
 *
 * Pairs. An outgoing transfer follows an incoming one within w, and their
 * amounts differ by at most the tolerance times the incoming amount. On a busy
 * account every payment resembles many receipts, so listing all pairs says
 * little (3 million from 200,000 rows, in a peer's tool). Each transfer is used
 * once: outgoing transfers are served oldest first (ties by txn_id), each takes
 * the unused receipt with the nearest amount (of equals, the larger, then the
 * latest). The receipts that are waiting are bits, in order of amount, of a
 * three-level bitmap, so the nearest is found in a few word operations: n log n
 * for sorting, then about 20 ns a transfer, whatever the degree.
 *
 * Accounts. In the window that ends with a payment, the account has paid out
 * what it received, up to the tolerance. Overlapping windows are one stretch.
 * Two pointers over both sides: linear.
 *
 * Transfers at one instant: what comes in is there for what goes out.
 * Transfers to oneself pass nothing on.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "port/pg_bitutils.h"
#include "utils/memutils.h"

#include "pattern_pass.h"
#include "rs_memory.h"

static const char *const purpose = "the search for passing money";

/* ---------- a set of numbers 0 .. n-1 with neighbours ---------- */

#define LEVELS 6

typedef struct BitSet
{
	uint64	   *word[LEVELS];	/* level 0 holds the members, above: words that are not empty */
	uint64		size[LEVELS];	/* bits of a level: words of the one below */
	int			levels;
} BitSet;

/* Words that a set over 0 .. n-1 takes. */
static uint64
bitset_words(uint64 n)
{
	uint64		total = 0;

	do
	{
		n = (n + 63) / 64;
		total += n;
	} while (n > 1);
	return total;
}

static void
bitset_init(BitSet *set, uint64 *memory, uint64 n)
{
	set->levels = 0;
	do
	{
		set->size[set->levels] = n;
		set->word[set->levels++] = memory;
		n = (n + 63) / 64;
		memory += n;
	} while (n > 1);
}

static inline void
bitset_add(BitSet *set, uint64 i)
{
	for (int level = 0; level < set->levels; level++, i /= 64)
		set->word[level][i / 64] |= UINT64CONST(1) << (i % 64);
}

static inline void
bitset_remove(BitSet *set, uint64 i)
{
	for (int level = 0; level < set->levels; level++, i /= 64)
	{
		set->word[level][i / 64] &= ~(UINT64CONST(1) << (i % 64));
		if (set->word[level][i / 64] != 0)
			return;
	}
}

static inline bool
bitset_has(const BitSet *set, uint64 i)
{
	return (set->word[0][i / 64] >> (i % 64)) & 1;
}

/* Smallest member >= i, -1: none. */
static int64
bitset_from(const BitSet *set, uint64 i)
{
	int			level;

	for (level = 0; level < set->levels && i < set->size[level]; level++)
	{
		uint64		rest = set->word[level][i / 64] >> (i % 64);

		if (rest != 0)
		{
			i += pg_rightmost_one_pos64(rest);
			while (level-- > 0)
				i = i * 64 + pg_rightmost_one_pos64(set->word[level][i]);
			return (int64) i;
		}
		i = i / 64 + 1;
	}
	return -1;
}

/* Largest member < i, -1: none. */
static int64
bitset_below(const BitSet *set, uint64 i)
{
	int			level = 0;

	for (;;)
	{
		uint64		word;

		if (i == 0)
			return -1;
		word = i % 64 == 0 ? 0 : set->word[level][i / 64] & ((UINT64CONST(1) << (i % 64)) - 1);
		if (word != 0)
		{
			i = i / 64 * 64 + pg_leftmost_one_pos64(word);
			break;
		}
		i = i / 64;
		if (++level == set->levels)
			return -1;
	}
	while (level > 0)
	{
		level--;
		i = i * 64 + pg_leftmost_one_pos64(set->word[level][i]);
	}
	return (int64) i;
}

/* ---------- pairs ---------- */

typedef struct Receipt
{
	int128		amount;
	uint32		place;			/* on the side IN */
} Receipt;

#define ST_SORT sort_receipts
#define ST_ELEMENT_TYPE Receipt
#define ST_COMPARE(a, b) ((a)->amount != (b)->amount ? ((a)->amount < (b)->amount ? -1 : 1) \
						  : ((a)->place < (b)->place ? -1 : (a)->place > (b)->place))
#define ST_SCOPE static
#define ST_CHECK_FOR_INTERRUPTS
#define ST_DEFINE
#include "lib/sort_template.h"

typedef struct Search
{
	const RsFlow *flow;
	const RsFlowSide *in,
			   *out;
	MemoryContext budget;
	Receipt    *receipt;
	uint64		receipt_capacity;
	uint32	   *rank;			/* by place - start: its receipt */
	uint64		rank_capacity;
	uint64	   *words;
	uint64		word_capacity;
	uint32	   *member[2];		/* RS_FLOW_OUT, RS_FLOW_IN */
	uint64		member_capacity[2];
	uint64		steps;
} Search;

static void
begin_search(Search *s, const RsFlow *flow, MemoryContext budget)
{
	memset(s, 0, sizeof(*s));
	s->flow = flow;
	s->in = &flow->side[RS_FLOW_IN];
	s->out = &flow->side[RS_FLOW_OUT];
	s->budget = AllocSetContextCreate(budget, "pass-through search", ALLOCSET_DEFAULT_SIZES);
}

static inline void
tick(Search *s)
{
	if ((++s->steps & 0xfff) == 0)
		CHECK_FOR_INTERRUPTS();
}

static inline TimestampTz
time_at(const Search *s, const RsFlowSide *side, uint32 place)
{
	return rs_flow_time(s->flow, side->arc[place].when);
}

static inline int128
amount_at(const Search *s, const RsFlowSide *side, uint32 place)
{
	return rs_flow_amount(s->flow, rs_flow_transfer(side, place));
}

static inline bool
resembles(const RsPassQuestion *q, int128 in, int128 out)
{
	int128		left,
				right,
				gap = in < out ? out - in : in - out;

	if (__builtin_mul_overflow(gap, q->tolerance_denominator, &left) ||
		__builtin_mul_overflow(in, q->tolerance_numerator, &right))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("amounts are too large to compare with the tolerance"),
				 errhint("Round the tolerance or the amounts.")));
	return left <= right;
}

/* The waiting receipt with the amount nearest to `amount`, -1: none within the tolerance. */
static int64
nearest(Search *s, const RsPassQuestion *q, BitSet *waiting, uint64 n, int128 amount)
{
	uint64		low = 0,
				high = n;
	int64		above,
				below;
	bool		fits_above,
				fits_below;

	while (low < high)
	{
		uint64		middle = low + (high - low) / 2;

		if (s->receipt[middle].amount < amount)
			low = middle + 1;
		else
			high = middle;
	}
	above = bitset_from(waiting, low);
	below = bitset_below(waiting, low);
	fits_above = above >= 0 && resembles(q, s->receipt[above].amount, amount);
	fits_below = below >= 0 && resembles(q, s->receipt[below].amount, amount);
	if (fits_above && fits_below)
	{
		int128		over = s->receipt[above].amount - amount,
					under = amount - s->receipt[below].amount;

		fits_above = over <= under;
	}
	if (fits_above)
	{
		/* of equal amounts the latest: the receipts of one amount are in order of time */
		uint64		end = (uint64) above + 1;
		int64		last;

		low = end;
		high = n;
		while (low < high)
		{
			uint64		middle = low + (high - low) / 2;

			if (s->receipt[middle].amount <= s->receipt[above].amount)
				low = middle + 1;
			else
				high = middle;
		}
		last = bitset_below(waiting, low);
		return last > above ? last : above;
	}
	return fits_below ? below : -1;
}

static void
pairs_of(Search *s, uint32 account, const RsPassQuestion *q, RsPassHandler handler, void *arg)
{
	uint32		first,
				stop,
				payment,
				end;
	uint32		enter,
				leave;
	uint64		n = 0;
	BitSet		waiting;

	rs_flow_forget(s->flow);
	rs_flow_group(s->in, account, &first, &stop);
	rs_flow_group(s->out, account, &payment, &end);
	if (first == stop || payment == end)
		return;
	enter = leave = first;
	s->receipt = rs_grow(s->budget, s->receipt, &s->receipt_capacity, stop - first, sizeof(Receipt), purpose);
	s->rank = rs_grow(s->budget, s->rank, &s->rank_capacity, stop - first, sizeof(uint32), purpose);
	for (uint32 place = first; place < stop; place++)
	{
		int128		amount = amount_at(s, s->in, place);

		s->rank[place - first] = UINT32_MAX;
		if (s->in->arc[place].peer == account || amount < q->least || amount == 0)
			continue;
		s->receipt[n].amount = amount;
		s->receipt[n++].place = place;
	}
	if (n == 0)
		return;
	sort_receipts(s->receipt, n);
	for (uint64 i = 0; i < n; i++)
		s->rank[s->receipt[i].place - first] = (uint32) i;
	s->words = rs_grow(s->budget, s->words, &s->word_capacity, bitset_words(n), sizeof(uint64), purpose);
	memset(s->words, 0, bitset_words(n) * sizeof(uint64));
	bitset_init(&waiting, s->words, n);

	for (uint32 place = payment; place < end; place++)
	{
		TimestampTz now = time_at(s, s->out, place);
		int128		amount = amount_at(s, s->out, place);
		int64		found;
		uint32		in,
					out = rs_flow_transfer(s->out, place);
		RsPass		pass = {.account = account, .nin = 1, .nout = 1, .in = &in, .out = &out};

		tick(s);
		if (s->out->arc[place].peer == account || amount < q->least || amount == 0)
			continue;
		for (; enter < stop && time_at(s, s->in, enter) <= now; enter++)
			if (s->rank[enter - first] != UINT32_MAX)
				bitset_add(&waiting, s->rank[enter - first]);
		for (; leave < enter && now - time_at(s, s->in, leave) > q->within; leave++)
			if (s->rank[leave - first] != UINT32_MAX && bitset_has(&waiting, s->rank[leave - first]))
				bitset_remove(&waiting, s->rank[leave - first]);
		found = nearest(s, q, &waiting, n, amount);
		if (found < 0)
			continue;
		bitset_remove(&waiting, (uint64) found);
		if (now <= q->since)
			continue;
		in = rs_flow_transfer(s->in, s->receipt[found].place);
		pass.received = s->receipt[found].amount;
		pass.paid = amount;
		handler(arg, &pass);
	}
}

void
rs_find_pass_pairs(const RsFlow *flow, const RsPassQuestion *question,
				   MemoryContext budget, RsPassHandler handler, void *arg)
{
	Search		s;

	begin_search(&s, flow, budget);
	for (uint32 account = 0; account < flow->naccounts; account++)
	{
		tick(&s);
		pairs_of(&s, account, question, handler, arg);
	}
	MemoryContextDelete(s.budget);
}

/* ---------- stretches ---------- */

/* Transfers of one side between two moments, self-transfers left out. */
static uint64
collect(Search *s, int side, uint32 account, TimestampTz from, TimestampTz to, int128 *total)
{
	const RsFlowSide *group = &s->flow->side[side];
	uint32		low,
				high,
				end;
	uint64		n = 0;

	*total = 0;
	rs_flow_group(group, account, &low, &end);
	high = end;
	while (low < high)
	{
		uint32		middle = low + (high - low) / 2;

		if (time_at(s, group, middle) < from)
			low = middle + 1;
		else
			high = middle;
	}
	for (uint32 place = low; place < end && time_at(s, group, place) <= to; place++)
	{
		tick(s);
		if (group->arc[place].peer == account)
			continue;
		if (n >= s->member_capacity[side])
			s->member[side] = rs_grow(s->budget, s->member[side], &s->member_capacity[side], n + 1,
									  sizeof(uint32), purpose);
		s->member[side][n++] = rs_flow_transfer(group, place);
		*total += amount_at(s, group, place);
	}
	return n;
}

static void
report(Search *s, uint32 account, TimestampTz in_from, TimestampTz in_to,
	   TimestampTz out_from, TimestampTz out_to, TimestampTz since, RsPassHandler handler, void *arg)
{
	RsPass		pass = {.account = account};

	if (out_to <= since && in_to <= since)
		return;
	pass.nin = collect(s, RS_FLOW_IN, account, in_from, in_to, &pass.received);
	pass.nout = collect(s, RS_FLOW_OUT, account, out_from, out_to, &pass.paid);
	pass.in = s->member[RS_FLOW_IN];
	pass.out = s->member[RS_FLOW_OUT];
	if (pass.nin > 0 && pass.nout > 0)
		handler(arg, &pass);
}

static void
stretches_of(Search *s, uint32 account, const RsPassQuestion *q, RsPassHandler handler, void *arg)
{
	uint32		in_head,
				in_tail,
				in_stop;
	uint32		out_head,
				out_tail,
				out_stop;
	int128		received = 0,
				paid = 0;
	bool		open = false;
	TimestampTz started = 0,
				ended = 0;

	rs_flow_forget(s->flow);
	rs_flow_group(s->in, account, &in_head, &in_stop);
	rs_flow_group(s->out, account, &out_head, &out_stop);
	if (in_head == in_stop || out_head == out_stop)
		return;
	in_tail = in_head;
	out_tail = out_head;
	while (out_head < out_stop)
	{
		TimestampTz now = time_at(s, s->out, out_head);
		TimestampTz from = now - q->within;

		tick(s);
		for (; out_head < out_stop && time_at(s, s->out, out_head) == now; out_head++)
			if (s->out->arc[out_head].peer != account)
				paid += amount_at(s, s->out, out_head);
		for (; in_head < in_stop && time_at(s, s->in, in_head) <= now; in_head++)
			if (s->in->arc[in_head].peer != account)
				received += amount_at(s, s->in, in_head);
		for (; in_tail < in_head && time_at(s, s->in, in_tail) < from; in_tail++)
			if (s->in->arc[in_tail].peer != account)
				received -= amount_at(s, s->in, in_tail);
		for (; out_tail < out_head && time_at(s, s->out, out_tail) < from; out_tail++)
			if (s->out->arc[out_tail].peer != account)
				paid -= amount_at(s, s->out, out_tail);
		if (received == 0 || paid == 0 || received < q->least || !resembles(q, received, paid))
			continue;
		if (open && from > ended)
		{
			report(s, account, started, ended, started, ended, q->since, handler, arg);
			open = false;
		}
		if (!open)
		{
			open = true;
			started = from;
		}
		ended = now;
	}
	if (open)
		report(s, account, started, ended, started, ended, q->since, handler, arg);
}

void
rs_find_pass_accounts(const RsFlow *flow, const RsPassQuestion *question,
					  MemoryContext budget, RsPassHandler handler, void *arg)
{
	Search		s;

	begin_search(&s, flow, budget);
	for (uint32 account = 0; account < flow->naccounts; account++)
	{
		tick(&s);
		stretches_of(&s, account, question, handler, arg);
	}
	MemoryContextDelete(s.budget);
}
