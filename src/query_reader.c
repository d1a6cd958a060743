/*
 * src/query_reader.c
 *	  Reading the analyst's query text against a column contract.
 *
 * A graph function gets its edges as text: a SELECT, or the name of a table or
 * view. The text is parsed (one read-only SELECT, nothing else), its columns
 * are found by name, and the columns wanted are selected from it, converted by
 * SQL where their type is not the engine's. Rows stream from the executor into
 * the engine through a destination receiver: the result is never held twice.
 *
 * Everything runs as the caller: privileges, row-level security, search_path.
 * When row-level security filters rows, a NOTICE says so, since a trace that
 * silently misses edges would mislead.
 *
 * Ownership: the query, its plans and its interners live in the caller's
 * budget context; each row is converted in a context that is reset after it.
 * Cost per row and column: about 10 ns beyond the executor's, plus the
 * interner's look-up for identifiers.
 *
 * A row that the contract does not allow (NULL key, negative amount, duplicate
 * id ...) is an error naming the row by its label, or is skipped and counted.
 * Identifiers of a bad row are not interned.
 */
#include "pg_compat.h"

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "executor/spi_priv.h"
#include "fmgr.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "nodes/params.h"
#include "nodes/parsenodes.h"
#include "optimizer/optimizer.h"
#include "parser/parse_coerce.h"
#include "parser/parser.h"
#include "pgtime.h"
#include "tcop/dest.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/numeric.h"
#include "utils/plancache.h"
#include "utils/timestamp.h"
#include "utils/typcache.h"

#include "query_reader.h"
#include "risk_screen.h"
#include "rs_memory.h"

/* Why a row is bad; also the index of its counter. */
typedef enum BadReason
{
	BAD_NULL,
	BAD_NEGATIVE,
	BAD_NOT_FINITE,
	BAD_DUPLICATE,
	BAD_REASONS
} BadReason;

/* A statement prepared from the query, kept for the next hop. */
typedef struct KeptPlan
{
	struct KeptPlan *next;
	char	   *sql;
	SPIPlanPtr	plan;
} KeptPlan;

/*
 * Looking up an identifier among millions misses every cache. While a row waits
 * for this many others, its places in the hash tables are fetched.
 */
#define DELAY 16

struct RsQuery
{
	const RsContract *contract;
	MemoryContext budget;
	MemoryContext row_context;
	RsBadRows	bad_rows;
	char	   *from;			/* the query in parentheses, ready for FROM */
	bool		row_security;	/* policies limit what the role sees */
	int			nrelations;		/* read by the query; 0: not known to be all it depends on */
	Oid		   *relation;

	/* by contract column */
	bool		present[RS_MAX_COLUMNS];
	Oid			type[RS_MAX_COLUMNS];	/* as the query has it (base type) */
	Oid			fetched[RS_MAX_COLUMNS];	/* as the select list delivers it */
	Oid			collation[RS_MAX_COLUMNS];
	char	   *expression[RS_MAX_COLUMNS]; /* in the select list, over q */
	int			scale[RS_MAX_COLUMNS];
	bool		ignored[RS_MAX_COLUMNS];

	RsInterner *interner[RS_MAX_INTERNERS];
	Oid			id_type[RS_MAX_INTERNERS];

	KeptPlan   *plans;
	uint64		rows;
	uint64		bad[RS_MAX_COLUMNS][BAD_REASONS];

	/* of the read at hand */
	int			nselected;
	int			selected[RS_MAX_COLUMNS];
	RsRowHandler handler;
	RsRescaleHandler rescale;
	void	   *arg;
	int			delay;			/* rows between reading a row and handling it */
	int			pending;		/* rows read and not handled yet */
	uint32		turn;			/* the row being read is ring[turn] */
	RsRow		ring[DELAY];
};

typedef struct Receiver
{
	DestReceiver pub;
	RsQuery    *query;
} Receiver;

/* ---------- the text ---------- */

/* Syntax errors point into the user's text, not into our call. */
static void
text_error_callback(void *arg)
{
	int			position = geterrposition();

	if (position > 0)
	{
		errposition(0);
		internalerrposition(position);
		internalerrquery((const char *) arg);
	}
}

