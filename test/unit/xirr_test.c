/*
 * test/unit/xirr_test.c
 *	  engines: src/xirr.c src/xirr_isolate.c src/xirr_search.c src/rs_memory.c
 *
 * The oracle is a fine grid scan in long double over q = ln(1+r): every change
 * of sign on the grid must have a root given in that step (no missed root),
 * every root given must be a zero of f in long double (no false root).
 */
#include <float.h>
#include <math.h>
#include <stdlib.h>

#include "pg_shim.h"
#include "rs_memory.h"
#include "xirr.h"

#define DAY			INT64CONST(86400000000)
#define GRID		1500

static MemoryContext budget;

static long double
value_at(const RsCashFlow *flow, int n, long double q, long double *size)
{
	long double v = 0;

	*size = 0;
	for (int i = 0; i < n; i++)
	{
		/* scaled so that nothing overflows: the sign is what counts */
		long double t = (flow[i].at - flow[q >= 0 ? 0 : n - 1].at) / (365.0L * DAY);
		long double e = flow[i].amount * expl(-q * t);

		v += e;
		*size += fabsl(e);
	}
	return v;
}

/* for the scan: float8 is enough to see a sign */
static long double
quick_value_at(const RsCashFlow *flow, int n, float8 q, long double *size)
{
	float8		v = 0,
				s = 0;

	for (int i = 0; i < n; i++)
	{
		float8		t = (flow[i].at - flow[q >= 0 ? 0 : n - 1].at) / (365.0 * DAY),
					e = flow[i].amount * exp(-q * t);

		v += e;
		s += fabs(e);
	}
	*size = s;
	return v;
}

static RsXirr
solve(const RsCashFlow *flow, int n)
{
	RsCashFlow		copy[512];
	RsXirr		r;

	memcpy(copy, flow, n * sizeof(RsCashFlow));
	rs_xirr_solve(budget, copy, n, &r);
	return r;
}

static int
by_time(const void *x, const void *y)
{
	const RsCashFlow *a = x,
			   *b = y;

	return a->at < b->at ? -1 : a->at > b->at;
}

/* Returns NULL or what is wrong. */
static const char *
check_series(const RsCashFlow *unsorted, int n, uint64 *scan_roots, uint64 *given)
{
	RsCashFlow		flow[512];
	RsXirr		r = solve(unsorted, n);
	RsXirr		again;
	long double before = 0,
				size,
				q_before = 0;
	static char why[200];

	memcpy(flow, unsorted, n * sizeof(RsCashFlow));
	qsort(flow, n, sizeof(RsCashFlow), by_time);
	again = solve(flow, n);
	if (again.nroots != r.nroots || again.status != r.status ||
		(r.nroots > 0 && memcmp(again.root, r.root, r.nroots * sizeof(float8)) != 0))
		return "the answer depends on the order of the flows";
	*given += r.nroots;

	/* Descartes: with their multiplicity never more roots than sign changes, and an even number fewer */
	{
		int			changes = 0,
					counted = 0,
					sign = 0;

		for (int i = 0; i < n;)
		{
			float8		sum = 0,
						gross = 0;
			int			j = i;

			for (; j < n && flow[j].at == flow[i].at; j++)
			{
				sum += flow[j].amount;
				gross += fabs(flow[j].amount);
			}
			i = j;
			if (fabs(sum) <= 1e-13 * gross)
				continue;
			changes += sign * (sum > 0 ? 1 : -1) < 0;
			sign = sum > 0 ? 1 : -1;
		}
		for (int k = 0; k < r.nroots; k++)
			counted += r.multiplicity[k];
		if (counted > changes || (changes - counted) % 2 != 0)
		{
			snprintf(why, sizeof(why), "%d roots with %d sign changes", counted, changes);
			return why;
		}
	}

	/* no missed root */
	for (int g = 0; g <= GRID; g++)
	{
		/* denser near zero */
		long double u = 2.0L * g / GRID - 1,
					q = 12 * u * u * u,
					v = quick_value_at(flow, n, q, &size);

		if (fabsl(v) < 1e-12L * size)
			continue;			/* too near to tell */
		if (before != 0 && (before > 0) != (v > 0))
		{
			bool		found = false;

			(*scan_roots)++;
			for (int k = 0; k < r.nroots; k++)
			{
				long double root = log1pl(r.root[k]);

				found = found || (root >= q_before - 1e-9L && root <= q + 1e-9L);
			}
			if (!found)
			{
				snprintf(why, sizeof(why), "missed a root with q in [%Lg, %Lg]", q_before, q);
				return why;
			}
		}
		before = v;
		q_before = q;
	}

	/* no false root */
	for (int k = 0; k < r.nroots; k++)
	{
		long double q = log1pl(r.root[k]),
					left,
					right,
					here,
					step = fmaxl(1e-9L * fmaxl(1, fabsl(q)), 4 * DBL_EPSILON / (1 + r.root[k]));

		if (!(r.root[k] > -1))
			return "a rate at or below -100 %";
		if (r.root[k] < -1 + 1e-12 || isinf(r.root[k]))
			continue;			/* q is lost in the rate */
		here = value_at(flow, n, q, &size);
		if (fabsl(here) < 1e-11L * size)
			continue;
		left = value_at(flow, n, q - step, &size);
		right = value_at(flow, n, q + step, &size);
		if ((left > 0) == (right > 0))
		{
			snprintf(why, sizeof(why), "root %.17g is not a zero", r.root[k]);
			return why;
		}
	}
	return NULL;
}

