/*
 * src/attribution_pro_rata.c
 *	  Exact proportional division of money: floors, and the remainder to the largest.
 *
 * A total is divided over weights so that the parts add up to the total, each
 * within one unit of its exact share: everyone gets the floor of the share,
 * and the units left over go to the largest remainders, ties to the lowest
 * claim. All remainders have the same denominator, so they compare as
 * integers. Products of two 64-bit factors take the processor's division;
 * wider ones a 256-bit intermediate, so no input is too large to be exact.
 *
 * Cost: one division per weight; selecting the largest remainders is linear
 * on average (quickselect).
 */
#include "postgres.h"

#include "miscadmin.h"

#include "attribution.h"
#include "rs_memory.h"

/*
 * part * total / whole, rounded down, and the remainder. Needs 0 <= part,
 * 0 <= total <= whole, 0 < whole < 2^127; the quotient is then at most part.
 */
int128
rs_share(int128 part, int128 total, int128 whole, uint128 *rest)
{
	uint128		a = (uint128) part;
	uint128		b = (uint128) total;
	uint128		d = (uint128) whole;
	uint128		high,
				low,
				quotient = 0;

	if (((a | b) >> 64) == 0)
	{
		uint128		product = a * b;

		if ((product >> 64) == 0 && (d >> 64) == 0)
		{
			*rest = (uint64) product % (uint64) d;
			return (int128) ((uint64) product / (uint64) d);
		}
		*rest = product % d;
		return (int128) (product / d);
	}

	/* 256-bit product by 64-bit limbs */
	{
		uint128		a0 = (uint64) a,
					a1 = a >> 64,
					b0 = (uint64) b,
					b1 = b >> 64;
		uint128		p00 = a0 * b0,
					p01 = a0 * b1,
					p10 = a1 * b0,
					p11 = a1 * b1;
		uint128		middle = (p00 >> 64) + (uint64) p01 + (uint64) p10;

		low = (middle << 64) | (uint64) p00;
		high = p11 + (p01 >> 64) + (p10 >> 64) + (middle >> 64);
	}
	if (high == 0)
	{
		*rest = low % d;
		return (int128) (low / d);
	}
	/* long division; high < d because the quotient fits, and d < 2^127 */
	for (int bit = 0; bit < 128; bit++)
	{
		high = high << 1 | low >> 127;
		low <<= 1;
		quotient <<= 1;
		if (high >= d)
		{
			high -= d;
			quotient |= 1;
		}
	}
	*rest = high;
	return (int128) quotient;
}

/*
 * How much of `need`, taken out of a balance, is claimed money: the exact
 * share, rounded to the nearer unit, a half in favour of nobody's money.
 */
int128
rs_pro_rata_take(int128 need, int128 claimed, int128 balance)
{
	uint128		rest;
	int128		take;

	if (need <= 0 || claimed <= 0)
		return 0;
	if (need >= balance)
		return claimed;
	take = rs_share(claimed, need, balance, &rest);
	if (rest > (uint128) balance - rest)
		take++;
	return take;
}

/* Larger remainder first, then lower claim. */
static inline bool
ahead(const RsSplitter *s, const uint32 *claim, uint32 a, uint32 b)
{
	if (s->rest[a] != s->rest[b])
		return s->rest[a] > s->rest[b];
	return claim[a] < claim[b];
}

/* Bring the `wanted` foremost of index[0..n) to its front. */
static void
select_largest(RsSplitter *s, const uint32 *claim, uint32 n, uint32 wanted)
{
	int64		left = 0;
	int64		right = (int64) n - 1;
	int64		k = (int64) wanted - 1;
	uint32	   *x = s->index;

	while (left < right)
	{
		uint32		pivot = x[left + (right - left) / 2];
		int64		i = left;
		int64		j = right;

		while (i <= j)
		{
			while (ahead(s, claim, x[i], pivot))
				i++;
			while (ahead(s, claim, pivot, x[j]))
				j--;
			if (i <= j)
			{
				uint32		swap = x[i];

				x[i++] = x[j];
				x[j--] = swap;
			}
		}
		if (k <= j)
			right = j;
		else if (k >= i)
			left = i;
		else
			break;
	}
}

/*
 * out[i] = weight[i] * total / sum by largest remainder. sum is the sum of the
 * weights, 0 <= total <= sum. Claims are distinct.
 */
void
rs_split(RsSplitter *s, const int128 *weight, const uint32 *claim, uint32 n,
		 int128 sum, int128 total, int128 *out)
{
	int128		left = total;
	uint32		open = 0;
	bool		narrow;
	uint64		ratio = 0;

	if (total == sum)
	{
		memcpy(out, weight, n * sizeof(int128));
		return;
	}
	if (total == 0)
	{
		memset(out, 0, n * sizeof(int128));
		return;
	}
	s->rest = rs_grow(s->budget, s->rest, &s->rest_capacity, n, sizeof(uint128), "division of money");
	s->index = rs_grow(s->budget, s->index, &s->index_capacity, n, sizeof(uint32), "division of money");
	narrow = ((uint128) sum >> 63) == 0;
	if (narrow)
		ratio = (uint64) (((uint128) total << 64) / (uint64) sum);
	for (uint32 i = 0; i < n; i++)
	{
		if (narrow)
		{
			/* multiply by the ratio's 64 bits: right, or one too small */
			uint64		w = (uint64) weight[i];
			uint64		q = (uint64) (((uint128) w * ratio) >> 64);
			uint64		r = w * (uint64) total - q * (uint64) sum;

			if (r >= (uint64) sum)
			{
				q++;
				r -= (uint64) sum;
			}
			out[i] = q;
			s->rest[i] = r;
		}
		else
			out[i] = rs_share(weight[i], total, sum, &s->rest[i]);
		left -= out[i];
		if (s->rest[i] != 0)
			s->index[open++] = i;
		if ((i & 0xfff) == 0xfff)
			CHECK_FOR_INTERRUPTS();
	}
	Assert(left >= 0 && left <= open);
	if (left == 0)
		return;
	if (left < open)
		select_largest(s, claim, open, (uint32) left);
	for (uint32 k = 0; k < (uint32) left; k++)
		out[s->index[k]]++;
}
