/*
 * src/query_open.c
 *	  From a query text to columns that fit a contract.
 *
 * A graph function gets its edges as text: a SELECT, or the name of a table or
 * view. The text is parsed (one read-only SELECT, nothing else) and planned
 * once to learn its columns; they are found by name, and each wanted one gets
 * the SQL expression that turns it into the engine's type. Identifier columns
 * that are compared with each other get one type, the one UNION would give them:
 * as texts, 1 and 1.00 would be two parties. Where there is none, or one that
 * would make two of them equal (a bigint as float8), that is an error.
 *
 * Everything runs as the caller: privileges, row-level security, search_path.
 * When row-level security filters rows, a NOTICE says so, since a trace that
 * silently misses edges would mislead. Operators that we write carry their
 * schema, so the caller's search_path cannot replace them.
 */
#include "pg_compat.h"

#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "executor/spi_priv.h"
#include "fmgr.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "nodes/parsenodes.h"
#include "optimizer/optimizer.h"
#include "parser/parse_coerce.h"
#include "parser/parser.h"
#include "parser/parsetree.h"
#include "tcop/utility.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/plancache.h"
#include "utils/typcache.h"

#include "query_internal.h"
#include "risk_screen.h"
#include "rs_memory.h"

/* ---------- the text ---------- */

/*
 * Errors of the text point into it, not into our call, and say what an analyst
 * can do about them: PostgreSQL's own words assume that one typed a statement.
 */
typedef struct TextError
{
	const char *text;
	const char *argument;
	bool		parsing;		/* by us; SPI's own callback knows the text */
} TextError;

/*
 * May a context callback give the error at hand a hint? Not if it has one that
 * knows better, and with a text only if the message is about that.
 */
bool
rs_error_wants_hint(const char *about)
{
	MemoryContext old = MemoryContextSwitchTo(CurTransactionContext);	/* errors cannot be copied into their own */
	ErrorData  *error = CopyErrorData();
	bool		wants = error->hint == NULL && (about == NULL || (error->message_id != NULL && strstr(error->message_id, about) != NULL));

	FreeErrorData(error);
	MemoryContextSwitchTo(old);
	return wants;
}

static void
text_error_callback(void *arg)
{
	TextError  *e = arg;
	int			position = geterrposition();

	if (e->parsing && position > 0)
	{
		errposition(0);
		internalerrposition(position);
		internalerrquery(e->text);
	}
	if (!rs_error_wants_hint(geterrcode() == ERRCODE_FEATURE_NOT_SUPPORTED ? "cross-database references" :
							 geterrcode() == ERRCODE_UNDEFINED_TABLE ? "does not exist" : NULL))
	{
		errcontext("query of argument %s", e->argument);
		return;
	}
	switch (geterrcode())
	{
		case ERRCODE_SYNTAX_ERROR:
			errhint("Argument %s takes one SELECT, or nothing but the name of a table or view; a name with capitals, spaces or dots in it stands in double quotes.",
					e->argument);
			break;
		case ERRCODE_UNDEFINED_TABLE:
			errhint("Check the spelling and name the schema (search_path is %s); a name with capitals, spaces or dots in it stands in double quotes.",
					namespace_search_path);
			break;
		case ERRCODE_FEATURE_NOT_SUPPORTED:
			errhint("A name is schema.table; a dot that belongs to the name stands in double quotes.");
			break;
		case ERRCODE_UNDEFINED_PARAMETER:
			errhint("A query text has no parameters: write the value into it, for example with format('... WHERE inst_id = %%L', value).");
			break;
		case ERRCODE_INSUFFICIENT_PRIVILEGE:
			errhint("The query of argument %s runs with your rights: ask for USAGE on the schema and SELECT on the tables, on those behind views too.",
					e->argument);
			break;
	}
	errcontext("query of argument %s", e->argument);
}

