/*
 * src/matcher_skim.c
 *	  Passing over text in which no word begins, several characters at a time.
 *
 * Most places of a text begin no word. Whether one does is asked of the last
 * three characters at once: every class has a short hash; the hashes of two
 * neighbours select a word of a small table, the hash of the character before
 * them a bit in it. The bit is set where a word begins so; a word of only two
 * characters sets all bits. Three-byte characters, nearly all of Chinese text,
 * go from bytes to hash by one flat table, without branches, so that eight of
 * them are judged in one go with AVX2, four with SSE4.1, where the processor
 * has it (asked at run time), and one by one elsewhere.
 *
 * A window of up to 64 plain characters is judged without looking at the
 * judgements, which would mean waiting for two dependent loads and guessing
 * wrong at every hit; the caller walks over the bits. A window ends before
 * anything that is not plain: other lengths, bad bytes, characters that fold to
 * several or are skipped within words. The automaton takes those, and the marked
 * ones; answers never depend on this file, only how many characters it sees.
 *
 * Memory: 128 kB for the flat table, 8 to 512 kB for the other, per layer, in
 * the list's own context. Cost: about 1 ns a character with AVX2, 1.6 with SSE4.1, 2 without.
 */
#include "postgres.h"

#include "matcher_private.h"
#include "rs_memory.h"

#if defined(__x86_64__) && (defined(__GNUC__) || defined(__clang__))
#define HAVE_X86_VARIANTS
#include <immintrin.h>
#endif

/* A class's hash: 14 bits; the lowest five choose the bit, 31 is for classes outside the alphabet. */
#define HASH_BITS 14
#define NO_CLASS 31

#define MIN_TABLE_BITS 11
#define MAX_TABLE_BITS 17

static inline uint32
pair_index(const RsSkim *s, uint32 previous, uint32 current)
{
	return ((previous << 7) ^ current) >> 4 & s->mask;
}

/* Entry of class c of the alphabet: any function that scatters. */
static uint16
class_entry(uint32 c)
{
	uint32		h;

	if (c == 0)
		return NO_CLASS;
	h = (c * 0x9E3779B1u) >> 7;
	return RS_SKIM_WORD | (h % 31) | ((h >> 8) & ((1 << (HASH_BITS - 5)) - 1)) << 5;
}

/* The empty tables of a layer whose map from code points is made. */
RsSkim *
rs_skim_begin(MemoryContext budget, const RsLayer *layer, uint64 patterns)
{
	RsSkim	   *s = rs_alloc0(budget, 1, sizeof(RsSkim), "a word list");
	int			bits = MIN_TABLE_BITS;

	while (bits < MAX_TABLE_BITS && (UINT64CONST(1) << bits) < patterns)
		bits++;
	s->mask = (1u << bits) - 1;
	s->pair = rs_alloc0(budget, UINT64CONST(1) << bits, sizeof(uint32), "a word list");
	s->of_class = rs_alloc(budget, (uint64) layer->classes + 1, sizeof(uint16), "a word list");
	for (uint32 c = 0; c <= layer->classes; c++)
		s->of_class[c] = class_entry(c);
	/* one more: a gather reads four bytes at each entry of two */
	s->entry = rs_alloc(budget, 0x10000 + 1, sizeof(uint16), "a word list");
	for (uint32 cp = 0; cp <= 0xFFFF; cp++)
	{
		uint32		code = layer->page[(uint32) layer->top[cp >> 6] << 6 | (cp & 63)];

		s->entry[cp] = code <= layer->classes ? s->of_class[code] : RS_SKIM_SPECIAL;
	}
	s->entry[0x10000] = 0;
	return s;
}

/* A word begins with these classes; at least two. */
void
rs_skim_add(RsSkim *s, const uint16 *class, uint32 length)
{
	if (length == 2)
		s->pair[pair_index(s, s->of_class[class[0]], s->of_class[class[1]])] = UINT32_MAX;
	else
		s->pair[pair_index(s, s->of_class[class[1]], s->of_class[class[2]])] |= 1u << (s->of_class[class[0]] & 31);
}

/* Does the class complete the beginning of a word? */
static inline uint64
may_begin(const RsSkim *s, uint32 older, uint32 previous, uint32 current)
{
	return s->pair[pair_index(s, previous, current)] >> (older & 31) & (previous & current) >> 15 & 1;
}

