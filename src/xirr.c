/*
 * src/xirr.c
 *	  Every internal rate of return of a dated series of cash flows.
 *
 * Wanted are all r > -1 with  sum a_i (1+r)^(-t_i) = 0,  t_i in years of 365
 * days after the first flow. With q = ln(1+r) this is the exponential sum
 * f(q) = sum a_i e^(-q t_i), smooth on the whole line, so no rate at or below
 * -100 % can come out and no guess is needed.
 *
 * Flows are sorted by (time, amount) and netted per time first: the result
 * depends on neither input order nor parallel plan. Then, with s = number of
 * sign changes of a_i in time order (Descartes' rule for exponential sums: at
 * most s roots, and s minus their number is even):
 *
 *	s = 0	no root.
 *	s = 1	exactly one. All money of one sign comes first, so with P and N the
 *			present values of either side F(q) = ln P - ln N is strictly
 *			monotone, nearly linear, and its slope is at least the gap d between
 *			the two sides: the root lies within |F(q0)|/d of any q0. Newton on F
 *			inside that bracket; three to five evaluations for a loan.
 *	s > 1	branch and bound on both half lines. A Cauchy bound gives the ends.
 *			An interval is dropped when |f| at its middle exceeds what f can
 *			change inside it (second-order Taylor bound), is solved by bracketed
 *			Newton when f' cannot vanish in it, and is halved otherwise. Both
 *			tests are sufficient, so no root is missed and none invented, down to
 *			rounding: values below 8 n eps sum|a_i e^(-q t_i)| count as zero,
 *			which is how a double root (a touching zero) is recognised.
 *
 * For q < 0 the series is mirrored in time, so that every exponential is at
 * most 1 and nothing overflows. Cost: O(n log n) for the sort, O(n) per
 * evaluation. Memory: 4 n float8 and the interval stack, from the budget.
 */
#include "postgres.h"

#include <float.h>
#include <math.h>

#include "miscadmin.h"

#include "rs_memory.h"
#include "xirr.h"

#define MICROSECONDS_PER_YEAR	(365.0 * 86400.0 * 1000000.0)
#define SMALL_SERIES			64	/* longer ones work in the budget */

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

const char *
rs_xirr_status_name(RsXirrStatus status)
{
	static const char *const name[] = {
		[RS_XIRR_OK] = "ok",
		[RS_XIRR_MULTIPLE] = "multiple",
		[RS_XIRR_NO_FLOW] = "no_flow",
		[RS_XIRR_SINGLE_DATE] = "single_date",
		[RS_XIRR_NO_SIGN_CHANGE] = "no_sign_change",
		[RS_XIRR_NO_ROOT] = "no_root",
		[RS_XIRR_OUT_OF_RANGE] = "out_of_range"
	};

	return name[status];
}

static inline bool
flow_before(const RsCashFlow *x, const RsCashFlow *y)
{
	return x->at < y->at || (x->at == y->at && x->amount < y->amount);
}

#define ST_SORT sort_flows
#define ST_ELEMENT_TYPE RsCashFlow
#define ST_COMPARE(x, y) (flow_before(x, y) ? -1 : flow_before(y, x) ? 1 : 0)
#define ST_SCOPE static
#define ST_DEFINE
#include "lib/sort_template.h"

/*
 * Net per time. A remainder within the rounding of its own terms (0.1 + 0.2 -
 * 0.3) is zero, not a flow with a sign.
 */
static int
net_flows(const RsCashFlow *flow, uint64 n, float8 *t, float8 *a)
{
	int			out = 0;

	for (uint64 i = 0; i < n;)
	{
		uint64		j = i;
		float8		sum = 0,
					lost = 0,
					gross = 0;

		for (; j < n && flow[j].at == flow[i].at; j++)
		{
			float8		x = flow[j].amount,
						next = sum + x;

			/* Neumaier's compensation */
			lost += fabs(sum) >= fabs(x) ? (sum - next) + x : (x - next) + sum;
			sum = next;
			gross += fabs(x);
		}
		sum += lost;
		if (fabs(sum) > (float8) (j - i - 1) * DBL_EPSILON * gross)
		{
			/* a difference of two int64 may overflow, their float8 values cannot */
			t[out] = ((float8) flow[i].at - (float8) flow[0].at) / MICROSECONDS_PER_YEAR;
			if (flow[i].at / 2 - flow[0].at / 2 < PG_INT64_MAX / 4)
				t[out] = (float8) (flow[i].at - flow[0].at) / MICROSECONDS_PER_YEAR;
			a[out++] = sum;
		}
		i = j;
	}
	return out;
}

/* F = ln P - ln N and its slope, for a series with one sign change at `split`. */
static inline float8
balance_of_sides(const Series *s, int split, float8 q, float8 *slope)
{
	/* each side is scaled by its own largest term */
	int			ref1 = q >= 0 ? 0 : split - 1,
				ref2 = q >= 0 ? split : s->n - 1;
	float8		v1 = 0,
				v2 = 0,
				m1 = 0,
				m2 = 0;

	for (int i = 0; i < split; i++)
	{
		float8		dt = s->t[i] - s->t[ref1],
					e = fabs(s->a[i]) * exp(-q * dt);

		v1 += e;
		m1 += e * dt;
	}
	for (int i = split; i < s->n; i++)
	{
		float8		dt = s->t[i] - s->t[ref2],
					e = fabs(s->a[i]) * exp(-q * dt);

		v2 += e;
		m2 += e * dt;
	}
	*slope = (s->t[ref1] + m1 / v1) - (s->t[ref2] + m2 / v2);
	return log(v2 / v1) - q * (s->t[ref2] - s->t[ref1]);
}

