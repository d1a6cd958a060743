/*
 * src/check_holdings_sql.c
 *	  check_holdings(): what is wrong, or worth knowing, in the filings.
 *
 * Two passes over the same rows. By row: everything that another function
 * refuses, skips or does not count: parties without name, kinds misspelt,
 * numbers outside 0..1 or of rows that carry none, ranges upside
 * down, dates that never hold, statements that overlap. By graph, at as_of:
 * sums over and under 100 %, links of unknown size, self-holdings, duplicates,
 * and every ring of cross-holdings with its members: solvable, closed (it owns
 * itself entirely), or without a finite answer.
 */
#include "pg_compat.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "ownership_sql.h"
#include "rs_memory.h"

static const char purpose[] = "the check of holdings";

typedef struct Check
{
	RsHoldings *h;
	ReturnSetInfo *result;
	MemoryContext row_context;
} Check;

/* owner, company: RS_NO_ID for none; amount in units of 10^-scale, NULL for none. */
static void
find(Check *c, const char *finding, uint32 company, uint32 owner, const int128 *amount, int scale,
	 const uint32 *member, uint32 nmembers)
{
	Datum		values[5];
	bool		nulls[5] = {false};
	MemoryContext old = MemoryContextSwitchTo(c->row_context);

	values[0] = CStringGetTextDatum(finding);
	nulls[1] = company == RS_NO_ID;
	if (!nulls[1])
		values[1] = rs_holdings_name(c->h, company);
	nulls[2] = owner == RS_NO_ID;
	if (!nulls[2])
		values[2] = rs_holdings_name(c->h, owner);
	nulls[3] = amount == NULL;
	if (!nulls[3])
		values[3] = rs_exact_numeric(*amount, scale);
	nulls[4] = member == NULL;
	if (!nulls[4])
		values[4] = rs_holdings_names(c->h, member, nmembers);
	tuplestore_putvalues(c->result->setResult, c->result->setDesc, values, nulls);
	MemoryContextSwitchTo(old);
	MemoryContextReset(c->row_context);
}

/* A kind, and the rows that have it. */
static void
find_kind(Check *c, Datum kind, uint64 rows)
{
	Datum		values[5] = {0};
	bool		nulls[5] = {false, true, true, false, false};
	MemoryContext old = MemoryContextSwitchTo(c->row_context);

	values[0] = CStringGetTextDatum("KIND_MISSPELT");
	values[3] = rs_exact_numeric((int128) rows, 0);
	values[4] = PointerGetDatum(construct_array(&kind, 1, TEXTOID, -1, false, TYPALIGN_INT));
	tuplestore_putvalues(c->result->setResult, c->result->setDesc, values, nulls);
	MemoryContextSwitchTo(old);
	MemoryContextReset(c->row_context);
}

static int128
power_of_ten(int digits)
{
	int128		p = 1;

	while (digits-- > 0)
		p *= 10;
	return p;
}

