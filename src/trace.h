/*
 * src/trace.h
 *	  The trace engine: which transfers a seed's money can have passed through.
 */
#ifndef RS_TRACE_H
#define RS_TRACE_H

#include "postgres.h"

#include "flow_source.h"

typedef enum RsTraceCut
{
	RS_CUT_NONE,
	RS_CUT_STOP_AT,
	RS_CUT_FANOUT,
	RS_CUT_HOPS
} RsTraceCut;

/*
 * Arcs of one account that are in the trace at the same hop: `count` of them
 * from `first` on, in walking order (rs_trace_place). With a min_amount some
 * of them may be too small: skip those (rs_trace_qualifies).
 */
typedef struct RsTraceRun
{
	uint32		account;
	uint32		first;
	uint32		count;
	int			hop;
} RsTraceRun;

typedef struct RsTraceSummary
{
	int			hops;			/* deepest */
	uint64		accounts;		/* reached, the seed not counted */
	uint64		transfers;
	uint64		terminals;		/* reached accounts where nothing goes on and nothing was cut */
	uint64		cut;
	int128		amount;
	bool		seed_cut;		/* the seed itself has more than max_fanout transfers */
} RsTraceSummary;

typedef struct RsTrace RsTrace;

/* min_amount in the flow's units; qualifying transfers are those >= it. */
extern RsTrace *rs_trace_create(RsFlow *flow, const RsFlowQuestion *question, int128 min_amount);

/* Before the first seed: rs_trace_window() will be asked, so groups must be in one piece. */
extern void rs_trace_join(RsTrace *trace);

/*
 * Trace one seed (RS_NO_ID: an account the flow does not know). Without
 * `keep` only the summary is valid afterwards.
 */
extern const RsTraceSummary *rs_trace_seed(RsTrace *trace, uint32 seed, bool keep);

/* The runs of the last rs_trace_seed(keep => true), by ascending hop. */
extern const RsTraceRun *rs_trace_runs(const RsTrace *trace, uint64 *count);

/* Why the arc at this place of the trace was not followed, if it was not. */
extern RsTraceCut rs_trace_cut(RsTrace *trace, uint32 place);

/* The same for an arc of the trace that is known by the account it reaches and its time. */
extern RsTraceCut rs_trace_cut_arrival(RsTrace *trace, uint32 account, uint32 code);

/*
 * The same for all arcs of the hop max_hops at once: bit by arc, in the order
 * of the runs of that hop, set if max_hops cut it. NULL if one has to ask.
 */
extern const uint64 *rs_trace_hop_cuts(const RsTrace *trace);

/* rs_trace_cut() will soon be asked about an arc that reaches this account. */
extern void rs_trace_prefetch(const RsTrace *trace, uint32 account);

/* False when no arc of this hop can have been cut: saves asking. */
extern bool rs_trace_may_be_cut(const RsTrace *trace, int hop);

extern const RsFlowSide *rs_trace_side(const RsTrace *trace);
extern bool rs_trace_qualifies(const RsTrace *trace, uint32 place);

/* Place of the i-th arc of a run. */
static inline uint32
rs_trace_place(bool upstream, const RsTraceRun *run, uint32 i)
{
	return upstream ? RS_FLOW_MAX_TRANSFERS - (run->first + i) : run->first + i;
}

/*
 * For those who search the trace further (paths): walking order of the arcs
 * that may follow the arc at `place`, as [*first, *end); empty where the trace
 * does not go on (stop_at, max_fanout, the seed itself). Only those of them
 * that are in the trace may be followed.
 */
extern void rs_trace_window(RsTrace *trace, uint32 place, uint32 *first, uint32 *end);

/* The place's position in walking order, and back. */
static inline uint32
rs_trace_position(bool upstream, uint32 place)
{
	return upstream ? RS_FLOW_MAX_TRANSFERS - place : place;
}

#endif							/* RS_TRACE_H */
