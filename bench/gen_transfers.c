/*
 * bench/gen_transfers.c
 *	  A deterministic transfers table with the skew of a payment network.
 *
 *	  gen_transfers ACCOUNTS TRANSFERS SEED OUT.csv [OUT.bin]
 *
 * CSV: txid,src,dst,amount,ts in time order, txid = 1..m.
 * BIN: records {int32 src, int32 dst, int64 cents, int64 unix time}, same order,
 *		for the plain C floors.
 *
 * Degrees follow a power law (rank n*u^2.5, tail exponent 2.67; the biggest
 * hub holds n^-0.4 of all transfers); half of the receivers are as busy as
 * senders. Amounts are lognormal around 500 yuan; times uniform over 90 days.
 * m/10000 chains of 5 to 8 hops and as many cycles of 3 to 5 are planted, each
 * hop 1 to 12 hours after the one before, losing 0.5 to 3 percent.
 */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

typedef struct
{
	int32_t		src,
				dst;
	int64_t		cents,
				at;
} Transfer;

static uint64_t state;
static int64_t accounts;
static int64_t sender_step,
			sender_shift,
			receiver_step,
			receiver_shift;

/* splitmix64 */
static uint64_t
draw(void)
{
	uint64_t	z = (state += 0x9E3779B97F4A7C15ULL);

	z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
	z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
	return z ^ (z >> 31);
}

static double
uniform(void)
{
	return ((double) (draw() >> 11) + 0.5) / 9007199254740992.0;
}

static int64_t
common_divisor(int64_t a, int64_t b)
{
	while (b)
	{
		int64_t		t = a % b;

		a = b;
		b = t;
	}
	return a;
}

static int64_t
coprime(double share)
{
	int64_t		p = (int64_t) (share * (double) accounts) | 1;

	while (common_divisor(p, accounts) != 1)
		p += 2;
	return p;
}

static int64_t
busy_rank(void)
{
	int64_t		r = (int64_t) ((double) accounts * pow(uniform(), 1.0 / (1.0 - 0.6)));

	return r >= accounts ? accounts - 1 : r;
}

/* Ranks are scattered over the account numbers. */
static int32_t
scatter(int64_t rank, int64_t step, int64_t shift)
{
	return (int32_t) (((__int128) rank * step + shift) % accounts + 1);
}

static int64_t
lognormal_cents(void)
{
	double		g = sqrt(-2.0 * log(uniform())) * cos(2 * M_PI * uniform());
	double		yuan = exp(log(500.0) + 1.6 * g);
	int64_t		cents = (int64_t) ((yuan > 9e9 ? 9e9 : yuan) * 100.0);

	return cents < 1 ? 1 : cents;
}

static int
in_time(const void *a, const void *b)
{
	const Transfer *x = a,
			   *y = b;

	if (x->at != y->at)
		return x->at < y->at ? -1 : 1;
	if (x->src != y->src)
		return x->src < y->src ? -1 : 1;
	if (x->dst != y->dst)
		return x->dst < y->dst ? -1 : 1;
	return (x->cents > y->cents) - (x->cents < y->cents);
}

int
main(int argc, char **argv)
{
	const int64_t begin = 1767225600LL;	/* 2026-01-01 00:00 UTC */
	const int64_t span = 90LL * 86400;
	int64_t		m,
				k = 0;
	Transfer   *t;
	FILE	   *out;

	if (argc < 5)
	{
		fprintf(stderr, "usage: gen_transfers ACCOUNTS TRANSFERS SEED OUT.csv [OUT.bin]\n");
		return 2;
	}
	accounts = atoll(argv[1]);
	m = atoll(argv[2]);
	state = (uint64_t) atoll(argv[3]);
	sender_step = coprime(0.6180339887);
	sender_shift = accounts / 3;
	receiver_step = coprime(0.4142135623);
	receiver_shift = accounts / 7;
	t = malloc(sizeof(Transfer) * (size_t) m);
	if (t == NULL)
		return 1;

	for (int cycle = 0; cycle < 2; cycle++)
		for (int64_t c = 0; c < m / 10000; c++)
		{
			int			length = cycle ? 3 + (int) (draw() % 3) : 5 + (int) (draw() % 4);
			int64_t		when = begin + (int64_t) (uniform() * (double) (span - 5 * 86400));
			int64_t		cents = (int64_t) (1000000 + draw() % 99000000);
			int32_t		first = (int32_t) (draw() % accounts + 1),
						here = first;

			for (int s = 0; s < length && k < m; s++)
			{
				int32_t		next = cycle && s == length - 1 ? first : (int32_t) (draw() % accounts + 1);

				if (next == here)
					next = (int32_t) (next % accounts + 1);
				t[k++] = (Transfer) {here, next, cents, when};
				here = next;
				when += 3600 + (int64_t) (draw() % 39600);
				cents -= cents * (int64_t) (5 + draw() % 26) / 1000;
			}
		}
	while (k < m)
	{
		int32_t		src = scatter(busy_rank(), sender_step, sender_shift);
		int64_t		rank = busy_rank();
		int32_t		dst = draw() & 1 ? scatter(rank, sender_step, sender_shift)
			: scatter(rank, receiver_step, receiver_shift);

		if (src == dst)
			continue;
		t[k].src = src;
		t[k].dst = dst;
		t[k].cents = lognormal_cents();
		t[k].at = begin + (int64_t) (uniform() * (double) span);
		k++;
	}
	qsort(t, (size_t) m, sizeof(Transfer), in_time);

	out = fopen(argv[4], "w");
	if (out == NULL)
		return 1;
	for (int64_t i = 0; i < m; i++)
	{
		time_t		at = (time_t) t[i].at;
		struct tm	u;

		gmtime_r(&at, &u);
		fprintf(out, "%lld,%d,%d,%lld.%02lld,%04d-%02d-%02d %02d:%02d:%02d+00\n", (long long) i + 1,
				t[i].src, t[i].dst, (long long) t[i].cents / 100, (long long) t[i].cents % 100,
				u.tm_year + 1900, u.tm_mon + 1, u.tm_mday, u.tm_hour, u.tm_min, u.tm_sec);
	}
	if (fclose(out) != 0)
		return 1;
	if (argc > 5)
	{
		out = fopen(argv[5], "wb");
		if (out == NULL || fwrite(t, sizeof(Transfer), (size_t) m, out) != (size_t) m || fclose(out) != 0)
			return 1;
	}
	free(t);
	return 0;
}
