/*
 * src/flow_graph_merge.c
 *	  Adding new rows to a flow graph: one part from the last parts and the rows.
 *
 * The rows are all later than the graph's, and each part is later than those
 * before, so every group of the new part is the groups of its sources one
 * behind the other, and nothing is sorted: the sources are walked side by side
 * by account, and their transfers get new numbers. Account numbers stay; new
 * accounts come behind, and the order of the identifiers, when no longer that
 * of the numbers, is kept in a section of its own.
 *
 * Which parts are taken: the first that is no larger than all that is later,
 * and those after it. So each part is larger than all later ones together,
 * there are at most log2(rows / rows of a day) + 1 of them, and a transfer is
 * copied at most that often in its life, since each time its part at least
 * doubles.
 *
 * Memory: 12 bytes an account of the sources and 8 of the new part.
 */
#include "postgres.h"

#include "miscadmin.h"

#include "flow_graph_file.h"
#include "rs_memory.h"

#define MAX_SOURCES (RS_FLOW_MAX_PARTS + 1)

typedef struct Source
{
	const RsGraphPart *part;
	RsFlowPart	groups;
	uint32		at;				/* member at hand */
	uint32		base;			/* number of its first transfer, as it counts them */
	uint32		shift;			/* its time codes begin here */
	uint32	   *moved;			/* by member: place in the new part less the place in this one; NULL: 0 */
	uint32	   *currency;		/* by its place in this one: place in the new part */
} Source;

typedef struct Merge
{
	MemoryContext budget;
	const RsGraphHost *host;
	const RsGraph *older;
	RsGraphHeader *header;
	int			nsources;
	Source		source[MAX_SOURCES];
	uint32		nmembers;
	uint32	   *member;			/* NULL: all accounts */
	uint32	   *start[2];
	RsKey	   *currency;		/* of the new part */
} Merge;

static const char *const purpose = "adding rows to the flow graph";

int
rs_graph_parts_to_keep(const RsGraph *older, uint64 count, int max_parts)
{
	int			keep = older->nparts;
	uint64		later = count;

	/* room for joined groups must have numbers, too */
	if (older->ntransfers + count > RS_FLOW_MAX_TRANSFERS / 2 - RS_GRAPH_ALIGN)
		max_parts = 1;
	max_parts = Max(Min(max_parts, RS_FLOW_MAX_PARTS), 1);
	for (int i = older->nparts - 1; i >= 0; i--)
	{
		uint32		n = older->part[i].header->ntransfers;

		if (i >= max_parts - 1 || n <= later)
			keep = i;
		later += n;
	}
	return keep;
}

/* ---------- walking the sources side by side ---------- */

static inline uint64
account_at(const Source *s)
{
	if (s->at >= s->groups.nmembers)
		return PG_UINT64_MAX;
	return s->groups.member ? s->groups.member[s->at] : s->at;
}

static void
rewind_sources(Merge *m)
{
	for (int i = 0; i < m->nsources; i++)
		m->source[i].at = 0;
}

/* The source with the least account, and the least account of the others. */
static int
first_source(const Merge *m, uint64 *account, uint64 *other)
{
	int			first = -1;

	*account = *other = PG_UINT64_MAX;
	for (int i = 0; i < m->nsources; i++)
	{
		uint64		a = account_at(&m->source[i]);

		if (a < *account)
		{
			*other = *account;
			*account = a;
			first = i;
		}
		else if (a < *other)
			*other = a;
	}
	return first;
}

/*
 * Next pieces in the order of accounts: a range of members of one source, or,
 * in turn, the groups of one account. Returns the source, -1 at the end.
 */
static int
next_piece(Merge *m, uint32 *from, uint32 *to)
{
	uint64		account,
				other;
	int			i = first_source(m, &account, &other);
	Source	   *s;

	if (i < 0)
		return -1;
	s = &m->source[i];
	*from = s->at++;
	while (account_at(s) < other)
		s->at++;
	*to = s->at;
	return i;
}

