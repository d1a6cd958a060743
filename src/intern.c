/*
 * src/intern.c
 *	  Identifiers of any hashable type <-> dense numbers 0, 1, 2 ...
 *
 * Engines work on numbers; what an account "is" matters only when rows come in
 * and when answers go out. Three layouts, chosen once by type:
 *
 *	 INT	int2/int4/int8: the hash slot holds the key itself, so a look-up
 *			touches one cache line;
 *	 BYTES	text, varchar (deterministic collations) and uuid: equality is
 *			equality of bytes; a slot holds 32 bits of hash and the number;
 *	 OTHER	any type with a default hash class, through its own functions.
 *
 * Open addressing with linear probing, at most 5/8 full; nothing is ever
 * removed. Values are copied into blocks of the budget. A look-up costs 20 to
 * 60 ns while the table is in cache and one memory access beyond. Neighbouring
 * integers stay neighbours in runs of 16, so ids that come in order cost one
 * cache miss in four.
 *
 * As long as new values come in ascending order, as the ids of a ledger do,
 * there is no table at all: appending needs one comparison, finding a binary
 * search. The first value out of order, or many finds, build the table.
 *
 * Equality is the type's own. The order of rs_interner_compare() is the type's
 * own too, but never a locale's: text compares by bytes.
 */
#include "pg_compat.h"

#include "catalog/pg_collation.h"
#include "catalog/pg_type.h"
#include "common/hashfn.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "port/pg_bswap.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/typcache.h"
#include "utils/uuid.h"

#include "intern.h"
#include "rs_memory.h"

typedef enum Layout
{
	LAYOUT_INT,
	LAYOUT_BYTES,
	LAYOUT_OTHER
} Layout;

typedef struct IntSlot
{
	int64		key;
	uint32		id;				/* RS_NO_ID: free */
} IntSlot;

typedef struct HashSlot
{
	uint32		hash;
	uint32		id;				/* RS_NO_ID: free */
} HashSlot;

/*
 * An aggregate may have an interner per group: small ones must stay small, so
 * blocks and table start low and double.
 */
#define BLOCK_SIZE (256 * 1024)
#define FIRST_BLOCK_SIZE 512
#define FIRST_SLOTS 32

/*
 * Where an integer's search begins: runs of 16 consecutive keys stay together,
 * the runs are scattered by the finalizer of MurmurHash3.
 */
static inline uint64
int_home(int64 key)
{
	uint64		h = (uint64) key >> 4;

	h ^= h >> 33;
	h *= UINT64CONST(0xff51afd7ed558ccd);
	h ^= h >> 33;
	h *= UINT64CONST(0xc4ceb9fe1a85ec53);
	h ^= h >> 33;
	return (h << 4) | ((uint64) key & 15);
}

struct RsInterner
{
	MemoryContext budget;
	Oid			type;
	Oid			collation;
	int16		typlen;
	bool		typbyval;
	Layout		layout;
	bool		ascending;		/* numbers were given in rs_interner_compare() order */
	uint64		finds;			/* binary searches done instead of having a table */
	FmgrInfo	hash,
				equal,
				compare,
				output;
	bool		has_compare,
				has_output;

	uint32		count;
	uint64		capacity;		/* of values */
	Datum	   *value;			/* INT: the integer; else a pointer or a by-value datum */

	uint64		slots;			/* power of two */
	IntSlot    *int_slot;
	HashSlot   *hash_slot;

	char	   *block;			/* where values are copied */
	Size		block_used,
				block_size;
};

static const char *const purpose = "the identifiers of the query";