/* Behind white space, comments and (if wanted) semicolons. */
static const char *
skip_blank(const char *s, bool semicolons)
{
	for (;;)
	{
		if (isspace((unsigned char) *s) || (semicolons && *s == ';'))
			s++;
		else if (s[0] == '-' && s[1] == '-')
			while (*s != '\0' && *s != '\n')
				s++;
		else if (s[0] == '/' && s[1] == '*')
		{
			const char *start = s;
			int			depth = 0;

			do
			{
				if (s[0] == '/' && s[1] == '*')
					depth++, s += 2;
				else if (s[0] == '*' && s[1] == '/')
					depth--, s += 2;
				else if (*s++ == '\0')
					return start;	/* not closed: the parser will say so */
			} while (depth > 0);
		}
		else
			return s;
	}
}

/*
 * The (qualified, maybe quoted) name, if the text is nothing else; blanks,
 * comments and semicolons around it do not count. Otherwise NULL.
 */
static char *
relation_name(const char *s)
{
	const char *start = skip_blank(s, false);

	s = start;
	for (;;)
	{
		const char *end;

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
				return NULL;
		}
		else
		{
			if (!(isalpha((unsigned char) *s) || *s == '_' || IS_HIGHBIT_SET(*s)))
				return NULL;
			while (isalnum((unsigned char) *s) || *s == '_' || *s == '$' || IS_HIGHBIT_SET(*s))
				s++;
		}
		end = s;
		while (isspace((unsigned char) *s))
			s++;
		if (*s++ == '.')
			continue;
		return *skip_blank(end, true) == '\0' ? pnstrdup(start, end - start) : NULL;
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
char *
rs_read_only_select(const char *text, const RsContract *contract)
{
	TextError	where = {text, contract->name, true};
	ErrorContextCallback callback = {error_context_stack, text_error_callback, &where};
	char	   *name = relation_name(text);
	List	   *statements;
	RawStmt    *raw;
	SelectStmt *select;

	if (name != NULL)
		return psprintf("SELECT * FROM %s", name);
	if (pg_strncasecmp(skip_blank(text, false), "graph:", 6) == 0)
		ereport(ERROR,
				(errcode(ERRCODE_SYNTAX_ERROR),
				 errmsg("argument %s is not the name of a graph", contract->name),
				 errhint("Where a function takes a graph, it is written graph:NAME, in lower case and with nothing before or behind it; elsewhere pass a query.")));

	error_context_stack = &callback;
	statements = raw_parser(text, RAW_PARSE_DEFAULT);
	error_context_stack = callback.previous;

	if (list_length(statements) == 0)
		not_one_select(contract, "an empty text");
	if (list_length(statements) > 1)
		not_one_select(contract, psprintf("%d statements", list_length(statements)));
	raw = linitial_node(RawStmt, statements);
	if (!IsA(raw->stmt, SelectStmt))
		not_one_select(contract, psprintf("%s, which is not a SELECT", CreateCommandName(raw->stmt)));
	select = (SelectStmt *) raw->stmt;
	if (select->intoClause != NULL)
		not_one_select(contract, "SELECT INTO, which writes a table");
	if (select->lockingClause != NIL)
		not_one_select(contract, "a row-locking clause (FOR UPDATE or FOR SHARE)");
	if (select->withClause != NULL)
	{
		ListCell   *lc;

		foreach(lc, select->withClause->ctes)
			if (!IsA(lfirst_node(CommonTableExpr, lc)->ctequery, SelectStmt))
				not_one_select(contract, "a WITH that changes data");
	}
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

/* numeric(p,s): p digits. */
static int
declared_precision(Oid type, int32 typmod)
{
	switch (type)
	{
		case INT2OID:
			return 5;
		case INT4OID:
			return 10;
		case INT8OID:
			return 19;
		default:
			return type == NUMERICOID && typmod >= (int32) VARHDRSZ ? ((typmod - VARHDRSZ) >> 16) & 0xffff : 0;
	}
}

/* The type of a UNION of both, InvalidOid for none, or if it cannot hold each value of both. */
static Oid
common_type(Oid a, Oid b)
{
	Oid			result;

	if (a == b)
		return a;
	if (rs_is_integer_type(a) && rs_is_integer_type(b))
		return INT8OID;
	/* whichever comes first, for UNION; they are the same characters */
	if ((a == TEXTOID || a == VARCHAROID) && (b == TEXTOID || b == VARCHAROID))
		return TEXTOID;
	result = select_common_type(NULL, list_make2(makeNullConst(a, -1, InvalidOid), makeNullConst(b, -1, InvalidOid)), NULL, NULL);
	if (!OidIsValid(result) || !can_coerce_type(1, &a, &result, COERCION_IMPLICIT) || !can_coerce_type(1, &b, &result, COERCION_IMPLICIT))
		return InvalidOid;
	if ((result == FLOAT4OID || result == FLOAT8OID) && (a == INT8OID || b == INT8OID || a == NUMERICOID || b == NUMERICOID))
		return InvalidOid;
	return result;
}

/*
 * Columns that share an interner are compared: give them one type. A constant
 * has the type that the others want, as in a UNION.
 */
static void
unify_identifiers(RsQuery *q)
{
	const RsContract *contract = q->contract;
	int			first[RS_MAX_INTERNERS];	/* column that gave the type */

	for (int pass = 0; pass < 2; pass++)
		for (int c = 0; c < contract->ncolumns; c++)
		{
			const RsColumn *column = &contract->column[c];
			Oid		   *common = &q->id_type[column->interner];
			Oid			found;

			if (!q->present[c] || column->kind != RS_ID || q->literal[c] != (pass == 1))
				continue;
			if (!OidIsValid(*common))
			{
				*common = q->type[c];
				first[column->interner] = c;
				continue;
			}
			if (pass == 1)
				continue;
			found = common_type(*common, q->type[c]);
			if (!OidIsValid(found))
				ereport(ERROR,
						(errcode(ERRCODE_DATATYPE_MISMATCH),
						 errmsg("columns \"%s\" and \"%s\" of the %s query have no common type",
								contract->column[first[column->interner]].name, column->name, contract->name),
						 errdetail("Column \"%s\" has type %s, column \"%s\" has type %s.",
								   contract->column[first[column->interner]].name, format_type_be(q->type[first[column->interner]]),
								   column->name, format_type_be(q->type[c])),
						 errhint("They name the same things: cast one of them in the query, for example %s::text.", column->name)));
			*common = found;
		}
	for (int c = 0; c < contract->ncolumns; c++)
	{
		const RsColumn *column = &contract->column[c];

		if (!q->present[c] || column->kind != RS_ID)
			continue;
		q->fetched[c] = q->id_type[column->interner];
		/* the wider type of two is given to both: nothing is lost, and nothing has a tail of zeros */
		q->compared[c] = q->expression[c] = cast_expression(q->expression[c], q->type[c], q->fetched[c]);
		for (int d = 0; d < contract->ncolumns; d++)
			if (q->present[d] && contract->column[d].kind == RS_ID && contract->column[d].interner == column->interner &&
				q->fetched[c] == NUMERICOID && q->type[d] != NUMERICOID && q->type[c] == NUMERICOID)
			{
				q->expression[c] = psprintf("pg_catalog.trim_scale(%s)", q->compared[c]);
				break;
			}
		Assert(q->expression[c] != NULL);
	}
}

/*
 * Has a column the type text only because nothing said another one: a constant
 * of the query's own select list (top), or nothing but NULL wherever it comes from?
 */
static bool
is_untyped(const Query *query, int resno, bool top)
{
	TargetEntry *entry = NULL;
	ListCell   *lc;
	Var		   *var;
	RangeTblEntry *rte;

	check_stack_depth();
	if (query->setOperations != NULL)
	{
		/* every branch is a subquery in the range table */
		foreach(lc, query->rtable)
			if (lfirst_node(RangeTblEntry, lc)->rtekind == RTE_SUBQUERY &&
				!is_untyped(lfirst_node(RangeTblEntry, lc)->subquery, resno, false))
				return false;
		return true;
	}
	foreach(lc, query->targetList)
		if (!lfirst_node(TargetEntry, lc)->resjunk && lfirst_node(TargetEntry, lc)->resno == resno)
			entry = lfirst_node(TargetEntry, lc);
	if (entry == NULL)
		return false;
	if (IsA(entry->expr, Const))
		return top || ((Const *) entry->expr)->constisnull;
	if (!IsA(entry->expr, Var))
		return false;
	var = (Var *) entry->expr;
	if (var->varlevelsup > 0 || var->varattno <= 0)
		return false;
	rte = rt_fetch(var->varno, query->rtable);
	if (rte->rtekind == RTE_SUBQUERY)
		return is_untyped(rte->subquery, var->varattno, false);
	if (rte->rtekind == RTE_CTE && rte->ctelevelsup == 0 && !rte->self_reference)
		foreach(lc, query->cteList)
		{
			const CommonTableExpr *cte = lfirst_node(CommonTableExpr, lc);

			if (strcmp(cte->ctename, rte->ctename) == 0)
				return !cte->cterecursive && is_untyped((const Query *) cte->ctequery, var->varattno, false);
		}
	if (rte->rtekind != RTE_VALUES)
		return false;
	foreach(lc, rte->values_lists)
	{
		Node	   *value = list_nth(lfirst_node(List, lc), var->varattno - 1);

		if (!IsA(value, Const) || !((Const *) value)->constisnull)
			return false;
	}
	return true;
}

static void
map_columns(RsQuery *q, TupleDesc desc, const Query *query)
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
				/* 'x' and NULL have become text; in a UNION they would not have yet */
				q->literal[c] = q->type[c] == TEXTOID && is_untyped(query, at + 1, true);
				break;
			case RS_AMOUNT:
				q->fetched[c] = rs_is_integer_type(q->type[c]) ? q->type[c] : NUMERICOID;
				q->expression[c] = cast_expression(name, q->type[c], q->fetched[c]);
				q->scale[c] = declared_scale(q->type[c], att->atttypmod);
				q->precision[c] = declared_precision(q->type[c], att->atttypmod);
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

/*
 * Does a policy limit some table of the (rewritten) query? The plan source's
 * own flag is set for roles that bypass the policies, too.
 */
static bool
filtered_by_policy(Node *node, void *context)
{
	if (node == NULL)
		return false;
	if (IsA(node, Query))
	{
		ListCell   *lc;

		foreach(lc, ((Query *) node)->rtable)
			if (lfirst_node(RangeTblEntry, lc)->securityQuals != NIL)
				return true;
		return query_tree_walker((Query *) node, filtered_by_policy, context, 0);
	}
	return expression_tree_walker(node, filtered_by_policy, context);
}

/*
 * Another query identifies the same things, by values of type `theirs`: ours
 * are turned into it. An integer of more bytes or a numeric is one of theirs if
 * it fits; that is for each value to show (rs_query_narrow).
 */
static void
take_over_type(RsQuery *q, int c, Oid theirs)
{
	const RsColumn *column = &q->contract->column[c];
	Oid			ours = q->fetched[c],
				common = q->literal[c] ? theirs : common_type(ours, theirs);

	if (ours == theirs)
		return;
	if (rs_is_integer_type(theirs) && rs_is_integer_type(ours) && get_typlen(ours) < get_typlen(theirs))
		common = theirs;
	else if (rs_is_integer_type(theirs) && (rs_is_integer_type(ours) || ours == NUMERICOID))
	{
		q->narrow[c] = theirs;
		return;
	}
	if (common == TEXTOID && theirs == VARCHAROID)
		common = theirs;
	if (common != theirs)
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("column \"%s\" of the %s query has type %s, but the other query identifies the same things by %s",
						column->name, q->contract->name, format_type_be(q->type[c]), format_type_be(theirs)),
				 errdetail("%s", OidIsValid(common) ? psprintf("Each value of these is one of the common type %s, but not each of that is one of type %s.",
															   format_type_be(common), format_type_be(theirs))
						   : "The two types have no common type."),
				 errhint("Cast the column in one of the queries.")));
	q->compared[c] = q->expression[c] = cast_expression(q->expression[c], ours, theirs);
	q->fetched[c] = theirs;
}