/* The next range of transfers that goes into the new part as it is; NULL at the end. */
static const Source *
next_range(Merge *m, int side, uint32 *from, uint32 *to)
{
	int			i = next_piece(m, from, to);
	const Source *s;

	if (i < 0)
		return NULL;
	CHECK_FOR_INTERRUPTS();
	s = &m->source[i];
	*from = s->groups.start[side][*from];
	*to = s->groups.start[side][*to];
	return s;
}

/* ---------- members and places ---------- */

/* Place in the new part of a source's member; `at` is that of one before. */
static inline uint32
place_of(const Merge *m, const RsFlowPart *groups, uint32 member, uint32 at)
{
	uint32		account = groups->member ? groups->member[member] : member;

	if (m->member == NULL)
		return account;
	while (m->member[at] != account)
		at++;
	return at;
}

static void
find_members(Merge *m, bool all, uint32 accounts)
{
	uint64		total = 0;

	m->nmembers = accounts;
	if (all)
		return;
	for (int i = 0; i < m->nsources; i++)
		total += m->source[i].groups.nmembers;
	m->member = rs_alloc(m->budget, total, sizeof(uint32), purpose);
	m->nmembers = 0;
	rewind_sources(m);
	for (;;)
	{
		uint32		from,
					to;
		int			i = next_piece(m, &from, &to);

		if (i < 0)
			break;
		for (; from < to; from++)
		{
			const RsFlowPart *groups = &m->source[i].groups;
			uint32		account = groups->member ? groups->member[from] : from;

			if (m->nmembers == 0 || m->member[m->nmembers - 1] != account)
				m->member[m->nmembers++] = account;
		}
		CHECK_FOR_INTERRUPTS();
	}
}

/* Where each group of each source comes to lie. */
static void
find_places(Merge *m)
{
	uint32	   *filled;

	for (int side = 0; side < 2; side++)
		m->start[side] = rs_alloc0(m->budget, (uint64) m->nmembers + 1, sizeof(uint32), purpose);
	for (int i = 0; i < m->nsources; i++)
	{
		const RsFlowPart *g = &m->source[i].groups;

		for (uint32 l = 0, at = 0; l < g->nmembers; l++)
		{
			at = place_of(m, g, l, at);
			for (int side = 0; side < 2; side++)
				m->start[side][at + 1] += g->start[side][l + 1] - g->start[side][l];
		}
		CHECK_FOR_INTERRUPTS();
	}
	for (int side = 0; side < 2; side++)
		for (uint32 at = 0; at < m->nmembers; at++)
			m->start[side][at + 1] += m->start[side][at];

	if (m->nsources == 1)
		return;					/* everything stays where it is */
	filled = rs_alloc0(m->budget, m->nmembers, sizeof(uint32), purpose);
	for (int i = 0; i < m->nsources; i++)
	{
		const RsFlowPart *g = &m->source[i].groups;
		const uint32 *start = g->start[RS_FLOW_OUT];

		m->source[i].moved = rs_alloc(m->budget, g->nmembers, sizeof(uint32), purpose);
		for (uint32 l = 0, at = 0; l < g->nmembers; l++)
		{
			at = place_of(m, g, l, at);
			m->source[i].moved[l] = m->start[RS_FLOW_OUT][at] + filled[at] - start[l];
			filled[at] += start[l + 1] - start[l];
		}
		CHECK_FOR_INTERRUPTS();
	}
	pfree(filled);
}

/* ---------- the sections ---------- */

/* A section begins with what stands before it on its page. */
static void
put_lead(Merge *m, RsGraphStream *s, RsGraphSection section, const void *array, uint64 at)
{
	uint64		lead = rs_graph_lead(m->header, section);

	if (lead > 0)
		rs_graph_stream_put(s, (const char *) array + at - lead, lead);
}

static void
put_arcs(RsGraphStream *s, const RsArc *arc, uint32 n, uint32 shift)
{
	if (shift == 0)
		rs_graph_stream_put(s, arc, (uint64) n * sizeof(RsArc));
	else
		for (uint32 i = 0; i < n; i++)
			rs_stream_u64(s, (uint64) (arc[i].when + shift) << 32 | arc[i].peer);
}

