/* test_spill.c - temporary files that tell nobody anything (bk/spill.h). */
#include "support.h"
#include <bk/spill.h>

SUITE(spill);

#define SIZE 40000

/* Against a plain array: writes, reads and cuts of any place and size. */
Test(spill, is_a_file)
{
	static uint8_t model[SIZE], bytes[SIZE], read[SIZE];
	uint64_t seed = test_seed();
	size_t size = 0;
	struct test_io io;
	struct bk_spill *spill;

	test_io_init(&io);
	io.part_max = 1000;
	ok(bk_spill_open(&spill, &io.io, scratch(""), why()));
	for (unsigned i = 0; i < 600; i++) {
		size_t at = (size_t)(random_next(&seed) % SIZE);
		size_t part = (size_t)(random_next(&seed) % (SIZE - at));
		size_t done, wanted = at >= size ? 0 : part < size - at ? part : size - at;

		if (i % 7 == 6) {
			ok(bk_spill_truncate(spill, at, why()));
			if (at < size)
				memset(model + at, 0, size - at);
			size = at;
			continue;
		}
		ok(bk_spill_read(spill, read, part, at, &done, why()));
		cr_assert(done == wanted && memcmp(read, model + at, done) == 0, "step %u", i);
		memset(bytes, (int)i, part);
		ok(bk_spill_write(spill, bytes, part, at, why()));
		memcpy(model + at, bytes, part);
		if (part && at + part > size)
			size = at + part;
	}
	bk_spill_close(spill);
}

static uint8_t *written;
static size_t written_size;

static int64_t watch(void *ctx, int fd, const void *data, size_t size, uint64_t offset)
{
	(void)ctx;
	written = realloc(written, written_size + size);
	memcpy(written + written_size, data, size);
	written_size += size;
	return pwrite(fd, data, size, (off_t)offset);
}

/* Nothing of what is in it stands in it, nor the same twice. */
Test(spill, tells_nothing)
{
	static const char text[] = "a preimage, a preimage, a preimage";
	struct bk_io_ops ops = *bk_io_posix()->ops;
	const struct bk_io io = {.ops = &ops};
	struct bk_spill *spill;

	ops.pwrite = watch;
	ok(bk_spill_open(&spill, &io, scratch(""), why()));
	for (unsigned i = 0; i < 4; i++)
		ok(bk_spill_write(spill, text, sizeof text, 100, why()));
	bk_spill_close(spill);
	cr_assert(written_size > 4 * 4096 && !memmem(written, written_size, text, 8));
	cr_assert(memcmp(written + 8, written + written_size / 4 + 8, 4096) != 0);
	free(written);
}

Test(spill, what_the_system_refuses)
{
	struct test_io io;
	struct bk_spill *spill;
	uint8_t bytes[10] = {7};
	size_t done;

	test_io_init(&io);
	test_io_fail(&io, OP_RANDOM, 1, -5);
	fails(BK_E_IO, bk_spill_open(&spill, &io.io, scratch(""), why()));
	test_io_fail(&io, OP_OPEN_TEMP, 1, -13);
	fails(BK_E_IO, bk_spill_open(&spill, &io.io, scratch(""), why()));
	ok(bk_spill_open(&spill, &io.io, scratch(""), why()));
	test_io_fail(&io, OP_WRITE, 1, -28);
	fails(BK_E_IO, bk_spill_write(spill, bytes, sizeof bytes, 0, why()));
	ok(bk_spill_write(spill, bytes, sizeof bytes, 0, why()));
	test_io_fail(&io, OP_READ, 1, -5);
	fails(BK_E_IO, bk_spill_read(spill, bytes, sizeof bytes, 0, &done, why()));
	test_io_fail(&io, OP_READ, 1, 0);
	fails(BK_E_IO, bk_spill_read(spill, bytes, sizeof bytes, 0, &done, why()));
	says("lost what was written");
	ok(bk_spill_read(spill, bytes, sizeof bytes, 0, &done, why()));
	cr_assert(done == sizeof bytes && bytes[0] == 7);
	bk_spill_close(spill);
}
