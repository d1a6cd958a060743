/*
 * src/ownership_graph_sql.c
 *	  create_ownership_graph, refresh_ownership_graph, drop_ownership_graph and their kin.
 *
 * What they have in common with flow graphs is in src/graph_life.c.
 */
#include "pg_compat.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "funcapi.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#include "graph_catalog.h"
#include "holdings.h"
#include "ownership_map.h"
#include "row_scan.h"
#include "rs_memory.h"

static const struct
{
	int			column;			/* of the holdings contract */
	const char *name;
}			optional[RS_OC_COLUMNS] = {	/* by bit of RS_OC_ */
	{RS_H_SHARE, "share"}, {RS_H_VOTES, "votes"}, {RS_H_SHARE_MIN, "share_min"}, {RS_H_SHARE_MAX, "share_max"},
	{RS_H_KIND, "kind"}, {RS_H_VALID_FROM, "valid_from"}, {RS_H_VALID_TO, "valid_to"}, {RS_H_KNOWN_FROM, "known_from"}
};

/* ---------- from a definition to a file ---------- */

typedef struct KeyReader
{
	RsInterner *interner;
	RsIdType	type;
	MemoryContext scratch;
} KeyReader;

static void
read_key(void *arg, uint32 number, RsKey *key)
{
	KeyReader  *r = arg;
	MemoryContext old;

	MemoryContextReset(r->scratch);
	old = MemoryContextSwitchTo(r->scratch);
	*key = rs_id_key(&r->type, rs_interner_datum(r->interner, number));
	MemoryContextSwitchTo(old);
}

static void
describe_names(RsNames *names, KeyReader *reader, RsInterner *interner, const char *column, MemoryContext budget)
{
	reader->interner = interner;
	reader->scratch = AllocSetContextCreate(budget, "risk_screen key", ALLOCSET_SMALL_SIZES);
	rs_id_type_init(&reader->type, rs_interner_type(interner), InvalidOid, column, budget);
	names->count = rs_interner_count(interner);
	names->type = reader->type.key;
	names->oid = reader->type.oid;
	names->get = read_key;
	names->arg = reader;
	names->rank = rs_interner_ranks(interner, budget);
}

/* Both columns name parties: neither may call equal what looks different. */
static void
check_identifiers(const RsHoldings *h, MemoryContext budget)
{
	static const struct
	{
		int			column;
		const char *name;
	}			side[] = {{RS_H_OWNER, "owner"}, {RS_H_OWNED, "owned"}};

	for (int i = 0; i < lengthof(side); i++)
	{
		RsIdType	type;

		if (rs_query_type(h->query, side[i].column) == rs_interner_type(h->interner))
			rs_id_type_init(&type, rs_interner_type(h->interner), rs_query_collation(h->query, side[i].column),
							side[i].name, budget);
	}
}

static char *
columns_list(uint32 columns)
{
	StringInfoData list;

	initStringInfo(&list);
	for (int c = 0; c < RS_OC_COLUMNS; c++)
		if (columns & (1u << c))
			appendStringInfo(&list, "%s%s", list.len ? "," : "", optional[c].name);
	return list.data;
}

/* Does the file just written hold the same as the one there is? */
static bool
is_same(const RsOwnershipMapping *older, const char *name, const RsGraphIdentity *identity,
		const char *stamp, MemoryContext budget)
{
	RsOwnershipMapping *newer;
	const char *problem;

	return older != NULL &&
		rs_ownership_map(name, stamp, identity, budget, &newer, &problem) == RS_MAPPED &&
		rs_ownership_file_equal(&older->file, &newer->file);
}

