/*
 * src/row_estimate.c
 *	  Planner support of functions that read a whole query: rows and cost in
 *	  proportion to what the planner expects of the query they are given.
 *
 * The text is planned as it would be read, if it is known when the call is
 * planned. A text that cannot be planned (a mistake, the name of a flow graph)
 * or that the caller may not read leaves the numbers of CREATE FUNCTION: the
 * call itself will say what is wrong, and EXPLAIN tells nobody how many rows a
 * closed table has.
 */
#include "pg_compat.h"

#include "access/xact.h"
#include "catalog/pg_type.h"
#include "executor/executor.h"
#include "nodes/parsenodes.h"
#include "nodes/plannodes.h"
#include "nodes/primnodes.h"
#include "nodes/supportnodes.h"
#include "optimizer/cost.h"
#include "optimizer/optimizer.h"
#include "parser/parser.h"
#include "tcop/tcopprot.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/resowner.h"
#include "utils/snapmgr.h"

#include "query_reader.h"

/*
 * Rows of the answer and comparisons of the search for a row of the input.
 * Answers depend on the data: these are between what filings of 11,000 and of
 * 200,000 transfers gave (test/t/clients.t holds them to it).
 */
static const struct
{
	const char *function;
	double		rows,
				steps;
}			models[] =
{
	{"account_profile", 0.08, 10},
	{"flow_groups", 0.08, 10},
	{"fund_pools", 0.004, 10},
	{"find_cycles", 0.1, 100},
	{"find_fan_in", 0.03, 20},
	{"find_fan_out", 0.016, 20},
	{"find_gather_scatter", 0.012, 50},
	{"find_pass_through", 0.06, 50},
	{"find_scatter_gather", 0.7, 200},
};

/* What the planner expects of the text; false if it cannot be told. */
static bool
plan_text(char *text, double *rows, double *cost)
{
	const RsContract contract = {.name = "query"};
	MemoryContext caller = CurrentMemoryContext;
	ResourceOwner owner = CurrentResourceOwner;
	volatile bool planned = false;

	if (IsInParallelMode() || !ActiveSnapshotSet())
		return false;
	BeginInternalSubTransaction(NULL);
	MemoryContextSwitchTo(caller);
	PG_TRY();
	{
		char	   *select = rs_read_only_select(text, &contract);
		List	   *parsed = raw_parser(select, RAW_PARSE_DEFAULT);
		List	   *queries = pg_analyze_and_rewrite_fixedparams(linitial_node(RawStmt, parsed), select, NULL, 0, NULL);
		PlannedStmt *plan = pg_plan_query(linitial_node(Query, queries), select, CURSOR_OPT_PARALLEL_OK, NULL);

		if (rs_may_execute(plan))
		{
			*rows = plan->planTree->plan_rows;
			*cost = plan->planTree->total_cost;
			planned = true;
		}
		ReleaseCurrentSubTransaction();
	}
	PG_CATCH();
	{
		ErrorData  *error;

		MemoryContextSwitchTo(caller);
		error = CopyErrorData();
		FlushErrorState();
		RollbackAndReleaseCurrentSubTransaction();
		MemoryContextSwitchTo(caller);
		CurrentResourceOwner = owner;
		/* a mistake in the text is the call's to report; whoever cancels is obeyed */
		if (ERRCODE_TO_CATEGORY(error->sqlerrcode) == ERRCODE_OPERATOR_INTERVENTION)
			ReThrowError(error);
		FreeErrorData(error);
	}
	PG_END_TRY();
	MemoryContextSwitchTo(caller);
	CurrentResourceOwner = owner;
	return planned;
}

/* The first argument as text if it is known; NULL otherwise. */
static char *
known_text(PlannerInfo *root, Node *call)
{
	Node	   *first;

	if (call == NULL || !IsA(call, FuncExpr) || ((FuncExpr *) call)->args == NIL)
		return NULL;
	first = linitial(((FuncExpr *) call)->args);
	if (root)
		first = estimate_expression_value(root, first);
	if (!IsA(first, Const) || ((Const *) first)->constisnull || ((Const *) first)->consttype != TEXTOID)
		return NULL;
	return TextDatumGetCString(((Const *) first)->constvalue);
}

/* _rows_of_query(internal): answers SupportRequestRows and SupportRequestCost. */
PG_FUNCTION_INFO_V1(rs_rows_of_query);
Datum
rs_rows_of_query(PG_FUNCTION_ARGS)
{
	Node	   *request = (Node *) PG_GETARG_POINTER(0);
	bool		about_rows = IsA(request, SupportRequestRows);
	Oid			function;
	PlannerInfo *root;
	Node	   *call;
	char	   *text,
			   *name;
	double		rows,
				cost;

	if (about_rows)
	{
		SupportRequestRows *r = (SupportRequestRows *) request;

		function = r->funcid, root = r->root, call = r->node;
	}
	else if (IsA(request, SupportRequestCost))
	{
		SupportRequestCost *r = (SupportRequestCost *) request;

		function = r->funcid, root = r->root, call = r->node;
	}
	else
		PG_RETURN_POINTER(NULL);
	text = known_text(root, call);
	name = get_func_name(function);
	if (text == NULL || name == NULL)
		PG_RETURN_POINTER(NULL);
	for (int i = 0; i < lengthof(models); i++)
	{
		if (strcmp(models[i].function, name) != 0)
			continue;
		if (!plan_text(text, &rows, &cost))
			break;
		if (about_rows)
			((SupportRequestRows *) request)->rows = clamp_row_est(rows * models[i].rows);
		else
		{
			((SupportRequestCost *) request)->startup = cost + rows * models[i].steps * cpu_operator_cost;
			((SupportRequestCost *) request)->per_tuple = 0;
		}
		PG_RETURN_POINTER(request);
	}
	PG_RETURN_POINTER(NULL);
}
