/*
 * src/folding.c
 *	  What a character stands for: folding, readings, shapes, parts.
 *
 * Look-ups into tables that tools/generate_folding.py makes from Debian's
 * unicode-data; the rules are stated there. Two-level tables: code point / 64
 * selects a page, pages without content are shared. Constant time, no state,
 * independent of locale and of the server's version.
 */
#include "postgres.h"

#include "folding.h"

#include "folding_tables.h"

StaticAssertDecl(FOLD_LONGEST <= RS_FOLD_MAX, "RS_FOLD_MAX is too small for the generated table");

/* Folded characters of cp go to out[0 .. *n); *n is 0 unless RS_FOLD_TEXT. */
RsFoldKind
rs_fold(uint32 cp, uint32 *out, int *n)
{
	uint32		cell;

	if (cp > RS_LAST_CODE_POINT)
	{
		out[0] = cp;
		*n = 1;
		return RS_FOLD_TEXT;
	}
	cell = fold_page[(uint32) fold_top[cp >> 6] << 6 | (cp & 63)];
	switch (cell >> 24)
	{
		case 0:
			out[0] = cp;
			*n = 1;
			return RS_FOLD_TEXT;
		case 1:
			out[0] = cell & 0xFFFFFF;
			*n = 1;
			return RS_FOLD_TEXT;
		case 2:
			{
				const uint32 *s = fold_sequence + (cell & 0xFFFFFF);

				*n = s[0];
				memcpy(out, s + 1, s[0] * sizeof(uint32));
				return RS_FOLD_TEXT;
			}
		case 3:
			*n = 0;
			return RS_FOLD_IGNORABLE;
		case 4:
			*n = 0;
			return RS_FOLD_SEPARATOR;
		default:
			*n = 0;
			return RS_FOLD_CLAUSE;
	}
}

bool
rs_fold_page_is_plain(uint32 page)
{
	return page < lengthof(fold_top) && fold_top[page] == 0;
}

int
rs_reading(uint32 folded)
{
	if (folded >= lengthof(reading_top) << 6)
		return 0;
	return reading_page[(uint32) reading_top[folded >> 6] << 6 | (folded & 63)];
}

const char *
rs_syllable(int reading)
{
	return syllable[reading];
}

static uint32
shape_cell(uint32 folded)
{
	if (folded >= lengthof(shape_top) << 6)
		return 0;
	return shape_page[(uint32) shape_top[folded >> 6] << 6 | (folded & 63)];
}

uint32
rs_shape(uint32 folded)
{
	return shape_cell(folded) >> 6;
}

/* First of the entries (of `width` numbers) whose first number is key, or -1. */
static int
find_entry(const uint32 *table, int count, int width, uint32 key)
{
	int			lo = 0,
				hi = count;

	while (lo < hi)
	{
		int			mid = (lo + hi) / 2;

		if (table[mid * width] < key)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < count && table[lo * width] == key ? lo : -1;
}

/* The i-th character that Unihan lists as spoofing `folded`, 0 after the last. */
uint32
rs_spoof_partner(uint32 folded, int i)
{
	int			count = lengthof(spoof) / 2;
	int			at = find_entry(spoof, count, 2, folded);

	if (at < 0 || at + i >= count || spoof[(at + i) * 2] != folded)
		return 0;
	return spoof[(at + i) * 2 + 1];
}

/*
 * Easily taken for each other: same four corners and at most two strokes
 * apart, or listed as spoofing. Equal characters are not look-alikes.
 */
bool
rs_look_alike(uint32 a, uint32 b)
{
	uint32		x = shape_cell(a),
				y = shape_cell(b);
	uint32		partner;

	if (a == b)
		return false;
	if (x != 0 && x >> 6 == y >> 6 && abs((int) (x & 63) - (int) (y & 63)) <= 2)
		return true;
	for (int i = 0; (partner = rs_spoof_partner(a, i)) != 0; i++)
		if (partner == b)
			return true;
	return false;
}

/* The i-th way to write `folded` as two characters side by side. */
bool
rs_split_parts(uint32 folded, int i, uint32 *left, uint32 *right)
{
	int			count = lengthof(split) / 3;
	int			at = find_entry(split, count, 3, folded);

	if (at < 0 || at + i >= count || split[(at + i) * 3] != folded)
		return false;
	*left = split[(at + i) * 3 + 1];
	*right = split[(at + i) * 3 + 2];
	return true;
}
