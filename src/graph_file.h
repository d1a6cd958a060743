/*
 * src/graph_file.h
 *	  What the files of kept graphs share: identifiers, sections, streams.
 *
 * A kept graph is a query's rows in memory-mapped files. Such a file is a header
 * of one page, then sections at multiples of RS_GRAPH_ALIGN, each with its
 * checksum, eight bytes behind its end loadable. Nothing here knows of SQL or
 * of the file system: bytes go out through RsGraphHost, come in as one mapped range.
 */
#ifndef RS_GRAPH_FILE_H
#define RS_GRAPH_FILE_H

#include "postgres.h"

#include "intern.h"

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

/* ---------- sections ---------- */

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

static inline uint64
rs_key_unpack(const char *at, uint32 width)
{
	uint64		v;

	/* sections are followed by eight bytes that may be loaded */
	memcpy(&v, at, sizeof(v));
	return width >= 8 ? v : v & ((UINT64CONST(1) << (8 * width)) - 1);
}

/* RS_KEY_INT */
static inline int64
rs_key_integer(const RsKeySet *set, uint32 number)
{
	return (int64) ((uint64) set->base + rs_key_unpack(set->key + (uint64) number * set->width, set->width));
}

static inline uint64
rs_mix64(uint64 h)
{
	h ^= h >> 33;
	h *= UINT64CONST(0xff51afd7ed558ccd);
	h ^= h >> 33;
	h *= UINT64CONST(0xc4ceb9fe1a85ec53);
	h ^= h >> 33;
	return h;
}

extern RsKey rs_key_get(const RsKeySet *set, uint32 number);
extern int	rs_key_compare(const RsKeyType *type, const RsKey *a, const RsKey *b);
extern uint64 rs_key_hash(const RsKeyType *type, const RsKey *key);
/*
 * Where the key stands, or would stand (*found), in a set that is in the order
 * of rs_key_compare(), through order[] if given; top: the greatest integer.
 */
extern uint32 rs_key_place(const RsKeySet *set, int64 top, const uint32 *order, const RsKey *key, bool *found);
/* The key's number, RS_NO_ID if it is absent. */
extern uint32 rs_key_find(const RsKeySet *set, int64 top, const uint32 *order, const RsKey *key);

/* Kind, width, base of identifiers whose integers lie in [low, high] or whose bytes make up a heap. */
extern void rs_graph_describe_keys(RsGraphKeys *keys, const RsKeyType *type, Oid oid,
								   int64 low, int64 high, uint64 heap);
/* Bytes that count identifiers take, the heap's being given; false: the description contradicts itself. */
extern bool rs_key_lengths(const RsGraphKeys *keys, uint64 count, uint64 heap, uint64 *length);
extern void rs_key_set_open(RsKeySet *set, const RsGraphKeys *keys, uint32 count, const char *key,
							const char *heap, uint64 heap_length);
/* Does the last offset end where the heap does? */
extern bool rs_key_heap_ends(const RsKeySet *set);

/* Does a section hold what was written? Reads all of it. */
extern bool rs_graph_extent_verify(const RsGraphExtent *extent, const char *base);

/* ---------- writing ---------- */

typedef struct RsGraphHost
{
	void	   *arg;
	void		(*write) (void *arg, const void *data, Size length, uint64 offset);
	void		(*spill_write) (void *arg, const void *data, Size length, uint64 offset);
	void		(*spill_read) (void *arg, void *data, Size length, uint64 offset);
	void		(*duplicate_txn) (void *arg, const RsKey *txn); /* flow graphs: must raise an error */
} RsGraphHost;

/* One section, being written. */
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

extern void rs_graph_stream_begin(RsGraphStream *stream, MemoryContext budget, const RsGraphHost *host,
								  RsGraphExtent *extent);
extern void rs_graph_stream_flush(RsGraphStream *stream);
extern void rs_graph_stream_put(RsGraphStream *stream, const void *data, uint64 length);
extern void rs_graph_stream_close(RsGraphStream *stream);

/* A set of identifiers being written: the section and, for RS_KEY_BYTES, its heap. */
typedef struct RsKeyStream
{
	const RsGraphKeys *keys;
	RsGraphStream key,
				heap;
	uint64		heap_at;
} RsKeyStream;

extern void rs_key_stream_begin(RsKeyStream *s, MemoryContext budget, const RsGraphHost *host,
								const RsGraphKeys *keys, RsGraphExtent *key, RsGraphExtent *heap);
extern void rs_key_stream_close(RsKeyStream *s);

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

#endif							/* RS_GRAPH_FILE_H */
