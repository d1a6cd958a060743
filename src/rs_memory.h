/*
 * src/rs_memory.h
 *	  Checked, bounded allocation for the engines.
 */
#ifndef RS_MEMORY_H
#define RS_MEMORY_H

#include "postgres.h"

/* risk_screen.max_memory in kB; engines read it, the module defines the GUC. */
extern int	rs_max_memory_kb;

extern void rs_memory_check(MemoryContext budget, uint64 more, const char *purpose);
extern void *rs_alloc(MemoryContext budget, uint64 count, Size size, const char *purpose);
extern void *rs_alloc0(MemoryContext budget, uint64 count, Size size, const char *purpose);
extern void *rs_resize(MemoryContext budget, void *old, uint64 count, Size size, const char *purpose);
extern void *rs_grow(MemoryContext budget, void *old, uint64 *capacity, uint64 needed,
					 Size size, const char *purpose);

/*
 * Many small pieces that live as long as their budget: carved from chunks that
 * grow, so that a large book-keeping sits on few large pages.
 */
typedef struct RsArena
{
	MemoryContext budget;
	char	   *at;
	Size		left;
	Size		chunk;			/* size of the last */
} RsArena;

extern void *rs_arena_alloc(RsArena *arena, uint64 count, Size size, const char *purpose);

#endif							/* RS_MEMORY_H */
