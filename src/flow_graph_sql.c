/*
 * src/flow_graph_sql.c
 *	  create_flow_graph, refresh_flow_graph, drop_flow_graph and their kin.
 *
 * A flow graph is to a transfers query what a materialised view is to its
 * query: it has an owner, is built with the owner's rights and settings, and
 * is read by whom the owner lets. Creating, refreshing and dropping are
 * transactional; the row of the definition is the lock.
 */
#include "pg_compat.h"

#include "access/htup_details.h"
#include "access/xact.h"
#include "access/xlog.h"
#include "catalog/pg_type.h"
#include "commands/event_trigger.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "nodes/parsenodes.h"
#include "portability/instr_time.h"
#include "tcop/utility.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#include "flow_column.h"
#include "flow_graph.h"
#include "flow_order.h"
#include "query_reader.h"
#include "risk_screen.h"
#include "rs_memory.h"

/* ---------- the functions ---------- */

static void
must_be_able_to_write(const char *function)
{
	PreventCommandIfReadOnly(function);
	PreventCommandIfParallelMode(function);
	if (RecoveryInProgress())
		ereport(ERROR,
				(errcode(ERRCODE_READ_ONLY_SQL_TRANSACTION),
				 errmsg("cannot execute %s during recovery", function),
				 errhint("Flow graphs are built on the primary server; on a standby trace the query itself.")));
}

/* The optional columns it keeps, as an array prints. */
static char *
columns_list(uint32 columns)
{
	static const char *const name[RS_GC_COLUMNS] = {"ord", "fee", "currency"};
	StringInfoData list;

	initStringInfo(&list);
	for (int c = 0; c < RS_GC_COLUMNS; c++)
		if (columns & (1u << c))
			appendStringInfo(&list, "%s%s", list.len ? "," : "", name[c]);
	return psprintf("{%s}", list.data);
}

/* Note the files in the catalog. SPI is connected. */
static void
record(const RsGraphDefinition *d, const RsGraphBuilt *built, double seconds)
{
	enum {NARGS = 15};
	Oid			types[NARGS] = {TEXTOID, TEXTOID, TEXTOID, INT8OID, INT8OID, INT8OID,
	TIMESTAMPTZOID, TIMESTAMPTZOID, TIMESTAMPTZOID, FLOAT8OID, BOOLOID, TEXTOID, TEXTOID, INT4OID, TEXTOID};
	Datum		values[NARGS];
	char		nulls[NARGS];

	memset(nulls, ' ', sizeof(nulls));
	values[0] = CStringGetTextDatum(d->name);
	values[1] = CStringGetTextDatum(built->files);
	values[2] = CStringGetTextDatum(built->stamps);
	values[3] = Int64GetDatum(built->transfers);
	values[4] = Int64GetDatum(built->accounts);
	values[5] = Int64GetDatum((int64) built->bytes);
	values[6] = TimestampTzGetDatum(built->first_at);
	values[7] = TimestampTzGetDatum(built->last_at);
	if (built->transfers == 0)
		nulls[6] = nulls[7] = 'n';
	values[8] = TimestampTzGetDatum(GetCurrentTimestamp());
	values[9] = Float8GetDatum(seconds);
	values[10] = BoolGetDatum(built->complete);
	values[11] = CStringGetTextDatum(built->how);
	if (built->evidence)
		values[12] = CStringGetTextDatum(built->evidence);
	else
		nulls[12] = 'n';
	values[13] = Int32GetDatum(built->nparts);
	values[14] = CStringGetTextDatum(columns_list(built->columns));
	rs_graph_catalog("DELETE FROM risk_screen._flow_graph_file f WHERE f.name OPERATOR(pg_catalog.=) $1",
					 false, 1, types, values, NULL);
	rs_graph_catalog("INSERT INTO risk_screen._flow_graph_file"
					 " (name, files, stamps, transfers, accounts, bytes, first_at, last_at, refreshed_at, seconds, complete, refreshed_by, evidence, parts, columns)"
					 " VALUES ($1, pg_catalog.string_to_array($2, ' '), pg_catalog.string_to_array($3, ' '),"
					 " $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15::pg_catalog.text[])",
					 false, NARGS, types, values, nulls);
}

