/*
 * src/final_investors_sql.c
 *	  final_investors(): who is behind a product.
 *
 * Looks up through vehicles that pool investors (partnership,
 * contract, plan, trust) and counts persons and companies behind them once
 * each, by identity document if given (私募投资基金监督管理暂行办法 第13条: merge);
 * exempt investors count as one and are not looked through. Each vehicle is
 * visited once, so rings end; a ring of vehicles that nobody outside invests in
 * has no final investor and says so. How much of the product that is, the
 * solver of look_through() tells, on the holdings of vehicles alone.
 *
 * Cost: O(holdings of the vehicles above) for each product; O(holdings of all
 * vehicles) for one that is itself not looked through.
 */
#include "pg_compat.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "party_reader.h"
#include "rs_memory.h"

static const char purpose[] = "products";

typedef struct Count
{
	RsHoldings *h;
	RsParties  *parties;
	uint32		round;
	uint32	   *visited;		/* by node: vehicle looked through this round */
	uint32	   *parent;			/* by node: the vehicle below it */
	uint32	   *seen;			/* by node: counted, without identity document */
	uint32	   *seen_identity;	/* by identity, */
	uint32	   *person;			/* of which those of one party are one */
	uint32	   *queue;
	uint64		nqueue;
	RsOwnershipGraph *rings;	/* vehicles among themselves */
	bool	   *closed;			/* by component of it: a ring that nobody outside holds */
	uint32	   *loop;			/* by component: counted this round */
	RsSystem   *system;
	RsStakes	stakes;
} Count;

static bool
passes_through(const RsParty *party)
{
	return party->pass_through >= 0 ? party->pass_through != 0 : party->kind == RS_PARTY_VEHICLE;
}

static bool
contains_one(const char *text, const char *const *part, int n)
{
	for (int i = 0; i < n; i++)
		if (strstr(text, part[i]) != NULL)
			return true;
	return false;
}

/*
 * 50 for limited companies and partnerships, 200 for the rest, unless stated.
 * unknown: a form is given that is none of these; 200 may then be too lenient.
 */
static int64
limit_of(const RsParty *party, bool *unknown)
{
	static const char *const two_hundred[] = {"contract", "joint_stock", "joint stock", "trust", "plan", "股份", "契约", "信托", "计划"};
	static const char *const fifty[] = {"llc", "limited", "partnership", "合伙", "有限公司", "有限责任"};
	char	   *form;

	*unknown = false;
	if (party->max_investors >= 0)
		return party->max_investors;
	if (party->form == (Datum) 0)
		return 200;
	form = TextDatumGetCString(party->form);
	for (char *c = form; *c; c++)
		*c = pg_ascii_tolower((unsigned char) *c);
	/* A joint-stock company is a 股份有限公司: what it contains decides in this order. */
	if (contains_one(form, two_hundred, lengthof(two_hundred)))
		return 200;
	if (contains_one(form, fifty, lengthof(fifty)) || strcmp(form, "lp") == 0)
		return 50;
	*unknown = true;
	return 200;
}

/* Nothing held, or sold short, is no investment. */
static inline bool
invests(const RsOwnershipGraph *g, uint32 edge)
{
	return g->value[RS_V_SHARE][edge] > 0 || (g->edge_flags[edge] & (RS_FLAG_UNKNOWN_SHARE | RS_FLAG_RANGE)) != 0;
}

/*
 * Rings of vehicles that nobody outside holds. What is not looked through closes
 * no ring, though it may hold a vehicle and be held by it.
 */
