/*
 * src/folding.h
 *	  What a character stands for: folding, readings, shapes, parts.
 */
#ifndef RS_FOLDING_H
#define RS_FOLDING_H

#include "postgres.h"

typedef enum RsFoldKind
{
	RS_FOLD_TEXT,				/* one or more folded characters */
	RS_FOLD_IGNORABLE,			/* invisible: zero width, combining, variation selectors */
	RS_FOLD_SEPARATOR,			/* interleaving marks, spaces, symbols */
	RS_FOLD_CLAUSE				/* ends a phrase: sentence marks, commas, brackets, quotes */
} RsFoldKind;

#define RS_FOLD_MAX 20			/* longest folding of one character */
#define RS_LAST_CODE_POINT 0x10FFFF

extern RsFoldKind rs_fold(uint32 cp, uint32 *out, int *n);
extern bool rs_fold_page_is_plain(uint32 page);	/* all 64 characters stand for themselves */
extern int	rs_reading(uint32 folded);	/* toneless pinyin, 0 if unknown */
extern const char *rs_syllable(int reading);
extern uint32 rs_shape(uint32 folded);	/* four-corner number + 1, 0 if unknown */
extern bool rs_look_alike(uint32 a, uint32 b);
extern uint32 rs_spoof_partner(uint32 folded, int i);	/* 0 after the last */
extern bool rs_split_parts(uint32 folded, int i, uint32 *left, uint32 *right);

/* Bounded UTF-8 decoding: never reads at or past `end`; 0xFFFFFFFF for bad bytes. */
#define RS_BAD_CHARACTER UINT32_MAX

static inline uint32
rs_utf8_decode(const unsigned char *p, const unsigned char *end, int *length)
{
	uint32		b = *p;
	Size		left = end - p;

	*length = 1;
	if (b < 0x80)
		return b;
	if (b < 0xC2)
		return RS_BAD_CHARACTER;
	if (b < 0xE0)
	{
		if (left < 2)
			return RS_BAD_CHARACTER;
		*length = 2;
		return (b & 0x1F) << 6 | (p[1] & 0x3F);
	}
	if (b < 0xF0)
	{
		if (left < 3)
			return RS_BAD_CHARACTER;
		*length = 3;
		return (b & 0x0F) << 12 | (p[1] & 0x3F) << 6 | (p[2] & 0x3F);
	}
	if (b < 0xF5)
	{
		uint32		cp;

		if (left < 4)
			return RS_BAD_CHARACTER;
		*length = 4;
		cp = (b & 0x07) << 18 | (p[1] & 0x3F) << 12 | (p[2] & 0x3F) << 6 | (p[3] & 0x3F);
		return cp <= RS_LAST_CODE_POINT ? cp : RS_BAD_CHARACTER;
	}
	return RS_BAD_CHARACTER;
}

/* Writes cp as UTF-8, returns the number of bytes (at most 4). */
static inline int
rs_utf8_encode(uint32 cp, unsigned char *out)
{
	if (cp < 0x80)
	{
		out[0] = cp;
		return 1;
	}
	if (cp < 0x800)
	{
		out[0] = 0xC0 | cp >> 6;
		out[1] = 0x80 | (cp & 0x3F);
		return 2;
	}
	if (cp < 0x10000)
	{
		out[0] = 0xE0 | cp >> 12;
		out[1] = 0x80 | (cp >> 6 & 0x3F);
		out[2] = 0x80 | (cp & 0x3F);
		return 3;
	}
	out[0] = 0xF0 | cp >> 18;
	out[1] = 0x80 | (cp >> 12 & 0x3F);
	out[2] = 0x80 | (cp >> 6 & 0x3F);
	out[3] = 0x80 | (cp & 0x3F);
	return 4;
}

#endif							/* RS_FOLDING_H */
