/*
 * test/unit/rs_memory_test.c
 *	  engines: src/rs_memory.c
 */
#include "pg_shim.h"
#include "rs_memory.h"

static MemoryContext budget;

static void
take_too_much(void *arg)
{
	rs_alloc(budget, 3 * 1024, 1024, "a test");
}

static void
overflow(void *arg)
{
	rs_alloc(budget, UINT64_MAX / 4, 16, "a test");
}

int
main(void)
{
	uint64	   *a = NULL;
	uint64		capacity = 0;
	bool		kept = true;

	shim_init();
	budget = AllocSetContextCreate(TopMemoryContext, "budget", ALLOCSET_DEFAULT_SIZES);
	rs_max_memory_kb = 2048;

	tap_ok(shim_catches(take_too_much, NULL) && shim_sqlstate == ERRCODE_PROGRAM_LIMIT_EXCEEDED,
		   "an allocation over the budget is refused: %s", shim_message);
	tap_ok(MemoryContextMemAllocated(budget, true) == 0, "nothing was allocated by it");
	tap_ok(shim_catches(overflow, NULL) && shim_sqlstate == ERRCODE_PROGRAM_LIMIT_EXCEEDED,
		   "count x size overflow is refused");

	for (uint64 i = 0; i < 100000; i++)
	{
		a = rs_grow(budget, a, &capacity, i + 1, sizeof(uint64), "a test");
		a[i] = i;
	}
	for (uint64 i = 0; i < 100000; i++)
		kept = kept && a[i] == i;
	tap_ok(kept, "growing keeps the contents");
	tap_ok(capacity < 200000, "growing is geometric, not wasteful");
	return tap_done();
}
