/*
 * src/pattern_burst_sql.c
 *	  find_fan_in, find_fan_out, find_structuring: the SQL face of bursts.
 */
#include "pg_compat.h"

#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/numeric.h"
#include "utils/timestamp.h"

#include "duration.h"
#include "pattern_burst.h"
#include "pattern_row.h"
#include "query_reader.h"
#include "rs_memory.h"

/* Bursts kept until they can be put in order. */
typedef struct KeptBurst
{
	RsBurst		burst;
	uint64		at;				/* its members in data */
} KeptBurst;

typedef struct Kept
{
	RsPatternCall *call;
	KeptBurst  *burst;
	uint64		count,
				capacity;
	uint32	   *data;
	uint64		used,
				data_capacity;
} Kept;

static void
keep_burst(void *arg, const RsBurst *burst)
{
	Kept	   *k = arg;

	k->burst = rs_grow(k->call->budget, k->burst, &k->capacity, k->count + 1, sizeof(KeptBurst), "the bursts found");
	k->data = rs_grow(k->call->budget, k->data, &k->data_capacity, k->used + burst->n, sizeof(uint32), "the bursts found");
	k->burst[k->count].burst = *burst;
	k->burst[k->count++].at = k->used;
	memcpy(k->data + k->used, burst->transfer, burst->n * sizeof(uint32));
	k->used += burst->n;
}

static int
compare_bursts(const void *a, const void *b, void *arg)
{
	Kept	   *k = arg;
	RsFlow	   *flow = k->call->flow;
	uint32		x = k->data[((const KeptBurst *) a)->at],
				y = k->data[((const KeptBurst *) b)->at];
	uint32		tx = flow->side[RS_FLOW_OUT].arc[x].when,
				ty = flow->side[RS_FLOW_OUT].arc[y].when;

	if (tx != ty)
		return tx < ty ? -1 : 1;
	if (x != y)
		return flow->compare_txn(flow, x, y);
	return flow->compare_account(flow, ((const KeptBurst *) a)->burst.account, ((const KeptBurst *) b)->burst.account);
}

static void
put_bursts(Kept *k, const char *pattern)
{
	RsPatternCall *call = k->call;
	RsFlow	   *flow = call->flow;

	if (k->count > 1)
		qsort_arg(k->burst, k->count, sizeof(KeptBurst), compare_bursts, k);
	for (uint64 i = 0; i < k->count; i++)
	{
		const RsBurst *burst = &k->burst[i].burst;
		const uint32 *member = k->data + k->burst[i].at;
		MemoryContext old = MemoryContextSwitchTo(call->row_context);
		Datum		values[9];
		bool		nulls[9] = {false};

		CHECK_FOR_INTERRUPTS();
		values[0] = flow->account_text(flow, burst->account);
		values[1] = Int32GetDatum((int32) burst->parties);
		MemoryContextSwitchTo(old);
		values[2] = rs_txn_array(call, member, burst->n);
		values[3] = rs_amount_array(call, member, burst->n);
		values[4] = rs_amount_total(call, member, burst->n);
		values[5] = TimestampTzGetDatum(rs_flow_time(flow, flow->side[RS_FLOW_OUT].arc[member[0]].when));
		values[6] = TimestampTzGetDatum(rs_flow_time(flow, flow->side[RS_FLOW_OUT].arc[member[burst->n - 1]].when));
		values[7] = Int32GetDatum((int32) burst->count);
		values[8] = rs_instance_key(call, pattern, member, burst->n);
		rs_pattern_put(call, values, nulls);
	}
}

