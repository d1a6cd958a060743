/*
 * src/flow_graph_file.h
 *	  The flow-graph file: layout, identifiers, and the engine that builds it.
 *
 * See src/flow_graph_file.c for the layout and src/flow_graph_build.c for the
 * way it is made. Nothing here knows of SQL or of the file system: bytes go out
 * through RsGraphHost and come in as one mapped range.
 */
#ifndef RS_FLOW_GRAPH_FILE_H
#define RS_FLOW_GRAPH_FILE_H

#include "postgres.h"
#include "datatype/timestamp.h"

#include "flow_source.h"

#define RS_GRAPH_MAGIC		"RSFLOWGR"
#define RS_GRAPH_VERSION	1
#define RS_GRAPH_BYTE_ORDER 0x01020304
#define RS_GRAPH_ALIGN		4096

/* ---------- identifiers ---------- */

typedef enum RsKeyKind
{
	RS_KEY_INT,					/* 64-bit integer; on disk base + as few bytes as needed */
	RS_KEY_FIXED,				/* a fixed number of bytes */
	RS_KEY_BYTES				/* any number of bytes */
} RsKeyKind;

typedef struct RsKey
{
	int64		integer;		/* RS_KEY_INT */
	const char *bytes;			/* the others */
	uint32		length;
} RsKey;

#define RS_KEY_MAX_LENGTH 8192

/* Total order; NULL stands for integers as such and bytes as unsigned. */
typedef int (*RsKeyCompare) (void *arg, const RsKey *a, const RsKey *b);

typedef struct RsKeyType
{
	RsKeyKind	kind;
	uint32		length;			/* RS_KEY_FIXED */
	RsKeyCompare compare;
	void	   *arg;
} RsKeyType;

/* Identifiers as they lie in a file. */
typedef struct RsKeySet
{
	RsKeyType	type;
	uint32		count;
	int64		base;			/* INT: value = base + packed */
	uint32		width;			/* INT: bytes a value; BYTES: bytes an offset, 4 or 8 */
	const char *key;			/* INT, FIXED: the values; BYTES: count + 1 offsets */
	const char *heap;			/* BYTES */
	uint64		heap_length;
} RsKeySet;

/* ---------- the file ---------- */

typedef enum RsGraphSection
{
	RS_GS_OUT_START,			/* uint32 x (accounts + 1) */
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
	RS_GS_SECTIONS
} RsGraphSection;

typedef struct RsGraphExtent
{
	uint64		offset;			/* a multiple of RS_GRAPH_ALIGN */
	uint64		length;			/* then zeros up to the next section */
	uint32		crc;			/* of length bytes */
	uint32		unused;
} RsGraphExtent;

typedef struct RsGraphKeys
{
	int64		base;			/* INT: the least value */
	int64		top;			/* INT: the greatest */
	uint32		kind;
	uint32		width;
	uint32		length;			/* RS_KEY_FIXED */
	uint32		type;			/* type OID, for the SQL layer */
} RsGraphKeys;

/* What binds a file to the place it was made in. */
typedef struct RsGraphIdentity
{
	uint64		system;			/* pg_control's system identifier */
	uint32		database;
	uint32		server;			/* major version: identifiers are kept as its types store them */
	uint64		query;			/* hash of the query text and the settings it is read under */
	uint64		file;			/* random, also in the catalog */
} RsGraphIdentity;

typedef struct RsGraphHeader
{
	char		magic[8];
	uint32		version;
	uint32		byte_order;
	RsGraphIdentity identity;
	uint64		file_size;
	uint32		naccounts;
	uint32		ntransfers;
	int32		scale;
	uint32		wide;			/* amounts are int128 */
	int64		time_base;
	int64		time_unit;		/* 0: codes are places in RS_GS_TIME */
	uint32		ncodes;
	uint32		unused;
	int64		first_at;
	int64		last_at;		/* the watermark */
	uint64		fingerprint[2]; /* of all transfers, whatever their order */
	RsGraphKeys account;
	RsGraphKeys txn;
	RsGraphExtent section[RS_GS_SECTIONS];
	uint32		unused2;
	uint32		crc;			/* of all before it */
} RsGraphHeader;

/* An open file: pointers into the mapped range. */
typedef struct RsGraph
{
	const RsGraphHeader *header;
	const char *base;
	RsKeySet	account;
	RsKeySet	txn;
	const uint32 *account_order;	/* NULL: numbers are in order */
	RsFlowSide	side[2];
	const int64 *amount;
	const int128 *wide;
	const TimestampTz *time;
} RsGraph;

/*
 * Check header, bounds and binding; false with a sentence in *problem. Touches
 * a few pages whatever the size; rs_graph_verify() reads everything.
 */
extern bool rs_graph_attach(RsGraph *graph, const void *base, uint64 size,
							const RsGraphIdentity *expected, const char **problem);
extern bool rs_graph_verify(const RsGraph *graph, const char **problem);

extern RsKey rs_key_get(const RsKeySet *set, uint32 number);
extern int	rs_key_compare(const RsKeyType *type, const RsKey *a, const RsKey *b);
extern uint64 rs_key_hash(const RsKeyType *type, const RsKey *key);
extern uint32 rs_graph_find_account(const RsGraph *graph, const RsKey *key);	/* RS_NO_ID if absent */

/* ---------- making one ---------- */

typedef struct RsGraphHost
{
	void	   *arg;
	void		(*write) (void *arg, const void *data, Size length, uint64 offset);
	void		(*spill_write) (void *arg, const void *data, Size length, uint64 offset);
	void		(*spill_read) (void *arg, void *data, Size length, uint64 offset);
	void		(*duplicate_txn) (void *arg, const RsKey *txn); /* must raise an error */
} RsGraphHost;