static void
put_columns(Merge *m, RsColumnStreams *columns, const Source *s, uint32 from, uint32 to)
{
	RsGraph		scale = {.fee_scale = m->header->fee_scale};

	for (uint32 t = from; t < to; t++)
	{
		RsGraphExtra extra;

		rs_part_extra(&scale, s->part, t, &extra);
		if (extra.currency != RS_NO_ID)
			extra.currency = s->currency[extra.currency];
		rs_column_streams_put(columns, &extra);
	}
}

/* What the columns must hold, and one list of the sources' currencies. */
static uint64
unite_columns(Merge *m)
{
	const RsGraphHeader *newer = m->source[m->nsources - 1].part->header;
	const RsKeyType *type = &m->source[m->nsources - 1].part->currency.type;
	RsColumnRange range = {0};
	uint64		n = 0,
				heap;
	uint32	   *place;
	uint32		kept;

	for (int i = 0; i < m->nsources; i++)
	{
		const RsGraphHeader *h = m->source[i].part->header;
		RsGraphExtra low = {.ord = h->column[RS_GC_ORD].base, .fee_scale = h->fee_scale, .currency = RS_NO_ID};
		RsGraphExtra high = low;

		high.ord = h->column[RS_GC_ORD].top;
		high.fee = h->column[RS_GC_FEE].kind == RS_KEY_INT ? h->column[RS_GC_FEE].top : (int128) PG_INT64_MAX + 1;
		rs_column_range_note(&range, &low);
		rs_column_range_note(&range, &high);
		n += h->ncurrencies;
	}
	m->currency = rs_alloc(m->budget, n, sizeof(RsKey), purpose);
	place = rs_alloc(m->budget, n, sizeof(uint32), purpose);
	n = 0;
	for (int i = 0; i < m->nsources; i++)
	{
		m->source[i].currency = place + n;
		for (uint32 k = 0; k < m->source[i].part->header->ncurrencies; k++)
			m->currency[n++] = rs_key_get(&m->source[i].part->currency, k);
	}
	kept = rs_currencies_arrange(m->budget, type, m->currency, (uint32) n, place);
	rs_columns_describe(m->header, newer->columns, &range, type, newer->currency.type, m->currency, kept, &heap);
	return heap;
}

static void
write_out(Merge *m)
{
	RsGraphHeader *h = m->header;
	RsGraphStream arc,
				amount;
	RsKeyStream txn;
	RsColumnStreams columns;
	Size		money = h->wide ? sizeof(int128) : sizeof(int64);
	const RsGraph *o = m->older;
	const Source *s;
	uint32		from,
				to;

	rs_graph_stream_open(&arc, m->budget, m->host, h, RS_GS_OUT_ARC);
	rs_graph_stream_open(&amount, m->budget, m->host, h, RS_GS_AMOUNT);
	rs_flow_key_stream_open(&txn, m->budget, m->host, h, RS_GS_TXN);
	rs_column_streams_open(&columns, m->budget, m->host, h);
	put_lead(m, &arc, RS_GS_OUT_ARC, o->side[RS_FLOW_OUT].arc, (uint64) h->first_transfer * sizeof(RsArc));
	put_lead(m, &amount, RS_GS_AMOUNT, h->wide ? (const void *) o->wide : (const void *) o->amount,
			 h->first_transfer * money);
	rewind_sources(m);
	while ((s = next_range(m, RS_FLOW_OUT, &from, &to)) != NULL)
	{
		const RsGraphPart *part = s->part;

		put_arcs(&arc, part->arc[RS_FLOW_OUT] + from, to - from, s->shift);
		rs_graph_stream_put(&amount, (h->wide ? (const char *) part->wide : (const char *) part->amount) + from * money,
							(to - from) * money);
		if (h->txn.kind == RS_KEY_INT && h->txn.base == part->txn.base && h->txn.width == part->txn.width)
			rs_graph_stream_put(&txn.key, part->txn.key + (uint64) from * part->txn.width,
								(uint64) (to - from) * part->txn.width);
		else if (h->txn.kind == RS_KEY_INT)
			for (uint32 t = from; t < to; t++)
				rs_stream_packed(&txn.key, (uint64) rs_key_integer(&part->txn, t) - (uint64) h->txn.base, h->txn.width);
		else
			for (uint32 t = from; t < to; t++)
			{
				RsKey		key = rs_key_get(&part->txn, t);

				rs_key_stream_put(&txn, &key);
			}
		if (h->columns)
			put_columns(m, &columns, s, from, to);
	}
	rs_graph_stream_close(&arc);
	rs_graph_stream_close(&amount);
	rs_key_stream_close(&txn);
	rs_column_streams_close(&columns);
}

