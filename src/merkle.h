/*
 * src/merkle.h
 *	  Hash chains and Merkle trees over seals.
 */
#ifndef RS_MERKLE_H
#define RS_MERKLE_H

#include "postgres.h"

#include "sha256.h"

#define RS_SEAL_LENGTH RS_SHA256_LENGTH

/* The open right edge of a tree: one pending node per bit of the leaf count. */
typedef struct RsMerkle
{
	uint64		leaves;
	uint8		pending[64][RS_SEAL_LENGTH];
} RsMerkle;

extern void rs_chain_link(uint8 *head, const uint8 *seal, Size length);
extern void rs_merkle_leaf(const uint8 *seal, Size length, uint8 *out);
extern void rs_merkle_add(RsMerkle *tree, const uint8 *seal, Size length);
extern void rs_merkle_root(const RsMerkle *tree, uint8 *out);
extern int	rs_merkle_proof(uint8 *leaf, uint64 leaves, uint64 at,
							uint8 (*proof)[RS_SEAL_LENGTH]);
extern bool rs_merkle_verify(const uint8 *leaf, uint64 at, uint64 leaves,
							 const uint8 *const *proof, int length, const uint8 *root);

#endif							/* RS_MERKLE_H */
