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
 * Keys: downstream a time is its own key, upstream its complement, so that
 * walking is always upwards. Memory: 24 bytes a transfer while fetching plus
 * amount and identifiers, twice that for a moment when the arrays are built.
 */
#include "pg_compat.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "tcop/dest.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "flow_source.h"
#include "query_reader.h"
#include "risk_screen.h"
#include "rs_memory.h"

#define NOTHING PG_INT64_MAX

/* Up to this many accounts, asking "is there anything?" first saves reading it. */
#define SMALL_FRONTIER 1000

typedef struct Account
{
	int64		from;			/* everything with a key >= this was asked for; NOTHING */
	int64		arrival;		/* earliest and latest arrival not yet answered */
	int64		latest;
	uint32		count;			/* transfers fetched (max_fanout) */
	bool		waiting;
	bool		stop;
	bool		ranged;			/* rows without a time were not seen */
} Account;

typedef struct Window
{
	uint32		account;
	int64		from,
				to;				/* keys, inclusive */
} Window;

typedef struct FetchedFlow
{
	RsFlow		flow;			/* first: what callers hold */
	RsQuery    *query;
	RsInterner *accounts;
	RsInterner *txns;
	const RsFlowQuestion *q;
	bool		bound_times;	/* ranges can be pushed into the query */
	int64		near,
				far;

	Account    *account;
	uint64		naccounts,
				account_capacity;
	uint32	   *frontier;
	uint64		nfrontier,
				frontier_capacity;
	uint32	   *stopped;		/* stop_at accounts that were reached */
	uint64		nstopped,
				stopped_capacity;
	Window	   *window;			/* max_hold: opened by the rows of this hop */
	uint64		nwindows,
				window_capacity;
	Window	   *covered;		/* max_hold: asked for, ascending, disjoint */
	uint64		ncovered;

	RsRawTransfer *raw;
	uint64		nraw,
				raw_capacity;
	int64	   *amount;			/* exactly one of these, as soon as there are rows */
	char	   *wide;			/* int128s, unaligned */
	uint64		amount_capacity;
	uint32	   *txn;			/* by transfer number */

	int64	   *probe_latest;	/* answer of the last probe, by account: key, or PG_INT64_MIN */
} FetchedFlow;


static inline int64
key_of(const FetchedFlow *s, TimestampTz t)
{
	return s->q->upstream ? ~t : t;
}

/* Smallest key to fetch for an arrival; everything where ranges cannot be asked for. */
static inline int64
onward(const FetchedFlow *s, int64 arrival)
{
	if (!s->q->ordered || !s->bound_times)
		return s->near;
	return s->q->strict && arrival < PG_INT64_MAX ? arrival + 1 : arrival;
}

static Account *
account_of(FetchedFlow *s, uint32 id)
{
	if (id >= s->naccounts)
	{
		uint64		n = rs_interner_count(s->accounts);

		s->account = rs_grow(s->flow.budget, s->account, &s->account_capacity, n,
							 sizeof(Account), "the accounts of a trace");
		for (uint64 i = s->naccounts; i < n; i++)
			s->account[i] = (Account) {.from = NOTHING};
		s->naccounts = n;
	}
	return &s->account[id];
}


/* ---- rows ---- */

/* Chunks of memory are 8-byte aligned only: never touch an int128 there directly. */
static void
put_wide(FetchedFlow *s, uint64 i, int128 value)
{
	memcpy(s->wide + i * sizeof(int128), &value, sizeof(int128));
}

static void
make_wide(FetchedFlow *s)
{
	s->wide = rs_alloc(s->flow.budget, s->amount_capacity, sizeof(int128), "the amounts of a trace");
	for (uint64 i = 0; i < s->nraw; i++)
		put_wide(s, i, s->amount[i]);
	pfree(s->amount);
	s->amount = NULL;
}

static void
put_amount(FetchedFlow *s, int128 value)
{
	if (s->wide == NULL)
	{
		s->amount = rs_grow(s->flow.budget, s->amount, &s->amount_capacity, s->nraw + 1,
							sizeof(int64), "the amounts of a trace");
		if (value <= PG_INT64_MAX)
		{
			s->amount[s->nraw] = (int64) value;
			return;
		}
		make_wide(s);
	}
	s->wide = rs_grow(s->flow.budget, s->wide, &s->amount_capacity, s->nraw + 1,
					  sizeof(int128), "the amounts of a trace");
	put_wide(s, s->nraw, value);
}

