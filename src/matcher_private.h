/*
 * src/matcher_private.h
 *	  The compiled form that matcher_build.c makes and matcher.c runs.
 */
#ifndef RS_MATCHER_PRIVATE_H
#define RS_MATCHER_PRIVATE_H

#include "folding.h"
#include "matcher.h"

/* What two characters must share to be one class. */
typedef enum RsLayerKind
{
	RS_LAYER_EXACT,				/* the folded character */
	RS_LAYER_REPEAT,			/* the same, runs collapsed */
	RS_LAYER_HOMOPHONE,			/* the toneless reading */
	RS_LAYER_SHAPE,				/* the four corners */
	RS_LAYERS
} RsLayerKind;

typedef struct RsPattern
{
	uint32		word;
	uint32		first;			/* into RsMatcher.character */
	uint32		length;			/* folded characters */
	uint8		disguise;
	bool		letters;		/* needs word boundaries */
} RsPattern;

#define RS_NO_SLOT UINT32_MAX
#define RS_ACCEPT 0x80000000u	/* in RsUnit.base: this state or one of its suffixes is a word */
#define RS_SHALLOW 0x40000000u	/* in RsUnit.base: at most two characters deep */
#define RS_BASE 0x3FFFFFFFu

typedef struct RsUnit
{
	uint32		base;			/* child by class c is at base + c ... */
	uint32		check;			/* ... if that unit's check is this state */
	uint32		fail;			/* longest proper suffix that is a state */
} RsUnit;

/*
 * Character codes of a layer: 0 breaks every word, 1 .. classes are the
 * alphabet, then `classes + 1` ignorable, `classes + 2` separator, and from
 * `classes + 3` on one code per folded sequence of several characters.
 */
typedef struct RsLayer
{
	RsLayerKind kind;
	uint32		classes;
	uint16		ascii[128];
	uint16	   *top;			/* code point / 64 -> page */
	uint16	   *page;			/* page * 64 + code point % 64 -> code */
	uint32	   *sequence;		/* sequence code - classes - 3 -> place in sequence_class */
	uint16	   *sequence_class; /* length, then classes */

	bool		dense;
	uint32		stride;
	uint32		accept_from;	/* dense: rows from here on accept */
	uint16	   *next;			/* dense: [row + class] -> row, rows are multiples of stride */
	RsUnit	   *unit;			/* sparse */
	uint32	   *first;			/* sparse: the root's child by class, 0 if none */
	uint32	   *filter;			/* sparse: bits of how words begin; NULL: none */
	int			filter_shift;	/* 32 - log2 of the number of bits */

	uint32	   *out;			/* state number -> pattern + 1 */
	uint32	   *dict;			/* state number -> next suffix that is a word, 0 if none */
	uint32	   *same;			/* pattern -> next pattern + 1 with the same characters */
} RsLayer;

struct RsMatcher
{
	RsMatcherOptions options;
	bool		plain;			/* reaching an accepting state is a hit: nothing to verify */
	uint32		npatterns;
	RsPattern  *pattern;
	uint32	   *character;
	int			nlayers;
	RsLayer		layer[RS_LAYERS];
	RsMatcherStats stats;
};

/*
 * The filter has a bit for the first three classes of each longer word and for
 * both of each word of two. Far from the root nothing of this is looked at.
 */
static inline uint32
rs_filter_two(uint32 a, uint32 b)
{
	return a * 0x85EBCA77u + b * 0x9E3779B1u;
}

static inline uint32
rs_filter_three(uint32 a, uint32 b, uint32 c)
{
	return a * 0xC2B2AE3Du + b * 0x27D4EB2Fu + c * 0x165667B1u;
}

static inline bool
rs_is_letter(uint32 cp)
{
	return (cp >= 'a' && cp <= 'z') || (cp >= 'A' && cp <= 'Z') ||
		(cp >= 0xC0 && cp < 0x250) || (cp >= 0x370 && cp < 0x590);
}

#endif							/* RS_MATCHER_PRIVATE_H */