static void
check_rows(Check *c)
{
	RsHoldings *h = c->h;
	RsHoldingRows *r = h->rows;
	int128		one[RS_V_COLUMNS];
	uint64		n = 0;			/* rows looked at */
	uint64		over = 0;		/* rows with a share or a bound above 1 */

	for (int v = 0; v < RS_V_COLUMNS; v++)
		one[v] = power_of_ten(r->scale[v]);
	for (uint64 i = 0; i < r->n; i++)
	{
		uint32		owner = h->node_of[r->owner[i]];
		uint32		owned = h->node_of[r->owned[i]];
		uint8		known = r->known[i];
		bool		above = false;

		if ((i & 0xFFF) == 0)
			CHECK_FOR_INTERRUPTS();
		if (r->has_known_from && r->known_from[i] > h->options.known_at)
			continue;
		n++;
		if (r->class[i] != RS_CLASS_EQUITY && r->class[i] != RS_CLASS_NOMINEE)
		{
			/* agreement, dependence, acting together: no capital, and nothing about oneself */
			for (int v = 0; v < RS_V_COLUMNS; v++)
				if ((known & (1 << v)) && r->value[v][i] != 0)
				{
					find(c, "SHARE_NOT_COUNTED", owned, owner, &r->value[v][i], r->scale[v], NULL, 0);
					break;
				}
			if (owner == owned)
				find(c, "SELF_LINK", owned, owner, NULL, 0, NULL, 0);
		}
		if (known & (1 << RS_V_SHARE))
		{
			int128		share = r->value[RS_V_SHARE][i];

			if (share < 0)
				find(c, "NEGATIVE", owned, owner, &share, r->scale[RS_V_SHARE], NULL, 0);
			if (share > one[RS_V_SHARE])
			{
				above = true;
				find(c, "SHARE_OVER_1", owned, owner, &share, r->scale[RS_V_SHARE], NULL, 0);
			}
		}
		if ((known & (1 << RS_V_VOTES)) &&
			(r->value[RS_V_VOTES][i] < 0 || r->value[RS_V_VOTES][i] > one[RS_V_VOTES]))
			find(c, "VOTES_OUTSIDE_0_1", owned, owner, &r->value[RS_V_VOTES][i], r->scale[RS_V_VOTES], NULL, 0);
		for (int v = RS_V_MIN; v <= RS_V_MAX; v++)
		{
			int128		bound = r->value[v] ? r->value[v][i] : 0;

			if (!(known & (1 << v)) || (bound >= 0 && bound <= one[v]))
				continue;
			above |= bound > one[v];
			find(c, "RANGE_OUTSIDE_0_1", owned, owner, &bound, r->scale[v], NULL, 0);
		}
		if ((known & (1 << RS_V_MIN)) && (known & (1 << RS_V_MAX)))
		{
			int			scale = Max(r->scale[RS_V_MIN], r->scale[RS_V_MAX]);
			int128		low = r->value[RS_V_MIN][i] * power_of_ten(scale - r->scale[RS_V_MIN]);
			int128		high = r->value[RS_V_MAX][i] * power_of_ten(scale - r->scale[RS_V_MAX]);

			if (low > high)
				find(c, "RANGE_INVERTED", owned, owner, &low, scale, NULL, 0);
		}
		/* The exact share counts; one of the two is wrong. */
		for (int v = RS_V_MIN; v <= RS_V_MAX && (known & (1 << RS_V_SHARE)); v++)
			if (known & (1 << v))
			{
				int			scale = Max(r->scale[RS_V_SHARE], r->scale[v]);
				int128		share = r->value[RS_V_SHARE][i] * power_of_ten(scale - r->scale[RS_V_SHARE]);
				int128		bound = r->value[v][i] * power_of_ten(scale - r->scale[v]);

				if (v == RS_V_MIN ? share < bound : share > bound)
					find(c, "SHARE_OUTSIDE_RANGE", owned, owner, &share, scale, NULL, 0);
			}
		if (r->has_dates && r->from[i] >= r->to[i])
			find(c, "NEVER_VALID", owned, owner, NULL, 0, NULL, 0);
		over += above;
	}
	/* One share over 1 is a typing error, many are percent. */
	if (over > 0 && over >= n - over)
		find(c, "PERCENT_INSTEAD_OF_FRACTION", RS_NO_ID, RS_NO_ID, &(int128) {(int128) over}, 0, NULL, 0);
}

/* Who or what is not named, and kinds that look like another one. */
static void
check_names(Check *c)
{
	RsHoldings *h = c->h;
	Oid			type = rs_interner_type(rs_holdings_identifiers(h));

	for (uint64 i = 0; i < h->nunnamed; i++)
	{
		const RsUnnamed *u = &h->unnamed[i];

		find(c, u->owner == RS_NO_ID ? "NO_OWNER" : "NO_COMPANY", u->owned == RS_NO_ID ? RS_NO_ID : h->node_of[u->owned],
			 u->owner == RS_NO_ID ? RS_NO_ID : h->node_of[u->owner], NULL, 0, NULL, 0);
	}
	/* In the order of bytes, blanks come first. */
	for (uint32 k = 0; (type == TEXTOID || type == VARCHAROID) && k < h->nids; k++)
	{
		Datum		name = rs_holdings_name(h, k);
		const char *text = VARDATA_ANY(DatumGetPointer(name));
		Size		n = VARSIZE_ANY_EXHDR(DatumGetPointer(name)),
					blank = 0;

		while (blank < n && (text[blank] == ' ' || (text[blank] >= '\t' && text[blank] <= '\r')))
			blank++;
		if (blank == n)
			find(c, "EMPTY_IDENTIFIER", k, RS_NO_ID, NULL, 0, NULL, 0);
		else if ((unsigned char) text[0] > ' ')
			break;
	}
	/* A graph has none: it is not made of them. */
	for (uint32 k = 0; h->kinds != NULL && k < rs_interner_count(h->kinds); k++)
	{
		Datum		kind = rs_interner_datum(h->kinds, k);
		uint64		n = 0;

		if (rs_holding_kind_meant(TextDatumGetCString(kind)) == NULL)
			continue;
		for (uint64 i = 0; i < h->rows->n; i++)
			n += h->rows->kind[i] == k + 1;
		find_kind(c, kind, n);
	}
}

