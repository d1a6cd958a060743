/*
 * src/query_reader.c
 *	  Streaming a query's rows into an engine.
 *
 * Rows go from the executor into the engine through a destination receiver:
 * the result is never held twice. Each row is converted in a context that is
 * reset after it; the query, its plans and its interners live in the caller's
 * budget context. Cost per row and column: about 10 ns beyond the executor's,
 * plus the interner's look-up for identifiers.
 *
 * A row that the contract does not allow (NULL key, negative amount, duplicate
 * id ...) is an error naming the row by its label, or is skipped and counted.
 * Identifiers of a bad row are not interned.
 */
#include "pg_compat.h"

#include <math.h>

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "nodes/params.h"
#include "nodes/plannodes.h"
#include "pgtime.h"
#include "tcop/dest.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/numeric.h"
#include "utils/plancache.h"
#include "utils/timestamp.h"
#include "utils/varlena.h"

#include "query_internal.h"
#include "risk_screen.h"
#include "rs_memory.h"

typedef struct Receiver
{
	DestReceiver pub;
	RsQuery    *query;
} Receiver;

/* ---------- rows ---------- */

static const char *const reason_text[BAD_REASONS] = {
	[BAD_NULL] = "is null",
	[BAD_NEGATIVE] = "is negative",
	[BAD_OVER_ONE] = "is above 1",
	[BAD_INVERTED] = "is above its upper bound",
	[BAD_NOT_FINITE] = "is NaN or infinite",
	[BAD_DUPLICATE] = "occurs twice",
	[BAD_UNKNOWN] = "is not known",
	[BAD_MISFIT] = "is too large or no integer",
};

static void
count_bad_row(RsQuery *q, int column, BadReason reason)
{
	if (q->aside)
		q->bad_aside = true;
	else
		q->bad[column][reason]++;
}

/* Error for a bad row, or count it: false. */
static bool
bad_row(RsQuery *q, int column, BadReason reason, TupleTableSlot *slot)
{
	static const int sqlstate[BAD_REASONS] = {
		[BAD_NULL] = ERRCODE_NULL_VALUE_NOT_ALLOWED,
		[BAD_NEGATIVE] = ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE,
		[BAD_OVER_ONE] = ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE,
		[BAD_INVERTED] = ERRCODE_CHECK_VIOLATION,
		[BAD_NOT_FINITE] = ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE,
		[BAD_DUPLICATE] = ERRCODE_UNIQUE_VIOLATION,
		[BAD_UNKNOWN] = ERRCODE_INVALID_PARAMETER_VALUE,
		[BAD_MISFIT] = ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE,
	};
	const char *label = NULL;
	int			label_column = q->contract->label;

	if (q->bad_rows == RS_BAD_SKIP)
	{
		count_bad_row(q, column, reason);
		return false;
	}
	for (int k = 0; k < q->nselected && label_column >= 0; k++)
		if (q->selected[k] == label_column && !slot->tts_isnull[k])
		{
			Oid			out;
			bool		varlena;

			getTypeOutputInfo(q->fetched[label_column], &out, &varlena);
			label = OidOutputFunctionCall(out, slot->tts_values[k]);
		}
	ereport(ERROR,
			(errcode(sqlstate[reason]),
			 errmsg("column \"%s\" of the %s query %s", q->contract->column[column].name,
					q->contract->name, reason_text[reason]),
			 label ? errdetail("In the row with %s %s.", q->contract->column[label_column].name, label)
			 : errdetail("In row " UINT64_FORMAT " of the query.", q->rows),
			 reason == BAD_OVER_ONE ?
			 errhint("It is a fraction of 1: if the column holds percent, divide it by 100 in the query. bad_rows => 'skip' leaves such rows out with a warning that counts them.") :
			 errhint("Mend or filter the rows in the query, or pass bad_rows => 'skip' to leave them out with a warning that counts them.")));
	return false;
}

/* timestamptz from text, under our zone instead of the session's. */
static TimestampTz
time_from_text(Datum value)
{
	pg_tz	   *session = session_timezone;
	volatile TimestampTz result = 0;

	PG_TRY();
	{
		session_timezone = rs_time_zone();
		result = DatumGetTimestampTz(DirectFunctionCall3(timestamptz_in,
														 CStringGetDatum(TextDatumGetCString(value)),
														 ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1)));
	}
	PG_FINALLY();
	{
		session_timezone = session;
	}
	PG_END_TRY();
	return result;
}

static void handle_oldest(RsQuery *q);

