/*
 * src/trace_path.h
 *	  The best paths through one seed's trace.
 */
#ifndef RS_TRACE_PATH_H
#define RS_TRACE_PATH_H

#include "postgres.h"

#include "trace.h"

typedef struct RsTracePath
{
	int			hops;
	const uint32 *place;		/* hops places, from the seed outwards */
	const uint32 *account;		/* hops + 1 accounts, the seed first */
	int128		bottleneck;
} RsTracePath;

typedef enum RsTraceMore
{
	RS_PATHS_ALL,				/* every path was given */
	RS_PATHS_MORE,				/* there are more than max_paths */
	RS_PATHS_STOPPED			/* the search took too long; there may be more */
} RsTraceMore;

/* Steps of one seed's search; a step looks at one transfer that may go on. */
#define RS_PATH_STEPS	UINT64CONST(5000000)

typedef void (*RsTracePathHandler) (void *arg, const RsTracePath *path);

/*
 * The paths of the last rs_trace_seed(keep => true) that end in one of the
 * target accounts (ascending), by hops, then bottleneck, largest first, then
 * (paid_at, txn_id) of their transfers from the seed outwards. No account
 * twice (except the seed as last one, if it is a target); with max_hold no
 * transfer twice. The paths are handed over in this order, after the search;
 * `done` is told whether there are more.
 */
extern RsTraceMore rs_trace_paths(RsTrace *trace, RsFlow *flow, const RsFlowQuestion *question,
								  uint32 seed, const uint32 *target, uint64 ntargets,
								  uint64 max_paths, uint64 steps,
								  RsTracePathHandler handler, void *arg);

#endif							/* RS_TRACE_PATH_H */
