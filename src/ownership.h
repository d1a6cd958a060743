/*
 * src/ownership.h
 *	  Holdings as a graph, and the engines that answer questions on it.
 *
 * A node is a company or a person, an edge "owner holds a share of owned".
 * Shares arrive as integers in units of 10^-scale and stay exact: sums over
 * 100 %, unknown remainders, closed loops and majorities are decided on
 * integers. Only the solved totals are floating-point
 * (RsReal, extended precision).
 */
#ifndef RS_OWNERSHIP_H
#define RS_OWNERSHIP_H

#include "postgres.h"
#include "datatype/timestamp.h"
#include "utils/date.h"

/*
 * Computed shares. palloc aligns to 8 bytes only, where the type wants 16: as
 * with int128, the lower alignment is part of the type.
 */
#ifdef pg_attribute_aligned
typedef long double RsReal pg_attribute_aligned(MAXIMUM_ALIGNOF);
#else
typedef double RsReal;
#endif

/* What a holding's `kind` makes of it. */
typedef enum RsHoldingClass
{
	RS_CLASS_EQUITY = 0,		/* any kind not named below */
	RS_CLASS_NOMINEE,			/* "nominee": counts like equity, flagged */
	RS_CLASS_CONTROL,			/* "control": control by agreement, no capital */
	RS_CLASS_ECONOMIC,			/* "economic": dependence, neither capital nor votes */
	RS_CLASS_CONCERT			/* "concert": the two act together; never an edge */
} RsHoldingClass;

/* Flags of numbers; the order is the order in which they are shown. */
#define RS_FLAG_UNKNOWN			(1u << 0)	/* the row stands for holders nobody named */
#define RS_FLAG_CLOSED_LOOP		(1u << 1)	/* a ring that owns itself entirely */
#define RS_FLAG_RHO_GE_1		(1u << 2)	/* the chain passes a ring without a finite answer */
#define RS_FLAG_SUM_OVER_100	(1u << 3)
#define RS_FLAG_MISSING			(1u << 4)	/* holders of a company on the chain sum to less than 1 */
#define RS_FLAG_UNKNOWN_SHARE	(1u << 5)	/* a link of unknown size */
#define RS_FLAG_RANGE			(1u << 6)	/* a link known only as a range */
#define RS_FLAG_TREASURY		(1u << 7)	/* a company on the chain holds itself */
#define RS_FLAG_NOMINEE			(1u << 8)
#define RS_FLAG_DUPLICATE		(1u << 9)	/* repeated rows were counted once */
#define RS_FLAG_NEGATIVE		(1u << 10)
#define RS_FLAG_ZERO_SHARE		(1u << 11)
#define RS_FLAG_NORMALISED		(1u << 12)	/* holders over 1 were scaled down to 1 */
#define RS_FLAG_SELF			(1u << 13)	/* the party is the target itself */
#define RS_FLAG_NO_HOLDERS		(1u << 14)	/* nothing is recorded about the target */
#define RS_FLAG_LAYERS_CUT		(1u << 15)	/* max_layers hid rows; their mass is here */
#define RS_FLAG_AT_LEAST		(1u << 16)	/* a link known as a range counts with its minimum */
#define RS_FLAG_COUNT			17

/* A number that passes one of these has no value. */
#define RS_FLAGS_NO_VALUE	(RS_FLAG_CLOSED_LOOP | RS_FLAG_RHO_GE_1 | RS_FLAG_RANGE)

extern const char *const rs_flag_name[RS_FLAG_COUNT];

/* ---- rows as they are read ---- */

enum { RS_V_SHARE, RS_V_VOTES, RS_V_MIN, RS_V_MAX, RS_V_COLUMNS };

