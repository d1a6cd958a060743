/*
 * src/sha256.c
 *	  SHA-256 (FIPS 180-4) for many short messages.
 *
 * The server's own interface asks OpenSSL for the algorithm anew with every
 * message; for rows of a hundred bytes that costs three times the hashing. This
 * is the same function without anything to look up, allocate or fail: a state
 * on the stack, blocks compressed with the processor's SHA instructions where
 * it has them, else in portable C. Tests compare it with the server's sha256()
 * at every length around the block boundaries, in both forms.
 */
#include "sha256.h"

#if defined(__x86_64__) && defined(__GNUC__)
#define RS_SHA_INSTRUCTIONS
#include <cpuid.h>
#include <immintrin.h>
#endif

static const uint32 K[64] = {
	0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
	0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
	0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
	0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
	0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
	0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
	0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
	0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

static inline uint32
load32(const uint8 *p)
{
	return (uint32) p[0] << 24 | (uint32) p[1] << 16 | (uint32) p[2] << 8 | p[3];
}

static inline void
store32(uint8 *p, uint32 v)
{
	p[0] = v >> 24;
	p[1] = v >> 16;
	p[2] = v >> 8;
	p[3] = v;
}

static inline uint32
turn(uint32 x, int n)
{
	return x >> n | x << (32 - n);
}

static void
compress_portable(uint32 *state, const uint8 *data, Size blocks)
{
	while (blocks-- > 0)
	{
		uint32		w[64];
		uint32		a = state[0],
					b = state[1],
					c = state[2],
					d = state[3],
					e = state[4],
					f = state[5],
					g = state[6],
					h = state[7];

		for (int i = 0; i < 16; i++)
			w[i] = load32(data + 4 * i);
		for (int i = 16; i < 64; i++)
			w[i] = w[i - 16] + (turn(w[i - 15], 7) ^ turn(w[i - 15], 18) ^ w[i - 15] >> 3)
				+ w[i - 7] + (turn(w[i - 2], 17) ^ turn(w[i - 2], 19) ^ w[i - 2] >> 10);
		for (int i = 0; i < 64; i++)
		{
			uint32		t1 = h + (turn(e, 6) ^ turn(e, 11) ^ turn(e, 25)) + ((e & f) ^ (~e & g)) + K[i] + w[i];
			uint32		t2 = (turn(a, 2) ^ turn(a, 13) ^ turn(a, 22)) + ((a & b) ^ (a & c) ^ (b & c));

			h = g;
			g = f;
			f = e;
			e = d + t1;
			d = c;
			c = b;
			b = a;
			a = t1 + t2;
		}
		state[0] += a;
		state[1] += b;
		state[2] += c;
		state[3] += d;
		state[4] += e;
		state[5] += f;
		state[6] += g;
		state[7] += h;
		data += RS_SHA256_BLOCK;
	}
}

static void (*compress) (uint32 *state, const uint8 *data, Size blocks);

#ifdef RS_SHA_INSTRUCTIONS

/*
 * SHA256RNDS2 does two rounds on the state split into (a b e f) and (c d g h),
 * SHA256MSG1 and SHA256MSG2 the two halves of the message schedule: four words
 * W[t .. t+3] from the sixteen before, kept in a ring of four registers.
 */
__attribute__((target("sha,sse4.1,ssse3")))
static void
compress_instructions(uint32 *state, const uint8 *data, Size blocks)
{
	const __m128i swap = _mm_set_epi64x(0x0c0d0e0f08090a0bLL, 0x0405060700010203LL);
	__m128i		dcba = _mm_loadu_si128((const __m128i *) state);
	__m128i		hgfe = _mm_loadu_si128((const __m128i *) (state + 4));
	__m128i		abef,
				cdgh;

	abef = _mm_unpacklo_epi64(hgfe, dcba);	/* lanes from low: e f a b */
	cdgh = _mm_unpackhi_epi64(hgfe, dcba);	/* g h c d */
	abef = _mm_shuffle_epi32(abef, _MM_SHUFFLE(2, 3, 0, 1));	/* f e b a */
	cdgh = _mm_shuffle_epi32(cdgh, _MM_SHUFFLE(2, 3, 0, 1));	/* h g d c */
	while (blocks-- > 0)
	{
		__m128i		abef_before = abef,
					cdgh_before = cdgh;
		__m128i		w[4];

		for (int i = 0; i < 4; i++)
			w[i] = _mm_shuffle_epi8(_mm_loadu_si128((const __m128i *) (data + 16 * i)), swap);
#pragma GCC unroll 16
		for (int i = 0; i < 16; i++)
		{
			__m128i		sum = _mm_add_epi32(w[i & 3], _mm_loadu_si128((const __m128i *) (K + 4 * i)));

			cdgh = _mm_sha256rnds2_epu32(cdgh, abef, sum);
			abef = _mm_sha256rnds2_epu32(abef, cdgh, _mm_shuffle_epi32(sum, _MM_SHUFFLE(1, 0, 3, 2)));
			/* the four words sixteen on take the place of these */
			if (i < 12)
				w[i & 3] = _mm_sha256msg2_epu32(_mm_add_epi32(_mm_sha256msg1_epu32(w[i & 3], w[(i + 1) & 3]),
															  _mm_alignr_epi8(w[(i + 3) & 3], w[(i + 2) & 3], 4)),
												w[(i + 3) & 3]);
		}
		abef = _mm_add_epi32(abef, abef_before);
		cdgh = _mm_add_epi32(cdgh, cdgh_before);
		data += RS_SHA256_BLOCK;
	}
	abef = _mm_shuffle_epi32(abef, _MM_SHUFFLE(2, 3, 0, 1));
	cdgh = _mm_shuffle_epi32(cdgh, _MM_SHUFFLE(2, 3, 0, 1));
	dcba = _mm_unpackhi_epi64(abef, cdgh);
	hgfe = _mm_unpacklo_epi64(abef, cdgh);
	_mm_storeu_si128((__m128i *) state, dcba);
	_mm_storeu_si128((__m128i *) (state + 4), hgfe);
}

static bool
has_instructions(void)
{
	unsigned int a,
				b,
				c,
				d;

	/* SSSE3 and SSE4.1, then SHA */
	return __get_cpuid(1, &a, &b, &c, &d) && (c & (1u << 9)) && (c & (1u << 19))
		&& __get_cpuid_count(7, 0, &a, &b, &c, &d) && (b & (1u << 29));
}
#endif

static void
choose(bool portable)
{
	compress = compress_portable;
#ifdef RS_SHA_INSTRUCTIONS
	if (!portable && has_instructions())
		compress = compress_instructions;
#endif
}

void
rs_sha256_portable(bool only)
{
	choose(only);
}

void
rs_sha256_init(RsSha256 *hash)
{
	static const uint32 start[8] = {
		0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
	};

	if (unlikely(compress == NULL))
		choose(false);
	memcpy(hash->state, start, sizeof(start));
	hash->length = 0;
}

void
rs_sha256_add(RsSha256 *hash, const void *data, Size length)
{
	const uint8 *p = data;
	Size		held = hash->length % RS_SHA256_BLOCK;

	hash->length += length;
	if (held > 0)
	{
		Size		n = Min(length, RS_SHA256_BLOCK - held);

		memcpy(hash->block + held, p, n);
		p += n;
		length -= n;
		if (held + n < RS_SHA256_BLOCK)
			return;
		compress(hash->state, hash->block, 1);
	}
	if (length >= RS_SHA256_BLOCK)
		compress(hash->state, p, length / RS_SHA256_BLOCK);
	memcpy(hash->block, p + length / RS_SHA256_BLOCK * RS_SHA256_BLOCK, length % RS_SHA256_BLOCK);
}

void
rs_sha256_final(RsSha256 *hash, uint8 *out)
{
	uint64		bits = hash->length * 8;
	Size		held = hash->length % RS_SHA256_BLOCK;

	hash->block[held++] = 0x80;
	if (held > RS_SHA256_BLOCK - 8)
	{
		memset(hash->block + held, 0, RS_SHA256_BLOCK - held);
		compress(hash->state, hash->block, 1);
		held = 0;
	}
	memset(hash->block + held, 0, RS_SHA256_BLOCK - 8 - held);
	store32(hash->block + RS_SHA256_BLOCK - 8, bits >> 32);
	store32(hash->block + RS_SHA256_BLOCK - 4, (uint32) bits);
	compress(hash->state, hash->block, 1);
	for (int i = 0; i < 8; i++)
		store32(out + 4 * i, hash->state[i]);
}
