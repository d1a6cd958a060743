/*
 * src/graph_use.c
 *	  From the name in a question to a mapped graph.
 */
#include "pg_compat.h"

#include "access/xact.h"
#include "access/xlog.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/builtins.h"

#include "graph_cache.h"

bool		rs_rebuild_damaged = true;

static void
not_usable(const RsGraphDefinition *d, const char *detail, int code)
{
	ereport(ERROR,
			(errcode(code),
			 errmsg("%s \"%s\" has no usable file on this server", d->kind->title, d->name),
			 errdetail_internal("%s", detail),
			 RecoveryInProgress() ?
			 errhint("Files are not replicated: on a standby %s.", d->kind->ask) :
			 errhint("SELECT risk_screen.refresh_%s_graph(%s) makes it again from its query.",
					 d->kind->kind, quote_literal_cstr(d->name))));
}

/*
 * A damaged graph is rebuilt by the question that finds it if whoever asks
 * could refresh it here and now; false if not. It takes what a refresh takes,
 * and like a refresh others see it when the transaction commits.
 */
static bool
rebuild(const RsGraphDefinition *d, const char *problem)
{
	Oid			types[1] = {TEXTOID};
	Datum		values[1];

	if (!rs_rebuild_damaged || RecoveryInProgress() || XactReadOnly || IsInParallelMode() ||
		InSecurityRestrictedOperation() || !rs_graph_owned(d))
		return false;
	ereport(WARNING,
			(errcode(ERRCODE_DATA_CORRUPTED),
			 errmsg("%s \"%s\" is damaged: it is rebuilt from its query", d->kind->title, d->name),
			 errdetail_internal("%s", problem)));
	values[0] = CStringGetTextDatum(d->name);
	SPI_connect();
	if (SPI_execute_with_args(psprintf("SELECT risk_screen.refresh_%s_graph($1)", d->kind->kind),
							  1, types, values, NULL, false, 0) != SPI_OK_SELECT)
		elog(ERROR, "could not refresh %s \"%s\"", d->kind->title, d->name);
	SPI_finish();
	return true;
}

void
rs_graph_use(const RsGraphKind *kind, const char *name, MemoryContext budget, RsGraphMapper map, void *arg)
{
	const char *problem = NULL;
	char	   *files = NULL;
	bool		rebuilt = false;

	for (;;)
	{
		RsGraphDefinition *d = rs_graph_definition(kind, name, false, budget);
		RsGraphIdentity identity;
		RsMapResult result;

		rs_graph_must_read(d);
		if (d->files == NULL)
			not_usable(d, "It has not been built in this database (after a restore, only its definition is there).",
					   ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE);
		identity = rs_graph_definition_identity(d);
		result = map(d, &identity, arg, &problem);
		if (result == RS_MAPPED)
			return;
		/* Replaced between our look and our open? Then there is another name now. */
		if (result == RS_MAP_MISSING && (files == NULL || strcmp(files, d->files) != 0))
		{
			files = d->files;
			rs_graph_cache_forget();
			continue;
		}
		if (result == RS_MAP_MISSING)
			problem = "The file is missing.";
		if (rebuilt || !rebuild(d, problem))
			not_usable(d, problem, result == RS_MAP_MISSING ? ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE : ERRCODE_DATA_CORRUPTED);
		rebuilt = true;
		rs_graph_cache_forget();
	}
}
