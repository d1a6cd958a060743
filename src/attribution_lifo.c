/*
 * src/attribution_lifo.c
 *	  Last in, first out: one pass over a book with a stack, kept as pieces.
 *
 * Money keeps its identity under LIFO as it does under FIFO, so one pass with
 * a stack of lots tells for every credit which of its units each debit took.
 * The pieces are kept in the order of debits, with an index by credit; both
 * directions then read them as the FIFO map is read. A debit takes from the
 * top; the units it takes keep their order (older below) on the transfer, and
 * so on the receiver's stack. The fee is a second debit right after the
 * amount. A deficit is unknown money on top, just before it is needed; a
 * credit to an overdrawn account refills the hole from its top.
 *
 * Cost: every entry pushes at most one lot and splits at most two, so a book
 * of n entries makes at most 3n + 1 pieces, in linear time. Memory: 64 bytes a
 * piece.
 */
#include "postgres.h"

#include "miscadmin.h"

#include "attribution.h"
#include "rs_memory.h"

static const char purpose[] = "the book of an account";

#define UNKNOWN		(UINT32_MAX - 1)

typedef struct RsLifoPiece
{
	uint32		credit;			/* place in credit[]; ncredits: opening; UNKNOWN */
	uint32		debit;			/* place in debit[] */
	uint32		kind;			/* RsPieceKind seen from the credit */
	int128		from;			/* units of the credit */
	int128		to;
	int128		at;				/* first unit of the debit */
} RsLifoPiece;

typedef struct Lot
{
	uint32		credit;
	int128		from;
	int128		to;
} Lot;

typedef struct Stack
{
	RsAttribution *a;
	RsLotBook  *b;
	Lot		   *lot;
	uint64		n;
	uint64		capacity;
	uint64		piece_capacity;
	int128		balance;
} Stack;

static void
push(Stack *s, uint32 credit, int128 from, int128 to)
{
	Lot		   *lot;

	if (to <= from)
		return;
	s->lot = rs_grow(s->a->budget, s->lot, &s->capacity, s->n + 1, sizeof(Lot), purpose);
	lot = &s->lot[s->n++];
	lot->credit = credit;
	lot->from = from;
	lot->to = to;
	s->balance += to - from;
}

static void
add_piece(Stack *s, uint32 kind, uint32 credit, int128 from, int128 to, uint32 debit, int128 at)
{
	RsLifoPiece *p;

	s->b->piece = rs_grow(s->a->budget, s->b->piece, &s->piece_capacity, s->b->npieces + 1,
						  sizeof(RsLifoPiece), purpose);
	p = &s->b->piece[s->b->npieces++];
	p->kind = kind;
	p->credit = credit;
	p->from = from;
	p->to = to;
	p->debit = debit;
	p->at = at;
}

/* Take from the top; returns what the stack did not have. */
static int128
take(Stack *s, int128 need, uint32 debit, int128 base)
{
	int128		found = Min(need, s->balance);
	int128		at = base + found;
	uint64		first = s->b->npieces;

	if (need > found)
		add_piece(s, RS_PIECE_TRANSFER, UNKNOWN, 0, need - found, debit, at);
	while (at > base)
	{
		Lot		   *top = &s->lot[s->n - 1];
		int128		part = Min(at - base, top->to - top->from);

		at -= part;
		top->to -= part;
		add_piece(s, RS_PIECE_TRANSFER, top->credit, top->to, top->to + part, debit, at);
		if (top->to == top->from)
			s->n--;
	}
	s->balance -= found;
	/* made from the top down: turn them round */
	for (uint64 i = first, j = s->b->npieces; i + 1 < j; i++)
	{
		RsLifoPiece swap = s->b->piece[--j];

		s->b->piece[j] = s->b->piece[i];
		s->b->piece[i] = swap;
	}
	return need - found;
}

