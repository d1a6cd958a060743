/*
 * src/merkle.h
 *	  Hash chains and Merkle trees over seals.
 */
#ifndef RS_MERKLE_H
#define RS_MERKLE_H

#include "postgres.h"
#include "common/cryptohash.h"

#define RS_SEAL_LENGTH 32

/* The open right edge of a tree: one pending node per bit of the leaf count. */
typedef struct RsMerkle
{
	uint64		leaves;
	uint8		pending[64][RS_SEAL_LENGTH];
} RsMerkle;

extern void rs_sha256_init(pg_cryptohash_ctx *hash);
extern void rs_sha256_add(pg_cryptohash_ctx *hash, const void *data, Size length);
extern void rs_sha256_final(pg_cryptohash_ctx *hash, uint8 *out);

extern void rs_chain_link(pg_cryptohash_ctx *hash, uint8 *head, const uint8 *seal, Size length);
extern void rs_merkle_leaf(pg_cryptohash_ctx *hash, const uint8 *seal, Size length, uint8 *out);
extern void rs_merkle_add(pg_cryptohash_ctx *hash, RsMerkle *tree, const uint8 *seal, Size length);
extern void rs_merkle_root(pg_cryptohash_ctx *hash, const RsMerkle *tree, uint8 *out);
extern int	rs_merkle_proof(pg_cryptohash_ctx *hash, uint8 *leaf, uint64 leaves, uint64 at,
							uint8 (*proof)[RS_SEAL_LENGTH]);
extern bool rs_merkle_verify(pg_cryptohash_ctx *hash, const uint8 *leaf, uint64 at, uint64 leaves,
							 const uint8 *const *proof, int length, const uint8 *root);

#endif							/* RS_MERKLE_H */
