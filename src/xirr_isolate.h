/*
 * src/xirr_isolate.h
 *	  All real roots of an exponential sum, with their multiplicities.
 */
#ifndef RS_XIRR_ISOLATE_H
#define RS_XIRR_ISOLATE_H

#include "postgres.h"

typedef struct RsRoot
{
	float8		q;
	int			multiplicity;	/* roots that rounding cannot tell apart are one of them */
} RsRoot;

/*
 * Roots of sum a[i] exp(-q t[i]), ascending; t ascending from 0, n >= 2, no a is
 * zero, signs change at least once. The result lies in the budget.
 */
extern RsRoot *rs_isolate_roots(MemoryContext budget, int n, const float8 *t, const float8 *a, int *nroots);

/* The same for very many sign changes; a multiplicity is then only known to be odd (1) or even (2). */
extern RsRoot *rs_search_roots(MemoryContext budget, int n, const float8 *t, const float8 *a, int *nroots);

#endif							/* RS_XIRR_ISOLATE_H */
