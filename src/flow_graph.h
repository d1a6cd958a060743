/*
 * src/flow_graph.h
 *	  What the flow-graph SQL files share: definitions and their catalog.
 */
#ifndef RS_FLOW_GRAPH_H
#define RS_FLOW_GRAPH_H

#include "postgres.h"

#include "flow_graph_store.h"

/* A row of risk_screen._flow_graph with its row of _flow_graph_file, if there is one. */
typedef struct RsGraphDefinition
{
	char	   *name;
	Oid			owner;
	bool		may_read;		/* the current user: owner, reader, superuser */
	char	   *transfers;
	char	   *bad_rows;
	char	   *search_path;
	char	   *time_zone;
	char	   *files;			/* names, spaces between; NULL: not built in this database */
	char	   *stamps;			/* the same way */
	char	   *evidence;		/* NULL: none */
} RsGraphDefinition;

/* What a build or refresh made. */
typedef struct RsGraphBuilt
{
	char		files[RS_FLOW_MAX_PARTS * RS_GRAPH_FILE_NAME];
	char		stamps[RS_FLOW_MAX_PARTS * RS_GRAPH_STAMP];
	int			nparts;
	uint32		transfers;
	uint32		accounts;
	uint64		bytes;
	TimestampTz first_at;
	TimestampTz last_at;
	bool		complete;
	uint32		columns;		/* optional ones: 1 << RS_GC_ORD ... */
	const char *how;
	char	   *evidence;
} RsGraphBuilt;

/* src/flow_graph_refresh.c; SPI must be connected. */
extern void rs_graph_build(const RsGraphDefinition *definition, MemoryContext budget, RsGraphBuilt *built);
/* Keep or append, in at most max_parts; false: it must be built anew. */
extern bool rs_graph_refresh(const RsGraphDefinition *definition, const RsGraphMapping *older,
							 TimestampTz closed_before, int max_parts, MemoryContext budget,
							 RsGraphBuilt *built);

/*
 * Definition by name, palloc'd in `context`; error if there is none. With
 * `lock`, the row is locked until the transaction ends. Connects to SPI itself.
 */
extern RsGraphDefinition *rs_graph_definition(const char *name, bool lock, MemoryContext context);
extern void rs_graph_must_own(const RsGraphDefinition *definition);
extern RsGraphIdentity rs_graph_definition_identity(const RsGraphDefinition *definition);
/* Our own statements over our own tables, with their owner's rights. SPI must be connected. */
extern uint64 rs_graph_catalog(const char *sql, bool read_only, int nargs, Oid *types,
							   Datum *values, const char *nulls);
/* src/flow_graph_evidence.c */
extern char *rs_graph_evidence(int n, const Oid *relations);
extern bool rs_graph_evidence_holds(const char *evidence, int n, const Oid *relations);
extern bool rs_graph_evidence_unchanged(const char *evidence);
extern char **rs_graph_files_in_use(int *count);
extern char *rs_graph_read_name(text *name);

#endif							/* RS_FLOW_GRAPH_H */
