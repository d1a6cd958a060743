/*
 * src/pattern_scatter.c
 *	  Scatter-gather: one account pays many, who pay one other account.
 *
 * source -> m_i -> target for at least k different middles m_i, all legs within
 * w; ordered: each middle receives no later than it pays on; phased: there is
 * a moment x with all first legs up to it and all second legs from it on.
 *
 * A leg can only count if its source pays at least k accounts within w around
 * it, or its target is paid by as many: both fans are found first, in linear
 * time, and every other transfer is left out. Then the two-step ways of each
 * source are listed, sorted by target and time, and swept: a way is an
 * interval from its first to its second leg, and k middles must have intervals
 * inside a window of w. Of the receipts of a middle only the latest before a
 * second leg makes an interval that matters (unordered: the nearest on either
 * side).
 *
 * Phased: for a moment x (the time of a second leg is enough) a middle offers
 * the interval from its latest first leg up to x to its earliest second leg
 * from x on; k such intervals must lie inside a window. The first leg nearest
 * before each second, and the second nearest after each first, are all the
 * legs that can be ends of such intervals.
 *
 * Overlapping windows of one pair are one instance; its legs are all of its
 * ways inside. Memory: 24 bytes a way of one source, 1 bit a transfer.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/memutils.h"

#include "pattern_burst.h"
#include "pattern_relay.h"
#include "rs_memory.h"

static const char *const purpose = "the search for scatter-gather";

typedef struct Way
{
	uint32		target;
	uint32		middle;
	uint32		first,
				second;			/* transfers */
	uint32		from,
				to;				/* codes of the earlier and the later leg */
} Way;

static inline int
compare_ways(const Way *a, const Way *b)
{
	if (a->target != b->target)
		return a->target < b->target ? -1 : 1;
	if (a->to != b->to)
		return a->to < b->to ? -1 : 1;
	if (a->from != b->from)
		return a->from < b->from ? -1 : 1;
	if (a->second != b->second)
		return a->second < b->second ? -1 : 1;
	return a->first < b->first ? -1 : a->first > b->first;
}

#define ST_SORT sort_ways
#define ST_ELEMENT_TYPE Way
#define ST_COMPARE(a, b) compare_ways(a, b)
#define ST_SCOPE static
#define ST_CHECK_FOR_INTERRUPTS
#define ST_DEFINE
#include "lib/sort_template.h"

static inline int
compare_numbers(const uint32 *a, const uint32 *b)
{
	return *a < *b ? -1 : *a > *b;
}

#define ST_SORT sort_numbers
#define ST_ELEMENT_TYPE uint32
#define ST_COMPARE(a, b) compare_numbers(a, b)
#define ST_SCOPE static
#define ST_CHECK_FOR_INTERRUPTS
#define ST_DEFINE
#include "lib/sort_template.h"

#define ST_SORT sort_keys
#define ST_ELEMENT_TYPE uint64
#define ST_COMPARE(a, b) (*(a) < *(b) ? -1 : *(a) > *(b))
#define ST_SCOPE static
#define ST_CHECK_FOR_INTERRUPTS
#define ST_DEFINE
#include "lib/sort_template.h"

typedef struct Search
{
	const RsFlow *flow;
	const RsRelayQuestion *question;
	MemoryContext budget;
	RsRelayHandler handler;
	void	   *arg;
	uint64	   *scatters,		/* bit per transfer: in a fan-out of its payer */
			   *gathers;		/* ... in a fan-in of its payee */
	Way		   *way;
	uint64		nways,
				way_capacity;
	uint32	   *order;			/* ways of one target by their earlier leg */
	uint64		order_capacity;
	uint32	   *seen;			/* by account */
	uint32	   *leg[2];
	uint64		leg_capacity[2];
	struct Offer *offer;		/* phased: of the middles of one target */
	uint64		offer_capacity;
	uint64		steps;
} Search;

static inline void
tick(Search *s)
{
	if ((++s->steps & 0xfff) == 0)
		CHECK_FOR_INTERRUPTS();
}

static inline bool
is_set(const uint64 *bits, uint32 i)
{
	return (bits[i / 64] >> (i % 64)) & 1;
}

