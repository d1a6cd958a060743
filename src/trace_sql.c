/*
 * src/trace_sql.c
 *	  What the trace functions share; trace_accounts and trace_summary.
 *
 * One call answers for all its seeds: the flow is opened (a mapped flow graph,
 * or what the question needs of a query, fetched once for all seeds), then the
 * seeds are traced one after the other in the same state arrays and their rows
 * go to a tuplestore.
 *
 * Everything large lives in one context per call, the budget that
 * risk_screen.max_memory bounds. Rows are made in a context that is reset
 * every now and then; account names are made once and kept.
 */
#include "pg_compat.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/numeric.h"
#include "utils/timestamp.h"

#include "duration.h"
#include "query_reader.h"
#include "rs_memory.h"
#include "trace_account.h"
#include "trace_sql.h"


/* ---- arguments ---- */

static void
refuse_nulls(FunctionCallInfo fcinfo, int bad_rows_arg)
{
	static const struct
	{
		int			arg;
		const char *name;
	}			needed[] = {
		{ARG_TRANSFERS, "transfers"}, {ARG_SEEDS, "seeds"}, {ARG_DIRECTION, "direction"},
		{ARG_SINCE, "since"}, {ARG_UNTIL, "until"}, {ARG_MAX_HOPS, "max_hops"},
		{ARG_MIN_AMOUNT, "min_amount"}, {ARG_ORDERED, "ordered"}, {ARG_STRICT, "strict"},
		{-1, "bad_rows"}
	};

	for (int i = 0; i < lengthof(needed); i++)
		if (PG_ARGISNULL(needed[i].arg >= 0 ? needed[i].arg : bad_rows_arg))
			ereport(ERROR,
					(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					 errmsg("argument %s must not be null", needed[i].name),
					 errhint("Only max_hold, stop_at, max_fanout and target may be null; leave other arguments out to get their defaults.")));
}

static void
question_from(FunctionCallInfo fcinfo, RsFlowQuestion *q)
{
	char	   *direction = text_to_cstring(PG_GETARG_TEXT_PP(ARG_DIRECTION));
	Numeric		min_amount = PG_GETARG_NUMERIC(ARG_MIN_AMOUNT);

	memset(q, 0, sizeof(*q));
	if (strcmp(direction, "upstream") == 0)
		q->upstream = true;
	else if (strcmp(direction, "downstream") != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("unknown direction \"%s\"", direction),
				 errhint("Use 'downstream' (where the money went) or 'upstream' (where it came from).")));
	q->since = PG_GETARG_TIMESTAMPTZ(ARG_SINCE);
	q->until = PG_GETARG_TIMESTAMPTZ(ARG_UNTIL);
	if (q->since > q->until)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("since must not be later than until")));
	q->max_hops = PG_GETARG_INT32(ARG_MAX_HOPS);
	if (q->max_hops < 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("max_hops must be at least 1")));
	q->ordered = PG_GETARG_BOOL(ARG_ORDERED);
	q->strict = PG_GETARG_BOOL(ARG_STRICT);
	q->max_hold = PG_ARGISNULL(ARG_MAX_HOLD) ? -1 : rs_interval_usecs(PG_GETARG_INTERVAL_P(ARG_MAX_HOLD), "max_hold");
	if (!q->ordered && (q->strict || q->max_hold >= 0))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s needs ordered => true", q->strict ? "strict" : "max_hold"),
				 errdetail("Without order, the times of the transfers are not compared.")));
	q->max_fanout = -1;
	if (!PG_ARGISNULL(ARG_MAX_FANOUT))
	{
		q->max_fanout = PG_GETARG_INT32(ARG_MAX_FANOUT);
		if (q->max_fanout < 0)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("max_fanout must not be negative")));
	}
	if (numeric_is_nan(min_amount) || numeric_is_inf(min_amount))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("min_amount must be a finite number")));
	q->min_amount = NumericGetDatum(min_amount);
}

int
rs_compare_accounts(const void *a, const void *b)
{
	uint32		x = *(const uint32 *) a,
				y = *(const uint32 *) b;

	return x < y ? -1 : x > y;
}

