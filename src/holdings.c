/*
 * src/holdings.c
 *	  Holdings as a question needs them, wherever they come from.
 *
 * Rows come from a query (src/holdings_query.c) or from an ownership graph
 * (src/holdings_kept.c), all of them or those around a few targets. What becomes
 * of a row is decided here, so that the answer is the same: validity is half-open,
 * [valid_from, valid_to); rows out of date are dropped as they come, unless
 * known_from makes a later statement about the same holding possible; then the
 * graph builder decides.
 *
 * Parties have numbers in the order in which they were met. The graph has
 * nodes in the order of identifiers, so that answers do not depend on it.
 */
#include "pg_compat.h"

#include "miscadmin.h"

#include "graph_catalog.h"
#include "holdings.h"
#include "risk_screen.h"
#include "rs_memory.h"

static const char purpose[] = "holdings";

bool
rs_holdings_are_kept(const char *text)
{
	return strncmp(text, RS_GRAPH_PREFIX, strlen(RS_GRAPH_PREFIX)) == 0;
}

RsHoldings *
rs_holdings_open(const char *text, MemoryContext budget, uint32 classes, bool swapped, int allow,
				 const char *bad_rows, const DateADT *as_of, const TimestampTz *known_at)
{
	RsHoldings *h = rs_alloc0(budget, 1, sizeof(RsHoldings), purpose);

	h->budget = budget;
	h->swapped = swapped;
	h->rows = rs_holding_rows_create(budget);
	if (rs_holdings_are_kept(text))
		rs_holdings_open_kept(h, text + strlen(RS_GRAPH_PREFIX), allow, bad_rows);
	else
		rs_holdings_open_query(h, text, allow, bad_rows);
	h->options.dated = h->rows->has_dates;
	h->options.as_of = as_of ? *as_of : rs_today();
	h->options.known_at = known_at ? *known_at : DT_NOEND;
	h->options.classes = classes;
	return h;
}

/* Where a share is known as a range, take its minimum: for questions of what is sure. */
void
rs_holdings_take_least(RsHoldings *h)
{
	h->options.least = true;
}

/* Leave out a number column that the caller has no use for. */
void
rs_holdings_ignore(RsHoldings *h, int column)
{
	if (h->query)
		rs_query_ignore(h->query, column);
	h->rows->has[column == RS_H_VOTES ? RS_V_VOTES : column == RS_H_SHARE_MIN ? RS_V_MIN : RS_V_MAX] = false;
}

void
rs_holdings_close(RsHoldings *h)
{
	if (h->kept)
		rs_kept_close(h);
	else
		rs_query_close(h->query);
}

/* ---------- identifiers ---------- */

RsInterner *
rs_holdings_identifiers(RsHoldings *h)
{
	return h->kept ? rs_kept_identifiers(h) : h->interner;
}

uint32
rs_holdings_number(RsHoldings *h, uint32 identifier)
{
	return h->kept ? rs_kept_number(h, identifier) : identifier;
}

Datum
rs_holdings_datum(RsHoldings *h, uint32 id)
{
	return h->kept ? rs_kept_datum(h, id) : rs_interner_datum(h->interner, id);
}

Datum
rs_holdings_text(RsHoldings *h, uint32 id)
{
	return h->kept ? rs_kept_text(h, id) : rs_interner_text(h->interner, id);
}

uint32 *
rs_holdings_ids(RsHoldings *h, ArrayType *array, const char *argument, uint32 *n)
{
	int			count;
	uint32	   *id;

	if (h->kept)
		return rs_kept_ids(h, array, argument, n);
	id = rs_intern_text_array(h->query, RS_H_OWNED, array, argument, &count);
	*n = (uint32) count;
	return id;
}

/* ---------- rows ---------- */

