/*
 * src/ownership_file.c
 *	  The file of an ownership graph: what it looks like, reading one safely, making one.
 *
 * The rows of a holdings query, all of them and as they are, sorted by owned
 * company, then owner, and numbered by that order:
 *
 *	 in_start[nodes+1], row[rows]			owner, class and share side by side
 *	 owned[rows]
 *	 out_start[nodes+1], out_row[rows]		the same rows by owner, then company
 *	 votes, share_min, share_max			as integers at the column's scale
 *	 kind, valid_from, valid_to, known_from	each only if the query has it
 *	 identifiers of the nodes, in their order; names of the kinds
 *
 * Rows, not edges: which of them count depends on the day, on what was known
 * then, on the question (capital, votes, control). A question settles that for
 * the few rows that concern it, exactly as it does with rows of a query. 24
 * bytes a row and 8 a party for plain owner, owned, share, and the identifiers:
 * integers in as many bytes as their range needs, text as its bytes and 4 more.
 *
 * Nodes are numbered in the order of their identifiers and rows are in a total
 * order of their contents, so the same rows make the same bytes however they
 * came. A file is written once, header last, and never changed; it is trusted
 * only if magic, version, byte order, header checksum, size, section bounds and
 * identity all fit. Numbers in a file whose checksums fit are within bounds,
 * because only this file writes them.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "port/pg_crc32c.h"

#include "ownership_file.h"
#include "rs_memory.h"

static const char purpose[] = "writing the ownership graph";

/* ---------- layout ---------- */

/* Is the section one of a column that the query has? */
static bool
is_present(const RsOwnershipHeader *h, RsOwnershipSection section)
{
	switch (section)
	{
		case RS_OS_SHARE:
			return (h->wide & (1u << RS_V_SHARE)) != 0;
		case RS_OS_VOTES:
		case RS_OS_MIN:
		case RS_OS_MAX:
			return (h->columns & RS_OC_VALUE(section - RS_OS_SHARE)) != 0;
		case RS_OS_KIND:
			return (h->columns & RS_OC_KIND) != 0;
		case RS_OS_FROM:
			return (h->columns & RS_OC_FROM) != 0;
		case RS_OS_TO:
			return (h->columns & RS_OC_TO) != 0;
		case RS_OS_KNOWN_FROM:
			return (h->columns & RS_OC_KNOWN_FROM) != 0;
		default:
			return true;
	}
}

/* Lengths of all sections, the two heaps' being given; false: the header contradicts itself. */
static bool
lengths(const RsOwnershipHeader *h, uint64 *length)
{
	uint64		rows = h->nrows,
				nodes = h->nnodes;

	if (h->nrows == UINT32_MAX || h->nnodes > RS_MAX_NODES || h->columns >= 1u << RS_OC_COLUMNS ||
		h->wide >= 1u << RS_V_COLUMNS)
		return false;
	for (int v = 0; v < RS_V_COLUMNS; v++)
		if (h->scale[v] < 0 || h->scale[v] > 38)
			return false;
	length[RS_OS_IN_START] = length[RS_OS_OUT_START] = (nodes + 1) * sizeof(uint32);
	length[RS_OS_OWNED] = length[RS_OS_OUT_ROW] = rows * sizeof(uint32);
	length[RS_OS_ROW] = rows * sizeof(RsOwnershipRow);
	for (int v = 0; v < RS_V_COLUMNS; v++)
		length[RS_OS_SHARE + v] = rows * (h->wide & (1u << v) ? sizeof(int128) : sizeof(int64));
	length[RS_OS_KIND] = rows * sizeof(uint32);
	length[RS_OS_FROM] = length[RS_OS_TO] = rows * sizeof(DateADT);
	length[RS_OS_KNOWN_FROM] = rows * sizeof(TimestampTz);
	for (int s = 0; s < RS_OS_SECTIONS; s++)
		if (!is_present(h, s))
			length[s] = 0;
	return rs_key_lengths(&h->node, nodes, length[RS_OS_NODE_HEAP], &length[RS_OS_NODE]) &&
		rs_key_lengths(&h->kind, h->nkinds, length[RS_OS_KIND_HEAP], &length[RS_OS_KIND_NAME]);
}

/* Where a section ends, what may be loaded behind it included; an absent one takes nothing. */
static uint64
section_end(const RsOwnershipHeader *h, int section, uint64 at, uint64 length)
{
	return is_present(h, section) ? TYPEALIGN64(RS_GRAPH_ALIGN, at + length + 8) : at;
}