static SPIPlanPtr
prepare_text(const char *sql, const RsContract *contract)
{
	TextError	where = {sql, contract->name, false};
	ErrorContextCallback callback = {error_context_stack, text_error_callback, &where};
	SPIPlanPtr	plan;

	error_context_stack = &callback;
	plan = SPI_prepare(sql, 0, NULL);
	error_context_stack = callback.previous;
	if (plan == NULL)
		elog(ERROR, "SPI_prepare failed: %s", SPI_result_code_string(SPI_result));
	return plan;
}

/*
 * _query_text(query text, argument text DEFAULT 'query') returns text
 *
 * The SELECT that a query text means, for statements that are built around it;
 * errors call it by the name of the argument. NULL for NULL. Errors as everywhere else that takes a query: 42601 not one
 * SELECT, 42P01 no such table. Plans nothing, reads nothing.
 */
PG_FUNCTION_INFO_V1(rs_query_text);
Datum
rs_query_text(PG_FUNCTION_ARGS)
{
	RsContract	contract = {.name = text_to_cstring(PG_GETARG_TEXT_PP(1))};
	char	   *sql = rs_read_only_select(text_to_cstring(PG_GETARG_TEXT_PP(0)), &contract);

	SPI_connect();
	SPI_freeplan(prepare_text(sql, &contract));
	SPI_finish();
	PG_RETURN_TEXT_P(cstring_to_text(sql));
}

