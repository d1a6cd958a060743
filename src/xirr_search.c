/*
 * src/xirr_search.c
 *	  Roots of an exponential sum with very many sign changes.
 *
 * Isolating roots step by step (xirr_isolate.c) costs the square of the number
 * of sign changes: thousands of them, as daily balances of a busy account have,
 * are searched by branch and bound instead, on both half lines. A Cauchy bound
 * gives the ends. An interval is dropped when |f| at its middle exceeds what f
 * can change inside it (second-order Taylor bound), is solved by bracketed
 * Newton when f' cannot vanish in it, and is halved otherwise. Both tests are
 * sufficient, so no root is missed and none invented, down to rounding: where f
 * stays within its noise between neighbours they are one root. Its multiplicity
 * is then only known to be odd (1) or even (2), by the signs on either side.
 *
 * For q < 0 the series is mirrored in time, so that every exponential is at
 * most 1. Memory: 2 n float8 and the interval stack, from the budget.
 */
#include "postgres.h"

#include <float.h>
#include <math.h>

#include "miscadmin.h"

#include "rs_memory.h"
#include "xirr_isolate.h"

/* Netted flows: t ascending from 0, no a is zero. */
typedef struct Series
{
	int			n;
	const float8 *t;
	const float8 *a;
} Series;

typedef struct Span
{
	float8		low,
				high;
	int			sign_low,
				sign_high;
} Span;

typedef struct RootSet
{
	MemoryContext budget;
	float8	   *q;
	uint64		n,
				capacity;
} RootSet;

/* f, f' and the sums of absolute terms of f and f'' at q >= 0. */
static void
evaluate(const Series *s, float8 q, float8 *f, float8 *f1, float8 *size, float8 *size2)
{
	float8		v = 0,
				d = 0,
				g = 0,
				g2 = 0;

	for (int i = 0; i < s->n; i++)
	{
		float8		e = s->a[i] * exp(-q * s->t[i]),
					et = e * s->t[i];

		v += e;
		d -= et;
		g += fabs(e);
		g2 += fabs(et) * s->t[i];
	}
	*f = v;
	*f1 = d;
	*size = g;
	*size2 = g2;
}

static inline float8
noise(const Series *s, float8 size)
{
	return 8 * DBL_EPSILON * s->n * size;
}

/* Sign of f at q, 0 within rounding. */
static int
sign_at(const Series *s, float8 q)
{
	float8		f,
				f1,
				size,
				size2;

	evaluate(s, q, &f, &f1, &size, &size2);
	if (fabs(f) <= noise(s, size))
		return 0;
	return f > 0 ? 1 : -1;
}

/* Newton kept inside a bracket whose ends have different signs. */
static float8
solve_bracket(const Series *s, float8 low, float8 high, int sign_low)
{
	float8		q = low + (high - low) / 2;

	for (int i = 0; i < 200; i++)
	{
		float8		f,
					f1,
					size,
					size2,
					next;

		evaluate(s, q, &f, &f1, &size, &size2);
		if (f == 0)
			return q;
		if ((f > 0) == (sign_low > 0))
			low = q;
		else
			high = q;
		next = q - f / f1;
		if (!(next > low && next < high))
			next = low + (high - low) / 2;
		if (fabs(next - q) <= 2 * DBL_EPSILON * Max(fabs(next), 1e-3))
			return next;
		q = next;
	}
	return q;
}

static void
add_root(RootSet *roots, float8 q)
{
	roots->q = rs_grow(roots->budget, roots->q, &roots->capacity, roots->n + 1,
					   sizeof(float8), "the roots of a cash-flow series");
	roots->q[roots->n++] = q;
}

/* All roots of f on q > 0 and, with `at_zero`, at 0; added as direction * q. */
static void
search_half_line(const Series *s, float8 direction, bool at_zero, RootSet *roots)
{
	float8		rest = 0,
				bound;
	Span   *stack = NULL;
	uint64		depth = 0,
				capacity = 0;
	Span	now;

	for (int i = 1; i < s->n; i++)
		rest += fabs(s->a[i]);
	bound = log(rest / fabs(s->a[0])) / s->t[1];
	now.low = 0;
	now.sign_low = sign_at(s, 0);
	if (now.sign_low == 0 && at_zero)
		add_root(roots, 0);
	if (!(bound > 0))
		return;					/* the first flow outweighs all others from 0 on */
	now.high = bound * (1 + 1e-9) + 1e-9 / s->t[s->n - 1];
	now.sign_high = s->a[0] > 0 ? 1 : -1;

	for (;;)
	{
		float8		half = (now.high - now.low) / 2,
					middle = now.low + half,
					f,
					f1,
					size,
					size2,
					curvature,
					f_low,
					f1_low,
					size_low;
		int			sign_middle;

		CHECK_FOR_INTERRUPTS();
		/* |f''| is largest at the low end: every term falls with q */
		evaluate(s, now.low, &f_low, &f1_low, &size_low, &curvature);
		evaluate(s, middle, &f, &f1, &size, &size2);
		sign_middle = fabs(f) <= noise(s, size) ? 0 : f > 0 ? 1 : -1;

		if (fabs(f) > half * (fabs(f1) + half * curvature) + noise(s, size_low))
			;					/* f cannot reach zero here */
		else if (fabs(f1) > half * curvature)
		{
			/* monotone: at most one root, seen in the signs of the ends */
			if (now.sign_low * now.sign_high < 0)
				add_root(roots, direction * solve_bracket(s, now.low, now.high, now.sign_low));
		}
		else if (half <= 1e-9 * Max(now.high, 1e-3 / s->t[s->n - 1]) ||
				 (half <= 1e-5 * now.high && now.sign_low == 0 && sign_middle == 0 && now.sign_high == 0))
		{
			/* too narrow to separate: a touching zero, or two roots in one */
			if (now.sign_low * now.sign_high < 0 || sign_middle == 0)
				add_root(roots, direction * middle);
		}
		else
		{
			if (sign_middle == 0)
				add_root(roots, direction * middle);
			stack = rs_grow(roots->budget, stack, &capacity, depth + 1,
							sizeof(Span), "the search for rates of return");
			stack[depth++] = (Span) {middle, now.high, sign_middle, now.sign_high};
			now.high = middle;
			now.sign_high = sign_middle;
			continue;
		}
		if (depth == 0)
			break;
		now = stack[--depth];
	}
	if (stack)
		pfree(stack);
}

