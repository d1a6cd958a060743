/*
 * src/flow_source_query.c
 *	  A flow fetched from the analyst's table for one question, hop by hop.
 *
 * The transfers of all seeds' traces together are those that a trace started
 * from all seeds at once would visit. So the fetch walks that joint trace: one
 * bound query per hop asks for the transfers of the accounts reached so far,
 * from the earliest arrival on,
 *
 *	 unnest($1 accounts, $2 from, $3 to) JOIN (query) q ON q.payer = f.account
 *		AND q.paid_at BETWEEN f.lo AND f.hi
 *
 * and the planner chooses between probing an index and scanning the table,
 * knowing the true number of accounts. What was fetched of an account is
 * remembered and only extended, so each transfer is fetched once. The result
 * is sorted into the arrays of a flow, on which the engine traces each seed.
 *
 * After the last hop the accounts reached are not fetched any more: whether
 * anything leaves them after they were reached, and when last, is asked by a
 * probe that returns times only (RsFlow.beyond).
 *
 * With max_fanout at most max_fanout + 1 transfers of an account are fetched,
 * the latest ones (upstream: the earliest). Fetching may then follow a few
 * transfers that turn out not to be in any trace; the engine decides. With
 * max_hold, windows instead of tails are asked for, merged per account.
 *
 * Memory: 24 bytes a transfer while fetching plus amount and identifiers, twice
 * that for a moment when the arrays are built. The queries themselves are in
 * src/flow_source_request.c, the rows in src/flow_source_row.c.
 */
#include "pg_compat.h"

#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/array.h"

#include "flow_source_query.h"
#include "risk_screen.h"


/* ---- the walk ---- */

/* For each waiting account, the tail that its arrival opens; for a seed, everything. */
static void
request_tails(FetchedFlow *s, const uint32 *list, uint64 n, bool seeds, Requests *r)
{
	int64		fanout = s->q->max_fanout;

	r->list = rs_alloc(s->flow.budget, n, sizeof(Request), "the frontier of a trace");
	r->n = 0;
	r->limited = fanout >= 0 && s->q->max_hold < 0 && s->bound_times;
	for (uint64 i = 0; i < n; i++)
	{
		Account    *a = account_of(s, list[i]);
		Request    *request = &r->list[r->n];
		int64		allowed = a->stop ? 0 : fanout;

		request->account = list[i];
		request->from = seeds ? s->near : Max(onward(s, a->arrival), s->near);
		request->to = a->from == NOTHING ? s->far : a->from - 1;
		request->want = 0;
		a->waiting = false;
		a->from = Min(a->from, request->from);
		if (r->limited)
		{
			if (a->count > allowed)
				continue;		/* already known to be too many */
			request->want = (int32) Min(allowed + 1 - a->count, PG_INT32_MAX);
		}
		if (request->from <= request->to)
			r->n++;
	}
}

static int
compare_windows(const void *x, const void *y)
{
	const Window *a = x,
			   *b = y;

	if (a->account != b->account)
		return a->account < b->account ? -1 : 1;
	return a->from < b->from ? -1 : a->from > b->from;
}

/*
 * With max_hold: the windows opened by the last rows, minus what was asked for
 * before. Both lists are ascending by account and time; so is their union.
 */
static void
request_windows(FetchedFlow *s, Requests *r)
{
	Window	   *merged = rs_alloc(s->flow.budget, s->ncovered + s->nwindows, sizeof(Window), "the windows of a trace");
	uint64		n = 0,
				i = 0,
				j = 0;

	qsort(s->window, s->nwindows, sizeof(Window), compare_windows);
	r->list = rs_alloc(s->flow.budget, s->ncovered + s->nwindows, sizeof(Request), "the windows of a trace");
	r->n = 0;
	r->limited = false;
	while (i < s->ncovered || j < s->nwindows)
	{
		bool		old = j >= s->nwindows ||
			(i < s->ncovered && compare_windows(&s->covered[i], &s->window[j]) <= 0);
		const Window *w = old ? &s->covered[i++] : &s->window[j++];
		Window	   *last = n > 0 && merged[n - 1].account == w->account ? &merged[n - 1] : NULL;
		int64		from = w->from;

		CHECK_FOR_INTERRUPTS();
		if (w->from > w->to)
			continue;
		/* What reaches past the union so far is new, up to the next covered window. */
		if (last && last->to >= from)
			from = last->to + (last->to < PG_INT64_MAX);
		if (!old && (last == NULL || last->to < w->to))
		{
			uint64		k = i;

			while (from <= w->to)
			{
				bool		next = k < s->ncovered && s->covered[k].account == w->account && s->covered[k].from <= w->to;
				int64		to = next ? s->covered[k].from - 1 : w->to;

				if (from <= to)
					r->list[r->n++] = (Request) {w->account, from, to, 0};
				if (!next || s->covered[k].to == PG_INT64_MAX)
					break;
				from = Max(from, s->covered[k].to + 1);
				k++;
			}
		}
		if (last && w->from <= last->to + (last->to < PG_INT64_MAX))
			last->to = Max(last->to, w->to);
		else
			merged[n++] = *w;
	}
	if (s->covered)
		pfree(s->covered);
	s->covered = merged;
	s->ncovered = n;
	s->nwindows = 0;
}