static void
resize_slots(RsInterner *in, uint64 slots)
{
	uint64		mask = slots - 1;

	if (in->layout == LAYOUT_INT)
	{
		IntSlot    *fresh = rs_alloc(in->budget, slots, sizeof(IntSlot), purpose);

		for (uint64 i = 0; i < slots; i++)
			fresh[i].id = RS_NO_ID;
		for (uint64 i = 0; i < in->slots; i++)
		{
			IntSlot		s = in->int_slot[i];
			uint64		at;

			if (s.id == RS_NO_ID)
				continue;
			for (at = int_home(s.key) & mask; fresh[at].id != RS_NO_ID; at = (at + 1) & mask)
				;
			fresh[at] = s;
		}
		if (in->int_slot)
			pfree(in->int_slot);
		in->int_slot = fresh;
	}
	else
	{
		HashSlot   *fresh = rs_alloc(in->budget, slots, sizeof(HashSlot), purpose);

		memset(fresh, 0xff, slots * sizeof(HashSlot));
		for (uint64 i = 0; i < in->slots; i++)
		{
			HashSlot	s = in->hash_slot[i];
			uint64		at;

			if (s.id == RS_NO_ID)
				continue;
			for (at = s.hash & mask; fresh[at].id != RS_NO_ID; at = (at + 1) & mask)
				;
			fresh[at] = s;
		}
		if (in->hash_slot)
			pfree(in->hash_slot);
		in->hash_slot = fresh;
	}
	in->slots = slots;
}

static void
grow_slots(RsInterner *in)
{
	resize_slots(in, in->slots ? in->slots * 2 : FIRST_SLOTS);
}

RsInterner *
rs_interner_create(MemoryContext budget, Oid type, Oid collation)
{
	RsInterner *in = rs_alloc0(budget, 1, sizeof(RsInterner), purpose);
	Oid			base = getBaseType(type);
	TypeCacheEntry *entry;

	in->budget = budget;
	in->type = base;
	in->collation = collation;
	in->ascending = true;
	get_typlenbyval(base, &in->typlen, &in->typbyval);

	if (base == INT2OID || base == INT4OID || base == INT8OID)
		in->layout = LAYOUT_INT;
	else if (base == UUIDOID)
		in->layout = LAYOUT_BYTES;
	else if ((base == TEXTOID || base == VARCHAROID) &&
			 (!OidIsValid(collation) || get_collation_isdeterministic(collation)))
		in->layout = LAYOUT_BYTES;
	else
		in->layout = LAYOUT_OTHER;

	if (in->layout == LAYOUT_OTHER)
	{
		entry = lookup_type_cache(base, TYPECACHE_HASH_PROC_FINFO | TYPECACHE_EQ_OPR_FINFO |
								  TYPECACHE_CMP_PROC_FINFO);
		if (!OidIsValid(entry->hash_proc_finfo.fn_oid) || !OidIsValid(entry->eq_opr_finfo.fn_oid))
			ereport(ERROR,
					(errcode(ERRCODE_UNDEFINED_FUNCTION),
					 errmsg("type %s cannot identify accounts or parties", format_type_be(type)),
					 errdetail("It has no equality operator with a hash function."),
					 errhint("Cast the column to text in the query.")));
		/* Own copies: the type cache may be rebuilt while we are at work. */
		fmgr_info_cxt(entry->hash_proc_finfo.fn_oid, &in->hash, budget);
		fmgr_info_cxt(entry->eq_opr_finfo.fn_oid, &in->equal, budget);
		in->has_compare = OidIsValid(entry->cmp_proc_finfo.fn_oid);
		if (in->has_compare)
			fmgr_info_cxt(entry->cmp_proc_finfo.fn_oid, &in->compare, budget);
		if (!OidIsValid(collation) && OidIsValid(get_typcollation(base)))
			in->collation = DEFAULT_COLLATION_OID;
	}
	if (in->layout == LAYOUT_OTHER)
		grow_slots(in);
	return in;
}

/* Room for n bytes that live as long as the interner. */
static char *
keep_bytes(RsInterner *in, Size n)
{
	char	   *at;

	n = MAXALIGN(n);
	if (in->block_used + n > in->block_size)
	{
		in->block_size = Max(n, Min(BLOCK_SIZE, Max(FIRST_BLOCK_SIZE, 2 * in->block_size)));
		in->block = rs_alloc(in->budget, 1, in->block_size, purpose);
		in->block_used = 0;
	}
	at = in->block + in->block_used;
	in->block_used += n;
	return at;
}

static uint32
append(RsInterner *in, Datum value)
{
	if (in->count == RS_NO_ID - 1)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("more than %u different identifiers", RS_NO_ID - 1)));
	if (in->count >= in->capacity)
		in->value = rs_grow(in->budget, in->value, &in->capacity, (uint64) in->count + 1,
							sizeof(Datum), purpose);
	in->value[in->count] = value;
	return in->count++;
}

