/*
 * src/flow_order.h
 *	  Walking all transfers of a flow in the order of time.
 */
#ifndef RS_FLOW_ORDER_H
#define RS_FLOW_ORDER_H

#include "flow_source.h"

/* Transfer numbers in (paid_at, txn_id) order; ntransfers of them. */
extern uint32 *rs_flow_time_order(RsFlow *flow, MemoryContext budget);
/* Both ends and the time code of every transfer, by number; any may be NULL. */
extern void rs_flow_ends(const RsFlow *flow, uint32 *payer, uint32 *payee, uint32 *when);

#endif							/* RS_FLOW_ORDER_H */
