/*
 * bench/cpu_clock.h
 *	  The clock of the floors and peers that are programs of their own.
 */
#ifndef CPU_CLOCK_H
#define CPU_CLOCK_H

#include <time.h>

/* CPU milliseconds of this process so far. */
static double
cpu_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return t.tv_sec * 1e3 + t.tv_nsec / 1e6;
}

#endif							/* CPU_CLOCK_H */
