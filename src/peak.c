/*
 * src/peak.c
 *	  Values over a window that slides through time: their peak, or one per row.
 *
 * Window SQL recomputes a frame for each row where an aggregate has no inverse
 * (max, float sums) or does not exist (distinct): quadratic on a busy account.
 * Here two pointers pass once over the sorted rows: sums and counts add and
 * subtract, the maximum keeps a queue of the rows that can still become it,
 * distinct keeps a counter per value. n log n for sorting, then linear.
 *
 * Rows of one instant belong to each other's windows: the answer does not
 * depend on the order of ties. It is what RANGE BETWEEN window PRECEDING AND
 * CURRENT ROW gives.
 */
#include "postgres.h"

#include "miscadmin.h"

#include "peak.h"
#include "rs_memory.h"

#define ST_SORT sort_timed_values
#define ST_ELEMENT_TYPE RsTimedValue
#define ST_COMPARE(a, b) ((a)->at < (b)->at ? -1 : (a)->at > (b)->at)
#define ST_SCOPE static
#define ST_CHECK_FOR_INTERRUPTS
#define ST_DEFINE
#include "lib/sort_template.h"

void
rs_peak_sort(RsTimedValue *row, uint64 n)
{
	sort_timed_values(row, n);
}

RsPeak
rs_peak_slide(const RsTimedValue *row, uint64 n, int64 window, RsMeasure measure,
			  uint32 nvalues, int128 *each, MemoryContext budget)
{
	RsPeak		peak = {0};
	uint64		tail = 0,
				head = 0;
	int128		value = 0;
	uint32	   *seen = NULL;
	uint64	   *queue = NULL;	/* rows with falling values; front is the maximum */
	uint64		front = 0,
				back = 0;

	if (measure == RS_MEASURE_DISTINCT)
		seen = rs_alloc0(budget, nvalues, sizeof(uint32), "the values of a window");
	if (measure == RS_MEASURE_MAX)
		queue = rs_alloc(budget, n, sizeof(uint64), "the values of a window");

	while (head < n)
	{
		uint64		now = head;

		for (; head < n && row[head].at == row[now].at; head++)
		{
			if ((head & 0xffff) == 0)
				CHECK_FOR_INTERRUPTS();
			switch (measure)
			{
				case RS_MEASURE_COUNT:
					value++;
					break;
				case RS_MEASURE_SUM:
					if (__builtin_add_overflow(value, row[head].value, &value))
						ereport(ERROR,
								(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
								 errmsg("sum of a window does not fit into 38 digits")));
					break;
				case RS_MEASURE_MAX:
					while (back > front && row[queue[back - 1]].value <= row[head].value)
						back--;
					queue[back++] = head;
					break;
				case RS_MEASURE_DISTINCT:
					if (seen[(uint32) row[head].value]++ == 0)
						value++;
					break;
			}
		}
		/* as unsigned numbers the distance cannot overflow */
		for (; (uint64) row[now].at - (uint64) row[tail].at > (uint64) window; tail++)
		{
			if (measure == RS_MEASURE_COUNT)
				value--;
			else if (measure == RS_MEASURE_SUM)
				value -= row[tail].value;
			else if (measure == RS_MEASURE_DISTINCT && --seen[(uint32) row[tail].value] == 0)
				value--;
		}
		if (measure == RS_MEASURE_MAX)
		{
			while (queue[front] < tail)
				front++;
			value = row[queue[front]].value;
		}
		if (each)
			for (uint64 i = now; i < head; i++)
				each[i] = value;
		if (now == 0 || value > peak.value)
		{
			peak.value = value;
			peak.started = row[tail].at;
			peak.ended = row[now].at;
			peak.rows = head - tail;
		}
	}
	if (seen)
		pfree(seen);
	if (queue)
		pfree(queue);
	return peak;
}
