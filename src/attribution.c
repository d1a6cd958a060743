/*
 * src/attribution.c
 *	  The ledger that money attribution works on, and the claims on it.
 *
 * A ledger is a set of transfers in one total order: time, then the tie rule
 * inside an instant (src/attribution_tie.c), then txn_id. Transfers are
 * numbered in that order, so "earlier" is a comparison of numbers; only with
 * debits_first, where every debit of an instant comes before every credit of
 * it, is the place of the two halves of a transfer kept in an array. The book
 * of an account is the list of its transfers in order, built for all accounts
 * by one counting sort.
 *
 * Memory: 28 bytes a transfer (36 with wide amounts, 8 or 16 more for fees)
 * and 8 for the books, in the caller's budget. Cost: one sort by time; nothing
 * if the transfers already come in order. Sums are checked: the whole ledger
 * must fit into 126 bits of its smallest unit.
 */
#include "postgres.h"

#include "miscadmin.h"

#include "attribution.h"
#include "rs_memory.h"

#define LARGEST_SUM (((int128) 1) << 126)
static const char purpose[] = "the ledger of an attribution";

RsLedger *
rs_ledger_create(MemoryContext budget)
{
	RsLedger   *l = rs_alloc0(budget, 1, sizeof(RsLedger), purpose);

	l->budget = budget;
	l->credit_bit = 1;
	return l;
}

static void
sum_error(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
			 errmsg("the amounts of the ledger are too large to add up exactly"),
			 errdetail("Their sum in the smallest unit needs more than 126 bits."),
			 errhint("Round the amounts to fewer digits after the point.")));
}

/*
 * Growing by doubling copies everything about once. A guess too low costs
 * that; one too high must not cost memory that is needed elsewhere.
 */
void
rs_ledger_reserve(RsLedger *l, double transfers)
{
	const Size	width = 3 * sizeof(uint32) + sizeof(TimestampTz) + sizeof(int64);
	double		most = (double) rs_max_memory_kb * 1024 / 8 / width;
	uint64		n = (uint64) Min(Max(transfers, 0), most);

	if (n == 0 || l->txn != NULL)
		return;
	l->txn = rs_alloc(l->budget, n, sizeof(uint32), purpose);
	l->payer = rs_alloc(l->budget, n, sizeof(uint32), purpose);
	l->payee = rs_alloc(l->budget, n, sizeof(uint32), purpose);
	l->paid_at = rs_alloc(l->budget, n, sizeof(TimestampTz), purpose);
	l->amount = rs_alloc(l->budget, n, sizeof(int64), purpose);
	l->capacity = n;
}

static bool
fits(int128 v)
{
	return v >= PG_INT64_MIN && v <= PG_INT64_MAX;
}

/* Switch a money column to 128 bits. */
static void
widen(RsLedger *l, int64 **narrow, int128 **wide, uint64 capacity)
{
	*wide = rs_alloc(l->budget, capacity, sizeof(int128), purpose);
	for (uint32 i = 0; i < l->n; i++)
		(*wide)[i] = (*narrow)[i];
	pfree(*narrow);
	*narrow = NULL;
}

