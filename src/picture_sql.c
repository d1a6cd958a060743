/*
 * src/picture_sql.c
 *	  flow_dot, flow_mermaid, flow_sankey and flow_sankey_option: aggregates.
 *
 * The state is the list of rows with parties as numbers. When the result is
 * asked for, parties are renumbered by the bytes of their ids, so no order of
 * rows shows through, and the list is copied: all four aggregates over the same
 * arguments share one state. O(rows) memory: 48 bytes each and the ids.
 */
#include "pg_compat.h"

#include "catalog/pg_collation.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/jsonb.h"
#include "utils/memutils.h"
#include "utils/numeric.h"
#include "utils/timestamp.h"

#include "intern.h"
#include "picture.h"
#include "query_reader.h"
#include "rs_memory.h"
#include "statistic.h"

typedef struct PictureState
{
	MemoryContext budget;
	RsInterner *parties;
	RsPictureRow *row;
	uint64		n,
				capacity;
	int			scale;
	bool		chain;			/* rows came as chains of holdings */
	bool		dressed;		/* nodes and options were seen */
	Jsonb	   *nodes,			/* NULL: none */
			   *options;
	Pointer		seen[2];		/* the arguments as last given */
	Size		compared;		/* bytes of nodes and options found equal */
} PictureState;

/* A pointer that stays the same is trusted after this much was compared. */
#define ENOUGH_COMPARED ((Size) 256 * 1024 * 1024)

static PictureState *
open_state(FunctionCallInfo fcinfo, bool chain)
{
	MemoryContext context = rs_aggregate_context(fcinfo);
	PictureState *s;

	if (!PG_ARGISNULL(0))
		return (PictureState *) PG_GETARG_POINTER(0);
	s = MemoryContextAllocZero(context, sizeof(PictureState));
	s->budget = AllocSetContextCreate(context, "risk_screen picture", ALLOCSET_DEFAULT_SIZES);
	s->parties = rs_interner_create(s->budget, TEXTOID, C_COLLATION_OID);
	s->chain = chain;
	return s;
}

/* nodes and options must be the same in all rows: else the picture would depend on their order. */
static void
take_same(FunctionCallInfo fcinfo, int arg, PictureState *s, Jsonb **kept, Pointer *seen, const char *name)
{
	Pointer		given = PG_ARGISNULL(arg) ? NULL : DatumGetPointer(PG_GETARG_DATUM(arg));
	Jsonb	   *mine;

	if (s->dressed && (get_fn_expr_arg_stable(fcinfo->flinfo, arg) ||
					   (given == *seen && s->compared > ENOUGH_COMPARED)))
		return;
	mine = given ? PG_GETARG_JSONB_P(arg) : NULL;
	if (!s->dressed)
	{
		if (mine && !JB_ROOT_IS_OBJECT(mine))
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("%s must be a JSON object", name)));
		if (mine)
		{
			rs_memory_check(s->budget, VARSIZE(mine), "a picture");
			*kept = MemoryContextAlloc(s->budget, VARSIZE(mine));
			memcpy(*kept, mine, VARSIZE(mine));
		}
	}
	else if ((mine == NULL) != (*kept == NULL) ||
			 (mine && (VARSIZE(mine) != VARSIZE(*kept) || memcmp(mine, *kept, VARSIZE(mine)) != 0)))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s must be the same for all rows of a group", name),
				 errhint("Pass a constant or one scalar subquery.")));
	else if (mine)
		s->compared += VARSIZE(mine);
	*seen = given;
	if (mine && (Pointer) mine != given)
		pfree(mine);
}

static void
take_dress(FunctionCallInfo fcinfo, int arg, PictureState *s)
{
	if (PG_NARGS() <= arg)
		return;
	take_same(fcinfo, arg, s, &s->nodes, &s->seen[0], "nodes");
	take_same(fcinfo, arg + 1, s, &s->options, &s->seen[1], "options");
	s->dressed = true;
}

