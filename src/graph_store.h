/*
 * src/graph_store.h
 *	  Where the files of kept graphs live, come from and go to.
 */
#ifndef RS_GRAPH_STORE_H
#define RS_GRAPH_STORE_H

#include "postgres.h"

#include "fmgr.h"
#include "storage/fd.h"

#include "graph_file.h"
#include "graph_id.h"

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
/* It is not needed after all: delete it now; while it is written, or when it is finished. */
extern void rs_graph_output_abandon(RsGraphOutput *output);
extern void rs_graph_output_discard(RsGraphOutput *output);
/* Delete a file when the transaction commits. */
extern void rs_graph_file_drop(const char *name);
/* File numbers are the first part of the name. */
extern bool rs_graph_file_number(const char *name, uint64 *file);

/* Path of a file below the data directory; of MAXPGPATH bytes. */
extern void rs_graph_file_path(char *path, const char *name);
/*
 * Have the end of each transaction told to who maps files, before the first is
 * mapped; NULL: to nobody but this module. Telling the same twice is one.
 */
extern void rs_graph_watch_transactions(void (*ended) (void));

typedef enum RsMapResult
{
	RS_MAPPED,
	RS_MAP_MISSING,				/* no such file */
	RS_MAP_DAMAGED				/* *problem says what */
} RsMapResult;

/*
 * Open a file for mapping; *stamp says whether it is as it was published. The
 * caller closes *fd (CloseTransientFile) if RS_MAPPED is returned.
 */
extern RsMapResult rs_graph_file_open(const char *name, int *fd, uint64 *size, char stamp[RS_GRAPH_STAMP],
									  const char **problem);

/* Delete files that no transaction will ever use; `used` is called once to list those in use. */
extern void rs_graph_store_sweep(char **(*used) (int *count));

extern void rs_graph_identity(RsGraphIdentity *identity);	/* of this server and database */

#endif							/* RS_GRAPH_STORE_H */