/* More digits than before: tell the engine, then count in the finer unit. */
static void
widen(RsQuery *q, int column, int scale)
{
	int			old = q->scale[column];

	if (scale > 38)
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("column \"%s\" of the %s query has a value with more than 38 digits after the point",
						q->contract->column[column].name, q->contract->name),
				 errhint("Round the column in the query, for example to numeric(38,12).")));
	/* Rows that wait have the old scale. */
	while (q->pending > 0)
		handle_oldest(q);
	if (q->rescale)
	{
		MemoryContext row_context = MemoryContextSwitchTo(q->budget);

		q->rescale(q->arg, column, old, scale);
		MemoryContextSwitchTo(row_context);
	}
	q->scale[column] = scale;
	q->one[column] = 0;
}

/* 1 in the column's unit. */
static inline int128
one_of(RsQuery *q, int column)
{
	if (q->one[column] == 0)
	{
		q->one[column] = 1;
		for (int i = 0; i < q->scale[column]; i++)
			q->one[column] *= 10;
	}
	return q->one[column];
}

static int128
scaled_integer(int64 value, int scale)
{
	int128		v = value;

	for (; scale > 0; scale--)
		v *= 10;
	return v;
}

/* Converts one value that is not an identifier; false for a bad row. */
static inline bool
convert(RsQuery *q, int c, Datum datum, TupleTableSlot *slot)
{
	const RsColumn *column = &q->contract->column[c];
	RsValue    *v = &q->ring[q->turn].value[c];

	switch (column->kind)
	{
		case RS_AMOUNT:
			switch (q->fetched[c])
			{
				case INT2OID:
					v->amount = scaled_integer(DatumGetInt16(datum), q->scale[c]);
					break;
				case INT4OID:
					v->amount = scaled_integer(DatumGetInt32(datum), q->scale[c]);
					break;
				case INT8OID:
					v->amount = scaled_integer(DatumGetInt64(datum), q->scale[c]);
					break;
				default:
					datum = PointerGetDatum(PG_DETOAST_DATUM_PACKED(datum));
					if (!rs_numeric_is_finite(datum))
						return bad_row(q, c, BAD_NOT_FINITE, slot);
					if (q->scale[c] < 12 && rs_numeric_unit(datum) > q->scale[c])
						widen(q, c, rs_numeric_unit(datum));
					if (!rs_numeric_to_int128(datum, q->scale[c], &v->amount))
					{
						widen(q, c, rs_numeric_scale(datum));
						if (!rs_numeric_to_int128(datum, q->scale[c], &v->amount))
							elog(ERROR, "numeric scale was misread");
					}
			}
			if (v->amount < 0 && (column->flags & RS_NOT_NEGATIVE))
				return bad_row(q, c, BAD_NEGATIVE, slot);
			if ((column->flags & RS_NOT_OVER_ONE) && v->amount > 1 && v->amount > one_of(q, c))
				return bad_row(q, c, BAD_OVER_ONE, slot);
			return true;
		case RS_REAL:
			v->real = DatumGetFloat8(datum);
			if (isnan(v->real) || isinf(v->real))
				return bad_row(q, c, BAD_NOT_FINITE, slot);
			if (v->real < 0 && (column->flags & RS_NOT_NEGATIVE))
				return bad_row(q, c, BAD_NEGATIVE, slot);
			return true;
		case RS_INTEGER:
			v->integer = DatumGetInt64(datum);
			return true;
		case RS_TIME:
			v->time = q->fetched[c] == TEXTOID ? time_from_text(datum) : DatumGetTimestampTz(datum);
			if (TIMESTAMP_NOT_FINITE(v->time) && (column->flags & RS_FINITE))
				return bad_row(q, c, BAD_NOT_FINITE, slot);
			return true;
		case RS_DATE:
			v->date = DatumGetDateADT(datum);
			if (DATE_NOT_FINITE(v->date) && (column->flags & RS_FINITE))
				return bad_row(q, c, BAD_NOT_FINITE, slot);
			return true;
		case RS_TEXT:
			v->text = datum;
			return true;
		case RS_BOOL:
			v->boolean = DatumGetBool(datum);
			return true;
		case RS_RAW:
			v->raw = datum;
			return true;
		case RS_ID:
			break;
	}
	return true;
}

