/*
 * src/attribution_pool.c
 *	  Following claims under the rules where money mixes: pro rata, taint first,
 *	  taint last, poison.
 *
 * An account that holds claimed money is replayed, event by event, from the
 * moment the money arrives until none is left; before and after, only its
 * balance is kept up, lazily. Accounts being replayed wait in a heap ordered
 * by their next event, so that all of them advance together in the order of
 * the ledger. An account's mixture is a list of (claim, amount).
 *
 * A debit asks the rule how much claimed money it takes (one number, for all
 * claims together), then divides that among the claims by largest remainder.
 * When no claim's part can reach min_traced the division is put off: the total
 * goes to `cut` at once, and the claims bear it, in proportion, at the next
 * event that has to look at them one by one. So a stream of small debits from
 * a pool with many claims costs O(1) each, not O(claims).
 *
 * Upstream is the same machine on the ledger played backwards: it starts from
 * the final balances, takes at credits and adds at debits. Deficits and
 * overdrafts, found by a pass forwards, are put where they were.
 *
 * Memory: the touched books, 24 to 32 bytes per claim held by an account, 4
 * bytes per transfer and 8 per account.
 */
#include "postgres.h"

#include "miscadmin.h"

#include "attribution.h"
#include "attribution_mix.h"
#include "rs_memory.h"

static const char purpose[] = "following claims";

#define FREE	UINT32_MAX

typedef struct Pool
{
	uint32		account;
	const RsEntry *entry;
	uint32		count;
	RsBookStart start;
	int64		cursor;			/* next entry */
	int128		balance;		/* work units, >= 0 */
	int128		hole;			/* overdraft */
	int128		claimed;		/* of the balance; poison: number of claims */
	int128		listed;			/* sum of mix; the difference is cut but not yet divided */
	int128		largest;		/* largest amount of mix */
	uint32		expected;		/* transfers on their way to this pool */
	bool		queued;
	RsMix			mix;
	/* upstream */
	int128		final;
	int128	   *outside;		/* by entry, twice: amount's and fee's part no record covers */
} Pool;

/* When half of a transfer is due. */
typedef struct Due
{
	uint64		key;			/* rough, turned round upstream */
	RsEntry		half;
} Due;

typedef struct Waiting
{
	Due			due;
	Pool	   *pool;
} Waiting;

typedef struct Pools
{
	RsAttribution *a;
	RsLedger   *l;
	bool		poison;
	Pool	  **pool;			/* by account */
	uint32		ntouched;
	uint64		touched_capacity;
	uint32	   *touched;
	uint32	   *pending;		/* by transfer: its mix in mixes[] */
	RsMix		   *mixes;
	uint32		nmixes;
	uint64		mixes_capacity;
	uint32		free_mix;
	Waiting    *heap;
	uint64		nheap;
	uint64		heap_capacity;
	RsMix			out;			/* the transfer in hand */
	int128	   *part;
	uint64		part_capacity;
	int128	   *spare;
	uint64		spare_capacity;
	RsSplitter	splitter;
	RsTally		cut;
	bool		watching;		/* the transfer to be explained is shown even if no claim reaches it */
	bool		watched;		/* it has been shown */
} Pools;

/* Room for the division of n amounts. */
static int128 *
parts(Pools *s, uint32 n)
{
	s->part = rs_grow(s->a->budget, s->part, &s->part_capacity, n, sizeof(int128), purpose);
	return s->part;
}

/* ----- result rows ----- */

static void
emit(Pools *s, RsMoneyKind kind, uint32 claim, uint32 account, uint32 other, uint32 transfer,
	 int128 amount, int128 traced)
{
	RsMoneyRow	row = {kind, claim, account, other, transfer, amount, traced};

	if (traced > 0)
		s->a->emit(s->a->emit_arg, &row);
}

static void
explain(Pools *s, RsWhyKind kind, uint32 claim, uint32 source, int128 available, int128 balance,
		int128 taken)
{
	RsWhyRow	row = {kind, claim, source, available, balance, 0, 0, taken};

	s->a->explain(s->a->explain_arg, &row);
}

