/*
 * src/account_profile.c
 *	  One line of numbers per account.
 *
 * Both groups of an account are sorted by time, so every number comes from one
 * pass over them: counts, sums, parties (a mark per counterparty), peaks (two
 * pointers), the span. The holding time follows the money first in, first out:
 * each payment is served from the oldest receipts left (what comes in at the
 * same instant is there), the pieces are sorted by how long they lay, and the
 * median is the time within which half of the money paid on had left. Payments
 * beyond what was received are paid from money the data does not show, and
 * have no holding time.
 *
 * Cost: linear, and n log n for the pieces. Memory: 8 bytes an account, 24 a
 * piece of the account at hand.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/memutils.h"

#include "account_profile.h"
#include "rs_memory.h"

static const char *const purpose = "the profile of an account";

typedef struct Piece
{
	int64		hold;
	int128		amount;
} Piece;

#define ST_SORT sort_pieces
#define ST_ELEMENT_TYPE Piece
#define ST_COMPARE(a, b) ((a)->hold < (b)->hold ? -1 : (a)->hold > (b)->hold)
#define ST_SCOPE static
#define ST_CHECK_FOR_INTERRUPTS
#define ST_DEFINE
#include "lib/sort_template.h"

/* A receipt under a loan number. */
typedef struct Lot
{
	uint32		loan;
	TimestampTz time;
	int128		left;
} Lot;

static inline int
compare_lots(const Lot *a, const Lot *b)
{
	if (a->loan != b->loan)
		return a->loan < b->loan ? -1 : 1;
	return a->time < b->time ? -1 : a->time > b->time;
}

#define ST_SORT sort_lots
#define ST_ELEMENT_TYPE Lot
#define ST_COMPARE(a, b) compare_lots(a, b)
#define ST_SCOPE static
#define ST_CHECK_FOR_INTERRUPTS
#define ST_DEFINE
#include "lib/sort_template.h"

struct RsProfiler
{
	const RsFlow *flow;
	int64		window;
	MemoryContext budget;
	uint32	   *mark;			/* by account: place + 1 of its last sum in `share` */
	int128	   *share;			/* received by payer */
	uint64		share_capacity;
	Piece	   *piece;
	uint64		piece_capacity;
	Lot		   *lot;
	uint64		lot_capacity;
	uint64		steps;
};

RsProfiler *
rs_profiler_create(const RsFlow *flow, int64 window, MemoryContext budget)
{
	RsProfiler *p = rs_alloc0(budget, 1, sizeof(RsProfiler), purpose);

	p->flow = flow;
	p->window = window;
	p->budget = budget;
	p->mark = rs_alloc0(budget, flow->naccounts, sizeof(uint32), purpose);
	return p;
}

static inline void
tick(RsProfiler *p)
{
	if ((++p->steps & 0xfff) == 0)
		CHECK_FOR_INTERRUPTS();
}

static inline TimestampTz
time_at(const RsProfiler *p, int side, uint32 place)
{
	return rs_flow_time(p->flow, p->flow->side[side].arc[place].when);
}

static inline int128
amount_at(const RsProfiler *p, int side, uint32 place)
{
	return rs_flow_amount(p->flow, rs_flow_transfer(&p->flow->side[side], place));
}

static void
sum_side(RsProfiler *p, uint32 account, int s, RsProfile *profile)
{
	const RsFlowSide *side = &p->flow->side[s];
	uint32		tail,
				first,
				end;
	int128		inside = 0;
	uint32		parties = 0;

	rs_flow_group(side, account, &first, &end);
	tail = first;
	for (uint32 place = first; place < end; place++)
	{
		uint32		peer = side->arc[place].peer;
		int128		amount;

		tick(p);
		if (peer == account)
		{
			profile->self_transfers += s == RS_FLOW_OUT;
			continue;
		}
		amount = amount_at(p, s, place);
		profile->count[s]++;
		if (__builtin_add_overflow(profile->total[s], amount, &profile->total[s]))
			ereport(ERROR,
					(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
					 errmsg("sum of the amounts does not fit into 38 digits")));
		if (p->mark[peer] == 0)
		{
			if (parties >= p->share_capacity)
				p->share = rs_grow(p->budget, p->share, &p->share_capacity, (uint64) parties + 1, sizeof(int128), purpose);
			p->share[parties] = 0;
			p->mark[peer] = ++parties;
		}
		p->share[p->mark[peer] - 1] += amount;

		inside += amount;
		for (; time_at(p, s, place) - time_at(p, s, tail) > p->window; tail++)
			if (side->arc[tail].peer != account)
				inside -= amount_at(p, s, tail);
		profile->peak_total[s] = Max(profile->peak_total[s], inside);
	}
	profile->parties[s] = parties;
	if (s == RS_FLOW_IN && profile->total[s] > 0)
	{
		double		squares = 0,
					total = (double) profile->total[s];

		for (uint32 i = 0; i < parties; i++)
			squares += ((double) p->share[i] / total) * ((double) p->share[i] / total);
		profile->sources = 1 / squares;
	}
	for (uint32 place = first; place < end; place++)
		p->mark[side->arc[place].peer] = 0;
}

