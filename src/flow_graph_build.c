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

#include "flow_graph_file.h"
#include "flow_graph_pool.h"
#include "rs_memory.h"

#define ST_SORT sort_u64
#define ST_ELEMENT_TYPE uint64
#define ST_COMPARE(a, b) ((*(a) > *(b)) - (*(a) < *(b)))
#define ST_SCOPE static
#define ST_CHECK_FOR_INTERRUPTS
#define ST_DEFINE
#include "lib/sort_template.h"

typedef struct Row
{
	TimestampTz time;
	int64		amount;			/* low 64 bits */
	int64		txn;			/* RS_KEY_INT: the value; else its length */
	uint32		payer;
	uint32		payee;
	uint32		wide;			/* high 64 bits of the amount follow */
	uint32		scale;			/* of the amount */
	/* [int64 high] [txn bytes, padded] */
} Row;

/* A transfer in a bucket; payee buckets have no amount. */
typedef struct Item
{
	uint32		key;			/* account of the group */
	uint32		peer;
	uint32		when;
	uint32		number;			/* transfer number (payee buckets) */
	int64		txn;
	int64		amount;
	/* [int64 high] [txn bytes, padded] */
} Item;

#define IN_ITEM_SIZE offsetof(Item, amount)
#define COUNT_DELAY 16		/* rows between fetching a counter and using it */
#define AHEAD 12			/* rows between fetching what a row needs and using it */
#define MAX_BUCKETS 1024
#define BUCKET_BYTES (1024 * 1024)

typedef struct Buckets
{
	uint32		count;
	uint32	   *first;			/* first account of each, and one beyond the last */
	uint16	   *of;				/* by account */
	RsList	   *list;
} Buckets;

struct RsGraphBuilder
{
	MemoryContext budget;
	RsGraphHost host;
	RsPool	   *pool;
	RsKeyType	txn_type;
	Oid			txn_oid;

	RsList		rows;
	uint64		count;
	int			scale;			/* of amounts added from now on */
	int128		largest;		/* at that scale */

	/* times */
	TimestampTz first_at,
				last_at;
	TimestampTz base;			/* all times are base + k * unit */
	int64		unit;
	const RsGraph *older;
	bool		times_ascend;

	/* transaction ids */
	bool		txn_ascend;
	int64		txn_low,
				txn_high;
	char	   *txn_last;
	uint32		txn_last_length;
	uint64		txn_bytes;

	/* by account number as added */
	uint32	   *sent;
	uint32	   *received;
	uint64		account_capacity,
				account_capacity2;
	uint32		accounts;
	uint32		waiting[2 * COUNT_DELAY];	/* payers and payees to be counted */

	/* while finishing */
	const uint32 *rank;
	uint32		naccounts;
	uint32	   *out_start,
			   *in_start;
	uint64	   *account_hash;
	TimestampTz *table;
	uint32		ncodes;
	uint64	   *table_dir;
	int			table_shift;
	uint64		table_dir_size;
	Buckets		out,
				in;
	bool		wide;
	int			final_scale;
	uint64	   *bitmap;			/* of integer txn ids */
	RsList	   *txn_bucket;
	uint32		ntxn_buckets;
	int128		power[39];
};

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
rs_graph_builder_continue(RsGraphBuilder *b, const RsGraph *older)
{
	b->older = older;
}

uint64
rs_graph_builder_count(const RsGraphBuilder *b)
{
	return b->count;
}

static inline uint32
padded(uint32 length)
{
	return (length + 7) & ~(uint32) 7;
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

void
rs_graph_builder_add(RsGraphBuilder *b, TimestampTz time, int128 amount,
					 uint32 payer, uint32 payee, const RsKey *txn)
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
			b->base = b->older->header->time_base;
			b->unit = b->older->header->time_unit;
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

	row = rs_list_append(b->pool, &b->rows, sizeof(Row) + (wide ? 8 : 0) + bytes);
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
	const RsGraphHeader *h = older->header;

	if (b->scale > h->scale || b->count + h->ntransfers > RS_FLOW_MAX_TRANSFERS)
		return false;
	if (!h->wide && b->largest > (int128) PG_INT64_MAX / b->power[h->scale - b->scale])
		return false;
	if (older->time)
		return b->count + h->ncodes <= RS_FLOW_MAX_CODE;
	return b->unit == h->time_unit &&
		(uint64) (b->last_at - h->time_base) / (uint64) h->time_unit <= RS_FLOW_MAX_CODE;
}

