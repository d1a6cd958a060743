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
#include "row_scan.h"
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

typedef struct Listing			/* transfers of a graph that are being listed */
{
	MemoryContext budget;
	MemoryContext scratch;		/* of texts; reset now and then */
	RsFlow	   *flow;
	uint32	   *order;			/* of the transfers, by time */
	uint32	   *payer;
	uint32		at;				/* the next */
} Listing;

/* ord, fee, currency: NULL where the query has no such column. */
static void
write_optional(const RsFlowColumns *c, RsResultRow *row, uint32 transfer)
{
	RsGraphExtra extra;

	rs_flow_extra(c, transfer, &extra);
	if (!(c->has & (1u << RS_GC_ORD)) || extra.ord == PG_INT64_MAX)
		rs_row_null(row);
	else
		rs_row_int8(row, extra.ord);
	if (c->has & (1u << RS_GC_FEE))
		rs_row_varlena(row, rs_int128_to_numeric(extra.fee, extra.fee_scale));
	else
		rs_row_null(row);
	if (extra.currency != RS_NO_ID)
		rs_row_varlena(row, rs_flow_currency_text(c, extra.currency));
	else
		rs_row_null(row);
}

static bool
next_transfer(void *state, RsResultRow *row)
{
	Listing    *l = state;
	RsFlow	   *flow = l->flow;
	const RsArc *arc = flow->side[RS_FLOW_OUT].arc;
	MemoryContext old;
	uint32		t;

	if (l->at == flow->ntransfers)
		return false;
	if ((l->at & 0xFF) == 0)
		MemoryContextReset(l->scratch);
	t = l->order[l->at++];
	old = MemoryContextSwitchTo(l->scratch);
	rs_row_begin(row);
	rs_row_varlena(row, flow->txn_text(flow, t));
	rs_row_varlena(row, flow->account_text(flow, l->payer[t]));
	rs_row_varlena(row, flow->account_text(flow, arc[t].peer));
	rs_row_varlena(row, rs_int128_to_numeric(rs_flow_amount(flow, t), flow->scale));
	rs_row_int8(row, rs_flow_time(flow, arc[t].when));
	if (flow->columns)
		write_optional(flow->columns, row, t);
	else
		for (int i = 0; i < 3; i++)
			rs_row_null(row);
	MemoryContextSwitchTo(old);
	return true;
}

static void
close_transfers(void *state)
{
	Listing    *l = state;

	l->flow->close(l->flow);
	MemoryContextDelete(l->budget);
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
	Listing    *l = rs_alloc0(budget, 1, sizeof(Listing), "reading the flow graph");

	l->budget = budget;
	l->scratch = AllocSetContextCreate(budget, "risk_screen row", ALLOCSET_SMALL_SIZES);
	l->flow = rs_flow_graph_open(name, budget);
	l->payer = rs_alloc(budget, l->flow->ntransfers, sizeof(uint32), "reading the flow graph");
	rs_flow_ends(l->flow, l->payer, NULL, NULL);
	l->order = rs_flow_time_order(l->flow, budget);
	return rs_return_rows(fcinfo, &(RsRowSource) {next_transfer, close_transfers, l});
}
