/*
 * src/rs_memory.c
 *	  Checked, bounded allocation for the engines.
 *
 * Each operation owns one memory context, its budget: everything large is
 * allocated there through these functions, which check the multiplication
 * count x size, allow more than 1 GB, and refuse with a hint as soon as the
 * context would grow past risk_screen.max_memory, before the memory is asked
 * of the operating system. Small allocations (a few kB) may use palloc; they
 * are counted at the next call here.
 */
#include "postgres.h"

#include <sys/mman.h>

#include "utils/memutils.h"

#include "rs_memory.h"

int			rs_max_memory_kb = 1024 * 1024;

/* Error unless `more` bytes fit into the budget beside what it holds. */
void
rs_memory_check(MemoryContext budget, uint64 more, const char *purpose)
{
	uint64		limit = (uint64) rs_max_memory_kb * 1024;
	uint64		held = MemoryContextMemAllocated(budget, true);

	if (more > limit || held > limit - more)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("risk_screen.max_memory (%d kB) is not enough for %s",
						rs_max_memory_kb, purpose),
				 errdetail("The operation holds " UINT64_FORMAT " kB and needs " UINT64_FORMAT " kB more.",
						   held / 1024, more / 1024),
				 errhint("Raise risk_screen.max_memory for this session, or narrow the question (time window, hops, seeds).")));
}

static Size
checked_size(uint64 count, Size size, const char *purpose)
{
	if (size != 0 && count > MaxAllocHugeSize / size)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("too many elements for %s: " UINT64_FORMAT, purpose, count)));
	return (Size) count * size;
}

/*
 * Large arrays are walked at random: with 4 kB pages, most of such a walk is
 * spent on page tables. Ask for huge pages where the system gives them to
 * those who ask.
 */
static void
advise_huge_pages(void *p, Size bytes)
{
#ifdef MADV_HUGEPAGE
	const Size	page = 2 * 1024 * 1024;

	if (bytes >= 2 * page)
	{
		char	   *from = (char *) TYPEALIGN(page, p);

		(void) madvise(from, (Size) ((char *) p + bytes - from) / page * page, MADV_HUGEPAGE);
	}
#endif
}

void *
rs_alloc(MemoryContext budget, uint64 count, Size size, const char *purpose)
{
	Size		bytes = checked_size(count, size, purpose);

	void	   *p;

	rs_memory_check(budget, bytes, purpose);
	p = MemoryContextAllocHuge(budget, bytes ? bytes : 1);
	advise_huge_pages(p, bytes);
	return p;
}

void *
rs_alloc0(MemoryContext budget, uint64 count, Size size, const char *purpose)
{
	void	   *p = rs_alloc(budget, count, size, purpose);

	memset(p, 0, (Size) count * size);
	return p;
}

/* Resize to exactly count elements; old may be NULL. */
void *
rs_resize(MemoryContext budget, void *old, uint64 count, Size size, const char *purpose)
{
	Size		bytes = checked_size(count, size, purpose);

	if (old == NULL)
		return rs_alloc(budget, count, size, purpose);
	rs_memory_check(budget, bytes, purpose);
	old = repalloc_huge(old, bytes ? bytes : 1);
	advise_huge_pages(old, bytes);
	return old;
}

/*
 * Make room for `needed` elements, growing by half so that appending is linear.
 * *capacity is updated; returns the (moved) array. Old contents are kept.
 */
void *
rs_grow(MemoryContext budget, void *old, uint64 *capacity, uint64 needed,
		Size size, const char *purpose)
{
	uint64		want = *capacity;

	if (old != NULL && needed <= *capacity)
		return old;
	want = want + want / 2;
	if (want < 64)
		want = 64;
	if (want < needed)
		want = needed;
	old = rs_resize(budget, old, want, size, purpose);
	*capacity = want;
	return old;
}

void *
rs_arena_alloc(RsArena *arena, uint64 count, Size size, const char *purpose)
{
	const Size	smallest = 64 * 1024;
	const Size	largest = 16 * 1024 * 1024;
	Size		bytes = MAXALIGN(checked_size(count, size, purpose));
	char	   *p;

	if (bytes > arena->left)
	{
		Size		chunk = arena->chunk ? Min(arena->chunk * 2, largest) : smallest;

		/* what fills much of a chunk gets one of its own */
		if (bytes > chunk / 4)
			return rs_alloc(arena->budget, bytes, 1, purpose);
		arena->at = rs_alloc(arena->budget, chunk, 1, purpose);
		arena->left = arena->chunk = chunk;
	}
	p = arena->at;
	arena->at += bytes;
	arena->left -= bytes;
	return p;
}
