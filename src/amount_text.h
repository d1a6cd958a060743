/*
 * src/amount_text.h
 *	  Decimal numbers and amounts as text.
 */
#ifndef RS_AMOUNT_TEXT_H
#define RS_AMOUNT_TEXT_H

#include "postgres.h"

extern int128 rs_decimal_rounded(int128 amount, int scale, int digits);
extern char *rs_grouped_decimal(int128 value, int digits, bool trim);	/* 1,234.5; trim: no zeros at the end */
extern char *rs_yuan_text(int128 amount, int scale);

#endif							/* RS_AMOUNT_TEXT_H */