static void
write_in(Merge *m)
{
	RsGraphHeader *h = m->header;
	RsGraphStream arc,
				transfer;
	const Source *s;
	uint32		from,
				to;

	rs_graph_stream_open(&arc, m->budget, m->host, h, RS_GS_IN_ARC);
	rs_graph_stream_open(&transfer, m->budget, m->host, h, RS_GS_IN_TRANSFER);
	put_lead(m, &arc, RS_GS_IN_ARC, m->older->side[RS_FLOW_IN].arc, (uint64) h->first_transfer * sizeof(RsArc));
	put_lead(m, &transfer, RS_GS_IN_TRANSFER, m->older->side[RS_FLOW_IN].transfer,
			 (uint64) h->first_transfer * sizeof(uint32));
	rewind_sources(m);
	while ((s = next_range(m, RS_FLOW_IN, &from, &to)) != NULL)
	{
		const RsArc *group = s->part->arc[RS_FLOW_IN];

		put_arcs(&arc, group + from, to - from, s->shift);
		for (uint32 p = from; p < to; p++)
		{
			uint32		number = h->first_transfer + (s->part->transfer[p] - s->base);

			if (s->moved)
				number += s->moved[rs_flow_part_find(&s->groups, group[p].peer)];
			rs_stream_u32(&transfer, number);
			if ((p & 0xffff) == 0)
				CHECK_FOR_INTERRUPTS();
		}
	}
	rs_graph_stream_close(&arc);
	rs_graph_stream_close(&transfer);
}

static void
write_times(Merge *m)
{
	RsGraphStream s;

	rs_graph_stream_open(&s, m->budget, m->host, m->header, RS_GS_TIME);
	if (m->older->time)
	{
		put_lead(m, &s, RS_GS_TIME, m->older->time, (uint64) m->header->first_code * sizeof(int64));
		for (int i = 0; i < m->nsources; i++)
			rs_graph_stream_put(&s, m->source[i].part->time,
								(uint64) m->source[i].part->header->ncodes * sizeof(int64));
	}
	rs_graph_stream_close(&s);
}

/* ---------- identifiers ---------- */

/* Lists of new accounts, each in order: those of the sources, then those of the rows. */
typedef struct Fresh
{
	const RsGraphPart *part;	/* NULL: the rows */
	const RsGraphAccounts *accounts;
	const uint32 *number;		/* of the rows: as they were added */
	uint32		count;
	uint32		first;			/* number of the first, counted in the new part */
	uint32		at;
	RsKey		key;			/* of the one at hand */
} Fresh;

static RsKey
fresh_key(const Fresh *f, uint32 number)
{
	RsKey		key;

	if (f->part)
		return rs_key_get(&f->part->account, number);
	f->accounts->get(f->accounts->arg, f->number[number], &key);
	return key;
}

static uint32
fresh_number(const Fresh *f)
{
	return f->part && f->part->account_order ? f->part->account_order[f->at] : f->at;
}

