/*
 * src/risk_screen.h
 *	  What the SQL layer's files share: settings.
 */
#ifndef RISK_SCREEN_H
#define RISK_SCREEN_H

#include "postgres.h"
#include "pgtime.h"
#include "utils/date.h"

extern char *rs_time_zone_name;
extern pg_tz *rs_time_zone(void);
extern DateADT rs_today(void);	/* in it, fixed within a transaction */

#endif							/* RISK_SCREEN_H */