static void
rescale(void *arg, int column, int old_scale, int new_scale)
{
	FetchedFlow *s = arg;

	if (column != RS_T_AMOUNT || s->nraw == 0)
		return;
	for (; old_scale < new_scale; old_scale++)
	{
		if (s->wide == NULL)
			for (uint64 i = 0; i < s->nraw; i++)
				if (s->amount[i] > PG_INT64_MAX / 10)
				{
					make_wide(s);
					break;
				}
		for (uint64 i = 0; i < s->nraw; i++)
		{
			int128		value;

			if (s->wide == NULL)
			{
				s->amount[i] *= 10;
				continue;
			}
			memcpy(&value, s->wide + i * sizeof(int128), sizeof(int128));
			if (__builtin_mul_overflow(value, (int128) 10, &value))
				ereport(ERROR,
						(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
						 errmsg("column \"amount\" of the transfers query mixes values too large and digits too fine for 38 digits"),
						 errhint("Round the column in the query.")));
			put_wide(s, i, value);
		}
	}
}

static void
keep_row(void *arg, const RsRow *row)
{
	FetchedFlow *s = arg;
	bool		up = s->q->upstream;
	RsRawTransfer *raw;
	TimestampTz at = row->value[RS_T_TIME].time;
	int64		key = key_of(s, at);
	uint32		near_id = row->value[up ? RS_T_PAYEE : RS_T_PAYER].id,
				peer_id = row->value[up ? RS_T_PAYER : RS_T_PAYEE].id;
	Account    *peer;

	if (key < s->near || key > s->far)
		return;
	if (s->nraw >= RS_FLOW_MAX_TRANSFERS)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("a trace cannot hold more than %u transfers", RS_FLOW_MAX_TRANSFERS)));
	s->raw = rs_grow(s->flow.budget, s->raw, &s->raw_capacity, s->nraw + 1,
					 sizeof(RsRawTransfer), "the transfers of a trace");
	put_amount(s, row->value[RS_T_AMOUNT].amount);
	raw = &s->raw[s->nraw++];
	raw->payer = row->value[RS_T_PAYER].id;
	raw->payee = row->value[RS_T_PAYEE].id;
	raw->txn = row->value[RS_T_TXN].id;
	raw->time = at;

	account_of(s, Max(near_id, peer_id));
	s->account[near_id].count++;
	if (s->account[near_id].stop)
		return;					/* only there to tell that something was cut */
	peer = &s->account[peer_id];
	if (s->q->max_hold >= 0)
	{
		Window	   *w;

		if (peer->from <= s->near)
			return;				/* a seed: everything is there */
		s->window = rs_grow(s->flow.budget, s->window, &s->window_capacity, s->nwindows + 1,
							sizeof(Window), "the windows of a trace");
		w = &s->window[s->nwindows++];
		w->account = peer_id;
		w->from = onward(s, key);
		w->to = !s->bound_times || key > s->far - s->q->max_hold ? s->far : key + s->q->max_hold;
		return;
	}
	if (onward(s, key) >= peer->from)
		return;
	if (!peer->waiting)
	{
		peer->waiting = true;
		peer->arrival = peer->latest = key;
		if (peer->stop)
		{
			s->stopped = rs_grow(s->flow.budget, s->stopped, &s->stopped_capacity, s->nstopped + 1,
								 sizeof(uint32), "the frontier of a trace");
			s->stopped[s->nstopped++] = peer_id;
		}
		else
		{
			s->frontier = rs_grow(s->flow.budget, s->frontier, &s->frontier_capacity, s->nfrontier + 1,
								  sizeof(uint32), "the frontier of a trace");
			s->frontier[s->nfrontier++] = peer_id;
		}
	}
	else if (key < peer->arrival)
		peer->arrival = key;
	else if (key > peer->latest)
		peer->latest = key;
}


/* ---- asking ---- */

typedef struct Request
{
	uint32		account;
	int64		from,
				to;				/* keys, inclusive */
	int32		want;			/* at most so many, the farthest first */
} Request;

typedef struct Requests
{
	Request    *list;
	uint64		n;
	bool		limited;		/* want matters */
} Requests;

static Datum
array_datum(Datum *values, uint64 n, Oid type)
{
	int16		length;
	bool		by_value;
	char		align;

	get_typlenbyvalalign(type, &length, &by_value, &align);
	return PointerGetDatum(construct_array(values, (int) n, type, length, by_value, align));
}