/* ----- pools ----- */

static inline bool
at_end(const Pools *s, const Pool *p)
{
	return s->a->upstream ? p->cursor < (int64) p->start.first : p->cursor >= (int64) p->count;
}

static inline Due
due_at(Pools *s, RsEntry half)
{
	uint64		key = rs_ledger_rough_key(s->l, rs_entry_transfer(half), rs_entry_is_credit(half));

	return (Due) {s->a->upstream ? ~key : key, half};
}

/* The half of a transfer that a seed on it, or the wish to explain it, is about. */
static inline Due
due_first(Pools *s, uint32 transfer)
{
	return due_at(s, transfer << 1 | s->a->upstream);
}

/* Rarely do two halves share an instant: their places in it are found only then. */
static bool
sooner_inside(Pools *s, RsEntry x, RsEntry y)
{
	uint64		p = rs_ledger_key(s->l, rs_entry_transfer(x), rs_entry_is_credit(x));
	uint64		q = rs_ledger_key(s->l, rs_entry_transfer(y), rs_entry_is_credit(y));

	if (p != q)
		return (p < q) != s->a->upstream;
	/* on a flow graph, transfers that do not touch may share a key */
	return rs_entry_transfer(x) < rs_entry_transfer(y);
}

static inline bool
sooner(Pools *s, Due x, Due y)
{
	if (x.key != y.key)
		return x.key < y.key;
	return x.half != y.half && sooner_inside(s, x.half, y.half);
}

static inline void
step(const Pools *s, Pool *p)
{
	p->cursor += s->a->upstream ? -1 : 1;
}

static void
rewind_pool(Pools *s, Pool *p)
{
	p->cursor = s->a->upstream ? (int64) p->count - 1 : p->start.first;
	p->balance = s->a->upstream ? p->final : p->start.opening * s->a->fine;
	p->hole = p->claimed = p->listed = p->largest = 0;
	p->mix.n = 0;
	p->expected = 0;
	p->queued = false;
}

static Pool *
pool_of(Pools *s, uint32 account)
{
	Pool	   *p = s->pool[account];

	if (p == NULL)
	{
		p = s->pool[account] = rs_alloc0(s->a->budget, 1, sizeof(Pool), purpose);
		p->account = account;
		p->entry = rs_ledger_entries(s->l, account, &p->count);
		p->start = rs_book_start(s->a, account, p->entry, p->count);
		if (s->a->upstream || s->a->deficit == RS_DEFICIT_ERROR)
			p->final = rs_book_survey(s->a, p->entry, p->count, &p->start, &p->outside) * s->a->fine;
		rewind_pool(s, p);
		s->touched = rs_grow(s->a->budget, s->touched, &s->touched_capacity,
							 (uint64) s->ntouched + 1, sizeof(uint32), purpose);
		s->touched[s->ntouched++] = account;
	}
	return p;
}

static void
queue(Pools *s, Pool *p)
{
	Due			due = due_at(s, p->entry[p->cursor]);
	uint64		i;

	Assert(!p->queued);
	p->queued = true;
	s->heap = rs_grow(s->a->budget, s->heap, &s->heap_capacity, s->nheap + 1, sizeof(Waiting), purpose);
	for (i = s->nheap++; i > 0 && sooner(s, due, s->heap[(i - 1) / 2].due); i = (i - 1) / 2)
		s->heap[i] = s->heap[(i - 1) / 2];
	s->heap[i].due = due;
	s->heap[i].pool = p;
}

static Pool *
next_waiting(Pools *s)
{
	Pool	   *p = s->heap[0].pool;
	Waiting		moved = s->heap[--s->nheap];
	uint64		i = 0;

	for (;;)
	{
		uint64		child = i * 2 + 1;

		if (child >= s->nheap)
			break;
		if (child + 1 < s->nheap && sooner(s, s->heap[child + 1].due, s->heap[child].due))
			child++;
		if (!sooner(s, s->heap[child].due, moved.due))
			break;
		s->heap[i] = s->heap[child];
		i = child;
	}
	s->heap[i] = moved;
	p->queued = false;
	return p;
}

