/*
 * src/flow_column.h
 *	  The optional columns of a flow graph: ord, fee, currency.
 */
#ifndef RS_FLOW_COLUMN_H
#define RS_FLOW_COLUMN_H

#include "postgres.h"

#include "flow_graph_map.h"

/*
 * Currencies are numbered in their order through all parts; those that only a
 * question knows follow behind.
 */
typedef struct RsFlowColumns
{
	const RsGraph *graph;
	uint32		has;			/* 1 << RS_GC_ORD ... */
	int			fee_scale;
	MemoryContext budget;
	RsIdType   *type;			/* of currencies */
	RsKey	   *currency;
	uint32		ncurrencies;	/* of the graph */
	uint32		nstrangers;
	uint64		capacity;
	uint32	   *number[RS_FLOW_MAX_PARTS];	/* by place in the part's list */
} RsFlowColumns;

/* NULL: the graph has none. */
extern RsFlowColumns *rs_flow_columns_open(RsGraphMapping *mapping, MemoryContext budget);

/* The fee in units of 10^-fee_scale, ord PG_INT64_MAX for none, currency RS_NO_ID for none. */
extern void rs_flow_extra(const RsFlowColumns *c, uint32 transfer, RsGraphExtra *extra);
extern uint32 rs_flow_currency(const RsFlowColumns *c, uint32 transfer);

/* As its type prints it; and the number of one so printed, made if new. */
extern Datum rs_flow_currency_text(const RsFlowColumns *c, uint32 currency);
extern uint32 rs_flow_currency_number(RsFlowColumns *c, Datum shown);
/* None comes last. */
extern int	rs_flow_currency_compare(const RsFlowColumns *c, uint32 a, uint32 b);

#endif							/* RS_FLOW_COLUMN_H */
