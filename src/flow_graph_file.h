/*
 * src/flow_graph_file.h
 *	  The flow-graph files: layout, identifiers, and the engine that builds them.
 *
 * See src/flow_graph_file.c for the layout and src/flow_graph_build.c for the
 * way it is made. Nothing here knows of SQL or of the file system: bytes go out
 * through RsGraphHost and come in as one mapped range. What flow graphs share with
 * ownership graphs is in graph_file.h.
 */
#ifndef RS_FLOW_GRAPH_FILE_H
#define RS_FLOW_GRAPH_FILE_H

#include "postgres.h"
#include "datatype/timestamp.h"

#include "flow_parts.h"
#include "graph_file.h"

#define RS_GRAPH_MAGIC		"RSFLOWGR"
#define RS_GRAPH_VERSION	3

/* ---------- the file ---------- */

typedef enum RsGraphSection
{
	RS_GS_OUT_START,			/* uint32 x (members + 1) */
	RS_GS_OUT_ARC,				/* RsArc x transfers */
	RS_GS_IN_START,
	RS_GS_IN_ARC,
	RS_GS_IN_TRANSFER,			/* uint32 x transfers */
	RS_GS_AMOUNT,				/* int64 (or int128, if wide) x transfers */
	RS_GS_TIME,					/* int64 x codes; empty when times are linear */
	RS_GS_ACCOUNT,				/* identifiers, see RsKeySet */
	RS_GS_ACCOUNT_HEAP,
	RS_GS_ACCOUNT_ORDER,		/* uint32 x accounts: by identifier; empty when numbers are in that order */
	RS_GS_TXN,
	RS_GS_TXN_HEAP,
	RS_GS_MEMBER,				/* uint32 x members: accounts with a group; empty: all */
	RS_GS_DIRECTORY,			/* RsFlowBlock, or uint32: first member by account >> shift */
	/* optional columns, packed integers; a column that is not there takes no page */
	RS_GS_ORD,
	RS_GS_FEE,
	RS_GS_CURRENCY,				/* place in the part's list of them; their number: none */
	RS_GS_CURRENCY_NAME,		/* identifiers */
	RS_GS_CURRENCY_HEAP,
	RS_GS_SECTIONS
} RsGraphSection;

/* The optional columns of the transfers contract that a graph keeps when its query has them. */
enum { RS_GC_ORD, RS_GC_FEE, RS_GC_CURRENCY, RS_GC_COLUMNS };

/* Them, of one transfer. */
typedef struct RsGraphExtra
{
	int64		ord;			/* PG_INT64_MAX: none */
	int128		fee;			/* in units of 10^-fee_scale */
	uint32		currency;		/* number of whoever gives it; RS_NO_ID: none */
	int32		fee_scale;
} RsGraphExtra;

typedef struct RsGraphHeader
{
	char		magic[8];
	uint32		version;
	uint32		byte_order;
	RsGraphIdentity identity;
	uint64		file_size;
	uint64		previous;		/* file number of the part before; 0: this is the first */
	uint32		first_account;	/* accounts, transfers and codes of all parts before */
	uint32		first_transfer;
	uint32		first_code;
	uint32		nmembers;		/* accounts that have a group here */
	uint32		sparse;			/* they are listed; else they are all, and this is the first part */
	uint32		shift;			/* of the directory; 0: blocks */
	uint32		naccounts;		/* whose identifiers are here: the new ones */
	uint32		ntransfers;
	int32		scale;
	uint32		wide;			/* amounts are int128 */
	int64		time_base;
	int64		time_unit;		/* 0: codes are places in RS_GS_TIME */
	uint32		ncodes;
	uint32		unused;
	int64		first_at;
	int64		last_at;		/* the watermark */
	uint64		fingerprint[2]; /* of its transfers, whatever their order */
	RsGraphKeys account;
	RsGraphKeys txn;
	uint32		columns;		/* 1 << RS_GC_ORD ... */
	int32		fee_scale;
	uint32		ncurrencies;
	uint32		unused3;
	RsGraphKeys column[RS_GC_COLUMNS];
	RsGraphKeys currency;
	RsGraphExtent section[RS_GS_SECTIONS];
	uint32		unused2;
	uint32		crc;			/* of all before it */
} RsGraphHeader;

