/*
 * src/holdings_query.c
 *	  Reading holdings from the analyst's query.
 *
 * Two ways: the whole query once, or, for a few targets, hop by hop: one bound
 * query per hop fetches the holdings whose owned company is new, joined to
 * unnest($1), so that an index on that column serves and every holding of
 * every ancestor is fetched once. Downwards the hops only discover companies;
 * their holdings are fetched at the end, by owned, because what a company's
 * other holders have decides its flags. Where hops would cost more than
 * reading everything once, everything is read, and what the hops would not
 * have met is dropped: the result is the same.
 */
#include "pg_compat.h"

#include "catalog/pg_collation.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"

#include "holdings.h"
#include "rs_memory.h"

static const char purpose[] = "holdings";

/* Ids in one bound query; more are asked for in several. */
#define IDS_PER_QUERY 100000

static const int column_of[RS_V_COLUMNS] = {RS_H_SHARE, RS_H_VOTES, RS_H_SHARE_MIN, RS_H_SHARE_MAX};

/* ---- opening ---- */

#define KEY (RS_REQUIRED | RS_NOT_NULL)

/* The holdings contract where numbers that are not allowed make a bad row. */
static const RsContract *
contract_for(int allow)
{
	static RsColumn column[2 * RS_ALLOW_UNNAMED][RS_H_COLUMNS];
	static RsContract contract[2 * RS_ALLOW_UNNAMED];

	if (contract[allow].ncolumns == 0)
	{
		memcpy(column[allow], rs_holdings_contract.column, sizeof(column[allow]));
		for (int c = 0; c < RS_H_COLUMNS; c++)
			if (column[allow][c].kind == RS_AMOUNT)
				column[allow][c].flags |= (allow & RS_ALLOW_NEGATIVE ? 0 : RS_NOT_NEGATIVE) |
					(allow & RS_ALLOW_OVER_ONE ? 0 : RS_NOT_OVER_ONE);
		if (allow & RS_ALLOW_UNNAMED)
			column[allow][RS_H_OWNER].flags = column[allow][RS_H_OWNED].flags = RS_REQUIRED;
		contract[allow] = rs_holdings_contract;
		contract[allow].column = column[allow];
		if (!(allow & RS_ALLOW_INVERTED))
		{
			contract[allow].low = RS_H_SHARE_MIN;
			contract[allow].high = RS_H_SHARE_MAX;
		}
	}
	return &contract[allow];
}

void
rs_holdings_open_query(RsHoldings *h, const char *text, int allow, const char *bad_rows)
{
	RsHoldingRows *rows = h->rows;

	h->misspelt = (allow & RS_ALLOW_MISSPELT) != 0;
	h->query = rs_query_open(text, contract_for(allow),
							 rs_bad_rows_option(bad_rows), h->budget, NULL);
	h->interner = rs_query_interner(h->query, RS_INTERN_ACCOUNT);
	if (!rs_query_has(h->query, RS_H_SHARE) && !rs_query_has(h->query, RS_H_SHARE_MIN) &&
		!rs_query_has(h->query, RS_H_SHARE_MAX) && !rs_query_has(h->query, RS_H_VOTES))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_COLUMN),
				 errmsg("the holdings query has no column \"share\""),
				 errdetail("Expected: owner, owned, and share or share_min, share_max; optionally votes, kind, valid_from, valid_to, known_from."),
				 errhint("Give the column this name in the query, as a fraction: SELECT percent / 100 AS share.")));

	for (int v = 0; v < RS_V_COLUMNS; v++)
	{
		rows->has[v] = rs_query_has(h->query, column_of[v]);
		rows->scale[v] = rs_query_scale(h->query, column_of[v]);
	}
	rows->has_kind = rs_query_has(h->query, RS_H_KIND);
	rows->has_dates = rs_query_has(h->query, RS_H_VALID_FROM) || rs_query_has(h->query, RS_H_VALID_TO);
	rows->has_known_from = rs_query_has(h->query, RS_H_KNOWN_FROM);
	if (rows->has_kind)
		h->kinds = rs_interner_create(h->budget, TEXTOID, C_COLLATION_OID);
}

/* ---- rows ---- */

static const struct
{
	const char *name;
	RsHoldingClass class;
}			meanings[] = {
	{"nominee", RS_CLASS_NOMINEE}, {"control", RS_CLASS_CONTROL}, {"economic", RS_CLASS_ECONOMIC}, {"concert", RS_CLASS_CONCERT},
	{"代持", RS_CLASS_NOMINEE}, {"协议控制", RS_CLASS_CONTROL}, {"一致行动", RS_CLASS_CONCERT}, {"一致行动人", RS_CLASS_CONCERT},
};