void
rs_ledger_add(RsLedger *l, uint32 txn, uint32 payer, uint32 payee, int128 amount,
			  int128 fee, TimestampTz paid_at, bool has_ord, int64 ord)
{
	uint32		i = l->n;

	if (i >= RS_MAX_TRANSFERS)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("too many transfers for one attribution"),
				 errdetail("At most %u transfers can be attributed at once.", RS_MAX_TRANSFERS)));
	if (i >= l->capacity || l->txn == NULL)
	{
		uint64		want = l->capacity;

		l->txn = rs_grow(l->budget, l->txn, &want, (uint64) i + 1, sizeof(uint32), purpose);
		l->payer = rs_resize(l->budget, l->payer, want, sizeof(uint32), purpose);
		l->payee = rs_resize(l->budget, l->payee, want, sizeof(uint32), purpose);
		l->paid_at = rs_resize(l->budget, l->paid_at, want, sizeof(TimestampTz), purpose);
		if (l->wide)
			l->wide = rs_resize(l->budget, l->wide, want, sizeof(int128), purpose);
		else
			l->amount = rs_resize(l->budget, l->amount, want, sizeof(int64), purpose);
		if (l->ord)
			l->ord = rs_resize(l->budget, l->ord, want, sizeof(int64), purpose);
		if (l->wide_fee)
			l->wide_fee = rs_resize(l->budget, l->wide_fee, want, sizeof(int128), purpose);
		else if (l->fee)
			l->fee = rs_resize(l->budget, l->fee, want, sizeof(int64), purpose);
		l->capacity = want;
	}
	if (has_ord && l->ord == NULL)
	{
		l->ord = rs_alloc(l->budget, l->capacity, sizeof(int64), purpose);
		for (uint32 k = 0; k < i; k++)
			l->ord[k] = PG_INT64_MAX;
	}
	if (fee != 0 && l->fee == NULL && l->wide_fee == NULL)
		l->fee = rs_alloc0(l->budget, l->capacity, sizeof(int64), purpose);
	if (l->wide == NULL && !fits(amount))
		widen(l, &l->amount, &l->wide, l->capacity);
	if (l->fee && !fits(fee))
		widen(l, &l->fee, &l->wide_fee, l->capacity);

	if (amount >= LARGEST_SUM || fee >= LARGEST_SUM)
		sum_error();
	l->txn[i] = txn;
	l->payer[i] = payer;
	l->payee[i] = payee;
	l->paid_at[i] = paid_at;
	if (l->wide)
		l->wide[i] = amount;
	else
		l->amount[i] = (int64) amount;
	if (l->ord)
		l->ord[i] = has_ord ? ord : PG_INT64_MAX;
	if (l->wide_fee)
		l->wide_fee[i] = fee;
	else if (l->fee)
		l->fee[i] = (int64) fee;
	if (payer >= l->accounts)
		l->accounts = payer + 1;
	if (payee >= l->accounts)
		l->accounts = payee + 1;
	l->n = i + 1;
}

/* Amounts (or fees) get `digits` more digits after the point. */
void
rs_ledger_rescale(RsLedger *l, bool fee, int digits)
{
	int64	  **narrow = fee ? &l->fee : &l->amount;
	int128	  **wide = fee ? &l->wide_fee : &l->wide;
	int128		factor = 1;

	if (digits == 0)
		return;
	while (digits-- > 0)
	{
		if (factor >= LARGEST_SUM / 10)
			sum_error();
		factor *= 10;
	}
	if (*narrow == NULL && *wide == NULL)
		return;
	if (*narrow)
		for (uint32 i = 0; i < l->n; i++)
			if (factor > PG_INT64_MAX || !fits((int128) (*narrow)[i] * factor))
			{
				widen(l, narrow, wide, l->capacity);
				break;
			}
	for (uint32 i = 0; i < l->n; i++)
	{
		int128		v = *wide ? (*wide)[i] : (*narrow)[i];

		if (v >= LARGEST_SUM / factor)
			sum_error();
		if (*wide)
			(*wide)[i] = v * factor;
		else
			(*narrow)[i] = (int64) (v * factor);
	}
}

static void
add_up(RsLedger *l)
{
	l->total = 0;
	for (uint32 i = 0; i < l->n; i++)
	{
		l->total += rs_ledger_amount(l, i);
		if (l->total >= LARGEST_SUM)
			sum_error();
		l->total += rs_ledger_fee(l, i);
		if (l->total >= LARGEST_SUM)
			sum_error();
	}
}

/* ----- the total order ----- */

typedef struct TimedIndex
{
	TimestampTz at;
	uint32		i;
} TimedIndex;

static inline int
compare_timed(const TimedIndex *a, const TimedIndex *b)
{
	return a->at < b->at ? -1 : a->at > b->at;
}

#define ST_SORT sort_timed
#define ST_ELEMENT_TYPE TimedIndex
#define ST_COMPARE(a, b) compare_timed(a, b)
#define ST_SCOPE static
#define ST_CHECK_FOR_INTERRUPTS
#define ST_DEFINE
#include "lib/sort_template.h"

/* column[k] = old column[place[k].i] */
static void *
permute(RsLedger *l, void *column, Size size, const TimedIndex *place)
{
	char	   *to;

	if (column == NULL)
		return NULL;
	to = rs_alloc(l->budget, l->n, size, purpose);
	switch (size)
	{
		case 4:
			for (uint32 k = 0; k < l->n; k++)
				((uint32 *) to)[k] = ((uint32 *) column)[place[k].i];
			break;
		case 8:
			for (uint32 k = 0; k < l->n; k++)
				((uint64 *) to)[k] = ((uint64 *) column)[place[k].i];
			break;
		default:
			for (uint32 k = 0; k < l->n; k++)
				((int128 *) to)[k] = ((int128 *) column)[place[k].i];
	}
	pfree(column);
	CHECK_FOR_INTERRUPTS();
	return to;
}

