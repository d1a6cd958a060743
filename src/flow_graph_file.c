/*
 * src/flow_graph_file.c
 *	  The flow-graph file: what it looks like, and reading one safely.
 *
 * A file is a header, then sections, each beginning at a multiple of 4096:
 *
 *	 out:  start[accounts+1], arc[transfers]	groups by payer, (time, txn) within
 *	 in:   start[accounts+1], arc[transfers], transfer[transfers]
 *	 amount[transfers], time[codes] (only when times are not linear)
 *	 account identifiers, their order; txn identifiers, by transfer
 *
 * The arrays are those of src/flow_source.h, byte for byte: attaching is
 * pointing into the mapped range. 8+8+4 bytes for the arcs and 8 for the amount
 * make 28 a transfer; 8 an account for the two start arrays; identifiers come
 * on top: integers in as many bytes as their range needs, text as offset and
 * bytes.
 *
 * A file is written once, header last, and never changed. It is trusted only
 * if magic, version, byte order, header checksum, size, section bounds and the
 * identity (server, database, query, file number as in the catalog) all fit.
 * The section checksums are verified by whoever has reason to doubt that the
 * bytes are still those that were written; that reads the whole file, about
 * 0.1 s a GB. Numbers in a verified file are within bounds because only
 * flow_graph_build.c and flow_graph_append.c write them.
 */
#include "postgres.h"

#include "common/hashfn.h"
#include "miscadmin.h"
#include "port/pg_crc32c.h"

#include "flow_graph_file.h"

#ifdef WORDS_BIGENDIAN
#error "flow graphs pack integers little-endian"
#endif

/* ---------- identifiers ---------- */

static inline uint64
unpack(const char *at, uint32 width)
{
	uint64		v = 0;

	memcpy(&v, at, width);
	return v;
}

RsKey
rs_key_get(const RsKeySet *set, uint32 number)
{
	RsKey		key = {0};

	Assert(number < set->count);
	switch (set->type.kind)
	{
		case RS_KEY_INT:
			key.integer = (int64) ((uint64) set->base +
								   unpack(set->key + (uint64) number * set->width, set->width));
			break;
		case RS_KEY_FIXED:
			key.bytes = set->key + (uint64) number * set->type.length;
			key.length = set->type.length;
			break;
		case RS_KEY_BYTES:
			{
				uint64		from = unpack(set->key + (uint64) number * set->width, set->width);
				uint64		to = unpack(set->key + ((uint64) number + 1) * set->width, set->width);

				key.bytes = set->heap + from;
				key.length = (uint32) (to - from);
				break;
			}
	}
	return key;
}

int
rs_key_compare(const RsKeyType *type, const RsKey *a, const RsKey *b)
{
	int			c;

	if (type->compare)
		return type->compare(type->arg, a, b);
	if (type->kind == RS_KEY_INT)
		return (a->integer > b->integer) - (a->integer < b->integer);
	c = memcmp(a->bytes, b->bytes, Min(a->length, b->length));
	return c ? c : (a->length > b->length) - (a->length < b->length);
}

static inline uint64
mix64(uint64 h)
{
	h ^= h >> 33;
	h *= UINT64CONST(0xff51afd7ed558ccd);
	h ^= h >> 33;
	h *= UINT64CONST(0xc4ceb9fe1a85ec53);
	h ^= h >> 33;
	return h;
}

uint64
rs_key_hash(const RsKeyType *type, const RsKey *key)
{
	if (type->kind == RS_KEY_INT)
		return mix64((uint64) key->integer + UINT64CONST(0x9e3779b97f4a7c15));
	return hash_bytes_extended((const unsigned char *) key->bytes, (int) key->length, 0x5eed);
}

