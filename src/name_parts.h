/*
 * src/name_parts.h
 *	  The parts of an enterprise's name.
 */
#ifndef RS_NAME_PARTS_H
#define RS_NAME_PARTS_H

#include "postgres.h"

typedef struct RsSpan
{
	Size		start,
				end;			/* bytes */
	uint64		start_char,
				end_char;
} RsSpan;

typedef struct RsNameParts
{
	RsSpan		region;			/* empty spans: absent */
	RsSpan		trade_name;
	RsSpan		industry;
	RsSpan		form;
	RsSpan		branch;			/* behind the parent's form */
	RsSpan		region_bracket; /* the bracket around a region in the middle */
} RsNameParts;

extern void rs_name_split(const unsigned char *name, Size length, RsNameParts *parts);
typedef enum RsRegionKind
{
	RS_REGION_NONE, RS_REGION_SEVERAL, RS_REGION_ONE
} RsRegionKind;

/* to the place a list holds in: around, it may or may not lie there */
typedef enum RsRegionRelation
{
	RS_REGION_APART, RS_REGION_AROUND, RS_REGION_WITHIN
} RsRegionRelation;

extern RsRegionKind rs_known_region(const text *region);
extern RsRegionRelation rs_region_relation(const text *region, const text *place);
extern int	rs_name_place(const RsNameParts *parts, const unsigned char *name, uint64 start_char, uint64 end_char);
extern char *rs_name_part(const unsigned char *name, const RsSpan *span, int *length);
extern char *rs_pinyin_key(const char *folded, int length);
extern char *rs_industry_class(const char *folded, int length, int *class_length);

#endif							/* RS_NAME_PARTS_H */
