/*
 * src/ownership_concert.h
 *	  Parties that act together: whom a concert counts for, and with how much.
 */
#ifndef RS_OWNERSHIP_CONCERT_H
#define RS_OWNERSHIP_CONCERT_H

#include "ownership.h"

#define RS_NO_ALLIANCE UINT32_MAX

/* The parties of group, with their alliance, control company. */
typedef struct RsControlFact
{
	uint32		company;
	uint32		group;
	uint32		via;
	bool		concert;		/* only together with others */
} RsControlFact;

typedef struct RsConcert RsConcert;

/*
 * group: by node, the smallest node it acts together with. stop: by node, where
 * a chain of holders ends. Both are kept, not copied.
 */
extern RsConcert *rs_concert_create(RsOwnershipGraph *g, const uint32 *group, const bool *stop,
									const RsThreshold *control);

/* Members of a group, ascending. */
extern const uint32 *rs_concert_members(const RsConcert *c, uint32 group, uint32 *n);
/* Who counts as one holder for the stops of group; RS_NO_ALLIANCE if a party acts alone. */
extern uint32 rs_concert_alliance(const RsConcert *c, uint32 group);
extern uint32 rs_concert_alliances(const RsConcert *c);
/*
 * Its parties, ascending: the group it acts for, and concerts that have something of
 * the company met last. Valid until the next call.
 */
extern const uint32 *rs_alliance_parties(RsConcert *c, uint32 alliance, uint32 *n);
extern uint32 rs_alliance_group(const RsConcert *c, uint32 alliance);
/* Nobody known acts through it: companies in concert, none of them controlled. */
extern bool rs_alliance_headless(const RsConcert *c, uint32 alliance);

extern const RsControlFact *rs_concert_control(const RsConcert *c, uint32 company, uint64 *n);
extern const RsControlFact *rs_concert_control_of(const RsConcert *c, uint32 company, uint32 group);

/* The alliances with a party among the stakes in company, valid until the next call. */
extern const uint32 *rs_concert_meet(RsConcert *c, uint32 company, const RsStakes *stakes, uint32 *n);
/*
 * What the parties of an alliance met have of the company as one holder, on
 * the system that gave stakes (of the same graph as those met). False: no number.
 */
extern bool rs_alliance_share(RsConcert *c, uint32 alliance, RsSystem *system, const RsStakes *stakes,
							  RsReal *share);
/* The same of the members of a group of several. */
extern bool rs_concert_share(RsConcert *c, uint32 group, RsSystem *system, const RsStakes *stakes,
							 RsReal *share);

#endif							/* RS_OWNERSHIP_CONCERT_H */
