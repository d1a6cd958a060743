/*
 * src/xirr_isolate.c
 *	  All real roots of an exponential sum f(q) = sum a_i e^(-q t_i).
 *
 * Laguerre's proof of Descartes' rule, run as an algorithm. Let the signs of
 * the a_i change s times and let T lie between two neighbours of different
 * sign. Then h = e^(qT) f has the roots of f, and e^(-qT) h' is again such a
 * sum, with coefficients a_i (T - t_i): one sign change fewer. By Rolle h is
 * monotone between neighbouring roots of h', so f has at most one root there,
 * seen in the signs at the ends. After s - 1 steps one sign change and exactly
 * one root are left; from there the roots of each sum bracket those of the one
 * before it. So no root can be missed, none invented, and counted with their
 * multiplicity there are never more than s.
 *
 * Rounding: where |f| at a root of h' is within the error of its own sum, f is
 * zero there: a root of one higher multiplicity (a touching zero is a double
 * root), and its place is that of the simple root it comes from, many steps
 * down, which is sharp. Neighbouring ones of this kind are one root: f stays
 * within its error between them. The times are floating-point numbers, T is one
 * too, so a difference T - t_i is exact to half an ulp and the coefficients of
 * step k to k ulps.
 *
 * Coefficients are kept as sign and logarithm of the absolute value once their
 * spread could leave the range of float8. Memory O(n + s). Cost: O(s r n)
 * exponentials for r roots a step, and s^2 n / 2 multiplications.
 */
#include "postgres.h"

#include <float.h>
#include <math.h>

#include "miscadmin.h"

#include "rs_memory.h"
#include "xirr_isolate.h"

typedef struct Sum
{
	int			n;
	const float8 *t;
	float8	   *a;				/* coefficients; of a wide sum their signs */
	float8	   *log_a;			/* of a wide sum: logarithms of their absolute values */
	bool		wide;
	int			steps;			/* how many roundings the coefficients have seen */
} Sum;

/*
 * f, the coefficient sum g = sum a_i (T - t_i) e^(...) of the next step and the
 * rounding error of f, all times the same positive factor.
 */
static void
evaluate(const Sum *s, float8 q, float8 turn, float8 *f, float8 *g, float8 *error)
{
	float8		base = q >= 0 ? s->t[0] : s->t[s->n - 1],
				top = 0,
				v = 0,
				d = 0,
				e = 0;

	if (s->wide)
	{
		top = s->log_a[0] - q * (s->t[0] - base);
		for (int i = 1; i < s->n; i++)
			top = Max(top, s->log_a[i] - q * (s->t[i] - base));
	}
	for (int i = 0; i < s->n; i++)
	{
		float8		x = -q * (s->t[i] - base),
					term;

		if (s->wide)
		{
			term = s->a[i] * exp(s->log_a[i] + x - top);
			e += fabs(term) * (fabs(s->log_a[i]) + fabs(x) + fabs(top));
		}
		else
		{
			term = s->a[i] * exp(x);
			e += fabs(term) * fabs(x);
		}
		v += term;
		d += term * (turn - s->t[i]);
		e += fabs(term) * (s->n + 2 * s->steps + 4);
	}
	*f = v;
	*g = d;
	*error = 2 * DBL_EPSILON * e;
}

static int
sign_at(const Sum *s, float8 q)
{
	float8		f,
				g,
				error;

	evaluate(s, q, 0, &f, &g, &error);
	return fabs(f) <= error ? 0 : f > 0 ? 1 : -1;
}

static inline float8
log_of(const Sum *s, int i)
{
	return s->wide ? s->log_a[i] : log(fabs(s->a[i]));
}

/* Beyond these the outermost term outweighs all others together. */
static void
bounds(const Sum *s, float8 *low, float8 *high)
{
	int			last = s->n - 1;
	float8		first_rest = -INFINITY,
				last_rest = -INFINITY;

	for (int i = 0; i < s->n; i++)
	{
		if (i > 0)
			first_rest = Max(first_rest, log_of(s, i));
		if (i < last)
			last_rest = Max(last_rest, log_of(s, i));
	}
	/* at most n - 1 terms of the largest size */
	first_rest += log((float8) last) - log_of(s, 0);
	last_rest += log((float8) last) - log_of(s, last);
	*high = Max(first_rest, 0) / (s->t[1] - s->t[0]) * (1 + 1e-9) + 1e-9 / s->t[last];
	*low = -Max(last_rest, 0) / (s->t[last] - s->t[last - 1]) * (1 + 1e-9) - 1e-9 / s->t[last];
}

/* The one root between low and high, whose signs differ: Newton on h, halving every third time. */
static float8
solve(const Sum *s, float8 turn, float8 low, float8 high, int sign_low)
{
	float8		q = low < 0 && high > 0 ? 0 : low + (high - low) / 2;

	for (int i = 0; i < 3000; i++)
	{
		float8		f,
					g,
					error,
					next;

		evaluate(s, q, turn, &f, &g, &error);
		if (f == 0)
			return q;
		if ((f > 0) == (sign_low > 0))
			low = q;
		else
			high = q;
		/* h' = e^(qT) g */
		next = q - f / g;
		if (i % 3 == 2 || !(next > low && next < high))
			next = low + (high - low) / 2;
		if (fabs(next - q) <= 2 * DBL_EPSILON * Max(fabs(next), 1e-3) || next == low || next == high)
			return next;
		q = next;
	}
	return q;
}

