/*
 * src/seal_set.c
 *	  Many seals with the keys of their rows, put into order.
 *
 * Seals are collected in one array and ordered by their bytes: the order that
 * anybody can restore who has the rows, whatever their keys and collations are.
 * Seals are evenly spread, so three passes of a radix sort over their first 33
 * bits all but order them; what is left in a run is compared whole.
 *
 * Memory: 32 bytes and the key a row, 32 more while ordering; all of it in the
 * budget. Cost: linear.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "port/pg_bswap.h"

#include "rs_memory.h"
#include "seal_set.h"

#define RADIX_BITS 11
#define RADIX_SIZE (1 << RADIX_BITS)
#define RADIX_PASSES 3
#define RADIX_LOW (64 - RADIX_PASSES * RADIX_BITS)	/* first bit that is looked at */

void
rs_seal_set_add(RsSealSet *set, const uint8 *seal, const char *key, uint64 length)
{
	uint64		start = set->n > 0 && set->key_end ? set->key_end[set->n - 1] : 0;

	set->seal = rs_grow(set->budget, set->seal, &set->seal_room, set->n + 1, RS_SEAL_LENGTH, "the seals of a day");
	memcpy(set->seal + set->n * RS_SEAL_LENGTH, seal, RS_SEAL_LENGTH);
	if (key != NULL)
	{
		set->key_end = rs_grow(set->budget, set->key_end, &set->end_room, set->n + 1, sizeof(uint64), "the seals of a day");
		set->key = rs_grow(set->budget, set->key, &set->key_room, start + length, 1, "the keys of a day");
		memcpy(set->key + start, key, length);
		set->key_end[set->n] = start + length;
	}
	set->n++;
}

const char *
rs_seal_set_key(const RsSealSet *set, const uint8 *seal, uint64 *length)
{
	uint64		i = (seal - set->seal) / RS_SEAL_LENGTH;
	uint64		start = i > 0 ? set->key_end[i - 1] : 0;

	*length = set->key_end[i] - start;
	return set->key + start;
}

static int
compare(const void *a, const void *b)
{
	const RsSealPlace *x = a;
	const RsSealPlace *y = b;
	int			c = memcmp(x->seal, y->seal, RS_SEAL_LENGTH);

	/* equal seals stay as they came */
	return c != 0 ? c : x->seal < y->seal ? -1 : x->seal > y->seal;
}

RsSealPlace *
rs_seal_set_order(RsSealSet *set)
{
	RsSealPlace *from = rs_alloc(set->budget, set->n, sizeof(RsSealPlace), "the order of seals");
	RsSealPlace *to = rs_alloc(set->budget, set->n, sizeof(RsSealPlace), "the order of seals");

	for (uint64 i = 0; i < set->n; i++)
	{
		from[i].seal = set->seal + i * RS_SEAL_LENGTH;
		memcpy(&from[i].prefix, from[i].seal, sizeof(uint64));
		from[i].prefix = pg_ntoh64(from[i].prefix);
	}
	for (int pass = 0; pass < RADIX_PASSES; pass++)
	{
		int			shift = RADIX_LOW + pass * RADIX_BITS;
		uint64		at[RADIX_SIZE] = {0};
		uint64		sum = 0;
		RsSealPlace *swap = from;

		CHECK_FOR_INTERRUPTS();
		for (uint64 i = 0; i < set->n; i++)
			at[from[i].prefix >> shift & (RADIX_SIZE - 1)]++;
		for (int i = 0; i < RADIX_SIZE; i++)
		{
			uint64		n = at[i];

			at[i] = sum;
			sum += n;
		}
		for (uint64 i = 0; i < set->n; i++)
			to[at[from[i].prefix >> shift & (RADIX_SIZE - 1)]++] = from[i];
		from = to;
		to = swap;
	}
	for (uint64 i = 0, j; i < set->n; i = j)
	{
		for (j = i + 1; j < set->n && from[j].prefix >> RADIX_LOW == from[i].prefix >> RADIX_LOW; j++)
			;
		if (j > i + 1)
		{
			CHECK_FOR_INTERRUPTS();
			qsort(from + i, j - i, sizeof(RsSealPlace), compare);
		}
	}
	pfree(to);
	return from;
}

void
rs_seal_set_root(const RsSealSet *set, const RsSealPlace *place, uint8 *root)
{
	RsMerkle	tree = {0};

	for (uint64 i = 0; i < set->n; i++)
	{
		if ((i & 0x3fff) == 0)
			CHECK_FOR_INTERRUPTS();
		rs_merkle_add(&tree, place[i].seal, RS_SEAL_LENGTH);
	}
	rs_merkle_root(&tree, root);
}
