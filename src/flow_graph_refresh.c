/*
 * src/flow_graph_refresh.c
 *	  From a definition to a file: reading the query, building, appending.
 *
 * A refresh first asks the pages whether anything was written. If so it reads
 * the query once: rows after the watermark (the latest time in the graph) go to
 * a builder, rows up to it only into a fingerprint. If that is the fingerprint
 * of the graph, the new rows become its last part, alone or with parts that
 * are no larger; else an earlier row has changed, vanished or come late, and
 * the caller has the graph built anew.
 */
#include "pg_compat.h"

#include <unistd.h>

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "lib/stringinfo.h"
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

	/* optional columns */
	uint32		columns;		/* 1 << RS_GC_ORD ... */
	RsIdType	currency;

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

static const int column_of[RS_GC_COLUMNS] = {
	[RS_GC_ORD] = RS_T_ORD, [RS_GC_FEE] = RS_T_FEE, [RS_GC_CURRENCY] = RS_T_CURRENCY
};

/* Which optional columns the query has. */
static void
find_columns(Reading *r)
{
	r->columns = 0;
	for (int c = 0; c < RS_GC_COLUMNS; c++)
		if (rs_query_has(r->query, column_of[c]))
			r->columns |= 1u << c;
	if (r->columns & (1u << RS_GC_CURRENCY))
	{
		Oid			type = rs_interner_type(rs_query_interner(r->query, RS_INTERN_OTHER));

		rs_id_type_init(&r->currency, type, rs_query_type(r->query, RS_T_CURRENCY) == type ?
						rs_query_collation(r->query, RS_T_CURRENCY) : InvalidOid, "currency", r->budget);
	}
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
	r->query = rs_query_open(d->query, &r->contract, bad_rows, budget, NULL);
	find_columns(r);
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
			r->query = rs_query_open(d->query, &r->contract, bad_rows, budget, NULL);
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

/* The key stays: a graph has few currencies. */
static void
currency_key(void *arg, uint32 number, RsKey *key)
{
	Reading    *r = arg;
	MemoryContext old = MemoryContextSwitchTo(r->budget);

	*key = rs_id_key(&r->currency, rs_interner_datum(rs_query_interner(r->query, RS_INTERN_OTHER), number));
	MemoryContextSwitchTo(old);
}

static void
add_columns(Reading *r)
{
	RsGraphCurrencies currencies = {r->currency.key, r->currency.oid, currency_key, r};

	rs_graph_builder_columns(r->builder, r->columns, &currencies);
}

/* In the scratch context. */
static uint64
currency_hash(Reading *r, uint32 currency)
{
	RsKey		key = rs_id_key(&r->currency, rs_interner_datum(rs_query_interner(r->query, RS_INTERN_OTHER), currency));

	return rs_key_hash(&r->currency.key, &key);
}

static inline void
row_extra(Reading *r, const RsRow *row, RsGraphExtra *extra)
{
	extra->ord = row->isnull[RS_T_ORD] ? PG_INT64_MAX : row->value[RS_T_ORD].integer;
	extra->fee = row->isnull[RS_T_FEE] ? 0 : row->value[RS_T_FEE].amount;
	extra->fee_scale = r->columns & (1u << RS_GC_FEE) ? rs_query_scale(r->query, RS_T_FEE) : 0;
	extra->currency = row->isnull[RS_T_CURRENCY] ? RS_NO_ID : row->value[RS_T_CURRENCY].id;
}

static void
start_builder(Reading *r)
{
	MemoryContext old = MemoryContextSwitchTo(r->budget);

	r->output = rs_graph_output_create(&r->txn);
	r->builder = rs_graph_builder_create(r->budget, &r->output->host, r->txn.key, r->txn.oid,
										 rs_query_scale(r->query, RS_T_AMOUNT));
	add_columns(r);
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
	RsGraphExtra extra;
	RsKey		txn;

	if (r->columns)
		row_extra(r, row, &extra);
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
						 row->value[RS_T_PAYER].id, row->value[RS_T_PAYEE].id, &txn, &extra);
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
	RsGraphExtra extra;
	RsKey		txn;

	MemoryContextReset(r->scratch);
	MemoryContextSwitchTo(r->scratch);
	txn = row_txn(r, row);
	if (r->columns)
		row_extra(r, row, &extra);
	if (time <= r->watermark)
	{
		RsKey		payer = row_account(r, row, RS_T_PAYER),
					payee = row_account(r, row, RS_T_PAYEE);
		uint64		more = 0;

		if (r->columns)
			more = rs_extra_hash(r->columns, &extra, extra.currency == RS_NO_ID ? 0 : currency_hash(r, extra.currency));
		rs_fingerprint_add(&r->print, rs_key_hash(&r->account.key, &payer), rs_key_hash(&r->account.key, &payee),
						   rs_key_hash(&r->txn.key, &txn), time,
						   rs_amount_hash(amount, rs_query_scale(r->query, RS_T_AMOUNT)) + more);
		MemoryContextSwitchTo(r->budget);
		return;
	}
	MemoryContextSwitchTo(r->budget);
	{
		uint32		payer = row_account_number(r, row, RS_T_PAYER),
					payee = row_account_number(r, row, RS_T_PAYEE);

		rs_graph_builder_add(r->builder, time, amount, payer, payee, &txn, &extra);
	}
}

