/*
 * src/feed_value.h
 *	  The written forms of numbers, days and moments in a filing message.
 */
#ifndef RS_FEED_VALUE_H
#define RS_FEED_VALUE_H

#include "postgres.h"

#define RS_FEED_MAX_DIGITS 200	/* characters of a number written as a string */

extern bool rs_feed_is_number(const char *s, int len);
extern bool rs_feed_is_integer(const char *s, int len);
extern bool rs_feed_day(const char *s, int len, int32 *days);
extern bool rs_feed_moment(const char *s, int len, int64 *usecs);

#endif							/* RS_FEED_VALUE_H */
