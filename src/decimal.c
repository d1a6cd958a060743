/*
 * src/decimal.c
 *	  numeric <-> int128 in units of 10^-scale, exactly.
 *
 * Engines add and compare money as integers. A numeric stores base-10000
 * digits behind a two- or four-byte header; reading them here costs about
 * 5 ns, where going through the public functions costs a palloc and a
 * division per value. The layout is the on-disk one, which pg_upgrade keeps
 * fixed; test/pgtap/reader.sql compares with numeric_out on random values.
 */
#include "pg_compat.h"

#include "common/int.h"
#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/numeric.h"

#include "query_reader.h"

#define SIGN_MASK	0xC000
#define NEGATIVE	0x4000
#define SHORT_FORM	0x8000
#define SPECIAL		0xC000
#define DIGIT_BASE	10000

typedef struct Digits
{
	const char *at;				/* unaligned int16 digits */
	int			n;
	int			weight;			/* of the first digit, in powers of 10000 */
	bool		negative;
	int			shown;			/* display scale: digits after the point as printed */
	bool		special;		/* NaN or infinite */
} Digits;

static inline int16
digit(const Digits *d, int i)
{
	int16		v;

	memcpy(&v, d->at + i * sizeof(int16), sizeof(v));
	return v;
}

/* value must be detoasted (short headers are fine). */
static inline Digits
open_digits(const struct varlena *value)
{
	const char *data = VARDATA_ANY(value);
	int			bytes = VARSIZE_ANY_EXHDR(value);
	Digits		d = {0};
	uint16		header;

	memcpy(&header, data, sizeof(header));
	if ((header & SIGN_MASK) == SPECIAL)
	{
		d.special = true;
		return d;
	}
	if (header & SHORT_FORM)
	{
		d.negative = (header & 0x2000) != 0;
		d.shown = (header & 0x1F80) >> 7;
		d.weight = header & 0x003F;
		if (header & 0x0040)
			d.weight |= ~0x003F;
		d.at = data + sizeof(uint16);
		d.n = (bytes - (int) sizeof(uint16)) / (int) sizeof(int16);
	}
	else
	{
		int16		weight;

		d.negative = (header & SIGN_MASK) == NEGATIVE;
		d.shown = header & 0x3FFF;
		memcpy(&weight, data + sizeof(uint16), sizeof(weight));
		d.weight = weight;
		d.at = data + 2 * sizeof(uint16);
		d.n = (bytes - 2 * (int) sizeof(uint16)) / (int) sizeof(int16);
	}
	/* Stored values carry no trailing zero digits, computed ones might. */
	while (d.n > 0 && digit(&d, d.n - 1) == 0)
		d.n--;
	return d;
}

bool
rs_numeric_is_finite(Datum numeric)
{
	return !open_digits(PG_DETOAST_DATUM_PACKED(numeric)).special;
}

/*
 * The unit a value is written in: 12.50 is in hundredths. Beyond twelve digits
 * (quotients are written with twenty) trailing zeros are not counted.
 */
int
rs_numeric_unit(Datum numeric)
{
	Digits		d = open_digits(PG_DETOAST_DATUM_PACKED(numeric));

	return d.special ? 0 : Min(d.shown, 12);
}

/* Digits after the decimal point that are not trailing zeros: 1.50 -> 1. */
int
rs_numeric_scale(Datum numeric)
{
	Digits		d = open_digits(PG_DETOAST_DATUM_PACKED(numeric));
	int			scale;
	int			last;

	if (d.special || d.n == 0)
		return 0;
	scale = 4 * (d.n - 1 - d.weight);
	if (scale <= 0)
		return 0;
	for (last = digit(&d, d.n - 1); last % 10 == 0; last /= 10)
		scale--;
	return scale;
}

static const int small_power[4] = {1, 10, 100, 1000};

static void
out_of_range(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
			 errmsg("number does not fit into 38 digits"),
			 errdetail("Amounts are computed exactly, as integers in the smallest unit that the column shows."),
			 errhint("Round the column in the query, for example amount::numeric(38,2).")));
}

/* acc * 10^power, checked. */
static inline int128
shift_up(int128 acc, int power)
{
	while (power >= 4)
	{
		if (__builtin_mul_overflow(acc, (int128) DIGIT_BASE, &acc))
			out_of_range();
		power -= 4;
	}
	if (power > 0 && __builtin_mul_overflow(acc, (int128) small_power[power], &acc))
		out_of_range();
	return acc;
}