/* An integer of more bytes, or a numeric, as one of the interner's type; what does not fit is a bad row. */
static bool
narrow(RsQuery *q, int c, Datum *value, TupleTableSlot *slot)
{
	int128		number = 0;
	bool		fits = true;

	if (q->fetched[c] == NUMERICOID)
	{
		Datum		numeric = PointerGetDatum(PG_DETOAST_DATUM_PACKED(*value));

		fits = rs_numeric_is_finite(numeric) && fabs(rs_numeric_to_float8(numeric)) < 1e30 && rs_numeric_to_int128(numeric, 0, &number);
	}
	else
		number = q->fetched[c] == INT4OID ? DatumGetInt32(*value) : DatumGetInt64(*value);
	if (q->narrow[c] == INT2OID)
	{
		if (fits && number >= PG_INT16_MIN && number <= PG_INT16_MAX)
		{
			*value = Int16GetDatum((int16) number);
			return true;
		}
	}
	else if (q->narrow[c] == INT4OID)
	{
		if (fits && number >= PG_INT32_MIN && number <= PG_INT32_MAX)
		{
			*value = Int32GetDatum((int32) number);
			return true;
		}
	}
	else if (fits && number >= PG_INT64_MIN && number <= PG_INT64_MAX)
	{
		*value = Int64GetDatum((int64) number);
		return true;
	}
	if (q->bad_rows == RS_BAD_ERROR)
	{
		Oid			out;
		bool		varlena;

		getTypeOutputInfo(q->fetched[c], &out, &varlena);
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("column \"%s\" of the %s query has the value %s, which is no %s", q->contract->column[c].name,
						q->contract->name, OidOutputFunctionCall(out, *value), format_type_be(q->narrow[c])),
				 errdetail("The other query identifies the same things by %s.", format_type_be(q->narrow[c])),
				 errhint("Cast the column of the other query to %s.", format_type_be(q->fetched[c]))));
	}
	return bad_row(q, c, BAD_MISFIT, slot);
}

/* Number the identifiers of a row and hand it on. The slot is for messages. */
static void
handle_row(RsQuery *q, RsRow *row, TupleTableSlot *slot)
{
	for (int k = 0; k < q->nselected; k++)
	{
		int			c = q->selected[k];
		const RsColumn *column = &q->contract->column[c];
		bool		found;

		if (column->kind != RS_ID || row->isnull[c])
			continue;
		row->value[c].id = rs_intern(q->interner[column->interner], row->value[c].raw, &found);
		if (found && (column->flags & RS_UNIQUE) && !bad_row(q, c, BAD_DUPLICATE, slot))
			return;
	}
	MemoryContextSwitchTo(q->budget);
	q->handler(q->arg, row);
}

static void
handle_oldest(RsQuery *q)
{
	uint32		oldest = (q->turn + DELAY - q->pending) % DELAY;

	q->pending--;
	handle_row(q, &q->ring[oldest], NULL);
}

/* A range upside down says nothing: which bound is the wrong one? */
static bool
is_inverted(RsQuery *q, const RsRow *row)
{
	int			low = q->contract->low,
				high = q->contract->high;
	int128		a = row->value[low].amount,
				b = row->value[high].amount;

	if (!q->present[low] || !q->present[high] || q->ignored[low] || q->ignored[high] ||
		row->isnull[low] || row->isnull[high])
		return false;
	if (q->scale[low] != q->scale[high] &&
		(__builtin_mul_overflow(a, one_of(q, high), &a) || __builtin_mul_overflow(b, one_of(q, low), &b)))
		return (long double) row->value[low].amount / one_of(q, low) >
			(long double) row->value[high].amount / one_of(q, high);
	return a > b;
}

static bool
receive_row(TupleTableSlot *slot, DestReceiver *self)
{
	RsQuery    *q = ((Receiver *) self)->query;
	MemoryContext old = MemoryContextSwitchTo(q->row_context);
	RsRow	   *row = &q->ring[q->turn];

	row->number = ++q->rows;
	if ((q->rows & 0xfff) == 0)
		CHECK_FOR_INTERRUPTS();
	slot_getallattrs(slot);

	/* Everything that can make the row bad comes before its ids are interned. */
	for (int k = 0; k < q->nselected; k++)
	{
		int			c = q->selected[k];

		row->isnull[c] = slot->tts_isnull[k];
		if (slot->tts_isnull[k])
		{
			if ((q->contract->column[c].flags & RS_NOT_NULL) && !bad_row(q, c, BAD_NULL, slot))
				goto done;
		}
		else if (q->contract->column[c].kind == RS_ID)
		{
			row->value[c].raw = slot->tts_values[k];
			if (OidIsValid(q->narrow[c]) && !narrow(q, c, &row->value[c].raw, slot))
				goto done;
			if (q->delay > 0)
				rs_intern_prefetch(q->interner[q->contract->column[c].interner], row->value[c].raw);
		}
		else if (!convert(q, c, slot->tts_values[k], slot))
			goto done;
	}
	if (q->contract->low != q->contract->high && is_inverted(q, row) &&
		!bad_row(q, q->contract->low, BAD_INVERTED, slot))
		goto done;
	if (q->delay == 0)
		handle_row(q, row, slot);
	else
	{
		q->turn = (q->turn + 1) % DELAY;
		if (++q->pending == q->delay)
			handle_oldest(q);
	}
done:
	MemoryContextSwitchTo(old);
	MemoryContextReset(q->row_context);
	return true;
}

