/*
 * src/attribution_lots.c
 *	  Following claims under the rules where money keeps its identity: FIFO and LIFO.
 *
 * Every unit of a transfer has a number, [0, amount). What a claim owns of a
 * transfer is a list of runs of such units. A transfer that carries claims
 * waits in a heap ordered by its place in the ledger; when it is taken out,
 * everything that can reach it has been followed, so its runs are complete:
 * they are reported, and each is sent through the map of the receiver's book
 * (where did these units of this credit go?) onto later transfers, or stays.
 * Upstream the same loop runs backwards through the payers' books.
 *
 * Only transfers that carry claims are visited and only books of accounts that
 * claimed money reaches are built: the closure of the claims, not the ledger.
 *
 * Memory: 40 bytes a waiting run, 4 a transfer, 8 an account, and the books.
 */
#include "postgres.h"

#include "miscadmin.h"

#include "attribution.h"
#include "rs_memory.h"

static const char purpose[] = "following claims";

#define NOT_QUEUED	UINT32_MAX
#define EMPTY		(UINT32_MAX - 1)

typedef struct Run
{
	int128		from;
	int128		to;
	uint32		claim;
	uint32		next;
} Run;

/* A stretch of a transfer's units while it is worked on. */
typedef struct Stretch
{
	int128		from;
	int128		to;
	uint32		claim;			/* RS_NO_CLAIM: nobody's */
	bool		fixed;			/* owned by a claim on this very transfer */
} Stretch;

typedef struct Stretches
{
	Stretch    *s;
	uint64		n;
	uint64		capacity;
} Stretches;

typedef struct Waiting
{
	uint64		key;			/* rough */
	uint32		transfer;
} Waiting;

typedef struct ClaimSum
{
	uint32		claim;
	int128		sum;
} ClaimSum;

typedef struct Lots
{
	RsAttribution *a;
	RsLedger   *l;
	RsLotBook **book;			/* by account */
	uint32	   *first;			/* by transfer: its runs */
	uint32	   *last;			/* ... the latest of them, valid while queued */
	Run		   *run;
	uint64		nrun;
	uint64		run_capacity;
	uint32		free_run;
	Waiting    *heap;
	uint64		nheap;
	uint64		heap_capacity;
	RsPieces	pieces;
	Stretches	now;			/* the transfer in hand */
	Stretches	next;
	ClaimSum   *sum;
	uint64		nsum;
	uint64		sum_capacity;
	int128	   *part;
	uint64		part_capacity;
	RsTally		held;
	RsTally		cut;
} Lots;

/* The book of an account, made if it is new, for a transfer that credits it (or RS_NO_TRANSFER). */
static RsLotBook *
book_of(Lots *s, uint32 account, uint32 transfer)
{
	RsLotBook  *b = s->book[account];
	const RsEntry *entry;
	uint32		count;

	if (b)
		return b;
	b = s->book[account] = rs_arena_alloc(&s->a->book_memory, 1, sizeof(RsLotBook), purpose);
	memset(b, 0, sizeof(RsLotBook));
	entry = rs_ledger_entries(s->l, account, &count);
	b->account = account;
	b->first_credit = transfer;
	b->first_slot = UINT32_MAX;
	b->start = rs_book_start(s->a, account, entry, count);
	if (s->a->rule == RS_FIFO)
		rs_fifo_build(s->a, b, entry, count);
	else
		rs_lifo_build(s->a, b, entry, count);
	rs_ledger_entries_done(s->l, entry);
	return b;
}

/* ----- waiting transfers ----- */

/* Rarely do two waiting transfers share an instant: their places in it are found only then. */
static bool
sooner_inside(Lots *s, uint32 x, uint32 y)
{
	uint64		p = rs_ledger_key(s->l, x, false);
	uint64		q = rs_ledger_key(s->l, y, false);

	if (p != q)
		return (p < q) != s->a->upstream;
	/* on a flow graph, transfers that do not touch may share a key */
	return x < y;
}

