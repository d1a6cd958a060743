/*
 * src/flow_graph_build.c
 *	  Building a flow graph from a stream of transfers.
 *
 * Three moves, each sequential, each record touched in cache:
 *
 *	 read	  rows are appended to one list as they come (40 bytes a transfer);
 *	 out	  rows are distributed to buckets of payers, so large that a bucket
 *			  stays in the CPU's cache; each bucket is spread to its accounts, each
 *			  account's group is put in (time, txn) order, and arcs, amounts and
 *			  transaction ids are written. A transfer's number is its place here;
 *	 in		  while writing, transfers are distributed to buckets of payees,
 *			  which are sorted and written the same way.
 *
 * The sort key of a group is (time code << 32 | place in the bucket), one
 * integer; ties are put in txn order afterwards. Groups that come in order,
 * as from a table in time order, are only checked.
 *
 * Memory: one copy of the rows (the lists' chunks are recycled from move to
 * move), 28 bytes an account, and one bucket. When that exceeds half of
 * risk_screen.max_memory, lists spill (src/flow_graph_pool.c). Accounts and the
 * transfers of any one bucket must fit; the error says what did not.
 *
 * Times become 32-bit codes: linear in the greatest common unit of all times
 * if that fits, else places in a table of the distinct times.
 *
 * Duplicate transaction ids are found without a hash table of all of them:
 * ascending ids cannot repeat; else integers of a narrow range are marked in a
 * bitmap; else ids are distributed by hash and compared bucket by bucket.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/memutils.h"

#include "flow_graph_builder.h"
#include "rs_memory.h"

static const char *const purpose = "building the flow graph";

RsGraphBuilder *
rs_graph_builder_create(MemoryContext budget, const RsGraphHost *host, RsKeyType txn_type,
						Oid txn_oid, int scale)
{
	RsGraphBuilder *b = rs_alloc0(budget, 1, sizeof(RsGraphBuilder), purpose);

	b->budget = budget;
	b->host = *host;
	b->pool = rs_pool_create(budget, &b->host);
	b->txn_type = txn_type;
	b->txn_oid = txn_oid;
	b->scale = scale;
	b->times_ascend = b->txn_ascend = true;
	b->power[0] = 1;
	for (int i = 1; i <= 38; i++)
		b->power[i] = b->power[i - 1] * 10;
	if (txn_type.kind != RS_KEY_INT)
		b->txn_last = rs_alloc(budget, 1, RS_KEY_MAX_LENGTH, purpose);
	return b;
}

void
rs_graph_builder_columns(RsGraphBuilder *b, uint32 columns, const RsGraphCurrencies *currencies)
{
	b->columns = columns;
	b->extra = columns ? sizeof(RsGraphExtra) : 0;
	if (currencies)
		b->currencies = *currencies;
}

void
rs_graph_builder_continue(RsGraphBuilder *b, const RsGraph *older)
{
	b->older = older;
}

uint64
rs_graph_builder_count(const RsGraphBuilder *b)
{
	return b->count;
}

static void
note_account(RsGraphBuilder *b, uint32 account)
{
	uint64		old = b->account_capacity;

	if (account >= b->account_capacity)
	{
		b->sent = rs_grow(b->budget, b->sent, &b->account_capacity, (uint64) account + 1,
						  sizeof(uint32), purpose);
		b->received = rs_grow(b->budget, b->received, &b->account_capacity2, b->account_capacity,
							  sizeof(uint32), purpose);
		memset(b->sent + old, 0, (b->account_capacity - old) * sizeof(uint32));
		memset(b->received + old, 0, (b->account_capacity - old) * sizeof(uint32));
	}
	b->accounts = account + 1;
}

static int64
greatest_unit(int64 a, int64 b)
{
	while (b != 0)
	{
		int64		t = a % b;

		a = b;
		b = t;
	}
	return a;
}

static void
note_txn(RsGraphBuilder *b, const RsKey *txn)
{
	if (b->txn_type.kind == RS_KEY_INT)
	{
		if (b->count == 0)
			b->txn_low = b->txn_high = txn->integer;
		else if (txn->integer > b->txn_high)
			b->txn_high = txn->integer;
		else
		{
			b->txn_ascend = false;
			if (txn->integer < b->txn_low)
				b->txn_low = txn->integer;
		}
		return;
	}
	if (txn->length > RS_KEY_MAX_LENGTH)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("transaction identifier is longer than %d bytes", RS_KEY_MAX_LENGTH)));
	b->txn_bytes += txn->length;
	if (b->txn_ascend)
	{
		int			c = -1;

		if (b->count > 0)
		{
			c = memcmp(b->txn_last, txn->bytes, Min(b->txn_last_length, txn->length));
			if (c == 0)
				c = (b->txn_last_length > txn->length) - (b->txn_last_length < txn->length);
		}
		if (c >= 0)
			b->txn_ascend = false;
		memcpy(b->txn_last, txn->bytes, txn->length);
		b->txn_last_length = txn->length;
	}
}

/* Which currencies there are, and how large the numbers. */
static void
note_extra(RsGraphBuilder *b, const RsGraphExtra *extra)
{
	rs_column_range_note(&b->range, extra);
	if (extra->currency == RS_NO_ID)
		return;
	if (extra->currency >= b->currency_capacity)
	{
		uint64		old = b->currency_capacity;

		b->currency_place = rs_grow(b->budget, b->currency_place, &b->currency_capacity,
									(uint64) extra->currency + 1, sizeof(uint32), purpose);
		memset(b->currency_place + old, 0, (b->currency_capacity - old) * sizeof(uint32));
	}
	b->currency_place[extra->currency] = 1;
}

