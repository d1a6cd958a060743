/*
 * test/unit/pg_shim.c
 *	  The few server services that engines use, without a server.
 */
#include "pg_shim.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "nodes/memnodes.h"
#include "miscadmin.h"

/* ---- memory contexts: a doubly linked list of malloc'd chunks ---- */

typedef struct Chunk
{
	struct Chunk *prev,
			   *next;
	Size		size;
	struct ShimContext *context;	/* last: where the server's headers look */
} Chunk;

typedef struct ShimContext
{
	MemoryContextData header;	/* first: engines see a MemoryContext */
	Chunk		head;
	Size		bytes;
} ShimContext;

MemoryContext CurrentMemoryContext,
			TopMemoryContext;
sigjmp_buf *PG_exception_stack;
ErrorContextCallback *error_context_stack;
volatile sig_atomic_t InterruptPending;
volatile uint32 InterruptHoldoffCount,
			QueryCancelHoldoffCount,
			CritSectionCount;
static long live_chunks;

/*
 * Large chunks are kept for the next one of their size: mapping and unmapping
 * them is most of the time of tests that build big tables again and again. A
 * kept chunk is poisoned, so using it after pfree is still seen.
 */
#define KEEP_FROM (32 * 1024)
#define KEPT 16
static struct
{
	Chunk	   *chunk;
	Size		capacity;
}			kept[KEPT];

#if defined(__SANITIZE_ADDRESS__)
#define POISONING 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define POISONING 1
#endif
#endif
#ifdef POISONING
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(p, n) ((void) (p), (void) (n))
#define ASAN_UNPOISON_MEMORY_REGION(p, n) ((void) (p), (void) (n))
#endif

static Chunk *
get_chunk(Size size)
{
	for (int i = 0; size >= KEEP_FROM && i < KEPT; i++)
		if (kept[i].chunk != NULL && kept[i].capacity == size)
		{
			Chunk	   *k = kept[i].chunk;

			kept[i].chunk = NULL;
			ASAN_UNPOISON_MEMORY_REGION(k, sizeof(Chunk) + size);
			return k;
		}
	return malloc(sizeof(Chunk) + size);
}

static void
put_chunk(Chunk *k)
{
	static int	next = 0;
	int			at = -1;

	if (k->size < KEEP_FROM)
	{
		free(k);
		return;
	}
	for (int i = 0; i < KEPT && at < 0; i++)
		if (kept[i].chunk == NULL)
			at = i;
	if (at < 0)
	{
		at = next++ % KEPT;
		ASAN_UNPOISON_MEMORY_REGION(kept[at].chunk, sizeof(Chunk));
		free(kept[at].chunk);
	}
	kept[at].chunk = k;
	kept[at].capacity = k->size;
	ASAN_POISON_MEMORY_REGION(k, sizeof(Chunk) + k->size);
}

long
shim_live_chunks(void)
{
	return live_chunks;
}

void
ProcessInterrupts(void)
{
	InterruptPending = false;
	ereport(ERROR, (errcode(ERRCODE_QUERY_CANCELED), errmsg("canceling statement due to user request")));
}

MemoryContext
AllocSetContextCreateInternal(MemoryContext parent, const char *name, Size min, Size init, Size max)
{
	ShimContext *c = calloc(1, sizeof(*c));

	c->header.type = T_AllocSetContext;
	c->header.name = name;
	c->head.prev = c->head.next = &c->head;
	c->header.parent = parent;
	if (parent)
	{
		c->header.nextchild = parent->firstchild;
		if (parent->firstchild)
			parent->firstchild->prevchild = (MemoryContext) c;
		parent->firstchild = (MemoryContext) c;
	}
	return (MemoryContext) c;
}

MemoryContext
GenerationContextCreate(MemoryContext parent, const char *name, Size min, Size init, Size max)
{
	return AllocSetContextCreateInternal(parent, name, min, init, max);
}

MemoryContext
SlabContextCreate(MemoryContext parent, const char *name, Size block, Size chunk)
{
	return AllocSetContextCreateInternal(parent, name, 0, block, block);
}

static void
call_reset_callbacks(MemoryContext context)
{
	MemoryContextCallback *cb;

	while ((cb = context->reset_cbs) != NULL)
	{
		context->reset_cbs = cb->next;
		cb->func(cb->arg);
	}
}

