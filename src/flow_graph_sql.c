/*
 * src/flow_graph_sql.c
 *	  create_flow_graph, refresh_flow_graph, drop_flow_graph and their kin.
 *
 * A flow graph is to a transfers query what a materialised view is to its
 * query: it has an owner, is built with the owner's rights and settings, and
 * is read by whom the owner lets. Creating, refreshing and dropping are
 * transactional; the row of the definition is the lock.
 *
 * A refresh reads the query once. Rows after the watermark (the latest time in
 * the graph) go to a builder; rows up to it only into a fingerprint. If that is
 * the fingerprint of the graph, the new rows are appended, else an earlier row
 * has changed, vanished or come late, and the graph is built anew.
 */
#include "pg_compat.h"

#include "access/htup_details.h"
#include "access/xact.h"
#include "access/xlog.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "portability/instr_time.h"
#include "tcop/utility.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#include "flow_graph.h"
#include "flow_order.h"
#include "query_reader.h"
#include "risk_screen.h"
#include "rs_memory.h"

/* ---------- reading the query into a builder ---------- */

typedef struct Reading
{
	MemoryContext budget;
	MemoryContext scratch;		/* of one key */
	RsContract	contract;
	RsColumn	column[RS_T_TIME + 1];
	RsQuery    *query;
	bool		raw_txn;
	RsInterner *accounts;
	RsIdType	account;
	RsIdType	txn;
	RsGraphOutput *output;
	RsGraphBuilder *builder;

	/* refreshing */
	bool		raw_accounts;
	RsIdType	party[2];		/* payer and payee, when raw */
	const RsGraph *older;
	TimestampTz watermark;
	RsFingerprint print;
	uint32	   *dense;			/* interned account -> number in the builder */
	uint64		dense_capacity;
	uint32	   *name;			/* and back */
	uint64		name_capacity;
	uint32		ndense;
} Reading;

/* `refreshing`: most rows are only compared, so do not number their accounts. */
static void
open_reading(Reading *r, const RsGraphDefinition *d, MemoryContext budget, bool refreshing)
{
	RsBadRows	bad_rows = rs_bad_rows_option(d->bad_rows);

	memset(r, 0, sizeof(*r));
	r->budget = budget;
	r->scratch = AllocSetContextCreate(budget, "risk_screen key", ALLOCSET_SMALL_SIZES);
	memcpy(r->column, rs_transfers_contract.column, sizeof(r->column));
	/*
	 * Interning every transaction id costs more than the rest of the build;
	 * the builder finds duplicates cheaper, but cannot skip them.
	 */
	r->raw_txn = bad_rows == RS_BAD_ERROR;
	if (r->raw_txn)
	{
		r->column[RS_T_TXN].kind = RS_RAW;
		r->column[RS_T_TXN].flags &= ~RS_UNIQUE;
	}
	r->raw_accounts = refreshing;
	if (r->raw_accounts)
		r->column[RS_T_PAYER].kind = r->column[RS_T_PAYEE].kind = RS_RAW;
	r->contract = rs_transfers_contract;
	r->contract.column = r->column;
	r->contract.ncolumns = RS_T_TIME + 1;
	r->query = rs_query_open(d->transfers, &r->contract, bad_rows, budget, NULL);
	if (r->raw_accounts)
	{
		Oid			payer = rs_query_fetched_type(r->query, RS_T_PAYER),
					payee = rs_query_fetched_type(r->query, RS_T_PAYEE);

		if (payer == payee && rs_query_collation(r->query, RS_T_PAYER) == rs_query_collation(r->query, RS_T_PAYEE))
		{
			rs_id_type_init(&r->party[0], payer, rs_query_collation(r->query, RS_T_PAYER), "payer", budget);
			r->party[1] = r->party[0];
			r->accounts = rs_interner_create(budget, payer, rs_query_collation(r->query, RS_T_PAYER));
		}
		else
		{
			/* columns of two types: the reader knows how to make them one */
			rs_query_close(r->query);
			r->raw_accounts = false;
			r->column[RS_T_PAYER].kind = r->column[RS_T_PAYEE].kind = RS_ID;
			r->query = rs_query_open(d->transfers, &r->contract, bad_rows, budget, NULL);
		}
	}
	if (!r->raw_accounts)
		r->accounts = rs_query_interner(r->query, RS_INTERN_ACCOUNT);
	rs_id_type_init(&r->account, rs_interner_type(r->accounts),
					rs_query_type(r->query, RS_T_PAYER) == rs_interner_type(r->accounts) ?
					rs_query_collation(r->query, RS_T_PAYER) : InvalidOid, "payer", budget);
	rs_id_type_init(&r->txn, rs_query_fetched_type(r->query, RS_T_TXN),
					rs_query_collation(r->query, RS_T_TXN), "txn_id", budget);
}

