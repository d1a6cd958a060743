/*
 * src/graph_catalog.c
 *	  The tables behind kept graphs: definitions, files, who may read.
 *
 * risk_screen._graph holds the definitions and is dumped; risk_screen._graph_file
 * says which files hold a graph's data in this database, and is not: a restored
 * database has definitions without files. Nobody has rights on these tables but
 * their owner, whose rights this file borrows for fixed statements, as
 * referential-integrity triggers do.
 *
 * Readers look with the latest snapshot, not the transaction's: like REFRESH
 * MATERIALIZED VIEW, a refresh replaces the data for everybody at commit. They
 * look into the tables directly: a question to a graph may take less time than
 * a statement.
 */
#include "pg_compat.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "catalog/pg_collation.h"
#include "catalog/pg_type.h"
#include "common/hashfn.h"
#include "executor/spi.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"

#include "graph_cache.h"
#include "graph_catalog.h"

const RsGraphKind rs_flow_graphs = {"flow", "flow graph", "transfers", "trace the query itself, or trace on the primary"};
const RsGraphKind rs_ownership_graphs = {"ownership", "ownership graph", "holdings", "pass the query itself, or ask the primary"};

/* Columns of the two tables, in the order of sql/21-graph.sql. */
enum { G_KIND = 1, G_NAME, G_OWNER, G_READERS, G_QUERY, G_BAD_ROWS, G_SEARCH_PATH, G_TIME_ZONE };
enum { F_KIND = 1, F_NAME, F_FILES, F_STAMPS, F_EVIDENCE };

static Oid
catalog_oid(const char *relation)
{
	Oid			oid = get_relname_relid(relation, get_namespace_oid("risk_screen", false));

	if (!OidIsValid(oid))
		elog(ERROR, "relation risk_screen.%s is missing", relation);
	return oid;
}

static Oid
catalog_owner(void)
{
	HeapTuple	tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(catalog_oid("_graph")));
	Oid			owner = ((Form_pg_class) GETSTRUCT(tuple))->relowner;

	ReleaseSysCache(tuple);
	return owner;
}

/* Our own statements over our own tables, with their owner's rights. SPI must be connected. */
static uint64
execute(const char *sql, int nargs, Oid *types, Datum *values, const char *nulls)
{
	Oid			user;
	int			context;
	int			result;

	/* An error restores the user with the (sub)transaction. */
	GetUserIdAndSecContext(&user, &context);
	SetUserIdAndSecContext(catalog_owner(), context | SECURITY_LOCAL_USERID_CHANGE | SECURITY_NOFORCE_RLS);
	result = SPI_execute_with_args(sql, nargs, types, values, nulls, false, 0);
	SetUserIdAndSecContext(user, context);
	if (result < 0)
		elog(ERROR, "SPI_execute_with_args failed: %s", SPI_result_code_string(result));
	return SPI_processed;
}

char *
rs_graph_read_name(text *name)
{
	char	   *s = text_to_cstring(name);

	if (s[0] == '\0' || strlen(s) >= RS_GRAPH_NAME_BYTES)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_NAME),
				 errmsg("a graph's name has between 1 and 200 bytes")));
	return s;
}

/* ---------- looking ---------- */

/* A parallel leader may not take another snapshot. */
static Snapshot
newest_snapshot(void)
{
	return RegisterSnapshot(IsInParallelMode() ? GetActiveSnapshot() : GetLatestSnapshot());
}

/* Handler of rows of one of the tables, kind and name being given or NULL. */
typedef void (*RowHandler) (void *arg, HeapTuple tuple, TupleDesc desc);

static void
look(const char *table, const char *key, const char *kind, const char *name, Snapshot snapshot,
	 RowHandler handler, void *arg)
{
	Relation	relation = table_open(catalog_oid(table), AccessShareLock);
	ScanKeyData scan_key[2];
	SysScanDesc scan;
	HeapTuple	tuple;

	if (kind != NULL)
	{
		/* both tables begin with kind and name */
		ScanKeyEntryInitialize(&scan_key[0], 0, G_KIND, BTEqualStrategyNumber, TEXTOID, C_COLLATION_OID,
							   F_TEXTEQ, CStringGetTextDatum(kind));
		ScanKeyEntryInitialize(&scan_key[1], 0, G_NAME, BTEqualStrategyNumber, TEXTOID, C_COLLATION_OID,
							   F_TEXTEQ, CStringGetTextDatum(name));
	}
	scan = systable_beginscan(relation, kind ? catalog_oid(key) : InvalidOid, kind != NULL, snapshot,
							  kind ? 2 : 0, scan_key);
	while ((tuple = systable_getnext(scan)) != NULL)
		handler(arg, tuple, RelationGetDescr(relation));
	systable_endscan(scan);
	table_close(relation, AccessShareLock);
}

