/*
 * src/intern.h
 *	  Identifiers of any hashable type <-> dense numbers 0, 1, 2 ...
 */
#ifndef RS_INTERN_H
#define RS_INTERN_H

#include "postgres.h"

typedef struct RsInterner RsInterner;

#define RS_NO_ID UINT32_MAX

extern RsInterner *rs_interner_create(MemoryContext budget, Oid type, Oid collation);
extern uint32 rs_intern(RsInterner *in, Datum value, bool *found);	/* number, made if new */
/* Fetch what a look-up of this value will need; a hint, costs 2 ns. */
extern void rs_intern_prefetch(const RsInterner *in, Datum value);
extern uint32 rs_intern_lookup(RsInterner *in, Datum value);	/* RS_NO_ID if absent */
extern uint32 rs_interner_count(const RsInterner *in);
extern Datum rs_interner_datum(const RsInterner *in, uint32 id);
extern Datum rs_interner_text(RsInterner *in, uint32 id);	/* text, palloc'd in the current context */
extern Oid	rs_interner_type(const RsInterner *in);
/* Total order that depends on neither locale nor number: <0, 0, >0. */
extern int	rs_interner_compare(RsInterner *in, uint32 a, uint32 b);
/* rank[id] = place of id in that order, for sorting by rank instead of comparing. */
extern uint32 *rs_interner_ranks(RsInterner *in, MemoryContext budget);

#endif							/* RS_INTERN_H */
