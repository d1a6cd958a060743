/*
 * src/pattern_relay_sql.c
 *	  find_pass_through, find_scatter_gather, find_gather_scatter: the SQL face.
 *
 * The engines report account by account, in the order in which accounts were
 * met; rows come out by time and txn_id, the same in every run. So what is
 * found is kept (4 bytes a member) and sorted first.
 */
#include "pg_compat.h"

#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/numeric.h"
#include "utils/timestamp.h"

#include "duration.h"
#include "pattern_pass.h"
#include "pattern_relay.h"
#include "pattern_row.h"
#include "query_reader.h"
#include "rs_memory.h"

typedef struct Instance
{
	uint32		source,
				target;
	uint32		parties;
	uint64		first;			/* members in data: first legs, then second legs */
	uint64		nfirst,
				nsecond;
} Instance;

typedef struct Kept
{
	RsPatternCall *call;
	Instance   *instance;
	uint64		count,
				capacity;
	uint32	   *data;
	uint64		used,
				data_capacity;
} Kept;

static inline uint32
code_of(const RsFlow *flow, uint32 transfer)
{
	return flow->side[RS_FLOW_OUT].arc[transfer].when;
}

static int
compare_members(const void *a, const void *b, void *arg)
{
	RsFlow	   *flow = arg;
	uint32		x = *(const uint32 *) a,
				y = *(const uint32 *) b;

	if (x == y)
		return 0;
	if (code_of(flow, x) != code_of(flow, y))
		return code_of(flow, x) < code_of(flow, y) ? -1 : 1;
	return flow->compare_txn(flow, x, y);
}

static void
keep(Kept *k, uint32 source, uint32 target, uint32 parties,
	 const uint32 *first, uint64 nfirst, const uint32 *second, uint64 nsecond)
{
	Instance   *i;

	k->instance = rs_grow(k->call->budget, k->instance, &k->capacity, k->count + 1, sizeof(Instance), "the instances found");
	k->data = rs_grow(k->call->budget, k->data, &k->data_capacity, k->used + nfirst + nsecond, sizeof(uint32), "the instances found");
	i = &k->instance[k->count++];
	*i = (Instance) {source, target, parties, k->used, nfirst, nsecond};
	memcpy(k->data + k->used, first, nfirst * sizeof(uint32));
	memcpy(k->data + k->used + nfirst, second, nsecond * sizeof(uint32));
	qsort_arg(k->data + k->used, nfirst, sizeof(uint32), compare_members, k->call->flow);
	qsort_arg(k->data + k->used + nfirst, nsecond, sizeof(uint32), compare_members, k->call->flow);
	k->used += nfirst + nsecond;
}

static int
compare_instances(const void *a, const void *b, void *arg)
{
	Kept	   *k = arg;
	const Instance *x = a,
			   *y = b;
	int			c = compare_members(&k->data[x->first], &k->data[y->first], k->call->flow);

	if (c == 0)
		c = compare_members(&k->data[x->first + x->nfirst], &k->data[y->first + y->nfirst], k->call->flow);
	if (c == 0)
		c = k->call->flow->compare_account(k->call->flow, x->target, y->target);
	return c;
}

static void
span_of(Kept *k, const Instance *i, Datum *started, Datum *ended)
{
	RsFlow	   *flow = k->call->flow;
	uint32		low = UINT32_MAX,
				high = 0;

	for (uint64 m = 0; m < i->nfirst + i->nsecond; m++)
	{
		low = Min(low, code_of(flow, k->data[i->first + m]));
		high = Max(high, code_of(flow, k->data[i->first + m]));
	}
	*started = TimestampTzGetDatum(rs_flow_time(flow, low));
	*ended = TimestampTzGetDatum(rs_flow_time(flow, high));
}

static Datum
account_datum(RsPatternCall *call, uint32 account)
{
	MemoryContext old = MemoryContextSwitchTo(call->row_context);
	Datum		text = call->flow->account_text(call->flow, account);

	MemoryContextSwitchTo(old);
	return text;
}

/* ---------- find_pass_through ---------- */

static void
keep_pass(void *arg, const RsPass *pass)
{
	keep(arg, pass->account, pass->account, 0, pass->in, pass->nin, pass->out, pass->nout);
}

/*
 * find_pass_through(transfers text, within interval, tolerance numeric, level text,
 *		min_amount numeric, since timestamptz, bad_rows text)
 *	 returns (account text, in_txn_ids text[], out_txn_ids text[], received numeric, paid numeric,
 *			  started_at timestamptz, ended_at timestamptz, instance text)
 *
 * 快进快出. level 'pair': an outgoing transfer within `within` after an
 * incoming one, amounts equal up to tolerance x incoming; each transfer in one
 * pair at most (see pattern_pass.c for which). level 'account': stretches in
 * which the account pays out what it received, up to the tolerance. NULL
 * arguments are errors. n log n in the transfers of an account.
 */