/* The accounts of a build by the number they were added with. */
typedef struct RsGraphAccounts
{
	uint32		count;
	RsKeyType	type;
	Oid			oid;
	void		(*get) (void *arg, uint32 number, RsKey *key);
	void	   *arg;
	/* final number of each, in rank order; NULL: as they are */
	const uint32 *rank;
	/* continuing another file: rank[] points into its numbers and beyond, up to total */
	uint32		total;
} RsGraphAccounts;

typedef struct RsGraphBuilder RsGraphBuilder;

extern RsGraphBuilder *rs_graph_builder_create(MemoryContext budget, const RsGraphHost *host,
											   RsKeyType txn_type, Oid txn_oid, int scale);
/* Before the first row: its times get the codes of another file, to be appended to it. */
extern void rs_graph_builder_continue(RsGraphBuilder *builder, const RsGraph *older);
extern void rs_graph_builder_add(RsGraphBuilder *builder, TimestampTz time, int128 amount,
								 uint32 payer, uint32 payee, const RsKey *txn);
extern void rs_graph_builder_rescale(RsGraphBuilder *builder, int old_scale, int new_scale);
extern uint64 rs_graph_builder_count(const RsGraphBuilder *builder);
/* Can the rows added be appended to the older file, as to time codes and amounts? */
extern bool rs_graph_builder_fits(const RsGraphBuilder *builder, const RsGraph *older);
/* scale: that of the last rescale, or more */
extern void rs_graph_builder_finish(RsGraphBuilder *builder, const RsGraphAccounts *accounts,
									int scale, const RsGraphIdentity *identity, RsGraphHeader *header);

/*
 * Write the file that holds `older` and, after it in every group, `newer`,
 * which continues it and was built with rs_graph_builder_continue().
 */
extern void rs_graph_append(MemoryContext budget, const RsGraphHost *host, const RsGraph *older,
							const RsGraph *newer, const RsGraphAccounts *newer_accounts,
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

/* Of the transfers of a file at or after `from`. Account and txn types must be set. */
extern void rs_graph_fingerprint(const RsGraph *graph, TimestampTz from, RsFingerprint *print);

/* ---------- shared by the two makers (flow_graph_write.c) ---------- */

typedef struct RsGraphStream
{
	const RsGraphHost *host;
	RsGraphExtent *extent;
	uint64		written;
	uint32		used;
	uint32		crc;
	char	   *buffer;			/* RS_STREAM_BUFFER + RS_STREAM_SLACK bytes */
} RsGraphStream;

#define RS_STREAM_BUFFER	65536
#define RS_STREAM_SLACK		64

extern void rs_graph_layout(RsGraphHeader *header, uint64 account_heap, uint64 txn_heap, bool ordered);
extern void rs_graph_stream_open(RsGraphStream *stream, MemoryContext budget, const RsGraphHost *host,
								 RsGraphHeader *header, RsGraphSection section);
extern void rs_graph_stream_flush(RsGraphStream *stream);
extern void rs_graph_stream_put(RsGraphStream *stream, const void *data, uint64 length);
extern void rs_graph_stream_close(RsGraphStream *stream);
extern void rs_graph_write_header(const RsGraphHost *host, RsGraphHeader *header);

/* Kind, width, base of identifiers whose integers lie in [low, high] or whose bytes make up a heap. */
extern void rs_graph_describe_keys(RsGraphKeys *keys, const RsKeyType *type, Oid oid,
								   int64 low, int64 high, uint64 heap);

/* A set of identifiers being written: the section and, for RS_KEY_BYTES, its heap. */
typedef struct RsKeyStream
{
	const RsGraphKeys *keys;
	RsGraphStream key,
				heap;
	uint64		heap_at;
} RsKeyStream;

extern void rs_key_stream_open(RsKeyStream *s, MemoryContext budget, const RsGraphHost *host,
							   RsGraphHeader *header, RsGraphSection section);
extern void rs_key_stream_close(RsKeyStream *s);
extern void rs_graph_write_section(MemoryContext budget, const RsGraphHost *host, RsGraphHeader *header,
								   RsGraphSection section, const void *data, uint64 length);

static inline void
rs_stream_u32(RsGraphStream *s, uint32 v)
{
	memcpy(s->buffer + s->used, &v, sizeof(v));
	s->used += sizeof(v);
	if (s->used >= RS_STREAM_BUFFER)
		rs_graph_stream_flush(s);
}

static inline void
rs_stream_u64(RsGraphStream *s, uint64 v)
{
	memcpy(s->buffer + s->used, &v, sizeof(v));
	s->used += sizeof(v);
	if (s->used >= RS_STREAM_BUFFER)
		rs_graph_stream_flush(s);
}

/* The low `width` bytes of v (little-endian files on little-endian machines). */
static inline void
rs_stream_packed(RsGraphStream *s, uint64 v, uint32 width)
{
	memcpy(s->buffer + s->used, &v, sizeof(v));
	s->used += width;
	if (s->used >= RS_STREAM_BUFFER)
		rs_graph_stream_flush(s);
}

static inline void
rs_key_stream_put(RsKeyStream *s, const RsKey *k)
{
	switch ((RsKeyKind) s->keys->kind)
	{
		case RS_KEY_INT:
			rs_stream_packed(&s->key, (uint64) k->integer - (uint64) s->keys->base, s->keys->width);
			break;
		case RS_KEY_FIXED:
			rs_graph_stream_put(&s->key, k->bytes, k->length);
			break;
		case RS_KEY_BYTES:
			rs_stream_packed(&s->key, s->heap_at, s->keys->width);
			rs_graph_stream_put(&s->heap, k->bytes, k->length);
			s->heap_at += k->length;
			break;
	}
}

#endif							/* RS_FLOW_GRAPH_FILE_H */