typedef struct Statement
{
	uint32		owned,
				owner,
				kind;
	DateADT		from,
				to;
	TimestampTz known_from;
} Statement;

static int
compare_statements(const void *a, const void *b)
{
	const Statement *x = a,
			   *y = b;

	if (x->owned != y->owned)
		return x->owned < y->owned ? -1 : 1;
	if (x->owner != y->owner)
		return x->owner < y->owner ? -1 : 1;
	if (x->kind != y->kind)
		return x->kind < y->kind ? -1 : 1;
	if (x->from != y->from)
		return x->from < y->from ? -1 : 1;
	return x->known_from > y->known_from ? -1 : x->known_from < y->known_from;
}

static inline bool
same_holding(const Statement *a, const Statement *b)
{
	return a->owned == b->owned && a->owner == b->owner && a->kind == b->kind;
}

/*
 * Two statements about one holding that hold on the same day: added up, or an
 * old row not closed? Of statements with the same first day the newest counts,
 * as for every question.
 */
static void
check_overlaps(Check *c)
{
	RsHoldings *h = c->h;
	RsHoldingRows *r = h->rows;
	Statement  *s;
	uint64		n = 0,
				kept = 0,
				newest = 0;

	if (!r->has_dates)
		return;
	s = rs_alloc(h->budget, r->n, sizeof(Statement), purpose);
	for (uint64 i = 0; i < r->n; i++)
		if (r->class[i] != RS_CLASS_CONCERT && (!r->has_known_from || r->known_from[i] <= h->options.known_at))
			s[n++] = (Statement) {h->node_of[r->owned[i]], h->node_of[r->owner[i]],
				r->has_kind ? r->kind[i] : 0, r->from[i], r->to[i], r->has_known_from ? r->known_from[i] : 0};
	qsort(s, n, sizeof(Statement), compare_statements);
	for (uint64 i = 0; i < n; i++)
	{
		if (i == 0 || !same_holding(&s[newest], &s[i]) || s[newest].from != s[i].from)
			newest = i;
		else if (s[newest].known_from != s[i].known_from)
			continue;			/* superseded */
		/* what stands at `newest` may be moved, but only others of the same first day and knowledge over it */
		if (s[i].from < s[i].to)
			s[kept++] = s[i];
	}
	for (uint64 i = 1; i < kept; i++)
	{
		Statement  *a = &s[i - 1],
				   *b = &s[i];

		if (!same_holding(a, b))
			continue;
		if (b->from < a->to)
			find(c, "OVERLAP", b->owned, b->owner, NULL, 0, NULL, 0);
		b->to = Max(a->to, b->to);
	}
	pfree(s);
}

