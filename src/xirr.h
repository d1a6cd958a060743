/*
 * src/xirr.h
 *	  Every internal rate of return of a dated series of cash flows.
 */
#ifndef RS_XIRR_H
#define RS_XIRR_H

#include "postgres.h"

typedef struct RsCashFlow
{
	int64		at;				/* microseconds; only differences matter */
	float8		amount;			/* finite */
} RsCashFlow;

typedef enum RsXirrStatus
{
	RS_XIRR_OK,					/* exactly one root */
	RS_XIRR_MULTIPLE,			/* several roots, all of them given */
	RS_XIRR_NO_FLOW,			/* nothing left after netting */
	RS_XIRR_SINGLE_DATE,		/* all money moves at one time */
	RS_XIRR_NO_SIGN_CHANGE,		/* only payments or only receipts: no root can exist */
	RS_XIRR_NO_ROOT,			/* signs change, but no rate balances the series */
	RS_XIRR_OUT_OF_RANGE		/* one root, too large for float8 or too near -100 % */
} RsXirrStatus;

typedef struct RsXirr
{
	RsXirrStatus status;
	float8		rate;			/* the root nearest to zero; NaN without a root */
	int			nroots;
	float8	   *root;			/* ascending rates, in the budget */
	int		   *multiplicity;	/* of each: 1, or how many rounding cannot tell apart */
} RsXirr;

/* Sorts flow[] in place; day counts are actual/365 from the first flow. */
extern void rs_xirr_solve(MemoryContext budget, RsCashFlow *flow, uint64 n, RsXirr *result);
extern const char *rs_xirr_status_name(RsXirrStatus status);

#endif							/* RS_XIRR_H */
