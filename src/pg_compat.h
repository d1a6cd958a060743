/*
 * src/pg_compat.h
 *	  Differences between PostgreSQL 15 and 18, and nowhere else.
 */
#ifndef RS_PG_COMPAT_H
#define RS_PG_COMPAT_H

#include "postgres.h"

#if PG_VERSION_NUM < 150000
#error "risk_screen needs PostgreSQL 15 or later"
#endif

#if PG_VERSION_NUM >= 160000
#include "varatt.h"
#endif

#include "mb/pg_wchar.h"

/* pg_mblen_range() came with the minor releases of August 2026. */
#ifndef RS_HAVE_MBLEN_RANGE
static inline int
rs_utf8_length(const unsigned char *p, const unsigned char *end)
{
	int			n = pg_utf_mblen(p);

	return (n <= end - p) ? n : (int) (end - p);
}
#endif

#if PG_VERSION_NUM >= 180000
#define RS_MODULE_MAGIC PG_MODULE_MAGIC_EXT(.name = "risk_screen", .version = RS_VERSION)
#else
#define RS_MODULE_MAGIC PG_MODULE_MAGIC
#endif

/* Headers for a node's lines in EXPLAIN: to print them, to know what is asked for. */
#if PG_VERSION_NUM >= 180000
#define RS_EXPLAIN_FORMAT "commands/explain_format.h"
#define RS_EXPLAIN_STATE "commands/explain_state.h"
#else
#define RS_EXPLAIN_FORMAT "commands/explain.h"
#define RS_EXPLAIN_STATE "commands/explain.h"
#endif

/* Before a declaration: the function does not return. */
#if PG_VERSION_NUM >= 180000
#define RS_NORETURN pg_noreturn
#else
#define RS_NORETURN pg_attribute_noreturn()
#endif

/* The number of a relation's storage; utils/rel.h must be included. */
#if PG_VERSION_NUM >= 160000
#define RS_RELATION_STORAGE(rel) ((rel)->rd_locator.relNumber)
#else
#define RS_RELATION_STORAGE(rel) ((rel)->rd_node.relNode)
#endif

/*
 * What enable_seqscan = off and its like add to a plan's cost: since 18 such
 * nodes are counted beside the cost instead. nodes/plannodes.h must be included.
 */
#if PG_VERSION_NUM >= 180000
#define RS_DISABLED_COST(plan) (1.0e10 * (plan)->disabled_nodes)
#else
#define RS_DISABLED_COST(plan) 0.0
#endif

/* May the current user execute the plan? executor/executor.h must be included. */
#if PG_VERSION_NUM >= 160000
#define rs_may_execute(plan) ExecCheckPermissions((plan)->rtable, (plan)->permInfos, false)
#else
#define rs_may_execute(plan) ExecCheckRTPerms((plan)->rtable, false)
#endif

/* May the role call the function? catalog/pg_proc.h and utils/acl.h must be included. */
#if PG_VERSION_NUM >= 160000
#define rs_function_aclcheck(function, role, mode) object_aclcheck(ProcedureRelationId, function, role, mode)
#else
#define rs_function_aclcheck(function, role, mode) pg_proc_aclcheck(function, role, mode)
#endif

#endif							/* RS_PG_COMPAT_H */
