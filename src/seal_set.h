/*
 * src/seal_set.h
 *	  Many seals with the keys of their rows, put into order.
 */
#ifndef RS_SEAL_SET_H
#define RS_SEAL_SET_H

#include "merkle.h"

typedef struct RsSealSet
{
	MemoryContext budget;
	uint64		n;
	uint8	   *seal;			/* n times RS_SEAL_LENGTH */
	uint64		seal_room;
	char	   *key;			/* the keys one after the other */
	uint64		key_room;
	uint64	   *key_end;		/* end of each key in there */
	uint64		end_room;
} RsSealSet;

/* A seal in its place: its first bytes as a number, and where it is. */
typedef struct RsSealPlace
{
	uint64		prefix;
	const uint8 *seal;
} RsSealPlace;

extern void rs_seal_set_add(RsSealSet *set, const uint8 *seal, const char *key, uint64 length);
extern RsSealPlace *rs_seal_set_order(RsSealSet *set);
extern void rs_seal_set_root(const RsSealSet *set, const RsSealPlace *place, uint8 *root);
extern const char *rs_seal_set_key(const RsSealSet *set, const uint8 *seal, uint64 *length);

#endif
