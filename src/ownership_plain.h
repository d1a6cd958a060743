/*
 * src/ownership_plain.h
 *	  Owners of companies above which nothing is unusual, straight from a file.
 */
#ifndef RS_OWNERSHIP_PLAIN_H
#define RS_OWNERSHIP_PLAIN_H

#include "ownership_file.h"

typedef struct RsPlainParty
{
	uint32		node;
	uint32		layers;
	uint32		flags;			/* of the chains to it: MISSING or none */
	bool		ultimate;
	int64		direct;			/* at the file's scale; 0 beyond the first layer */
	RsReal		total;
} RsPlainParty;

typedef struct RsPlainOwners
{
	RsPlainParty *party;		/* each after all that it holds */
	uint32		n;
	bool		held;			/* does anybody hold the target? */
	int64		known;			/* what its holders have in all */
	RsReal		unknown;		/* held by nobody the data name; 0: none */
} RsPlainOwners;

typedef struct RsPlain RsPlain;

/* NULL if no company of the file can be plain for this question. */
extern RsPlain *rs_plain_create(MemoryContext budget, const RsOwnershipFile *file, const RsOwnershipOptions *options);

/*
 * Have the processor fetch what targets[at + 1 ...] will need, so that it is
 * there when they are solved: a hint. Called once for each target, in order.
 */
extern void rs_plain_prefetch(const RsPlain *plain, const int64 *targets, uint64 at, uint64 n);

/* False: something is unusual, ask the solver. The result is valid until the next call. */
extern bool rs_plain_solve(RsPlain *plain, uint32 target, RsPlainOwners *result);
/* So much was begun in vain that the solver should be asked about the rest. */
extern bool rs_plain_is_futile(const RsPlain *plain);

#endif							/* RS_OWNERSHIP_PLAIN_H */
