/*
 * src/flow_graph_sql.c
 *	  create_flow_graph, refresh_flow_graph, drop_flow_graph and their kin.
 *
 * What it has in common with an ownership graph is in src/graph_life.c.
 */
#include "pg_compat.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "portability/instr_time.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#include "flow_column.h"
#include "flow_graph.h"
#include "flow_order.h"
#include "query_reader.h"
#include "risk_screen.h"
#include "rs_memory.h"

/*
 * create_flow_graph(name text, transfers text, bad_rows text) returns bigint
 *
 * Defines and builds a flow graph; returns its number of transfers. The owner
 * is the current user, whose rights, row-level security, search_path and
 * risk_screen.time_zone hold for this build and all later ones. Errors: 42710
 * name taken, those of the query, 53400/54000 memory. Cost: reading the query
 * plus about 0.2 microseconds a transfer.
 */
PG_FUNCTION_INFO_V1(rs_create_flow_graph);
Datum
rs_create_flow_graph(PG_FUNCTION_ARGS)
{
	RsGraphDefinition *d;
	RsGraphBuilt built = {0};
	RsGraphOwner owner;
	instr_time	start;
	MemoryContext budget;

	rs_graph_must_be_able_to_write(&rs_flow_graphs, "create");
	INSTR_TIME_SET_CURRENT(start);
	d = rs_graph_create_arguments(&rs_flow_graphs, fcinfo);
	SPI_connect();
	rs_graph_define(d);
	budget = AllocSetContextCreate(CurrentMemoryContext, "risk_screen flow graph build", ALLOCSET_DEFAULT_SIZES);
	/* names mean what they will mean to a refresh */
	rs_graph_be_owner(d, &owner);
	rs_graph_build(d, budget, &built);
	rs_graph_be_user(&owner);
	MemoryContextDelete(budget);
	built.how = "created";
	rs_graph_record(d, &built, rs_seconds_since(start));
	SPI_finish();
	rs_graph_store_sweep(rs_graph_files_in_use);
	PG_RETURN_INT64(built.rows);
}

/*
 * refresh_flow_graph(name text, closed_before timestamptz, max_parts integer) returns text
 *
 * Brings the graph up to date with its query, as the owner and under the
 * settings of its creation. Rows earlier than closed_before are taken as they
 * are in the graph, unread; NULL: every row is compared. When rows are
 * appended, the graph has at most max_parts parts afterwards. Returns
 * 'unchanged', 'appended' (only rows later than the watermark were new) or
 * 'rebuilt' (earlier rows changed, vanished or came late, or there was no sound
 * file). Errors: 42704 no such graph, 42501 not the owner, 22023 max_parts
 * outside 1 .. 16. Cost: see docs/flow_graph.md.
 */
