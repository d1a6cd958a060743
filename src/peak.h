/*
 * src/peak.h
 *	  Values over a window that slides through time: their peak, or one per row.
 */
#ifndef RS_PEAK_H
#define RS_PEAK_H

#include "postgres.h"

typedef enum RsMeasure
{
	RS_MEASURE_COUNT,
	RS_MEASURE_SUM,
	RS_MEASURE_MAX,
	RS_MEASURE_DISTINCT			/* values are numbers 0 .. nvalues-1 */
} RsMeasure;

typedef struct RsTimedValue
{
	int64		at;
	int128		value;
} RsTimedValue;

typedef struct RsPeak
{
	int128		value;
	int64		started,		/* first and last row of the window */
				ended;
	uint64		rows;			/* in it */
} RsPeak;

extern void rs_peak_sort(RsTimedValue *row, uint64 n);

/*
 * Slide over n > 0 rows sorted by time. The window of a row is all rows from
 * `window` before it (inclusive) up to its own instant. each[i], where wanted,
 * gets row i's value; returns the largest, the earliest of equals.
 */
extern RsPeak rs_peak_slide(const RsTimedValue *row, uint64 n, int64 window, RsMeasure measure,
							uint32 nvalues, int128 *each, MemoryContext budget);

#endif							/* RS_PEAK_H */
