/*
 * src/flow_graph_pool.c
 *	  Lists of records in chunks that go to a temporary file when memory is short.
 *
 * Building a flow graph moves every transfer twice: rows as they are read are
 * distributed to buckets of payers, and from there to buckets of payees. Both
 * moves append to lists and later read a list from its beginning, so any full
 * chunk may wait outside memory. Chunks are recycled: a list that is consumed
 * gives its memory to those being written, so one copy of the data is held.
 *
 * Policy: while the operation's memory is below the ceiling, chunks stay. Above
 * it, a list that needs a new chunk writes its full one to the temporary file
 * and goes on in the same memory. Slots of the file are recycled like memory.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/memutils.h"

#include "flow_graph_pool.h"
#include "rs_memory.h"

typedef struct Chunk
{
	char	   *memory;			/* NULL: in the temporary file */
	uint64		slot;
	uint32		used;
} Chunk;

struct RsPool
{
	MemoryContext budget;
	const RsGraphHost *host;
	uint64		ceiling;
	uint64		held;			/* bytes of chunk memory, free ones included */

	Chunk	   *chunk;
	uint64		nchunks,
				chunk_capacity;
	uint32	   *free_chunk;		/* numbers to use again */
	uint64		nfree_chunks,
				free_chunk_capacity;
	char	  **free_memory;
	uint64		nfree_memory,
				free_memory_capacity;
	uint64	   *free_slot;
	uint64		nfree_slots,
				free_slot_capacity;
	uint64		nslots;
	uint64		spilled;
	char	   *reading;		/* one chunk, for spilled data */
};

static const char *const purpose = "building the flow graph";

RsPool *
rs_pool_create(MemoryContext budget, const RsGraphHost *host)
{
	RsPool	   *pool = rs_alloc0(budget, 1, sizeof(RsPool), purpose);

	pool->budget = budget;
	pool->host = host;
	/* the other half is for identifiers and the bucket at work */
	pool->ceiling = (uint64) rs_max_memory_kb * 1024 / 2;
	return pool;
}

uint64
rs_pool_spilled(const RsPool *pool)
{
	return pool->spilled;
}

/* Memory for a chunk, or NULL when the ceiling is reached and `must` is false. */
static char *
chunk_memory(RsPool *pool, bool must)
{
	if (pool->nfree_memory > 0)
		return pool->free_memory[--pool->nfree_memory];
	if (!must && MemoryContextMemAllocated(pool->budget, true) + RS_CHUNK_SIZE > pool->ceiling)
		return NULL;
	pool->held += RS_CHUNK_SIZE;
	/* room to give all of it back at any time */
	pool->free_memory = rs_grow(pool->budget, pool->free_memory, &pool->free_memory_capacity,
								pool->held / RS_CHUNK_SIZE, sizeof(char *), purpose);
	return rs_alloc(pool->budget, 1, RS_CHUNK_SIZE, purpose);
}

static void
spill(RsPool *pool, Chunk *chunk)
{
	chunk->slot = pool->nfree_slots > 0 ? pool->free_slot[--pool->nfree_slots] : pool->nslots++;
	pool->free_slot = rs_grow(pool->budget, pool->free_slot, &pool->free_slot_capacity,
							  pool->nslots, sizeof(uint64), purpose);
	pool->host->spill_write(pool->host->arg, chunk->memory, RS_CHUNK_SIZE, chunk->slot * RS_CHUNK_SIZE);
	pool->spilled += RS_CHUNK_SIZE;
	chunk->memory = NULL;
}

/* A record that does not fit into the list's last chunk: begin another. */
void *
rs_pool_new_record(RsPool *pool, RsList *list, uint32 size)
{
	char	   *memory;
	uint32		number;

	Assert(size <= RS_CHUNK_SIZE && size % 8 == 0);
	CHECK_FOR_INTERRUPTS();
	list->chunk = rs_grow(pool->budget, list->chunk, &list->capacity, list->nchunks + 1,
						  sizeof(uint32), purpose);
	if (list->nchunks > 0)
	{
		Chunk	   *full = &pool->chunk[list->chunk[list->nchunks - 1]];

		full->used = RS_CHUNK_SIZE - list->left;
		memory = chunk_memory(pool, false);
		if (memory == NULL)
		{
			memory = full->memory;
			spill(pool, full);
		}
	}
	else
		memory = chunk_memory(pool, true);

	if (pool->nfree_chunks > 0)
		number = pool->free_chunk[--pool->nfree_chunks];
	else
	{
		number = pool->nchunks++;
		pool->chunk = rs_grow(pool->budget, pool->chunk, &pool->chunk_capacity, pool->nchunks,
							  sizeof(Chunk), purpose);
		pool->free_chunk = rs_grow(pool->budget, pool->free_chunk, &pool->free_chunk_capacity,
								   pool->nchunks, sizeof(uint32), purpose);
	}
	pool->chunk[number].memory = memory;
	pool->chunk[number].used = 0;
	list->chunk[list->nchunks++] = number;
	list->at = memory + size;
	list->left = RS_CHUNK_SIZE - size;
	list->bytes += size;
	return memory;
}

void
rs_pool_read(RsPool *pool, RsList *list, bool consume, RsListReader reader, void *arg)
{
	if (list->nchunks > 0)
		pool->chunk[list->chunk[list->nchunks - 1]].used = RS_CHUNK_SIZE - list->left;
	for (uint64 i = 0; i < list->nchunks; i++)
	{
		uint32		number = list->chunk[i];
		Chunk		chunk = pool->chunk[number];	/* the table may move under the reader */

		CHECK_FOR_INTERRUPTS();
		if (chunk.memory)
			reader(arg, chunk.memory, chunk.used);
		else
		{
			/* The last reader may have been interrupted: the buffer is shared. */
			if (pool->reading == NULL)
				pool->reading = rs_alloc(pool->budget, 1, RS_CHUNK_SIZE, purpose);
			pool->host->spill_read(pool->host->arg, pool->reading, RS_CHUNK_SIZE,
								   chunk.slot * RS_CHUNK_SIZE);
			reader(arg, pool->reading, chunk.used);
		}
		if (consume)
		{
			if (chunk.memory)
				pool->free_memory[pool->nfree_memory++] = chunk.memory;
			else
				pool->free_slot[pool->nfree_slots++] = chunk.slot;
			pool->free_chunk[pool->nfree_chunks++] = number;
		}
	}
	if (consume)
	{
		if (list->chunk)
			pfree(list->chunk);
		memset(list, 0, sizeof(*list));
	}
}