static void
random_campaign(int series, int flows, const char *name)
{
	uint64		scan = 0,
				given = 0;
	const char *why = NULL;
	int			bad = 0;

	for (int s = 0; s < series; s++)
	{
		RsCashFlow		flow[64];
		const char *now;

		for (int i = 0; i < flows; i++)
		{
			flow[i].at = (int64) (shim_random() % 3650) * DAY;
			flow[i].amount = (float8) (int64) (shim_random() % 20001) / 10 - 1000;
		}
		now = check_series(flow, flows, &scan, &given);
		if (now && bad++ == 0)
			why = strdup(now);
		/* the series before need no memory any more */
		MemoryContextReset(budget);
	}
	tap_ok(bad == 0, "%s: %d series of %d flows, " UINT64_FORMAT " roots seen by the scan, "
		   UINT64_FORMAT " given: %d bad (%s)", name, series, flows, scan, given, bad, why ? why : "none");
}

/*
 * Polynomials in 1/(1+r) with chosen roots, some close together or equal, times
 * a day grid. Where the sum between two neighbours stands clear of rounding,
 * they must come out apart; where not, they are one root of their multiplicity.
 */
static void
near_multiple_campaign(int series)
{
	int			bad = 0,
				merged = 0,
				separate = 0;
	const char *why = NULL;
	static char text[200];

	for (int s = 0; s < series; s++)
	{
		int			k = 2 + shim_random() % 4,
					days = (int[]) {365, 365, 30, 91, 7}[shim_random() % 5];
		long double coefficient[8] = {1},
					rate[8];
		RsCashFlow	flow[8];
		RsXirr		r;
		const char *now;
		uint64		scan = 0,
					given = 0;
		long double centre = 0.02L + (shim_random() % 400) / 1000.0L,
					apart = powl(10, -(long double) (shim_random() % 1000) / 100);
		bool		cents = shim_random() % 4 == 0;

		for (int i = 0; i < k; i++)
		{
			rate[i] = shim_random() % 3 == 0 ? centre : centre + apart * ((shim_random() % 100) / 100.0L);
			/* multiply by (1 - (1 + rate) v) per period */
			for (int j = i + 1; j > 0; j--)
				coefficient[j] -= coefficient[j - 1] * powl(1 + rate[i], days / 365.0L);
		}
		for (int i = 0; i <= k; i++)
		{
			flow[i].at = (int64) i * days * DAY;
			flow[i].amount = (float8) (-coefficient[i] * 10000);
			if (cents)
				flow[i].amount = rint(flow[i].amount * 100) / 100;
		}
		now = check_series(flow, k + 1, &scan, &given);
		r = solve(flow, k + 1);
		if (!cents && now == NULL)
		{
			long double before = 0,
						at_before = -0.5L;

			/* sort the chosen rates, then stand between them */
			for (int i = 1; i < k; i++)
				for (int j = i; j > 0 && rate[j] < rate[j - 1]; j--)
				{
					long double x = rate[j];

					rate[j] = rate[j - 1];
					rate[j - 1] = x;
				}
			for (int i = 0; i <= k; i++)
			{
				long double at = i == 0 ? rate[0] - 0.01L : i == k ? rate[k - 1] + 0.01L : (rate[i - 1] + rate[i]) / 2,
							size,
							v = value_at(flow, k + 1, log1pl(at), &size);

				if (fabsl(v) < 200 * DBL_EPSILON * size)
				{
					merged++;
					continue;
				}
				if (before != 0 && (before > 0) != (v > 0))
				{
					int			inside = 0;

					for (int j = 0; j < r.nroots; j++)
						inside += r.root[j] > at_before && r.root[j] < at ? r.multiplicity[j] : 0;
					separate++;
					if (inside % 2 == 0)
					{
						snprintf(text, sizeof(text), "%d roots between %.17Lg and %.17Lg", inside, at_before, at);
						now = text;
					}
				}
				before = v;
				at_before = at;
			}
		}
		if (now && bad++ == 0)
			why = strdup(now);
		MemoryContextReset(budget);
	}
	tap_ok(bad == 0 && merged > series / 10 && separate > series / 10, "near-multiple roots: %d series, %d places too close to tell, %d apart: %d bad (%s)",
		   series, merged, separate, bad, why ? why : "none");
}