/* Of the files of a graph (NULL: none), drop at commit those that it no longer has. */
static void
drop_files(const char *files, const char *kept)
{
	char	   *copy = pstrdup(files ? files : "");

	for (char *name = strtok(copy, " "); name; name = strtok(NULL, " "))
		if (strstr(kept, name) == NULL)
			rs_graph_file_drop(name);
}

static double
seconds_since(instr_time start)
{
	instr_time	now;

	INSTR_TIME_SET_CURRENT(now);
	INSTR_TIME_SUBTRACT(now, start);
	return INSTR_TIME_GET_DOUBLE(now);
}

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
	RsGraphDefinition d = {0};
	RsGraphBuilt built = {0};
	instr_time	start;
	Oid			types[6] = {TEXTOID, OIDOID, TEXTOID, TEXTOID, TEXTOID, TEXTOID};
	Datum		values[6];
	MemoryContext budget;

	must_be_able_to_write("create_flow_graph()");
	INSTR_TIME_SET_CURRENT(start);
	d.name = rs_graph_read_name(PG_GETARG_TEXT_PP(0));
	d.transfers = text_to_cstring(PG_GETARG_TEXT_PP(1));
	d.bad_rows = text_to_cstring(PG_GETARG_TEXT_PP(2));
	d.owner = GetUserId();
	d.search_path = pstrdup(GetConfigOption("search_path", false, false));
	d.time_zone = pstrdup(rs_time_zone_name);
	rs_bad_rows_option(d.bad_rows);
	if (strncmp(d.transfers, "graph:", 6) == 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("a flow graph cannot be made from a flow graph"),
				 errhint("Pass the transfers query, or a table or view.")));

	SPI_connect();
	values[0] = CStringGetTextDatum(d.name);
	values[1] = ObjectIdGetDatum(d.owner);
	values[2] = CStringGetTextDatum(d.transfers);
	values[3] = CStringGetTextDatum(d.bad_rows);
	values[4] = CStringGetTextDatum(d.search_path);
	values[5] = CStringGetTextDatum(d.time_zone);
	if (rs_graph_catalog("INSERT INTO risk_screen._flow_graph (name, owner, transfers, bad_rows, search_path, time_zone)"
						 " VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (name) DO NOTHING",
						 false, 6, types, values, NULL) == 0)
		ereport(ERROR,
				(errcode(ERRCODE_DUPLICATE_OBJECT),
				 errmsg("flow graph \"%s\" already exists", d.name),
				 errhint("SELECT risk_screen.refresh_flow_graph(...) brings it up to date; drop_flow_graph(...) removes it.")));

	budget = AllocSetContextCreate(CurrentMemoryContext, "risk_screen flow graph build", ALLOCSET_DEFAULT_SIZES);
	rs_graph_build(&d, budget, &built);
	MemoryContextDelete(budget);
	built.how = "created";
	record(&d, &built, seconds_since(start));
	SPI_finish();
	rs_graph_store_sweep(rs_graph_files_in_use);
	PG_RETURN_INT64(built.transfers);
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
	Oid			user;
	int			context,
				level;
	bool		done = false;
	TimestampTz closed_before = PG_ARGISNULL(1) ? DT_NOBEGIN : PG_GETARG_TIMESTAMPTZ(1);
	int			max_parts = PG_NARGS() < 3 || PG_ARGISNULL(2) ? RS_FLOW_MAX_PARTS : PG_GETARG_INT32(2);

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	if (max_parts < 1 || max_parts > RS_FLOW_MAX_PARTS)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("max_parts must be between 1 and %d", RS_FLOW_MAX_PARTS)));
	must_be_able_to_write("refresh_flow_graph()");
	INSTR_TIME_SET_CURRENT(start);
	d = rs_graph_definition(rs_graph_read_name(PG_GETARG_TEXT_PP(0)), true, CurrentMemoryContext);
	rs_graph_must_own(d);

	GetUserIdAndSecContext(&user, &context);
	SetUserIdAndSecContext(d->owner, context | SECURITY_LOCAL_USERID_CHANGE | SECURITY_RESTRICTED_OPERATION);
	level = NewGUCNestLevel();
	(void) set_config_option("search_path", d->search_path, PGC_USERSET, PGC_S_SESSION,
							 GUC_ACTION_SAVE, true, 0, false);
	(void) set_config_option("risk_screen.time_zone", d->time_zone, PGC_USERSET, PGC_S_SESSION,
							 GUC_ACTION_SAVE, true, 0, false);

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
	AtEOXact_GUC(false, level);
	SetUserIdAndSecContext(user, context);

	drop_files(d->files, built.files);
	record(d, &built, seconds_since(start));
	SPI_finish();
	rs_graph_store_sweep(rs_graph_files_in_use);
	PG_RETURN_TEXT_P(cstring_to_text(built.how));
}

