/*
 * src/flow_load.h
 *	  A whole flow: every transfer of a query, or a flow graph.
 */
#ifndef RS_FLOW_LOAD_H
#define RS_FLOW_LOAD_H

#include "postgres.h"

#include "flow_source.h"

/*
 * Open `transfers` ('graph:NAME', or a query that is read completely) with
 * both sides. by_owner: parties instead of accounts, that is payer_owner and
 * payee_owner where the query has them. SPI must be connected.
 */
extern RsFlow *rs_flow_load(const char *transfers, const char *bad_rows, bool by_owner,
							MemoryContext budget);

/* loan_id of a transfer as a number, RS_NO_ID if it has none; NULL array: no such column. */
extern const uint32 *rs_flow_loans(const RsFlow *flow);

#endif							/* RS_FLOW_LOAD_H */