/* Columns of arrays; optional columns are NULL arrays. */
typedef struct RsHoldingRows
{
	MemoryContext budget;
	uint64		n,
				capacity;
	uint32	   *owner,
			   *owned;
	int128	   *value[RS_V_COLUMNS];
	int			scale[RS_V_COLUMNS];
	uint8	   *known;			/* bit v: value[v] is not NULL */
	uint32	   *kind;			/* number of the kind's text; 0 = NULL */
	uint8	   *class;			/* RsHoldingClass */
	DateADT    *from,
			   *to;				/* half-open; NULL = -infinity, infinity */
	TimestampTz *known_from;
	bool		has[RS_V_COLUMNS];
	bool		has_kind,
				has_dates,
				has_known_from;
} RsHoldingRows;

typedef struct RsHolding		/* one row, to append */
{
	uint32		owner,
				owned;
	int128		value[RS_V_COLUMNS];
	uint8		known;
	uint32		kind;
	RsHoldingClass class;
	DateADT		from,
				to;
	TimestampTz known_from;
} RsHolding;

extern RsHoldingRows *rs_holding_rows_create(MemoryContext budget);
extern void rs_holding_rows_add(RsHoldingRows *rows, const RsHolding *holding);
/* Put row `from` where row `to` is; to keep some rows, move them forward and set n. */
extern void rs_holding_rows_move(RsHoldingRows *rows, uint64 to, uint64 from);
extern void rs_holding_rows_rescale(RsHoldingRows *rows, int column, int new_scale);
/* Row numbers by (owned, owner), each ranked; rank NULL: as numbered. */
extern uint32 *rs_holding_rows_sort(const RsHoldingRows *rows, const uint32 *rank, uint32 nnodes, MemoryContext budget);

/* ---- the graph ---- */

typedef struct RsOwnershipOptions
{
	bool		dated;			/* keep only rows valid at as_of */
	DateADT		as_of;
	TimestampTz known_at;		/* rows known later are ignored */
	uint32		classes;		/* bit set of RsHoldingClass that make edges */
	bool		least;			/* a range counts as its minimum: what is sure */
} RsOwnershipOptions;

#define RS_CLASSES_EQUITY ((1u << RS_CLASS_EQUITY) | (1u << RS_CLASS_NOMINEE))
#define RS_CLASSES_ALL 0x0Fu

#define RS_MAX_NODES (UINT32_MAX - 1)

/* Edges are numbered by (owned, owner): the holders of j are in_start[j] .. in_start[j+1]-1. */
typedef struct RsOwnershipGraph
{
	MemoryContext budget;
	uint32		nnodes;
	uint32		nedges;
	uint32	   *in_start;		/* nnodes + 1 */
	uint32	   *edge_owner;
	uint32	   *edge_owned;
	uint32	   *out_start;		/* nnodes + 1 */
	uint32	   *out_edge;		/* edge numbers, by owned */
	int			scale;			/* of all values below */
	int128		one;			/* 10^scale */
	int128	   *value[RS_V_COLUMNS];	/* share, votes, min, max; votes/min/max NULL if not asked */
	uint32	   *edge_flags;
	uint8	   *edge_class;		/* bit set of the classes merged into the edge */
	DateADT    *edge_from,
			   *edge_to;		/* intersection of the rows merged, of equal ones the union; NULL if undated */
	uint32	   *node_flags;
	uint32	   *component;		/* owned companies have smaller numbers than their owners */
	bool	   *cyclic;			/* by component: more than one member, or a self-link */
	uint32		ncomponents;
	uint32	   *component_start;	/* ncomponents + 1, into component_node */
	uint32	   *component_node;
} RsOwnershipGraph;

/* rank: new number of every node of the rows (a permutation); NULL keeps them. */
extern RsOwnershipGraph *rs_ownership_build(RsHoldingRows *rows, uint32 nnodes, const uint32 *rank,
											const RsOwnershipOptions *options);
extern void rs_ownership_components(RsOwnershipGraph *g);
extern uint32 rs_ownership_edge(const RsOwnershipGraph *g, uint32 owner, uint32 owned);

#define RS_NO_EDGE UINT32_MAX

static inline bool
rs_ownership_is_cyclic(const RsOwnershipGraph *g, uint32 component)
{
	return g->cyclic[component];
}

/* ---- solving ---- */