static inline bool
sooner(Lots *s, const Waiting *x, const Waiting *y)
{
	return x->key != y->key ? x->key < y->key : sooner_inside(s, x->transfer, y->transfer);
}

static void
queue(Lots *s, uint32 transfer)
{
	Waiting		w = {0, transfer};
	uint64		i;

	if (s->first[transfer] != NOT_QUEUED)
		return;
	s->first[transfer] = EMPTY;
	w.key = rs_ledger_rough_key(s->l, transfer, false);
	if (s->a->upstream)
		w.key = ~w.key;
	s->heap = rs_grow(s->a->budget, s->heap, &s->heap_capacity, s->nheap + 1, sizeof(Waiting), purpose);
	for (i = s->nheap++; i > 0 && sooner(s, &w, &s->heap[(i - 1) / 2]); i = (i - 1) / 2)
		s->heap[i] = s->heap[(i - 1) / 2];
	s->heap[i] = w;
}

static uint32
next_waiting(Lots *s)
{
	uint32		transfer = s->heap[0].transfer;
	Waiting		moved = s->heap[--s->nheap];
	uint64		i = 0;

	for (;;)
	{
		uint64		child = i * 2 + 1;

		if (child >= s->nheap)
			break;
		if (child + 1 < s->nheap && sooner(s, &s->heap[child + 1], &s->heap[child]))
			child++;
		if (!sooner(s, &s->heap[child], &moved))
			break;
		s->heap[i] = s->heap[child];
		i = child;
	}
	s->heap[i] = moved;
	return transfer;
}

static inline void
prefetch(Lots *s, uint32 transfer)
{
	__builtin_prefetch(&s->first[transfer]);
	if (s->l->amount)
		__builtin_prefetch(&s->l->amount[transfer]);
	if (s->l->flow)
		s->l->flow_prefetch(s->l, transfer);
}

static void
give(Lots *s, uint32 transfer, int128 from, int128 to, uint32 claim)
{
	uint32		r;
	Run		   *run;

	queue(s, transfer);
	if (s->first[transfer] != EMPTY)
	{
		run = &s->run[s->last[transfer]];
		if (run->claim == claim && run->to == from)
		{
			run->to = to;
			return;
		}
	}
	if (s->free_run != EMPTY)
	{
		r = s->free_run;
		s->free_run = s->run[r].next;
	}
	else
	{
		if (s->nrun >= EMPTY)
			ereport(ERROR,
					(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
					 errmsg("the claims fall into too many pieces"),
					 errhint("Use min_traced to stop following the smallest of them.")));
		s->run = rs_grow(s->a->budget, s->run, &s->run_capacity, s->nrun + 1, sizeof(Run), purpose);
		r = (uint32) s->nrun++;
	}
	run = &s->run[r];
	run->from = from;
	run->to = to;
	run->claim = claim;
	run->next = EMPTY;
	if (s->first[transfer] == EMPTY)
		s->first[transfer] = r;
	else
		s->run[s->last[transfer]].next = r;
	s->last[transfer] = r;
}

/* ----- the transfer in hand ----- */

static void
stretch(Lots *s, Stretches *to, int128 from, int128 end, uint32 claim, bool fixed)
{
	Stretch    *x;

	if (from >= end)
		return;
	to->s = rs_grow(s->a->budget, to->s, &to->capacity, to->n + 1, sizeof(Stretch), purpose);
	x = &to->s[to->n++];
	x->from = from;
	x->to = end;
	x->claim = claim;
	x->fixed = fixed;
}

static int
compare_stretches(const void *a, const void *b)
{
	const Stretch *x = a;
	const Stretch *y = b;

	return x->from < y->from ? -1 : x->from > y->from;
}

