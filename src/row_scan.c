/*
 * src/row_scan.c
 *	  Set-returning functions whose rows are read as they are made.
 *
 * In FROM, PostgreSQL stores all rows of a set-returning function before it
 * hands on the first: millions of rows are copied, spill into temporary files
 * and are read back, and LIMIT saves nothing. Here a function in FROM becomes a
 * custom scan which asks the function for its next row only when that is
 * wanted. Everywhere else (ROWS FROM, WITH ORDINALITY, the select list, whole
 * rows, a changed function) the server's own scan is used and gets the same
 * rows from the same source, through a tuplestore.
 *
 * A function takes part by SUPPORT risk_screen._rows_support and by ending in
 * rs_return_rows(). The support function does nothing but be called: so the
 * library is loaded, and its hook set, before paths of the function are made.
 *
 * Rows are kept only where the plan says that they will be read again, or once
 * they were, and a kept row is one that was wanted before (as a Material node
 * keeps them). What the plan does not say - a subquery whose condition changes
 * but not its call - makes its rows twice instead of once for each reading.
 *
 * Cost: a row costs what its source does and a slot of pointers into it.
 */
#include "pg_compat.h"

#include "access/htup_details.h"
#include "catalog/objectaccess.h"
#include "catalog/pg_proc.h"
#include RS_EXPLAIN_FORMAT
#include RS_EXPLAIN_STATE
#include "executor/executor.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "nodes/extensible.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "nodes/supportnodes.h"
#include "optimizer/optimizer.h"
#include "optimizer/pathnode.h"
#include "optimizer/paths.h"
#include "optimizer/restrictinfo.h"
#include "parser/parsetree.h"
#include "pgstat.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/ruleutils.h"
#include "utils/syscache.h"
#include "utils/tuplestore.h"

#include "row_scan.h"

typedef struct RowScan
{
	CustomScanState css;
	FuncExpr   *call;
	List	   *argument;		/* ExprStates */
	Bitmapset  *parameters;		/* of the arguments; */
	bool		has_subplan;	/* among them, whose parameters are not looked for */
	FmgrInfo	function;
	FunctionCallInfo fcinfo;
	MemoryContext rows;			/* of the call at hand; NULL: not called */
	RsRowSource source;
	RsResultRow row;
	int			row_columns;
	int			columns;		/* of the scan: those that are wanted */
	int		   *column;			/* which of the row's they are */
	bool		ended;
	Tuplestorestate *kept;		/* rows to be read again; NULL: nobody did or will */
	TupleTableSlot *kept_slot;
} RowScan;

bool		rs_enable_row_scan = true;

static set_rel_pathlist_hook_type next_pathlist_hook = NULL;
static Oid	support_function = InvalidOid;	/* the last that was called */

/* ---------- running ---------- */

static const CustomExecMethods exec_methods;

static inline RowScan *
scan_of_call(FunctionCallInfo fcinfo)
{
	if (fcinfo->context == NULL || !IsA(fcinfo->context, CustomScanState) ||
		((CustomScanState *) fcinfo->context)->methods != &exec_methods)
		return NULL;
	return (RowScan *) fcinfo->context;
}

Datum
rs_return_rows(FunctionCallInfo fcinfo, const RsRowSource *source)
{
	RowScan    *scan = scan_of_call(fcinfo);
	ReturnSetInfo *result;
	RsResultRow row;
	uint64		made = 0;

	if (scan != NULL)
	{
		scan->source = *source;
		return (Datum) 0;
	}
	InitMaterializedSRF(fcinfo, 0);
	result = (ReturnSetInfo *) fcinfo->resultinfo;
	rs_result_row_open(&row, result->setDesc->natts);
	while (source->next(source->state, &row))
	{
		rs_row_put(&row, result->setResult, result->setDesc);
		if ((++made & 0xFFF) == 0)
			CHECK_FOR_INTERRUPTS();
	}
	source->close(source->state);
	rs_result_row_close(&row);
	return (Datum) 0;
}

