/*
 * src/statistic_auc.c
 *	  auc: area under the ROC curve, exact by ranks.
 *
 * The area is the chance that a failed entity scores higher than one that did
 * not fail, ties counting half (Mann-Whitney). Scores of both kinds are kept,
 * sorted, and merged once; the count is an integer, so the answer depends on
 * neither order nor parallel plan.
 */
#include "postgres.h"

#include "libpq/pqformat.h"
#include "miscadmin.h"
#include "utils/builtins.h"

#include "statistic.h"

#define AUC_TAG		0x41554320

typedef struct AucState
{
	RsValues	kind[2];		/* did not fail, failed */
} AucState;

/* _auc_accum(internal, score float8, failed boolean) -> internal */
PG_FUNCTION_INFO_V1(rs_auc_accum);
Datum
rs_auc_accum(PG_FUNCTION_ARGS)
{
	MemoryContext context = rs_aggregate_context(fcinfo);
	AucState   *state = PG_ARGISNULL(0) ?
		MemoryContextAllocZero(context, sizeof(AucState)) : (AucState *) PG_GETARG_POINTER(0);

	if (!PG_ARGISNULL(1) && !PG_ARGISNULL(2))
	{
		rs_check_amount(PG_GETARG_FLOAT8(1), "auc");
		rs_values_add(context, &state->kind[PG_GETARG_BOOL(2) ? 1 : 0], PG_GETARG_FLOAT8(1));
	}
	PG_RETURN_POINTER(state);
}

/* _auc_combine(internal, internal) -> internal */
PG_FUNCTION_INFO_V1(rs_auc_combine);
Datum
rs_auc_combine(PG_FUNCTION_ARGS)
{
	MemoryContext context = rs_aggregate_context(fcinfo);
	AucState   *into = PG_ARGISNULL(0) ? NULL : (AucState *) PG_GETARG_POINTER(0);
	AucState   *from = PG_ARGISNULL(1) ? NULL : (AucState *) PG_GETARG_POINTER(1);

	if (from == NULL && into == NULL)
		PG_RETURN_NULL();
	if (from == NULL)
		PG_RETURN_POINTER(into);
	if (into == NULL)
		into = MemoryContextAllocZero(context, sizeof(AucState));
	for (int k = 0; k < 2; k++)
		rs_values_append(context, &into->kind[k], from->kind[k].value, from->kind[k].n);
	PG_RETURN_POINTER(into);
}

/* _auc_serial(internal) -> bytea */
PG_FUNCTION_INFO_V1(rs_auc_serial);
Datum
rs_auc_serial(PG_FUNCTION_ARGS)
{
	AucState   *state = (AucState *) PG_GETARG_POINTER(0);
	StringInfoData buffer;

	rs_aggregate_context(fcinfo);
	rs_state_begin(&buffer, AUC_TAG);
	for (int k = 0; k < 2; k++)
	{
		pq_sendint64(&buffer, state->kind[k].n);
		if (state->kind[k].n > 0)
			pq_sendbytes(&buffer, (const char *) state->kind[k].value, state->kind[k].n * sizeof(float8));
	}
	PG_RETURN_BYTEA_P(rs_state_end(&buffer));
}

/* _auc_deserial(bytea, internal) -> internal */
PG_FUNCTION_INFO_V1(rs_auc_deserial);
Datum
rs_auc_deserial(PG_FUNCTION_ARGS)
{
	AucState   *state = palloc0(sizeof(AucState));
	StringInfoData buffer;

	rs_aggregate_context(fcinfo);
	rs_state_open(PG_GETARG_BYTEA_PP(0), &buffer, AUC_TAG);
	for (int k = 0; k < 2; k++)
	{
		uint64		n = pq_getmsgint64(&buffer);

		if (n > (uint64) (buffer.len - buffer.cursor) / sizeof(float8))
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
					 errmsg("invalid aggregate state")));
		rs_values_append(CurrentMemoryContext, &state->kind[k], (const float8 *) (buffer.data + buffer.cursor), n);
		buffer.cursor += n * sizeof(float8);
	}
	rs_state_close(&buffer);
	PG_RETURN_POINTER(state);
}

/* _auc_final(internal) -> float8 */
PG_FUNCTION_INFO_V1(rs_auc_final);
Datum
rs_auc_final(PG_FUNCTION_ARGS)
{
	AucState   *state = PG_ARGISNULL(0) ? NULL : (AucState *) PG_GETARG_POINTER(0);
	uint64		below = 0,
				upto = 0;
	uint128		twice = 0;

	rs_aggregate_context(fcinfo);
	if (state == NULL || state->kind[0].n == 0 || state->kind[1].n == 0)
		PG_RETURN_NULL();
	rs_values_sort(&state->kind[0]);
	rs_values_sort(&state->kind[1]);
	for (uint64 i = 0; i < state->kind[1].n; i++)
	{
		float8		x = state->kind[1].value[i];

		if ((i & 0xffff) == 0)
			CHECK_FOR_INTERRUPTS();
		while (below < state->kind[0].n && state->kind[0].value[below] < x)
			below++;
		upto = Max(upto, below);
		while (upto < state->kind[0].n && state->kind[0].value[upto] == x)
			upto++;
		twice += (uint128) below + upto;	/* wins count 2, ties 1 */
	}
	PG_RETURN_FLOAT8((float8) twice / 2 / (float8) state->kind[0].n / (float8) state->kind[1].n);
}
