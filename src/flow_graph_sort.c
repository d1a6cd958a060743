/*
 * src/flow_graph_sort.c
 *	  Building a flow graph: buckets of accounts, their order, their arrays.
 *
 * The second and third of the three moves told in src/flow_graph_build.c. A
 * bucket is a range of accounts whose items fit the CPU's cache; items are
 * spread to their accounts by counting, then each account's are sorted by one
 * integer, (time code << 32 | place in the bucket), and ties by transaction
 * id. What a row will need from large arrays is fetched some rows ahead.
 */
#include "postgres.h"

#include "miscadmin.h"

#include "flow_graph_builder.h"
#include "rs_memory.h"

#define ST_SORT sort_u64
#define ST_ELEMENT_TYPE uint64
#define ST_COMPARE(a, b) ((*(a) > *(b)) - (*(a) < *(b)))
#define ST_SCOPE static
#define ST_CHECK_FOR_INTERRUPTS
#define ST_DEFINE
#include "lib/sort_template.h"

static const char *const purpose = "building the flow graph";

/* ---------- buckets ---------- */

/* Cut the accounts into ranges of about the same number of bytes. */
void
rs_builder_make_buckets(RsGraphBuilder *b, Buckets *k, const uint32 *start, uint64 item_bytes)
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

/* At the file's scale, with the file's place of the currency. */
static inline void
put_extra(RsGraphBuilder *b, const RsGraphExtra *from, RsGraphExtra *to)
{
	*to = *from;
	to->fee = rs_fee_rescale(from->fee, b->range.fee_scale - from->fee_scale);
	to->fee_scale = b->range.fee_scale;
	if (from->currency != RS_NO_ID)
		to->currency = b->currency_place[from->currency];
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
		const char *extra = records + sizeof(Row) + (row->wide ? 8 : 0);
		const char *txn = extra + b->extra;
		int128		amount = (uint64) row->amount;
		uint32		payer = b->rank ? b->rank[row->payer] : row->payer;
		uint32		payee = b->rank ? b->rank[row->payee] : row->payee;
		/* rows are of one size, mostly; a wrong guess only fetches in vain */
		const Row  *ahead = row + AHEAD;
		Item	   *item = rs_list_append(b->pool, &b->out.list[b->out.of[payer]],
										  sizeof(Item) + (b->wide ? 8 : 0) + b->extra + n);
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
		item->when = rs_builder_time_code(b, row->time);
		item->txn = row->txn;
		item->amount = (int64) (uint64) amount;
		if (b->wide)
		{
			*(int64 *) at = (int64) (amount >> 64);
			at += 8;
		}
		if (b->extra)
		{
			put_extra(b, (const RsGraphExtra *) extra, (RsGraphExtra *) at);
			at += b->extra;
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

void
rs_builder_distribute(RsGraphBuilder *b)
{
	prepare_unique(b);
	rs_pool_read(b->pool, &b->rows, true, distribute_rows, b);
	check_unique(b);
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
	RsColumnStreams columns;
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
			uint64		more = 0;
			Item	   *in;

			if (number + AHEAD < b->out_start[end])
			{
				uint32		peer = ((const Item *) (g->data + (uint64) (uint32) order[AHEAD] * 8))->peer;

				__builtin_prefetch(&b->account_hash[peer]);
				__builtin_prefetch(&b->in.of[peer]);
			}
			rs_stream_u64(&s->arc, (uint64) item->when << 32 | (b->member ? b->member[item->peer] : item->peer));
			rs_stream_u64(&s->amount, (uint64) item->amount);
			if (b->wide)
			{
				int64		high = *(const int64 *) (item + 1);

				amount |= (int128) high << 64;
				rs_stream_u64(&s->amount, (uint64) high);
			}
			rs_key_stream_put(&s->txn, &txn);
			if (b->extra)
			{
				const RsGraphExtra *extra = (const RsGraphExtra *) ((const char *) (item + 1) + (b->wide ? 8 : 0));

				rs_column_streams_put(&s->columns, extra);
				more = rs_extra_hash(b->columns, extra, b->currency_hash[Min(extra->currency, b->ncurrencies)]);
			}
			rs_fingerprint_add(print, hash, b->account_hash[item->peer],
							   rs_key_hash(&b->txn_type, &txn), time,
							   rs_amount_hash(amount, b->final_scale) + more);

			in = rs_list_append(b->pool, &b->in.list[b->in.of[item->peer]], IN_ITEM_SIZE + n);
			in->key = item->peer;
			in->peer = b->member ? b->member[a] : a;
			in->when = item->when;
			in->number = number;
			in->txn = item->txn;
			if (n)
				memcpy((char *) in + IN_ITEM_SIZE, bytes, n);
		}
	}
}

void
rs_builder_write_out(RsGraphBuilder *b, RsGraphHeader *h, RsFingerprint *print)
{
	Group		g = {.b = b, .item_size = sizeof(Item) + (b->wide ? 8 : 0) + b->extra};
	OutStreams	s = {0};

	rs_graph_stream_open(&s.arc, b->budget, &b->host, h, RS_GS_OUT_ARC);
	rs_graph_stream_open(&s.amount, b->budget, &b->host, h, RS_GS_AMOUNT);
	rs_flow_key_stream_open(&s.txn, b->budget, &b->host, h, RS_GS_TXN);
	rs_column_streams_open(&s.columns, b->budget, &b->host, h);
	for (uint32 k = 0; k < b->out.count; k++)
	{
		load_bucket(&g, &b->out, k, b->out_start);
		write_out_bucket(&g, k, &s, print);
	}
	rs_graph_stream_close(&s.arc);
	rs_graph_stream_close(&s.amount);
	rs_key_stream_close(&s.txn);
	rs_column_streams_close(&s.columns);
	if (g.data)
		pfree(g.data);
	if (g.order)
		pfree(g.order);
}

void
rs_builder_write_in(RsGraphBuilder *b, RsGraphHeader *h)
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

