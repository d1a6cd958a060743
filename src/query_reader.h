/*
 * src/query_reader.h
 *	  Reading the analyst's query text against a column contract.
 */
#ifndef RS_QUERY_READER_H
#define RS_QUERY_READER_H

#include "postgres.h"
#include "datatype/timestamp.h"
#include "tcop/dest.h"
#include "utils/array.h"
#include "utils/date.h"

#include "intern.h"

/* What an engine wants of a column; any castable type is accepted. */
typedef enum RsKind
{
	RS_ID,						/* any type with equality and hash; numbered by an interner */
	RS_AMOUNT,					/* exact number, int128 in units of 10^-scale */
	RS_REAL,					/* float8 */
	RS_INTEGER,					/* int64 */
	RS_TIME,					/* timestamptz; zone-less input is read in risk_screen.time_zone */
	RS_DATE,					/* date; a timestamp counts for its day in that zone */
	RS_TEXT,					/* text, valid while the row is handled */
	RS_RAW,						/* identifier as it comes, not numbered; valid while the row is handled */
	RS_BOOL
} RsKind;

/* Flags of a contract column. */
#define RS_REQUIRED		1		/* the query must have it */
#define RS_NOT_NULL		2		/* a NULL makes a bad row */
#define RS_NOT_NEGATIVE	4		/* RS_AMOUNT, RS_REAL */
#define RS_NOT_OVER_ONE	32		/* RS_AMOUNT: a fraction of 1 */
#define RS_UNIQUE		8		/* RS_ID: a value that the interner already has is bad; so read
								 * the unique side first when two queries share an interner */
#define RS_FINITE		16		/* RS_TIME, RS_DATE: infinity makes a bad row */
/* NaN and infinite amounts are always bad. */

typedef struct RsColumn
{
	const char *name;
	RsKind		kind;
	int			flags;
	int			interner;		/* RS_ID: columns with the same number share an interner */
} RsColumn;

#define RS_MAX_COLUMNS 16
#define RS_MAX_INTERNERS 5

typedef struct RsContract
{
	const char *name;			/* "transfers": also the argument's name in messages */
	int			ncolumns;
	const RsColumn *column;
	int			label;			/* column that names a row in messages; -1: by row number */
	int			low,			/* RS_AMOUNT columns, low above high makes a bad row; both 0: none */
				high;
} RsContract;

/* The contracts of design.md; column numbers are the enums below. */
extern const RsContract rs_transfers_contract;
extern const RsContract rs_holdings_contract;
extern const RsContract rs_claims_contract;
extern const RsContract rs_openings_contract;
extern const RsContract rs_links_contract;
extern const RsContract rs_facts_contract;

enum { RS_T_TXN, RS_T_PAYER, RS_T_PAYEE, RS_T_AMOUNT, RS_T_TIME, RS_T_ORD, RS_T_FEE,
	   RS_T_CURRENCY, RS_T_PAYER_OWNER, RS_T_PAYEE_OWNER, RS_T_LOAN, RS_T_COLUMNS };
enum { RS_H_OWNER, RS_H_OWNED, RS_H_SHARE, RS_H_VOTES, RS_H_SHARE_MIN, RS_H_SHARE_MAX, RS_H_KIND,
	   RS_H_VALID_FROM, RS_H_VALID_TO, RS_H_KNOWN_FROM, RS_H_COLUMNS };
enum { RS_C_CLAIM, RS_C_TXN, RS_C_AMOUNT, RS_C_COLUMNS };
enum { RS_O_ACCOUNT, RS_O_BALANCE, RS_O_CLAIM, RS_O_AT, RS_O_COLUMNS };
enum { RS_L_A, RS_L_B, RS_L_COLUMNS };
enum { RS_F_ENTITY, RS_F_INDICATOR, RS_F_VALUE, RS_F_SEGMENT, RS_F_AS_OF, RS_F_KNOWN_AT, RS_F_CONFIRMED, RS_F_APPLICABLE, RS_F_COLUMNS };

/* Interner slots of the contracts. */
enum { RS_INTERN_ACCOUNT = 0, RS_INTERN_TXN = 1, RS_INTERN_OTHER = 2, RS_INTERN_OWNER = 3, RS_INTERN_LOAN = 4 };

typedef union RsValue
{
	uint32		id;				/* RS_ID */
	int128		amount;			/* RS_AMOUNT, at rs_query_scale() of the column */
	float8		real;
	int64		integer;
	TimestampTz time;
	DateADT		date;
	Datum		text;
	Datum		raw;			/* RS_RAW, of type rs_query_fetched_type() */
	bool		boolean;
} RsValue;

typedef struct RsRow
{
	uint64		number;			/* from 1 */
	RsValue		value[RS_MAX_COLUMNS];	/* by contract column */
	bool		isnull[RS_MAX_COLUMNS]; /* also true for columns the query does not have */
} RsRow;

typedef enum RsBadRows { RS_BAD_ERROR, RS_BAD_SKIP } RsBadRows;

typedef struct RsQuery RsQuery;

/* Row handler. An amount column's scale can only grow while rows come in: */
typedef void (*RsRowHandler) (void *arg, const RsRow *row);
/* called before the row that needs more digits; multiply what you kept by 10^(new-old). */
typedef void (*RsRescaleHandler) (void *arg, int column, int old_scale, int new_scale);

