/*
 * src/canonical.h
 *	  The canonical encoding of values that seals are computed over.
 */
#ifndef RS_CANONICAL_H
#define RS_CANONICAL_H

#include "postgres.h"
#include "fmgr.h"
#include "lib/stringinfo.h"

extern void rs_canonical_count(StringInfo out, uint32 n);
extern void rs_canonical_value(StringInfo out, Oid type, Datum value, bool isnull);
extern StringInfo rs_canonical_arguments(FunctionCallInfo fcinfo, int first);

#endif
