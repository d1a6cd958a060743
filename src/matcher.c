/*
 * src/matcher.c
 *	  Running compiled words over a text.
 *
 * One pass per layer: decode a character, one two-level look-up gives its
 * code, one transition the next state. Codes above the alphabet are rare and
 * leave the fast path: invisible characters change nothing, separators are
 * counted and break the word when there are too many in a row, and characters
 * that fold to several feed their parts one by one. Nothing is allocated.
 *
 * Positions are found only for hits, by walking back over the original text
 * as many characters as the word has. A hit of a coarse layer is verified on
 * that walk, character by character, and dropped when it holds exactly, since
 * the exact layer reports it.
 *
 * Bad UTF-8 is never an error here: a byte that cannot begin a character
 * counts as one that breaks words, and no byte outside the text is read.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "port/pg_bitutils.h"

#include "matcher_private.h"

/* Look for an interrupt after so many bytes: well below 10 ms. */
#define INTERRUPT_BYTES (4 * 1024 * 1024)

/* A full table is faster than skimming on texts below so many bytes, and without AVX2 on all. */
#define LONG_TEXT 96

static inline bool
skims(const RsLayer *layer, Size length)
{
	return layer->skim != NULL && length >= LONG_TEXT && rs_skim_wide();
}

static pg_attribute_always_inline uint32
layer_code(const RsLayer *layer, uint32 cp)
{
	if (cp > RS_LAST_CODE_POINT)
		return 0;
	return layer->page[(uint32) layer->top[cp >> 6] << 6 | (cp & 63)];
}

/* Code of the character of three bytes at p. */
static inline uint32
plain_code(const RsLayer *layer, const unsigned char *p)
{
	return layer_code(layer, (p[0] & 0x0F) << 12 | (p[1] & 0x3F) << 6 | (p[2] & 0x3F));
}

/* Code of the character at p, advancing p. */
static pg_attribute_always_inline uint32
next_code(const RsLayer *layer, const unsigned char **p, const unsigned char *end)
{
	const unsigned char *s = *p;
	uint32		b = *s;
	uint32		cp;
	int			length;

	if ((b & 0xF0) == 0xE0 && likely(end - s >= 3))
	{
		*p = s + 3;
		return layer->page[(uint32) layer->top[(b & 0x0F) << 6 | (s[1] & 0x3F)] << 6 | (s[2] & 0x3F)];
	}
	if (b < 0x80)
	{
		*p = s + 1;
		return layer->ascii[b];
	}
	cp = rs_utf8_decode(s, end, &length);
	*p = s + length;
	return layer_code(layer, cp);
}

/* First byte of the character that ends before p. */
static inline const unsigned char *
step_back(const unsigned char *text, const unsigned char *p)
{
	const unsigned char *q = p - 1;

	while (q > text && p - q < 4 && (*q & 0xC0) == 0x80)
		q--;
	return q;
}

/* How many classes a code feeds: skipped characters none, sequences several. */
static inline int
code_width(const RsLayer *layer, uint32 code)
{
	if (code <= layer->classes)
		return 1;
	if (code <= layer->classes + 2)
		return 0;
	return layer->sequence_class[layer->sequence[code - layer->classes - 3]];
}

static int
fold_for(const RsMatcher *m, uint32 cp, uint32 *folded)
{
	int			n;

	if (m->options.fold)
		rs_fold(cp, folded, &n);
	else
	{
		folded[0] = cp;
		n = 1;
	}
	return n;
}

/* Is the character before p (at p, if !before) a letter that continues a word? */
static bool
letter_beside(const unsigned char *text, const unsigned char *p, const unsigned char *end, bool before)
{
	uint32		folded[RS_FOLD_MAX];
	int			length,
				n;

	if (before)
	{
		if (p == text)
			return false;
		p = step_back(text, p);
	}
	else if (p == end)
		return false;
	if (rs_fold(rs_utf8_decode(p, end, &length), folded, &n) != RS_FOLD_TEXT || n == 0)
		return false;
	return rs_is_letter(folded[before ? n - 1 : 0]);
}

/*
 * Find where a pattern's hit begins. `end` is behind its last character, of
 * which the first `used` classes belong to the hit. Returns false when a
 * coarse layer's characters do not really stand for the pattern's.
 */
