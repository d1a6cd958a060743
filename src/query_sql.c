/*
 * src/query_sql.c
 *	  Looking at a query through a contract before running an analysis on it.
 *
 * describe_query() tells which contract columns a query has, preview_query()
 * what the engines will see in its rows, check_transfers() whether a whole
 * transfers query is sound. All three are the query reader and nothing else,
 * which makes them the way to test it.
 */
#include "pg_compat.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "funcapi.h"
#include "utils/builtins.h"
#include "utils/jsonb.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "query_reader.h"
#include "rs_memory.h"

static const RsContract *
contract_by_name(const char *name)
{
	static const RsContract *const all[] = {
		&rs_transfers_contract, &rs_holdings_contract, &rs_claims_contract,
		&rs_openings_contract, &rs_links_contract, &rs_facts_contract
	};

	for (int i = 0; i < lengthof(all); i++)
		if (strcmp(all[i]->name, name) == 0)
			return all[i];
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("unknown contract \"%s\"", name),
			 errhint("Use transfers, holdings, claims, openings, links or facts.")));
	return NULL;
}

/* The budget of one call. */
static MemoryContext
operation_context(void)
{
	return AllocSetContextCreate(CurrentMemoryContext, "risk_screen query check", ALLOCSET_DEFAULT_SIZES);
}

static const char *const kind_name[] = {
	[RS_ID] = "identifier", [RS_AMOUNT] = "exact number", [RS_REAL] = "number",
	[RS_INTEGER] = "integer", [RS_TIME] = "time", [RS_DATE] = "date",
	[RS_TEXT] = "text", [RS_RAW] = "identifier", [RS_BOOL] = "boolean"
};

/*
 * describe_query(contract text, query text)
 *	 returns (column_name text, required boolean, expected text, found text)
 *
 * One row per contract column; found is the type in the query, NULL if it has
 * no such column. Errors as the analyses raise them (42703 missing column,
 * 42804 wrong type, 42601 not one SELECT). Plans the query, reads no row.
 */
PG_FUNCTION_INFO_V1(rs_describe_query);
Datum
rs_describe_query(PG_FUNCTION_ARGS)
{
	const RsContract *contract = contract_by_name(text_to_cstring(PG_GETARG_TEXT_PP(0)));
	ReturnSetInfo *result;
	MemoryContext budget;
	RsQuery    *q;

	InitMaterializedSRF(fcinfo, 0);
	result = (ReturnSetInfo *) fcinfo->resultinfo;
	budget = operation_context();
	SPI_connect();
	q = rs_query_open(text_to_cstring(PG_GETARG_TEXT_PP(1)), contract, RS_BAD_ERROR, budget, NULL);
	for (int c = 0; c < contract->ncolumns; c++)
	{
		Datum		values[4];
		bool		nulls[4] = {false};

		values[0] = CStringGetTextDatum(contract->column[c].name);
		values[1] = BoolGetDatum((contract->column[c].flags & RS_REQUIRED) != 0);
		values[2] = CStringGetTextDatum(kind_name[contract->column[c].kind]);
		nulls[3] = !rs_query_has(q, c);
		if (!nulls[3])
			values[3] = CStringGetTextDatum(format_type_be(rs_query_type(q, c)));
		tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
	}
	rs_query_close(q);
	SPI_finish();
	MemoryContextDelete(budget);
	return (Datum) 0;
}

typedef struct Preview
{
	RsQuery    *query;
	const RsContract *contract;
	ReturnSetInfo *result;
	int64		limit;
	MemoryContext row_context;
} Preview;

static void
push_key(JsonbParseState **state, const char *key)
{
	JsonbValue	v;

	v.type = jbvString;
	v.val.string.val = unconstify(char *, key);
	v.val.string.len = strlen(key);
	pushJsonbValue(state, WJB_KEY, &v);
}