RsHoldingClass
rs_holding_class(const char *kind)
{
	for (int i = 0; i < lengthof(meanings); i++)
		if (pg_strcasecmp(kind, meanings[i].name) == 0)
			return meanings[i].class;
	return RS_CLASS_EQUITY;
}

/* The kind that a misspelt one was meant to be: any other name is a class of shares. */
const char *
rs_holding_kind_meant(const char *kind)
{
	const char *meant = NULL;

	for (int i = 0; i < lengthof(meanings); i++)
		if (meant == NULL && rs_nearly(kind, meanings[i].name))
			meant = meanings[i].name;
	return rs_holding_class(kind) == RS_CLASS_EQUITY ? meant : NULL;
}

#define CLASS_MISSPELT 0xFF

static uint8
class_of(RsHoldings *h, Datum kind, uint32 *number)
{
	bool		found;
	uint32		k = rs_intern(h->kinds, kind, &found);

	h->kind_class = rs_grow(h->budget, h->kind_class, &h->kind_capacity, (uint64) k + 1, 1, purpose);
	if (!found)
	{
		char	   *name = TextDatumGetCString(kind);

		h->kind_class[k] = !h->misspelt && rs_holding_kind_meant(name) != NULL ? CLASS_MISSPELT : (uint8) rs_holding_class(name);
		pfree(name);
	}
	*number = k + 1;
	return h->kind_class[k];
}

/* Counted as capital, it would change who controls whom. */
static void
misspelt_row(RsHoldings *h, const RsRow *row)
{
	char	   *kind;

	if (rs_query_skips(h->query, RS_H_KIND, RS_FAULT_UNKNOWN))
		return;
	kind = TextDatumGetCString(row->value[RS_H_KIND].text);
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("unknown kind of holding \"%s\": did you mean \"%s\"?", kind, rs_holding_kind_meant(kind)),
			 errdetail("In row " UINT64_FORMAT " of the holdings query.", row->number),
			 errhint("The kinds control, concert, economic and nominee have a meaning, any other name is a class of shares: correct the kind, or rename a class that only looks like one of these. bad_rows => 'skip' leaves such rows out with a warning that counts them.")));
}

static void
take_row(void *arg, const RsRow *row)
{
	RsHoldings *h = arg;
	RsHolding	r = {0};

	if (row->isnull[RS_H_OWNER] || row->isnull[RS_H_OWNED])
	{
		/* only where they are asked for; else the reader has refused them */
		h->unnamed = rs_grow(h->budget, h->unnamed, &h->unnamed_capacity, h->nunnamed + 1, sizeof(RsUnnamed), purpose);
		h->unnamed[h->nunnamed++] = (RsUnnamed) {
			row->isnull[RS_H_OWNER] ? RS_NO_ID : row->value[RS_H_OWNER].id,
			row->isnull[RS_H_OWNED] ? RS_NO_ID : row->value[RS_H_OWNED].id
		};
		return;
	}
	r.owner = row->value[RS_H_OWNER].id;
	r.owned = row->value[RS_H_OWNED].id;
	r.from = row->isnull[RS_H_VALID_FROM] ? DATEVAL_NOBEGIN : row->value[RS_H_VALID_FROM].date;
	r.to = row->isnull[RS_H_VALID_TO] ? DATEVAL_NOEND : row->value[RS_H_VALID_TO].date;
	r.known_from = row->isnull[RS_H_KNOWN_FROM] ? DT_NOBEGIN : row->value[RS_H_KNOWN_FROM].time;
	if (!row->isnull[RS_H_KIND])
	{
		uint8		class = class_of(h, row->value[RS_H_KIND].text, &r.kind);

		if (class == CLASS_MISSPELT)
		{
			misspelt_row(h, row);
			return;
		}
		r.class = (RsHoldingClass) class;
	}
	if (!rs_holdings_wants(h, r.from, r.to, r.known_from))
		return;
	for (int v = 0; v < RS_V_COLUMNS; v++)
		if (!row->isnull[column_of[v]])
		{
			r.known |= 1 << v;
			r.value[v] = row->value[column_of[v]].amount;
		}
	rs_holdings_take(h, &r);
}

