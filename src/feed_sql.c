/*
 * src/feed_sql.c
 *	  Rows of a filing message as typed rows with their problems.
 *
 * load_feed() must name every bad row of a message and load the good ones, so
 * no value may raise an error. Each row of the JSON array is read against a
 * list of columns; what does not fit becomes a problem `column:code` and a NULL
 * in its place. Codes: missing, empty, type, format, code, range,
 * unknown_field; `:type` alone for a row that is no object.
 *
 * Memory: one scratch context, reset after each row; the result goes to a
 * tuplestore that spills at work_mem. Cost: O(rows x columns).
 */
#include "pg_compat.h"

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/jsonb.h"
#include "utils/memutils.h"
#include "utils/numeric.h"
#include "utils/timestamp.h"

#include "feed_value.h"

#define LONGEST_FIELD_NAME 100	/* bytes of an unknown field's name that a problem repeats */

typedef struct Code
{
	const char *text;
	int			len;
} Code;

typedef struct FeedColumn
{
	const char *name;
	int			name_len;
	Oid			type;
	bool		required;
	Code	   *codes;			/* sorted; NULL: any */
	int			ncodes;
	Numeric		low,			/* inclusive; NULL: none */
				high;
} FeedColumn;

typedef struct FeedReader
{
	FeedColumn *columns;
	int			ncolumns;
	Datum	   *problems;		/* text, of the row being read */
	int			nproblems,
				room;
	MemoryContext row;			/* reset after each row */
} FeedReader;

static int
code_cmp(const void *a, const void *b)
{
	const Code *x = a,
			   *y = b;
	int			d = memcmp(x->text, y->text, Min(x->len, y->len));

	return d != 0 ? d : (x->len > y->len) - (x->len < y->len);
}

/* ---- the list of columns ---- */

static JsonbValue *
member(JsonbContainer *object, const char *key)
{
	JsonbValue *v = getKeyJsonValueFromContainer(object, key, strlen(key), NULL);

	return v != NULL && v->type == jbvNull ? NULL : v;
}

static Oid
type_of(const JsonbValue *v)
{
	char	   *name = v != NULL && v->type == jbvString ? pnstrdup(v->val.string.val, v->val.string.len) : "";

	if (strcmp(name, "text") == 0)
		return TEXTOID;
	if (strcmp(name, "text[]") == 0)
		return TEXTARRAYOID;
	if (strcmp(name, "numeric") == 0)
		return NUMERICOID;
	if (strcmp(name, "integer") == 0)
		return INT4OID;
	if (strcmp(name, "bigint") == 0)
		return INT8OID;
	if (strcmp(name, "boolean") == 0)
		return BOOLOID;
	if (strcmp(name, "date") == 0)
		return DATEOID;
	if (strcmp(name, "timestamp with time zone") == 0)
		return TIMESTAMPTZOID;
	ereport(ERROR,
			(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
			 errmsg("a column of type \"%s\" cannot be filed", name),
			 errhint("Columns of a filed role are text, text[], numeric, integer, bigint, boolean, date or timestamptz.")));
}

static void
read_column(JsonbContainer *object, FeedColumn *c)
{
	JsonbValue *v = member(object, "name");

	if (v == NULL || v->type != jbvString)
		elog(ERROR, "a column of a filed role has no name");
	c->name = v->val.string.val;
	c->name_len = v->val.string.len;
	c->type = type_of(member(object, "type"));
	v = member(object, "required");
	c->required = v != NULL && v->type == jbvBool && v->val.boolean;
	v = member(object, "min");
	c->low = v != NULL ? v->val.numeric : NULL;
	v = member(object, "max");
	c->high = v != NULL ? v->val.numeric : NULL;
	v = member(object, "codes");
	if (v != NULL)
	{
		JsonbContainer *list = v->val.binary.data;

		c->ncodes = JsonContainerSize(list);
		c->codes = palloc(sizeof(Code) * Max(c->ncodes, 1));
		for (int i = 0; i < c->ncodes; i++)
		{
			JsonbValue *e = getIthJsonbValueFromContainer(list, i);

			c->codes[i].text = e->val.string.val;
			c->codes[i].len = e->val.string.len;
		}
		qsort(c->codes, c->ncodes, sizeof(Code), code_cmp);
	}
}

/* ---- one row ---- */

static void
problem(FeedReader *r, const char *column, int len, const char *code)
{
	if (r->nproblems == r->room)
	{
		r->room = Max(8, r->room * 2);
		r->problems = r->problems == NULL ? palloc(sizeof(Datum) * r->room)
			: repalloc(r->problems, sizeof(Datum) * r->room);
	}
	if (len > LONGEST_FIELD_NAME)
		r->problems[r->nproblems++] = CStringGetTextDatum(psprintf("%.*s...:%s", pg_mbcliplen(column, len, LONGEST_FIELD_NAME), column, code));
	else
		r->problems[r->nproblems++] = CStringGetTextDatum(psprintf("%.*s:%s", len, column, code));
}