/* Is the text nothing but a (qualified, maybe quoted) name? */
static bool
is_relation_name(const char *s)
{
	for (;;)
	{
		while (isspace((unsigned char) *s))
			s++;
		if (*s == '"')
		{
			for (s++; *s != '\0'; s++)
				if (*s == '"')
				{
					if (s[1] != '"')
						break;
					s++;
				}
			if (*s++ != '"')
				return false;
		}
		else
		{
			if (!(isalpha((unsigned char) *s) || *s == '_' || IS_HIGHBIT_SET(*s)))
				return false;
			while (isalnum((unsigned char) *s) || *s == '_' || *s == '$' || IS_HIGHBIT_SET(*s))
				s++;
		}
		while (isspace((unsigned char) *s))
			s++;
		if (*s == '\0')
			return true;
		if (*s++ != '.')
			return false;
	}
}

static void
not_one_select(const RsContract *contract, const char *found)
{
	ereport(ERROR,
			(errcode(ERRCODE_SYNTAX_ERROR),
			 errmsg("argument %s must be one read-only SELECT or the name of a table or view", contract->name),
			 errdetail("Found %s.", found),
			 errhint("Pass a query such as 'SELECT ... FROM desk.txn', or 'desk.txn'.")));
}

/* The statement alone: a name becomes a SELECT, a trailing semicolon goes. */
static char *
read_only_select(const char *text, const RsContract *contract)
{
	ErrorContextCallback callback;
	List	   *statements;
	RawStmt    *raw;
	SelectStmt *select;

	if (is_relation_name(text))
		return psprintf("SELECT * FROM %s", text);

	callback.callback = text_error_callback;
	callback.arg = unconstify(char *, text);
	callback.previous = error_context_stack;
	error_context_stack = &callback;
	statements = raw_parser(text, RAW_PARSE_DEFAULT);
	error_context_stack = callback.previous;

	if (list_length(statements) == 0)
		not_one_select(contract, "an empty text");
	if (list_length(statements) > 1)
		not_one_select(contract, psprintf("%d statements", list_length(statements)));
	raw = linitial_node(RawStmt, statements);
	if (!IsA(raw->stmt, SelectStmt))
		not_one_select(contract, "a statement that is not a SELECT");
	select = (SelectStmt *) raw->stmt;
	if (select->intoClause != NULL)
		not_one_select(contract, "SELECT INTO, which writes a table");
	if (select->lockingClause != NIL)
		not_one_select(contract, "a row-locking clause (FOR UPDATE or FOR SHARE)");
	return raw->stmt_len > 0 ? pnstrdup(text + raw->stmt_location, raw->stmt_len)
		: pstrdup(text + raw->stmt_location);
}

/* ---------- the contract ---------- */

static const char *
expectation(const RsColumn *column)
{
	switch (column->kind)
	{
		case RS_ID:
		case RS_RAW:
			return "an identifier of any type";
		case RS_AMOUNT:
		case RS_REAL:
			return "a number";
		case RS_INTEGER:
			return "an integer";
		case RS_TIME:
			return "a time (timestamptz)";
		case RS_DATE:
			return "a date";
		case RS_TEXT:
			return "text";
		case RS_BOOL:
			return "boolean";
	}
	return "";
}

static char *
list_expected(const RsContract *contract)
{
	StringInfoData s;

	initStringInfo(&s);
	for (int pass = 0; pass < 2; pass++)
	{
		bool		first = true;

		for (int c = 0; c < contract->ncolumns; c++)
		{
			bool		required = (contract->column[c].flags & RS_REQUIRED) != 0;

			if (required != (pass == 0))
				continue;
			appendStringInfo(&s, "%s%s", first ? (pass == 0 ? "" : "; optionally ") : ", ",
							 contract->column[c].name);
			first = false;
		}
	}
	return s.data;
}

static char *
list_found(TupleDesc desc)
{
	StringInfoData s;

	initStringInfo(&s);
	for (int i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute att = TupleDescAttr(desc, i);

		appendStringInfo(&s, "%s%s %s", i ? ", " : "", NameStr(att->attname),
						 format_type_be(att->atttypid));
		if (i == 39 && desc->natts > 40)
		{
			appendStringInfo(&s, " and %d more", desc->natts - 40);
			break;
		}
	}
	return s.data;
}