/* Read the query; write a file, unless `older` holds the same. SPI must be connected. */
static void
build(const RsGraphDefinition *d, const RsOwnershipMapping *older, MemoryContext budget, RsGraphBuilt *built)
{
	MemoryContext caller = CurrentMemoryContext;
	RsHoldings *h = rs_holdings_open(d->query, budget, 0, false, RS_ALLOW_ANY | RS_ALLOW_INVERTED, d->bad_rows, NULL, NULL);
	const Oid  *relation;
	int			nrelations;
	uint32		columns = 0;
	RsNames		nodes,
				kinds;
	KeyReader	node_reader,
				kind_reader;
	RsGraphOutput *output;
	RsGraphIdentity identity = rs_graph_definition_identity(d);
	RsOwnershipHeader header;

	h->everything = true;
	for (int c = 0; c < RS_OC_COLUMNS; c++)
		if (rs_query_has(h->query, optional[c].column))
			columns |= 1u << c;
	nrelations = rs_query_relations(h->query, &relation);
	built->evidence = rs_graph_evidence(nrelations, relation);
	/* a snapshot taken after it, so that no row is older than the evidence */
	PushActiveSnapshot(GetTransactionSnapshot());
	rs_holdings_load_all(h);
	PopActiveSnapshot();

	check_identifiers(h, budget);
	describe_names(&nodes, &node_reader, h->interner, "owned", budget);
	describe_names(&kinds, &kind_reader, h->kinds ? h->kinds : rs_interner_create(budget, TEXTOID, InvalidOid), "kind", budget);
	output = rs_graph_output_create(NULL);
	identity.file = output->file;
	rs_ownership_file_write(budget, &output->host, h->rows, columns, &nodes, &kinds, &identity, &header);
	rs_graph_output_finish(output, built->stamps);
	strlcpy(built->files, output->name, sizeof(built->files));
	built->how = "rebuilt";
	if (is_same(older, built->files, &identity, built->stamps, budget))
	{
		rs_graph_output_discard(output);
		strlcpy(built->files, d->files, sizeof(built->files));
		strlcpy(built->stamps, d->stamps, sizeof(built->stamps));
		built->how = "unchanged";
	}
	built->nparts = 1;
	built->rows = header.nrows;
	built->nodes = header.nnodes;
	built->bytes = header.file_size;
	built->complete = !rs_query_row_security(h->query);
	rs_holdings_close(h);
	MemoryContextSwitchTo(caller);
	built->columns = columns_list(columns);
}

/*
 * create_ownership_graph(name text, holdings text, bad_rows text) returns bigint
 *
 * Defines and builds an ownership graph; returns its number of rows: all of the
 * query, of whatever day and kind. The owner is the current user, whose rights,
 * row-level security, search_path and risk_screen.time_zone hold for this build
 * and all later ones. Rows that only some questions refuse (shares above 1,
 * negative, ranges upside down) are kept: the question decides. Errors: 42710
 * name taken, those of the query, 53400/54000 memory. Cost: reading the query
 * plus about 0.3 microseconds a row; memory 60 bytes a row and 100 a party.
 */
PG_FUNCTION_INFO_V1(rs_create_ownership_graph);
Datum
rs_create_ownership_graph(PG_FUNCTION_ARGS)
{
	RsGraphDefinition *d;
	RsGraphBuilt built = {0};
	RsGraphOwner owner;
	instr_time	start;
	MemoryContext budget;

	rs_graph_must_be_able_to_write(&rs_ownership_graphs, "create");
	INSTR_TIME_SET_CURRENT(start);
	d = rs_graph_create_arguments(&rs_ownership_graphs, fcinfo);
	SPI_connect();
	rs_graph_define(d);
	budget = AllocSetContextCreate(CurrentMemoryContext, "risk_screen ownership graph build", ALLOCSET_DEFAULT_SIZES);
	/* names mean what they will mean to a refresh */
	rs_graph_be_owner(d, &owner);
	build(d, NULL, budget, &built);
	rs_graph_be_user(&owner);
	MemoryContextDelete(budget);
	built.how = "created";
	rs_graph_record(d, &built, rs_seconds_since(start));
	SPI_finish();
	rs_graph_store_sweep(rs_graph_files_in_use);
	PG_RETURN_INT64(built.rows);
}

/* Was nothing written since the file was made? Then it stays as it is. */
static bool
nothing_written(const RsGraphDefinition *d, MemoryContext budget, RsGraphBuilt *built, const RsOwnershipMapping *older)
{
	RsHoldings *h;
	const Oid  *relation;
	int			nrelations;

	if (d->evidence == NULL)
		return false;
	/* The query as it is now: its views, its rights, the relations it reads. */
	h = rs_holdings_open(d->query, budget, 0, false, RS_ALLOW_ANY | RS_ALLOW_INVERTED, d->bad_rows, NULL, NULL);
	nrelations = rs_query_relations(h->query, &relation);
	if (!rs_graph_evidence_holds(d->evidence, nrelations, relation))
	{
		rs_holdings_close(h);
		return false;
	}
	/* whoever may no longer read the tables must be told, as by a build */
	rs_query_read_bound(h->query, "", "LIMIT 0", 0, NULL, NULL, NULL, NULL, NULL, NULL);
	strlcpy(built->files, d->files, sizeof(built->files));
	strlcpy(built->stamps, d->stamps, sizeof(built->stamps));
	built->nparts = 1;
	built->rows = older->file.header->nrows;
	built->nodes = older->file.header->nnodes;
	built->bytes = older->file.header->file_size;
	built->columns = columns_list(older->file.header->columns);
	built->complete = !rs_query_row_security(h->query);
	built->evidence = d->evidence;
	built->how = "unchanged";
	rs_holdings_close(h);
	return true;
}

