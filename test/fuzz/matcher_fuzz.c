/*
 * test/fuzz/matcher_fuzz.c
 *	  engines: src/matcher.c src/matcher_build.c src/matcher_skim.c src/folding.c src/rs_memory.c
 *
 * libFuzzer: two bytes choose the options, then words separated by
 * newlines up to an empty line, then the text. Any bytes, valid UTF-8 or not.
 * Beside what the sanitizers see: hits lie inside the text, has() agrees with
 * scan(), and both automaton forms and both variants of skimming find the
 * same. Tables freed are used again by the next input (test/unit/pg_shim.c).
 */
#include "pg_shim.h"

#include <stdlib.h>

#include "matcher_private.h"
#include "rs_memory.h"

typedef struct Sum
{
	uint64		hits;
	uint64		hash;
	Size		length;
} Sum;

static bool
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

int			LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static bool started = false;
	const unsigned char *p = data + 2,
			   *end = data + size;
	RsMatcherOptions o = {0};
	Sum			sum[2] = {{0}};
	bool		found[2];

	if (!started)
	{
		shim_init();
		started = true;
	}
	if (size < 3)
		return 0;
	o.fold = data[0] & 1;
	o.skip = (data[0] >> 1) % 3;
	o.max_gap = data[0] >> 6;
	o.whole_words = data[0] >> 3 & 1;
	o.repeats = data[0] >> 4 & 1;
	/* coarse layers are costly to build: by the second byte, seldom both */
	if (data[0] >> 5 & 1)
	{
		o.split_characters = true;
		o.homophones = data[1] % 16 == 0;
		o.look_alikes = data[1] % 16 == 1;
		o.lean = data[1] % 4 == 3;
	}
	for (int form = 0; form < 2; form++)
	{
		MemoryContext budget = AllocSetContextCreate(TopMemoryContext, "words", ALLOCSET_DEFAULT_SIZES);
		RsMatcherBuilder *b;
		RsMatcher  *m;

		o.compact = form;
		rs_skim_portable(form);
		b = rs_matcher_begin(budget, &o);
		p = data + 2;
		for (int words = 0; words < 64 && p < end && *p != '\n'; words++)
		{
			const unsigned char *e = memchr(p, '\n', end - p);

			if (e == NULL)
				e = end;
			rs_matcher_add(b, (const char *) p, Min(e - p, 64));
			p = e < end ? e + 1 : end;
		}
		m = rs_matcher_finish(b);
		{
			/* a copy of exact size: the sanitizer sees any read beyond it */
			Size		n = end - p;
			unsigned char *text = malloc(n ? n : 1);

			memcpy(text, p, n);
			sum[form].length = n;
			rs_matcher_scan(m, text, n, add, &sum[form]);
			found[form] = rs_matcher_has(m, text, n);
			free(text);
		}
		MemoryContextDelete(budget);
	}
	if (sum[0].hits != sum[1].hits || sum[0].hash != sum[1].hash ||
		found[0] != found[1] || found[0] != (sum[0].hits > 0))
		abort();
	return 0;
}
