/*
 * src/flow_graph_store.h
 *	  Where flow-graph files live, come from and go to; mapping them.
 */
#ifndef RS_FLOW_GRAPH_STORE_H
#define RS_FLOW_GRAPH_STORE_H

#include "postgres.h"
#include "fmgr.h"
#include "storage/fd.h"

#include "flow_graph_file.h"

/* How identifiers of one type are kept; src/flow_graph_key.c. */
typedef struct RsIdType
{
	Oid			oid;
	int16		typlen;
	bool		typbyval;
	bool		numeric;		/* kept without trailing zeros, so that equal means same bytes */
	RsKeyType	key;
	FmgrInfo	compare;
	FmgrInfo	output;
} RsIdType;

extern void rs_id_type_init(RsIdType *id, Oid type, Oid collation, const char *column, MemoryContext context);
/* Points into the datum where it can, else into the current context. */
extern RsKey rs_id_key(const RsIdType *id, Datum value);
extern Datum rs_id_datum(const RsIdType *id, const RsKey *key);
extern Datum rs_id_text(RsIdType *id, const RsKey *key);

#define RS_GRAPH_FILE_NAME 34	/* 16 hex digits, dash, 16 hex digits, zero */
#define RS_GRAPH_STAMP 96

/* A file being written; deleted again if the transaction does not commit. */
typedef struct RsGraphOutput
{
	RsGraphHost host;
	char		name[RS_GRAPH_FILE_NAME];
	uint64		file;
	char		path[MAXPGPATH];
	int			fd;
	File		spill;
	RsIdType   *txn;
} RsGraphOutput;

extern RsGraphOutput *rs_graph_output_create(RsIdType *txn);
/* Make it durable and close it; stamp tells later whether it was touched. */
extern void rs_graph_output_finish(RsGraphOutput *output, char stamp[RS_GRAPH_STAMP]);
/* It is not needed after all: delete it now. */
extern void rs_graph_output_abandon(RsGraphOutput *output);
/* Delete a file when the transaction commits. */
extern void rs_graph_file_drop(const char *name);
/* File numbers are the first part of the name. */
extern bool rs_graph_file_number(const char *name, uint64 *file);

/* A mapped file, shared by everything in this backend that reads it. */
typedef struct RsGraphMapping
{
	char		name[RS_GRAPH_FILE_NAME];
	void	   *base;			/* NULL: free entry */
	uint64		size;
	RsGraph		graph;
	RsIdType	account;
	RsIdType	txn;
	int			pins;
	uint64		used;
	MemoryContext context;
} RsGraphMapping;

typedef enum RsMapResult
{
	RS_MAPPED,
	RS_MAP_MISSING,				/* no such file */
	RS_MAP_DAMAGED				/* *problem says what */
} RsMapResult;

/* Pinned until `owner` is reset or deleted. */
extern RsMapResult rs_graph_map(const char *name, const char *stamp, const RsGraphIdentity *expected,
								MemoryContext owner, RsGraphMapping **mapping, const char **problem);

/* Delete files that no transaction will ever use; `used` is called once to list those in use. */
extern void rs_graph_store_sweep(char **(*used) (int *count));

extern void rs_graph_identity(RsGraphIdentity *identity);	/* of this server and database */

#endif							/* RS_FLOW_GRAPH_STORE_H */
