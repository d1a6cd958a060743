/*
 * src/look_through_sql.c
 *	  look_through(): who owns it, what does it own, what is it made of.
 *
 * Reads holdings (all of them, or what surrounds the targets), solves each
 * target with the engine of ownership_solve.c and writes one row for each
 * party met, plus rows without a party for the mass that has no named holder.
 * Of every target the totals of its ultimate rows sum to 1, unless a flag says
 * why not.
 *
 * Rows are made as they are wanted (src/row_scan.h): of an ownership graph
 * first those of plain companies (src/look_through_plain.c), one by one, then
 * those of the others a part of the targets at a time; of a query all at once.
 */
#include "pg_compat.h"

#include "executor/spi.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "look_through.h"
#include "ownership_sql.h"
#include "rs_memory.h"
#include "row_scan.h"

typedef struct Answer			/* of one target */
{
	uint32		target;
	RsStakes	stakes,
				low,
				high;
} Answer;

/* What is still to come. */
typedef enum Phase
{
	PHASE_BEGIN,				/* everything: of a query at once; of a graph */
	PHASE_PLAIN,				/* plain companies, then */
	PHASE_PARTS,				/* the other targets in parts, then */
	PHASE_LARGE_RINGS,			/* those around large rings together */
	PHASE_END
} Phase;

typedef struct LookThrough
{
	MemoryContext budget;
	Phase		phase;
	char	   *holdings;		/* arguments */
	ArrayType  *targets;		/* NULL: everybody */
	const DateADT *as_of;		/* NULL: today */
	const TimestampTz *known_at;	/* NULL: what is known now */
	DateADT		day;
	TimestampTz time;
	char	   *bad_rows;
	bool		assets;
	RsHoldings *whole;			/* what the question is put to */
	uint32	   *asked;			/* its targets, by number */
	uint32		nasked;
	RsKeptParts *parts;			/* of a graph's targets */
	MemoryContext part;			/* of one of these */
	RsPlainRows *plain;
	bool		normalise;		/* over_one */
	bool		refuse;
	bool		downwards;
	int			max_layers;		/* 0 = no limit */
	RsHoldings *h;				/* what is being looked at, and its systems */
	RsResultRow *row;
	RsSystem   *system,
			   *low,			/* share_min, share_max; NULL without ranges */
			   *high;
	Answer	   *pending;		/* solved, its rows not written yet */
	Answer		answer[2];
	RsFlagArrays flags;
} LookThrough;

Datum
rs_flag_arrays_make(RsFlagArrays *f, uint32 slot, uint32 flags)
{
	MemoryContext old = MemoryContextSwitchTo(f->budget);

	if (f->array[slot] != (Datum) 0)
		pfree(DatumGetPointer(f->array[slot]));
	f->array[slot] = rs_flag_array(flags);
	f->mask[slot] = flags;
	MemoryContextSwitchTo(old);
	return f->array[slot];
}

/* A number, or NULL where flags say that there is none. */
static void
put_share(RsResultRow *row, RsReal share, bool none)
{
	if (none)
		rs_row_null(row);
	else
		rs_row_share(row, share);
}

/* total_min, total_max: a number that the two other systems also solved. */
static void
put_bounds(LookThrough *l, RsReal low, uint32 low_flags, RsReal high, uint32 high_flags)
{
	uint32		no_value = RS_FLAG_CLOSED_LOOP | RS_FLAG_RHO_GE_1;

	put_share(l->row, low, l->low == NULL || (low_flags & no_value) != 0);
	put_share(l->row, high, l->low == NULL || (high_flags & no_value) != 0);
}

static void
put_stake(LookThrough *l, const Answer *a, Datum target, uint64 i)
{
	RsOwnershipGraph *g = l->h->graph;
	const RsStake *stake = &a->stakes.stake[i];
	bool		none = (stake->flags & RS_FLAGS_NO_VALUE) != 0;
	RsResultRow *row = l->row;

	rs_row_begin(row);
	rs_row_varlena(row, target);
	rs_row_varlena(row, rs_holdings_name(l->h, stake->node));
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
	put_share(row, stake->total, none);
	if (!none && stake->net == stake->total)
		rs_row_repeat(row);
	else
		put_share(row, stake->net, none);
	rs_row_bool(row, stake->ultimate);
	rs_row_bool(row, stake->in_cycle);
	rs_row_varlena(row, rs_flag_arrays_get(&l->flags, stake->flags));
	if (l->low != NULL)
		put_bounds(l, a->low.stake[i].total, a->low.stake[i].flags,
				   a->high.stake[i].total, a->high.stake[i].flags);
	else
		put_bounds(l, 0, 0, 0, 0);
	rs_row_put(row);
}

