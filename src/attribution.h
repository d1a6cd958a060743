/*
 * src/attribution.h
 *	  Money attribution: how much of whose money each transfer and account carries.
 *
 * Three parts, each pure:
 *
 * ledger	(attribution.c)			transfers in their total order, the book of each
 *									account, opening balances, deficits
 * lots		(attribution_lots.c)	rules under which money keeps its identity: FIFO
 *									(attribution_fifo.c), LIFO (attribution_lifo.c)
 * pools	(attribution_pool.c)	rules under which money mixes: pro rata, taint first,
 *									taint last, poison (attribution_taint.c), with the
 *									exact division of attribution_pro_rata.c
 *
 * docs/attribution.md states the model; test/oracle/attribution.py is the same
 * model written a second time, naively.
 */
#ifndef RS_ATTRIBUTION_H
#define RS_ATTRIBUTION_H

#include "postgres.h"
#include "datatype/timestamp.h"

#include "pg_compat.h"
#include "rs_memory.h"

typedef enum RsRule
{
	RS_FIFO, RS_LIFO, RS_PRO_RATA, RS_TAINT_FIRST, RS_TAINT_LAST, RS_POISON
} RsRule;

typedef enum RsTie
{
	RS_TIE_CAUSAL, RS_TIE_LEDGER, RS_TIE_DEBITS_FIRST, RS_TIE_CREDITS_FIRST
} RsTie;

typedef enum RsDeficit
{
	RS_DEFICIT_INFER, RS_DEFICIT_OVERDRAFT, RS_DEFICIT_ERROR
} RsDeficit;

typedef enum RsMoneyKind
{
	RS_MOVED, RS_HELD, RS_EXITED, RS_FEE, RS_CUT
} RsMoneyKind;

#define RS_NO_TRANSFER	UINT32_MAX
#define RS_NO_CLAIM		UINT32_MAX
#define RS_MAX_TRANSFERS ((uint32) 0x7ffffff0)
#define RS_WHOLE		((int128) -1)	/* RsSeed.amount: the whole transfer */

/*
 * One event of an account's book: transfer << 1, plus 1 when the account is
 * credited.
 */
typedef uint32 RsEntry;

#define rs_entry_transfer(e) ((e) >> 1)
#define rs_entry_is_credit(e) ((e) & 1)

/*
 * Transfers, numbered. A ledger filled with rs_ledger_add() numbers them in
 * their total order when rs_ledger_arrange() is called; a ledger over a stored
 * flow graph keeps the graph's numbers and computes `key` and the books of the
 * accounts that are asked for.
 */
typedef struct RsLedger RsLedger;
struct RsLedger
{
	MemoryContext budget;
	uint32		accounts;
	uint32		n;
	uint64		capacity;

	uint32	   *txn;			/* the caller's number of the transfer */
	uint32	   *payer;
	uint32	   *payee;
	TimestampTz *paid_at;
	int64	   *ord;			/* NULL unless given; PG_INT64_MAX: none */
	int64	   *amount;			/* exactly one of these two; a flow graph's own, not to be written */
	int128	   *wide;
	int64	   *fee;			/* NULL: no fees */
	int128	   *wide_fee;
	uint64		ord_capacity;
	uint64		fee_capacity;
	int128		total;			/* sum of amounts and fees, checked */

	/*
	 * Place of a transfer's debit in the order; its credit's is key | credit_bit.
	 * NULL: key is transfer << 1.
	 */
	uint64	   *key;
	uint64		credit_bit;

	/* books in CSR form: entries of account a are entry[start[a]] .. */
	uint64	   *start;
	RsEntry    *entry;

	/* stored flow graph: instead of the other arrays above */
	void	   *flow;
	uint32		(*flow_payer) (RsLedger *ledger, uint32 transfer);
	uint32		(*flow_payee) (RsLedger *ledger, uint32 transfer);
	TimestampTz (*flow_paid_at) (RsLedger *ledger, uint32 transfer);
	uint64		(*flow_key) (RsLedger *ledger, uint32 transfer);
	uint32		(*flow_code) (RsLedger *ledger, uint32 transfer);	/* upper half of the key, at once */
	void		(*flow_prefetch) (RsLedger *ledger, uint32 transfer);	/* it will be asked about soon */
	int128		(*flow_fee) (RsLedger *ledger, uint32 transfer);	/* NULL: no fees */
	const RsEntry *(*flow_entries) (RsLedger *ledger, uint32 account, uint32 *count);
};

static inline uint32
rs_ledger_payer(RsLedger *l, uint32 t)
{
	return l->flow ? l->flow_payer(l, t) : l->payer[t];
}

static inline uint32
rs_ledger_payee(RsLedger *l, uint32 t)
{
	return l->flow ? l->flow_payee(l, t) : l->payee[t];
}

