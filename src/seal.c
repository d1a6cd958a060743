/*
 * src/seal.c
 *	  Seals: SHA-256 of the canonical encoding of values, chains and trees over seals.
 *
 * The encoding is that of src/canonical.c, preceded by the number of values.
 * Cost: that of SHA-256 over the encoded bytes, and the encoding.
 */
#include "pg_compat.h"

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "canonical.h"
#include "merkle.h"
#include "rs_memory.h"

/*
 * seal(VARIADIC "any") returns bytea
 *
 * SHA-256 (32 bytes) of the canonical encoding of all arguments, in
 * order, preceded by their number. A NULL is a value like others; never
 * returns NULL. An array passed with VARIADIC counts as its elements.
 */
PG_FUNCTION_INFO_V1(rs_seal);
Datum
rs_seal(PG_FUNCTION_ARGS)
{
	StringInfo	out;
	RsSha256	hash;
	bytea	   *result = palloc(VARHDRSZ + RS_SEAL_LENGTH);

	if (get_fn_expr_variadic(fcinfo->flinfo))
	{
		Datum	   *values;
		Oid		   *types;
		bool	   *nulls;
		int			n = extract_variadic_args(fcinfo, 0, false, &values, &types, &nulls);

		out = makeStringInfo();
		rs_canonical_count(out, Max(n, 0));
		for (int i = 0; i < n; i++)
			rs_canonical_value(out, types[i], values[i], nulls[i]);
	}
	else
		out = rs_canonical_arguments(fcinfo, 0);
	rs_sha256_init(&hash);
	rs_sha256_add(&hash, out->data, out->len);
	rs_sha256_final(&hash, (uint8 *) VARDATA(result));
	SET_VARSIZE(result, VARHDRSZ + RS_SEAL_LENGTH);
	PG_RETURN_BYTEA_P(result);
}

/* ---------- chains and trees ---------- */

static MemoryContext
aggregate_context(FunctionCallInfo fcinfo)
{
	MemoryContext context;

	if (!AggCheckCallContext(fcinfo, &context))
		elog(ERROR, "aggregate function called in non-aggregate context");
	return context;
}

static bytea *
hash_result(const uint8 *data)
{
	bytea	   *result = palloc(VARHDRSZ + RS_SEAL_LENGTH);

	SET_VARSIZE(result, VARHDRSZ + RS_SEAL_LENGTH);
	memcpy(VARDATA(result), data, RS_SEAL_LENGTH);
	return result;
}

static void
null_seal(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
			 errmsg("a seal is null"),
			 errhint("Seal every row; seal() itself never returns null.")));
}

/*
 * seal_chain(seal bytea [, start bytea]) aggregate, with ORDER BY: transition.
 * start (32 bytes, the same in every row) is the head to go on from.
 */
PG_FUNCTION_INFO_V1(rs_seal_chain_step);
Datum
rs_seal_chain_step(PG_FUNCTION_ARGS)
{
	MemoryContext context = aggregate_context(fcinfo);
	uint8	   *head;
	bytea	   *seal;

	if (PG_ARGISNULL(1))
		null_seal();
	if (PG_ARGISNULL(0))
	{
		head = MemoryContextAllocZero(context, RS_SEAL_LENGTH);
		if (PG_NARGS() > 2 && !PG_ARGISNULL(2))
		{
			bytea	   *start = PG_GETARG_BYTEA_PP(2);

			if (VARSIZE_ANY_EXHDR(start) != RS_SEAL_LENGTH)
				ereport(ERROR,
						(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						 errmsg("start of a seal chain must have 32 bytes, not %d", (int) VARSIZE_ANY_EXHDR(start)),
						 errhint("Pass the result of an earlier seal_chain().")));
			memcpy(head, VARDATA_ANY(start), RS_SEAL_LENGTH);
		}
	}
	else
		head = (uint8 *) PG_GETARG_POINTER(0);
	seal = PG_GETARG_BYTEA_PP(1);
	rs_chain_link(head, (uint8 *) VARDATA_ANY(seal), VARSIZE_ANY_EXHDR(seal));
	PG_RETURN_POINTER(head);
}

PG_FUNCTION_INFO_V1(rs_seal_chain_final);
Datum
rs_seal_chain_final(PG_FUNCTION_ARGS)
{
	aggregate_context(fcinfo);
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	PG_RETURN_BYTEA_P(hash_result((uint8 *) PG_GETARG_POINTER(0)));
}

/* merkle_root(seal bytea) aggregate, with ORDER BY: transition. */
PG_FUNCTION_INFO_V1(rs_merkle_root_step);
Datum
rs_merkle_root_step(PG_FUNCTION_ARGS)
{
	MemoryContext context = aggregate_context(fcinfo);
	RsMerkle   *tree;
	bytea	   *seal;

	if (PG_ARGISNULL(1))
		null_seal();
	tree = PG_ARGISNULL(0) ? MemoryContextAllocZero(context, sizeof(RsMerkle))
		: (RsMerkle *) PG_GETARG_POINTER(0);
	seal = PG_GETARG_BYTEA_PP(1);
	rs_merkle_add(tree, (uint8 *) VARDATA_ANY(seal), VARSIZE_ANY_EXHDR(seal));
	PG_RETURN_POINTER(tree);
}