PG_FUNCTION_INFO_V1(rs_find_pass_through);
Datum
rs_find_pass_through(PG_FUNCTION_ARGS)
{
	static const char *const argument[] = {"transfers", "within", "tolerance", "level", "min_amount", "since", "bad_rows"};
	RsPatternCall call;
	Kept		k = {0};
	RsPassQuestion q = {0};
	char	   *level;
	bool		pairs;
	int			scale;

	for (int i = 0; i < lengthof(argument); i++)
		rs_refuse_null(fcinfo, i, argument[i]);
	q.within = rs_interval_usecs(PG_GETARG_INTERVAL_P(1), "within");
	scale = rs_numeric_is_finite(PG_GETARG_DATUM(2)) ? rs_numeric_scale(PG_GETARG_DATUM(2)) : 99;
	if (scale > 9 || !rs_numeric_to_int128(PG_GETARG_DATUM(2), scale, &q.tolerance_numerator) ||
		q.tolerance_numerator < 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("tolerance must be a share of 0 or more with at most nine digits"),
				 errhint("0.02 lets amounts differ by 2 %% of what came in.")));
	q.tolerance_denominator = 1;
	for (; scale > 0; scale--)
		q.tolerance_denominator *= 10;
	level = text_to_cstring(PG_GETARG_TEXT_PP(3));
	pairs = strcmp(level, "pair") == 0;
	if (!pairs && strcmp(level, "account") != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("unknown level \"%s\"", level),
				 errhint("Use 'pair' or 'account'.")));
	q.since = PG_GETARG_TIMESTAMPTZ(5);
	rs_pattern_begin(&call, fcinfo, 6, false);
	q.least = rs_amount_argument(call.flow, PG_GETARG_DATUM(4), "min_amount");
	k.call = &call;
	(pairs ? rs_find_pass_pairs : rs_find_pass_accounts) (call.flow, &q, call.budget, keep_pass, &k);
	if (k.count > 1)
		qsort_arg(k.instance, k.count, sizeof(Instance), compare_instances, &k);
	for (uint64 n = 0; n < k.count; n++)
	{
		const Instance *i = &k.instance[n];
		Datum		values[8];
		bool		nulls[8] = {false};

		CHECK_FOR_INTERRUPTS();
		values[0] = account_datum(&call, i->source);
		values[1] = rs_txn_array(&call, k.data + i->first, i->nfirst);
		values[2] = rs_txn_array(&call, k.data + i->first + i->nfirst, i->nsecond);
		values[3] = rs_amount_total(&call, k.data + i->first, i->nfirst);
		values[4] = rs_amount_total(&call, k.data + i->first + i->nfirst, i->nsecond);
		span_of(&k, i, &values[5], &values[6]);
		values[7] = rs_instance_key(&call, pairs ? "pass_through_pair" : "pass_through_account",
									k.data + i->first, i->nfirst + i->nsecond);
		rs_pattern_put(&call, values, nulls);
	}
	rs_pattern_end(&call);
	return (Datum) 0;
}

/* ---------- scatter-gather, gather-scatter ---------- */

static void
keep_relay(void *arg, const RsRelay *relay)
{
	keep(arg, relay->source, relay->target, relay->parties, relay->first, relay->nfirst,
		 relay->second, relay->nsecond);
}

static void
relay_question(FunctionCallInfo fcinfo, RsRelayQuestion *q)
{
	static const char *const argument[] = {"transfers", "min_parties", "within", "ordered", "since", "bad_rows"};

	for (int i = 0; i < lengthof(argument); i++)
		rs_refuse_null(fcinfo, i, argument[i]);
	if (PG_GETARG_INT32(1) < 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("min_parties must be at least 1, not %d", PG_GETARG_INT32(1))));
	q->min_parties = PG_GETARG_INT32(1);
	q->within = rs_interval_usecs(PG_GETARG_INTERVAL_P(2), "within");
	q->ordered = PG_GETARG_BOOL(3);
	q->since = PG_GETARG_TIMESTAMPTZ(4);
	q->phased = false;
}

/* The different accounts that first legs reach. */
static Datum
middles_of(Kept *k, const Instance *i)
{
	RsPatternCall *call = k->call;
	uint32	   *account = rs_alloc(call->row_context, i->nfirst, sizeof(uint32), "a row of the result");
	uint64		n = 0;

	/* in the order of the first legs; k middles are few */
	for (uint64 m = 0; m < i->nfirst; m++)
	{
		uint32		peer = call->flow->side[RS_FLOW_OUT].arc[k->data[i->first + m]].peer;
		uint64		j = 0;

		while (j < n && account[j] != peer)
			j++;
		if (j == n)
			account[n++] = peer;
		if ((m & 0xff) == 0)
			CHECK_FOR_INTERRUPTS();
	}
	return rs_account_array(call, account, n);
}