/* Evaluate the arguments and call the function: it leaves its source. */
static void
begin_rows(RowScan *scan)
{
	ExprContext *econtext = scan->css.ss.ps.ps_ExprContext;
	FunctionCallInfo fcinfo = scan->fcinfo;
	PgStat_FunctionCallUsage usage;
	MemoryContext old;
	ListCell   *cell;
	int			i = 0;

	scan->rows = AllocSetContextCreate(scan->css.ss.ps.state->es_query_cxt, "risk_screen rows", ALLOCSET_DEFAULT_SIZES);
	old = MemoryContextSwitchTo(scan->rows);
	foreach(cell, scan->argument)
	{
		fcinfo->args[i].value = ExecEvalExpr((ExprState *) lfirst(cell), econtext, &fcinfo->args[i].isnull);
		i++;
	}
	rs_result_row_open(&scan->row, scan->row_columns);
	scan->ended = false;
	scan->source = (RsRowSource) {NULL};
	for (i = 0; scan->function.fn_strict && i < fcinfo->nargs; i++)
		if (fcinfo->args[i].isnull)
			scan->ended = true;
	if (!scan->ended)
	{
		fcinfo->isnull = false;
		pgstat_init_function_usage(fcinfo, &usage);
		(void) FunctionCallInvoke(fcinfo);
		pgstat_end_function_usage(&usage, true);
		if (scan->source.next == NULL)
			elog(ERROR, "function %u left no source of rows", scan->call->funcid);
	}
	MemoryContextSwitchTo(old);
}

static void
close_source(RowScan *scan)
{
	MemoryContext old;

	if (scan->source.next == NULL)
		return;
	scan->source.next = NULL;
	old = MemoryContextSwitchTo(scan->rows);
	scan->source.close(scan->source.state);
	MemoryContextSwitchTo(old);
}

static void
end_rows(RowScan *scan)
{
	if (scan->rows == NULL)
		return;
	close_source(scan);
	ExecClearTuple(scan->css.ss.ss_ScanTupleSlot);
	rs_result_row_close(&scan->row);
	MemoryContextDelete(scan->rows);
	scan->rows = NULL;
}

/* The next row from the source: its wanted columns, which stay where they are. An empty slot at the end. */
static TupleTableSlot *
make_row(RowScan *scan)
{
	TupleTableSlot *slot = scan->css.ss.ss_ScanTupleSlot;
	MemoryContext old;
	bool		made;

	if (scan->rows == NULL)
		begin_rows(scan);
	if (scan->ended)
		return slot;
	old = MemoryContextSwitchTo(scan->rows);
	made = scan->source.next(scan->source.state, &scan->row);
	MemoryContextSwitchTo(old);
	if (!made)
	{
		scan->ended = true;
		close_source(scan);
		return slot;
	}
	Assert(scan->row.column == scan->row.columns);
	for (int i = 0; i < scan->columns; i++)
	{
		slot->tts_values[i] = scan->row.value[scan->column[i]];
		slot->tts_isnull[i] = scan->row.isnull[scan->column[i]];
	}
	return ExecStoreVirtualTuple(slot);
}

static TupleTableSlot *
next_row(ScanState *node)
{
	RowScan    *scan = (RowScan *) node;
	TupleTableSlot *slot = scan->css.ss.ss_ScanTupleSlot;

	ExecClearTuple(slot);
	if (scan->kept == NULL)
		return make_row(scan);
	if (tuplestore_gettupleslot(scan->kept, true, false, scan->kept_slot))
	{
		slot_getallattrs(scan->kept_slot);
		memcpy(slot->tts_values, scan->kept_slot->tts_values, sizeof(Datum) * scan->columns);
		memcpy(slot->tts_isnull, scan->kept_slot->tts_isnull, sizeof(bool) * scan->columns);
		return ExecStoreVirtualTuple(slot);
	}
	slot = make_row(scan);
	/* at its end, where the reading position moves along */
	if (!TupIsNull(slot))
		tuplestore_puttupleslot(scan->kept, slot);
	return slot;
}

