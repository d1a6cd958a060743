/*
 * src/flow_graph_refresh.c
 *	  From a definition to a file: reading the query, building, appending.
 *
 * A refresh first asks the pages whether anything was written. If so it reads
 * the query once: rows after the watermark (the latest time in the graph) go to
 * a builder, rows up to it only into a fingerprint. If that is the fingerprint
 * of the graph, the new rows are appended; else an earlier row has changed,
 * vanished or come late, and the caller has the graph built anew.
 */
#include "pg_compat.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#include "flow_graph.h"
#include "query_reader.h"
#include "rs_memory.h"

/* ---------- reading the query into a builder ---------- */

typedef struct Reading
{
	MemoryContext budget;
	MemoryContext scratch;		/* of one key */
	RsContract	contract;
	RsColumn	column[RS_T_CURRENCY + 1];
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

/*
 * Columns that attribution of the query would honour, and of the graph cannot.
 * Whoever builds is told; a refresh that only adds says nothing.
 */
static void
leave_out(RsQuery *query, const char *graph, bool tell)
{
	StringInfoData left;

	initStringInfo(&left);
	for (int c = RS_T_TIME + 1; c <= RS_T_CURRENCY; c++)
	{
		if (rs_query_has(query, c))
			appendStringInfo(&left, "%s%s", left.len ? ", " : "", rs_transfers_contract.column[c].name);
		rs_query_ignore(query, c);
	}
	if (tell && left.len > 0)
		ereport(NOTICE,
				(errmsg("flow graph \"%s\" does not keep the columns of its query: %s", graph, left.data),
				 errdetail("What is attributed over the graph knows no fees and no ledger order, and takes all amounts for one currency."),
				 errhint("Attribute the query itself where they matter, or create one graph for each currency.")));
}

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
	r->contract.ncolumns = RS_T_CURRENCY + 1;
	/* not kept: any type will do */
	for (int c = RS_T_TIME + 1; c <= RS_T_CURRENCY; c++)
		r->column[c].kind = RS_RAW;
	r->query = rs_query_open(d->transfers, &r->contract, bad_rows, budget, NULL);
	leave_out(r->query, d->name, !refreshing);
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
			leave_out(r->query, d->name, false);
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
finish_reading(Reading *r, RsGraphBuilt *built)
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
take_evidence(Reading *r, MemoryContext caller, RsGraphBuilt *built)
{
	const Oid  *relation;
	int			n = rs_query_relations(r->query, &relation);
	char	   *evidence = rs_graph_evidence(n, relation);

	built->evidence = evidence ? MemoryContextStrdup(caller, evidence) : NULL;
	PushActiveSnapshot(GetTransactionSnapshot());
}

/* Read everything, write a new file. SPI is connected. */
void
rs_graph_build(const RsGraphDefinition *d, MemoryContext budget, RsGraphBuilt *built)
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
bool
rs_graph_refresh(const RsGraphDefinition *d, const RsGraphMapping *older, TimestampTz closed_before,
				 MemoryContext budget, RsGraphBuilt *built)
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