static inline int128
rs_ledger_amount(RsLedger *l, uint32 t)
{
	return l->amount ? l->amount[t] : l->wide[t];
}

static inline int128
rs_ledger_fee(RsLedger *l, uint32 t)
{
	if (l->fee)
		return l->fee[t];
	if (l->wide_fee)
		return l->wide_fee[t];
	return l->flow_fee ? l->flow_fee(l, t) : 0;
}

static inline TimestampTz
rs_ledger_paid_at(RsLedger *l, uint32 t)
{
	return l->flow ? l->flow_paid_at(l, t) : l->paid_at[t];
}

/* Place in the order of the debit (credit = false) or credit half of a transfer. */
static inline uint64
rs_ledger_key(RsLedger *l, uint32 t, bool credit)
{
	uint64		k;

	if (l->key)
		k = l->key[t];
	else if (l->flow)
		k = l->flow_key(l, t);
	else
		k = (uint64) t << 1;
	return credit ? k | l->credit_bit : k;
}

/*
 * The same, but where it is dear to know only as fine as the instant: halves
 * with the same rough key are compared by their keys.
 */
static inline uint64
rs_ledger_rough_key(RsLedger *l, uint32 t, bool credit)
{
	return l->flow ? (uint64) l->flow_code(l, t) << 32 : rs_ledger_key(l, t, credit);
}

extern void rs_ledger_sort_entries(RsLedger *l, RsEntry *entry, uint32 count);
extern const RsEntry *rs_ledger_entries(RsLedger *l, uint32 account, uint32 *count);
/* The caller has no more use for them. */
extern void rs_ledger_entries_done(RsLedger *l, const RsEntry *entry);

extern RsLedger *rs_ledger_create(MemoryContext budget);
extern void rs_ledger_reserve(RsLedger *l, double transfers);	/* a guess of how many will come */
extern void rs_ledger_add(RsLedger *l, uint32 txn, uint32 payer, uint32 payee, int128 amount,
						  int128 fee, TimestampTz paid_at, bool has_ord, int64 ord);
extern void rs_ledger_rescale(RsLedger *l, bool fee, int digits);

/* Comparators of the caller's identifiers: <0, 0, >0, total. */
typedef int (*RsCompareIds) (void *arg, uint32 a, uint32 b);

extern void rs_ledger_arrange(RsLedger *l, RsTie tie, RsCompareIds compare_txn, void *txn_arg,
							  RsCompareIds compare_account, void *account_arg);
extern void rs_ledger_index(RsLedger *l, const uint8 *claimed);

/* One instant's transfers into order (attribution_tie.c). */
typedef struct RsTieMember
{
	uint32		transfer;
	uint32		payer;
	uint32		payee;
	uint32		stage;
	uint32		txn;
	int64		ord;
} RsTieMember;

typedef struct RsTieOrder RsTieOrder;
extern RsTieOrder *rs_tie_create(MemoryContext budget, RsTie tie,
								 RsCompareIds compare_txn, void *txn_arg,
								 RsCompareIds compare_account, void *account_arg);
extern void rs_tie_sort(RsTieOrder *order, RsTieMember *member, uint32 count);

/* A part of a transfer that a claim owns. */
typedef struct RsSeed
{
	uint32		transfer;
	uint32		claim;
	int128		amount;			/* ledger units, or RS_WHOLE */
} RsSeed;

typedef struct RsOpening
{
	uint32		account;
	uint32		claim;			/* or RS_NO_CLAIM */
	int128		amount;			/* ledger units, >= 0 */
	TimestampTz at;				/* DT_NOBEGIN: from the first transfer on */
} RsOpening;

/* A line of the result. */
typedef struct RsMoneyRow
{
	RsMoneyKind kind;
	uint32		claim;
	uint32		account;		/* moved: payer; cut below min_traced: the partition */
	uint32		counterparty;	/* UINT32_MAX: none */
	uint32		transfer;		/* RS_NO_TRANSFER: none */
	int128		amount;			/* of the transfer, or balance of the account; work units */
	int128		traced;			/* work units */
} RsMoneyRow;

/* Why a transfer carries what it carries: one line per lot or pool share. */
typedef enum RsWhyKind
{
	RS_WHY_CREDIT,				/* units that came with an earlier transfer */
	RS_WHY_OPENING,				/* units of the opening balance */
	RS_WHY_UNKNOWN,				/* units no record pays for */
	RS_WHY_POOL,				/* share of a mixed balance */
	RS_WHY_REST,				/* the part of a mixed balance nobody claims */
	RS_WHY_SEED,				/* the claim itself names this transfer */
	RS_WHY_CUT,					/* displaced by a claim */
	RS_WHY_DUST,				/* below min_traced */
	RS_WHY_HELD,				/* upstream: units still in the account */
	RS_WHY_REFILL				/* upstream: units that paid back an overdraft */
} RsWhyKind;

