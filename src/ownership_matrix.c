/*
 * src/ownership_matrix.c
 *	  The inverse of I - B for one ring of cross-holdings, or that there is none.
 *
 * N is found by elimination without pivoting. If no company has holders
 * over 100 % inside the ring, its column excess e_j = 1 - sum of b_ij, taken exactly
 * from the integer shares, replaces the diagonal (Grassmann, Taksar and
 * Heyman; Alfa, Xue and Ye 2002): every pivot is a sum of non-negative
 * numbers, nothing is ever subtracted, so every entry has full relative
 * accuracy however near the ring is to closing, and a pivot is zero exactly
 * when some ring owns itself entirely. Otherwise pivots are computed plainly;
 * all positive means that I - |B| is a nonsingular M-matrix, that is spectral
 * radius below 1.
 *
 * Cost: O(s^3) for s members that all hold each other, O(s^2) for a long thin
 * ring; memory: the caller's s^2 numbers.
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"

#include "ownership_matrix.h"
#include "rs_memory.h"

static const char purpose[] = "the ownership solver";

/* A pivot below this, where subtraction occurs, counts as not positive. */
#define PIVOT_EPSILON 1e-15L

/* Where the factors are not zero, row by row, columns ascending; size + 1 starts. */
typedef struct Pattern
{
	uint64	   *start;
	uint32	   *column;
	uint64	   *lower;			/* of each row: the first of its columns still in use */
	uint64	   *diagonal;		/* and the first one beyond the diagonal */
} Pattern;

/*
 * b: s x s by row, b[i][j] = share of j that i holds; on return its
 * off-diagonals hold the factors and d the pivots. excess is used and spoilt;
 * NULL selects plain elimination. spare: 2 s numbers. False: a pivot is not
 * positive. Only links that exist are worked on, so a long thin ring costs
 * little more than looking at the matrix.
 */
bool
rs_matrix_factor(RsReal *b, RsReal *d, RsReal *excess, uint32 *spare, uint32 size)
{
	uint32	   *row = spare,
			   *column = spare + size;

	if (excess == NULL)
		for (uint32 j = 0; j < size; j++)
			d[j] = 1.0L - b[(Size) j * size + j];
	for (uint32 k = 0; k < size; k++)
	{
		RsReal	   *bk = b + (Size) k * size;
		RsReal		pivot = excess ? excess[k] : d[k];
		uint32		nrows = 0,
					ncolumns = 0;

		for (uint32 i = k + 1; i < size; i++)
			if (b[(Size) i * size + k] != 0)
			{
				row[nrows++] = i;
				if (excess != NULL)
					pivot += b[(Size) i * size + k];
			}
		if (!(pivot > (excess ? 0 : PIVOT_EPSILON)))
			return false;
		d[k] = pivot;
		for (uint32 j = k + 1; j < size; j++)
			if (bk[j] != 0)
			{
				column[ncolumns++] = j;
				if (excess != NULL)
					excess[j] += excess[k] * (bk[j] / pivot);
			}
		for (uint32 r = 0; r < nrows; r++)
		{
			RsReal	   *bi = b + (Size) row[r] * size;
			RsReal		m = bi[k] / pivot;

			bi[k] = m;
			if (excess == NULL)
				d[row[r]] -= m * bk[row[r]];
			for (uint32 c = 0; c < ncolumns; c++)
				bi[column[c]] += m * bk[column[c]];
		}
		CHECK_FOR_INTERRUPTS();
	}
	return true;
}

static void
find_pattern(MemoryContext scratch, const RsReal *b, uint32 size, Pattern *p)
{
	uint64		n = 0,
				capacity = 0;

	p->start = rs_alloc(scratch, (uint64) size + 1, sizeof(uint64), purpose);
	p->lower = rs_alloc(scratch, size, sizeof(uint64), purpose);
	p->diagonal = rs_alloc(scratch, size, sizeof(uint64), purpose);
	p->column = NULL;
	for (uint32 i = 0; i < size; i++)
	{
		const RsReal *bi = b + (Size) i * size;

		p->column = rs_grow(scratch, p->column, &capacity, n + size, sizeof(uint32), purpose);
		p->start[i] = p->lower[i] = n;
		for (uint32 j = 0; j < i; j++)
			if (bi[j] != 0)
				p->column[n++] = j;
		p->diagonal[i] = n;
		for (uint32 j = i + 1; j < size; j++)
			if (bi[j] != 0)
				p->column[n++] = j;
		CHECK_FOR_INTERRUPTS();
	}
	p->start[size] = n;
}

/* Columns of the inverse worked on together, so that no sum waits for another. */
#define TOGETHER 4

/*
 * (I - B)^-1 from the factors, by column; additions only when all is >= 0.
 * place: where the row and column eliminated k-th belong in the result.
 */
void
rs_matrix_invert(MemoryContext scratch, const RsReal *b, const RsReal *d, const uint32 *place, uint32 size,
				 RsReal *inverse)
{
	Pattern		pattern,
			   *p = &pattern;
	RsReal		(*r)[TOGETHER] = rs_alloc(scratch, size, sizeof(RsReal) * TOGETHER, purpose);

	find_pattern(scratch, b, size, p);
	for (uint32 c = 0; c < size; c += TOGETHER)
	{
		memset(r, 0, sizeof(*r) * size);
		for (uint32 i = c; i < size; i++)
		{
			const RsReal *bi = b + (Size) i * size;
			RsReal		s0 = 0,
						s1 = 0,
						s2 = 0,
						s3 = 0;

			/* Above the first of these columns r is zero. */
			while (p->lower[i] < p->diagonal[i] && p->column[p->lower[i]] < c)
				p->lower[i]++;
			for (uint64 k = p->lower[i]; k < p->diagonal[i]; k++)
			{
				RsReal		m = bi[p->column[k]];
				const RsReal *rk = r[p->column[k]];

				s0 += m * rk[0];
				s1 += m * rk[1];
				s2 += m * rk[2];
				s3 += m * rk[3];
			}
			r[i][0] = s0;
			r[i][1] = s1;
			r[i][2] = s2;
			r[i][3] = s3;
			if (i < c + TOGETHER)
				r[i][i - c] = 1;
		}
		for (uint32 k = size; k-- > 0;)
		{
			const RsReal *bk = b + (Size) k * size;
			RsReal		s0 = r[k][0],
						s1 = r[k][1],
						s2 = r[k][2],
						s3 = r[k][3];

			for (uint64 j = p->diagonal[k]; j < p->start[k + 1]; j++)
			{
				RsReal		u = bk[p->column[j]];
				const RsReal *rj = r[p->column[j]];

				s0 += u * rj[0];
				s1 += u * rj[1];
				s2 += u * rj[2];
				s3 += u * rj[3];
			}
			r[k][0] = s0 / d[k];
			r[k][1] = s1 / d[k];
			r[k][2] = s2 / d[k];
			r[k][3] = s3 / d[k];
		}
		for (uint32 q = 0; q < TOGETHER && c + q < size; q++)
			for (uint32 i = 0; i < size; i++)
				inverse[(Size) place[c + q] * size + place[i]] = r[i][q];
		CHECK_FOR_INTERRUPTS();
	}
}
