/*
 * src/graph_id.c
 *	  Identifiers of SQL types <-> keys in the file of a kept graph.
 *
 * A file finds identifiers by their bytes, so only types are allowed whose
 * equal values have equal bytes (the btree support function "equalimage" says
 * so), and numeric, which is stripped of its trailing zeros. Integers and other
 * types passed by value are kept as integers. The order is the one of
 * rs_interner_compare(): integers by value, text by bytes, others by their type.
 */
#include "pg_compat.h"

#include "access/nbtree.h"
#include "catalog/pg_collation.h"
#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"
#include "utils/typcache.h"

#include "graph_id.h"

static bool
equal_means_same_bytes(TypeCacheEntry *entry, Oid collation)
{
	Oid			proc = InvalidOid;

	if (OidIsValid(entry->btree_opf))
		proc = get_opfamily_proc(entry->btree_opf, entry->btree_opintype,
								 entry->btree_opintype, BTEQUALIMAGE_PROC);
	return OidIsValid(proc) &&
		DatumGetBool(OidFunctionCall1Coll(proc, collation, ObjectIdGetDatum(entry->btree_opintype)));
}

static int
compare_as_datums(void *arg, const RsKey *a, const RsKey *b)
{
	RsIdType   *id = arg;
	Datum		x = rs_id_datum(id, a),
				y = rs_id_datum(id, b);
	int			c = DatumGetInt32(FunctionCall2Coll(&id->compare, C_COLLATION_OID, x, y));

	if (id->typlen == -1)
	{
		pfree(DatumGetPointer(x));
		pfree(DatumGetPointer(y));
	}
	return c;
}

bool
rs_id_type_fits(const RsGraphKeys *keys)
{
	int16		length;
	bool		by_value;

	if (!SearchSysCacheExists1(TYPEOID, ObjectIdGetDatum(keys->type)))
		return false;
	get_typlenbyval(keys->type, &length, &by_value);
	return keys->kind == RS_KEY_INT ? by_value :
		keys->kind == RS_KEY_FIXED ? !by_value && length == (int) keys->length : length == -1;
}

void
rs_id_type_init(RsIdType *id, Oid type, Oid collation, const char *column, MemoryContext context)
{
	TypeCacheEntry *entry = lookup_type_cache(type, TYPECACHE_BTREE_OPFAMILY | TYPECACHE_CMP_PROC);
	Oid			output;
	bool		varlena;

	memset(id, 0, sizeof(*id));
	id->oid = type;
	get_typlenbyval(type, &id->typlen, &id->typbyval);
	id->numeric = type == NUMERICOID;
	if (!OidIsValid(collation))
		collation = get_typcollation(type);
	if (id->typlen == -2 || (!id->numeric && !equal_means_same_bytes(entry, collation)))
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("a graph cannot identify by column \"%s\" of type %s", column, format_type_be(type)),
				 errdetail("Equal values of this type or collation may look different."),
				 errhint("Cast the column to text, to numeric or to a collation such as \"C\" in the query.")));
	id->key.kind = id->typbyval ? RS_KEY_INT : id->typlen > 0 ? RS_KEY_FIXED : RS_KEY_BYTES;
	if (id->key.kind == RS_KEY_FIXED)
		id->key.length = id->typlen;
	switch (type)
	{
		case INT2OID:
		case INT4OID:
		case INT8OID:
		case TEXTOID:
		case VARCHAROID:
		case UUIDOID:
		case BYTEAOID:
			break;
		default:
			if (OidIsValid(entry->cmp_proc))
			{
				fmgr_info_cxt(entry->cmp_proc, &id->compare, context);
				id->key.compare = compare_as_datums;
				id->key.arg = id;
			}
	}
	getTypeOutputInfo(type, &output, &varlena);
	fmgr_info_cxt(output, &id->output, context);
}

RsKey
rs_id_key(const RsIdType *id, Datum value)
{
	RsKey		key = {0};

	if (id->typbyval)
	{
		switch (id->typlen)
		{
			case 1:
				key.integer = (uint8) DatumGetChar(value);
				break;
			case 2:
				key.integer = DatumGetInt16(value);
				break;
			case 4:
				key.integer = DatumGetInt32(value);
				break;
			default:
				key.integer = DatumGetInt64(value);
		}
		return key;
	}
	if (id->typlen > 0)
	{
		key.bytes = DatumGetPointer(value);
		key.length = id->typlen;
		return key;
	}
	if (id->numeric)
		value = DirectFunctionCall1(numeric_trim_scale, value);
	value = PointerGetDatum(PG_DETOAST_DATUM_PACKED(value));
	key.bytes = VARDATA_ANY(DatumGetPointer(value));
	key.length = VARSIZE_ANY_EXHDR(DatumGetPointer(value));
	return key;
}

Datum
rs_id_datum(const RsIdType *id, const RsKey *key)
{
	if (id->typbyval)
	{
		switch (id->typlen)
		{
			case 1:
				return CharGetDatum((char) key->integer);
			case 2:
				return Int16GetDatum((int16) key->integer);
			case 4:
				return Int32GetDatum((int32) key->integer);
			default:
				return Int64GetDatum(key->integer);
		}
	}
	if (id->typlen > 0)
		return PointerGetDatum(unconstify(char *, key->bytes));
	return PointerGetDatum(cstring_to_text_with_len(key->bytes, (int) key->length));
}

/* As its type prints it, as a text datum. */
Datum
rs_id_text(RsIdType *id, const RsKey *key)
{
	switch (id->oid)
	{
		case INT2OID:
		case INT4OID:
		case INT8OID:
			{
				char		buf[MAXINT8LEN + 1];
				int			n = pg_lltoa(key->integer, buf);

				return PointerGetDatum(cstring_to_text_with_len(buf, n));
			}
		case TEXTOID:
		case VARCHAROID:
			return PointerGetDatum(cstring_to_text_with_len(key->bytes, (int) key->length));
		default:
			{
				char	   *s = OutputFunctionCall(&id->output, rs_id_datum(id, key));
				Datum		text = CStringGetTextDatum(s);

				pfree(s);
				return text;
			}
	}
}
