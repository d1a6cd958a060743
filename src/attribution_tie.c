/*
 * src/attribution_tie.c
 *	  The order of transfers that happen at the same instant.
 *
 * ledger			by the `ord` column (NULL last), then txn_id.
 * debits_first		by txn_id; the ledger keeps every debit of the instant before
 *					every credit of it.
 * causal			money must arrive before it can leave. The instant's transfers
 *					are a directed graph over accounts; its strongly connected
 *					components form an acyclic graph, in which each component has
 *					a depth (longest path from a source). Order: depth of the
 *					payer's component; inside a component first the transfers that
 *					stay in it, then those that leave it; then txn_id. So credits
 *					come before debits except around a cycle, where txn_id decides.
 * credits_first	like causal, but inside a cyclic component the accounts take
 *					turns in account order, each with all its debits, and
 *					cyclic components come after the others of their depth.
 *
 * Cost: linear in the instant plus its sort; nothing but the sort when no
 * payee of the instant also pays. Memory: a few words per account and member
 * of the largest instant. Components by Tarjan's algorithm on an explicit stack.
 */
#include "postgres.h"

#include "common/hashfn.h"
#include "miscadmin.h"

#include "attribution.h"
#include "rs_memory.h"

#define NONE UINT32_MAX
static const char purpose[] = "the order of simultaneous transfers";

struct RsTieOrder
{
	MemoryContext budget;
	RsTie		tie;
	RsCompareIds compare_txn;
	void	   *txn_arg;
	RsCompareIds compare_account;
	void	   *account_arg;

	/* account -> its number in this instant: open addressing, emptied per use */
	uint32	   *table;
	uint64		table_size;		/* power of two */

	/* by account number in the instant */
	uint32		n;
	uint64		node_capacity;
	uint32	   *account;
	uint32	   *start;			/* n + 1: its debits in arc[] */
	uint32	   *arc;			/* by debit: number of the payee */
	uint64		arc_capacity;
	uint32	   *low;
	uint32	   *number;
	uint32	   *component;
	uint32	   *cursor;
	uint32	   *stack;
	uint32	   *path;
	uint32	   *popped;			/* accounts, component after component */
	uint32	   *depth;			/* by component */
	uint32	   *size;			/* by component: accounts in it */
	uint32	   *turn;			/* by account */
};

RsTieOrder *
rs_tie_create(MemoryContext budget, RsTie tie, RsCompareIds compare_txn, void *txn_arg,
			  RsCompareIds compare_account, void *account_arg)
{
	RsTieOrder *o = rs_alloc0(budget, 1, sizeof(RsTieOrder), purpose);

	o->budget = budget;
	o->tie = tie;
	o->compare_txn = compare_txn;
	o->txn_arg = txn_arg;
	o->compare_account = compare_account;
	o->account_arg = account_arg;
	return o;
}

static void
make_room(RsTieOrder *o, uint32 members)
{
	uint64		nodes = (uint64) members * 2 + 1;
	uint64		size = o->table_size ? o->table_size : 64;

	while (size < nodes * 2)
		size *= 2;
	if (size != o->table_size)
		o->table = rs_resize(o->budget, o->table, size, sizeof(uint32), purpose);
	o->table_size = size;

	if (nodes > o->node_capacity)
	{
		uint32	  **array[] = {&o->account, &o->start, &o->low, &o->number, &o->component,
			&o->cursor, &o->stack, &o->path, &o->popped, &o->depth, &o->size, &o->turn};

		for (int i = 0; i < lengthof(array); i++)
			*array[i] = rs_resize(o->budget, *array[i], nodes + 1, sizeof(uint32), purpose);
		o->node_capacity = nodes;
	}
	o->arc = rs_grow(o->budget, o->arc, &o->arc_capacity, members, sizeof(uint32), purpose);
}

/* Number of an account in this instant, made if new and wanted. */
static uint32
node(RsTieOrder *o, uint32 account, uint64 used, bool make)
{
	uint64		i = murmurhash32(account) & (used - 1);

	while (o->table[i] != NONE)
	{
		if (o->account[o->table[i]] == account)
			return o->table[i];
		i = (i + 1) & (used - 1);
	}
	if (!make)
		return NONE;
	o->table[i] = o->n;
	o->account[o->n] = account;
	return o->n++;
}

/* Strongly connected components, numbered so that arcs go to lower numbers. */
static uint32
find_components(RsTieOrder *o)
{
	uint32		components = 0;
	uint32		counter = 0;
	uint32		nstack = 0;
	uint32		npopped = 0;

	for (uint32 v = 0; v < o->n; v++)
	{
		o->number[v] = NONE;
		o->component[v] = NONE;
	}
	for (uint32 root = 0; root < o->n; root++)
	{
		uint32		npath = 0;

		if (o->number[root] != NONE)
			continue;
		o->path[npath++] = root;
		o->number[root] = o->low[root] = counter++;
		o->cursor[root] = o->start[root];
		o->stack[nstack++] = root;
		while (npath > 0)
		{
			uint32		v = o->path[npath - 1];

			if (o->cursor[v] < o->start[v + 1])
			{
				uint32		w = o->arc[o->cursor[v]++];

				if (o->number[w] == NONE)
				{
					o->path[npath++] = w;
					o->number[w] = o->low[w] = counter++;
					o->cursor[w] = o->start[w];
					o->stack[nstack++] = w;
				}
				else if (o->component[w] == NONE && o->number[w] < o->low[v])
					o->low[v] = o->number[w];
				continue;
			}
			npath--;
			if (npath > 0 && o->low[v] < o->low[o->path[npath - 1]])
				o->low[o->path[npath - 1]] = o->low[v];
			if (o->low[v] == o->number[v])
			{
				uint32		w;

				do
				{
					w = o->stack[--nstack];
					o->component[w] = components;
					o->popped[npopped++] = w;
				} while (w != v);
				components++;
			}
		}
	}
	return components;
}