static void
rescale_rows(void *arg, int column, int old_scale, int new_scale)
{
	RsHoldings *h = arg;

	switch (column)
	{
		case RS_H_SHARE:
			rs_holding_rows_rescale(h->rows, RS_V_SHARE, new_scale);
			break;
		case RS_H_VOTES:
			rs_holding_rows_rescale(h->rows, RS_V_VOTES, new_scale);
			break;
		case RS_H_SHARE_MIN:
			rs_holding_rows_rescale(h->rows, RS_V_MIN, new_scale);
			break;
		case RS_H_SHARE_MAX:
			rs_holding_rows_rescale(h->rows, RS_V_MAX, new_scale);
			break;
	}
}

void
rs_holdings_read_all(RsHoldings *h)
{
	rs_query_read(h->query, take_row, rescale_rows, h);
}

#define IDS_TABLE "pg_catalog.unnest($1) AS f(id) JOIN"

static char *
match_ids(RsHoldings *h, int column)
{
	return psprintf("ON %s", rs_query_match(h->query, column, "f.id"));
}

static Datum
identifiers(RsHoldings *h, const uint32 *ids, uint64 n)
{
	Oid			type = rs_interner_type(h->interner);
	int16		length;
	bool		by_value;
	char		align;
	Datum	   *element = rs_alloc(h->budget, n, sizeof(Datum), purpose);
	Datum		array;

	get_typlenbyvalalign(type, &length, &by_value, &align);
	for (uint64 i = 0; i < n; i++)
		element[i] = rs_interner_datum(h->interner, ids[i]);
	array = PointerGetDatum(construct_array(element, (int) n, type, length, by_value, align));
	pfree(element);
	return array;
}

/*
 * Read the holdings whose `column` is one of ids. indexed: an index on it is
 * sure to be used; then a condition costs a tenth less than a join. Without one
 * every row would be compared with every id, where a join hashes them. `and`:
 * of those only some, or nothing.
 */
static void
read_bound(RsHoldings *h, int column, const uint32 *ids, uint64 n, bool indexed, const char *and)
{
	Oid			array_type = rs_query_array_type(h->query, column);
	const char *from = indexed ? "" : IDS_TABLE;
	char	   *on = psprintf("%s %s", indexed ? psprintf("WHERE %s", rs_query_match(h->query, column, "ANY ($1)"))
							  : match_ids(h, column), and);

	for (uint64 done = 0; done < n;)
	{
		uint64		count = Min(n - done, (uint64) IDS_PER_QUERY);
		Datum		array = identifiers(h, ids + done, count);

		rs_query_read_bound(h->query, from, on, 1, &array_type, &array, NULL, take_row, rescale_rows, h);
		pfree(DatumGetPointer(array));
		done += count;
	}
	pfree(on);
}

/*
 * How the next hop is read. Hops look ids up in an index, one by one; the plan
 * does not depend on how many there are, because the planner, told the number,
 * turns to hashing the whole table hop after hop. Reading everything once is
 * preferred when there is no index to speak of, or when the ids looked up so
 * far and now would cost FULL_READ times a scan. With all pages in memory a
 * row read takes as long as a fifth of an id looked up (0.4 and 2.2 us), which
 * makes 100 times; with none it would be about 2. 32 costs at most a third more
 * than the better way in memory.
 */
#define FULL_READ 32
/* Few ids in few hops are not worth the planner's time. */
#define FEW_IDS 64
#define FEW_HOPS 4
/* Memory that a row read takes until the ids that matter are known, roughly. */
#define BYTES_PER_ROW 160

typedef enum Hop
{
	HOP_UNDECIDED,
	HOP_LOOK_UP,				/* by index */
	HOP_JOIN					/* as the planner likes: no index, no memory for all */
} Hop;

typedef struct Expansion
{
	Hop			hop;
	uint64		ids;			/* looked up so far */
	uint32		hops;
	bool		estimated;
	bool		forbidden;		/* do not read everything */
	RsEstimate	full;
	double		per_id;
} Expansion;

/* Should everything be read instead of looking up n more ids? */
static bool
prefer_full_read(RsHoldings *h, Expansion *x, int column, uint64 n)
{
	if (!x->estimated)
	{
		Oid			array_type = rs_query_array_type(h->query, column);
		RsEstimate	bound;

		if (x->ids + n <= FEW_IDS && x->hops < FEW_HOPS)
			return false;
		bound = rs_query_estimate(h->query, IDS_TABLE, match_ids(h, column), 1, &array_type, NULL);
		x->full = rs_query_estimate(h->query, NULL, NULL, 0, NULL, NULL);
		x->per_id = bound.cost / 10;	/* the elements the planner takes an unknown array for */
		x->estimated = true;
		if (x->full.rows * BYTES_PER_ROW > (double) rs_max_memory_kb * 1024 / 2)
			x->forbidden = true;
		x->hop = bound.cost < x->full.cost / 2 ? HOP_LOOK_UP : HOP_JOIN;
	}
	if (x->forbidden)
		return false;
	return x->hop == HOP_JOIN || (x->ids + n) * x->per_id > FULL_READ * x->full.cost;
}

