/*
 * bench/matcher_bench.c
 *	  The matcher alone beside hyperscan: one call per name, and one long text.
 *
 * matcher_bench NAMES WORDS PROSE: prints rows "what|ms|hits"; ms are CPU time. Hyperscan gets the words
 * as literal bytes (no folding, no positions of starts); the matcher folds.
 * With -DHAVE_HS and -lhs; without, its rows are left out.
 */
#include "pg_shim.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#ifdef HAVE_HS
#include <hs.h>
#endif

#include "matcher_private.h"
#include "rs_memory.h"

static double
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return t.tv_sec * 1e3 + t.tv_nsec / 1e6;
}

static int
by_value(const void *a, const void *b)
{
	double		x = *(const double *) a,
				y = *(const double *) b;

	return (x > y) - (x < y);
}

static char *
slurp(const char *name, Size *n)
{
	FILE	   *f = fopen(name, "rb");
	char	   *s;

	if (f == NULL)
		exit(2);
	fseek(f, 0, SEEK_END);
	*n = ftell(f);
	rewind(f);
	s = malloc(*n + 1);
	if (fread(s, 1, *n, f) != *n)
		exit(2);
	s[*n] = '\0';
	fclose(f);
	return s;
}

static long
split_lines(const char *s, Size n, uint32 **at, uint32 **length)
{
	long		lines = 0;

	*at = malloc((n + 1) * sizeof(uint32));
	*length = malloc((n + 1) * sizeof(uint32));
	for (const char *p = s; p < s + n;)
	{
		const char *e = memchr(p, '\n', s + n - p);

		if (e == NULL)
			e = s + n;
		(*at)[lines] = p - s;
		(*length)[lines++] = e - p;
		p = e + 1;
	}
	return lines;
}

static bool
count_hit(void *arg, const RsHit *hit)
{
	(*(long *) arg)++;
	return true;
}

#define TIMES 9
#define MEASURE(what, code) \
	do { \
		double		v[TIMES]; \
		long		hits = 0; \
		for (int r = 0; r < TIMES; r++) \
		{ \
			double		t = now(); \
			hits = 0; \
			code; \
			v[r] = now() - t; \
		} \
		qsort(v, TIMES, sizeof(double), by_value); \
		printf("%s|%.1f|%ld\n", what, v[TIMES / 2], hits); \
	} while (0)

#ifdef HAVE_HS
static int
first_hit(unsigned id, unsigned long long from, unsigned long long to, unsigned flags, void *arg)
{
	(*(long *) arg)++;
	return 1;
}

static int
every_hit(unsigned id, unsigned long long from, unsigned long long to, unsigned flags, void *arg)
{
	(*(long *) arg)++;
	return 0;
}
#endif

int
main(int argc, char **argv)
{
	Size		n,
				kn,
				pn;
	char	   *names = slurp(argv[1], &n),
			   *words = slurp(argv[2], &kn),
			   *prose = slurp(argv[3], &pn);
	uint32	   *at,
			   *length,
			   *prose_at,
			   *prose_length;
	long		lines,
				prose_lines;
	RsMatcherOptions o = {.fold = true,.skip = RS_SKIP_SEPARATORS,.max_gap = 8,.whole_words = true};
	RsMatcherBuilder *b;
	RsMatcher  *m;
	MemoryContext budget;
	double		t;

	shim_init();
	/* RS_SKIM=0: as on a machine without vectors, 1: with SSE4.1 only */
	if (getenv("RS_SKIM") != NULL)
		rs_skim_at_most(atoi(getenv("RS_SKIM")));
	rs_max_memory_kb = 4 * 1024 * 1024;
	budget = AllocSetContextCreate(TopMemoryContext, "words", ALLOCSET_DEFAULT_SIZES);
	lines = split_lines(names, n, &at, &length);
	prose_lines = split_lines(prose, pn, &prose_at, &prose_length);
	t = now();
	b = rs_matcher_begin(budget, &o);
	for (char *p = words; p < words + kn;)
	{
		char	   *e = memchr(p, '\n', words + kn - p);

		if (e > p)
			rs_matcher_add(b, p, e - p);
		p = e + 1;
	}
	m = rs_matcher_finish(b);
	printf("compile: risk_screen|%.1f|%llu\n", now() - t, (unsigned long long) rs_matcher_stats(m)->states);
	printf("memory kB: risk_screen|%llu|0\n", (unsigned long long) MemoryContextMemAllocated(budget, true) / 1024);
	MEASURE("name, first hit: risk_screen, folding",
			for (long i = 0; i < lines; i++)
				hits += rs_matcher_has(m, (unsigned char *) names + at[i], length[i]));
	MEASURE("name, all hits with places: risk_screen, folding",
			for (long i = 0; i < lines; i++)
				rs_matcher_scan(m, (unsigned char *) names + at[i], length[i], count_hit, &hits));
	MEASURE("line of prose, first hit: risk_screen, folding",
			for (long i = 0; i < prose_lines; i++)
				hits += rs_matcher_has(m, (unsigned char *) prose + prose_at[i], prose_length[i]));
	MEASURE("prose, all hits with places: risk_screen, folding",
			rs_matcher_scan(m, (unsigned char *) prose, pn, count_hit, &hits));
#ifdef HAVE_HS
	{
		static const char *pattern[70000];
		static size_t size[70000];
		static unsigned flags[70000],
					id[70000];
		unsigned	k = 0;
		hs_database_t *db,
				   *all;
		hs_compile_error_t *error;
		hs_scratch_t *scratch = NULL;

		for (char *p = words; p < words + kn;)
		{
			char	   *e = memchr(p, '\n', words + kn - p);

			if (e > p)
			{
				pattern[k] = p;
				size[k] = e - p;
				flags[k] = HS_FLAG_SINGLEMATCH;
				id[k] = k;
				k++;
			}
			p = e + 1;
		}
		t = now();
		if (hs_compile_lit_multi(pattern, flags, id, size, k, HS_MODE_BLOCK, NULL, &db, &error) != HS_SUCCESS)
			exit(3);
		printf("compile: hyperscan|%.1f|0\n", now() - t);
		memset(flags, 0, sizeof(flags));
		hs_compile_lit_multi(pattern, flags, id, size, k, HS_MODE_BLOCK, NULL, &all, &error);
		hs_alloc_scratch(db, &scratch);
		hs_alloc_scratch(all, &scratch);
		MEASURE("name, first hit: hyperscan, bytes",
				for (long i = 0; i < lines; i++)
				{
					long		x = 0;

					hs_scan(db, names + at[i], length[i], 0, scratch, first_hit, &x);
					hits += x;
				});
		MEASURE("name, all hits, ends only: hyperscan, bytes",
				for (long i = 0; i < lines; i++)
					hs_scan(all, names + at[i], length[i], 0, scratch, every_hit, &hits));
		MEASURE("line of prose, first hit: hyperscan, bytes",
				for (long i = 0; i < prose_lines; i++)
				{
					long		x = 0;

					hs_scan(db, prose + prose_at[i], prose_length[i], 0, scratch, first_hit, &x);
					hits += x;
				});
		MEASURE("prose, all hits, ends only: hyperscan, bytes",
				hs_scan(all, prose, pn, 0, scratch, every_hit, &hits));
	}
#endif
	return 0;
}
