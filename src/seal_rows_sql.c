/*
 * src/seal_rows_sql.c
 *	  Seal rows by the day: their seals in order, in pieces, and the root over them.
 *
 * _seal_rows() takes each row's key and columns and gives the seals back in
 * pieces of SEALS_IN_PIECE, so that a day of a million rows is stored as a
 * thousand rows and not as a million. _seal_root() is the Merkle root over such
 * pieces, whatever order they come in.
 */
#include "pg_compat.h"

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/lsyscache.h"
#include "utils/typcache.h"

#include "canonical.h"
#include "rs_memory.h"
#include "seal_set.h"

#define SEALS_IN_PIECE 1024

static RsSealSet *
seal_set(FunctionCallInfo fcinfo, const char *name)
{
	MemoryContext context;
	RsSealSet  *set;

	if (!AggCheckCallContext(fcinfo, &context))
		elog(ERROR, "aggregate function called in non-aggregate context");
	if (!PG_ARGISNULL(0))
		return (RsSealSet *) PG_GETARG_POINTER(0);
	set = MemoryContextAllocZero(context, sizeof(RsSealSet));
	set->budget = AllocSetContextCreateInternal(context, name, ALLOCSET_DEFAULT_SIZES);
	return set;
}

/*
 * _seal_rows(row_id text, VARIADIC "any") aggregate: transition. A row without
 * key is known by its seal, in hexadecimal.
 */
PG_FUNCTION_INFO_V1(rs_seal_rows_step);
Datum
rs_seal_rows_step(PG_FUNCTION_ARGS)
{
	RsSealSet  *set = seal_set(fcinfo, "risk_screen seals");
	StringInfo	out = rs_canonical_arguments(fcinfo, 2);
	RsSha256	hash;
	uint8		seal[RS_SEAL_LENGTH];

	rs_sha256_init(&hash);
	rs_sha256_add(&hash, out->data, out->len);
	rs_sha256_final(&hash, seal);
	if (PG_ARGISNULL(1))
	{
		char		hex[RS_SEAL_LENGTH * 2];

		hex_encode((char *) seal, RS_SEAL_LENGTH, hex);
		rs_seal_set_add(set, seal, hex, sizeof(hex));
	}
	else
	{
		text	   *key = PG_GETARG_TEXT_PP(1);

		rs_seal_set_add(set, seal, VARDATA_ANY(key), VARSIZE_ANY_EXHDR(key));
	}
	PG_RETURN_POINTER(set);
}

static Datum
piece(const RsSealSet *set, const RsSealPlace *place, int number, int n, TupleDesc desc)
{
	Datum		values[3];
	bool		nulls[3] = {false, false, false};
	Datum		key[SEALS_IN_PIECE];
	bytea	   *seals = palloc(VARHDRSZ + n * RS_SEAL_LENGTH);

	SET_VARSIZE(seals, VARHDRSZ + n * RS_SEAL_LENGTH);
	for (int i = 0; i < n; i++)
	{
		uint64		length;
		const char *start = rs_seal_set_key(set, place[i].seal, &length);

		memcpy(VARDATA(seals) + i * RS_SEAL_LENGTH, place[i].seal, RS_SEAL_LENGTH);
		key[i] = PointerGetDatum(cstring_to_text_with_len(start, length));
	}
	values[0] = Int32GetDatum(number);
	values[1] = PointerGetDatum(construct_array(key, n, TEXTOID, -1, false, TYPALIGN_INT));
	values[2] = PointerGetDatum(seals);
	return HeapTupleGetDatum(heap_form_tuple(desc, values, nulls));
}

/* final: the pieces, an array of risk_screen._seal_piece */
PG_FUNCTION_INFO_V1(rs_seal_rows_final);
Datum
rs_seal_rows_final(PG_FUNCTION_ARGS)
{
	Oid			element = get_element_type(get_fn_expr_rettype(fcinfo->flinfo));
	TupleDesc	desc = lookup_rowtype_tupdesc(element, -1);
	RsSealSet  *set = seal_set(fcinfo, "risk_screen seals");
	uint64		pieces = (set->n + SEALS_IN_PIECE - 1) / SEALS_IN_PIECE;
	RsSealPlace *place = rs_seal_set_order(set);
	Datum	   *values = rs_alloc(set->budget, pieces, sizeof(Datum), "the pieces of a day");
	MemoryContext work = AllocSetContextCreate(CurrentMemoryContext, "risk_screen seal piece", ALLOCSET_DEFAULT_SIZES);

	for (uint64 i = 0; i < pieces; i++)
	{
		MemoryContext old = MemoryContextSwitchTo(work);
		Datum		made = piece(set, place + i * SEALS_IN_PIECE, i, Min(SEALS_IN_PIECE, set->n - i * SEALS_IN_PIECE), desc);

		CHECK_FOR_INTERRUPTS();
		MemoryContextSwitchTo(old);
		rs_memory_check(set->budget, (i + 1) * (VARSIZE_ANY(DatumGetPointer(made)) * UINT64CONST(2)), "the pieces of a day");
		values[i] = datumCopy(made, false, -1);
		MemoryContextReset(work);
	}
	ReleaseTupleDesc(desc);
	PG_RETURN_ARRAYTYPE_P(construct_array(values, (int) pieces, element, -1, false, TYPALIGN_DOUBLE));
}

/* _seal_root(seals bytea) aggregate: transition. Pieces of seals, in any order. */
PG_FUNCTION_INFO_V1(rs_seal_root_step);
Datum
rs_seal_root_step(PG_FUNCTION_ARGS)
{
	RsSealSet  *set = seal_set(fcinfo, "risk_screen seals");

	if (!PG_ARGISNULL(1))
	{
		bytea	   *seals = PG_GETARG_BYTEA_PP(1);
		Size		n = VARSIZE_ANY_EXHDR(seals);

		for (Size i = 0; i + RS_SEAL_LENGTH <= n; i += RS_SEAL_LENGTH)
			rs_seal_set_add(set, (uint8 *) VARDATA_ANY(seals) + i, NULL, 0);
	}
	PG_RETURN_POINTER(set);
}

PG_FUNCTION_INFO_V1(rs_seal_root_final);
Datum
rs_seal_root_final(PG_FUNCTION_ARGS)
{
	RsSealSet  *set = seal_set(fcinfo, "risk_screen seals");
	RsSealPlace *place = rs_seal_set_order(set);
	bytea	   *result = palloc(VARHDRSZ + RS_SEAL_LENGTH);

	rs_seal_set_root(set, place, (uint8 *) VARDATA(result));
	pfree(place);
	SET_VARSIZE(result, VARHDRSZ + RS_SEAL_LENGTH);
	PG_RETURN_BYTEA_P(result);
}