typedef struct RsWhyRow
{
	RsWhyKind	kind;
	uint32		claim;			/* RS_NO_CLAIM: nobody's */
	uint32		source;			/* transfer the units came with */
	int128		available;		/* in the lot or pool before */
	int128		balance;		/* of the account before */
	int128		first;			/* units of this transfer, [first, last) */
	int128		last;
	int128		taken;
} RsWhyRow;

typedef struct RsAttribution RsAttribution;
struct RsAttribution
{
	MemoryContext budget;
	RsLedger   *ledger;
	RsRule		rule;
	bool		upstream;
	RsDeficit	deficit;
	bool		infer_openings;
	bool		poison_forever;
	int128		fine;			/* work units in a ledger unit: 1, or a power of ten when the
								 * rule mixes; prepare() lowers it if sums would not fit */
	int128		min_traced;		/* work units; set after prepare() */
	uint32		claims;			/* claims are 0 .. claims-1, in their order */
	const uint8 *exit_at;		/* by account, or NULL */
	const uint32 *partition;	/* by account: sums of what is cut are kept apart; or NULL */

	uint64		nseeds;			/* sorted by rs_attribution_prepare() */
	RsSeed	   *seed;			/* downstream by place; upstream by claim, then backwards */
	uint64		nopenings;
	RsOpening  *opening;
	uint64		nbalances;		/* upstream: balances at the end to be explained; amount may be */
	RsOpening  *balance;		/* RS_WHOLE. Sorted by claim */

	void		(*emit) (void *arg, const RsMoneyRow *row);
	void	   *emit_arg;
	uint32		watch;			/* transfer to explain, or RS_NO_TRANSFER */
	void		(*explain) (void *arg, const RsWhyRow *row);
	void	   *explain_arg;
	/* for messages: text of the transfer's id */
	const char *(*txn_text) (void *arg, uint32 transfer);
	/* ... and of a deficit: who, when, how much (ledger units); NULL: not told */
	const char *(*deficit_text) (void *arg, uint32 transfer, int128 missing);
	void	   *txn_arg;

	/* made by rs_attribution_prepare() */
	uint32	   *opening_start;	/* by account, + 1; NULL: none */
	/* made by rs_lots_run() */
	RsArena		book_memory;
	/* what touched accounts a run had to read */
	uint64		books;
	uint64		events;
	uint64		unknown_deficits;
};

/* Sort and check seeds and openings; errors name what is wrong. */
extern void rs_attribution_prepare(RsAttribution *a);
/* Follow every claim; rows come through emit. */
extern void rs_attribution_run(RsAttribution *a);

extern void rs_lots_run(RsAttribution *a);
extern void rs_pools_run(RsAttribution *a);

/* Sums by (claim, account), given out in that order (attribution_tally.c). */
typedef struct RsTally
{
	MemoryContext budget;
	uint64		n;
	uint64		size;			/* power of two */
	uint64	   *key;			/* claim << 32 | account; UINT64_MAX: free */
	int128	   *sum;
} RsTally;

static inline uint32
rs_partition(const RsAttribution *a, uint32 account)
{
	return a->partition ? a->partition[account] : 0;
}

extern void rs_tally_add(RsTally *t, uint32 claim, uint32 account, int128 more);
/* Call back for every sum in order, and empty the tally. */
extern void rs_tally_drain(RsTally *t, void (*each) (void *arg, uint32 claim, uint32 account, int128 sum), void *arg);

/* The opening of an account's book. */
typedef struct RsBookStart
{
	uint32		first;			/* entries before it are before the book */
	int128		opening;		/* ledger units, claims included */
	uint32		nlots;			/* claims' parts, sorted: nobody's first, then by claim */
	const RsOpening *lot;
} RsBookStart;

extern RsBookStart rs_book_start(RsAttribution *a, uint32 account, const RsEntry *entry, uint32 count);
extern int128 rs_book_least_opening(RsLedger *l, const RsEntry *entry, uint32 count);
extern int128 rs_book_survey(RsAttribution *a, const RsEntry *entry, uint32 count,
							 const RsBookStart *start, int128 **outside);
extern RS_NORETURN void rs_deficit_error(RsAttribution *a, uint32 transfer, int128 missing);

/* Largest remainder (attribution_pro_rata.c). */
typedef struct RsSplitter
{
	MemoryContext budget;
	uint128    *rest;
	uint32	   *index;
	uint64		rest_capacity;
	uint64		index_capacity;
} RsSplitter;

