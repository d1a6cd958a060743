/*
 * src/duration.h
 *	  The length of an interval argument.
 */
#ifndef RS_DURATION_H
#define RS_DURATION_H

#include "postgres.h"
#include "datatype/timestamp.h"

extern int64 rs_interval_usecs(const Interval *interval, const char *argument);

#endif							/* RS_DURATION_H */