/* Unhook the runs of a transfer, in the order of its units; amount and fee apart. */
static void
collect(Lots *s, uint32 transfer, int128 amount)
{
	uint32		r = s->first[transfer];
	bool		sorted = true;

	s->now.n = 0;
	s->first[transfer] = NOT_QUEUED;
	while (r != EMPTY)
	{
		uint32		next = s->run[r].next;

		sorted = sorted && (s->now.n == 0 || s->now.s[s->now.n - 1].from <= s->run[r].from);
		stretch(s, &s->now, s->run[r].from, Min(s->run[r].to, amount), s->run[r].claim, false);
		stretch(s, &s->now, Max(s->run[r].from, amount), s->run[r].to, s->run[r].claim, false);
		s->run[r].next = s->free_run;
		s->free_run = r;
		r = next;
	}
	if (!sorted)
		qsort(s->now.s, s->now.n, sizeof(Stretch), compare_stretches);
}

static void
swap(Lots *s)
{
	Stretches	x = s->now;

	s->now = s->next;
	s->next = x;
	s->next.n = 0;
}

static void
emit(Lots *s, RsMoneyKind kind, uint32 claim, uint32 account, uint32 other, uint32 transfer,
	 int128 amount, int128 traced)
{
	RsMoneyRow	row = {kind, claim, account, other, transfer, amount, traced};

	if (traced > 0)
		s->a->emit(s->a->emit_arg, &row);
}

static void
explain(Lots *s, RsWhyKind kind, uint32 claim, uint32 source, int128 available, int128 balance,
		int128 first, int128 last)
{
	RsWhyRow	row = {kind, claim, source, available, balance, first, last, last - first};

	s->a->explain(s->a->explain_arg, &row);
}

static int
find_seed(const RsSeed *seed, uint32 n, uint32 claim)
{
	uint32		low = 0;
	uint32		high = n;

	while (low < high)
	{
		uint32		middle = low + (high - low) / 2;

		if (seed[middle].claim < claim)
			low = middle + 1;
		else
			high = middle;
	}
	return low < n && seed[low].claim == claim ? (int) low : -1;
}

/*
 * The claims that name this transfer take their parts of units [0, amount):
 * first units that already are the claim's (they count once), then nobody's,
 * then, first units first, other claims', which are displaced and reported as
 * cut.
 */
static void
plant(Lots *s, uint32 transfer, int128 amount, const RsSeed *seed, uint32 n)
{
	int128		at = 0;
	int128	   *left;
	uint32		k = 0;
	bool		explained = s->a->watch == transfer;

	s->part = rs_grow(s->a->budget, s->part, &s->part_capacity, n, sizeof(int128), purpose);
	left = s->part;
	for (uint32 i = 0; i < n; i++)
		left[i] = seed[i].amount;

	/* own units, and the gaps made explicit; the fee's units stay as they are */
	s->next.n = 0;
	for (uint64 i = 0; i < s->now.n; i++)
	{
		Stretch		x = s->now.s[i];
		int			own;
		int128		mine;

		if (x.from >= amount)
			break;
		stretch(s, &s->next, at, x.from, RS_NO_CLAIM, false);
		own = find_seed(seed, n, x.claim);
		mine = own < 0 ? 0 : Min(left[own], x.to - x.from);
		if (own >= 0)
			left[own] -= mine;
		stretch(s, &s->next, x.from, x.from + mine, x.claim, true);
		stretch(s, &s->next, x.from + mine, x.to, x.claim, false);
		at = x.to;
	}
	stretch(s, &s->next, at, amount, RS_NO_CLAIM, false);
	for (uint64 i = 0; i < s->now.n; i++)
		if (s->now.s[i].from >= amount)
			stretch(s, &s->next, s->now.s[i].from, s->now.s[i].to, s->now.s[i].claim, true);
	swap(s);

	/* nobody's units, then other claims' */
	for (int displace = 0; displace < 2; displace++)
	{
		while (k < n && left[k] == 0)
			k++;
		if (k == n)
			break;
		for (uint64 i = 0; i < s->now.n; i++)
		{
			Stretch		x = s->now.s[i];

			while (k < n && !x.fixed && (x.claim == RS_NO_CLAIM) == !displace && x.from < x.to)
			{
				int128		part = Min(left[k], x.to - x.from);

				if (displace)
				{
					emit(s, RS_CUT, x.claim, rs_ledger_payer(s->l, transfer),
						 rs_ledger_payee(s->l, transfer), transfer, amount, part);
					if (explained)
						explain(s, RS_WHY_CUT, x.claim, transfer, 0, 0, x.from, x.from + part);
				}
				stretch(s, &s->next, x.from, x.from + part, seed[k].claim, true);
				if (explained)
					explain(s, RS_WHY_SEED, seed[k].claim, transfer, amount, 0, x.from, x.from + part);
				x.from += part;
				left[k] -= part;
				while (k < n && left[k] == 0)
					k++;
			}
			stretch(s, &s->next, x.from, x.to, x.claim, x.fixed);
		}
		swap(s);
	}
}