static pg_crc32c
header_crc(const RsOwnershipHeader *h)
{
	pg_crc32c	crc;

	INIT_CRC32C(crc);
	COMP_CRC32C(crc, h, offsetof(RsOwnershipHeader, crc));
	FIN_CRC32C(crc);
	return crc;
}

/* ---------- attaching ---------- */

static bool
sections_fit(const RsOwnershipHeader *h, const uint64 *length, uint64 size)
{
	uint64		at = RS_GRAPH_ALIGN;

	for (int s = 0; s < RS_OS_SECTIONS; s++)
	{
		const RsGraphExtent *e = &h->section[s];

		if (e->offset != at || e->length != length[s] || at > size || e->length > size - at)
			return false;
		at = section_end(h, s, at, e->length);
	}
	return at == size;
}

bool
rs_ownership_file_attach(RsOwnershipFile *f, const void *base, uint64 size,
						 const RsGraphIdentity *expected, const char **problem)
{
	const RsOwnershipHeader *h = base;
	uint64		length[RS_OS_SECTIONS];

	memset(f, 0, sizeof(*f));
	if (size < RS_GRAPH_ALIGN || memcmp(h->magic, RS_OWNERSHIP_MAGIC, 8) != 0)
		*problem = "It is not the file of an ownership graph, or was not finished.";
	else if (h->version != RS_OWNERSHIP_VERSION || h->byte_order != RS_GRAPH_BYTE_ORDER)
		*problem = "It has another format version or byte order.";
	else if (h->crc != header_crc(h))
		*problem = "Its header is damaged.";
	else if (memcmp(&h->identity, expected, sizeof(*expected)) != 0)
		*problem = "It belongs to another server, database or query.";
	else if (h->file_size != size)
		*problem = "It is truncated or has grown.";
	else
	{
		for (int s = 0; s < RS_OS_SECTIONS; s++)
			length[s] = h->section[s].length;
		if (!lengths(h, length))
			*problem = "Its header contradicts itself.";
		else if (!sections_fit(h, length, size))
			*problem = "Its sections are not where they should be.";
		else
			f->header = h;
	}
	if (f->header == NULL)
		return false;

	f->base = base;
#define SECTION(s) (is_present(h, s) ? (const void *) (f->base + h->section[s].offset) : NULL)
	f->in_start = SECTION(RS_OS_IN_START);
	f->row = SECTION(RS_OS_ROW);
	f->owned = SECTION(RS_OS_OWNED);
	f->out_start = SECTION(RS_OS_OUT_START);
	f->out_row = SECTION(RS_OS_OUT_ROW);
	for (int v = 0; v < RS_V_COLUMNS; v++)
	{
		if (h->wide & (1u << v))
			f->wide[v] = SECTION(RS_OS_SHARE + v);
		else
			f->value[v] = SECTION(RS_OS_SHARE + v);
	}
	f->kind = SECTION(RS_OS_KIND);
	f->from = SECTION(RS_OS_FROM);
	f->to = SECTION(RS_OS_TO);
	f->known_from = SECTION(RS_OS_KNOWN_FROM);
	rs_key_set_open(&f->node, &h->node, h->nnodes, SECTION(RS_OS_NODE),
					SECTION(RS_OS_NODE_HEAP), length[RS_OS_NODE_HEAP]);
	rs_key_set_open(&f->kind_name, &h->kind, h->nkinds, SECTION(RS_OS_KIND_NAME),
					SECTION(RS_OS_KIND_HEAP), length[RS_OS_KIND_HEAP]);
#undef SECTION
	if (f->in_start[h->nnodes] != h->nrows || f->out_start[h->nnodes] != h->nrows ||
		!rs_key_heap_ends(&f->node) || !rs_key_heap_ends(&f->kind_name))
	{
		*problem = "Its sections contradict its header.";
		return false;
	}
	return true;
}

bool
rs_ownership_file_verify(const RsOwnershipFile *f, const char **problem)
{
	for (int s = 0; s < RS_OS_SECTIONS; s++)
		if (is_present(f->header, s) && !rs_graph_extent_verify(&f->header->section[s], f->base))
		{
			*problem = "Its checksums do not match its contents.";
			return false;
		}
	return true;
}

