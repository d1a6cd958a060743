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
 *	s > 1	all roots are isolated with their multiplicity (xirr_isolate.c),
 *			beyond 64 sign changes searched by branch and bound (xirr_search.c).
 *
 * Every exponential is taken from the flow that makes it at most 1, so nothing
 * overflows. Cost: O(n log n) for the sort, O(n) per evaluation. Memory: 2 n
 * float8 (4 n with s > 1), from the budget.
 */
#include "postgres.h"

#include <float.h>
#include <math.h>

#include "miscadmin.h"

#include "rs_memory.h"
#include "xirr.h"
#include "xirr_isolate.h"

#define MICROSECONDS_PER_YEAR	(365.0 * 86400.0 * 1000000.0)
#define SMALL_SERIES			64	/* longer ones work in the budget */
#define MANY_CHANGES			64	/* of sign: beyond, steps of isolation cost too much */

/* Netted flows: t ascending from 0, no a is zero. */
typedef struct Series
{
	int			n;
	const float8 *t;
	const float8 *a;
} Series;

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
	RsRoot		single,
			   *root = &single;
	int			nroots = 1;

	result->rate = NAN;
	result->nroots = 0;
	result->root = NULL;
	result->multiplicity = NULL;

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
		single = (RsRoot) {solve_single(&forward, split), 1};
	else if (changes <= MANY_CHANGES)
		root = rs_isolate_roots(budget, forward.n, t, a, &nroots);
	else
		root = rs_search_roots(budget, forward.n, t, a, &nroots);

	if (nroots == 0)
		result->status = RS_XIRR_NO_ROOT;
	else
	{
		bool		unrepresentable = false;

		result->root = rs_alloc(budget, nroots, sizeof(float8), "the rates of a cash-flow series");
		result->multiplicity = rs_alloc(budget, nroots, sizeof(int), "the rates of a cash-flow series");
		for (int i = 0; i < nroots; i++)
		{
			float8		r = expm1(root[i].q);

			if (isinf(r))
				unrepresentable = true;
			if (r <= -1)
			{
				r = nextafter(-1, 0);
				unrepresentable = true;
			}
			result->root[i] = r;
			result->multiplicity[i] = root[i].multiplicity;
			if (i == 0 || fabs(r) < fabs(result->rate))
				result->rate = r;
		}
		result->nroots = nroots;
		result->status = nroots > 1 ? RS_XIRR_MULTIPLE :
			unrepresentable ? RS_XIRR_OUT_OF_RANGE : RS_XIRR_OK;
	}
	if (root != &single)
		pfree(root);
done:
	if (work != small)
		pfree(work);
}
