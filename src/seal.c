/*
 * src/seal.c
 *	  Seals: SHA-256 of a canonical encoding of values, and trees over seals.
 *
 * The encoding decides what "the same row" means, for decades. Each value is
 * one tag byte, a length where it is not fixed, and its content:
 *
 *	  N		NULL
 *	  B		boolean, 1 byte
 *	  I		int2, int4, int8: 8 bytes, so widening a column keeps its seals
 *	  D		numeric: decimal text without trailing zeros (1.50 = 1.5), length before
 *	  F		float4, float8: IEEE double; one NaN, no negative zero
 *	  T		text, varchar, char(n) without its padding, name: UTF-8, length before
 *	  d		date: days since 2000-01-01, 4 bytes
 *	  z		timestamptz: microseconds since 2000-01-01 UTC, 8 bytes
 *	  t		timestamp: the same without a zone, 8 bytes
 *	  Y		bytea, length before
 *	  E		enum: its label in UTF-8, length before
 *	  A		array: dimensions (4), size and lower bound of each (4 + 4), elements
 *	  R		row: number of columns (4), values
 *	  X		any other type: schema.name and the type's binary form, lengths before
 *
 * Integers are big-endian, lengths 8 bytes. No setting of the session and no
 * property of the machine enters. Domains count as their base type. The
 * encoding is injective: two different lists of values never encode alike.
 *
 * Cost: that of sha256(bytea) over the encoded bytes, and the encoding.
 */
#include "pg_compat.h"

#include <math.h>

#include "access/htup_details.h"
#include "catalog/pg_enum.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "funcapi.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "port/pg_bswap.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/numeric.h"
#include "utils/syscache.h"
#include "utils/timestamp.h"
#include "utils/typcache.h"

#include "merkle.h"
#include "rs_memory.h"

/*
 * A hash object lives for one call only: the resource owner that frees it
 * after an error can end before any memory context that could keep it.
 */
static pg_cryptohash_ctx *
new_hash(void)
{
	pg_cryptohash_ctx *hash = pg_cryptohash_create(PG_SHA256);

	if (hash == NULL)
		ereport(ERROR, (errcode(ERRCODE_OUT_OF_MEMORY), errmsg("out of memory")));
	return hash;
}

/* ---------- the canonical encoding ---------- */

static void
put32(StringInfo out, uint32 v)
{
	v = pg_hton32(v);
	appendBinaryStringInfo(out, (char *) &v, sizeof(v));
}

static void
put64(StringInfo out, uint64 v)
{
	v = pg_hton64(v);
	appendBinaryStringInfo(out, (char *) &v, sizeof(v));
}

static void
put_bytes(StringInfo out, char tag, const char *data, Size length)
{
	appendStringInfoCharMacro(out, tag);
	put64(out, length);
	appendBinaryStringInfo(out, data, (int) length);
}

/* Text in UTF-8, whatever the database's encoding is. */
static void
put_text(StringInfo out, char tag, const char *data, Size length)
{
	char	   *utf8 = pg_server_to_any(data, (int) length, PG_UTF8);

	put_bytes(out, tag, utf8, utf8 == data ? length : strlen(utf8));
	if (utf8 != data)
		pfree(utf8);
}

static void
put_double(StringInfo out, double d)
{
	union
	{
		double		d;
		uint64		bits;
	}			u;

	u.d = d == 0 ? 0.0 : d;
	if (isnan(d))
		u.bits = UINT64CONST(0x7ff8000000000000);
	appendStringInfoCharMacro(out, 'F');
	put64(out, u.bits);
}

static void put_value(StringInfo out, Oid type, Datum value, bool isnull);

static void
put_array(StringInfo out, Datum value)
{
	ArrayType  *array = DatumGetArrayTypeP(value);
	Oid			element = ARR_ELEMTYPE(array);
	int16		length;
	bool		byval;
	char		align;
	Datum	   *values;
	bool	   *nulls;
	int			n;

	get_typlenbyvalalign(element, &length, &byval, &align);
	deconstruct_array(array, element, length, byval, align, &values, &nulls, &n);
	appendStringInfoCharMacro(out, 'A');
	put32(out, ARR_NDIM(array));
	for (int i = 0; i < ARR_NDIM(array); i++)
	{
		put32(out, ARR_DIMS(array)[i]);
		put32(out, ARR_LBOUND(array)[i]);
	}
	for (int i = 0; i < n; i++)
	{
		if ((i & 0xfff) == 0)
			CHECK_FOR_INTERRUPTS();
		put_value(out, element, values[i], nulls[i]);
	}
}