static void
check_graph(Check *c)
{
	RsHoldings *h = c->h;
	RsOwnershipGraph *g = h->graph;
	RsSystem   *system = rs_system_create(g, RS_BASIS_SHARE, false);

	for (uint32 k = 0; k < g->nnodes; k++)
	{
		int128		sum = 0,		/* at least, and at most */
					most = 0,
					votes = 0;
		bool		holders = false,
					ranged = false;

		if ((k & 0xFFF) == 0)
			CHECK_FOR_INTERRUPTS();
		for (uint32 e = g->in_start[k]; e < g->in_start[k + 1]; e++)
		{
			static const struct
			{
				uint32		flag;
				const char *finding;
			}			edge_finding[] = {
				{RS_FLAG_UNKNOWN_SHARE, "UNKNOWN_SHARE"}, {RS_FLAG_RANGE, "RANGE"},
				{RS_FLAG_ZERO_SHARE, "ZERO_SHARE"}, {RS_FLAG_DUPLICATE, "DUPLICATE"},
				{RS_FLAG_NOMINEE, "NOMINEE"}
			};

			if (!(g->edge_class[e] & RS_CLASSES_EQUITY))
				continue;
			holders = true;
			sum += g->value[g->value[RS_V_MIN] ? RS_V_MIN : RS_V_SHARE][e];
			most += g->value[g->edge_flags[e] & RS_FLAG_RANGE ? RS_V_MAX : RS_V_SHARE][e];
			ranged |= (g->edge_flags[e] & RS_FLAG_RANGE) != 0;
			if (g->value[RS_V_VOTES])
				votes += g->value[RS_V_VOTES][e];
			if (g->edge_owner[e] == k)
				find(c, "TREASURY", k, k, &g->value[RS_V_SHARE][e], g->scale, NULL, 0);
			for (int f = 0; f < lengthof(edge_finding); f++)
				if (g->edge_flags[e] & edge_finding[f].flag)
					find(c, edge_finding[f].finding, k, g->edge_owner[e],
						 f < 2 ? NULL : &g->value[RS_V_SHARE][e], g->scale, NULL, 0);
		}
		if (!holders)
			continue;
		if (sum > g->one)
			find(c, "SUM_OVER_100", k, RS_NO_ID, &sum, g->scale, NULL, 0);
		else if (most < g->one)
		{
			int128		missing = g->one - most;

			find(c, "MISSING", k, RS_NO_ID, &missing, g->scale, NULL, 0);
		}
		if (votes > g->one)
			find(c, "VOTES_OVER_100", k, RS_NO_ID, &votes, g->scale, NULL, 0);
		else if (g->value[RS_V_VOTES] && !ranged && votes < Min(sum, g->one))
			find(c, "VOTES_MISSING", k, RS_NO_ID, &(int128) {g->one - votes}, g->scale, NULL, 0);
	}
	for (uint32 component = 0; component < g->ncomponents; component++)
	{
		uint32		first = g->component_start[component];
		uint32		size = g->component_start[component + 1] - first;
		uint32		state;

		if (!rs_ownership_is_cyclic(g, component))
			continue;
		state = rs_system_component_state(system, component);
		if (size == 1 && state == 0)
			continue;			/* TREASURY says it */
		find(c, state == RS_FLAG_CLOSED_LOOP ? "CLOSED_LOOP" : state ? "RHO_GE_1" : "CYCLE",
			 RS_NO_ID, RS_NO_ID, &(int128) {(int128) size}, 0, g->component_node + first, size);
	}
}

/*
 * check_holdings(holdings text, as_of date, known_at timestamptz, bad_rows text)
 *	 returns (finding text, company text, owner text, amount numeric, members text[])
 *
 * amount: the share, sum, missing part or number of members the finding is
 * about. Row findings are about all rows, the others about those valid at
 * as_of. Returns no row for a clean table. members: of a ring; of KIND_MISSPELT
 * the kind, with the number of its rows as amount. Errors: the reader's, for
 * what is no row at all (a share that is NaN).
 */
PG_FUNCTION_INFO_V1(rs_check_holdings);
Datum
rs_check_holdings(PG_FUNCTION_ARGS)
{
	Check		c = {0};
	MemoryContext budget;
	RsHoldings *h;
	DateADT		as_of = 0;
	TimestampTz known_at = 0;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(3))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("arguments holdings and bad_rows must not be null")));
	if (!PG_ARGISNULL(1))
		as_of = PG_GETARG_DATEADT(1);
	if (!PG_ARGISNULL(2))
		known_at = PG_GETARG_TIMESTAMPTZ(2);
	InitMaterializedSRF(fcinfo, 0);
	c.result = (ReturnSetInfo *) fcinfo->resultinfo;
	budget = rs_ownership_budget();
	c.row_context = AllocSetContextCreate(budget, "risk_screen row", ALLOCSET_SMALL_SIZES);
	SPI_connect();
	c.h = h = rs_holdings_open(text_to_cstring(PG_GETARG_TEXT_PP(0)), budget, RS_CLASSES_ALL, false, RS_ALLOW_CHECKED,
							   text_to_cstring(PG_GETARG_TEXT_PP(3)),
							   PG_ARGISNULL(1) ? NULL : &as_of, PG_ARGISNULL(2) ? NULL : &known_at);
	/* Rows of every day and kind are checked; the graph leaves out what it has no use for. */
	h->everything = true;
	rs_holdings_load_all(h);
	/* Agreements and dependence close no ring of capital. */
	h->options.classes = RS_CLASSES_EQUITY;
	rs_holdings_build(h);
	check_names(&c);
	check_rows(&c);
	check_overlaps(&c);
	check_graph(&c);
	rs_holdings_close(h);
	SPI_finish();
	MemoryContextDelete(budget);
	return (Datum) 0;
}
