/* test_nonces.c - random nonces, drawn many at once (nonces.h). */
#include "nonces.h"
#include "support.h"

SUITE(nonces);

static void draw(struct nonces *nonces, const struct bk_io *io, uint8_t *out, const char *plain,
	const char *with)
{
	ok(bk_nonces_draw(nonces, io, out, plain, strlen(plain), with, strlen(with), why()));
}

Test(nonces, no_two_are_the_same)
{
	struct nonces *nonces = bk_nonces_new();
	uint8_t all[200][SEAL_NONCE];

	for (size_t i = 0; i < COUNT_OF(all); i++) {
		draw(nonces, bk_io_posix(), all[i], "one text", "one place");
		for (size_t j = 0; j < i; j++)
			cr_assert(memcmp(all[i], all[j], SEAL_NONCE) != 0);
	}
	bk_nonces_free(nonces);
}

/* The system is asked once for many; where it has none, nothing is sealed. */
Test(nonces, drawn_many_at_once)
{
	struct nonces *nonces = bk_nonces_new();
	uint8_t out[SEAL_NONCE];
	struct test_io io;

	test_io_init(&io);
	for (unsigned i = 0; i < 640; i++)
		draw(nonces, &io.io, out, "", "");
	cr_assert(io.calls[OP_RANDOM] == 10, "%u", io.calls[OP_RANDOM]);
	test_io_fail(&io, OP_RANDOM, 1, -5);
	fails(BK_E_IO, bk_nonces_draw(nonces, &io.io, out, "", 0, "", 0, why()));
	draw(nonces, &io.io, out, "", "");
	bk_nonces_free(nonces);
}

/* Two clones of a machine go on with the same random bytes, and seal different things. */
Test(nonces, a_machine_that_was_cloned)
{
	static const struct {
		const char *plain, *with;
	} sealed[] = {{"a change", "its place"}, {"b change", "its place"},
		{"a change", "jts place"}, {"a chang", "eits place"}, {"", "its place"},
		{"a change", ""}, {"", ""}};
	uint8_t out[COUNT_OF(sealed)][SEAL_NONCE];
	struct test_io io;

	test_io_init(&io);
	io.random = 0x5a;
	for (size_t i = 0; i < COUNT_OF(sealed); i++) {
		struct nonces *clone = bk_nonces_new();

		draw(clone, &io.io, out[i], sealed[i].plain, sealed[i].with);
		bk_nonces_free(clone);
		for (size_t j = 0; j < i; j++)
			cr_assert(memcmp(out[i], out[j], SEAL_NONCE) != 0, "%zu %zu", i, j);
	}
}