/* A row without a party, up to its bounds. */
static void
begin_rest(RsResultRow *row, RsFlagArrays *arrays, Datum target, uint32 flags, RsReal mass, const RsReal *direct)
{
	/* The loop's own mass is a number; only what passes the loop is not. */
	bool		none = (flags & (RS_FLAG_RHO_GE_1 | RS_FLAG_RANGE)) != 0 ||
		(flags & (RS_FLAG_CLOSED_LOOP | RS_FLAG_UNKNOWN)) == (RS_FLAG_CLOSED_LOOP | RS_FLAG_UNKNOWN);

	rs_row_begin(row);
	rs_row_varlena(row, target);
	rs_row_null(row);
	rs_row_null(row);
	put_share(row, direct == NULL ? 0 : *direct, direct == NULL);
	put_share(row, mass, none);
	put_share(row, mass, none);
	rs_row_bool(row, true);
	rs_row_bool(row, (flags & RS_FLAG_CLOSED_LOOP) != 0);
	rs_row_varlena(row, rs_flag_arrays_get(arrays, flags));
}

void
rs_write_rest(RsResultRow *row, RsFlagArrays *arrays, Datum target, uint32 flags, RsReal mass, const RsReal *direct)
{
	begin_rest(row, arrays, target, flags, mass, direct);
	rs_row_null(row);
	rs_row_null(row);
}

static void
put_rest(LookThrough *l, Datum target, uint32 flags, RsReal mass, const RsReal *direct)
{
	rs_write_rest(l->row, &l->flags, target, flags, mass, direct);
	rs_row_put(l->row);
}

static void
put_bounded_rest(LookThrough *l, Datum target, uint32 flags, RsReal mass, const RsReal *direct,
				 RsReal low, uint32 low_flags, RsReal high, uint32 high_flags)
{
	begin_rest(l->row, &l->flags, target, flags, mass, direct);
	put_bounds(l, low, low_flags, high, high_flags);
	rs_row_put(l->row);
}

/* All rows of a target. */
static void
put_answer(LookThrough *l, const Answer *a)
{
	RsOwnershipGraph *g = l->h->graph;
	const RsStakes *s = &a->stakes;
	uint32		target = a->target;
	Datum		name = rs_holdings_name(l->h, target);
	RsReal cut = 0;
	uint32		cut_flags = 0;
	uint64		ncut = 0;

	for (uint64 i = 0; i < s->n; i++)
	{
		if (l->max_layers > 0 && s->stake[i].layers > (uint32) l->max_layers)
		{
			ncut++;
			cut_flags |= s->stake[i].flags & RS_FLAGS_NO_VALUE & (s->stake[i].ultimate ? ~0u : 0);
			if (s->stake[i].ultimate)
				cut += s->stake[i].total;
			continue;
		}
		put_stake(l, a, name, i);
		if ((i & 0xFFF) == 0)
			CHECK_FOR_INTERRUPTS();
	}
	if (ncut > 0)
		put_rest(l, name, RS_FLAG_LAYERS_CUT | (cut_flags ? RS_FLAG_RANGE | cut_flags : 0), cut, NULL);
	if (l->downwards)
		return;
	if (s->unknown > 0 || s->unknown_flags != 0)
	{
		int128		known = 0;
		bool		ranged = false;
		RsReal direct;

		for (uint32 e = g->in_start[target]; e < g->in_start[target + 1]; e++)
		{
			known += g->value[RS_V_SHARE][e];
			ranged |= (g->edge_flags[e] & RS_FLAG_RANGE) != 0;
		}
		direct = (RsReal) Max(0, g->one - known) / (RsReal) g->one;
		put_bounded_rest(l, name, RS_FLAG_UNKNOWN | s->unknown_flags | (s->over ? RS_FLAG_SUM_OVER_100 : 0), s->unknown,
						 ranged ? NULL : &direct, a->high.unknown, a->high.unknown_flags,
						 a->low.unknown, a->low.unknown_flags);
	}
	if (s->has_closed)
		put_rest(l, name, RS_FLAG_CLOSED_LOOP, s->closed, NULL);
}

static void
put_pending(LookThrough *l)
{
	if (l->pending != NULL)
		put_answer(l, l->pending);
	l->pending = NULL;
}

/*
 * Solve a target, and write the one before it: names lie anywhere in memory,
 * and are on the way while the next target is solved.
 */
#define NAMES_AHEAD 256