static void
push_text(JsonbParseState **state, char *text, int length)
{
	JsonbValue	v;

	v.type = jbvString;
	v.val.string.val = text;
	v.val.string.len = length;
	pushJsonbValue(state, WJB_VALUE, &v);
}

static void
push_value(JsonbParseState **state, Preview *p, int c, const RsValue *value)
{
	const RsColumn *column = &p->contract->column[c];
	JsonbValue	v;
	char	   *s;

	switch (column->kind)
	{
		case RS_AMOUNT:
			v.type = jbvNumeric;
			v.val.numeric = DatumGetNumeric(rs_int128_to_numeric(value->amount, rs_query_scale(p->query, c)));
			pushJsonbValue(state, WJB_VALUE, &v);
			return;
		case RS_REAL:
			v.type = jbvNumeric;
			v.val.numeric = DatumGetNumeric(DirectFunctionCall1(float8_numeric, Float8GetDatum(value->real)));
			pushJsonbValue(state, WJB_VALUE, &v);
			return;
		case RS_INTEGER:
			v.type = jbvNumeric;
			v.val.numeric = int64_to_numeric(value->integer);
			pushJsonbValue(state, WJB_VALUE, &v);
			return;
		case RS_BOOL:
			v.type = jbvBool;
			v.val.boolean = value->boolean;
			pushJsonbValue(state, WJB_VALUE, &v);
			return;
		case RS_ID:
			s = TextDatumGetCString(rs_interner_text(rs_query_interner(p->query, column->interner), value->id));
			break;
		case RS_TIME:
			s = DatumGetCString(DirectFunctionCall1(timestamptz_out, TimestampTzGetDatum(value->time)));
			break;
		case RS_DATE:
			s = DatumGetCString(DirectFunctionCall1(date_out, DateADTGetDatum(value->date)));
			break;
		default:
			s = TextDatumGetCString(value->text);
	}
	push_text(state, s, strlen(s));
}

static void
preview_row(void *arg, const RsRow *row)
{
	Preview    *p = arg;
	MemoryContext old;
	JsonbParseState *state = NULL;
	JsonbValue *object;
	Datum		values[2];
	bool		nulls[2] = {false, false};

	if (p->limit-- <= 0)
		return;
	old = MemoryContextSwitchTo(p->row_context);
	pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
	for (int c = 0; c < p->contract->ncolumns; c++)
	{
		if (!rs_query_has(p->query, c))
			continue;
		push_key(&state, p->contract->column[c].name);
		if (row->isnull[c])
		{
			JsonbValue	v = {.type = jbvNull};

			pushJsonbValue(&state, WJB_VALUE, &v);
		}
		else
			push_value(&state, p, c, &row->value[c]);
	}
	object = pushJsonbValue(&state, WJB_END_OBJECT, NULL);
	values[0] = Int64GetDatum((int64) row->number);
	values[1] = JsonbPGetDatum(JsonbValueToJsonb(object));
	tuplestore_putvalues(p->result->setResult, p->result->setDesc, values, nulls);
	MemoryContextSwitchTo(old);
	MemoryContextReset(p->row_context);
}

/*
 * preview_query(contract text, query text, bad_rows text, max_rows bigint)
 *	 returns (row_no bigint, content jsonb)
 *
 * The first max_rows rows as the engines see them: identifiers as text, exact
 * numbers at the scale found so far, times in the session's zone. The whole
 * query is read, so that bad rows anywhere are found; a NOTICE tells how many
 * rows are not shown.
 */
