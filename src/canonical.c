/*
 * src/canonical.c
 *	  The canonical encoding of values that seals are computed over.
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
 */
#include "pg_compat.h"

#include <math.h>

#include "access/htup_details.h"
#include "access/transam.h"
#include "catalog/pg_enum.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "port/pg_bswap.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/lsyscache.h"
#include "utils/numeric.h"
#include "utils/syscache.h"
#include "utils/timestamp.h"
#include "utils/typcache.h"

#include "canonical.h"

/* What is known of a call site, in its fn_extra. */
typedef struct CanonicalSite
{
	StringInfoData out;
	Oid			type[FLEXIBLE_ARRAY_MEMBER];
} CanonicalSite;

void
rs_canonical_count(StringInfo out, uint32 v)
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
	rs_canonical_count(out, ARR_NDIM(array));
	for (int i = 0; i < ARR_NDIM(array); i++)
	{
		rs_canonical_count(out, ARR_DIMS(array)[i]);
		rs_canonical_count(out, ARR_LBOUND(array)[i]);
	}
	for (int i = 0; i < n; i++)
	{
		if ((i & 0xfff) == 0)
			CHECK_FOR_INTERRUPTS();
		rs_canonical_value(out, element, values[i], nulls[i]);
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
	rs_canonical_count(out, columns);
	for (int i = 0; i < desc->natts; i++)
		if (!TupleDescAttr(desc, i)->attisdropped)
			rs_canonical_value(out, TupleDescAttr(desc, i)->atttypid, values[i], nulls[i]);
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

void
rs_canonical_value(StringInfo out, Oid type, Datum value, bool isnull)
{
	check_stack_depth();		/* arrays of rows of arrays ... */
	if (isnull)
	{
		appendStringInfoCharMacro(out, 'N');
		return;
	}
	/* types of the server itself are no domains */
	if (type >= FirstGenbkiObjectId)
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
			rs_canonical_count(out, (uint32) DatumGetDateADT(value));
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
 * Encode the arguments of a call from `first` on, preceded by their number. What
 * the call site is asked for once, and the buffer, stay with it; so the result
 * is good until its next call.
 */
StringInfo
rs_canonical_arguments(FunctionCallInfo fcinfo, int first)
{
	FmgrInfo   *site = fcinfo->flinfo;
	CanonicalSite *known = site->fn_extra;

	if (known == NULL)
	{
		MemoryContext old = MemoryContextSwitchTo(site->fn_mcxt);

		known = palloc(offsetof(CanonicalSite, type) + sizeof(Oid) * PG_NARGS());
		for (int i = first; i < PG_NARGS(); i++)
			known->type[i] = get_fn_expr_argtype(site, i);
		initStringInfo(&known->out);
		site->fn_extra = known;
		MemoryContextSwitchTo(old);
	}
	resetStringInfo(&known->out);
	rs_canonical_count(&known->out, PG_NARGS() - first);
	for (int i = first; i < PG_NARGS(); i++)
		rs_canonical_value(&known->out, known->type[i], PG_GETARG_DATUM(i), PG_ARGISNULL(i));
	return &known->out;
}
