/*
 * src/flow_graph_map.h
 *	  Flow graphs in memory: mapping their files.
 */
#ifndef RS_FLOW_GRAPH_MAP_H
#define RS_FLOW_GRAPH_MAP_H

#include "flow_graph_file.h"
#include "graph_store.h"

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

/*
 * Map the files of a graph, names and stamps with spaces between. Pinned until
 * `owner` is reset or deleted.
 */
extern RsMapResult rs_graph_map(const char *files, const char *stamps, const RsGraphIdentity *expected,
								MemoryContext owner, RsGraphMapping **mapping, const char **problem);

/* Room for a side's joined groups, charged to the budget, until the pin goes. */
extern void rs_graph_map_room(RsGraphMapping *mapping, MemoryContext budget, int side, uint32 room);

#endif							/* RS_FLOW_GRAPH_MAP_H */