/* The portable variant: from character n of the window on. */
static int
window_scalar(const RsSkim *s, const unsigned char *p, const unsigned char *end,
			  uint32 older, uint32 previous, int n, uint64 *candidates)
{
	uint64		bits = *candidates;

	/* four at a time; reads one byte more than they have */
	while (n <= RS_SKIM_WINDOW - 4 && end - p >= 13)
	{
		uint32		a,
					b,
					c,
					d,
					w[4];

		memcpy(&w[0], p, 4);
		memcpy(&w[1], p + 3, 4);
		memcpy(&w[2], p + 6, 4);
		memcpy(&w[3], p + 9, 4);
#ifdef WORDS_BIGENDIAN
		for (int i = 0; i < 4; i++)
			w[i] = w[i] >> 24 | (w[i] >> 8 & 0xFF00) | (w[i] << 8 & 0xFF0000);
#endif
		if (unlikely((((w[0] ^ 0x008080E0) | (w[1] ^ 0x008080E0) | (w[2] ^ 0x008080E0) | (w[3] ^ 0x008080E0)) & 0x00C0C0F0) != 0))
			break;
#define INDEX(x) (((x) & 0x0F) << 12 | ((x) >> 2 & 0xFC0) | ((x) >> 16 & 0x3F))
		a = s->entry[INDEX(w[0])];
		b = s->entry[INDEX(w[1])];
		c = s->entry[INDEX(w[2])];
		d = s->entry[INDEX(w[3])];
#undef INDEX
		if (unlikely(((a | b | c | d) & RS_SKIM_SPECIAL) != 0))
			break;
		bits |= (may_begin(s, older, previous, a) | may_begin(s, previous, a, b) << 1 |
				 may_begin(s, a, b, c) << 2 | may_begin(s, b, c, d) << 3) << n;
		older = c;
		previous = d;
		n += 4;
		p += 12;
	}
	while (n < RS_SKIM_WINDOW && end - p >= 3)
	{
		uint32		a;

		if ((p[0] & 0xF0) != 0xE0 || (p[1] & 0xC0) != 0x80 || (p[2] & 0xC0) != 0x80)
			break;
		a = s->entry[(p[0] & 0x0F) << 12 | (p[1] & 0x3F) << 6 | (p[2] & 0x3F)];
		if (a & RS_SKIM_SPECIAL)
			break;
		bits |= may_begin(s, older, previous, a) << n;
		older = previous;
		previous = a;
		n++;
		p += 3;
	}
	*candidates = bits;
	return n;
}

#ifdef HAVE_X86_VARIANTS
/*
 * Four at a time. There is no gather: positions come out of the register two to
 * a move, what they lead to goes back in; arithmetic is on all four. There is
 * no shift by lane either: 1 << n is the whole number of the float with
 * exponent n, and for 31 what the conversion gives on overflow.
 */
