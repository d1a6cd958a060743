/*
 * bench/trace_floor.c
 *	  The floor for traces: plain C over arrays, nothing else.
 *
 *	  trace_floor FILE.bin ACCOUNTS HOPS SEED...
 *
 * FILE.bin holds {int32 payer, payee; int64 cents, time} in time order (gen_transfers).
 * Prints: median CPU ms of 5 passes over all seeds, accounts, transfers, cents
 * (times strictly ascending, the seed not counted).
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "cpu_clock.h"

typedef struct { int32_t payer, payee; int64_t cents, time; } Transfer;

static int
by_value(const void *a, const void *b)
{
	double		x = *(const double *) a, y = *(const double *) b;

	return (x > y) - (x < y);
}

int
main(int argc, char **argv)
{
	FILE	   *f = fopen(argv[1], "rb");
	int64_t		n = atoll(argv[2]), m;
	int			hops = atoi(argv[3]);
	Transfer   *list;
	int64_t    *start, *next, *time, *cents, *arrival, *from;
	int32_t    *payee, *frontier, *coming, *touched;
	char	   *waiting;
	double		pass[5];
	long long	accounts = 0, transfers = 0, total = 0;

	fseek(f, 0, SEEK_END);
	m = ftell(f) / sizeof(Transfer);
	rewind(f);
	list = malloc(m * sizeof(Transfer));
	if (fread(list, sizeof(Transfer), m, f) != (size_t) m)
		return 1;
	if (n < 1 || n > INT32_MAX)
		return 1;
	start = calloc(n + 2, 8);
	next = malloc((n + 2) * 8);
	time = malloc(m * 8);
	cents = malloc(m * 8);
	payee = malloc(m * 4);
	for (int64_t i = 0; i < m; i++)
		start[list[i].payer + 1]++;
	for (int64_t i = 1; i <= n + 1; i++)
		start[i] += start[i - 1];
	for (int64_t i = 0; i <= n + 1; i++)
		next[i] = start[i];
	for (int64_t i = 0; i < m; i++)
	{
		int64_t		p = next[list[i].payer]++;

		payee[p] = list[i].payee;
		time[p] = list[i].time;
		cents[p] = list[i].cents;
	}
	free(list);
	arrival = malloc((n + 1) * 8);
	from = malloc((n + 1) * 8);
	frontier = malloc((n + 1) * 4);
	coming = malloc((n + 1) * 4);
	touched = malloc((n + 1) * 4);
	waiting = calloc(n + 1, 1);
	for (int64_t i = 0; i <= n; i++)
	{
		arrival[i] = INT64_MAX;
		from[i] = start[i + 1];
	}
	for (int r = -1; r < 5; r++)
	{
		double		begin = cpu_ms();

		accounts = transfers = total = 0;
		for (int a = 4; a < argc; a++)
		{
			int32_t		seed = atoi(argv[a]);
			int64_t		ntouched = 0, nfrontier = 0, ncoming = 0;

			arrival[seed] = INT64_MIN;
			touched[ntouched++] = frontier[nfrontier++] = seed;
			for (int h = 0; h < hops && nfrontier > 0; h++)
			{
				int32_t    *swap = frontier;

				/* what is new first, so that arrivals of this hop do not count yet */
				for (int64_t i = 0; i < nfrontier; i++)
				{
					int32_t		v = frontier[i];
					int64_t		low = start[v], high = from[v];

					waiting[v] = 0;
					while (low < high)
					{
						int64_t		middle = (low + high) / 2;

						if (time[middle] > arrival[v])
							high = middle;
						else
							low = middle + 1;
					}
					next[v] = from[v];
					from[v] = low;
				}
				for (int64_t i = 0; i < nfrontier; i++)
				{
					int32_t		v = frontier[i];

					for (int64_t e = from[v]; e < next[v]; e++)
					{
						int32_t		w = payee[e];

						total += cents[e];
						if (arrival[w] == INT64_MAX)
						{
							touched[ntouched++] = w;
							accounts++;
						}
						if (time[e] < arrival[w])
						{
							arrival[w] = time[e];
							if (!waiting[w])
							{
								waiting[w] = 1;
								coming[ncoming++] = w;
							}
						}
					}
					transfers += next[v] - from[v];
				}
				frontier = coming;
				coming = swap;
				nfrontier = ncoming;
				ncoming = 0;
			}
			for (int64_t i = 0; i < ntouched; i++)
			{
				arrival[touched[i]] = INT64_MAX;
				from[touched[i]] = start[touched[i] + 1];
				waiting[touched[i]] = 0;
			}
		}
		if (r >= 0)
			pass[r] = cpu_ms() - begin;
	}
	qsort(pass, 5, sizeof(double), by_value);
	printf("%.1f %lld %lld %lld\n", pass[2], accounts, transfers, total);
	return 0;
}