/*
 * find_scatter_gather(transfers text, min_parties int, within interval, ordered boolean,
 *		since timestamptz, bad_rows text, phased boolean)
 *	 returns (source text, target text, middles text[], parties int, out_txn_ids text[],
 *			  in_txn_ids text[], sent numeric, received numeric, started_at timestamptz,
 *			  ended_at timestamptz, instance text)
 *
 * One account pays at least min_parties others, who pay one other account, all
 * inside a window; ordered: each of them receives first; phased: all of them
 * have received before any pays on. See pattern_scatter.c.
 */
PG_FUNCTION_INFO_V1(rs_find_scatter_gather_sql);
Datum
rs_find_scatter_gather_sql(PG_FUNCTION_ARGS)
{
	RsPatternCall call;
	Kept		k = {0};
	RsRelayQuestion q;

	relay_question(fcinfo, &q);
	rs_refuse_null(fcinfo, 6, "phased");
	q.phased = PG_GETARG_BOOL(6);
	if (q.phased && !q.ordered)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("phased needs ordered => true"),
				 errdetail("All first legs before all second legs is an order.")));
	rs_pattern_begin(&call, fcinfo, 5, false);
	k.call = &call;
	rs_find_scatter_gather(call.flow, &q, call.budget, keep_relay, &k);
	if (k.count > 1)
		qsort_arg(k.instance, k.count, sizeof(Instance), compare_instances, &k);
	for (uint64 n = 0; n < k.count; n++)
	{
		const Instance *i = &k.instance[n];
		Datum		values[11];
		bool		nulls[11] = {false};

		values[0] = account_datum(&call, i->source);
		values[1] = account_datum(&call, i->target);
		values[2] = middles_of(&k, i);
		values[3] = Int32GetDatum((int32) i->parties);
		values[4] = rs_txn_array(&call, k.data + i->first, i->nfirst);
		values[5] = rs_txn_array(&call, k.data + i->first + i->nfirst, i->nsecond);
		values[6] = rs_amount_total(&call, k.data + i->first, i->nfirst);
		values[7] = rs_amount_total(&call, k.data + i->first + i->nfirst, i->nsecond);
		span_of(&k, i, &values[8], &values[9]);
		values[10] = rs_instance_key(&call, "scatter_gather", k.data + i->first, i->nfirst + i->nsecond);
		rs_pattern_put(&call, values, nulls);
	}
	rs_pattern_end(&call);
	return (Datum) 0;
}

/*
 * find_gather_scatter(transfers text, min_parties int, within interval, ordered boolean,
 *		since timestamptz, bad_rows text)
 *	 returns (account text, parties int, in_txn_ids text[], out_txn_ids text[], received numeric,
 *			  paid numeric, started_at timestamptz, ended_at timestamptz, instance text)
 *
 * At least min_parties payers into an account, then (ordered) at least as many
 * payees out of it, inside a window. See pattern_gather.c.
 */
PG_FUNCTION_INFO_V1(rs_find_gather_scatter_sql);
Datum
rs_find_gather_scatter_sql(PG_FUNCTION_ARGS)
{
	RsPatternCall call;
	Kept		k = {0};
	RsRelayQuestion q;

	relay_question(fcinfo, &q);
	rs_pattern_begin(&call, fcinfo, 5, false);
	k.call = &call;
	rs_find_gather_scatter(call.flow, &q, call.budget, keep_relay, &k);
	if (k.count > 1)
		qsort_arg(k.instance, k.count, sizeof(Instance), compare_instances, &k);
	for (uint64 n = 0; n < k.count; n++)
	{
		const Instance *i = &k.instance[n];
		Datum		values[9];
		bool		nulls[9] = {false};

		values[0] = account_datum(&call, i->source);
		values[1] = Int32GetDatum((int32) i->parties);
		values[2] = rs_txn_array(&call, k.data + i->first, i->nfirst);
		values[3] = rs_txn_array(&call, k.data + i->first + i->nfirst, i->nsecond);
		values[4] = rs_amount_total(&call, k.data + i->first, i->nfirst);
		values[5] = rs_amount_total(&call, k.data + i->first + i->nfirst, i->nsecond);
		span_of(&k, i, &values[6], &values[7]);
		values[8] = rs_instance_key(&call, "gather_scatter", k.data + i->first, i->nfirst + i->nsecond);
		rs_pattern_put(&call, values, nulls);
	}
	rs_pattern_end(&call);
	return (Datum) 0;
}
