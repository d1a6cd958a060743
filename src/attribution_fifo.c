/*
 * src/attribution_fifo.c
 *	  First in, first out, without a replay: interval maps over prefix sums.
 *
 * Number the units of money that ever enter an account 0, 1, 2 ... in the
 * order they come in (the opening balance first), and the units that leave it
 * in the order they leave. First in, first out says that the two numbers of a
 * unit are equal. So a credit is an interval of incoming numbers, a debit an
 * interval of outgoing numbers, and what pays for what is where the intervals
 * meet: both directions are binary searches in prefix sums, and upstream is
 * the exact inverse of downstream because it is the same map read backwards.
 *
 * A deficit under `infer` is an interval of incoming numbers that belongs to
 * no credit, put in just before the debit that needs it. Under `overdraft`
 * outgoing numbers run ahead of incoming ones: a credit whose interval meets a
 * debit that came before it has refilled the hole.
 *
 * Cost: building a book is linear in its entries; a look-up is logarithmic
 * plus the pieces it finds. Memory: 12 bytes an entry, 20 when the ledger's sum
 * needs more than 61 bits.
 */
#include "postgres.h"

#include "miscadmin.h"

#include "attribution.h"
#include "rs_memory.h"

static const char purpose[] = "the book of an account";

static inline int128
first_unit(const RsLotBook *b, const void *start, int64 slot)
{
	return b->wide ? ((const int128 *) start)[slot] : (int128) ((const int64 *) start)[slot];
}

static inline void
set_first_unit(RsLotBook *b, void *start, uint32 slot, int128 unit)
{
	if (b->wide)
		((int128 *) start)[slot] = unit;
	else
		((int64 *) start)[slot] = (int64) unit;
}

void
rs_fifo_build(RsAttribution *a, RsLotBook *b, const RsEntry *entry, uint32 count)
{
	RsLedger   *l = a->ledger;
	uint32		ncredits = 0;
	Size		width;
	char	   *block;

	/* deficits can add to what comes in at most what goes out */
	b->wide = l->total + b->start.opening >= PG_INT64_MAX / 4;
	width = b->wide ? sizeof(int128) : sizeof(int64);
	for (uint32 i = 0; i < count; i++)
		ncredits += rs_entry_is_credit(entry[i]);
	block = rs_arena_alloc(&a->book_memory, count, width + sizeof(uint32), purpose);
	b->credit_start = block;
	b->debit_start = block + ncredits * width;
	b->credit = (uint32 *) (block + count * width);
	b->debit = b->credit + ncredits;
	b->in = b->start.opening;
	b->out = 0;
	for (uint32 i = 0; i < count; i++)
	{
		uint32		t = rs_entry_transfer(entry[i]);
		int128		amount = rs_ledger_amount(l, t);

		if (rs_entry_is_credit(entry[i]))
		{
			if (t == b->first_credit)
				b->first_slot = b->ncredits;
			b->credit[b->ncredits] = t;
			set_first_unit(b, b->credit_start, b->ncredits++, b->in);
			if (i < b->start.first)
				b->before_credits++;
			else
				b->in += amount;
		}
		else
		{
			b->debit[b->ndebits] = t;
			set_first_unit(b, b->debit_start, b->ndebits++, b->out);
			if (i < b->start.first)
				b->before_debits++;
			else
			{
				b->out += amount + rs_ledger_fee(l, t);
				if (b->out > b->in && a->deficit != RS_DEFICIT_OVERDRAFT)
				{
					if (a->deficit == RS_DEFICIT_ERROR)
						rs_deficit_error(a, t, b->out - b->in);
					b->in = b->out;
					a->unknown_deficits++;
				}
			}
		}
		if ((i & 0xffff) == 0xffff)
			CHECK_FOR_INTERRUPTS();
	}
	b->balance = Max(b->in - b->out, (int128) 0);
}

/* Last slot in start[low..n) whose first unit is <= u; low - 1 if none. */
static int64
last_at_or_before(const RsLotBook *b, const void *start, uint32 low, uint32 n, int128 u)
{
	int64		left = low;
	int64		right = n;

	while (left < right)
	{
		int64		middle = left + (right - left) / 2;

		if (first_unit(b, start, middle) <= u)
			left = middle + 1;
		else
			right = middle;
	}
	return left - 1;
}

