/*
 * src/sliding_sql.c
 *	  sliding_count, sliding_sum, sliding_max, sliding_distinct: window functions.
 *
 * At the first row of a partition the whole partition is read and slid over
 * once (src/peak.c); then each row's value is returned. So a busy account
 * costs its rows, not its rows times its window. The partition's values are
 * kept in memory, 40 bytes a row, within risk_screen.max_memory.
 */
#include "pg_compat.h"

#include "fmgr.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/numeric.h"
#include "utils/timestamp.h"
#include "windowapi.h"

#include "duration.h"
#include "intern.h"
#include "pattern_row.h"
#include "peak.h"
#include "query_reader.h"
#include "rs_memory.h"

/* Of one call site; the partition's part is made anew for each. */
typedef struct Sliding
{
	MemoryContext context;		/* reset at each partition */
	RsTimedValue *row;			/* rows that have a time and a value */
	int128	   *each;
	int64	   *place;			/* by partition row: in `each`, -1 for none */
	int			scale;
} Sliding;

static const char *const purpose = "the rows of a window partition";

static void
widen(Sliding *s, uint64 n, int scale)
{
	for (; s->scale < scale; s->scale++)
		for (uint64 i = 0; i < n; i++)
			if (__builtin_mul_overflow(s->row[i].value, (int128) 10, &s->row[i].value))
				ereport(ERROR,
						(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
						 errmsg("amounts do not fit into 38 digits")));
}

static int128
value_of(Sliding *s, uint64 n, RsMeasure measure, Datum value, RsInterner **values, FunctionCallInfo fcinfo)
{
	int128		units;

	if (measure == RS_MEASURE_DISTINCT)
	{
		if (*values == NULL)
			*values = rs_interner_create(s->context, get_fn_expr_argtype(fcinfo->flinfo, 0), PG_GET_COLLATION());
		return rs_intern(*values, value, NULL);
	}
	if (!rs_numeric_is_finite(value))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE), errmsg("amount is NaN or infinite")));
	widen(s, n, rs_numeric_unit(value));
	if (rs_numeric_to_int128(value, s->scale, &units))
		return units;
	widen(s, n, rs_numeric_scale(value));
	if (!rs_numeric_to_int128(value, s->scale, &units))
		elog(ERROR, "numeric scale was misread");
	return units;
}

static void
read_partition(Sliding *s, FunctionCallInfo fcinfo, RsMeasure measure)
{
	WindowObject window = PG_WINDOW_OBJECT();
	bool		with_value = measure != RS_MEASURE_COUNT;
	int			at_arg = with_value ? 1 : 0;
	int64		rows = WinGetPartitionRowCount(window);
	int64		width;
	uint64		n = 0;
	RsInterner *values = NULL;
	bool		isnull,
				isout;
	Datum		d;

	MemoryContextReset(s->context);
	s->scale = 0;
	s->row = rs_alloc(s->context, rows, sizeof(RsTimedValue), purpose);
	s->place = rs_alloc(s->context, rows, sizeof(int64), purpose);
	s->each = rs_alloc(s->context, rows, sizeof(int128), purpose);
	d = WinGetFuncArgCurrent(window, at_arg + 1, &isnull);
	if (isnull)
		ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("window must not be null")));
	width = rs_interval_usecs(DatumGetIntervalP(d), "window");

	for (int64 i = 0; i < rows; i++)
	{
		TimestampTz at;

		if ((i & 0xfff) == 0)
			CHECK_FOR_INTERRUPTS();
		s->place[i] = -1;
		at = DatumGetTimestampTz(WinGetFuncArgInPartition(window, at_arg, (int) i, WINDOW_SEEK_HEAD, false, &isnull, &isout));
		if (isnull)
			continue;
		if (TIMESTAMP_NOT_FINITE(at))
			ereport(ERROR,
					(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE), errmsg("time must be finite")));
		if (n > 0 && at < s->row[n - 1].at)
			ereport(ERROR,
					(errcode(ERRCODE_WINDOWING_ERROR),
					 errmsg("rows must be ordered by time, oldest first"),
					 errhint("Write OVER (PARTITION BY ... ORDER BY %s) with the same time column.", "at")));
		s->row[n].value = 0;
		if (with_value)
		{
			d = WinGetFuncArgInPartition(window, 0, (int) i, WINDOW_SEEK_HEAD, false, &isnull, &isout);
			if (isnull)
				continue;
			s->row[n].value = value_of(s, n, measure, d, &values, fcinfo);
		}
		s->row[n].at = at;
		s->place[i] = (int64) n++;
	}
	if (n > 0)
		rs_peak_slide(s->row, n, width, measure, values ? rs_interner_count(values) : 0, s->each, s->context);
}

