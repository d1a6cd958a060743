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
 * How words begin, for matcher_skim.c. An entry is a class's hash with
 * RS_SKIM_WORD, that of a code beyond the alphabet RS_SKIM_SPECIAL.
 */
#define RS_SKIM_WORD 0x8000u
#define RS_SKIM_SPECIAL 0x4000u
#define RS_SKIM_WINDOW 64		/* characters judged at once */

typedef struct RsSkim
{
	uint16	   *entry;			/* by code point below 0x10000 */
	uint16	   *of_class;		/* by class */
	uint32	   *pair;			/* by two entries: bits by the one before them */
	uint32		mask;			/* pairs - 1 */
} RsSkim;

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
	uint32		shallow_below;	/* dense: rows below are at most two deep and do not accept */
	RsSkim	   *skim;			/* how words begin; NULL: a single character is a word */

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

extern RsSkim *rs_skim_begin(MemoryContext budget, const RsLayer *layer, uint64 patterns);
extern void rs_skim_add(RsSkim *s, const uint16 *class, uint32 length);
extern int	rs_skim_window(const RsSkim *s, const unsigned char *p, const unsigned char *end,
						   uint32 older, uint32 previous, uint64 *candidates);
extern bool rs_skim_wide(void);
typedef enum RsSkimVariant
{
	RS_SKIM_PORTABLE, RS_SKIM_SSE41, RS_SKIM_AVX2
} RsSkimVariant;

extern void rs_skim_at_most(RsSkimVariant allowed);

/* May class c complete the beginning of a word? */
static inline bool
rs_skim_may_begin(const RsSkim *s, uint32 older, uint32 previous, uint32 c)
{
	uint32		a = s->of_class[older],
				b = s->of_class[previous],
				e = s->of_class[c];

	return (s->pair[((b << 7) ^ e) >> 4 & s->mask] >> (a & 31) & (b & e) >> 15 & 1) != 0;
}

static inline bool
rs_is_letter(uint32 cp)
{
	return (cp >= 'a' && cp <= 'z') || (cp >= 'A' && cp <= 'Z') ||
		(cp >= 0xC0 && cp < 0x250) || (cp >= 0x370 && cp < 0x590);
}

#endif							/* RS_MATCHER_PRIVATE_H */