__attribute__((target("sse4.1")))
static int
window_sse41(const RsSkim *s, const unsigned char *p, const unsigned char *end,
			 uint32 older, uint32 previous, uint64 *candidates)
{
	const __m128i spread = _mm_setr_epi8(2, 1, 0, -1, 5, 4, 3, -1, 8, 7, 6, -1, 11, 10, 9, -1);
	const __m128i lead_bits = _mm_set1_epi32(0x00F0C0C0);
	const __m128i lead = _mm_set1_epi32(0x00E08080);
	const __m128i payload = _mm_set1_epi32(0x000F3F3F);
	const __m128i join_bytes = _mm_set1_epi32(0x00014001);	/* b2 + 64 b1, b0 */
	const __m128i join_words = _mm_set1_epi32(0x10000001);	/* ... + 4096 b0 */
	const __m128i low5 = _mm_set1_epi32(31);
	const __m128i exponent = _mm_set1_epi32(127);
	const __m128i mask = _mm_set1_epi32(s->mask);
	__m128i		before = _mm_setr_epi32(0, 0, older, previous);
	uint64		bits = 0;
	int			n = 0;

	while (n < RS_SKIM_WINDOW && end - p >= 16)
	{
		__m128i		v = _mm_shuffle_epi8(_mm_loadu_si128((const __m128i *) p), spread),
					entry,
					previous4,
					older4,
					bit;
		uint64		low,
					high;
		uint32		odd;

		odd = ~_mm_movemask_ps(_mm_castsi128_ps(_mm_cmpeq_epi32(_mm_and_si128(v, lead_bits), lead))) & 0xF;
		v = _mm_madd_epi16(_mm_maddubs_epi16(_mm_and_si128(v, payload), join_bytes), join_words);
		low = _mm_cvtsi128_si64(v);
		high = _mm_extract_epi64(v, 1);
		entry = _mm_cvtsi32_si128(s->entry[(uint32) low]);
		entry = _mm_insert_epi16(entry, s->entry[low >> 32], 2);
		entry = _mm_insert_epi16(entry, s->entry[(uint32) high], 4);
		entry = _mm_insert_epi16(entry, s->entry[high >> 32], 6);
		odd |= _mm_movemask_ps(_mm_castsi128_ps(_mm_slli_epi32(entry, 17)));
		/* lanes moved up by one and by two, the last ones of before coming in */
		previous4 = _mm_alignr_epi8(entry, before, 12);
		older4 = _mm_alignr_epi8(entry, before, 8);
		v = _mm_xor_si128(_mm_slli_epi32(previous4, 7), entry);
		v = _mm_and_si128(_mm_srli_epi32(v, 4), mask);
		low = _mm_cvtsi128_si64(v);
		high = _mm_extract_epi64(v, 1);
		v = _mm_cvtsi32_si128(s->pair[(uint32) low]);
		v = _mm_insert_epi32(v, s->pair[low >> 32], 1);
		v = _mm_insert_epi32(v, s->pair[(uint32) high], 2);
		v = _mm_insert_epi32(v, s->pair[high >> 32], 3);
		bit = _mm_slli_epi32(_mm_add_epi32(_mm_and_si128(older4, low5), exponent), 23);
		bit = _mm_and_si128(v, _mm_cvttps_epi32(_mm_castsi128_ps(bit)));
		/* all ones where the bit is not set; both classes must be of the alphabet */
		bit = _mm_cmpeq_epi32(bit, _mm_setzero_si128());
		bit = _mm_andnot_si128(bit, _mm_slli_epi32(_mm_and_si128(previous4, entry), 16));
		bits |= (uint64) (uint32) _mm_movemask_ps(_mm_castsi128_ps(bit)) << n;
		if (odd != 0)
		{
			/* lanes from the first odd one on hold rubbish */
			n += __builtin_ctz(odd);
			*candidates = bits & ((UINT64CONST(1) << n) - 1);
			return n;
		}
		before = entry;
		n += 4;
		p += 12;
	}
	*candidates = bits;
	if (n == RS_SKIM_WINDOW)
		return n;
	older = _mm_extract_epi32(before, 2);
	previous = _mm_extract_epi32(before, 3);
	return window_scalar(s, p, end, older, previous, n, candidates);
}