/* Most transfers, either way, inside the window. */
static uint64
peak_of_both(RsProfiler *p, uint32 account)
{
	const RsFlowSide *side = p->flow->side;
	uint32		head[2],
				tail[2],
				end[2];
	uint64		inside = 0,
				peak = 0;

	for (int s = 0; s < 2; s++)
	{
		rs_flow_group(&side[s], account, &head[s], &end[s]);
		tail[s] = head[s];
	}
	while (head[0] < end[0] || head[1] < end[1])
	{
		TimestampTz now = DT_NOEND;

		tick(p);
		for (int s = 0; s < 2; s++)
			if (head[s] < end[s])
				now = Min(now, time_at(p, s, head[s]));
		for (int s = 0; s < 2; s++)
		{
			for (; head[s] < end[s] && time_at(p, s, head[s]) == now; head[s]++)
				inside += side[s].arc[head[s]].peer != account;
			for (; tail[s] < head[s] && now - time_at(p, s, tail[s]) > p->window; tail[s]++)
				inside -= side[s].arc[tail[s]].peer != account;
		}
		peak = Max(peak, inside);
	}
	return peak;
}

static void
holding_time(RsProfiler *p, uint32 account, RsProfile *profile)
{
	const RsFlowSide *in = &p->flow->side[RS_FLOW_IN],
			   *out = &p->flow->side[RS_FLOW_OUT];
	uint32		receipt,
				stop,
				payment,
				end;
	int128		left = -1;		/* of the receipt; -1: not begun */
	int128		total = 0,
				passed = 0;
	uint64		n = 0;

	rs_flow_group(in, account, &receipt, &stop);
	rs_flow_group(out, account, &payment, &end);
	for (uint32 place = payment; place < end; place++)
	{
		TimestampTz now = time_at(p, RS_FLOW_OUT, place);
		int128		need;

		tick(p);
		if (out->arc[place].peer == account)
			continue;
		need = amount_at(p, RS_FLOW_OUT, place);
		while (need > 0 && receipt < stop && time_at(p, RS_FLOW_IN, receipt) <= now)
		{
			int128		take;

			tick(p);
			if (left < 0)
				left = in->arc[receipt].peer == account ? 0 : amount_at(p, RS_FLOW_IN, receipt);
			take = Min(left, need);
			if (take > 0)
			{
				if (n >= p->piece_capacity)
					p->piece = rs_grow(p->budget, p->piece, &p->piece_capacity, n + 1, sizeof(Piece), purpose);
				p->piece[n].hold = now - time_at(p, RS_FLOW_IN, receipt);
				p->piece[n++].amount = take;
				total += take;
			}
			left -= take;
			need -= take;
			if (left == 0)
			{
				receipt++;
				left = -1;
			}
		}
	}
	if (n == 0)
		return;
	sort_pieces(p->piece, n);
	for (uint64 i = 0; i < n; i++)
	{
		passed += p->piece[i].amount;
		if (passed >= total - passed)
		{
			profile->median_hold = p->piece[i].hold;
			break;
		}
	}
	profile->held = true;
}

bool
rs_profile_account(RsProfiler *p, uint32 account, RsProfile *profile)
{
	const RsFlowSide *side = p->flow->side;
	bool		any = false;

	rs_flow_forget(p->flow);
	memset(profile, 0, sizeof(*profile));
	profile->account = account;
	for (int s = 0; s < 2; s++)
	{
		uint32		first,
					stop;

		rs_flow_group(&side[s], account, &first, &stop);
		if (first == stop)
			continue;
		profile->first = any ? Min(profile->first, time_at(p, s, first)) : time_at(p, s, first);
		profile->last = any ? Max(profile->last, time_at(p, s, stop - 1)) : time_at(p, s, stop - 1);
		any = true;
		sum_side(p, account, s, profile);
	}
	if (!any)
		return false;
	profile->peak_count = peak_of_both(p, account);
	holding_time(p, account, profile);
	return true;
}

int128
rs_profile_matched(RsProfiler *p, uint32 account, const uint32 *loan, int64 window)
{
	const RsFlowSide *in = &p->flow->side[RS_FLOW_IN],
			   *out = &p->flow->side[RS_FLOW_OUT];
	uint64		n = 0;
	int128		matched = 0;
	uint32		first,
				end;

	rs_flow_group(in, account, &first, &end);
	for (uint32 place = first; place < end; place++)
	{
		uint32		number = loan[rs_flow_transfer(in, place)];

		tick(p);
		if (number == RS_NO_ID || in->arc[place].peer == account)
			continue;
		if (n >= p->lot_capacity)
			p->lot = rs_grow(p->budget, p->lot, &p->lot_capacity, n + 1, sizeof(Lot), purpose);
		p->lot[n++] = (Lot) {number, time_at(p, RS_FLOW_IN, place), amount_at(p, RS_FLOW_IN, place)};
	}
	sort_lots(p->lot, n);
	rs_flow_group(out, account, &first, &end);
	for (uint32 place = first; place < end; place++)
	{
		uint32		number = loan[rs_flow_transfer(out, place)];
		TimestampTz now = time_at(p, RS_FLOW_OUT, place);
		int128		need = amount_at(p, RS_FLOW_OUT, place);
		Lot			from = {number, now - window, 0};
		uint64		low = 0,
					high = n;

		tick(p);
		if (number == RS_NO_ID || out->arc[place].peer == account)
			continue;
		while (low < high)
		{
			uint64		middle = low + (high - low) / 2;

			if (compare_lots(&p->lot[middle], &from) < 0)
				low = middle + 1;
			else
				high = middle;
		}
		for (; need > 0 && low < n && p->lot[low].loan == number && p->lot[low].time <= now; low++)
		{
			int128		take = Min(need, p->lot[low].left);

			tick(p);
			p->lot[low].left -= take;
			need -= take;
			matched += take;
		}
	}
	return matched;
}