/*
 * Number the transfers in their total order. After this the arrays of the
 * ledger are in that order and nothing depends on the order rows came in.
 */
void
rs_ledger_arrange(RsLedger *l, RsTie tie, RsCompareIds compare_txn, void *txn_arg,
				  RsCompareIds compare_account, void *account_arg)
{
	TimedIndex *place;
	RsTieOrder *order = NULL;
	RsTieMember *member = NULL;
	uint64		capacity = 0;
	uint32	   *instant = NULL;
	uint32		instants = 0;
	bool		sorted = true;
	bool		strictly = true;
	bool		moved = false;

	if (l->n == 0)
		return;
	if (l->key)
		pfree(l->key);
	l->key = NULL;
	l->credit_bit = 1;
	add_up(l);
	for (uint32 i = 1; i < l->n && strictly; i++)
		strictly = l->paid_at[i - 1] < l->paid_at[i];
	if (strictly)
		return;
	place = rs_alloc(l->budget, l->n, sizeof(TimedIndex), purpose);
	for (uint32 i = 0; i < l->n; i++)
	{
		place[i].at = l->paid_at[i];
		place[i].i = i;
		sorted = sorted && (i == 0 || place[i - 1].at <= place[i].at);
	}
	if (!sorted)
		sort_timed(place, l->n);
	if (tie == RS_TIE_DEBITS_FIRST)
		instant = rs_alloc(l->budget, l->n, sizeof(uint32), purpose);

	for (uint32 s = 0, e; s < l->n; s = e)
	{
		for (e = s + 1; e < l->n && place[e].at == place[s].at; e++)
			;
		if (instant)
			for (uint32 k = s; k < e; k++)
				instant[k] = instants;
		instants++;
		if (e - s == 1)
			continue;
		CHECK_FOR_INTERRUPTS();
		if (order == NULL)
			order = rs_tie_create(l->budget, tie, compare_txn, txn_arg, compare_account, account_arg);
		member = rs_grow(l->budget, member, &capacity, e - s, sizeof(RsTieMember), purpose);
		for (uint32 k = s; k < e; k++)
		{
			uint32		i = place[k].i;
			RsTieMember *m = &member[k - s];

			m->transfer = i;
			m->payer = l->payer[i];
			m->payee = l->payee[i];
			m->stage = 0;
			m->txn = l->txn[i];
			m->ord = l->ord ? l->ord[i] : PG_INT64_MAX;
		}
		rs_tie_sort(order, member, e - s);
		for (uint32 k = s; k < e; k++)
			place[k].i = member[k - s].transfer;
	}
	for (uint32 k = 0; k < l->n && !moved; k++)
		moved = place[k].i != k;
	if (moved)
	{
		l->txn = permute(l, l->txn, sizeof(uint32), place);
		l->payer = permute(l, l->payer, sizeof(uint32), place);
		l->payee = permute(l, l->payee, sizeof(uint32), place);
		l->paid_at = permute(l, l->paid_at, sizeof(TimestampTz), place);
		l->amount = permute(l, l->amount, sizeof(int64), place);
		l->wide = permute(l, l->wide, sizeof(int128), place);
		l->ord = permute(l, l->ord, sizeof(int64), place);
		l->fee = permute(l, l->fee, sizeof(int64), place);
		l->wide_fee = permute(l, l->wide_fee, sizeof(int128), place);
		l->capacity = l->n;
	}
	if (instant && instants < l->n)
	{
		l->key = rs_alloc(l->budget, l->n, sizeof(uint64), purpose);
		for (uint32 k = 0; k < l->n; k++)
			l->key[k] = (uint64) instant[k] << 32 | k;
		l->credit_bit = (uint64) 1 << 31;
	}
	if (instant)
		pfree(instant);
	if (member)
		pfree(member);
	pfree(place);
}

/* ----- books ----- */

/*
 * A self-transfer moves nothing: only its fee counts, unless a claim names it
 * (claimed[t]), when the claimed money leaves and comes back as the newest.
 */