void
rs_graph_builder_add(RsGraphBuilder *b, TimestampTz time, int128 amount,
					 uint32 payer, uint32 payee, const RsKey *txn, const RsGraphExtra *extra)
{
	bool		wide = amount > PG_INT64_MAX;
	uint32		bytes = b->txn_type.kind == RS_KEY_INT ? 0 : padded(txn->length);
	Row		   *row;
	char	   *at;

	if (b->count >= RS_FLOW_MAX_TRANSFERS)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("a flow graph holds at most %u transfers", RS_FLOW_MAX_TRANSFERS),
				 errhint("Build graphs of shorter periods.")));
	note_txn(b, txn);
	if (b->count == 0)
	{
		b->first_at = b->last_at = b->base = time;
		b->unit = 0;
		if (b->older && b->older->time == NULL)
		{
			b->base = b->older->time_base;
			b->unit = b->older->time_unit;
		}
	}
	if (time > b->last_at)
		b->last_at = time;
	else if (time < b->last_at)
	{
		b->times_ascend = false;
		if (time < b->first_at)
			b->first_at = time;
	}
	if (b->unit != 1)
	{
		int64		distance = time - b->base;

		if (distance != 0 && (b->unit == 0 || distance % b->unit != 0))
			b->unit = greatest_unit(b->unit, distance < 0 ? -distance : distance);
	}
	if (amount > b->largest)
		b->largest = amount;
	if (Max(payer, payee) >= b->accounts)
		note_account(b, Max(payer, payee));
	{
		/* counters are all over memory: fetch these, count those of an earlier row */
		uint32	   *waiting = b->waiting + b->count % COUNT_DELAY * 2;

		if (b->count >= COUNT_DELAY)
		{
			b->sent[waiting[0]]++;
			b->received[waiting[1]]++;
		}
		waiting[0] = payer;
		waiting[1] = payee;
		__builtin_prefetch(&b->sent[payer], 1);
		__builtin_prefetch(&b->received[payee], 1);
	}
	b->count++;

	if (b->extra)
		note_extra(b, extra);
	row = rs_list_append(b->pool, &b->rows, sizeof(Row) + (wide ? 8 : 0) + b->extra + bytes);
	row->time = time;
	row->amount = (int64) (uint64) amount;
	row->txn = b->txn_type.kind == RS_KEY_INT ? txn->integer : txn->length;
	row->payer = payer;
	row->payee = payee;
	row->wide = wide;
	row->scale = b->scale;
	at = (char *) (row + 1);
	if (wide)
	{
		*(int64 *) at = (int64) (amount >> 64);
		at += 8;
	}
	if (b->extra)
	{
		memcpy(at, extra, sizeof(RsGraphExtra));
		at += b->extra;
	}
	if (bytes)
		memcpy(at, txn->bytes, txn->length);
}

/* Later amounts have more digits; earlier ones are brought up when they are next read. */
void
rs_graph_builder_rescale(RsGraphBuilder *b, int old_scale, int new_scale)
{
	if (__builtin_mul_overflow(b->largest, b->power[new_scale - old_scale], &b->largest))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("amounts do not fit into 38 digits at one scale"),
				 errhint("Round the amount column in the query.")));
	b->scale = new_scale;
}