static void
rescale(PictureState *s, int scale)
{
	for (; s->scale < scale; s->scale++)
		for (uint64 i = 0; i < s->n; i++)
			if (__builtin_mul_overflow(s->row[i].amount, (int128) 10, &s->row[i].amount))
				ereport(ERROR,
						(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
						 errmsg("amounts do not fit into 38 digits"),
						 errhint("Round them, for example to numeric(38,2).")));
}

/* Only what counts after the point is kept: the same numbers give the same picture however they are written. */
static int128
amount_units(PictureState *s, Datum amount)
{
	int128		value;

	if (!rs_numeric_is_finite(amount))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE), errmsg("amount is NaN or infinite")));
	rescale(s, rs_numeric_scale(amount));
	if (!rs_numeric_to_int128(amount, s->scale, &value))
		elog(ERROR, "numeric scale was misread");
	if (value < 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("amount of a picture is negative"),
				 errhint("Exchange source and target, or leave such rows out with FILTER (WHERE ...).")));
	return value;
}

static void
add_row(PictureState *s, RsPictureRow row)
{
	if (s->n >= s->capacity)
		s->row = rs_grow(s->budget, s->row, &s->capacity, s->n + 1, sizeof(RsPictureRow), "the rows of a picture");
	s->row[s->n++] = row;
}

static void
refuse_null(const char *what)
{
	ereport(ERROR,
			(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
			 errmsg("%s of a picture must not be null", what),
			 errhint("Leave such rows out with FILTER (WHERE ...), or name them with coalesce().")));
}

/*
 * (source text, target text, amount numeric, at timestamptz [, nodes jsonb, options jsonb]): transition.
 * target NULL: the amount rests with source; at NULL: no time. Errors: 22004 a
 * NULL source or amount; 22023 negative amount, nodes or options that differ
 * between rows; 22003 NaN, infinity, more than 38 digits.
 */
PG_FUNCTION_INFO_V1(rs_picture_step);
Datum
rs_picture_step(PG_FUNCTION_ARGS)
{
	PictureState *s = open_state(fcinfo, false);
	RsPictureRow row = {.at = DT_NOBEGIN, .target = RS_PICTURE_NOBODY};

	take_dress(fcinfo, 5, s);
	if (PG_ARGISNULL(1))
		refuse_null("source");
	if (PG_ARGISNULL(3))
		refuse_null("amount");
	row.amount = amount_units(s, PG_GETARG_DATUM(3));
	row.source = rs_intern(s->parties, PG_GETARG_DATUM(1), NULL);
	if (!PG_ARGISNULL(2))
		row.target = rs_intern(s->parties, PG_GETARG_DATUM(2), NULL);
	if (!PG_ARGISNULL(4))
		row.at = PG_GETARG_TIMESTAMPTZ(4);
	add_row(s, row);
	PG_RETURN_POINTER(s);
}

/*
 * (parties text[], shares numeric[] [, nodes jsonb, options jsonb]): transition.
 * One chain of ownership_paths(): parties[i] holds shares[i] of parties[i + 1].
 * A holding in several chains is one edge. NULL chains are left out. Errors:
 * 2202E when the arrays do not fit each other; else as above.
 */
PG_FUNCTION_INFO_V1(rs_picture_chain_step);
Datum
rs_picture_chain_step(PG_FUNCTION_ARGS)
{
	PictureState *s = open_state(fcinfo, true);
	Datum	   *party,
			   *share;
	bool	   *no_party,
			   *no_share;
	int			parties,
				shares;
	uint32		before = 0;

	take_dress(fcinfo, 3, s);
	if (PG_ARGISNULL(1) || PG_ARGISNULL(2))
		PG_RETURN_POINTER(s);
	deconstruct_array(PG_GETARG_ARRAYTYPE_P(1), TEXTOID, -1, false, TYPALIGN_INT, &party, &no_party, &parties);
	deconstruct_array(PG_GETARG_ARRAYTYPE_P(2), NUMERICOID, -1, false, TYPALIGN_INT, &share, &no_share, &shares);
	if (parties != shares + 1)
		ereport(ERROR,
				(errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
				 errmsg("a chain of %d parties needs %d shares, not %d", parties, parties - 1, shares)));
	for (int i = 0; i < parties; i++)
	{
		uint32		at;

		if (no_party[i])
			refuse_null("party");
		at = rs_intern(s->parties, party[i], NULL);
		if (i > 0)
		{
			if (no_share[i - 1])
				refuse_null("share");
			add_row(s, (RsPictureRow) {.amount = amount_units(s, share[i - 1]), .at = DT_NOBEGIN, .source = before, .target = at});
		}
		before = at;
	}
	PG_RETURN_POINTER(s);
}

