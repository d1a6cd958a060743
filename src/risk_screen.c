/*
 * src/risk_screen.c
 *	  Module entry: magic block and settings.
 */
#include "pg_compat.h"

#include <limits.h>

#include "access/xact.h"
#include "fmgr.h"
#include "pgtime.h"
#include "utils/builtins.h"
#include "utils/datetime.h"
#include "utils/guc.h"
#include "utils/timestamp.h"

#include "risk_screen.h"
#include "row_scan.h"
#include "graph_cache.h"
#include "rs_memory.h"

RS_MODULE_MAGIC;

char	   *rs_time_zone_name = NULL;

static bool
check_time_zone(char **newval, void **extra, GucSource source)
{
	pg_tz	   *tz = pg_tzset(*newval);

	if (tz == NULL)
	{
		GUC_check_errdetail("\"%s\" is not the name of a time zone.", *newval);
		return false;
	}
	if (!pg_tz_acceptable(tz))
	{
		GUC_check_errdetail("Time zone \"%s\" appears to use leap seconds.", *newval);
		return false;
	}
	return true;
}

/* The zone in which days begin, whatever the session's TimeZone is. */
pg_tz *
rs_time_zone(void)
{
	return pg_tzset(rs_time_zone_name);
}

/* Today in risk_screen.time_zone, fixed within a transaction. */
DateADT
rs_today(void)
{
	static TimestampTz at = 0;
	static pg_tz *zone = NULL;
	static DateADT today;
	TimestampTz now = GetCurrentTransactionStartTimestamp();
	pg_tz	   *tz = rs_time_zone();

	if (now != at || tz != zone)
	{
		struct pg_tm tm;
		fsec_t		fsec;
		int			offset;

		if (timestamp2tm(now, &offset, &tm, &fsec, NULL, tz) != 0)
			ereport(ERROR,
					(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
					 errmsg("timestamp out of range")));
		today = date2j(tm.tm_year, tm.tm_mon, tm.tm_mday) - POSTGRES_EPOCH_JDATE;
		at = now;
		zone = tz;
	}
	return today;
}

PGDLLEXPORT void _PG_init(void);

void
_PG_init(void)
{
	DefineCustomIntVariable("risk_screen.max_memory",
							"Most memory one call of a risk_screen function may use.",
							"An operation that needs more stops with an error instead of exhausting the server.",
							&rs_max_memory_kb,
							1024 * 1024, 1024, MAX_KILOBYTES,
							PGC_USERSET, GUC_UNIT_KB,
							NULL, NULL, NULL);
	DefineCustomBoolVariable("risk_screen.rebuild_damaged",
							 "Rebuild a flow graph whose files are damaged or missing when its owner asks it something.",
							 "Never for others, in read-only transactions, in parallel plans or on a standby: they get an error.",
							 &rs_rebuild_damaged,
							 true,
							 PGC_USERSET, 0,
							 NULL, NULL, NULL);
	DefineCustomBoolVariable("risk_screen.enable_row_scan",
							 "Read the rows of large answers as they are made, where a function stands alone in FROM.",
							 "Off: the server stores all of them first, as it does with other functions.",
							 &rs_enable_row_scan,
							 true,
							 PGC_USERSET, GUC_EXPLAIN,
							 NULL, NULL, NULL);
	DefineCustomStringVariable("risk_screen.time_zone",
							   "Time zone in which days begin and end.",
							   "Dates, and times without a zone, are read in this zone; the session's TimeZone does not matter.",
							   &rs_time_zone_name,
							   "Asia/Shanghai",
							   PGC_USERSET, 0,
							   check_time_zone, NULL, NULL);
	MarkGUCPrefixReserved("risk_screen");
	rs_row_scan_init();
	rs_graph_cache_init();
}

/* version() returns text: the library's version, to compare with the SQL objects' */
PG_FUNCTION_INFO_V1(rs_version);
Datum
rs_version(PG_FUNCTION_ARGS)
{
	PG_RETURN_TEXT_P(cstring_to_text(RS_VERSION));
}