static void
drop_self_transfers(RsLedger *l, const uint8 *claimed)
{
	for (uint32 t = 0; t < l->n; t++)
		if (l->payer[t] == l->payee[t] && !(claimed && claimed[t]))
		{
			if (l->wide)
				l->wide[t] = 0;
			else
				l->amount[t] = 0;
		}
}

static inline bool
debits(RsLedger *l, uint32 t)
{
	return rs_ledger_amount(l, t) > 0 || rs_ledger_fee(l, t) > 0;
}

static inline bool
credits(RsLedger *l, uint32 t)
{
	return rs_ledger_amount(l, t) > 0;
}

static int
compare_entries(const void *a, const void *b, void *arg)
{
	RsLedger   *l = arg;
	RsEntry		x = *(const RsEntry *) a;
	RsEntry		y = *(const RsEntry *) b;
	uint64		p = rs_ledger_key(l, rs_entry_transfer(x), rs_entry_is_credit(x));
	uint64		q = rs_ledger_key(l, rs_entry_transfer(y), rs_entry_is_credit(y));

	return p < q ? -1 : p > q;
}

void
rs_ledger_sort_entries(RsLedger *l, RsEntry *entry, uint32 count)
{
	qsort_arg(entry, count, sizeof(RsEntry), compare_entries, l);
}

/* Build the books of all accounts. */
void
rs_ledger_index(RsLedger *l, const uint8 *claimed)
{
	uint64	   *start = rs_alloc0(l->budget, (uint64) l->accounts + 2, sizeof(uint64), purpose);

	drop_self_transfers(l, claimed);
	for (uint32 t = 0; t < l->n; t++)
	{
		if (debits(l, t))
			start[l->payer[t] + 2]++;
		if (credits(l, t))
			start[l->payee[t] + 2]++;
	}
	CHECK_FOR_INTERRUPTS();
	for (uint32 a = 0; a < l->accounts; a++)
		start[a + 2] += start[a + 1];
	l->entry = rs_alloc(l->budget, start[l->accounts + 1], sizeof(RsEntry), purpose);
	for (uint32 t = 0; t < l->n; t++)
	{
		if (debits(l, t))
			l->entry[start[l->payer[t] + 1]++] = t << 1;
		if (credits(l, t))
			l->entry[start[l->payee[t] + 1]++] = t << 1 | 1;
	}
	CHECK_FOR_INTERRUPTS();
	l->start = start;
	/* debits_first: inside an instant the halves are not in number order */
	if (l->key)
		for (uint32 a = 0; a < l->accounts; a++)
		{
			uint64		count = start[a + 1] - start[a];

			if (count > 1)
				rs_ledger_sort_entries(l, l->entry + start[a], (uint32) count);
			CHECK_FOR_INTERRUPTS();
		}
}

const RsEntry *
rs_ledger_entries(RsLedger *l, uint32 account, uint32 *count)
{
	if (l->flow)
		return l->flow_entries(l, account, count);
	if (account >= l->accounts)
	{
		*count = 0;
		return NULL;
	}
	*count = (uint32) (l->start[account + 1] - l->start[account]);
	return l->entry + l->start[account];
}

void
rs_ledger_entries_done(RsLedger *l, const RsEntry *entry)
{
	if (l->flow && entry)
		pfree(unconstify(RsEntry *, entry));
}

/* ----- openings ----- */

/* The smallest opening balance that keeps the account from going below zero. */
int128
rs_book_least_opening(RsLedger *l, const RsEntry *entry, uint32 count)
{
	int128		balance = 0;
	int128		least = 0;

	for (uint32 i = 0; i < count; i++)
	{
		uint32		t = rs_entry_transfer(entry[i]);

		if (rs_entry_is_credit(entry[i]))
			balance += rs_ledger_amount(l, t);
		else
			balance -= rs_ledger_amount(l, t) + rs_ledger_fee(l, t);
		if (balance < least)
			least = balance;
		if ((i & 0xffff) == 0xffff)
			CHECK_FOR_INTERRUPTS();
	}
	return -least;
}

/* Where the book of an account begins, and with what. */
RsBookStart
rs_book_start(RsAttribution *a, uint32 account, const RsEntry *entry, uint32 count)
{
	RsBookStart s = {0};

	a->books++;
	a->events += count;
	if (a->infer_openings)
	{
		s.opening = rs_book_least_opening(a->ledger, entry, count);
		return s;
	}
	if (a->opening_start)
	{
		const RsOpening *o = a->opening + a->opening_start[account];
		uint32		n = a->opening_start[account + 1] - a->opening_start[account];

		if (n > 0)
		{
			s.lot = o;
			s.nlots = n;
			for (uint32 i = 0; i < n; i++)
				s.opening += o[i].amount;
			if (o->at != DT_NOBEGIN)
				while (s.first < count &&
					   rs_ledger_paid_at(a->ledger, rs_entry_transfer(entry[s.first])) < o->at)
					s.first++;
		}
	}
	return s;
}