bool
rs_ownership_file_equal(const RsOwnershipFile *a, const RsOwnershipFile *b)
{
	const RsOwnershipHeader *x = a->header,
			   *y = b->header;

	if (x->file_size != y->file_size || x->nrows != y->nrows || x->nnodes != y->nnodes || x->nkinds != y->nkinds ||
		x->columns != y->columns || x->wide != y->wide || memcmp(x->scale, y->scale, sizeof(x->scale)) != 0 ||
		memcmp(&x->node, &y->node, sizeof(x->node)) != 0 || memcmp(&x->kind, &y->kind, sizeof(x->kind)) != 0)
		return false;
	for (int s = 0; s < RS_OS_SECTIONS; s++)
	{
		const RsGraphExtent *e = &x->section[s];

		CHECK_FOR_INTERRUPTS();
		if (is_present(x, s) &&
			(e->crc != y->section[s].crc || memcmp(a->base + e->offset, b->base + e->offset, e->length) != 0))
			return false;
	}
	return true;
}

/* ---------- making ---------- */

typedef struct Writer
{
	MemoryContext budget;
	const RsGraphHost *host;
	const RsHoldingRows *rows;
	const RsNames *nodes;
	const RsNames *kinds;
	RsOwnershipHeader *header;
	uint32	   *order;			/* of rows */
	RsGraphStream stream;
} Writer;

static inline int
compare_numbers(int128 a, int128 b)
{
	return (a > b) - (a < b);
}

/* Of rows with the same owner and owned: an order that depends on nothing but what they say. */
static int
compare_rows(const void *pa, const void *pb, void *arg)
{
	const Writer *w = arg;
	const RsHoldingRows *rows = w->rows;
	uint32		a = *(const uint32 *) pa,
				b = *(const uint32 *) pb;
	int			c = 0;

	if (rows->has_kind)
		c = compare_numbers(rows->kind[a] ? (int64) w->kinds->rank[rows->kind[a] - 1] : -1,
							rows->kind[b] ? (int64) w->kinds->rank[rows->kind[b] - 1] : -1);
	if (c == 0 && rows->has_dates)
		c = compare_numbers(rows->from[a], rows->from[b]);
	if (c == 0 && rows->has_dates)
		c = compare_numbers(rows->to[a], rows->to[b]);
	if (c == 0 && rows->has_known_from)
		c = compare_numbers(rows->known_from[a], rows->known_from[b]);
	if (c == 0)
		c = (int) rows->known[a] - (int) rows->known[b];
	for (int v = 0; v < RS_V_COLUMNS && c == 0; v++)
		if (rows->has[v])
			c = compare_numbers(rows->value[v][a], rows->value[v][b]);
	return c;
}

static void
arrange(Writer *w)
{
	const RsHoldingRows *rows = w->rows;

	w->order = rs_holding_rows_sort(rows, w->nodes->rank, w->nodes->count, w->budget);
	for (uint64 i = 0; i < rows->n;)
	{
		uint32		owner = rows->owner[w->order[i]],
					owned = rows->owned[w->order[i]];
		uint64		end = i + 1;

		while (end < rows->n && rows->owner[w->order[end]] == owner && rows->owned[w->order[end]] == owned)
			end++;
		if (end - i > 1)
			qsort_arg(w->order + i, end - i, sizeof(uint32), compare_rows, w);
		i = end;
		if ((i & 0xFFFF) == 0)
			CHECK_FOR_INTERRUPTS();
	}
}

/* Kind, width and base of the identifiers; returns the bytes of their heap. */
static uint64
describe(RsGraphKeys *keys, const RsNames *names)
{
	int64		low = 0,
				high = 0;
	uint64		heap = 0;

	for (uint32 i = 0; i < names->count; i++)
	{
		RsKey		key = {0};

		names->get(names->arg, i, &key);
		if (names->type.kind == RS_KEY_BYTES && key.length > RS_KEY_MAX_LENGTH)
			ereport(ERROR,
					(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
					 errmsg("an identifier of %u bytes is too long for an ownership graph", key.length),
					 errdetail("At most %d bytes are kept.", RS_KEY_MAX_LENGTH)));
		low = i == 0 ? key.integer : Min(low, key.integer);
		high = i == 0 ? key.integer : Max(high, key.integer);
		heap += names->type.kind == RS_KEY_BYTES ? key.length : 0;
	}
	rs_graph_describe_keys(keys, &names->type, names->oid, low, high, heap);
	return heap;
}