static inline int
compare_sums(const ClaimSum *x, const ClaimSum *y)
{
	return x->claim < y->claim ? -1 : x->claim > y->claim;
}

#define ST_SORT sort_sums
#define ST_ELEMENT_TYPE ClaimSum
#define ST_COMPARE(a, b) compare_sums(a, b)
#define ST_SCOPE static
#define ST_DEFINE
#include "lib/sort_template.h"

/* Sums by claim of the stretches that begin in [from, to). */
static void
sum_by_claim(Lots *s, int128 from, int128 to)
{
	uint64		n = 0;

	s->sum = rs_grow(s->a->budget, s->sum, &s->sum_capacity, s->now.n + 1, sizeof(ClaimSum), purpose);
	s->nsum = 0;
	for (uint64 i = 0; i < s->now.n; i++)
	{
		Stretch    *x = &s->now.s[i];

		if (x->claim == RS_NO_CLAIM || x->from < from || x->from >= to)
			continue;
		if (s->nsum > 0 && s->sum[s->nsum - 1].claim == x->claim)
			s->sum[s->nsum - 1].sum += x->to - x->from;
		else
		{
			s->sum[s->nsum].claim = x->claim;
			s->sum[s->nsum++].sum = x->to - x->from;
		}
	}
	if (s->nsum < 2)
		return;
	sort_sums(s->sum, s->nsum);
	for (uint64 i = 0; i < s->nsum; i++)
		if (n > 0 && s->sum[n - 1].claim == s->sum[i].claim)
			s->sum[n - 1].sum += s->sum[i].sum;
		else
			s->sum[n++] = s->sum[i];
	s->nsum = n;
}

static int128
sum_of(const Lots *s, uint32 claim)
{
	uint64		low = 0;
	uint64		high = s->nsum;

	while (low < high)
	{
		uint64		middle = low + (high - low) / 2;

		if (s->sum[middle].claim < claim)
			low = middle + 1;
		else
			high = middle;
	}
	return s->sum[low].sum;
}

