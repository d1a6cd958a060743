/*
 * src/look_through_sql.c
 *	  look_through(): who owns it, what does it own, what is it made of.
 *
 * Reads holdings (all of them, or what surrounds the targets) and returns one
 * row for each party met, plus rows without a party for the mass that has no
 * named holder. Of every target the totals of its ultimate rows sum to 1,
 * unless a flag says why not.
 *
 * Rows are made as they are wanted (src/row_scan.h): of an ownership graph
 * first those of plain companies (src/look_through_plain.c), then those of the
 * others, a part of the targets at a time (src/look_through_solved.c); of a
 * query, which is read first, those of all targets together.
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

/* What is still to come. */
typedef enum Phase
{
	PHASE_BEGIN,				/* everything */
	PHASE_PLAIN,				/* of a graph: plain companies, then */
	PHASE_PARTS,				/* the other targets in parts, then */
	PHASE_LARGE_RINGS,			/* those around large rings together */
	PHASE_WHOLE,				/* what was read at once */
	PHASE_END
} Phase;

typedef struct LookThrough
{
	MemoryContext budget;
	Phase		phase;
	RsLookOptions options;
	char	   *holdings;		/* arguments */
	ArrayType  *targets;		/* NULL: everybody */
	const DateADT *as_of;		/* NULL: today */
	const TimestampTz *known_at;	/* NULL: what is known now */
	DateADT		day;
	TimestampTz time;
	char	   *bad_rows;
	bool		assets;
	RsHoldings *whole;			/* what the question is put to; NULL: closed */
	uint32	   *asked;			/* its targets, by number */
	uint32		nasked;
	RsKeptParts *parts;			/* of a graph's targets */
	MemoryContext part;			/* of one of these */
	RsPlainRows *plain;
	RsSolvedRows *solved;		/* of what was read; NULL: nothing was, or all its rows were returned */
	RsFlagArrays flags;
} LookThrough;

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
open_part(LookThrough *l)
{
	MemoryContext old;
	RsHoldings *h;
	uint32	   *id,
				n;

	if (l->part == NULL)
		l->part = AllocSetContextCreate(l->budget, "risk_screen part", 0, 256 * 1024, ALLOCSET_DEFAULT_MAXSIZE);
	do
	{
		MemoryContextReset(l->part);
		old = MemoryContextSwitchTo(l->part);
		h = rs_kept_parts_next(l->parts, l->part, !l->options.downwards, l->phase == PHASE_LARGE_RINGS, &id, &n);
		if (h != NULL)
		{
			rs_holdings_build(h);
			if (l->phase == PHASE_PARTS && l->parts->at < l->parts->n + l->parts->ndeferred && has_large_ring(h->graph))
				rs_kept_parts_defer(l->parts, n);
			else
				l->solved = rs_solved_rows_open(h, id, n, &l->options, &l->flags);
		}
		MemoryContextSwitchTo(old);
	} while (h != NULL && l->solved == NULL);
	return h != NULL;
}

static void
read_whole(LookThrough *l)
{
	if (l->targets != NULL)
		rs_holdings_load_around(l->whole, l->asked, l->nasked, !l->options.downwards);
	else
		rs_holdings_load_all(l->whole);
}

static void
open_whole(LookThrough *l)
{
	l->whole = rs_holdings_open(l->holdings, l->budget, RS_CLASSES_EQUITY, l->assets,
								l->assets ? RS_ALLOW_ANY : l->options.downwards ? RS_ALLOW_NEGATIVE : 0, l->bad_rows,
								l->as_of, l->known_at);
	rs_holdings_ignore(l->whole, RS_H_VOTES);
	if (l->targets != NULL)
		l->asked = rs_holdings_ids(l->whole, l->targets, "targets", &l->nasked);
}

/* Of a query: read, and be done with it. */
static RsHoldings *
read_query(LookThrough *l)
{
	RsHoldings *h;

	SPI_connect();
	open_whole(l);
	read_whole(l);
	h = l->whole;
	l->whole = NULL;
	rs_holdings_close(h);
	SPI_finish();
	return h;
}

static Phase
begin(LookThrough *l)
{
	RsHoldings *h;

	if (!rs_holdings_are_kept(l->holdings))
		h = read_query(l);
	else
	{
		open_whole(l);
		h = l->whole;
		/* who is to be refused is counted over everything */
		if (l->options.refuse)
			read_whole(l);
		else
		{
			l->parts = l->targets != NULL ? rs_kept_parts_of(h, l->asked, l->nasked) :
				rs_kept_parts_all(h, !l->options.downwards);
			if (!l->options.downwards && !l->assets && l->options.max_layers == 0)
				l->plain = rs_plain_rows_open(l->budget, h, l->parts, &l->flags, l->targets != NULL);
			return l->plain != NULL ? PHASE_PLAIN : PHASE_PARTS;
		}
	}
	l->solved = rs_solved_rows_open(h, l->targets != NULL ? l->asked : NULL, l->nasked, &l->options, &l->flags);
	return PHASE_WHOLE;
}

static bool
next_row(void *state, RsResultRow *row)
{
	LookThrough *l = state;

	for (;;)
	{
		if (l->phase == PHASE_PLAIN)
		{
			if (rs_plain_rows_next(l->plain, row))
				return true;
			l->phase = PHASE_PARTS;
		}
		if (l->solved != NULL)
		{
			if (rs_solved_rows_next(l->solved, row))
				return true;
			l->solved = NULL;
		}
		switch (l->phase)
		{
			case PHASE_BEGIN:
				l->phase = begin(l);
				break;
			case PHASE_PARTS:
			case PHASE_LARGE_RINGS:
				if (!open_part(l))
					l->phase = rs_kept_parts_again(l->parts) ? PHASE_LARGE_RINGS : PHASE_END;
				break;
			default:
				return false;
		}
	}
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
	l->options.downwards = strcmp(direction, "holdings") == 0;
	if (!l->assets && !l->options.downwards && strcmp(direction, "owners") != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("unknown direction \"%s\"", direction),
				 errhint("Use 'owners' (who holds the target), 'holdings' (what the target holds) or 'assets' (what the target is made of, shares being fractions of the owner).")));
	if (strcmp(over_one, "keep") != 0 && strcmp(over_one, "normalise") != 0 && strcmp(over_one, "error") != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("unknown over_one option \"%s\"", over_one),
				 errhint("Use 'keep', 'normalise' or 'error'.")));
	l->options.normalise = strcmp(over_one, "normalise") == 0;
	l->options.refuse = strcmp(over_one, "error") == 0;
	if (!PG_ARGISNULL(4))
	{
		l->options.max_layers = PG_GETARG_INT32(4);
		if (l->options.max_layers < 1)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("argument max_layers must be at least 1")));
	}
	l->holdings = text_to_cstring(PG_GETARG_TEXT_PP(0));
	l->bad_rows = text_to_cstring(PG_GETARG_TEXT_PP(7));
	if (!PG_ARGISNULL(1))
		l->targets = PG_GETARG_ARRAYTYPE_P(1);
	l->options.asked = l->targets != NULL;
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
	return rs_return_rows(fcinfo, &(RsRowSource) {next_row, close_rows, l});
}