void
rs_holdings_mark_unseen(RsHoldings *h, uint64 n)
{
	uint64		before = h->seen_capacity;

	h->seen = rs_grow(h->budget, h->seen, &h->seen_capacity, n, sizeof(bool), purpose);
	memset(h->seen + before, 0, h->seen_capacity - before);
}

void
rs_holdings_discover(RsHoldings *h, uint32 id)
{
	rs_holdings_mark_unseen(h, (uint64) id + 1);
	if (h->seen[id])
		return;
	h->seen[id] = true;
	h->discovered = rs_grow(h->budget, h->discovered, &h->discovered_capacity, h->ndiscovered + 1,
							sizeof(uint32), purpose);
	h->discovered[h->ndiscovered++] = id;
}

static inline bool
is_valid(const RsHoldings *h, DateADT from, DateADT to)
{
	return !h->options.dated || (from <= h->options.as_of && h->options.as_of < to);
}

/* Acting together is no holding: kept aside for those who ask. */
static void
take_concert(RsHoldings *h, const RsHolding *r)
{
	if (h->discovering || (!h->rows->has_known_from && !is_valid(h, r->from, r->to)))
		return;
	if (h->rows->has_known_from)
	{
		h->statement = rs_grow(h->budget, h->statement, &h->statement_capacity, h->nconcert / 2 + 1,
							   sizeof(RsStatement), purpose);
		h->statement[h->nconcert / 2] = (RsStatement) {r->owner, r->owned, r->from, r->to, r->known_from};
	}
	if (h->upwards)
		rs_holdings_discover(h, r->owner);
	h->concert = rs_grow(h->budget, h->concert, &h->concert_capacity, h->nconcert + 2, sizeof(uint32), purpose);
	h->concert[h->nconcert++] = r->owner;
	h->concert[h->nconcert++] = r->owned;
}

/* Newest first; of statements made together those that end last. */
static int
compare_concert(const void *a, const void *b)
{
	const RsStatement *x = a,
			   *y = b;

	if (x->a != y->a)
		return x->a < y->a ? -1 : 1;
	if (x->b != y->b)
		return x->b < y->b ? -1 : 1;
	if (x->from != y->from)
		return x->from < y->from ? -1 : 1;
	if (x->known_from != y->known_from)
		return x->known_from > y->known_from ? -1 : 1;
	return x->to > y->to ? -1 : x->to < y->to;
}

/* Of statements about the same pair and first day the newest counts, if it is valid. */
static void
settle_concert(RsHoldings *h)
{
	uint64		n = h->nconcert / 2;

	if (h->statement == NULL)
		return;
	qsort(h->statement, n, sizeof(RsStatement), compare_concert);
	h->nconcert = 0;
	for (uint64 i = 0; i < n; i++)
	{
		const RsStatement *s = &h->statement[i];

		if (i > 0 && s[-1].a == s->a && s[-1].b == s->b && s[-1].from == s->from)
			continue;
		if (!is_valid(h, s->from, s->to))
			continue;
		h->concert[h->nconcert++] = s->a;
		h->concert[h->nconcert++] = s->b;
	}
}

bool
rs_holdings_wants(const RsHoldings *h, DateADT from, DateADT to, TimestampTz known_from)
{
	return h->everything ||
		((h->rows->has_known_from || is_valid(h, from, to)) && known_from <= h->options.known_at);
}

void
rs_holdings_take(RsHoldings *h, RsHolding *r)
{
	if (h->everything)
	{
		rs_holding_rows_add(h->rows, r);
		return;
	}
	if (h->swapped)
	{
		uint32		owner = r->owner;

		r->owner = r->owned;
		r->owned = owner;
	}
	if (r->class == RS_CLASS_CONCERT)
	{
		take_concert(h, r);
		return;
	}
	if (!(h->options.classes & (1u << r->class)))
		return;
	if (h->discovering)
	{
		rs_holdings_discover(h, h->upwards ? r->owner : r->owned);
		return;
	}
	if (h->upwards)
		rs_holdings_discover(h, r->owner);
	rs_holding_rows_add(h->rows, r);
}

