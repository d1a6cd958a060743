/*
 * src/flow_graph_append.c
 *	  Appending a day to a flow graph: one file from an older one and a newer.
 *
 * The newer rows are all later than the older ones, so every group of the
 * result is the older group followed by the newer one, and nothing is sorted:
 * the older file is copied at the speed of memory, its transfer numbers moved
 * up by the newer transfers of the payers before. Account numbers stay; new
 * accounts come behind, and the order of the identifiers, no longer that of
 * the numbers, is kept in a section of its own.
 *
 * Cost: reading the newer rows, and about 15 ns for each transfer of the older
 * file. Memory: the newer part, and 4 bytes an account.
 */
#include "postgres.h"

#include "miscadmin.h"

#include "flow_graph_file.h"
#include "rs_memory.h"

typedef struct Append
{
	MemoryContext budget;
	const RsGraphHost *host;
	const RsGraph *older;
	const RsGraph *newer;
	uint32		old_accounts;
	uint32		accounts;
} Append;

static const char *const purpose = "appending to the flow graph";

static inline uint32
old_start(const Append *x, int side, uint32 account)
{
	return x->older->side[side].start[Min(account, x->old_accounts)];
}

static void
write_starts(Append *x, RsGraphHeader *h, int side, RsGraphSection section)
{
	RsGraphStream s;

	rs_graph_stream_open(&s, x->budget, x->host, h, section);
	for (uint64 a = 0; a <= x->accounts; a++)
		rs_stream_u32(&s, old_start(x, side, (uint32) a) + x->newer->side[side].start[a]);
	rs_graph_stream_close(&s);
}

static void
write_out(Append *x, RsGraphHeader *h)
{
	const RsGraph *o = x->older,
			   *n = x->newer;
	RsGraphStream arc,
				amount;
	RsKeyStream txn;
	bool		same_keys = h->txn.kind == RS_KEY_INT && h->txn.base == o->header->txn.base &&
		h->txn.width == o->header->txn.width;
	Size		money = h->wide ? sizeof(int128) : sizeof(int64);
	const char *o_amount = h->wide ? (const char *) o->wide : (const char *) o->amount;
	const char *n_amount = h->wide ? (const char *) n->wide : (const char *) n->amount;
	uint32		shift = o->time ? o->header->ncodes : 0;

	rs_graph_stream_open(&arc, x->budget, x->host, h, RS_GS_OUT_ARC);
	rs_graph_stream_open(&amount, x->budget, x->host, h, RS_GS_AMOUNT);
	rs_key_stream_open(&txn, x->budget, x->host, h, RS_GS_TXN);
	for (uint32 a = 0; a < x->accounts;)
	{
		const uint32 *n_start = n->side[RS_FLOW_OUT].start;
		uint32		from = a;
		uint32		o0,
					o1;

		/* the accounts up to the next one with newer transfers, in one piece */
		while (a < x->accounts && n_start[a + 1] == n_start[from])
			a++;
		if (a < x->accounts)
			a++;
		o0 = old_start(x, RS_FLOW_OUT, from);
		o1 = old_start(x, RS_FLOW_OUT, a);
		rs_graph_stream_put(&arc, o->side[RS_FLOW_OUT].arc + o0, (uint64) (o1 - o0) * sizeof(RsArc));
		rs_graph_stream_put(&amount, o_amount + o0 * money, (o1 - o0) * money);
		if (same_keys)
			rs_graph_stream_put(&txn.key, o->txn.key + (uint64) o0 * o->txn.width,
								(uint64) (o1 - o0) * o->txn.width);
		else
			for (uint32 t = o0; t < o1; t++)
			{
				RsKey		key = rs_key_get(&o->txn, t);

				rs_key_stream_put(&txn, &key);
			}
		for (uint32 t = n_start[from]; t < n_start[a]; t++)
		{
			RsArc		newer = n->side[RS_FLOW_OUT].arc[t];
			RsKey		key = rs_key_get(&n->txn, t);

			rs_stream_u64(&arc, (uint64) (newer.when + shift) << 32 | newer.peer);
			rs_graph_stream_put(&amount, n_amount + t * money, money);
			rs_key_stream_put(&txn, &key);
		}
		CHECK_FOR_INTERRUPTS();
	}
	rs_graph_stream_close(&arc);
	rs_graph_stream_close(&amount);
	rs_key_stream_close(&txn);
}

