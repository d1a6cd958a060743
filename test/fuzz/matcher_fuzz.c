/*
 * test/fuzz/matcher_fuzz.c
 *	  engines: src/matcher.c src/matcher_build.c src/matcher_skim.c src/folding.c src/rs_memory.c
 *
 * libFuzzer: two bytes choose the options, then words separated by
 * newlines up to an empty line, then the text. Any bytes, valid UTF-8 or not.
 * Beside what the sanitizers see: hits lie inside the text, has() agrees with
 * scan(), and both automaton forms and every variant of skimming find the
 * same.
 *
 * Compiling words costs a hundred times what running them over a short text
 * does, so compiled lists are kept, and mutations leave options and words alone
 * but for one in 4096; with RS_FUZZ_WORDS set, one in two changes anything. Only
 * the engine is instrumented for coverage, not this file.
 */
#include "pg_shim.h"

#include <stdlib.h>

#include "matcher_private.h"
#include "rs_memory.h"

#define PLAIN __attribute__((no_sanitize("coverage")))

typedef struct Sum
{
	uint64		hits;
	uint64		hash;
	Size		length;
} Sum;

PLAIN static bool
add(void *arg, const RsHit *hit)
{
	Sum		   *s = arg;

	if (hit->start_byte >= hit->end_byte || hit->end_byte > s->length || hit->start_char >= hit->end_char)
		abort();
	s->hits++;
	/* order does not matter */
	s->hash += (hit->word + 1) * UINT64CONST(0x9E3779B97F4A7C15) ^ (hit->start_byte * 31 + hit->end_byte) ^
		(hit->start_char * 17 + hit->end_char) ^ hit->disguise;
	return true;
}

/* ---- compiled lists, direct-mapped by a hash of what they are compiled from ---- */

#define FORMS 2					/* full table, double array */
#define KEPT 4096				/* in a words campaign 64: there they come and go */

typedef struct Kept
{
	uint8_t    *header;			/* options and words */
	size_t		size;
	MemoryContext budget[FORMS];
	RsMatcher  *matcher[FORMS];
} Kept;

static Kept kept[KEPT];
static bool words_campaign;

/* Length of options and words with the empty line behind them. */
PLAIN static size_t
header_size(const uint8_t *data, size_t size)
{
	size_t		at = Min(size, 2);

	while (at < size && data[at] != '\n')
	{
		const uint8_t *e = memchr(data + at, '\n', size - at);

		at = e == NULL ? size : e - data + 1;
	}
	return Min(at + 1, size);
}

PLAIN static RsMatcher *
compile(const uint8_t *data, size_t size, bool compact, MemoryContext budget)
{
	RsMatcherOptions o = {0};
	const uint8_t *p = data + 2,
			   *end = data + size;
	RsMatcherBuilder *b;

	o.fold = data[0] & 1;
	o.skip = (data[0] >> 1) % 3;
	o.max_gap = data[0] >> 6;
	o.whole_words = data[0] >> 3 & 1;
	o.repeats = data[0] >> 4 & 1;
	o.compact = compact;
	/* coarse layers are costly to build: by the second byte, seldom both */
	if (data[0] >> 5 & 1)
	{
		o.split_characters = true;
		o.homophones = data[1] % 16 == 0;
		o.look_alikes = data[1] % 16 == 1;
		o.lean = data[1] % 4 == 3;
	}
	b = rs_matcher_begin(budget, &o);
	for (int words = 0; words < 64 && p < end && *p != '\n'; words++)
	{
		const uint8_t *e = memchr(p, '\n', end - p);

		if (e == NULL)
			e = end;
		rs_matcher_add(b, (const char *) p, Min(e - p, 64));
		p = e < end ? e + 1 : end;
	}
	return rs_matcher_finish(b);
}

PLAIN static Kept *
kept_for(const uint8_t *data, size_t size)
{
	uint32		h = 2166136261u;
	Kept	   *k;

	for (size_t i = 0; i < size; i++)
		h = (h ^ data[i]) * 16777619u;
	k = &kept[h % (words_campaign ? 64 : KEPT)];
	if (k->header != NULL && k->size == size && memcmp(k->header, data, size) == 0)
		return k;
	for (int form = 0; form < FORMS; form++)
	{
		if (k->header != NULL)
			MemoryContextDelete(k->budget[form]);
		k->budget[form] = AllocSetContextCreate(TopMemoryContext, "words", ALLOCSET_DEFAULT_SIZES);
		k->matcher[form] = compile(data, size, form == 1, k->budget[form]);
	}
	free(k->header);
	k->header = malloc(size);
	memcpy(k->header, data, size);
	k->size = size;
	return k;
}

/* ---- mutations ---- */

size_t		LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);
size_t		LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed);
size_t		LLVMFuzzerCustomCrossOver(const uint8_t *a, size_t an, const uint8_t *b, size_t bn, uint8_t *out, size_t max_size, unsigned seed);
int			LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

PLAIN size_t
LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed)
{
	size_t		header = header_size(data, size);

	if (seed % (words_campaign ? 2 : 4096) == 0 || header >= max_size)
		return LLVMFuzzerMutate(data, size, max_size);
	return header + LLVMFuzzerMutate(data + header, size - header, max_size - header);
}

/* One's words with both texts, cut anywhere. */
PLAIN size_t
LLVMFuzzerCustomCrossOver(const uint8_t *a, size_t an, const uint8_t *b, size_t bn, uint8_t *out, size_t max_size, unsigned seed)
{
	size_t		ah = header_size(a, an),
				bh = header_size(b, bn),
				head = ah + (an > ah ? seed % (an - ah) : 0),
				from = bh + (bn > bh ? (seed >> 16) % (bn - bh) : 0),
				n;

	head = Min(head, max_size);
	memcpy(out, a, head);
	n = Min(bn - from, max_size - head);
	memcpy(out + head, b + from, n);
	return head + n;
}

PLAIN int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static bool started = false;
	size_t		header;
	Kept	   *k;
	uint8_t    *text;
	Sum			first = {0};
	bool		found = false;

	if (!started)
	{
		shim_init();
		rs_max_memory_kb = 64 * 1024;
		words_campaign = getenv("RS_FUZZ_WORDS") != NULL;
		started = true;
	}
	if (size < 3)
		return 0;
	header = header_size(data, size);
	k = kept_for(data, header);
	/* a copy of exact size: the sanitizer sees any read beyond it */
	text = malloc(size > header ? size - header : 1);
	memcpy(text, data + header, size - header);
	for (int form = 0; form < FORMS; form++)
		for (int variant = RS_SKIM_PORTABLE; variant <= RS_SKIM_AVX2; variant++)
		{
			Sum			sum = {.length = size - header};
			bool		has;

			rs_skim_at_most(variant);
			rs_matcher_scan(k->matcher[form], text, size - header, add, &sum);
			has = rs_matcher_has(k->matcher[form], text, size - header);
			if (form == 0 && variant == RS_SKIM_PORTABLE)
			{
				first = sum;
				found = has;
			}
			if (sum.hits != first.hits || sum.hash != first.hash || has != found || has != (sum.hits > 0))
				abort();
		}
	free(text);
	return 0;
}