static void
start_builder(Reading *r)
{
	MemoryContext old = MemoryContextSwitchTo(r->budget);

	r->output = rs_graph_output_create(&r->txn);
	r->builder = rs_graph_builder_create(r->budget, &r->output->host, r->txn.key, r->txn.oid,
										 rs_query_scale(r->query, RS_T_AMOUNT));
	MemoryContextSwitchTo(old);
}

static inline RsKey
row_txn(Reading *r, const RsRow *row)
{
	return rs_id_key(&r->txn, r->raw_txn ? row->value[RS_T_TXN].raw
					 : rs_interner_datum(rs_query_interner(r->query, RS_INTERN_TXN), row->value[RS_T_TXN].id));
}

static void
build_row(void *arg, const RsRow *row)
{
	Reading    *r = arg;
	RsKey		txn;

	if (r->txn.typbyval)
		txn = row_txn(r, row);
	else
	{
		MemoryContextReset(r->scratch);
		MemoryContextSwitchTo(r->scratch);
		txn = row_txn(r, row);
		MemoryContextSwitchTo(r->budget);
	}
	rs_graph_builder_add(r->builder, row->value[RS_T_TIME].time, row->value[RS_T_AMOUNT].amount,
						 row->value[RS_T_PAYER].id, row->value[RS_T_PAYEE].id, &txn);
}

static void
build_rescale(void *arg, int column, int old_scale, int new_scale)
{
	if (column == RS_T_AMOUNT)
		rs_graph_builder_rescale(((Reading *) arg)->builder, old_scale, new_scale);
}

/* The key lives until the next call. */
static void
account_key(void *arg, uint32 number, RsKey *key)
{
	Reading    *r = arg;
	MemoryContext old;

	MemoryContextReset(r->scratch);
	old = MemoryContextSwitchTo(r->scratch);
	*key = rs_id_key(&r->account, rs_interner_datum(r->accounts, r->name ? r->name[number] : number));
	MemoryContextSwitchTo(old);
}

/* ---------- refreshing ---------- */

/* The account's number in the builder, given at its first new row. */
static uint32
dense_number(Reading *r, uint32 account)
{
	if (account >= r->dense_capacity)
	{
		uint64		old = r->dense_capacity;

		r->dense = rs_grow(r->budget, r->dense, &r->dense_capacity, (uint64) account + 1,
						   sizeof(uint32), "refreshing the flow graph");
		memset(r->dense + old, 0xff, (r->dense_capacity - old) * sizeof(uint32));
	}
	if (r->dense[account] == UINT32_MAX)
	{
		r->name = rs_grow(r->budget, r->name, &r->name_capacity, (uint64) r->ndense + 1,
						  sizeof(uint32), "refreshing the flow graph");
		r->name[r->ndense] = account;
		r->dense[account] = r->ndense++;
	}
	return r->dense[account];
}

/* In the scratch context. */
static inline RsKey
row_account(Reading *r, const RsRow *row, int column)
{
	if (r->raw_accounts)
		return rs_id_key(&r->party[column - RS_T_PAYER], row->value[column].raw);
	return rs_id_key(&r->account, rs_interner_datum(r->accounts, row->value[column].id));
}

static inline uint32
row_account_number(Reading *r, const RsRow *row, int column)
{
	return dense_number(r, r->raw_accounts ? rs_intern(r->accounts, row->value[column].raw, NULL)
						: row->value[column].id);
}