/*
 * While another session's change of a row is looked at (EvalPlanQual), a scan of
 * no table of its own is only asked to check a row that somebody put into its
 * slot. Nobody does: who locks rows beside ours asks for ours as a whole, and
 * gets the server's scan. What is left, such as members of a UNION ALL, reads as
 * ever (test/t/row_scan_server.t).
 */
static bool
recheck_row(ScanState *node, TupleTableSlot *slot)
{
	(void) next_row(node);		/* into the slot */
	return !TupIsNull(slot);
}

static TupleTableSlot *
exec_scan(CustomScanState *node)
{
	return ExecScan(&node->ss, next_row, recheck_row);
}

static bool
find_parameters(Node *node, RowScan *scan)
{
	if (node == NULL)
		return false;
	if (IsA(node, Param) && ((Param *) node)->paramkind == PARAM_EXEC)
		scan->parameters = bms_add_member(scan->parameters, ((Param *) node)->paramid);
	else if (IsA(node, SubPlan) || IsA(node, AlternativeSubPlan))
		scan->has_subplan = true;
	return expression_tree_walker(node, find_parameters, (void *) scan);
}

static void
keep_rows(RowScan *scan)
{
	MemoryContext old = MemoryContextSwitchTo(scan->css.ss.ps.state->es_query_cxt);

	scan->kept = tuplestore_begin_heap(false, false, work_mem);
	tuplestore_set_eflags(scan->kept, EXEC_FLAG_REWIND);
	scan->kept_slot = MakeSingleTupleTableSlot(scan->css.ss.ss_ScanTupleSlot->tts_tupleDescriptor, &TTSOpsMinimalTuple);
	MemoryContextSwitchTo(old);
}

static void
begin_scan(CustomScanState *node, EState *estate, int eflags)
{
	RowScan    *scan = (RowScan *) node;
	CustomScan *plan = (CustomScan *) node->ss.ps.plan;
	List	   *columns = plan->custom_private;
	AclResult	allowed;

	scan->call = linitial_node(FuncExpr, plan->custom_exprs);
	allowed = rs_function_aclcheck(scan->call->funcid, GetUserId(), ACL_EXECUTE);
	if (allowed != ACLCHECK_OK)
		aclcheck_error(allowed, OBJECT_FUNCTION, get_func_name(scan->call->funcid));
	InvokeFunctionExecuteHook(scan->call->funcid);
	fmgr_info_cxt(scan->call->funcid, &scan->function, estate->es_query_cxt);
	fmgr_info_set_expr((Node *) scan->call, &scan->function);
	scan->argument = ExecInitExprList(scan->call->args, &node->ss.ps);
	(void) find_parameters((Node *) scan->call->args, scan);
	scan->row_columns = linitial_int(columns);
	scan->columns = list_length(columns) - 1;
	scan->column = palloc(sizeof(int) * Max(scan->columns, 1));
	for (int i = 0; i < scan->columns; i++)
		scan->column[i] = list_nth_int(columns, i + 1) - 1;
	scan->fcinfo = palloc0(SizeForFunctionCallInfo(list_length(scan->call->args)));
	InitFunctionCallInfoData(*scan->fcinfo, &scan->function, list_length(scan->call->args),
							 scan->call->inputcollid, (Node *) node, NULL);
	if (eflags & EXEC_FLAG_REWIND)
		keep_rows(scan);
}

