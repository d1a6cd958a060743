/*
 * src/graph_cache.h
 *	  Definitions of kept graphs that this session looked up before.
 */
#ifndef RS_GRAPH_CACHE_H
#define RS_GRAPH_CACHE_H

#include "graph_catalog.h"

/* A definition, its texts palloc'd in `context`, into *d; false if it is not at hand. */
extern bool rs_graph_cache_find(const RsGraphKind *kind, const char *name, MemoryContext context, RsGraphDefinition *d);

/*
 * Take the generation, look into the tables with a newer snapshot, keep: nothing
 * is kept if the tables changed meanwhile.
 */
extern uint64 rs_graph_cache_generation(void);
extern void rs_graph_cache_keep(uint64 generation, const RsGraphDefinition *d, Oid definitions, Oid files);

/* What was found does not hold: the next look goes to the tables. */
extern void rs_graph_cache_forget(void);

extern void rs_graph_cache_init(void);

#endif							/* RS_GRAPH_CACHE_H */
