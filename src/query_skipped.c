/*
 * src/query_skipped.c
 *	  What an analyst is told about rows that a query had and that were left out.
 *
 * A warning that counts rows is of use when it says whose they are and how to
 * see them: the tables that the query's text names, and a statement that lists
 * the rows. The text is parsed again for that, only when rows were skipped;
 * nothing is read.
 */
#include "pg_compat.h"

#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "nodes/nodeFuncs.h"
#include "nodes/parsenodes.h"
#include "parser/parser.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "query_internal.h"

/* Longer query texts are not repeated in a hint. */
#define SHORT_TEXT 300

/* A WITH query of the same name as a table would be taken for it: a hint, no more. */
static bool
collect_tables(Node *node, void *context)
{
	if (node == NULL)
		return false;
	if (IsA(node, RangeVar))
	{
		Oid			table = RangeVarGetRelid((RangeVar *) node, NoLock, true);

		if (OidIsValid(table))
			*(List **) context = list_append_unique_oid(*(List **) context, table);
	}
	return raw_expression_tree_walker(node, collect_tables, context);
}

/* Does the text make a column of this name, instead of taking a table's? Then a table's is another one. */
typedef struct Made
{
	const char *name;
} Made;

static bool
is_made(Node *node, void *context)
{
	const Made *made = context;

	if (node == NULL)
		return false;
	if (IsA(node, ResTarget) && ((ResTarget *) node)->name != NULL && strcmp(((ResTarget *) node)->name, made->name) == 0)
	{
		Node	   *value = ((ResTarget *) node)->val;

		while (value != NULL && IsA(value, TypeCast))
			value = ((TypeCast *) value)->arg;
		if (value != NULL && (!IsA(value, ColumnRef) || !IsA(llast(((ColumnRef *) value)->fields), String) ||
							  strcmp(strVal(llast(((ColumnRef *) value)->fields)), made->name) != 0))
			return true;
	}
	return raw_expression_tree_walker(node, is_made, context);
}

/* As one would write it; a temporary table stands in whatever schema it is. */
static char *
table_name(Oid table)
{
	Oid			schema = get_rel_namespace(table);
	char	   *name = get_rel_name(table);

	if (name == NULL)
		return pstrdup("a table that is gone");
	if (isAnyTempNamespace(schema))
	{
		/* A replay's view of a role, gone with the run: the desk's own is meant. */
		ListCell   *lc;

		foreach(lc, fetch_search_path(false))
			if (!isAnyTempNamespace(lfirst_oid(lc)) && OidIsValid(get_relname_relid(name, lfirst_oid(lc))))
				schema = lfirst_oid(lc);
	}
	return isAnyTempNamespace(schema) ? pstrdup(quote_identifier(name))
		: quote_qualified_identifier(get_namespace_name(schema), name);
}

static const char *
number_of(const RsQuery *q, int column, Oid table)
{
	const char *name = q->contract->column[column].name;
	Oid			type = OidIsValid(table) ? get_atttype(table, get_attnum(table, name)) : q->type[column];
	char		category;
	bool		preferred;

	get_type_category_preferred(getBaseType(type), &category, &preferred);
	return psprintf("%s%s", quote_identifier(name), category == TYPCATEGORY_STRING ? "::numeric" : "");
}

/* Condition that a row is bad; `from` (table, or InvalidOid: a query) is where a value may occur twice. */
static char *
condition(const RsQuery *q, int column, BadReason reason, const char *from, Oid table)
{
	const char *name = quote_identifier(q->contract->column[column].name);

	switch (reason)
	{
		case BAD_NULL:
			return psprintf("%s IS NULL", name);
		case BAD_NEGATIVE:
			return psprintf("%s < 0", number_of(q, column, table));
		case BAD_OVER_ONE:
			return psprintf("%s > 1", number_of(q, column, table));
		case BAD_INVERTED:
			return psprintf("%s > %s", number_of(q, column, table), number_of(q, q->contract->high, table));
		case BAD_NOT_FINITE:
			return psprintf("lower(%s::text) IN ('nan', 'infinity', '-infinity')", name);
		case BAD_MISFIT:
			return psprintf("abs(%s::numeric) > %s OR %s::numeric <> trunc(%s::numeric)", name,
							q->narrow[column] == INT2OID ? "32767" : q->narrow[column] == INT4OID ? "2147483647" : "9223372036854775807",
							name, name);
		case BAD_UNKNOWN:
			/* which words are known is not the reader's knowledge: see them all */
			return psprintf("%s IS NOT NULL", name);
		case BAD_DUPLICATE:
			return psprintf("%s IN (SELECT %s FROM %s GROUP BY 1 HAVING count(*) > 1)", name, name, from);
		case BAD_REASONS:
			break;
	}
	return pstrdup("false");
}