PG_FUNCTION_INFO_V1(rs_preview_query);
Datum
rs_preview_query(PG_FUNCTION_ARGS)
{
	Preview		p = {0};
	MemoryContext budget;
	int64		limit = PG_GETARG_INT64(3);

	p.contract = contract_by_name(text_to_cstring(PG_GETARG_TEXT_PP(0)));
	InitMaterializedSRF(fcinfo, 0);
	p.result = (ReturnSetInfo *) fcinfo->resultinfo;
	p.limit = limit;
	budget = operation_context();
	p.row_context = AllocSetContextCreate(budget, "preview row", ALLOCSET_SMALL_SIZES);
	SPI_connect();
	p.query = rs_query_open(text_to_cstring(PG_GETARG_TEXT_PP(1)), p.contract,
							rs_bad_rows_option(text_to_cstring(PG_GETARG_TEXT_PP(2))), budget, NULL);
	rs_query_read(p.query, preview_row, NULL, &p);
	if (p.limit < 0)
		ereport(NOTICE,
				(errmsg(INT64_FORMAT " more rows are not shown", -p.limit),
				 errhint("Raise max_rows to see them.")));
	rs_query_close(p.query);
	SPI_finish();
	MemoryContextDelete(budget);
	return (Datum) 0;
}

typedef struct Totals
{
	int64		rows;
	int64		self_transfers;
	int128		amount;
	TimestampTz first,
				last;
} Totals;

static void
total_row(void *arg, const RsRow *row)
{
	Totals	   *t = arg;
	TimestampTz at = row->value[RS_T_TIME].time;

	if (t->rows == 0 || at < t->first)
		t->first = at;
	if (t->rows == 0 || at > t->last)
		t->last = at;
	t->rows++;
	if (row->value[RS_T_PAYER].id == row->value[RS_T_PAYEE].id)
		t->self_transfers++;
	if (__builtin_add_overflow(t->amount, row->value[RS_T_AMOUNT].amount, &t->amount))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("sum of the amounts does not fit into 38 digits")));
}

static void
total_rescale(void *arg, int column, int old_scale, int new_scale)
{
	Totals	   *t = arg;

	if (column != RS_T_AMOUNT)
		return;
	for (; old_scale < new_scale; old_scale++)
		if (__builtin_mul_overflow(t->amount, (int128) 10, &t->amount))
			ereport(ERROR,
					(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
					 errmsg("sum of the amounts does not fit into 38 digits")));
}

/*
 * check_transfers(transfers text, bad_rows text)
 *	 returns (transfers bigint, accounts bigint, self_transfers bigint,
 *			  amount numeric, first_at timestamptz, last_at timestamptz, skipped bigint)
 *
 * Reads a whole transfers query once, without keeping its rows. Times are NULL
 * when there is none. Memory: the identifiers, about 40 bytes each.
 */
PG_FUNCTION_INFO_V1(rs_check_transfers);
Datum
rs_check_transfers(PG_FUNCTION_ARGS)
{
	Totals		t = {0};
	MemoryContext budget = operation_context();
	MemoryContext caller = CurrentMemoryContext;
	RsQuery    *q;
	TupleDesc	desc;
	Datum		values[7];
	bool		nulls[7] = {false};

	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	SPI_connect();
	q = rs_query_open(text_to_cstring(PG_GETARG_TEXT_PP(0)), &rs_transfers_contract,
					  rs_bad_rows_option(text_to_cstring(PG_GETARG_TEXT_PP(1))), budget, NULL);
	rs_query_read(q, total_row, total_rescale, &t);

	MemoryContextSwitchTo(caller);
	values[0] = Int64GetDatum(t.rows);
	values[1] = Int64GetDatum((int64) rs_interner_count(rs_query_interner(q, RS_INTERN_ACCOUNT)));
	values[2] = Int64GetDatum(t.self_transfers);
	values[3] = rs_int128_to_numeric(t.amount, rs_query_scale(q, RS_T_AMOUNT));
	values[4] = TimestampTzGetDatum(t.first);
	values[5] = TimestampTzGetDatum(t.last);
	values[6] = Int64GetDatum((int64) rs_query_bad_rows(q));
	nulls[4] = nulls[5] = t.rows == 0;
	rs_query_close(q);
	SPI_finish();
	MemoryContextDelete(budget);
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), values, nulls)));
}