/* Translate the answers of the probes into keys of the built flow. */
static void
set_beyond(FetchedFlow *s)
{
	uint32	   *beyond = rs_alloc0(s->flow.budget, s->naccounts, sizeof(uint32), "the accounts of a trace");

	for (uint64 a = 0; a < s->naccounts; a++)
	{
		int64		latest = s->probe_latest[a];

		if (latest == PG_INT64_MIN)
			continue;
		if (!s->q->ordered)
			beyond[a] = RS_FLOW_MAX_CODE + 1;
		else if (s->q->upstream)
			beyond[a] = RS_FLOW_MAX_CODE + 1 - rs_flow_code_bound(&s->flow, ~latest, s->q->strict);
		else
			beyond[a] = rs_flow_code_bound(&s->flow, latest, !s->q->strict);
	}
	s->flow.beyond = beyond;
}

static int
compare_raw(void *arg, uint32 a, uint32 b)
{
	return rs_interner_compare(arg, a, b);
}

static void
build(FetchedFlow *s)
{
	uint32	   *place = rs_alloc(s->flow.budget, s->nraw, sizeof(uint32), "the transfers of a trace");
	int128	   *wide = NULL;

	s->flow.naccounts = rs_interner_count(s->accounts);
	s->flow.scale = rs_query_scale(s->query, RS_T_AMOUNT);
	if (s->wide)
	{
		wide = rs_alloc(s->flow.budget, s->nraw + 1, sizeof(int128), "the amounts of a trace");
		wide = (int128 *) TYPEALIGN(sizeof(int128), wide);
		memcpy(wide, s->wide, s->nraw * sizeof(int128));
		pfree(s->wide);
	}
	rs_flow_build(&s->flow, 1 << (s->q->upstream ? RS_FLOW_IN : RS_FLOW_OUT), (uint32) s->nraw, s->raw,
				  s->amount, wide, place, compare_raw, s->txns);
	s->txn = rs_alloc(s->flow.budget, s->nraw, sizeof(uint32), "the transfers of a trace");
	for (uint64 i = 0; i < s->nraw; i++)
		s->txn[place[i]] = s->raw[i].txn;
	pfree(place);
	if (s->raw)
		pfree(s->raw);
	s->raw = NULL;
}

static void
query_fetch(RsFlow *flow, const RsFlowQuestion *q)
{
	FetchedFlow *s = (FetchedFlow *) flow;
	uint32	   *list;
	uint64		n;
	Requests	r;
	bool		hold = q->max_hold >= 0;
	/* Where probes cannot tell exactly what was cut, one more hop is fetched. */
	bool		one_more = hold || q->max_fanout >= 0 || !s->bound_times;

	s->q = q;
	s->near = q->upstream ? ~q->until : q->since;
	s->far = q->upstream ? ~q->since : q->until;
	if (s->near <= s->far && q->max_hops > 0)
	{
		list = rs_alloc(flow->budget, q->nseeds, sizeof(uint32), "the seeds of a trace");
		for (uint32 i = 0; i < q->nstops; i++)
			account_of(s, q->stop[i])->stop = true;
		for (uint32 i = 0; i < q->nseeds; i++)
		{
			list[i] = q->seed[i];
			account_of(s, list[i])->stop = false;
		}
		n = q->nseeds;
		request_tails(s, list, n, true, &r);
		pfree(list);
		for (int64 hop = 1;; hop++)
		{
			rs_fetched_ask(s, &r);
			pfree(r.list);
			CHECK_FOR_INTERRUPTS();
			if (hop >= (int64) q->max_hops + one_more)
				break;
			if (hold)
				request_windows(s, &r);
			else
			{
				uint64		reached = s->nfrontier;

				/* Accounts at which the walk stops are asked about together with the others. */
				if (one_more)
				{
					s->frontier = rs_grow(flow->budget, s->frontier, &s->frontier_capacity,
										  s->nfrontier + s->nstopped + 1, sizeof(uint32), "the frontier of a trace");
					if (s->nstopped > 0)
						memcpy(s->frontier + reached, s->stopped, s->nstopped * sizeof(uint32));
					reached += s->nstopped;
					s->nstopped = 0;
				}
				s->nfrontier = 0;
				request_tails(s, s->frontier, reached, false, &r);
			}
			if (r.n == 0)
			{
				pfree(r.list);
				break;
			}
		}
		if (!one_more && s->nfrontier + s->nstopped > 0)
		{
			s->probe_latest = rs_alloc(flow->budget, s->naccounts, sizeof(int64), "the accounts of a trace");
			for (uint64 a = 0; a < s->naccounts; a++)
				s->probe_latest[a] = PG_INT64_MIN;
			rs_fetched_probe_beyond(s, s->frontier, s->nfrontier);
			rs_fetched_probe_beyond(s, s->stopped, s->nstopped);
		}
		if (s->bound_times)
			rs_fetched_check_null_times(s);
	}
	build(s);
	if (s->probe_latest)
		set_beyond(s);
}


