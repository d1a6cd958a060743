/*
 * src/product_layers_sql.c
 *	  product_layers() and product_violations(): nested products.
 *
 * Both keep the holdings of products in products. product_layers() finds, for
 * each product, the longest chain of products below it, public funds not
 * counted (资管新规 第22条: one more layer, and that one may not invest in
 * products other than public funds). Components of the product graph come
 * owned before owner, so one pass suffices; a ring of products has no longest
 * chain and is its own finding. What is held with a share of 0 is not held.
 *
 * Cost: O(holdings), and of every product at most max_path parties of its
 * chain: all chains in full would be quadratic.
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

/* A link of unknown size, or with one among its rows, has no share to show. */
static inline bool
has_share(const RsOwnershipGraph *g, uint32 edge)
{
	return (g->edge_flags[edge] & (RS_FLAG_UNKNOWN_SHARE | RS_FLAG_RANGE)) == 0;
}

static inline bool
is_empty(const RsOwnershipGraph *g, uint32 edge)
{
	return g->value[RS_V_SHARE][edge] == 0 && has_share(g, edge);
}

typedef struct Layers			/* by node */
{
	int64		below;			/* counted products on the longest chain, -1 endless */
	uint32		next;			/* where that chain goes on; RS_NO_ID at its end */
	uint32		length;			/* parties of the chain, the one that closes a ring twice; 0 not known yet */
	int64		violations;		/* X -> Y -> Z, Z not a public fund */
	uint32		middle,			/* the first of them; RS_NO_ID: none */
				last;
	int64		direct;			/* non-public products held */
} Layers;

static void
measure(RsOwnershipGraph *g, const bool *public_fund, Layers *layers)
{
	rs_ownership_components(g);
	for (uint32 k = 0; k < g->nnodes; k++)
		for (uint32 o = g->out_start[k]; o < g->out_start[k + 1]; o++)
			layers[k].direct += !public_fund[g->edge_owned[g->out_edge[o]]];
	for (uint32 i = 0; i < g->nnodes; i++)
	{
		uint32		k = g->component_node[i];
		Layers	   *l = &layers[k];
		bool		cyclic = rs_ownership_is_cyclic(g, g->component[k]);

		if ((i & 0xFFF) == 0)
			CHECK_FOR_INTERRUPTS();
		l->next = l->middle = l->last = RS_NO_ID;
		l->below = cyclic ? -1 : 0;
		for (uint32 o = g->out_start[k]; o < g->out_start[k + 1]; o++)
		{
			uint32		y = g->edge_owned[g->out_edge[o]];
			int64		below;

			if (layers[y].direct > 0)
			{
				l->violations += layers[y].direct;
				if (l->middle == RS_NO_ID)
				{
					l->middle = y;
					for (uint32 p = g->out_start[y]; p < g->out_start[y + 1] && l->last == RS_NO_ID; p++)
						if (!public_fund[g->edge_owned[g->out_edge[p]]])
							l->last = g->edge_owned[g->out_edge[p]];
				}
			}
			if (cyclic)
			{
				/* Follow the ring. */
				if (g->component[y] == g->component[k] && l->next == RS_NO_ID)
					l->next = y;
				continue;
			}
			if (l->below < 0)
				continue;
			below = layers[y].below < 0 ? -1 : layers[y].below + !public_fund[y];
			if (below < 0 || below > l->below || l->next == RS_NO_ID)
			{
				l->next = y;
				l->below = below;
			}
		}
	}
}

/*
 * Lengths of the chains that `next` describes: one more than where it goes on,
 * and on a ring its members and the first of them again.
 */
