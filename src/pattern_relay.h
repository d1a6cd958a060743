/*
 * src/pattern_relay.h
 *	  Two-legged patterns: scatter-gather and gather-scatter.
 */
#ifndef RS_PATTERN_RELAY_H
#define RS_PATTERN_RELAY_H

#include "postgres.h"

#include "flow_source.h"

typedef struct RsRelayQuestion
{
	int64		within;			/* microseconds from the first to the last transfer */
	uint32		min_parties;
	bool		ordered;
	bool		phased;			/* scatter-gather: all first legs before all second legs */
	TimestampTz since;			/* only what ended later */
} RsRelayQuestion;

/*
 * Scatter-gather: source -> middles -> target. Gather-scatter: payers ->
 * source (= target) -> payees. first and second are the legs, oldest first,
 * valid during the call; parties is the most middles in one window
 * (gather-scatter: the smaller number of different payers and payees).
 */
typedef struct RsRelay
{
	uint32		source,
				target;
	uint32		parties;
	uint64		nfirst,
				nsecond;
	const uint32 *first,
			   *second;
} RsRelay;

typedef void (*RsRelayHandler) (void *arg, const RsRelay *relay);

extern void rs_find_scatter_gather(const RsFlow *flow, const RsRelayQuestion *question,
								   MemoryContext budget, RsRelayHandler handler, void *arg);
extern void rs_find_gather_scatter(const RsFlow *flow, const RsRelayQuestion *question,
								   MemoryContext budget, RsRelayHandler handler, void *arg);

#endif							/* RS_PATTERN_RELAY_H */