static void
multiple(const char *name, int n, const float8 *amount, int period, float8 rate, int multiplicity)
{
	RsCashFlow	flow[16];
	RsXirr		r;

	for (int i = 0; i < n; i++)
	{
		flow[i].at = (int64) i * period * DAY;
		flow[i].amount = amount[i];
	}
	rs_xirr_solve(budget, flow, n, &r);
	tap_ok(r.nroots == 1 && r.multiplicity[0] == multiplicity && fabs(r.rate - rate) < 1e-12,
		   "%s: %d root, multiplicity %d, %.15g", name, r.nroots, r.nroots ? r.multiplicity[0] : 0, r.rate);
}

static void
expect(const char *name, int n, const float8 *amount, const int *day, RsXirrStatus status, float8 rate, int nroots)
{
	RsCashFlow		flow[512];
	RsXirr		r;

	for (int i = 0; i < n; i++)
	{
		flow[i].at = day[i] * DAY;
		flow[i].amount = amount[i];
	}
	rs_xirr_solve(budget, flow, n, &r);
	tap_ok(r.status == status && r.nroots == nroots &&
		   (nroots == 0 || isinf(rate) ? (nroots == 0 || isinf(r.rate)) : fabs(r.rate - rate) < 1e-9 * fmax(1, fabs(rate))),
		   "%s: %s, %d root(s), rate %.12g", name, rs_xirr_status_name(r.status), r.nroots, r.rate);
}

static void
alternating(int n)
{
	RsCashFlow		flow[512];
	RsXirr		r;
	uint64		scan = 0,
				given = 0;
	const char *why;

	for (int i = 0; i < n; i++)
	{
		flow[i].at = (int64) i * 30 * DAY;
		flow[i].amount = (i & 1) ? 1000 + i : -1000;
	}
	rs_xirr_solve(budget, flow, n, &r);
	why = check_series(flow, n, &scan, &given);
	tap_ok(why == NULL, "%d flows of alternating sign: %d root(s) (%s)", n, r.nroots, why ? why : "right");
}

#define EXPECT(name, status, rate, nroots, ...) \
	do { \
		const struct { int day; float8 amount; } f_[] = {__VA_ARGS__}; \
		float8 a_[lengthof(f_)]; int d_[lengthof(f_)]; \
		for (int i_ = 0; i_ < lengthof(f_); i_++) { a_[i_] = f_[i_].amount; d_[i_] = f_[i_].day; } \
		expect(name, lengthof(f_), a_, d_, status, rate, nroots); \
	} while (0)

