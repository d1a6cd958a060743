/*
 * src/party_reader.h
 *	  What the analyst says about parties, and which of them belong together.
 */
#ifndef RS_PARTY_READER_H
#define RS_PARTY_READER_H

#include "ownership_sql.h"

typedef enum RsPartyKind
{
	RS_PARTY_UNLISTED = 0,		/* no row about it */
	RS_PARTY_OTHER,				/* a row without kind */
	RS_PARTY_PERSON,
	RS_PARTY_STATE,
	RS_PARTY_LISTED,
	RS_PARTY_FOREIGN,
	RS_PARTY_FUND,
	RS_PARTY_COMPANY,
	RS_PARTY_PUBLIC_FUND,
	RS_PARTY_VEHICLE,			/* pools investors and is looked through */
	RS_PARTY_EXEMPT,			/* counts as one investor by rule */
	RS_PARTY_MANAGER,			/* of the company in the same row */
	RS_PARTY_LEGAL_REPRESENTATIVE
} RsPartyKind;

typedef struct RsParty			/* by interner number */
{
	uint8		kind;			/* RsPartyKind */
	int8		pass_through;	/* -1 not stated */
	uint32		identity;		/* RS_NO_ID: not stated */
	int64		declared;		/* investors, -1 not stated */
	int64		max_investors;	/* -1 not stated */
	Datum		form;			/* text, 0 not stated */
} RsParty;

typedef struct RsOfficer
{
	uint32		company;		/* interner numbers */
	uint32		person;
	uint8		kind;
} RsOfficer;

typedef struct RsParties
{
	RsHoldings *h;
	RsQuery    *query;
	const char *argument;
	RsParty    *party;
	uint64		nparties,
				party_capacity;
	RsOfficer  *officer;
	uint64		nofficers,
				officer_capacity;
	RsInterner *identities;
	uint32	   *same;			/* pairs of identities of one party */
	uint64		nsame,
				same_capacity;
} RsParties;

/* `argument` names the query in messages; bound: only rows about what h discovered. */
extern RsParties *rs_parties_read(RsHoldings *h, const char *text, const char *argument,
								  const char *bad_rows, bool bound);
extern const RsParty *rs_party_of_node(const RsParties *p, uint32 node);
extern const char *rs_party_kind_name(RsPartyKind kind);

typedef struct RsLink
{
	uint32		a,
				b;				/* interner numbers */
	uint32		kind;			/* 0 concert, 1 kin, 2 economic, 3+ others */
} RsLink;

typedef struct RsLinks
{
	RsHoldings *h;
	RsLink	   *link;
	uint64		n,
				capacity;
	RsInterner *kinds;			/* texts; the first three are fixed */
	RsQuery    *query;
	const char *argument;
	int			allowed;		/* RsLinkKinds */
	uint32	   *meaning;		/* of a kind as it is written: the kind, RS_NO_ID for none */
	uint64		meaning_capacity;
} RsLinks;

enum { RS_LINK_CONCERT, RS_LINK_KIN, RS_LINK_ECONOMIC };

typedef enum RsLinkKinds		/* that a question knows what to do with; others make a bad row */
{
	RS_LINKS_CONCERT,			/* concert and kin */
	RS_LINKS_GROUPS,			/* and economic */
	RS_LINKS_ANY				/* and every other name; not one that is nearly one of these */
} RsLinkKinds;

extern RsLinks *rs_links_read(RsHoldings *h, const char *text, const char *argument, const char *bad_rows, RsLinkKinds kinds);
extern void rs_links_close(RsLinks *l, bool abandoned);

/* Union-find over nodes. */
extern uint32 *rs_groups_create(MemoryContext budget, uint32 n);
extern uint32 rs_group_find(uint32 *group, uint32 node);
extern void rs_group_join(uint32 *group, uint32 a, uint32 b);

#endif							/* RS_PARTY_READER_H */