/*
 * The SQL that turns column `name` of type `from` into type `to`, or NULL when
 * PostgreSQL knows no cast.
 */
static char *
cast_expression(const char *name, Oid from, Oid to)
{
	Oid			function;

	if (from == to)
		return pstrdup(name);
	if (find_coercion_pathway(to, from, COERCION_EXPLICIT, &function) == COERCION_PATH_NONE)
		return NULL;
	return psprintf("(%s)::%s", name, format_type_be_qualified(to));
}

/* Zone-less times are read in our zone, never in the session's. */
static char *
time_expression(const char *name, Oid from, Oid *fetched)
{
	char	   *zone = quote_literal_cstr(rs_time_zone_name);

	*fetched = TIMESTAMPTZOID;
	switch (from)
	{
		case TIMESTAMPTZOID:
			return pstrdup(name);
		case TIMESTAMPOID:
			return psprintf("pg_catalog.timezone(%s, %s)", zone, name);
		case DATEOID:
			return psprintf("pg_catalog.timezone(%s, (%s)::pg_catalog.timestamp)", zone, name);
		case TEXTOID:
		case VARCHAROID:
		case BPCHAROID:
			*fetched = TEXTOID; /* read in convert(), under our zone */
			return psprintf("(%s)::pg_catalog.text", name);
		default:
			return NULL;
	}
}

static char *
date_expression(const char *name, Oid from)
{
	switch (from)
	{
		case DATEOID:
			return pstrdup(name);
		case TIMESTAMPTZOID:
			return psprintf("(pg_catalog.timezone(%s, %s))::pg_catalog.date",
							quote_literal_cstr(rs_time_zone_name), name);
		case TIMESTAMPOID:
		case TEXTOID:
		case VARCHAROID:
		case BPCHAROID:
			return psprintf("(%s)::pg_catalog.date", name);
		default:
			return NULL;
	}
}

/* numeric(p,s): s digits; otherwise the data decides. */
static int
declared_scale(Oid type, int32 typmod)
{
	int			scale;

	if (type != NUMERICOID || typmod < (int32) VARHDRSZ)
		return 0;
	scale = (((typmod - VARHDRSZ) & 0x7ff) ^ 1024) - 1024;
	return Max(scale, 0);
}

static bool
is_integer_type(Oid type)
{
	return type == INT2OID || type == INT4OID || type == INT8OID;
}

/* Columns that share an interner are compared: give them one type. */
static void
unify_identifiers(RsQuery *q)
{
	const RsContract *contract = q->contract;

	for (int c = 0; c < contract->ncolumns; c++)
	{
		const RsColumn *column = &contract->column[c];
		Oid		   *common;

		if (!q->present[c] || column->kind != RS_ID)
			continue;
		common = &q->id_type[column->interner];
		if (!OidIsValid(*common))
			*common = q->type[c];
		else if (*common != q->type[c])
			*common = is_integer_type(*common) && is_integer_type(q->type[c]) ? INT8OID : TEXTOID;
	}
	for (int c = 0; c < contract->ncolumns; c++)
	{
		const RsColumn *column = &contract->column[c];

		if (!q->present[c] || column->kind != RS_ID)
			continue;
		q->fetched[c] = q->id_type[column->interner];
		q->expression[c] = cast_expression(q->expression[c], q->type[c], q->fetched[c]);
		if (q->expression[c] == NULL)
			ereport(ERROR,
					(errcode(ERRCODE_DATATYPE_MISMATCH),
					 errmsg("column \"%s\" of the %s query has type %s, which cannot be compared with the other identifiers",
							column->name, contract->name, format_type_be(q->type[c])),
					 errhint("Cast the identifier columns to one type in the query.")));
	}
}

