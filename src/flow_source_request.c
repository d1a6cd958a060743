/*
 * src/flow_source_request.c
 *	  Asking the analyst's table: the transfers of one hop, and what lies beyond the last.
 *
 * What to ask is a list of accounts, each with a range of times; it is bound as
 * arrays and joined to the query,
 *
 *	 unnest($1 accounts, $2 from, $3 to) JOIN (query) q ON q.payer = f.account
 *		AND q.paid_at BETWEEN f.lo AND f.hi
 *
 * The range and min_amount are pushed down in forms that an index serves. A
 * probe asks the same but returns times only. Each question has a memory
 * context of its own in the operation's budget: the arrays may be large.
 */
#include "pg_compat.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "lib/stringinfo.h"
#include "tcop/dest.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "flow_source_query.h"
#include "risk_screen.h"

/* Up to this many accounts, asking "is there anything?" first saves reading it. */
#define SMALL_FRONTIER 1000


/* ---- asking ---- */

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
void
rs_fetched_ask(FetchedFlow *s, const Requests *r)
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
							NPARAMETERS, p.type, p.value, p.nulls, rs_fetched_keep_row, rs_fetched_rescale, s);
	else
		rs_query_read_bound(s->query, FRONTIER " JOIN", psprintf("ON %s", condition(s, r)),
							NPARAMETERS, p.type, p.value, p.nulls, rs_fetched_keep_row, rs_fetched_rescale, s);
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

void
rs_fetched_probe_beyond(FetchedFlow *s, const uint32 *list, uint64 n)
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

void
rs_fetched_check_null_times(FetchedFlow *s)
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
							NPARAMETERS, p.type, p.value, p.nulls, rs_fetched_keep_row, rs_fetched_rescale, s);
	MemoryContextSwitchTo(old);
	MemoryContextDelete(context);
	pfree(r.list);
}
