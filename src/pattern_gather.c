/*
 * src/pattern_gather.c
 *	  Gather-scatter: many payers into an account, then many payees out of it.
 *
 * Ordered: for some receipt at T there is a moment x such that between T and x
 * at least k different payers paid in, and between x and T + w at least k
 * different payees were paid. The earliest such x for a T is the moment of the
 * k-th payer; both x and T + w only grow with T, so two sliding counts, one on
 * each side, answer every T in one pass. Unordered: k payers and k payees in
 * one window of w.
 *
 * Overlapping finds are one instance: its first legs are what came in from the
 * first T to the last x, its second legs what went out from the first x on.
 * Linear in the transfers; 12 bytes an account.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/memutils.h"

#include "pattern_relay.h"
#include "rs_memory.h"

static const char *const purpose = "the search for gather-scatter";

/* Different peers among the arcs of a group between two places that only grow. */
typedef struct Window
{
	const RsFlowSide *side;
	uint32		account;
	uint32		tail,
				head;			/* [tail, head) */
	uint32		first,			/* of the group */
				stop;
	uint32		parties;
	uint32	   *seen;
} Window;

typedef struct Search
{
	const RsFlow *flow;
	const RsRelayQuestion *question;
	MemoryContext budget;
	RsRelayHandler handler;
	void	   *arg;
	Window		in,
				out;
	uint32	   *member[2];
	uint64		capacity[2];
	uint32	   *mark;			/* by account: the last count it was met in */
	uint32		counting;
	uint64		steps;
} Search;

static inline void
tick(Search *s)
{
	if ((++s->steps & 0xfff) == 0)
		CHECK_FOR_INTERRUPTS();
}

static inline TimestampTz
time_at(const Search *s, const Window *w, uint32 place)
{
	return rs_flow_time(s->flow, w->side->arc[place].when);
}

static inline void
push(Window *w)
{
	uint32		peer = w->side->arc[w->head++].peer;

	if (peer != w->account && w->seen[peer]++ == 0)
		w->parties++;
}

static inline void
drop(Window *w)
{
	uint32		peer = w->side->arc[w->tail++].peer;

	if (peer != w->account && --w->seen[peer] == 0)
		w->parties--;
}

static void
open_window(Window *w, uint32 account)
{
	w->account = account;
	rs_flow_group(w->side, account, &w->first, &w->stop);
	w->tail = w->head = w->first;
	w->parties = 0;
}

static void
clear_window(Window *w)
{
	while (w->tail < w->head)
		drop(w);
}

static uint64
collect(Search *s, int side, uint32 account, TimestampTz from, TimestampTz to)
{
	const RsFlowSide *group = &s->flow->side[side];
	uint64		n = 0;
	uint32		first,
				stop;

	rs_flow_group(group, account, &first, &stop);
	for (uint32 place = first; place < stop; place++)
	{
		TimestampTz at = rs_flow_time(s->flow, group->arc[place].when);

		tick(s);
		if (at > to)
			break;
		if (at < from || group->arc[place].peer == account)
			continue;
		if (n >= s->capacity[side])
			s->member[side] = rs_grow(s->budget, s->member[side], &s->capacity[side], n + 1, sizeof(uint32), purpose);
		s->member[side][n++] = rs_flow_transfer(group, place);
	}
	return n;
}

/* Different counterparties of transfers: of their payers, or of their payees. */
static uint32
count_parties(Search *s, const RsFlowSide *side, uint32 account, TimestampTz from, TimestampTz to)
{
	uint32		parties = 0;
	uint32		first,
				stop;

	s->counting++;
	rs_flow_group(side, account, &first, &stop);
	for (uint32 place = first; place < stop; place++)
	{
		TimestampTz at = rs_flow_time(s->flow, side->arc[place].when);
		uint32		peer = side->arc[place].peer;

		tick(s);
		if (at > to)
			break;
		if (at < from || peer == account || s->mark[peer] == s->counting)
			continue;
		s->mark[peer] = s->counting;
		parties++;
	}
	return parties;
}

static void
report(Search *s, uint32 account, TimestampTz in_from, TimestampTz in_to,
	   TimestampTz out_from, TimestampTz out_to)
{
	RsRelay		relay = {.source = account, .target = account};

	if (Max(in_to, out_to) <= s->question->since)
		return;
	relay.nfirst = collect(s, RS_FLOW_IN, account, in_from, in_to);
	relay.nsecond = collect(s, RS_FLOW_OUT, account, out_from, out_to);
	relay.parties = Min(count_parties(s, s->in.side, account, in_from, in_to),
						count_parties(s, s->out.side, account, out_from, out_to));
	relay.first = s->member[RS_FLOW_IN];
	relay.second = s->member[RS_FLOW_OUT];
	s->handler(s->arg, &relay);
}