PG_FUNCTION_INFO_V1(rs_merkle_root_final);
Datum
rs_merkle_root_final(PG_FUNCTION_ARGS)
{
	RsMerkle	empty = {0};
	uint8		root[RS_SEAL_LENGTH];

	aggregate_context(fcinfo);
	rs_merkle_root(PG_ARGISNULL(0) ? &empty : (RsMerkle *) PG_GETARG_POINTER(0), root);
	PG_RETURN_BYTEA_P(hash_result(root));
}

/* Leaves collected for a proof. */
typedef struct ProofState
{
	MemoryContext budget;
	uint8	   *leaf;
	uint64		capacity;
	uint64		leaves;
	uint64		at;
} ProofState;

/* merkle_proof(seal bytea, position bigint) aggregate, with ORDER BY: transition. */
PG_FUNCTION_INFO_V1(rs_merkle_proof_step);
Datum
rs_merkle_proof_step(PG_FUNCTION_ARGS)
{
	MemoryContext context = aggregate_context(fcinfo);
	ProofState *state;
	bytea	   *seal;

	if (PG_ARGISNULL(1))
		null_seal();
	if (PG_ARGISNULL(0))
	{
		if (PG_ARGISNULL(2) || PG_GETARG_INT64(2) < 1)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("position of the proved seal must be 1 or more")));
		state = MemoryContextAllocZero(context, sizeof(ProofState));
		state->budget = AllocSetContextCreate(context, "merkle_proof", ALLOCSET_DEFAULT_SIZES);
		state->at = (uint64) PG_GETARG_INT64(2) - 1;
	}
	else
		state = (ProofState *) PG_GETARG_POINTER(0);
	state->leaf = rs_grow(state->budget, state->leaf, &state->capacity, state->leaves + 1,
						  RS_SEAL_LENGTH, "the leaves of the tree");
	seal = PG_GETARG_BYTEA_PP(1);
	rs_merkle_leaf((uint8 *) VARDATA_ANY(seal), VARSIZE_ANY_EXHDR(seal),
				   state->leaf + state->leaves++ * RS_SEAL_LENGTH);
	PG_RETURN_POINTER(state);
}

PG_FUNCTION_INFO_V1(rs_merkle_proof_final);
Datum
rs_merkle_proof_final(PG_FUNCTION_ARGS)
{
	ProofState *state;
	uint8		proof[64][RS_SEAL_LENGTH];
	Datum		element[64];
	uint8	   *work;
	int			length;

	aggregate_context(fcinfo);
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	state = (ProofState *) PG_GETARG_POINTER(0);
	if (state->at >= state->leaves)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("position " UINT64_FORMAT " is beyond the " UINT64_FORMAT " seals", state->at + 1, state->leaves)));
	/* The state may be asked again (window frames): work on a copy. */
	work = rs_alloc(state->budget, state->leaves, RS_SEAL_LENGTH, "the proof");
	memcpy(work, state->leaf, state->leaves * RS_SEAL_LENGTH);
	length = rs_merkle_proof(work, state->leaves, state->at, proof);
	pfree(work);
	for (int i = 0; i < length; i++)
		element[i] = PointerGetDatum(hash_result(proof[i]));
	PG_RETURN_ARRAYTYPE_P(construct_array(element, length, BYTEAOID, -1, false, TYPALIGN_INT));
}

/*
 * verify_merkle(root bytea, seal bytea, position bigint, seals bigint, proof bytea[])
 *	 returns boolean
 *
 * Does the tree of `seals` seals with this root hold `seal` at `position`
 * (from 1)? NULL if an argument is NULL; malformed proofs are false.
 */
PG_FUNCTION_INFO_V1(rs_verify_merkle);
Datum
rs_verify_merkle(PG_FUNCTION_ARGS)
{
	bytea	   *root = PG_GETARG_BYTEA_PP(0);
	bytea	   *seal = PG_GETARG_BYTEA_PP(1);
	int64		position = PG_GETARG_INT64(2);
	int64		seals = PG_GETARG_INT64(3);
	Datum	   *element;
	bool	   *nulls;
	int			n;
	const uint8 **proof;
	uint8		leaf[RS_SEAL_LENGTH];
	bool		holds;

	deconstruct_array(PG_GETARG_ARRAYTYPE_P(4), BYTEAOID, -1, false, TYPALIGN_INT, &element, &nulls, &n);
	if (VARSIZE_ANY_EXHDR(root) != RS_SEAL_LENGTH || position < 1 || seals < position || n > 64)
		PG_RETURN_BOOL(false);
	proof = palloc(sizeof(uint8 *) * Max(n, 1));
	for (int i = 0; i < n; i++)
	{
		bytea	   *sibling;

		if (nulls[i])
			PG_RETURN_BOOL(false);
		sibling = DatumGetByteaPP(element[i]);
		if (VARSIZE_ANY_EXHDR(sibling) != RS_SEAL_LENGTH)
			PG_RETURN_BOOL(false);
		proof[i] = (uint8 *) VARDATA_ANY(sibling);
	}
	rs_merkle_leaf((uint8 *) VARDATA_ANY(seal), VARSIZE_ANY_EXHDR(seal), leaf);
	holds = rs_merkle_verify(leaf, (uint64) position - 1, (uint64) seals, proof, n,
							 (uint8 *) VARDATA_ANY(root));
	PG_RETURN_BOOL(holds);
}