/*
 * refresh_ownership_graph(name text) returns text
 *
 * Brings the graph up to date with its query, as the owner and under the
 * settings of its creation. Returns 'unchanged' (nothing was written to the
 * tables behind it, or the rows are the same) or 'rebuilt'. Errors: 42704 no
 * such graph, 42501 not the owner, those of the query. Cost: that of creation;
 * a look at each page when nothing was written (docs/flow_graph.md).
 */
PG_FUNCTION_INFO_V1(rs_refresh_ownership_graph);
Datum
rs_refresh_ownership_graph(PG_FUNCTION_ARGS)
{
	RsGraphDefinition *d;
	RsGraphBuilt built = {0};
	RsGraphOwner owner;
	RsOwnershipMapping *older = NULL;
	instr_time	start;
	MemoryContext budget;

	rs_graph_must_be_able_to_write(&rs_ownership_graphs, "refresh");
	INSTR_TIME_SET_CURRENT(start);
	d = rs_graph_definition(&rs_ownership_graphs, rs_graph_read_name(PG_GETARG_TEXT_PP(0)), true, CurrentMemoryContext);
	rs_graph_must_own(d);
	rs_graph_be_owner(d, &owner);
	SPI_connect();
	budget = AllocSetContextCreate(CurrentMemoryContext, "risk_screen ownership graph build", ALLOCSET_DEFAULT_SIZES);
	/* We may have waited for the lock: see what is committed now. */
	PushActiveSnapshot(GetTransactionSnapshot());
	if (d->files)
	{
		RsGraphIdentity identity = rs_graph_definition_identity(d);
		const char *problem = NULL;
		RsMapResult result = rs_ownership_map(d->files, d->stamps, &identity, budget, &older, &problem);

		if (result == RS_MAP_DAMAGED)
			ereport(WARNING,
					(errcode(ERRCODE_DATA_CORRUPTED),
					 errmsg("the file of ownership graph \"%s\" is not trusted and will be replaced", d->name),
					 errdetail_internal("%s", problem)));
		if (result != RS_MAPPED)
			older = NULL;
	}
	if (older == NULL || !nothing_written(d, budget, &built, older))
		build(d, older, budget, &built);
	PopActiveSnapshot();
	MemoryContextDelete(budget);
	rs_graph_be_user(&owner);

	rs_graph_drop_files(d->files, built.files);
	rs_graph_record(d, &built, rs_seconds_since(start));
	SPI_finish();
	rs_graph_store_sweep(rs_graph_files_in_use);
	PG_RETURN_TEXT_P(cstring_to_text(built.how));
}

/* drop_ownership_graph(name text) returns void: the file goes when the transaction commits */
PG_FUNCTION_INFO_V1(rs_drop_ownership_graph);
Datum
rs_drop_ownership_graph(PG_FUNCTION_ARGS)
{
	rs_graph_drop(&rs_ownership_graphs, fcinfo);
	PG_RETURN_VOID();
}

/* grant_ownership_graph(name text, role text) returns void: role may read the graph; 'public' is everybody */
PG_FUNCTION_INFO_V1(rs_grant_ownership_graph);
Datum
rs_grant_ownership_graph(PG_FUNCTION_ARGS)
{
	rs_graph_grant(&rs_ownership_graphs, fcinfo, true);
	PG_RETURN_VOID();
}

/* revoke_ownership_graph(name text, role text) returns void */
PG_FUNCTION_INFO_V1(rs_revoke_ownership_graph);
Datum
rs_revoke_ownership_graph(PG_FUNCTION_ARGS)
{
	rs_graph_grant(&rs_ownership_graphs, fcinfo, false);
	PG_RETURN_VOID();
}

/* ---------- looking at one ---------- */

static RsMapResult
map_file(const RsGraphDefinition *d, const RsGraphIdentity *expected, void *arg, const char **problem)
{
	RsGraphOpened *o = arg;
	RsOwnershipMapping *mapping = NULL;
	RsMapResult result = rs_ownership_map(d->files, d->stamps, expected, o->owner, &mapping, problem);

	o->mapping = mapping;
	return result;
}