static void
mark_burst(void *arg, const RsBurst *burst)
{
	uint64	   *bits = arg;

	for (uint64 i = 0; i < burst->n; i++)
		bits[burst->transfer[i] / 64] |= UINT64CONST(1) << (burst->transfer[i] % 64);
}

static inline int64
distance(const Search *s, uint32 from, uint32 to)
{
	return rs_flow_time(s->flow, to) - rs_flow_time(s->flow, from);
}

static void
add_way(Search *s, uint32 middle, uint32 first, uint32 second)
{
	const RsArc *out = s->flow->side[RS_FLOW_OUT].arc;
	uint32		a = out[first].when,
				b = out[second].when;

	if (distance(s, Min(a, b), Max(a, b)) > s->question->within)
		return;
	if (s->nways >= s->way_capacity)
		s->way = rs_grow(s->budget, s->way, &s->way_capacity, s->nways + 1, sizeof(Way), purpose);
	s->way[s->nways++] = (Way) {out[second].peer, middle, first, second, Min(a, b), Max(a, b)};
}

/*
 * From each first leg to the nearest second leg of every target (phased only).
 * A target's second legs are met oldest first, so the nearest is the first met
 * after the leg; s->seen[target] remembers up to which first leg it is served.
 */
static void
ways_on_from(Search *s, uint32 source, uint32 middle, const uint32 *first, uint32 nfirst)
{
	const RsFlowSide *out = &s->flow->side[RS_FLOW_OUT];
	uint32		begin,
				end;

	rs_flow_group(out, middle, &begin, &end);
	for (uint32 place = begin; place < end; place++)
	{
		uint32		second = rs_flow_transfer(out, place);
		uint32		target = out->arc[place].peer;
		uint32		served;

		tick(s);
		if (!is_set(s->gathers, second) || target == source || target == middle)
			continue;
		for (served = s->seen[target]; served < nfirst && out->arc[first[served]].when <= out->arc[second].when; served++)
			add_way(s, middle, first[served], second);
		s->seen[target] = served;
	}
	for (uint32 place = begin; place < end; place++)
		s->seen[out->arc[place].peer] = 0;
}

/* The ways of one source through one middle: first[] are its transfers to it, by time. */
static void
ways_through(Search *s, uint32 source, uint32 middle, const uint32 *first, uint32 nfirst)
{
	const RsFlowSide *out = &s->flow->side[RS_FLOW_OUT];
	uint32		at = 0;			/* first[0 .. at-1] are no later than the second leg */
	uint32		begin,
				end;

	rs_flow_group(out, middle, &begin, &end);
	for (uint32 place = begin; place < end; place++)
	{
		uint32		second = rs_flow_transfer(out, place);

		tick(s);
		if (!is_set(s->gathers, second) || out->arc[second].peer == source || out->arc[second].peer == middle)
			continue;
		while (at < nfirst && out->arc[first[at]].when <= out->arc[second].when)
			at++;
		if (at > 0)
			add_way(s, middle, first[at - 1], second);
		if (!s->question->ordered && at < nfirst)
			add_way(s, middle, first[at], second);
	}
	if (s->question->phased)
		ways_on_from(s, source, middle, first, nfirst);
}

typedef struct Receiver
{
	uint32		middle;
	uint32		transfer;
} Receiver;

static inline int
compare_receivers(const Receiver *a, const Receiver *b)
{
	if (a->middle != b->middle)
		return a->middle < b->middle ? -1 : 1;
	return a->transfer < b->transfer ? -1 : a->transfer > b->transfer;
}

#define ST_SORT sort_receivers
#define ST_ELEMENT_TYPE Receiver
#define ST_COMPARE(a, b) compare_receivers(a, b)
#define ST_SCOPE static
#define ST_CHECK_FOR_INTERRUPTS
#define ST_DEFINE
#include "lib/sort_template.h"

/* Each transfer once. */
static uint64
distinct_legs(Search *s, int which, uint64 n)
{
	uint32	   *leg = s->leg[which];
	uint64		kept = 0;

	sort_numbers(leg, n);
	for (uint64 i = 0; i < n; i++)
		if (i == 0 || leg[i] != leg[kept - 1])
			leg[kept++] = leg[i];
	return kept;
}