/* ---------- nodes and options ---------- */

static char *
json_string(const JsonbValue *v)
{
	return pnstrdup(v->val.string.val, v->val.string.len);
}

/* The text under a key of an object, NULL if absent or null. */
static char *
member_text(JsonbContainer *object, const char *key, const char *where)
{
	JsonbValue *v = getKeyJsonValueFromContainer(object, key, (int) strlen(key), NULL);

	if (v == NULL || v->type == jbvNull)
		return NULL;
	if (v->type != jbvString)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("\"%s\" in %s must be a string", key, where)));
	return json_string(v);
}

/* The truth value under a key of an object, false if absent or null. */
static bool
member_flag(JsonbContainer *object, const char *key, const char *where)
{
	JsonbValue *v = getKeyJsonValueFromContainer(object, key, (int) strlen(key), NULL);

	if (v == NULL || v->type == jbvNull)
		return false;
	if (v->type != jbvBool)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("\"%s\" in %s must be true or false", key, where)));
	return v->val.boolean;
}

static RsPictureLevel
level_of(const char *text)
{
	if (text == NULL)
		return RS_PICTURE_NO_LEVEL;
	for (int i = RS_PICTURE_GREEN; i <= RS_PICTURE_RED; i++)
		if (strcmp(text, rs_picture_level_name(i)) == 0)
			return i;
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("unknown level \"%s\" in nodes", text),
			 errhint("Levels are green, unknown, yellow, orange and red.")));
	return RS_PICTURE_NO_LEVEL;	/* keep compiler quiet */
}

/* Name, level, incomplete and note of a party from an object of nodes; false if it is not there. */
static bool
dress_party(RsPictureParty *party, Jsonb *nodes)
{
	JsonbValue *v = nodes ? getKeyJsonValueFromContainer(&nodes->root, party->id, (int) strlen(party->id), NULL) : NULL;

	party->level = RS_PICTURE_NO_LEVEL;
	if (v == NULL || v->type == jbvNull)
		return false;
	if (v->type == jbvString)
		party->name = json_string(v);
	else if (v->type == jbvBinary && JsonContainerIsObject(v->val.binary.data))
	{
		party->name = member_text(v->val.binary.data, "name", "nodes");
		party->note = member_text(v->val.binary.data, "note", "nodes");
		party->level = level_of(member_text(v->val.binary.data, "level", "nodes"));
		party->incomplete = member_flag(v->val.binary.data, "incomplete", "nodes");
	}
	else
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("every member of nodes must be a name or an object"),
				 errhint("For example {\"A1\": \"name\"} or {\"A1\": {\"name\": \"name\", \"level\": \"red\", \"note\": \"text\"}}.")));
	return true;
}

static void
check_options(Jsonb *options)
{
	static const char *const known[] = {"title", "unit", "language", "max_nodes", "roots", "workspace", "kind"};
	JsonbIterator *it = JsonbIteratorInit(&options->root);
	JsonbValue	v;
	JsonbIteratorToken token;

	while ((token = JsonbIteratorNext(&it, &v, true)) != WJB_DONE)
	{
		bool		found = false;

		if (token != WJB_KEY)
			continue;
		for (int i = 0; i < lengthof(known); i++)
			found |= (int) strlen(known[i]) == v.val.string.len && strncmp(known[i], v.val.string.val, v.val.string.len) == 0;
		if (!found)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("unknown picture option \"%s\"", json_string(&v)),
					 errhint("Options are title, unit, language, max_nodes, roots, workspace and kind.")));
	}
}

