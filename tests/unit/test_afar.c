/* test_afar.c - reading a log on another computer (afar.h, bk/remote.h): what is foreseen of it,
 * and several threads on one line. */
#include "line.h"
#include "node.h"
#include <bk/image.h>
#include <bk/outline.h>
#include <bk/remote.h>
#include <unistd.h>

SUITE(afar);

/* As the server of backup-cli does it: without a key. */
static void look(const struct bk_io *io, const char *path, const uint32_t *version)
{
	struct bk_log_status status;
	struct bk_image *image;
	struct bk_log *log;
	bool is_sealed;

	ok(bk_outline_read(io, path, version, &is_sealed, why()));
	cr_assert(is_sealed == (test_keys() != NULL));
	if (is_sealed)
		return;
	ok(bk_log_open(&log, io, path, why()));
	ok(bk_log_status(log, &status, why()));
	ok(bk_image_open(&image, log, version ? *version : status.version, NULL, why()));
	bk_image_close(image);
	bk_log_close(log);
}

/* A log of many blocks and keyframes, held by the server; the head. */
static uint32_t large_log(void)
{
	struct node node;
	uint64_t random = 1;
	uint32_t version;
	uint8_t *bytes;
	size_t size;

	node_begin(&node, 16);
	node_change(&node, "CREATE TABLE t (x INTEGER PRIMARY KEY, y)");
	for (unsigned i = 0; i < 600; i++) {
		char sql[2000], *at = sql;

		at += sprintf(at, "INSERT OR REPLACE INTO t VALUES (%u, '", i % 97);
		for (unsigned j = 0; j < 100; j++)
			at += sprintf(at, "%016llx", (unsigned long long)random_next(&random));
		strcpy(at, "')");
		node_change(&node, sql);
		if (i % 16 == 0)
			ok(bk_keyframes_build(node.writer, why()));
	}
	version = node.version;
	node_end(&node);
	bytes = file_bytes(scratch("log"), &size);
	cr_assert(size > 8 * ((size_t)64 << 10) && line_bring_level(bytes, size));
	free(bytes);
	return version;
}

/* Opens the image of VERSION from afar, which must be that of the log here; how many exchanges that
 * took. */
static unsigned open_afar(struct bk_log *log, struct bk_log *here, uint32_t version)
{
	static uint8_t a[1 << 20], b[1 << 20];
	struct bk_image *image, *other;
	unsigned before = line.exchanges, took;
	size_t size, size_here;

	ok(bk_image_open(&image, log, version, NULL, why()));
	took = line.exchanges - before;
	ok(bk_image_open(&other, here, version, NULL, why()));
	ok(bk_image_read(image, a, sizeof a, 0, &size, why()));
	ok(bk_image_read(other, b, sizeof b, 0, &size_here, why()));
	cr_assert(size == size_here && memcmp(a, b, size) == 0);
	bk_image_close(image);
	bk_image_close(other);
	return took;
}

/* What opening each of some versions takes, over connections of their own: what one reads ahead
 * would be counted as the next one's. The most. */
static unsigned open_some(struct bk_log *here, uint32_t head)
{
	unsigned most = 0;

	for (uint32_t version = head / 5; version < head; version += head / 5) {
		struct bk_remote *remote;
		struct bk_log *log;
		unsigned took;

		ok(bk_remote_new(&remote, &line.io.io, why()));
		ok(bk_log_open(&log, bk_remote_io(remote), LINE_URL, why()));
		took = open_afar(log, here, version);
		most = took > most ? took : most;
		bk_log_close(log);
		bk_remote_free(remote);
	}
	return most;
}

/* "An IMAGE": what opening a version reads comes in one exchange; another may ask for the log's
 * head. Of a sealed log the server sees frames only, and guesses; what a keyframe notes of the rest
 * takes some more. */
Test(afar, an_image_comes_in_one_exchange, .timeout = 60)
{
	struct bk_log *here;
	unsigned alone, foreseen;
	uint32_t head;

	line_begin();
	head = large_log();
	ok(bk_log_open(&here, &line.io.io, scratch("log"), why()));
	alone = open_some(here, head);
	cr_assert(alone > 5, "a log too small to show anything");
	line.options.look = look;
	foreseen = open_some(here, head);
	cr_assert(foreseen < alone && foreseen <= (test_keys() ? 7 : 2), "%u exchanges of %u",
		foreseen, alone);
	bk_log_close(here);
}

static struct bk_remote *remote;

static int open_remote(void)
{
	const struct bk_io *io;
	int fd;

	line_begin();
	large_log();
	ok(bk_remote_new(&remote, &line.io.io, why()));
	io = bk_remote_io(remote);
	fd = io->ops->open(io->ctx, LINE_URL, BK_IO_READ);
	cr_assert(fd >= 0);
	return fd;
}

static void read_at(int fd, uint64_t offset)
{
	const struct bk_io *io = bk_remote_io(remote);
	uint8_t there[100], here[100];
	FILE *file = fopen(scratch("log"), "rb");

	cr_assert(io->ops->pread(io->ctx, fd, there, sizeof there, offset) == sizeof there);
	cr_assert(
		fseek(file, (long)offset, SEEK_SET) == 0 && fread(here, sizeof here, 1, file) == 1);
	cr_assert(memcmp(there, here, sizeof here) == 0);
	fclose(file);
}

/* One that reads COUNT blocks which are not here yet, the last first. */
struct reader {
	pthread_t thread;
	int fd;
	uint64_t block;
	unsigned count;
};

static _Atomic unsigned served;

static void *read_blocks(void *arg)
{
	struct reader *reader = arg;

	for (unsigned i = 0; i < reader->count; i++) {
		read_at(reader->fd, (reader->block - 2 * i) << 16);
		served++;
	}
	return NULL;
}

static void reader_begin(struct reader *reader, int fd, uint64_t block, unsigned count)
{
	*reader = (struct reader){.fd = fd, .block = block, .count = count};
	cr_assert(pthread_create(&reader->thread, NULL, read_blocks, reader) == 0);
}

static void wait_until_held(void)
{
	while (!line.held)
		usleep(1000);
}

/* What is here is given while another waits for the line. */
Test(afar, what_is_here_is_given_at_once, .timeout = 60)
{
	struct reader reader;
	int fd = open_remote();

	read_at(fd, 1000);
	pthread_mutex_lock(&line.hold);
	reader_begin(&reader, fd, 8, 1);
	wait_until_held();
	for (unsigned i = 0; i < 100; i++)
		read_at(fd, 1000 + i);
	cr_assert(!served);
	pthread_mutex_unlock(&line.hold);
	pthread_join(reader.thread, NULL);
	bk_remote_free(remote);
}

/* Who waits for the line comes before one who has just had it, and wants more. */
Test(afar, the_line_is_taken_in_turns, .timeout = 60)
{
	struct reader many, one;
	int fd = open_remote();
	unsigned before;

	pthread_mutex_lock(&line.hold);
	before = line.exchanges;
	line.sought = 3 << 16;
	reader_begin(&many, fd, 14, 6);
	wait_until_held();
	reader_begin(&one, fd, 3, 1);
	usleep(100000);
	pthread_mutex_unlock(&line.hold);
	pthread_join(many.thread, NULL);
	pthread_join(one.thread, NULL);
	cr_assert(served == 7 && line.exchanges - before >= 6);
	cr_assert(line.sought_for && line.sought_for - before <= 3, "%u", line.sought_for - before);
	bk_remote_free(remote);
}
