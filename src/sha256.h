/*
 * src/sha256.h
 *	  SHA-256 (FIPS 180-4) for many short messages.
 */
#ifndef RS_SHA256_H
#define RS_SHA256_H

#include "c.h"

#define RS_SHA256_LENGTH 32
#define RS_SHA256_BLOCK 64

typedef struct RsSha256
{
	uint32		state[8];
	uint64		length;			/* bytes so far */
	uint8		block[RS_SHA256_BLOCK];
} RsSha256;

extern void rs_sha256_init(RsSha256 *hash);
extern void rs_sha256_add(RsSha256 *hash, const void *data, Size length);
extern void rs_sha256_final(RsSha256 *hash, uint8 *out);

/* for the tests: without the processor's own instructions */
extern void rs_sha256_portable(bool only);

#endif
