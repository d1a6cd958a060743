/*
 * src/query_internal.h
 *	  What opening a query and reading its rows share.
 */
#ifndef RS_QUERY_INTERNAL_H
#define RS_QUERY_INTERNAL_H

#include "postgres.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"

#include "query_reader.h"

/* Why a row is bad; also the index of its counter. */
typedef enum BadReason
{
	BAD_NULL,
	BAD_NEGATIVE,
	BAD_OVER_ONE,
	BAD_INVERTED,
	BAD_NOT_FINITE,
	BAD_DUPLICATE,
	BAD_UNKNOWN,
	BAD_MISFIT,
	BAD_REASONS
} BadReason;

/* A statement prepared from the query, kept for the next hop. */
typedef struct KeptPlan
{
	struct KeptPlan *next;
	char	   *sql;
	bool		generic;
	SPIPlanPtr	plan;
} KeptPlan;

/*
 * Looking up an identifier among millions misses every cache. While a row waits
 * for this many others, its places in the hash tables are fetched.
 */
#define DELAY 16

struct RsQuery
{
	const RsContract *contract;
	MemoryContext budget;
	MemoryContext row_context;
	RsBadRows	bad_rows;
	char	   *sql;			/* the query, one SELECT */
	char	   *from;			/* the same in parentheses, ready for FROM */
	bool		row_security;	/* policies limit what the role sees */
	int			nrelations;		/* read by the query; 0: not known to be all it depends on */
	Oid		   *relation;

	/* by contract column */
	bool		present[RS_MAX_COLUMNS];
	Oid			type[RS_MAX_COLUMNS];	/* as the query has it (base type) */
	Oid			fetched[RS_MAX_COLUMNS];	/* as the select list delivers it */
	Oid			collation[RS_MAX_COLUMNS];
	char	   *expression[RS_MAX_COLUMNS]; /* in the select list, over q */
	char	   *compared[RS_MAX_COLUMNS];	/* the same to compare with, for identifiers */
	bool		literal[RS_MAX_COLUMNS];	/* identifier that is a constant: of any type */
	Oid			narrow[RS_MAX_COLUMNS]; /* identifier fetched in a wider type than this, its interner's */
	int			scale[RS_MAX_COLUMNS];
	int			precision[RS_MAX_COLUMNS];	/* 0: not declared */
	int128		one[RS_MAX_COLUMNS];	/* 10^scale, 0 until it is asked for */
	bool		ignored[RS_MAX_COLUMNS];

	RsInterner *interner[RS_MAX_INTERNERS];
	Oid			id_type[RS_MAX_INTERNERS];

	bool		generic;		/* statements are planned without looking at parameters */
	KeptPlan   *plans;
	uint64		rows;
	uint64		bad[RS_MAX_COLUMNS][BAD_REASONS];
	bool		aside;			/* rows read now were counted already, or will be */
	bool		bad_aside;		/* one of them was bad */

	/* of the read at hand */
	int			nselected;
	int			selected[RS_MAX_COLUMNS];
	RsRowHandler handler;
	RsRescaleHandler rescale;
	void	   *arg;
	int			delay;			/* rows between reading a row and handling it */
	int			pending;		/* rows read and not handled yet */
	uint32		turn;			/* the row being read is ring[turn] */
	RsRow		ring[DELAY];
};

static inline bool
rs_is_integer_type(Oid type)
{
	return type == INT2OID || type == INT4OID || type == INT8OID;
}

/* query_open.c */
extern bool rs_error_wants_hint(const char *about);

/* query_skipped.c */
extern void rs_query_explain_skipped(const RsQuery *q, char **tables, char **hint);

#endif							/* RS_QUERY_INTERNAL_H */