/* ids reachable from those discovered, over rows [0, n) and (upwards) concert pairs, which have no direction. */
static void
discover_in_rows(RsHoldings *h, bool upwards)
{
	RsHoldingRows *rows = h->rows;
	uint32	   *from = upwards ? rows->owned : rows->owner;
	uint32	   *to = upwards ? rows->owner : rows->owned;
	uint64		pairs = upwards ? h->nconcert : 0;
	uint32		nids = rs_interner_count(h->interner);
	MemoryContext scratch = AllocSetContextCreate(h->budget, "risk_screen discovery", ALLOCSET_DEFAULT_SIZES);
	uint64	   *start = rs_alloc0(scratch, (uint64) nids + 2, sizeof(uint64), purpose);
	uint32	   *next = rs_alloc(scratch, rows->n + pairs, sizeof(uint32), purpose);

	/* start[k + 1] is first the count, then the place of the next one, of k */
	for (uint64 i = 0; i < rows->n; i++)
		start[from[i] + 2]++;
	for (uint64 i = 0; i < pairs; i++)
		start[h->concert[i] + 2]++;
	for (uint32 k = 0; k < nids; k++)
		start[k + 2] += start[k + 1];
	CHECK_FOR_INTERRUPTS();
	for (uint64 i = 0; i < rows->n; i++)
		next[start[from[i] + 1]++] = to[i];
	for (uint64 i = 0; i < pairs; i++)
		next[start[h->concert[i] + 1]++] = h->concert[i ^ 1];
	CHECK_FOR_INTERRUPTS();
	for (uint64 d = 0; d < h->ndiscovered; d++)
	{
		uint32		k = h->discovered[d];

		for (uint64 i = start[k]; i < start[k + 1]; i++)
			rs_holdings_discover(h, next[i]);
		if ((d & 0xFFFF) == 0)
			CHECK_FOR_INTERRUPTS();
	}
	MemoryContextDelete(scratch);
}

/*
 * Read everything, keep what the hops would have read. False, and nothing
 * changed, if the query has bad rows: which of them matter is for the hops.
 */
static bool
load_all_around(RsHoldings *h, const uint32 *ids, uint32 n, bool upwards)
{
	RsHoldingRows *rows = h->rows;
	RsBadRows	asked;
	bool		clean;
	uint64		kept = 0;

	rows->n = 0;
	h->nconcert = 0;
	h->upwards = h->discovering = false;
	for (uint64 d = 0; d < h->ndiscovered; d++)
		h->seen[h->discovered[d]] = false;
	h->ndiscovered = 0;
	for (uint32 i = 0; i < n; i++)
		rs_holdings_discover(h, ids[i]);

	asked = rs_query_tolerate(h->query, RS_BAD_SKIP);
	rs_query_forget_bad_rows(h->query);
	rs_holdings_read_all(h);
	rs_query_tolerate(h->query, asked);
	clean = rs_query_bad_rows(h->query) == 0;
	rs_query_forget_bad_rows(h->query);
	if (!clean)
	{
		rows->n = 0;
		h->nconcert = 0;
		return false;
	}

	discover_in_rows(h, upwards);
	/* In either direction all holders of a company count. */
	rs_holdings_mark_unseen(h, rs_interner_count(h->interner));
	for (uint64 i = 0; i < rows->n; i++)
		if (h->seen[rows->owned[i]])
			rs_holding_rows_move(rows, kept++, i);
	rows->n = kept;
	kept = 0;
	for (uint64 i = 0; i < h->nconcert; i += 2)
		if (h->seen[h->concert[i + 1]])
		{
			if (h->statement != NULL)
				h->statement[kept / 2] = h->statement[i / 2];
			h->concert[kept++] = h->concert[i];
			h->concert[kept++] = h->concert[i + 1];
		}
	h->nconcert = kept;
	return true;
}