typedef struct Found
{
	RsGraphDefinition *d;
	MemoryContext context;
	bool		found;
} Found;

static char *
column_text(const Found *f, HeapTuple tuple, TupleDesc desc, int column)
{
	bool		isnull;
	Datum		value = heap_getattr(tuple, column, desc, &isnull);

	return isnull ? NULL : MemoryContextStrdup(f->context, TextDatumGetCString(value));
}

/* The elements of an array of texts, spaces between. */
static char *
column_words(const Found *f, HeapTuple tuple, TupleDesc desc, int column)
{
	bool		isnull;
	Datum	   *word;
	int			n;
	StringInfoData s;

	deconstruct_array(DatumGetArrayTypeP(heap_getattr(tuple, column, desc, &isnull)), TEXTOID, -1, false,
					  TYPALIGN_INT, &word, NULL, &n);
	initStringInfo(&s);
	for (int i = 0; i < n; i++)
		appendStringInfo(&s, "%s%s", i > 0 ? " " : "", TextDatumGetCString(word[i]));
	return MemoryContextStrdup(f->context, s.data);
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

/* An array, not toasted. */
static Datum
copy_in(MemoryContext context, Datum array)
{
	MemoryContext old = MemoryContextSwitchTo(context);

	array = PointerGetDatum(DatumGetArrayTypePCopy(array));
	MemoryContextSwitchTo(old);
	return array;
}

static void
take_definition(void *arg, HeapTuple tuple, TupleDesc desc)
{
	Found	   *f = arg;
	bool		isnull;

	f->found = true;
	f->d->owner = DatumGetObjectId(heap_getattr(tuple, G_OWNER, desc, &isnull));
	f->d->query = column_text(f, tuple, desc, G_QUERY);
	f->d->bad_rows = column_text(f, tuple, desc, G_BAD_ROWS);
	f->d->search_path = column_text(f, tuple, desc, G_SEARCH_PATH);
	f->d->time_zone = column_text(f, tuple, desc, G_TIME_ZONE);
	f->d->readers = (ArrayType *)
		DatumGetPointer(copy_in(f->context, heap_getattr(tuple, G_READERS, desc, &isnull)));
}

static void
take_files(void *arg, HeapTuple tuple, TupleDesc desc)
{
	Found	   *f = arg;

	f->d->files = column_words(f, tuple, desc, F_FILES);
	f->d->stamps = column_words(f, tuple, desc, F_STAMPS);
	f->d->evidence = column_text(f, tuple, desc, F_EVIDENCE);
}

/* Detail of the error when a graph is not there: the other kind may have its name. */
static int
of_other_kind(const RsGraphKind *kind, const char *name, Snapshot snapshot, MemoryContext context)
{
	const RsGraphKind *other = kind == &rs_flow_graphs ? &rs_ownership_graphs : &rs_flow_graphs;
	RsGraphDefinition d = {0};
	Found		found = {&d, context, false};

	look("_graph", "_graph_pkey", other->kind, name, snapshot, take_definition, &found);
	if (!found.found)
		return 0;
	return errdetail("There is %s %s of that name: functions of %s take it.",
					 other == &rs_flow_graphs ? "a" : "an", other->title, other->query);
}

RsGraphDefinition *
rs_graph_definition(const RsGraphKind *kind, const char *name, bool lock, MemoryContext context)
{
	RsGraphDefinition *d = MemoryContextAllocZero(context, sizeof(*d));
	Found		found = {d, context, false};
	MemoryContext scratch,
				old;
	Snapshot	snapshot;
	uint64		generation;

	/* a parallel leader looks with its own snapshot */
	if (!lock && !IsInParallelMode() && rs_graph_cache_find(kind, name, context, d))
	{
		d->may_read = rs_graph_owned(d) || is_reader(d->readers);
		return d;
	}
	scratch = AllocSetContextCreate(context, "risk_screen graph definition", ALLOCSET_SMALL_SIZES);
	old = MemoryContextSwitchTo(scratch);
	d->kind = kind;
	d->name = MemoryContextStrdup(context, name);
	if (lock)
	{
		/* first the lock, then a look with a snapshot taken after it */
		Oid			types[2] = {TEXTOID, TEXTOID};
		Datum		values[2] = {CStringGetTextDatum(kind->kind), CStringGetTextDatum(name)};

		SPI_connect();
		execute("SELECT 1 FROM risk_screen._graph g WHERE g.kind OPERATOR(pg_catalog.=) $1"
				" AND g.name OPERATOR(pg_catalog.=) $2 FOR UPDATE", 2, types, values, NULL);
		SPI_finish();
	}
	generation = rs_graph_cache_generation();
	snapshot = newest_snapshot();
	look("_graph", "_graph_pkey", kind->kind, name, snapshot, take_definition, &found);
	if (!found.found)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("%s \"%s\" does not exist", kind->title, name),
				 of_other_kind(kind, name, snapshot, context),
				 errhint("SELECT risk_screen.create_%s_graph(...) makes one; the view risk_screen.%s_graph lists them.",
						 kind->kind, kind->kind)));
	look("_graph_file", "_graph_file_pkey", kind->kind, name, snapshot, take_files, &found);
	UnregisterSnapshot(snapshot);
	if (!IsInParallelMode())
		rs_graph_cache_keep(generation, d, catalog_oid("_graph"), catalog_oid("_graph_file"));
	MemoryContextSwitchTo(old);
	MemoryContextDelete(scratch);
	d->may_read = rs_graph_owned(d) || is_reader(d->readers);
	return d;
}