void
MemoryContextRegisterResetCallback(MemoryContext context, MemoryContextCallback *cb)
{
	cb->next = context->reset_cbs;
	context->reset_cbs = cb;
}

void
MemoryContextResetOnly(MemoryContext context)
{
	ShimContext *c = (ShimContext *) context;

	call_reset_callbacks(context);
	while (c->head.next != &c->head)
		pfree(c->head.next + 1);
}

void
MemoryContextDeleteChildren(MemoryContext context)
{
	while (context->firstchild)
		MemoryContextDelete(context->firstchild);
}

void
MemoryContextReset(MemoryContext context)
{
	MemoryContextDeleteChildren(context);
	MemoryContextResetOnly(context);
}

void
MemoryContextDelete(MemoryContext context)
{
	MemoryContextReset(context);
	if (context->parent)
	{
		if (context->prevchild)
			context->prevchild->nextchild = context->nextchild;
		else
			context->parent->firstchild = context->nextchild;
		if (context->nextchild)
			context->nextchild->prevchild = context->prevchild;
	}
	free(context);
}

Size
MemoryContextMemAllocated(MemoryContext context, bool recurse)
{
	Size		total = ((ShimContext *) context)->bytes;

	if (recurse)
		for (MemoryContext child = context->firstchild; child; child = child->nextchild)
			total += MemoryContextMemAllocated(child, true);
	return total;
}

static void *
chunk_new(MemoryContext context, Size size, bool zero)
{
	ShimContext *c = (ShimContext *) context;
	Chunk	   *k = get_chunk(size);

	if (k == NULL)
		abort();
	/* Fresh memory is never what an engine hopes it is. */
	memset(k + 1, zero ? 0 : 0x7f, size);
	k->context = c;
	k->size = size;
	k->prev = c->head.prev;
	k->next = &c->head;
	k->prev->next = k->next->prev = k;
	c->bytes += size;
	live_chunks++;
	return k + 1;
}

void
pfree(void *p)
{
	Chunk	   *k = (Chunk *) p - 1;

	k->prev->next = k->next;
	k->next->prev = k->prev;
	k->context->bytes -= k->size;
	live_chunks--;
	put_chunk(k);
}

void *
repalloc_huge(void *p, Size size)
{
	Chunk	   *k = (Chunk *) p - 1;
	void	   *q = chunk_new((MemoryContext) k->context, size, false);

	memcpy(q, p, Min(size, k->size));
	pfree(p);
	return q;
}

void *
repalloc(void *p, Size size)
{
	Assert(AllocSizeIsValid(size));
	return repalloc_huge(p, size);
}

#if PG_VERSION_NUM >= 160000
MemoryContext
GetMemoryChunkContext(void *p)
{
	return (MemoryContext) ((Chunk *) p - 1)->context;
}
#endif

void *MemoryContextAlloc(MemoryContext c, Size n) { if (!AllocSizeIsValid(n)) elog(ERROR, "invalid memory alloc request size %zu", n); return chunk_new(c, n, false); }
void *MemoryContextAllocZero(MemoryContext c, Size n) { if (!AllocSizeIsValid(n)) elog(ERROR, "invalid memory alloc request size %zu", n); return chunk_new(c, n, true); }
void *MemoryContextAllocZeroAligned(MemoryContext c, Size n) { return MemoryContextAllocZero(c, n); }
void *MemoryContextAllocHuge(MemoryContext c, Size n) { return chunk_new(c, n, false); }
void *MemoryContextAllocExtended(MemoryContext c, Size n, int flags) { return chunk_new(c, n, (flags & MCXT_ALLOC_ZERO) != 0); }
void *palloc(Size n) { return MemoryContextAlloc(CurrentMemoryContext, n); }
void *palloc0(Size n) { return MemoryContextAllocZero(CurrentMemoryContext, n); }
void *palloc_extended(Size n, int flags) { return MemoryContextAllocExtended(CurrentMemoryContext, n, flags); }

/* The overflow-checked forms that newer minor releases of the headers call. */
void *palloc_mul(Size a, Size b);
void *palloc0_mul(Size a, Size b);
void *repalloc_mul(void *p, Size a, Size b);
void *palloc_mul(Size a, Size b) { return palloc(a * b); }
void *palloc0_mul(Size a, Size b) { return palloc0(a * b); }
void *repalloc_mul(void *p, Size a, Size b) { return repalloc(p, a * b); }

