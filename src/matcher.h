/*
 * src/matcher.h
 *	  Many words in one pass over a text, seen through disguises.
 */
#ifndef RS_MATCHER_H
#define RS_MATCHER_H

#include "postgres.h"

/* Which marks may stand between the characters of a word. */
typedef enum RsSkip
{
	RS_SKIP_NOTHING,			/* only invisible characters */
	RS_SKIP_SEPARATORS,			/* and separators */
	RS_SKIP_ALL					/* and sentence marks, brackets, quotes */
} RsSkip;

typedef struct RsMatcherOptions
{
	bool		fold;			/* characters stand for what they fold to */
	RsSkip		skip;
	int			max_gap;		/* most separators between two characters of a word */
	bool		whole_words;	/* a word of letters is not part of a longer one */
	bool		repeats;		/* each character may be repeated */
	bool		homophones;		/* same toneless pinyin, or the pinyin itself */
	bool		look_alikes;	/* characters of nearly the same shape */
	bool		split_characters;	/* a character written as its two halves */
	bool		compact;		/* double array even where a full table would do */
	bool		lean;			/* no tables for skimming: for lists seldom run */
} RsMatcherOptions;

/* How a hit differs from the word beyond folding; bits. */
#define RS_DISGUISE_REPEAT		1
#define RS_DISGUISE_HOMOPHONE	2
#define RS_DISGUISE_PINYIN		4
#define RS_DISGUISE_LOOK_ALIKE	8
#define RS_DISGUISE_SPLIT		16

typedef struct RsHit
{
	uint32		word;			/* number given by rs_matcher_add() */
	uint32		disguise;
	Size		start_byte;		/* first byte of the first character */
	Size		end_byte;		/* one past the last byte of the last character */
	uint64		start_char;		/* from 0 */
	uint64		end_char;		/* one past the last */
} RsHit;

typedef struct RsMatcherBuilder RsMatcherBuilder;
typedef struct RsMatcher RsMatcher;

/* Return false to stop the scan. */
typedef bool (*RsHitHandler) (void *arg, const RsHit *hit);

typedef struct RsMatcherStats
{
	uint64		words;
	uint64		patterns;		/* words and their spelled and split forms */
	uint64		states;
	uint64		classes;
	bool		dense;			/* full transition table, not double array */
} RsMatcherStats;

extern RsMatcherBuilder *rs_matcher_begin(MemoryContext budget, const RsMatcherOptions *options);
extern bool rs_matcher_add(RsMatcherBuilder *b, const char *utf8, Size length);	/* false: nothing left after folding */
extern RsMatcher *rs_matcher_finish(RsMatcherBuilder *b);

extern bool rs_matcher_has(const RsMatcher *m, const unsigned char *text, Size length);
extern bool rs_matcher_scan(const RsMatcher *m, const unsigned char *text, Size length,
							RsHitHandler handler, void *arg);
extern const RsMatcherStats *rs_matcher_stats(const RsMatcher *m);

/* Choosing among hits; all sort by (start, longer first, word), drop repetitions and return how many are left. */
extern int	rs_hits_maximal(RsHit *hit, int n);	/* none inside another, longer one */
extern int	rs_hits_longest(RsHit *hit, int n);	/* leftmost, longest, none overlapping */
extern int	rs_hits_sort(RsHit *hit, int n);

#endif							/* RS_MATCHER_H */
