/*
 * src/pattern_burst.c
 *	  Bursts: many transfers, or many counterparties, of one account in a short time.
 *
 * A window is all transfers on one side of an account that lie between t - w
 * and t, t being the time of one of them. It qualifies when it has enough
 * counterparties, transfers and money. Fans (fan-in, fan-out) ask for
 * counterparties; structuring asks for many transfers in a band below a
 * reporting line that together reach the line.
 *
 * Qualifying windows that share a transfer belong to one burst: a supervisor
 * wants one alert for a rush of payments, not one for each payment in it, and
 * the number of members stays linear whatever the window is. A burst can
 * therefore last longer than w; parties and count say how dense it was.
 *
 * The group of an account is sorted by time, so two pointers and a counter per
 * counterparty give every window in one pass: linear in the transfers,
 * whatever the degree. Transfers at one instant enter together. Memory: 4
 * bytes an account, 4 a member of the burst at hand.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/memutils.h"

#include "pattern_burst.h"
#include "rs_memory.h"

typedef struct Sweep
{
	const RsFlow *flow;
	const RsFlowSide *side;
	const RsBurstQuestion *question;
	MemoryContext budget;
	RsBurstHandler handler;
	void	   *arg;
	uint32	   *seen;			/* by account: transfers with it in the window */
	uint32	   *member;
	uint64		member_capacity;
	uint64		steps;
} Sweep;

static const char *const purpose = "the search for bursts";

static inline bool
counts(const Sweep *s, uint32 account, uint32 place)
{
	const RsBurstQuestion *q = s->question;
	int128		amount;

	/* nobody is his own counterparty */
	if (s->side->arc[place].peer == account)
		return false;
	if (q->least == 0 && q->below == 0)
		return true;
	amount = rs_flow_amount(s->flow, rs_flow_transfer(s->side, place));
	return amount >= q->least && (q->below == 0 || amount < q->below);
}

static inline bool
too_old(const Sweep *s, uint32 place, uint32 now)
{
	return rs_flow_time(s->flow, s->side->arc[now].when) -
		rs_flow_time(s->flow, s->side->arc[place].when) > s->question->within;
}

static void
report(Sweep *s, uint32 account, uint32 first, uint32 last, uint32 parties, uint32 count)
{
	RsBurst		burst = {.account = account, .parties = parties, .count = count};

	if (rs_flow_time(s->flow, s->side->arc[last].when) <= s->question->since)
		return;
	s->member = rs_grow(s->budget, s->member, &s->member_capacity, (uint64) last - first + 1,
						sizeof(uint32), purpose);
	for (uint32 place = first; place <= last; place++)
		if (counts(s, account, place))
			s->member[burst.n++] = rs_flow_transfer(s->side, place);
	burst.transfer = s->member;
	s->handler(s->arg, &burst);
}

static void
sweep_account(Sweep *s, uint32 account)
{
	const RsBurstQuestion *q = s->question;
	const RsArc *arc = s->side->arc;
	uint32		begin,
				stop;
	uint32		tail,
				head,
				newest;			/* last transfer that counts */
	uint32		parties = 0,
				count = 0;
	int128		total = 0;
	bool		open = false;	/* a burst is being collected: */
	uint32		first = 0,
				last = 0,
				most_parties = 0,
				most_count = 0;

	rs_flow_forget(s->flow);
	rs_flow_group(s->side, account, &begin, &stop);
	if (stop - begin < Max(q->min_count, q->min_parties))
		return;
	tail = head = newest = begin;
	while (head < stop)
	{
		uint32		now = head;

		for (; head < stop && arc[head].when == arc[now].when; head++)
		{
			if ((++s->steps & 0xffff) == 0)
				CHECK_FOR_INTERRUPTS();
			if (!counts(s, account, head))
				continue;
			count++;
			newest = head;
			if (s->seen[arc[head].peer]++ == 0)
				parties++;
			if (q->min_total > 0)
				total += rs_flow_amount(s->flow, rs_flow_transfer(s->side, head));
		}
		for (; too_old(s, tail, now); tail++)
		{
			if (!counts(s, account, tail))
				continue;
			count--;
			if (--s->seen[arc[tail].peer] == 0)
				parties--;
			if (q->min_total > 0)
				total -= rs_flow_amount(s->flow, rs_flow_transfer(s->side, tail));
		}
		/* windows share a transfer only if it counts */
		while (tail < newest && !counts(s, account, tail))
			tail++;
		if (count == 0 || parties < q->min_parties || count < q->min_count || total < q->min_total)
			continue;
		if (open && tail > last)
		{
			report(s, account, first, last, most_parties, most_count);
			open = false;
		}
		if (!open)
		{
			open = true;
			first = tail;
			most_parties = most_count = 0;
		}
		last = newest;
		most_parties = Max(most_parties, parties);
		most_count = Max(most_count, count);
	}
	if (open)
		report(s, account, first, last, most_parties, most_count);
	for (; tail < stop; tail++)
		s->seen[arc[tail].peer] = 0;
}

void
rs_find_bursts(const RsFlow *flow, const RsBurstQuestion *question,
			   MemoryContext budget, RsBurstHandler handler, void *arg)
{
	Sweep		s = {0};

	s.flow = flow;
	s.side = &flow->side[question->side];
	s.question = question;
	s.budget = AllocSetContextCreate(budget, "burst search", ALLOCSET_DEFAULT_SIZES);
	s.handler = handler;
	s.arg = arg;
	s.seen = rs_alloc0(s.budget, flow->naccounts, sizeof(uint32), purpose);
	for (uint32 account = 0; account < flow->naccounts; account++)
	{
		if ((account & 0xffff) == 0)
			CHECK_FOR_INTERRUPTS();
		sweep_account(&s, account);
	}
	MemoryContextDelete(s.budget);
}