void
rs_lifo_build(RsAttribution *a, RsLotBook *b, const RsEntry *entry, uint32 count)
{
	RsLedger   *l = a->ledger;
	Stack		s = {a, b};
	int128		hole = 0;
	uint64		kept;

	for (uint32 i = 0; i < count; i++)
		b->ncredits += rs_entry_is_credit(entry[i]);
	b->ndebits = count - b->ncredits;
	b->credit = rs_alloc(a->budget, b->ncredits, sizeof(uint32), purpose);
	b->debit = rs_alloc(a->budget, b->ndebits, sizeof(uint32), purpose);
	b->debit_piece = rs_alloc0(a->budget, (uint64) b->ndebits * 2, sizeof(uint64), purpose);
	b->credit_piece = rs_alloc0(a->budget, (uint64) b->ncredits + 3, sizeof(uint64), purpose);
	push(&s, b->ncredits, 0, b->start.opening);
	for (uint32 i = 0, c = 0, d = 0; i < count; i++)
	{
		uint32		t = rs_entry_transfer(entry[i]);
		int128		amount = rs_ledger_amount(l, t);

		if (rs_entry_is_credit(entry[i]))
		{
			b->credit[c] = t;
			if (i < b->start.first)
				b->before_credits++;
			else
			{
				int128		refill = Min(hole, amount);

				if (refill > 0)
					add_piece(&s, RS_PIECE_REFILL, c, amount - refill, amount, 0, 0);
				hole -= refill;
				push(&s, c, 0, amount - refill);
			}
			c++;
		}
		else
		{
			b->debit[d] = t;
			b->debit_piece[(uint64) d * 2] = b->npieces;
			if (i < b->start.first)
				b->before_debits++;
			else
			{
				int128		fee = rs_ledger_fee(l, t);
				int128		missing = take(&s, amount, d, 0);

				if (fee > 0)
					missing += take(&s, fee, d, amount);
				if (missing > 0)
				{
					if (a->deficit == RS_DEFICIT_ERROR)
						rs_deficit_error(a, t, missing);
					if (a->deficit == RS_DEFICIT_OVERDRAFT)
						hole += missing;
					a->unknown_deficits++;
				}
			}
			b->debit_piece[(uint64) d * 2 + 1] = b->npieces;
			d++;
		}
		if ((i & 0xfff) == 0xfff)
			CHECK_FOR_INTERRUPTS();
	}
	b->balance = s.balance;
	while (s.n > 0)
	{
		Lot		   *top = &s.lot[--s.n];

		add_piece(&s, RS_PIECE_HELD, top->credit, top->from, top->to, 0, 0);
	}
	if (s.lot)
		pfree(s.lot);

	/*
	 * Index by credit. A lot is eaten from its end, so its pieces were made in
	 * descending order of units: filling backwards puts them in ascending order.
	 */
	kept = b->npieces;
	for (uint64 i = 0; i < kept; i++)
		if (b->piece[i].credit != UNKNOWN)
			b->credit_piece[b->piece[i].credit + 2]++;
	for (uint32 c = 0; c <= b->ncredits; c++)
		b->credit_piece[c + 2] += b->credit_piece[c + 1];
	b->by_credit = rs_alloc(a->budget, kept, sizeof(uint64), purpose);
	for (uint64 i = kept; i-- > 0;)
		if (b->piece[i].credit != UNKNOWN)
			b->by_credit[b->credit_piece[b->piece[i].credit + 1]++] = i;
	CHECK_FOR_INTERRUPTS();
}

void
rs_lifo_onward(RsAttribution *a, const RsLotBook *b, uint32 slot, int128 from, int128 to, RsPieces *out)
{
	uint64		left;
	uint64		end;
	uint64		right;

	if (slot == RS_OPENING_SLOT)
		slot = b->ncredits;
	left = b->credit_piece[slot];
	end = right = b->credit_piece[slot + 1];
	while (left < right)
	{
		uint64		middle = left + (right - left) / 2;

		if (b->piece[b->by_credit[middle]].to <= from)
			left = middle + 1;
		else
			right = middle;
	}
	for (; left < end; left++)
	{
		const RsLifoPiece *p = &b->piece[b->by_credit[left]];
		int128		u = Max(from, p->from);
		int128		v = Min(to, p->to);

		if (p->from >= to)
			break;
		rs_pieces_append(out, p->kind, p->kind == RS_PIECE_TRANSFER ? b->debit[p->debit] : RS_NO_TRANSFER,
						 u, v, p->at + (u - p->from));
		CHECK_FOR_INTERRUPTS();
	}
}

void
rs_lifo_back(RsAttribution *a, const RsLotBook *b, uint32 debit, int128 from, int128 to, RsPieces *out)
{
	uint32		slot = rs_book_find(a->ledger, b->debit, b->ndebits, debit);
	uint64		left,
				right,
				end;

	if (slot < b->before_debits)
	{
		rs_pieces_append(out, RS_PIECE_UNKNOWN, debit, from, to, 0);
		return;
	}
	left = b->debit_piece[(uint64) slot * 2];
	end = right = b->debit_piece[(uint64) slot * 2 + 1];
	while (left < right)
	{
		uint64		middle = left + (right - left) / 2;
		const RsLifoPiece *p = &b->piece[middle];

		if (p->at + (p->to - p->from) <= from)
			left = middle + 1;
		else
			right = middle;
	}
	for (; left < end; left++)
	{
		const RsLifoPiece *p = &b->piece[left];
		int128		u = Max(from, p->at);
		int128		v = Min(to, p->at + (p->to - p->from));

		if (p->at >= to)
			break;
		if (p->credit == UNKNOWN)
			rs_pieces_append(out, RS_PIECE_UNKNOWN, debit, u, v, 0);
		else if (p->credit == b->ncredits)
			rs_pieces_append(out, RS_PIECE_OPENING, RS_NO_TRANSFER, u, v, p->from + (u - p->at));
		else
			rs_pieces_append(out, RS_PIECE_TRANSFER, b->credit[p->credit], u, v, p->from + (u - p->at));
		CHECK_FOR_INTERRUPTS();
	}
}

/*
 * Where the oldest `need` units of the final balance came from. The lots that
 * were left are the last pieces, newest first.
 */
void
rs_lifo_back_held(RsAttribution *a, const RsLotBook *b, int128 need, RsPieces *out)
{
	int128		at = 0;

	for (uint64 i = b->npieces; i-- > 0 && at < need;)
	{
		const RsLifoPiece *p = &b->piece[i];
		int128		part = Min(need - at, p->to - p->from);

		Assert(p->kind == RS_PIECE_HELD);
		if (p->credit == UNKNOWN)
			rs_pieces_append(out, RS_PIECE_UNKNOWN, RS_NO_TRANSFER, at, at + part, 0);
		else if (p->credit == b->ncredits)
			rs_pieces_append(out, RS_PIECE_OPENING, RS_NO_TRANSFER, at, at + part, p->from);
		else
			rs_pieces_append(out, RS_PIECE_TRANSFER, b->credit[p->credit], at, at + part, p->from);
		at += part;
		CHECK_FOR_INTERRUPTS();
	}
}
