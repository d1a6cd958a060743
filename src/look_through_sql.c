/*
 * src/look_through_sql.c
 *	  look_through(): who owns it, what does it own, what is it made of.
 *
 * Reads holdings (all of them, or what surrounds the targets), solves each
 * target with the engine of ownership_solve.c and writes one row for each
 * party met, plus rows without a party for the mass that has no named holder.
 * Of every target the totals of its ultimate rows sum to 1, unless a flag says
 * why not.
 */
#include "pg_compat.h"

#include "executor/spi.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "ownership_plain.h"
#include "ownership_sql.h"
#include "result_row.h"
#include "rs_memory.h"

typedef struct Answer			/* of one target */
{
	uint32		target;
	RsStakes	stakes,
				low,
				high;
} Answer;

typedef struct LookThrough
{
	MemoryContext budget;
	bool		normalise;		/* over_one */
	bool		refuse;
	RsHoldings *h;				/* what is being looked at, and its systems */
	RsResultRow row;
	RsSystem   *system,
			   *low,			/* share_min, share_max; NULL without ranges */
			   *high;
	Answer	   *pending;		/* solved, its rows not written yet */
	Answer		answer[2];
	bool		downwards;
	int			max_layers;		/* 0 = no limit */
	Datum	   *flag_array;		/* by slot of a small hash of masks */
	uint32	   *flag_mask;
} LookThrough;

/* Few masks occur: keep their arrays. */
#define FLAG_SLOTS 1024

static Datum
flags_datum(LookThrough *l, uint32 flags)
{
	uint32		slot = (flags * 0x9E3779B1u) >> 22;

	if (l->flag_array[slot] == (Datum) 0 || l->flag_mask[slot] != flags)
	{
		MemoryContext old = MemoryContextSwitchTo(l->budget);

		if (l->flag_array[slot] != (Datum) 0)
			pfree(DatumGetPointer(l->flag_array[slot]));
		l->flag_array[slot] = rs_flag_array(flags);
		l->flag_mask[slot] = flags;
		MemoryContextSwitchTo(old);
	}
	return l->flag_array[slot];
}

/* A number, or NULL where flags say that there is none. */
static void
put_share(LookThrough *l, RsReal share, bool none)
{
	if (none)
		rs_row_null(&l->row);
	else
		rs_row_share(&l->row, share);
}

/* total_min, total_max: a number that the two other systems also solved. */
static void
put_bounds(LookThrough *l, RsReal low, uint32 low_flags, RsReal high, uint32 high_flags)
{
	uint32		no_value = RS_FLAG_CLOSED_LOOP | RS_FLAG_RHO_GE_1;

	put_share(l, low, l->low == NULL || (low_flags & no_value) != 0);
	put_share(l, high, l->low == NULL || (high_flags & no_value) != 0);
}

static void
put_stake(LookThrough *l, const Answer *a, Datum target, uint64 i)
{
	RsOwnershipGraph *g = l->h->graph;
	const RsStake *stake = &a->stakes.stake[i];
	bool		none = (stake->flags & RS_FLAGS_NO_VALUE) != 0;
	RsResultRow *row = &l->row;

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
	put_share(l, stake->total, none);
	if (!none && stake->net == stake->total)
		rs_row_repeat(row);
	else
		put_share(l, stake->net, none);
	rs_row_bool(row, stake->ultimate);
	rs_row_bool(row, stake->in_cycle);
	rs_row_varlena(row, flags_datum(l, stake->flags));
	if (l->low != NULL)
		put_bounds(l, a->low.stake[i].total, a->low.stake[i].flags,
				   a->high.stake[i].total, a->high.stake[i].flags);
	else
		put_bounds(l, 0, 0, 0, 0);
	rs_row_put(row);
}

/* A row without a party: mass that no ultimate party has. */
static void
put_rest(LookThrough *l, Datum target, uint32 flags, RsReal mass, const RsReal *direct,
		 bool bounded, RsReal low, uint32 low_flags, RsReal high, uint32 high_flags)
{
	/* The loop's own mass is a number; only what passes the loop is not. */
	bool		none = (flags & (RS_FLAG_RHO_GE_1 | RS_FLAG_RANGE)) != 0 ||
		(flags & (RS_FLAG_CLOSED_LOOP | RS_FLAG_UNKNOWN)) == (RS_FLAG_CLOSED_LOOP | RS_FLAG_UNKNOWN);
	RsResultRow *row = &l->row;

	rs_row_varlena(row, target);
	rs_row_null(row);
	rs_row_null(row);
	put_share(l, direct == NULL ? 0 : *direct, direct == NULL);
	put_share(l, mass, none);
	put_share(l, mass, none);
	rs_row_bool(row, true);
	rs_row_bool(row, (flags & RS_FLAG_CLOSED_LOOP) != 0);
	rs_row_varlena(row, flags_datum(l, flags));
	if (bounded)
		put_bounds(l, low, low_flags, high, high_flags);
	else
	{
		rs_row_null(row);
		rs_row_null(row);
	}
	rs_row_put(row);
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
		put_rest(l, name, RS_FLAG_LAYERS_CUT | (cut_flags ? RS_FLAG_RANGE | cut_flags : 0), cut, NULL,
				 false, 0, 0, 0, 0);
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
		put_rest(l, name, RS_FLAG_UNKNOWN | s->unknown_flags | (s->over ? RS_FLAG_SUM_OVER_100 : 0), s->unknown, ranged ? NULL : &direct,
				 true, a->high.unknown, a->high.unknown_flags,
				 a->low.unknown, a->low.unknown_flags);
	}
	if (s->has_closed)
		put_rest(l, name, RS_FLAG_CLOSED_LOOP, s->closed, NULL, false, 0, 0, 0, 0);
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
			put_rest(l, rs_holdings_name(l->h, target), RS_FLAG_UNKNOWN | RS_FLAG_NO_HOLDERS, 1, &all, true, 1, 0, 1, 0);
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

