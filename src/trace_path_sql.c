/*
 * src/trace_path_sql.c
 *	  trace_paths: the SQL face of the path search.
 */
#include "pg_compat.h"

#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "query_reader.h"
#include "rs_memory.h"
#include "trace_account.h"
#include "trace_path.h"
#include "trace_sql.h"

enum { P_SEED, P_NO, P_HOPS, P_ACCOUNTS, P_TXNS, P_AMOUNTS, P_BOTTLENECK, P_STARTED, P_ENDED, P_MORE, P_COLUMNS };

/* A path found; its arrays live in the context of the seed. */
typedef struct Found
{
	int			hops;
	uint32	   *place;
	uint32	   *account;
	char		bottleneck[sizeof(int128)];
} Found;

typedef struct FoundList
{
	MemoryContext budget;
	Found	   *list;
	uint64		n,
				capacity;
} FoundList;

static void
keep_path(void *arg, const RsTracePath *path)
{
	FoundList  *found = arg;
	Found	   *f;

	found->list = rs_grow(found->budget, found->list, &found->capacity, found->n + 1,
						  sizeof(Found), "the paths of a trace");
	f = &found->list[found->n++];
	f->hops = path->hops;
	f->place = rs_alloc(found->budget, path->hops, sizeof(uint32), "the paths of a trace");
	memcpy(f->place, path->place, path->hops * sizeof(uint32));
	f->account = rs_alloc(found->budget, path->hops + 1, sizeof(uint32), "the paths of a trace");
	memcpy(f->account, path->account, (path->hops + 1) * sizeof(uint32));
	memcpy(f->bottleneck, &path->bottleneck, sizeof(int128));
}

/* The accounts where the trace ends, ascending. */
static uint32 *
terminals(RsTraceAccounts *accounts, uint32 seed, MemoryContext budget, uint64 *count)
{
	uint64		n;
	const RsTraceAccount *list = rs_trace_accounts(accounts, seed, &n);
	uint32	   *target = rs_alloc(budget, n, sizeof(uint32), "the paths of a trace");
	uint64		kept = 0;

	for (uint64 i = 0; i < n; i++)
		if (!list[i].goes_on && !list[i].cut)
			target[kept++] = list[i].account;
	qsort(target, kept, sizeof(uint32), rs_compare_accounts);
	*count = kept;
	return target;
}

static Datum
array_of(Datum *values, int n, Oid type)
{
	return PointerGetDatum(type == TEXTOID ? construct_array(values, n, TEXTOID, -1, false, TYPALIGN_INT)
						   : construct_array(values, n, NUMERICOID, -1, false, TYPALIGN_INT));
}

static void
send_path(RsTraceCall *call, Datum seed, uint64 number, const Found *f, bool more)
{
	RsFlow	   *flow = call->flow;
	const RsFlowSide *side = rs_trace_side(call->trace);
	bool		up = call->question.upstream;
	MemoryContext old = MemoryContextSwitchTo(call->row_context);
	Datum	   *account = palloc(sizeof(Datum) * (f->hops + 1)),
			   *txn = palloc(sizeof(Datum) * f->hops),
			   *amount = palloc(sizeof(Datum) * f->hops);
	TimestampTz started = 0,
				ended = 0;
	int128		bottleneck;
	Datum		values[P_COLUMNS];
	bool		nulls[P_COLUMNS] = {false};

	/* In the direction of the money: upstream the seed comes last. */
	for (int i = 0; i <= f->hops; i++)
		account[up ? f->hops - i : i] = rs_trace_account_text(call, f->account[i]);
	for (int i = 0; i < f->hops; i++)
	{
		int			to = up ? f->hops - 1 - i : i;
		uint32		transfer = rs_flow_transfer(side, f->place[i]);
		TimestampTz at = rs_flow_time(flow, side->arc[f->place[i]].when);

		txn[to] = flow->txn_text(flow, transfer);
		amount[to] = rs_trace_amount(call, rs_flow_amount(flow, transfer));
		started = i == 0 ? at : Min(started, at);
		ended = i == 0 ? at : Max(ended, at);
	}
	memcpy(&bottleneck, f->bottleneck, sizeof(int128));
	values[P_SEED] = seed;
	values[P_NO] = Int64GetDatum((int64) number);
	values[P_HOPS] = Int32GetDatum(f->hops);
	values[P_ACCOUNTS] = array_of(account, f->hops + 1, TEXTOID);
	values[P_TXNS] = array_of(txn, f->hops, TEXTOID);
	values[P_AMOUNTS] = array_of(amount, f->hops, NUMERICOID);
	values[P_BOTTLENECK] = rs_trace_amount(call, bottleneck);
	values[P_STARTED] = TimestampTzGetDatum(started);
	values[P_ENDED] = TimestampTzGetDatum(ended);
	values[P_MORE] = BoolGetDatum(more);
	rs_trace_row(call, values, nulls);
	MemoryContextSwitchTo(old);
}