/* ---------- time codes ---------- */

static bool
linear_times(const RsGraphBuilder *b)
{
	int64		unit = Max(b->unit, 1);

	return (uint64) (b->last_at - b->first_at) / (uint64) unit <= RS_FLOW_MAX_CODE;
}

bool
rs_graph_builder_fits(const RsGraphBuilder *b, const RsGraph *older)
{
	if (b->scale > older->scale || b->count + older->ntransfers > RS_FLOW_MAX_TRANSFERS)
		return false;
	if (!older->wide && b->largest > (int128) PG_INT64_MAX / b->power[older->scale - b->scale])
		return false;
	if (older->time)
		return b->count + older->ncodes <= RS_FLOW_MAX_CODE;
	return b->unit == older->time_unit &&
		(uint64) (b->last_at - older->time_base) / (uint64) older->time_unit <= RS_FLOW_MAX_CODE;
}

static void
collect_times(void *arg, const char *records, uint32 bytes)
{
	RsGraphBuilder *b = arg;

	for (const char *end = records + bytes; records < end;)
	{
		const Row  *row = (const Row *) records;

		b->table[b->ncodes++] = row->time;
		records += sizeof(Row) + (row->wide ? 8 : 0) + b->extra +
			(b->txn_type.kind == RS_KEY_INT ? 0 : padded((uint32) row->txn));
	}
}

/* Distances from the first time, by bytes, least significant first. */
static void
radix_sort(RsGraphBuilder *b, uint64 *v, uint64 n, uint64 largest)
{
	uint64	   *other = rs_alloc(b->budget, n, sizeof(uint64), "sorting the times of the flow graph");
	uint64	   *from = v,
			   *to = other;

	for (int shift = 0; shift < 64 && (largest >> shift) > 0; shift += 11)
	{
		uint64		place[2048] = {0};
		uint64		sum = 0;
		uint64	   *swap;

		for (uint64 i = 0; i < n; i++)
			place[(from[i] >> shift) & 2047]++;
		for (int d = 0; d < 2048; d++)
		{
			uint64		c = place[d];

			place[d] = sum;
			sum += c;
		}
		CHECK_FOR_INTERRUPTS();
		for (uint64 i = 0; i < n; i++)
			to[place[(from[i] >> shift) & 2047]++] = from[i];
		CHECK_FOR_INTERRUPTS();
		swap = from;
		from = to;
		to = swap;
	}
	if (from != v)
		memcpy(v, from, n * sizeof(uint64));
	pfree(other);
}

/* The distinct times, and a directory so that a look-up starts near its place. */
static void
make_time_table(RsGraphBuilder *b)
{
	uint64		n = 0;
	uint64		range = (uint64) (b->last_at - b->first_at);

	b->table = rs_alloc(b->budget, b->count, sizeof(TimestampTz), "the times of the flow graph");
	rs_pool_read(b->pool, &b->rows, false, collect_times, b);
	if (!b->times_ascend)
	{
		for (uint64 i = 0; i < b->count; i++)
			b->table[i] = (int64) ((uint64) b->table[i] - (uint64) b->first_at);
		radix_sort(b, (uint64 *) b->table, b->count, range);
		for (uint64 i = 0; i < b->count; i++)
			b->table[i] = (int64) ((uint64) b->table[i] + (uint64) b->first_at);
	}
	for (uint64 i = 0; i < b->count; i++)
		if (n == 0 || b->table[i] != b->table[n - 1])
			b->table[n++] = b->table[i];
	b->ncodes = (uint32) n;

	while ((range >> b->table_shift) >= Max(n / 2, 1))
		b->table_shift++;
	b->table_dir_size = (range >> b->table_shift) + 2;
	b->table_dir = rs_alloc(b->budget, b->table_dir_size, sizeof(uint64), "the times of the flow graph");
	for (uint64 d = 0, i = 0; d < b->table_dir_size; d++)
	{
		while (i < n && ((uint64) (b->table[i] - b->first_at) >> b->table_shift) < d)
			i++;
		b->table_dir[d] = i;
	}
}