/* Ascending, distinct, without unknown accounts. */
static uint32 *
known_ids(MemoryContext budget, const uint32 *id, int n, uint32 *count)
{
	uint32	   *list = rs_alloc(budget, n, sizeof(uint32), "the accounts of a question");
	uint32		kept = 0;

	for (int i = 0; i < n; i++)
		if (id[i] != RS_NO_ID)
			list[kept++] = id[i];
	qsort(list, kept, sizeof(uint32), rs_compare_accounts);
	n = kept;
	kept = 0;
	for (int i = 0; i < n; i++)
		if (kept == 0 || list[kept - 1] != list[i])
			list[kept++] = list[i];
	*count = kept;
	return list;
}

typedef struct SeedText
{
	Datum		text;
	int			index;
} SeedText;

static int
compare_seed_texts(const void *a, const void *b)
{
	const SeedText *x = a,
			   *y = b;
	int			n = VARSIZE_ANY_EXHDR(DatumGetPointer(x->text)),
				m = VARSIZE_ANY_EXHDR(DatumGetPointer(y->text));
	int			c = memcmp(VARDATA_ANY(DatumGetPointer(x->text)), VARDATA_ANY(DatumGetPointer(y->text)), Min(n, m));

	if (c == 0)
		c = n - m;
	return c != 0 ? c : x->index - y->index;
}

/* Each seed once, at its first place in the argument. */
static void
read_seeds(RsTraceCall *call, ArrayType *seeds)
{
	int			n,
				kept = 0;
	uint32	   *id;
	Datum	   *text;
	SeedText   *order;
	bool	   *again;

	call->flow->resolve(call->flow, seeds, "seeds", &n, &id, &text);
	if (n == 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("argument seeds is empty"),
				 errhint("Name at least one account, for example ARRAY['A-100'].")));
	order = rs_alloc(call->budget, n, sizeof(SeedText), "the seeds of a trace");
	again = rs_alloc0(call->budget, n, sizeof(bool), "the seeds of a trace");
	for (int i = 0; i < n; i++)
		order[i] = (SeedText) {text[i], i};
	qsort(order, n, sizeof(SeedText), compare_seed_texts);
	for (int i = 1; i < n; i++)
		if (id[order[i].index] == id[order[i - 1].index] &&
			VARSIZE_ANY_EXHDR(DatumGetPointer(order[i].text)) == VARSIZE_ANY_EXHDR(DatumGetPointer(order[i - 1].text)) &&
			memcmp(VARDATA_ANY(DatumGetPointer(order[i].text)), VARDATA_ANY(DatumGetPointer(order[i - 1].text)),
				   VARSIZE_ANY_EXHDR(DatumGetPointer(order[i].text))) == 0)
			again[order[i].index] = true;
	for (int i = 0; i < n; i++)
		if (!again[i])
		{
			id[kept] = id[i];
			text[kept++] = text[i];
		}
	call->nseeds = kept;
	call->seed = id;
	call->seed_text = text;
	call->question.seed = known_ids(call->budget, id, kept, &call->question.nseeds);
}

static Datum
power_of_ten(int power)
{
	return DirectFunctionCall3(numeric_in, CStringGetDatum(psprintf("1e%d", power)),
							   ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1));
}

/* min_amount in the flow's units, rounded up; what does not fit excludes everything. */
static int128
scaled_minimum(RsTraceCall *call)
{
	Datum		scaled = DirectFunctionCall2(numeric_mul, call->question.min_amount,
											 power_of_ten(call->flow->scale));
	int128		value;

	scaled = DirectFunctionCall1(numeric_ceil, scaled);
	if (DatumGetBool(DirectFunctionCall2(numeric_gt, scaled, power_of_ten(38))) ||
		!rs_numeric_to_int128(scaled, 0, &value))
		value = (((int128) 1 << 126) - 1) * 2 + 1;	/* the largest */
	return Max(value, 0);
}