static void
lay_out(RsOwnershipHeader *h, uint64 node_heap, uint64 kind_heap)
{
	uint64		length[RS_OS_SECTIONS] = {0};
	uint64		at = RS_GRAPH_ALIGN;

	length[RS_OS_NODE_HEAP] = node_heap;
	length[RS_OS_KIND_HEAP] = kind_heap;
	if (!lengths(h, length))
		elog(ERROR, "header of an ownership graph contradicts itself");
	for (int s = 0; s < RS_OS_SECTIONS; s++)
	{
		h->section[s].offset = at;
		h->section[s].length = length[s];
		at = section_end(h, s, at, length[s]);
	}
	h->file_size = at;
}

static RsGraphStream *
begin(Writer *w, RsOwnershipSection section)
{
	rs_graph_stream_begin(&w->stream, w->budget, w->host, &w->header->section[section]);
	return &w->stream;
}

static void
write_starts(Writer *w, RsOwnershipSection section, const uint32 *end)
{
	const RsHoldingRows *rows = w->rows;
	uint32		n = w->nodes->count;
	uint32	   *start = rs_alloc0(w->budget, (uint64) n + 1, sizeof(uint32), purpose);

	for (uint64 i = 0; i < rows->n; i++)
		start[w->nodes->rank[end[i]] + 1]++;
	for (uint32 k = 0; k < n; k++)
		start[k + 1] += start[k];
	rs_graph_stream_put(begin(w, section), start, ((uint64) n + 1) * sizeof(uint32));
	rs_graph_stream_close(&w->stream);
	pfree(start);
}

static void
write_rows(Writer *w)
{
	const RsHoldingRows *rows = w->rows;
	RsGraphStream *s = begin(w, RS_OS_ROW);
	bool		has_share = (w->header->columns & RS_OC_VALUE(RS_V_SHARE)) != 0 && !(w->header->wide & (1u << RS_V_SHARE));

	for (uint64 i = 0; i < rows->n; i++)
	{
		uint32		r = w->order[i];
		RsOwnershipRow row = {
			.owner = w->nodes->rank[rows->owner[r]], .known = rows->known[r], .class = rows->class[r],
			.share = has_share ? (int64) rows->value[RS_V_SHARE][r] : 0
		};

		rs_graph_stream_put(s, &row, sizeof(row));
	}
	rs_graph_stream_close(s);
	s = begin(w, RS_OS_OWNED);
	for (uint64 i = 0; i < rows->n; i++)
		rs_stream_u32(s, w->nodes->rank[rows->owned[w->order[i]]]);
	rs_graph_stream_close(s);
}

/* Rows are in order of owned: bucketed by owner they stay so. */
static void
write_out_rows(Writer *w)
{
	const RsHoldingRows *rows = w->rows;
	uint32		n = w->nodes->count;
	uint32	   *next = rs_alloc0(w->budget, (uint64) n + 1, sizeof(uint32), purpose);
	uint32	   *row = rs_alloc(w->budget, rows->n, sizeof(uint32), purpose);

	for (uint64 i = 0; i < rows->n; i++)
		next[w->nodes->rank[rows->owner[i]] + 1]++;
	for (uint32 k = 0; k < n; k++)
		next[k + 1] += next[k];
	CHECK_FOR_INTERRUPTS();
	for (uint64 i = 0; i < rows->n; i++)
		row[next[w->nodes->rank[rows->owner[w->order[i]]]]++] = (uint32) i;
	rs_graph_stream_put(begin(w, RS_OS_OUT_ROW), row, rows->n * sizeof(uint32));
	rs_graph_stream_close(&w->stream);
	pfree(row);
	pfree(next);
}

static void
write_values(Writer *w, int v)
{
	RsGraphStream *s = begin(w, RS_OS_SHARE + v);
	bool		wide = (w->header->wide & (1u << v)) != 0;

	for (uint64 i = 0; i < w->rows->n; i++)
	{
		int128		value = w->rows->value[v][w->order[i]];

		rs_stream_u64(s, (uint64) value);
		if (wide)
			rs_stream_u64(s, (uint64) (value >> 64));
	}
	rs_graph_stream_close(s);
}