char *
MemoryContextStrdup(MemoryContext context, const char *s)
{
	Size		n = strlen(s) + 1;

	return memcpy(MemoryContextAlloc(context, n), s, n);
}

char *pstrdup(const char *s) { return MemoryContextStrdup(CurrentMemoryContext, s); }

char *
pnstrdup(const char *s, Size n)
{
	char	   *r;

	n = strnlen(s, n);
	r = palloc(n + 1);
	memcpy(r, s, n);
	r[n] = '\0';
	return r;
}

char *
psprintf(const char *fmt,...)
{
	va_list		args;
	char		buf[4096];

	va_start(args, fmt);
	vsnprintf(buf, sizeof buf, fmt, args);
	va_end(args);
	return pstrdup(buf);
}

/* ---- errors ---- */

char		shim_message[1024];
int			shim_sqlstate;
static int	level;

bool
errstart(int elevel, const char *domain)
{
	level = elevel;
	shim_sqlstate = ERRCODE_INTERNAL_ERROR;
	return elevel >= ERROR;
}

bool errstart_cold(int elevel, const char *domain) { return errstart(elevel, domain); }

int
errcode(int sqlerrcode)
{
	shim_sqlstate = sqlerrcode;
	return 0;
}

static int
keep(const char *fmt, va_list args)
{
	vsnprintf(shim_message, sizeof shim_message, fmt, args);
	return 0;
}

int
errmsg(const char *fmt,...)
{
	va_list		args;

	va_start(args, fmt);
	keep(fmt, args);
	va_end(args);
	return 0;
}

int
errmsg_internal(const char *fmt,...)
{
	va_list		args;

	va_start(args, fmt);
	keep(fmt, args);
	va_end(args);
	return 0;
}

int errdetail(const char *fmt,...) { return 0; }
int errdetail_internal(const char *fmt,...) { return 0; }
int errhint(const char *fmt,...) { return 0; }

void
errfinish(const char *file, int line, const char *func)
{
	if (level < ERROR)
		return;
	if (PG_exception_stack == NULL)
	{
		fprintf(stderr, "uncaught error: %s (%s:%d)\n", shim_message, file, line);
		abort();
	}
	siglongjmp(*PG_exception_stack, 1);
}

void
pg_re_throw(void)
{
	siglongjmp(*PG_exception_stack, 1);
}

void
#if PG_VERSION_NUM >= 160000
ExceptionalCondition(const char *condition, const char *file, int line)
#else
ExceptionalCondition(const char *condition, const char *type, const char *file, int line)
#endif
{
	fprintf(stderr, "assertion failed: %s (%s:%d)\n", condition, file, line);
	abort();
}

void check_stack_depth(void) {}

bool
shim_catches(void (*fn) (void *), void *arg)
{
	volatile bool raised = false;

	PG_TRY();
	{
		fn(arg);
	}
	PG_CATCH();
	{
		raised = true;
	}
	PG_END_TRY();
	return raised;
}

/* ---- TAP ---- */

static int	tests_run,
			tests_failed,
			tests_planned = -1;

void
tap_plan(int tests)
{
	tests_planned = tests;
	printf("1..%d\n", tests);
}

bool
tap_ok(bool pass, const char *fmt,...)
{
	va_list		args;
	char		what[1024];

	va_start(args, fmt);
	vsnprintf(what, sizeof what, fmt, args);
	va_end(args);
	tests_run++;
	if (!pass)
		tests_failed++;
	printf("%s %d - %s\n", pass ? "ok" : "not ok", tests_run, what);
	fflush(stdout);
	return pass;
}

int
tap_done(void)
{
	if (tests_planned < 0)
		printf("1..%d\n", tests_run);
	MemoryContextDelete(TopMemoryContext);
	return tests_failed > 0 || (tests_planned >= 0 && tests_planned != tests_run);
}

void
shim_init(void)
{
	TopMemoryContext = AllocSetContextCreateInternal(NULL, "top", 0, 0, 0);
	CurrentMemoryContext = TopMemoryContext;
}

static uint64 random_state = UINT64CONST(88172645463325252);

void
shim_srandom(uint64 seed)
{
	random_state = seed * UINT64CONST(2685821657736338717) + 1;
}

uint64
shim_random(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state;
}
