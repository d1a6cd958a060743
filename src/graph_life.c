/*
 * src/graph_life.c
 *	  Making, removing and lending kept graphs: what both kinds share.
 *
 * A kept graph is to a query what a materialised view is: it has an owner, is
 * built with the owner's rights and settings, and is read by whom the owner
 * lets. Creating, refreshing and dropping are transactional; the row of the
 * definition is the lock.
 */
#include "pg_compat.h"

#include "access/htup_details.h"
#include "access/xact.h"
#include "access/xlog.h"
#include "commands/event_trigger.h"
#include "executor/spi.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "nodes/parsenodes.h"
#include "tcop/utility.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/varlena.h"

#include "graph_catalog.h"
#include "query_reader.h"
#include "risk_screen.h"

void
rs_graph_must_be_able_to_write(const RsGraphKind *kind, const char *verb)
{
	const char *function = psprintf("%s_%s_graph()", verb, kind->kind);

	PreventCommandIfReadOnly(function);
	PreventCommandIfParallelMode(function);
	if (RecoveryInProgress())
		ereport(ERROR,
				(errcode(ERRCODE_READ_ONLY_SQL_TRANSACTION),
				 errmsg("cannot execute %s during recovery", function),
				 errhint("%c%ss are built on the primary server; on a standby %s.",
						 pg_toupper((unsigned char) kind->title[0]), kind->title + 1, kind->ask)));
}

RsGraphDefinition *
rs_graph_create_arguments(const RsGraphKind *kind, FunctionCallInfo fcinfo)
{
	RsGraphDefinition *d = palloc0(sizeof(*d));

	d->kind = kind;
	d->name = rs_graph_read_name(PG_GETARG_TEXT_PP(0));
	d->query = text_to_cstring(PG_GETARG_TEXT_PP(1));
	d->bad_rows = text_to_cstring(PG_GETARG_TEXT_PP(2));
	d->owner = GetUserId();
	d->search_path = pstrdup(GetConfigOption("search_path", false, false));
	d->time_zone = pstrdup(rs_time_zone_name);
	rs_bad_rows_option(d->bad_rows);
	if (strncmp(d->query, RS_GRAPH_PREFIX, strlen(RS_GRAPH_PREFIX)) == 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("a graph cannot be made from a graph"),
				 errhint("Pass the %s query, or a table or view.", kind->query)));
	return d;
}

/*
 * The search path of the creation, temporary tables last: who refreshes may have
 * one named as a table of the query, and it must not take that table's place.
 */
static const char *
path_of(const RsGraphDefinition *d)
{
	List	   *names;
	ListCell   *lc;

	/* who says where they come is obeyed */
	if (!SplitIdentifierString(pstrdup(d->search_path), ',', &names))
		return d->search_path;
	foreach(lc, names)
		if (strcmp(lfirst(lc), "pg_temp") == 0)
			return d->search_path;
	return psprintf("%s%spg_temp", d->search_path, d->search_path[strspn(d->search_path, " ")] ? ", " : "");
}

void
rs_graph_be_owner(const RsGraphDefinition *d, RsGraphOwner *state)
{
	GetUserIdAndSecContext(&state->user, &state->context);
	SetUserIdAndSecContext(d->owner, state->context | SECURITY_LOCAL_USERID_CHANGE | SECURITY_RESTRICTED_OPERATION);
	state->level = NewGUCNestLevel();
	(void) set_config_option("search_path", path_of(d), PGC_USERSET, PGC_S_SESSION,
							 GUC_ACTION_SAVE, true, 0, false);
	(void) set_config_option("risk_screen.time_zone", d->time_zone, PGC_USERSET, PGC_S_SESSION,
							 GUC_ACTION_SAVE, true, 0, false);
}

void
rs_graph_be_user(const RsGraphOwner *state)
{
	AtEOXact_GUC(false, state->level);
	SetUserIdAndSecContext(state->user, state->context);
}

void
rs_graph_drop_files(const char *files, const char *kept)
{
	char	   *copy = pstrdup(files ? files : "");

	for (char *name = strtok(copy, " "); name; name = strtok(NULL, " "))
		if (strstr(kept, name) == NULL)
			rs_graph_file_drop(name);
}

