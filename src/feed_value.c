/*
 * src/feed_value.c
 *	  Read the written forms of numbers, days and moments in a filing message.
 *
 * One form each, so that two systems never read the same message differently:
 * a number as -?digits[.digits], a day as YYYY-MM-DD, a moment as RFC 3339 with
 * seconds and a zone. PostgreSQL's own input functions accept far more (words
 * like "yesterday", days without a zone, NaN) and raise errors, where a message
 * wants every bad row named. Pure functions over bytes; nothing is allocated.
 */
#include "feed_value.h"

#define DAYS_TO_2000 730119		/* days from 0001-01-01 to 2000-01-01 */

static inline bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static int
leading_digits(const char *s, int len)
{
	int			n = 0;

	while (n < len && is_digit(s[n]))
		n++;
	return n;
}

/* exactly n digits as an integer; -1 if they are not there */
static int
fixed(const char *s, int len, int n)
{
	int			value = 0;

	if (len < n || leading_digits(s, n) < n)
		return -1;
	for (int i = 0; i < n; i++)
		value = value * 10 + (s[i] - '0');
	return value;
}

bool
rs_feed_is_integer(const char *s, int len)
{
	if (len > 0 && *s == '-')
		s++, len--;
	return len > 0 && len <= RS_FEED_MAX_DIGITS && leading_digits(s, len) == len;
}

bool
rs_feed_is_number(const char *s, int len)
{
	int			n;

	if (len > 0 && *s == '-')
		s++, len--;
	n = leading_digits(s, len);
	if (n == 0 || len > RS_FEED_MAX_DIGITS)
		return false;
	if (n == len)
		return true;
	s += n + 1;
	len -= n + 1;
	return s[-1] == '.' && len > 0 && leading_digits(s, len) == len;
}

/* Days since 2000-01-01 of YYYY-MM-DD in the Gregorian calendar, years 1 to 9999. */
bool
rs_feed_day(const char *s, int len, int32 *days)
{
	static const int before[13] = {0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365};
	int			y,
				m,
				d,
				past;
	bool		leap;

	if (len != 10 || s[4] != '-' || s[7] != '-')
		return false;
	y = fixed(s, 4, 4);
	m = fixed(s + 5, 2, 2);
	d = fixed(s + 8, 2, 2);
	if (y < 1 || m < 1 || m > 12 || d < 1)
		return false;
	leap = y % 4 == 0 && (y % 100 != 0 || y % 400 == 0);
	if (d > before[m] - before[m - 1] + (m == 2 && leap))
		return false;
	past = y - 1;
	*days = past * 365 + past / 4 - past / 100 + past / 400
		+ before[m - 1] + (m > 2 && leap) + d - 1 - DAYS_TO_2000;
	return true;
}

/*
 * Microseconds since 2000-01-01 00:00 UTC of YYYY-MM-DD(T| )hh:mm:ss[.f](Z|+hh:mm).
 * More than six digits of a second would be lost and are refused; so is a moment
 * without zone, a leap second, and an offset beyond 15:59.
 */
bool
rs_feed_moment(const char *s, int len, int64 *usecs)
{
	int32		days;
	int			hour,
				minute,
				second,
				offset = 0;
	int64		fraction = 0;

	if (len < 20 || !rs_feed_day(s, 10, &days) || (s[10] != 'T' && s[10] != 't' && s[10] != ' ')
		|| s[13] != ':' || s[16] != ':')
		return false;
	hour = fixed(s + 11, 2, 2);
	minute = fixed(s + 14, 2, 2);
	second = fixed(s + 17, 2, 2);
	if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 59)
		return false;
	s += 19;
	len -= 19;
	if (*s == '.')
	{
		int			n = leading_digits(s + 1, len - 1);

		if (n < 1 || n > 6)
			return false;
		fraction = fixed(s + 1, n, n);
		for (int i = n; i < 6; i++)
			fraction *= 10;
		s += n + 1;
		len -= n + 1;
	}
	if (len == 1 && (*s == 'Z' || *s == 'z'))
		;
	else if (len == 6 && (*s == '+' || *s == '-') && s[3] == ':')
	{
		int			h = fixed(s + 1, 2, 2),
					m = fixed(s + 4, 2, 2);

		if (h < 0 || h > 15 || m < 0 || m > 59)
			return false;
		offset = (h * 60 + m) * (*s == '-' ? -1 : 1);
	}
	else
		return false;
	*usecs = (((int64) days * 24 + hour) * 60 + minute - offset) * INT64CONST(60000000)
		+ second * INT64CONST(1000000) + fraction;
	return true;
}
