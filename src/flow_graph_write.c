/*
 * src/flow_graph_write.c
 *	  Writing a flow-graph file: section layout, members, header.
 *
 * All lengths are known before the first byte is written, so sections are
 * streams side by side. Nothing is read back. The header comes last: a file
 * that was not finished has none.
 */
#include "postgres.h"

#include "port/pg_crc32c.h"

#include "flow_graph_file.h"
#include "rs_memory.h"

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
		if ((h->columns & (1u << c)) && !rs_key_lengths(&h->column[c], n, 0, &length[RS_GS_ORD + c]))
			return false;
	}
	length[RS_GS_CURRENCY_NAME] = 0;
	if (h->columns & (1u << RS_GC_CURRENCY) ?
		!rs_key_lengths(&h->currency, h->ncurrencies, length[RS_GS_CURRENCY_HEAP], &length[RS_GS_CURRENCY_NAME]) :
		h->ncurrencies != 0 || length[RS_GS_CURRENCY_HEAP] != 0)
		return false;
	for (int s = 0; s < RS_GS_SECTIONS; s++)
		length[s] += rs_graph_lead(h, s);
	return rs_key_lengths(&h->account, h->naccounts, length[RS_GS_ACCOUNT_HEAP], &length[RS_GS_ACCOUNT]) &&
		rs_key_lengths(&h->txn, n, length[RS_GS_TXN_HEAP], &length[RS_GS_TXN]) &&
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

void
rs_flow_key_stream_open(RsKeyStream *s, MemoryContext budget, const RsGraphHost *host,
						RsGraphHeader *h, RsGraphSection section)
{
	rs_key_stream_begin(s, budget, host, section == RS_GS_ACCOUNT ? &h->account : section == RS_GS_TXN ? &h->txn : &h->currency,
						&h->section[section], &h->section[section + 1]);
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
