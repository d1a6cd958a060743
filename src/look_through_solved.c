/*
 * src/look_through_solved.c
 *	  Rows of look_through() about targets that are solved as systems.
 *
 * Each target is solved with the engine of ownership_solve.c; its rows are
 * written when they are asked for: one for each party met, then those without a
 * party. The next target is solved before the rows of the one at hand are
 * written: its names lie anywhere in memory, and are on the way meanwhile.
 */
#include "pg_compat.h"

#include "look_through.h"
#include "ownership_sql.h"
#include "rs_memory.h"

typedef struct Answer			/* of one target */
{
	uint32		target;
	bool		held;			/* does anybody hold it, or it anything? */
	RsStakes	stakes,
				low,			/* with the least and the greatest shares, where there are ranges */
				high;
} Answer;

/* Rows of an answer, in their order. */
typedef enum Step
{
	STEP_PARTIES,
	STEP_CUT,					/* beyond max_layers */
	STEP_UNKNOWN,
	STEP_CLOSED,
	STEP_DONE
} Step;

struct RsSolvedRows
{
	RsHoldings *h;
	RsLookOptions options;
	RsFlagArrays *arrays;
	RsSystem   *system,
			   *low,			/* NULL without ranges */
			   *high;
	const uint32 *target;		/* NULL: everybody */
	uint32		ntargets;
	uint32		at;				/* the next to solve */
	bool	   *done;			/* by number: it was asked for before */
	Answer		answer[2];
	Answer	   *now,			/* its rows are being written */
			   *ahead;			/* solved */
	Step		step;
	uint64		party;
	Datum		name;			/* of the target */
	RsReal		cut;			/* beyond max_layers, of ultimate parties */
	uint32		cut_flags;
	uint64		ncut;
};

static void
refuse_over_one(RsHoldings *h, RsSystem *system)
{
	uint64		over = 0;

	for (uint32 k = 0; k < h->graph->nnodes; k++)
		if (rs_system_node_flags(system, k) & RS_FLAG_SUM_OVER_100)
			over++;
	if (over > 0)
		ereport(ERROR,
				(errcode(ERRCODE_CHECK_VIOLATION),
				 errmsg("holdings of " UINT64_FORMAT " companies sum to more than 1", over),
				 errhint("List them with risk_screen.check_holdings(), or pass over_one => 'keep' or 'normalise'.")));
}

RsSolvedRows *
rs_solved_rows_open(RsHoldings *h, const uint32 *targets, uint32 ntargets,
					const RsLookOptions *options, RsFlagArrays *arrays)
{
	RsSolvedRows *s = rs_alloc0(h->budget, 1, sizeof(RsSolvedRows), "look-through");
	RsOwnershipGraph *g;

	s->h = h;
	s->options = *options;
	s->arrays = arrays;
	s->target = targets;
	s->ntargets = ntargets;
	if (h->graph == NULL)
		rs_holdings_build(h);
	rs_holdings_name_all(h);
	g = h->graph;
	if (targets != NULL)
		s->done = rs_alloc0(h->budget, h->nids, sizeof(bool), "targets");
	s->system = rs_system_create(g, RS_BASIS_SHARE, options->normalise);
	if (options->refuse)
		refuse_over_one(h, s->system);
	if (g->value[RS_V_MIN] != NULL)
	{
		s->low = rs_system_create(g, RS_BASIS_MIN, options->normalise);
		s->high = rs_system_create(g, RS_BASIS_MAX, options->normalise);
	}
	return s;
}

/* ---------- solving ---------- */

#define NAMES_AHEAD 256

static inline bool
is_held(const RsSolvedRows *s, uint32 node)
{
	const RsOwnershipGraph *g = s->h->graph;
	const uint32 *start = s->options.downwards ? g->out_start : g->in_start;

	return start[node] < start[node + 1];
}