static bool
locate(const RsMatcher *m, const RsLayer *layer, const RsPattern *pattern,
	   const unsigned char *text, const unsigned char *text_end, const unsigned char *end,
	   int used, const unsigned char **start, uint64 *chars, uint32 *disguise, bool *inside)
{
	const uint32 *want = m->character + pattern->first;
	uint32		left = pattern->length;
	const unsigned char *q = end;
	int			differing = 0;

	*disguise = pattern->disguise;
	*chars = 0;
	*inside = false;
	while (q > text)
	{
		const unsigned char *from = step_back(text, q);
		int			length;
		uint32		cp = rs_utf8_decode(from, q, &length);
		uint32		code = layer_code(layer, cp);
		int			width = code_width(layer, code);

		(*chars)++;
		if (q == end)
		{
			*inside = used < width;
			width = used;
		}
		q = from;
		if (width == 0)
			continue;
		if (layer->kind != RS_LAYER_EXACT)
		{
			uint32		folded[RS_FOLD_MAX];

			if (fold_for(m, cp, folded) < width)
				return false;
			for (int k = width - 1; k >= 0 && left > 0; k--, left--)
			{
				uint32		a = want[left - 1];

				if (folded[k] == a)
					continue;
				differing++;
				if (layer->kind == RS_LAYER_HOMOPHONE)
					*disguise |= RS_DISGUISE_HOMOPHONE;
				else if (rs_look_alike(a, folded[k]))
					*disguise |= RS_DISGUISE_LOOK_ALIKE;
				else
					return false;
				if (k == 0 && left == 1)
					continue;
			}
		}
		else
		{
			if (left < width)
				*inside = true;
			left -= Min(left, width);
		}
		if (left == 0)
			break;
	}
	*start = q;
	return left == 0 && (layer->kind == RS_LAYER_EXACT || differing > 0);
}

/*
 * The common hit of the exact layer: all its characters are of three bytes and
 * stand for one class each, so its start needs no walk. Else returns false.
 */
static inline bool
locate_plain(const RsLayer *layer, const RsPattern *pattern, const unsigned char *text,
			 const unsigned char *end, const unsigned char **start)
{
	const unsigned char *p = end;

	if (end - text < 3 * (Size) pattern->length)
		return false;
	for (uint32 i = 0; i < pattern->length; i++)
	{
		p -= 3;
		/* 0 wraps round: neither it nor what is beyond the alphabet */
		if ((p[0] & 0xF0) != 0xE0 || plain_code(layer, p) - 1 >= layer->classes)
			return false;
	}
	*start = p;
	return true;
}

/*
 * A hit of the run-collapsed layer: walk back run by run, and forward over the
 * rest of the last run. True when every run is long enough and one between the
 * first and the last is longer than the pattern's (else the exact layer has it).
 */
static bool
locate_repeats(const RsMatcher *m, const RsLayer *layer, const RsPattern *pattern,
			   const unsigned char *text, const unsigned char *text_end, const unsigned char **end,
			   const unsigned char **start, uint64 *chars, uint64 *more_chars)
{
	const uint32 *want = m->character + pattern->first;
	uint32		left = pattern->length;
	const unsigned char *q;
	const unsigned char *after = *end;
	uint64		count = 0;
	uint64		walked = 0;
	uint64		forward = 0;
	uint32		need = 1;
	uint32		folded[RS_FOLD_MAX];
	bool		stretched = false;
	bool		last_run = true;
	int			gap = 0;
	int			length;

	/* the rest of the last run */
	*more_chars = 0;
	while (after < text_end)
	{
		uint32		cp = rs_utf8_decode(after, text_end, &length);
		uint32		code = layer_code(layer, cp);

		forward++;
		after += length;
		if (code == layer->classes + 1)
			continue;
		if (code == layer->classes + 2)
		{
			if (++gap > m->options.max_gap)
				break;
			continue;
		}
		if (code == 0 || code > layer->classes || fold_for(m, cp, folded) != 1 ||
			folded[0] != want[pattern->length - 1])
			break;
		gap = 0;
		count++;
		*end = after;
		*more_chars = forward;
	}

	/* back over the runs */
	while (need < left && want[left - need - 1] == want[left - 1])
		need++;
	gap = 0;
	*chars = 0;
	*start = *end;
	q = *end;
	/* walk from the hit's own end: what lies behind it is counted */
	q = text + (*end - text);
	count = 0;
	while (q > text)
	{
		const unsigned char *from = step_back(text, q);
		uint32		cp = rs_utf8_decode(from, q, &length);
		uint32		code = layer_code(layer, cp);

		walked++;
		q = from;
		if (code == layer->classes + 1)
			continue;
		if (code == layer->classes + 2)
		{
			if (++gap > m->options.max_gap)
				break;
			continue;
		}
		gap = 0;
		if (code == 0 || code > layer->classes || fold_for(m, cp, folded) != 1)
			break;
		if (folded[0] == want[left - 1])
		{
			count++;
			*start = from;
			*chars = walked;
			continue;
		}
		/* the run is over */
		if (count < need)
			return false;
		if (left == need)
			break;				/* the first run has been passed */
		if (count > need && !last_run)
			stretched = true;
		last_run = false;
		left -= need;
		if (folded[0] != want[left - 1])
			return false;
		need = 1;
		while (need < left && want[left - need - 1] == want[left - 1])
			need++;
		count = 1;
		*start = from;
		*chars = walked;
	}
	return left == need && count >= need && stretched;
}

