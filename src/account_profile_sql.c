/*
 * src/account_profile_sql.c
 *	  account_profile, fund_pools: the SQL face of profiles.
 */
#include "pg_compat.h"

#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/numeric.h"
#include "utils/timestamp.h"

#include "account_profile.h"
#include "duration.h"
#include "flow_load.h"
#include "pattern_row.h"
#include "query_reader.h"
#include "rs_memory.h"

/* Accounts in the order of their identifiers: the same in every run. */
static int
compare_accounts(const void *a, const void *b, void *arg)
{
	RsFlow	   *flow = arg;
	static uint32 calls = 0;

	if ((++calls & 0xffff) == 0)
		CHECK_FOR_INTERRUPTS();
	return flow->compare_account(flow, *(const uint32 *) a, *(const uint32 *) b);
}

static uint32 *
accounts_in_order(RsPatternCall *call)
{
	uint32	   *order = rs_alloc(call->budget, call->flow->naccounts, sizeof(uint32), "the accounts");

	for (uint32 a = 0; a < call->flow->naccounts; a++)
		order[a] = a;
	qsort_arg(order, call->flow->naccounts, sizeof(uint32), compare_accounts, call->flow);
	return order;
}

/* part / whole, six digits; NULL over nothing. */
static Datum
share(int128 part, int128 whole, bool *isnull)
{
	*isnull = whole == 0;
	if (whole == 0)
		return (Datum) 0;
	return DirectFunctionCall2(numeric_round,
							   DirectFunctionCall2(numeric_div, rs_int128_to_numeric(part, 0), rs_int128_to_numeric(whole, 0)),
							   Int32GetDatum(6));
}

static Datum
hold_interval(int64 usecs)
{
	Interval   *i = palloc0(sizeof(Interval));

	/* as timestamps subtract: days of 24 hours and a time */
	i->day = (int32) (usecs / USECS_PER_DAY);
	i->time = usecs % USECS_PER_DAY;
	return IntervalPGetDatum(i);
}

/*
 * account_profile(transfers text, "window" interval, bad_rows text)
 *	 returns (account text, paid_count bigint, received_count bigint, paid numeric,
 *			  received numeric, payees int, payers int, self_transfers bigint,
 *			  retention numeric, median_hold interval, peak_count bigint, peak_paid numeric,
 *			  peak_received numeric, sources float8, first_at timestamptz, last_at timestamptz)
 *
 * One row per account, by account. retention: the share of what was received
 * that was not paid on (negative if more was paid), NULL if nothing was
 * received. median_hold: half of the money paid on had left within it (first
 * in, first out), NULL if none. Peaks: inside any window. sources: effective
 * number of payers, 1 / sum of squared shares. Self-transfers count nowhere else.
 */
PG_FUNCTION_INFO_V1(rs_account_profile);
Datum
rs_account_profile(PG_FUNCTION_ARGS)
{
	RsPatternCall call;
	RsProfiler *profiler;
	uint32	   *order;
	int64		window;

	rs_refuse_null(fcinfo, 1, "window");
	window = rs_interval_usecs(PG_GETARG_INTERVAL_P(1), "window");
	rs_pattern_begin(&call, fcinfo, 2, false);
	profiler = rs_profiler_create(call.flow, window, call.budget);
	order = accounts_in_order(&call);
	for (uint32 i = 0; i < call.flow->naccounts; i++)
	{
		RsProfile	p;
		int			scale = call.flow->scale;
		MemoryContext old;
		Datum		values[16];
		bool		nulls[16] = {false};

		if (!rs_profile_account(profiler, order[i], &p))
			continue;
		old = MemoryContextSwitchTo(call.row_context);
		values[0] = call.flow->account_text(call.flow, p.account);
		values[1] = Int64GetDatum((int64) p.count[RS_FLOW_OUT]);
		values[2] = Int64GetDatum((int64) p.count[RS_FLOW_IN]);
		values[3] = rs_int128_to_numeric(p.total[RS_FLOW_OUT], scale);
		values[4] = rs_int128_to_numeric(p.total[RS_FLOW_IN], scale);
		values[5] = Int32GetDatum((int32) p.parties[RS_FLOW_OUT]);
		values[6] = Int32GetDatum((int32) p.parties[RS_FLOW_IN]);
		values[7] = Int64GetDatum((int64) p.self_transfers);
		values[8] = share(p.total[RS_FLOW_IN] - p.total[RS_FLOW_OUT], p.total[RS_FLOW_IN], &nulls[8]);
		nulls[9] = !p.held;
		if (p.held)
			values[9] = hold_interval(p.median_hold);
		values[10] = Int64GetDatum((int64) p.peak_count);
		values[11] = rs_int128_to_numeric(p.peak_total[RS_FLOW_OUT], scale);
		values[12] = rs_int128_to_numeric(p.peak_total[RS_FLOW_IN], scale);
		values[13] = Float8GetDatum(p.sources);
		nulls[13] = p.total[RS_FLOW_IN] == 0;
		values[14] = TimestampTzGetDatum(p.first);
		values[15] = TimestampTzGetDatum(p.last);
		MemoryContextSwitchTo(old);
		rs_pattern_put(&call, values, nulls);
	}
	rs_pattern_end(&call);
	return (Datum) 0;
}

