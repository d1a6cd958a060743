/*
 * src/flow_graph.h
 *	  From a definition to the files of a flow graph.
 */
#ifndef RS_FLOW_GRAPH_H
#define RS_FLOW_GRAPH_H

#include "flow_graph_map.h"
#include "graph_catalog.h"

/* src/flow_graph_refresh.c; SPI must be connected. */
extern void rs_graph_build(const RsGraphDefinition *definition, MemoryContext budget, RsGraphBuilt *built);
/* Keep or append, in at most max_parts; false: it must be built anew. */
extern bool rs_graph_refresh(const RsGraphDefinition *definition, const RsGraphMapping *older,
							 TimestampTz closed_before, int max_parts, MemoryContext budget,
							 RsGraphBuilt *built);

#endif							/* RS_FLOW_GRAPH_H */