static int
option_max_nodes(Jsonb *options)
{
	JsonbValue *v = options ? getKeyJsonValueFromContainer(&options->root, "max_nodes", 9, NULL) : NULL;
	int128		n;

	if (v == NULL || v->type == jbvNull)
		return 40;
	if (v->type != jbvNumeric || !rs_numeric_is_finite(NumericGetDatum(v->val.numeric)) ||
		rs_numeric_scale(NumericGetDatum(v->val.numeric)) > 0 ||
		!rs_numeric_to_int128(NumericGetDatum(v->val.numeric), 0, &n) || n < 3 || n > RS_PICTURE_MAX_NODES)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("max_nodes must be a whole number from 3 to %d", RS_PICTURE_MAX_NODES)));
	return (int) n;
}

/* Which parties, by rank, are asked to be roots; NULL: none asked. Ids that do not occur are ignored. */
static bool *
option_roots(PictureState *s, const uint32 *rank, MemoryContext budget)
{
	JsonbValue *v = s->options ? getKeyJsonValueFromContainer(&s->options->root, "roots", 5, NULL) : NULL;
	bool	   *root;

	if (v == NULL || v->type == jbvNull)
		return NULL;
	if (v->type != jbvBinary || !JsonContainerIsArray(v->val.binary.data) || JsonContainerIsScalar(v->val.binary.data))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("roots must be an array of strings")));
	root = rs_alloc0(budget, rs_interner_count(s->parties), sizeof(bool), "a picture");
	for (uint32 i = 0; i < JsonContainerSize(v->val.binary.data); i++)
	{
		JsonbValue *one = getIthJsonbValueFromContainer(v->val.binary.data, i);
		uint32		id;

		if (one->type != jbvString)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("roots must be an array of strings")));
		id = rs_intern_lookup(s->parties, PointerGetDatum(cstring_to_text_with_len(one->val.string.val, one->val.string.len)));
		if (id != RS_NO_ID)
			root[rank[id]] = true;
	}
	return root;
}

/* flow_nodes() of the parties that are drawn, with the rights of whoever asks; in the current context. */
static Jsonb *
workspace_nodes(const char *workspace, const char *kind, RsPictureParty *party, uint32 parties)
{
	MemoryContext caller = CurrentMemoryContext;
	Oid			types[] = {TEXTOID, TEXTOID, TEXTARRAYOID};
	Datum		values[3];
	Datum	   *id = palloc(sizeof(Datum) * RS_PICTURE_MAX_NODES);
	int			n = 0;
	bool		isnull;
	Jsonb	   *nodes;

	for (uint32 i = 0; i < parties; i++)
		if (party[i].id)
			id[n++] = CStringGetTextDatum(party[i].id);
	values[0] = CStringGetTextDatum(workspace);
	values[1] = CStringGetTextDatum(kind);
	values[2] = PointerGetDatum(construct_array(id, n, TEXTOID, -1, false, TYPALIGN_INT));
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	if (SPI_execute_with_args("SELECT risk_screen.flow_nodes($1, $2, $3)", 3, types, values, NULL, true, 1) != SPI_OK_SELECT ||
		SPI_processed != 1)
		elog(ERROR, "flow_nodes() gave no row");
	nodes = DatumGetJsonbP(SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &isnull));
	nodes = memcpy(MemoryContextAlloc(caller, VARSIZE(nodes)), nodes, VARSIZE(nodes));
	SPI_finish();
	return nodes;
}

/* ---------- results ---------- */

typedef char *(*Writer) (const RsPicture *p);

