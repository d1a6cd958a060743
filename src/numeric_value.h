/*
 * src/numeric_value.h
 *	  numeric -> float8, correctly rounded, without printing and reading text.
 *
 * The server converts through a string (some 400 ns). Ordinary amounts have at
 * most 15 significant digits and fewer than 23 fractional ones: then both the
 * digits as an integer and the power of ten are exact float8 values, and one
 * division rounds once, which gives the same float8. Everything else goes the
 * server's way. The format read here is the on-disk format of numeric, which
 * pg_upgrade keeps.
 */
#ifndef RS_NUMERIC_VALUE_H
#define RS_NUMERIC_VALUE_H

#include "postgres.h"

#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/float.h"
#include "utils/numeric.h"

static inline float8
rs_numeric_to_float8(Datum value)
{
	static const float8 power_of_ten[] = {
		1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
		1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22
	};
	struct varlena *v = PG_DETOAST_DATUM_PACKED(value);
	const char *p = VARDATA_ANY(v);
	int			size = VARSIZE_ANY_EXHDR(v);
	uint16		header;
	int			weight,
				ndigits;
	bool		negative;
	uint64		whole = 0;
	float8		result;

	memcpy(&header, p, sizeof(header));
	if ((header & 0xC000) == 0x8000)
	{
		negative = (header & 0x2000) != 0;
		weight = (header & 0x0040) ? (int) (header & 0x003F) - 64 : (int) (header & 0x003F);
		p += sizeof(uint16);
		ndigits = (size - (int) sizeof(uint16)) / (int) sizeof(int16);
	}
	else if ((header & 0xC000) == 0xC000)
		goto slow;				/* NaN, infinity */
	else
	{
		int16		w;

		negative = (header & 0xC000) == 0x4000;
		memcpy(&w, p + sizeof(uint16), sizeof(w));
		weight = w;
		p += 2 * sizeof(uint16);
		ndigits = (size - 2 * (int) sizeof(uint16)) / (int) sizeof(int16);
	}
	if (ndigits == 0)
		result = 0;
	else if (ndigits > 4 || weight > 3 || weight < ndigits - 6)
		goto slow;
	else
	{
		int			exponent = weight - ndigits + 1;	/* of 10000 */

		for (int i = 0; i < ndigits; i++)
		{
			int16		digit;

			memcpy(&digit, p + i * sizeof(int16), sizeof(digit));
			whole = whole * 10000 + digit;
		}
		for (; exponent > 0; exponent--)
			whole *= 10000;
		if (whole > (UINT64CONST(1) << 53))
			goto slow;
		result = (float8) whole / power_of_ten[-4 * exponent];
		if (negative)
			result = -result;
	}
	if ((Pointer) v != DatumGetPointer(value))
		pfree(v);
	return result;

slow:
	result = DatumGetFloat8(DirectFunctionCall1(numeric_float8_no_overflow, PointerGetDatum(v)));
	if ((Pointer) v != DatumGetPointer(value))
		pfree(v);
	return result;
}

#endif							/* RS_NUMERIC_VALUE_H */