static void
refresh_row(void *arg, const RsRow *row)
{
	Reading    *r = arg;
	TimestampTz time = row->value[RS_T_TIME].time;
	int128		amount = row->value[RS_T_AMOUNT].amount;
	RsKey		txn;

	MemoryContextReset(r->scratch);
	MemoryContextSwitchTo(r->scratch);
	txn = row_txn(r, row);
	if (time <= r->watermark)
	{
		RsKey		payer = row_account(r, row, RS_T_PAYER),
					payee = row_account(r, row, RS_T_PAYEE);

		rs_fingerprint_add(&r->print, rs_key_hash(&r->account.key, &payer), rs_key_hash(&r->account.key, &payee),
						   rs_key_hash(&r->txn.key, &txn), time,
						   rs_amount_hash(amount, rs_query_scale(r->query, RS_T_AMOUNT)));
		MemoryContextSwitchTo(r->budget);
		return;
	}
	MemoryContextSwitchTo(r->budget);
	{
		uint32		payer = row_account_number(r, row, RS_T_PAYER),
					payee = row_account_number(r, row, RS_T_PAYEE);

		rs_graph_builder_add(r->builder, time, amount, payer, payee, &txn);
	}
}

static int
compare_dense(const void *a, const void *b, void *arg)
{
	Reading    *r = arg;

	return rs_interner_compare(r->accounts, r->name[*(const uint32 *) a], r->name[*(const uint32 *) b]);
}

/* Numbers of the new rows' accounts in the older graph; new ones behind, in order. */
static void
continue_accounts(Reading *r, RsGraphAccounts *accounts)
{
	uint32	   *number = rs_alloc(r->budget, r->ndense, sizeof(uint32), "refreshing the flow graph");
	uint32	   *fresh = rs_alloc(r->budget, r->ndense, sizeof(uint32), "refreshing the flow graph");
	uint32		nfresh = 0;

	for (uint32 i = 0; i < r->ndense; i++)
	{
		RsKey		key;

		if ((i & 0xfff) == 0)
			CHECK_FOR_INTERRUPTS();
		account_key(r, i, &key);
		number[i] = rs_graph_find_account(r->older, &key);
		if (number[i] == RS_NO_ID)
			fresh[nfresh++] = i;
	}
	qsort_arg(fresh, nfresh, sizeof(uint32), compare_dense, r);
	accounts->total = r->older->header->naccounts;
	for (uint32 i = 0; i < nfresh; i++)
		number[fresh[i]] = accounts->total++;
	accounts->count = r->ndense;
	accounts->rank = number;
	pfree(fresh);
}

/* ---------- one build ---------- */

typedef struct Built
{
	char		name[RS_GRAPH_FILE_NAME];
	char		stamp[RS_GRAPH_STAMP];
	RsGraphHeader header;
	bool		complete;
	const char *how;
	char	   *evidence;
} Built;

static void
ignore_row(void *arg, const RsRow *row)
{
}

/* Nothing written since the last refresh, so nothing to read but the rights. */
static bool
nothing_written(Reading *r, const RsGraphDefinition *d)
{
	const Oid  *relation;
	int			n = rs_query_relations(r->query, &relation);

	if (d->evidence == NULL || !rs_graph_evidence_holds(d->evidence, n, relation))
		return false;
	rs_query_read_bound(r->query, "", "LIMIT 0", 0, NULL, NULL, NULL, ignore_row, NULL, NULL);
	return true;
}

static void
finish_reading(Reading *r, Built *built)
{
	built->complete = !rs_query_row_security(r->query);
	rs_query_close(r->query);
}

static RsGraphAccounts
describe_accounts(Reading *r)
{
	RsGraphAccounts accounts = {0};

	accounts.type = r->account.key;
	accounts.oid = r->account.oid;
	accounts.get = account_key;
	accounts.arg = r;
	return accounts;
}

/*
 * Note what the tables' pages look like, then look at their rows: with a new
 * snapshot, so that no row is older than the evidence.
 */
static void
take_evidence(Reading *r, MemoryContext caller, Built *built)
{
	const Oid  *relation;
	int			n = rs_query_relations(r->query, &relation);
	char	   *evidence = rs_graph_evidence(n, relation);

	built->evidence = evidence ? MemoryContextStrdup(caller, evidence) : NULL;
	PushActiveSnapshot(GetTransactionSnapshot());
}