static void
look_at(LookThrough *l, uint32 target, bool asked)
{
	RsOwnershipGraph *g = l->h->graph;
	Answer	   *a = &l->answer[l->pending == &l->answer[0]];

	if (!l->downwards && g->in_start[target] == g->in_start[target + 1])
	{
		RsReal all = 1;

		put_pending(l);
		if (asked)
			put_bounded_rest(l, rs_holdings_name(l->h, target), RS_FLAG_UNKNOWN | RS_FLAG_NO_HOLDERS, 1, &all, 1, 0, 1, 0);
		return;
	}
	a->target = target;
	rs_system_solve(l->system, target, l->downwards, &a->stakes);
	if (l->low != NULL)
	{
		rs_system_solve(l->low, target, l->downwards, &a->low);
		rs_system_solve(l->high, target, l->downwards, &a->high);
	}
	for (uint64 i = 0; i < a->stakes.n && i < NAMES_AHEAD; i++)
		__builtin_prefetch(&l->h->name[a->stakes.stake[i].node]);
	put_pending(l);
	l->pending = a;
}

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

/*
 * Solve and write the targets (NULL: everybody) of the holdings that were read.
 * Of whom somebody asked by name there is a row even if nothing is known.
 */
static void
look_at_all(LookThrough *l, RsHoldings *h, const uint32 *target, uint32 ntargets, bool asked)
{
	RsOwnershipGraph *g;

	l->h = h;
	memset(l->answer, 0, sizeof(l->answer));
	if (h->graph == NULL)
		rs_holdings_build(h);
	rs_holdings_name_all(h);
	g = h->graph;
	l->system = rs_system_create(g, RS_BASIS_SHARE, l->normalise);
	if (l->refuse)
		refuse_over_one(h, l->system);
	l->low = l->high = NULL;
	if (g->value[RS_V_MIN] != NULL)
	{
		l->low = rs_system_create(g, RS_BASIS_MIN, l->normalise);
		l->high = rs_system_create(g, RS_BASIS_MAX, l->normalise);
	}
	if (target != NULL)
	{
		bool	   *done = rs_alloc0(h->budget, h->nids, sizeof(bool), "targets");

		for (uint32 i = 0; i < ntargets; i++)
			if (!done[target[i]])
			{
				done[target[i]] = true;
				look_at(l, h->node_of[target[i]], asked);
			}
	}
	else
		for (uint32 k = 0; k < g->nnodes; k++)
			if (l->downwards ? g->out_start[k] < g->out_start[k + 1] : g->in_start[k] < g->in_start[k + 1])
				look_at(l, k, false);
	put_pending(l);
}

/* Solving a ring of so many again and again would cost more than parts gain. */
#define LARGE_RING 8

static bool
has_large_ring(RsOwnershipGraph *g)
{
	rs_ownership_components(g);
	for (uint32 c = 0; c < g->ncomponents; c++)
		if (g->component_start[c + 1] - g->component_start[c] > LARGE_RING)
			return true;
	return false;
}

/*
 * Of an ownership graph, few targets at a time: all that is known of the
 * parties around them stays in the processor's caches. Those around a large
 * ring come last and together, so that it is solved once. False: none is left.
 */
static bool
look_at_part(LookThrough *l)
{
	RsHoldings *h;
	uint32	   *id,
				n;

	MemoryContextReset(l->part);
	h = rs_kept_parts_next(l->parts, l->part, !l->downwards, l->phase == PHASE_LARGE_RINGS, &id, &n);
	if (h == NULL)
		return false;
	rs_holdings_build(h);
	if (l->phase == PHASE_PARTS && l->parts->at < l->parts->n + l->parts->ndeferred && has_large_ring(h->graph))
		rs_kept_parts_defer(l->parts, n);
	else
		look_at_all(l, h, id, n, l->targets != NULL);
	return true;
}

static void
look_at_whole(LookThrough *l)
{
	if (l->targets != NULL)
		rs_holdings_load_around(l->whole, l->asked, l->nasked, !l->downwards);
	else
		rs_holdings_load_all(l->whole);
	look_at_all(l, l->whole, l->asked, l->nasked, l->targets != NULL);
}

static void
open_whole(LookThrough *l)
{
	l->whole = rs_holdings_open(l->holdings, l->budget, RS_CLASSES_EQUITY, l->assets,
								l->assets ? RS_ALLOW_ANY : l->downwards ? RS_ALLOW_NEGATIVE : 0, l->bad_rows,
								l->as_of, l->known_at);
	rs_holdings_ignore(l->whole, RS_H_VOTES);
	if (l->targets != NULL)
		l->asked = rs_holdings_ids(l->whole, l->targets, "targets", &l->nasked);
}

static void
begin_rows(LookThrough *l)
{
	if (!rs_holdings_are_kept(l->holdings))
	{
		SPI_connect();
		open_whole(l);
		look_at_whole(l);
		rs_holdings_close(l->whole);
		l->whole = NULL;
		SPI_finish();
		l->phase = PHASE_END;
		return;
	}
	open_whole(l);
	/* who is to be refused is counted over everything */
	if (l->refuse)
	{
		look_at_whole(l);
		l->phase = PHASE_END;
		return;
	}
	l->parts = l->targets != NULL ? rs_kept_parts_of(l->whole, l->asked, l->nasked) :
		rs_kept_parts_all(l->whole, !l->downwards);
	if (!l->downwards && !l->assets && l->max_layers == 0)
		l->plain = rs_plain_rows_open(l->budget, l->whole, l->parts, &l->flags, l->targets != NULL);
	l->phase = l->plain != NULL ? PHASE_PLAIN : PHASE_PARTS;
}

