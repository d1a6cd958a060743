/*
 * src/holdings_kept.c
 *	  Reading holdings from an ownership graph.
 *
 * The rows about a company lie side by side in the mapped file, as do the
 * numbers of the rows about an owner, so the rows around a few targets cost one
 * or two cache misses a party and no statement. Of those rows becomes what
 * becomes of a query's (src/holdings.c): the answer is the same.
 *
 * Parties are numbered as they are met, by an interner of the file's node
 * numbers; these are in the order of identifiers, so ranking compares integers.
 * A party that the file does not know (a target without holdings, a person of
 * another query) is a stranger: its number is above all nodes, its identifier
 * in an interner of its own, its rank where the file would have it.
 */
#include "pg_compat.h"

#include "catalog/pg_collation.h"
#include "catalog/pg_type.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"

#include "holdings.h"
#include "ownership_map.h"
#include "rs_memory.h"

static const char purpose[] = "holdings";

/* What may be wrong with a number, as the query reader says it. */
typedef enum Wrong
{
	WRONG_NEGATIVE,
	WRONG_OVER_ONE,
	WRONG_INVERTED,
	WRONG_KINDS
} Wrong;

static const char *const wrong_text[WRONG_KINDS] = {"is negative", "is above 1", "is above its upper bound"};

static const char *const value_name[RS_V_COLUMNS] = {"share", "votes", "share_min", "share_max"};

typedef struct RsKeptHoldings
{
	RsOwnershipMapping *mapping;
	const RsOwnershipFile *file;
	const char *graph;			/* its name */
	int			allow;			/* RS_ALLOW_ */
	RsBadRows	bad_rows;
	struct RsKeptHoldings *whole;	/* of which this is a part; or itself */
	MemoryContext budget;		/* of the whole */
	uint8	   *skipped;		/* bit by row; in the whole, NULL until there is one */
	uint64		bad[RS_V_COLUMNS][WRONG_KINDS]; /* rows skipped, each once; in the whole */
	int128		one[RS_V_COLUMNS];
	RsInterner *identifiers;	/* of strangers and of other queries; NULL: none yet */
	uint32	   *rank;			/* of identifiers, as many as were ranked; in the whole */
	uint32		nranked;
	uint32	   *number;			/* identifier -> number here; RS_NO_ID: not asked yet */
	uint64		nnumbers,
				number_capacity;
} RsKeptHoldings;

/* ---------- opening ---------- */

static RsMapResult
map_file(const RsGraphDefinition *d, const RsGraphIdentity *expected, void *arg, const char **problem)
{
	RsHoldings *h = arg;

	return rs_ownership_map(d->files, d->stamps, expected, h->budget, &h->kept->mapping, problem);
}

void
rs_holdings_open_kept(RsHoldings *h, const char *name, int allow, const char *bad_rows)
{
	RsKeptHoldings *k = rs_alloc0(h->budget, 1, sizeof(RsKeptHoldings), purpose);
	RsHoldingRows *rows = h->rows;
	const RsOwnershipHeader *header;

	h->kept = k;
	k->whole = k;
	k->budget = h->budget;
	k->graph = name;
	k->allow = allow;
	k->bad_rows = rs_bad_rows_option(bad_rows);
	rs_graph_use(&rs_ownership_graphs, name, h->budget, map_file, h);
	k->file = &k->mapping->file;
	header = k->file->header;
	for (int v = 0; v < RS_V_COLUMNS; v++)
	{
		rows->has[v] = (header->columns & RS_OC_VALUE(v)) != 0;
		rows->scale[v] = header->scale[v];
		k->one[v] = 1;
		for (int i = 0; i < header->scale[v]; i++)
			k->one[v] *= 10;
	}
	rows->has_kind = (header->columns & RS_OC_KIND) != 0;
	rows->has_dates = (header->columns & (RS_OC_FROM | RS_OC_TO)) != 0;
	rows->has_known_from = (header->columns & RS_OC_KNOWN_FROM) != 0;
	h->interner = rs_interner_create(h->budget, INT8OID, InvalidOid);
}