uint32
rs_builder_time_code(const RsGraphBuilder *b, TimestampTz time)
{
	uint64		low,
				high;

	if (b->table == NULL)
		return (uint32) ((uint64) (time - b->base) / (uint64) b->unit);
	low = (uint64) (time - b->first_at) >> b->table_shift;
	high = b->table_dir[low + 1];
	low = b->table_dir[low];
	while (low < high)
	{
		uint64		middle = (low + high) / 2;

		if (b->table[middle] < time)
			low = middle + 1;
		else
			high = middle;
	}
	return (uint32) low;
}

/* ---------- finishing ---------- */

/* Groups' places from counts: start[rank + 1] holds the count. */
static uint32 *
make_start(RsGraphBuilder *b, const uint32 *count)
{
	uint32	   *start = rs_alloc0(b->budget, (uint64) b->naccounts + 1, sizeof(uint32), purpose);

	for (uint32 i = 0; i < b->accounts; i++)
		start[(b->rank ? b->rank[i] : i) + 1] = count[i];
	for (uint32 i = 0; i < b->naccounts; i++)
		start[i + 1] += start[i];
	return start;
}

/* The list of the currencies in use, and where each is in it. */
static void
arrange_currencies(RsGraphBuilder *b)
{
	uint32	   *place;
	uint32		n = 0;

	for (uint64 i = 0; i < b->currency_capacity; i++)
		n += b->currency_place[i];
	b->currency = rs_alloc(b->budget, n, sizeof(RsKey), purpose);
	place = rs_alloc(b->budget, n, sizeof(uint32), purpose);
	n = 0;
	for (uint64 i = 0; i < b->currency_capacity; i++)
		if (b->currency_place[i])
			b->currencies.get(b->currencies.arg, (uint32) i, &b->currency[n++]);
	b->ncurrencies = rs_currencies_arrange(b->budget, &b->currencies.type, b->currency, n, place);
	n = 0;
	for (uint64 i = 0; i < b->currency_capacity; i++)
		if (b->currency_place[i])
			b->currency_place[i] = place[n++];
	b->currency_hash = rs_alloc0(b->budget, (uint64) b->ncurrencies + 1, sizeof(uint64), purpose);
	for (uint32 i = 0; i < b->ncurrencies; i++)
		b->currency_hash[i] = rs_key_hash(&b->currencies.type, &b->currency[i]);
	pfree(place);
}

static void
write_accounts(RsGraphBuilder *b, const RsGraphAccounts *accounts, RsGraphHeader *h)
{
	uint32	   *by_rank = rs_alloc(b->budget, accounts->count, sizeof(uint32), purpose);
	RsKeyStream s;

	for (uint32 i = 0; i < accounts->count; i++)
		by_rank[accounts->rank ? accounts->rank[i] : i] = i;
	rs_flow_key_stream_open(&s, b->budget, &b->host, h, RS_GS_ACCOUNT);
	for (uint32 r = 0; r < accounts->count; r++)
	{
		RsKey		k;

		accounts->get(accounts->arg, by_rank[r], &k);
		rs_key_stream_put(&s, &k);
	}
	rs_key_stream_close(&s);
	rs_graph_write_section(b->budget, &b->host, h, RS_GS_ACCOUNT_ORDER, NULL, 0);
	pfree(by_rank);
}

