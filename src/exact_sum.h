/*
 * src/exact_sum.h
 *	  Sums of float8 without rounding, so that order and parallel plan do not matter.
 *
 * The sum is kept as an expansion: non-overlapping float8 parts, ascending in
 * size, whose mathematical sum is the exact total (Shewchuk 1997). Adding costs
 * a few operations per part, and there are rarely more than three parts. The
 * float8 range allows at most 40 parts; values must be finite and below 1e300.
 */
#ifndef RS_EXACT_SUM_H
#define RS_EXACT_SUM_H

#include "postgres.h"

#include <math.h>

#define RS_EXACT_PARTS 42

typedef struct RsExactSum
{
	int			n;
	float8		part[RS_EXACT_PARTS];
} RsExactSum;

static inline void
rs_exact_add(RsExactSum *sum, float8 x)
{
	int			kept = 0;

	for (int i = 0; i < sum->n; i++)
	{
		float8		y = sum->part[i],
					high,
					low;

		if (fabs(x) < fabs(y))
		{
			float8		swap = x;

			x = y;
			y = swap;
		}
		high = x + y;
		low = y - (high - x);
		if (low != 0)
			sum->part[kept++] = low;
		x = high;
	}
	if (x != 0)
		sum->part[kept++] = x;
	sum->n = kept;
}

/* The exact product as two float8, without needing fma (Dekker, Veltkamp). */
static inline void
rs_exact_add_product(RsExactSum *sum, float8 a, float8 b)
{
	float8		p = a * b,
				c,
				ah,
				al,
				bh,
				bl;

	c = 134217729.0 * a;
	ah = c - (c - a);
	al = a - ah;
	c = 134217729.0 * b;
	bh = c - (c - b);
	bl = b - bh;
	rs_exact_add(sum, p);
	rs_exact_add(sum, ((ah * bh - p) + ah * bl + al * bh) + al * bl);
}

static inline void
rs_exact_merge(RsExactSum *into, const RsExactSum *from)
{
	for (int i = 0; i < from->n; i++)
		rs_exact_add(into, from->part[i]);
}

/* Correctly rounded (half to even on the exact value). */
static inline float8
rs_exact_value(const RsExactSum *sum)
{
	float8		high = 0,
				low = 0;
	int			i = sum->n;

	if (i == 0)
		return 0;
	high = sum->part[--i];
	while (i > 0)
	{
		float8		x = high,
					y = sum->part[--i];

		high = x + y;
		low = y - (high - x);
		if (low != 0)
			break;
	}
	/* the rest decides a tie that the first remainder left open */
	if (i > 0 && ((low < 0 && sum->part[i - 1] < 0) || (low > 0 && sum->part[i - 1] > 0)))
	{
		float8		y = low * 2,
					x = high + y;

		if (y == x - high)
			high = x;
	}
	return high;
}

#endif							/* RS_EXACT_SUM_H */