PG_FUNCTION_INFO_V1(rs_refresh_flow_graph);
Datum
rs_refresh_flow_graph(PG_FUNCTION_ARGS)
{
	RsGraphDefinition *d;
	RsGraphBuilt built = {0};
	instr_time	start;
	MemoryContext budget,
				pins;
	RsGraphOwner owner;
	bool		done = false;
	TimestampTz closed_before = PG_ARGISNULL(1) ? DT_NOBEGIN : PG_GETARG_TIMESTAMPTZ(1);
	int			max_parts = PG_NARGS() < 3 || PG_ARGISNULL(2) ? RS_FLOW_MAX_PARTS : PG_GETARG_INT32(2);

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	if (max_parts < 1 || max_parts > RS_FLOW_MAX_PARTS)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("max_parts must be between 1 and %d", RS_FLOW_MAX_PARTS)));
	rs_graph_must_be_able_to_write(&rs_flow_graphs, "refresh");
	INSTR_TIME_SET_CURRENT(start);
	d = rs_graph_definition(&rs_flow_graphs, rs_graph_read_name(PG_GETARG_TEXT_PP(0)), true, CurrentMemoryContext);
	rs_graph_must_own(d);

	rs_graph_be_owner(d, &owner);
	SPI_connect();
	pins = AllocSetContextCreate(CurrentMemoryContext, "risk_screen flow graph pins", ALLOCSET_SMALL_SIZES);
	/* We may have waited for the lock: see what is committed now. */
	PushActiveSnapshot(GetTransactionSnapshot());
	if (d->files)
	{
		RsGraphIdentity identity = rs_graph_definition_identity(d);
		RsGraphMapping *older;
		const char *problem = NULL;
		RsMapResult result = rs_graph_map(d->files, d->stamps, &identity, pins, &older, &problem);

		if (result == RS_MAP_DAMAGED)
			ereport(WARNING,
					(errcode(ERRCODE_DATA_CORRUPTED),
					 errmsg("the file of flow graph \"%s\" is not trusted and will be replaced", d->name),
					 errdetail_internal("%s", problem)));
		if (result == RS_MAPPED && older->graph.ntransfers > 0)
		{
			budget = AllocSetContextCreate(CurrentMemoryContext, "risk_screen flow graph refresh", ALLOCSET_DEFAULT_SIZES);
			done = rs_graph_refresh(d, older, closed_before, max_parts, budget, &built);
			MemoryContextDelete(budget);
		}
	}
	if (!done)
	{
		budget = AllocSetContextCreate(CurrentMemoryContext, "risk_screen flow graph build", ALLOCSET_DEFAULT_SIZES);
		rs_graph_build(d, budget, &built);
		MemoryContextDelete(budget);
	}
	PopActiveSnapshot();
	MemoryContextDelete(pins);
	rs_graph_be_user(&owner);

	rs_graph_drop_files(d->files, built.files);
	rs_graph_record(d, &built, rs_seconds_since(start));
	SPI_finish();
	rs_graph_store_sweep(rs_graph_files_in_use);
	PG_RETURN_TEXT_P(cstring_to_text(built.how));
}

/* drop_flow_graph(name text) returns void: the files go when the transaction commits */
PG_FUNCTION_INFO_V1(rs_drop_flow_graph);
Datum
rs_drop_flow_graph(PG_FUNCTION_ARGS)
{
	rs_graph_drop(&rs_flow_graphs, fcinfo);
	PG_RETURN_VOID();
}

/* grant_flow_graph(name text, role text) returns void: role may read the graph; 'public' is everybody */
PG_FUNCTION_INFO_V1(rs_grant_flow_graph);
Datum
rs_grant_flow_graph(PG_FUNCTION_ARGS)
{
	rs_graph_grant(&rs_flow_graphs, fcinfo, true);
	PG_RETURN_VOID();
}

/* revoke_flow_graph(name text, role text) returns void */
PG_FUNCTION_INFO_V1(rs_revoke_flow_graph);
Datum
rs_revoke_flow_graph(PG_FUNCTION_ARGS)
{
	rs_graph_grant(&rs_flow_graphs, fcinfo, false);
	PG_RETURN_VOID();
}

static RsMapResult
map_files(const RsGraphDefinition *d, const RsGraphIdentity *expected, void *arg, const char **problem)
{
	RsGraphOpened *o = arg;
	RsGraphMapping *mapping = NULL;
	RsMapResult result = rs_graph_map(d->files, d->stamps, expected, o->owner, &mapping, problem);

	o->mapping = mapping;
	return result;
}

static bool
verify(void *mapping, const char **problem)
{
	return rs_graph_verify(&((RsGraphMapping *) mapping)->graph, problem);
}

/*
 * check_flow_graph(name text) returns text
 *
 * 'sound' after reading the whole file and verifying every checksum, else what
 * is wrong: 'not built', 'missing', or a sentence. For the owner and readers.
 */
