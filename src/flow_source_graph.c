/*
 * src/flow_source_graph.c
 *	  A flow graph as a flow: the arrays of the mapped file.
 *
 * Opening costs one look into the catalog and, in a backend that has not used
 * the files yet, a few calls of mmap; nothing is read. The files stay mapped
 * until the budget of the operation goes, even if the graph is dropped
 * meanwhile.
 */
#include "pg_compat.h"

#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"

#include "flow_column.h"
#include "flow_graph.h"
#include "flow_source.h"
#include "rs_memory.h"

typedef struct GraphFlow
{
	RsFlow		flow;
	RsGraphMapping *mapping;
	RsFlowParts parts;			/* used when there are several */
} GraphFlow;

static Datum
account_text(RsFlow *flow, uint32 account)
{
	RsGraphMapping *m = ((GraphFlow *) flow)->mapping;
	RsKey		key = rs_graph_account(&m->graph, account);

	return rs_id_text(&m->account, &key);
}

static Datum
txn_text(RsFlow *flow, uint32 transfer)
{
	RsGraphMapping *m = ((GraphFlow *) flow)->mapping;
	RsKey		key = rs_graph_txn(&m->graph, transfer);

	return rs_id_text(&m->txn, &key);
}

static void
prefetch_txn(const RsFlow *flow, uint32 transfer)
{
	const RsGraph *g = &((const GraphFlow *) flow)->mapping->graph;
	const RsGraphPart *part = &g->part[rs_graph_part_of(g, transfer)];
	const RsKeySet *set = &part->txn;

	transfer -= part->header->first_transfer;
	__builtin_prefetch(set->key + (uint64) transfer * (set->type.kind == RS_KEY_FIXED ? set->type.length : set->width));
}

static int64
account_integer(const RsFlow *flow, uint32 account)
{
	const RsGraph *g = &((const GraphFlow *) flow)->mapping->graph;
	const RsGraphPart *part = &g->part[rs_graph_account_part(g, account)];

	return rs_key_integer(&part->account, account - part->header->first_account);
}

static int64
txn_integer(const RsFlow *flow, uint32 transfer)
{
	const RsGraph *g = &((const GraphFlow *) flow)->mapping->graph;
	const RsGraphPart *part = &g->part[rs_graph_part_of(g, transfer)];

	return rs_key_integer(&part->txn, transfer - part->header->first_transfer);
}

static void
prefetch_account(const RsFlow *flow, uint32 account)
{
	const RsGraph *g = &((const GraphFlow *) flow)->mapping->graph;
	const RsGraphPart *part = &g->part[rs_graph_account_part(g, account)];

	__builtin_prefetch(part->account.key + (uint64) (account - part->header->first_account) * part->account.width);
}

static bool
prints_as_integer(const RsIdType *id)
{
	return id->oid == INT2OID || id->oid == INT4OID || id->oid == INT8OID;
}

static int
compare_txn(RsFlow *flow, uint32 a, uint32 b)
{
	RsGraph    *g = &((GraphFlow *) flow)->mapping->graph;
	RsKey		x = rs_graph_txn(g, a),
				y = rs_graph_txn(g, b);

	return rs_key_compare(&g->part[0].txn.type, &x, &y);
}

static int
compare_account(RsFlow *flow, uint32 a, uint32 b)
{
	RsGraph    *g = &((GraphFlow *) flow)->mapping->graph;
	RsKey		x,
				y;

	if (g->nparts == 1 && g->part[0].account_order == NULL)
		return (a > b) - (a < b);
	x = rs_graph_account(g, a);
	y = rs_graph_account(g, b);
	return rs_key_compare(&g->part[0].account.type, &x, &y);
}

static void
resolve(RsFlow *flow, ArrayType *ids, const char *argument, int *count, uint32 **number, Datum **shown)
{
	RsGraphMapping *m = ((GraphFlow *) flow)->mapping;
	Oid			input,
				ioparam;
	Datum	   *element;
	bool	   *isnull;
	int			n;

	deconstruct_array(ids, TEXTOID, -1, false, TYPALIGN_INT, &element, &isnull, &n);
	*number = rs_alloc(flow->budget, n, sizeof(uint32), argument);
	*shown = rs_alloc(flow->budget, n, sizeof(Datum), argument);
	getTypeInputInfo(m->account.oid, &input, &ioparam);
	for (int i = 0; i < n; i++)
	{
		RsKey		key;
		MemoryContext old;

		if (isnull[i])
			ereport(ERROR,
					(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					 errmsg("argument %s contains a null", argument)));
		old = MemoryContextSwitchTo(flow->budget);
		if (m->account.oid == TEXTOID || m->account.oid == VARCHAROID)
			key = rs_id_key(&m->account, element[i]);
		else
			key = rs_id_key(&m->account,
							OidInputFunctionCall(input, TextDatumGetCString(element[i]), ioparam, -1));
		(*shown)[i] = rs_id_text(&m->account, &key);
		(*number)[i] = rs_graph_find_account(&m->graph, &key);
		MemoryContextSwitchTo(old);
	}
	*count = n;
}

