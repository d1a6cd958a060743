/*
 * src/graph_keys.c
 *	  Sets of identifiers in the file of a kept graph.
 *
 * Integers take as many bytes as their range needs, other types of fixed length
 * their length, the rest an offset and their bytes in a heap.
 */
#include "postgres.h"

#include "common/hashfn.h"

#include "graph_file.h"

#ifdef WORDS_BIGENDIAN
#error "kept graphs pack integers little-endian"
#endif

/* ---------- describing ---------- */

/* Fewest bytes for any integer of [low, high], stored as the distance from low. */
static uint32
key_width(int64 low, int64 high)
{
	uint64		range = (uint64) high - (uint64) low;
	uint32		width = 0;

	while (range > 0)
	{
		width++;
		range >>= 8;
	}
	return width;
}

void
rs_graph_describe_keys(RsGraphKeys *k, const RsKeyType *type, Oid oid,
					   int64 low, int64 high, uint64 heap)
{
	memset(k, 0, sizeof(*k));
	k->kind = type->kind;
	k->type = oid;
	switch (type->kind)
	{
		case RS_KEY_INT:
			k->base = low;
			k->top = high;
			k->width = key_width(low, high);
			break;
		case RS_KEY_FIXED:
			k->length = type->length;
			break;
		case RS_KEY_BYTES:
			k->width = heap <= UINT32_MAX ? 4 : 8;
			break;
	}
}

bool
rs_key_lengths(const RsGraphKeys *keys, uint64 count, uint64 heap, uint64 *length)
{
	switch (keys->kind)
	{
		case RS_KEY_INT:
			*length = count * keys->width;
			return keys->width <= 8 && heap == 0;
		case RS_KEY_FIXED:
			*length = count * keys->length;
			return keys->length > 0 && keys->length <= RS_KEY_MAX_LENGTH && heap == 0;
		case RS_KEY_BYTES:
			*length = (count + 1) * keys->width;
			return keys->width == 4 || keys->width == 8;
	}
	return false;
}

/* ---------- reading ---------- */

void
rs_key_set_open(RsKeySet *set, const RsGraphKeys *keys, uint32 count, const char *key,
				const char *heap, uint64 heap_length)
{
	set->type.kind = (RsKeyKind) keys->kind;
	set->type.length = keys->length;
	set->type.compare = NULL;
	set->type.arg = NULL;
	set->count = count;
	set->base = keys->base;
	set->width = keys->width;
	set->key = key;
	set->heap = heap;
	set->heap_length = heap_length;
}

bool
rs_key_heap_ends(const RsKeySet *set)
{
	return set->type.kind != RS_KEY_BYTES ||
		rs_key_unpack(set->key + (uint64) set->count * set->width, set->width) == set->heap_length;
}

RsKey
rs_key_get(const RsKeySet *set, uint32 number)
{
	RsKey		key = {0};

	Assert(number < set->count);
	switch (set->type.kind)
	{
		case RS_KEY_INT:
			key.integer = rs_key_integer(set, number);
			break;
		case RS_KEY_FIXED:
			key.bytes = set->key + (uint64) number * set->type.length;
			key.length = set->type.length;
			break;
		case RS_KEY_BYTES:
			{
				uint64		from = rs_key_unpack(set->key + (uint64) number * set->width, set->width);
				uint64		to = rs_key_unpack(set->key + ((uint64) number + 1) * set->width, set->width);

				key.bytes = set->heap + from;
				key.length = (uint32) (to - from);
				break;
			}
	}
	return key;
}

int
rs_key_compare(const RsKeyType *type, const RsKey *a, const RsKey *b)
{
	int			c;

	if (type->compare)
		return type->compare(type->arg, a, b);
	if (type->kind == RS_KEY_INT)
		return (a->integer > b->integer) - (a->integer < b->integer);
	c = memcmp(a->bytes, b->bytes, Min(a->length, b->length));
	return c ? c : (a->length > b->length) - (a->length < b->length);
}

uint64
rs_key_hash(const RsKeyType *type, const RsKey *key)
{
	if (type->kind == RS_KEY_INT)
		return rs_mix64((uint64) key->integer + UINT64CONST(0x9e3779b97f4a7c15));
	return hash_bytes_extended((const unsigned char *) key->bytes, (int) key->length, 0x5eed);
}

static inline uint32
by_order(const uint32 *order, uint32 place)
{
	return order ? order[place] : place;
}

/*
 * Integers are often spread evenly: look where one would stand between the two
 * around it, a few times. Narrows [*low, *high) to places that can hold it.
 */
static void
interpolate(const RsKeySet *set, int64 top, const uint32 *order, int64 key, uint32 *low, uint32 *high)
{
	uint64		below = (uint64) set->base, /* least and greatest value left */
				above = (uint64) top;

	for (int step = 0; step < 4 && *high - *low > 4; step++)
	{
		uint32		at = *low + (uint32) ((double) ((uint64) key - below) / ((double) (above - below) + 1) * (*high - *low));
		int64		found;

		at = Min(at, *high - 1);
		found = rs_key_integer(set, by_order(order, at));
		if (found == key)
		{
			*low = at;
			*high = at + 1;
			return;
		}
		if (found < key)
		{
			*low = at + 1;
			below = (uint64) found + 1;
		}
		else
		{
			*high = at;
			above = (uint64) found - 1;
		}
	}
}

uint32
rs_key_place(const RsKeySet *set, int64 top, const uint32 *order, const RsKey *key, bool *exists)
{
	uint32		low = 0,
				high = set->count;

	*exists = false;
	if (set->type.kind == RS_KEY_INT && set->type.compare == NULL && high > 0)
	{
		if (key->integer < set->base)
			return 0;
		if (key->integer > top)
			return high;
		interpolate(set, top, order, key->integer, &low, &high);
	}
	while (low < high)
	{
		uint32		middle = low + (high - low) / 2;
		RsKey		found = rs_key_get(set, by_order(order, middle));
		int			c = rs_key_compare(&set->type, &found, key);

		if (c == 0)
		{
			*exists = true;
			return middle;
		}
		if (c < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

uint32
rs_key_find(const RsKeySet *set, int64 top, const uint32 *order, const RsKey *key)
{
	bool		found;
	uint32		place = rs_key_place(set, top, order, key, &found);

	return found ? by_order(order, place) : RS_NO_ID;
}

/* ---------- writing ---------- */

void
rs_key_stream_begin(RsKeyStream *s, MemoryContext budget, const RsGraphHost *host,
					const RsGraphKeys *keys, RsGraphExtent *key, RsGraphExtent *heap)
{
	s->keys = keys;
	s->heap_at = 0;
	rs_graph_stream_begin(&s->key, budget, host, key);
	rs_graph_stream_begin(&s->heap, budget, host, heap);
}

void
rs_key_stream_close(RsKeyStream *s)
{
	if (s->keys->kind == RS_KEY_BYTES)
		rs_stream_packed(&s->key, s->heap_at, s->keys->width);
	rs_graph_stream_close(&s->key);
	rs_graph_stream_close(&s->heap);
}
