/*
 * src/holdings.h
 *	  Holdings as a question needs them: from a query or from an ownership graph.
 */
#ifndef RS_HOLDINGS_H
#define RS_HOLDINGS_H

#include "postgres.h"
#include "utils/array.h"

#include "ownership.h"
#include "query_reader.h"

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

/* A statement that two act together, which a later one may replace. */
typedef struct RsStatement
{
	uint32		a,
				b;
	DateADT		from,
				to;
	TimestampTz known_from;
} RsStatement;

typedef struct RsHoldings
{
	MemoryContext budget;
	RsQuery    *query;			/* where they come from: this, */
	struct RsKeptHoldings *kept;	/* or this */
	RsInterner *interner;		/* numbers: of identifiers, or of the nodes of what is kept */
	RsInterner *kinds;			/* NULL if there is no kind column, or the kinds are known */
	RsHoldingRows *rows;
	RsOwnershipGraph *graph;	/* after rs_holdings_build() */
	RsOwnershipOptions options;
	bool		everything;		/* rows are kept as they are, whatever the options: to be put into a file */
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
	RsStatement *statement;	/* of each pair; only with known_from, until the graph is built */
	uint64		statement_capacity;
	bool		upwards;
} RsHoldings;

/* Date and knowledge arguments of every function: NULL as_of = today, NULL known_at = all. */
#define RS_ALLOW_NEGATIVE	1	/* short positions, corrections */
#define RS_ALLOW_OVER_ONE	2	/* leverage, amounts, and data that are to be checked */
#define RS_ALLOW_ANY		3
#define RS_ALLOW_INVERTED	4	/* share_min above share_max: for the check that lists them */

/* Does the text name an ownership graph? Then no statement is executed. */
extern bool rs_holdings_are_kept(const char *text);
extern RsHoldings *rs_holdings_open(const char *text, MemoryContext budget, uint32 classes,
									bool swapped, int allow, const char *bad_rows,
									const DateADT *as_of, const TimestampTz *known_at);
extern void rs_holdings_take_least(RsHoldings *h);
extern void rs_holdings_ignore(RsHoldings *h, int column);
/* The interner of another query's identifiers of the same parties, and what a number of it is here. */
extern RsInterner *rs_holdings_identifiers(RsHoldings *h);
extern uint32 rs_holdings_number(RsHoldings *h, uint32 identifier);
extern Datum rs_holdings_datum(RsHoldings *h, uint32 id);	/* the identifier, of the interner's type */
extern Datum rs_holdings_text(RsHoldings *h, uint32 id);
extern uint32 *rs_holdings_ids(RsHoldings *h, ArrayType *array, const char *argument, uint32 *n);
extern void rs_holdings_load_all(RsHoldings *h);
/* Everything that concerns the owners of ids (upwards) or what ids own. */
extern void rs_holdings_load_around(RsHoldings *h, const uint32 *ids, uint32 n, bool upwards);
/* The party belongs to the answer: what is said about it is read too. */
extern void rs_holdings_discover(RsHoldings *h, uint32 id);
extern void rs_holdings_build(RsHoldings *h);
extern Datum rs_holdings_name(RsHoldings *h, uint32 node);
extern Datum rs_holdings_names(RsHoldings *h, const uint32 *node, uint64 n);	/* text[] */
extern void rs_holdings_name_all(RsHoldings *h);	/* most will be asked for */
extern void rs_holdings_close(RsHoldings *h);

/* ---------- for the two sources ---------- */

/* src/holdings.c */
extern void rs_holdings_take(RsHoldings *h, RsHolding *holding);	/* a row, ends as the source has them */
extern bool rs_holdings_wants(const RsHoldings *h, DateADT from, DateADT to, TimestampTz known_from);
/* src/holdings_query.c */
extern void rs_holdings_open_query(RsHoldings *h, const char *text, int allow, const char *bad_rows);
extern void rs_holdings_read_all(RsHoldings *h);
extern void rs_holdings_read_around(RsHoldings *h, const uint32 *ids, uint32 n, bool upwards);
/* src/holdings_kept.c */
extern void rs_holdings_open_kept(RsHoldings *h, const char *name, int allow, const char *bad_rows);
extern uint32 *rs_kept_ids(RsHoldings *h, ArrayType *array, const char *argument, uint32 *n);
extern void rs_kept_load_all(RsHoldings *h);
extern void rs_kept_load_around(RsHoldings *h, const uint32 *ids, uint32 n, bool upwards);
extern uint32 *rs_kept_ranks(RsHoldings *h);
extern Datum rs_kept_text(RsHoldings *h, uint32 id);
extern void rs_kept_prefetch_name(RsHoldings *h, uint32 id);
extern int	rs_kept_write_name(RsHoldings *h, uint32 id, char *to, int room);
extern Datum rs_kept_datum(RsHoldings *h, uint32 id);
extern RsInterner *rs_kept_identifiers(RsHoldings *h);
extern uint32 rs_kept_number(RsHoldings *h, uint32 identifier);
extern void rs_kept_close(RsHoldings *h);

extern const struct RsOwnershipFile *rs_kept_file(const RsHoldings *h);
/* A node of the file as it is printed: into at most room bytes (-1: it is longer), or as a text. */
extern int	rs_kept_write_node(RsHoldings *h, uint32 node, char *to, int room);
extern Datum rs_kept_node_text(RsHoldings *h, uint32 node);

/*
 * A question to an ownership graph in parts: h, into which nothing was read but
 * targets (or nothing), is asked about these (or everybody) a few at a time.
 */
typedef struct RsKeptParts
{
	RsHoldings *whole;
	int64	   *target;			/* nodes of the file, beyond them strangers */
	uint64		n,
				at;				/* the next */
	uint64		chunk;			/* targets in a part */
	uint64		ndeferred;		/* target[0 .. ndeferred) come again */
} RsKeptParts;

extern RsKeptParts *rs_kept_parts_of(RsHoldings *h, const uint32 *ids, uint32 n);
extern RsKeptParts *rs_kept_parts_all(RsHoldings *h, bool upwards);
extern RsHoldings *rs_kept_parts_next(RsKeptParts *parts, MemoryContext budget, bool upwards, bool rest,
									  uint32 **ids, uint32 *n);
extern void rs_kept_parts_defer(RsKeptParts *parts, uint32 n);
extern bool rs_kept_parts_again(RsKeptParts *parts);

/* seen[] reaches as far as n numbers. */
extern void rs_holdings_mark_unseen(RsHoldings *h, uint64 n);

#endif							/* RS_HOLDINGS_H */
