/*
 * src/ownership_sql.h
 *	  What the SQL functions on holdings share: reading, names, numbers.
 */
#ifndef RS_OWNERSHIP_SQL_H
#define RS_OWNERSHIP_SQL_H

#include "postgres.h"
#include "fmgr.h"
#include "nodes/execnodes.h"
#include "utils/array.h"

#include "ownership.h"
#include "query_reader.h"
#include "result_row.h"

/*
 * An identifier as text: mostly in place, behind a short varlena header, so that
 * naming a row costs one line of memory; a longer one elsewhere.
 */
#define RS_NAME_BYTES 32

typedef union RsName
{
	char		inside[RS_NAME_BYTES];	/* the header's first byte is never 0 */
	struct
	{
		char		empty[RS_NAME_BYTES - sizeof(Datum)];
		Datum		outside;	/* 0: not made yet */
	}			longer;
} RsName;

typedef struct RsHoldings
{
	MemoryContext budget;
	RsQuery    *query;
	RsInterner *interner;
	RsInterner *kinds;			/* NULL if there is no kind column */
	RsHoldingRows *rows;
	RsOwnershipGraph *graph;	/* after rs_holdings_build() */
	RsOwnershipOptions options;
	bool		swapped;		/* owner and owned exchanged: shares of the owner's assets */
	uint32	   *node_of;		/* interner number -> node */
	uint32	   *id_of;			/* node -> interner number */
	uint32		nids;			/* interner numbers that have a node */
	RsName	   *name;			/* by node, made when needed */
	uint8	   *kind_class;		/* by kind number */
	uint64		kind_capacity;
	uint32	   *discovered;		/* while expanding: ids in order of discovery */
	uint64		ndiscovered,
				discovered_capacity;
	bool	   *seen;
	uint64		seen_capacity;
	bool		discovering;	/* rows are looked at, not kept */
	uint32	   *concert;		/* pairs that act together, by interner number */
	uint64		nconcert,
				concert_capacity;
	struct RsStatement *statement;	/* of each pair; only with known_from, until the graph is built */
	uint64		statement_capacity;
	bool		upwards;
} RsHoldings;

/* Date and knowledge arguments of every function: NULL as_of = today, NULL known_at = all. */
#define RS_ALLOW_NEGATIVE	1	/* short positions, corrections */
#define RS_ALLOW_OVER_ONE	2	/* leverage, amounts, and data that are to be checked */
#define RS_ALLOW_ANY		3
#define RS_ALLOW_INVERTED	4	/* share_min above share_max: for the check that lists them */

extern RsHoldings *rs_holdings_open(const char *text, MemoryContext budget, uint32 classes,
									bool swapped, int allow, const char *bad_rows,
									const DateADT *as_of, const TimestampTz *known_at);
extern void rs_holdings_take_least(RsHoldings *h);
extern void rs_holdings_ignore(RsHoldings *h, int column);
extern uint32 *rs_holdings_ids(RsHoldings *h, ArrayType *array, const char *argument, uint32 *n);
extern void rs_holdings_load_all(RsHoldings *h);
/* Everything that concerns the owners of ids (upwards) or what ids own. */
extern void rs_holdings_load_around(RsHoldings *h, const uint32 *ids, uint32 n, bool upwards);
/* The party belongs to the answer: what is said about it is read too. */
extern void rs_holdings_discover(RsHoldings *h, uint32 id);
extern void rs_holdings_build(RsHoldings *h);
extern Datum rs_holdings_name(RsHoldings *h, uint32 node);
extern void rs_holdings_close(RsHoldings *h);

extern DateADT rs_today(void);

extern Datum rs_share_numeric(RsReal share);	/* rounded to 15 digits after the point */
extern Datum rs_exact_numeric(int128 value, int scale);	/* value x 10^-scale, no trailing zeros */
extern void rs_row_share(RsResultRow *row, RsReal share);
extern void rs_row_exact(RsResultRow *row, int128 value, int scale);
extern Datum rs_flag_array(uint32 flags);	/* text[], never NULL */
extern RsThreshold rs_threshold_argument(Datum numeric, bool inclusive, bool without_treasury, const char *argument);
extern MemoryContext rs_ownership_budget(void);

#endif							/* RS_OWNERSHIP_SQL_H */