static inline int64
int_key(const RsInterner *in, Datum value)
{
	switch (in->typlen)
	{
		case 2:
			return DatumGetInt16(value);
		case 4:
			return DatumGetInt32(value);
		default:
			return DatumGetInt64(value);
	}
}

static void build_table(RsInterner *in);

static inline uint32
int_find(RsInterner *in, int64 key, bool insert, bool *found)
{
	uint64		mask;
	uint64		at;

	if (in->slots == 0)
	{
		uint32		low = 0,
					high = in->count;

		if (high == 0 || key > (int64) in->value[high - 1])
		{
			*found = false;
			return insert ? append(in, (Datum) key) : RS_NO_ID;
		}
		while (low < high)
		{
			uint32		middle = low + (high - low) / 2;

			if ((int64) in->value[middle] < key)
				low = middle + 1;
			else
				high = middle;
		}
		*found = (int64) in->value[low] == key;
		if (*found)
		{
			if (++in->finds > 64 + in->count / 8)
				build_table(in);
			return low;
		}
		if (!insert)
			return RS_NO_ID;
		in->ascending = false;
		build_table(in);
	}

	mask = in->slots - 1;
	for (at = int_home(key) & mask; in->int_slot[at].id != RS_NO_ID; at = (at + 1) & mask)
		if (in->int_slot[at].key == key)
		{
			*found = true;
			return in->int_slot[at].id;
		}
	*found = false;
	if (!insert)
		return RS_NO_ID;
	if (((uint64) in->count + 1) * 8 > in->slots * 5)
	{
		grow_slots(in);
		mask = in->slots - 1;
		for (at = int_home(key) & mask; in->int_slot[at].id != RS_NO_ID; at = (at + 1) & mask)
			;
	}
	if (in->count > 0 && (int64) in->value[in->count - 1] > key)
		in->ascending = false;
	in->int_slot[at].id = append(in, (Datum) key);
	in->int_slot[at].key = key;
	return in->int_slot[at].id;
}

/* The bytes that identify a value of layout BYTES. */
static inline const char *
value_bytes(const RsInterner *in, Datum value, Size *n)
{
	if (in->type == UUIDOID)
	{
		*n = UUID_LEN;
		return (const char *) DatumGetUUIDP(value)->data;
	}
	*n = VARSIZE_ANY_EXHDR(DatumGetPointer(value));
	return VARDATA_ANY(DatumGetPointer(value));
}

static int
compare_values(RsInterner *in, Datum x, Datum y)
{
	switch (in->layout)
	{
		case LAYOUT_INT:
			return ((int64) x > (int64) y) - ((int64) x < (int64) y);
		case LAYOUT_BYTES:
			{
				Size		nx,
							ny;
				const char *bx = value_bytes(in, x, &nx),
						   *by = value_bytes(in, y, &ny);
				int			c = memcmp(bx, by, Min(nx, ny));

				return c ? c : (nx > ny) - (nx < ny);
			}
		case LAYOUT_OTHER:
			if (in->has_compare)
			{
				Oid			collation = OidIsValid(in->collation) ? C_COLLATION_OID : InvalidOid;
				int			c = DatumGetInt32(FunctionCall2Coll(&in->compare, collation, x, y));

				if (c != 0)
					return c;
			}
			break;
	}
	/* No order of its own, or equal in it: by the text that is shown. */
	{
		Oid			out;
		bool		varlena;

		getTypeOutputInfo(in->type, &out, &varlena);
		return strcmp(OidOutputFunctionCall(out, x), OidOutputFunctionCall(out, y));
	}
}

static inline uint32
value_hash(RsInterner *in, Datum value)
{
	Size		n;
	const char *bytes;

	if (in->layout == LAYOUT_OTHER)
		return DatumGetUInt32(FunctionCall1Coll(&in->hash, in->collation, value));
	bytes = value_bytes(in, value, &n);
	return hash_bytes((const unsigned char *) bytes, (int) n);
}