static void
map_columns(RsQuery *q, TupleDesc desc)
{
	const RsContract *contract = q->contract;

	for (int c = 0; c < contract->ncolumns; c++)
	{
		const RsColumn *column = &contract->column[c];
		int			at = -1;
		Form_pg_attribute att;
		char	   *name;

		for (int i = 0; i < desc->natts; i++)
		{
			if (strcmp(NameStr(TupleDescAttr(desc, i)->attname), column->name) != 0)
				continue;
			if (at >= 0)
				ereport(ERROR,
						(errcode(ERRCODE_AMBIGUOUS_COLUMN),
						 errmsg("the %s query has two columns \"%s\"", contract->name, column->name),
						 errhint("Rename or drop one of them in the query.")));
			at = i;
		}
		if (at < 0)
		{
			if (column->flags & RS_REQUIRED)
				ereport(ERROR,
						(errcode(ERRCODE_UNDEFINED_COLUMN),
						 errmsg("the %s query has no column \"%s\"", contract->name, column->name),
						 errdetail("Expected: %s. Found: %s.", list_expected(contract), list_found(desc)),
						 errhint("Give your columns these names in the query, for example SELECT my_column AS %s.",
								 column->name)));
			continue;
		}

		att = TupleDescAttr(desc, at);
		name = psprintf("q.%s", quote_identifier(column->name));
		q->present[c] = true;
		q->type[c] = getBaseType(att->atttypid);
		q->collation[c] = att->attcollation;
		switch (column->kind)
		{
			case RS_ID:
			case RS_RAW:
				/* unify_identifiers() completes RS_ID */
				if (q->type[c] == BPCHAROID || q->type[c] == NAMEOID || q->type[c] == UNKNOWNOID)
				{
					name = psprintf("(%s)::pg_catalog.text", name);
					q->type[c] = TEXTOID;
					q->collation[c] = InvalidOid;
				}
				q->expression[c] = name;
				q->fetched[c] = q->type[c];
				break;
			case RS_AMOUNT:
				q->fetched[c] = is_integer_type(q->type[c]) ? q->type[c] : NUMERICOID;
				q->expression[c] = cast_expression(name, q->type[c], q->fetched[c]);
				q->scale[c] = declared_scale(q->type[c], att->atttypmod);
				break;
			case RS_REAL:
				q->fetched[c] = FLOAT8OID;
				q->expression[c] = cast_expression(name, q->type[c], FLOAT8OID);
				break;
			case RS_INTEGER:
				q->fetched[c] = INT8OID;
				q->expression[c] = cast_expression(name, q->type[c], INT8OID);
				break;
			case RS_TIME:
				q->expression[c] = time_expression(name, q->type[c], &q->fetched[c]);
				break;
			case RS_DATE:
				q->fetched[c] = DATEOID;
				q->expression[c] = date_expression(name, q->type[c]);
				break;
			case RS_TEXT:
				q->fetched[c] = TEXTOID;
				q->expression[c] = cast_expression(name, q->type[c], TEXTOID);
				break;
			case RS_BOOL:
				q->fetched[c] = BOOLOID;
				q->expression[c] = cast_expression(name, q->type[c], BOOLOID);
				break;
		}
		if (q->expression[c] == NULL)
			ereport(ERROR,
					(errcode(ERRCODE_DATATYPE_MISMATCH),
					 errmsg("column \"%s\" of the %s query has type %s, expected %s",
							column->name, contract->name, format_type_be(att->atttypid),
							expectation(column)),
					 errdetail("Expected: %s. Found: %s.", list_expected(contract), list_found(desc)),
					 errhint("Convert the column in the query%s.",
							 column->kind == RS_TIME ? ", for example with to_timestamp()" : "")));
	}
	unify_identifiers(q);
}

