/*
 * src/duration.c
 *	  The length of an interval argument, in microseconds.
 *
 * A day has 24 hours, whatever the calendar says; months have no length of
 * their own and are refused, and with them 'infinity' (PostgreSQL 17 and
 * later, where all its fields are at their end).
 */
#include "postgres.h"

#include "common/int.h"

#include "duration.h"

/* Zero or more; errors name the argument. */
int64
rs_interval_usecs(const Interval *interval, const char *argument)
{
	int64		days,
				total;

	if (interval->month != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s must not contain months or years", argument),
				 errdetail("Their length depends on the calendar."),
				 errhint("Give it in days, for example interval '30 days'.")));
	if (pg_mul_s64_overflow(interval->day, USECS_PER_DAY, &days) ||
		pg_add_s64_overflow(days, interval->time, &total))
		ereport(ERROR,
				(errcode(ERRCODE_INTERVAL_FIELD_OVERFLOW), errmsg("%s is too long", argument),
				 errhint("Intervals of up to 290,000 years are possible.")));
	if (total < 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("%s must not be negative", argument)));
	return total;
}
