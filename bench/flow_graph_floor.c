/*
 * bench/flow_graph_floor.c
 *	  Floors for the flow graph: plain C over arrays, nothing else.
 *
 *	  flow_graph_floor sort FILE.bin ACCOUNTS
 *		  CPU ms for sorting the transfers by (payer, time) and by (payee, time),
 *		  by qsort() of records (0: too many), and by counting sort of rows that come
 *		  in time order
 *	  flow_graph_floor trace FILE.bin ACCOUNTS HOPS SEED...
 *		  median CPU ms (of 7 passes, one for more than 50M rows) for the traces of all seeds with strictly
 *		  rising times, and the sums of their answers: accounts transfers cents
 *
 * FILE.bin comes from bench/gen_transfers.c. The trace keeps for each account
 * the earliest arrival found so far and the part of its group already counted,
 * level by level: what one would write by hand.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cpu_clock.h"

typedef struct Transfer
{
	int32_t		payer,
				payee;
	int64_t		cents,
				at;
} Transfer;

static Transfer *row;
static int64_t rows,
			accounts;

static void
load(const char *path)
{
	FILE	   *f = fopen(path, "rb");

	if (f == NULL)
	{
		perror(path);
		exit(1);
	}
	fseek(f, 0, SEEK_END);
	rows = ftell(f) / (long) sizeof(Transfer);
	rewind(f);
	row = malloc(rows * sizeof(Transfer));
	if (fread(row, sizeof(Transfer), rows, f) != (size_t) rows)
		exit(1);
	fclose(f);
}

static int
by_payer(const void *a, const void *b)
{
	const Transfer *x = a,
			   *y = b;

	if (x->payer != y->payer)
		return x->payer < y->payer ? -1 : 1;
	return (x->at > y->at) - (x->at < y->at);
}

static int
by_payee(const void *a, const void *b)
{
	const Transfer *x = a,
			   *y = b;

	if (x->payee != y->payee)
		return x->payee < y->payee ? -1 : 1;
	return (x->at > y->at) - (x->at < y->at);
}

static int64_t *start,
		   *at,
		   *cents;
static int32_t *peer;

static void
counting_sort(int incoming)
{
	int64_t    *next = malloc((accounts + 2) * 8);

	start = calloc(accounts + 2, 8);
	peer = malloc(rows * 4);
	at = malloc(rows * 8);
	cents = malloc(rows * 8);
	for (int64_t i = 0; i < rows; i++)
		start[(incoming ? row[i].payee : row[i].payer) + 1]++;
	for (int64_t a = 1; a <= accounts + 1; a++)
		start[a] += start[a - 1];
	memcpy(next, start, (accounts + 2) * 8);
	for (int64_t i = 0; i < rows; i++)
	{
		int64_t		p = next[incoming ? row[i].payee : row[i].payer]++;

		peer[p] = incoming ? row[i].payer : row[i].payee;
		at[p] = row[i].at;
		cents[p] = row[i].cents;
	}
	free(next);
}

static int64_t *arrival,
		   *counted;
static int32_t *level,
		   *next_level,
		   *seen;
static char *in_next;

static int64_t
first_after(int32_t a, int64_t when)
{
	int64_t		low = start[a],
				high = start[a + 1];

	while (low < high)
	{
		int64_t		middle = (low + high) / 2;

		if (at[middle] > when)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

static void
trace(int32_t seed, int hops, int64_t *reached, int64_t *transfers, int64_t *sum)
{
	int64_t		nseen = 0,
				nlevel = 1;
	static int64_t *since;
	static int64_t capacity;

	seen[nseen++] = level[0] = seed;
	arrival[seed] = INT64_MIN;
	for (int h = 0; h < hops && nlevel > 0; h++)
	{
		int64_t		nnext = 0;
		int32_t    *swap;

		if (capacity < nlevel)
			since = realloc(since, (capacity = nlevel * 2 + 1024) * 8);
		for (int64_t i = 0; i < nlevel; i++)
			since[i] = arrival[level[i]];
		for (int64_t i = 0; i < nlevel; i++)
		{
			int32_t		a = level[i];
			int64_t		from = first_after(a, since[i]),
						to = counted[a] < 0 ? start[a + 1] : counted[a];

			if (from >= to)
				continue;
			for (int64_t p = from; p < to; p++)
			{
				int32_t		b = peer[p];

				*sum += cents[p];
				if (at[p] >= arrival[b])
					continue;
				if (arrival[b] == INT64_MAX)
				{
					seen[nseen++] = b;
					*reached += b != seed;
				}
				arrival[b] = at[p];
				if (!in_next[b])
				{
					in_next[b] = 1;
					next_level[nnext++] = b;
				}
			}
			*transfers += to - from;
			counted[a] = from;
		}
		for (int64_t i = 0; i < nnext; i++)
			in_next[next_level[i]] = 0;
		swap = level;
		level = next_level;
		next_level = swap;
		nlevel = nnext;
	}
	for (int64_t i = 0; i < nseen; i++)
	{
		arrival[seen[i]] = INT64_MAX;
		counted[seen[i]] = -1;
	}
}

static int
ascending(const void *a, const void *b)
{
	double		x = *(const double *) a,
				y = *(const double *) b;

	return (x > y) - (x < y);
}

int
main(int argc, char **argv)
{
	double		begin;

	if (argc < 4)
		return 2;
	load(argv[2]);
	accounts = atoll(argv[3]);
	if (strcmp(argv[1], "sort") == 0)
	{
		double		quick = 0,
					counting;

		if (rows <= 20000000)
		{
			Transfer   *copy = malloc(rows * sizeof(Transfer));

			begin = cpu_ms();
			memcpy(copy, row, rows * sizeof(Transfer));
			qsort(copy, rows, sizeof(Transfer), by_payer);
			memcpy(copy, row, rows * sizeof(Transfer));
			qsort(copy, rows, sizeof(Transfer), by_payee);
			quick = cpu_ms() - begin;
			free(copy);
		}
		begin = cpu_ms();
		counting_sort(0);
		counting_sort(1);
		counting = cpu_ms() - begin;
		printf("%.0f %.0f\n", quick, counting);
		return 0;
	}
	counting_sort(0);
	free(row);
	arrival = malloc((accounts + 1) * 8);
	counted = malloc((accounts + 1) * 8);
	level = malloc((accounts + 1) * 4);
	next_level = malloc((accounts + 1) * 4);
	seen = malloc((accounts + 1) * 4);
	in_next = calloc(accounts + 1, 1);
	for (int64_t a = 0; a <= accounts; a++)
	{
		arrival[a] = INT64_MAX;
		counted[a] = -1;
	}
	{
		double		pass[8];
		int			passes = rows > 50000000 ? 2 : 8;	/* the first warms up */
		int64_t		reached = 0,
					transfers = 0,
					sum = 0;

		for (int r = 0; r < passes; r++)
		{
			reached = transfers = sum = 0;
			begin = cpu_ms();
			for (int i = 5; i < argc; i++)
				trace((int32_t) atol(argv[i]), atoi(argv[4]), &reached, &transfers, &sum);
			pass[r] = cpu_ms() - begin;
		}
		qsort(pass + 1, passes - 1, sizeof(double), ascending);
		printf("%.3f %lld %lld %lld\n", pass[passes / 2], (long long) reached, (long long) transfers, (long long) sum);
	}
	return 0;
}
