/*
 * src/flow_graph_pool.h
 *	  Lists of records in chunks that go to a temporary file when memory is short.
 */
#ifndef RS_FLOW_GRAPH_POOL_H
#define RS_FLOW_GRAPH_POOL_H

#include "postgres.h"

#include "flow_graph_file.h"

#define RS_CHUNK_SIZE 32768

typedef struct RsPool RsPool;

/* Append-only; records are multiples of 8 bytes and lie within one chunk. */
typedef struct RsList
{
	uint32	   *chunk;
	uint64		nchunks,
				capacity;
	uint32		left;			/* bytes free in the last chunk */
	char	   *at;
	uint64		bytes;			/* of all records */
} RsList;

typedef void (*RsListReader) (void *arg, const char *records, uint32 bytes);

extern RsPool *rs_pool_create(MemoryContext budget, const RsGraphHost *host);
extern void *rs_pool_new_record(RsPool *pool, RsList *list, uint32 size);
/* All records, chunk by chunk; with `consume` the list is emptied on the way. */
extern void rs_pool_read(RsPool *pool, RsList *list, bool consume, RsListReader reader, void *arg);
extern uint64 rs_pool_spilled(const RsPool *pool);	/* bytes ever written out */

static inline void *
rs_list_append(RsPool *pool, RsList *list, uint32 size)
{
	void	   *record;

	if (unlikely(size > list->left))
		return rs_pool_new_record(pool, list, size);
	record = list->at;
	list->at += size;
	list->left -= size;
	list->bytes += size;
	return record;
}

#endif							/* RS_FLOW_GRAPH_POOL_H */