static void
write_in(Append *x, RsGraphHeader *h)
{
	const RsFlowSide *o = &x->older->side[RS_FLOW_IN],
			   *n = &x->newer->side[RS_FLOW_IN];
	const uint32 *n_out = x->newer->side[RS_FLOW_OUT].start;
	RsGraphStream arc,
				transfer;
	uint32		shift = x->older->time ? x->older->header->ncodes : 0;

	rs_graph_stream_open(&arc, x->budget, x->host, h, RS_GS_IN_ARC);
	rs_graph_stream_open(&transfer, x->budget, x->host, h, RS_GS_IN_TRANSFER);
	for (uint32 a = 0; a < x->accounts; a++)
	{
		uint32		o0 = old_start(x, RS_FLOW_IN, a),
					o1 = old_start(x, RS_FLOW_IN, a + 1);

		if ((a & 0xfff) == 0)
			CHECK_FOR_INTERRUPTS();
		rs_graph_stream_put(&arc, o->arc + o0, (uint64) (o1 - o0) * sizeof(RsArc));
		/* a transfer moves up by the newer ones of the payers before its own */
		for (uint32 p = o0; p < o1; p++)
			rs_stream_u32(&transfer, o->transfer[p] + n_out[o->arc[p].peer]);
		for (uint32 p = n->start[a]; p < n->start[a + 1]; p++)
		{
			rs_stream_u64(&arc, (uint64) (n->arc[p].when + shift) << 32 | n->arc[p].peer);
			rs_stream_u32(&transfer, n->transfer[p] + old_start(x, RS_FLOW_OUT, n->arc[p].peer + 1));
		}
	}
	rs_graph_stream_close(&arc);
	rs_graph_stream_close(&transfer);
}

/* New accounts have the numbers from old_accounts on, in the order of their identifiers. */
static void
write_accounts(Append *x, const RsGraphAccounts *accounts, const uint32 *fresh, RsGraphHeader *h)
{
	const RsGraph *o = x->older;
	uint32		nfresh = x->accounts - x->old_accounts;
	RsKeyStream s;
	RsGraphStream order;

	rs_key_stream_open(&s, x->budget, x->host, h, RS_GS_ACCOUNT);
	for (uint32 a = 0; a < x->old_accounts; a++)
	{
		RsKey		key = rs_key_get(&o->account, a);

		rs_key_stream_put(&s, &key);
	}
	for (uint32 i = 0; i < nfresh; i++)
	{
		RsKey		key;

		accounts->get(accounts->arg, fresh[i], &key);
		rs_key_stream_put(&s, &key);
	}
	rs_key_stream_close(&s);

	rs_graph_stream_open(&order, x->budget, x->host, h, RS_GS_ACCOUNT_ORDER);
	if (order.extent->length > 0)
	{
		RsKey		key;

		if (nfresh > 0)
			accounts->get(accounts->arg, fresh[0], &key);
		for (uint32 i = 0, f = 0; i < x->old_accounts || f < nfresh;)
		{
			uint32		number = i < x->old_accounts ? (o->account_order ? o->account_order[i] : i) : 0;

			if (((i + f) & 0xffff) == 0)
				CHECK_FOR_INTERRUPTS();
			if (f < nfresh && i < x->old_accounts)
			{
				RsKey		old = rs_key_get(&o->account, number);

				if (rs_key_compare(&accounts->type, &old, &key) < 0)
				{
					rs_stream_u32(&order, number);
					i++;
					continue;
				}
			}
			else if (f == nfresh)
			{
				rs_stream_u32(&order, number);
				i++;
				continue;
			}
			rs_stream_u32(&order, x->old_accounts + f);
			if (++f < nfresh)
				accounts->get(accounts->arg, fresh[f], &key);
		}
	}
	rs_graph_stream_close(&order);
}

