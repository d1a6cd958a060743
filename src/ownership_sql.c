/*
 * src/ownership_sql.c
 *	  What the SQL functions on holdings share: arguments and numbers.
 */
#include "pg_compat.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/numeric.h"

#include "ownership_sql.h"

MemoryContext
rs_ownership_budget(void)
{
	return AllocSetContextCreate(CurrentMemoryContext, "risk_screen ownership", ALLOCSET_DEFAULT_SIZES);
}

/* ---- arguments ---- */

RsThreshold
rs_threshold_argument(Datum numeric, bool inclusive, bool without_treasury, const char *argument)
{
	RsThreshold t = {0};
	int128		one = 1;
	bool		usable = rs_numeric_is_finite(numeric);

	if (usable)
	{
		t.digits = rs_numeric_scale(numeric);
		for (int i = 0; i < Min(t.digits, 18); i++)
			one *= 10;
		usable = t.digits <= 18 && rs_numeric_to_int128(numeric, t.digits, &t.number) &&
			t.number >= 0 && t.number <= one;
	}
	if (!usable)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("argument %s must be a fraction between 0 and 1 with at most 18 digits", argument),
				 errhint("Write 25 %% as 0.25.")));
	t.inclusive = inclusive;
	t.without_treasury = without_treasury;
	return t;
}

/* ---- results ---- */

/* Computed shares are shown with so many digits after the point. */
#define SHARE_SCALE 15
#define SHARE_UNIT 1e15L

/*
 * numeric of a computed share, rounded to 15 digits after the point, without
 * trailing zeros: 0.25 comes out as 0.25. Errors of the solver are far below.
 */
Datum
rs_share_numeric(RsReal share)
{
	RsReal scaled = share * SHARE_UNIT;
	int64		v;
	int			scale = SHARE_SCALE;

	if (!(fabsl(scaled) < 9.2e18L))
	{
		char		text[64];

		/* Only data far over 100 % lead here: 15 significant digits. */
		snprintf(text, sizeof(text), "%.14e", (double) share);
		return DirectFunctionCall3(numeric_in, CStringGetDatum(text),
								   ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1));
	}
	v = llroundl(scaled);
	if (v == 0)
		scale = 0;
	while (scale > 0 && v % 10 == 0)
	{
		v /= 10;
		scale--;
	}
	return NumericGetDatum(int64_div_fast_to_numeric(v, scale));
}

/* The exact number value x 10^-scale, without trailing zeros. */
Datum
rs_exact_numeric(int128 value, int scale)
{
	while (scale > 0 && value % 10 == 0)
	{
		value /= 10;
		scale--;
	}
	return rs_int128_to_numeric(value, scale);
}

/* As rs_share_numeric() and rs_exact_numeric(), into a result row. */
void
rs_row_share(RsResultRow *row, RsReal share)
{
	RsReal		scaled = share * SHARE_UNIT;

	if (fabsl(scaled) < 9.2e18L)
		rs_row_decimal(row, llroundl(scaled), SHARE_SCALE);
	else
	{
		Datum		numeric = rs_share_numeric(share);

		rs_row_varlena(row, numeric);
		pfree(DatumGetPointer(numeric));
	}
}

void
rs_row_exact(RsResultRow *row, int128 value, int scale)
{
	if (scale <= 18 && value >= PG_INT64_MIN && value <= PG_INT64_MAX)
		rs_row_decimal(row, (int64) value, scale);
	else
	{
		Datum		numeric = rs_exact_numeric(value, scale);

		rs_row_varlena(row, numeric);
		pfree(DatumGetPointer(numeric));
	}
}

Datum
rs_flag_array(uint32 flags)
{
	Datum		name[RS_FLAG_COUNT];
	int			n = 0;

	for (int i = 0; i < RS_FLAG_COUNT; i++)
		if (flags & (1u << i))
			name[n++] = CStringGetTextDatum(rs_flag_name[i]);
	return PointerGetDatum(construct_array(name, n, TEXTOID, -1, false, TYPALIGN_INT));
}