RsTraceCall *
rs_trace_open(FunctionCallInfo fcinfo, int bad_rows_arg, int target_arg)
{
	MemoryContext budget;
	RsTraceCall *call;
	RsFlowQuestion question;

	refuse_nulls(fcinfo, bad_rows_arg);
	question_from(fcinfo, &question);
	budget = AllocSetContextCreate(CurrentMemoryContext, "risk_screen trace", ALLOCSET_DEFAULT_SIZES);
	SPI_connect();
	MemoryContextSwitchTo(budget);
	call = palloc0(sizeof(RsTraceCall));
	call->budget = budget;
	call->question = question;
	call->row_context = AllocSetContextCreate(budget, "risk_screen row", ALLOCSET_DEFAULT_SIZES);
	call->flow = rs_flow_open(text_to_cstring(PG_GETARG_TEXT_PP(ARG_TRANSFERS)),
							  text_to_cstring(PG_GETARG_TEXT_PP(bad_rows_arg)), budget);
	read_seeds(call, PG_GETARG_ARRAYTYPE_P(ARG_SEEDS));
	if (!PG_ARGISNULL(ARG_STOP_AT))
	{
		int			n;
		uint32	   *id;
		Datum	   *text;

		call->flow->resolve(call->flow, PG_GETARG_ARRAYTYPE_P(ARG_STOP_AT), "stop_at", &n, &id, &text);
		call->question.stop = known_ids(budget, id, n, &call->question.nstops);
	}
	if (target_arg >= 0 && !PG_ARGISNULL(target_arg))
	{
		int			n;
		uint32	   *id;
		Datum	   *text;
		uint32		known;

		call->flow->resolve(call->flow, PG_GETARG_ARRAYTYPE_P(target_arg), "target", &n, &id, &text);
		call->target = known_ids(budget, id, n, &known);
		call->ntargets = known;
	}
	if (call->flow->fetch)
	{
		call->flow->fetch(call->flow, &call->question);
		/* What is too small was not fetched. */
		call->trace = rs_trace_create(call->flow, &call->question, 0);
	}
	else
		call->trace = rs_trace_create(call->flow, &call->question, scaled_minimum(call));
	if (target_arg >= 0)
		rs_trace_join(call->trace);
	/* What was read is enough: nothing but memory is used from here on. */
	call->flow->close(call->flow);
	SPI_finish();
	call->text_page = rs_alloc0(budget, ((uint64) call->flow->naccounts >> RS_TEXT_PAGE_BITS) + 1,
								sizeof(RsTraceText *), "the answer of a trace");
	return call;
}

RsTraceCall *
rs_trace_begin(FunctionCallInfo fcinfo, int bad_rows_arg, int target_arg)
{
	RsTraceCall *call;

	InitMaterializedSRF(fcinfo, 0);
	call = rs_trace_open(fcinfo, bad_rows_arg, target_arg);
	call->result = (ReturnSetInfo *) fcinfo->resultinfo;
	call->caller = MemoryContextSwitchTo(call->budget);
	return call;
}

void
rs_trace_end(RsTraceCall *call)
{
	if (call->caller)
		MemoryContextSwitchTo(call->caller);
	MemoryContextDelete(call->budget);
}

/* ---- rows ---- */

pg_noinline Datum
rs_trace_make_text(RsTraceCall *call, uint32 account)
{
	RsTraceText **page = &call->text_page[account >> RS_TEXT_PAGE_BITS];
	RsTraceText *slot;
	MemoryContext old = MemoryContextSwitchTo(call->budget);
	struct varlena *text = (struct varlena *) DatumGetPointer(call->flow->account_text(call->flow, account));
	Size		n = VARSIZE_ANY_EXHDR(text);

	if (*page == NULL)
		*page = rs_alloc0(call->budget, RS_TEXT_PAGE_SIZE, sizeof(RsTraceText), "the answer of a trace");
	slot = &(*page)[account & (RS_TEXT_PAGE_SIZE - 1)];
	if (n + VARHDRSZ_SHORT <= sizeof(slot->inside))
	{
		SET_VARSIZE_SHORT(slot->inside, n + VARHDRSZ_SHORT);
		memcpy(VARDATA_SHORT(slot->inside), VARDATA_ANY(text), n);
		pfree(text);
		text = (struct varlena *) slot->inside;
	}
	else
		slot->outside = text;
	MemoryContextSwitchTo(old);
	return PointerGetDatum(text);
}

Datum
rs_trace_amount(RsTraceCall *call, int128 amount)
{
	return rs_int128_to_numeric(amount, call->flow->scale);
}

