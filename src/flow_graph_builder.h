/*
 * src/flow_graph_builder.h
 *	  What the files that build a flow graph share: rows, items, the builder.
 */
#ifndef RS_FLOW_GRAPH_BUILDER_H
#define RS_FLOW_GRAPH_BUILDER_H

#include "postgres.h"

#include "flow_graph_file.h"
#include "flow_graph_pool.h"

typedef struct Row
{
	TimestampTz time;
	int64		amount;			/* low 64 bits */
	int64		txn;			/* RS_KEY_INT: the value; else its length */
	uint32		payer;
	uint32		payee;
	uint32		wide;			/* high 64 bits of the amount follow */
	uint32		scale;			/* of the amount */
	/* [int64 high] [RsGraphExtra] [txn bytes, padded] */
} Row;

/* A transfer in a bucket; payee buckets have no amount. */
typedef struct Item
{
	uint32		key;			/* account of the group */
	uint32		peer;
	uint32		when;
	uint32		number;			/* transfer number (payee buckets) */
	int64		txn;
	int64		amount;
	/* [int64 high] [RsGraphExtra] [txn bytes, padded] */
} Item;

#define IN_ITEM_SIZE offsetof(Item, amount)
#define COUNT_DELAY 16		/* rows between fetching a counter and using it */
#define AHEAD 12			/* rows between fetching what a row needs and using it */
#define MAX_BUCKETS 1024
#define BUCKET_BYTES (1024 * 1024)

typedef struct Buckets
{
	uint32		count;
	uint32	   *first;			/* first account of each, and one beyond the last */
	uint16	   *of;				/* by account */
	RsList	   *list;
} Buckets;

struct RsGraphBuilder
{
	MemoryContext budget;
	RsGraphHost host;
	RsPool	   *pool;
	RsKeyType	txn_type;
	Oid			txn_oid;

	RsList		rows;
	uint64		count;
	int			scale;			/* of amounts added from now on */
	int128		largest;		/* at that scale */

	/* times */
	TimestampTz first_at,
				last_at;
	TimestampTz base;			/* all times are base + k * unit */
	int64		unit;
	const RsGraph *older;
	bool		times_ascend;

	/* transaction ids */
	bool		txn_ascend;
	int64		txn_low,
				txn_high;
	char	   *txn_last;
	uint32		txn_last_length;
	uint64		txn_bytes;

	/* by account number as added */
	uint32	   *sent;
	uint32	   *received;
	uint64		account_capacity,
				account_capacity2;
	uint32		accounts;
	uint32		waiting[2 * COUNT_DELAY];	/* payers and payees to be counted */

	/* optional columns; extra is the bytes they take in a record */
	uint32		columns;
	uint32		extra;
	RsGraphCurrencies currencies;
	RsColumnRange range;
	uint32	   *currency_place; /* by number: used? then its place in the file's list */
	uint64		currency_capacity;
	RsKey	   *currency;		/* the list */
	uint32		ncurrencies;
	uint64	   *currency_hash;	/* by place; and last the one of none */

	/* while finishing */
	const uint32 *rank;
	const uint32 *member;		/* rank -> number of the account; NULL: the same */
	uint32		naccounts;
	uint32	   *out_start,
			   *in_start;
	uint64	   *account_hash;
	TimestampTz *table;
	uint32		ncodes;
	uint64	   *table_dir;
	int			table_shift;
	uint64		table_dir_size;
	Buckets		out,
				in;
	bool		wide;
	int			final_scale;
	uint64	   *bitmap;			/* of integer txn ids */
	RsList	   *txn_bucket;
	uint32		ntxn_buckets;
	int128		power[39];
};

static inline uint32
padded(uint32 length)
{
	return (length + 7) & ~(uint32) 7;
}

/* src/flow_graph_build.c */
extern uint32 rs_builder_time_code(const RsGraphBuilder *b, TimestampTz time);

/* src/flow_graph_sort.c */
extern void rs_builder_make_buckets(RsGraphBuilder *b, Buckets *k, const uint32 *start, uint64 item_bytes);
/* Rows to buckets of payers; finds duplicate transaction ids. */
extern void rs_builder_distribute(RsGraphBuilder *b);
extern void rs_builder_write_out(RsGraphBuilder *b, RsGraphHeader *h, RsFingerprint *print);
extern void rs_builder_write_in(RsGraphBuilder *b, RsGraphHeader *h);

#endif							/* RS_FLOW_GRAPH_BUILDER_H */