/*
 * *value = numeric x 10^scale. False if the number has more than `scale`
 * digits after the point; error if it does not fit or is not finite.
 */
bool
rs_numeric_to_int128(Datum numeric, int scale, int128 *value)
{
	struct varlena *v = PG_DETOAST_DATUM_PACKED(numeric);
	Digits		d = open_digits(v);
	int128		acc = 0;
	int			power = 4 * d.weight + scale;	/* of the digit at hand, base 10 */

	if (d.special)
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("number is NaN or infinite")));
	for (int i = 0; i < d.n; i++, power -= 4)
	{
		int			digit_value = digit(&d, i);

		if (power >= 0)
		{
			if (__builtin_mul_overflow(acc, (int128) DIGIT_BASE, &acc) ||
				__builtin_add_overflow(acc, (int128) digit_value, &acc))
				out_of_range();
			continue;
		}
		/* The last digits reach below the unit: what does must be zero. */
		if (power <= -4)
			return false;
		if (digit_value % small_power[-power] != 0 || i + 1 < d.n)
			return false;
		if (__builtin_mul_overflow(acc, (int128) (DIGIT_BASE / small_power[-power]), &acc) ||
			__builtin_add_overflow(acc, (int128) (digit_value / small_power[-power]), &acc))
			out_of_range();
		power = 0;				/* the loop's step leaves -4: nothing to shift */
	}
	if (d.n > 0 && power > -4)
		acc = shift_up(acc, power + 4);
	*value = d.negative ? -acc : acc;
	if ((void *) v != DatumGetPointer(numeric))
		pfree(v);
	return true;
}

/* value x 10^-scale as numeric with `scale` digits after the point. */
Datum
rs_int128_to_numeric(int128 value, int scale)
{
	char		digits[64];
	char		out[64];
	int			n = 0,
				at = 0;
	bool		negative = value < 0;
	unsigned __int128 rest = negative ? -(unsigned __int128) value : (unsigned __int128) value;

	if (value >= PG_INT64_MIN && value <= PG_INT64_MAX)
		return NumericGetDatum(int64_div_fast_to_numeric((int64) value, scale));

	while (rest > 0)
	{
		digits[n++] = (char) ('0' + (int) (rest % 10));
		rest /= 10;
	}
	while (n <= scale)
		digits[n++] = '0';
	if (negative)
		out[at++] = '-';
	while (n > 0)
	{
		if (n == scale)
			out[at++] = '.';
		out[at++] = digits[--n];
	}
	out[at] = '\0';
	return DirectFunctionCall3(numeric_in, CStringGetDatum(out),
							   ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1));
}

/*
 * Write value x 10^-scale (scale 0 to 18) as a stored numeric, without
 * trailing zeros, behind a short varlena header: what numeric_out prints as
 * shortly as possible. At most RS_DECIMAL_BYTES; returns how many.
 */
int
rs_decimal_form(char *out, int64 value, int scale)
{
	uint64		rest = value < 0 ? -(uint64) value : (uint64) value;
	unsigned __int128 wide;
	int16		digits[8];
	int			n = 0,
				first = 0,
				below = (scale + 3) / 4,	/* base-10000 digits after the point */
				shown = 0;
	uint16		header = SHORT_FORM;

	/* Fill the last digit up to four decimals; 19 + 3 digits may need 128 bits. */
	wide = (unsigned __int128) rest * (unsigned) small_power[below * 4 - scale];
	for (; wide > PG_UINT64_MAX; wide /= DIGIT_BASE)
		digits[n++] = (int16) (wide % DIGIT_BASE);
	for (rest = (uint64) wide; rest > 0; rest /= DIGIT_BASE)
		digits[n++] = (int16) (rest % DIGIT_BASE);
	while (first < n && digits[first] == 0)
		first++;
	if (first < n)
	{
		int			weight = n - 1 - below;

		if (first < below)
		{
			shown = 4 * (below - first);
			for (int last = digits[first]; last % 10 == 0; last /= 10)
				shown--;
		}
		header |= (uint16) ((value < 0 ? 0x2000 : 0) | shown << 7 | (weight < 0 ? 0x0040 : 0) | (weight & 0x003F));
	}
	SET_VARSIZE_SHORT(out, 1 + sizeof(uint16) + (n - first) * sizeof(int16));
	memcpy(out + 1, &header, sizeof(header));
	for (int i = n, at = 3; i-- > first; at += sizeof(int16))
		memcpy(out + at, &digits[i], sizeof(int16));
	return 1 + (int) sizeof(uint16) + (n - first) * (int) sizeof(int16);
}