/* What this hop would read: the frontier, of its own, because discovered[] moves while it grows. */
static uint32 *
frontier_from(RsHoldings *h, uint64 begin)
{
	uint64		count = h->ndiscovered - begin;
	uint32	   *frontier = rs_alloc(h->budget, count, sizeof(uint32), purpose);

	memcpy(frontier, h->discovered + begin, sizeof(uint32) * count);
	return frontier;
}

/*
 * Rows of kind concert that name a party met as the owner. Those that name it
 * as the company are read with its holders, and so are these, if the other party is met
 * later: beside the count of bad rows, which count_allies() makes whole.
 */
#define IS_CONCERT "pg_catalog.lower((%s) COLLATE pg_catalog.\"C\") OPERATOR(pg_catalog.=) ANY ('{concert,一致行动,一致行动人}')"

static void
read_allies(RsHoldings *h, const uint32 *ids, uint64 n, bool indexed)
{
	rs_query_set_aside(h->query, true);
	read_bound(h, RS_H_OWNER, ids, n, indexed,
			   psprintf("AND " IS_CONCERT, rs_query_expression(h->query, RS_H_KIND)));
	rs_query_set_aside(h->query, false);
}

static void
ignore_row(void *arg, const RsRow *row)
{
}

/* Count the bad ones among them that were not read in the other direction. */
static void
count_allies(RsHoldings *h)
{
	Oid			array_type[2] = {rs_query_array_type(h->query, RS_H_OWNER), rs_query_array_type(h->query, RS_H_OWNED)};
	Datum		array[2];

	if (!rs_query_bad_aside(h->query))
		return;
	array[0] = array[1] = identifiers(h, h->discovered, h->ndiscovered);
	rs_query_read_bound(h->query, "",
						psprintf("WHERE %s AND %s AND (%s) IS NOT TRUE", rs_query_match(h->query, RS_H_OWNER, "ANY ($1)"),
								 psprintf(IS_CONCERT, rs_query_expression(h->query, RS_H_KIND)),
								 rs_query_match(h->query, RS_H_OWNED, "ANY ($2)")),
						2, array_type, array, NULL, ignore_row, rescale_rows, h);
}

/*
 * One hop: what is said about the parties discovered from *begin on. False: all
 * was read at once.
 */
static bool
read_hop(RsHoldings *h, Expansion *x, int column, uint64 *begin, bool allies)
{
	uint64		count = h->ndiscovered - *begin;
	uint32	   *frontier;

	rs_query_plan_generic(h->query, x->hop != HOP_JOIN);
	if (prefer_full_read(h, x, column, count))
		return false;
	rs_query_plan_generic(h->query, x->hop != HOP_JOIN);
	frontier = frontier_from(h, *begin);
	*begin = h->ndiscovered;
	if (allies)
		read_allies(h, frontier, count, x->hop == HOP_LOOK_UP);
	else
		read_bound(h, column, frontier, count, x->hop == HOP_LOOK_UP, "");
	pfree(frontier);
	x->ids += count;
	x->hops++;
	return true;
}

void
rs_holdings_read_around(RsHoldings *h, const uint32 *ids, uint32 n, bool upwards)
{
	int			by_owned = h->swapped ? RS_H_OWNER : RS_H_OWNED;
	int			by_owner = h->swapped ? RS_H_OWNED : RS_H_OWNER;
	bool		allies = upwards && h->allies && h->rows->has_kind;
	Expansion	x = {0},		/* of holders (or what is held), */
				y = {0};		/* of those who act with them */
	uint64		begin = 0,
				begin_allies = 0;

	h->upwards = upwards;
	h->discovering = !upwards;
	for (uint32 i = 0; i < n; i++)
		rs_holdings_discover(h, ids[i]);
	for (;;)
	{
		bool		holders = begin < h->ndiscovered;

		if (!holders && (!allies || begin_allies == h->ndiscovered))
			break;
		if (holders ? read_hop(h, &x, upwards ? by_owned : by_owner, &begin, false)
			: read_hop(h, &y, RS_H_OWNER, &begin_allies, true))
			continue;
		if (load_all_around(h, ids, n, upwards))
			return;
		/* Begin again, by hops only. */
		x.forbidden = y.forbidden = true;
		begin = begin_allies = 0;
		h->upwards = upwards;
		h->discovering = !upwards;
	}
	if (allies)
		count_allies(h);
	if (!upwards)
	{
		rs_query_plan_generic(h->query, false);
		h->discovering = false;
		read_bound(h, by_owned, h->discovered, h->ndiscovered, false, "");
	}
}