/* Divide what was cut from the pool as a whole among its claims. */
static void
settle(Pools *s, Pool *p)
{
	int128		due = p->listed - p->claimed;
	int128	   *part;

	if (s->poison || due == 0)
		return;
	part = parts(s, p->mix.n);
	rs_split(&s->splitter, p->mix.amount, p->mix.claim, p->mix.n, p->listed, due, part);
	p->largest = 0;
	for (uint32 i = 0; i < p->mix.n; i++)
	{
		p->mix.amount[i] -= part[i];
		p->largest = Max(p->largest, p->mix.amount[i]);
		rs_tally_add(&s->cut, p->mix.claim[i], rs_partition(s->a, p->account), part[i]);
	}
	p->listed = p->claimed;
	rs_mix_compact(s->a->budget, &p->mix);
}

/* Nobody's money left or gone: forget the mixture. */
static void
check_empty(Pools *s, Pool *p)
{
	if (s->poison)
	{
		if (p->balance == 0 && !s->a->poison_forever)
			rs_mix_clear(&p->mix);
		p->claimed = p->mix.n;
	}
	else if (p->claimed == 0)
	{
		settle(s, p);
		rs_mix_clear(&p->mix);
		p->listed = p->largest = 0;
	}
}

static void
add_mix(Pools *s, Pool *p, const RsMix *from)
{
	if (from->n == 0)
		return;
	settle(s, p);
	for (uint32 i = 0; i < from->n; i++)
	{
		uint32		k;

		if (from->amount[i] == 0)
			continue;
		k = rs_mix_find(s->a->budget, &p->mix, from->claim[i]);
		if (s->poison)
			p->mix.amount[k] = 1;
		else
		{
			p->mix.amount[k] += from->amount[i];
			p->listed += from->amount[i];
			p->largest = Max(p->largest, p->mix.amount[k]);
		}
	}
	p->claimed = s->poison ? p->mix.n : p->listed;
}

/*
 * Take `need` <= balance from a pool. out, if given, gets the claims' parts;
 * NULL means that no part can reach min_traced.
 */
static void
take(Pools *s, Pool *p, int128 need, int128 whole, RsMix *out, bool exact)
{
	out->n = 0;
	if (p->claimed > 0 && s->poison)
		for (uint32 i = 0; i < p->mix.n; i++)
			rs_mix_append(s->a->budget, out, p->mix.claim[i], whole);
	else if (p->claimed > 0)
	{
		int128		taken = rs_rule_take(s->a->rule, need, p->claimed, p->balance);
		bool		dust = false;

		if (s->a->min_traced > 0 && !exact && taken > 0)
		{
			uint128		rest;
			int128		most = rs_share(p->largest, taken, p->listed, &rest);

			dust = most + (rest != 0) < s->a->min_traced;
		}
		p->claimed -= taken;
		if (taken > 0 && !dust)
		{
			int128	   *part;

			p->claimed += taken;
			settle(s, p);
			part = parts(s, p->mix.n);
			rs_split(&s->splitter, p->mix.amount, p->mix.claim, p->mix.n, p->claimed, taken, part);
			p->claimed -= taken;
			p->listed = p->claimed;
			p->largest = 0;
			for (uint32 i = 0; i < p->mix.n; i++)
			{
				if (part[i] > 0)
				{
					rs_mix_append(s->a->budget, out, p->mix.claim[i], part[i]);
					p->mix.amount[i] -= part[i];
				}
				p->largest = Max(p->largest, p->mix.amount[i]);
			}
			rs_mix_compact(s->a->budget, &p->mix);
		}
	}
	p->balance -= need;
	CHECK_FOR_INTERRUPTS();
}

/*
 * What pays for the transfer to be explained, the next entry of p; the pool is
 * left as it is. seeded: what is below min_traced is judged after the claims on it.
 */