/* $1 accounts, $2 from, $3 to, $4 want, $5 account numbers; then $6 min_amount. */
#define NPARAMETERS 6

typedef struct Parameters
{
	Oid			type[NPARAMETERS];
	Datum		value[NPARAMETERS];
	char		nulls[NPARAMETERS + 1];
} Parameters;

static void
bind_requests(FetchedFlow *s, const Requests *r, Parameters *p)
{
	Datum	   *values;
	int			column = s->q->upstream ? RS_T_PAYEE : RS_T_PAYER;

	if (r->n > MaxAllocSize / sizeof(Datum))
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("one hop of a trace reaches too many accounts: " UINT64_FORMAT, r->n)));
	values = rs_alloc(CurrentMemoryContext, r->n, sizeof(Datum), "the frontier of a trace");
	memset(p->nulls, ' ', NPARAMETERS);
	p->nulls[NPARAMETERS] = '\0';
	p->type[0] = rs_query_array_type(s->query, column);
	p->type[1] = p->type[2] = TIMESTAMPTZARRAYOID;
	p->type[3] = p->type[4] = INT4ARRAYOID;
	p->type[5] = NUMERICOID;
	for (uint64 i = 0; i < r->n; i++)
		values[i] = rs_interner_datum(s->accounts, r->list[i].account);
	p->value[0] = array_datum(values, r->n, rs_interner_type(s->accounts));
	for (uint64 i = 0; i < r->n; i++)
		values[i] = TimestampTzGetDatum(s->q->upstream ? ~r->list[i].to : r->list[i].from);
	p->value[1] = array_datum(values, r->n, TIMESTAMPTZOID);
	for (uint64 i = 0; i < r->n; i++)
		values[i] = TimestampTzGetDatum(s->q->upstream ? ~r->list[i].from : r->list[i].to);
	p->value[2] = array_datum(values, r->n, TIMESTAMPTZOID);
	for (uint64 i = 0; i < r->n; i++)
		values[i] = Int32GetDatum(r->list[i].want);
	p->value[3] = array_datum(values, r->n, INT4OID);
	for (uint64 i = 0; i < r->n; i++)
		values[i] = Int32GetDatum((int32) r->list[i].account);
	p->value[4] = array_datum(values, r->n, INT4OID);
	p->value[5] = s->q->min_amount;
	pfree(values);
}

static void
ends_of(const FetchedFlow *s, const Requests *r, bool *lower, bool *upper)
{
	*lower = *upper = false;
	for (uint64 i = 0; i < r->n; i++)
	{
		*lower |= r->list[i].from != PG_INT64_MIN;
		*upper |= r->list[i].to != PG_INT64_MAX;
	}
	if (s->q->upstream)
	{
		bool		swap = *lower;

		*lower = *upper;
		*upper = swap;
	}
}

/* The time range, pushed down so that an index on (payer, paid_at) serves. */
static void
append_range(FetchedFlow *s, const Requests *r, StringInfo sql)
{
	const char *column = rs_query_expression(s->query, RS_T_TIME);
	Oid			type = rs_query_type(s->query, RS_T_TIME);
	bool		lower,
				upper;
	const char *zone = quote_literal_cstr(rs_time_zone_name);

	if (!s->bound_times)
		return;
	ends_of(s, r, &lower, &upper);
	if (lower)
		appendStringInfo(sql, " AND %s OPERATOR(pg_catalog.>=) f.lo", column);
	if (upper)
		appendStringInfo(sql, " AND %s OPERATOR(pg_catalog.<=) f.hi", column);

	/*
	 * Days and zone-less times are converted, which hides the column from an
	 * index; the same range on the bare column, a day wider, does not.
	 */
	if (type == TIMESTAMPOID)
	{
		if (lower)
			appendStringInfo(sql, " AND q.paid_at OPERATOR(pg_catalog.>=) "
							 "(pg_catalog.timezone(%s, f.lo) OPERATOR(pg_catalog.-) interval '1 day')", zone);
		if (upper)
			appendStringInfo(sql, " AND q.paid_at OPERATOR(pg_catalog.<=) "
							 "(pg_catalog.timezone(%s, f.hi) OPERATOR(pg_catalog.+) interval '1 day')", zone);
	}
	else if (type == DATEOID)
	{
		if (lower)
			appendStringInfo(sql, " AND q.paid_at OPERATOR(pg_catalog.>=) "
							 "(pg_catalog.timezone(%s, f.lo)::pg_catalog.date OPERATOR(pg_catalog.-) 1)", zone);
		if (upper)
			appendStringInfo(sql, " AND q.paid_at OPERATOR(pg_catalog.<=) "
							 "(pg_catalog.timezone(%s, f.hi)::pg_catalog.date OPERATOR(pg_catalog.+) 1)", zone);
	}
}