void
rs_graph_builder_finish(RsGraphBuilder *b, const RsGraphAccounts *accounts, int scale,
						const RsGraphIdentity *identity, RsGraphHeader *h)
{
	RsFingerprint print = {0};
	uint64		account_heap = 0,
				currency_heap = 0;
	int64		low = 0,
				high = 0;
	bool		text = b->txn_type.kind != RS_KEY_INT;

	b->rank = accounts->rank;
	b->member = b->older ? accounts->member : NULL;
	b->naccounts = accounts->count;
	b->final_scale = scale;
	if (scale > b->scale)
		rs_graph_builder_rescale(b, b->scale, scale);
	b->wide = b->older ? b->older->wide != NULL : b->largest > PG_INT64_MAX;

	/* accounts: hashes, widths */
	b->account_hash = rs_alloc0(b->budget, Max(b->naccounts, 1), sizeof(uint64), purpose);
	for (uint32 i = 0; i < accounts->count; i++)
	{
		RsKey		k;

		accounts->get(accounts->arg, i, &k);
		if (accounts->type.kind != RS_KEY_INT && k.length > RS_KEY_MAX_LENGTH)
			ereport(ERROR,
					(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
					 errmsg("account identifier is longer than %d bytes", RS_KEY_MAX_LENGTH)));
		b->account_hash[b->rank ? b->rank[i] : i] = rs_key_hash(&accounts->type, &k);
		account_heap += k.length;
		low = i == 0 ? k.integer : Min(low, k.integer);
		high = i == 0 ? k.integer : Max(high, k.integer);
	}

	for (uint64 i = 0; i < Min(b->count, COUNT_DELAY); i++)
	{
		b->sent[b->waiting[i * 2]]++;
		b->received[b->waiting[i * 2 + 1]]++;
	}
	b->out_start = make_start(b, b->sent);
	b->in_start = make_start(b, b->received);
	if (b->sent)
	{
		pfree(b->sent);
		pfree(b->received);
	}

	if (b->count > 0)
	{
		if (b->older ? b->older->time != NULL : !linear_times(b))
			make_time_table(b);
		else if (b->older == NULL)
			b->base = b->first_at;
	}
	if (b->unit == 0)
		b->unit = 1;

	memset(h, 0, sizeof(*h));
	h->identity = *identity;
	h->nmembers = b->naccounts;
	h->ntransfers = (uint32) b->count;
	if (b->older)
	{
		h->sparse = 1;
		h->first_account = accounts->total;
		h->shift = rs_graph_directory_shift(accounts->total, b->naccounts);
	}
	else
		h->naccounts = b->naccounts;
	h->scale = scale;
	h->wide = b->wide;
	h->time_base = b->base;
	h->time_unit = b->table ? 0 : b->unit;
	h->ncodes = b->ncodes;
	h->first_at = b->first_at;
	h->last_at = b->last_at;
	/* those of a continuation are written when it is added to its graph */
	if (b->older)
		rs_graph_describe_keys(&h->account, &(RsKeyType) {.kind = RS_KEY_INT}, InvalidOid, 0, 0, 0);
	else
		rs_graph_describe_keys(&h->account, &accounts->type, accounts->oid, low, high, account_heap);
	rs_graph_describe_keys(&h->txn, &b->txn_type, b->txn_oid, b->txn_low, b->txn_high, b->txn_bytes);
	if (b->columns)
	{
		arrange_currencies(b);
		rs_columns_describe(h, b->columns, &b->range, &b->currencies.type, b->currencies.oid,
							b->currency, b->ncurrencies, &currency_heap);
	}
	rs_graph_layout(h, b->older || accounts->type.kind != RS_KEY_BYTES ? 0 : account_heap,
					b->txn_type.kind == RS_KEY_BYTES ? b->txn_bytes : 0, currency_heap, true);

	/* rows -> buckets of payers */
	rs_builder_make_buckets(b, &b->out, b->out_start,
				 sizeof(Item) + (b->wide ? 8 : 0) + b->extra + (text && b->count ? b->txn_bytes / b->count + 8 : 0));
	rs_builder_make_buckets(b, &b->in, b->in_start,
				 IN_ITEM_SIZE + (text && b->count ? b->txn_bytes / b->count + 8 : 0));
	rs_builder_distribute(b);

	rs_graph_write_section(b->budget, &b->host, h, RS_GS_OUT_START, b->out_start, ((uint64) b->naccounts + 1) * sizeof(uint32));
	rs_graph_write_section(b->budget, &b->host, h, RS_GS_IN_START, b->in_start, ((uint64) b->naccounts + 1) * sizeof(uint32));
	rs_graph_write_section(b->budget, &b->host, h, RS_GS_TIME, b->table, b->table ? (uint64) b->ncodes * sizeof(int64) : 0);
	rs_builder_write_out(b, h, &print);
	rs_builder_write_in(b, h);
	if (b->older)
	{
		rs_graph_write_section(b->budget, &b->host, h, RS_GS_ACCOUNT, NULL, 0);
		rs_graph_write_section(b->budget, &b->host, h, RS_GS_ACCOUNT_HEAP, NULL, 0);
		rs_graph_write_section(b->budget, &b->host, h, RS_GS_ACCOUNT_ORDER, NULL, 0);
	}
	else
		write_accounts(b, accounts, h);
	rs_graph_write_members(b->budget, &b->host, h, b->member, (const uint32 *const[]) {b->out_start, b->in_start});
	rs_currencies_write(b->budget, &b->host, h, b->currency);
	h->fingerprint[0] = print.sum[0];
	h->fingerprint[1] = print.sum[1];
	rs_graph_write_header(&b->host, h);
}