static void
explain_take(Pools *s, Pool *p, bool seeded)
{
	int128		amount = rs_ledger_amount(s->l, s->a->watch) * s->a->fine;
	int128		refill = s->a->upstream && p->outside ? p->outside[p->cursor * 2] : 0;
	int128		need = Min(amount - refill, p->balance);
	uint32		n = p->mix.n;
	int128		taken;
	int128	   *now;
	int128	   *part;

	s->watched = true;
	if (s->poison)
	{
		for (uint32 i = 0; i < n; i++)
			explain(s, RS_WHY_POOL, p->mix.claim[i], RS_NO_TRANSFER, p->balance, p->balance, amount);
		if (n == 0 && need > 0)
			explain(s, RS_WHY_REST, RS_NO_CLAIM, RS_NO_TRANSFER, p->balance, p->balance, need);
	}
	else
	{
		taken = rs_rule_take(s->a->rule, need, p->claimed, p->balance);
		now = s->spare = rs_grow(s->a->budget, s->spare, &s->spare_capacity, (uint64) n * 2, sizeof(int128), purpose);
		part = now + n;
		if (n > 0 && p->listed > 0)
		{
			rs_split(&s->splitter, p->mix.amount, p->mix.claim, n, p->listed, p->listed - p->claimed, now);
			for (uint32 i = 0; i < n; i++)
				now[i] = p->mix.amount[i] - now[i];
			if (p->claimed > 0)
				rs_split(&s->splitter, now, p->mix.claim, n, p->claimed, taken, part);
			else
				memset(part, 0, n * sizeof(int128));
			for (uint32 i = 0; i < n; i++)
				if (now[i] > 0)
					explain(s, RS_WHY_POOL, p->mix.claim[i], RS_NO_TRANSFER, now[i], p->balance, part[i]);
			for (uint32 i = 0; i < n; i++)
				if (part[i] > 0 && part[i] < s->a->min_traced && !seeded)
					explain(s, RS_WHY_DUST, p->mix.claim[i], s->a->watch, 0, 0, part[i]);
		}
		if (need > taken)
			explain(s, RS_WHY_REST, RS_NO_CLAIM, RS_NO_TRANSFER, p->balance - p->claimed, p->balance, need - taken);
	}
	if (refill > 0)
		explain(s, RS_WHY_REFILL, RS_NO_CLAIM, RS_NO_TRANSFER, refill, p->balance, refill);
	if ((amount -= refill + need) > 0)
		explain(s, RS_WHY_UNKNOWN, RS_NO_CLAIM, RS_NO_TRANSFER, amount, p->balance, amount);
}

/* ----- transfers ----- */

/*
 * The claims that name this transfer. What a claim already has of it counts
 * once; the rest is taken from nobody's money, then in proportion from what
 * other claims have beyond their own named part.
 */
static void
plant(Pools *s, uint32 transfer, int128 amount, const RsSeed *seed, uint32 n)
{
	RsMix		   *m = &s->out;
	bool		explained = transfer == s->a->watch;
	int128		excess = -amount;

	if (s->poison)
	{
		for (uint32 i = 0; i < n; i++)
			if (seed[i].amount > 0)
			{
				uint32		k = rs_mix_find(s->a->budget, m, seed[i].claim);

				if (explained && m->amount[k] == 0)
					explain(s, RS_WHY_SEED, seed[i].claim, transfer, amount, 0, amount);
				m->amount[k] = amount;
			}
		return;
	}
	for (uint32 i = 0; i < n; i++)
	{
		uint32		k = rs_mix_find(s->a->budget, m, seed[i].claim);
		int128		part = seed[i].amount * s->a->fine;

		if (explained && part > m->amount[k])
			explain(s, RS_WHY_SEED, seed[i].claim, transfer, amount, 0, part - m->amount[k]);
	}
	/* movable: what each claim has beyond its named part */
	s->spare = rs_grow(s->a->budget, s->spare, &s->spare_capacity, (uint64) m->n * 2, sizeof(int128), purpose);
	memcpy(s->spare, m->amount, m->n * sizeof(int128));
	for (uint32 i = 0; i < n; i++)
	{
		uint32		k = rs_mix_find(s->a->budget, m, seed[i].claim);
		int128		part = seed[i].amount * s->a->fine;

		s->spare[k] = Max((int128) 0, s->spare[k] - part);
		m->amount[k] = Max(m->amount[k], part);
	}
	excess += rs_mix_sum(m);
	if (excess > 0)
	{
		int128	   *share = s->spare + m->n;
		int128		movable = 0;

		for (uint32 k = 0; k < m->n; k++)
			movable += s->spare[k];
		rs_split(&s->splitter, s->spare, m->claim, m->n, movable, excess, share);
		for (uint32 k = 0; k < m->n; k++)
		{
			m->amount[k] -= share[k];
			emit(s, RS_CUT, m->claim[k], rs_ledger_payer(s->l, transfer),
				 rs_ledger_payee(s->l, transfer), transfer, amount, share[k]);
			if (explained && share[k] > 0)
				explain(s, RS_WHY_CUT, m->claim[k], transfer, 0, 0, share[k]);
		}
	}
}