static bool
blank(const char *s, int len)
{
	while (len > 0 && (s[len - 1] == ' ' || s[len - 1] == '\t' || s[len - 1] == '\n' || s[len - 1] == '\r'))
		len--;
	return len == 0;
}

static const char *
read_string(const FeedColumn *c, const JsonbValue *v, Datum *value)
{
	Code		key;

	if (v->type != jbvString)
		return "type";
	if (blank(v->val.string.val, v->val.string.len))
		return c->required ? "missing" : "empty";
	key.text = v->val.string.val;
	key.len = v->val.string.len;
	if (c->codes != NULL && bsearch(&key, c->codes, c->ncodes, sizeof(Code), code_cmp) == NULL)
		return "code";
	*value = PointerGetDatum(cstring_to_text_with_len(key.text, key.len));
	return NULL;
}

static const char *
read_strings(const FeedColumn *c, const JsonbValue *v, Datum *value)
{
	JsonbContainer *list = v->type == jbvBinary ? v->val.binary.data : NULL;
	Datum	   *element;
	int			n;

	if (list == NULL || !JsonContainerIsArray(list) || JsonContainerIsScalar(list))
		return "type";
	n = JsonContainerSize(list);
	if (n == 0 && c->required)
		return "missing";
	element = palloc(sizeof(Datum) * Max(n, 1));
	for (int i = 0; i < n; i++)
	{
		const char *bad = read_string(c, getIthJsonbValueFromContainer(list, i), &element[i]);

		if (bad != NULL)
			return strcmp(bad, "missing") == 0 ? "empty" : bad;
	}
	*value = PointerGetDatum(construct_array(element, n, TEXTOID, -1, false, TYPALIGN_INT));
	return NULL;
}

static int
compare(Numeric a, Numeric b)
{
	return DatumGetInt32(DirectFunctionCall2(numeric_cmp, NumericGetDatum(a), NumericGetDatum(b)));
}

static const char *
read_number(const FeedColumn *c, const JsonbValue *v, Datum *value)
{
	Numeric		number;

	if (v->type == jbvNumeric)
		number = v->val.numeric;
	else if (v->type != jbvString)
		return "type";
	else if (c->type == NUMERICOID ? rs_feed_is_number(v->val.string.val, v->val.string.len)
			 : rs_feed_is_integer(v->val.string.val, v->val.string.len))
		number = DatumGetNumeric(DirectFunctionCall3(numeric_in, CStringGetDatum(pnstrdup(v->val.string.val, v->val.string.len)),
													 ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1)));
	else
		return "format";
	if ((c->low != NULL && compare(number, c->low) < 0) || (c->high != NULL && compare(number, c->high) > 0))
		return "range";
	if (c->type == NUMERICOID)
	{
		*value = NumericGetDatum(number);
		return NULL;
	}
	/* 5.0 is an integer, 5.5 is none */
	if (compare(number, DatumGetNumeric(DirectFunctionCall2(numeric_trunc, NumericGetDatum(number), Int32GetDatum(0)))) != 0)
		return "format";
	if (c->type == INT4OID)
	{
		if (compare(number, int64_to_numeric(PG_INT32_MIN)) < 0 || compare(number, int64_to_numeric(PG_INT32_MAX)) > 0)
			return "range";
		*value = DirectFunctionCall1(numeric_int4, NumericGetDatum(number));
	}
	else
	{
		if (compare(number, int64_to_numeric(PG_INT64_MIN)) < 0 || compare(number, int64_to_numeric(PG_INT64_MAX)) > 0)
			return "range";
		*value = DirectFunctionCall1(numeric_int8, NumericGetDatum(number));
	}
	return NULL;
}

static const char *
read_value(const FeedColumn *c, const JsonbValue *v, Datum *value)
{
	int32		days;
	int64		usecs;

	switch (c->type)
	{
		case TEXTOID:
			return read_string(c, v, value);
		case TEXTARRAYOID:
			return read_strings(c, v, value);
		case BOOLOID:
			if (v->type != jbvBool)
				return "type";
			*value = BoolGetDatum(v->val.boolean);
			return NULL;
		case DATEOID:
			if (v->type != jbvString)
				return "type";
			if (!rs_feed_day(v->val.string.val, v->val.string.len, &days))
				return "format";
			*value = DateADTGetDatum(days);
			return NULL;
		case TIMESTAMPTZOID:
			if (v->type != jbvString)
				return "type";
			if (!rs_feed_moment(v->val.string.val, v->val.string.len, &usecs))
				return "format";
			*value = TimestampTzGetDatum(usecs);
			return NULL;
		default:
			return read_number(c, v, value);
	}
}