/* Report every word that ends in this state; false stops the scan. */
static pg_noinline bool
report(const RsMatcher *m, const RsLayer *layer, uint32 state,
	   const unsigned char *text, const unsigned char *text_end, const unsigned char *end,
	   uint64 end_char, int used, RsHitHandler handler, void *arg)
{
	for (; state != 0; state = layer->dict[state])
	{
		for (uint32 p = layer->out[state]; p != 0; p = layer->same[p - 1])
		{
			const RsPattern *pattern = &m->pattern[p - 1];
			const unsigned char *start,
					   *stop = end;
			uint64		chars,
						more = 0;
			bool		inside;
			RsHit		hit;

			if (layer->kind == RS_LAYER_REPEAT)
			{
				if (!locate_repeats(m, layer, pattern, text, text_end, &stop, &start, &chars, &more))
					continue;
				hit.disguise = RS_DISGUISE_REPEAT;
				inside = false;
			}
			else if (layer->kind == RS_LAYER_EXACT && locate_plain(layer, pattern, text, end, &start))
			{
				hit.disguise = pattern->disguise;
				chars = pattern->length;
				inside = false;
			}
			else if (!locate(m, layer, pattern, text, text_end, end, used, &start, &chars, &hit.disguise, &inside))
				continue;
			if (pattern->letters &&
				(inside || letter_beside(text, start, text_end, true) ||
				 letter_beside(text, stop, text_end, false)))
				continue;
			hit.word = pattern->word;
			hit.start_byte = start - text;
			hit.end_byte = stop - text;
			hit.end_char = end_char + more;
			hit.start_char = hit.end_char - chars;
			if (!handler(arg, &hit))
				return false;
		}
	}
	return true;
}

/*
 * One layer's pass; inlined once per form. handler NULL: true at the first
 * accepting state. Otherwise false when the handler stopped the scan.
 */