static inline bool
same_value(RsInterner *in, Datum x, Datum y)
{
	Size		nx,
				ny;
	const char *bx,
			   *by;

	if (in->layout == LAYOUT_OTHER)
		return DatumGetBool(FunctionCall2Coll(&in->equal, in->collation, x, y));
	bx = value_bytes(in, x, &nx);
	by = value_bytes(in, y, &ny);
	return nx == ny && memcmp(bx, by, nx) == 0;
}

/* A copy that lives as long as the interner. */
static Datum
keep_value(RsInterner *in, Datum value)
{
	Size		size;
	char	   *kept;

	if (in->typbyval)
		return value;
	if (in->typlen == -1)
	{
		struct varlena *v = PG_DETOAST_DATUM_PACKED(value);

		size = VARSIZE_ANY_EXHDR(v);
		kept = keep_bytes(in, size + VARHDRSZ);
		SET_VARSIZE(kept, size + VARHDRSZ);
		memcpy(VARDATA(kept), VARDATA_ANY(v), size);
		if ((Pointer) v != DatumGetPointer(value))
			pfree(v);
		return PointerGetDatum(kept);
	}
	size = in->typlen == -2 ? strlen(DatumGetCString(value)) + 1 : (Size) in->typlen;
	kept = keep_bytes(in, size);
	memcpy(kept, DatumGetPointer(value), size);
	return PointerGetDatum(kept);
}

static uint32
table_find(RsInterner *in, Datum value, bool insert, bool *found)
{
	uint64		mask = in->slots - 1;
	uint64		at;
	uint32		hash = value_hash(in, value);
	Datum		kept;

	for (at = hash & mask; in->hash_slot[at].id != RS_NO_ID; at = (at + 1) & mask)
		if (in->hash_slot[at].hash == hash &&
			same_value(in, in->value[in->hash_slot[at].id], value))
		{
			*found = true;
			return in->hash_slot[at].id;
		}
	*found = false;
	if (!insert)
		return RS_NO_ID;

	if (((uint64) in->count + 1) * 8 > in->slots * 5)
	{
		grow_slots(in);
		mask = in->slots - 1;
		for (at = hash & mask; in->hash_slot[at].id != RS_NO_ID; at = (at + 1) & mask)
			;
	}
	kept = keep_value(in, value);
	if (in->count > 0 && in->ascending && compare_values(in, in->value[in->count - 1], kept) > 0)
		in->ascending = false;
	in->hash_slot[at].id = append(in, kept);
	in->hash_slot[at].hash = hash;
	return in->hash_slot[at].id;
}