static void
rescan(CustomScanState *node)
{
	RowScan    *scan = (RowScan *) node;
	Bitmapset  *changed = node->ss.ps.chgParam;
	bool		same = scan->has_subplan ? changed == NULL : !bms_overlap(changed, scan->parameters);

	ExecScanReScan(&node->ss);
	if (same && scan->rows == NULL)
		return;
	if (same && scan->kept != NULL)
	{
		tuplestore_rescan(scan->kept);
		return;
	}
	end_rows(scan);
	if (scan->kept != NULL)
	{
		ExecClearTuple(scan->kept_slot);
		tuplestore_clear(scan->kept);
	}
	else if (same)
		keep_rows(scan);
}

static void
end_scan(CustomScanState *node)
{
	RowScan    *scan = (RowScan *) node;

	end_rows(scan);
	if (scan->kept != NULL)
	{
		ExecDropSingleTupleTableSlot(scan->kept_slot);
		tuplestore_end(scan->kept);
	}
}

/* As of a function scan: the function always, its arguments with VERBOSE. */
static void
explain(CustomScanState *node, List *ancestors, ExplainState *es)
{
	FuncExpr   *call = linitial_node(FuncExpr, ((CustomScan *) node->ss.ps.plan)->custom_exprs);
	char	   *name = get_func_name(call->funcid);

	/* auto_explain comes at the end, when the function may be dropped */
	if (name == NULL)
		return;
	ExplainPropertyText("Function", quote_qualified_identifier(get_namespace_name(get_func_namespace(call->funcid)), name), es);
	if (es->verbose)
		ExplainPropertyText("Function Call",
							deparse_expression((Node *) call,
											   set_deparse_context_plan(es->deparse_cxt, node->ss.ps.plan, ancestors),
											   true, false), es);
}

static const CustomExecMethods exec_methods = {
	.CustomName = "risk_screen rows",
	.BeginCustomScan = begin_scan,
	.ExecCustomScan = exec_scan,
	.EndCustomScan = end_scan,
	.ReScanCustomScan = rescan,
	.ExplainCustomScan = explain,
};

/* ---------- planning ---------- */

static Node *
create_state(CustomScan *plan)
{
	RowScan    *scan = palloc0(sizeof(RowScan));

	NodeSetTag(scan, T_CustomScanState);
	scan->css.methods = &exec_methods;
	return (Node *) scan;
}

static const CustomScanMethods scan_methods = {
	.CustomName = "risk_screen rows",
	.CreateCustomScanState = create_state,
};

/*
 * The scan's rows have the columns that somebody wants, told in a list as no
 * table has them; beside it, how many the function's have and which these are.
 */
static Plan *
plan_path(PlannerInfo *root, RelOptInfo *rel, CustomPath *path, List *tlist, List *clauses, List *children)
{
	RangeTblEntry *rte = planner_rt_fetch(rel->relid, root);
	RangeTblFunction *function = linitial_node(RangeTblFunction, rte->functions);
	CustomScan *scan = makeNode(CustomScan);
	List	   *qual = extract_actual_clauses(clauses, false);
	Bitmapset  *listed = NULL;
	ListCell   *cell;

	scan->custom_private = list_make1_int(list_length(rte->eref->colnames));
	/* the target list may be empty here, and get expressions later */
	foreach(cell, list_concat(pull_var_clause((Node *) rel->reltarget->exprs, PVC_RECURSE_PLACEHOLDERS),
							  pull_var_clause((Node *) list_concat_copy(tlist, qual), PVC_RECURSE_PLACEHOLDERS)))
	{
		Var		   *column = lfirst_node(Var, cell);
		int			n = list_length(scan->custom_scan_tlist) + 1;

		if (column->varno != rel->relid || bms_is_member(column->varattno, listed))
			continue;
		listed = bms_add_member(listed, column->varattno);
		scan->custom_scan_tlist = lappend(scan->custom_scan_tlist,
										  makeTargetEntry((Expr *) copyObject(column), (AttrNumber) n,
														  pstrdup(strVal(list_nth(rte->eref->colnames, column->varattno - 1))), false));
		scan->custom_private = lappend_int(scan->custom_private, column->varattno);
	}
	scan->scan.plan.targetlist = tlist;
	scan->scan.plan.qual = qual;
	scan->scan.scanrelid = 0;
	scan->flags = path->flags;
	scan->custom_exprs = list_make1(copyObject(function->funcexpr));
	scan->methods = &scan_methods;
	return &scan->scan.plan;
}