/* Read everything, write a new file. SPI is connected. */
static void
build(const RsGraphDefinition *d, MemoryContext budget, Built *built)
{
	Reading		r;
	RsGraphAccounts accounts;
	RsGraphIdentity identity = rs_graph_definition_identity(d);

	open_reading(&r, d, budget, false);
	start_builder(&r);
	take_evidence(&r, MemoryContextGetParent(budget), built);
	rs_query_read(r.query, build_row, build_rescale, &r);
	PopActiveSnapshot();
	accounts = describe_accounts(&r);
	accounts.count = accounts.total = rs_interner_count(r.accounts);
	accounts.rank = rs_interner_ranks(r.accounts, budget);
	identity.file = r.output->file;
	rs_graph_builder_finish(r.builder, &accounts, rs_query_scale(r.query, RS_T_AMOUNT), &identity, &built->header);
	rs_graph_output_finish(r.output, built->stamp);
	strlcpy(built->name, r.output->name, sizeof(built->name));
	finish_reading(&r, built);
	built->how = "rebuilt";
}

/* A file in memory: the new rows before they are appended. */
typedef struct Memory
{
	MemoryContext budget;
	RsGraphOutput *output;		/* for spilling and messages */
	char	   *data;
	uint64		capacity;
	uint64		size;
} Memory;

static void
memory_write(void *arg, const void *data, Size length, uint64 offset)
{
	Memory	   *m = arg;

	/* sections are mapped with 16-byte alignment */
	m->data = rs_grow(m->budget, m->data, &m->capacity, offset + length, 1, "the new rows of the flow graph");
	memcpy(m->data + offset, data, length);
	m->size = Max(m->size, offset + length);
}

static void
memory_spill_write(void *arg, const void *data, Size length, uint64 offset)
{
	RsGraphOutput *output = ((Memory *) arg)->output;

	output->host.spill_write(output, data, length, offset);
}

static void
memory_spill_read(void *arg, void *data, Size length, uint64 offset)
{
	RsGraphOutput *output = ((Memory *) arg)->output;

	output->host.spill_read(output, data, length, offset);
}

static void
memory_duplicate(void *arg, const RsKey *txn)
{
	RsGraphOutput *output = ((Memory *) arg)->output;

	output->host.duplicate_txn(output, txn);
}

/*
 * Read the query and append what is later than the older file. False when that
 * cannot be: earlier rows differ, or the new ones do not fit its codes. Rows
 * earlier than closed_before are neither read nor compared.
 */