/* A row may wait only if nothing in it points into the tuple. */
static int
possible_delay(const RsQuery *q)
{
	for (int k = 0; k < q->nselected; k++)
	{
		int			c = q->selected[k];
		const RsColumn *column = &q->contract->column[c];

		switch (column->kind)
		{
			case RS_TEXT:
				return 0;
			case RS_ID:
				/* a duplicate is reported with the tuple's label */
				if (column->flags & RS_UNIQUE)
					return 0;
				/* fall through */
			case RS_RAW:
				if (!rs_is_integer_type(q->fetched[c]))
					return 0;
				break;
			default:
				break;
		}
	}
	return DELAY - 1;
}

static void
receiver_startup(DestReceiver *self, int operation, TupleDesc desc)
{
}

static void
receiver_shutdown(DestReceiver *self)
{
}

static SPIPlanPtr
kept_plan(RsQuery *q, char *sql, int nargs, Oid *argtypes)
{
	MemoryContext old;
	KeptPlan   *kept;

	for (kept = q->plans; kept; kept = kept->next)
		if (kept->generic == q->generic && strcmp(kept->sql, sql) == 0)
			return kept->plan;
	old = MemoryContextSwitchTo(q->budget);
	kept = palloc0(sizeof(KeptPlan));
	kept->sql = pstrdup(sql);
	kept->generic = q->generic;
	MemoryContextSwitchTo(old);
	/* Each hop is planned for its own number of accounts, unless the caller knows better. */
	kept->plan = SPI_prepare_cursor(sql, nargs, argtypes, CURSOR_OPT_PARALLEL_OK |
									(q->generic ? CURSOR_OPT_GENERIC_PLAN : CURSOR_OPT_CUSTOM_PLAN));
	if (kept->plan == NULL)
		elog(ERROR, "SPI_prepare failed: %s", SPI_result_code_string(SPI_result));
	kept->next = q->plans;
	q->plans = kept;
	return kept->plan;
}

/* PostgreSQL names the table; whose right is missing it does not say. */
static void
rights_error_callback(void *arg)
{
	if (geterrcode() == ERRCODE_INSUFFICIENT_PRIVILEGE && rs_error_wants_hint(NULL))
	{
		errhint("The query of argument %s runs with your rights: ask for USAGE on the schema and SELECT on the tables, on those behind views too.",
				((RsQuery *) arg)->contract->name);
	}
}

/* Runs one statement of the query, prepared before or now. */
static void
execute(RsQuery *q, char *sql, int nargs, Oid *argtypes, SPIExecuteOptions *options)
{
	ErrorContextCallback callback = {error_context_stack, rights_error_callback, q};
	int			result;

	error_context_stack = &callback;
	result = SPI_execute_plan_extended(kept_plan(q, sql, nargs, argtypes), options);
	error_context_stack = callback.previous;
	if (result < 0)
		elog(ERROR, "SPI_execute_plan failed: %s", SPI_result_code_string(result));
}

static ParamListInfo
bind(int nargs, Oid *argtypes, Datum *values, const char *nulls)
{
	ParamListInfo params;

	if (nargs == 0)
		return NULL;
	params = makeParamList(nargs);
	for (int i = 0; i < nargs; i++)
	{
		ParamExternData *p = &params->params[i];

		p->value = values[i];
		p->isnull = nulls && nulls[i] == 'n';
		p->pflags = PARAM_FLAG_CONST;
		p->ptype = argtypes[i];
	}
	return params;
}