/* The sliding value at the current row; false where the row has no time or value. */
static bool
slide(FunctionCallInfo fcinfo, RsMeasure measure, int128 *value, int *scale)
{
	WindowObject window = PG_WINDOW_OBJECT();
	Sliding    *s = fcinfo->flinfo->fn_extra;
	bool	   *started = WinGetPartitionLocalMemory(window, sizeof(bool));
	int64		place;

	if (s == NULL)
	{
		s = MemoryContextAllocZero(fcinfo->flinfo->fn_mcxt, sizeof(Sliding));
		s->context = AllocSetContextCreate(fcinfo->flinfo->fn_mcxt, "risk_screen sliding window", ALLOCSET_DEFAULT_SIZES);
		fcinfo->flinfo->fn_extra = s;
	}
	if (!*started)
	{
		read_partition(s, fcinfo, measure);
		*started = true;
	}
	place = s->place[WinGetCurrentPosition(window)];
	if (place < 0)
		return false;
	*value = s->each[place];
	*scale = s->scale;
	return true;
}

static Datum
slide_count(FunctionCallInfo fcinfo, RsMeasure measure)
{
	int128		value;
	int			scale;

	if (!slide(fcinfo, measure, &value, &scale))
		PG_RETURN_NULL();
	PG_RETURN_INT64((int64) value);
}

static Datum
slide_amount(FunctionCallInfo fcinfo, RsMeasure measure)
{
	int128		value;
	int			scale;

	if (!slide(fcinfo, measure, &value, &scale))
		PG_RETURN_NULL();
	PG_RETURN_DATUM(rs_int128_to_numeric(value, scale));
}

/*
 * sliding_count(at timestamptz, window interval) OVER (... ORDER BY at) returns bigint
 *
 * Rows of the partition from `window` before this row's time up to it, ties
 * included. NULL where the row has no time. Linear in the partition.
 */
PG_FUNCTION_INFO_V1(rs_sliding_count);
Datum
rs_sliding_count(PG_FUNCTION_ARGS)
{
	return slide_count(fcinfo, RS_MEASURE_COUNT);
}

/* sliding_sum(amount numeric, at timestamptz, window interval): sum of their amounts. */
PG_FUNCTION_INFO_V1(rs_sliding_sum);
Datum
rs_sliding_sum(PG_FUNCTION_ARGS)
{
	return slide_amount(fcinfo, RS_MEASURE_SUM);
}

/* sliding_max(amount numeric, at timestamptz, window interval): the largest of them. */
PG_FUNCTION_INFO_V1(rs_sliding_max);
Datum
rs_sliding_max(PG_FUNCTION_ARGS)
{
	return slide_amount(fcinfo, RS_MEASURE_MAX);
}

/* sliding_distinct(value anyelement, at timestamptz, window interval): different values among them. */
PG_FUNCTION_INFO_V1(rs_sliding_distinct);
Datum
rs_sliding_distinct(PG_FUNCTION_ARGS)
{
	return slide_count(fcinfo, RS_MEASURE_DISTINCT);
}