static pg_attribute_always_inline bool
run_layer(const RsMatcher *m, const RsLayer *layer, const unsigned char *text, Size length,
		  const bool dense, const bool filtered, const bool repeats, const bool any,
		  RsHitHandler handler, void *arg)
{
	const unsigned char *p = text;
	const unsigned char *end = text + length;
	const uint32 classes = layer->classes;
	const uint16 *next = layer->next;
	const RsUnit *unit = layer->unit;
	const uint32 *first = layer->first;
	const uint32 stride = layer->stride;
	const uint32 accept_from = layer->accept_from;
	uint32		state = 0;		/* dense: row * stride */
	uint32		previous = 0;	/* repeats, filtered: the class before */
	uint32		older = 0;		/* filtered: and the one before that */
	const RsSkim *skim = layer->skim;
	const uint32 shallow_below = layer->shallow_below;
	const unsigned char *window = text; /* filtered: what was skimmed last */
	const unsigned char *window_end = text;
	uint64		candidates = 0; /* ... and its characters that may begin a word */
	uint64		chars = 0;
	int			gap = 0;

/*
 * With a filter, state 0 stands for every state at most two deep: what it would
 * say is in (older, previous). FILTER says whether class c may end the begin of
 * a word; if so the true state is found by walking the three classes.
 */
#define FILTER(c) rs_skim_may_begin(skim, older, previous, c)
#define SHALLOW() (dense ? state < shallow_below : (unit[state].base & RS_SHALLOW) != 0)
#define STEP_FILTERED(c) \
	do { \
		if (state == 0) \
		{ \
			if (unlikely(FILTER(c))) \
			{ \
				if (previous != 0) \
				{ \
					if (older != 0) \
						STEP(older); \
					STEP(previous); \
				} \
				STEP(c); \
			} \
		} \
		else \
			STEP(c); \
		older = previous; \
		previous = (c); \
	} while (0)
#define STEP(c) \
	do { \
		if (dense) \
			state = next[state + (c)]; \
		else if (state == 0) \
			state = first[c]; \
		else \
		{ \
			for (;;) \
			{ \
				uint32 s_ = (unit[state].base & RS_BASE) + (c); \
				if (unit[s_].check == state) \
				{ \
					state = s_; \
					break; \
				} \
				state = unit[state].fail; \
				if (state == 0) \
				{ \
					state = first[c]; \
					break; \
				} \
			} \
		} \
	} while (0)
#define ACCEPTS() (dense ? state >= accept_from : (unit[state].base & RS_ACCEPT) != 0)
#define STATE_NUMBER() (dense ? state / stride : state)

	while (p < end)
	{
		const unsigned char *stop = end - p > INTERRUPT_BYTES ? p + INTERRUPT_BYTES : end;

		while (p < stop)
		{
			uint32		c;

			/* on to the next character that may complete the beginning of a word */
			if (filtered && state == 0)
			{
				const unsigned char *q = p;

				if (p >= window_end)
				{
					if (*p < 0x80)
					{
						/* marks, digits and letters of no word */
						while (p < stop && *p < 0x80 && layer->ascii[*p] == 0)
							p++;
						if (p > q)
						{
							chars += p - q;
							gap = 0;
							older = previous = 0;
							continue;
						}
					}
					window = p;
					window_end = p + 3 * rs_skim_window(skim, p, stop, older, previous, &candidates);
				}
				if (p < window_end)
				{
					uint64		rest = candidates >> (p - window) / 3;

					q = rest != 0 ? p + 3 * pg_rightmost_one_pos64(rest) : window_end;
					if (q > p)
					{
						chars += (q - p) / 3;
						gap = 0;
						older = q - p == 3 ? previous : plain_code(layer, q - 6);
						previous = plain_code(layer, q - 3);
						p = q;
						if (rest == 0)
							continue;
					}
				}
			}
			c = next_code(layer, &p, end);
			if (!any)
				chars++;
			if (unlikely(c > classes))
			{
				if (c == classes + 1)
					continue;
				if (c == classes + 2)
				{
					if (++gap > m->options.max_gap)
						state = previous = older = 0;
					continue;
				}
				else
				{
					const uint16 *sequence = layer->sequence_class + layer->sequence[c - classes - 3];
					int			n = sequence[0];

					gap = 0;
					for (int k = 1; k <= n; k++)
					{
						c = sequence[k];
						if (c == 0)
							state = previous = older = 0;
						else if (!repeats || c != previous)
						{
							if (filtered)
								STEP_FILTERED(c);
							else
								STEP(c);
							if (state != 0 && ACCEPTS())
							{
								if (any)
									return true;
								if (!report(m, layer, STATE_NUMBER(), text, end, p, chars, k, handler, arg))
									return false;
							}
							if (filtered && state != 0 && SHALLOW())
								state = 0;
						}
						if (!filtered)
							previous = c;
					}
					continue;
				}
			}
			gap = 0;
			if (repeats)
			{
				if (c == previous)
					continue;
				previous = c;
			}
			if (filtered)
			{
				if (state == 0)
				{
					/* class 0 falls through: it is in no word's begin, or fails at once */
					bool		begins = FILTER(c);

					if (likely(!begins))
					{
						older = previous;
						previous = c;
						continue;
					}
				}
				if (c == 0)
				{
					state = previous = older = 0;
					continue;
				}
				STEP_FILTERED(c);
				if (state == 0)
					continue;
			}
			else
			{
				if (!dense && c == 0)
				{
					state = 0;
					continue;
				}
				STEP(c);
			}
			if (unlikely(ACCEPTS()))
			{
				if (any)
					return true;
				if (!report(m, layer, STATE_NUMBER(), text, end, p, chars, 1, handler, arg))
					return false;
			}
			if (filtered && SHALLOW())
				state = 0;
		}
		CHECK_FOR_INTERRUPTS();
	}
	return !any;
#undef STEP
#undef STEP_FILTERED
#undef FILTER
#undef SHALLOW
#undef ACCEPTS
#undef STATE_NUMBER
}