/* Runs `sql` and hands its rows, whose select list is q->selected, on. */
static void
run(RsQuery *q, char *sql, int nargs, Oid *argtypes, Datum *values, const char *nulls,
	RsRowHandler handler, RsRescaleHandler rescale, void *arg)
{
	Receiver	receiver = {
		.pub = {receive_row, receiver_startup, receiver_shutdown, receiver_shutdown, DestNone},
		.query = q
	};
	SPIExecuteOptions options = {
		.params = bind(nargs, argtypes, values, nulls),
		.read_only = true,
		.must_return_tuples = true,
		.dest = &receiver.pub
	};
	MemoryContext old;
	uint64		rows = q->rows;

	q->handler = handler;
	q->rescale = rescale;
	q->arg = arg;
	q->delay = possible_delay(q);
	q->pending = 0;
	q->turn = 0;
	for (int i = 0; i < DELAY; i++)
		memset(q->ring[i].isnull, true, sizeof(q->ring[i].isnull));
	execute(q, sql, nargs, argtypes, &options);
	old = MemoryContextSwitchTo(q->row_context);
	while (q->pending > 0)
		handle_oldest(q);
	MemoryContextSwitchTo(old);
	MemoryContextReset(q->row_context);
	if (q->aside)
		q->rows = rows;
}

static char *
select_list(RsQuery *q)
{
	StringInfoData s;

	initStringInfo(&s);
	q->nselected = 0;
	for (int c = 0; c < q->contract->ncolumns; c++)
	{
		if (!rs_query_has(q, c))
			continue;
		appendStringInfo(&s, "%s%s", q->nselected ? ", " : "", q->expression[c]);
		q->selected[q->nselected++] = c;
	}
	return s.data;
}

void
rs_query_read(RsQuery *q, RsRowHandler row, RsRescaleHandler rescale, void *arg)
{
	char	   *sql = psprintf("SELECT %s FROM %s", select_list(q), q->from);

	run(q, sql, 0, NULL, NULL, NULL, row, rescale, arg);
}

void
rs_query_read_bound(RsQuery *q, const char *before, const char *after,
					int nargs, Oid *argtypes, Datum *values, const char *nulls,
					RsRowHandler row, RsRescaleHandler rescale, void *arg)
{
	char	   *sql = psprintf("SELECT %s FROM %s %s %s", select_list(q), before, q->from, after);

	run(q, sql, nargs, argtypes, values, nulls, row, rescale, arg);
}

/*
 * What the planner expects of rs_query_read_bound() with these arguments
 * (values NULL: with any), or with before NULL of reading all rows.
 */
RsEstimate
rs_query_estimate(RsQuery *q, const char *before, const char *after, int nargs, Oid *argtypes, Datum *values)
{
	char	   *sql = before ? psprintf("SELECT %s FROM %s %s %s", select_list(q), before, q->from, after)
		: psprintf("SELECT %s FROM %s", select_list(q), q->from);
	List	   *sources = SPI_plan_get_plan_sources(kept_plan(q, sql, nargs, argtypes));
	CachedPlan *plan = GetCachedPlan(linitial(sources), values ? bind(nargs, argtypes, values, NULL) : NULL, NULL, NULL);
	Plan	   *top = linitial_node(PlannedStmt, plan->stmt_list)->planTree;
	RsEstimate	result = {.cost = top->total_cost + RS_DISABLED_COST(top), .rows = top->plan_rows};

	ReleaseCachedPlan(plan, NULL);
	return result;
}

/*
 * A query of our own over the user's: SELECT <what> FROM <before> (query) q
 * <after>. Its rows go to a receiver of the caller.
 */
void
rs_query_probe(RsQuery *q, const char *what, const char *before, const char *after,
			   int nargs, Oid *argtypes, Datum *values, const char *nulls, DestReceiver *receiver)
{
	SPIExecuteOptions options = {
		.params = bind(nargs, argtypes, values, nulls),
		.read_only = true,
		.must_return_tuples = true,
		.dest = receiver
	};

	execute(q, psprintf("SELECT %s FROM %s %s %s", what, before, q->from, after), nargs, argtypes, &options);
}

/*
 * The handler finds the row it was given bad. Under bad_rows => 'skip' it is
 * counted, and true; otherwise the handler raises the error.
 */
bool
rs_query_skips(RsQuery *q, int column, RsFault fault)
{
	static const BadReason reason[] = {
		[RS_FAULT_UNKNOWN] = BAD_UNKNOWN, [RS_FAULT_NULL] = BAD_NULL, [RS_FAULT_NEGATIVE] = BAD_NEGATIVE
	};

	if (q->bad_rows != RS_BAD_SKIP)
		return false;
	count_bad_row(q, column, reason[fault]);
	return true;
}