/* Why: what pays for this transfer's units (upstream: what they paid for). */
static void
explain_units(Lots *s, uint32 transfer)
{
	RsAttribution *a = s->a;
	int128		amount = rs_ledger_amount(s->l, transfer);
	uint32		account = a->upstream ? rs_ledger_payee(s->l, transfer) : rs_ledger_payer(s->l, transfer);
	RsLotBook  *b;
	uint64		i = 0;

	if (amount == 0 || (a->exit_at && a->exit_at[account]))
		return;
	b = book_of(s, account, RS_NO_TRANSFER);
	s->pieces.n = 0;
	if (a->upstream)
	{
		uint32		slot = rs_book_find(s->l, b->credit, b->ncredits, transfer);

		if (slot < b->before_credits)
			return;
		(a->rule == RS_FIFO ? rs_fifo_onward : rs_lifo_onward) (a, b, slot, 0, amount, &s->pieces);
	}
	else
		(a->rule == RS_FIFO ? rs_fifo_back : rs_lifo_back) (a, b, transfer, 0, amount, &s->pieces);
	for (uint64 k = 0; k < s->pieces.n; k++)
	{
		RsPiece    *p = &s->pieces.piece[k];
		int128		at = p->from;
		int128		available = p->kind == RS_PIECE_TRANSFER ? rs_ledger_amount(s->l, p->transfer) :
			p->kind == RS_PIECE_OPENING ? b->start.opening : p->to - p->from;
		static const RsWhyKind why[] = {
			[RS_PIECE_TRANSFER] = RS_WHY_CREDIT, [RS_PIECE_HELD] = RS_WHY_HELD, [RS_PIECE_REFILL] = RS_WHY_REFILL,
			[RS_PIECE_OPENING] = RS_WHY_OPENING, [RS_PIECE_UNKNOWN] = RS_WHY_UNKNOWN
		};

		/* cut the piece along the stretches */
		while (at < p->to)
		{
			int128		end = p->to;
			uint32		claim = RS_NO_CLAIM;

			while (i < s->now.n && s->now.s[i].to <= at)
				i++;
			if (i < s->now.n && s->now.s[i].from <= at)
			{
				claim = s->now.s[i].claim;
				end = Min(end, s->now.s[i].to);
			}
			else if (i < s->now.n)
				end = Min(end, s->now.s[i].from);
			explain(s, why[p->kind], claim, p->kind == RS_PIECE_TRANSFER ? p->transfer : RS_NO_TRANSFER,
					available, 0, at, end);
			at = end;
		}
	}
}

/* Claimed units of the opening balance, or of a credit, go on. */
static void
send_onward(Lots *s, RsLotBook *b, uint32 slot, int128 from, int128 to, uint32 claim)
{
	uint32		credit;

	s->pieces.n = 0;
	(s->a->rule == RS_FIFO ? rs_fifo_onward : rs_lifo_onward) (s->a, b, slot, from, to, &s->pieces);
	for (uint64 k = 0; k < s->pieces.n; k++)
	{
		RsPiece    *p = &s->pieces.piece[k];

		switch (p->kind)
		{
			case RS_PIECE_TRANSFER:
				give(s, p->transfer, p->at, p->at + (p->to - p->from), claim);
				break;
			case RS_PIECE_HELD:
				rs_tally_add(&s->held, claim, b->account, p->to - p->from);
				break;
			default:
				/* repaid an overdraft: gone to whoever had covered it */
				credit = b->credit[slot];
				emit(s, RS_EXITED, claim, b->account, UINT32_MAX, credit,
					 rs_ledger_amount(s->l, credit), p->to - p->from);
		}
	}
}

/* The pieces at hand are of a debit (or of the balance) of b: go on to what paid them. */
static void
send_pieces_back(Lots *s, RsLotBook *b, uint32 debit, uint32 claim)
{
	for (uint64 k = 0; k < s->pieces.n; k++)
	{
		RsPiece    *p = &s->pieces.piece[k];

		switch (p->kind)
		{
			case RS_PIECE_TRANSFER:
				give(s, p->transfer, p->at, p->at + (p->to - p->from), claim);
				break;
			case RS_PIECE_OPENING:
				rs_tally_add(&s->held, claim, b->account, p->to - p->from);
				break;
			default:
				emit(s, RS_HELD, claim, b->account, UINT32_MAX, debit,
					 p->to - p->from, p->to - p->from);
		}
	}
}

static void
send_back(Lots *s, RsLotBook *b, uint32 debit, int128 from, int128 to, uint32 claim)
{
	s->pieces.n = 0;
	(s->a->rule == RS_FIFO ? rs_fifo_back : rs_lifo_back) (s->a, b, debit, from, to, &s->pieces);
	send_pieces_back(s, b, debit, claim);
}