static void
find_closed_rings(Count *c)
{
	RsOwnershipGraph *g = c->h->graph;
	RsOwnershipOptions options = {.classes = RS_CLASSES_EQUITY};
	RsHoldingRows *rows = rs_holding_rows_create(c->h->budget);
	RsOwnershipGraph *rings;

	for (uint32 e = 0; e < g->nedges; e++)
		if (invests(g, e) && passes_through(rs_party_of_node(c->parties, g->edge_owner[e])) &&
			passes_through(rs_party_of_node(c->parties, g->edge_owned[e])))
			rs_holding_rows_add(rows, &(RsHolding) {.owner = g->edge_owner[e], .owned = g->edge_owned[e]});
	c->rings = rings = rs_ownership_build(rows, g->nnodes, NULL, &options);
	rs_ownership_components(rings);
	c->closed = rs_alloc0(c->h->budget, rings->ncomponents, sizeof(bool), purpose);
	c->loop = rs_alloc0(c->h->budget, rings->ncomponents, sizeof(uint32), purpose);
	for (uint32 component = 0; component < rings->ncomponents; component++)
	{
		c->closed[component] = rs_ownership_is_cyclic(rings, component);
		for (uint32 i = rings->component_start[component]; c->closed[component] && i < rings->component_start[component + 1]; i++)
		{
			uint32		k = rings->component_node[i];

			for (uint32 e = g->in_start[k]; e < g->in_start[k + 1]; e++)
				if (invests(g, e) && rings->component[g->edge_owner[e]] != component)
					c->closed[component] = false;
		}
		if ((component & 0xFFFF) == 0)
			CHECK_FOR_INTERRUPTS();
	}
}

/* What a ring that owns itself declares, or one; nothing if the product is in it. */
static int64
declared_by_ring(Count *c, uint32 component, uint32 product)
{
	RsOwnershipGraph *g = c->rings;
	int64		declared = g->component[product] == component ? 0 : 1;
	bool		any = false;

	for (uint32 i = g->component_start[component]; i < g->component_start[component + 1]; i++)
	{
		int64		said = rs_party_of_node(c->parties, g->component_node[i])->declared;

		if (said >= 0)
			declared = any ? Max(declared, said) : said;
		any |= said >= 0;
	}
	return declared;
}

/* The holdings of vehicles, and of one product that is none (RS_NO_ID: without). */
static RsOwnershipGraph *
graph_of_vehicles(Count *c, MemoryContext context, uint32 product)
{
	RsOwnershipGraph *g = c->h->graph,
			   *part;
	RsOwnershipOptions options = {.classes = RS_CLASSES_EQUITY};
	RsHoldingRows *rows = rs_holding_rows_create(context);

	rows->has[RS_V_SHARE] = true;
	rows->scale[RS_V_SHARE] = g->scale;
	for (uint32 e = 0; e < g->nedges; e++)
		if (g->edge_owned[e] == product || passes_through(rs_party_of_node(c->parties, g->edge_owned[e])))
			rs_holding_rows_add(rows, &(RsHolding) {.owner = g->edge_owner[e], .owned = g->edge_owned[e],
								.value = {[RS_V_SHARE] = g->value[RS_V_SHARE][e]}, .known = 1 << RS_V_SHARE});
	part = rs_ownership_build(rows, g->nnodes, NULL, &options);
	/* What the numbers are worth. */
	for (uint32 e = 0; e < part->nedges; e++)
		part->edge_flags[e] |= g->edge_flags[rs_ownership_edge(g, part->edge_owner[e], part->edge_owned[e])];
	return part;
}

/* s: its memory lives as long as the system's. */
static bool
unnamed(Count *c, RsSystem *system, RsStakes *s, uint32 product, RsReal *part)
{
	rs_system_solve(system, product, false, s);
	*part = s->unknown + s->closed;
	if (s->unknown_flags & RS_FLAGS_NO_VALUE)
		return false;
	for (uint64 i = 0; i < s->n; i++)
	{
		const RsStake *stake = &s->stake[i];

		if (stake->flags & (RS_FLAG_NEGATIVE | RS_FLAG_RHO_GE_1))
			return false;
		if (!stake->ultimate || !passes_through(rs_party_of_node(c->parties, stake->node)))
			continue;
		if (stake->flags & RS_FLAGS_NO_VALUE)
			return false;
		*part += stake->total;
	}
	return true;
}

