/*
 * src/calendar.c
 *	  SQL layer: the zone in which days begin.
 *
 * A function of its own, since current_setting() knows the setting only once
 * the library is loaded, and calling this loads it.
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/builtins.h"

#include "risk_screen.h"

/* _time_zone() -> text */
PG_FUNCTION_INFO_V1(rs_calendar_time_zone);
Datum
rs_calendar_time_zone(PG_FUNCTION_ARGS)
{
	PG_RETURN_TEXT_P(cstring_to_text(rs_time_zone_name));
}