/* The count of rows skipped. */
void
rs_kept_forget(RsHoldings *h)
{
	h->kept->skipped = NULL;
}

void
rs_kept_close(RsHoldings *h)
{
	RsKeptHoldings *k = h->kept;

	if (k->skipped != NULL)
	{
		StringInfoData s;
		uint64		total = 0;

		initStringInfo(&s);
		for (int v = 0; v < RS_V_COLUMNS; v++)
			for (int w = 0; w < WRONG_KINDS; w++)
				if (k->bad[v][w] > 0)
				{
					appendStringInfo(&s, "%s" UINT64_FORMAT " where %s %s", s.len ? ", " : "",
									 k->bad[v][w], value_name[v], wrong_text[w]);
					total += k->bad[v][w];
				}
		ereport(WARNING,
				(errmsg(UINT64_FORMAT " of %u rows of ownership graph \"%s\" were skipped",
						total, k->file->header->nrows, k->graph),
				 errdetail("Skipped: %s.", s.data),
				 errhint("SELECT query FROM risk_screen.ownership_graph WHERE name = %s; shows what the graph was made from.",
						 quote_literal_cstr(k->graph))));
	}
	/* The pin goes with the budget. */
}

/* ---------- identifiers ---------- */

RsInterner *
rs_kept_identifiers(RsHoldings *h)
{
	RsKeptHoldings *k = h->kept;

	if (k->identifiers == NULL)
		k->identifiers = rs_interner_create(h->budget, k->mapping->node.oid,
											k->mapping->node.oid == TEXTOID ? C_COLLATION_OID : InvalidOid);
	return k->identifiers;
}

static inline uint32
number_of_node(RsHoldings *h, uint32 node)
{
	return rs_intern(h->interner, Int64GetDatum((int64) node), NULL);
}

static inline int64
node_of_number(const RsHoldings *h, uint32 id)
{
	return DatumGetInt64(rs_interner_datum(h->interner, id));
}

static uint32
place_of(const RsKeptHoldings *k, Datum identifier, bool *found)
{
	RsKey		key = rs_id_key(&k->mapping->node, identifier);

	return rs_key_place(&k->file->node, k->file->header->node.top, NULL, &key, found);
}

static uint32
number_of_datum(RsHoldings *h, Datum identifier)
{
	RsKeptHoldings *k = h->kept;
	bool		found;
	uint32		node = place_of(k, identifier, &found);

	if (found)
		return number_of_node(h, node);
	return rs_intern(h->interner, Int64GetDatum((int64) k->file->header->nnodes +
												rs_intern(rs_kept_identifiers(h), identifier, NULL)), NULL);
}

uint32
rs_kept_number(RsHoldings *h, uint32 identifier)
{
	RsKeptHoldings *k = h->kept;
	uint64		before = k->nnumbers;

	if (identifier >= k->nnumbers)
	{
		k->nnumbers = (uint64) identifier + 1;
		k->number = rs_grow(h->budget, k->number, &k->number_capacity, k->nnumbers, sizeof(uint32), purpose);
		for (uint64 i = before; i < k->nnumbers; i++)
			k->number[i] = RS_NO_ID;
	}
	if (k->number[identifier] == RS_NO_ID)
		k->number[identifier] = number_of_datum(h, rs_interner_datum(k->identifiers, identifier));
	return k->number[identifier];
}

Datum
rs_kept_datum(RsHoldings *h, uint32 id)
{
	RsKeptHoldings *k = h->kept;
	int64		node = node_of_number(h, id);
	RsKey		key;

	if (node >= k->file->header->nnodes)
		return rs_interner_datum(k->identifiers, (uint32) (node - k->file->header->nnodes));
	key = rs_key_get(&k->file->node, (uint32) node);
	return rs_id_datum(&k->mapping->node, &key);
}

