/*
 * src/flow_graph_write.c
 *	  Writing a flow-graph file: section layout, buffered streams, header.
 *
 * All lengths are known before the first byte is written, so sections are
 * streams side by side, each with one buffer and a running checksum. Nothing is
 * read back. The header comes last: a file that was not finished has none.
 */
#include "postgres.h"

#include "port/pg_crc32c.h"

#include "flow_graph_file.h"
#include "rs_memory.h"

/* Fewest bytes for any integer of [low, high], stored as the distance from low. */
static uint32
key_width(int64 low, int64 high)
{
	uint64		range = (uint64) high - (uint64) low;
	uint32		width = 0;

	while (range > 0)
	{
		width++;
		range >>= 8;
	}
	return width;
}

void
rs_graph_describe_keys(RsGraphKeys *k, const RsKeyType *type, Oid oid,
					   int64 low, int64 high, uint64 heap)
{
	memset(k, 0, sizeof(*k));
	k->kind = type->kind;
	k->type = oid;
	switch (type->kind)
	{
		case RS_KEY_INT:
			k->base = low;
			k->top = high;
			k->width = key_width(low, high);
			break;
		case RS_KEY_FIXED:
			k->length = type->length;
			break;
		case RS_KEY_BYTES:
			k->width = heap <= UINT32_MAX ? 4 : 8;
			break;
	}
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

static uint64
money_size(const RsGraphHeader *h)
{
	return h->wide ? sizeof(int128) : sizeof(int64);
}

uint64
rs_graph_lead(const RsGraphHeader *h, RsGraphSection section)
{
	switch (section)
	{
		case RS_GS_OUT_ARC:
		case RS_GS_IN_ARC:
			return (uint64) h->first_transfer * sizeof(RsArc) % RS_GRAPH_ALIGN;
		case RS_GS_IN_TRANSFER:
			return (uint64) h->first_transfer * sizeof(uint32) % RS_GRAPH_ALIGN;
		case RS_GS_AMOUNT:
			return (uint64) h->first_transfer * money_size(h) % RS_GRAPH_ALIGN;
		case RS_GS_TIME:
			return h->time_unit == 0 ? (uint64) h->first_code * sizeof(int64) % RS_GRAPH_ALIGN : 0;
		default:
			return 0;
	}
}

/* Lengths of the heaps and of the order of accounts are given. */
bool
rs_graph_lengths(const RsGraphHeader *h, uint64 *length)
{
	uint64		n = h->ntransfers,
				accounts = (uint64) h->first_account + h->naccounts;

	if (h->sparse > 1 || h->nmembers > accounts || accounts > UINT32_MAX || h->shift > 31 ||
		(uint64) h->first_transfer + n > RS_FLOW_MAX_TRANSFERS || (uint64) h->first_code + h->ncodes > UINT32_MAX ||
		(!h->sparse && (h->previous != 0 || h->first_account != 0 || h->first_transfer != 0 ||
						h->first_code != 0 || h->nmembers != h->naccounts)) ||
		h->time_unit < 0 || h->scale < 0 || h->scale > 38 || h->fee_scale < 0 || h->fee_scale > 38 ||
		h->columns >= 1u << RS_GC_COLUMNS)
		return false;
	length[RS_GS_OUT_START] = length[RS_GS_IN_START] = ((uint64) h->nmembers + 1) * sizeof(uint32);
	length[RS_GS_OUT_ARC] = length[RS_GS_IN_ARC] = n * sizeof(RsArc);
	length[RS_GS_IN_TRANSFER] = n * sizeof(uint32);
	length[RS_GS_AMOUNT] = n * money_size(h);
	length[RS_GS_TIME] = h->time_unit == 0 ? (uint64) h->ncodes * sizeof(int64) : 0;
	length[RS_GS_MEMBER] = h->sparse ? (uint64) h->nmembers * sizeof(uint32) : 0;
	length[RS_GS_DIRECTORY] = !h->sparse ? 0 : h->shift == 0 ? (accounts / RS_FLOW_BLOCK + 1) * sizeof(RsFlowBlock) :
		((accounts >> h->shift) + 2) * sizeof(uint32);
	for (int c = 0; c < RS_GC_COLUMNS; c++)
	{
		length[RS_GS_ORD + c] = 0;
		if ((h->columns & (1u << c)) && !key_lengths(&h->column[c], n, 0, &length[RS_GS_ORD + c]))
			return false;
	}
	length[RS_GS_CURRENCY_NAME] = 0;
	if (h->columns & (1u << RS_GC_CURRENCY) ?
		!key_lengths(&h->currency, h->ncurrencies, length[RS_GS_CURRENCY_HEAP], &length[RS_GS_CURRENCY_NAME]) :
		h->ncurrencies != 0 || length[RS_GS_CURRENCY_HEAP] != 0)
		return false;
	for (int s = 0; s < RS_GS_SECTIONS; s++)
		length[s] += rs_graph_lead(h, s);
	return key_lengths(&h->account, h->naccounts, length[RS_GS_ACCOUNT_HEAP], &length[RS_GS_ACCOUNT]) &&
		key_lengths(&h->txn, n, length[RS_GS_TXN_HEAP], &length[RS_GS_TXN]) &&
		(length[RS_GS_ACCOUNT_ORDER] == 0 || length[RS_GS_ACCOUNT_ORDER] == (uint64) h->naccounts * sizeof(uint32));
}

/* Place the sections of a header that is otherwise complete. */
void
rs_graph_layout(RsGraphHeader *h, uint64 account_heap, uint64 txn_heap, uint64 currency_heap, bool ordered)
{
	uint64		length[RS_GS_SECTIONS] = {0};
	uint64		at = RS_GRAPH_ALIGN;

	length[RS_GS_ACCOUNT_HEAP] = account_heap;
	length[RS_GS_TXN_HEAP] = txn_heap;
	length[RS_GS_CURRENCY_HEAP] = currency_heap;
	length[RS_GS_ACCOUNT_ORDER] = ordered ? 0 : (uint64) h->naccounts * sizeof(uint32);
	if (!rs_graph_lengths(h, length))
		elog(ERROR, "header of a flow graph contradicts itself");

	for (int s = 0; s < RS_GS_SECTIONS; s++)
	{
		h->section[s].offset = at;
		h->section[s].length = length[s];
		if (rs_graph_section_absent(h, s))
			continue;
		/* 8 bytes beyond the end may be loaded, never used */
		at = TYPEALIGN64(RS_GRAPH_ALIGN, at + length[s] + 8);
	}
	h->file_size = at;
}

void
rs_graph_stream_open(RsGraphStream *s, MemoryContext budget, const RsGraphHost *host,
					 RsGraphHeader *header, RsGraphSection section)
{
	s->host = host;
	s->extent = &header->section[section];
	s->written = 0;
	s->used = 0;
	INIT_CRC32C(s->crc);
	s->buffer = rs_alloc(budget, 1, RS_STREAM_BUFFER + RS_STREAM_SLACK, "writing the flow graph");
}

void
rs_graph_stream_flush(RsGraphStream *s)
{
	uint32		n = Min(s->used, RS_STREAM_BUFFER);

	COMP_CRC32C(s->crc, s->buffer, n);
	s->host->write(s->host->arg, s->buffer, n, s->extent->offset + s->written);
	s->written += n;
	s->used -= n;
	memcpy(s->buffer, s->buffer + RS_STREAM_BUFFER, s->used);
}

void
rs_graph_stream_put(RsGraphStream *s, const void *data, uint64 length)
{
	const char *at = data;

	while (length > 0)
	{
		uint64		n = Min(length, RS_STREAM_BUFFER - s->used);

		memcpy(s->buffer + s->used, at, n);
		s->used += n;
		at += n;
		length -= n;
		if (s->used >= RS_STREAM_BUFFER)
			rs_graph_stream_flush(s);
	}
}

/* Flush, pad with zeros up to the next section. */
void
rs_graph_stream_close(RsGraphStream *s)
{
	uint64		end = TYPEALIGN64(RS_GRAPH_ALIGN, s->extent->offset + s->extent->length + 8);

	if (s->used > 0)
		rs_graph_stream_flush(s);
	if (s->written != s->extent->length)
		elog(ERROR, "flow graph section has " UINT64_FORMAT " bytes instead of " UINT64_FORMAT,
			 s->written, s->extent->length);
	FIN_CRC32C(s->crc);
	s->extent->crc = s->crc;
	memset(s->buffer, 0, RS_GRAPH_ALIGN + 8);
	for (uint64 at = s->extent->offset + s->written; at < end;)
	{
		Size		n = Min(end - at, RS_GRAPH_ALIGN);

		s->host->write(s->host->arg, s->buffer, n, at);
		at += n;
	}
	pfree(s->buffer);
	s->buffer = NULL;
}

void
rs_graph_write_section(MemoryContext budget, const RsGraphHost *host, RsGraphHeader *header,
					   RsGraphSection section, const void *data, uint64 length)
{
	RsGraphStream s;

	rs_graph_stream_open(&s, budget, host, header, section);
	rs_graph_stream_put(&s, data, length);
	rs_graph_stream_close(&s);
}

/*
 * Blocks while they take at most twelve bytes a member; else about two members
 * for each entry of the directory.
 */
uint32
rs_graph_directory_shift(uint32 accounts, uint32 members)
{
	uint32		shift = 1;

	if (accounts / RS_FLOW_BLOCK <= members)
		return 0;
	while (shift < 31 && (accounts >> shift) > members / 2)
		shift++;
	return shift;
}

/* The list of members and what finds them. */
void
rs_graph_write_members(MemoryContext budget, const RsGraphHost *host, RsGraphHeader *h, const uint32 *member,
					   const uint32 *const start[2])
{
	RsGraphStream s;
	uint64		m = 0;

	rs_graph_write_section(budget, host, h, RS_GS_MEMBER, member, h->sparse ? (uint64) h->nmembers * sizeof(uint32) : 0);
	rs_graph_stream_open(&s, budget, host, h, RS_GS_DIRECTORY);
	if (h->shift == 0)
		for (uint64 k = 0; k < s.extent->length / sizeof(RsFlowBlock); k++)
		{
			RsFlowBlock block = {.before = (uint32) m};

			for (; m < h->nmembers && member[m] / RS_FLOW_BLOCK == k; m++)
				for (int side = 0; side < 2; side++)
					if (start[side][m] < start[side][m + 1])
						block.with[side] |= (uint32) 1 << member[m] % RS_FLOW_BLOCK;
			rs_graph_stream_put(&s, &block, sizeof(block));
		}
	else
		for (uint64 k = 0; k < s.extent->length / sizeof(uint32); k++)
		{
			while (m < h->nmembers && (member[m] >> h->shift) < k)
				m++;
			rs_stream_u32(&s, (uint32) m);
		}
	rs_graph_stream_close(&s);
}

/* section is RS_GS_ACCOUNT, RS_GS_TXN or RS_GS_CURRENCY_NAME; the heap's section follows it. */
void
rs_key_stream_open(RsKeyStream *s, MemoryContext budget, const RsGraphHost *host,
				   RsGraphHeader *header, RsGraphSection section)
{
	s->keys = section == RS_GS_ACCOUNT ? &header->account : section == RS_GS_TXN ? &header->txn : &header->currency;
	s->heap_at = 0;
	rs_graph_stream_open(&s->key, budget, host, header, section);
	rs_graph_stream_open(&s->heap, budget, host, header, section + 1);
}

void
rs_key_stream_close(RsKeyStream *s)
{
	if (s->keys->kind == RS_KEY_BYTES)
		rs_stream_packed(&s->key, s->heap_at, s->keys->width);
	rs_graph_stream_close(&s->key);
	rs_graph_stream_close(&s->heap);
}

void
rs_graph_write_header(const RsGraphHost *host, RsGraphHeader *h)
{
	char		page[RS_GRAPH_ALIGN] = {0};
	pg_crc32c	crc;

	memcpy(h->magic, RS_GRAPH_MAGIC, 8);
	h->version = RS_GRAPH_VERSION;
	h->byte_order = RS_GRAPH_BYTE_ORDER;
	INIT_CRC32C(crc);
	COMP_CRC32C(crc, h, offsetof(RsGraphHeader, crc));
	FIN_CRC32C(crc);
	h->crc = crc;
	StaticAssertStmt(sizeof(RsGraphHeader) <= RS_GRAPH_ALIGN, "the header fits its page");
	memcpy(page, h, sizeof(*h));
	host->write(host->arg, page, sizeof(page), 0);
}