RsQuery *
rs_query_open(const char *text, const RsContract *contract, RsBadRows bad_rows,
			  MemoryContext budget, RsInterner *const *interner)
{
	MemoryContext old = MemoryContextSwitchTo(budget);
	RsQuery    *q = palloc0(sizeof(RsQuery));
	char	   *sql = rs_read_only_select(text, contract);
	SPIPlanPtr	plan;
	CachedPlanSource *source;

	Assert(contract->ncolumns <= RS_MAX_COLUMNS);
	q->contract = contract;
	q->budget = budget;
	q->bad_rows = bad_rows;
	q->row_context = AllocSetContextCreate(budget, "risk_screen row", ALLOCSET_SMALL_SIZES);
	q->sql = sql;
	q->from = psprintf("(\n%s\n) q", sql);

	plan = prepare_text(sql, contract);
	source = linitial(SPI_plan_get_plan_sources(plan));
	if (source->resultDesc == NULL || source->raw_parse_tree == NULL)
		not_one_select(contract, "a statement without rows");
	q->row_security = source->dependsOnRLS && filtered_by_policy((Node *) linitial(source->query_list), NULL);
	if (q->row_security)
		ereport(NOTICE,
				(errmsg("row-level security limits what the %s query shows to role \"%s\"",
						contract->name, GetUserNameFromId(GetUserId(), false)),
				 errdetail("Rows that the role may not see are missing from the answer."),
				 errhint("SET row_security = off turns this into an error.")));
	if (!source->dependsOnRLS && !contain_mutable_functions((Node *) source->query_list))
	{
		ListCell   *lc;

		q->relation = palloc(sizeof(Oid) * (list_length(source->relationOids) + 1));
		foreach(lc, source->relationOids)
			q->relation[q->nrelations++] = lfirst_oid(lc);
	}
	map_columns(q, source->resultDesc, linitial_node(Query, source->query_list));
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
		else
			take_over_type(q, c, rs_interner_type(*in));
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

int
rs_query_precision(const RsQuery *q, int column)
{
	return q->precision[column];
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
	if (rs_is_integer_type(q->type[column]) && rs_is_integer_type(q->fetched[column]))
		return psprintf("q.%s OPERATOR(pg_catalog.=) %s",
						quote_identifier(q->contract->column[column].name), operand);
	return psprintf("%s %s %s", q->compared[column], rs_query_equals(q, column), operand);
}

/* Array type of the interner behind an identifier column, for bound parameters. */
Oid
rs_query_array_type(const RsQuery *q, int column)
{
	Oid			type = OidIsValid(q->narrow[column]) ? q->narrow[column] : q->fetched[column];
	Oid			array = get_array_type(type);

	if (!OidIsValid(array))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("type %s of column \"%s\" has no array type",
						format_type_be(type), q->contract->column[column].name),
				 errhint("Cast the column to text in the query.")));
	return array;
}
