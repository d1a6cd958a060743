/*
 * src/attribution_tally.c
 *	  Exact sums by (claim, account): an open-addressing table, drained in order.
 *
 * Used for what ends in an account (held) and for what min_traced cuts there.
 */
#include "postgres.h"

#include "miscadmin.h"

#include "attribution.h"
#include "rs_memory.h"

#define FREE UINT64_MAX
static const char purpose[] = "sums by claim and account";

static uint64
place(const RsTally *t, uint64 key)
{
	uint64		h = key * UINT64CONST(0x9e3779b97f4a7c15);
	uint64		i = (h ^ (h >> 32)) & (t->size - 1);

	while (t->key[i] != FREE && t->key[i] != key)
		i = (i + 1) & (t->size - 1);
	return i;
}

static void
enlarge(RsTally *t)
{
	RsTally		old = *t;

	t->size = old.size ? old.size * 2 : 64;
	t->key = rs_alloc(t->budget, t->size, sizeof(uint64), purpose);
	t->sum = rs_alloc(t->budget, t->size, sizeof(int128), purpose);
	memset(t->key, 0xff, t->size * sizeof(uint64));
	for (uint64 i = 0; i < old.size; i++)
		if (old.key[i] != FREE)
		{
			uint64		k = place(t, old.key[i]);

			t->key[k] = old.key[i];
			t->sum[k] = old.sum[i];
		}
	if (old.key)
	{
		pfree(old.key);
		pfree(old.sum);
	}
}

void
rs_tally_add(RsTally *t, uint32 claim, uint32 account, int128 more)
{
	uint64		key = (uint64) claim << 32 | account;
	uint64		i;

	if (more == 0)
		return;
	if (t->n * 4 >= t->size * 3)
		enlarge(t);
	i = place(t, key);
	if (t->key[i] == FREE)
	{
		t->key[i] = key;
		t->sum[i] = 0;
		t->n++;
	}
	t->sum[i] += more;
}

#define ST_SORT sort_keys
#define ST_ELEMENT_TYPE uint64
#define ST_COMPARE(a, b) (*(a) < *(b) ? -1 : *(a) > *(b))
#define ST_SCOPE static
#define ST_CHECK_FOR_INTERRUPTS
#define ST_DEFINE
#include "lib/sort_template.h"

void
rs_tally_drain(RsTally *t, void (*each) (void *arg, uint32 claim, uint32 account, int128 sum), void *arg)
{
	uint64	   *key;
	uint64		n = 0;

	if (t->n == 0)
		return;
	key = rs_alloc(t->budget, t->n, sizeof(uint64), purpose);
	for (uint64 i = 0; i < t->size; i++)
		if (t->key[i] != FREE)
			key[n++] = t->key[i];
	sort_keys(key, n);
	for (uint64 k = 0; k < n; k++)
		each(arg, (uint32) (key[k] >> 32), (uint32) key[k], t->sum[place(t, key[k])]);
	pfree(key);
	memset(t->key, 0xff, t->size * sizeof(uint64));
	t->n = 0;
}