/*
 * Roots of s between and at those of the next step (turn), which are in root[]
 * and are replaced. root[] has room for one more.
 */
static int
bracket(const Sum *s, float8 turn, RsRoot *root, int n, RsRoot *out)
{
	float8		low,
				high;
	int			before = s->a[s->n - 1] > 0 ? 1 : -1,	/* towards minus infinity */
				found = 0;
	bool		in_zero = false;

	bounds(s, &low, &high);
	if (n > 0)
	{
		low = Min(low, root[0].q - 1);
		high = Max(high, root[n - 1].q + 1);
	}
	for (int i = 0; i <= n; i++)
	{
		float8		at = i < n ? root[i].q : high;
		int			sign = i < n ? sign_at(s, at) : s->a[0] > 0 ? 1 : -1;

		if (sign == 0)
		{
			if (in_zero)
			{
				/* one root with the one before: keep the place of the sharper, that is more often repeated, one */
				if (root[i].multiplicity >= out[found - 1].multiplicity)
					out[found - 1].q = at;
				out[found - 1].multiplicity += root[i].multiplicity;
			}
			else
			{
				out[found].q = at;
				out[found++].multiplicity = root[i].multiplicity + 1;
			}
			in_zero = true;
		}
		else
		{
			if (!in_zero && sign != before)
			{
				out[found].q = solve(s, turn, low, at, before);
				out[found++].multiplicity = 1;
			}
			in_zero = false;
			before = sign;
		}
		low = at;
	}
	return found;
}

/* Coefficients of a step of a narrow sum: a_i times all (T - t_i) before it, up to a common factor. */
static void
make_coefficients(Sum *s, const float8 *a, const float8 *turn, int step)
{
	memcpy(s->a, a, s->n * sizeof(float8));
	for (int k = 0; k < step; k++)
	{
		float8		largest = 0;
		int			exponent;

		for (int i = 0; i < s->n; i++)
		{
			s->a[i] *= turn[k] - s->t[i];
			largest = Max(largest, fabs(s->a[i]));
		}
		/* a power of two changes no digit */
		frexp(largest, &exponent);
		for (int i = 0; i < s->n; i++)
			s->a[i] = ldexp(s->a[i], -exponent);
	}
	s->steps = step;
}

RsRoot *
rs_isolate_roots(MemoryContext budget, int n, const float8 *t, const float8 *a, int *nroots)
{
	Sum			s = {.n = n, .t = t};
	float8	   *turn,
				least = INFINITY,
				most = -INFINITY;
	RsRoot	   *root,
			   *next;
	int			changes = 0,
				found = 0;

	for (int i = 1; i < n; i++)
		changes += (a[i] > 0) != (a[i - 1] > 0);
	turn = rs_alloc(budget, changes, sizeof(float8), "the search for rates of return");
	root = rs_alloc(budget, (uint64) changes + 1, sizeof(RsRoot), "the search for rates of return");
	next = rs_alloc(budget, (uint64) changes + 1, sizeof(RsRoot), "the search for rates of return");
	s.a = rs_alloc(budget, 2 * (uint64) n, sizeof(float8), "the search for rates of return");
	s.log_a = s.a + n;
	for (int i = 1, k = 0; i < n; i++)
		if ((a[i] > 0) != (a[i - 1] > 0))
			turn[k++] = t[i - 1] + (t[i] - t[i - 1]) / 2;

	/* the last step: every sign change but one is gone; how far apart do coefficients get on the way? */
	for (int i = 0; i < n; i++)
	{
		float8		reach = 0;

		s.log_a[i] = log(fabs(a[i]));
		for (int k = 0; k < changes - 1; k++)
		{
			float8		x = log(fabs(turn[k] - t[i]));

			s.log_a[i] += x;
			reach += fabs(x);
		}
		least = Min(least, log(fabs(a[i])) - reach);
		most = Max(most, log(fabs(a[i])) + reach);
		CHECK_FOR_INTERRUPTS();
	}
	s.wide = most - least > 500;
	if (s.wide)
		for (int i = 0; i < n; i++)
		{
			s.a[i] = a[i] > 0 ? 1 : -1;
			for (int k = 0; k < changes - 1; k++)
				if (turn[k] < t[i])
					s.a[i] = -s.a[i];
		}

	for (int step = changes - 1; step >= 0; step--)
	{
		RsRoot	   *swap = root;

		CHECK_FOR_INTERRUPTS();
		if (step == 0)
			s.wide = false;
		if (!s.wide)
			make_coefficients(&s, a, turn, step);
		else
		{
			if (step < changes - 1)
				for (int i = 0; i < n; i++)
				{
					s.log_a[i] -= log(fabs(turn[step] - t[i]));
					if (turn[step] < t[i])
						s.a[i] = -s.a[i];
				}
			s.steps = 2 * changes - step;
		}
		found = bracket(&s, turn[step], root, found, next);
		root = next;
		next = swap;
	}
	pfree(next);
	pfree(turn);
	pfree(s.a);
	*nroots = found;
	return root;
}