static void
measure_chains(MemoryContext budget, uint32 n, Layers *layers)
{
	uint32	   *way = rs_alloc(budget, n, sizeof(uint32), purpose);
	uint32	   *place = rs_alloc0(budget, n, sizeof(uint32), purpose);	/* 1 + in way */

	for (uint32 k = 0; k < n; k++)
	{
		uint32		at = k;
		uint32		steps = 0;

		while (at != RS_NO_ID && layers[at].length == 0 && place[at] == 0)
		{
			way[steps++] = at;
			place[at] = steps;
			at = layers[at].next;
		}
		/* It came back to itself: from there on, a ring. */
		if (at != RS_NO_ID && layers[at].length == 0)
		{
			uint32		first = place[at] - 1;

			for (uint32 i = first; i < steps; i++)
				layers[way[i]].length = steps - first + 1;
		}
		while (steps-- > 0)
		{
			Layers	   *l = &layers[way[steps]];

			place[way[steps]] = 0;
			if (l->length == 0)
				l->length = 1 + (l->next == RS_NO_ID ? 0 : layers[l->next].length);
		}
		if ((k & 0xFFF) == 0)
			CHECK_FOR_INTERRUPTS();
	}
	pfree(place);
	pfree(way);
}

/* The graph without links of nothing. */
static RsOwnershipGraph *
drop_empty_links(RsOwnershipGraph *g)
{
	RsOwnershipOptions options = {.classes = RS_CLASSES_EQUITY};
	RsHoldingRows *rows;
	uint64		empty = 0;

	for (uint32 e = 0; e < g->nedges; e++)
		empty += is_empty(g, e);
	if (empty == 0)
		return g;
	rows = rs_holding_rows_create(g->budget);
	rows->has[RS_V_SHARE] = true;
	rows->scale[RS_V_SHARE] = g->scale;
	for (uint32 e = 0; e < g->nedges; e++)
		if (!is_empty(g, e))
			rs_holding_rows_add(rows, &(RsHolding) {.owner = g->edge_owner[e], .owned = g->edge_owned[e],
								.value = {[RS_V_SHARE] = g->value[RS_V_SHARE][e]},
								.known = has_share(g, e) ? 1 << RS_V_SHARE : 0});
	return rs_ownership_build(rows, g->nnodes, NULL, &options);
}

/* What both functions on nested products begin with. */
typedef struct Nesting
{
	MemoryContext budget,
				row_context;
	ReturnSetInfo *result;
	RsHoldings *h;
	RsParties  *parties;
	RsOwnershipGraph *g;
	bool	   *public_fund;	/* by node */
	Layers	   *layers;			/* by node */
} Nesting;

/* Arguments: 0 holdings, 1 products, 3 as_of, 4 known_at, 5 bad_rows. */
static void
open_nesting(Nesting *n, FunctionCallInfo fcinfo)
{
	DateADT		as_of = PG_ARGISNULL(3) ? 0 : PG_GETARG_DATEADT(3);
	TimestampTz known_at = PG_ARGISNULL(4) ? 0 : PG_GETARG_TIMESTAMPTZ(4);
	char	   *bad_rows = text_to_cstring(PG_GETARG_TEXT_PP(5));
	RsHoldingRows *rows;
	RsHoldings *h;
	uint64		kept = 0;

	InitMaterializedSRF(fcinfo, 0);
	n->result = (ReturnSetInfo *) fcinfo->resultinfo;
	n->budget = rs_ownership_budget();
	n->row_context = AllocSetContextCreate(n->budget, "risk_screen row", ALLOCSET_SMALL_SIZES);
	SPI_connect();
	n->h = h = rs_holdings_open(text_to_cstring(PG_GETARG_TEXT_PP(0)), n->budget, RS_CLASSES_EQUITY, false, RS_ALLOW_ANY, bad_rows,
								PG_ARGISNULL(3) ? NULL : &as_of, PG_ARGISNULL(4) ? NULL : &known_at);
	rs_holdings_ignore(h, RS_H_VOTES);
	rs_holdings_load_all(h);
	n->parties = rs_parties_read(h, text_to_cstring(PG_GETARG_TEXT_PP(1)), "products", bad_rows, false);

	/* Only holdings between products. */
	rows = h->rows;
	for (uint64 i = 0; i < rows->n; i++)
		if (rows->owner[i] < n->parties->nparties && rows->owned[i] < n->parties->nparties &&
			n->parties->party[rows->owner[i]].kind != RS_PARTY_UNLISTED &&
			n->parties->party[rows->owned[i]].kind != RS_PARTY_UNLISTED)
			rs_holding_rows_move(rows, kept++, i);
	rows->n = kept;
	rs_holdings_build(h);
	n->g = drop_empty_links(h->graph);

	n->layers = rs_alloc0(n->budget, n->g->nnodes, sizeof(Layers), purpose);
	n->public_fund = rs_alloc0(n->budget, n->g->nnodes, sizeof(bool), purpose);
	for (uint32 k = 0; k < n->g->nnodes; k++)
		n->public_fund[k] = rs_party_of_node(n->parties, k)->kind == RS_PARTY_PUBLIC_FUND;
	measure(n->g, n->public_fund, n->layers);
	measure_chains(n->budget, n->g->nnodes, n->layers);
}