/* The next target there is something to say about; false if there is none. */
static bool
next_target(RsSolvedRows *s, uint32 *node)
{
	if (s->target == NULL)
	{
		while (s->at < s->h->graph->nnodes)
			if (is_held(s, s->at++))
			{
				*node = s->at - 1;
				return true;
			}
		return false;
	}
	while (s->at < s->ntargets)
	{
		uint32		id = s->target[s->at++];

		if (s->done[id])
			continue;
		s->done[id] = true;
		*node = s->h->node_of[id];
		if (s->options.downwards || s->options.asked || is_held(s, *node))
			return true;
	}
	return false;
}

static Answer *
solve_next(RsSolvedRows *s)
{
	Answer	   *a = &s->answer[s->now == &s->answer[0]];

	if (!next_target(s, &a->target))
		return NULL;
	a->held = s->options.downwards || is_held(s, a->target);
	if (!a->held)
		return a;
	rs_system_solve(s->system, a->target, s->options.downwards, &a->stakes);
	if (s->low != NULL)
	{
		rs_system_solve(s->low, a->target, s->options.downwards, &a->low);
		rs_system_solve(s->high, a->target, s->options.downwards, &a->high);
	}
	for (uint64 i = 0; i < a->stakes.n && i < NAMES_AHEAD; i++)
		__builtin_prefetch(&s->h->name[a->stakes.stake[i].node]);
	return a;
}

/* ---------- writing ---------- */

/* total_min, total_max: a number that the two other systems also solved. */
static void
write_bounds(const RsSolvedRows *s, RsResultRow *row, RsReal low, uint32 low_flags, RsReal high, uint32 high_flags)
{
	const uint32 no_value = RS_FLAG_CLOSED_LOOP | RS_FLAG_RHO_GE_1;

	if (s->low == NULL)
		rs_write_no_bounds(row);
	else
	{
		rs_write_share(row, low, (low_flags & no_value) != 0);
		rs_write_share(row, high, (high_flags & no_value) != 0);
	}
}

static void
write_party(RsSolvedRows *s, RsResultRow *row, uint64 i)
{
	const RsOwnershipGraph *g = s->h->graph;
	const Answer *a = s->now;
	const RsStake *stake = &a->stakes.stake[i];
	bool		none = (stake->flags & RS_FLAGS_NO_VALUE) != 0;

	rs_row_begin(row);
	rs_row_varlena(row, s->name);
	rs_row_varlena(row, rs_holdings_name(s->h, stake->node));
	rs_row_int4(row, (int32) stake->layers);
	if (stake->direct_edge == RS_NO_EDGE)
		rs_row_zero(row);
	else
	{
		int128		direct = g->value[RS_V_SHARE][stake->direct_edge];

		if (direct == 0 && (g->edge_flags[stake->direct_edge] & (RS_FLAG_UNKNOWN_SHARE | RS_FLAG_RANGE)) != 0)
			rs_row_null(row);
		else
			rs_row_exact(row, direct, g->scale);
	}
	rs_write_share(row, stake->total, none);
	if (!none && stake->net == stake->total)
		rs_row_repeat(row);
	else
		rs_write_share(row, stake->net, none);
	rs_row_bool(row, stake->ultimate);
	rs_row_bool(row, stake->in_cycle);
	rs_row_varlena(row, rs_flag_arrays_get(s->arrays, stake->flags));
	if (s->low == NULL)
		rs_write_no_bounds(row);
	else
		write_bounds(s, row, a->low.stake[i].total, a->low.stake[i].flags,
					 a->high.stake[i].total, a->high.stake[i].flags);
}

/* The next party within max_layers; what is beyond is summed up. */
static bool
write_next_party(RsSolvedRows *s, RsResultRow *row)
{
	const RsStakes *stakes = &s->now->stakes;

	for (; s->party < stakes->n; s->party++)
	{
		const RsStake *stake = &stakes->stake[s->party];

		if (s->options.max_layers == 0 || stake->layers <= (uint32) s->options.max_layers)
		{
			write_party(s, row, s->party++);
			return true;
		}
		s->ncut++;
		if (stake->ultimate)
		{
			s->cut_flags |= stake->flags & RS_FLAGS_NO_VALUE;
			s->cut += stake->total;
		}
	}
	return false;
}

