/*
 * src/ownership_paths_sql.c
 *	  ownership_paths(): the chains between a party and a target, for drawing
 *	  and for the file.
 *
 * Chains visit nobody twice and come best product first, see
 * ownership_path.c. The period of a chain is the intersection of the periods
 * of its holdings. The products of all chains add up to the total share
 * exactly if no chain meets a cycle; with cycles the sum is what some rules
 * call the simple share.
 */
#include "pg_compat.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "funcapi.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "ownership_sql.h"
#include "rs_memory.h"

typedef struct KeptPath
{
	uint32		length;
	uint32	   *edge;
	RsReal product;
} KeptPath;

static void
put_path(RsHoldings *h, ReturnSetInfo *result, uint64 number, const KeptPath *path, bool truncated)
{
	RsOwnershipGraph *g = h->graph;
	Datum		values[9];
	bool		nulls[9] = {false};
	Datum	   *party = palloc(sizeof(Datum) * ((Size) path->length + 1));
	Datum	   *share = palloc(sizeof(Datum) * path->length);
	bool	   *share_null = palloc0(sizeof(bool) * path->length);
	int			dims[1],
				lower[1] = {1};
	uint32		flags = 0;
	DateADT		from = DATEVAL_NOBEGIN,
				to = DATEVAL_NOEND;

	party[0] = rs_holdings_name(h, g->edge_owner[path->edge[0]]);
	nulls[4] = false;
	for (uint32 i = 0; i < path->length; i++)
	{
		uint32		e = path->edge[i];

		party[i + 1] = rs_holdings_name(h, g->edge_owned[e]);
		share_null[i] = (g->edge_flags[e] & (RS_FLAG_UNKNOWN_SHARE | RS_FLAG_RANGE)) != 0;
		share[i] = rs_exact_numeric(g->value[RS_V_SHARE][e], g->scale);
		flags |= g->edge_flags[e];
		nulls[4] |= share_null[i];
		if (g->edge_from != NULL)
		{
			from = Max(from, g->edge_from[e]);
			to = Min(to, g->edge_to[e]);
		}
	}
	values[0] = Int64GetDatum((int64) number);
	values[1] = Int32GetDatum((int32) path->length);
	values[2] = PointerGetDatum(construct_array(party, (int) path->length + 1, TEXTOID, -1, false, TYPALIGN_INT));
	dims[0] = (int) path->length;
	values[3] = PointerGetDatum(construct_md_array(share, share_null, 1, dims, lower, NUMERICOID, -1, false, TYPALIGN_INT));
	if (!nulls[4])
		values[4] = rs_share_numeric(path->product);
	nulls[5] = from == DATEVAL_NOBEGIN;
	values[5] = DateADTGetDatum(from);
	nulls[6] = to == DATEVAL_NOEND;
	values[6] = DateADTGetDatum(to);
	values[7] = rs_flag_array(flags);
	values[8] = BoolGetDatum(truncated);
	tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
}

/*
 * ownership_paths(holdings text, target text, party text, max_paths int, as_of date,
 *				   known_at timestamptz, bad_rows text)
 *	 returns (path_no bigint, layers int, parties text[], shares numeric[], product numeric,
 *			  valid_from date, valid_to date, flags text[], truncated boolean)
 *
 * parties runs from party to target. A product is NULL if a link's size is not
 * known. truncated: there are more paths than max_paths. party = target lists
 * the rings through it. Errors: 22023 max_paths < 1, and the reader's.
 */
PG_FUNCTION_INFO_V1(rs_ownership_paths);
Datum
rs_ownership_paths(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result;
	MemoryContext budget,
				row_context;
	RsHoldings *h;
	uint32	   *ids;
	uint32		n;
	Datum		both[2];
	KeptPath   *kept = NULL;
	uint64		nkept = 0,
				capacity = 0;
	RsPaths    *paths;
	RsPath		path;
	bool		truncated = false;
	int			max_paths;
	DateADT		as_of = 0;
	TimestampTz known_at = 0;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1) || PG_ARGISNULL(2) || PG_ARGISNULL(3) || PG_ARGISNULL(6))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("arguments holdings, target, party, max_paths and bad_rows must not be null")));
	max_paths = PG_GETARG_INT32(3);
	if (max_paths < 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("argument max_paths must be at least 1")));
	if (!PG_ARGISNULL(4))
		as_of = PG_GETARG_DATEADT(4);
	if (!PG_ARGISNULL(5))
		known_at = PG_GETARG_TIMESTAMPTZ(5);

	InitMaterializedSRF(fcinfo, 0);
	result = (ReturnSetInfo *) fcinfo->resultinfo;
	budget = rs_ownership_budget();
	row_context = AllocSetContextCreate(budget, "risk_screen row", ALLOCSET_SMALL_SIZES);
	SPI_connect();
	h = rs_holdings_open(text_to_cstring(PG_GETARG_TEXT_PP(0)), budget, RS_CLASSES_EQUITY, false, 0,
						 text_to_cstring(PG_GETARG_TEXT_PP(6)),
						 PG_ARGISNULL(4) ? NULL : &as_of, PG_ARGISNULL(5) ? NULL : &known_at);
	rs_holdings_ignore(h, RS_H_VOTES);
	both[0] = PointerGetDatum(PG_GETARG_TEXT_PP(1));
	both[1] = PointerGetDatum(PG_GETARG_TEXT_PP(2));
	ids = rs_holdings_ids(h, construct_array(both, 2, TEXTOID, -1, false, TYPALIGN_INT), "target", &n);
	rs_holdings_load_around(h, ids, 1, true);
	rs_holdings_build(h);

	paths = rs_paths_open(h->graph, h->node_of[ids[1]], h->node_of[ids[0]]);
	while (rs_paths_next(paths, &path))
	{
		KeptPath   *k;

		if (nkept == (uint64) max_paths)
		{
			truncated = true;
			break;
		}
		kept = rs_grow(budget, kept, &capacity, nkept + 1, sizeof(KeptPath), "ownership paths");
		k = &kept[nkept++];
		k->length = path.length;
		k->product = path.product;
		k->edge = rs_alloc(budget, path.length, sizeof(uint32), "ownership paths");
		memcpy(k->edge, path.edge, sizeof(uint32) * path.length);
	}
	for (uint64 i = 0; i < nkept; i++)
	{
		MemoryContext old = MemoryContextSwitchTo(row_context);

		put_path(h, result, i + 1, &kept[i], truncated);
		MemoryContextSwitchTo(old);
		MemoryContextReset(row_context);
	}
	rs_holdings_close(h);
	SPI_finish();
	MemoryContextDelete(budget);
	return (Datum) 0;
}