/*
 * Prepare and check a query text: one read-only SELECT, or the name of a table
 * or view. SPI must be connected; everything lives in `budget` until
 * rs_query_close(). Interners may be given (to share numbers between queries)
 * or NULL to be made.
 */
extern RsQuery *rs_query_open(const char *text, const RsContract *contract, RsBadRows bad_rows,
							  MemoryContext budget, RsInterner *const *interner);
extern bool rs_query_has(const RsQuery *query, int column);
extern Oid	rs_query_type(const RsQuery *query, int column);
extern Oid	rs_query_fetched_type(const RsQuery *query, int column);	/* of RS_RAW values */
extern Oid	rs_query_collation(const RsQuery *query, int column);
extern int	rs_query_scale(const RsQuery *query, int column);
/* Digits that an amount column's type allows in all; 0: any number of them, and the scale is the data's. */
extern int	rs_query_precision(const RsQuery *query, int column);
extern RsInterner *rs_query_interner(const RsQuery *query, int slot);

/* Stream every row into the handler. */
extern void rs_query_read(RsQuery *query, RsRowHandler row, RsRescaleHandler rescale, void *arg);

/*
 * Stream the rows of  SELECT columns FROM <before> (query) q <after>, with
 * parameters. The text of before and after is ours, never the user's; it names
 * columns as q.payer and compares with rs_query_equals().
 */
extern void rs_query_read_bound(RsQuery *query, const char *before, const char *after,
								int nargs, Oid *argtypes, Datum *values, const char *nulls,
								RsRowHandler row, RsRescaleHandler rescale, void *arg);

/*
 * Bound statements prepared from here on get one plan that does not look at
 * its parameters (the planner takes an array for ten elements).
 */
extern void rs_query_plan_generic(RsQuery *query, bool generic);

/*
 * What the planner expects of rs_query_read_bound() with these arguments
 * (values NULL: with any), or with before NULL of reading all rows.
 */
typedef struct RsEstimate
{
	double		cost;			/* in the planner's units */
	double		rows;
} RsEstimate;

extern char *rs_read_only_select(const char *text, const RsContract *contract);	/* the statement alone, or an error */
extern RsEstimate rs_query_estimate(RsQuery *query, const char *before, const char *after,
									int nargs, Oid *argtypes, Datum *values);

/*
 * SQL condition "column equals operand", operand being an expression of the
 * interner's type (such as f.account from unnest($1)); keeps indexes usable.
 */
extern char *rs_query_match(const RsQuery *query, int column, const char *operand);
/* SQL of a column converted to its contract type, over q: for ranges on time and amount. */
extern const char *rs_query_expression(const RsQuery *query, int column);
extern char *rs_query_equals(const RsQuery *query, int column);	/* "OPERATOR(pg_catalog.=)" */
extern Oid	rs_query_array_type(const RsQuery *query, int column);	/* for $1 of unnest($1) */
/* Leave out an optional column that this caller has no use for. */
extern void rs_query_ignore(RsQuery *query, int column);

/* SELECT <what> FROM <before> (query) q <after>, rows to a receiver of the caller. */
extern void rs_query_probe(RsQuery *query, const char *what, const char *before, const char *after,
						   int nargs, Oid *argtypes, Datum *values, const char *nulls,
						   DestReceiver *receiver);
/*
 * The relations it reads, views and partitioned tables as such; 0 when it may
 * look elsewhere too (a function that is not immutable, row-level security).
 */
extern int	rs_query_relations(const RsQuery *query, const Oid **relation);
extern bool rs_query_row_security(const RsQuery *query); /* does it limit what this role sees? */
extern uint64 rs_query_bad_rows(const RsQuery *query);	/* skipped so far */

/* Another way with bad rows from here on; returns the one before. */
extern RsBadRows rs_query_tolerate(RsQuery *query, RsBadRows bad_rows);
extern void rs_query_forget_bad_rows(RsQuery *query);

/* Warn about skipped rows (bad_rows => 'skip'), give everything back. */
extern void rs_query_close(RsQuery *query);

/* 'error' or 'skip'; anything else is an error. */
extern RsBadRows rs_bad_rows_option(const char *option);

/* Exact decimal helpers. */
extern bool rs_numeric_to_int128(Datum numeric, int scale, int128 *value);	/* false: needs more digits */
extern int	rs_numeric_unit(Datum numeric); /* digits after the point as written, at most 12 */
extern int	rs_numeric_scale(Datum numeric);	/* significant fractional digits */
extern bool rs_numeric_is_finite(Datum numeric);
extern Datum rs_int128_to_numeric(int128 value, int scale);
/* Stored form, short varlena header included, into out; returns its bytes. scale 0..18. */
#define RS_DECIMAL_BYTES 23
extern int	rs_decimal_form(char *out, int64 value, int scale);
extern int	rs_amount_form(char *out, int64 value, int scale);	/* with zeros at the end */
extern float8 rs_numeric_to_float8(Datum numeric);	/* the nearest */

/*
 * text[] argument -> numbers of an interner, converted to the type of column.
 * Unknown identifiers get fresh numbers. NULL elements are an error.
 */
extern uint32 *rs_intern_text_array(RsQuery *query, int column, ArrayType *array,
									const char *argument, int *count);

#endif							/* RS_QUERY_READER_H */