static void
close_nesting(Nesting *n)
{
	rs_holdings_close(n->h);
	SPI_finish();
	MemoryContextDelete(n->budget);
}

/*
 * product_layers(holdings text, products text, max_layers int, as_of date,
 *				  known_at timestamptz, bad_rows text, max_path int)
 *	 returns (product text, layers int, exceeded boolean, path text[], violations bigint,
 *			  violation text[], in_cycle boolean, endless boolean, path_length int, truncated boolean)
 *
 * layers: products below on the longest chain, public funds not counted; NULL
 * if endless. path: that chain; on a ring, until it closes; its first max_path parties
 * (NULL: all) of path_length, truncated if that is more. violation: the
 * first X -> Y -> Z of violations; product_violations() lists them. exceeded:
 * more than max_layers, a violation, or endless.
 */
PG_FUNCTION_INFO_V1(rs_product_layers);
Datum
rs_product_layers(PG_FUNCTION_ARGS)
{
	Nesting		n = {0};
	int			max_layers;
	int64		max_path = PG_INT64_MAX;

	for (int i = 0; i < 6; i++)
		if (PG_ARGISNULL(i) && i != 3 && i != 4)
			ereport(ERROR,
					(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					 errmsg("only as_of, known_at and max_path may be null")));
	max_layers = PG_GETARG_INT32(2);
	if (max_layers < 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("argument max_layers must not be negative")));
	if (!PG_ARGISNULL(6))
		max_path = PG_GETARG_INT32(6);
	if (max_path < 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("argument max_path must be at least 1")));

	open_nesting(&n, fcinfo);
	for (uint32 k = 0; k < n.g->nnodes; k++)
	{
		const Layers *l = &n.layers[k];
		Datum		values[10];
		bool		nulls[10] = {false};
		uint32		shown = (uint32) Min(max_path, l->length);
		uint32	   *path;
		uint32		at = k;
		MemoryContext old;

		if (rs_party_of_node(n.parties, k)->kind == RS_PARTY_UNLISTED)
			continue;
		old = MemoryContextSwitchTo(n.row_context);
		path = rs_alloc(n.row_context, shown, sizeof(uint32), purpose);
		for (uint32 i = 0; i < shown; i++, at = n.layers[at].next)
			path[i] = at;
		values[0] = rs_holdings_name(n.h, k);
		nulls[1] = l->below < 0;
		values[1] = Int32GetDatum((int32) l->below);
		values[2] = BoolGetDatum(l->below < 0 || l->below > max_layers || (max_layers <= 1 && l->violations > 0));
		values[3] = rs_holdings_names(n.h, path, shown);
		values[4] = Int64GetDatum(l->violations);
		nulls[5] = l->middle == RS_NO_ID;
		if (!nulls[5])
			values[5] = rs_holdings_names(n.h, (uint32[]) {k, l->middle, l->last}, 3);
		values[6] = BoolGetDatum(rs_ownership_is_cyclic(n.g, n.g->component[k]));
		values[7] = BoolGetDatum(l->below < 0);
		values[8] = Int32GetDatum((int32) l->length);
		values[9] = BoolGetDatum(shown < l->length);
		tuplestore_putvalues(n.result->setResult, n.result->setDesc, values, nulls);
		MemoryContextSwitchTo(old);
		MemoryContextReset(n.row_context);
		if ((k & 0xFF) == 0)
			CHECK_FOR_INTERRUPTS();
	}
	close_nesting(&n);
	return (Datum) 0;
}