static bool
append(const RsGraphDefinition *d, const RsGraphMapping *older, TimestampTz closed_before,
	   MemoryContext budget, Built *built)
{
	Reading		r;
	const RsGraphHeader *o = older->graph.header;
	RsGraphIdentity identity = rs_graph_definition_identity(d);
	RsFingerprint expected = {o->ntransfers, {o->fingerprint[0], o->fingerprint[1]}};
	Memory		memory = {0};
	RsGraphHost host = {&memory, memory_write, memory_spill_write, memory_spill_read, memory_duplicate};

	open_reading(&r, d, budget, true);
	if (r.account.oid != older->account.oid || r.txn.oid != older->txn.oid)
	{
		rs_query_close(r.query);
		return false;
	}
	if (nothing_written(&r, d))
	{
		strlcpy(built->name, older->name, sizeof(built->name));
		strlcpy(built->stamp, d->stamp, sizeof(built->stamp));
		built->header = *o;
		built->how = "unchanged";
		built->evidence = d->evidence;
		finish_reading(&r, built);
		return true;
	}
	r.older = &older->graph;
	r.watermark = o->last_at;
	memory.budget = budget;
	memory.output = r.output = rs_graph_output_create(&r.txn);
	r.builder = rs_graph_builder_create(budget, &host, r.txn.key, r.txn.oid,
										rs_query_scale(r.query, RS_T_AMOUNT));
	rs_graph_builder_continue(r.builder, r.older);
	take_evidence(&r, MemoryContextGetParent(budget), built);
	/* Everything after the watermark is new, closed or not. */
	closed_before = Min(closed_before, o->last_at + 1);
	if (closed_before > o->first_at && rs_query_fetched_type(r.query, RS_T_TIME) == TIMESTAMPTZOID)
	{
		Oid			type = TIMESTAMPTZOID;
		Datum		value = TimestampTzGetDatum(closed_before);

		built->evidence = NULL; /* of rows that were not compared there is none */
		rs_graph_fingerprint(r.older, closed_before, &expected);
		rs_query_read_bound(r.query, "", psprintf("WHERE %s OPERATOR(pg_catalog.>=) $1",
												  rs_query_expression(r.query, RS_T_TIME)),
							1, &type, &value, NULL, refresh_row, build_rescale, &r);
	}
	else
		rs_query_read(r.query, refresh_row, build_rescale, &r);
	PopActiveSnapshot();

	identity.file = r.output->file;
	if (r.print.rows != expected.rows || memcmp(r.print.sum, expected.sum, sizeof(expected.sum)) != 0)
		;						/* changed, vanished, or come late */
	else if (rs_graph_builder_count(r.builder) == 0)
	{
		strlcpy(built->name, older->name, sizeof(built->name));
		strlcpy(built->stamp, d->stamp, sizeof(built->stamp));
		built->header = *o;
		built->how = "unchanged";
		rs_graph_output_abandon(r.output);
		finish_reading(&r, built);
		return true;
	}
	else if (rs_graph_builder_fits(r.builder, r.older))
	{
		RsGraphAccounts accounts = describe_accounts(&r);
		RsGraphHeader header;
		RsGraph		newer;
		const char *problem = NULL;

		continue_accounts(&r, &accounts);
		rs_graph_builder_finish(r.builder, &accounts, o->scale, &identity, &header);
		if (!rs_graph_attach(&newer, memory.data, memory.size, &identity, &problem))
			elog(ERROR, "new rows of flow graph could not be attached: %s", problem);
		newer.txn.type = r.txn.key;
		rs_graph_append(budget, &r.output->host, r.older, &newer, &accounts, &identity, &built->header);
		rs_graph_output_finish(r.output, built->stamp);
		strlcpy(built->name, r.output->name, sizeof(built->name));
		built->how = "appended";
		finish_reading(&r, built);
		return true;
	}
	rs_graph_output_abandon(r.output);
	rs_query_close(r.query);
	return false;
}

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

/* Note the file in the catalog. SPI is connected. */
static void
record(const RsGraphDefinition *d, const Built *built, double seconds)
{
	enum {NARGS = 13};
	Oid			types[NARGS] = {TEXTOID, TEXTOID, TEXTOID, INT8OID, INT8OID, INT8OID,
	TIMESTAMPTZOID, TIMESTAMPTZOID, TIMESTAMPTZOID, FLOAT8OID, BOOLOID, TEXTOID, TEXTOID};
	Datum		values[NARGS];
	char		nulls[NARGS];
	const RsGraphHeader *h = &built->header;

	memset(nulls, ' ', sizeof(nulls));
	values[0] = CStringGetTextDatum(d->name);
	values[1] = CStringGetTextDatum(built->name);
	values[2] = CStringGetTextDatum(built->stamp);
	values[3] = Int64GetDatum(h->ntransfers);
	values[4] = Int64GetDatum(h->naccounts);
	values[5] = Int64GetDatum((int64) h->file_size);
	values[6] = TimestampTzGetDatum(h->first_at);
	values[7] = TimestampTzGetDatum(h->last_at);
	if (h->ntransfers == 0)
		nulls[6] = nulls[7] = 'n';
	values[8] = TimestampTzGetDatum(GetCurrentTimestamp());
	values[9] = Float8GetDatum(seconds);
	values[10] = BoolGetDatum(built->complete);
	values[11] = CStringGetTextDatum(built->how);
	if (built->evidence)
		values[12] = CStringGetTextDatum(built->evidence);
	else
		nulls[12] = 'n';
	rs_graph_catalog("DELETE FROM risk_screen._flow_graph_file f WHERE f.name OPERATOR(pg_catalog.=) $1",
					 false, 1, types, values, NULL);
	rs_graph_catalog("INSERT INTO risk_screen._flow_graph_file"
					 " (name, file, stamp, transfers, accounts, bytes, first_at, last_at, refreshed_at, seconds, complete, refreshed_by, evidence)"
					 " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
					 false, NARGS, types, values, nulls);
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
	Built		built = {0};
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
	build(&d, budget, &built);
	MemoryContextDelete(budget);
	built.how = "created";
	record(&d, &built, seconds_since(start));
	SPI_finish();
	rs_graph_store_sweep(rs_graph_files_in_use);
	PG_RETURN_INT64(built.header.ntransfers);
}