/* ---------- plain companies of an ownership graph ---------- */

/*
 * A party's name, written where it is kept: reading back at once what was
 * written byte by byte stalls the processor.
 */
static inline void
put_node(LookThrough *l, RsHoldings *h, uint32 node)
{
	char	   *to = rs_row_text_begin(&l->row, RS_NAME_BYTES);
	int			n = rs_kept_write_node(h, node, to, RS_NAME_BYTES);

	if (n >= 0)
		rs_row_text_end(&l->row, n);
	else
	{
		rs_row_take_back(&l->row);
		rs_row_varlena(&l->row, rs_kept_node_text(h, node));
	}
}

/* All rows of a target that the solver was not needed for. */
static void
put_plain(LookThrough *l, RsHoldings *h, uint32 target, const RsPlainOwners *owners, bool asked)
{
	const RsOwnershipHeader *header = rs_kept_file(h)->header;
	Datum		name = rs_kept_node_text(h, target);
	RsResultRow *row = &l->row;
	RsReal		one = 1,
				direct = 1;

	if (!owners->held)
	{
		if (asked)
			put_rest(l, name, RS_FLAG_UNKNOWN | RS_FLAG_NO_HOLDERS, 1, &direct, false, 0, 0, 0, 0);
		return;
	}
	for (int i = 0; i < header->scale[RS_V_SHARE]; i++)
		one *= 10;
	for (uint32 i = 0; i < owners->n; i++)
	{
		const RsPlainParty *party = &owners->party[i];

		rs_row_varlena(row, name);
		put_node(l, h, party->node);
		rs_row_int4(row, (int32) party->layers);
		if (party->direct == 0)
			rs_row_zero(row);
		else
			rs_row_exact(row, party->direct, header->scale[RS_V_SHARE]);
		/* most of those who hold directly hold nothing else; totals have 15 digits */
		if (party->direct != 0 && header->scale[RS_V_SHARE] <= 15 && (RsReal) party->direct / one == party->total)
			rs_row_repeat(row);
		else
			rs_row_share(row, party->total);
		rs_row_repeat(row);
		rs_row_bool(row, party->ultimate);
		rs_row_bool(row, false);
		rs_row_varlena(row, flags_datum(l, party->flags));
		rs_row_null(row);
		rs_row_null(row);
		rs_row_put(row);
	}
	if (owners->unknown > 0)
	{
		direct = (one - owners->known) / one;
		put_rest(l, name, RS_FLAG_UNKNOWN, owners->unknown, &direct, false, 0, 0, 0, 0);
	}
}

/* Answer the targets that are plain; the others remain in parts. */
static void
look_at_plain(LookThrough *l, RsHoldings *h, RsKeptParts *parts, bool asked)
{
	const RsOwnershipFile *f = rs_kept_file(h);
	RsPlain    *plain = rs_plain_create(l->budget, f, &h->options);
	MemoryContext names,
				old;
	RsPlainOwners owners;
	uint64		left = 0;

	if (plain == NULL)
		return;
	names = AllocSetContextCreate(l->budget, "risk_screen names", ALLOCSET_SMALL_SIZES);
	for (uint64 i = 0; i < parts->n; i++)
	{
		int64		target = parts->target[i];

		if (i + 8 < parts->n && parts->target[i + 8] < f->header->nnodes)
			rs_plain_prefetch(f, (uint32) parts->target[i + 8], true);
		if (i + 4 < parts->n && parts->target[i + 4] < f->header->nnodes)
			rs_plain_prefetch(f, (uint32) parts->target[i + 4], false);
		if (target >= f->header->nnodes || rs_plain_is_futile(plain) ||
			!rs_plain_solve(plain, (uint32) target, &owners))
		{
			parts->target[left++] = target;
			continue;
		}
		old = MemoryContextSwitchTo(names);
		put_plain(l, h, (uint32) target, &owners, asked);
		MemoryContextSwitchTo(old);
		MemoryContextReset(names);
		if ((i & 0xFF) == 0)
			CHECK_FOR_INTERRUPTS();
	}
	parts->n = left;
	MemoryContextDelete(names);
}