static void
write_unknown(RsSolvedRows *s, RsResultRow *row)
{
	const RsOwnershipGraph *g = s->h->graph;
	const Answer *a = s->now;
	const RsStakes *stakes = &a->stakes;
	int128		known = 0;
	bool		ranged = false;
	RsReal		direct;

	for (uint32 e = g->in_start[a->target]; e < g->in_start[a->target + 1]; e++)
	{
		known += g->value[RS_V_SHARE][e];
		ranged |= (g->edge_flags[e] & RS_FLAG_RANGE) != 0;
	}
	direct = (RsReal) Max(0, g->one - known) / (RsReal) g->one;
	rs_write_rest(row, s->arrays, s->name,
				  RS_FLAG_UNKNOWN | stakes->unknown_flags | (stakes->over ? RS_FLAG_SUM_OVER_100 : 0),
				  stakes->unknown, ranged ? NULL : &direct);
	/* most is unknown where least is known */
	write_bounds(s, row, a->high.unknown, a->high.unknown_flags, a->low.unknown, a->low.unknown_flags);
}

static void
write_no_holders(RsSolvedRows *s, RsResultRow *row)
{
	RsReal		all = 1;

	rs_write_rest(row, s->arrays, s->name, RS_FLAG_UNKNOWN | RS_FLAG_NO_HOLDERS, 1, &all);
	write_bounds(s, row, 1, 0, 1, 0);
}

/* The next row of the answer at hand; false after the last. */
static bool
write_next(RsSolvedRows *s, RsResultRow *row)
{
	const RsStakes *stakes = &s->now->stakes;

	switch (s->step)
	{
		case STEP_PARTIES:
			if (!s->now->held)
			{
				s->step = STEP_DONE;
				write_no_holders(s, row);
				return true;
			}
			if (write_next_party(s, row))
				return true;
			/* FALLTHROUGH */
		case STEP_CUT:
			s->step = s->options.downwards ? STEP_DONE : STEP_UNKNOWN;
			if (s->ncut > 0)
			{
				rs_write_rest(row, s->arrays, s->name, RS_FLAG_LAYERS_CUT | (s->cut_flags ? RS_FLAG_RANGE | s->cut_flags : 0),
							  s->cut, NULL);
				rs_write_no_bounds(row);
				return true;
			}
			if (s->options.downwards)
				return false;
			/* FALLTHROUGH */
		case STEP_UNKNOWN:
			s->step = STEP_CLOSED;
			if (stakes->unknown > 0 || stakes->unknown_flags != 0)
			{
				write_unknown(s, row);
				return true;
			}
			/* FALLTHROUGH */
		case STEP_CLOSED:
			s->step = STEP_DONE;
			if (stakes->has_closed)
			{
				rs_write_rest(row, s->arrays, s->name, RS_FLAG_CLOSED_LOOP, stakes->closed, NULL);
				rs_write_no_bounds(row);
				return true;
			}
			/* FALLTHROUGH */
		case STEP_DONE:
			break;
	}
	return false;
}

bool
rs_solved_rows_next(RsSolvedRows *s, RsResultRow *row)
{
	for (;;)
	{
		if (s->now != NULL && write_next(s, row))
			return true;
		s->now = s->ahead;
		s->ahead = solve_next(s);
		if (s->now == NULL)
		{
			if (s->ahead == NULL)
				return false;
			continue;
		}
		s->step = STEP_PARTIES;
		s->party = s->ncut = 0;
		s->cut = 0;
		s->cut_flags = 0;
		s->name = rs_holdings_name(s->h, s->now->target);
	}
}