static void
read_unknown_fields(FeedReader *r, JsonbContainer *object)
{
	JsonbIterator *it = JsonbIteratorInit(object);
	JsonbValue	v;
	JsonbIteratorToken token;

	while ((token = JsonbIteratorNext(&it, &v, true)) != WJB_DONE)
	{
		bool		known = token != WJB_KEY;

		for (int i = 0; i < r->ncolumns && !known; i++)
			known = r->columns[i].name_len == v.val.string.len
				&& memcmp(r->columns[i].name, v.val.string.val, v.val.string.len) == 0;
		if (!known)
			problem(r, v.val.string.val, v.val.string.len, "unknown_field");
	}
}

static void
read_row(FeedReader *r, const JsonbValue *row, Datum *values, bool *nulls)
{
	JsonbContainer *object = row->type == jbvBinary ? row->val.binary.data : NULL;
	int			found = 0;

	if (object == NULL || !JsonContainerIsObject(object))
	{
		problem(r, "", 0, "type");
		return;
	}
	for (int i = 0; i < r->ncolumns; i++)
	{
		FeedColumn *c = &r->columns[i];
		JsonbValue	v;
		const char *bad;

		if (getKeyJsonValueFromContainer(object, c->name, c->name_len, &v) == NULL)
			bad = c->required ? "missing" : NULL;
		else
		{
			found++;
			if (v.type == jbvNull)
				bad = c->required ? "missing" : NULL;
			else
			{
				bad = read_value(c, &v, &values[i]);
				nulls[i] = bad != NULL;
			}
		}
		if (bad != NULL)
			problem(r, c->name, c->name_len, bad);
	}
	if (found < JsonContainerSize(object))
		read_unknown_fields(r, object);
}

/* ---- the function ---- */

/*
 * _read_feed(message_rows jsonb, columns jsonb) returns setof record
 *
 * message_rows: an array; columns: an array of {name, type, required, codes, min, max}.
 * The caller's column list: feed_position bigint (from 1), feed_problems text[]
 * (NULL: none), then the columns in order with their types. Values with a
 * problem are NULL. Errors: 22023 if message_rows is no array, 42804 if the
 * column list differs.
 */
PG_FUNCTION_INFO_V1(rs_read_feed);
Datum
rs_read_feed(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	Jsonb	   *rows = PG_GETARG_JSONB_P(0);
	Jsonb	   *spec = PG_GETARG_JSONB_P(1);
	FeedReader	r = {0};
	JsonbIterator *it;
	JsonbValue	v;
	JsonbIteratorToken token;
	Datum	   *values;
	bool	   *nulls;
	int64		position = 0;
	MemoryContext old;

	if (!JB_ROOT_IS_ARRAY(rows) || JB_ROOT_IS_SCALAR(rows))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the rows of a message must be a JSON array")));
	r.ncolumns = JB_ROOT_COUNT(spec);
	r.columns = palloc0(sizeof(FeedColumn) * Max(r.ncolumns, 1));
	for (int i = 0; i < r.ncolumns; i++)
		read_column(getIthJsonbValueFromContainer(&spec->root, i)->val.binary.data, &r.columns[i]);

	InitMaterializedSRF(fcinfo, MAT_SRF_USE_EXPECTED_DESC);
	if (rsinfo->setDesc->natts != r.ncolumns + 2 || TupleDescAttr(rsinfo->setDesc, 0)->atttypid != INT8OID
		|| TupleDescAttr(rsinfo->setDesc, 1)->atttypid != TEXTARRAYOID)
		ereport(ERROR, (errcode(ERRCODE_DATATYPE_MISMATCH), errmsg("the column list must begin with a bigint and a text[], then the columns")));
	for (int i = 0; i < r.ncolumns; i++)
		if (TupleDescAttr(rsinfo->setDesc, i + 2)->atttypid != r.columns[i].type)
			ereport(ERROR,
					(errcode(ERRCODE_DATATYPE_MISMATCH),
					 errmsg("column %d of the list has another type than \"%.*s\"", i + 3, r.columns[i].name_len, r.columns[i].name)));
	values = palloc(sizeof(Datum) * (r.ncolumns + 2));
	nulls = palloc(sizeof(bool) * (r.ncolumns + 2));
	r.row = AllocSetContextCreate(CurrentMemoryContext, "risk_screen feed row", ALLOCSET_DEFAULT_SIZES);

	it = JsonbIteratorInit(&rows->root);
	while ((token = JsonbIteratorNext(&it, &v, true)) != WJB_DONE)
	{
		if (token != WJB_ELEM)
			continue;
		CHECK_FOR_INTERRUPTS();
		old = MemoryContextSwitchTo(r.row);
		r.problems = NULL;
		r.nproblems = r.room = 0;
		memset(nulls, true, sizeof(bool) * (r.ncolumns + 2));
		read_row(&r, &v, values + 2, nulls + 2);
		values[0] = Int64GetDatum(++position);
		nulls[0] = false;
		if (r.nproblems > 0)
		{
			values[1] = PointerGetDatum(construct_array(r.problems, r.nproblems, TEXTOID, -1, false, TYPALIGN_INT));
			nulls[1] = false;
		}
		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
		MemoryContextSwitchTo(old);
		MemoryContextReset(r.row);
	}
	return (Datum) 0;
}
