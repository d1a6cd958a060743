/*
 * src/flow_graph_file.c
 *	  The flow-graph file: what it looks like, and reading one safely.
 *
 * A file is a header, then sections, each beginning at a multiple of 4096:
 *
 *	 out:  start[members+1], arc[transfers]	groups by payer, (time, txn) within
 *	 in:   start[members+1], arc[transfers], transfer[transfers]
 *	 amount[transfers], time[codes] (only when times are not linear)
 *	 account identifiers, their order; txn identifiers, by transfer
 *	 member[members], directory[]			(not in the first part)
 *	 ord, fee, currency by transfer, the currencies	(if the query has them;
 *											see src/flow_graph_column.c)
 *
 * The arrays are those of src/flow_source.h, byte for byte: attaching is
 * pointing into the mapped range. 8+8+4 bytes for the arcs and 8 for the amount
 * make 28 a transfer; 8 an account for the two start arrays; identifiers come
 * on top: integers in as many bytes as their range needs, text as offset and
 * bytes.
 *
 * A graph is one file, or several parts, each with later transfers than those
 * before and bound to its predecessor by file number and counts. A part after
 * the first lists the accounts that have a group in it (its members), with
 * three bits for every account to find them, or, where these would be larger
 * than the list, with a directory, so that its size is that of its transfers;
 * its new accounts and its transfers are numbered on. For the numbers to be places in
 * one array through all parts, the parts' arrays are mapped behind each other:
 * since a mapping begins with a page, a section begins with a copy of what the
 * part before has on that page (its lead).
 *
 * A file is written once, header last, and never changed. It is trusted only
 * if magic, version, byte order, header checksum, size, section bounds and the
 * identity (server, database, query, file number as in the catalog) all fit.
 * The section checksums are verified by whoever has reason to doubt that the
 * bytes are still those that were written; that reads the whole file, about
 * 0.1 s a GB. Numbers in a verified file are within bounds because only
 * flow_graph_build.c and flow_graph_merge.c write them.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "port/pg_crc32c.h"

#include "flow_graph_file.h"

/* ---------- identifiers ---------- */

RsKey
rs_graph_account(const RsGraph *graph, uint32 account)
{
	const RsGraphPart *part = &graph->part[rs_graph_account_part(graph, account)];

	return rs_key_get(&part->account, account - part->header->first_account);
}

RsKey
rs_graph_txn(const RsGraph *graph, uint32 transfer)
{
	const RsGraphPart *part = &graph->part[rs_graph_part_of(graph, transfer)];

	return rs_key_get(&part->txn, transfer - part->header->first_transfer);
}