static void
write_accounts(Merge *m, const RsKeyType *type, Fresh *fresh, int nfresh)
{
	RsKeyStream s;
	RsGraphStream order;

	rs_flow_key_stream_open(&s, m->budget, m->host, m->header, RS_GS_ACCOUNT);
	for (int i = 0; i < nfresh; i++)
		for (uint32 n = 0; n < fresh[i].count; n++)
		{
			RsKey		key = fresh_key(&fresh[i], n);

			rs_key_stream_put(&s, &key);
			if ((n & 0xffff) == 0)
				CHECK_FOR_INTERRUPTS();
		}
	rs_key_stream_close(&s);

	rs_graph_stream_open(&order, m->budget, m->host, m->header, RS_GS_ACCOUNT_ORDER);
	if (order.extent->length > 0)
	{
		for (int i = 0; i < nfresh; i++)
			if (fresh[i].count > 0)
				fresh[i].key = fresh_key(&fresh[i], fresh_number(&fresh[i]));
		for (uint32 n = 0; n < m->header->naccounts; n++)
		{
			Fresh	   *least = NULL;

			if ((n & 0xffff) == 0)
				CHECK_FOR_INTERRUPTS();
			for (int i = 0; i < nfresh; i++)
				if (fresh[i].at < fresh[i].count &&
					(least == NULL || rs_key_compare(type, &fresh[i].key, &least->key) < 0))
					least = &fresh[i];
			rs_stream_u32(&order, least->first + fresh_number(least));
			if (++least->at < least->count)
				least->key = fresh_key(least, fresh_number(least));
		}
	}
	rs_graph_stream_close(&order);
}

/* ---------- duplicate transaction ids ---------- */

/*
 * A transaction id of the rows that the graph has already. Integers outside of
 * a part's range are not in it; else the part's identifiers are all looked at.
 */
static void
check_unique(Merge *m, const RsGraphPart *newer)
{
	const RsKeyType *type = &newer->txn.type;
	uint32		count = newer->header->ntransfers;
	uint64		slots = 1024;
	uint32	   *slot = NULL;
	uint32	   *hash = NULL;

	for (int i = 0; i < m->older->nparts && count > 0; i++)
	{
		const RsGraphPart *part = &m->older->part[i];

		if (type->kind == RS_KEY_INT && (newer->header->txn.base > part->header->txn.top ||
										 newer->header->txn.top < part->header->txn.base))
			continue;
		if (slot == NULL)
		{
			while (slots < (uint64) count * 2)
				slots *= 2;
			slot = rs_alloc(m->budget, slots, sizeof(uint32), "finding duplicate transaction ids");
			hash = rs_alloc(m->budget, count, sizeof(uint32), "finding duplicate transaction ids");
			memset(slot, 0xff, slots * sizeof(uint32));
			for (uint32 t = 0; t < count; t++)
			{
				RsKey		key = rs_key_get(&newer->txn, t);
				uint64		at = rs_key_hash(type, &key);

				hash[t] = (uint32) at;
				for (at &= slots - 1; slot[at] != UINT32_MAX; at = (at + 1) & (slots - 1))
					;
				slot[at] = t;
			}
		}
		for (uint32 t = 0; t < part->header->ntransfers; t++)
		{
			RsKey		key = rs_key_get(&part->txn, t);
			uint64		h = rs_key_hash(type, &key);

			if ((t & 0xffff) == 0)
				CHECK_FOR_INTERRUPTS();
			for (uint64 at = h & (slots - 1); slot[at] != UINT32_MAX; at = (at + 1) & (slots - 1))
				if (hash[slot[at]] == (uint32) h)
				{
					RsKey		other = rs_key_get(&newer->txn, slot[at]);

					if (rs_key_compare(type, &key, &other) == 0)
						m->host->duplicate_txn(m->host->arg, &key);
				}
		}
	}
	if (slot)
	{
		pfree(slot);
		pfree(hash);
	}
}

/* ---------- the whole ---------- */

/* Identifiers together: their range and bytes. */
typedef struct Extent
{
	bool		any;
	int64		low,
				high;
	uint64		heap;
} Extent;

static void
extend(Extent *e, uint64 count, int64 low, int64 high, uint64 heap)
{
	if (count == 0)
		return;
	e->low = e->any ? Min(e->low, low) : low;
	e->high = e->any ? Max(e->high, high) : high;
	e->heap += heap;
	e->any = true;
}