static void
report(Search *s, uint32 source, const Way *way, uint64 n, uint32 from, uint32 to, uint32 parties)
{
	RsRelay		relay = {.source = source, .target = way[0].target, .parties = parties};

	if (rs_flow_time(s->flow, to) <= s->question->since)
		return;
	for (int which = 0; which < 2; which++)
	{
		uint64		k = 0;

		s->leg[which] = rs_grow(s->budget, s->leg[which], &s->leg_capacity[which], n, sizeof(uint32), purpose);
		for (uint64 i = 0; i < n; i++)
			if (way[i].from >= from && way[i].to <= to)
				s->leg[which][k++] = which == 0 ? way[i].first : way[i].second;
		k = distinct_legs(s, which, k);
		if (which == 0)
			relay.nfirst = k;
		else
			relay.nsecond = k;
	}
	relay.first = s->leg[0];
	relay.second = s->leg[1];
	s->handler(s->arg, &relay);
}

/* The ways to one target, sorted by their later leg. */
static void
sweep_target(Search *s, uint32 source, Way *way, uint64 n)
{
	const RsRelayQuestion *q = s->question;
	uint32		parties = 0;
	uint64		expired = 0;	/* in `order` */
	bool		open = false;
	uint32		first = 0,
				last = 0,
				most = 0;

	if (n < q->min_parties)
		return;
	s->order = rs_grow(s->budget, s->order, &s->order_capacity, n * 2, sizeof(uint32), purpose);
	/* order[0..n-1]: ways by `from`, ties by number */
	{
		uint64	   *key = rs_alloc(s->budget, n, sizeof(uint64), purpose);

		for (uint64 i = 0; i < n; i++)
			key[i] = ((uint64) way[i].from << 32) | i;
		sort_keys(key, n);
		for (uint64 i = 0; i < n; i++)
			s->order[i] = (uint32) key[i];
		pfree(key);
	}
	/* entered[i] is kept in order[n + i]: 0 not yet, 1 inside, 2 too old before it came */
	for (uint64 i = 0; i < n; i++)
		s->order[n + i] = 0;

	for (uint64 i = 0; i < n;)
	{
		uint32		now = way[i].to;

		for (; i < n && way[i].to == now; i++)
		{
			tick(s);
			if (s->order[n + i] == 2)
				continue;
			s->order[n + i] = 1;
			if (s->seen[way[i].middle]++ == 0)
				parties++;
		}
		for (; expired < n && distance(s, way[s->order[expired]].from, now) > q->within; expired++)
		{
			uint32		w = s->order[expired];

			if (s->order[n + w] == 1 && --s->seen[way[w].middle] == 0)
				parties--;
			s->order[n + w] = 2;
		}
		if (parties < q->min_parties)
			continue;
		{
			/* the oldest leg still inside */
			uint64		k = expired;
			uint32		from;

			while (s->order[n + s->order[k]] != 1)
				k++;
			from = way[s->order[k]].from;
			if (open && from > last)
			{
				report(s, source, way, n, first, last, most);
				open = false;
			}
			if (!open)
			{
				open = true;
				first = from;
				most = 0;
			}
			last = now;
			most = Max(most, parties);
		}
	}
	if (open)
		report(s, source, way, n, first, last, most);
	for (uint64 i = 0; i < n; i++)
		s->seen[way[i].middle] = 0;
}

/* What a middle offers for a moment x. */
typedef struct Offer
{
	uint32		middle;
	uint32		from,
				to;
	uint32		first,
				second;
} Offer;

static inline int
compare_offers(const Offer *a, const Offer *b)
{
	if (a->from != b->from)
		return a->from < b->from ? -1 : 1;
	return a->to < b->to ? -1 : a->to > b->to;
}

#define ST_SORT sort_offers
#define ST_ELEMENT_TYPE Offer
#define ST_COMPARE(a, b) compare_offers(a, b)
#define ST_SCOPE static
#define ST_CHECK_FOR_INTERRUPTS
#define ST_DEFINE
#include "lib/sort_template.h"

