/*
 * src/flow_graph_column.c
 *	  The optional columns of a flow-graph file: ord, fee and currency.
 *
 * A graph has a column when its query has it; then every part has. Each is one
 * packed integer a transfer, in as few bytes as its values need: an order that
 * counts to a million takes 3, a fee of up to 655.35 takes 2, a currency that
 * all transfers share none at all. Fees beyond 64 bits take 16 bytes. A currency is a
 * place in the part's own sorted list, so that parts need not agree on it; the
 * number behind the last stands for none, as PG_INT64_MAX does for ord. A fee
 * that is none is zero.
 *
 * The fees of a part are at the part's scale; those of a graph at the finest of
 * its parts'.
 */
#include "postgres.h"

#include "miscadmin.h"

#include "flow_graph_file.h"
#include "rs_memory.h"

static const char *const purpose = "the columns of the flow graph";

int128
rs_fee_rescale(int128 fee, int digits)
{
	for (; digits > 0; digits--)
		if (__builtin_mul_overflow(fee, 10, &fee))
			ereport(ERROR,
					(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
					 errmsg("fees do not fit into 38 digits at one scale"),
					 errhint("Round the fee column in the query.")));
	return fee;
}

/* ---------- reading ---------- */

void
rs_part_extra(const RsGraph *graph, const RsGraphPart *part, uint32 transfer, RsGraphExtra *extra)
{
	const RsGraphHeader *h = part->header;

	extra->ord = PG_INT64_MAX;
	extra->fee = 0;
	extra->fee_scale = graph->fee_scale;
	extra->currency = RS_NO_ID;
	if (h->columns & (1u << RS_GC_ORD))
		extra->ord = rs_key_integer(&part->column[RS_GC_ORD], transfer);
	if (h->columns & (1u << RS_GC_FEE))
	{
		const RsKeySet *set = &part->column[RS_GC_FEE];

		if (set->type.kind == RS_KEY_INT)
			extra->fee = rs_key_integer(set, transfer);
		else
			memcpy(&extra->fee, set->key + (uint64) transfer * sizeof(int128), sizeof(int128));
		extra->fee = rs_fee_rescale(extra->fee, graph->fee_scale - h->fee_scale);
	}
	if (h->columns & (1u << RS_GC_CURRENCY))
	{
		uint32		place = (uint32) rs_key_integer(&part->column[RS_GC_CURRENCY], transfer);

		if (place < h->ncurrencies)
			extra->currency = place;
	}
}

/* ---------- what they must hold ---------- */

void
rs_column_range_note(RsColumnRange *r, const RsGraphExtra *x)
{
	if (!r->any || x->ord < r->ord_low)
		r->ord_low = x->ord;
	if (!r->any || x->ord > r->ord_high)
		r->ord_high = x->ord;
	r->any = true;
	if (x->fee_scale > r->fee_scale)
	{
		r->fee_most = rs_fee_rescale(r->fee_most, x->fee_scale - r->fee_scale);
		r->fee_scale = x->fee_scale;
	}
	r->fee_most = Max(r->fee_most, rs_fee_rescale(x->fee, r->fee_scale - x->fee_scale));
}

void
rs_columns_describe(RsGraphHeader *h, uint32 columns, const RsColumnRange *range,
					const RsKeyType *currency, Oid currency_oid,
					const RsKey *name, uint32 ncurrencies, uint64 *heap)
{
	const RsKeyType integer = {.kind = RS_KEY_INT};
	const RsKeyType wide = {.kind = RS_KEY_FIXED, .length = sizeof(int128)};
	int64		low = 0,
				high = 0;

	h->columns = columns;
	h->fee_scale = range->fee_scale;
	*heap = 0;
	if (columns & (1u << RS_GC_ORD))
		rs_graph_describe_keys(&h->column[RS_GC_ORD], &integer, InvalidOid, range->ord_low, range->ord_high, 0);
	if (columns & (1u << RS_GC_FEE))
		rs_graph_describe_keys(&h->column[RS_GC_FEE], range->fee_most > PG_INT64_MAX ? &wide : &integer, InvalidOid,
							   0, (int64) Min(range->fee_most, PG_INT64_MAX), 0);
	if (!(columns & (1u << RS_GC_CURRENCY)))
		return;
	for (uint32 i = 0; i < ncurrencies; i++)
	{
		low = i == 0 ? name[i].integer : Min(low, name[i].integer);
		high = i == 0 ? name[i].integer : Max(high, name[i].integer);
		*heap += currency->kind == RS_KEY_BYTES ? name[i].length : 0;
	}
	h->ncurrencies = ncurrencies;
	rs_graph_describe_keys(&h->currency, currency, currency_oid, low, high, *heap);
	/* the number behind the last is none; one currency and no transfer without takes no byte */
	rs_graph_describe_keys(&h->column[RS_GC_CURRENCY], &integer, InvalidOid, 0, ncurrencies, 0);
}