/*
 * Too small transfers stay out; NULL, negative and NaN amounts come in, so
 * that the reader finds the bad rows.
 */
static void
append_amount(FetchedFlow *s, StringInfo sql)
{
	const char *amount = rs_query_expression(s->query, RS_T_AMOUNT);

	if (!DatumGetBool(DirectFunctionCall2(numeric_gt, s->q->min_amount,
										  DirectFunctionCall1(int4_numeric, Int32GetDatum(0)))))
		return;
	appendStringInfo(sql, " AND (((%s)::pg_catalog.numeric OPERATOR(pg_catalog.>=) $6) IS NOT FALSE"
					 " OR (%s)::pg_catalog.numeric OPERATOR(pg_catalog.<) 0)", amount, amount);
}

static char *
condition(FetchedFlow *s, const Requests *r)
{
	StringInfoData sql;

	initStringInfo(&sql);
	appendStringInfoString(&sql, rs_query_match(s->query, s->q->upstream ? RS_T_PAYEE : RS_T_PAYER, "f.account"));
	append_range(s, r, &sql);
	append_amount(s, &sql);
	return sql.data;
}

#define FRONTIER "ROWS FROM (pg_catalog.unnest($1), pg_catalog.unnest($2), pg_catalog.unnest($3), " \
	"pg_catalog.unnest($4), pg_catalog.unnest($5)) AS f(account, lo, hi, want, n)"

/* Fetch the transfers of one hop. */
static void
fetch(FetchedFlow *s, const Requests *r)
{
	MemoryContext context,
				old;
	Parameters	p;
	bool		lower,
				upper;

	if (r->n == 0)
		return;
	/* Charged to the operation: the arrays may be large. */
	context = AllocSetContextCreate(s->flow.budget, "risk_screen hop", ALLOCSET_DEFAULT_SIZES);
	old = MemoryContextSwitchTo(context);
	bind_requests(s, r, &p);
	if (r->limited)
		rs_query_read_bound(s->query,
							psprintf("(SELECT q.*, pg_catalog.row_number() OVER (PARTITION BY f.n ORDER BY %s %s)"
									 " AS \"_risk_screen_place\", f.want AS \"_risk_screen_want\" FROM " FRONTIER " JOIN",
									 rs_query_expression(s->query, RS_T_TIME),
									 s->q->upstream ? "ASC" : "DESC"),
							psprintf("ON %s) q WHERE q.\"_risk_screen_place\" OPERATOR(pg_catalog.<=) q.\"_risk_screen_want\"",
									 condition(s, r)),
							NPARAMETERS, p.type, p.value, p.nulls, keep_row, rescale, s);
	else
		rs_query_read_bound(s->query, FRONTIER " JOIN", psprintf("ON %s", condition(s, r)),
							NPARAMETERS, p.type, p.value, p.nulls, keep_row, rescale, s);
	MemoryContextSwitchTo(old);
	MemoryContextDelete(context);
	ends_of(s, r, &lower, &upper);
	if (lower || upper)
		for (uint64 i = 0; i < r->n; i++)
			s->account[r->list[i].account].ranged = true;
}


/* ---- what lies beyond ---- */

typedef struct ProbeReceiver
{
	DestReceiver pub;
	FetchedFlow *source;
} ProbeReceiver;

static bool
receive_probe(TupleTableSlot *slot, DestReceiver *self)
{
	FetchedFlow *s = ((ProbeReceiver *) self)->source;
	int64	   *latest;
	int64		key;

	slot_getallattrs(slot);
	if (slot->tts_isnull[1])
		return true;
	latest = &s->probe_latest[(uint32) DatumGetInt32(slot->tts_values[0])];
	/* Without order, anything at all is after everything. */
	key = s->q->ordered ? key_of(s, DatumGetTimestampTz(slot->tts_values[1])) : PG_INT64_MAX;
	if (key > *latest)
		*latest = key;
	return true;
}