static bool
verify(void *mapping, const char **problem)
{
	return rs_ownership_file_verify(&((RsOwnershipMapping *) mapping)->file, problem);
}


/*
 * check_ownership_graph(name text) returns text
 *
 * 'sound' after reading the whole file and verifying every checksum, else what
 * is wrong: 'not built', 'missing', or a sentence. For the owner and readers.
 */
PG_FUNCTION_INFO_V1(rs_check_ownership_graph);
Datum
rs_check_ownership_graph(PG_FUNCTION_ARGS)
{
	PG_RETURN_DATUM(rs_graph_check(&rs_ownership_graphs, fcinfo, map_file, verify));
}

/* _ownership_graph_state(name text, out state text, out stale boolean): for the view ownership_graph */
PG_FUNCTION_INFO_V1(rs_ownership_graph_state);
Datum
rs_ownership_graph_state(PG_FUNCTION_ARGS)
{
	PG_RETURN_DATUM(rs_graph_state(&rs_ownership_graphs, fcinfo, map_file));
}

typedef struct Listing			/* rows of a graph that are being listed */
{
	MemoryContext budget;
	MemoryContext scratch;		/* of texts; reset now and then */
	RsOwnershipMapping *mapping;
	uint32		row;			/* the next */
} Listing;

static void
write_day(RsResultRow *row, DateADT day, bool open)
{
	if (open)
		rs_row_null(row);
	else
		rs_row_int4(row, day);
}

static bool
next_holding(void *state, RsResultRow *row)
{
	Listing    *l = state;
	const RsOwnershipFile *f = &l->mapping->file;
	RsHolding	r;
	RsKey		key;
	MemoryContext old;

	if (l->row == f->header->nrows)
		return false;
	if ((l->row & 0xFF) == 0)
		MemoryContextReset(l->scratch);
	old = MemoryContextSwitchTo(l->scratch);
	rs_ownership_file_row(f, l->row++, &r);
	rs_row_begin(row);
	key = rs_key_get(&f->node, r.owner);
	rs_row_varlena(row, rs_id_text(&l->mapping->node, &key));
	key = rs_key_get(&f->node, r.owned);
	rs_row_varlena(row, rs_id_text(&l->mapping->node, &key));
	for (int v = 0; v < RS_V_COLUMNS; v++)
		if (r.known & (1 << v))
			rs_row_varlena(row, rs_int128_to_numeric(r.value[v], f->header->scale[v]));
		else
			rs_row_null(row);
	if (r.kind > 0)
	{
		key = rs_key_get(&f->kind_name, r.kind - 1);
		rs_row_varlena(row, PointerGetDatum(cstring_to_text_with_len(key.bytes, (int) key.length)));
	}
	else
		rs_row_null(row);
	write_day(row, r.from, DATE_IS_NOBEGIN(r.from));
	write_day(row, r.to, DATE_IS_NOEND(r.to));
	if (TIMESTAMP_IS_NOBEGIN(r.known_from))
		rs_row_null(row);
	else
		rs_row_int8(row, r.known_from);
	MemoryContextSwitchTo(old);
	return true;
}

static void
close_holdings(void *state)
{
	MemoryContextDelete(((Listing *) state)->budget);
}

/*
 * ownership_graph_holdings(name text)
 *	 returns (owner text, owned text, share numeric, votes numeric, share_min numeric, share_max numeric,
 *			  kind text, valid_from date, valid_to date, known_from timestamptz)
 *
 * What a graph holds, by owned, then owner: to compare it with its source, or
 * to hand an auditor exactly what was looked through. For readers. Columns that
 * the query has not are NULL; an open end of validity is NULL.
 */
PG_FUNCTION_INFO_V1(rs_ownership_graph_holdings);
Datum
rs_ownership_graph_holdings(PG_FUNCTION_ARGS)
{
	RsGraphOpened o = {0};
	MemoryContext budget = AllocSetContextCreate(CurrentMemoryContext, "risk_screen ownership graph rows", ALLOCSET_DEFAULT_SIZES);
	Listing    *l = rs_alloc0(budget, 1, sizeof(Listing), "rows of an ownership graph");

	o.owner = l->budget = budget;
	l->scratch = AllocSetContextCreate(budget, "risk_screen row", ALLOCSET_SMALL_SIZES);
	rs_graph_use(&rs_ownership_graphs, rs_graph_read_name(PG_GETARG_TEXT_PP(0)), budget, map_file, &o);
	l->mapping = o.mapping;
	return rs_return_rows(fcinfo, &(RsRowSource) {next_holding, close_holdings, l});
}