/* An open file: pointers into the mapped range. Its arrays count from 0. */
typedef struct RsGraphPart
{
	const RsGraphHeader *header;
	const char *base;
	RsKeySet	account;
	RsKeySet	txn;
	const uint32 *account_order;	/* NULL: numbers are in order */
	const uint32 *start[2];
	const RsArc *arc[2];
	const uint32 *transfer;		/* of the side IN; numbers count through all parts */
	const int64 *amount;
	const int128 *wide;
	const TimestampTz *time;
	RsFlowPart	groups;			/* counted in the part: `first` is 0, and its codes are not set */
	RsKeySet	column[RS_GC_COLUMNS];	/* those the graph has */
	RsKeySet	currency;
} RsGraphPart;

/* A graph: one part or several, each later than those before. */
typedef struct RsGraph
{
	int			nparts;
	RsGraphPart part[RS_FLOW_MAX_PARTS];
	uint32		naccounts;
	uint32		ntransfers;
	uint32		ncodes;
	int			scale;
	uint32		columns;
	int			fee_scale;		/* the finest of the parts */
	TimestampTz time_base;
	int64		time_unit;
	TimestampTz first_at;
	TimestampTz last_at;
	uint64		fingerprint[2];
	uint64		bytes;

	/* the parts' arrays as one; with several parts, rs_graph_stitch() sets them */
	RsFlowSide	side[2];
	const int64 *amount;
	const int128 *wide;
	const TimestampTz *time;
	uint32		room;			/* first place for joined groups */
	RsFlowPart	piece[RS_FLOW_MAX_PARTS];
} RsGraph;

/*
 * Check header, bounds and binding; false with a sentence in *problem. Touches
 * a few pages whatever the size; rs_graph_verify() reads everything.
 */
extern bool rs_graph_part_attach(RsGraphPart *part, const void *base, uint64 size,
								 const RsGraphIdentity *expected, const char **problem);
extern bool rs_graph_part_verify(const RsGraphPart *part, const char **problem);

/* graph->part[0 .. n) are attached: do they follow each other? Then sum them up. */
extern bool rs_graph_assemble(RsGraph *graph, int n, const char **problem);
extern bool rs_graph_verify(const RsGraph *graph, const char **problem);

/*
 * Several parts are read through one range of addresses where their arrays lie
 * behind each other: piece by piece, `length` bytes of a part's file from
 * `offset` on belong at `at`; later pieces overwrite the last page of earlier
 * ones. Between the pieces lies room for joined groups.
 */
typedef struct RsGraphPiece
{
	int			part;
	uint64		offset;
	uint64		length;
	uint64		at;
} RsGraphPiece;

#define RS_GRAPH_MAX_PIECES (5 * RS_FLOW_MAX_PARTS)

/* Where the room for joined groups of a side lies, by place from graph->room on. */
typedef struct RsGraphRoom
{
	uint64		arc[2];
	uint64		transfer[2];
} RsGraphRoom;

extern uint64 rs_graph_plan(const RsGraph *graph, RsGraphPiece *piece, int *npieces, RsGraphRoom *room);
extern void rs_graph_stitch(RsGraph *graph, const char *range);

/* Part of a transfer, and of an account. */
static inline int
rs_graph_part_of(const RsGraph *graph, uint32 transfer)
{
	int			i = graph->nparts - 1;

	while (i > 0 && graph->part[i].header->first_transfer > transfer)
		i--;
	return i;
}

static inline int
rs_graph_account_part(const RsGraph *graph, uint32 account)
{
	int			i = graph->nparts - 1;

	while (i > 0 && graph->part[i].header->first_account > account)
		i--;
	return i;
}

extern RsKey rs_graph_account(const RsGraph *graph, uint32 account);
extern RsKey rs_graph_txn(const RsGraph *graph, uint32 transfer);
extern uint32 rs_graph_find_account(const RsGraph *graph, const RsKey *key);	/* RS_NO_ID if absent */