/* A transaction id of the newer rows that the older file has already. */
static void
check_unique(Append *x, const RsKeyType *type)
{
	const RsGraph *o = x->older,
			   *n = x->newer;
	uint32		count = n->header->ntransfers;
	uint64		slots = 1024;
	uint32	   *slot;
	uint32	   *hash;

	if (count == 0 || (type->kind == RS_KEY_INT &&
					   (n->header->txn.base > o->header->txn.top || n->header->txn.top < o->header->txn.base)))
		return;
	while (slots < (uint64) count * 2)
		slots *= 2;
	slot = rs_alloc(x->budget, slots, sizeof(uint32), "finding duplicate transaction ids");
	hash = rs_alloc(x->budget, count, sizeof(uint32), "finding duplicate transaction ids");
	memset(slot, 0xff, slots * sizeof(uint32));
	for (uint32 t = 0; t < count; t++)
	{
		RsKey		key = rs_key_get(&n->txn, t);
		uint64		at = rs_key_hash(type, &key);

		hash[t] = (uint32) at;
		for (at &= slots - 1; slot[at] != UINT32_MAX; at = (at + 1) & (slots - 1))
			;
		slot[at] = t;
	}
	for (uint32 t = 0; t < o->header->ntransfers; t++)
	{
		RsKey		key = rs_key_get(&o->txn, t);
		uint64		h = rs_key_hash(type, &key);

		if ((t & 0xffff) == 0)
			CHECK_FOR_INTERRUPTS();
		for (uint64 at = h & (slots - 1); slot[at] != UINT32_MAX; at = (at + 1) & (slots - 1))
			if (hash[slot[at]] == (uint32) h)
			{
				RsKey		other = rs_key_get(&n->txn, slot[at]);

				if (rs_key_compare(type, &key, &other) == 0)
					x->host->duplicate_txn(x->host->arg, &key);
			}
	}
	pfree(slot);
	pfree(hash);
}

void
rs_graph_append(MemoryContext budget, const RsGraphHost *host, const RsGraph *older,
				const RsGraph *newer, const RsGraphAccounts *accounts,
				const RsGraphIdentity *identity, RsGraphHeader *h)
{
	const RsGraphHeader *o = older->header,
			   *n = newer->header;
	Append		x = {
		.budget = budget, .host = host, .older = older, .newer = newer,
		.old_accounts = o->naccounts, .accounts = n->naccounts
	};
	uint32		nfresh = x.accounts - x.old_accounts;
	uint32	   *fresh = rs_alloc(budget, nfresh, sizeof(uint32), purpose);
	uint64		account_heap = older->account.heap_length;
	int64		low = o->account.base,
				high = o->account.top;
	RsKeyType	txn_type = older->txn.type;

	txn_type.compare = newer->txn.type.compare;
	txn_type.arg = newer->txn.type.arg;
	for (uint32 i = 0; i < accounts->count; i++)
	{
		RsKey		key;

		if (accounts->rank[i] < x.old_accounts)
			continue;
		fresh[accounts->rank[i] - x.old_accounts] = i;
		accounts->get(accounts->arg, i, &key);
		account_heap += key.length;
		low = x.old_accounts == 0 && accounts->rank[i] == 0 ? key.integer : Min(low, key.integer);
		high = x.old_accounts == 0 && accounts->rank[i] == 0 ? key.integer : Max(high, key.integer);
	}
	check_unique(&x, &txn_type);

	memset(h, 0, sizeof(*h));
	h->identity = *identity;
	h->naccounts = x.accounts;
	h->ntransfers = o->ntransfers + n->ntransfers;
	h->scale = o->scale;
	h->wide = o->wide;
	h->time_base = o->time_base;
	h->time_unit = o->time_unit;
	h->ncodes = o->ncodes + n->ncodes;
	h->first_at = o->first_at;
	h->last_at = n->last_at;
	h->fingerprint[0] = o->fingerprint[0] + n->fingerprint[0];
	h->fingerprint[1] = o->fingerprint[1] + n->fingerprint[1];
	rs_graph_describe_keys(&h->account, &accounts->type, accounts->oid, low, high,
						   older->account.type.kind == RS_KEY_BYTES ? account_heap : 0);
	rs_graph_describe_keys(&h->txn, &txn_type, o->txn.type, Min(o->txn.base, n->txn.base),
						   Max(o->txn.top, n->txn.top), older->txn.heap_length + newer->txn.heap_length);
	rs_graph_layout(h, older->account.type.kind == RS_KEY_BYTES ? account_heap : 0,
					older->txn.heap_length + newer->txn.heap_length,
					nfresh == 0 && older->account_order == NULL);

	write_starts(&x, h, RS_FLOW_OUT, RS_GS_OUT_START);
	write_starts(&x, h, RS_FLOW_IN, RS_GS_IN_START);
	write_out(&x, h);
	write_in(&x, h);
	{
		RsGraphStream s;

		rs_graph_stream_open(&s, budget, host, h, RS_GS_TIME);
		if (older->time)
		{
			rs_graph_stream_put(&s, older->time, (uint64) o->ncodes * sizeof(int64));
			rs_graph_stream_put(&s, newer->time, (uint64) n->ncodes * sizeof(int64));
		}
		rs_graph_stream_close(&s);
	}
	write_accounts(&x, accounts, fresh, h);
	rs_graph_write_header(host, h);
}