/*
 * trace_paths(... as trace_funds, without bad_rows ..., target text[], max_paths int, bad_rows text)
 *	 returns (seed text, path_no bigint, hops int, accounts text[], txn_ids text[], amounts numeric[],
 *			  bottleneck numeric, started_at timestamptz, ended_at timestamptz, more boolean)
 *
 * The max_paths best paths of each seed's trace that end in a target (NULL:
 * every terminal account), by hops, then bottleneck. `more`: paths exist that
 * are not listed, or the search was stopped before it could exclude them.
 * Errors as trace_funds, 22023 for max_paths < 1.
 */
PG_FUNCTION_INFO_V1(rs_trace_paths_sql);
Datum
rs_trace_paths_sql(PG_FUNCTION_ARGS)
{
	int			target_arg = ARG_COMMON,
				max_paths_arg = ARG_COMMON + 1,
				bad_rows_arg = ARG_COMMON + 2;
	RsTraceCall *call;
	RsTraceAccounts *accounts = NULL;
	int			max_paths;
	bool		all_terminals = PG_ARGISNULL(target_arg);

	if (PG_ARGISNULL(max_paths_arg))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("argument max_paths must not be null")));
	max_paths = PG_GETARG_INT32(max_paths_arg);
	if (max_paths < 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("max_paths must be at least 1")));
	call = rs_trace_begin(fcinfo, bad_rows_arg, target_arg);
	if (all_terminals)
		accounts = rs_trace_accounts_create(call->trace, call->flow, call->question.upstream);

	for (int s = 0; s < call->nseeds; s++)
	{
		MemoryContext context;
		FoundList	found = {0};
		const uint32 *target = call->target;
		uint64		ntargets = call->ntargets;
		RsTraceMore more;

		rs_trace_seed(call->trace, call->seed[s], true);
		context = AllocSetContextCreate(call->budget, "risk_screen paths found", ALLOCSET_DEFAULT_SIZES);
		found.budget = context;
		if (all_terminals)
			target = terminals(accounts, call->seed[s], context, &ntargets);
		more = rs_trace_paths(call->trace, call->flow, &call->question, call->seed[s], target, ntargets,
							  (uint64) max_paths, RS_PATH_STEPS, keep_path, &found);
		if (more == RS_PATHS_STOPPED && found.n == 0)
			ereport(WARNING,
					(errmsg("the search for paths from one of the seeds was stopped without a result"),
					 errdetail("It made " UINT64_FORMAT " steps.", RS_PATH_STEPS),
					 errhint("Lower max_hops, set stop_at or max_fanout, or name fewer targets.")));
		for (uint64 i = 0; i < found.n; i++)
			send_path(call, call->seed_text[s], i + 1, &found.list[i], more != RS_PATHS_ALL);
		MemoryContextDelete(context);
	}
	rs_trace_end(call);
	return (Datum) 0;
}
