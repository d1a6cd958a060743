/*
 * src/merkle.c
 *	  Hash chains and Merkle trees over seals.
 *
 * The tree is the one of RFC 9162 (Certificate Transparency), section 2.1:
 *
 *	  leaf	= SHA-256(00 || seal)
 *	  node	= SHA-256(01 || left || right)
 *	  tree	= left subtree over the largest power of two below n, right the rest
 *	  empty = SHA-256()
 *
 * Distinct prefixes keep a node from passing as a leaf. Roots are computed in
 * one pass with one pending node per bit of the leaf count; a proof is the
 * sibling at each level, at most 64 of them.
 *
 * A chain link is SHA-256(02 || head || seal), the first head being 32 zero
 * bytes: whoever holds a later head notices a change of any earlier row.
 */
#include "postgres.h"

#include "miscadmin.h"

#include "merkle.h"

static void
hash_with_prefix(uint8 prefix, const void *a, Size na,
				 const void *b, Size nb, uint8 *out)
{
	RsSha256	hash;

	rs_sha256_init(&hash);
	rs_sha256_add(&hash, &prefix, 1);
	rs_sha256_add(&hash, a, na);
	rs_sha256_add(&hash, b, nb);
	rs_sha256_final(&hash, out);
}

void
rs_chain_link(uint8 *head, const uint8 *seal, Size length)
{
	hash_with_prefix(0x02, head, RS_SEAL_LENGTH, seal, length, head);
}

void
rs_merkle_leaf(const uint8 *seal, Size length, uint8 *out)
{
	hash_with_prefix(0x00, seal, length, seal, 0, out);
}

static void
merkle_node(const uint8 *left, const uint8 *right, uint8 *out)
{
	hash_with_prefix(0x01, left, RS_SEAL_LENGTH, right, RS_SEAL_LENGTH, out);
}

void
rs_merkle_add(RsMerkle *tree, const uint8 *seal, Size length)
{
	uint8		node[RS_SEAL_LENGTH];
	int			level = 0;

	rs_merkle_leaf(seal, length, node);
	/* Two full subtrees of one size become one: like carrying in addition. */
	for (uint64 n = tree->leaves; n & 1; n >>= 1)
		merkle_node(tree->pending[level++], node, node);
	memcpy(tree->pending[level], node, RS_SEAL_LENGTH);
	tree->leaves++;
}

void
rs_merkle_root(const RsMerkle *tree, uint8 *out)
{
	bool		have = false;

	if (tree->leaves == 0)
	{
		RsSha256	hash;

		rs_sha256_init(&hash);
		rs_sha256_final(&hash, out);
		return;
	}
	for (int level = 0; level < 64; level++)
	{
		if (!(tree->leaves >> level & 1))
			continue;
		if (have)
			merkle_node(tree->pending[level], out, out);
		else
			memcpy(out, tree->pending[level], RS_SEAL_LENGTH);
		have = true;
	}
}

/*
 * Siblings from leaf `at` up to the root; returns how many. `leaf` holds the
 * leaf hashes one after the other and is overwritten level by level: a node
 * without a sibling moves up unchanged, which is the same tree.
 */
int
rs_merkle_proof(uint8 *leaf, uint64 leaves, uint64 at,
				uint8 (*proof)[RS_SEAL_LENGTH])
{
	int			length = 0;

	Assert(at < leaves);
	for (; leaves > 1; leaves = (leaves + 1) / 2, at /= 2)
	{
		if ((at ^ 1) < leaves)
			memcpy(proof[length++], leaf + (at ^ 1) * RS_SEAL_LENGTH, RS_SEAL_LENGTH);
		for (uint64 i = 0; i < leaves; i += 2)
		{
			uint8	   *left = leaf + i * RS_SEAL_LENGTH;

			if ((i & 0x3fff) == 0)
				CHECK_FOR_INTERRUPTS();
			if (i + 1 < leaves)
				merkle_node(left, left + RS_SEAL_LENGTH, leaf + (i / 2) * RS_SEAL_LENGTH);
			else
				memmove(leaf + (i / 2) * RS_SEAL_LENGTH, left, RS_SEAL_LENGTH);
		}
	}
	return length;
}

/* RFC 9162, section 2.1.3.2. */
bool
rs_merkle_verify(const uint8 *leaf, uint64 at, uint64 leaves,
				 const uint8 *const *proof, int length, const uint8 *root)
{
	uint8		node[RS_SEAL_LENGTH];
	uint64		last;

	if (at >= leaves)
		return false;
	last = leaves - 1;
	memcpy(node, leaf, RS_SEAL_LENGTH);
	for (int i = 0; i < length; i++)
	{
		if (last == 0)
			return false;
		if ((at & 1) || at == last)
		{
			merkle_node(proof[i], node, node);
			while (!(at & 1) && at != 0)
			{
				at >>= 1;
				last >>= 1;
			}
		}
		else
			merkle_node(node, proof[i], node);
		at >>= 1;
		last >>= 1;
	}
	return last == 0 && memcmp(node, root, RS_SEAL_LENGTH) == 0;
}