/* Bring an idle account up to an event of its own: only its balance moves. */
static void
bring_up(Pools *s, Pool *p, Due event)
{
	RsAttribution *a = s->a;

	while (!at_end(s, p) && sooner(s, due_at(s, p->entry[p->cursor]), event))
	{
		uint32		t = rs_entry_transfer(p->entry[p->cursor]);
		bool		credit = rs_entry_is_credit(p->entry[p->cursor]);
		int128		value = rs_ledger_amount(s->l, t) * a->fine;

		if (t == a->watch && credit == a->upstream && s->watching)
			explain_take(s, p, false);
		if (a->upstream)
		{
			int128	   *outside = p->outside ? p->outside + p->cursor * 2 : NULL;

			if (credit)
				p->balance -= value - (outside ? outside[0] : 0);
			else
				p->balance += value + rs_ledger_fee(s->l, t) * a->fine -
					(outside ? outside[0] + outside[1] : 0);
		}
		else if (credit)
		{
			int128		refill = Min(p->hole, value);

			p->hole -= refill;
			p->balance += value - refill;
		}
		else
		{
			value += rs_ledger_fee(s->l, t) * a->fine;
			if (value > p->balance && a->deficit == RS_DEFICIT_OVERDRAFT)
				p->hole += value - p->balance;
			p->balance = Max((int128) 0, p->balance - value);
		}
		step(s, p);
		if ((p->cursor & 0xffff) == 0)
			CHECK_FOR_INTERRUPTS();
	}
}

/* The mixture in hand goes with the transfer to its other end. */
static void
deliver(Pools *s, uint32 transfer, int128 amount, bool seeded)
{
	RsAttribution *a = s->a;
	RsMix		   *m = &s->out;
	uint32		payer = rs_ledger_payer(s->l, transfer);
	uint32		payee = rs_ledger_payee(s->l, transfer);
	uint32		target = a->upstream ? payer : payee;
	uint32		source = a->upstream ? payee : payer;
	bool		exits = a->exit_at && a->exit_at[target];
	bool		any = false;
	Pool	   *p;
	RsMix		   *on_way;
	uint32		k;

	for (uint32 i = 0; i < m->n; i++)
	{
		if (m->amount[i] == 0)
			continue;
		if (m->amount[i] < a->min_traced)
		{
			rs_tally_add(&s->cut, m->claim[i], rs_partition(a, source), m->amount[i]);
			if ((seeded || s->poison) && transfer == a->watch)
				explain(s, RS_WHY_DUST, m->claim[i], transfer, 0, 0, m->amount[i]);
			m->amount[i] = 0;
			continue;
		}
		any = true;
		emit(s, RS_MOVED, m->claim[i], payer, payee, transfer, amount, m->amount[i]);
		if (exits)
			emit(s, RS_EXITED, m->claim[i], target, source, transfer, amount, m->amount[i]);
	}
	if (exits || !any)
		return;
	p = pool_of(s, target);
	if (p->start.first > 0 &&
		(p->start.first >= p->count || rs_ledger_key(s->l, transfer, !a->upstream) <
		rs_ledger_key(s->l, rs_entry_transfer(p->entry[p->start.first]), rs_entry_is_credit(p->entry[p->start.first]))))
	{
		/* before the account's book begins */
		for (uint32 i = 0; i < m->n; i++)
			if (a->upstream)
				emit(s, RS_HELD, m->claim[i], target, UINT32_MAX, transfer, amount, m->amount[i]);
			else
				emit(s, RS_CUT, m->claim[i], payer, payee, transfer, amount, m->amount[i]);
		return;
	}

	/* park the mixture until the other half of the transfer is due */
	if (s->free_mix != FREE)
	{
		k = s->free_mix;
		s->free_mix = s->mixes[k].next_free;
	}
	else
	{
		s->mixes = rs_grow(a->budget, s->mixes, &s->mixes_capacity, (uint64) s->nmixes + 1, sizeof(RsMix), purpose);
		k = s->nmixes++;
		memset(&s->mixes[k], 0, sizeof(RsMix));
	}
	on_way = &s->mixes[k];
	{
		RsMix			x = *on_way;

		*on_way = *m;
		*m = x;
		m->n = 0;
	}
	s->pending[transfer] = k;
	p->expected++;
	if (!p->queued)
	{
		bring_up(s, p, due_at(s, transfer << 1 | !a->upstream));
		queue(s, p);
	}
}

