/*
 * src/pattern_cycle_sql.c
 *	  find_cycles: the SQL face of the cycle search.
 */
#include "pg_compat.h"

#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/numeric.h"
#include "utils/timestamp.h"

#include "duration.h"
#include "pattern_cycle.h"
#include "pattern_row.h"
#include "query_reader.h"
#include "rs_memory.h"

enum { ARG_TRANSFERS, ARG_MAX_LENGTH, ARG_WITHIN, ARG_MIN_AMOUNT, ARG_MIN_KEPT, ARG_ORDERED, ARG_STRICT,
	   ARG_SINCE, ARG_BAD_ROWS };

/* All cycles one after the other: length, then that many transfers. */
typedef struct Found
{
	RsPatternCall *call;
	uint32	   *data;
	uint64		used,
				capacity;
	uint64	   *at;
	uint64		count,
				at_capacity;
} Found;

static void
keep_cycle(void *arg, int length, const uint32 *transfer)
{
	Found	   *f = arg;

	f->data = rs_grow(f->call->budget, f->data, &f->capacity, f->used + length + 1, sizeof(uint32), "the cycles found");
	f->at = rs_grow(f->call->budget, f->at, &f->at_capacity, f->count + 1, sizeof(uint64), "the cycles found");
	f->at[f->count++] = f->used;
	f->data[f->used++] = length;
	memcpy(f->data + f->used, transfer, length * sizeof(uint32));
	f->used += length;
}

/* By start, then by the txn_ids: the same numbers in every run. */
static int
compare_cycles(const void *a, const void *b, void *arg)
{
	Found	   *f = arg;
	RsFlow	   *flow = f->call->flow;
	const uint32 *x = f->data + *(const uint64 *) a,
			   *y = f->data + *(const uint64 *) b;
	uint32		tx = flow->side[RS_FLOW_OUT].arc[x[1]].when,
				ty = flow->side[RS_FLOW_OUT].arc[y[1]].when;
	static uint32 calls = 0;

	if ((++calls & 0xffff) == 0)
		CHECK_FOR_INTERRUPTS();
	if (tx != ty)
		return tx < ty ? -1 : 1;
	for (uint32 i = 1; i <= Min(x[0], y[0]); i++)
		if (x[i] != y[i])
			return flow->compare_txn(flow, x[i], y[i]);
	return x[0] < y[0] ? -1 : x[0] > y[0];
}

/* Smallest amount over the first (ordered) or the largest. */
static Datum
kept_share(RsPatternCall *call, const uint32 *transfer, int length, bool ordered)
{
	MemoryContext old = MemoryContextSwitchTo(call->row_context);
	int128		least = rs_flow_amount(call->flow, transfer[0]),
				base = least;
	Datum		share;

	for (int i = 1; i < length; i++)
	{
		int128		amount = rs_flow_amount(call->flow, transfer[i]);

		least = Min(least, amount);
		if (!ordered)
			base = Max(base, amount);
	}
	/* nothing went round of nothing: all of it */
	share = base == 0 ? rs_int128_to_numeric(1, 0)
		: DirectFunctionCall2(numeric_round,
							  DirectFunctionCall2(numeric_div, rs_int128_to_numeric(least, 0), rs_int128_to_numeric(base, 0)),
							  Int32GetDatum(6));
	MemoryContextSwitchTo(old);
	return share;
}

static void
put_cycle(Found *f, uint64 number, const uint32 *cycle, bool ordered)
{
	RsPatternCall *call = f->call;
	RsFlow	   *flow = call->flow;
	int			length = (int) cycle[0];
	const uint32 *transfer = cycle + 1;
	uint32		account[RS_CYCLE_MAX_LENGTH];
	uint32		last = 0;
	Datum		values[9];
	bool		nulls[9] = {false};

	/* A transfer's payer is the payee of the one before. */
	for (int i = 0; i < length; i++)
	{
		account[i] = flow->side[RS_FLOW_OUT].arc[transfer[(i + length - 1) % length]].peer;
		last = Max(last, flow->side[RS_FLOW_OUT].arc[transfer[i]].when);
	}
	values[0] = Int64GetDatum((int64) number);
	values[1] = Int32GetDatum(length);
	values[2] = rs_account_array(call, account, length);
	values[3] = rs_txn_array(call, transfer, length);
	values[4] = rs_amount_array(call, transfer, length);
	values[5] = TimestampTzGetDatum(rs_flow_time(flow, flow->side[RS_FLOW_OUT].arc[transfer[0]].when));
	values[6] = TimestampTzGetDatum(rs_flow_time(flow, last));
	values[7] = kept_share(call, transfer, length, ordered);
	values[8] = rs_instance_key(call, "cycle", transfer, length);
	rs_pattern_put(call, values, nulls);
}