/* ---------- making one ---------- */

/* The accounts of a build by the number they were added with. */
typedef struct RsGraphAccounts
{
	uint32		count;
	RsKeyType	type;
	Oid			oid;
	void		(*get) (void *arg, uint32 number, RsKey *key);
	void	   *arg;
	/* place of each in the order of identifiers; NULL: they are in order */
	const uint32 *rank;
	/*
	 * Continuing a graph: rank[] is the place in the order of member[], and
	 * member[] the number in the graph, ascending: beyond those of its parts
	 * for new accounts, which follow in the order of their identifiers.
	 */
	const uint32 *member;
	uint32		total;			/* accounts of the graph and new ones */
} RsGraphAccounts;

typedef struct RsGraphBuilder RsGraphBuilder;

extern RsGraphBuilder *rs_graph_builder_create(MemoryContext budget, const RsGraphHost *host,
											   RsKeyType txn_type, Oid txn_oid, int scale);
/* Before the first row: rows have these columns; currencies by the numbers of rows. */
typedef struct RsGraphCurrencies
{
	RsKeyType	type;
	Oid			oid;
	void		(*get) (void *arg, uint32 number, RsKey *key);	/* the key stays */
	void	   *arg;
} RsGraphCurrencies;

extern void rs_graph_builder_columns(RsGraphBuilder *builder, uint32 columns, const RsGraphCurrencies *currencies);
/* Before the first row: the rows are to follow those of a graph. */
extern void rs_graph_builder_continue(RsGraphBuilder *builder, const RsGraph *older);
extern void rs_graph_builder_add(RsGraphBuilder *builder, TimestampTz time, int128 amount,
								 uint32 payer, uint32 payee, const RsKey *txn, const RsGraphExtra *extra);
extern void rs_graph_builder_rescale(RsGraphBuilder *builder, int old_scale, int new_scale);
extern uint64 rs_graph_builder_count(const RsGraphBuilder *builder);
/* Can the rows added follow those of the graph, as to time codes and amounts? */
extern bool rs_graph_builder_fits(const RsGraphBuilder *builder, const RsGraph *older);
/* scale: that of the last rescale, or more */
extern void rs_graph_builder_finish(RsGraphBuilder *builder, const RsGraphAccounts *accounts,
									int scale, const RsGraphIdentity *identity, RsGraphHeader *header);

/*
 * How many of the graph's parts to keep when `count` transfers follow: the
 * others are written anew with them, so that there are at most max_parts.
 */
extern int	rs_graph_parts_to_keep(const RsGraph *older, uint64 count, int max_parts);

/*
 * Write the part that follows the first `keep` parts of `older` and holds the
 * others and `newer`, which was built with rs_graph_builder_continue().
 */
extern void rs_graph_merge(MemoryContext budget, const RsGraphHost *host, const RsGraph *older, int keep,
						   const RsGraphPart *newer, const RsGraphAccounts *newer_accounts,
						   const RsGraphIdentity *identity, RsGraphHeader *header);

/*
 * Fingerprint of a set of transfers: two sums over the rows, so that neither
 * order nor account numbers matter; amounts are taken without their scale.
 */
typedef struct RsFingerprint
{
	uint64		rows;
	uint64		sum[2];
} RsFingerprint;

extern uint64 rs_amount_hash(int128 amount, int scale);
extern void rs_fingerprint_add(RsFingerprint *print, uint64 payer, uint64 payee, uint64 txn,
							   TimestampTz time, uint64 amount);

/*
 * What the optional columns add to `amount` there; 0 when there are none. The
 * currency counts as the hash of its identifier.
 */
extern uint64 rs_extra_hash(uint32 columns, const RsGraphExtra *extra, uint64 currency_hash);

/* Of the transfers of a graph at or after `from`. */
extern void rs_graph_fingerprint(const RsGraph *graph, TimestampTz from, RsFingerprint *print);

