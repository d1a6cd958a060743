/*
 * src/ownership_map.h
 *	  Ownership graphs in memory: mapping their files.
 */
#ifndef RS_OWNERSHIP_MAP_H
#define RS_OWNERSHIP_MAP_H

#include "graph_catalog.h"
#include "ownership_file.h"

typedef struct RsOwnershipMapping
{
	char		name[RS_GRAPH_FILE_NAME];	/* of the file; empty: free entry */
	void	   *base;
	uint64		size;
	RsOwnershipFile file;
	RsIdType	node;
	int			pins;
	uint64		used;
	MemoryContext context;
} RsOwnershipMapping;

/* Map a graph's file; pinned until `owner` is reset or deleted. */
extern RsMapResult rs_ownership_map(const char *files, const char *stamps, const RsGraphIdentity *expected,
									MemoryContext owner, RsOwnershipMapping **mapping, const char **problem);

#endif							/* RS_OWNERSHIP_MAP_H */