/*
 * Where f only touches zero, its rounding noise is wide and the root vague; the
 * extremum, a simple root of f', is not. Newton on f' from q, if it stays near.
 */
static float8
sharpen_touching(const Series *s, float8 q)
{
	float8		at = q;

	for (int i = 0; i < 20; i++)
	{
		float8		d1 = 0,
					size1 = 0,
					d2 = 0,
					step;

		for (int k = 0; k < s->n; k++)
		{
			float8		e = s->a[k] * s->t[k] * exp(-at * s->t[k]);

			d1 -= e;
			size1 += fabs(e);
			d2 += e * s->t[k];
		}
		if (i == 0 && fabs(d1) > 1e-5 * size1)
			return q;			/* an ordinary root */
		step = d1 / d2;
		if (!(fabs(at - step - q) <= 1e-4 * Max(fabs(q), 1)))
			return q;
		at -= step;
		if (fabs(step) <= 2 * DBL_EPSILON * Max(fabs(at), 1e-3))
			break;
	}
	return sign_at(s, at) == 0 ? at : q;
}

static int
compare_float8(const void *x, const void *y)
{
	float8		a = *(const float8 *) x,
				b = *(const float8 *) y;

	return a < b ? -1 : a > b;
}

/* Does f stay within its noise from one root to the next? */
static bool
coincide(const Series *forward, const Series *mirrored, float8 before, float8 after)
{
	for (int i = 1; i < 8; i++)
	{
		float8		at = before + (after - before) * i / 8;

		if (sign_at(at >= 0 ? forward : mirrored, fabs(at)) != 0)
			return false;
	}
	return true;
}

RsRoot *
rs_search_roots(MemoryContext budget, int n, const float8 *t, const float8 *a, int *nroots)
{
	Series		forward = {n, t, a},
				mirrored = {.n = n};
	float8	   *mt = rs_alloc(budget, 2 * (uint64) n, sizeof(float8), "a cash-flow series"),
			   *ma = mt + n;
	RootSet		roots = {budget, NULL, 0, 0};
	RsRoot	   *root;
	int			kept = 0,
				sign = a[n - 1] > 0 ? 1 : -1;

	for (int i = 0; i < n; i++)
	{
		mt[i] = t[n - 1] - t[n - 1 - i];
		ma[i] = a[n - 1 - i];
	}
	mirrored.t = mt;
	mirrored.a = ma;
	search_half_line(&forward, 1, true, &roots);
	search_half_line(&mirrored, -1, false, &roots);
	if (roots.n > 1)
		qsort(roots.q, roots.n, sizeof(float8), compare_float8);
	root = rs_alloc(budget, roots.n + 1, sizeof(RsRoot), "the rates of a cash-flow series");
	for (uint64 i = 0; i < roots.n;)
	{
		uint64		last = i;
		float8		q,
					beyond;
		int			after;

		while (last + 1 < roots.n && coincide(&forward, &mirrored, roots.q[last], roots.q[last + 1]))
			last++;
		q = roots.q[i + (last - i) / 2];
		q = q >= 0 ? sharpen_touching(&forward, q) : -sharpen_touching(&mirrored, -q);
		/* the sign between this root and the next */
		beyond = last + 1 < roots.n ? roots.q[last] + (roots.q[last + 1] - roots.q[last]) / 2 : INFINITY;
		after = isinf(beyond) ? (a[0] > 0 ? 1 : -1) : sign_at(beyond >= 0 ? &forward : &mirrored, fabs(beyond));
		root[kept].q = q;
		root[kept++].multiplicity = after == 0 || after != sign ? 1 : 2;
		if (after != 0)
			sign = after;
		i = last + 1;
	}
	pfree(mt);
	if (roots.q)
		pfree(roots.q);
	*nroots = kept;
	return root;
}