typedef enum RsBasis { RS_BASIS_SHARE, RS_BASIS_VOTES, RS_BASIS_HIGHER, RS_BASIS_MIN, RS_BASIS_MAX } RsBasis;

/*
 * sum += value, keeping what rounding loses (Knuth's two-sum): ten thousand
 * holders of a fifty-thousandth each must make exactly a fifth, or a threshold
 * hit exactly is missed.
 */
static inline RsReal
rs_add_exactly(RsReal sum, RsReal value, RsReal *lost)
{
	RsReal		result = sum + value;
	RsReal		added = result - sum;

	*lost += (sum - (result - added)) + (value - added);
	return result;
}

typedef struct RsSystem RsSystem;

extern RsSystem *rs_system_create(RsOwnershipGraph *g, RsBasis basis, bool normalise);
extern uint32 rs_system_node_flags(const RsSystem *s, uint32 node);
/* 0, RS_FLAG_CLOSED_LOOP or RS_FLAG_RHO_GE_1: can the component be solved? */
extern uint32 rs_system_component_state(RsSystem *s, uint32 component);

typedef struct RsStake
{
	uint32		node;
	uint32		layers;
	uint32		flags;			/* RS_FLAGS_NO_VALUE: total and net have no value */
	uint32		direct_edge;	/* RS_NO_EDGE if there is none */
	RsReal total,
				net;
	bool		in_cycle,
				ultimate;
} RsStake;

typedef struct RsStakes
{
	RsStake    *stake;			/* by component, then number */
	uint64		n,
				capacity;
	RsReal unknown;		/* held by nobody the data name */
	uint32		unknown_flags;	/* RS_FLAGS_NO_VALUE as above */
	RsReal closed;			/* held by loops that own themselves */
	bool		has_closed;
	bool		over;			/* a company on the way has holders over 1 */
} RsStakes;

/* All owners of target (or, downwards, all that target owns). Reuses result's memory. */
extern void rs_system_solve(RsSystem *s, uint32 target, bool downwards, RsStakes *result);

/* ---- control ---- */

typedef struct RsThreshold
{
	int128		number;			/* of 10^-digits */
	int			digits;
	bool		inclusive;		/* >= instead of > */
	bool		without_treasury;	/* a company's own votes are taken out of its 100 % */
} RsThreshold;

/* Least value, in units of 1/whole, that meets the threshold. */
extern int128 rs_threshold_least(const RsThreshold *threshold, int128 whole);
/* Does a computed share meet it? Within the solver's error of the threshold it is the threshold. */
extern bool rs_threshold_meets(const RsThreshold *threshold, RsReal share);

typedef struct RsControlled
{
	uint32		node;
	uint32		layers;			/* rounds of the fixpoint until it was reached */
	uint32		via;			/* member with most votes in it, of those in the set before it */
	bool		direct;			/* the sources' own votes (or agreement) suffice */
	bool		agreement;		/* a "control" holding leads to it */
	int128		votes;			/* of the sources and all they control */
} RsControlled;

typedef struct RsControl RsControl;

extern RsControl *rs_control_create(RsOwnershipGraph *g, const RsThreshold *threshold);
/* Can the node, alone, control anything? Cheap. */
extern bool rs_control_possible(RsControl *c, uint32 source);
/*
 * Everything the sources control together, without themselves, in order of
 * discovery; valid until the next call.
 */
extern const RsControlled *rs_control_from(RsControl *c, const uint32 *source, uint32 nsources, uint32 *n);

/* ---- paths ---- */

typedef struct RsPath
{
	uint32		length;			/* edges */
	uint32	   *edge;			/* from the party to the target */
	RsReal product;
} RsPath;

typedef struct RsPaths RsPaths;

/* The simple paths from `from` to `to`, best product first. */
extern RsPaths *rs_paths_open(RsOwnershipGraph *g, uint32 from, uint32 to);
extern bool rs_paths_next(RsPaths *p, RsPath *path);

#endif							/* RS_OWNERSHIP_H */