void
rs_trace_row(RsTraceCall *call, Datum *values, bool *nulls)
{
	tuplestore_putvalues(call->result->setResult, call->result->setDesc, values, nulls);
	rs_trace_row_sent(call);
}

/*
 * trace_accounts(... as trace_funds ...)
 *	 returns (seed text, account text, hops int, first_at timestamptz, last_at timestamptz,
 *			  received numeric, sent numeric, terminal boolean, via text)
 *
 * Every account that a trace reached, the seed itself not, by seed, hops,
 * first_at, account. first_at and last_at are those of the transfers that
 * reached it, received and sent what the trace's transfers brought and took.
 */
PG_FUNCTION_INFO_V1(rs_trace_accounts_sql);
Datum
rs_trace_accounts_sql(PG_FUNCTION_ARGS)
{
	enum { A_SEED, A_ACCOUNT, A_HOPS, A_FIRST, A_LAST, A_RECEIVED, A_SENT, A_TERMINAL, A_VIA, A_COLUMNS };
	RsTraceCall *call = rs_trace_begin(fcinfo, ARG_COMMON, -1);
	RsTraceAccounts *accounts = rs_trace_accounts_create(call->trace, call->flow, call->question.upstream);

	for (int s = 0; s < call->nseeds; s++)
	{
		uint64		n;
		const RsTraceAccount *list;
		MemoryContext old;

		rs_trace_seed(call->trace, call->seed[s], true);
		list = rs_trace_accounts(accounts, call->seed[s], &n);
		old = MemoryContextSwitchTo(call->row_context);
		for (uint64 i = 0; i < n; i++)
		{
			Datum		values[A_COLUMNS];
			bool		nulls[A_COLUMNS] = {false};
			int128		received,
						sent;

			memcpy(&received, list[i].received, sizeof(int128));
			memcpy(&sent, list[i].sent, sizeof(int128));
			values[A_SEED] = call->seed_text[s];
			values[A_ACCOUNT] = rs_trace_account_text(call, list[i].account);
			values[A_HOPS] = Int32GetDatum(list[i].hops);
			values[A_FIRST] = TimestampTzGetDatum(rs_flow_time(call->flow, list[i].first));
			values[A_LAST] = TimestampTzGetDatum(rs_flow_time(call->flow, list[i].last));
			values[A_RECEIVED] = rs_trace_amount(call, received);
			values[A_SENT] = rs_trace_amount(call, sent);
			values[A_TERMINAL] = BoolGetDatum(!list[i].goes_on && !list[i].cut);
			values[A_VIA] = rs_trace_account_text(call, list[i].via);
			rs_trace_row(call, values, nulls);
		}
		MemoryContextSwitchTo(old);
	}
	rs_trace_end(call);
	return (Datum) 0;
}

/*
 * trace_summary(... as trace_funds ...)
 *	 returns (seed text, hops int, accounts bigint, transfers bigint, amount numeric,
 *			  terminals bigint, cut bigint)
 *
 * One row per distinct seed, in the order given; zeros for a seed that never
 * appears. Keeps no trace: memory is the engine's state.
 */
PG_FUNCTION_INFO_V1(rs_trace_summary);
Datum
rs_trace_summary(PG_FUNCTION_ARGS)
{
	RsTraceCall *call = rs_trace_begin(fcinfo, ARG_COMMON, -1);

	for (int s = 0; s < call->nseeds; s++)
	{
		const RsTraceSummary *summary = rs_trace_seed(call->trace, call->seed[s], false);
		MemoryContext old = MemoryContextSwitchTo(call->row_context);
		Datum		values[7];
		bool		nulls[7] = {false};

		values[0] = call->seed_text[s];
		values[1] = Int32GetDatum(summary->hops);
		values[2] = Int64GetDatum((int64) summary->accounts);
		values[3] = Int64GetDatum((int64) summary->transfers);
		values[4] = rs_trace_amount(call, summary->amount);
		values[5] = Int64GetDatum((int64) summary->terminals);
		values[6] = Int64GetDatum((int64) summary->cut);
		rs_trace_row(call, values, nulls);
		MemoryContextSwitchTo(old);
	}
	rs_trace_end(call);
	return (Datum) 0;
}