/*
 * There is no index by txn_id in the files: the identifiers asked for go into a
 * hash and one pass over the graph's identifiers finds them all.
 */
static uint32 *
find_txns(RsFlow *flow, const Datum *id, uint32 n)
{
	RsGraphMapping *m = ((GraphFlow *) flow)->mapping;
	const RsKeyType *type = &m->graph.part[0].txn.type;
	uint32	   *number = rs_alloc(flow->budget, n, sizeof(uint32), "transfers asked for");
	RsKey	   *key = rs_alloc(flow->budget, n, sizeof(RsKey), "transfers asked for");
	uint64		size = 64;
	uint32	   *slot;
	uint32		found = 0;
	Oid			input,
				ioparam;
	MemoryContext old = MemoryContextSwitchTo(flow->budget);

	while (size < (uint64) n * 2)
		size *= 2;
	slot = rs_alloc(flow->budget, size, sizeof(uint32), "transfers asked for");
	memset(slot, 0xff, size * sizeof(uint32));
	getTypeInputInfo(m->txn.oid, &input, &ioparam);
	for (uint32 i = 0; i < n; i++)
	{
		uint64		h;

		key[i] = rs_id_key(&m->txn, m->txn.oid == TEXTOID || m->txn.oid == VARCHAROID ? id[i] :
						   OidInputFunctionCall(input, TextDatumGetCString(id[i]), ioparam, -1));
		number[i] = RS_NO_ID;
		/* the same identifier twice keeps its own slot: both are looked up */
		h = rs_key_hash(type, &key[i]) & (size - 1);
		while (slot[h] != RS_NO_ID)
			h = (h + 1) & (size - 1);
		slot[h] = i;
	}
	MemoryContextSwitchTo(old);
	for (uint32 t = 0; t < flow->ntransfers && found < n; t++)
	{
		RsKey		k = rs_graph_txn(&m->graph, t);
		uint64		h = rs_key_hash(type, &k) & (size - 1);

		for (; slot[h] != RS_NO_ID; h = (h + 1) & (size - 1))
			if (number[slot[h]] == RS_NO_ID && rs_key_compare(type, &key[slot[h]], &k) == 0)
			{
				number[slot[h]] = t;
				found++;
			}
		if ((t & 0xffff) == 0xffff)
			CHECK_FOR_INTERRUPTS();
	}
	return number;
}

static void
close_flow(RsFlow *flow)
{
	/* The pin goes with the budget. */
}

static void
make_room(void *arg, int side, uint32 room)
{
	GraphFlow  *f = arg;

	rs_graph_map_room(f->mapping, f->flow.budget, side, room);
}

static RsMapResult
map_flow(const RsGraphDefinition *d, const RsGraphIdentity *expected, void *arg, const char **problem)
{
	GraphFlow  *f = arg;

	return rs_graph_map(d->files, d->stamps, expected, f->flow.budget, &f->mapping, problem);
}

RsFlow *
rs_flow_graph_open(const char *name, MemoryContext budget)
{
	GraphFlow  *f = rs_alloc0(budget, 1, sizeof(GraphFlow), "the flow graph");
	RsFlow	   *flow = &f->flow;
	const RsGraph *g;

	flow->budget = budget;
	rs_graph_use(&rs_flow_graphs, name, budget, map_flow, f);
	g = &f->mapping->graph;
	flow->naccounts = g->naccounts;
	flow->ntransfers = g->ntransfers;
	flow->side[RS_FLOW_OUT] = g->side[RS_FLOW_OUT];
	flow->side[RS_FLOW_IN] = g->side[RS_FLOW_IN];
	flow->time = g->time;
	flow->ncodes = g->ncodes;
	flow->time_base = g->time_base;
	flow->time_unit = g->time_unit;
	flow->scale = g->scale;
	flow->amount = g->amount;
	flow->wide = g->wide;
	flow->account_text = account_text;
	flow->txn_text = txn_text;
	flow->prefetch_txn = prefetch_txn;
	if (prints_as_integer(&f->mapping->account))
	{
		flow->account_integer = account_integer;
		flow->prefetch_account = prefetch_account;
	}
	if (prints_as_integer(&f->mapping->txn))
		flow->txn_integer = txn_integer;
	flow->compare_txn = compare_txn;
	flow->compare_account = compare_account;
	flow->resolve = resolve;
	flow->find_txns = find_txns;
	flow->columns = rs_flow_columns_open(f->mapping, budget);
	flow->close = close_flow;
	if (g->nparts > 1)
	{
		RsGraphMapping *m = f->mapping;

		f->parts.nparts = g->nparts;
		f->parts.part = g->piece;
		f->parts.naccounts = g->naccounts;
		f->parts.budget = budget;
		f->parts.make_room = make_room;
		f->parts.arg = f;
		for (int s = 0; s < 2; s++)
		{
			RsFlowJoin *join = &f->parts.join[s];

			join->first = g->room;
			join->arc = (RsArc *) (m->range + m->room.arc[s]) - g->room;
			join->transfer = (uint32 *) (m->range + m->room.transfer[s]) - g->room;
		}
		rs_flow_parts_begin(&f->parts, flow);
	}
	return flow;
}