static const CustomPathMethods path_methods = {
	.CustomName = "risk_screen rows",
	.PlanCustomPath = plan_path,
};

/* Does it take part, as it was declared: with nothing set or changed around the call? */
static bool
takes_part(Oid function)
{
	HeapTuple	tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(function));
	Form_pg_proc proc;
	bool		result;

	if (!HeapTupleIsValid(tuple))
		return false;
	proc = (Form_pg_proc) GETSTRUCT(tuple);
	result = proc->prosupport == support_function && proc->proretset && !proc->prosecdef &&
		heap_attisnull(tuple, Anum_pg_proc_proconfig, NULL);
	ReleaseSysCache(tuple);
	return result;
}

/* Somebody asks for the row as a whole, which a list of columns does not give. */
static bool
needs_whole_row(RelOptInfo *rel)
{
	Bitmapset  *columns = NULL;
	ListCell   *cell;

	pull_varattnos((Node *) rel->reltarget->exprs, rel->relid, &columns);
	foreach(cell, rel->baserestrictinfo)
		pull_varattnos((Node *) lfirst_node(RestrictInfo, cell)->clause, rel->relid, &columns);
	foreach(cell, rel->joininfo)
		pull_varattnos((Node *) lfirst_node(RestrictInfo, cell)->clause, rel->relid, &columns);
	return bms_is_member(0 - FirstLowInvalidHeapAttributeNumber, columns);
}

static void
add_row_scan(PlannerInfo *root, RelOptInfo *rel, Index relid, RangeTblEntry *rte)
{
	RangeTblFunction *function;
	CustomPath *path;
	Path	   *plain;

	if (next_pathlist_hook)
		next_pathlist_hook(root, rel, relid, rte);
	if (rte->rtekind != RTE_FUNCTION || !rs_enable_row_scan || !OidIsValid(support_function) || list_length(rte->functions) != 1 ||
		rte->funcordinality || rel->pathlist == NIL)
		return;
	function = linitial_node(RangeTblFunction, rte->functions);
	if (!IsA(function->funcexpr, FuncExpr) || function->funccolnames != NIL ||
		!takes_part(((FuncExpr *) function->funcexpr)->funcid) || needs_whole_row(rel))
		return;
	plain = linitial(rel->pathlist);
	if (plain->pathtype != T_FunctionScan)
		return;
	path = makeNode(CustomPath);
	path->path.pathtype = T_CustomScan;
	path->path.parent = rel;
	path->path.pathtarget = rel->reltarget;
	path->path.param_info = plain->param_info;
	path->path.parallel_safe = plain->parallel_safe;
	path->path.rows = plain->rows;
	/* rows come as they are made, and are not copied */
	path->path.startup_cost = 0;
	path->path.total_cost = plain->total_cost - 0.5 * cpu_tuple_cost * clamp_row_est(plain->rows);
	path->flags = CUSTOMPATH_SUPPORT_PROJECTION;
	path->methods = &path_methods;
	add_path(rel, &path->path);
}

/* risk_screen._rows_support(internal) returns internal: see the head of this file */
PG_FUNCTION_INFO_V1(rs_rows_support);
Datum
rs_rows_support(PG_FUNCTION_ARGS)
{
	support_function = fcinfo->flinfo->fn_oid;
	PG_RETURN_POINTER(NULL);
}

void
rs_row_scan_init(void)
{
	RegisterCustomScanMethods(&scan_methods);
	next_pathlist_hook = set_rel_pathlist_hook;
	set_rel_pathlist_hook = add_row_scan;
}
