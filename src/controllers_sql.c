/*
 * src/controllers_sql.c
 *	  controllers(): who controls a company by majority of votes.
 *
 * The fixpoint of ownership_control.c is run from every party that has a
 * majority somewhere. With targets only their ancestors are read: all that
 * can matter for control of a company are holdings of its direct and indirect
 * holders, and of those in each other.
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

typedef struct Pair
{
	uint32		controller;
	uint32		layers;
	uint32		via;
	uint32		controlled;
	int128		votes;
	bool		direct;
	bool		agreement;
} Pair;

/*
 * controllers(holdings text, threshold numeric, inclusive boolean, targets text[], as_of date,
 *			   without_treasury boolean, known_at timestamptz, bad_rows text)
 *	 returns (controlled text, controller text, votes numeric, direct boolean, layers int,
 *			  ultimate boolean, via text, agreement boolean)
 *
 * votes: what the controller and all it controls hold together (fraction of 1,
 * exact). layers: rounds of the fixpoint. ultimate: nobody controls the
 * controller. Votes are the column votes where it is not null, else share.
 * Errors: 22023 threshold, and the reader's.
 */
PG_FUNCTION_INFO_V1(rs_controllers);
Datum
rs_controllers(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result;
	MemoryContext budget,
				row_context;
	RsHoldings *h;
	RsOwnershipGraph *g;
	RsControl  *control;
	RsThreshold threshold;
	Pair	   *pair = NULL;
	uint64		npairs = 0,
				capacity = 0;
	bool	   *is_controlled;
	bool	   *is_target = NULL;
	DateADT		as_of = 0;
	TimestampTz known_at = 0;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1) || PG_ARGISNULL(2) || PG_ARGISNULL(5) || PG_ARGISNULL(7))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("arguments holdings, threshold, inclusive, without_treasury and bad_rows must not be null")));
	threshold = rs_threshold_argument(PG_GETARG_DATUM(1), PG_GETARG_BOOL(2), PG_GETARG_BOOL(5), "threshold");
	if (!PG_ARGISNULL(4))
		as_of = PG_GETARG_DATEADT(4);
	if (!PG_ARGISNULL(6))
		known_at = PG_GETARG_TIMESTAMPTZ(6);

	InitMaterializedSRF(fcinfo, 0);
	result = (ReturnSetInfo *) fcinfo->resultinfo;
	budget = rs_ownership_budget();
	row_context = AllocSetContextCreate(budget, "risk_screen row", ALLOCSET_SMALL_SIZES);
	SPI_connect();
	h = rs_holdings_open(text_to_cstring(PG_GETARG_TEXT_PP(0)), budget,
						 RS_CLASSES_EQUITY | (1u << RS_CLASS_CONTROL), false, 0,
						 text_to_cstring(PG_GETARG_TEXT_PP(7)),
						 PG_ARGISNULL(4) ? NULL : &as_of, PG_ARGISNULL(6) ? NULL : &known_at);
	rs_holdings_take_least(h);
	if (PG_ARGISNULL(3))
	{
		rs_holdings_load_all(h);
		rs_holdings_build(h);
	}
	else
	{
		uint32		n;
		uint32	   *ids = rs_holdings_ids(h, PG_GETARG_ARRAYTYPE_P(3), "targets", &n);

		rs_holdings_load_around(h, ids, n, true);
		rs_holdings_build(h);
		is_target = rs_alloc0(budget, h->nids, sizeof(bool), "targets");
		for (uint32 i = 0; i < n; i++)
			is_target[h->node_of[ids[i]]] = true;
	}
	g = h->graph;
	control = rs_control_create(g, &threshold);
	is_controlled = rs_alloc0(budget, g->nnodes, sizeof(bool), "control");
	for (uint32 k = 0; k < g->nnodes; k++)
	{
		const RsControlled *found;
		uint32		n;

		if ((k & 0xFFF) == 0)
			CHECK_FOR_INTERRUPTS();
		if (!rs_control_possible(control, k))
			continue;
		found = rs_control_from(control, &k, 1, &n);
		for (uint32 i = 0; i < n; i++)
		{
			is_controlled[found[i].node] = true;
			if (is_target != NULL && !is_target[found[i].node])
				continue;
			pair = rs_grow(budget, pair, &capacity, npairs + 1, sizeof(Pair), "pairs of controller and controlled");
			pair[npairs++] = (Pair) {
				.controller = k, .controlled = found[i].node, .layers = found[i].layers,
				.via = found[i].via, .votes = found[i].votes,
				.direct = found[i].direct, .agreement = found[i].agreement
			};
		}
	}
	for (uint64 i = 0; i < npairs; i++)
	{
		Datum		values[8];
		bool		nulls[8] = {false};
		MemoryContext old = MemoryContextSwitchTo(row_context);

		values[0] = rs_holdings_name(h, pair[i].controlled);
		values[1] = rs_holdings_name(h, pair[i].controller);
		values[2] = rs_exact_numeric(pair[i].votes, g->scale);
		values[3] = BoolGetDatum(pair[i].direct);
		values[4] = Int32GetDatum((int32) pair[i].layers);
		values[5] = BoolGetDatum(!is_controlled[pair[i].controller]);
		values[6] = rs_holdings_name(h, pair[i].via);
		values[7] = BoolGetDatum(pair[i].agreement);
		tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
		MemoryContextSwitchTo(old);
		MemoryContextReset(row_context);
		if ((i & 0xFFF) == 0)
			CHECK_FOR_INTERRUPTS();
	}
	rs_holdings_close(h);
	SPI_finish();
	MemoryContextDelete(budget);
	return (Datum) 0;
}