/*
 * refresh_flow_graph(name text, closed_before timestamptz) returns text
 *
 * Brings the graph up to date with its query, as the owner and under the
 * settings of its creation. Rows earlier than closed_before are taken as they
 * are in the graph, unread; NULL: every row is compared. Returns 'unchanged', 'appended' (only rows later
 * than the watermark were new) or 'rebuilt' (earlier rows changed, vanished or
 * came late, or there was no sound file). Errors: 42704 no such graph, 42501
 * not the owner. Cost: see docs/flow_graph.md.
 */
PG_FUNCTION_INFO_V1(rs_refresh_flow_graph);
Datum
rs_refresh_flow_graph(PG_FUNCTION_ARGS)
{
	RsGraphDefinition *d;
	Built		built = {0};
	instr_time	start;
	MemoryContext budget,
				pins;
	Oid			user;
	int			context,
				level;
	bool		done = false;
	TimestampTz closed_before = PG_ARGISNULL(1) ? DT_NOBEGIN : PG_GETARG_TIMESTAMPTZ(1);

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
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
	if (d->file)
	{
		RsGraphIdentity identity = rs_graph_definition_identity(d);
		RsGraphMapping *older;
		const char *problem = NULL;
		RsMapResult result = rs_graph_map(d->file, d->stamp, &identity, pins, &older, &problem);

		if (result == RS_MAP_DAMAGED)
			ereport(WARNING,
					(errcode(ERRCODE_DATA_CORRUPTED),
					 errmsg("the file of flow graph \"%s\" is not trusted and will be replaced", d->name),
					 errdetail_internal("%s", problem)));
		if (result == RS_MAPPED && older->graph.header->ntransfers > 0)
		{
			budget = AllocSetContextCreate(CurrentMemoryContext, "risk_screen flow graph refresh", ALLOCSET_DEFAULT_SIZES);
			done = append(d, older, closed_before, budget, &built);
			MemoryContextDelete(budget);
		}
	}
	if (!done)
	{
		budget = AllocSetContextCreate(CurrentMemoryContext, "risk_screen flow graph build", ALLOCSET_DEFAULT_SIZES);
		build(d, budget, &built);
		MemoryContextDelete(budget);
	}
	PopActiveSnapshot();
	MemoryContextDelete(pins);
	AtEOXact_GUC(false, level);
	SetUserIdAndSecContext(user, context);

	if (d->file && strcmp(d->file, built.name) != 0)
		rs_graph_file_drop(d->file);
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
	if (d->file)
		rs_graph_file_drop(d->file);
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
	if (d->file == NULL)
		PG_RETURN_TEXT_P(cstring_to_text("not built"));
	pins = AllocSetContextCreate(CurrentMemoryContext, "risk_screen flow graph pins", ALLOCSET_SMALL_SIZES);
	switch (rs_graph_map(d->file, d->stamp, &identity, pins, &mapping, &answer))
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
	if (d->file == NULL)
		state = "not built";
	else
		switch (rs_graph_map(d->file, d->stamp, &identity, pins, &mapping, &problem))
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

/*
 * flow_graph_transfers(name text)
 *	 returns (txn_id text, payer text, payee text, amount numeric, paid_at timestamptz)
 *
 * What a graph holds, in (paid_at, txn_id) order: to compare it with its
 * source, or to hand an auditor exactly what was traced. For readers. Memory:
 * 16 bytes a transfer.
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
		Datum		values[5];
		bool		nulls[5] = {false};
		MemoryContext old;

		CHECK_FOR_INTERRUPTS();
		old = MemoryContextSwitchTo(scratch);
		values[0] = flow->txn_text(flow, t);
		values[1] = flow->account_text(flow, payer[t]);
		values[2] = flow->account_text(flow, out->arc[t].peer);
		values[3] = rs_int128_to_numeric(rs_flow_amount(flow, t), flow->scale);
		values[4] = TimestampTzGetDatum(rs_flow_time(flow, out->arc[t].when));
		tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
		MemoryContextSwitchTo(old);
		MemoryContextReset(scratch);
	}
	flow->close(flow);
	MemoryContextDelete(budget);
	return (Datum) 0;
}