/* The half of a transfer that takes from a pool. */
static void
take_event(Pools *s, Pool *p, uint32 transfer, const RsSeed *seed, uint32 nseeds)
{
	RsAttribution *a = s->a;
	int128		amount = rs_ledger_amount(s->l, transfer) * a->fine;
	int128		fee = a->upstream ? 0 : rs_ledger_fee(s->l, transfer) * a->fine;
	int128		need = amount;
	int128		missing;

	if (a->upstream)
		need -= p->outside ? p->outside[p->cursor * 2] : 0;
	if (transfer == a->watch)
		explain_take(s, p, nseeds > 0);
	need = Min(need, p->balance);
	missing = a->upstream ? 0 : amount - need;
	take(s, p, need, amount, &s->out, nseeds > 0);
	if (nseeds > 0)
		plant(s, transfer, amount, seed, nseeds);
	if (s->out.n > 0)
		deliver(s, transfer, amount, nseeds > 0);
	if (fee > 0)
	{
		need = Min(fee, p->balance);
		missing += fee - need;
		take(s, p, need, fee, &s->out, false);
		for (uint32 i = 0; i < s->out.n; i++)
			if (s->out.amount[i] < a->min_traced)
				rs_tally_add(&s->cut, s->out.claim[i], rs_partition(a, p->account), s->out.amount[i]);
			else
				emit(s, RS_FEE, s->out.claim[i], p->account, UINT32_MAX, transfer, fee, s->out.amount[i]);
	}
	if (missing > 0)
	{
		a->unknown_deficits++;
		if (a->deficit == RS_DEFICIT_OVERDRAFT)
			p->hole += missing;
	}
	check_empty(s, p);
}

/* The half of a transfer that adds to a pool. */
static void
add_event(Pools *s, Pool *p, uint32 transfer)
{
	RsAttribution *a = s->a;
	int128		amount = rs_ledger_amount(s->l, transfer) * a->fine;
	uint32		k = s->pending[transfer];
	int128		outside;

	if (a->upstream)
	{
		outside = p->outside ? p->outside[p->cursor * 2] : 0;
		p->balance += rs_ledger_fee(s->l, transfer) * a->fine -
			(p->outside ? p->outside[p->cursor * 2 + 1] : 0);
	}
	else
	{
		outside = Min(p->hole, amount);
		p->hole -= outside;
	}
	if (k != FREE)
	{
		RsMix		   *m = &s->mixes[k];

		s->pending[transfer] = FREE;
		p->expected--;
		if (outside > 0)
		{
			/* downstream it repaid an overdraft; upstream no record says whence it came */
			RsMoneyKind kind = a->upstream ? RS_HELD : RS_EXITED;
			int128		sum = s->poison ? 0 : rs_mix_sum(m);
			int128	   *part = parts(s, m->n);

			if (!s->poison)
				rs_split(&s->splitter, m->amount, m->claim, m->n, sum,
						 rs_rule_take(a->rule, outside, sum, amount), part);
			for (uint32 i = 0; i < m->n; i++)
			{
				if (s->poison)
					part[i] = m->amount[i] ? outside : 0;
				else
					m->amount[i] -= part[i];
				emit(s, kind, m->claim[i], p->account, UINT32_MAX, transfer,
					 a->upstream ? outside : amount, part[i]);
			}
		}
		p->balance += amount - outside;
		if (!s->poison || amount > outside || a->poison_forever)
			add_mix(s, p, m);
		m->n = 0;
		m->next_free = s->free_mix;
		s->free_mix = k;
	}
	else
		p->balance += amount - outside;
	/* in between, with nothing claimed left, the list may be stale */
	check_empty(s, p);
}