static void
put_leg(Search *s, int which, uint64 *n, uint32 transfer)
{
	if (*n >= s->leg_capacity[which])
		s->leg[which] = rs_grow(s->budget, s->leg[which], &s->leg_capacity[which], *n + 1, sizeof(uint32), purpose);
	s->leg[which][(*n)++] = transfer;
}

static void
report_phased(Search *s, uint32 source, uint32 target, uint64 nfirst, uint64 nsecond, uint32 to, uint32 parties)
{
	RsRelay		relay = {.source = source, .target = target, .parties = parties};

	if (rs_flow_time(s->flow, to) <= s->question->since)
		return;
	relay.nfirst = distinct_legs(s, 0, nfirst);
	relay.nsecond = distinct_legs(s, 1, nsecond);
	relay.first = s->leg[0];
	relay.second = s->leg[1];
	s->handler(s->arg, &relay);
}

/*
 * The offers of a target's middles for one x; the window with most of them
 * (the earliest of equals). Returns how many; their legs are left at the front
 * of s->offer.
 */
static uint32
best_window(Search *s, const Way *way, uint64 n, uint32 x)
{
	const RsArc *out = s->flow->side[RS_FLOW_OUT].arc;
	uint32		count = 0,
				best = 0,
				best_at = 0;

	for (uint64 i = 0; i < n; i++)
	{
		uint32		middle = way[i].middle;
		uint32		a = out[way[i].first].when,
					b = out[way[i].second].when;
		Offer	   *o;

		tick(s);
		if (s->seen[middle] == 0)
		{
			s->offer = rs_grow(s->budget, s->offer, &s->offer_capacity, (uint64) count + 1, sizeof(Offer), purpose);
			s->offer[count] = (Offer) {middle, 0, 0, UINT32_MAX, UINT32_MAX};
			s->seen[middle] = ++count;
		}
		o = &s->offer[s->seen[middle] - 1];
		/* transfer numbers of one payer rise with time and txn_id */
		if (a <= x && (o->first == UINT32_MAX || a > o->from || (a == o->from && way[i].first > o->first)))
		{
			o->from = a;
			o->first = way[i].first;
		}
		if (b >= x && (o->second == UINT32_MAX || b < o->to || (b == o->to && way[i].second < o->second)))
		{
			o->to = b;
			o->second = way[i].second;
		}
	}
	for (uint32 i = 0; i < count; i++)
		s->seen[s->offer[i].middle] = 0;
	{
		uint32		kept = 0;

		for (uint32 i = 0; i < count; i++)
			if (s->offer[i].first != UINT32_MAX && s->offer[i].second != UINT32_MAX)
				s->offer[kept++] = s->offer[i];
		count = kept;
	}
	if (count < s->question->min_parties)
		return 0;
	sort_offers(s->offer, count);
	for (uint32 i = 0; i < count; i++)
	{
		uint32		inside = 0;

		if (i > 0 && s->offer[i].from == s->offer[i - 1].from)
			continue;
		for (uint32 j = i; j < count; j++)
		{
			tick(s);
			inside += distance(s, s->offer[i].from, s->offer[j].to) <= s->question->within;
		}
		if (inside > best)
		{
			best = inside;
			best_at = i;
		}
	}
	if (best < s->question->min_parties)
		return 0;
	{
		uint32		begin = s->offer[best_at].from,
					kept = 0;

		for (uint32 j = best_at; j < count; j++)
			if (distance(s, begin, s->offer[j].to) <= s->question->within)
				s->offer[kept++] = s->offer[j];
		return kept;
	}
}

