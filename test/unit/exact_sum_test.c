/*
 * test/unit/exact_sum_test.c
 *	  engines: src/rs_memory.c
 *
 * Sums of integers times a power of two are known exactly in int128; the
 * expansion must round to the nearest float8, in any order and any split.
 */
#include <math.h>

#include "exact_sum.h"
#include "pg_shim.h"

static float8
nearest(__int128 v, int shift)
{
	/* gcc and clang round int128 -> double to nearest even */
	return ldexp((float8) v, shift);
}

int
main(void)
{
	bool		right = true,
				same = true,
				small = true,
				product = true;

	shim_init();
	shim_srandom(7);
	for (int round = 0; round < 20000; round++)
	{
		int			n = 1 + shim_random() % 40;
		float8		x[40];
		__int128	total = 0,
					squares = 0;
		RsExactSum	up = {0},
					down = {0},
					part = {0},
					rest = {0},
					square = {0};

		for (int i = 0; i < n; i++)
		{
			int64		m = (int64) (shim_random() >> 12) - (INT64CONST(1) << 51);
			int			shift = shim_random() % 60;

			if (shim_random() % 4 == 0 && i > 0)
				x[i] = -x[i - 1];	/* cancellation */
			else
				x[i] = ldexp((float8) m, shift - 60);
			total += (__int128) (ldexp(x[i], 60));
		}
		for (int i = 0; i < n; i++)
		{
			int64		k = (int64) (shim_random() % 2000000000) - 1000000000;

			rs_exact_add(&up, x[i]);
			rs_exact_add(&down, x[n - 1 - i]);
			rs_exact_add(i % 2 ? &part : &rest, x[i]);
			rs_exact_add_product(&square, (float8) k * 1048577, (float8) k * 1048577);
			squares += (__int128) k * 1048577 * k * 1048577 / 1;
			small = small && up.n <= RS_EXACT_PARTS;
		}
		rs_exact_merge(&part, &rest);
		right = right && rs_exact_value(&up) == nearest(total, -60);
		same = same && rs_exact_value(&down) == rs_exact_value(&up) && rs_exact_value(&part) == rs_exact_value(&up);
		product = product && rs_exact_value(&square) == nearest(squares, 0);
	}
	tap_ok(right, "sums are the nearest float8 to the exact total");
	tap_ok(same, "order and partition do not matter");
	tap_ok(product, "squares are added exactly");
	tap_ok(small, "the expansion stays short");
	return tap_done();
}