static void
ordered_of(Search *s, uint32 account)
{
	const RsRelayQuestion *q = s->question;
	Window	   *in = &s->in,
			   *out = &s->out;
	bool		open = false;
	TimestampTz first_in = 0,
				last_x = 0,
				first_x = 0,
				last_out = 0,
				last_paid = 0;

	for (; in->tail < in->stop; drop(in))
	{
		TimestampTz begin = time_at(s, in, in->tail);
		TimestampTz x,
					end = begin + q->within;

		tick(s);
		/* receipts of one instant begin together: at the first of them */
		if (in->tail > in->first && time_at(s, in, in->tail - 1) == begin)
		{
			if (in->head == in->tail)
				push(in);
			continue;
		}
		/* x: the moment at which the k-th payer has paid */
		while (in->head < in->stop && (in->parties < q->min_parties || in->head == in->tail))
			push(in);
		if (in->parties < q->min_parties)
			break;
		x = time_at(s, in, in->head - 1);
		if (x > end)
			continue;
		while (out->head < out->stop && time_at(s, out, out->head) <= end)
		{
			tick(s);
			/* a transfer to oneself pays nobody: it does not prolong an instance */
			if (out->side->arc[out->head].peer != account)
				last_paid = time_at(s, out, out->head);
			push(out);
		}
		while (out->tail < out->head && time_at(s, out, out->tail) < x)
			drop(out);
		if (out->parties < q->min_parties)
			continue;
		if (open && begin > last_out)
		{
			report(s, account, first_in, last_x, first_x, last_out);
			open = false;
		}
		if (!open)
		{
			open = true;
			first_in = begin;
			first_x = x;
		}
		last_x = x;
		last_out = last_paid;
	}
	if (open)
		report(s, account, first_in, last_x, first_x, last_out);
}

static void
unordered_of(Search *s, uint32 account)
{
	const RsRelayQuestion *q = s->question;
	Window	   *in = &s->in,
			   *out = &s->out;
	bool		open = false;
	TimestampTz first = 0,
				last = 0;

	while (in->head < in->stop || out->head < out->stop)
	{
		TimestampTz now,
					from;

		tick(s);
		now = in->head < in->stop ? time_at(s, in, in->head) : time_at(s, out, out->head);
		if (out->head < out->stop)
			now = Min(now, time_at(s, out, out->head));
		from = now - q->within;
		while (in->head < in->stop && time_at(s, in, in->head) <= now)
			push(in);
		while (out->head < out->stop && time_at(s, out, out->head) <= now)
			push(out);
		while (in->tail < in->head && time_at(s, in, in->tail) < from)
			drop(in);
		while (out->tail < out->head && time_at(s, out, out->tail) < from)
			drop(out);
		if (in->parties < q->min_parties || out->parties < q->min_parties)
			continue;
		if (open && from > last)
		{
			report(s, account, first, last, first, last);
			open = false;
		}
		if (!open)
		{
			open = true;
			first = from;
		}
		last = now;
	}
	if (open)
		report(s, account, first, last, first, last);
}

void
rs_find_gather_scatter(const RsFlow *flow, const RsRelayQuestion *question,
					   MemoryContext budget, RsRelayHandler handler, void *arg)
{
	Search		s = {0};

	s.flow = flow;
	s.question = question;
	s.budget = AllocSetContextCreate(budget, "gather-scatter search", ALLOCSET_DEFAULT_SIZES);
	s.handler = handler;
	s.arg = arg;
	s.in.side = &flow->side[RS_FLOW_IN];
	s.out.side = &flow->side[RS_FLOW_OUT];
	s.in.seen = rs_alloc0(s.budget, flow->naccounts, sizeof(uint32), purpose);
	s.out.seen = rs_alloc0(s.budget, flow->naccounts, sizeof(uint32), purpose);
	s.mark = rs_alloc0(s.budget, flow->naccounts, sizeof(uint32), purpose);
	for (uint32 account = 0; account < flow->naccounts; account++)
	{
		rs_flow_forget(flow);
		open_window(&s.in, account);
		open_window(&s.out, account);
		tick(&s);
		if (s.in.stop - s.in.head < question->min_parties || s.out.stop - s.out.head < question->min_parties)
			continue;
		if (question->ordered)
			ordered_of(&s, account);
		else
			unordered_of(&s, account);
		clear_window(&s.in);
		clear_window(&s.out);
	}
	MemoryContextDelete(s.budget);
}