void
rs_graph_merge(MemoryContext budget, const RsGraphHost *host, const RsGraph *older, int keep,
			   const RsGraphPart *newer, const RsGraphAccounts *accounts,
			   const RsGraphIdentity *identity, RsGraphHeader *h)
{
	Merge		m = {.budget = budget, .host = host, .older = older, .header = h};
	const RsGraphHeader *first = keep < older->nparts ? older->part[keep].header : NULL;
	uint32		before = first ? first->first_account : older->naccounts;
	uint32		nrows = accounts->total - older->naccounts; /* new accounts of the rows */
	uint32	   *number = rs_alloc(budget, nrows, sizeof(uint32), purpose);
	Fresh		fresh[MAX_SOURCES] = {{0}};
	Extent		account = {0},
				txn = {0};
	int			lists = 0;
	uint64		currency_heap = 0;
	bool		ordered = true;

	memset(h, 0, sizeof(*h));
	h->identity = *identity;
	h->previous = keep > 0 ? older->part[keep - 1].header->identity.file : 0;
	h->first_account = before;
	h->first_transfer = first ? first->first_transfer : older->ntransfers;
	h->first_code = first ? first->first_code : older->ncodes;
	h->naccounts = accounts->total - before;
	h->scale = older->scale;
	h->wide = older->part[0].header->wide;
	h->time_base = older->time_base;
	h->time_unit = older->time_unit;
	h->first_at = first ? first->first_at : newer->header->first_at;
	h->last_at = newer->header->last_at;

	for (int i = keep; i <= older->nparts; i++)
	{
		Source	   *s = &m.source[m.nsources++];
		Fresh	   *f = &fresh[m.nsources - 1];
		const RsGraphPart *part = i < older->nparts ? &older->part[i] : newer;

		s->part = part;
		s->groups = part->groups;
		s->base = part->header->first_transfer;
		s->shift = part == newer && older->time ? older->ncodes : 0;
		h->ntransfers += part->header->ntransfers;
		h->ncodes += part->header->ncodes;
		h->fingerprint[0] += part->header->fingerprint[0];
		h->fingerprint[1] += part->header->fingerprint[1];
		extend(&txn, part->header->ntransfers, part->header->txn.base, part->header->txn.top, part->txn.heap_length);

		f->part = part == newer ? NULL : part;
		f->accounts = accounts;
		f->number = number;
		f->count = part == newer ? nrows : part->header->naccounts;
		f->first = (part == newer ? older->naccounts : part->header->first_account) - before;
		if (f->count > 0)
		{
			lists++;
			ordered &= f->part == NULL || part->account_order == NULL;
		}
		if (f->part)
			extend(&account, f->count, part->header->account.base, part->header->account.top, part->account.heap_length);
	}
	for (uint32 i = 0; i < accounts->count; i++)
	{
		uint32		final = accounts->member[accounts->rank[i]];
		RsKey		key;

		if (final < older->naccounts)
			continue;
		number[final - older->naccounts] = i;
		accounts->get(accounts->arg, i, &key);
		extend(&account, 1, key.integer, key.integer, key.length);
	}
	check_unique(&m, newer);
	find_members(&m, keep == 0, accounts->total);
	find_places(&m);

	h->sparse = keep > 0;
	h->nmembers = m.nmembers;
	h->shift = rs_graph_directory_shift(accounts->total, m.nmembers);
	rs_graph_describe_keys(&h->account, &accounts->type, accounts->oid, account.low, account.high,
						   accounts->type.kind == RS_KEY_BYTES ? account.heap : 0);
	rs_graph_describe_keys(&h->txn, &newer->txn.type, newer->header->txn.type, txn.low, txn.high, txn.heap);
	if (newer->header->columns)
		currency_heap = unite_columns(&m);
	rs_graph_layout(h, accounts->type.kind == RS_KEY_BYTES ? account.heap : 0,
					newer->txn.type.kind == RS_KEY_BYTES ? txn.heap : 0, currency_heap, ordered && lists <= 1);

	for (int side = 0; side < 2; side++)
		rs_graph_write_section(budget, host, h, side == RS_FLOW_OUT ? RS_GS_OUT_START : RS_GS_IN_START,
							   m.start[side], ((uint64) m.nmembers + 1) * sizeof(uint32));
	write_out(&m);
	write_in(&m);
	write_times(&m);
	write_accounts(&m, &accounts->type, fresh, m.nsources);
	rs_graph_write_members(budget, host, h, m.member, (const uint32 *const *) m.start);
	rs_currencies_write(budget, host, h, m.currency);
	rs_graph_write_header(host, h);
}
