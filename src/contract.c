/*
 * src/contract.c
 *	  The column contracts of the query texts, as design.md states them.
 */
#include "postgres.h"

#include "query_reader.h"

#define KEY (RS_REQUIRED | RS_NOT_NULL)

static const RsColumn transfers[RS_T_COLUMNS] = {
	[RS_T_TXN] = {"txn_id", RS_ID, KEY | RS_UNIQUE, RS_INTERN_TXN},
	[RS_T_PAYER] = {"payer", RS_ID, KEY, RS_INTERN_ACCOUNT},
	[RS_T_PAYEE] = {"payee", RS_ID, KEY, RS_INTERN_ACCOUNT},
	[RS_T_AMOUNT] = {"amount", RS_AMOUNT, KEY | RS_NOT_NEGATIVE},
	[RS_T_TIME] = {"paid_at", RS_TIME, KEY | RS_FINITE},
	[RS_T_ORD] = {"ord", RS_INTEGER, 0},
	[RS_T_FEE] = {"fee", RS_AMOUNT, RS_NOT_NEGATIVE},
	[RS_T_CURRENCY] = {"currency", RS_ID, 0, RS_INTERN_OTHER},
	[RS_T_PAYER_OWNER] = {"payer_owner", RS_ID, 0, RS_INTERN_OWNER},
	[RS_T_PAYEE_OWNER] = {"payee_owner", RS_ID, 0, RS_INTERN_OWNER},
	[RS_T_LOAN] = {"loan_id", RS_ID, 0, RS_INTERN_LOAN},
};

/* share or share_min and share_max: the look-through functions ask for either. */
static const RsColumn holdings[RS_H_COLUMNS] = {
	[RS_H_OWNER] = {"owner", RS_ID, KEY, RS_INTERN_ACCOUNT},
	[RS_H_OWNED] = {"owned", RS_ID, KEY, RS_INTERN_ACCOUNT},
	[RS_H_SHARE] = {"share", RS_AMOUNT, 0},
	[RS_H_VOTES] = {"votes", RS_AMOUNT, 0},
	[RS_H_SHARE_MIN] = {"share_min", RS_AMOUNT, 0},
	[RS_H_SHARE_MAX] = {"share_max", RS_AMOUNT, 0},
	[RS_H_KIND] = {"kind", RS_TEXT, 0},
	[RS_H_VALID_FROM] = {"valid_from", RS_DATE, 0},
	[RS_H_VALID_TO] = {"valid_to", RS_DATE, 0},
	[RS_H_KNOWN_FROM] = {"known_from", RS_TIME, 0},
};

static const RsColumn claims[RS_C_COLUMNS] = {
	[RS_C_CLAIM] = {"claim", RS_ID, KEY, RS_INTERN_OTHER},
	[RS_C_TXN] = {"txn_id", RS_ID, KEY, RS_INTERN_TXN},
	[RS_C_AMOUNT] = {"amount", RS_AMOUNT, RS_NOT_NEGATIVE},
};

static const RsColumn openings[RS_O_COLUMNS] = {
	[RS_O_ACCOUNT] = {"account", RS_ID, KEY, RS_INTERN_ACCOUNT},
	[RS_O_BALANCE] = {"balance", RS_AMOUNT, KEY},
	[RS_O_CLAIM] = {"claim", RS_ID, 0, RS_INTERN_OTHER},
	[RS_O_AT] = {"at", RS_TIME, 0},
};

static const RsColumn links[RS_L_COLUMNS] = {
	[RS_L_A] = {"a", RS_ID, KEY, RS_INTERN_ACCOUNT},
	[RS_L_B] = {"b", RS_ID, KEY, RS_INTERN_ACCOUNT},
};

static const RsColumn facts[RS_F_COLUMNS] = {
	[RS_F_ENTITY] = {"entity", RS_ID, KEY, RS_INTERN_ACCOUNT},
	[RS_F_INDICATOR] = {"indicator", RS_ID, KEY, RS_INTERN_OTHER},
	[RS_F_VALUE] = {"value", RS_REAL, RS_REQUIRED},
	[RS_F_SEGMENT] = {"segment", RS_TEXT, 0},
	[RS_F_AS_OF] = {"as_of", RS_DATE, 0},
	[RS_F_KNOWN_AT] = {"known_at", RS_TIME, 0},
	[RS_F_CONFIRMED] = {"confirmed", RS_BOOL, 0},
	[RS_F_APPLICABLE] = {"applicable", RS_BOOL, 0},
};

const RsContract rs_transfers_contract = {"transfers", RS_T_COLUMNS, transfers, RS_T_TXN};
const RsContract rs_holdings_contract = {"holdings", RS_H_COLUMNS, holdings, -1};
const RsContract rs_claims_contract = {"claims", RS_C_COLUMNS, claims, RS_C_TXN};
const RsContract rs_openings_contract = {"openings", RS_O_COLUMNS, openings, RS_O_ACCOUNT};
const RsContract rs_links_contract = {"links", RS_L_COLUMNS, links, -1};
const RsContract rs_facts_contract = {"facts", RS_F_COLUMNS, facts, RS_F_ENTITY};