static int
positive(FunctionCallInfo fcinfo, int arg, const char *argument)
{
	int			value;

	rs_refuse_null(fcinfo, arg, argument);
	value = PG_GETARG_INT32(arg);
	if (value < 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s must be at least 1, not %d", argument, value)));
	return value;
}

/* transfers, min_parties, within, min_amount, min_total, since, bad_rows */
static Datum
find_fans(FunctionCallInfo fcinfo, int side, const char *pattern)
{
	RsPatternCall call;
	Kept		kept = {0};
	RsBurstQuestion q = {.side = side, .min_count = 1};

	rs_refuse_null(fcinfo, 2, "within");
	rs_refuse_null(fcinfo, 3, "min_amount");
	rs_refuse_null(fcinfo, 4, "min_total");
	rs_refuse_null(fcinfo, 5, "since");
	q.min_parties = positive(fcinfo, 1, "min_parties");
	q.within = rs_interval_usecs(PG_GETARG_INTERVAL_P(2), "within");
	q.since = PG_GETARG_TIMESTAMPTZ(5);
	rs_pattern_begin(&call, fcinfo, 6, false);
	q.least = rs_amount_argument(call.flow, PG_GETARG_DATUM(3), "min_amount");
	q.min_total = rs_amount_argument(call.flow, PG_GETARG_DATUM(4), "min_total");
	kept.call = &call;
	rs_find_bursts(call.flow, &q, call.budget, keep_burst, &kept);
	put_bursts(&kept, pattern);
	rs_pattern_end(&call);
	return (Datum) 0;
}

/*
 * find_fan_in(transfers text, min_parties int, within interval, min_amount numeric,
 *		min_total numeric, since timestamptz, bad_rows text)
 *	 returns (account text, parties int, txn_ids text[], amounts numeric[], total numeric,
 *			  started_at timestamptz, ended_at timestamptz, transfers int, instance text)
 *
 * Accounts that receive from at least min_parties different payers inside a
 * window, one row per burst; parties and transfers are the most in one window.
 * NULL arguments are errors. Linear in the transfers.
 */
PG_FUNCTION_INFO_V1(rs_find_fan_in);
Datum
rs_find_fan_in(PG_FUNCTION_ARGS)
{
	return find_fans(fcinfo, RS_FLOW_IN, "fan_in");
}

/* find_fan_out(...): the same for accounts that pay to many. */
PG_FUNCTION_INFO_V1(rs_find_fan_out);
Datum
rs_find_fan_out(PG_FUNCTION_ARGS)
{
	return find_fans(fcinfo, RS_FLOW_OUT, "fan_out");
}

/*
 * find_structuring(transfers text, threshold numeric, band numeric, min_count int,
 *		within interval, side text, min_parties int, by_owner boolean, since timestamptz, bad_rows text)
 *	 returns as find_fan_in
 *
 * 化整为零: at least min_count transfers of one party, each in
 * [threshold x (1 - band), threshold), that reach the threshold together inside
 * a window. side 'payer' looks at what a party pays, 'payee' at what it
 * receives (many to one: with min_parties). by_owner takes the accounts of one
 * owner together (payer_owner, payee_owner).
 */
PG_FUNCTION_INFO_V1(rs_find_structuring);
Datum
rs_find_structuring(PG_FUNCTION_ARGS)
{
	static const char *const argument[] = {"transfers", "threshold", "band", "min_count", "within", "side",
	"min_parties", "by_owner", "since", "bad_rows"};
	RsPatternCall call;
	Kept		kept = {0};
	RsBurstQuestion q = {0};
	char	   *side;
	Datum		band,
				low;
	int128		sign;

	for (int i = 0; i < lengthof(argument); i++)
		rs_refuse_null(fcinfo, i, argument[i]);
	band = PG_GETARG_DATUM(2);
	if (!rs_numeric_is_finite(band) ||
		DatumGetInt32(DirectFunctionCall2(numeric_cmp, band, rs_int128_to_numeric(0, 0))) <= 0 ||
		DatumGetInt32(DirectFunctionCall2(numeric_cmp, band, rs_int128_to_numeric(1, 0))) > 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("band must be a share above 0 and at most 1"),
				 errhint("0.2 looks at amounts from 80 %% of the threshold up to, not including, the threshold.")));
	q.min_count = positive(fcinfo, 3, "min_count");
	q.within = rs_interval_usecs(PG_GETARG_INTERVAL_P(4), "within");
	side = text_to_cstring(PG_GETARG_TEXT_PP(5));
	if (strcmp(side, "payer") == 0)
		q.side = RS_FLOW_OUT;
	else if (strcmp(side, "payee") == 0)
		q.side = RS_FLOW_IN;
	else
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("unknown side \"%s\"", side),
				 errhint("Use 'payer' or 'payee'.")));
	q.min_parties = positive(fcinfo, 6, "min_parties");
	q.since = PG_GETARG_TIMESTAMPTZ(8);
	rs_pattern_begin(&call, fcinfo, 9, PG_GETARG_BOOL(7));

	sign = rs_amount_argument(call.flow, PG_GETARG_DATUM(1), "threshold");
	if (sign <= 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("threshold must be greater than 0")));
	low = DirectFunctionCall2(numeric_mul, PG_GETARG_DATUM(1),
							  DirectFunctionCall2(numeric_sub, rs_int128_to_numeric(1, 0), band));
	q.least = rs_amount_argument(call.flow, low, "threshold");
	/* amount < threshold and sum >= threshold: both by the threshold rounded up to the unit */
	q.below = sign;
	q.min_total = sign;
	kept.call = &call;
	rs_find_bursts(call.flow, &q, call.budget, keep_burst, &kept);
	put_bursts(&kept, q.side == RS_FLOW_OUT ? "structuring_payer" : "structuring_payee");
	rs_pattern_end(&call);
	return (Datum) 0;
}