/* drop_flow_graph(name text) returns void: the file goes when the transaction commits */
PG_FUNCTION_INFO_V1(rs_drop_flow_graph);
Datum
rs_drop_flow_graph(PG_FUNCTION_ARGS)
{
	RsGraphDefinition *d;
	Oid			types[1] = {TEXTOID};
	Datum		values[1];

	must_be_able_to_write("drop_flow_graph()");
	d = rs_graph_definition(rs_graph_read_name(PG_GETARG_TEXT_PP(0)), true, CurrentMemoryContext);
	rs_graph_must_own(d);
	SPI_connect();
	values[0] = CStringGetTextDatum(d->name);
	rs_graph_catalog("DELETE FROM risk_screen._flow_graph g WHERE g.name OPERATOR(pg_catalog.=) $1",
					 false, 1, types, values, NULL);
	SPI_finish();
	drop_files(d->files, "");
	PG_RETURN_VOID();
}

static Datum
change_readers(FunctionCallInfo fcinfo, const char *function, const char *sql)
{
	RsGraphDefinition *d;
	char	   *role = text_to_cstring(PG_GETARG_TEXT_PP(1));
	Oid			types[2] = {TEXTOID, OIDOID};
	Datum		values[2];

	must_be_able_to_write(function);
	d = rs_graph_definition(rs_graph_read_name(PG_GETARG_TEXT_PP(0)), true, CurrentMemoryContext);
	rs_graph_must_own(d);
	SPI_connect();
	values[0] = CStringGetTextDatum(d->name);
	values[1] = ObjectIdGetDatum(strcmp(role, "public") == 0 ? InvalidOid : get_role_oid(role, false));
	rs_graph_catalog(sql, false, 2, types, values, NULL);
	SPI_finish();
	PG_RETURN_VOID();
}

/* grant_flow_graph(name text, role text) returns void: role may read the graph; 'public' is everybody */
PG_FUNCTION_INFO_V1(rs_grant_flow_graph);
Datum
rs_grant_flow_graph(PG_FUNCTION_ARGS)
{
	return change_readers(fcinfo, "grant_flow_graph()",
						  "UPDATE risk_screen._flow_graph g SET readers = pg_catalog.array_append("
						  "pg_catalog.array_remove(g.readers, $2::pg_catalog.regrole), $2::pg_catalog.regrole)"
						  " WHERE g.name OPERATOR(pg_catalog.=) $1");
}

