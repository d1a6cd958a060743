/*
 * test/unit/sha256_test.c
 *	  engines: src/sha256.c
 *
 * The published examples of the standard, and the two forms against each other
 * at every length around the block boundaries, whole and in random pieces, from
 * buffers of exactly their length. That both are the server's sha256() is
 * tested in SQL (test/pgtap/seal.sql, test/oracle/seal.py).
 */
#include "sha256.h"
#include "pg_shim.h"

static void
digest(const uint8 *data, Size length, char *hex)
{
	RsSha256	hash;
	uint8		out[RS_SHA256_LENGTH];

	rs_sha256_init(&hash);
	rs_sha256_add(&hash, data, length);
	rs_sha256_final(&hash, out);
	for (int i = 0; i < RS_SHA256_LENGTH; i++)
		sprintf(hex + 2 * i, "%02x", out[i]);
}

static bool
is(const char *text, Size times, const char *expected)
{
	Size		n = strlen(text);
	uint8	   *data = malloc(n * times + 1);
	char		hex[65];

	for (Size i = 0; i < times; i++)
		memcpy(data + i * n, text, n);
	digest(data, n * times, hex);
	free(data);
	return strcmp(hex, expected) == 0;
}

static bool
published(void)
{
	return is("", 1, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
		&& is("abc", 1, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
		&& is("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 1, "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1")
		&& is("abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu", 1,
			  "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1")
		&& is("a", 1000000, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

int
main(void)
{
	bool		alike = true,
				pieces = true;

	shim_init();
	shim_srandom(20261122);
	rs_sha256_portable(true);
	tap_ok(published(), "the published examples, in portable C");
	rs_sha256_portable(false);
	tap_ok(published(), "and with the processor's instructions, if it has them");
	for (Size n = 0; n <= 400; n++)
	{
		uint8	   *data = malloc(n > 0 ? n : 1);
		char		a[65],
					b[65];

		for (Size i = 0; i < n; i++)
			data[i] = shim_random();
		rs_sha256_portable(true);
		digest(data, n, a);
		rs_sha256_portable(false);
		digest(data, n, b);
		alike &= strcmp(a, b) == 0;
		for (int round = 0; round < 20; round++)
		{
			RsSha256	hash;
			uint8		out[RS_SHA256_LENGTH];
			Size		at = 0;

			rs_sha256_init(&hash);
			while (at < n)
			{
				Size		step = shim_random() % 150;

				step = Min(step, n - at);
				rs_sha256_add(&hash, data + at, step);
				at += step;
			}
			rs_sha256_final(&hash, out);
			for (int i = 0; i < RS_SHA256_LENGTH; i++)
				sprintf(b + 2 * i, "%02x", out[i]);
			pieces &= strcmp(a, b) == 0;
		}
		free(data);
	}
	tap_ok(alike, "both forms alike at every length to 400");
	tap_ok(pieces, "and in pieces");
	return tap_done();
}