__attribute__((target("avx2")))
static int
window_avx2(const RsSkim *s, const unsigned char *p, const unsigned char *end,
			uint32 older, uint32 previous, uint64 *candidates)
{
	/* bytes of a character in descending order in each lane of four */
	const __m256i spread = _mm256_setr_epi8(2, 1, 0, -1, 5, 4, 3, -1, 8, 7, 6, -1, 11, 10, 9, -1,
											2, 1, 0, -1, 5, 4, 3, -1, 8, 7, 6, -1, 11, 10, 9, -1);
	const __m256i lead_bits = _mm256_set1_epi32(0x00F0C0C0);
	const __m256i lead = _mm256_set1_epi32(0x00E08080);
	const __m256i payload = _mm256_set1_epi32(0x000F3F3F);
	const __m256i join_bytes = _mm256_set1_epi32(0x00014001);	/* b2 + 64 b1, b0 */
	const __m256i join_words = _mm256_set1_epi32(0x10000001);	/* ... + 4096 b0 */
	const __m256i low16 = _mm256_set1_epi32(0xFFFF);
	const __m256i low5 = _mm256_set1_epi32(31);
	const __m256i mask = _mm256_set1_epi32(s->mask);
	__m256i		before = _mm256_setr_epi32(0, 0, 0, 0, 0, 0, older, previous);
	uint64		bits = 0;
	int			n = 0;

	/* the second load ends 28 bytes on */
	while (n < RS_SKIM_WINDOW && end - p >= 28)
	{
		__m256i		v = _mm256_inserti128_si256(_mm256_castsi128_si256(_mm_loadu_si128((const __m128i *) p)),
												_mm_loadu_si128((const __m128i *) (p + 12)), 1);
		__m256i		entry,
					across,
					previous8,
					older8,
					bit;
		uint32		odd;

		v = _mm256_shuffle_epi8(v, spread);
		odd = ~_mm256_movemask_ps(_mm256_castsi256_ps(_mm256_cmpeq_epi32(_mm256_and_si256(v, lead_bits), lead))) & 0xFF;
		v = _mm256_madd_epi16(_mm256_maddubs_epi16(_mm256_and_si256(v, payload), join_bytes), join_words);
		entry = _mm256_and_si256(_mm256_i32gather_epi32((const int *) s->entry, v, 2), low16);
		odd |= _mm256_movemask_ps(_mm256_castsi256_ps(_mm256_slli_epi32(entry, 17)));
		/* lanes moved up by one and by two, the last ones of before coming in */
		across = _mm256_permute2x128_si256(before, entry, 0x21);
		previous8 = _mm256_alignr_epi8(entry, across, 12);
		older8 = _mm256_alignr_epi8(entry, across, 8);
		v = _mm256_xor_si256(_mm256_slli_epi32(previous8, 7), entry);
		v = _mm256_i32gather_epi32((const int *) s->pair, _mm256_and_si256(_mm256_srli_epi32(v, 4), mask), 4);
		bit = _mm256_srlv_epi32(v, _mm256_and_si256(older8, low5));
		bit = _mm256_and_si256(bit, _mm256_srli_epi32(_mm256_and_si256(previous8, entry), 15));
		bits |= (uint64) (uint32) _mm256_movemask_ps(_mm256_castsi256_ps(_mm256_slli_epi32(bit, 31))) << n;
		if (odd != 0)
		{
			/* lanes from the first odd one on hold rubbish */
			n += __builtin_ctz(odd);
			*candidates = bits & ((UINT64CONST(1) << n) - 1);
			return n;
		}
		before = entry;
		n += 8;
		p += 24;
	}
	*candidates = bits;
	if (n == RS_SKIM_WINDOW)
		return n;
	older = _mm256_extract_epi32(before, 6);
	previous = _mm256_extract_epi32(before, 7);
	/* compilers forget it before a static callee, and the server's SSE code pays for it */
	_mm256_zeroupper();
	return window_scalar(s, p, end, older, previous, n, candidates);
}

#endif

static int	variant = -1;		/* RsSkimVariant, not asked yet */
static int	best = RS_SKIM_AVX2;	/* allowed */

static int
find_variant(void)
{
	variant = RS_SKIM_PORTABLE;
#ifdef HAVE_X86_VARIANTS
	if (__builtin_cpu_supports("sse4.1"))
		variant = RS_SKIM_SSE41;
	if (__builtin_cpu_supports("avx2"))
		variant = RS_SKIM_AVX2;
#endif
	variant = Min(variant, best);
	return variant;
}

/* Are eight characters judged at once on this machine? */
bool
rs_skim_wide(void)
{
	return (unlikely(variant < 0) ? find_variant() : variant) == RS_SKIM_AVX2;
}

/*
 * Judge the plain characters from p on, after classes older and previous: how
 * many, at most RS_SKIM_WINDOW, and in *candidates those that may complete the
 * beginning of a word. Plain are characters of three bytes with a class or
 * outside the alphabet. Never reads at or beyond end.
 */
int
rs_skim_window(const RsSkim *s, const unsigned char *p, const unsigned char *end,
			   uint32 older, uint32 previous, uint64 *candidates)
{
	older = s->of_class[older];
	previous = s->of_class[previous];
	*candidates = 0;
#ifdef HAVE_X86_VARIANTS
	if (end - p >= 28)
	{
		if (rs_skim_wide())
			return window_avx2(s, p, end, older, previous, candidates);
		if (variant == RS_SKIM_SSE41)
			return window_sse41(s, p, end, older, previous, candidates);
	}
#endif
	return window_scalar(s, p, end, older, previous, 0, candidates);
}

/* For tests and measurements: nothing better than this variant. */
void
rs_skim_at_most(RsSkimVariant allowed)
{
	best = allowed;
	variant = -1;
}