/* ---------- shared by the two makers (flow_graph_write.c) ---------- */

/* Lengths of the sections that follow from the other fields; false: these contradict each other. */
extern bool rs_graph_lengths(const RsGraphHeader *header, uint64 *length);

/*
 * The sections that are read as one array through all parts begin, after the
 * first part, with a copy of what stands before on the same page: so many bytes.
 */
extern uint64 rs_graph_lead(const RsGraphHeader *header, RsGraphSection section);

/* A section of a column that the graph has not. */
static inline bool
rs_graph_section_absent(const RsGraphHeader *h, int section)
{
	return section >= RS_GS_ORD &&
		!(h->columns & (1u << Min(section - RS_GS_ORD, RS_GC_CURRENCY)));
}

extern void rs_graph_layout(RsGraphHeader *header, uint64 account_heap, uint64 txn_heap, uint64 currency_heap, bool ordered);
static inline void
rs_graph_stream_open(RsGraphStream *stream, MemoryContext budget, const RsGraphHost *host,
					 RsGraphHeader *header, RsGraphSection section)
{
	rs_graph_stream_begin(stream, budget, host, &header->section[section]);
}

/* section is RS_GS_ACCOUNT, RS_GS_TXN or RS_GS_CURRENCY_NAME; the heap's section follows it. */
extern void rs_flow_key_stream_open(RsKeyStream *stream, MemoryContext budget, const RsGraphHost *host,
									RsGraphHeader *header, RsGraphSection section);
extern void rs_graph_write_section(MemoryContext budget, const RsGraphHost *host, RsGraphHeader *header,
								   RsGraphSection section, const void *data, uint64 length);
extern void rs_graph_write_header(const RsGraphHost *host, RsGraphHeader *header);

extern uint32 rs_graph_directory_shift(uint32 accounts, uint32 members);
/* member NULL: all accounts; start: by member, both sides. */
extern void rs_graph_write_members(MemoryContext budget, const RsGraphHost *host, RsGraphHeader *header,
								   const uint32 *member, const uint32 *const start[2]);

/* ---------- optional columns (flow_graph_column.c) ---------- */

/* Of a part, transfer counted in it; its fee at the graph's scale, its currency as the part numbers them. */
extern void rs_part_extra(const RsGraph *graph, const RsGraphPart *part, uint32 transfer, RsGraphExtra *extra);

/* What the packed columns of a part must hold. */
typedef struct RsColumnRange
{
	int64		ord_low,
				ord_high;
	int128		fee_most;
	int			fee_scale;		/* of fee_most */
	bool		any;
} RsColumnRange;

extern void rs_column_range_note(RsColumnRange *range, const RsGraphExtra *extra);
/* fee x 10^digits, or an error. */
extern int128 rs_fee_rescale(int128 fee, int digits);
/* Describe the columns in a header before its layout. */
extern void rs_columns_describe(RsGraphHeader *header, uint32 columns, const RsColumnRange *range,
								const RsKeyType *currency, Oid currency_oid,
								const RsKey *name, uint32 ncurrencies, uint64 *heap);

typedef struct RsColumnStreams
{
	const RsGraphHeader *header;
	RsGraphStream column[RS_GC_COLUMNS];
} RsColumnStreams;

extern void rs_column_streams_open(RsColumnStreams *s, MemoryContext budget, const RsGraphHost *host, RsGraphHeader *header);
/* The fee at the header's scale, the currency as its place in the header's list. */
extern void rs_column_streams_put(RsColumnStreams *s, const RsGraphExtra *extra);
extern void rs_column_streams_close(RsColumnStreams *s);
extern void rs_currencies_write(MemoryContext budget, const RsGraphHost *host, RsGraphHeader *header, const RsKey *name);

/* Sort currencies and drop repetitions: list[] into order, place[i] becomes the place of the i-th given. */
extern uint32 rs_currencies_arrange(MemoryContext budget, const RsKeyType *type, RsKey *list, uint32 n, uint32 *place);

#endif							/* RS_FLOW_GRAPH_FILE_H */
