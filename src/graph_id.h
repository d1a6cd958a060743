/*
 * src/graph_id.h
 *	  Identifiers of SQL types <-> keys in the file of a kept graph.
 */
#ifndef RS_GRAPH_ID_H
#define RS_GRAPH_ID_H

#include "postgres.h"
#include "fmgr.h"

#include "graph_file.h"

/* How identifiers of one type are kept. */
typedef struct RsIdType
{
	Oid			oid;
	int16		typlen;
	bool		typbyval;
	bool		numeric;		/* kept without trailing zeros, so that equal means same bytes */
	RsKeyType	key;
	FmgrInfo	compare;
	FmgrInfo	output;
} RsIdType;

/* Is the type still what it was when the identifiers were kept? It may have been dropped. */
extern bool rs_id_type_fits(const RsGraphKeys *keys);
extern void rs_id_type_init(RsIdType *id, Oid type, Oid collation, const char *column, MemoryContext context);
/* Points into the datum where it can, else into the current context. */
extern RsKey rs_id_key(const RsIdType *id, Datum value);
extern Datum rs_id_datum(const RsIdType *id, const RsKey *key);
extern Datum rs_id_text(RsIdType *id, const RsKey *key);

#endif							/* RS_GRAPH_ID_H */