/* The fraction of the product behind which nobody is named; false: no number. */
static bool
unknown_part(Count *c, uint32 product, RsReal *part)
{
	MemoryContext context;
	RsStakes	stakes = {0};
	bool		valued;

	if (c->h->graph->in_start[product] == c->h->graph->in_start[product + 1])
	{
		*part = 1;
		return true;
	}
	if (passes_through(rs_party_of_node(c->parties, product)))
		return unnamed(c, c->system, &c->stakes, product, part);
	/* Not a vehicle: only in its own answer is it looked through. */
	context = AllocSetContextCreate(c->h->budget, "risk_screen product", ALLOCSET_DEFAULT_SIZES);
	valued = unnamed(c, rs_system_create(graph_of_vehicles(c, context, product), RS_BASIS_SHARE, true), &stakes, product, part);
	MemoryContextDelete(context);
	return valued;
}

static void
count_investors(Count *c, uint32 product, ReturnSetInfo *result)
{
	RsOwnershipGraph *g = c->h->graph;
	const RsParty *self = rs_party_of_node(c->parties, product);
	bool		unknown_form;
	int64		limit = limit_of(self, &unknown_form);
	int64		merged = 0,
				unmerged = 0,
				direct = 0,
				unknown = 0,
				unlisted = 0,
				exempt = 0;
	uint32		crossed = RS_NO_ID;
	bool		looped = false,
				owns_itself = false;
	RsReal		part;
	Datum		values[13];
	bool		nulls[13] = {false};
	Datum		flag[4];
	int			nflags = 0;

	if (++c->round == 0)
		ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED), errmsg("too many products")));
	c->nqueue = 0;
	c->queue[c->nqueue++] = product;
	c->visited[product] = c->round;
	c->parent[product] = RS_NO_ID;
	for (uint64 q = 0; q < c->nqueue; q++)
	{
		uint32		vehicle = c->queue[q];
		uint32		ring = c->rings->component[vehicle];
		int64		holders = 0;

		for (uint32 e = g->in_start[vehicle]; e < g->in_start[vehicle + 1]; e++)
		{
			uint32		holder = g->edge_owner[e];
			const RsParty *party = rs_party_of_node(c->parties, holder);

			if ((e & 0xFFFF) == 0)
				CHECK_FOR_INTERRUPTS();
			if (!invests(g, e))
				continue;
			if (holder == vehicle)
			{
				owns_itself |= vehicle == product;
				continue;
			}
			holders++;
			/* The product itself may be no vehicle, and is behind itself as little. */
			if (passes_through(party) || holder == product)
			{
				if (c->visited[holder] != c->round)
				{
					c->visited[holder] = c->round;
					c->parent[holder] = vehicle;
					c->queue[c->nqueue++] = holder;
				}
				continue;
			}
			unmerged++;
			if (party->identity != RS_NO_ID)
			{
				uint32		person = rs_group_find(c->person, party->identity);

				if (c->seen_identity[person] == c->round)
					continue;
				c->seen_identity[person] = c->round;
			}
			else
			{
				if (c->seen[holder] == c->round)
					continue;
				c->seen[holder] = c->round;
			}
			merged++;
			unlisted += party->kind == RS_PARTY_UNLISTED;
			exempt += party->kind == RS_PARTY_EXEMPT;
			if (merged > limit && crossed == RS_NO_ID)
				crossed = vehicle;
		}
		if (vehicle == product)
			direct = holders;
		if (c->closed[ring])
			looped = true;
		if (holders > 0 && c->closed[ring] && c->loop[ring] != c->round)
		{
			int64		declared = declared_by_ring(c, ring, product);

			c->loop[ring] = c->round;
			unknown++;
			merged += declared;
			unmerged += declared;
			if (merged > limit && crossed == RS_NO_ID)
				crossed = vehicle;
		}
		if (holders == 0)
		{
			/* Nobody named: what it declares, or one. */
			int64		declared = rs_party_of_node(c->parties, vehicle)->declared;

			unknown++;
			merged += declared >= 0 ? declared : (vehicle == product ? 0 : 1);
			unmerged += declared >= 0 ? declared : (vehicle == product ? 0 : 1);
			if (merged > limit && crossed == RS_NO_ID)
				crossed = vehicle;
		}
	}

	/* A product that is no vehicle is in no ring of vehicles: it may be held by itself alone, */
	looped |= owns_itself && direct == 0;
	/* or by vehicles behind which there is nobody but it. */
	if (direct > 0 && unmerged == 0 && unknown == 0)
	{
		looped = true;
		unknown = 1;
		for (uint64 q = 0; q < c->nqueue; q++)
			merged = Max(merged, rs_party_of_node(c->parties, c->queue[q])->declared);
		unmerged = merged;
		if (merged > limit)
			crossed = product;
	}

	values[0] = rs_holdings_name(c->h, product);
	nulls[1] = self->form == (Datum) 0;
	values[1] = self->form;
	values[2] = Int64GetDatum(limit);
	values[3] = Int64GetDatum(merged);
	values[4] = Int64GetDatum(unmerged);
	values[5] = Int64GetDatum(direct);
	values[6] = Int64GetDatum((int64) c->nqueue - 1);
	values[7] = Int64GetDatum(exempt);
	values[8] = Int64GetDatum(unknown);
	values[9] = BoolGetDatum(merged > limit);
	nulls[10] = crossed == RS_NO_ID;
	if (!nulls[10])
	{
		uint64		n = 0;
		uint32	   *route;

		for (uint32 v = crossed; v != RS_NO_ID; v = c->parent[v])
			n++;
		route = palloc(sizeof(uint32) * n);
		for (uint32 v = crossed; v != RS_NO_ID; v = c->parent[v])
			route[--n] = v;
		for (uint32 v = crossed; v != RS_NO_ID; v = c->parent[v])
			n++;
		values[10] = rs_holdings_names(c->h, route, n);
	}
	if (unknown > 0)
		flag[nflags++] = CStringGetTextDatum("UNKNOWN_INVESTORS");
	if (unlisted > 0)
		flag[nflags++] = CStringGetTextDatum("UNLISTED_PARTIES");
	if (looped)
		flag[nflags++] = CStringGetTextDatum("CLOSED_LOOP");
	if (unknown_form)
		flag[nflags++] = CStringGetTextDatum("UNKNOWN_FORM");
	values[11] = PointerGetDatum(construct_array(flag, nflags, TEXTOID, -1, false, TYPALIGN_INT));
	nulls[12] = !unknown_part(c, product, &part);
	if (!nulls[12])
		values[12] = rs_share_numeric(part);
	tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
}