typedef struct Names
{
	char	  **name;
	int			n;
	int			capacity;
} Names;

static void
take_names(void *arg, HeapTuple tuple, TupleDesc desc)
{
	Names	   *names = arg;
	bool		isnull;
	Datum	   *word;
	int			n;

	deconstruct_array(DatumGetArrayTypePCopy(heap_getattr(tuple, F_FILES, desc, &isnull)), TEXTOID, -1, false,
					  TYPALIGN_INT, &word, NULL, &n);
	for (int i = 0; i < n; i++)
	{
		if (names->n == names->capacity)
		{
			names->capacity = names->capacity * 2 + 16;
			names->name = names->name ? repalloc(names->name, sizeof(char *) * names->capacity) :
				palloc(sizeof(char *) * names->capacity);
		}
		names->name[names->n++] = TextDatumGetCString(word[i]);
	}
}

char **
rs_graph_files_in_use(int *count)
{
	Names		names = {NULL, 0, 0};
	Snapshot	snapshot = newest_snapshot();

	look("_graph_file", NULL, NULL, NULL, snapshot, take_names, &names);
	UnregisterSnapshot(snapshot);
	*count = names.n;
	return names.name;
}

/* ---------- rights ---------- */

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
				 errmsg("must be owner of %s \"%s\"", d->kind->title, d->name)));
}

void
rs_graph_must_read(const RsGraphDefinition *d)
{
	if (!d->may_read)
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("permission denied for %s \"%s\"", d->kind->title, d->name),
				 errhint("Its owner can let you read it with risk_screen.grant_%s_graph().", d->kind->kind)));
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
	identity.query = hash_more(1, d->query);
	identity.query = hash_more(identity.query, d->bad_rows);
	identity.query = hash_more(identity.query, d->search_path);
	identity.query = hash_more(identity.query, d->time_zone);
	return identity;
}

/* ---------- writing ---------- */