/* revoke_flow_graph(name text, role text) returns void */
PG_FUNCTION_INFO_V1(rs_revoke_flow_graph);
Datum
rs_revoke_flow_graph(PG_FUNCTION_ARGS)
{
	return change_readers(fcinfo, "revoke_flow_graph()",
						  "UPDATE risk_screen._flow_graph g SET readers = pg_catalog.array_remove(g.readers, $2::pg_catalog.regrole)"
						  " WHERE g.name OPERATOR(pg_catalog.=) $1");
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
	RsGraphDefinition *d = rs_graph_definition(rs_graph_read_name(PG_GETARG_TEXT_PP(0)), false, CurrentMemoryContext);
	RsGraphIdentity identity = rs_graph_definition_identity(d);
	RsGraphMapping *mapping;
	MemoryContext pins;
	const char *answer = "sound";

	if (!d->may_read)
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("permission denied for flow graph \"%s\"", d->name)));
	if (d->files == NULL)
		PG_RETURN_TEXT_P(cstring_to_text("not built"));
	pins = AllocSetContextCreate(CurrentMemoryContext, "risk_screen flow graph pins", ALLOCSET_SMALL_SIZES);
	switch (rs_graph_map(d->files, d->stamps, &identity, pins, &mapping, &answer))
	{
		case RS_MAPPED:
			(void) rs_graph_verify(&mapping->graph, &answer);
			break;
		case RS_MAP_MISSING:
			answer = "missing";
			break;
		case RS_MAP_DAMAGED:
			break;
	}
	MemoryContextDelete(pins);
	PG_RETURN_TEXT_P(cstring_to_text(answer));
}

/* _flow_graph_state(name text, out state text, out stale boolean): for the view flow_graph */
PG_FUNCTION_INFO_V1(rs_flow_graph_state);
Datum
rs_flow_graph_state(PG_FUNCTION_ARGS)
{
	RsGraphDefinition *d = rs_graph_definition(rs_graph_read_name(PG_GETARG_TEXT_PP(0)), false, CurrentMemoryContext);
	RsGraphIdentity identity = rs_graph_definition_identity(d);
	RsGraphMapping *mapping;
	MemoryContext pins;
	const char *problem;
	TupleDesc	desc;
	Datum		values[2];
	bool		nulls[2] = {false, false};
	const char *state = "ready";

	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	pins = AllocSetContextCreate(CurrentMemoryContext, "risk_screen flow graph pins", ALLOCSET_SMALL_SIZES);
	if (d->files == NULL)
		state = "not built";
	else
		switch (rs_graph_map(d->files, d->stamps, &identity, pins, &mapping, &problem))
		{
			case RS_MAPPED:
				break;
			case RS_MAP_MISSING:
				state = "missing";
				break;
			case RS_MAP_DAMAGED:
				state = "damaged";
				break;
		}
	MemoryContextDelete(pins);
	values[0] = CStringGetTextDatum(state);
	values[1] = BoolGetDatum(true);
	if (strcmp(state, "ready") == 0)
	{
		/* reading the pages is for those who may read the graph */
		nulls[1] = d->evidence == NULL || !d->may_read;
		if (!nulls[1])
			values[1] = BoolGetDatum(!rs_graph_evidence_unchanged(d->evidence));
	}
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), values, nulls)));
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

/* Event trigger on DROP EXTENSION: if ours is among them, the files go at commit. */
PG_FUNCTION_INFO_V1(rs_flow_graph_drop_extension);
Datum
rs_flow_graph_drop_extension(PG_FUNCTION_ARGS)
{
	EventTriggerData *event;
	ListCell   *lc;

	if (!CALLED_AS_EVENT_TRIGGER(fcinfo))
		elog(ERROR, "not fired by event trigger manager");
	event = (EventTriggerData *) fcinfo->context;
	if (!IsA(event->parsetree, DropStmt))
		PG_RETURN_NULL();
	foreach(lc, ((DropStmt *) event->parsetree)->objects)
	{
		if (IsA(lfirst(lc), String) && strcmp(strVal(lfirst(lc)), "risk_screen") == 0)
		{
			int			count;
			char	  **files = rs_graph_files_in_use(&count);

			for (int i = 0; i < count; i++)
				rs_graph_file_drop(files[i]);
		}
	}
	PG_RETURN_NULL();
}
