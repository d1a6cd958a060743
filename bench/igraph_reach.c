/*
 * bench/igraph_reach.c
 *	  The peer igraph: accounts within so many transfers, whatever their order in time.
 *
 *	  igraph_reach FILE.bin ACCOUNTS HOPS SEED...
 *
 * Prints: median CPU ms of 5 passes over all seeds (building excluded), the
 * accounts reached (the seed not counted), the CPU ms of building.
 */
#include <igraph/igraph.h>
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
	Transfer   *list;
	igraph_vector_int_t edges, sizes;
	igraph_t	graph;
	double		pass[5], built = cpu_ms();
	long long	accounts = 0;

	fseek(f, 0, SEEK_END);
	m = ftell(f) / sizeof(Transfer);
	rewind(f);
	list = malloc(m * sizeof(Transfer));
	if (fread(list, sizeof(Transfer), m, f) != (size_t) m)
		return 1;
	igraph_vector_int_init(&edges, 2 * m);
	for (int64_t i = 0; i < m; i++)
	{
		VECTOR(edges)[2 * i] = list[i].payer;
		VECTOR(edges)[2 * i + 1] = list[i].payee;
	}
	free(list);
	igraph_create(&graph, &edges, n + 1, IGRAPH_DIRECTED);
	igraph_vector_int_destroy(&edges);
	built = cpu_ms() - built;
	igraph_vector_int_init(&sizes, 0);
	for (int p = 0; p < 5; p++)
	{
		double		start = cpu_ms();

		accounts = 0;
		for (int i = 4; i < argc; i++)
		{
			igraph_neighborhood_size(&graph, &sizes, igraph_vss_1(atoll(argv[i])), atoi(argv[3]), IGRAPH_OUT, 0);
			accounts += VECTOR(sizes)[0] - 1;
		}
		pass[p] = cpu_ms() - start;
	}
	qsort(pass, 5, sizeof(double), by_value);
	printf("%.1f %lld %.0f\n", pass[2], accounts, built);
	return 0;
}