Datum
rs_kept_text(RsHoldings *h, uint32 id)
{
	RsKeptHoldings *k = h->kept;
	int64		node = node_of_number(h, id);
	RsKey		key;

	if (node >= k->file->header->nnodes)
		return rs_interner_text(k->identifiers, (uint32) (node - k->file->header->nnodes));
	key = rs_key_get(&k->file->node, (uint32) node);
	return rs_id_text(&k->mapping->node, &key);
}

void
rs_kept_prefetch_name(RsHoldings *h, uint32 id)
{
	const RsKeySet *set = &h->kept->file->node;
	int64		node = node_of_number(h, id);

	if (node < h->kept->file->header->nnodes)
		__builtin_prefetch(set->key + (uint64) node * (set->type.kind == RS_KEY_FIXED ? set->type.length : set->width));
}

/* The identifier of a node as it is printed, into at most `room` bytes; returns their number, -1 if they are more. */
static inline int
write_name(const RsKeptHoldings *k, uint32 node, char *to, int room)
{
	RsKey		key = rs_key_get(&k->file->node, node);

	switch (k->mapping->node.oid)
	{
		case INT2OID:
		case INT4OID:
		case INT8OID:
			/* and a zero behind it */
			return room <= MAXINT8LEN ? -1 : pg_lltoa(key.integer, to);
		case TEXTOID:
		case VARCHAROID:
			if (key.length > room)
				return -1;
			memcpy(to, key.bytes, key.length);
			return (int) key.length;
		default:
			return -1;
	}
}

int
rs_kept_write_name(RsHoldings *h, uint32 id, char *to, int room)
{
	int64		node = node_of_number(h, id);

	return node >= h->kept->file->header->nnodes ? -1 : write_name(h->kept, (uint32) node, to, room);
}

int
rs_kept_write_node(RsHoldings *h, uint32 node, char *to, int room)
{
	return write_name(h->kept, node, to, room);
}

Datum
rs_kept_node_text(RsHoldings *h, uint32 node)
{
	RsKeptHoldings *k = h->kept;
	RsKey		key = rs_key_get(&k->file->node, node);

	return rs_id_text(&k->mapping->node, &key);
}

const RsOwnershipFile *
rs_kept_file(const RsHoldings *h)
{
	return h->kept->file;
}

/* An integer as it is mostly written; false: ask its type. */
static bool
read_integer(const char *s, int length, int64 *value)
{
	bool		negative = length > 0 && s[0] == '-';
	int64		v = 0;

	if (length - negative < 1 || length - negative > 18)
		return false;
	for (int i = negative; i < length; i++)
	{
		if (s[i] < '0' || s[i] > '9')
			return false;
		v = v * 10 + (s[i] - '0');
	}
	*value = negative ? -v : v;
	return true;
}

/* The text as a datum of the type, which for integers mostly needs no function. */
static Datum
read_identifier(Datum element, Oid type, FmgrInfo *input, Oid ioparam)
{
	const char *s = VARDATA_ANY(DatumGetPointer(element));
	int			length = VARSIZE_ANY_EXHDR(DatumGetPointer(element));
	int64		v;

	switch (type)
	{
		case TEXTOID:
			return element;
		case INT8OID:
			if (read_integer(s, length, &v))
				return Int64GetDatum(v);
			break;
		case INT4OID:
			if (read_integer(s, length, &v) && v >= PG_INT32_MIN && v <= PG_INT32_MAX)
				return Int32GetDatum((int32) v);
			break;
	}
	return InputFunctionCall(input, TextDatumGetCString(element), ioparam, -1);
}