RsQuery *
rs_query_open(const char *text, const RsContract *contract, RsBadRows bad_rows,
			  MemoryContext budget, RsInterner *const *interner)
{
	MemoryContext old = MemoryContextSwitchTo(budget);
	RsQuery    *q = palloc0(sizeof(RsQuery));
	char	   *sql = read_only_select(text, contract);
	SPIPlanPtr	plan;
	CachedPlanSource *source;

	Assert(contract->ncolumns <= RS_MAX_COLUMNS);
	q->contract = contract;
	q->budget = budget;
	q->bad_rows = bad_rows;
	q->row_context = AllocSetContextCreate(budget, "risk_screen row", ALLOCSET_SMALL_SIZES);
	q->from = psprintf("(\n%s\n) q", sql);

	plan = SPI_prepare(sql, 0, NULL);
	if (plan == NULL)
		elog(ERROR, "SPI_prepare failed: %s", SPI_result_code_string(SPI_result));
	source = linitial(SPI_plan_get_plan_sources(plan));
	if (source->resultDesc == NULL || source->raw_parse_tree == NULL)
		not_one_select(contract, "a statement without rows");
	q->row_security = source->dependsOnRLS;
	if (q->row_security)
		ereport(NOTICE,
				(errmsg("row-level security limits what the %s query shows to role \"%s\"",
						contract->name, GetUserNameFromId(GetUserId(), false)),
				 errdetail("Rows that the role may not see are missing from the answer."),
				 errhint("SET row_security = off turns this into an error.")));
	if (!q->row_security && !contain_mutable_functions((Node *) source->query_list))
	{
		ListCell   *lc;

		q->relation = palloc(sizeof(Oid) * (list_length(source->relationOids) + 1));
		foreach(lc, source->relationOids)
			q->relation[q->nrelations++] = lfirst_oid(lc);
	}
	map_columns(q, source->resultDesc);
	SPI_freeplan(plan);

	if (interner)
		for (int i = 0; i < RS_MAX_INTERNERS; i++)
			q->interner[i] = interner[i];
	for (int c = 0; c < contract->ncolumns; c++)
	{
		const RsColumn *column = &contract->column[c];
		RsInterner **in = &q->interner[column->interner];

		if (!q->present[c] || column->kind != RS_ID)
			continue;
		if (*in == NULL)
			*in = rs_interner_create(budget, q->fetched[c],
									 q->fetched[c] == q->type[c] ? q->collation[c] : InvalidOid);
		else if (rs_interner_type(*in) != q->fetched[c])
		{
			/* Given by another query: take over its type. */
			Oid			theirs = rs_interner_type(*in);
			char	   *cast = cast_expression(q->expression[c], q->fetched[c], theirs);

			if (cast == NULL)
				ereport(ERROR,
						(errcode(ERRCODE_DATATYPE_MISMATCH),
						 errmsg("column \"%s\" of the %s query has type %s, but the other query identifies the same things by %s",
								column->name, contract->name, format_type_be(q->type[c]), format_type_be(theirs)),
						 errhint("Cast the column in the query.")));
			q->expression[c] = cast;
			q->fetched[c] = theirs;
		}
	}
	MemoryContextSwitchTo(old);
	return q;
}

bool
rs_query_has(const RsQuery *q, int column)
{
	return q->present[column] && !q->ignored[column];
}

/* Do not fetch an optional column that this caller has no use for. */
void
rs_query_ignore(RsQuery *q, int column)
{
	q->ignored[column] = true;
}

Oid
rs_query_type(const RsQuery *q, int column)
{
	return q->type[column];
}

Oid
rs_query_fetched_type(const RsQuery *q, int column)
{
	return q->fetched[column];
}

Oid
rs_query_collation(const RsQuery *q, int column)
{
	return q->collation[column];
}

int
rs_query_scale(const RsQuery *q, int column)
{
	return q->scale[column];
}

RsInterner *
rs_query_interner(const RsQuery *q, int slot)
{
	return q->interner[slot];
}

const char *
rs_query_expression(const RsQuery *q, int column)
{
	return q->expression[column];
}

/* The type's own equality, by name and schema: search_path must not matter. */
char *
rs_query_equals(const RsQuery *q, int column)
{
	TypeCacheEntry *entry = lookup_type_cache(q->fetched[column], TYPECACHE_EQ_OPR);
	Oid			operator = entry->eq_opr;
	char	   *name = get_opname(operator);

	if (name == NULL)
		elog(ERROR, "type %u has no equality", q->fetched[column]);
	return psprintf("OPERATOR(%s.%s)",
					quote_identifier(get_namespace_name(get_func_namespace(get_opcode(operator)))), name);
}

/*
 * SQL condition: column equals `operand` (an expression of the interner's
 * type). The column stands bare where it can, so that an index on it serves.
 */
char *
rs_query_match(const RsQuery *q, int column, const char *operand)
{
	if (is_integer_type(q->type[column]) && is_integer_type(q->fetched[column]))
		return psprintf("q.%s OPERATOR(pg_catalog.=) %s",
						quote_identifier(q->contract->column[column].name), operand);
	return psprintf("%s %s %s", q->expression[column], rs_query_equals(q, column), operand);
}

