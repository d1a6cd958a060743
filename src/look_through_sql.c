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

#include "ownership_sql.h"
#include "rs_memory.h"

#define COLUMNS 11

typedef struct LookThrough
{
	RsHoldings *h;
	ReturnSetInfo *result;
	MemoryContext row_context;
	RsSystem   *system,
			   *low,			/* share_min, share_max; NULL without ranges */
			   *high;
	RsStakes	stakes,
				low_stakes,
				high_stakes;
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
		MemoryContext old = MemoryContextSwitchTo(l->h->budget);

		if (l->flag_array[slot] != (Datum) 0)
			pfree(DatumGetPointer(l->flag_array[slot]));
		l->flag_array[slot] = rs_flag_array(flags);
		l->flag_mask[slot] = flags;
		MemoryContextSwitchTo(old);
	}
	return l->flag_array[slot];
}

static void
put(LookThrough *l, Datum *values, bool *nulls)
{
	tuplestore_putvalues(l->result->setResult, l->result->setDesc, values, nulls);
	MemoryContextReset(l->row_context);
}

/* total_min, total_max of a number that the two other systems also solved. */
static void
put_bounds(LookThrough *l, RsReal low, uint32 low_flags, RsReal high, uint32 high_flags,
		   Datum *values, bool *nulls)
{
	uint32		no_value = RS_FLAG_CLOSED_LOOP | RS_FLAG_RHO_GE_1;

	nulls[9] = l->low == NULL || (low_flags & no_value) != 0;
	if (!nulls[9])
		values[9] = rs_share_numeric(low);
	nulls[10] = l->low == NULL || (high_flags & no_value) != 0;
	if (!nulls[10])
		values[10] = rs_share_numeric(high);
}

static void
put_stake(LookThrough *l, Datum target, uint64 i)
{
	RsOwnershipGraph *g = l->h->graph;
	const RsStake *stake = &l->stakes.stake[i];
	Datum		values[COLUMNS];
	bool		nulls[COLUMNS] = {false};
	MemoryContext old = MemoryContextSwitchTo(l->row_context);

	values[0] = target;
	values[1] = rs_holdings_name(l->h, stake->node);
	values[2] = Int32GetDatum((int32) stake->layers);
	if (stake->direct_edge == RS_NO_EDGE)
		values[3] = rs_share_numeric(0);
	else
	{
		int128		direct = g->value[RS_V_SHARE][stake->direct_edge];

		nulls[3] = direct == 0 &&
			(g->edge_flags[stake->direct_edge] & (RS_FLAG_UNKNOWN_SHARE | RS_FLAG_RANGE)) != 0;
		values[3] = rs_exact_numeric(direct, g->scale);
	}
	nulls[4] = nulls[5] = (stake->flags & RS_FLAGS_NO_VALUE) != 0;
	if (!nulls[4])
	{
		values[4] = rs_share_numeric(stake->total);
		values[5] = stake->net == stake->total ? values[4] : rs_share_numeric(stake->net);
	}
	values[6] = BoolGetDatum(stake->ultimate);
	values[7] = BoolGetDatum(stake->in_cycle);
	values[8] = flags_datum(l, stake->flags);
	if (l->low != NULL)
		put_bounds(l, l->low_stakes.stake[i].total, l->low_stakes.stake[i].flags,
				   l->high_stakes.stake[i].total, l->high_stakes.stake[i].flags, values, nulls);
	else
		nulls[9] = nulls[10] = true;
	put(l, values, nulls);
	MemoryContextSwitchTo(old);
}

/* A row without a party: mass that no ultimate party has. */
static void
put_rest(LookThrough *l, Datum target, uint32 flags, RsReal mass, const RsReal *direct,
		 bool bounded, RsReal low, uint32 low_flags, RsReal high, uint32 high_flags)
{
	Datum		values[COLUMNS];
	bool		nulls[COLUMNS] = {false};
	MemoryContext old = MemoryContextSwitchTo(l->row_context);

	values[0] = target;
	nulls[1] = nulls[2] = true;
	nulls[3] = direct == NULL;
	if (direct != NULL)
		values[3] = rs_share_numeric(*direct);
	/* The loop's own mass is a number; only what passes the loop is not. */
	nulls[4] = nulls[5] = (flags & (RS_FLAG_RHO_GE_1 | RS_FLAG_RANGE)) != 0 ||
		(flags & (RS_FLAG_CLOSED_LOOP | RS_FLAG_UNKNOWN)) == (RS_FLAG_CLOSED_LOOP | RS_FLAG_UNKNOWN);
	if (!nulls[4])
		values[4] = values[5] = rs_share_numeric(mass);
	values[6] = BoolGetDatum(true);
	values[7] = BoolGetDatum((flags & RS_FLAG_CLOSED_LOOP) != 0);
	values[8] = flags_datum(l, flags);
	nulls[9] = nulls[10] = true;
	if (bounded && l->low != NULL)
		put_bounds(l, low, low_flags, high, high_flags, values, nulls);
	put(l, values, nulls);
	MemoryContextSwitchTo(old);
}

