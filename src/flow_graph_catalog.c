/*
 * src/flow_graph_catalog.c
 *	  The tables behind flow graphs: definitions, files, who may read.
 *
 * risk_screen._flow_graph holds the definitions and is dumped;
 * risk_screen._flow_graph_file says which files hold a graph's data in this
 * database, and is not: a restored database has definitions without files.
 * Nobody has rights on these tables but their owner, whose rights this file
 * borrows for fixed statements, as referential-integrity triggers do.
 *
 * Readers look with the latest snapshot, not the transaction's: like REFRESH
 * MATERIALIZED VIEW, a refresh replaces the data for everybody at commit.
 */
#include "pg_compat.h"

#include "access/xact.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "common/hashfn.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"

#include "flow_graph.h"

static Oid
catalog_owner(void)
{
	Oid			relation = get_relname_relid("_flow_graph", get_namespace_oid("risk_screen", false));
	HeapTuple	tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(relation));
	Oid			owner;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "table risk_screen._flow_graph is missing");
	owner = ((Form_pg_class) GETSTRUCT(tuple))->relowner;
	ReleaseSysCache(tuple);
	return owner;
}

uint64
rs_graph_catalog(const char *sql, bool read_only, int nargs, Oid *types, Datum *values, const char *nulls)
{
	Oid			user;
	int			context;
	int			result;

	/* An error restores the user with the (sub)transaction. */
	GetUserIdAndSecContext(&user, &context);
	SetUserIdAndSecContext(catalog_owner(), context | SECURITY_LOCAL_USERID_CHANGE | SECURITY_NOFORCE_RLS);
	result = SPI_execute_with_args(sql, nargs, types, values, nulls, read_only, 0);
	SetUserIdAndSecContext(user, context);
	if (result < 0)
		elog(ERROR, "SPI_execute_with_args failed: %s", SPI_result_code_string(result));
	return SPI_processed;
}

/* Run a SELECT of ours with the newest snapshot there is. */
static uint64
look(const char *sql, int nargs, Oid *types, Datum *values)
{
	uint64		rows;

	/* A parallel leader may not take another snapshot. */
	PushActiveSnapshot(IsInParallelMode() ? GetActiveSnapshot() : GetLatestSnapshot());
	rows = rs_graph_catalog(sql, true, nargs, types, values, NULL);
	PopActiveSnapshot();
	return rows;
}

char *
rs_graph_read_name(text *name)
{
	char	   *s = text_to_cstring(name);

	if (s[0] == '\0' || strlen(s) > 200)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_NAME),
				 errmsg("a flow graph's name has between 1 and 200 bytes")));
	return s;
}

static bool
is_reader(ArrayType *readers)
{
	Datum	   *role;
	int			n;

	deconstruct_array(readers, REGROLEOID, sizeof(Oid), true, TYPALIGN_INT, &role, NULL, &n);
	for (int i = 0; i < n; i++)
	{
		Oid			oid = DatumGetObjectId(role[i]);

		/* 0 is PUBLIC; a role may have been dropped meanwhile */
		if (!OidIsValid(oid) ||
			(SearchSysCacheExists1(AUTHOID, ObjectIdGetDatum(oid)) && has_privs_of_role(GetUserId(), oid)))
			return true;
	}
	return false;
}

static char *
column_string(int column, MemoryContext context)
{
	char	   *s = SPI_getvalue(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, column);

	return s ? MemoryContextStrdup(context, s) : NULL;
}

RsGraphDefinition *
rs_graph_definition(const char *name, bool lock, MemoryContext context)
{
	Oid			types[1] = {TEXTOID};
	Datum		values[1] = {CStringGetTextDatum(name)};
	RsGraphDefinition *d;
	Datum		value;
	bool		isnull;
	uint64		rows;
	static const char *const sql =
		"SELECT g.transfers, g.bad_rows, g.search_path, g.time_zone, pg_catalog.array_to_string(f.files, ' '), pg_catalog.array_to_string(f.stamps, ' '), f.evidence, g.owner, g.readers"
		" FROM risk_screen._flow_graph g LEFT JOIN risk_screen._flow_graph_file f"
		" ON f.name OPERATOR(pg_catalog.=) g.name WHERE g.name OPERATOR(pg_catalog.=) $1";

	SPI_connect();
	if (lock)
		/* first the lock, then a look with a snapshot taken after it */
		rs_graph_catalog("SELECT 1 FROM risk_screen._flow_graph g WHERE g.name OPERATOR(pg_catalog.=) $1 FOR UPDATE",
						 false, 1, types, values, NULL);
	rows = look(sql, 1, types, values);
	if (rows == 0)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("flow graph \"%s\" does not exist", name),
				 errhint("SELECT risk_screen.create_flow_graph(...) makes one; the view risk_screen.flow_graph lists them.")));
	d = MemoryContextAllocZero(context, sizeof(*d));
	d->name = MemoryContextStrdup(context, name);
	d->transfers = column_string(1, context);
	d->bad_rows = column_string(2, context);
	d->search_path = column_string(3, context);
	d->time_zone = column_string(4, context);
	d->files = column_string(5, context);
	d->stamps = column_string(6, context);
	d->evidence = column_string(7, context);
	d->owner = DatumGetObjectId(SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 8, &isnull));
	value = SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 9, &isnull);
	d->may_read = rs_graph_owned(d) || is_reader(DatumGetArrayTypeP(value));
	SPI_finish();
	return d;
}

bool
rs_graph_owned(const RsGraphDefinition *d)
{
	return superuser() ||
		(SearchSysCacheExists1(AUTHOID, ObjectIdGetDatum(d->owner)) && has_privs_of_role(GetUserId(), d->owner));
}

void
rs_graph_must_own(const RsGraphDefinition *d)
{
	if (!rs_graph_owned(d))
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("must be owner of flow graph \"%s\"", d->name)));
}

static uint64
hash_more(uint64 seed, const char *s)
{
	return hash_bytes_extended((const unsigned char *) s, (int) strlen(s), seed);
}

/* All but the file number. */
RsGraphIdentity
rs_graph_definition_identity(const RsGraphDefinition *d)
{
	RsGraphIdentity identity;

	rs_graph_identity(&identity);
	identity.query = hash_more(1, d->transfers);
	identity.query = hash_more(identity.query, d->bad_rows);
	identity.query = hash_more(identity.query, d->search_path);
	identity.query = hash_more(identity.query, d->time_zone);
	return identity;
}

char **
rs_graph_files_in_use(int *count)
{
	char	  **files;
	MemoryContext caller = CurrentMemoryContext;
	uint64		n;

	SPI_connect();
	n = look("SELECT pg_catalog.unnest(f.files) FROM risk_screen._flow_graph_file f", 0, NULL, NULL);
	files = MemoryContextAlloc(caller, sizeof(char *) * (n + 1));
	for (uint64 i = 0; i < n; i++)
		files[i] = MemoryContextStrdup(caller, SPI_getvalue(SPI_tuptable->vals[i], SPI_tuptable->tupdesc, 1));
	*count = (int) n;
	SPI_finish();
	return files;
}