/* A balance at the end is to be explained. */
static void
plant_balance(Lots *s, const RsOpening *balance)
{
	RsAttribution *a = s->a;
	RsLotBook  *b;
	int128		need = balance->amount;

	b = book_of(s, balance->account, RS_NO_TRANSFER);
	if (need == RS_WHOLE)
		need = b->balance;
	if (need > b->balance)
		rs_balance_error();
	if (a->exit_at && a->exit_at[balance->account])
	{
		emit(s, RS_EXITED, balance->claim, balance->account, UINT32_MAX, RS_NO_TRANSFER, b->balance, need);
		return;
	}
	s->pieces.n = 0;
	(a->rule == RS_FIFO ? rs_fifo_back_held : rs_lifo_back_held) (a, b, need, &s->pieces);
	send_pieces_back(s, b, RS_NO_TRANSFER, balance->claim);
}

static void
handle(Lots *s, uint32 transfer, const RsSeed *seed, uint32 nseeds)
{
	RsAttribution *a = s->a;
	int128		amount = rs_ledger_amount(s->l, transfer);
	uint32		payer = rs_ledger_payer(s->l, transfer);
	uint32		payee = rs_ledger_payee(s->l, transfer);
	uint32		target = a->upstream ? payer : payee;
	bool		exits = a->exit_at && a->exit_at[target];
	RsLotBook  *b;
	uint32		slot = UINT32_MAX;
	uint64		dust = 0;

	collect(s, transfer, amount);
	if (a->watch == transfer)
		explain_units(s, transfer);
	if (nseeds > 0)
		plant(s, transfer, amount, seed, nseeds);

	/* the fee leaves the ledger */
	if (rs_ledger_fee(s->l, transfer) > 0)
	{
		sum_by_claim(s, amount, amount + rs_ledger_fee(s->l, transfer));
		for (uint64 i = 0; i < s->nsum; i++)
			if (s->sum[i].sum < a->min_traced)
				rs_tally_add(&s->cut, s->sum[i].claim, rs_partition(a, payer), s->sum[i].sum);
			else
				emit(s, RS_FEE, s->sum[i].claim, payer, UINT32_MAX, transfer,
					 rs_ledger_fee(s->l, transfer), s->sum[i].sum);
	}

	sum_by_claim(s, 0, amount);
	for (uint64 i = 0; i < s->nsum; i++)
		if (s->sum[i].sum < a->min_traced)
		{
			dust++;
			if (a->watch == transfer)
				explain(s, RS_WHY_DUST, s->sum[i].claim, transfer, 0, 0, 0, s->sum[i].sum);
			rs_tally_add(&s->cut, s->sum[i].claim, rs_partition(a, payer), s->sum[i].sum);
		}
		else
		{
			emit(s, RS_MOVED, s->sum[i].claim, payer, payee, transfer, amount, s->sum[i].sum);
			if (exits)
				emit(s, RS_EXITED, s->sum[i].claim, target, a->upstream ? payee : payer,
					 transfer, amount, s->sum[i].sum);
		}
	if (exits || s->nsum == dust)
		return;
	b = book_of(s, target, transfer);
	if (!a->upstream)
		slot = b->first_credit == transfer && b->first_slot != UINT32_MAX ? b->first_slot :
			rs_book_find(s->l, b->credit, b->ncredits, transfer);
	if (slot < b->before_credits)
	{
		/* the payee is only followed from a later time on */
		for (uint64 i = 0; i < s->nsum; i++)
			if (s->sum[i].sum >= a->min_traced)
				emit(s, RS_CUT, s->sum[i].claim, payer, payee, transfer, amount, s->sum[i].sum);
		return;
	}
	for (uint64 i = 0; i < s->now.n; i++)
	{
		Stretch		x = s->now.s[i];

		if (x.claim == RS_NO_CLAIM || x.from >= amount ||
			(dust > 0 && sum_of(s, x.claim) < a->min_traced))
			continue;
		if (a->upstream)
			send_back(s, b, transfer, x.from, x.to, x.claim);
		else
			send_onward(s, b, slot, x.from, x.to, x.claim);
		CHECK_FOR_INTERRUPTS();
	}
}