int
main(void)
{
	bool		full = getenv("RS_LONG") && atoi(getenv("RS_LONG"));

	shim_init();
	shim_srandom(20261122);
	budget = AllocSetContextCreate(TopMemoryContext, "budget", ALLOCSET_DEFAULT_SIZES);
	rs_max_memory_kb = 64 * 1024;

	EXPECT("spreadsheet example", RS_XIRR_OK, 0.3733625335188315, 1,
		   {0, -10000}, {60, 2750}, {303, 4250}, {411, 3250}, {456, 2750});
	EXPECT("two rates", RS_XIRR_MULTIPLE, 0.1, 2, {0, -1000}, {365, 2500}, {730, -1540});
	EXPECT("zero is a rate", RS_XIRR_OK, 0, 1, {0, -2}, {365, 1}, {730, 1});
	EXPECT("payday loan", RS_XIRR_OK, 873637.8564486466, 1, {0, 1000}, {7, -1300});
	EXPECT("beyond float8", RS_XIRR_OUT_OF_RANGE, INFINITY, 1, {0, 1000}, {1, -1e6});
	EXPECT("nearly all lost", RS_XIRR_OUT_OF_RANGE, -1, 1, {0, 1000}, {1, -1e-6});
	EXPECT("long bond", RS_XIRR_OK, 0.22028493587311, 1, {0, -1000}, {3285, 6000});
	EXPECT("no rate", RS_XIRR_NO_ROOT, 0, 0, {0, -1000}, {365, 2000}, {730, -1500});
	EXPECT("one side only", RS_XIRR_NO_SIGN_CHANGE, 0, 0, {0, 1}, {365, 2});
	EXPECT("one date", RS_XIRR_SINGLE_DATE, 0, 0, {5, 1}, {5, -2});
	EXPECT("all netted away on one date", RS_XIRR_SINGLE_DATE, 0, 0, {5, 1}, {5, -1});
	EXPECT("all netted away", RS_XIRR_NO_FLOW, 0, 0, {5, 1}, {5, -1}, {6, 3}, {6, -3});
	EXPECT("rounding is not a flow", RS_XIRR_OK, 0.1, 1,
		   {0, -1000}, {100, 0.1}, {100, 0.2}, {100, -0.3}, {365, 1100});
	{
		RsCashFlow		flow[3] = {{0, -1000}, {365 * DAY, 2200}, {730 * DAY, -1210}};
		RsXirr		r;

		rs_xirr_solve(budget, flow, 3, &r);
		tap_ok(r.nroots == 1 && fabs(r.rate - 0.1) < 1e-12, "a touching zero is one root: %.10g", r.rate);
	}
	{
		RsCashFlow		flow[2] = {{PG_INT64_MIN + 1, -1}, {PG_INT64_MAX - 1, 2}};
		RsXirr		r;

		rs_xirr_solve(budget, flow, 2, &r);
		tap_ok(r.nroots == 1 && r.rate > 0, "times at the ends of the range do not overflow");
	}

	multiple("a double root", 3, (const float8[]) {-1000, 2200, -1210}, 365, 0.1, 2);
	multiple("a triple root", 4, (const float8[]) {-1, 3.3, -3.63, 1.331}, 365, 0.1, 3);
	multiple("a triple root of whole yuan", 4, (const float8[]) {-1000, 3300, -3630, 1331}, 365, 0.1, 3);
	multiple("a fourfold root", 5, (const float8[]) {10000, -44000, 72600, -53240, 14641}, 365, 0.1, 4);
	multiple("a fivefold root", 6, (const float8[]) {-100000, 550000, -1210000, 1331000, -732050, 161051}, 365, 0.1, 5);
	multiple("a triple root at zero", 4, (const float8[]) {-1, 3, -3, 1}, 30, 0, 3);
	EXPECT("a double root and a simple one", RS_XIRR_MULTIPLE, 0.1, 2, {0, -100}, {365, 340}, {730, -385}, {1095, 145.2});
	EXPECT("three rates", RS_XIRR_MULTIPLE, 0.1, 3, {0, -1000}, {365, 3600}, {730, -4310}, {1095, 1716});
	near_multiple_campaign(full ? 100000 : 10000);
	random_campaign(full ? 200000 : 20000, 8, "mixed signs");
	random_campaign(2000, 3, "few flows");
	random_campaign(full ? 5000 : 500, 40, "many flows");
	alternating(24);
	alternating(200);
	return tap_done();
}