PG_FUNCTION_INFO_V1(rs_check_flow_graph);
Datum
rs_check_flow_graph(PG_FUNCTION_ARGS)
{
	PG_RETURN_DATUM(rs_graph_check(&rs_flow_graphs, fcinfo, map_files, verify));
}

/* _flow_graph_state(name text, out state text, out stale boolean): for the view flow_graph */
PG_FUNCTION_INFO_V1(rs_flow_graph_state);
Datum
rs_flow_graph_state(PG_FUNCTION_ARGS)
{
	PG_RETURN_DATUM(rs_graph_state(&rs_flow_graphs, fcinfo, map_files));
}

static void
optional_values(const RsFlowColumns *c, uint32 transfer, Datum *values, bool *nulls)
{
	RsGraphExtra extra;

	rs_flow_extra(c, transfer, &extra);
	nulls[0] = !(c->has & (1u << RS_GC_ORD)) || extra.ord == PG_INT64_MAX;
	nulls[1] = !(c->has & (1u << RS_GC_FEE));
	nulls[2] = extra.currency == RS_NO_ID;
	values[0] = Int64GetDatum(extra.ord);
	values[1] = rs_int128_to_numeric(extra.fee, extra.fee_scale);
	if (!nulls[2])
		values[2] = rs_flow_currency_text(c, extra.currency);
}

/*
 * flow_graph_transfers(name text)
 *	 returns (txn_id text, payer text, payee text, amount numeric, paid_at timestamptz,
 *			  ord bigint, fee numeric, currency text)
 *
 * What a graph holds, in (paid_at, txn_id) order: to compare it with its
 * source, or to hand an auditor exactly what was traced. For readers. Memory:
 * 16 bytes a transfer. The last three are NULL unless the query has the column; a
 * fee that is NULL in the query is 0.
 */
PG_FUNCTION_INFO_V1(rs_flow_graph_transfers);
Datum
rs_flow_graph_transfers(PG_FUNCTION_ARGS)
{
	char	   *name = rs_graph_read_name(PG_GETARG_TEXT_PP(0));
	MemoryContext budget = AllocSetContextCreate(CurrentMemoryContext, "risk_screen flow graph rows", ALLOCSET_DEFAULT_SIZES);
	MemoryContext scratch = AllocSetContextCreate(budget, "risk_screen row", ALLOCSET_SMALL_SIZES);
	RsFlow	   *flow;
	uint32	   *order,
			   *payer;
	const RsFlowSide *out;
	ReturnSetInfo *result;

	InitMaterializedSRF(fcinfo, 0);
	result = (ReturnSetInfo *) fcinfo->resultinfo;
	flow = rs_flow_graph_open(name, budget);
	out = &flow->side[RS_FLOW_OUT];
	payer = rs_alloc(budget, flow->ntransfers, sizeof(uint32), "reading the flow graph");
	rs_flow_ends(flow, payer, NULL, NULL);
	order = rs_flow_time_order(flow, budget);
	for (uint32 i = 0; i < flow->ntransfers; i++)
	{
		uint32		t = order[i];
		Datum		values[8];
		bool		nulls[8] = {false, false, false, false, false, true, true, true};
		MemoryContext old;

		CHECK_FOR_INTERRUPTS();
		old = MemoryContextSwitchTo(scratch);
		values[0] = flow->txn_text(flow, t);
		values[1] = flow->account_text(flow, payer[t]);
		values[2] = flow->account_text(flow, out->arc[t].peer);
		values[3] = rs_int128_to_numeric(rs_flow_amount(flow, t), flow->scale);
		values[4] = TimestampTzGetDatum(rs_flow_time(flow, out->arc[t].when));
		if (flow->columns)
			optional_values(flow->columns, t, values + 5, nulls + 5);
		tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
		MemoryContextSwitchTo(old);
		MemoryContextReset(scratch);
	}
	flow->close(flow);
	MemoryContextDelete(budget);
	return (Datum) 0;
}