/* Replay everything from these seeds on, to the end; last: no other claims come after these. */
static void
follow(Pools *s, const RsSeed *seed, uint64 nseeds, bool last)
{
	RsAttribution *a = s->a;
	uint64		at = 0;
	Due			watched = {0};

	s->watching = last && !s->watched && a->watch != RS_NO_TRANSFER && rs_ledger_amount(s->l, a->watch) > 0;
	if (s->watching)
		watched = due_first(s, a->watch);
	for (;;)
	{
		Due			seeded_at = {0};
		uint64		end = at;
		uint32		t;
		Pool	   *p;

		CHECK_FOR_INTERRUPTS();
		if (at < nseeds)
		{
			seeded_at = due_first(s, seed[at].transfer);
			while (end < nseeds && seed[end].transfer == seed[at].transfer)
				end++;
		}
		if (s->watching && !s->watched && (s->nheap == 0 || sooner(s, watched, s->heap[0].due)) &&
			(at == nseeds || !sooner(s, seeded_at, watched)))
		{
			/* nothing claimed reaches it through its payer: show the balance all the same */
			uint32		account = a->upstream ? rs_ledger_payee(s->l, a->watch) : rs_ledger_payer(s->l, a->watch);

			s->watching = false;
			if (a->exit_at && a->exit_at[account])
				continue;
			p = pool_of(s, account);
			if (!p->queued)
				bring_up(s, p, watched);
			if (!at_end(s, p) && rs_entry_transfer(p->entry[p->cursor]) == a->watch)
				explain_take(s, p, false);
			else if (!a->upstream)	/* before the account's book */
				explain(s, RS_WHY_UNKNOWN, RS_NO_CLAIM, RS_NO_TRANSFER, 0, 0, rs_ledger_amount(s->l, a->watch) * a->fine);
		}
		if (s->nheap == 0 && at == nseeds)
			break;
		if (s->nheap == 0 || (at < nseeds && sooner(s, seeded_at, s->heap[0].due)))
		{
			/* a claim on a transfer whose payer holds nothing claimed */
			int128		amount = rs_ledger_amount(s->l, seed[at].transfer) * a->fine;

			s->out.n = 0;
			plant(s, seed[at].transfer, amount, seed + at, (uint32) (end - at));
			deliver(s, seed[at].transfer, amount, true);
			at = end;
			continue;
		}
		p = next_waiting(s);
		t = rs_entry_transfer(p->entry[p->cursor]);
		if (rs_entry_is_credit(p->entry[p->cursor]) == a->upstream)
		{
			bool		seeded = at < nseeds && seed[at].transfer == t;

			/* claimed again while it takes: it must not be scheduled twice */
			p->queued = true;
			take_event(s, p, t, seed + at, seeded ? (uint32) (end - at) : 0);
			p->queued = false;
			if (seeded)
				at = end;
		}
		else
			add_event(s, p, t);
		step(s, p);
		if ((p->claimed > 0 || p->expected > 0) && !at_end(s, p))
			queue(s, p);
	}
}

static void
emit_cut(void *arg, uint32 claim, uint32 account, int128 sum)
{
	emit(arg, RS_CUT, claim, account, UINT32_MAX, RS_NO_TRANSFER, sum, sum);
}