static void
put_row(StringInfo out, Datum value)
{
	HeapTupleHeader header = DatumGetHeapTupleHeader(value);
	TupleDesc	desc = lookup_rowtype_tupdesc(HeapTupleHeaderGetTypeId(header),
											  HeapTupleHeaderGetTypMod(header));
	HeapTupleData tuple;
	Datum	   *values = palloc(desc->natts * sizeof(Datum));
	bool	   *nulls = palloc(desc->natts * sizeof(bool));
	int			columns = 0;

	tuple.t_len = HeapTupleHeaderGetDatumLength(header);
	ItemPointerSetInvalid(&tuple.t_self);
	tuple.t_tableOid = InvalidOid;
	tuple.t_data = header;
	heap_deform_tuple(&tuple, desc, values, nulls);
	for (int i = 0; i < desc->natts; i++)
		columns += !TupleDescAttr(desc, i)->attisdropped;
	appendStringInfoCharMacro(out, 'R');
	put32(out, columns);
	for (int i = 0; i < desc->natts; i++)
		if (!TupleDescAttr(desc, i)->attisdropped)
			put_value(out, TupleDescAttr(desc, i)->atttypid, values[i], nulls[i]);
	ReleaseTupleDesc(desc);
}

static void
put_enum(StringInfo out, Datum value)
{
	HeapTuple	tuple = SearchSysCache1(ENUMOID, value);
	Form_pg_enum label;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for enum %u", DatumGetObjectId(value));
	label = (Form_pg_enum) GETSTRUCT(tuple);
	put_text(out, 'E', NameStr(label->enumlabel), strlen(NameStr(label->enumlabel)));
	ReleaseSysCache(tuple);
}

static void
put_other(StringInfo out, Oid type, Datum value)
{
	Oid			send;
	bool		varlena;
	bytea	   *bytes;
	char	   *name = format_type_extended(type, -1, FORMAT_TYPE_FORCE_QUALIFY);

	/* Errors for a type without a binary form, telling its name. */
	getTypeBinaryOutputInfo(type, &send, &varlena);
	bytes = OidSendFunctionCall(send, value);
	put_text(out, 'X', name, strlen(name));
	put64(out, VARSIZE_ANY_EXHDR(bytes));
	appendBinaryStringInfo(out, VARDATA_ANY(bytes), VARSIZE_ANY_EXHDR(bytes));
}

static void
put_value(StringInfo out, Oid type, Datum value, bool isnull)
{
	check_stack_depth();		/* arrays of rows of arrays ... */
	if (isnull)
	{
		appendStringInfoCharMacro(out, 'N');
		return;
	}
	type = getBaseType(type);
	switch (type)
	{
		case BOOLOID:
			appendStringInfoCharMacro(out, 'B');
			appendStringInfoCharMacro(out, DatumGetBool(value) ? 1 : 0);
			return;
		case INT2OID:
			appendStringInfoCharMacro(out, 'I');
			put64(out, (uint64) (int64) DatumGetInt16(value));
			return;
		case INT4OID:
			appendStringInfoCharMacro(out, 'I');
			put64(out, (uint64) (int64) DatumGetInt32(value));
			return;
		case INT8OID:
			appendStringInfoCharMacro(out, 'I');
			put64(out, (uint64) DatumGetInt64(value));
			return;
		case NUMERICOID:
			{
				char	   *s = numeric_normalize(DatumGetNumeric(value));

				put_bytes(out, 'D', s, strlen(s));
				return;
			}
		case FLOAT4OID:
			put_double(out, DatumGetFloat4(value));
			return;
		case FLOAT8OID:
			put_double(out, DatumGetFloat8(value));
			return;
		case TEXTOID:
		case VARCHAROID:
			{
				struct varlena *v = PG_DETOAST_DATUM_PACKED(value);

				put_text(out, 'T', VARDATA_ANY(v), VARSIZE_ANY_EXHDR(v));
				return;
			}
		case BPCHAROID:
			{
				struct varlena *v = PG_DETOAST_DATUM_PACKED(value);

				put_text(out, 'T', VARDATA_ANY(v), bpchartruelen(VARDATA_ANY(v), VARSIZE_ANY_EXHDR(v)));
				return;
			}
		case NAMEOID:
			put_text(out, 'T', NameStr(*DatumGetName(value)), strlen(NameStr(*DatumGetName(value))));
			return;
		case UNKNOWNOID:
			put_text(out, 'T', DatumGetCString(value), strlen(DatumGetCString(value)));
			return;
		case DATEOID:
			appendStringInfoCharMacro(out, 'd');
			put32(out, (uint32) DatumGetDateADT(value));
			return;
		case TIMESTAMPTZOID:
			appendStringInfoCharMacro(out, 'z');
			put64(out, (uint64) DatumGetTimestampTz(value));
			return;
		case TIMESTAMPOID:
			appendStringInfoCharMacro(out, 't');
			put64(out, (uint64) DatumGetTimestamp(value));
			return;
		case BYTEAOID:
			{
				struct varlena *v = PG_DETOAST_DATUM_PACKED(value);

				put_bytes(out, 'Y', VARDATA_ANY(v), VARSIZE_ANY_EXHDR(v));
				return;
			}
		default:
			break;
	}
	switch (get_typtype(type))
	{
		case TYPTYPE_ENUM:
			put_enum(out, value);
			return;
		case TYPTYPE_COMPOSITE:
			put_row(out, value);
			return;
		default:
			break;
	}
	if (type == RECORDOID)
		put_row(out, value);
	else if (type_is_array(type))
		put_array(out, value);
	else
		put_other(out, type, value);
}

