/*
 * src/flow_column.c
 *	  Reading ord, fee and currency of a flow graph.
 *
 * Each part lists its own currencies; opening a graph makes one list of them,
 * in their order, so that a currency is one number whatever part a transfer is in.
 * Cost: that of the lists; a look into a mapped section for each value.
 */
#include "pg_compat.h"

#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "flow_column.h"
#include "intern.h"
#include "rs_memory.h"

static const char *const purpose = "the columns of the flow graph";

RsFlowColumns *
rs_flow_columns_open(RsGraphMapping *mapping, MemoryContext budget)
{
	const RsGraph *g = &mapping->graph;
	RsFlowColumns *c;
	uint32	   *place;
	uint32		n = 0;

	if (g->columns == 0)
		return NULL;
	c = rs_alloc0(budget, 1, sizeof(RsFlowColumns), purpose);
	c->graph = g;
	c->has = g->columns;
	c->fee_scale = g->fee_scale;
	c->budget = budget;
	c->type = &mapping->currency;
	if (!(c->has & (1u << RS_GC_CURRENCY)))
		return c;

	for (int i = 0; i < g->nparts; i++)
		n += g->part[i].header->ncurrencies;
	c->currency = rs_alloc(budget, n, sizeof(RsKey), purpose);
	c->capacity = n;
	place = rs_alloc(budget, n, sizeof(uint32), purpose);
	n = 0;
	for (int i = 0; i < g->nparts; i++)
	{
		c->number[i] = place + n;
		for (uint32 k = 0; k < g->part[i].header->ncurrencies; k++)
			c->currency[n++] = rs_key_get(&g->part[i].currency, k);
	}
	c->ncurrencies = rs_currencies_arrange(budget, &c->type->key, c->currency, n, place);
	return c;
}

void
rs_flow_extra(const RsFlowColumns *c, uint32 transfer, RsGraphExtra *extra)
{
	int			i = rs_graph_part_of(c->graph, transfer);
	const RsGraphPart *part = &c->graph->part[i];

	rs_part_extra(c->graph, part, transfer - part->header->first_transfer, extra);
	if (extra->currency != RS_NO_ID)
		extra->currency = c->number[i][extra->currency];
}

uint32
rs_flow_currency(const RsFlowColumns *c, uint32 transfer)
{
	int			i = rs_graph_part_of(c->graph, transfer);
	const RsGraphPart *part = &c->graph->part[i];
	uint32		place = (uint32) rs_key_integer(&part->column[RS_GC_CURRENCY], transfer - part->header->first_transfer);

	return place < part->header->ncurrencies ? c->number[i][place] : RS_NO_ID;
}

Datum
rs_flow_currency_text(const RsFlowColumns *c, uint32 currency)
{
	return rs_id_text(c->type, &c->currency[currency]);
}

int
rs_flow_currency_compare(const RsFlowColumns *c, uint32 a, uint32 b)
{
	if (a == RS_NO_ID || b == RS_NO_ID)
		return (a == RS_NO_ID) - (b == RS_NO_ID);
	return rs_key_compare(&c->type->key, &c->currency[a], &c->currency[b]);
}

uint32
rs_flow_currency_number(RsFlowColumns *c, Datum shown)
{
	MemoryContext old = MemoryContextSwitchTo(c->budget);
	Oid			type = c->type->oid;
	Oid			input,
				ioparam;
	RsKey		key;
	uint32		n = c->ncurrencies + c->nstrangers;

	getTypeInputInfo(type, &input, &ioparam);
	key = rs_id_key(c->type, type == TEXTOID || type == VARCHAROID ? shown :
					OidInputFunctionCall(input, TextDatumGetCString(shown), ioparam, -1));
	MemoryContextSwitchTo(old);
	for (uint32 i = 0; i < n; i++)
		if (rs_key_compare(&c->type->key, &c->currency[i], &key) == 0)
			return i;
	c->currency = rs_grow(c->budget, c->currency, &c->capacity, (uint64) n + 1, sizeof(RsKey), purpose);
	c->currency[n] = key;
	c->nstrangers++;
	return n;
}
