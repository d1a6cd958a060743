/*
 * src/attribution_mix.c
 *	  What claims own of a mixed sum of money: a list of (claim, amount).
 *
 * Lists are in no order, because division among claims breaks ties by the
 * claim's number, not by its place. Short lists are searched; longer ones get
 * a hash when somebody asks for a claim (a payment taken out of a pool is only
 * ever walked, so it never pays for one).
 */
#include "postgres.h"

#include "common/hashfn.h"

#include "attribution_mix.h"
#include "rs_memory.h"

#define FREE	UINT32_MAX
#define LINEAR	16				/* longer lists get a hash */

static const char purpose[] = "following claims";

static void
rehash(MemoryContext budget, RsMix *m)
{
	uint32		slots = m->slots ? m->slots : 64;

	while (slots < m->n * 2 + 2)
		slots *= 2;
	if (slots != m->slots)
		m->slot = rs_resize(budget, m->slot, slots, sizeof(uint32), purpose);
	m->slots = slots;
	memset(m->slot, 0xff, (Size) slots * sizeof(uint32));
	m->hashed = true;
	for (uint32 i = 0; i < m->n; i++)
	{
		uint32		k = murmurhash32(m->claim[i]) & (slots - 1);

		while (m->slot[k] != FREE)
			k = (k + 1) & (slots - 1);
		m->slot[k] = i;
	}
}

/* Append a claim that is known to be absent. */
uint32
rs_mix_append(MemoryContext budget, RsMix *m, uint32 claim, int128 amount)
{
	m->claim = rs_grow(budget, m->claim, &m->claim_capacity, (uint64) m->n + 1, sizeof(uint32), purpose);
	m->amount = rs_grow(budget, m->amount, &m->amount_capacity, (uint64) m->n + 1, sizeof(int128), purpose);
	m->claim[m->n] = claim;
	m->amount[m->n] = amount;
	m->hashed = false;
	return m->n++;
}

/* Place of a claim, appended with 0 if absent. */
uint32
rs_mix_find(MemoryContext budget, RsMix *m, uint32 claim)
{
	uint32		k;

	if (m->n <= LINEAR)
	{
		for (uint32 i = 0; i < m->n; i++)
			if (m->claim[i] == claim)
				return i;
		return rs_mix_append(budget, m, claim, 0);
	}
	if (!m->hashed || m->slots < m->n * 2 + 2)
		rehash(budget, m);
	k = murmurhash32(claim) & (m->slots - 1);
	while (m->slot[k] != FREE)
	{
		if (m->claim[m->slot[k]] == claim)
			return m->slot[k];
		k = (k + 1) & (m->slots - 1);
	}
	m->slot[k] = rs_mix_append(budget, m, claim, 0);
	m->hashed = true;
	return m->n - 1;
}

void
rs_mix_set(MemoryContext budget, RsMix *m, uint32 claim, int128 amount)
{
	uint32		k = rs_mix_find(budget, m, claim);	/* may move the arrays */

	m->amount[k] = amount;
}

/* Drop claims that have nothing left. */
void
rs_mix_compact(MemoryContext budget, RsMix *m)
{
	uint32		n = 0;

	for (uint32 i = 0; i < m->n; i++)
		if (m->amount[i] > 0)
		{
			m->claim[n] = m->claim[i];
			m->amount[n++] = m->amount[i];
		}
	if (n != m->n)
		m->hashed = false;
	m->n = n;
}

int128
rs_mix_sum(const RsMix *m)
{
	int128		sum = 0;

	for (uint32 i = 0; i < m->n; i++)
		sum += m->amount[i];
	return sum;
}

/* Nothing left: give the arrays of a list that was long back. */
void
rs_mix_clear(RsMix *m)
{
	m->n = 0;
	if (m->amount_capacity <= 64)
		return;
	pfree(m->claim);
	pfree(m->amount);
	if (m->slot)
		pfree(m->slot);
	memset(m, 0, sizeof(RsMix));
}