/*
 * seal(VARIADIC "any") returns bytea
 *
 * SHA-256 (32 bytes) of the canonical encoding above of all arguments, in
 * order, preceded by their number. A NULL is a value like others; never
 * returns NULL. An array passed with VARIADIC counts as its elements.
 */
PG_FUNCTION_INFO_V1(rs_seal);
Datum
rs_seal(PG_FUNCTION_ARGS)
{
	pg_cryptohash_ctx *hash = new_hash();
	StringInfoData out;
	bytea	   *result = palloc(VARHDRSZ + RS_SEAL_LENGTH);

	initStringInfo(&out);
	if (get_fn_expr_variadic(fcinfo->flinfo))
	{
		Datum	   *values;
		Oid		   *types;
		bool	   *nulls;
		int			n = extract_variadic_args(fcinfo, 0, false, &values, &types, &nulls);

		put32(&out, Max(n, 0));
		for (int i = 0; i < n; i++)
			put_value(&out, types[i], values[i], nulls[i]);
	}
	else
	{
		put32(&out, PG_NARGS());
		for (int i = 0; i < PG_NARGS(); i++)
			put_value(&out, get_fn_expr_argtype(fcinfo->flinfo, i), PG_GETARG_DATUM(i), PG_ARGISNULL(i));
	}
	rs_sha256_init(hash);
	rs_sha256_add(hash, out.data, out.len);
	rs_sha256_final(hash, (uint8 *) VARDATA(result));
	pg_cryptohash_free(hash);
	SET_VARSIZE(result, VARHDRSZ + RS_SEAL_LENGTH);
	pfree(out.data);
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
	pg_cryptohash_ctx *hash;

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
	hash = new_hash();
	rs_chain_link(hash, head, (uint8 *) VARDATA_ANY(seal), VARSIZE_ANY_EXHDR(seal));
	pg_cryptohash_free(hash);
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
	pg_cryptohash_ctx *hash;

	if (PG_ARGISNULL(1))
		null_seal();
	tree = PG_ARGISNULL(0) ? MemoryContextAllocZero(context, sizeof(RsMerkle))
		: (RsMerkle *) PG_GETARG_POINTER(0);
	seal = PG_GETARG_BYTEA_PP(1);
	hash = new_hash();
	rs_merkle_add(hash, tree, (uint8 *) VARDATA_ANY(seal), VARSIZE_ANY_EXHDR(seal));
	pg_cryptohash_free(hash);
	PG_RETURN_POINTER(tree);
}

PG_FUNCTION_INFO_V1(rs_merkle_root_final);
Datum
rs_merkle_root_final(PG_FUNCTION_ARGS)
{
	RsMerkle	empty = {0};
	uint8		root[RS_SEAL_LENGTH];
	pg_cryptohash_ctx *hash;

	aggregate_context(fcinfo);
	hash = new_hash();
	rs_merkle_root(hash, PG_ARGISNULL(0) ? &empty : (RsMerkle *) PG_GETARG_POINTER(0), root);
	pg_cryptohash_free(hash);
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
	pg_cryptohash_ctx *hash;

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
	hash = new_hash();
	rs_merkle_leaf(hash, (uint8 *) VARDATA_ANY(seal), VARSIZE_ANY_EXHDR(seal),
				   state->leaf + state->leaves++ * RS_SEAL_LENGTH);
	pg_cryptohash_free(hash);
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
	pg_cryptohash_ctx *hash;

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
	hash = new_hash();
	length = rs_merkle_proof(hash, work, state->leaves, state->at, proof);
	pg_cryptohash_free(hash);
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
	pg_cryptohash_ctx *hash;
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
	hash = new_hash();
	rs_merkle_leaf(hash, (uint8 *) VARDATA_ANY(seal), VARSIZE_ANY_EXHDR(seal), leaf);
	holds = rs_merkle_verify(hash, leaf, (uint64) position - 1, (uint64) seals, proof, n,
							 (uint8 *) VARDATA_ANY(root));
	pg_cryptohash_free(hash);
	PG_RETURN_BOOL(holds);
}