/*
 * final_investors(holdings text, parties text, products text[], as_of date,
 *				   known_at timestamptz, bad_rows text)
 *	 returns (product text, form text, max_investors bigint, investors bigint, unmerged bigint,
 *			  direct_holders bigint, vehicles bigint, exempt bigint, unknown bigint,
 *			  exceeded boolean, route text[], flags text[], unknown_share numeric)
 *
 * investors: distinct persons and companies behind the product. unmerged: the
 * same without removing those who come by several ways. unknown: vehicles
 * without named holders, and rings of vehicles that only hold each other
 * (CLOSED_LOOP), counted as declared or as one. unknown_share: the fraction of
 * the product behind which they stand; holdings of one product are amounts if
 * they sum to more than 1, else fractions of 1. NULL: a chain has no number. route: from the
 * product to the vehicle whose holders first cross the limit. products NULL:
 * every party that is looked through.
 */
PG_FUNCTION_INFO_V1(rs_final_investors);
Datum
rs_final_investors(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result;
	MemoryContext budget,
				row_context;
	RsHoldings *h;
	Count		c = {0};
	uint32	   *ids = NULL;
	uint32		nids = 0;
	uint64		kept = 0;
	bool	   *asked;
	bool		only_vehicles = true;
	char	   *bad_rows;
	DateADT		as_of = 0;
	TimestampTz known_at = 0;

	for (int i = 0; i < 6; i++)
		if (PG_ARGISNULL(i) && i != 2 && i != 3 && i != 4)
			ereport(ERROR,
					(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					 errmsg("only products, as_of and known_at may be null")));
	if (!PG_ARGISNULL(3))
		as_of = PG_GETARG_DATEADT(3);
	if (!PG_ARGISNULL(4))
		known_at = PG_GETARG_TIMESTAMPTZ(4);
	bad_rows = text_to_cstring(PG_GETARG_TEXT_PP(5));

	InitMaterializedSRF(fcinfo, 0);
	result = (ReturnSetInfo *) fcinfo->resultinfo;
	budget = rs_ownership_budget();
	row_context = AllocSetContextCreate(budget, "risk_screen row", ALLOCSET_SMALL_SIZES);
	SPI_connect();
	c.h = h = rs_holdings_open(text_to_cstring(PG_GETARG_TEXT_PP(0)), budget, RS_CLASSES_EQUITY, false, RS_ALLOW_ANY, bad_rows,
							   PG_ARGISNULL(3) ? NULL : &as_of, PG_ARGISNULL(4) ? NULL : &known_at);
	rs_holdings_ignore(h, RS_H_VOTES);
	if (PG_ARGISNULL(2))
		rs_holdings_load_all(h);
	else
	{
		ids = rs_holdings_ids(h, PG_GETARG_ARRAYTYPE_P(2), "products", &nids);
		rs_holdings_load_around(h, ids, nids, true);
	}
	c.parties = rs_parties_read(h, text_to_cstring(PG_GETARG_TEXT_PP(1)), "parties", bad_rows, ids != NULL);
	/* What companies and exempt investors are held by is not asked: the ways end there. */
	asked = rs_alloc0(budget, rs_interner_count(h->interner), sizeof(bool), purpose);
	for (uint32 i = 0; i < nids; i++)
		asked[ids[i]] = true;
	for (uint64 i = 0; i < h->rows->n; i++)
	{
		uint32		owned = h->rows->owned[i];

		bool		vehicle = owned < c.parties->nparties && passes_through(&c.parties->party[owned]);

		only_vehicles &= vehicle || !asked[owned];
		if (asked[owned] || vehicle)
			rs_holding_rows_move(h->rows, kept++, i);
	}
	h->rows->n = kept;
	rs_holdings_build(h);
	find_closed_rings(&c);
	c.system = rs_system_create(only_vehicles ? h->graph : graph_of_vehicles(&c, budget, RS_NO_ID), RS_BASIS_SHARE, true);

	c.visited = rs_alloc0(budget, h->nids, sizeof(uint32), purpose);
	c.parent = rs_alloc(budget, h->nids, sizeof(uint32), purpose);
	c.seen = rs_alloc0(budget, h->nids, sizeof(uint32), purpose);
	c.queue = rs_alloc(budget, h->nids, sizeof(uint32), purpose);
	c.seen_identity = rs_alloc0(budget, c.parties->identities ? rs_interner_count(c.parties->identities) : 0,
								sizeof(uint32), purpose);
	c.person = rs_groups_create(budget, c.parties->identities ? rs_interner_count(c.parties->identities) : 0);
	for (uint64 i = 0; i < c.parties->nsame; i += 2)
		rs_group_join(c.person, c.parties->same[i], c.parties->same[i + 1]);
	for (uint32 i = 0; i < (ids ? nids : h->graph->nnodes); i++)
	{
		uint32		node = ids ? h->node_of[ids[i]] : i;
		MemoryContext old;

		if (ids == NULL && !passes_through(rs_party_of_node(c.parties, node)))
			continue;
		old = MemoryContextSwitchTo(row_context);
		count_investors(&c, node, result);
		MemoryContextSwitchTo(old);
		MemoryContextReset(row_context);
	}
	rs_holdings_close(h);
	SPI_finish();
	MemoryContextDelete(budget);
	return (Datum) 0;
}