static int
compare_dense(const void *a, const void *b, void *arg)
{
	Reading    *r = arg;

	return rs_interner_compare(r->accounts, r->name[*(const uint32 *) a], r->name[*(const uint32 *) b]);
}

typedef struct Numbered
{
	uint32		number;			/* in the graph */
	uint32		added;			/* in the builder */
} Numbered;

#define ST_SORT sort_numbered
#define ST_ELEMENT_TYPE Numbered
#define ST_COMPARE(a, b) (((a)->number > (b)->number) - ((a)->number < (b)->number))
#define ST_SCOPE static
#define ST_CHECK_FOR_INTERRUPTS
#define ST_DEFINE
#include "lib/sort_template.h"

/* Numbers of the new rows' accounts in the older graph; new ones behind, in order. */
static void
continue_accounts(Reading *r, RsGraphAccounts *accounts)
{
	Numbered   *list = rs_alloc(r->budget, r->ndense, sizeof(Numbered), "refreshing the flow graph");
	uint32	   *rank = rs_alloc(r->budget, r->ndense, sizeof(uint32), "refreshing the flow graph");
	uint32	   *fresh = rs_alloc(r->budget, r->ndense, sizeof(uint32), "refreshing the flow graph");
	uint32	   *member = fresh;
	uint32		nfresh = 0;

	for (uint32 i = 0; i < r->ndense; i++)
	{
		RsKey		key;

		if ((i & 0xfff) == 0)
			CHECK_FOR_INTERRUPTS();
		account_key(r, i, &key);
		list[i].added = i;
		list[i].number = rs_graph_find_account(r->older, &key);
		if (list[i].number == RS_NO_ID)
			fresh[nfresh++] = i;
	}
	qsort_arg(fresh, nfresh, sizeof(uint32), compare_dense, r);
	accounts->total = r->older->naccounts;
	for (uint32 i = 0; i < nfresh; i++)
		list[fresh[i]].number = accounts->total++;
	sort_numbered(list, r->ndense);
	for (uint32 i = 0; i < r->ndense; i++)
	{
		rank[list[i].added] = i;
		member[i] = list[i].number;
	}
	accounts->count = r->ndense;
	accounts->rank = rank;
	accounts->member = member;
	pfree(list);
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

/* The optional columns it keeps, commas between. */
static char *
columns_list(uint32 columns)
{
	static const char *const name[RS_GC_COLUMNS] = {"ord", "fee", "currency"};
	StringInfoData list;

	initStringInfo(&list);
	for (int c = 0; c < RS_GC_COLUMNS; c++)
		if (columns & (1u << c))
			appendStringInfo(&list, "%s%s", list.len ? "," : "", name[c]);
	return list.data;
}

static void
finish_reading(Reading *r, RsGraphBuilt *built)
{
	built->complete = !rs_query_row_security(r->query);
	built->columns = columns_list(r->columns);
	built->timed = true;
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

/* The first word of *list, cut off; *list goes on to the next. */
static char *
cut_word(char **list)
{
	char	   *word = *list;

	*list += strcspn(*list, " ");
	if (**list != '\0')
		*(*list)++ = '\0';
	return word;
}

/* Make the new file durable; the graph is the first `keep` of these files, and it. */
static void
publish(Reading *r, const char *files, const char *stamps, int keep, RsGraphBuilt *built)
{
	char	   *file = pstrdup(files),
			   *stamp = pstrdup(stamps);
	char		last[RS_GRAPH_STAMP];

	rs_graph_output_finish(r->output, last);
	built->files[0] = built->stamps[0] = '\0';
	for (int i = 0; i < keep; i++)
	{
		strlcat(built->files, cut_word(&file), sizeof(built->files));
		strlcat(built->files, " ", sizeof(built->files));
		strlcat(built->stamps, cut_word(&stamp), sizeof(built->stamps));
		strlcat(built->stamps, " ", sizeof(built->stamps));
	}
	strlcat(built->files, r->output->name, sizeof(built->files));
	strlcat(built->stamps, last, sizeof(built->stamps));
	built->nparts = keep + 1;
}

/* The graph stays as it is. */
static void
keep_all(const RsGraphDefinition *d, const RsGraph *graph, RsGraphBuilt *built)
{
	strlcpy(built->files, d->files, sizeof(built->files));
	strlcpy(built->stamps, d->stamps, sizeof(built->stamps));
	built->nparts = graph->nparts;
	built->rows = graph->ntransfers;
	built->nodes = graph->naccounts;
	built->bytes = graph->bytes;
	built->first_at = graph->first_at;
	built->last_at = graph->last_at;
	built->how = "unchanged";
}

/* Read everything, write a new file. SPI is connected. */
void
rs_graph_build(const RsGraphDefinition *d, MemoryContext budget, RsGraphBuilt *built)
{
	Reading		r;
	RsGraphAccounts accounts;
	RsGraphIdentity identity = rs_graph_definition_identity(d);
	RsGraphHeader header;

	open_reading(&r, d, budget, false);
	start_builder(&r);
	take_evidence(&r, MemoryContextGetParent(budget), built);
	rs_query_read(r.query, build_row, build_rescale, &r);
	PopActiveSnapshot();
	accounts = describe_accounts(&r);
	accounts.count = accounts.total = rs_interner_count(r.accounts);
	accounts.rank = rs_interner_ranks(r.accounts, budget);
	identity.file = r.output->file;
	rs_graph_builder_finish(r.builder, &accounts, rs_query_scale(r.query, RS_T_AMOUNT), &identity, &header);
	built->rows = header.ntransfers;
	built->nodes = header.naccounts;
	built->bytes = header.file_size;
	built->first_at = header.first_at;
	built->last_at = header.last_at;
	publish(&r, "", "", 0, built);
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

/* A page must not be larger than the files' sections for parts to be laid behind each other. */
static int
parts_possible(int max_parts)
{
	return sysconf(_SC_PAGESIZE) > RS_GRAPH_ALIGN ? 1 : max_parts;
}

/* Add the rows in the builder to the graph. */
static void
append_rows(Reading *r, const RsGraphDefinition *d, const RsGraph *older, Memory *memory, int max_parts,
			RsGraphBuilt *built)
{
	RsGraphIdentity identity = rs_graph_definition_identity(d);
	RsGraphAccounts accounts = describe_accounts(r);
	RsGraphHeader header;
	RsGraphPart newer;
	const char *problem = NULL;
	uint64		count = rs_graph_builder_count(r->builder);
	int			keep = rs_graph_parts_to_keep(older, count, parts_possible(max_parts));

	identity.file = r->output->file;
	continue_accounts(r, &accounts);
	rs_graph_builder_finish(r->builder, &accounts, older->scale, &identity, &header);
	if (!rs_graph_part_attach(&newer, memory->data, memory->size, &identity, &problem))
		elog(ERROR, "new rows of flow graph could not be attached: %s", problem);
	newer.txn.type = r->txn.key;
	newer.currency.type = r->currency.key;
	rs_graph_merge(r->budget, &r->output->host, older, keep, &newer, &accounts, &identity, &header);
	publish(r, d->files, d->stamps, keep, built);
	built->rows = older->ntransfers + (uint32) count;
	built->nodes = accounts.total;
	built->bytes = header.file_size;
	for (int i = 0; i < keep; i++)
		built->bytes += older->part[i].header->file_size;
	built->first_at = older->first_at;
	built->last_at = header.last_at;
	built->how = "appended";
}

/*
 * Read the query and append what is later than the graph. False when that
 * cannot be: earlier rows differ, or the new ones do not fit its codes. Rows
 * earlier than closed_before are neither read nor compared.
 */
bool
rs_graph_refresh(const RsGraphDefinition *d, const RsGraphMapping *mapping, TimestampTz closed_before,
				 int max_parts, MemoryContext budget, RsGraphBuilt *built)
{
	Reading		r;
	const RsGraph *older = &mapping->graph;
	RsFingerprint expected = {older->ntransfers, {older->fingerprint[0], older->fingerprint[1]}};
	Memory		memory = {0};
	RsGraphHost host = {&memory, memory_write, memory_spill_write, memory_spill_read, memory_duplicate};
	bool		closed;

	open_reading(&r, d, budget, true);
	if (r.account.oid != mapping->account.oid || r.txn.oid != mapping->txn.oid || r.columns != older->columns ||
		((r.columns & (1u << RS_GC_CURRENCY)) && r.currency.oid != mapping->currency.oid))
	{
		rs_query_close(r.query);
		return false;
	}
	/* Everything after the watermark is new, closed or not. */
	closed_before = Min(closed_before, older->last_at + 1);
	closed = closed_before > older->first_at && rs_query_fetched_type(r.query, RS_T_TIME) == TIMESTAMPTZOID;
	/* looking at every page costs more than reading a few days */
	if (!closed && nothing_written(&r, d))
	{
		keep_all(d, older, built);
		built->evidence = d->evidence;
		finish_reading(&r, built);
		return true;
	}
	r.older = older;
	r.watermark = older->last_at;
	memory.budget = budget;
	memory.output = r.output = rs_graph_output_create(&r.txn);
	r.builder = rs_graph_builder_create(budget, &host, r.txn.key, r.txn.oid,
										rs_query_scale(r.query, RS_T_AMOUNT));
	rs_graph_builder_continue(r.builder, older);
	add_columns(&r);
	if (closed)
	{
		Oid			type = TIMESTAMPTZOID;
		Datum		value = TimestampTzGetDatum(closed_before);

		/* of rows that are not compared there is no evidence */
		PushActiveSnapshot(GetTransactionSnapshot());
		rs_graph_fingerprint(older, closed_before, &expected);
		rs_query_read_bound(r.query, "", psprintf("WHERE %s OPERATOR(pg_catalog.>=) $1",
												  rs_query_expression(r.query, RS_T_TIME)),
							1, &type, &value, NULL, refresh_row, build_rescale, &r);
	}
	else
	{
		take_evidence(&r, MemoryContextGetParent(budget), built);
		rs_query_read(r.query, refresh_row, build_rescale, &r);
	}
	PopActiveSnapshot();

	if (r.print.rows != expected.rows || memcmp(r.print.sum, expected.sum, sizeof(expected.sum)) != 0)
		;						/* changed, vanished, or come late */
	else if (rs_graph_builder_count(r.builder) == 0)
	{
		keep_all(d, older, built);
		/* the rows read are as they were: what is known of the tables remains */
		if (closed)
			built->evidence = d->evidence;
		rs_graph_output_abandon(r.output);
		finish_reading(&r, built);
		return true;
	}
	else if (rs_graph_builder_fits(r.builder, older))
	{
		append_rows(&r, d, older, &memory, max_parts, built);
		finish_reading(&r, built);
		return true;
	}
	rs_graph_output_abandon(r.output);
	rs_query_close(r.query);
	return false;
}