uint32 *
rs_kept_ids(RsHoldings *h, ArrayType *array, const char *argument, uint32 *n)
{
	Oid			type = h->kept->mapping->node.oid,
				function,
				ioparam;
	FmgrInfo	input;
	MemoryContext scratch = AllocSetContextCreate(h->budget, "risk_screen targets", ALLOCSET_SMALL_SIZES);
	MemoryContext old;
	Datum	   *element;
	bool	   *isnull;
	uint32	   *id;
	int			count;

	deconstruct_array(array, TEXTOID, -1, false, TYPALIGN_INT, &element, &isnull, &count);
	id = rs_alloc(h->budget, count, sizeof(uint32), argument);
	getTypeInputInfo(type, &function, &ioparam);
	fmgr_info_cxt(function, &input, h->budget);
	for (int i = 0; i < count; i++)
	{
		Datum		identifier;

		if (isnull[i])
			ereport(ERROR,
					(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					 errmsg("argument %s contains a null", argument)));
		old = MemoryContextSwitchTo(scratch);
		identifier = read_identifier(element[i], type, &input, ioparam);
		id[i] = number_of_datum(h, identifier);
		MemoryContextSwitchTo(old);
		MemoryContextReset(scratch);
		if ((i & 0xFFF) == 0)
			CHECK_FOR_INTERRUPTS();
	}
	MemoryContextDelete(scratch);
	*n = (uint32) count;
	return id;
}

/* ---------- rows ---------- */

/* Counted once, however often the row is met: a question in parts meets some in several. */
static void
skip_row(RsKeptHoldings *k, uint32 row, int v, Wrong wrong)
{
	if (k->skipped == NULL)
		k->skipped = rs_alloc0(k->budget, (uint64) k->file->header->nrows / 8 + 1, 1, purpose);
	if (k->skipped[row / 8] & (1 << row % 8))
		return;
	k->skipped[row / 8] |= (uint8) (1 << row % 8);
	k->bad[v][wrong]++;
}