/* Transfers of a list stand in the order of their keys. */
uint32
rs_book_find(RsLedger *l, const uint32 *list, uint32 n, uint32 transfer)
{
	uint64		rough = rs_ledger_rough_key(l, transfer, false);
	uint32		low = 0;
	uint32		high = n;

	while (low < high)
	{
		uint32		middle = low + (high - low) / 2;
		uint64		there;

		if (list[middle] == transfer)
			return middle;
		there = rs_ledger_rough_key(l, list[middle], false);
		/* places inside an instant are costly to find: only where the instants are the same */
		if (there == rough ? rs_ledger_key(l, list[middle], false) < rs_ledger_key(l, transfer, false) : there < rough)
			low = middle + 1;
		else
			high = middle;
	}
	return UINT32_MAX;
}

void
rs_deficit_error(RsAttribution *a, uint32 transfer, int128 missing)
{
	ereport(ERROR,
			(errcode(ERRCODE_DATA_EXCEPTION),
			 errmsg("transfer \"%s\" pays more than its payer holds",
					a->txn_text(a->txn_arg, transfer)),
			 errdetail("%s", a->deficit_text ? a->deficit_text(a->txn_arg, transfer, missing) :
					   "The records before it do not cover its amount and fee."),
			 errhint("Give the opening balances (openings => ..., or 'infer'), check the tie rule, or use deficit => 'infer' or 'overdraft'.")));
	abort();					/* not reached */
}

/*
 * Forward pass over a whole book: the final balance (ledger units), and,
 * upstream, by entry what no record covers of amount and fee (work units).
 * Downstream only deficit => 'error' needs it, to find every deficit of a
 * touched account.
 */
int128
rs_book_survey(RsAttribution *a, const RsEntry *entry, uint32 count, const RsBookStart *start, int128 **outside)
{
	RsLedger   *l = a->ledger;
	int128		balance = start->opening;
	int128		hole = 0;

	for (uint32 i = start->first; i < count; i++)
	{
		uint32		t = rs_entry_transfer(entry[i]);
		int128		amount = rs_ledger_amount(l, t);
		int128		missing = 0;
		int128		fee_missing = 0;

		if (rs_entry_is_credit(entry[i]))
		{
			missing = Min(hole, amount);
			hole -= missing;
			balance += amount - missing;
		}
		else
		{
			int128		fee = rs_ledger_fee(l, t);

			missing = Max((int128) 0, amount - balance);
			balance -= amount - missing;
			fee_missing = Max((int128) 0, fee - balance);
			balance -= fee - fee_missing;
			if (missing + fee_missing > 0 && a->deficit == RS_DEFICIT_ERROR)
				rs_deficit_error(a, t, missing + fee_missing);
			if (a->deficit == RS_DEFICIT_OVERDRAFT)
				hole += missing + fee_missing;
		}
		if (missing + fee_missing > 0 && a->upstream)
		{
			if (*outside == NULL)
				*outside = rs_alloc0(a->budget, (uint64) count * 2, sizeof(int128), purpose);
			(*outside)[(uint64) i * 2] = missing * a->fine;
			(*outside)[(uint64) i * 2 + 1] = fee_missing * a->fine;
		}
		if ((i & 0xffff) == 0xffff)
			CHECK_FOR_INTERRUPTS();
	}
	return balance;
}

/* ----- claims ----- */

static int
compare_seeds(const void *p, const void *q, void *arg)
{
	const RsSeed *x = p;
	const RsSeed *y = q;
	RsAttribution *a = arg;
	RsLedger   *l = a->ledger;
	uint64		kx = rs_ledger_key(l, x->transfer, false);
	uint64		ky = rs_ledger_key(l, y->transfer, false);

	if (a->upstream && x->claim != y->claim)
		return x->claim < y->claim ? -1 : 1;
	if (kx != ky)
		return (kx < ky) == a->upstream ? 1 : -1;
	if (x->transfer != y->transfer)
		return x->transfer < y->transfer ? -1 : 1;
	return x->claim < y->claim ? -1 : x->claim > y->claim;
}

