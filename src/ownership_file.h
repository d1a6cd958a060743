/*
 * src/ownership_file.h
 *	  The file of an ownership graph: layout, reading one safely, making one.
 *
 * See src/ownership_file.c for the layout. Nothing here knows of SQL or of the
 * file system.
 */
#ifndef RS_OWNERSHIP_FILE_H
#define RS_OWNERSHIP_FILE_H

#include "graph_file.h"
#include "ownership.h"

#define RS_OWNERSHIP_MAGIC		"RSOWNERS"
#define RS_OWNERSHIP_VERSION	1

typedef enum RsOwnershipSection
{
	RS_OS_IN_START,				/* uint32 x (nodes + 1): the rows about a company, by owner */
	RS_OS_ROW,					/* RsOwnershipRow x rows */
	RS_OS_OWNED,				/* uint32 x rows */
	RS_OS_OUT_START,			/* uint32 x (nodes + 1) */
	RS_OS_OUT_ROW,				/* uint32 x rows: the rows about an owner, by company */
	RS_OS_SHARE,				/* int128 x rows, only if wide */
	RS_OS_VOTES,				/* int64 (or int128, if wide) x rows, each only if the query has it */
	RS_OS_MIN,
	RS_OS_MAX,
	RS_OS_KIND,					/* uint32 x rows: place in the list of kinds, from 1; 0: NULL */
	RS_OS_FROM,					/* DateADT x rows */
	RS_OS_TO,
	RS_OS_KNOWN_FROM,			/* TimestampTz x rows */
	RS_OS_NODE,					/* identifiers, in their order; see RsKeySet */
	RS_OS_NODE_HEAP,
	RS_OS_KIND_NAME,
	RS_OS_KIND_HEAP,
	RS_OS_SECTIONS
} RsOwnershipSection;

/* What every question looks at, in one place: a quarter of a cache line. */
typedef struct RsOwnershipRow
{
	uint32		owner;
	uint8		known;			/* bit v: value v is not NULL */
	uint8		class;			/* RsHoldingClass */
	uint16		unused;
	int64		share;			/* 0 if wide */
} RsOwnershipRow;

/* Optional columns of the holdings contract, as bits of `columns`. */
#define RS_OC_VALUE(v)		(1u << (v)) /* RS_V_SHARE ... RS_V_MAX */
#define RS_OC_KIND			(1u << 4)
#define RS_OC_FROM			(1u << 5)
#define RS_OC_TO			(1u << 6)
#define RS_OC_KNOWN_FROM	(1u << 7)
#define RS_OC_COLUMNS		8

typedef struct RsOwnershipHeader
{
	char		magic[8];
	uint32		version;
	uint32		byte_order;
	RsGraphIdentity identity;
	uint64		file_size;
	uint32		nrows;
	uint32		nnodes;
	uint32		nkinds;
	uint32		columns;		/* RS_OC_ bits: those of the query */
	uint32		wide;			/* 1 << v: value v is int128 */
	int32		scale[RS_V_COLUMNS];
	uint32		unused;
	RsGraphKeys node;
	RsGraphKeys kind;
	RsGraphExtent section[RS_OS_SECTIONS];
	uint32		unused2;
	uint32		crc;			/* of all before it */
} RsOwnershipHeader;

/* An open file: pointers into the mapped range. */
typedef struct RsOwnershipFile
{
	const RsOwnershipHeader *header;
	const char *base;
	const uint32 *in_start;
	const RsOwnershipRow *row;
	const uint32 *owned;
	const uint32 *out_start;
	const uint32 *out_row;
	const int64 *value[RS_V_COLUMNS];	/* one of the two, if the column is there and not in the row */
	const int128 *wide[RS_V_COLUMNS];
	const uint32 *kind;			/* NULL if there is none, as those below */
	const DateADT *from;
	const DateADT *to;
	const TimestampTz *known_from;
	RsKeySet	node;
	RsKeySet	kind_name;
} RsOwnershipFile;

/* Check header, bounds and binding; false with a sentence in *problem. Touches a few pages. */
extern bool rs_ownership_file_attach(RsOwnershipFile *file, const void *base, uint64 size,
									 const RsGraphIdentity *expected, const char **problem);
/* Read everything, compare checksums. */
extern bool rs_ownership_file_verify(const RsOwnershipFile *file, const char **problem);
/* Do two files hold the same, whatever they are bound to? Reads both. */
extern bool rs_ownership_file_equal(const RsOwnershipFile *a, const RsOwnershipFile *b);

/* Numbers by which rows name things -> their identifiers. */
typedef struct RsNames
{
	uint32		count;
	RsKeyType	type;
	Oid			oid;
	void		(*get) (void *arg, uint32 number, RsKey *key);	/* the key stays until the next */
	void	   *arg;
	const uint32 *rank;			/* place of each number in the order of identifiers */
} RsNames;

/*
 * Write rows, in whatever order they came: equal rows make equal files. columns:
 * RS_OC_ bits of the query. kinds: of rows->kind less 1.
 */
extern void rs_ownership_file_write(MemoryContext budget, const RsGraphHost *host, const RsHoldingRows *rows,
									uint32 columns, const RsNames *nodes, const RsNames *kinds,
									const RsGraphIdentity *identity, RsOwnershipHeader *header);

/* The row's holding, between nodes of the file. */
static inline void
rs_ownership_file_row(const RsOwnershipFile *f, uint32 row, RsHolding *h)
{
	const RsOwnershipRow *r = &f->row[row];

	h->owner = r->owner;
	h->owned = f->owned[row];
	h->known = r->known;
	h->class = (RsHoldingClass) r->class;
	h->value[RS_V_SHARE] = f->wide[RS_V_SHARE] ? f->wide[RS_V_SHARE][row] : r->share;
	for (int v = RS_V_VOTES; v < RS_V_COLUMNS; v++)
		h->value[v] = f->value[v] ? f->value[v][row] : f->wide[v] ? f->wide[v][row] : 0;
	h->kind = f->kind ? f->kind[row] : 0;
	h->from = f->from ? f->from[row] : DATEVAL_NOBEGIN;
	h->to = f->to ? f->to[row] : DATEVAL_NOEND;
	h->known_from = f->known_from ? f->known_from[row] : DT_NOBEGIN;
}

#endif							/* RS_OWNERSHIP_FILE_H */