/* The text of a state's picture in the current context, NULL without rows. */
static char *
draw(FunctionCallInfo fcinfo, Writer writer)
{
	MemoryContext caller = CurrentMemoryContext;
	MemoryContext budget;
	PictureState *s;
	RsPicture	p = {0};
	RsPictureRow *row;
	uint32		parties;
	uint32	   *rank;
	char	   *workspace = NULL,
			   *kind = NULL,
			   *language,
			   *drawn;
	Jsonb	   *known = NULL;

	rs_aggregate_context(fcinfo);
	s = PG_ARGISNULL(0) ? NULL : (PictureState *) PG_GETARG_POINTER(0);
	if (s == NULL || s->n == 0)
		return NULL;
	budget = AllocSetContextCreate(caller, "risk_screen drawing", ALLOCSET_DEFAULT_SIZES);
	MemoryContextSwitchTo(budget);
	if (s->options)
	{
		check_options(s->options);
		p.title = member_text(&s->options->root, "title", "options");
		p.unit = member_text(&s->options->root, "unit", "options");
		workspace = member_text(&s->options->root, "workspace", "options");
		kind = member_text(&s->options->root, "kind", "options");
		language = member_text(&s->options->root, "language", "options");
		if (language && strcmp(language, "zh") != 0 && strcmp(language, "en") != 0)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("unknown language \"%s\"", language),
					 errhint("Use 'zh' or 'en'.")));
		p.english = language && strcmp(language, "en") == 0;
	}
	if (p.unit == NULL)
		p.unit = s->chain ? "share" : "yuan";
	p.scale = s->scale;

	parties = rs_interner_count(s->parties);
	rank = rs_interner_ranks(s->parties, budget);
	p.party = rs_alloc0(budget, parties, sizeof(RsPictureParty), "a picture");
	row = rs_alloc(budget, s->n, sizeof(RsPictureRow), "a picture");
	for (uint64 i = 0; i < s->n; i++)
	{
		row[i] = s->row[i];
		row[i].source = rank[row[i].source];
		if (row[i].target != RS_PICTURE_NOBODY)
			row[i].target = rank[row[i].target];
	}
	p.graph = rs_picture_graph(row, s->n, parties, option_roots(s, rank, budget),
							   (uint32) option_max_nodes(s->options), s->chain, budget);
	/* names only of those that are drawn */
	for (uint32 i = 0; i < p.graph->nodes; i++)
		if (p.graph->node[i].party != RS_PICTURE_NOBODY)
			p.party[p.graph->node[i].party].id = "";
	for (uint32 id = 0; id < parties; id++)
		if (p.party[rank[id]].id)
			p.party[rank[id]].id = TextDatumGetCString(rs_interner_datum(s->parties, id));
	if (workspace)
		known = workspace_nodes(workspace, kind ? kind : s->chain ? "party" : "account", p.party, parties);
	for (uint32 i = 0; i < parties; i++)
		if (p.party[i].id && !dress_party(&p.party[i], s->nodes))
			dress_party(&p.party[i], known);
	drawn = writer(&p);
	MemoryContextSwitchTo(caller);
	drawn = pstrdup(drawn);
	MemoryContextDelete(budget);
	return drawn;
}

PG_FUNCTION_INFO_V1(rs_picture_dot_final);
Datum
rs_picture_dot_final(PG_FUNCTION_ARGS)
{
	char	   *text = draw(fcinfo, rs_picture_dot);

	if (text == NULL)
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(cstring_to_text(text));
}

PG_FUNCTION_INFO_V1(rs_picture_mermaid_final);
Datum
rs_picture_mermaid_final(PG_FUNCTION_ARGS)
{
	char	   *text = draw(fcinfo, rs_picture_mermaid);

	if (text == NULL)
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(cstring_to_text(text));
}

PG_FUNCTION_INFO_V1(rs_picture_sankey_final);
Datum
rs_picture_sankey_final(PG_FUNCTION_ARGS)
{
	char	   *text = draw(fcinfo, rs_picture_sankey);

	if (text == NULL)
		PG_RETURN_NULL();
	PG_RETURN_DATUM(DirectFunctionCall1(jsonb_in, CStringGetDatum(text)));
}

PG_FUNCTION_INFO_V1(rs_picture_sankey_option_final);
Datum
rs_picture_sankey_option_final(PG_FUNCTION_ARGS)
{
	char	   *text = draw(fcinfo, rs_picture_sankey_option);

	if (text == NULL)
		PG_RETURN_NULL();
	PG_RETURN_DATUM(DirectFunctionCall1(jsonb_in, CStringGetDatum(text)));
}