static void
collect_times(void *arg, const char *records, uint32 bytes)
{
	RsGraphBuilder *b = arg;

	for (const char *end = records + bytes; records < end;)
	{
		const Row  *row = (const Row *) records;

		b->table[b->ncodes++] = row->time;
		records += sizeof(Row) + (row->wide ? 8 : 0) +
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

static inline uint32
time_code(const RsGraphBuilder *b, TimestampTz time)
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

/* ---------- buckets ---------- */

/* Cut the accounts into ranges of about the same number of bytes. */
static void
make_buckets(RsGraphBuilder *b, Buckets *k, const uint32 *start, uint64 item_bytes)
{
	uint64		total = b->count * item_bytes;
	uint64		most = (uint64) rs_max_memory_kb * 1024 / 8 / RS_CHUNK_SIZE;
	uint64		target;

	most = Min(Max(most, 1), MAX_BUCKETS - 2);
	/* a range may end short of the target or beyond it */
	target = Max(BUCKET_BYTES, total / Max(most / 2, 1) + 1);
	k->of = rs_alloc(b->budget, b->naccounts, sizeof(uint16), purpose);
	k->first = rs_alloc(b->budget, MAX_BUCKETS + 2, sizeof(uint32), purpose);
	k->count = 0;
	for (uint32 a = 0; a < b->naccounts;)
	{
		uint32		from = a;

		do
		{
			k->of[a] = (uint16) k->count;
			a++;
		} while (a < b->naccounts && ((uint64) start[a + 1] - start[from]) * item_bytes <= target);
		if (k->count >= MAX_BUCKETS)
			elog(ERROR, "too many buckets of accounts");
		k->first[k->count++] = from;
	}
	k->first[k->count] = b->naccounts;
	k->list = rs_alloc0(b->budget, Max(k->count, 1), sizeof(RsList), purpose);
}

static void
note_unique(RsGraphBuilder *b, const Row *row, const char *bytes)
{
	RsKey		key = {row->txn, bytes, (uint32) row->txn};

	if (b->bitmap)
	{
		uint64		at = (uint64) row->txn - (uint64) b->txn_low;

		if (b->bitmap[at / 64] & (UINT64CONST(1) << (at % 64)))
			b->host.duplicate_txn(b->host.arg, &key);
		b->bitmap[at / 64] |= UINT64CONST(1) << (at % 64);
	}
	else
	{
		uint64		hash = rs_key_hash(&b->txn_type, &key);
		uint32		n = b->txn_type.kind == RS_KEY_INT ? 0 : (uint32) row->txn;
		uint64	   *record = rs_list_append(b->pool, &b->txn_bucket[(hash >> 32) * b->ntxn_buckets >> 32],
											16 + padded(n));

		record[0] = hash;
		record[1] = (uint64) row->txn;
		if (n)
			memcpy(record + 2, bytes, n);
	}
}

static void
distribute_rows(void *arg, const char *records, uint32 bytes)
{
	RsGraphBuilder *b = arg;
	bool		text = b->txn_type.kind != RS_KEY_INT;
	bool		unique = b->bitmap || b->txn_bucket;

	for (const char *end = records + bytes; records < end;)
	{
		const Row  *row = (const Row *) records;
		uint32		n = text ? padded((uint32) row->txn) : 0;
		const char *txn = records + sizeof(Row) + (row->wide ? 8 : 0);
		int128		amount = (uint64) row->amount;
		uint32		payer = b->rank ? b->rank[row->payer] : row->payer;
		uint32		payee = b->rank ? b->rank[row->payee] : row->payee;
		/* rows are of one size, mostly; a wrong guess only fetches in vain */
		const Row  *ahead = row + AHEAD;
		Item	   *item = rs_list_append(b->pool, &b->out.list[b->out.of[payer]],
										  sizeof(Item) + (b->wide ? 8 : 0) + n);
		char	   *at = (char *) (item + 1);

		if ((const char *) (ahead + 1) <= end && b->rank && Max(ahead->payer, ahead->payee) < b->accounts)
		{
			__builtin_prefetch(&b->rank[ahead->payer]);
			__builtin_prefetch(&b->rank[ahead->payee]);
		}
		if (row->wide)
			amount |= (int128) *(const int64 *) (row + 1) << 64;
		if ((int) row->scale < b->final_scale)
			amount *= b->power[b->final_scale - (int) row->scale];	/* largest was checked */
		item->key = payer;
		item->peer = payee;
		item->when = time_code(b, row->time);
		item->txn = row->txn;
		item->amount = (int64) (uint64) amount;
		if (b->wide)
		{
			*(int64 *) at = (int64) (amount >> 64);
			at += 8;
		}
		if (n)
			memcpy(at, txn, n);
		if (unique)
			note_unique(b, row, txn);
		records = txn + n;
	}
}

/* ---------- duplicate transaction ids ---------- */

typedef struct Copy
{
	char	   *at;
} Copy;

static void
copy_records(void *arg, const char *records, uint32 bytes)
{
	Copy	   *copy = arg;

	memcpy(copy->at, records, bytes);
	copy->at += bytes;
}

static void
prepare_unique(RsGraphBuilder *b)
{
	uint64		range = (uint64) b->txn_high - (uint64) b->txn_low;

	if (b->txn_ascend || b->count < 2)
		return;
	if (b->txn_type.kind == RS_KEY_INT && range / 64 < b->count)
	{
		b->bitmap = rs_alloc0(b->budget, range / 64 + 1, sizeof(uint64), "finding duplicate transaction ids");
		return;
	}
	b->ntxn_buckets = (uint32) Min(Max((b->count * 16 + b->txn_bytes) * 4 / BUCKET_BYTES, 1), MAX_BUCKETS);
	b->ntxn_buckets = Min(b->ntxn_buckets, Max((uint64) rs_max_memory_kb * 1024 / 16 / RS_CHUNK_SIZE, 1));
	b->txn_bucket = rs_alloc0(b->budget, b->ntxn_buckets, sizeof(RsList), purpose);
}

static void
check_unique(RsGraphBuilder *b)
{
	bool		text = b->txn_type.kind != RS_KEY_INT;

	if (b->bitmap)
	{
		pfree(b->bitmap);
		b->bitmap = NULL;
	}
	for (uint32 k = 0; k < b->ntxn_buckets; k++)
	{
		RsList	   *list = &b->txn_bucket[k];
		uint64		bytes = list->bytes;
		uint64		slots = 1024;
		char	   *data;
		uint64	   *slot;		/* 1 + offset / 8; 0: free */
		Copy		copy;

		if (bytes == 0)
			continue;
		while (slots < bytes / 16 * 2)
			slots *= 2;
		data = rs_alloc(b->budget, 1, bytes, "finding duplicate transaction ids");
		slot = rs_alloc0(b->budget, slots, sizeof(uint64), "finding duplicate transaction ids");
		copy.at = data;
		rs_pool_read(b->pool, list, true, copy_records, &copy);
		for (uint64 at = 0; at < bytes;)
		{
			const uint64 *record = (const uint64 *) (data + at);
			uint64		i = record[0] & (slots - 1);

			for (; slot[i] != 0; i = (i + 1) & (slots - 1))
			{
				const uint64 *other = (const uint64 *) (data + (slot[i] - 1) * 8);

				if (other[0] == record[0] && other[1] == record[1] &&
					(!text || memcmp(other + 2, record + 2, record[1]) == 0))
				{
					RsKey		key = {(int64) record[1], (const char *) (record + 2), (uint32) record[1]};

					b->host.duplicate_txn(b->host.arg, &key);
				}
			}
			slot[i] = 1 + at / 8;
			at += 16 + (text ? padded((uint32) record[1]) : 0);
		}
		pfree(data);
		pfree(slot);
	}
}

/* ---------- groups ---------- */

typedef struct Group
{
	RsGraphBuilder *b;
	char	   *data;			/* items of the bucket at hand */
	uint64		capacity;
	uint64	   *order;			/* (when << 32 | place / 8), by group */
	uint64		order_capacity;
	uint32		item_size;		/* without txn bytes */
} Group;

static inline RsKey
item_txn(const Group *g, uint64 order)
{
	const char *item = g->data + (uint64) (uint32) order * 8;
	RsKey		key = {((const Item *) item)->txn, item + g->item_size, (uint32) ((const Item *) item)->txn};

	return key;
}

static int
compare_txns(const uint64 *x, const uint64 *y, Group *g)
{
	RsKey		a = item_txn(g, *x),
				b = item_txn(g, *y);

	return rs_key_compare(&g->b->txn_type, &a, &b);
}

#define ST_SORT sort_ties
#define ST_ELEMENT_TYPE uint64
#define ST_COMPARE(a, b, arg) compare_txns(a, b, arg)
#define ST_COMPARE_ARG_TYPE Group
#define ST_SCOPE static
#define ST_CHECK_FOR_INTERRUPTS
#define ST_DEFINE
#include "lib/sort_template.h"

/* Read a bucket and put each of its accounts' items in (time, txn) order. */
static void
load_bucket(Group *g, Buckets *k, uint32 bucket, const uint32 *start)
{
	RsGraphBuilder *b = g->b;
	RsList	   *list = &k->list[bucket];
	uint64		bytes = list->bytes;
	uint32		first = k->first[bucket],
				end = k->first[bucket + 1];
	uint64		n = (uint64) start[end] - start[first];
	bool		text = b->txn_type.kind != RS_KEY_INT;
	Copy		copy;
	uint32	   *next;

	if (bytes / 8 > UINT32_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("one account has too many transfers for a flow graph")));
	if (g->data == NULL || bytes > g->capacity)
	{
		if (g->data)
			pfree(g->data);
		g->data = NULL;
		g->data = rs_alloc(b->budget, 1, bytes, "sorting the transfers of the busiest accounts");
		g->capacity = bytes;
	}
	if (n > g->order_capacity || g->order == NULL)
	{
		if (g->order)
			pfree(g->order);
		g->order = NULL;
		g->order = rs_alloc(b->budget, n, sizeof(uint64), "sorting the transfers of the busiest accounts");
		g->order_capacity = n;
	}
	copy.at = g->data;
	rs_pool_read(b->pool, list, true, copy_records, &copy);

	next = rs_alloc(b->budget, end - first, sizeof(uint32), purpose);
	for (uint32 a = first; a < end; a++)
		next[a - first] = start[a] - start[first];
	for (uint64 at = 0; at < bytes;)
	{
		const Item *item = (const Item *) (g->data + at);

		g->order[next[item->key - first]++] = (uint64) item->when << 32 | at / 8;
		at += g->item_size + (text ? padded((uint32) item->txn) : 0);
	}
	for (uint32 a = first; a < end; a++)
	{
		uint64	   *group = g->order + (start[a] - start[first]);
		uint32		size = start[a + 1] - start[a];

		sort_u64(group, size);
		for (uint32 i = 1, tie = 0; i <= size; i++)
		{
			if (i < size && group[i] >> 32 == group[tie] >> 32)
				continue;
			if (i - tie > 1)
				sort_ties(group + tie, i - tie, g);
			tie = i;
		}
	}
	pfree(next);
}

typedef struct OutStreams
{
	RsGraphStream arc,
				amount;
	RsKeyStream txn;
} OutStreams;

static void
write_out_bucket(Group *g, uint32 bucket, OutStreams *s, RsFingerprint *print)
{
	RsGraphBuilder *b = g->b;
	bool		text = b->txn_type.kind != RS_KEY_INT;
	uint32		first = b->out.first[bucket],
				end = b->out.first[bucket + 1];
	const uint64 *order = g->order;
	uint32		number = b->out_start[first];

	for (uint32 a = first; a < end; a++)
	{
		uint64		hash = b->account_hash[a];

		for (; number < b->out_start[a + 1]; number++, order++)
		{
			const Item *item = (const Item *) (g->data + (uint64) (uint32) *order * 8);
			const char *bytes = (const char *) item + g->item_size;
			int128		amount = (uint64) item->amount;
			TimestampTz time = b->table ? b->table[item->when] : b->base + (int64) item->when * b->unit;
			RsKey		txn = {item->txn, bytes, (uint32) item->txn};
			uint32		n = text ? padded(txn.length) : 0;
			Item	   *in;

			if (number + AHEAD < b->out_start[end])
			{
				uint32		peer = ((const Item *) (g->data + (uint64) (uint32) order[AHEAD] * 8))->peer;

				__builtin_prefetch(&b->account_hash[peer]);
				__builtin_prefetch(&b->in.of[peer]);
			}
			rs_stream_u64(&s->arc, (uint64) item->when << 32 | item->peer);
			rs_stream_u64(&s->amount, (uint64) item->amount);
			if (b->wide)
			{
				int64		high = *(const int64 *) (item + 1);

				amount |= (int128) high << 64;
				rs_stream_u64(&s->amount, (uint64) high);
			}
			rs_key_stream_put(&s->txn, &txn);
			rs_fingerprint_add(print, hash, b->account_hash[item->peer],
							   rs_key_hash(&b->txn_type, &txn), time,
							   rs_amount_hash(amount, b->final_scale));

			in = rs_list_append(b->pool, &b->in.list[b->in.of[item->peer]], IN_ITEM_SIZE + n);
			in->key = item->peer;
			in->peer = a;
			in->when = item->when;
			in->number = number;
			in->txn = item->txn;
			if (n)
				memcpy((char *) in + IN_ITEM_SIZE, bytes, n);
		}
	}
}

static void
write_out(RsGraphBuilder *b, RsGraphHeader *h, RsFingerprint *print)
{
	Group		g = {.b = b, .item_size = sizeof(Item) + (b->wide ? 8 : 0)};
	OutStreams	s = {0};

	rs_graph_stream_open(&s.arc, b->budget, &b->host, h, RS_GS_OUT_ARC);
	rs_graph_stream_open(&s.amount, b->budget, &b->host, h, RS_GS_AMOUNT);
	rs_key_stream_open(&s.txn, b->budget, &b->host, h, RS_GS_TXN);
	for (uint32 k = 0; k < b->out.count; k++)
	{
		load_bucket(&g, &b->out, k, b->out_start);
		write_out_bucket(&g, k, &s, print);
	}
	rs_graph_stream_close(&s.arc);
	rs_graph_stream_close(&s.amount);
	rs_key_stream_close(&s.txn);
	if (g.data)
		pfree(g.data);
	if (g.order)
		pfree(g.order);
}

static void
write_in(RsGraphBuilder *b, RsGraphHeader *h)
{
	Group		g = {.b = b, .item_size = IN_ITEM_SIZE};
	RsGraphStream arc,
				transfer;

	rs_graph_stream_open(&arc, b->budget, &b->host, h, RS_GS_IN_ARC);
	rs_graph_stream_open(&transfer, b->budget, &b->host, h, RS_GS_IN_TRANSFER);
	for (uint32 k = 0; k < b->in.count; k++)
	{
		uint32		n = b->in_start[b->in.first[k + 1]] - b->in_start[b->in.first[k]];

		load_bucket(&g, &b->in, k, b->in_start);
		for (uint32 i = 0; i < n; i++)
		{
			const Item *item = (const Item *) (g.data + (uint64) (uint32) g.order[i] * 8);

			rs_stream_u64(&arc, (uint64) item->when << 32 | item->peer);
			rs_stream_u32(&transfer, item->number);
		}
	}
	rs_graph_stream_close(&arc);
	rs_graph_stream_close(&transfer);
	if (g.data)
		pfree(g.data);
	if (g.order)
		pfree(g.order);
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

static void
write_accounts(RsGraphBuilder *b, const RsGraphAccounts *accounts, RsGraphHeader *h)
{
	uint32	   *by_rank = rs_alloc(b->budget, accounts->count, sizeof(uint32), purpose);
	RsKeyStream s;

	for (uint32 i = 0; i < accounts->count; i++)
		by_rank[accounts->rank ? accounts->rank[i] : i] = i;
	rs_key_stream_open(&s, b->budget, &b->host, h, RS_GS_ACCOUNT);
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
	uint64		account_heap = 0;
	int64		low = 0,
				high = 0;
	bool		text = b->txn_type.kind != RS_KEY_INT;

	b->rank = accounts->rank;
	b->naccounts = accounts->total;
	b->final_scale = scale;
	if (scale > b->scale)
		rs_graph_builder_rescale(b, b->scale, scale);
	b->wide = b->older ? b->older->header->wide : b->largest > PG_INT64_MAX;

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
	h->naccounts = b->naccounts;
	h->ntransfers = (uint32) b->count;
	h->scale = scale;
	h->wide = b->wide;
	h->time_base = b->base;
	h->time_unit = b->table ? 0 : b->unit;
	h->ncodes = b->ncodes;
	h->first_at = b->first_at;
	h->last_at = b->last_at;
	if (b->older)
		rs_graph_describe_keys(&h->account, &(RsKeyType) {.kind = RS_KEY_INT}, InvalidOid, 0, 0, 0);
	else
		rs_graph_describe_keys(&h->account, &accounts->type, accounts->oid, low, high, account_heap);
	rs_graph_describe_keys(&h->txn, &b->txn_type, b->txn_oid, b->txn_low, b->txn_high, b->txn_bytes);
	rs_graph_layout(h, b->older || accounts->type.kind != RS_KEY_BYTES ? 0 : account_heap,
					b->txn_type.kind == RS_KEY_BYTES ? b->txn_bytes : 0, true);

	/* rows -> buckets of payers */
	make_buckets(b, &b->out, b->out_start,
				 sizeof(Item) + (b->wide ? 8 : 0) + (text && b->count ? b->txn_bytes / b->count + 8 : 0));
	make_buckets(b, &b->in, b->in_start,
				 IN_ITEM_SIZE + (text && b->count ? b->txn_bytes / b->count + 8 : 0));
	prepare_unique(b);
	rs_pool_read(b->pool, &b->rows, true, distribute_rows, b);
	check_unique(b);

	rs_graph_write_section(b->budget, &b->host, h, RS_GS_OUT_START, b->out_start, ((uint64) b->naccounts + 1) * sizeof(uint32));
	rs_graph_write_section(b->budget, &b->host, h, RS_GS_IN_START, b->in_start, ((uint64) b->naccounts + 1) * sizeof(uint32));
	rs_graph_write_section(b->budget, &b->host, h, RS_GS_TIME, b->table, b->table ? (uint64) b->ncodes * sizeof(int64) : 0);
	write_out(b, h, &print);
	write_in(b, h);
	if (b->older)
	{
		rs_graph_write_section(b->budget, &b->host, h, RS_GS_ACCOUNT, NULL, 0);
		rs_graph_write_section(b->budget, &b->host, h, RS_GS_ACCOUNT_HEAP, NULL, 0);
		rs_graph_write_section(b->budget, &b->host, h, RS_GS_ACCOUNT_ORDER, NULL, 0);
	}
	else
		write_accounts(b, accounts, h);
	h->fingerprint[0] = print.sum[0];
	h->fingerprint[1] = print.sum[1];
	rs_graph_write_header(&b->host, h);
}