static int
compare_claims(const void *a, const void *b, void *arg)
{
	const RsMix  *m = arg;
	uint32		x = m->claim[*(const uint32 *) a];
	uint32		y = m->claim[*(const uint32 *) b];

	return x < y ? -1 : x > y;
}

/* What is still there when the ledger ends. */
static void
report_held(Pools *s)
{
	for (uint32 i = 0; i < s->ntouched; i++)
	{
		Pool	   *p = s->pool[s->touched[i]];
		uint32	   *order;

		if (p->claimed > 0)
		{
			settle(s, p);
			order = rs_alloc(s->a->budget, p->mix.n, sizeof(uint32), purpose);
			for (uint32 k = 0; k < p->mix.n; k++)
				order[k] = k;
			qsort_arg(order, p->mix.n, sizeof(uint32), compare_claims, &p->mix);
			for (uint32 k = 0; k < p->mix.n; k++)
				emit(s, RS_HELD, p->mix.claim[order[k]], p->account, UINT32_MAX, RS_NO_TRANSFER,
					 p->balance, s->poison ? p->balance : p->mix.amount[order[k]]);
			pfree(order);
		}
		rewind_pool(s, p);
	}
}

/* Upstream: a balance at the end is to be explained. */
static void
plant_balance(Pools *s, const RsOpening *balance)
{
	RsAttribution *a = s->a;
	Pool	   *p = pool_of(s, balance->account);
	int128		need = balance->amount == RS_WHOLE ? p->balance : balance->amount * a->fine;

	if (need > p->balance)
		rs_balance_error();
	if (need == 0)
		return;
	if (a->exit_at && a->exit_at[balance->account])
	{
		emit(s, RS_EXITED, balance->claim, balance->account, UINT32_MAX, RS_NO_TRANSFER, p->balance, need);
		return;
	}
	s->out.n = 0;
	rs_mix_set(a->budget, &s->out, balance->claim, need);
	add_mix(s, p, &s->out);
	if (!p->queued && !at_end(s, p))
		queue(s, p);
}

void
rs_pools_run(RsAttribution *a)
{
	Pools		s = {a, a->ledger};

	s.poison = a->rule == RS_POISON;
	s.free_mix = FREE;
	s.splitter.budget = s.cut.budget = a->budget;
	s.pool = rs_alloc0(a->budget, a->ledger->accounts, sizeof(Pool *), purpose);
	s.pending = rs_alloc(a->budget, a->ledger->n, sizeof(uint32), purpose);
	memset(s.pending, 0xff, (Size) a->ledger->n * sizeof(uint32));
	if (!a->upstream)
	{
		for (uint64 i = 0; i < a->nopenings; i++)
		{
			const RsOpening *o = &a->opening[i];
			int128		amount = o->amount * a->fine;
			RsMix		   *m = &s.out;

			if (o->claim == RS_NO_CLAIM || amount == 0)
				continue;
			if (a->exit_at && a->exit_at[o->account])
				emit(&s, RS_EXITED, o->claim, o->account, UINT32_MAX, RS_NO_TRANSFER, amount, amount);
			else
			{
				Pool	   *p = pool_of(&s, o->account);

				m->n = 0;
				rs_mix_set(a->budget, m, o->claim, amount);
				add_mix(&s, p, m);
				if (!p->queued && !at_end(&s, p))
					queue(&s, p);
			}
		}
		follow(&s, a->seed, a->nseeds, true);
		report_held(&s);
	}
	else
		for (uint64 i = 0, j, b = 0; i < a->nseeds || b < a->nbalances; i = j)
		{
			uint32		claim = i < a->nseeds ? a->seed[i].claim : UINT32_MAX;

			if (b < a->nbalances && a->balance[b].claim < claim)
				claim = a->balance[b].claim;
			for (; b < a->nbalances && a->balance[b].claim == claim; b++)
				plant_balance(&s, &a->balance[b]);
			for (j = i; j < a->nseeds && a->seed[j].claim == claim; j++)
				;
			follow(&s, a->seed + i, j - i, j == a->nseeds && b == a->nbalances);
			report_held(&s);
		}
	rs_tally_drain(&s.cut, emit_cut, &s);
}