extern int128 rs_share(int128 part, int128 total, int128 whole, uint128 *rest);
extern int128 rs_pro_rata_take(int128 need, int128 claimed, int128 balance);
extern void rs_split(RsSplitter *s, const int128 *weight, const uint32 *claim, uint32 n,
					 int128 sum, int128 total, int128 *out);

/* attribution_taint.c: how much claimed money a debit takes. */
extern int128 rs_rule_take(RsRule rule, int128 need, int128 claimed, int128 balance);

/* Where units of a credit went, or units of a debit came from. */
typedef enum RsPieceKind
{
	RS_PIECE_TRANSFER,			/* onward: a debit; back: a credit */
	RS_PIECE_HELD,				/* onward: still there */
	RS_PIECE_REFILL,			/* onward: paid back an overdraft */
	RS_PIECE_OPENING,			/* back: the opening balance */
	RS_PIECE_UNKNOWN			/* back: not in the records */
} RsPieceKind;

typedef struct RsPiece
{
	RsPieceKind kind;
	uint32		transfer;
	int128		from;			/* units of the transfer asked about, [from, to) */
	int128		to;
	int128		at;				/* first unit of the other transfer (or of the opening) */
} RsPiece;

typedef struct RsPieces
{
	MemoryContext budget;
	RsPiece    *piece;
	uint64		n;
	uint64		capacity;
} RsPieces;

static inline void
rs_pieces_append(RsPieces *p, RsPieceKind kind, uint32 transfer, int128 from, int128 to, int128 at);

/*
 * A book under a rule that keeps identity. Credit units: [0, amount). Debit
 * units: [0, amount) reach the payee, [amount, amount + fee) are the fee.
 * Source RS_NO_TRANSFER is the opening balance.
 */
typedef struct RsLotBook
{
	uint32		account;
	int128		balance;		/* at the end, >= 0 */
	RsBookStart start;
	uint32		first_credit;	/* the transfer it was made for, or UINT32_MAX */
	uint32		first_slot;		/* ... its place in credit[], found while building */

	uint32		ncredits;
	uint32		ndebits;
	uint32	   *credit;			/* transfers, in order */
	uint32	   *debit;
	uint32		before_credits; /* how many of them came before the book */
	uint32		before_debits;

	/* FIFO: first unit of each in the account's count of units; int64 or, wide, int128 */
	bool		wide;
	void	   *credit_start;
	void	   *debit_start;
	int128		in;				/* end of all credits, deficits included */
	int128		out;			/* end of all debits */

	/* LIFO: explicit pieces in the order of debits, and an index by credit */
	uint64		npieces;
	struct RsLifoPiece *piece;
	uint64	   *debit_piece;	/* by debit, twice: first and end of its pieces */
	uint64	   *credit_piece;	/* by credit, + 2 (the last is the opening): its places in by_credit */
	uint64	   *by_credit;
} RsLotBook;

/* `credit` of rs_*_onward: the opening balance. */
#define RS_OPENING_SLOT UINT32_MAX

/* Place of a transfer in credit[] or debit[]; UINT32_MAX: not there. */
extern uint32 rs_book_find(RsLedger *l, const uint32 *list, uint32 n, uint32 transfer);

extern void rs_fifo_build(RsAttribution *a, RsLotBook *b, const RsEntry *entry, uint32 count);
extern void rs_fifo_onward(RsAttribution *a, const RsLotBook *b, uint32 slot, int128 from, int128 to, RsPieces *out);
extern void rs_fifo_back(RsAttribution *a, const RsLotBook *b, uint32 debit, int128 from, int128 to, RsPieces *out);
extern void rs_fifo_back_held(RsAttribution *a, const RsLotBook *b, int128 need, RsPieces *out);
extern void rs_lifo_back_held(RsAttribution *a, const RsLotBook *b, int128 need, RsPieces *out);
extern RS_NORETURN void rs_balance_error(void);
extern void rs_lifo_build(RsAttribution *a, RsLotBook *b, const RsEntry *entry, uint32 count);
extern void rs_lifo_onward(RsAttribution *a, const RsLotBook *b, uint32 slot, int128 from, int128 to, RsPieces *out);
extern void rs_lifo_back(RsAttribution *a, const RsLotBook *b, uint32 debit, int128 from, int128 to, RsPieces *out);

static inline void
rs_pieces_append(RsPieces *p, RsPieceKind kind, uint32 transfer, int128 from, int128 to, int128 at)
{
	RsPiece    *piece;

	if (p->n >= p->capacity)
		p->piece = rs_grow(p->budget, p->piece, &p->capacity, p->n + 1, sizeof(RsPiece), "pieces of a payment");
	piece = &p->piece[p->n++];
	piece->kind = kind;
	piece->transfer = transfer;
	piece->from = from;
	piece->to = to;
	piece->at = at;
}

#endif							/* RS_ATTRIBUTION_H */