uint32
rs_graph_find_account(const RsGraph *graph, const RsKey *key)
{
	uint32		low = 0,
				high = graph->account.count;

	while (low < high)
	{
		uint32		middle = low + (high - low) / 2;
		uint32		number = graph->account_order ? graph->account_order[middle] : middle;
		RsKey		found = rs_key_get(&graph->account, number);
		int			c = rs_key_compare(&graph->account.type, &found, key);

		if (c == 0)
			return number;
		if (c < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return RS_NO_ID;
}

/* ---------- fingerprints ---------- */

#define PRIME ((UINT64CONST(1) << 61) - 1)

static inline uint64
reduce(unsigned __int128 v)
{
	uint64		r = (uint64) (v & PRIME) + (uint64) ((v >> 61) & PRIME) + (uint64) (v >> 122);

	r = (r & PRIME) + (r >> 61);
	return r >= PRIME ? r - PRIME : r;
}

/* amount x 10^-scale as a residue: 1.5 at any scale is the same. */
uint64
rs_amount_hash(int128 amount, int scale)
{
	static uint64 power[39];

	if (power[0] == 0)
	{
		uint64		p = 1;

		for (int i = 0; i <= 38; i++)
		{
			power[i] = p;
			p = reduce((unsigned __int128) p * 10);
		}
	}
	return reduce((unsigned __int128) reduce((unsigned __int128) amount) * power[38 - scale]);
}

void
rs_fingerprint_add(RsFingerprint *print, uint64 payer, uint64 payee, uint64 txn,
				   TimestampTz time, uint64 amount)
{
	uint64		h = payer * UINT64CONST(0x9e3779b97f4a7c15);

	h = (h ^ (h >> 32) ^ payee) * UINT64CONST(0xd6e8feb86659fd93);
	h = (h ^ (h >> 32) ^ txn) * UINT64CONST(0xa0761d6478bd642f);
	h = (h ^ (h >> 32) ^ (uint64) time) * UINT64CONST(0xe7037ed1a0b428db);
	h = mix64(h ^ (h >> 32) ^ amount);
	print->rows++;
	print->sum[0] += h;
	print->sum[1] += mix64(h + UINT64CONST(0x8ebc6af09c88c6e3));
}

void
rs_graph_fingerprint(const RsGraph *graph, TimestampTz from, RsFingerprint *print)
{
	const RsGraphHeader *h = graph->header;
	const RsFlowSide *out = &graph->side[RS_FLOW_OUT];

	memset(print, 0, sizeof(*print));
	for (uint32 a = 0; a < h->naccounts; a++)
	{
		uint64		payer = 0;

		if ((a & 0xfff) == 0)
			CHECK_FOR_INTERRUPTS();
		/* groups are in order of time: the latest first */
		for (uint32 t = out->start[a + 1]; t-- > out->start[a];)
		{
			RsArc		arc = out->arc[t];
			TimestampTz time = graph->time ? graph->time[arc.when] : h->time_base + (int64) arc.when * h->time_unit;
			RsKey		key;
			uint64		payee;

			if (time < from)
				break;
			if (payer == 0)
			{
				key = rs_key_get(&graph->account, a);
				payer = rs_key_hash(&graph->account.type, &key);
			}
			key = rs_key_get(&graph->account, arc.peer);
			payee = rs_key_hash(&graph->account.type, &key);
			key = rs_key_get(&graph->txn, t);
			rs_fingerprint_add(print, payer, payee, rs_key_hash(&graph->txn.type, &key), time,
							   rs_amount_hash(graph->wide ? graph->wide[t] : (int128) graph->amount[t], h->scale));
		}
	}
}

/* ---------- attaching ---------- */

static pg_crc32c
header_crc(const RsGraphHeader *h)
{
	pg_crc32c	crc;

	INIT_CRC32C(crc);
	COMP_CRC32C(crc, h, offsetof(RsGraphHeader, crc));
	FIN_CRC32C(crc);
	return crc;
}

static bool
key_lengths(const RsGraphKeys *keys, uint64 count, uint64 heap, uint64 *length)
{
	switch (keys->kind)
	{
		case RS_KEY_INT:
			*length = count * keys->width;
			return keys->width <= 8 && heap == 0;
		case RS_KEY_FIXED:
			*length = count * keys->length;
			return keys->length > 0 && keys->length <= RS_KEY_MAX_LENGTH && heap == 0;
		case RS_KEY_BYTES:
			*length = (count + 1) * keys->width;
			return keys->width == 4 || keys->width == 8;
	}
	return false;
}

static void
open_keys(RsKeySet *set, const RsGraphKeys *keys, uint32 count, const char *key,
		  const char *heap, uint64 heap_length)
{
	set->type.kind = (RsKeyKind) keys->kind;
	set->type.length = keys->length;
	set->type.compare = NULL;
	set->type.arg = NULL;
	set->count = count;
	set->base = keys->base;
	set->width = keys->width;
	set->key = key;
	set->heap = heap;
	set->heap_length = heap_length;
}

static bool
heap_ends(const RsKeySet *set)
{
	return set->type.kind != RS_KEY_BYTES ||
		unpack(set->key + (uint64) set->count * set->width, set->width) == set->heap_length;
}

bool
rs_graph_attach(RsGraph *graph, const void *base, uint64 size,
				const RsGraphIdentity *expected, const char **problem)
{
	const RsGraphHeader *h = base;
	uint64		length[RS_GS_SECTIONS] = {0};
	uint64		at = RS_GRAPH_ALIGN;

	memset(graph, 0, sizeof(*graph));
	if (size < RS_GRAPH_ALIGN || memcmp(h->magic, RS_GRAPH_MAGIC, 8) != 0)
	{
		*problem = "It is not a flow-graph file, or was not finished.";
		return false;
	}
	if (h->version != RS_GRAPH_VERSION || h->byte_order != RS_GRAPH_BYTE_ORDER)
	{
		*problem = "It has another format version or byte order.";
		return false;
	}
	if (h->crc != header_crc(h))
	{
		*problem = "Its header is damaged.";
		return false;
	}
	if (memcmp(&h->identity, expected, sizeof(*expected)) != 0)
	{
		*problem = "It belongs to another server, database or query.";
		return false;
	}
	if (h->file_size != size)
	{
		*problem = "It is truncated or has grown.";
		return false;
	}

	length[RS_GS_OUT_START] = length[RS_GS_IN_START] = ((uint64) h->naccounts + 1) * sizeof(uint32);
	length[RS_GS_OUT_ARC] = length[RS_GS_IN_ARC] = (uint64) h->ntransfers * sizeof(RsArc);
	length[RS_GS_IN_TRANSFER] = (uint64) h->ntransfers * sizeof(uint32);
	length[RS_GS_AMOUNT] = (uint64) h->ntransfers * (h->wide ? sizeof(int128) : sizeof(int64));
	length[RS_GS_TIME] = h->time_unit == 0 ? (uint64) h->ncodes * sizeof(int64) : 0;
	length[RS_GS_ACCOUNT_HEAP] = h->section[RS_GS_ACCOUNT_HEAP].length;
	length[RS_GS_TXN_HEAP] = h->section[RS_GS_TXN_HEAP].length;
	length[RS_GS_ACCOUNT_ORDER] = h->section[RS_GS_ACCOUNT_ORDER].length;
	if (!key_lengths(&h->account, h->naccounts, length[RS_GS_ACCOUNT_HEAP], &length[RS_GS_ACCOUNT]) ||
		!key_lengths(&h->txn, h->ntransfers, length[RS_GS_TXN_HEAP], &length[RS_GS_TXN]) ||
		(length[RS_GS_ACCOUNT_ORDER] != 0 &&
		 length[RS_GS_ACCOUNT_ORDER] != (uint64) h->naccounts * sizeof(uint32)) ||
		h->time_unit < 0 || h->scale < 0 || h->scale > 38)
	{
		*problem = "Its header contradicts itself.";
		return false;
	}
	for (int s = 0; s < RS_GS_SECTIONS; s++)
	{
		const RsGraphExtent *e = &h->section[s];

		if (e->offset != at || e->length != length[s] || e->length > size - at)
		{
			*problem = "Its sections are not where they should be.";
			return false;
		}
		at = TYPEALIGN64(RS_GRAPH_ALIGN, at + e->length + 8);
	}
	if (at != size)
	{
		*problem = "Its sections do not fill it.";
		return false;
	}

	graph->header = h;
	graph->base = base;
#define SECTION(s) ((const void *) (graph->base + h->section[s].offset))
	open_keys(&graph->account, &h->account, h->naccounts, SECTION(RS_GS_ACCOUNT),
			  SECTION(RS_GS_ACCOUNT_HEAP), length[RS_GS_ACCOUNT_HEAP]);
	open_keys(&graph->txn, &h->txn, h->ntransfers, SECTION(RS_GS_TXN),
			  SECTION(RS_GS_TXN_HEAP), length[RS_GS_TXN_HEAP]);
	if (length[RS_GS_ACCOUNT_ORDER])
		graph->account_order = SECTION(RS_GS_ACCOUNT_ORDER);
	graph->side[RS_FLOW_OUT].start = SECTION(RS_GS_OUT_START);
	graph->side[RS_FLOW_OUT].arc = SECTION(RS_GS_OUT_ARC);
	graph->side[RS_FLOW_IN].start = SECTION(RS_GS_IN_START);
	graph->side[RS_FLOW_IN].arc = SECTION(RS_GS_IN_ARC);
	graph->side[RS_FLOW_IN].transfer = SECTION(RS_GS_IN_TRANSFER);
	if (h->wide)
		graph->wide = SECTION(RS_GS_AMOUNT);
	else
		graph->amount = SECTION(RS_GS_AMOUNT);
	if (h->time_unit == 0)
		graph->time = SECTION(RS_GS_TIME);
#undef SECTION

	if (graph->side[RS_FLOW_OUT].start[h->naccounts] != h->ntransfers ||
		graph->side[RS_FLOW_IN].start[h->naccounts] != h->ntransfers ||
		!heap_ends(&graph->account) || !heap_ends(&graph->txn))
	{
		*problem = "Its sections contradict its header.";
		return false;
	}
	return true;
}

bool
rs_graph_verify(const RsGraph *graph, const char **problem)
{
	for (int s = 0; s < RS_GS_SECTIONS; s++)
	{
		const RsGraphExtent *e = &graph->header->section[s];
		pg_crc32c	crc;

		INIT_CRC32C(crc);
		for (uint64 at = 0; at < e->length; at += 1024 * 1024)
		{
			CHECK_FOR_INTERRUPTS();
			COMP_CRC32C(crc, graph->base + e->offset + at, Min(e->length - at, 1024 * 1024));
		}
		FIN_CRC32C(crc);
		if (crc != e->crc)
		{
			*problem = "Its checksums do not match its contents.";
			return false;
		}
	}
	return true;
}
