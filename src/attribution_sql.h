/*
 * src/attribution_sql.h
 *	  A question of money attribution as the SQL functions put it.
 */
#ifndef RS_ATTRIBUTION_SQL_H
#define RS_ATTRIBUTION_SQL_H

#include "postgres.h"
#include "fmgr.h"
#include "utils/numeric.h"
#include "utils/array.h"

#include "attribution.h"
#include "flow_source.h"
#include "intern.h"
#include "query_reader.h"

typedef struct RsCase
{
	MemoryContext budget;
	RsAttribution a;
	RsLedger   *ledger;
	RsTie		tie;

	RsQuery    *transfers;		/* NULL: a flow graph */
	RsQuery    *claims;
	RsQuery    *openings;
	RsFlow	   *flow;
	int			scale;			/* of ledger units */
	int			digits;			/* more of them in work units */
	bool		has_ord;
	int			amount_scale;	/* while reading */
	int			fee_scale;

	/* accounts of the ledger: account and currency */
	bool		has_currency;
	uint32	   *node_account;	/* NULL: the account itself */
	uint32	   *node_currency;	/* RS_NO_ID: none */
	uint64		node_capacity;
	uint64		node_currency_capacity;
	uint32		nodes;
	uint64	   *node_slot;		/* open addressing: node + 1 */
	uint64		node_slots;
	uint32		accounts;		/* known to the ledger's interner before exit_at and openings */

	/* flow graph: accounts that only openings know, numbered after the graph's */
	Datum	   *stranger;
	uint32		nstrangers;
	uint64		stranger_capacity;

	TimestampTz until;
	uint32	   *place;			/* txn number -> transfer */
	uint64		place_capacity;
	uint32		txns;

	RsInterner *claim_interner;
	uint32	   *claim_id;		/* claim -> interner number */
	Numeric		min_traced;

	uint64		seed_capacity;
	uint64		opening_capacity;
	uint64		balance_capacity;
	int			seed_scale;		/* while reading */
	int			opening_scale;
} RsCase;

/* Arguments 0 .. of attribute_funds; see sql/24-attribution.sql. */
enum { RS_ARG_TRANSFERS, RS_ARG_CLAIMS, RS_ARG_RULE, RS_ARG_DIRECTION, RS_ARG_OPENINGS, RS_ARG_UNTIL,
	   RS_ARG_TIE, RS_ARG_DEFICIT, RS_ARG_EXIT_AT, RS_ARG_MIN_TRACED, RS_ARG_POISON_FOREVER, RS_ARG_BAD_ROWS,
	   RS_ARG_COUNT };

extern RsRule rs_rule_option(const char *rule);
extern RsTie rs_tie_option(const char *tie);

/* Read everything a case needs; SPI must be connected. */
extern RsCase *rs_case_open(FunctionCallInfo fcinfo, MemoryContext budget, RsRule rule, RsTie tie, bool any_tie);
/* any_tie: the case will be put under other tie rules too. */
extern void rs_case_retie(RsCase *c, RsTie tie);
extern void rs_case_close(RsCase *c);
/* Work units and min_traced for the rule; the claims checked. */
extern void rs_case_prepare(RsCase *c);

extern int	rs_case_compare_accounts(RsCase *c, uint32 a, uint32 b);
extern uint32 rs_case_transfer(RsCase *c, text *txn_id);
extern Datum rs_case_txn_text(RsCase *c, uint32 transfer);
extern Datum rs_case_account_text(RsCase *c, uint32 node);
extern Datum rs_case_claim_text(RsCase *c, uint32 claim);
extern bool rs_case_currency_text(RsCase *c, uint32 node, bool is_partition, Datum *value);
extern Datum rs_case_money(RsCase *c, int128 work_units);
extern Datum rs_case_ledger_money(RsCase *c, int128 work_units);

/* src/attribution_flow.c: a ledger over a stored flow graph. */
extern RsLedger *rs_flow_ledger_create(RsFlow *flow, MemoryContext budget, TimestampTz until);
extern bool rs_flow_ledger_has(RsLedger *ledger, uint32 transfer);	/* up to `until` */
extern void rs_flow_ledger_tie(RsLedger *ledger, RsTie tie, const RsSeed *seed, uint64 nseeds);

#endif							/* RS_ATTRIBUTION_SQL_H */