void
rs_graph_define(const RsGraphDefinition *d)
{
	Oid			types[7] = {TEXTOID, TEXTOID, OIDOID, TEXTOID, TEXTOID, TEXTOID, TEXTOID};
	Datum		values[7] = {
		CStringGetTextDatum(d->kind->kind), CStringGetTextDatum(d->name), ObjectIdGetDatum(d->owner),
		CStringGetTextDatum(d->query), CStringGetTextDatum(d->bad_rows),
		CStringGetTextDatum(d->search_path), CStringGetTextDatum(d->time_zone)
	};

	if (execute("INSERT INTO risk_screen._graph (kind, name, owner, query, bad_rows, search_path, time_zone)"
				" VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (kind, name) DO NOTHING",
				7, types, values, NULL) == 0)
		ereport(ERROR,
				(errcode(ERRCODE_DUPLICATE_OBJECT),
				 errmsg("%s \"%s\" already exists", d->kind->title, d->name),
				 errhint("SELECT risk_screen.refresh_%s_graph(...) brings it up to date; drop_%s_graph(...) removes it.",
						 d->kind->kind, d->kind->kind)));
}

#define THE_GRAPH " WHERE g.kind OPERATOR(pg_catalog.=) $1 AND g.name OPERATOR(pg_catalog.=) $2"

void
rs_graph_undefine(const RsGraphDefinition *d)
{
	Oid			types[2] = {TEXTOID, TEXTOID};
	Datum		values[2] = {CStringGetTextDatum(d->kind->kind), CStringGetTextDatum(d->name)};

	execute("DELETE FROM risk_screen._graph g" THE_GRAPH, 2, types, values, NULL);
}

void
rs_graph_change_reader(const RsGraphDefinition *d, const char *role, bool grant)
{
	Oid			types[3] = {TEXTOID, TEXTOID, OIDOID};
	Datum		values[3] = {
		CStringGetTextDatum(d->kind->kind), CStringGetTextDatum(d->name),
		ObjectIdGetDatum(strcmp(role, "public") == 0 ? InvalidOid : get_role_oid(role, false))
	};

	execute(grant ?
			"UPDATE risk_screen._graph g SET readers = pg_catalog.array_append("
			"pg_catalog.array_remove(g.readers, $3::pg_catalog.regrole), $3::pg_catalog.regrole)" THE_GRAPH :
			"UPDATE risk_screen._graph g SET readers = pg_catalog.array_remove(g.readers, $3::pg_catalog.regrole)" THE_GRAPH,
			3, types, values, NULL);
}

void
rs_graph_record(const RsGraphDefinition *d, const RsGraphBuilt *built, double seconds)
{
	enum {NARGS = 16};
	Oid			types[NARGS] = {TEXTOID, TEXTOID, TEXTOID, TEXTOID, INT8OID, INT8OID, INT8OID,
	TIMESTAMPTZOID, TIMESTAMPTZOID, TIMESTAMPTZOID, FLOAT8OID, BOOLOID, TEXTOID, TEXTOID, INT4OID, TEXTOID};
	Datum		values[NARGS] = {
		CStringGetTextDatum(d->kind->kind), CStringGetTextDatum(d->name),
		CStringGetTextDatum(built->files), CStringGetTextDatum(built->stamps),
		Int64GetDatum(built->rows), Int64GetDatum(built->nodes), Int64GetDatum((int64) built->bytes),
		TimestampTzGetDatum(built->first_at), TimestampTzGetDatum(built->last_at),
		TimestampTzGetDatum(GetCurrentTimestamp()), Float8GetDatum(seconds), BoolGetDatum(built->complete),
		CStringGetTextDatum(built->how), built->evidence ? CStringGetTextDatum(built->evidence) : (Datum) 0,
		Int32GetDatum(built->nparts), CStringGetTextDatum(built->columns)
	};
	char		nulls[NARGS];

	memset(nulls, ' ', sizeof(nulls));
	if (!built->timed || built->rows == 0)
		nulls[7] = nulls[8] = 'n';
	if (built->evidence == NULL)
		nulls[13] = 'n';
	execute("DELETE FROM risk_screen._graph_file g" THE_GRAPH, 2, types, values, NULL);
	execute("INSERT INTO risk_screen._graph_file"
			" (kind, name, files, stamps, rows, nodes, bytes, first_at, last_at, refreshed_at, seconds, complete, refreshed_by, evidence, parts, columns)"
			" VALUES ($1, $2, pg_catalog.string_to_array($3, ' '), pg_catalog.string_to_array($4, ' '),"
			" $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, pg_catalog.string_to_array($16, ','))",
			NARGS, types, values, nulls);
}