static void
bad_row(RsHoldings *h, uint32 row, const RsHolding *r, int v, Wrong wrong)
{
	RsKeptHoldings *k = h->kept;

	if (k->bad_rows == RS_BAD_SKIP)
	{
		skip_row(k->whole, row, v, wrong);
		return;
	}
	ereport(ERROR,
			(errcode(wrong == WRONG_INVERTED ? ERRCODE_CHECK_VIOLATION : ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
			 errmsg("column \"%s\" of ownership graph \"%s\" %s", value_name[v], k->graph, wrong_text[wrong]),
			 errdetail("In a row that says what %s holds of %s.",
					   TextDatumGetCString(rs_kept_text(h, number_of_node(h, r->owner))),
					   TextDatumGetCString(rs_kept_text(h, number_of_node(h, r->owned)))),
			 errhint("A share is a fraction of 1. Mend the rows and refresh the graph, or pass bad_rows => 'skip' to leave them out with a warning that counts them.")));
}

/* As the query reader does for a contract with the same allowances (src/holdings_query.c). */
static bool
is_sound(RsHoldings *h, uint32 row, const RsHolding *r)
{
	RsKeptHoldings *k = h->kept;
	const bool *has = h->rows->has;

	for (int v = 0; v < RS_V_COLUMNS; v++)
		if (has[v] && (r->known & (1 << v)))
		{
			if (r->value[v] < 0 && !(k->allow & RS_ALLOW_NEGATIVE))
			{
				bad_row(h, row, r, v, WRONG_NEGATIVE);
				return false;
			}
			if (r->value[v] > k->one[v] && !(k->allow & RS_ALLOW_OVER_ONE))
			{
				bad_row(h, row, r, v, WRONG_OVER_ONE);
				return false;
			}
		}
	if (!(k->allow & RS_ALLOW_INVERTED) && has[RS_V_MIN] && has[RS_V_MAX] &&
		(r->known & (1 << RS_V_MIN)) && (r->known & (1 << RS_V_MAX)))
	{
		int128		low = r->value[RS_V_MIN],
					high = r->value[RS_V_MAX];
		bool		inverted;

		if (h->rows->scale[RS_V_MIN] == h->rows->scale[RS_V_MAX])
			inverted = low > high;
		else if (__builtin_mul_overflow(low, k->one[RS_V_MAX], &low) ||
				 __builtin_mul_overflow(high, k->one[RS_V_MIN], &high))
			inverted = (long double) r->value[RS_V_MIN] / k->one[RS_V_MIN] >
				(long double) r->value[RS_V_MAX] / k->one[RS_V_MAX];
		else
			inverted = low > high;
		if (inverted)
		{
			bad_row(h, row, r, RS_V_MIN, WRONG_INVERTED);
			return false;
		}
	}
	return true;
}

/* owned: the company's number, RS_NO_ID if it is not at hand. */
static inline void
take_row(RsHoldings *h, uint32 row, uint32 owned)
{
	RsKeptHoldings *k = h->kept;
	RsHolding	r;

	rs_ownership_file_row(k->file, row, &r);
	if ((k->allow & (RS_ALLOW_ANY | RS_ALLOW_INVERTED)) != (RS_ALLOW_ANY | RS_ALLOW_INVERTED) && !is_sound(h, row, &r))
		return;
	if (!rs_holdings_wants(h, r.from, r.to, r.known_from))
		return;
	r.owner = number_of_node(h, r.owner);
	r.owned = owned != RS_NO_ID ? owned : number_of_node(h, r.owned);
	rs_holdings_take(h, &r);
}

/* Rows about a party as the company, or as the owner. */
static void
take_rows_of(RsHoldings *h, uint32 id, bool as_owned)
{
	const RsOwnershipFile *f = h->kept->file;
	int64		node = node_of_number(h, id);

	if (node >= f->header->nnodes)
		return;
	if (as_owned)
		for (uint32 row = f->in_start[node]; row < f->in_start[node + 1]; row++)
			take_row(h, row, id);
	else
		for (uint32 i = f->out_start[node]; i < f->out_start[node + 1]; i++)
			take_row(h, f->out_row[i], RS_NO_ID);
}

/* Whoever acts with a party is said of it as an owner, too. */
static void
take_allies_of(RsHoldings *h, uint32 id)
{
	const RsOwnershipFile *f = h->kept->file;
	int64		node = node_of_number(h, id);

	if (node >= f->header->nnodes)
		return;
	for (uint32 i = f->out_start[node]; i < f->out_start[node + 1]; i++)
		if (f->row[f->out_row[i]].class == RS_CLASS_CONCERT)
			take_row(h, f->out_row[i], RS_NO_ID);
}

/* Does anybody act with anybody? Kinds are few. */
static bool
has_allies(const RsOwnershipFile *f)
{
	for (uint32 k = 0; f->kind != NULL && k < f->header->nkinds; k++)
	{
		RsKey		key = rs_key_get(&f->kind_name, k);

		if (rs_holding_class(pnstrdup((const char *) key.bytes, key.length)) == RS_CLASS_CONCERT)
			return true;
	}
	return false;
}

/*
 * Rows about all parties discovered, while more are. Their places are anywhere
 * in the file: where a party's rows begin is fetched 16 parties ahead, the rows
 * 8 ahead.
 */
static void
take_discovered(RsHoldings *h, bool as_owned, uint64 begin)
{
	const RsOwnershipFile *f = h->kept->file;
	const uint32 *start = as_owned ? f->in_start : f->out_start;

	for (uint64 d = begin; d < h->ndiscovered; d++)
	{
		if (d + 16 < h->ndiscovered)
		{
			int64		far = node_of_number(h, h->discovered[d + 16]),
						near = node_of_number(h, h->discovered[d + 8]);

			__builtin_prefetch(&start[Min(far, f->header->nnodes)]);
			near = start[Min(near, f->header->nnodes)];
			if (as_owned)
			{
				__builtin_prefetch(&f->row[near]);
				__builtin_prefetch(&f->owned[near]);
			}
			else
				__builtin_prefetch(&f->out_row[near]);
		}
		take_rows_of(h, h->discovered[d], as_owned);
		if ((d & 0xFFF) == 0)
			CHECK_FOR_INTERRUPTS();
	}
}

void
rs_kept_load_all(RsHoldings *h)
{
	const RsOwnershipFile *f = h->kept->file;

	for (uint32 node = 0; node < f->header->nnodes; node++)
	{
		(void) number_of_node(h, node);
		if ((node & 0xFFFF) == 0)
			CHECK_FOR_INTERRUPTS();
	}
	for (uint32 row = 0; row < f->header->nrows; row++)
	{
		take_row(h, row, RS_NO_ID);
		if ((row & 0xFFFF) == 0)
			CHECK_FOR_INTERRUPTS();
	}
}

void
rs_kept_load_around(RsHoldings *h, const uint32 *ids, uint32 n, bool upwards)
{
	bool		as_owned = upwards != h->swapped;

	h->upwards = upwards;
	h->discovering = !upwards;
	for (uint32 i = 0; i < n; i++)
		rs_holdings_discover(h, ids[i]);
	take_discovered(h, as_owned, 0);
	if (upwards && h->allies && has_allies(h->kept->file))
		for (uint64 d = 0; d < h->ndiscovered; d++)
		{
			uint64		before = h->ndiscovered;

			take_allies_of(h, h->discovered[d]);
			take_discovered(h, as_owned, before);
			CHECK_FOR_INTERRUPTS();
		}
	if (!upwards)
	{
		/* what a company's other holders have decides its flags */
		h->discovering = false;
		take_discovered(h, !h->swapped, 0);
	}
}

/* ---------- a question in parts ---------- */

/*
 * Random access to the state of a hundred thousand parties misses every cache;
 * the state of a few thousand does not. So many targets are looked at a few at
 * a time, each time as if they were all.
 */
#define FIRST_PART 256
#define PARTIES_IN_PART 4096

RsKeptParts *
rs_kept_parts_of(RsHoldings *h, const uint32 *ids, uint32 n)
{
	RsKeptParts *p = rs_alloc0(h->budget, 1, sizeof(RsKeptParts), purpose);
	bool	   *listed = rs_alloc0(h->budget, rs_interner_count(h->interner), sizeof(bool), "targets");

	p->whole = h;
	p->chunk = FIRST_PART;
	p->target = rs_alloc(h->budget, n, sizeof(int64), "targets");
	for (uint32 i = 0; i < n; i++)
		if (!listed[ids[i]])
		{
			listed[ids[i]] = true;
			p->target[p->n++] = node_of_number(h, ids[i]);
		}
	pfree(listed);
	return p;
}

RsKeptParts *
rs_kept_parts_all(RsHoldings *h, bool upwards)
{
	const RsOwnershipFile *f = h->kept->file;
	const uint32 *start = upwards != h->swapped ? f->in_start : f->out_start;
	RsKeptParts *p = rs_alloc0(h->budget, 1, sizeof(RsKeptParts), purpose);

	p->whole = h;
	p->chunk = FIRST_PART;
	p->target = rs_alloc(h->budget, f->header->nnodes, sizeof(int64), "targets");
	for (uint32 node = 0; node < f->header->nnodes; node++)
		if (start[node] < start[node + 1])
			p->target[p->n++] = node;
	return p;
}

/* Holdings around the next targets, all that are left if `rest`; their numbers in *ids. NULL: there are none. */
RsHoldings *
rs_kept_parts_next(RsKeptParts *p, MemoryContext budget, bool upwards, bool rest, uint32 **ids, uint32 *n)
{
	RsHoldings *h;

	if (p->at == p->n)
		return NULL;
	h = rs_alloc(budget, 1, sizeof(RsHoldings), purpose);
	*h = *p->whole;				/* nothing was read into it but targets */
	h->budget = budget;
	h->kept = rs_alloc(budget, 1, sizeof(RsKeptHoldings), purpose);
	*h->kept = *p->whole->kept;
	h->interner = rs_interner_create(budget, INT8OID, InvalidOid);
	h->rows = rs_alloc(budget, 1, sizeof(RsHoldingRows), purpose);
	*h->rows = *p->whole->rows;
	h->rows->budget = budget;
	*n = (uint32) (rest ? p->n - p->at : Min(p->n - p->at, p->chunk));
	*ids = rs_alloc(budget, *n, sizeof(uint32), "targets");
	for (uint32 i = 0; i < *n; i++)
		(*ids)[i] = rs_intern(h->interner, Int64GetDatum(p->target[p->at + i]), NULL);
	p->at += *n;
	rs_kept_load_around(h, *ids, *n, upwards);
	p->chunk = Max(16, Min(PARTIES_IN_PART, (uint64) *n * PARTIES_IN_PART / Max(1, rs_interner_count(h->interner))));
	return h;
}

/* The last n targets given out come again after all others. */
void
rs_kept_parts_defer(RsKeptParts *p, uint32 n)
{
	/* as many were taken from before `at` as there are deferred: there is room */
	memmove(p->target + p->ndeferred, p->target + p->at - n, sizeof(int64) * n);
	p->ndeferred += n;
}

/* Give out those that were deferred; false if there are none. */
bool
rs_kept_parts_again(RsKeptParts *p)
{
	p->at = 0;
	p->n = p->ndeferred;
	p->ndeferred = 0;
	return p->n > 0;
}

/* ---------- order ---------- */

typedef struct Place
{
	uint64		place;			/* node, or where a stranger would stand; then the stranger's rank */
	uint32		id;
} Place;

static int
compare_places(const void *a, const void *b)
{
	uint64		x = ((const Place *) a)->place,
				y = ((const Place *) b)->place;

	return x < y ? -1 : x > y;
}

/* place[0 .. n) in order, by the bits above the lower 32: 11 at a time, least first. */
static Place *
sort_places(Place *place, Place *spare, uint32 n, uint32 most)
{
	for (int shift = 32; shift < 64 && (most >> (shift - 32)) > 0; shift += 11)
	{
		uint32		start[2049] = {0};
		Place	   *swap = place;

		for (uint32 i = 0; i < n; i++)
			start[((place[i].place >> shift) & 2047) + 1]++;
		for (int k = 0; k < 2048; k++)
			start[k + 1] += start[k];
		for (uint32 i = 0; i < n; i++)
			spare[start[(place[i].place >> shift) & 2047]++] = place[i];
		place = spare;
		spare = swap;
	}
	return place;
}

/* Places of strangers among themselves: sorted once for all parts of a question, which number none. */
static const uint32 *
rank_identifiers(RsHoldings *h)
{
	RsKeptHoldings *k = h->kept,
			   *whole = k->whole;

	if (k->identifiers == NULL)
		return NULL;
	if (k->identifiers != whole->identifiers)
		return rs_interner_ranks(k->identifiers, h->budget);
	if (whole->rank == NULL || whole->nranked != rs_interner_count(whole->identifiers))
	{
		whole->rank = rs_interner_ranks(whole->identifiers, whole->budget);
		whole->nranked = rs_interner_count(whole->identifiers);
	}
	return whole->rank;
}

/* rank[number] = place of the identifier among those met. */
uint32 *
rs_kept_ranks(RsHoldings *h)
{
	RsKeptHoldings *k = h->kept;
	uint32		n = rs_interner_count(h->interner),
				nnodes = k->file->header->nnodes;
	uint32	   *rank = rs_alloc(h->budget, n, sizeof(uint32), purpose);
	const uint32 *stranger_rank = rank_identifiers(h);
	Place	   *place = rs_alloc(h->budget, (uint64) n * 2, sizeof(Place), purpose);
	bool		strangers = false;

	for (uint32 id = 0; id < n; id++)
	{
		int64		node = node_of_number(h, id);

		place[id].id = id;
		if (node < nnodes)
			place[id].place = (uint64) node << 32 | UINT32_MAX;
		else
		{
			uint32		identifier = (uint32) (node - nnodes);
			bool		found;

			strangers = true;
			place[id].place = (uint64) place_of(k, rs_interner_datum(k->identifiers, identifier), &found) << 32 |
				stranger_rank[identifier];
		}
	}
	/* Nodes differ in the upper half; few, or with strangers, are compared. */
	if (strangers || n < 256)
		qsort(place, n, sizeof(Place), compare_places);
	else
		place = sort_places(place, place + n, n, nnodes);
	for (uint32 i = 0; i < n; i++)
		rank[place[i].id] = i;
	return rank;
}