static void
emit_held(void *arg, uint32 claim, uint32 account, int128 sum)
{
	Lots	   *s = arg;
	RsLotBook  *b = s->book[account];

	emit(s, RS_HELD, claim, account, UINT32_MAX, RS_NO_TRANSFER,
		 s->a->upstream ? b->start.opening : b->balance, sum);
}

static void
emit_cut(void *arg, uint32 claim, uint32 account, int128 sum)
{
	emit(arg, RS_CUT, claim, account, UINT32_MAX, RS_NO_TRANSFER, sum, sum);
}

/* Openings that belong to claims. */
static void
plant_openings(Lots *s)
{
	RsAttribution *a = s->a;

	for (uint64 i = 0, j; i < a->nopenings; i = j)
	{
		uint32		account = a->opening[i].account;
		int128		at = 0;

		for (j = i; j < a->nopenings && a->opening[j].account == account; j++)
		{
			const RsOpening *o = &a->opening[j];

			if (o->claim != RS_NO_CLAIM && o->amount > 0)
			{
				if (a->exit_at && a->exit_at[account])
					emit(s, RS_EXITED, o->claim, account, UINT32_MAX, RS_NO_TRANSFER, o->amount, o->amount);
				else
					send_onward(s, book_of(s, account, RS_NO_TRANSFER), RS_OPENING_SLOT, at, at + o->amount, o->claim);
			}
			at += o->amount;
		}
	}
}

void
rs_lots_run(RsAttribution *a)
{
	Lots		s = {a, a->ledger};
	bool		watched = false;

	s.free_run = EMPTY;
	a->book_memory = (RsArena) {a->budget};
	s.pieces.budget = s.held.budget = s.cut.budget = a->budget;
	s.book = rs_alloc0(a->budget, a->ledger->accounts, sizeof(RsLotBook *), purpose);
	s.first = rs_alloc(a->budget, a->ledger->n, sizeof(uint32), purpose);
	s.last = rs_alloc(a->budget, a->ledger->n, sizeof(uint32), purpose);
	memset(s.first, 0xff, (Size) a->ledger->n * sizeof(uint32));
	if (!a->upstream)
		plant_openings(&s);
	/* downstream all claims at once; upstream, where they may overlap, each alone */
	for (uint64 i = 0, j, b = 0; i < a->nseeds || b < a->nbalances || i == 0; i = j)
	{
		uint64		at = i;
		uint32		claim = i < a->nseeds ? a->seed[i].claim : UINT32_MAX;
		bool		more = b < a->nbalances;

		if (more && a->balance[b].claim < claim)
			claim = a->balance[b].claim;
		for (; b < a->nbalances && a->balance[b].claim == claim; b++)
			plant_balance(&s, &a->balance[b]);
		for (j = i; j < a->nseeds && (!a->upstream || a->seed[j].claim == claim); j++)
			queue(&s, a->seed[j].transfer);
		while (s.nheap > 0)
		{
			uint32		t = next_waiting(&s);
			uint64		end = at;

			/* the one after it lies anywhere in memory */
			if (s.nheap > 0)
				prefetch(&s, s.heap[0].transfer);
			while (end < j && a->seed[end].transfer == t)
				end++;
			handle(&s, t, a->seed + at, (uint32) (end - at));
			at = end;
			watched = watched || t == a->watch;
			CHECK_FOR_INTERRUPTS();
		}
		Assert(at == j);
		if (j == i && !more)
			break;
	}
	if (a->watch != RS_NO_TRANSFER && !watched)
	{
		s.now.n = 0;
		explain_units(&s, a->watch);
	}
	rs_tally_drain(&s.held, emit_held, &s);
	rs_tally_drain(&s.cut, emit_cut, &s);
}