uint32
rs_graph_find_account(const RsGraph *graph, const RsKey *key)
{
	for (int i = 0; i < graph->nparts; i++)
	{
		const RsGraphPart *part = &graph->part[i];
		uint32		found = rs_key_find(&part->account, part->header->account.top, part->account_order, key);

		if (found != RS_NO_ID)
			return part->header->first_account + found;
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
	h = rs_mix64(h ^ (h >> 32) ^ amount);
	print->rows++;
	print->sum[0] += h;
	print->sum[1] += rs_mix64(h + UINT64CONST(0x8ebc6af09c88c6e3));
}

static void
part_fingerprint(const RsGraph *graph, const RsGraphPart *part, TimestampTz from, RsFingerprint *print)
{
	const RsGraphHeader *h = part->header;
	const uint32 *start = part->start[RS_FLOW_OUT];

	for (uint32 m = 0; m < h->nmembers; m++)
	{
		uint64		payer = 0;

		if ((m & 0xfff) == 0)
			CHECK_FOR_INTERRUPTS();
		/* groups are in order of time: the latest first */
		for (uint32 t = start[m + 1]; t-- > start[m];)
		{
			RsArc		arc = part->arc[RS_FLOW_OUT][t];
			TimestampTz time = graph->time ? graph->time[arc.when] : h->time_base + (int64) arc.when * h->time_unit;
			RsKey		key;
			uint64		payee;
			RsGraphExtra extra = {0};
			uint64		currency = 0;

			if (time < from)
				break;
			if (payer == 0)
			{
				key = rs_graph_account(graph, part->groups.member ? part->groups.member[m] : m);
				payer = rs_key_hash(&part->account.type, &key);
			}
			key = rs_graph_account(graph, arc.peer);
			payee = rs_key_hash(&part->account.type, &key);
			if (h->columns)
			{
				rs_part_extra(graph, part, t, &extra);
				if (extra.currency < h->ncurrencies)
				{
					key = rs_key_get(&part->currency, extra.currency);
					currency = rs_key_hash(&part->currency.type, &key);
				}
			}
			key = rs_key_get(&part->txn, t);
			rs_fingerprint_add(print, payer, payee, rs_key_hash(&part->txn.type, &key), time,
							   rs_amount_hash(part->wide ? part->wide[t] : (int128) part->amount[t], h->scale) +
							   rs_extra_hash(h->columns, &extra, currency));
		}
	}
}

uint64
rs_extra_hash(uint32 columns, const RsGraphExtra *extra, uint64 currency_hash)
{
	uint64		h = 0;

	if (columns & (1u << RS_GC_ORD))
		h += rs_mix64((uint64) extra->ord + UINT64CONST(0x589965cc75374cc3));
	if (columns & (1u << RS_GC_FEE))
		h += rs_mix64(rs_amount_hash(extra->fee, extra->fee_scale) + UINT64CONST(0x1d8e4e27c47d124f));
	if ((columns & (1u << RS_GC_CURRENCY)) && extra->currency != RS_NO_ID)
		h += rs_mix64(currency_hash + UINT64CONST(0xeb44accab455d165));
	return h;
}

/* Only the part that `from` falls into is read; the others' sums are known. */
void
rs_graph_fingerprint(const RsGraph *graph, TimestampTz from, RsFingerprint *print)
{
	memset(print, 0, sizeof(*print));
	for (int i = 0; i < graph->nparts; i++)
	{
		const RsGraphHeader *h = graph->part[i].header;

		if (h->last_at < from)
			continue;
		if (h->first_at < from)
			part_fingerprint(graph, &graph->part[i], from, print);
		else
		{
			print->rows += h->ntransfers;
			print->sum[0] += h->fingerprint[0];
			print->sum[1] += h->fingerprint[1];
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

bool
rs_graph_part_attach(RsGraphPart *part, const void *base, uint64 size,
					 const RsGraphIdentity *expected, const char **problem)
{
	const RsGraphHeader *h = base;
	uint64		length[RS_GS_SECTIONS];
	uint64		at = RS_GRAPH_ALIGN;

	memset(part, 0, sizeof(*part));
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
	for (int s = 0; s < RS_GS_SECTIONS; s++)
		length[s] = h->section[s].length;
	if (!rs_graph_lengths(h, length))
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
		if (!rs_graph_section_absent(h, s))
			at = TYPEALIGN64(RS_GRAPH_ALIGN, at + e->length + 8);
	}
	if (at != size)
	{
		*problem = "Its sections do not fill it.";
		return false;
	}

	part->header = h;
	part->base = base;
#define SECTION(s) ((const void *) (part->base + h->section[s].offset + rs_graph_lead(h, s)))
	rs_key_set_open(&part->account, &h->account, h->naccounts, SECTION(RS_GS_ACCOUNT),
			  SECTION(RS_GS_ACCOUNT_HEAP), length[RS_GS_ACCOUNT_HEAP]);
	rs_key_set_open(&part->txn, &h->txn, h->ntransfers, SECTION(RS_GS_TXN),
			  SECTION(RS_GS_TXN_HEAP), length[RS_GS_TXN_HEAP]);
	if (length[RS_GS_ACCOUNT_ORDER])
		part->account_order = SECTION(RS_GS_ACCOUNT_ORDER);
	part->start[RS_FLOW_OUT] = SECTION(RS_GS_OUT_START);
	part->arc[RS_FLOW_OUT] = SECTION(RS_GS_OUT_ARC);
	part->start[RS_FLOW_IN] = SECTION(RS_GS_IN_START);
	part->arc[RS_FLOW_IN] = SECTION(RS_GS_IN_ARC);
	part->transfer = SECTION(RS_GS_IN_TRANSFER);
	if (h->wide)
		part->wide = SECTION(RS_GS_AMOUNT);
	else
		part->amount = SECTION(RS_GS_AMOUNT);
	if (h->time_unit == 0)
		part->time = SECTION(RS_GS_TIME);
	part->groups.nmembers = h->nmembers;
	part->groups.shift = h->shift;
	memcpy(part->groups.start, part->start, sizeof(part->start));
	if (h->sparse)
	{
		part->groups.member = SECTION(RS_GS_MEMBER);
		if (h->shift == 0)
		{
			part->groups.block = SECTION(RS_GS_DIRECTORY);
			part->groups.nblocks = (uint32) (length[RS_GS_DIRECTORY] / sizeof(RsFlowBlock));
		}
		else
		{
			part->groups.directory = SECTION(RS_GS_DIRECTORY);
			part->groups.nblocks = (uint32) (length[RS_GS_DIRECTORY] / sizeof(uint32)) - 1;
		}
	}
	for (int c = 0; c < RS_GC_COLUMNS; c++)
		if (h->columns & (1u << c))
			rs_key_set_open(&part->column[c], &h->column[c], h->ntransfers, SECTION(RS_GS_ORD + c), NULL, 0);
	if (h->columns & (1u << RS_GC_CURRENCY))
		rs_key_set_open(&part->currency, &h->currency, h->ncurrencies, SECTION(RS_GS_CURRENCY_NAME),
				  SECTION(RS_GS_CURRENCY_HEAP), length[RS_GS_CURRENCY_HEAP]);
#undef SECTION

	if (part->start[RS_FLOW_OUT][h->nmembers] != h->ntransfers ||
		part->start[RS_FLOW_IN][h->nmembers] != h->ntransfers ||
		!rs_key_heap_ends(&part->account) || !rs_key_heap_ends(&part->txn) ||
		((h->columns & (1u << RS_GC_CURRENCY)) && !rs_key_heap_ends(&part->currency)))
	{
		*problem = "Its sections contradict its header.";
		return false;
	}
	return true;
}

bool
rs_graph_part_verify(const RsGraphPart *part, const char **problem)
{
	for (int s = 0; s < RS_GS_SECTIONS; s++)
		if (!rs_graph_section_absent(part->header, s) &&
			!rs_graph_extent_verify(&part->header->section[s], part->base))
		{
			*problem = "Its checksums do not match its contents.";
			return false;
		}
	return true;
}

bool
rs_graph_verify(const RsGraph *graph, const char **problem)
{
	for (int i = 0; i < graph->nparts; i++)
		if (!rs_graph_part_verify(&graph->part[i], problem))
			return false;
	return true;
}

/* ---------- several parts ---------- */

static bool
same_keys(const RsGraphKeys *a, const RsGraphKeys *b)
{
	return a->kind == b->kind && a->type == b->type && a->length == b->length;
}

bool
rs_graph_assemble(RsGraph *g, int n, const char **problem)
{
	const RsGraphHeader *first = g->part[0].header;

	g->nparts = n;
	g->naccounts = g->ntransfers = g->ncodes = 0;
	g->fingerprint[0] = g->fingerprint[1] = g->bytes = 0;
	g->scale = first->scale;
	g->time_base = first->time_base;
	g->time_unit = first->time_unit;
	g->first_at = first->first_at;
	g->columns = first->columns;
	g->fee_scale = 0;
	for (int i = 0; i < n; i++)
	{
		const RsGraphHeader *h = g->part[i].header;

		if (h->previous != (i == 0 ? 0 : g->part[i - 1].header->identity.file) ||
			h->first_account != g->naccounts || h->first_transfer != g->ntransfers || h->first_code != g->ncodes ||
			h->scale != first->scale || h->wide != first->wide ||
			h->time_base != first->time_base || h->time_unit != first->time_unit ||
			!same_keys(&h->account, &first->account) || !same_keys(&h->txn, &first->txn) ||
			h->columns != first->columns || !same_keys(&h->currency, &first->currency) ||
			(i > 0 && (h->ntransfers == 0 || h->first_at <= g->last_at)))
		{
			*problem = "Its parts do not follow each other.";
			return false;
		}
		g->naccounts += h->naccounts;
		g->ntransfers += h->ntransfers;
		g->ncodes += h->ncodes;
		g->fingerprint[0] += h->fingerprint[0];
		g->fingerprint[1] += h->fingerprint[1];
		g->bytes += h->file_size;
		g->fee_scale = Max(g->fee_scale, h->fee_scale);
		g->last_at = h->last_at;
	}
	memset(g->side, 0, sizeof(g->side));
	g->amount = NULL;
	g->wide = NULL;
	g->time = NULL;
	if (n == 1)
	{
		const RsGraphPart *part = &g->part[0];

		for (int s = 0; s < 2; s++)
		{
			g->side[s].start = part->start[s];
			g->side[s].arc = part->arc[s];
		}
		g->side[RS_FLOW_IN].transfer = part->transfer;
		g->amount = part->amount;
		g->wide = part->wide;
		g->time = part->time;
	}
	return true;
}

/* The arrays of a range, one behind the other. */
typedef struct Range
{
	uint64		arc[2];
	uint64		transfer[2];
	uint64		amount;
	uint64		time;
	uint64		size;
	uint32		room;
} Range;

/* Joined groups begin on a page of their own, whatever the size of an element. */
#define ROOM_ALIGN (RS_GRAPH_ALIGN / sizeof(uint32))

static Range
lay_out(const RsGraph *g)
{
	Range		r = {0};
	uint64		n;

	r.room = (uint32) TYPEALIGN64(ROOM_ALIGN, g->ntransfers);
	n = (uint64) r.room * 2;
	for (int s = 0; s < 2; s++)
	{
		r.arc[s] = r.size;
		r.size += n * sizeof(RsArc);
		r.transfer[s] = r.size;
		r.size += n * sizeof(uint32);
	}
	r.amount = r.size;
	r.size = TYPEALIGN64(RS_GRAPH_ALIGN, r.size + (uint64) g->ntransfers *
						 (g->part[0].header->wide ? sizeof(int128) : sizeof(int64)));
	r.time = r.size;
	r.size = TYPEALIGN64(RS_GRAPH_ALIGN, r.size + (uint64) g->ncodes * sizeof(int64));
	return r;
}

uint64
rs_graph_plan(const RsGraph *g, RsGraphPiece *piece, int *npieces, RsGraphRoom *room)
{
	Range		r = lay_out(g);
	const struct
	{
		RsGraphSection section;
		uint64		at;
	}			array[] = {
		{RS_GS_OUT_ARC, r.arc[RS_FLOW_OUT]}, {RS_GS_IN_ARC, r.arc[RS_FLOW_IN]},
		{RS_GS_IN_TRANSFER, r.transfer[RS_FLOW_IN]}, {RS_GS_AMOUNT, r.amount}, {RS_GS_TIME, r.time}
	};

	*npieces = 0;
	for (int a = 0; a < (int) lengthof(array); a++)
	{
		uint64		at = array[a].at;

		for (int i = 0; i < g->nparts; i++)
		{
			const RsGraphHeader *h = g->part[i].header;
			const RsGraphExtent *e = &h->section[array[a].section];
			uint64		lead = rs_graph_lead(h, array[a].section);

			if (e->length == 0)
				continue;
			piece[(*npieces)++] = (RsGraphPiece) {
				.part = i, .offset = e->offset, .length = TYPEALIGN64(RS_GRAPH_ALIGN, e->length), .at = at - lead
			};
			at += e->length - lead;
		}
	}
	for (int s = 0; s < 2; s++)
	{
		room->arc[s] = r.arc[s] + (uint64) r.room * sizeof(RsArc);
		room->transfer[s] = r.transfer[s] + (uint64) r.room * sizeof(uint32);
	}
	return r.size;
}

void
rs_graph_stitch(RsGraph *g, const char *range)
{
	Range		r = lay_out(g);

	g->room = r.room;
	for (int s = 0; s < 2; s++)
	{
		g->side[s].arc = (const RsArc *) (range + r.arc[s]);
		g->side[s].transfer = (const uint32 *) (range + r.transfer[s]);
	}
	g->side[RS_FLOW_OUT].plain = r.room;
	if (g->part[0].header->wide)
		g->wide = (const int128 *) (range + r.amount);
	else
		g->amount = (const int64 *) (range + r.amount);
	if (g->time_unit == 0)
		g->time = (const TimestampTz *) (range + r.time);
	for (int i = 0; i < g->nparts; i++)
	{
		const RsGraphHeader *h = g->part[i].header;

		g->piece[i] = g->part[i].groups;
		g->piece[i].first = h->first_transfer;
		if (g->time_unit == 0)
		{
			g->piece[i].low = h->first_code;
			g->piece[i].high = h->first_code + h->ncodes - 1;
		}
		else
		{
			g->piece[i].low = (uint32) (((uint64) h->first_at - (uint64) g->time_base) / (uint64) g->time_unit);
			g->piece[i].high = (uint32) (((uint64) h->last_at - (uint64) g->time_base) / (uint64) g->time_unit);
		}
	}
}