static void
sweep_phased(Search *s, uint32 source, Way *way, uint64 n)
{
	const RsArc *out = s->flow->side[RS_FLOW_OUT].arc;
	bool		open = false;
	uint32		last = 0,
				most = 0,
				target = way[0].target;
	uint64		nfirst = 0,
				nsecond = 0;

	/* sorted by the later leg, which is the second: every x once */
	for (uint64 i = 0; i < n; i++)
	{
		uint32		x = out[way[i].second].when;
		uint32		parties,
					from;

		if (i > 0 && x == out[way[i - 1].second].when)
			continue;
		parties = best_window(s, way, n, x);
		if (parties == 0)
			continue;
		from = s->offer[0].from;
		if (open && from > last)
		{
			report_phased(s, source, target, nfirst, nsecond, last, most);
			open = false;
		}
		if (!open)
		{
			open = true;
			nfirst = nsecond = 0;
			last = most = 0;
		}
		for (uint32 j = 0; j < parties; j++)
		{
			put_leg(s, 0, &nfirst, s->offer[j].first);
			put_leg(s, 1, &nsecond, s->offer[j].second);
			last = Max(last, s->offer[j].to);
		}
		most = Max(most, parties);
	}
	if (open)
		report_phased(s, source, target, nfirst, nsecond, last, most);
}

static void
search_source(Search *s, uint32 source, Receiver **receiver, uint64 *receiver_capacity)
{
	const RsFlowSide *out = &s->flow->side[RS_FLOW_OUT];
	uint64		n = 0;
	uint32	   *first;
	uint32		begin,
				end;

	rs_flow_forget(s->flow);
	rs_flow_group(out, source, &begin, &end);
	if (end - begin < s->question->min_parties)
		return;
	for (uint32 place = begin; place < end; place++)
	{
		uint32		p = rs_flow_transfer(out, place);

		tick(s);
		if (!is_set(s->scatters, p))
			continue;
		if (n >= *receiver_capacity)
			*receiver = rs_grow(s->budget, *receiver, receiver_capacity, n + 1, sizeof(Receiver), purpose);
		(*receiver)[n++] = (Receiver) {out->arc[p].peer, p};
	}
	if (n < s->question->min_parties)
		return;
	sort_receivers(*receiver, n);
	s->leg[0] = first = rs_grow(s->budget, s->leg[0], &s->leg_capacity[0], n, sizeof(uint32), purpose);
	s->nways = 0;
	for (uint64 i = 0; i < n;)
	{
		uint64		j = i;
		uint32		count = 0;

		for (; j < n && (*receiver)[j].middle == (*receiver)[i].middle; j++)
			first[count++] = (*receiver)[j].transfer;
		ways_through(s, source, (*receiver)[i].middle, first, count);
		i = j;
	}
	if (s->nways < s->question->min_parties)
		return;
	sort_ways(s->way, s->nways);
	for (uint64 i = 0; i < s->nways;)
	{
		uint64		j = i;

		while (j < s->nways && s->way[j].target == s->way[i].target)
			j++;
		if (!s->question->phased)
			sweep_target(s, source, s->way + i, j - i);
		else if (j - i >= s->question->min_parties)
			sweep_phased(s, source, s->way + i, j - i);
		i = j;
	}
}

void
rs_find_scatter_gather(const RsFlow *flow, const RsRelayQuestion *question,
					   MemoryContext budget, RsRelayHandler handler, void *arg)
{
	Search		s = {0};
	RsBurstQuestion fan = {.within = question->within, .min_parties = question->min_parties,
	.min_count = 1, .since = DT_NOBEGIN};
	Receiver   *receiver = NULL;
	uint64		receiver_capacity = 0;

	s.flow = flow;
	s.question = question;
	s.budget = AllocSetContextCreate(budget, "scatter-gather search", ALLOCSET_DEFAULT_SIZES);
	s.handler = handler;
	s.arg = arg;
	s.scatters = rs_alloc0(s.budget, flow->ntransfers / 64 + 1, sizeof(uint64), purpose);
	s.gathers = rs_alloc0(s.budget, flow->ntransfers / 64 + 1, sizeof(uint64), purpose);
	s.seen = rs_alloc0(s.budget, flow->naccounts, sizeof(uint32), purpose);
	fan.side = RS_FLOW_OUT;
	rs_find_bursts(flow, &fan, s.budget, mark_burst, s.scatters);
	fan.side = RS_FLOW_IN;
	rs_find_bursts(flow, &fan, s.budget, mark_burst, s.gathers);
	for (uint32 source = 0; source < flow->naccounts; source++)
	{
		tick(&s);
		search_source(&s, source, &receiver, &receiver_capacity);
	}
	MemoryContextDelete(s.budget);
}