/* ---------- writing ---------- */

void
rs_column_streams_open(RsColumnStreams *s, MemoryContext budget, const RsGraphHost *host, RsGraphHeader *h)
{
	s->header = h;
	for (int c = 0; c < RS_GC_COLUMNS; c++)
		if (h->columns & (1u << c))
			rs_graph_stream_open(&s->column[c], budget, host, h, RS_GS_ORD + c);
}

static inline void
put_packed(RsColumnStreams *s, int column, int64 value)
{
	const RsGraphKeys *keys = &s->header->column[column];

	rs_stream_packed(&s->column[column], (uint64) value - (uint64) keys->base, keys->width);
}

void
rs_column_streams_put(RsColumnStreams *s, const RsGraphExtra *x)
{
	const RsGraphHeader *h = s->header;

	if (h->columns & (1u << RS_GC_ORD))
		put_packed(s, RS_GC_ORD, x->ord);
	if (h->columns & (1u << RS_GC_FEE))
	{
		if (h->column[RS_GC_FEE].kind == RS_KEY_INT)
			put_packed(s, RS_GC_FEE, (int64) x->fee);
		else
			rs_graph_stream_put(&s->column[RS_GC_FEE], &x->fee, sizeof(int128));
	}
	if (h->columns & (1u << RS_GC_CURRENCY))
		put_packed(s, RS_GC_CURRENCY, Min(x->currency, h->ncurrencies));
}

void
rs_column_streams_close(RsColumnStreams *s)
{
	for (int c = 0; c < RS_GC_COLUMNS; c++)
		if (s->header->columns & (1u << c))
			rs_graph_stream_close(&s->column[c]);
}

void
rs_currencies_write(MemoryContext budget, const RsGraphHost *host, RsGraphHeader *h, const RsKey *name)
{
	RsKeyStream s;

	if (!(h->columns & (1u << RS_GC_CURRENCY)))
		return;
	rs_flow_key_stream_open(&s, budget, host, h, RS_GS_CURRENCY_NAME);
	for (uint32 i = 0; i < h->ncurrencies; i++)
		rs_key_stream_put(&s, &name[i]);
	rs_key_stream_close(&s);
}

/* ---------- the list of currencies ---------- */

typedef struct Named
{
	RsKey		key;
	uint32		given;
} Named;

static int
compare_named(const void *a, const void *b, void *arg)
{
	return rs_key_compare(arg, &((const Named *) a)->key, &((const Named *) b)->key);
}

uint32
rs_currencies_arrange(MemoryContext budget, const RsKeyType *type, RsKey *list, uint32 n, uint32 *place)
{
	Named	   *named = rs_alloc(budget, n, sizeof(Named), purpose);
	uint32		kept = 0;

	for (uint32 i = 0; i < n; i++)
		named[i] = (Named) {list[i], i};
	qsort_arg(named, n, sizeof(Named), compare_named, unconstify(RsKeyType *, type));
	for (uint32 i = 0; i < n; i++)
	{
		if (i == 0 || compare_named(&named[i - 1], &named[i], unconstify(RsKeyType *, type)) != 0)
			list[kept++] = named[i].key;
		place[named[i].given] = kept - 1;
	}
	pfree(named);
	CHECK_FOR_INTERRUPTS();
	return kept;
}
