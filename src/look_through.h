/*
 * src/look_through.h
 *	  What the two ways of answering look_through() share: rows and their flags.
 */
#ifndef RS_LOOK_THROUGH_H
#define RS_LOOK_THROUGH_H

#include "holdings.h"
#include "result_row.h"

/* Few masks of flags occur: their arrays are kept. */
#define RS_FLAG_SLOTS 64

typedef struct RsFlagArrays
{
	MemoryContext budget;
	Datum		array[RS_FLAG_SLOTS];	/* by slot of a hash of masks; 0: not made yet */
	uint32		mask[RS_FLAG_SLOTS];
} RsFlagArrays;

extern pg_noinline Datum rs_flag_arrays_make(RsFlagArrays *f, uint32 slot, uint32 flags);

static inline Datum
rs_flag_arrays_get(RsFlagArrays *f, uint32 flags)
{
	uint32		slot = (flags * 0x9E3779B1u) >> 26;

	if (unlikely(f->array[slot] == (Datum) 0 || f->mask[slot] != flags))
		return rs_flag_arrays_make(f, slot, flags);
	return f->array[slot];
}

/* A number, or NULL where flags say that there is none. */
extern void rs_write_share(RsResultRow *row, RsReal share, bool none);

/* A row without a party, mass that no ultimate party has; its bounds must follow. */
extern void rs_write_rest(RsResultRow *row, RsFlagArrays *arrays, Datum target, uint32 flags,
						  RsReal mass, const RsReal *direct);
extern void rs_write_no_bounds(RsResultRow *row);

/* ---------- src/look_through_plain.c ---------- */

/*
 * Rows about the targets of parts that are plain (src/ownership_plain.h), one
 * at a time; at the end only the other targets are left in parts. NULL: none is.
 */
typedef struct RsPlainRows RsPlainRows;

extern RsPlainRows *rs_plain_rows_open(MemoryContext budget, RsHoldings *h, RsKeptParts *parts,
									   RsFlagArrays *arrays, bool asked);
extern bool rs_plain_rows_next(RsPlainRows *p, RsResultRow *row);

/* ---------- src/look_through_solved.c ---------- */

/* What is asked of each target. */
typedef struct RsLookOptions
{
	bool		downwards;		/* what it holds; else who holds it */
	bool		asked;			/* targets were asked for by name: there is a row even if nothing is known */
	bool		normalise;		/* over_one */
	bool		refuse;
	int			max_layers;		/* 0: no limit */
} RsLookOptions;

/* Rows about targets (numbers of h; NULL: everybody) of holdings that were read, one at a time. */
typedef struct RsSolvedRows RsSolvedRows;

extern RsSolvedRows *rs_solved_rows_open(RsHoldings *h, const uint32 *targets, uint32 ntargets,
										 const RsLookOptions *options, RsFlagArrays *arrays);
extern bool rs_solved_rows_next(RsSolvedRows *s, RsResultRow *row);

#endif							/* RS_LOOK_THROUGH_H */
