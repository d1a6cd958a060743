/*
 * src/flow_graph_stub.c
 *	  Stands in until src/flow_graph.c is merged; delete it then.
 */
#include "postgres.h"

#include "flow_source.h"

RsFlow *
rs_flow_graph_open(const char *name, MemoryContext budget)
{
	ereport(ERROR,
			(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
			 errmsg("flow graphs are not built in")));
	return NULL;
}
