/*
 * test/unit/pg_shim.h
 *	  A tiny TAP harness for engines driven alone.
 *
 * Engines see the server's own headers; pg_shim.c gives them memory contexts
 * (one malloc per chunk, so that the address sanitizer sees every overrun)
 * and error reports that a test can catch.
 */
#ifndef PG_SHIM_H
#define PG_SHIM_H

#include "postgres.h"
#include "utils/memutils.h"

extern void tap_plan(int tests);			/* optional; done_testing() otherwise */
extern bool tap_ok(bool pass, const char *fmt,...) pg_attribute_printf(2, 3);
extern int	tap_done(void);					/* prints the plan; exit status */
extern void shim_init(void);

/* Runs fn(arg); true when it raised an error, whose text is then in shim_message. */
extern bool shim_catches(void (*fn) (void *), void *arg);
extern char shim_message[1024];
extern int	shim_sqlstate;

/* Number of chunks allocated and not yet freed, over all contexts. */
extern long shim_live_chunks(void);

/* xorshift: the same sequence on every machine. */
extern uint64 shim_random(void);
extern void shim_srandom(uint64 seed);

#endif							/* PG_SHIM_H */