/*
 * fund_pools(transfers text, min_payers int, min_payees int, max_matched numeric,
 *		match_within interval, min_sources float8, bad_rows text)
 *	 returns (account text, payers int, payees int, received numeric, paid numeric,
 *			  matched numeric, sources float8, retention numeric, median_hold interval,
 *			  first_at timestamptz, last_at timestamptz, instance text)
 *
 * 资金池 (C01): accounts that many pay into and that pay many, where little of
 * the money goes on under the loan it came in for. matched: the share of what
 * was received that left for its own loan_id within match_within; NULL (then
 * not a reason to leave the account out) if the query has no loan_id. Rows by
 * account. Candidates for a person to judge, not findings.
 */
PG_FUNCTION_INFO_V1(rs_fund_pools);
Datum
rs_fund_pools(PG_FUNCTION_ARGS)
{
	static const char *const argument[] = {"transfers", "min_payers", "min_payees", "max_matched", "match_within",
	"min_sources", "bad_rows"};
	RsPatternCall call;
	RsProfiler *profiler;
	const uint32 *loans;
	uint32	   *order;
	int64		window;
	int128		limit;

	for (int i = 0; i < lengthof(argument); i++)
		rs_refuse_null(fcinfo, i, argument[i]);
	window = rs_interval_usecs(PG_GETARG_INTERVAL_P(4), "match_within");
	if (!rs_numeric_is_finite(PG_GETARG_DATUM(3)) || rs_numeric_scale(PG_GETARG_DATUM(3)) > 6 ||
		!rs_numeric_to_int128(PG_GETARG_DATUM(3), 6, &limit) || limit < 0 || limit > 1000000)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("max_matched must be a share between 0 and 1 with at most six digits")));
	rs_pattern_begin(&call, fcinfo, 6, false);
	loans = rs_flow_loans(call.flow);
	profiler = rs_profiler_create(call.flow, 0, call.budget);
	order = accounts_in_order(&call);
	for (uint32 i = 0; i < call.flow->naccounts; i++)
	{
		RsProfile	p;
		int128		matched = 0;
		MemoryContext old;
		Datum		values[12];
		bool		nulls[12] = {false};

		if (!rs_profile_account(profiler, order[i], &p) ||
			(int64) p.parties[RS_FLOW_IN] < PG_GETARG_INT32(1) || (int64) p.parties[RS_FLOW_OUT] < PG_GETARG_INT32(2) ||
			p.sources < PG_GETARG_FLOAT8(5) || p.total[RS_FLOW_IN] == 0)
			continue;
		if (loans)
		{
			matched = rs_profile_matched(profiler, p.account, loans, window);
			if (matched * 1000000 > p.total[RS_FLOW_IN] * limit)
				continue;
		}
		old = MemoryContextSwitchTo(call.row_context);
		values[0] = call.flow->account_text(call.flow, p.account);
		values[1] = Int32GetDatum((int32) p.parties[RS_FLOW_IN]);
		values[2] = Int32GetDatum((int32) p.parties[RS_FLOW_OUT]);
		values[3] = rs_int128_to_numeric(p.total[RS_FLOW_IN], call.flow->scale);
		values[4] = rs_int128_to_numeric(p.total[RS_FLOW_OUT], call.flow->scale);
		nulls[5] = loans == NULL;
		if (loans)
			values[5] = share(matched, p.total[RS_FLOW_IN], &nulls[5]);
		values[6] = Float8GetDatum(p.sources);
		values[7] = share(p.total[RS_FLOW_IN] - p.total[RS_FLOW_OUT], p.total[RS_FLOW_IN], &nulls[7]);
		nulls[8] = !p.held;
		if (p.held)
			values[8] = hold_interval(p.median_hold);
		values[9] = TimestampTzGetDatum(p.first);
		values[10] = TimestampTzGetDatum(p.last);
		/* a pool is its account: the key names it, whatever is paid tomorrow */
		values[11] = PointerGetDatum(cstring_to_text(psprintf("fund_pool:%s", TextDatumGetCString(values[0]))));
		MemoryContextSwitchTo(old);
		rs_pattern_put(&call, values, nulls);
	}
	rs_pattern_end(&call);
	return (Datum) 0;
}
