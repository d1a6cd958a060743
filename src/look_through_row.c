/*
 * src/look_through_row.c
 *	  What rows of look_through() have in common, however a target was solved.
 */
#include "pg_compat.h"

#include "look_through.h"
#include "ownership_sql.h"

Datum
rs_flag_arrays_make(RsFlagArrays *f, uint32 slot, uint32 flags)
{
	MemoryContext old = MemoryContextSwitchTo(f->budget);

	if (f->array[slot] != (Datum) 0)
		pfree(DatumGetPointer(f->array[slot]));
	f->array[slot] = rs_flag_array(flags);
	f->mask[slot] = flags;
	MemoryContextSwitchTo(old);
	return f->array[slot];
}

void
rs_write_share(RsResultRow *row, RsReal share, bool none)
{
	if (none)
		rs_row_null(row);
	else
		rs_row_share(row, share);
}

void
rs_write_rest(RsResultRow *row, RsFlagArrays *arrays, Datum target, uint32 flags, RsReal mass, const RsReal *direct)
{
	/* The loop's own mass is a number; only what passes the loop is not. */
	bool		none = (flags & (RS_FLAG_RHO_GE_1 | RS_FLAG_RANGE)) != 0 ||
		(flags & (RS_FLAG_CLOSED_LOOP | RS_FLAG_UNKNOWN)) == (RS_FLAG_CLOSED_LOOP | RS_FLAG_UNKNOWN);

	rs_row_begin(row);
	rs_row_varlena(row, target);
	rs_row_null(row);
	rs_row_null(row);
	rs_write_share(row, direct == NULL ? 0 : *direct, direct == NULL);
	rs_write_share(row, mass, none);
	rs_write_share(row, mass, none);
	rs_row_bool(row, true);
	rs_row_bool(row, (flags & RS_FLAG_CLOSED_LOOP) != 0);
	rs_row_varlena(row, rs_flag_arrays_get(arrays, flags));
}

void
rs_write_no_bounds(RsResultRow *row)
{
	rs_row_null(row);
	rs_row_null(row);
}