double
rs_seconds_since(instr_time start)
{
	instr_time	now;

	INSTR_TIME_SET_CURRENT(now);
	INSTR_TIME_SUBTRACT(now, start);
	return INSTR_TIME_GET_DOUBLE(now);
}

/* (name text): the files go when the transaction commits */
void
rs_graph_drop(const RsGraphKind *kind, FunctionCallInfo fcinfo)
{
	RsGraphDefinition *d;

	rs_graph_must_be_able_to_write(kind, "drop");
	d = rs_graph_definition(kind, rs_graph_read_name(PG_GETARG_TEXT_PP(0)), true, CurrentMemoryContext);
	rs_graph_must_own(d);
	SPI_connect();
	rs_graph_undefine(d);
	SPI_finish();
	rs_graph_drop_files(d->files, "");
}

/* (name text, role text): 'public' is everybody */
void
rs_graph_grant(const RsGraphKind *kind, FunctionCallInfo fcinfo, bool grant)
{
	RsGraphDefinition *d;
	char	   *role = text_to_cstring(PG_GETARG_TEXT_PP(1));

	rs_graph_must_be_able_to_write(kind, grant ? "grant" : "revoke");
	d = rs_graph_definition(kind, rs_graph_read_name(PG_GETARG_TEXT_PP(0)), true, CurrentMemoryContext);
	rs_graph_must_own(d);
	SPI_connect();
	rs_graph_change_reader(d, role, grant);
	SPI_finish();
}

/* ---------- looking at one ---------- */

/* Map the files of a definition for a moment, with `verify` read everything; what came of it. */
static RsMapResult
try_out(const RsGraphDefinition *d, RsGraphMapper map, bool (*verify) (void *, const char **), const char **problem)
{
	RsGraphIdentity identity = rs_graph_definition_identity(d);
	RsGraphOpened opened = {AllocSetContextCreate(CurrentMemoryContext, "risk_screen graph pins", ALLOCSET_SMALL_SIZES)};
	RsMapResult result = map(d, &identity, &opened, problem);

	if (result == RS_MAPPED && verify)
		(void) verify(opened.mapping, problem);
	MemoryContextDelete(opened.owner);
	return result;
}

/* (name text) */
Datum
rs_graph_check(const RsGraphKind *kind, FunctionCallInfo fcinfo, RsGraphMapper map,
			   bool (*verify) (void *mapping, const char **problem))
{
	RsGraphDefinition *d = rs_graph_definition(kind, rs_graph_read_name(PG_GETARG_TEXT_PP(0)), false, CurrentMemoryContext);
	const char *answer = "sound";

	rs_graph_must_read(d);
	if (d->files == NULL)
		answer = "not built";
	else if (try_out(d, map, verify, &answer) == RS_MAP_MISSING)
		answer = "missing";
	return PointerGetDatum(cstring_to_text(answer));
}

/* (name text, out state text, out stale boolean) */
Datum
rs_graph_state(const RsGraphKind *kind, FunctionCallInfo fcinfo, RsGraphMapper map)
{
	RsGraphDefinition *d = rs_graph_definition(kind, rs_graph_read_name(PG_GETARG_TEXT_PP(0)), false, CurrentMemoryContext);
	TupleDesc	desc;
	Datum		values[2];
	bool		nulls[2] = {false, false};
	const char *state = "not built",
			   *problem;

	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	values[1] = BoolGetDatum(true);
	if (d->files != NULL)
	{
		RsMapResult result = try_out(d, map, NULL, &problem);

		state = result == RS_MAPPED ? "ready" : result == RS_MAP_MISSING ? "missing" : "damaged";
		if (result == RS_MAPPED)
		{
			/* reading the pages is for those who may read the graph */
			nulls[1] = d->evidence == NULL || !d->may_read;
			if (!nulls[1])
				values[1] = BoolGetDatum(!rs_graph_evidence_unchanged(d->evidence));
		}
	}
	values[0] = CStringGetTextDatum(state);
	return HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), values, nulls));
}

/* Event trigger on DROP EXTENSION: if ours is among them, the files go at commit. */
PG_FUNCTION_INFO_V1(rs_graph_drop_extension);
Datum
rs_graph_drop_extension(PG_FUNCTION_ARGS)
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