/* ---- the flow's functions ---- */

static Datum
account_text(RsFlow *flow, uint32 account)
{
	return rs_interner_text(((FetchedFlow *) flow)->accounts, account);
}

static Datum
txn_text(RsFlow *flow, uint32 transfer)
{
	FetchedFlow *s = (FetchedFlow *) flow;

	return rs_interner_text(s->txns, s->txn[transfer]);
}

static void
prefetch_txn(const RsFlow *flow, uint32 transfer)
{
	__builtin_prefetch(&((const FetchedFlow *) flow)->txn[transfer]);
}

static int
compare_txn(RsFlow *flow, uint32 a, uint32 b)
{
	FetchedFlow *s = (FetchedFlow *) flow;

	return rs_interner_compare(s->txns, s->txn[a], s->txn[b]);
}

static int
compare_account(RsFlow *flow, uint32 a, uint32 b)
{
	return rs_interner_compare(((FetchedFlow *) flow)->accounts, a, b);
}

static void
resolve(RsFlow *flow, ArrayType *ids, const char *argument, int *count, uint32 **number, Datum **text)
{
	FetchedFlow *s = (FetchedFlow *) flow;

	/* Any column with the accounts' interner: the type is the same. */
	*number = rs_intern_text_array(s->query, RS_T_PAYER, ids, argument, count);
	*text = rs_alloc(flow->budget, *count, sizeof(Datum), argument);
	for (int i = 0; i < *count; i++)
		(*text)[i] = rs_interner_text(s->accounts, (*number)[i]);
}

static void
query_close(RsFlow *flow)
{
	rs_query_close(((FetchedFlow *) flow)->query);
}

RsFlow *
rs_flow_query_open(const char *transfers, const char *bad_rows, MemoryContext budget)
{
	FetchedFlow *s = rs_alloc0(budget, 1, sizeof(FetchedFlow), "a trace");
	Oid			type;

	s->flow.budget = budget;
	s->query = rs_query_open(transfers, &rs_transfers_contract, rs_bad_rows_option(bad_rows), budget, NULL);
	for (int c = RS_T_TIME + 1; c < RS_T_COLUMNS; c++)
		rs_query_ignore(s->query, c);
	s->accounts = rs_query_interner(s->query, RS_INTERN_ACCOUNT);
	s->txns = rs_query_interner(s->query, RS_INTERN_TXN);
	type = rs_query_type(s->query, RS_T_TIME);
	s->bound_times = type == TIMESTAMPTZOID || type == TIMESTAMPOID || type == DATEOID;
	s->flow.account_text = account_text;
	s->flow.txn_text = txn_text;
	s->flow.prefetch_txn = prefetch_txn;
	s->flow.compare_txn = compare_txn;
	s->flow.compare_account = compare_account;
	s->flow.resolve = resolve;
	s->flow.fetch = query_fetch;
	s->flow.close = query_close;
	return &s->flow;
}

RsFlow *
rs_flow_open(const char *transfers, const char *bad_rows, MemoryContext budget)
{
	if (strncmp(transfers, "graph:", 6) == 0)
	{
		rs_bad_rows_option(bad_rows);	/* checked, though a graph has no bad rows */
		return rs_flow_graph_open(transfers + 6, budget);
	}
	return rs_flow_query_open(transfers, bad_rows, budget);
}