void
rs_holdings_load_all(RsHoldings *h)
{
	if (h->kept)
		rs_kept_load_all(h);
	else
		rs_holdings_read_all(h);
}

void
rs_holdings_load_around(RsHoldings *h, const uint32 *ids, uint32 n, bool upwards)
{
	if (h->kept)
		rs_kept_load_around(h, ids, n, upwards);
	else
		rs_holdings_read_around(h, ids, n, upwards);
}

/* ---------- the graph ---------- */

void
rs_holdings_build(RsHoldings *h)
{
	settle_concert(h);
	h->nids = rs_interner_count(h->interner);
	h->node_of = h->kept ? rs_kept_ranks(h) : rs_interner_ranks(h->interner, h->budget);
	h->id_of = rs_alloc(h->budget, h->nids, sizeof(uint32), purpose);
	for (uint32 i = 0; i < h->nids; i++)
		h->id_of[h->node_of[i]] = i;
	h->name = rs_alloc0(h->budget, (uint64) h->nids + 1, sizeof(RsName), purpose);
	h->name = (RsName *) TYPEALIGN(sizeof(RsName), h->name);
	h->graph = rs_ownership_build(h->rows, h->nids, h->node_of, &h->options);
}

static pg_noinline void
make_name(RsHoldings *h, uint32 node)
{
	RsName	   *name = &h->name[node];
	MemoryContext old;
	Datum		text;
	Size		bytes;

	if (h->kept)
	{
		int			n = rs_kept_write_name(h, h->id_of[node], name->inside + VARHDRSZ_SHORT, RS_NAME_BYTES - VARHDRSZ_SHORT);

		if (n >= 0)
		{
			SET_VARSIZE_SHORT(name->inside, n + VARHDRSZ_SHORT);
			return;
		}
	}
	old = MemoryContextSwitchTo(h->budget);
	text = rs_holdings_text(h, h->id_of[node]);
	MemoryContextSwitchTo(old);
	bytes = VARSIZE_ANY_EXHDR(DatumGetPointer(text));
	if (bytes + VARHDRSZ_SHORT <= RS_NAME_BYTES)
	{
		SET_VARSIZE_SHORT(name->inside, bytes + VARHDRSZ_SHORT);
		memcpy(name->inside + VARHDRSZ_SHORT, VARDATA_ANY(DatumGetPointer(text)), bytes);
		pfree(DatumGetPointer(text));
	}
	else
		name->longer.outside = text;
}

/* Text of a node's identifier, kept; it may have a short header. */
Datum
rs_holdings_name(RsHoldings *h, uint32 node)
{
	RsName	   *name = &h->name[node];

	if (name->inside[0] == 0 && name->longer.outside == (Datum) 0)
		make_name(h, node);
	return name->inside[0] != 0 ? PointerGetDatum(name->inside) : name->longer.outside;
}

Datum
rs_holdings_names(RsHoldings *h, const uint32 *node, uint64 n)
{
	Datum	   *name = palloc(sizeof(Datum) * Max(n, 1));

	for (uint64 i = 0; i < n; i++)
		name[i] = rs_holdings_name(h, node[i]);
	return PointerGetDatum(construct_array(name, (int) n, TEXTOID, -1, false, TYPALIGN_INT));
}

/*
 * All names at once, in the order of the file: there each costs part of a cache
 * miss that is on its way, asked for one by one a whole one.
 */
void
rs_holdings_name_all(RsHoldings *h)
{
	if (h->kept == NULL)
		return;
	for (uint32 node = 0; node < h->nids; node++)
	{
		if (node + 16 < h->nids)
			rs_kept_prefetch_name(h, h->id_of[node + 16]);
		make_name(h, node);
		if ((node & 0xFFFF) == 0)
			CHECK_FOR_INTERRUPTS();
	}
}