static int
compare_balances(const void *p, const void *q)
{
	const RsOpening *x = p;
	const RsOpening *y = q;

	if (x->claim != y->claim)
		return x->claim < y->claim ? -1 : 1;
	return x->account < y->account ? -1 : x->account > y->account;
}

void
rs_balance_error(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("a claim asks for more than an account's balance"),
			 errhint("Leave the claim's amount NULL to ask for the whole balance, and name each account once per claim.")));
	abort();					/* not reached */
}

static int
compare_openings(const void *p, const void *q)
{
	const RsOpening *x = p;
	const RsOpening *y = q;
	uint32		cx = x->claim + 1;	/* nobody's first */
	uint32		cy = y->claim + 1;

	if (x->account != y->account)
		return x->account < y->account ? -1 : 1;
	return cx < cy ? -1 : cx > cy;
}

void
rs_attribution_prepare(RsAttribution *a)
{
	RsLedger   *l = a->ledger;
	uint64		n = 0;
	int128		total = l->total;

	/*
	 * Seeds: one per claim and transfer. The same claim named twice on one
	 * transfer is one claim on the larger of the two parts.
	 */
	for (uint64 i = 0; i < a->nseeds; i++)
	{
		int128		amount = rs_ledger_amount(l, a->seed[i].transfer);

		if (a->seed[i].amount == RS_WHOLE)
			a->seed[i].amount = amount;
		else if (a->seed[i].amount > amount)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("a claim is larger than its transfer \"%s\"",
							a->txn_text(a->txn_arg, a->seed[i].transfer)),
					 errhint("Leave the claim's amount NULL to claim the whole transfer.")));
	}
	qsort_arg(a->seed, a->nseeds, sizeof(RsSeed), compare_seeds, a);
	for (uint64 i = 0; i < a->nseeds; i++)
	{
		RsSeed	   *s = &a->seed[i];

		if (n > 0 && a->seed[n - 1].transfer == s->transfer && a->seed[n - 1].claim == s->claim)
			a->seed[n - 1].amount = Max(a->seed[n - 1].amount, s->amount);
		else
			a->seed[n++] = *s;
	}
	a->nseeds = n;
	if (a->rule != RS_POISON && !a->upstream)
		for (uint64 i = 0, j; i < n; i = j)
		{
			int128		sum = 0;

			for (j = i; j < n && a->seed[j].transfer == a->seed[i].transfer; j++)
				sum += a->seed[j].amount;
			if (sum > rs_ledger_amount(l, a->seed[i].transfer))
				ereport(ERROR,
						(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						 errmsg("the claims on transfer \"%s\" add up to more than its amount",
								a->txn_text(a->txn_arg, a->seed[i].transfer)),
						 errhint("Give each claim its part in the column \"amount\" of claims.")));
		}

	qsort(a->balance, a->nbalances, sizeof(RsOpening), compare_balances);
	for (uint64 i = 1; i < a->nbalances; i++)
		if (compare_balances(&a->balance[i - 1], &a->balance[i]) == 0)
			rs_balance_error();

	if (a->nopenings > 0)
	{
		uint32	   *start = rs_alloc0(a->budget, (uint64) l->accounts + 1, sizeof(uint32), purpose);

		qsort(a->opening, a->nopenings, sizeof(RsOpening), compare_openings);
		for (uint64 i = 0; i < a->nopenings; i++)
		{
			RsOpening  *o = &a->opening[i];

			if (i > 0 && o[-1].account == o->account && o[-1].at != o->at)
				ereport(ERROR,
						(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						 errmsg("openings give one account balances at different times"),
						 errhint("Give each account's balance at one time; several rows of an account are its parts.")));
			if (o->amount >= LARGEST_SUM || (total += o->amount) >= LARGEST_SUM)
				sum_error();
			start[o->account + 1]++;
		}
		for (uint32 k = 0; k < l->accounts; k++)
			start[k + 1] += start[k];
		a->opening_start = start;
	}
	while (a->fine > 1 && total >= LARGEST_SUM / a->fine)
		a->fine /= 10;
}

void
rs_attribution_run(RsAttribution *a)
{
	if (a->rule == RS_FIFO || a->rule == RS_LIFO)
		rs_lots_run(a);
	else
		rs_pools_run(a);
}
