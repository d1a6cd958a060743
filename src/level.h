/*
 * src/level.h
 *	  risk_level in C: ranks 0..4 and their enum OIDs.
 */
#ifndef RS_LEVEL_H
#define RS_LEVEL_H

#include "postgres.h"

typedef enum RsLevel
{
	RS_GREEN,
	RS_UNKNOWN,					/* missing data: worse than green, better than any finding */
	RS_YELLOW,
	RS_ORANGE,
	RS_RED
} RsLevel;

#define RS_LEVELS 5

typedef struct RsLevelMap
{
	Oid			oid[RS_LEVELS];
} RsLevelMap;

/* The labels' OIDs of an enum type that has the five labels. */
extern void rs_level_map(Oid type, RsLevelMap *map);
extern RsLevel rs_level_of_oid(const RsLevelMap *map, Oid oid);

extern const char *const rs_level_name[RS_LEVELS];

#endif							/* RS_LEVEL_H */