static void
look_at(LookThrough *l, uint32 target, bool asked)
{
	RsOwnershipGraph *g = l->h->graph;
	RsStakes   *s = &l->stakes;
	Datum		name = rs_holdings_name(l->h, target);
	RsReal cut = 0;
	uint32		cut_flags = 0;
	uint64		ncut = 0;

	if (!l->downwards && g->in_start[target] == g->in_start[target + 1])
	{
		RsReal all = 1;

		if (asked)
			put_rest(l, name, RS_FLAG_UNKNOWN | RS_FLAG_NO_HOLDERS, 1, &all, true, 1, 0, 1, 0);
		return;
	}
	rs_system_solve(l->system, target, l->downwards, s);
	if (l->low != NULL)
	{
		rs_system_solve(l->low, target, l->downwards, &l->low_stakes);
		rs_system_solve(l->high, target, l->downwards, &l->high_stakes);
	}
	for (uint64 i = 0; i < s->n; i++)
	{
		/* Names lie anywhere in memory: have them on the way before their turn. */
		if (i + 8 < s->n)
			__builtin_prefetch(&l->h->name[s->stake[i + 8].node]);
		if (i + 4 < s->n)
			__builtin_prefetch(DatumGetPointer(l->h->name[s->stake[i + 4].node]));
		if (l->max_layers > 0 && s->stake[i].layers > (uint32) l->max_layers)
		{
			ncut++;
			cut_flags |= s->stake[i].flags & RS_FLAGS_NO_VALUE & (s->stake[i].ultimate ? ~0u : 0);
			if (s->stake[i].ultimate)
				cut += s->stake[i].total;
			continue;
		}
		put_stake(l, name, i);
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
		RsReal direct;

		for (uint32 e = g->in_start[target]; e < g->in_start[target + 1]; e++)
			known += g->value[RS_V_SHARE][e];
		direct = (RsReal) Max(0, g->one - known) / (RsReal) g->one;
		put_rest(l, name, RS_FLAG_UNKNOWN | s->unknown_flags | (s->over ? RS_FLAG_SUM_OVER_100 : 0), s->unknown, &direct,
				 true, l->high_stakes.unknown, l->high_stakes.unknown_flags,
				 l->low_stakes.unknown, l->low_stakes.unknown_flags);
	}
	if (s->has_closed)
		put_rest(l, name, RS_FLAG_CLOSED_LOOP, s->closed, NULL, false, 0, 0, 0, 0);
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
	l.result = (ReturnSetInfo *) fcinfo->resultinfo;
	budget = rs_ownership_budget();
	l.row_context = AllocSetContextCreate(budget, "risk_screen row", ALLOCSET_SMALL_SIZES);
	SPI_connect();
	h = rs_holdings_open(text_to_cstring(PG_GETARG_TEXT_PP(0)), budget, RS_CLASSES_EQUITY, assets,
						 assets || l.downwards, text_to_cstring(PG_GETARG_TEXT_PP(7)),
						 PG_ARGISNULL(3) ? NULL : &as_of, PG_ARGISNULL(6) ? NULL : &known_at);
	l.h = h;
	rs_holdings_ignore(h, RS_H_VOTES);
	if (PG_ARGISNULL(1))
		rs_holdings_load_all(h);
	else
	{
		asked = rs_holdings_ids(h, PG_GETARG_ARRAYTYPE_P(1), "targets", &nasked);
		rs_holdings_load_around(h, asked, nasked, !l.downwards);
	}
	rs_holdings_build(h);

	l.flag_array = rs_alloc0(budget, FLAG_SLOTS, sizeof(Datum), "flags");
	l.flag_mask = rs_alloc0(budget, FLAG_SLOTS, sizeof(uint32), "flags");
	l.system = rs_system_create(h->graph, RS_BASIS_SHARE, strcmp(over_one, "normalise") == 0);
	if (strcmp(over_one, "error") == 0)
		refuse_over_one(h, l.system);
	if (h->graph->value[RS_V_MIN] != NULL)
	{
		l.low = rs_system_create(h->graph, RS_BASIS_MIN, strcmp(over_one, "normalise") == 0);
		l.high = rs_system_create(h->graph, RS_BASIS_MAX, strcmp(over_one, "normalise") == 0);
	}
	if (asked != NULL)
	{
		bool	   *done = rs_alloc0(budget, h->nids, sizeof(bool), "targets");

		for (uint32 i = 0; i < nasked; i++)
			if (!done[asked[i]])
			{
				done[asked[i]] = true;
				look_at(&l, h->node_of[asked[i]], true);
			}
	}
	else
		for (uint32 k = 0; k < h->graph->nnodes; k++)
		{
			RsOwnershipGraph *g = h->graph;

			if (l.downwards ? g->out_start[k] < g->out_start[k + 1] : g->in_start[k] < g->in_start[k + 1])
				look_at(&l, k, false);
		}
	rs_holdings_close(h);
	SPI_finish();
	MemoryContextDelete(budget);
	return (Datum) 0;
}