static void
question_from(FunctionCallInfo fcinfo, const RsFlow *flow, RsCycleQuestion *q)
{
	Datum		kept = PG_GETARG_DATUM(ARG_MIN_KEPT);
	int			scale = rs_numeric_is_finite(kept) ? rs_numeric_scale(kept) : 0;

	q->max_length = PG_GETARG_INT32(ARG_MAX_LENGTH);
	if (q->max_length < 2 || q->max_length > RS_CYCLE_MAX_LENGTH)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("max_length must be between 2 and %d, not %d", RS_CYCLE_MAX_LENGTH, q->max_length)));
	q->within = rs_interval_usecs(PG_GETARG_INTERVAL_P(ARG_WITHIN), "within");
	q->min_amount = rs_amount_argument(flow, PG_GETARG_DATUM(ARG_MIN_AMOUNT), "min_amount");
	q->ordered = PG_GETARG_BOOL(ARG_ORDERED);
	q->strict = PG_GETARG_BOOL(ARG_STRICT);
	q->since = PG_GETARG_TIMESTAMPTZ(ARG_SINCE);
	q->kept_denominator = 1;
	if (!rs_numeric_is_finite(kept) || scale > 9)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("min_kept must be a share between 0 and 1 with at most nine digits")));
	if (!rs_numeric_to_int128(kept, scale, &q->kept_numerator))
		elog(ERROR, "numeric scale was misread");
	for (int i = 0; i < scale; i++)
		q->kept_denominator *= 10;
	if (q->kept_numerator < 0 || q->kept_numerator > q->kept_denominator)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("min_kept must be a share between 0 and 1"),
				 errhint("0.9 asks for cycles in which at least 90 %% of the first amount can have come back.")));
}

/*
 * find_cycles(transfers text, max_length int, within interval, min_amount numeric,
 *		min_kept numeric, ordered boolean, strict boolean, since timestamptz, bad_rows text)
 *	 returns (cycle_no bigint, length int, accounts text[], txn_ids text[],
 *			  amounts numeric[], started_at timestamptz, ended_at timestamptz,
 *			  kept numeric, instance text)
 *
 * Every closed sequence of 2 to max_length transfers, no account twice, last
 * minus first transfer at most `within`. NULL arguments are errors. Cost: see
 * pattern_cycle.c. Definitions: methods of temporal cycle enumeration
 * (Kumar & Calders, 2SCENT, VLDB 2018); IBM AMLSim for the ordered pattern.
 */
PG_FUNCTION_INFO_V1(rs_find_cycles_sql);
Datum
rs_find_cycles_sql(PG_FUNCTION_ARGS)
{
	static const char *const argument[] = {"transfers", "max_length", "within", "min_amount", "min_kept",
	"ordered", "strict", "since", "bad_rows"};
	RsPatternCall call;
	RsCycleQuestion q;
	Found		f = {0};

	for (int i = 0; i < lengthof(argument); i++)
		rs_refuse_null(fcinfo, i, argument[i]);
	rs_pattern_begin(&call, fcinfo, ARG_BAD_ROWS, false);
	question_from(fcinfo, call.flow, &q);
	f.call = &call;
	rs_find_cycles(call.flow, &q, call.budget, keep_cycle, &f);
	if (f.count > 1)
		qsort_arg(f.at, f.count, sizeof(uint64), compare_cycles, &f);
	for (uint64 i = 0; i < f.count; i++)
		put_cycle(&f, i + 1, f.data + f.at[i], q.ordered);
	rs_pattern_end(&call);
	return (Datum) 0;
}
