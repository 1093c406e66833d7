/* test_opened.c - PAGES frames of a sealed log, opened. */
#include "node.h"
#include "opened.h"
#include "slots.h"
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

SUITE(opened);

#define PAGES      2
#define FRAMES_MAX 400

struct bench {
	struct node node;
	struct logfile lf;
	struct walk walk;
	struct opened_frames opened;
	uint64_t offsets[FRAMES_MAX];
	size_t count;
};

/* More frames than are kept. */
static void begin(struct bench *bench)
{
	struct frame frame;

	setenv("BK_TEST_SEALED", "1", 0);
	node_begin(&bench->node, 2);
	for (int i = 0; i < 60; i++) {
		node_busy(&bench->node, 2);
		ok(bk_keyframes_build(bench->node.writer, why()));
	}
	ok(bk_logfile_open(&bench->lf, &bench->node.io.io, bench->node.path, BK_IO_READ, why()));
	ok(bk_logfile_unseal(&bench->lf, why()));
	bk_opened_init(&bench->opened);
	bk_walk_init(&bench->walk, &bench->lf, WALK_CHUNK_ONE);
	bench->count = 0;
	for (uint64_t at = LOG_HEADER_SIZE; bench->count < FRAMES_MAX; at = bk_frame_end(&frame)) {
		if (bk_walk_frame(&bench->walk, at, &frame, why()))
			break;
		if (frame.head.kind == PAGES)
			bench->offsets[bench->count++] = at;
	}
	cr_assert(bench->count > OPENED_FRAMES + 8, "%zu frames", bench->count);
}

static void end(struct bench *bench)
{
	bk_walk_done(&bench->walk);
	bk_opened_done(&bench->opened);
	bk_logfile_close(&bench->lf);
	node_end(&bench->node);
}

static enum bk_code find(struct bench *bench, uint64_t offset, const struct bk_buf **payload)
{
	const struct sealing sealing = {&bench->lf.header, bench->lf.key};

	return bk_opened_find(&bench->opened, &bench->lf.file, offset, &sealing, payload, why());
}

/* The payload is what a walk gives. */
static void check(struct bench *bench, uint64_t offset)
{
	const struct bk_buf *payload;
	struct frame frame;

	ok(find(bench, offset, &payload));
	ok(bk_walk_frame(&bench->walk, offset, &frame, why()));
	cr_assert(payload->size == frame.head.size);
	cr_assert(memcmp(payload->data, frame.payload, payload->size) == 0);
}

Test(opened, frames_in_any_order)
{
	struct bench bench;
	uint64_t random = 1;

	begin(&bench);
	for (int i = 0; i < 2000; i++) {
		random = random * 6364136223846793005u + 1442695040888963407u;
		check(&bench, bench.offsets[(random >> 33) % (i % 2 ? bench.count : 8)]);
		if (i % 7 == 0)
			bk_opened_forget(&bench.opened);
	}
	end(&bench);
}

/* What was opened is not read again, until it is forgotten: then its head is. */
Test(opened, once)
{
	const struct bk_buf *payload;
	struct bench bench;

	begin(&bench);
	check(&bench, bench.offsets[0]);
	test_io_fail(&bench.node.io, OP_READ, 1, -EIO);
	ok(find(&bench, bench.offsets[0], &payload));
	bk_opened_forget(&bench.opened);
	fails(BK_E_IO, find(&bench, bench.offsets[0], &payload));
	ok(find(&bench, bench.offsets[0], &payload));
	test_io_fail(&bench.node.io, OP_READ, 1, -EIO);
	fails(BK_E_IO, find(&bench, bench.offsets[1], &payload));
	test_io_fail(&bench.node.io, OP_NONE, 0, 0);
	end(&bench);
}

static void flip(const char *path, uint64_t offset)
{
	uint8_t byte;
	int fd = open(path, O_RDWR | O_CLOEXEC);

	cr_assert(fd >= 0 && pread(fd, &byte, 1, (off_t)offset) == 1);
	byte ^= 1;
	cr_assert(pwrite(fd, &byte, 1, (off_t)offset) == 1 && close(fd) == 0);
}

/* Another frame stands there by now. */
Test(opened, what_stands_there_no_more)
{
	const struct bk_buf *payload;
	struct bench bench;

	begin(&bench);
	check(&bench, bench.offsets[3]);
	flip(bench.node.path, bench.offsets[3]);
	bk_opened_forget(&bench.opened);
	fails(BK_E_DAMAGE, find(&bench, bench.offsets[3], &payload));
	fails(BK_E_DAMAGE, find(&bench, bench.offsets[3], &payload));
	flip(bench.node.path, bench.offsets[3]);
	check(&bench, bench.offsets[3]);
	fails(BK_E_DAMAGE, find(&bench, bench.offsets[3] + 1, &payload));
	end(&bench);
}