static void
write_validity(Writer *w)
{
	const RsHoldingRows *rows = w->rows;
	RsGraphStream *s;

	if (w->header->columns & RS_OC_KIND)
	{
		s = begin(w, RS_OS_KIND);
		for (uint64 i = 0; i < rows->n; i++)
		{
			uint32		kind = rows->kind[w->order[i]];

			rs_stream_u32(s, kind ? w->kinds->rank[kind - 1] + 1 : 0);
		}
		rs_graph_stream_close(s);
	}
	if (w->header->columns & RS_OC_FROM)
	{
		s = begin(w, RS_OS_FROM);
		for (uint64 i = 0; i < rows->n; i++)
			rs_stream_u32(s, (uint32) rows->from[w->order[i]]);
		rs_graph_stream_close(s);
	}
	if (w->header->columns & RS_OC_TO)
	{
		s = begin(w, RS_OS_TO);
		for (uint64 i = 0; i < rows->n; i++)
			rs_stream_u32(s, (uint32) rows->to[w->order[i]]);
		rs_graph_stream_close(s);
	}
	if (w->header->columns & RS_OC_KNOWN_FROM)
	{
		s = begin(w, RS_OS_KNOWN_FROM);
		for (uint64 i = 0; i < rows->n; i++)
			rs_stream_u64(s, (uint64) rows->known_from[w->order[i]]);
		rs_graph_stream_close(s);
	}
}

static void
write_names(Writer *w, const RsNames *names, const RsGraphKeys *keys, RsOwnershipSection section)
{
	RsKeyStream s;
	uint32	   *number = rs_alloc(w->budget, names->count, sizeof(uint32), purpose);

	for (uint32 i = 0; i < names->count; i++)
		number[names->rank[i]] = i;
	rs_key_stream_begin(&s, w->budget, w->host, keys, &w->header->section[section], &w->header->section[section + 1]);
	for (uint32 place = 0; place < names->count; place++)
	{
		RsKey		key = {0};

		names->get(names->arg, number[place], &key);
		rs_key_stream_put(&s, &key);
		if ((place & 0xFFFF) == 0)
			CHECK_FOR_INTERRUPTS();
	}
	rs_key_stream_close(&s);
	pfree(number);
}

static void
write_header(const RsGraphHost *host, RsOwnershipHeader *h)
{
	char		page[RS_GRAPH_ALIGN] = {0};

	memcpy(h->magic, RS_OWNERSHIP_MAGIC, 8);
	h->version = RS_OWNERSHIP_VERSION;
	h->byte_order = RS_GRAPH_BYTE_ORDER;
	h->crc = header_crc(h);
	StaticAssertStmt(sizeof(RsOwnershipHeader) <= RS_GRAPH_ALIGN, "the header fits its page");
	memcpy(page, h, sizeof(*h));
	host->write(host->arg, page, sizeof(page), 0);
}

void
rs_ownership_file_write(MemoryContext budget, const RsGraphHost *host, const RsHoldingRows *rows,
						uint32 columns, const RsNames *nodes, const RsNames *kinds,
						const RsGraphIdentity *identity, RsOwnershipHeader *h)
{
	Writer		w = {.budget = budget, .host = host, .rows = rows, .nodes = nodes, .kinds = kinds, .header = h};
	uint64		node_heap,
				kind_heap;

	if (rows->n >= UINT32_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("too many holdings: " UINT64_FORMAT, rows->n)));
	memset(h, 0, sizeof(*h));
	h->identity = *identity;
	h->nrows = (uint32) rows->n;
	h->nnodes = nodes->count;
	h->nkinds = kinds->count;
	h->columns = columns;
	for (int v = 0; v < RS_V_COLUMNS; v++)
	{
		if (!(columns & RS_OC_VALUE(v)))
			continue;
		h->scale[v] = rows->scale[v];
		for (uint64 i = 0; i < rows->n; i++)
			if (rows->value[v][i] > PG_INT64_MAX || rows->value[v][i] < PG_INT64_MIN)
				h->wide |= 1u << v;
	}
	node_heap = describe(&h->node, nodes);
	kind_heap = describe(&h->kind, kinds);
	lay_out(h, node_heap, kind_heap);

	arrange(&w);
	write_starts(&w, RS_OS_IN_START, rows->owned);
	write_rows(&w);
	write_starts(&w, RS_OS_OUT_START, rows->owner);
	write_out_rows(&w);
	for (int v = 0; v < RS_V_COLUMNS; v++)
		if (is_present(h, RS_OS_SHARE + v))
			write_values(&w, v);
	write_validity(&w);
	write_names(&w, nodes, &h->node, RS_OS_NODE);
	write_names(&w, kinds, &h->kind, RS_OS_KIND_NAME);
	write_header(host, h);
	pfree(w.order);
}
