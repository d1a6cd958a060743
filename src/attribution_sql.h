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
#include "flow_column.h"
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
	RsColumn	column[RS_T_COLUMNS];	/* its contract */
	RsContract	contract;
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

	/* flow graph with currencies: currency of each of a.balance and a.opening, until they are nodes */
	uint32	   *balance_currency;
	uint32	   *opening_currency;
	uint64		balance_currency_capacity;
	uint64		opening_currency_capacity;

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
	bool		claims_first;	/* seeds name transfers by the numbers of claims' own identifiers */
	int			seed_scale;		/* while reading */
	int			opening_scale;
} RsCase;

/* Arguments 0 .. of attribute_funds; see sql/24-attribution.sql. */
enum { RS_ARG_TRANSFERS, RS_ARG_CLAIMS, RS_ARG_RULE, RS_ARG_DIRECTION, RS_ARG_OPENINGS, RS_ARG_UNTIL,
	   RS_ARG_TIE, RS_ARG_DEFICIT, RS_ARG_EXIT_AT, RS_ARG_MIN_TRACED, RS_ARG_POISON_FOREVER, RS_ARG_BAD_ROWS,
	   RS_ARG_COUNT };

extern RsRule rs_rule_option(const char *rule);
extern RsTie rs_tie_option(const char *tie);

/* RsCase.place of a transfer that was not read, and of one after `until`. */
#define RS_NOT_THERE	UINT32_MAX
#define RS_LATER		(UINT32_MAX - 1)

/* Read everything a case needs; SPI must be connected. */
extern RsCase *rs_case_open(FunctionCallInfo fcinfo, MemoryContext budget, RsRule rule, RsTie tie, bool any_tie, text *watch);
/* any_tie: the case will be put under other tie rules too. watch: txn_id of a transfer to be explained, or NULL. */
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

/* The ledger's account for an account in a currency; RS_NOT_THERE if it is not to be made. */
extern uint32 rs_case_node(RsCase *c, uint32 account, uint32 currency, bool make);

/* The ledger's parts of reading, for src/attribution_closure.c. */
extern void rs_case_add_transfer(RsCase *c, const RsRow *row);
extern RS_NORETURN void rs_case_twice(RsCase *c, uint32 txn);
extern void rs_case_arrange(RsCase *c);
extern void rs_case_index(RsCase *c);
extern void rs_case_drop_index(RsCase *c);

/*
 * src/attribution_closure.c: read only the transfers of accounts that claimed
 * money touches. False: they are too many, or it cannot be told; nothing of
 * what was read is left.
 */
extern bool rs_case_may_close(RsCase *c, RsBadRows bad_rows);
extern bool rs_case_close_over(RsCase *c, const uint32 *exit, uint32 nexits, text *watch);

/* src/attribution_claims.c */
/* Seeds that were read before the transfers get their numbers; those after `until` go. */
extern void rs_case_resolve_seeds(RsCase *c);
extern void rs_case_read_claims(RsCase *c, const char *text, RsBadRows bad_rows);
extern void rs_case_read_openings(RsCase *c, const char *text, RsBadRows bad_rows);
/* Their amounts get more digits; the signature is a reader's. */
extern void rs_case_rescale_claims(void *arg, int column, int old_scale, int new_scale);
extern void rs_case_rescale_openings(void *arg, int column, int old_scale, int new_scale);
extern int128 rs_power_of_ten(int digits);
extern ArrayType *rs_text_array(Datum *element, uint32 n);

/* src/attribution_flow.c: a ledger over a stored flow graph. */
extern RsLedger *rs_flow_ledger_create(RsCase *c);
/* Count in units of 10^-digits more; the node of a currency of an account, RS_NOT_THERE if it has none. */
extern void rs_flow_ledger_rescale(RsLedger *ledger, int digits);
extern uint32 rs_flow_ledger_node(RsLedger *ledger, uint32 account, uint32 currency);
extern bool rs_flow_ledger_has(RsLedger *ledger, uint32 transfer);	/* up to `until` */
/* The only book of an account: RS_NOT_THERE: none; RS_LATER: several. */
extern uint32 rs_flow_ledger_only_node(RsLedger *ledger, uint32 account);
extern void rs_flow_ledger_tie(RsLedger *ledger, RsTie tie, const RsSeed *seed, uint64 nseeds);

#endif							/* RS_ATTRIBUTION_SQL_H */