/* Array type of the interner behind an identifier column, for bound parameters. */
Oid
rs_query_array_type(const RsQuery *q, int column)
{
	Oid			array = get_array_type(q->fetched[column]);

	if (!OidIsValid(array))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("type %s of column \"%s\" has no array type",
						format_type_be(q->fetched[column]), q->contract->column[column].name),
				 errhint("Cast the column to text in the query.")));
	return array;
}

/* ---------- rows ---------- */

static const char *const reason_text[BAD_REASONS] = {
	[BAD_NULL] = "is null",
	[BAD_NEGATIVE] = "is negative",
	[BAD_NOT_FINITE] = "is NaN or infinite",
	[BAD_DUPLICATE] = "occurs twice",
};

/* Error for a bad row, or count it: false. */
static bool
bad_row(RsQuery *q, int column, BadReason reason, TupleTableSlot *slot)
{
	static const int sqlstate[BAD_REASONS] = {
		[BAD_NULL] = ERRCODE_NULL_VALUE_NOT_ALLOWED,
		[BAD_NEGATIVE] = ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE,
		[BAD_NOT_FINITE] = ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE,
		[BAD_DUPLICATE] = ERRCODE_UNIQUE_VIOLATION,
	};
	const char *label = NULL;
	int			label_column = q->contract->label;

	if (q->bad_rows == RS_BAD_SKIP)
	{
		q->bad[column][reason]++;
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
			if (q->delay > 0)
				rs_intern_prefetch(q->interner[q->contract->column[c].interner], row->value[c].raw);
		}
		else if (!convert(q, c, slot->tts_values[k], slot))
			goto done;
	}
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
				if (!is_integer_type(q->fetched[c]))
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
		if (strcmp(kept->sql, sql) == 0)
			return kept->plan;
	old = MemoryContextSwitchTo(q->budget);
	kept = palloc0(sizeof(KeptPlan));
	kept->sql = pstrdup(sql);
	MemoryContextSwitchTo(old);
	/* Each hop is planned for its own number of accounts. */
	kept->plan = SPI_prepare_cursor(sql, nargs, argtypes,
									CURSOR_OPT_PARALLEL_OK | CURSOR_OPT_CUSTOM_PLAN);
	if (kept->plan == NULL)
		elog(ERROR, "SPI_prepare failed: %s", SPI_result_code_string(SPI_result));
	kept->next = q->plans;
	q->plans = kept;
	return kept->plan;
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
	int			result;

	q->handler = handler;
	q->rescale = rescale;
	q->arg = arg;
	q->delay = possible_delay(q);
	q->pending = 0;
	q->turn = 0;
	for (int i = 0; i < DELAY; i++)
		memset(q->ring[i].isnull, true, sizeof(q->ring[i].isnull));
	result = SPI_execute_plan_extended(kept_plan(q, sql, nargs, argtypes), &options);
	if (result < 0)
		elog(ERROR, "SPI_execute_plan failed: %s", SPI_result_code_string(result));
	old = MemoryContextSwitchTo(q->row_context);
	while (q->pending > 0)
		handle_oldest(q);
	MemoryContextSwitchTo(old);
	MemoryContextReset(q->row_context);
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
	char	   *sql = psprintf("SELECT %s FROM %s %s %s", what, before, q->from, after);
	int			result = SPI_execute_plan_extended(kept_plan(q, sql, nargs, argtypes), &options);

	if (result < 0)
		elog(ERROR, "SPI_execute_plan failed: %s", SPI_result_code_string(result));
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

		initStringInfo(&s);
		for (int c = 0; c < q->contract->ncolumns; c++)
			for (int r = 0; r < BAD_REASONS; r++)
				if (q->bad[c][r] > 0)
					appendStringInfo(&s, "%s" UINT64_FORMAT " where %s %s", s.len ? ", " : "",
									 q->bad[c][r], q->contract->column[c].name, reason_text[r]);
		ereport(WARNING,
				(errmsg(UINT64_FORMAT " of " UINT64_FORMAT " rows of the %s query were skipped",
						total, q->rows, q->contract->name),
				 errdetail("Skipped: %s.", s.data)));
	}
	for (KeptPlan *kept = q->plans; kept; kept = kept->next)
		SPI_freeplan(kept->plan);
	q->plans = NULL;
	MemoryContextDelete(q->row_context);
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
