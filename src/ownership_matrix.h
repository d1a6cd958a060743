/*
 * src/ownership_matrix.h
 *	  (I - B)^-1 of a ring of cross-holdings, by elimination without pivoting.
 */
#ifndef RS_OWNERSHIP_MATRIX_H
#define RS_OWNERSHIP_MATRIX_H

#include "ownership.h"

extern bool rs_matrix_factor(RsReal *b, RsReal *d, RsReal *excess, uint32 *spare, uint32 size);
extern void rs_matrix_invert(MemoryContext scratch, const RsReal *b, const RsReal *d, const uint32 *place,
							 uint32 size, RsReal *inverse);

#endif							/* RS_OWNERSHIP_MATRIX_H */