/* The one root of a series whose sign changes once. F falls, slope <= -gap. */
static float8
solve_single(const Series *s, int split)
{
	float8		gap = s->t[split] - s->t[split - 1],
				slope,
				q = 0,
				f = balance_of_sides(s, split, q, &slope),
				low,
				high;

	if (f == 0)
		return 0;
	low = f > 0 ? 0 : 2 * f / gap;
	high = f > 0 ? 2 * f / gap : 0;

	for (int i = 0; i < 200; i++)
	{
		float8		next = q - f / slope;

		if (!(next > low && next < high))
			next = low + (high - low) / 2;
		if (fabs(next - q) <= 2 * DBL_EPSILON * Max(fabs(next), 1e-3))
			return next;
		q = next;
		f = balance_of_sides(s, split, q, &slope);
		if (f == 0)
			break;
		if (f > 0)
			low = q;
		else
			high = q;
	}
	return q;
}

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

/*
 * Roots that rounding cannot tell apart are one: neighbours between which f
 * stays within its noise.
 */
static void
merge_roots(const Series *forward, const Series *mirrored, RootSet *roots)
{
	uint64		kept = 0;

	qsort(roots->q, roots->n, sizeof(float8), compare_float8);
	for (uint64 i = 0; i < roots->n; i++)
	{
		if (kept > 0)
		{
			float8		before = roots->q[kept - 1],
						middle = before + (roots->q[i] - before) / 2;

			if (sign_at(middle >= 0 ? forward : mirrored, fabs(middle)) == 0)
			{
				if (fabs(roots->q[i]) < fabs(before))
					roots->q[kept - 1] = roots->q[i];
				continue;
			}
		}
		roots->q[kept++] = roots->q[i];
	}
	roots->n = kept;
	for (uint64 i = 0; i < kept; i++)
		roots->q[i] = roots->q[i] >= 0 ? sharpen_touching(forward, roots->q[i]) :
			-sharpen_touching(mirrored, -roots->q[i]);
}

void
rs_xirr_solve(MemoryContext budget, RsCashFlow *flow, uint64 n, RsXirr *result)
{
	float8		small[2 * SMALL_SERIES],
			   *work = small;
	Series		forward;
	float8	   *t,
			   *a;
	int			changes = 0,
				split = 0;
	RootSet		roots = {budget, NULL, 0, 0};

	result->rate = NAN;
	result->nroots = 0;
	result->root = NULL;

	if (n > PG_INT32_MAX / 4)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("too many cash flows in one series: " UINT64_FORMAT, n)));
	if (n > SMALL_SERIES)
		work = rs_alloc(budget, 2 * n, sizeof(float8), "a cash-flow series");
	t = work;
	a = work + (n > SMALL_SERIES ? n : SMALL_SERIES);

	for (uint64 i = 1; i < n; i++)
		if (flow_before(&flow[i], &flow[i - 1]))
		{
			sort_flows(flow, n);
			break;
		}
	forward.n = net_flows(flow, n, t, a);
	forward.t = t;
	forward.a = a;

	if (forward.n < 2)
	{
		if (forward.n == 0)
			result->status = RS_XIRR_NO_FLOW;
		else
			result->status = n > 0 && flow[0].at == flow[n - 1].at ?
				RS_XIRR_SINGLE_DATE : RS_XIRR_NO_SIGN_CHANGE;
		if (forward.n == 0 && n > 0 && flow[0].at == flow[n - 1].at)
			result->status = RS_XIRR_SINGLE_DATE;
		goto done;
	}
	/* the first flows may have netted to nothing: count from the first that is left */
	for (int i = forward.n - 1; i >= 0; i--)
		t[i] -= t[0];
	for (int i = 1; i < forward.n; i++)
		if ((a[i] > 0) != (a[i - 1] > 0))
		{
			changes++;
			split = i;
		}

	if (changes == 0)
	{
		result->status = RS_XIRR_NO_SIGN_CHANGE;
		goto done;
	}
	if (changes == 1)
		add_root(&roots, solve_single(&forward, split));
	else
	{
		Series		mirrored = {forward.n};
		float8	   *mt = rs_alloc(budget, 2 * (uint64) forward.n, sizeof(float8), "a cash-flow series"),
				   *ma = mt + forward.n;

		for (int i = 0; i < forward.n; i++)
		{
			mt[i] = t[forward.n - 1] - t[forward.n - 1 - i];
			ma[i] = a[forward.n - 1 - i];
		}
		mirrored.t = mt;
		mirrored.a = ma;
		search_half_line(&forward, 1, true, &roots);
		search_half_line(&mirrored, -1, false, &roots);
		merge_roots(&forward, &mirrored, &roots);
		pfree(mt);
	}

	if (roots.n == 0)
		result->status = RS_XIRR_NO_ROOT;
	else
	{
		bool		unrepresentable = false;

		for (uint64 i = 0; i < roots.n; i++)
		{
			float8		r = expm1(roots.q[i]);

			if (isinf(r))
				unrepresentable = true;
			if (r <= -1)
			{
				r = nextafter(-1, 0);
				unrepresentable = true;
			}
			roots.q[i] = r;
			if (i == 0 || fabs(r) < fabs(result->rate))
				result->rate = r;
		}
		result->nroots = roots.n;
		result->root = roots.q;
		result->status = roots.n > 1 ? RS_XIRR_MULTIPLE :
			unrepresentable ? RS_XIRR_OUT_OF_RANGE : RS_XIRR_OK;
	}
done:
	if (work != small)
		pfree(work);
}