static int
compare_nodes(const void *a, const void *b, void *arg)
{
	RsTieOrder *o = arg;
	uint32		x = *(const uint32 *) a;
	uint32		y = *(const uint32 *) b;
	uint32		dx = o->depth[o->component[x]];
	uint32		dy = o->depth[o->component[y]];

	bool		cx = o->size[o->component[x]] > 1;
	bool		cy = o->size[o->component[y]] > 1;

	if (dx != dy)
		return dx < dy ? -1 : 1;
	if (cx != cy || !cx)
		return (int) cx - (int) cy;
	return o->compare_account(o->account_arg, o->account[x], o->account[y]);
}

/* Set every member's stage, by causal order. */
static void
set_stages(RsTieOrder *o, RsTieMember *member, uint32 count)
{
	uint64		used = 64;
	uint32		components;
	bool		chained = false;

	make_room(o, count);
	while (used < (uint64) count * 4 + 2)
		used *= 2;
	Assert(used <= o->table_size);
	memset(o->table, 0xff, used * sizeof(uint32));
	o->n = 0;
	for (uint32 i = 0; i < count; i++)
		node(o, member[i].payer, used, true);
	for (uint32 i = 0; i < count && !chained; i++)
		chained = node(o, member[i].payee, used, false) != NONE;
	for (uint32 i = 0; i < count; i++)
		member[i].stage = 0;
	if (!chained)
		return;

	/* arcs by payer; self-transfers move nothing and bind nothing */
	for (uint32 i = 0; i < count; i++)
	{
		node(o, member[i].payer, used, true);
		node(o, member[i].payee, used, true);
	}
	memset(o->start, 0, (o->n + 1) * sizeof(uint32));
	for (uint32 i = 0; i < count; i++)
		if (member[i].payer != member[i].payee)
			o->start[node(o, member[i].payer, used, false) + 1]++;
	for (uint32 v = 0; v < o->n; v++)
	{
		o->start[v + 1] += o->start[v];
		o->cursor[v] = o->start[v];
	}
	for (uint32 i = 0; i < count; i++)
		if (member[i].payer != member[i].payee)
			o->arc[o->cursor[node(o, member[i].payer, used, false)]++] =
				node(o, member[i].payee, used, false);
	CHECK_FOR_INTERRUPTS();

	components = find_components(o);
	for (uint32 c = 0; c < components; c++)
		o->depth[c] = o->size[c] = 0;
	for (uint32 v = 0; v < o->n; v++)
		o->size[o->component[v]]++;
	for (uint32 k = o->n; k-- > 0;)
	{
		/* the last components popped are the sources */
		uint32		v = o->popped[k];
		uint32		c = o->component[v];

		for (uint32 j = o->start[v]; j < o->start[v + 1]; j++)
		{
			uint32		d = o->component[o->arc[j]];

			if (d != c && o->depth[d] < o->depth[c] + 1)
				o->depth[d] = o->depth[c] + 1;
		}
	}
	CHECK_FOR_INTERRUPTS();

	if (o->tie == RS_TIE_CREDITS_FIRST)
	{
		for (uint32 v = 0; v < o->n; v++)
			o->stack[v] = v;
		qsort_arg(o->stack, o->n, sizeof(uint32), compare_nodes, o);
		for (uint32 v = 0; v < o->n; v++)
			o->turn[o->stack[v]] =
				v == 0 ? 0 :
				compare_nodes(&o->stack[v - 1], &o->stack[v], o) < 0 ? v : o->turn[o->stack[v - 1]];
		for (uint32 i = 0; i < count; i++)
			member[i].stage = o->turn[node(o, member[i].payer, used, false)];
		return;
	}
	for (uint32 i = 0; i < count; i++)
	{
		uint32		c = o->component[node(o, member[i].payer, used, false)];
		uint32		d = o->component[node(o, member[i].payee, used, false)];

		member[i].stage = o->depth[c] * 2 + (c != d);
	}
}

static inline int
compare_members(const RsTieMember *x, const RsTieMember *y, RsTieOrder *o)
{
	if (x->stage != y->stage)
		return x->stage < y->stage ? -1 : 1;
	if (x->ord != y->ord)
		return x->ord < y->ord ? -1 : 1;
	return o->compare_txn(o->txn_arg, x->txn, y->txn);
}

#define ST_SORT sort_members
#define ST_ELEMENT_TYPE RsTieMember
#define ST_COMPARE(a, b, o) compare_members(a, b, o)
#define ST_COMPARE_ARG_TYPE RsTieOrder
#define ST_SCOPE static
#define ST_CHECK_FOR_INTERRUPTS
#define ST_DEFINE
#include "lib/sort_template.h"

/* Put the members, all of one instant, into order. */
void
rs_tie_sort(RsTieOrder *o, RsTieMember *member, uint32 count)
{
	if (o->tie == RS_TIE_CAUSAL || o->tie == RS_TIE_CREDITS_FIRST)
		set_stages(o, member, count);
	if (o->tie != RS_TIE_LEDGER)
		for (uint32 i = 0; i < count; i++)
			member[i].ord = 0;
	sort_members(member, count, o);
}
