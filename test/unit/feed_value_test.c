/*
 * test/unit/feed_value_test.c
 *	  engines: src/feed_value.c
 *
 * Every text is given in a buffer of exactly its length, so that the address
 * sanitizer sees a byte read too many; every day of ten thousand years is
 * compared with a count that knows nothing of the formula.
 */
#include "feed_value.h"
#include "pg_shim.h"

static char *
exact(const char *s, int len)
{
	char	   *copy = malloc(len > 0 ? len : 1);

	memcpy(copy, s, len);
	return copy;
}

static bool
moment(const char *s, int64 *usecs)
{
	char	   *copy = exact(s, strlen(s));
	bool		good = rs_feed_moment(copy, strlen(s), usecs);

	free(copy);
	return good;
}

/* any prefix or change of one byte of a text is read within its bounds */
static int
torn(const char *s)
{
	int			read = 0;

	for (int len = 0; len <= (int) strlen(s); len++)
		for (int at = 0; at <= len; at++)
			for (const char *c = "09-+:.TZ \xe4"; *c; c++)
			{
				char	   *copy = exact(s, len);
				int32		days;
				int64		usecs;

				if (at < len)
					copy[at] = *c;
				read += rs_feed_moment(copy, len, &usecs) + rs_feed_day(copy, len, &days)
					+ rs_feed_is_number(copy, len) + rs_feed_is_integer(copy, len);
				free(copy);
			}
	return read;
}

int
main(void)
{
	static const int length[12] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool		calendar = true,
				refused = true;
	int64		u;
	int32		count = -730119,	/* 0001-01-01 */
				days;

	shim_init();
	for (int y = 1; y <= 9999; y++)
		for (int m = 1; m <= 12; m++)
		{
			int			last = length[m - 1] + (m == 2 && (y % 400 == 0 || (y % 4 == 0 && y % 100 != 0)));
			char		text[16];

			for (int d = 1; d <= last; d++, count++)
			{
				snprintf(text, sizeof(text), "%04d-%02d-%02d", y, m, d);
				calendar &= rs_feed_day(text, 10, &days) && days == count;
			}
			snprintf(text, sizeof(text), "%04d-%02d-%02d", y, m, last + 1);
			refused &= !rs_feed_day(text, 10, &days);
		}
	tap_ok(calendar, "every day from 0001 to 9999 is counted");
	tap_ok(refused && !rs_feed_day("2026-00-01", 10, &days) && !rs_feed_day("2026-13-01", 10, &days) && !rs_feed_day("2026-01-00", 10, &days) && !rs_feed_day("0000-01-01", 10, &days),
	   "and no other");
	tap_ok(moment("2000-01-01T00:00:00Z", &u) && u == 0 && moment("2000-01-01 08:00:00+08:00", &u) && u == 0
	   && moment("1999-12-31t20:30:00.5-03:30", &u) && u == 500000 && moment("1999-12-31T23:59:59.999999z", &u) && u == -1, "moments with their zone and fraction");
	tap_ok(!moment("2000-01-01T00:00:00", &u) && !moment("2000-01-01T24:00:00Z", &u) && !moment("2000-01-01T00:00:60Z", &u) && !moment("2000-01-01T00:00:00.Z", &u)
	   && !moment("2000-01-01T00:00:00.1234567Z", &u) && !moment("2000-01-01T00:00:00+16:00", &u) && !moment("2000-01-01T00:00:00+0800", &u) && !moment("2000-01-01T00:00:00ZZ", &u),
	   "no zone, no such hour, a fraction too fine: none");
	tap_ok(rs_feed_is_number("0", 1) && rs_feed_is_number("-12.50", 6) && !rs_feed_is_number("", 0) && !rs_feed_is_number("-", 1) && !rs_feed_is_number(".5", 2) && !rs_feed_is_number("5.", 2)
	   && !rs_feed_is_number("1e3", 3) && !rs_feed_is_number("NaN", 3) && rs_feed_is_integer("-7", 2) && !rs_feed_is_integer("7.0", 3), "numbers as digits");
	tap_ok(torn("2026-11-19T10:00:00.123456+08:00") > 0 && torn("-123.456") > 0, "torn texts are read within their bounds");
	return tap_done();
}