/* The column, if all that is wrong with rows is a word that nobody knows in it; else -1. *any: is there such a word? */
static int
only_unknown(const RsQuery *q, bool *any)
{
	int			column = -1;
	bool		only = true;

	*any = false;

	for (int c = 0; c < q->contract->ncolumns; c++)
		for (int r = 0; r < BAD_REASONS; r++)
			if (q->bad[c][r] > 0)
			{
				only &= r == BAD_UNKNOWN && column < 0;
				*any |= r == BAD_UNKNOWN;
				column = c;
			}
	return only ? column : -1;
}

static char *
statement(const RsQuery *q, const char *from, Oid table)
{
	StringInfoData s;
	bool		first = true;
	bool		among_others;
	int			unknown = only_unknown(q, &among_others);

	if (unknown >= 0)
	{
		const char *name = quote_identifier(q->contract->column[unknown].name);

		return psprintf("SELECT %s, count(*) FROM %s GROUP BY 1; lists them.", name, from);
	}
	initStringInfo(&s);
	appendStringInfo(&s, "SELECT * FROM %s WHERE ", from);
	for (int c = 0; c < q->contract->ncolumns; c++)
		for (int r = 0; r < BAD_REASONS; r++)
			if (q->bad[c][r] > 0)
			{
				appendStringInfo(&s, "%s%s", first ? "" : " OR ", condition(q, c, r, from, table));
				first = false;
			}
	/* rows with a word that is known are listed, too */
	appendStringInfoString(&s, among_others ? "; lists them, among others." : "; lists them.");
	return s.data;
}

static bool
makes_bad_columns(const RsQuery *q, Node *parsed)
{
	for (int c = 0; c < q->contract->ncolumns; c++)
		for (int r = 0; r < BAD_REASONS; r++)
		{
			Made		made = {q->contract->column[c].name};
			Made		high = {r == BAD_INVERTED ? q->contract->column[q->contract->high].name : made.name};

			if (q->bad[c][r] > 0 && (is_made(parsed, &made) || is_made(parsed, &high)))
				return true;
		}
	return false;
}

static bool
has_bad_columns(const RsQuery *q, Oid table)
{
	for (int c = 0; c < q->contract->ncolumns; c++)
		for (int r = 0; r < BAD_REASONS; r++)
			if (q->bad[c][r] > 0 &&
				(get_attnum(table, q->contract->column[c].name) == InvalidAttrNumber ||
				 (r == BAD_INVERTED && get_attnum(table, q->contract->column[q->contract->high].name) == InvalidAttrNumber)))
				return false;
	return true;
}

/*
 * Tables of the query, and a hint with a statement that lists the rows: of the first table
 * that has the columns by these names, else of the query.
 */
void
rs_query_explain_skipped(const RsQuery *q, char **tables, char **hint)
{
	List	   *parsed = raw_parser(q->sql, RAW_PARSE_DEFAULT);
	List	   *found = NIL;
	ListCell   *lc;
	StringInfoData names;
	int			n = 0;
	bool		made = makes_bad_columns(q, linitial_node(RawStmt, parsed)->stmt);

	(void) collect_tables(linitial_node(RawStmt, parsed)->stmt, &found);
	initStringInfo(&names);
	*hint = NULL;
	foreach(lc, found)
	{
		char	   *name = table_name(lfirst_oid(lc));

		if (n++ < 5)
			appendStringInfo(&names, "%s%s", names.len ? ", " : "", name);
		if (*hint == NULL && !made && has_bad_columns(q, lfirst_oid(lc)))
			*hint = statement(q, name, lfirst_oid(lc));
	}
	if (n > 5)
		appendStringInfo(&names, " and %d more", n - 5);
	*tables = n > 0 ? names.data : NULL;
	if (*hint == NULL)
		*hint = statement(q, strlen(q->sql) <= SHORT_TEXT ? psprintf(strstr(q->sql, "--") ? "(%s\n) AS q" : "(%s) AS q", q->sql) : "(the query) AS q", InvalidOid);
}