void
rs_query_plan_generic(RsQuery *q, bool generic)
{
	q->generic = generic;
}

RsBadRows
rs_query_tolerate(RsQuery *q, RsBadRows bad_rows)
{
	RsBadRows	before = q->bad_rows;

	q->bad_rows = bad_rows;
	return before;
}

void
rs_query_forget_bad_rows(RsQuery *q)
{
	memset(q->bad, 0, sizeof(q->bad));
}

void
rs_query_set_aside(RsQuery *q, bool aside)
{
	q->aside = aside;
}

bool
rs_query_bad_aside(const RsQuery *q)
{
	return q->bad_aside;
}

int
rs_query_relations(const RsQuery *q, const Oid **relation)
{
	*relation = q->relation;
	return q->nrelations;
}

bool
rs_query_row_security(const RsQuery *q)
{
	return q->row_security;
}

uint64
rs_query_bad_rows(const RsQuery *q)
{
	uint64		total = 0;

	for (int c = 0; c < q->contract->ncolumns; c++)
		for (int r = 0; r < BAD_REASONS; r++)
			total += q->bad[c][r];
	return total;
}

void
rs_query_close(RsQuery *q)
{
	uint64		total = rs_query_bad_rows(q);

	if (total > 0)
	{
		StringInfoData s;
		char	   *tables;
		char	   *hint;

		initStringInfo(&s);
		for (int c = 0; c < q->contract->ncolumns; c++)
			for (int r = 0; r < BAD_REASONS; r++)
				if (q->bad[c][r] > 0)
					appendStringInfo(&s, "%s" UINT64_FORMAT " where %s %s", s.len ? ", " : "",
									 q->bad[c][r], q->contract->column[c].name, reason_text[r]);
		rs_query_explain_skipped(q, &tables, &hint);
		ereport(WARNING,
				(errmsg(UINT64_FORMAT " of " UINT64_FORMAT " rows of the %s query were skipped",
						total, q->rows, q->contract->name),
				 tables ? errdetail("Skipped: %s. The query reads %s.", s.data, tables)
				 : errdetail("Skipped: %s.", s.data),
				 errhint("%s", hint)));
	}
	for (KeptPlan *kept = q->plans; kept; kept = kept->next)
		SPI_freeplan(kept->plan);
	q->plans = NULL;
	MemoryContextDelete(q->row_context);
}

/*
 * In characters: one for a word of four or less, two for a longer one; of two
 * Chinese characters none, they make another word. Case does not matter.
 */
bool
rs_nearly(const char *word, const char *other)
{
	int			length = pg_mbstrlen(other);
	int			most = length > 4 ? 2 : length > 2 ? 1 : 0;
	char	   *lower;

	if (strlen(word) > 2 * strlen(other))
		return false;
	lower = pstrdup(word);
	for (char *c = lower; *c; c++)
		*c = (char) pg_ascii_tolower((unsigned char) *c);
	return varstr_levenshtein_less_equal(lower, (int) strlen(lower), other, (int) strlen(other), 1, 1, 1, most, true) <= most;
}

RsBadRows
rs_bad_rows_option(const char *option)
{
	if (strcmp(option, "error") == 0)
		return RS_BAD_ERROR;
	if (strcmp(option, "skip") == 0)
		return RS_BAD_SKIP;
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("unknown bad_rows option \"%s\"", option),
			 errhint("Use 'error' or 'skip'.")));
	return RS_BAD_ERROR;
}

uint32 *
rs_intern_text_array(RsQuery *q, int column, ArrayType *array, const char *argument, int *count)
{
	RsInterner *in = q->interner[q->contract->column[column].interner];
	Oid			type = rs_interner_type(in),
				input,
				ioparam;
	Datum	   *element;
	bool	   *isnull;
	int			n;
	uint32	   *id;

	deconstruct_array(array, TEXTOID, -1, false, TYPALIGN_INT, &element, &isnull, &n);
	id = rs_alloc(q->budget, n, sizeof(uint32), argument);
	getTypeInputInfo(type, &input, &ioparam);
	for (int i = 0; i < n; i++)
	{
		if (isnull[i])
			ereport(ERROR,
					(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					 errmsg("argument %s contains a null", argument)));
		id[i] = rs_intern(in, type == TEXTOID ? element[i]
						  : OidInputFunctionCall(input, TextDatumGetCString(element[i]), ioparam, -1),
						  NULL);
	}
	*count = n;
	return id;
}