/* numeric[] of the shares of two holdings; one of unknown size is NULL. */
static Datum
share_array(RsOwnershipGraph *g, uint32 first, uint32 second)
{
	uint32		edge[2] = {first, second};
	Datum		share[2];
	bool		nulls[2];
	int			n = 2,
				lower = 1;

	for (int i = 0; i < 2; i++)
	{
		int128		v = g->value[RS_V_SHARE][edge[i]];

		nulls[i] = !has_share(g, edge[i]);
		share[i] = nulls[i] ? (Datum) 0 : rs_exact_numeric(v, g->scale);
	}
	return PointerGetDatum(construct_md_array(share, nulls, 1, &n, &lower, NUMERICOID, -1, false, TYPALIGN_INT));
}

/*
 * product_violations(holdings text, products text, max_paths bigint, as_of date,
 *					  known_at timestamptz, bad_rows text)
 *	 returns (product text, path_no bigint, path text[], shares numeric[], total bigint, truncated boolean)
 *
 * Every chain X -> Y -> Z of products where Z is not a public fund, of each X
 * (资管新规 第22条第2款), in order of identifiers. shares: of X in Y and of Y in
 * Z. total: how many X has; truncated: more than max_paths (NULL: no limit).
 * Cost: O(holdings + rows).
 */
PG_FUNCTION_INFO_V1(rs_product_violations);
Datum
rs_product_violations(PG_FUNCTION_ARGS)
{
	Nesting		n = {0};
	int64		limit = PG_INT64_MAX;

	for (int i = 0; i < 6; i++)
		if (PG_ARGISNULL(i) && i != 2 && i != 3 && i != 4)
			ereport(ERROR,
					(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					 errmsg("only max_paths, as_of and known_at may be null")));
	if (!PG_ARGISNULL(2))
		limit = PG_GETARG_INT64(2);
	if (limit < 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("argument max_paths must be at least 1")));

	open_nesting(&n, fcinfo);
	for (uint32 x = 0; x < n.g->nnodes; x++)
	{
		int64		total = n.layers[x].violations;
		int64		number = 0;

		for (uint32 o = n.g->out_start[x]; o < n.g->out_start[x + 1] && number < Min(total, limit); o++)
		{
			uint32		first = n.g->out_edge[o];
			uint32		y = n.g->edge_owned[first];

			for (uint32 p = n.g->out_start[y]; p < n.g->out_start[y + 1] && number < limit; p++)
			{
				uint32		second = n.g->out_edge[p];
				uint32		z = n.g->edge_owned[second];
				Datum		values[6];
				bool		nulls[6] = {false};
				MemoryContext old;

				if (n.public_fund[z])
					continue;
				old = MemoryContextSwitchTo(n.row_context);
				values[0] = rs_holdings_name(n.h, x);
				values[1] = Int64GetDatum(++number);
				values[2] = rs_holdings_names(n.h, (uint32[]) {x, y, z}, 3);
				values[3] = share_array(n.g, first, second);
				values[4] = Int64GetDatum(total);
				values[5] = BoolGetDatum(total > limit);
				tuplestore_putvalues(n.result->setResult, n.result->setDesc, values, nulls);
				MemoryContextSwitchTo(old);
				MemoryContextReset(n.row_context);
				CHECK_FOR_INTERRUPTS();
			}
		}
	}
	close_nesting(&n);
	return (Datum) 0;
}
