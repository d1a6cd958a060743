/*
 * src/ownership_sql.h
 *	  What the SQL functions on holdings share: arguments and numbers.
 */
#ifndef RS_OWNERSHIP_SQL_H
#define RS_OWNERSHIP_SQL_H

#include "postgres.h"

#include "holdings.h"
#include "result_row.h"

extern Datum rs_share_numeric(RsReal share);	/* rounded to 15 digits after the point */
extern Datum rs_exact_numeric(int128 value, int scale);	/* value x 10^-scale, no trailing zeros */
extern void rs_row_share(RsResultRow *row, RsReal share);
extern void rs_row_exact(RsResultRow *row, int128 value, int scale);
extern Datum rs_flag_array(uint32 flags);	/* text[], never NULL */
extern RsThreshold rs_threshold_argument(Datum numeric, bool inclusive, bool without_treasury, const char *argument);
extern MemoryContext rs_ownership_budget(void);

#endif							/* RS_OWNERSHIP_SQL_H */