static const uint64 power_of_ten[] = {
	1, 10, 100, 1000, 10000, 100000, 1000000, 10000000, 100000000, 1000000000,
	UINT64CONST(10000000000), UINT64CONST(100000000000), UINT64CONST(1000000000000),
	UINT64CONST(10000000000000), UINT64CONST(100000000000000), UINT64CONST(1000000000000000),
	UINT64CONST(10000000000000000), UINT64CONST(100000000000000000), UINT64CONST(1000000000000000000)
};

/*
 * The same with all `scale` digits after the point, as a column numeric(p, scale)
 * has it: 12.50. What is before the point and what is behind it are two
 * integers, so no 128 bits are needed; only filling up 17 or 18 decimals to 20
 * would need them, so there the last digit is taken off first.
 */
int
rs_amount_form(char *out, int64 value, int scale)
{
	uint64		rest = value < 0 ? -(uint64) value : (uint64) value;
	uint64		whole = rest / power_of_ten[scale];
	int			below = (scale + 3) / 4;
	unsigned	fill = (unsigned) small_power[below * 4 - scale];
	uint64		decimals = rest - whole * power_of_ten[scale];
	uint16		digits[10];
	int			first = lengthof(digits),
				end = lengthof(digits),
				weight = -1;
	uint16		header;

	if (unlikely(scale > 16))
	{
		digits[--first] = (uint16) (decimals % (DIGIT_BASE / fill) * fill);
		decimals /= DIGIT_BASE / fill;
		below--;
	}
	else
		decimals *= fill;
	for (int i = 0; i < below; i++, decimals /= DIGIT_BASE)
		digits[--first] = (uint16) (decimals % DIGIT_BASE);
	for (; whole > 0; whole /= DIGIT_BASE, weight++)
		digits[--first] = (uint16) (whole % DIGIT_BASE);
	for (; first < end && digits[first] == 0; first++)
		weight--;
	while (first < end && digits[end - 1] == 0)
		end--;
	if (first == end)
		weight = 0;
	header = (uint16) (SHORT_FORM | (value < 0 ? 0x2000 : 0) | scale << 7 | (weight < 0 ? 0x0040 : 0) | (weight & 0x003F));
	SET_VARSIZE_SHORT(out, 1 + sizeof(uint16) + (end - first) * sizeof(int16));
	memcpy(out + 1, &header, sizeof(header));
	memcpy(out + 3, &digits[first], (end - first) * sizeof(int16));
	return 1 + (int) sizeof(uint16) + (end - first) * (int) sizeof(int16);
}

/*
 * The nearest float8. Ordinary numbers have at most 16 digits: then the digits
 * as an integer and the power of ten are exact in float8, and one division
 * rounds once. The rest goes the server's way, through text (some 400 ns).
 */
float8
rs_numeric_to_float8(Datum numeric)
{
	static const float8 power_of_ten[] = {
		1e0, 1e4, 1e8, 1e12, 1e16, 1e20
	};
	struct varlena *v = PG_DETOAST_DATUM_PACKED(numeric);
	Digits		d = open_digits(v);
	int			below = d.n - 1 - d.weight; /* base-10000 digits after the point */
	uint64		whole = 0;
	float8		result;

	if (!d.special && d.n <= 4 && d.weight <= 3 && below < (int) lengthof(power_of_ten))
	{
		for (int i = 0; i < d.n; i++)
			whole = whole * DIGIT_BASE + digit(&d, i);
		for (int i = below; i < 0 && d.n > 0; i++)
			whole *= DIGIT_BASE;
	}
	if (d.special || d.n > 4 || d.weight > 3 || below >= (int) lengthof(power_of_ten) ||
		whole > (UINT64CONST(1) << 53))
		result = DatumGetFloat8(DirectFunctionCall1(numeric_float8_no_overflow, PointerGetDatum(v)));
	else
	{
		result = (float8) whole / power_of_ten[Max(below, 0)];
		if (d.negative)
			result = -result;
	}
	if ((void *) v != DatumGetPointer(numeric))
		pfree(v);
	return result;
}