static bool
stop_at_once(void *arg, const RsHit *hit)
{
	*(bool *) arg = true;
	return false;
}

/* Does any word occur? */
bool
rs_matcher_has(const RsMatcher *m, const unsigned char *text, Size length)
{
	bool		found = false;

	if (m->npatterns == 0)
		return false;
	if (m->plain)
	{
		const RsLayer *layer = &m->layer[0];

		if (layer->dense)
			return skims(layer, length) ? run_layer(m, layer, text, length, true, true, false, true, NULL, NULL)
				: run_layer(m, layer, text, length, true, false, false, true, NULL, NULL);
		if (layer->skim)
			return run_layer(m, layer, text, length, false, true, false, true, NULL, NULL);
		return run_layer(m, layer, text, length, false, false, false, true, NULL, NULL);
	}
	rs_matcher_scan(m, text, length, stop_at_once, &found);
	return found;
}

/*
 * Call the handler for every occurrence of every word, overlapping ones
 * included, layer by layer and in each layer by end. Returns false when the
 * handler stopped the scan.
 */
bool
rs_matcher_scan(const RsMatcher *m, const unsigned char *text, Size length,
				RsHitHandler handler, void *arg)
{
	if (m->npatterns == 0)
		return true;
	for (int i = 0; i < m->nlayers; i++)
	{
		const RsLayer *layer = &m->layer[i];
		bool		more;

		if (layer->kind == RS_LAYER_REPEAT)
			more = layer->dense ? run_layer(m, layer, text, length, true, false, true, false, handler, arg)
				: run_layer(m, layer, text, length, false, false, true, false, handler, arg);
		else if (layer->dense)
			more = skims(layer, length) ? run_layer(m, layer, text, length, true, true, false, false, handler, arg)
				: run_layer(m, layer, text, length, true, false, false, false, handler, arg);
		else if (layer->skim)
			more = run_layer(m, layer, text, length, false, true, false, false, handler, arg);
		else
			more = run_layer(m, layer, text, length, false, false, false, false, handler, arg);
		if (!more)
			return false;
	}
	return true;
}

const RsMatcherStats *
rs_matcher_stats(const RsMatcher *m)
{
	return &m->stats;
}

static int
compare_hits(const void *a, const void *b)
{
	const RsHit *x = a,
			   *y = b;

	if (x->start_char != y->start_char)
		return x->start_char < y->start_char ? -1 : 1;
	if (x->end_char != y->end_char)
		return x->end_char > y->end_char ? -1 : 1;
	if (x->word != y->word)
		return x->word < y->word ? -1 : 1;
	return x->disguise < y->disguise ? -1 : x->disguise > y->disguise;
}

/* By start, longer first, then word; one row per word and place, least disguised. */
static int
sort_hits(RsHit *hit, int n)
{
	int			k = 0;

	qsort(hit, n, sizeof(RsHit), compare_hits);
	for (int i = 0; i < n; i++)
		if (k == 0 || hit[i].word != hit[k - 1].word || hit[i].start_char != hit[k - 1].start_char ||
			hit[i].end_char != hit[k - 1].end_char)
			hit[k++] = hit[i];
	return k;
}

int
rs_hits_sort(RsHit *hit, int n)
{
	return sort_hits(hit, n);
}

/* Drop hits that lie inside a longer one; equal spans stay. */
int
rs_hits_maximal(RsHit *hit, int n)
{
	int			k = 0;
	uint64		reach = 0,
				reach_start = 0;

	n = sort_hits(hit, n);
	for (int i = 0; i < n; i++)
	{
		if (k > 0 && hit[i].end_char <= reach &&
			!(hit[i].end_char == reach && hit[i].start_char == reach_start))
			continue;
		reach = hit[i].end_char;
		reach_start = hit[i].start_char;
		hit[k++] = hit[i];
	}
	return k;
}

/* Leftmost-longest, no two overlapping; of equal spans all words stay. */
int
rs_hits_longest(RsHit *hit, int n)
{
	int			k = 0;

	n = sort_hits(hit, n);
	for (int i = 0; i < n; i++)
	{
		if (k > 0 && hit[i].start_char < hit[k - 1].end_char &&
			!(hit[i].start_char == hit[k - 1].start_char && hit[i].end_char == hit[k - 1].end_char))
			continue;
		hit[k++] = hit[i];
	}
	return k;
}