/* Where units [from, to) of the credit in a slot (RS_OPENING_SLOT: of the opening) went. */
void
rs_fifo_onward(RsAttribution *a, const RsLotBook *b, uint32 slot, int128 from, int128 to, RsPieces *out)
{
	RsLedger   *l = a->ledger;
	int128		start = 0;
	uint64		key = 0;
	/* only an overdraft is paid by units that come after the debit */
	bool		may_refill = a->deficit == RS_DEFICIT_OVERDRAFT && slot != RS_OPENING_SLOT;
	int128		u,
				v;
	int64		k;

	if (slot != RS_OPENING_SLOT)
		start = first_unit(b, b->credit_start, slot);
	if (may_refill)
		key = rs_ledger_key(l, b->credit[slot], true);
	u = start + from;
	v = start + to;
	k = u < b->out ? last_at_or_before(b, b->debit_start, b->before_debits, b->ndebits, u) : -1;
	while (u < v)
	{
		int128		end = v;

		if (u >= b->out)
			rs_pieces_append(out, RS_PIECE_HELD, RS_NO_TRANSFER, u - start, v - start, 0);
		else
		{
			int128		next = k + 1 < b->ndebits ? first_unit(b, b->debit_start, k + 1) : b->out;
			bool		refill;

			end = Min(v, next);
			refill = may_refill && rs_ledger_key(l, b->debit[k], false) < key;
			rs_pieces_append(out, refill ? RS_PIECE_REFILL : RS_PIECE_TRANSFER, b->debit[k],
							 u - start, end - start, u - first_unit(b, b->debit_start, k));
			k++;
		}
		u = end;
		CHECK_FOR_INTERRUPTS();
	}
}

/*
 * Where the account's units [u, v) came from, for an event at `key` (UINT64_MAX:
 * one that no credit to its units can follow); `start` is the unit that the
 * answer counts from.
 */
static void
back(RsLedger *l, const RsLotBook *b, uint64 key, uint32 debit, int128 start, int128 u, int128 v, RsPieces *out)
{
	bool		later = key != UINT64_MAX;
	int64		k;

	if (u < b->start.opening)
	{
		int128		end = Min(v, b->start.opening);

		rs_pieces_append(out, RS_PIECE_OPENING, RS_NO_TRANSFER, u - start, end - start, u);
		u = end;
	}
	k = last_at_or_before(b, b->credit_start, b->before_credits, b->ncredits, u);
	while (u < v)
	{
		int128		end = v;
		RsPieceKind kind = RS_PIECE_UNKNOWN;
		uint32		source = debit;
		int128		at = 0;

		if (k >= (int64) b->before_credits &&
			u < first_unit(b, b->credit_start, k) + rs_ledger_amount(l, b->credit[k]))
		{
			end = Min(v, first_unit(b, b->credit_start, k) + rs_ledger_amount(l, b->credit[k]));
			if (!later || rs_ledger_key(l, b->credit[k], true) < key)
			{
				kind = RS_PIECE_TRANSFER;
				source = b->credit[k];
				at = u - first_unit(b, b->credit_start, k);
			}
		}
		else if (k + 1 < b->ncredits)
			end = Min(v, first_unit(b, b->credit_start, k + 1));
		rs_pieces_append(out, kind, source, u - start, end - start, at);
		u = end;
		while (k + 1 < b->ncredits && first_unit(b, b->credit_start, k + 1) <= u)
			k++;
		CHECK_FOR_INTERRUPTS();
	}
}

/* Where the oldest `need` units of the final balance came from. */
void
rs_fifo_back_held(RsAttribution *a, const RsLotBook *b, int128 need, RsPieces *out)
{
	back(a->ledger, b, UINT64_MAX, RS_NO_TRANSFER, b->out, b->out, b->out + need, out);
}

/* Where units [from, to) of a debit came from. */
void
rs_fifo_back(RsAttribution *a, const RsLotBook *b, uint32 debit, int128 from, int128 to, RsPieces *out)
{
	RsLedger   *l = a->ledger;
	uint32		slot = rs_book_find(l, b->debit, b->ndebits, debit);
	uint64		key = UINT64_MAX;
	int128		start;

	if (slot < b->before_debits)
	{
		rs_pieces_append(out, RS_PIECE_UNKNOWN, debit, from, to, 0);
		return;
	}
	start = first_unit(b, b->debit_start, slot);
	if (a->deficit == RS_DEFICIT_OVERDRAFT)
		key = rs_ledger_key(l, debit, false);
	back(l, b, key, debit, start, start + from, start + to, out);
}