static RsRowsMade
next_rows(void *state, RsResultRow *row)
{
	LookThrough *l = state;
	MemoryContext old;

	l->row = row;
	switch (l->phase)
	{
		case PHASE_BEGIN:
			begin_rows(l);
			return RS_ROWS_PUT;
		case PHASE_PLAIN:
			if (rs_plain_rows_next(l->plain, row))
				return RS_ROWS_HERE;
			l->phase = PHASE_PARTS;
			return RS_ROWS_PUT;
		case PHASE_PARTS:
		case PHASE_LARGE_RINGS:
			if (l->parts->n == 0)
				break;
			if (l->part == NULL)
				l->part = AllocSetContextCreate(l->budget, "risk_screen part", 0, 256 * 1024, ALLOCSET_DEFAULT_MAXSIZE);
			old = MemoryContextSwitchTo(l->part);
			if (!look_at_part(l))
				l->phase = rs_kept_parts_again(l->parts) ? PHASE_LARGE_RINGS : PHASE_END;
			MemoryContextSwitchTo(old);
			return RS_ROWS_PUT;
		case PHASE_END:
			break;
	}
	return RS_ROWS_END;
}

static void
close_rows(void *state)
{
	LookThrough *l = state;

	if (l->whole != NULL)
		rs_holdings_close(l->whole);
	MemoryContextDelete(l->budget);
}

/*
 * look_through(holdings text, targets text[], direction text, as_of date, max_layers int,
 *				over_one text, known_at timestamptz, bad_rows text)
 *	 returns (target text, party text, layers int, direct numeric, total numeric, net numeric,
 *			  ultimate boolean, in_cycle boolean, flags text[], total_min numeric, total_max numeric)
 *
 * Shares are fractions of 1. targets NULL: every company with holders (owners,
 * assets) or every party with holdings. as_of NULL: today in
 * risk_screen.time_zone, if the query has validity columns. Errors: 22023 bad
 * option, 23514 over_one => 'error', and the reader's. Cost: see
 * ownership_solve.c; with targets only what surrounds them is read.
 */
PG_FUNCTION_INFO_V1(rs_look_through);
Datum
rs_look_through(PG_FUNCTION_ARGS)
{
	LookThrough *l;
	MemoryContext budget;
	char	   *direction,
			   *over_one;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(2) || PG_ARGISNULL(5) || PG_ARGISNULL(7))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("arguments holdings, direction, over_one and bad_rows must not be null")));
	budget = rs_ownership_budget();
	l = rs_alloc0(budget, 1, sizeof(LookThrough), "look-through");
	l->budget = l->flags.budget = budget;
	direction = text_to_cstring(PG_GETARG_TEXT_PP(2));
	over_one = text_to_cstring(PG_GETARG_TEXT_PP(5));
	l->assets = strcmp(direction, "assets") == 0;
	l->downwards = strcmp(direction, "holdings") == 0;
	if (!l->assets && !l->downwards && strcmp(direction, "owners") != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("unknown direction \"%s\"", direction),
				 errhint("Use 'owners' (who holds the target), 'holdings' (what the target holds) or 'assets' (what the target is made of, shares being fractions of the owner).")));
	if (strcmp(over_one, "keep") != 0 && strcmp(over_one, "normalise") != 0 && strcmp(over_one, "error") != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("unknown over_one option \"%s\"", over_one),
				 errhint("Use 'keep', 'normalise' or 'error'.")));
	l->normalise = strcmp(over_one, "normalise") == 0;
	l->refuse = strcmp(over_one, "error") == 0;
	if (!PG_ARGISNULL(4))
	{
		l->max_layers = PG_GETARG_INT32(4);
		if (l->max_layers < 1)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("argument max_layers must be at least 1")));
	}
	l->holdings = text_to_cstring(PG_GETARG_TEXT_PP(0));
	l->bad_rows = text_to_cstring(PG_GETARG_TEXT_PP(7));
	if (!PG_ARGISNULL(1))
		l->targets = PG_GETARG_ARRAYTYPE_P(1);
	if (!PG_ARGISNULL(3))
	{
		l->day = PG_GETARG_DATEADT(3);
		l->as_of = &l->day;
	}
	if (!PG_ARGISNULL(6))
	{
		l->time = PG_GETARG_TIMESTAMPTZ(6);
		l->known_at = &l->time;
	}
	return rs_return_rows(fcinfo, &(RsRowSource) {next_rows, close_rows, l});
}
