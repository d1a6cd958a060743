/*
 * src/amount_text.c
 *	  Amounts as people read them: 9,500元, 12.5万元, 1.02亿元. Pictures and reports
 *	  share it.
 */
#include "postgres.h"

#include <math.h>

#include "fmgr.h"
#include "lib/stringinfo.h"
#include "utils/builtins.h"
#include "utils/numeric.h"

#include "amount_text.h"
#include "query_reader.h"

/* amount x 10^-scale (not negative), rounded half up, in units of 10^-digits. */
int128
rs_decimal_rounded(int128 amount, int scale, int digits)
{
	int128		half = 5;

	for (; scale < digits; scale++)
		if (__builtin_mul_overflow(amount, (int128) 10, &amount))
			ereport(ERROR,
					(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
					 errmsg("amounts do not fit into 38 digits"),
					 errhint("Round them, for example to numeric(38,2).")));
	if (scale == digits)
		return amount;
	for (int i = digits + 1; i < scale; i++)
	{
		/* beyond 38 digits nothing is left to round */
		if (__builtin_mul_overflow(half, (int128) 10, &half))
			return 0;
	}
	/* in halves of the unit asked for, so that half a unit rounds up */
	return (amount / half + 1) / 2;
}

char *
rs_grouped_decimal(int128 value, int digits, bool trim)
{
	char		reversed[128];
	int			n = 0,
				at = 0;
	StringInfoData out;

	while (trim && digits > 0 && value % 10 == 0)
	{
		value /= 10;
		digits--;
	}
	for (; at < digits; at++, value /= 10)
		reversed[n++] = '0' + (char) (value % 10);
	if (digits > 0)
		reversed[n++] = '.';
	for (at = 0; at == 0 || value > 0; at++, value /= 10)
	{
		if (at > 0 && at % 3 == 0)
			reversed[n++] = ',';
		reversed[n++] = '0' + (char) (value % 10);
	}
	initStringInfo(&out);
	while (n > 0)
		appendStringInfoChar(&out, reversed[--n]);
	return out.data;
}

/* amount x 10^-scale (not negative) in the unit that fits it, two places, rounded. */
char *
rs_yuan_text(int128 amount, int scale)
{
	int128		value = rs_decimal_rounded(amount, scale, 2);

	if (value < 1000000)
		return psprintf("%s元", rs_grouped_decimal(value, 2, true));
	value = rs_decimal_rounded(amount, scale + 4, 2);
	if (value < 1000000)
		return psprintf("%s万元", rs_grouped_decimal(value, 2, true));
	return psprintf("%s亿元", rs_grouped_decimal(rs_decimal_rounded(amount, scale + 8, 2), 2, true));
}

/*
 * _yuan(amount numeric) -> text
 *
 * The same for SQL, of any sign. What is 10^24 or more, NaN and infinity are
 * written as they are. NULL in, NULL out. O(digits).
 */
PG_FUNCTION_INFO_V1(rs_yuan);
Datum
rs_yuan(PG_FUNCTION_ARGS)
{
	Datum		amount = PG_GETARG_DATUM(0);
	int128		value = 0;
	bool		fits = rs_numeric_is_finite(amount) && fabs(rs_numeric_to_float8(amount)) < 1e24;
	char	   *text;

	if (fits)
	{
		/* half up looks at the third place only */
		Datum		cut = DirectFunctionCall2(numeric_trunc, amount, Int32GetDatum(3));

		if (!rs_numeric_to_int128(cut, 3, &value))
			elog(ERROR, "numeric scale was misread");
	}
	if (!fits)
		text = psprintf("%s元", DatumGetCString(DirectFunctionCall1(numeric_out, amount)));
	else
	{
		text = rs_yuan_text(value < 0 ? -value : value, 3);
		if (value < 0)
			text = psprintf("-%s", text);
	}
	PG_RETURN_TEXT_P(cstring_to_text(text));
}
