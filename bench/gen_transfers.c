/*
 * bench/gen_transfers.c
 *	  A deterministic transfers table with the skew of a payment network.
 *
 *	  gen_transfers ACCOUNTS TRANSFERS SEED OUT.csv|- [OUT.bin]
 *
 * CSV: txid,src,dst,amount,ts in time order, txid = 1..m.
 * -:	the same to standard output as COPY ... (FORMAT binary) reads it, for
 *		100M rows a third of the work on both sides, and no file in between.
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
#include <string.h>
#include <time.h>

#define BEGIN	INT64_C(1767225600)	/* 2026-01-01 00:00 UTC */
#define SPAN	(INT64_C(90) * 86400)
#define EPOCH	INT64_C(946684800)	/* PostgreSQL's: 2000-01-01 00:00 UTC */

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

/* Into seconds first: times are few, so each piece is small. */
static Transfer *
sort_by_time(Transfer *t, int64_t m)
{
	int64_t    *start = calloc(SPAN + 1, sizeof(int64_t));
	Transfer   *sorted = malloc(sizeof(Transfer) * (size_t) m);

	if (start == NULL || sorted == NULL)
		return NULL;
	for (int64_t i = 0; i < m; i++)
		start[t[i].at - BEGIN + 1]++;
	for (int64_t s = 0; s < SPAN; s++)
		start[s + 1] += start[s];
	for (int64_t i = 0; i < m; i++)
		sorted[start[t[i].at - BEGIN]++] = t[i];
	/* start[s] is now the end of second s */
	for (int64_t s = 0; s < SPAN; s++)
	{
		int64_t		first = s > 0 ? start[s - 1] : 0;

		if (start[s] - first > 1)
			qsort(sorted + first, (size_t) (start[s] - first), sizeof(Transfer), in_time);
	}
	free(start);
	free(t);
	return sorted;
}

static void
write_csv(FILE *out, const Transfer *t, int64_t m)
{
	for (int64_t i = 0; i < m; i++)
	{
		time_t		at = (time_t) t[i].at;
		struct tm	u;

		gmtime_r(&at, &u);
		fprintf(out, "%lld,%d,%d,%lld.%02lld,%04d-%02d-%02d %02d:%02d:%02d+00\n", (long long) i + 1,
				t[i].src, t[i].dst, (long long) t[i].cents / 100, (long long) t[i].cents % 100,
				u.tm_year + 1900, u.tm_mon + 1, u.tm_mday, u.tm_hour, u.tm_min, u.tm_sec);
	}
}

/* Big-endian, as COPY wants it. */
static char *
put(char *p, uint64_t value, int bytes)
{
	for (int i = bytes - 1; i >= 0; i--)
		*p++ = (char) (value >> (8 * i));
	return p;
}

static char *
put_bigint(char *p, int64_t value)
{
	return put(put(p, 8, 4), (uint64_t) value, 8);
}

/* numeric with two decimals: digits to the base 10000, without zeros at the end */
static char *
put_amount(char *p, int64_t cents)
{
	uint16_t	digit[6];
	int			n = 0,
				first = 0;
	int64_t		yuan = cents / 100;

	for (int64_t power = INT64_C(1000000000000); power >= 1; power /= 10000)
		digit[n++] = (uint16_t) (yuan / power % 10000);
	digit[n++] = (uint16_t) (cents % 100 * 100);
	while (first < n && digit[first] == 0)
		first++;
	while (n > first && digit[n - 1] == 0)
		n--;
	p = put(p, 8 + 2 * (uint64_t) (n - first), 4);
	p = put(p, (uint64_t) (n - first), 2);
	p = put(p, (uint64_t) (uint16_t) (n > first ? 3 - first : 0), 2);	/* weight of the first digit */
	p = put(p, 0, 2);			/* positive */
	p = put(p, 2, 2);			/* decimals shown */
	for (; first < n; first++)
		p = put(p, digit[first], 2);
	return p;
}

static void
write_copy(FILE *out, const Transfer *t, int64_t m)
{
	static const char head[19] = "PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0";
	char		row[128];

	fwrite(head, sizeof(head), 1, out);
	for (int64_t i = 0; i < m; i++)
	{
		char	   *p = put(row, 5, 2);

		p = put_bigint(p, i + 1);
		p = put_bigint(p, t[i].src);
		p = put_bigint(p, t[i].dst);
		p = put_amount(p, t[i].cents);
		p = put_bigint(p, (t[i].at - EPOCH) * 1000000);
		fwrite(row, (size_t) (p - row), 1, out);
	}
	fwrite("\377\377", 2, 1, out);
}

int
main(int argc, char **argv)
{
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
			int64_t		when = BEGIN + (int64_t) (uniform() * (double) (SPAN - 5 * 86400));
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
		t[k].at = BEGIN + (int64_t) (uniform() * (double) SPAN);
		k++;
	}
	t = sort_by_time(t, m);
	if (t == NULL)
		return 1;

	if (strcmp(argv[4], "-") == 0)
		write_copy(stdout, t, m);
	else
	{
		out = fopen(argv[4], "w");
		if (out == NULL)
			return 1;
		write_csv(out, t, m);
		if (fclose(out) != 0)
			return 1;
	}
	if (ferror(stdout) || fflush(stdout) != 0)
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
