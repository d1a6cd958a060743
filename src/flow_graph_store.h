/*
 * src/flow_graph_store.h
 *	  Where flow-graph files live, come from and go to; mapping them.
 */
#ifndef RS_FLOW_GRAPH_STORE_H
#define RS_FLOW_GRAPH_STORE_H

#include "postgres.h"

#include <sys/stat.h>

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
#define RS_GRAPH_STAMP 96		/* without spaces */

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

/* Path of a file below the data directory; of MAXPGPATH bytes. */
extern void rs_graph_file_path(char *path, const char *name);
extern void rs_graph_make_stamp(char stamp[RS_GRAPH_STAMP], const struct stat *st);
/* Have the end of each transaction told; before the first file is mapped. */
extern void rs_graph_watch_transactions(void);

/* A mapped graph: its files, and with several parts the range where they are read as one. */
typedef struct RsGraphMapping
{
	char		files[RS_FLOW_MAX_PARTS * RS_GRAPH_FILE_NAME];	/* their names, spaces between */
	int			nfiles;			/* 0: free entry */
	struct
	{
		void	   *base;
		uint64		size;
	}			file[RS_FLOW_MAX_PARTS];
	char	   *range;
	uint64		range_size;
	RsGraphRoom room;
	uint32		roomy[2];		/* places of the room that are writable */
	RsGraph		graph;
	RsIdType	account;
	RsIdType	txn;
	RsIdType	currency;		/* if the graph has the column */
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

/*
 * Map the files of a graph, names and stamps with spaces between. Pinned until
 * `owner` is reset or deleted.
 */
extern RsMapResult rs_graph_map(const char *files, const char *stamps, const RsGraphIdentity *expected,
								MemoryContext owner, RsGraphMapping **mapping, const char **problem);

/* Room for a side's joined groups, charged to the budget, until the pin goes. */
extern void rs_graph_map_room(RsGraphMapping *mapping, MemoryContext budget, int side, uint32 room);

/* Give back what nobody uses and whose files are gone. */
extern void rs_graph_unmap_vanished(void);

/* Delete files that no transaction will ever use; `used` is called once to list those in use. */
extern void rs_graph_store_sweep(char **(*used) (int *count));

extern void rs_graph_identity(RsGraphIdentity *identity);	/* of this server and database */

#endif							/* RS_FLOW_GRAPH_STORE_H */
