/*
 * src/graph_catalog.h
 *	  Kept graphs: what is the same for those of transfers and of holdings.
 */
#ifndef RS_GRAPH_CATALOG_H
#define RS_GRAPH_CATALOG_H

#include "postgres.h"
#include "datatype/timestamp.h"
#include "fmgr.h"
#include "portability/instr_time.h"
#include "utils/array.h"

#include "flow_parts.h"
#include "graph_store.h"

/* What is kept, and how people call it. */
typedef struct RsGraphKind
{
	const char *kind;			/* as in risk_screen._graph; functions are create_KIND_graph() ... */
	const char *title;			/* "flow graph" */
	const char *query;			/* what it is made from: "transfers" */
	const char *ask;			/* what to do on a standby instead */
} RsGraphKind;

extern const RsGraphKind rs_flow_graphs;
extern const RsGraphKind rs_ownership_graphs;

#define RS_GRAPH_PREFIX "graph:"
#define RS_MAX_GRAPH_FILES RS_FLOW_MAX_PARTS
#define RS_GRAPH_NAME_BYTES 201	/* and a zero behind */

/* A row of risk_screen._graph with its row of _graph_file, if there is one. */
typedef struct RsGraphDefinition
{
	const RsGraphKind *kind;
	char	   *name;
	Oid			owner;
	ArrayType  *readers;		/* roles */
	bool		may_read;		/* the current user: owner, reader, superuser */
	char	   *query;
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
	char		files[RS_MAX_GRAPH_FILES * RS_GRAPH_FILE_NAME];
	char		stamps[RS_MAX_GRAPH_FILES * RS_GRAPH_STAMP];
	int			nparts;
	uint32		rows;
	uint32		nodes;
	uint64		bytes;
	bool		timed;			/* the rows have times: */
	TimestampTz first_at;
	TimestampTz last_at;
	bool		complete;
	const char *columns;		/* optional ones that it keeps, commas between */
	const char *how;
	char	   *evidence;
} RsGraphBuilt;

/* risk_screen.rebuild_damaged: may a question rebuild the graph it finds damaged? */
extern bool rs_rebuild_damaged;

/* ---------- src/graph_catalog.c ---------- */

/*
 * Definition by name, palloc'd in `context`; error if there is none. With
 * `lock`, the row is locked until the transaction ends, and SPI is needed,
 * which it connects itself.
 */
extern RsGraphDefinition *rs_graph_definition(const RsGraphKind *kind, const char *name, bool lock,
											  MemoryContext context);
extern bool rs_graph_owned(const RsGraphDefinition *definition);
extern void rs_graph_must_own(const RsGraphDefinition *definition);
extern void rs_graph_must_read(const RsGraphDefinition *definition);
extern RsGraphIdentity rs_graph_definition_identity(const RsGraphDefinition *definition);
/* Add a definition; error if the name is taken. SPI must be connected. */
extern void rs_graph_define(const RsGraphDefinition *definition);
extern void rs_graph_undefine(const RsGraphDefinition *definition);
/* Note the files of a build. SPI must be connected. */
extern void rs_graph_record(const RsGraphDefinition *definition, const RsGraphBuilt *built, double seconds);
extern void rs_graph_change_reader(const RsGraphDefinition *definition, const char *role, bool grant);
extern char **rs_graph_files_in_use(int *count);
extern char *rs_graph_read_name(text *name);

/* ---------- src/graph_use.c ---------- */

/*
 * The graph that a question names, mapped by `map` (which gets arg): the user
 * may read it, a file replaced meanwhile is looked up again, a damaged graph is
 * rebuilt where that is possible; otherwise an error.
 */
typedef RsMapResult (*RsGraphMapper) (const RsGraphDefinition *definition, const RsGraphIdentity *expected,
									  void *arg, const char **problem);
extern void rs_graph_use(const RsGraphKind *kind, const char *name, MemoryContext budget,
						 RsGraphMapper map, void *arg);

/* ---------- src/graph_life.c: what functions that make and remove graphs share ---------- */

extern void rs_graph_must_be_able_to_write(const RsGraphKind *kind, const char *verb);
/* A definition from the arguments of create_..._graph(); name and query as given. */
extern RsGraphDefinition *rs_graph_create_arguments(const RsGraphKind *kind, FunctionCallInfo fcinfo);
/* Be the owner, with the settings of creation, until rs_graph_be_user(). */
typedef struct RsGraphOwner
{
	Oid			user;
	int			context;
	int			level;
} RsGraphOwner;
extern void rs_graph_be_owner(const RsGraphDefinition *definition, RsGraphOwner *state);
extern void rs_graph_be_user(const RsGraphOwner *state);
/* Of the files of a graph (NULL: none), drop at commit those that it no longer has. */
extern void rs_graph_drop_files(const char *files, const char *kept);
extern double rs_seconds_since(instr_time start);
extern void rs_graph_drop(const RsGraphKind *kind, FunctionCallInfo fcinfo);
extern void rs_graph_grant(const RsGraphKind *kind, FunctionCallInfo fcinfo, bool grant);
/* How a kind maps its files; arg of the mapper is this. */
typedef struct RsGraphOpened
{
	MemoryContext owner;		/* of the pin */
	void	   *mapping;
} RsGraphOpened;
/* check_..._graph(): 'sound', or what is wrong; `verify` reads everything. */
extern Datum rs_graph_check(const RsGraphKind *kind, FunctionCallInfo fcinfo, RsGraphMapper map,
							bool (*verify) (void *mapping, const char **problem));
/* For the views: "ready" ..., and whether the tables have changed since. */
extern Datum rs_graph_state(const RsGraphKind *kind, FunctionCallInfo fcinfo, RsGraphMapper map);

/* ---------- src/graph_evidence.c ---------- */

extern char *rs_graph_evidence(int n, const Oid *relations);
extern bool rs_graph_evidence_holds(const char *evidence, int n, const Oid *relations);
extern bool rs_graph_evidence_unchanged(const char *evidence);

#endif							/* RS_GRAPH_CATALOG_H */