static void
probe_startup(DestReceiver *self, int operation, TupleDesc desc)
{
}

static void
probe_shutdown(DestReceiver *self)
{
}

static void
probe(FetchedFlow *s, const Requests *r, const char *what, const char *before, const char *after)
{
	MemoryContext context = AllocSetContextCreate(s->flow.budget, "risk_screen probe", ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = MemoryContextSwitchTo(context);
	ProbeReceiver receiver = {{receive_probe, probe_startup, probe_shutdown, probe_shutdown, DestNone}, s};
	Parameters	p;

	if (r->n > 0)
	{
		bind_requests(s, r, &p);
		rs_query_probe(s->query, what, before, after, NPARAMETERS, p.type, p.value, p.nulls, &receiver.pub);
	}
	MemoryContextSwitchTo(old);
	MemoryContextDelete(context);
}

/*
 * For the accounts in `list` (waiting, not fetched): probe_latest becomes the
 * key of the last transfer after their earliest arrival, as far as that
 * decides which arrivals have something after them.
 */
static void
probe_beyond(FetchedFlow *s, const uint32 *list, uint64 n)
{
	Requests	r = {rs_alloc(s->flow.budget, n, sizeof(Request), "the frontier of a trace"), 0, false};
	bool		small = n <= SMALL_FRONTIER || !s->q->ordered;

	if (small)
	{
		/* Anything after the latest arrival? Then after all of them. */
		for (uint64 i = 0; i < n; i++)
		{
			Account    *a = &s->account[list[i]];
			Request		request = {list[i], onward(s, a->latest), Min(s->far, a->from - (a->from != NOTHING)), 0};

			if (request.from <= request.to)
				r.list[r.n++] = request;
		}
		probe(s, &r, s->q->upstream ? "f.n, f.hi" : "f.n, f.lo",
			  FRONTIER " WHERE EXISTS (SELECT FROM", psprintf("WHERE %s)", condition(s, &r)));
	}
	/* For the others, the last transfer after the earliest arrival. */
	r.n = 0;
	for (uint64 i = 0; i < n && s->q->ordered; i++)
	{
		Account    *a = &s->account[list[i]];
		Request		request = {list[i], onward(s, a->arrival), Min(s->far, a->from - (a->from != NOTHING)), 0};

		if (small)
		{
			if (s->probe_latest[list[i]] != PG_INT64_MIN || a->arrival == a->latest)
				continue;
			request.to = Min(request.to, onward(s, a->latest) - 1);
		}
		if (request.from <= request.to)
			r.list[r.n++] = request;
	}
	probe(s, &r, psprintf("f.n, %s", rs_query_expression(s->query, RS_T_TIME)),
		  FRONTIER " JOIN", psprintf("ON %s", condition(s, &r)));
	pfree(r.list);
}

/* Transfers of the fetched accounts that have no time are bad rows: let the reader see them. */
static void
check_null_times(FetchedFlow *s)
{
	Requests	r = {rs_alloc(s->flow.budget, s->naccounts, sizeof(Request), "the accounts of a trace"), 0, false};
	MemoryContext context,
				old;
	Parameters	p;
	StringInfoData sql;

	for (uint64 a = 0; a < s->naccounts; a++)
		if (s->account[a].ranged)
			r.list[r.n++] = (Request) {(uint32) a, 0, 0, 0};
	context = AllocSetContextCreate(s->flow.budget, "risk_screen hop", ALLOCSET_DEFAULT_SIZES);
	old = MemoryContextSwitchTo(context);
	bind_requests(s, &r, &p);
	initStringInfo(&sql);
	appendStringInfo(&sql, "ON %s AND (%s) IS NULL",
					 rs_query_match(s->query, s->q->upstream ? RS_T_PAYEE : RS_T_PAYER, "f.account"),
					 rs_query_expression(s->query, RS_T_TIME));
	if (r.n > 0)
		rs_query_read_bound(s->query, FRONTIER " JOIN", sql.data,
							NPARAMETERS, p.type, p.value, p.nulls, keep_row, rescale, s);
	MemoryContextSwitchTo(old);
	MemoryContextDelete(context);
	pfree(r.list);
}


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
			fetch(s, &r);
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
			probe_beyond(s, s->frontier, s->nfrontier);
			probe_beyond(s, s->stopped, s->nstopped);
		}
		if (s->bound_times)
			check_null_times(s);
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