/* Find in ascending values by bisection; what is out of order builds the table. */
static uint32
sorted_find(RsInterner *in, Datum value, bool insert, bool *found)
{
	uint32		low = 0,
				high = in->count;

	if (high == 0 || compare_values(in, in->value[high - 1], value) < 0)
	{
		*found = false;
		return insert ? append(in, keep_value(in, value)) : RS_NO_ID;
	}
	while (low < high)
	{
		uint32		middle = low + (high - low) / 2;

		if (compare_values(in, in->value[middle], value) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	*found = same_value(in, in->value[low], value);
	if (*found)
	{
		if (++in->finds > 64 + in->count / 8)
			build_table(in);
		return low;
	}
	if (!insert)
		return RS_NO_ID;
	in->ascending = false;
	build_table(in);
	return table_find(in, value, true, found);
}

static uint32
hash_find(RsInterner *in, Datum value, bool insert, bool *found)
{
	Datum		flat = in->typlen == -1 ? PointerGetDatum(PG_DETOAST_DATUM_PACKED(value)) : value;
	uint32		id = in->slots == 0 ? sorted_find(in, flat, insert, found)
		: table_find(in, flat, insert, found);

	if (flat != value)
		pfree(DatumGetPointer(flat));
	return id;
}

/* From sorted values to a table of them. */
static void
build_table(RsInterner *in)
{
	uint64		slots = 1024;
	uint64		mask,
				at;

	while (((uint64) in->count + 1) * 8 > slots * 5)
		slots *= 2;
	resize_slots(in, slots);
	mask = slots - 1;
	for (uint32 id = 0; id < in->count; id++)
	{
		if ((id & 0xffff) == 0)
			CHECK_FOR_INTERRUPTS();
		if (in->layout == LAYOUT_INT)
		{
			for (at = int_home((int64) in->value[id]) & mask; in->int_slot[at].id != RS_NO_ID; at = (at + 1) & mask)
				;
			in->int_slot[at].key = (int64) in->value[id];
			in->int_slot[at].id = id;
		}
		else
		{
			uint32		hash = value_hash(in, in->value[id]);

			for (at = hash & mask; in->hash_slot[at].id != RS_NO_ID; at = (at + 1) & mask)
				;
			in->hash_slot[at].hash = hash;
			in->hash_slot[at].id = id;
		}
	}
}

/* Number of a value, given now if it is new. Values must not be NULL. */
uint32
rs_intern(RsInterner *in, Datum value, bool *found)
{
	bool		known;
	uint32		id;

	if (in->layout == LAYOUT_INT)
		id = int_find(in, int_key(in, value), true, &known);
	else
		id = hash_find(in, value, true, &known);
	if (found)
		*found = known;
	return id;
}

void
rs_intern_prefetch(const RsInterner *in, Datum value)
{
	if (in->layout == LAYOUT_INT && in->slots > 0)
		__builtin_prefetch(&in->int_slot[int_home(int_key(in, value)) & (in->slots - 1)]);
}

/* Number of a value, RS_NO_ID if it was never interned. */
uint32
rs_intern_lookup(RsInterner *in, Datum value)
{
	bool		known;

	if (in->layout == LAYOUT_INT)
		return int_find(in, int_key(in, value), false, &known);
	return hash_find(in, value, false, &known);
}

uint32
rs_interner_count(const RsInterner *in)
{
	return in->count;
}

Oid
rs_interner_type(const RsInterner *in)
{
	return in->type;
}

/* The value behind a number; by-reference values live as long as the interner. */
Datum
rs_interner_datum(const RsInterner *in, uint32 id)
{
	Assert(id < in->count);
	if (in->layout == LAYOUT_INT)
	{
		int64		key = (int64) in->value[id];

		switch (in->typlen)
		{
			case 2:
				return Int16GetDatum((int16) key);
			case 4:
				return Int32GetDatum((int32) key);
			default:
				return Int64GetDatum(key);
		}
	}
	return in->value[id];
}

/* The value as text, as its type prints it. */
Datum
rs_interner_text(RsInterner *in, uint32 id)
{
	if (in->layout == LAYOUT_INT)
	{
		char		buf[MAXINT8LEN + 1];
		int			n = pg_lltoa((int64) in->value[id], buf);

		return PointerGetDatum(cstring_to_text_with_len(buf, n));
	}
	if (in->type == TEXTOID || in->type == VARCHAROID)
	{
		struct varlena *v = (struct varlena *) DatumGetPointer(in->value[id]);

		return PointerGetDatum(cstring_to_text_with_len(VARDATA_ANY(v), VARSIZE_ANY_EXHDR(v)));
	}
	if (!in->has_output)
	{
		Oid			out;
		bool		varlena;

		getTypeOutputInfo(in->type, &out, &varlena);
		fmgr_info_cxt(out, &in->output, in->budget);
		in->has_output = true;
	}
	return CStringGetTextDatum(OutputFunctionCall(&in->output, in->value[id]));
}

int
rs_interner_compare(RsInterner *in, uint32 a, uint32 b)
{
	return a == b ? 0 : compare_values(in, in->value[a], in->value[b]);
}

typedef struct KeyedId
{
	int64		key;
	uint32		id;
} KeyedId;

#define ST_SORT sort_keyed_ids
#define ST_ELEMENT_TYPE KeyedId
#define ST_COMPARE(a, b) (((a)->key > (b)->key) - ((a)->key < (b)->key))
#define ST_SCOPE static
#define ST_CHECK_FOR_INTERRUPTS
#define ST_DEFINE
#include "lib/sort_template.h"

/* Few values, or values that end: by all their bytes. */
#define ST_SORT sort_few
#define ST_ELEMENT_TYPE KeyedId
#define ST_COMPARE(a, b, in) compare_values(in, (in)->value[(a)->id], (in)->value[(b)->id])
#define ST_COMPARE_ARG_TYPE RsInterner
#define ST_SCOPE static
#define ST_CHECK_FOR_INTERRUPTS
#define ST_DEFINE
#include "lib/sort_template.h"

/* Eight bytes of a value from `depth` on as a number that sorts like them; false if it has none there. */
static inline bool
key_at(const RsInterner *in, uint32 id, Size depth, int64 *key)
{
	Size		n;
	const char *bytes = value_bytes(in, in->value[id], &n);
	uint64		k = 0;

	if (n <= depth)
		return false;
	memcpy(&k, bytes + depth, Min(n - depth, sizeof(k)));
	*key = (int64) (pg_ntoh64(k) ^ (UINT64CONST(1) << 63));
	return true;
}

#define FEW_VALUES 12

/*
 * Sort values by their bytes, eight at a time, so that a comparison touches two
 * numbers side by side and no value: an order of millions of identifiers is
 * wanted by whoever reads a query, and comparing them where they lie misses
 * the cache twice a comparison. head[i] says that a run of values that are
 * alike so far begins at i; every pass splits the runs that are left.
 */
static void
sort_bytes(RsInterner *in, KeyedId *keyed, MemoryContext budget)
{
	uint32		n = in->count;
	bool	   *head = rs_alloc0(budget, (uint64) n + 1, sizeof(bool), purpose);
	bool		again = n > 1;

	head[0] = head[n] = true;
	for (Size depth = 0; again; depth += sizeof(int64))
	{
		again = false;
		for (uint32 first = 0, end; first < n; first = end)
		{
			bool		ended = false;

			for (end = first + 1; !head[end]; end++)
				;
			if (end - first == 1)
				continue;
			for (uint32 i = first; i < end && end - first > FEW_VALUES && !ended; i++)
				ended = !key_at(in, keyed[i].id, depth, &keyed[i].key);
			if (ended || end - first <= FEW_VALUES)
			{
				sort_few(keyed + first, end - first, in);
				memset(head + first, true, end - first);
				continue;
			}
			sort_keyed_ids(keyed + first, end - first);
			for (uint32 i = first + 1; i < end; i++)
				head[i] = keyed[i].key != keyed[i - 1].key;
			again = true;
		}
	}
	pfree(head);
}

/* Values of other types: as the type compares them. */
static int
compare_ids(const void *a, const void *b, void *arg)
{
	static uint32 calls = 0;

	if ((++calls & 0xffff) == 0)
		CHECK_FOR_INTERRUPTS();
	return rs_interner_compare(arg, *(const uint32 *) a, *(const uint32 *) b);
}

/* rank[id] = place of the value in rs_interner_compare() order. */
uint32 *
rs_interner_ranks(RsInterner *in, MemoryContext budget)
{
	uint32	   *rank = rs_alloc(budget, in->count, sizeof(uint32), purpose);
	uint32	   *sorted;

	/* Ledgers come mostly in order of their ids: then there is nothing to sort. */
	if (in->ascending)
	{
		for (uint32 i = 0; i < in->count; i++)
			rank[i] = i;
		return rank;
	}
	if (in->layout == LAYOUT_INT || in->layout == LAYOUT_BYTES)
	{
		KeyedId    *keyed = rs_alloc(budget, in->count, sizeof(KeyedId), purpose);

		for (uint32 i = 0; i < in->count; i++)
		{
			keyed[i].key = (int64) in->value[i];
			keyed[i].id = i;
		}
		if (in->layout == LAYOUT_INT)
			sort_keyed_ids(keyed, in->count);
		else
			sort_bytes(in, keyed, budget);
		for (uint32 i = 0; i < in->count; i++)
			rank[keyed[i].id] = i;
		pfree(keyed);
		return rank;
	}
	sorted = rs_alloc(budget, in->count, sizeof(uint32), purpose);
	for (uint32 i = 0; i < in->count; i++)
		sorted[i] = i;
	qsort_arg(sorted, in->count, sizeof(uint32), compare_ids, in);
	for (uint32 i = 0; i < in->count; i++)
		rank[sorted[i]] = i;
	pfree(sorted);
	return rank;
}