/*
 * Of an ownership graph, few targets at a time: all that is known of the
 * parties around them stays in the processor's caches. Those around a large
 * ring come last and together, so that it is solved once.
 */
static void
look_in_parts(LookThrough *l, RsHoldings *whole, const uint32 *asked, uint32 nasked)
{
	MemoryContext part;
	RsKeptParts *parts = asked ? rs_kept_parts_of(whole, asked, nasked) : rs_kept_parts_all(whole, !l->downwards);
	bool		rest = false;

	if (!l->downwards && !whole->swapped && l->max_layers == 0)
		look_at_plain(l, whole, parts, asked != NULL);
	if (parts->n == 0)
		return;
	part = AllocSetContextCreate(l->budget, "risk_screen part", 0, 256 * 1024, ALLOCSET_DEFAULT_MAXSIZE);
	do
	{
		RsHoldings *h;
		uint32	   *id,
					n;

		while ((h = rs_kept_parts_next(parts, part, !l->downwards, rest, &id, &n)) != NULL)
		{
			rs_holdings_build(h);
			if (!rest && parts->at < parts->n + parts->ndeferred && has_large_ring(h->graph))
				rs_kept_parts_defer(parts, n);
			else
				look_at_all(l, h, id, n, asked != NULL);
			MemoryContextReset(part);
		}
		rest = true;
	} while (rs_kept_parts_again(parts));
	MemoryContextDelete(part);
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
	LookThrough l = {0};
	MemoryContext budget;
	RsHoldings *h;
	char	   *direction,
			   *over_one;
	DateADT		as_of = 0;
	TimestampTz known_at = 0;
	bool		assets;
	uint32	   *asked = NULL;
	uint32		nasked = 0;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(2) || PG_ARGISNULL(5) || PG_ARGISNULL(7))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("arguments holdings, direction, over_one and bad_rows must not be null")));
	direction = text_to_cstring(PG_GETARG_TEXT_PP(2));
	over_one = text_to_cstring(PG_GETARG_TEXT_PP(5));
	assets = strcmp(direction, "assets") == 0;
	l.downwards = strcmp(direction, "holdings") == 0;
	if (!assets && !l.downwards && strcmp(direction, "owners") != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("unknown direction \"%s\"", direction),
				 errhint("Use 'owners' (who holds the target), 'holdings' (what the target holds) or 'assets' (what the target is made of, shares being fractions of the owner).")));
	if (strcmp(over_one, "keep") != 0 && strcmp(over_one, "normalise") != 0 && strcmp(over_one, "error") != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("unknown over_one option \"%s\"", over_one),
				 errhint("Use 'keep', 'normalise' or 'error'.")));
	if (!PG_ARGISNULL(4))
	{
		l.max_layers = PG_GETARG_INT32(4);
		if (l.max_layers < 1)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("argument max_layers must be at least 1")));
	}
	if (!PG_ARGISNULL(3))
		as_of = PG_GETARG_DATEADT(3);
	if (!PG_ARGISNULL(6))
		known_at = PG_GETARG_TIMESTAMPTZ(6);

	InitMaterializedSRF(fcinfo, 0);
	rs_result_row_open(&l.row, (ReturnSetInfo *) fcinfo->resultinfo);
	budget = rs_ownership_budget();
	SPI_connect();
	h = rs_holdings_open(text_to_cstring(PG_GETARG_TEXT_PP(0)), budget, RS_CLASSES_EQUITY, assets,
						 assets ? RS_ALLOW_ANY : l.downwards ? RS_ALLOW_NEGATIVE : 0, text_to_cstring(PG_GETARG_TEXT_PP(7)),
						 PG_ARGISNULL(3) ? NULL : &as_of, PG_ARGISNULL(6) ? NULL : &known_at);
	rs_holdings_ignore(h, RS_H_VOTES);
	if (!PG_ARGISNULL(1))
		asked = rs_holdings_ids(h, PG_GETARG_ARRAYTYPE_P(1), "targets", &nasked);
	l.budget = budget;
	l.normalise = strcmp(over_one, "normalise") == 0;
	l.refuse = strcmp(over_one, "error") == 0;
	l.flag_array = rs_alloc0(budget, FLAG_SLOTS, sizeof(Datum), "flags");
	l.flag_mask = rs_alloc0(budget, FLAG_SLOTS, sizeof(uint32), "flags");
	/* who is to be refused is counted over everything */
	if (h->kept && !l.refuse)
		look_in_parts(&l, h, asked, nasked);
	else
	{
		if (asked != NULL)
			rs_holdings_load_around(h, asked, nasked, !l.downwards);
		else
			rs_holdings_load_all(h);
		look_at_all(&l, h, asked, nasked, asked != NULL);
	}
	rs_holdings_close(h);
	SPI_finish();
	MemoryContextDelete(budget);
	rs_result_row_close(&l.row);
	return (Datum) 0;
}
