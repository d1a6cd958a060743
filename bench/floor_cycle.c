/*
 * bench/floor_cycle.c
 *	  The plain C loop for temporal cycles: depth-first over time-sorted arrays.
 *
 *	  floor_cycle FILE.bin ACCOUNTS MAX_LENGTH HOURS
 *
 * FILE.bin as bench/gen_transfers.c writes it. Prints CPU milliseconds of the
 * search (reading and building not counted) and the cycles by length.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

typedef struct
{
	int32_t		src,
				dst;
	int64_t		cents,
				at;
} Transfer;

static int64_t n,
			m,
		   *start,
		   *at;
static int32_t *peer;
static uint8_t *on_path;
static int64_t found[16];

static double
cpu(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return t.tv_sec * 1e3 + t.tv_nsec / 1e6;
}

static int64_t
first_after(int32_t v, int64_t time)
{
	int64_t		low = start[v],
				high = start[v + 1];

	while (low < high)
	{
		int64_t		middle = (low + high) / 2;

		if (at[middle] > time)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

static void
search(int32_t root, int32_t v, int64_t time, int64_t end, int depth, int longest)
{
	for (int64_t e = first_after(v, time); e < start[v + 1] && at[e] <= end; e++)
	{
		int32_t		w = peer[e];

		if (w == root)
			found[depth + 1]++;
		else if (depth + 1 < longest && !on_path[w])
		{
			on_path[w] = 1;
			search(root, w, at[e], end, depth + 1, longest);
			on_path[w] = 0;
		}
	}
}

int
main(int argc, char **argv)
{
	FILE	   *f;
	Transfer   *t;
	int64_t    *next;
	int			longest;
	int64_t		window;
	double		begin;

	if (argc < 5 || (f = fopen(argv[1], "rb")) == NULL)
		return 2;
	n = atoll(argv[2]);
	longest = atoi(argv[3]);
	window = (int64_t) (atof(argv[4]) * 3600);
	fseek(f, 0, SEEK_END);
	m = ftell(f) / (long) sizeof(Transfer);
	rewind(f);
	t = malloc(m * sizeof(Transfer));
	if (fread(t, sizeof(Transfer), m, f) != (size_t) m)
		return 1;
	start = calloc(n + 2, sizeof(int64_t));
	next = malloc((n + 2) * sizeof(int64_t));
	peer = malloc(m * sizeof(int32_t));
	at = malloc(m * sizeof(int64_t));
	on_path = calloc(n + 1, 1);
	for (int64_t i = 0; i < m; i++)
		start[t[i].src + 1]++;
	for (int64_t i = 1; i <= n + 1; i++)
		start[i] += start[i - 1];
	memcpy(next, start, (n + 2) * sizeof(int64_t));
	for (int64_t i = 0; i < m; i++)
	{
		int64_t		p = next[t[i].src]++;

		peer[p] = t[i].dst;
		at[p] = t[i].at;
	}
	begin = cpu();
	for (int32_t root = 1; root <= n; root++)
		for (int64_t e = start[root]; e < start[root + 1]; e++)
		{
			if (peer[e] == root)
				continue;
			on_path[root] = on_path[peer[e]] = 1;
			search(root, peer[e], at[e], at[e] + window, 1, longest);
			on_path[root] = on_path[peer[e]] = 0;
		}
	printf("%.1f", cpu() - begin);
	for (int k = 2; k <= longest; k++)
		printf("%s%d:%lld", k == 2 ? " " : ",", k, (long long) found[k]);
	printf("\n");
	return 0;
}
