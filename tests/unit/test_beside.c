/* test_beside.c - what is written beside the changes (core/src/write/writer.h, bk_writer_let_pass
 * and bk_writer_write_behind): none of it while a change is being made durable, and all of it is on
 * its way to the disk before the next. */
#include "forge.h"
#include "node.h"
#include <pthread.h>
#include <sys/stat.h>
#include <time.h>

SUITE(beside);

#define STEP 131072 /* of zeros */
#define MOST 262144
#define PAGE 4096

/* One a process, as each test is: the seam gives no other context. */
static struct {
	pthread_t changer;
	pthread_t builder;
	struct node *node;
	bool builds;                 /* the next sync of a change begins a keyframe meanwhile */
	_Atomic unsigned by_others;  /* writes */
	unsigned by_others_in_syncs; /* of those, while a change was synced */
	uint64_t begun_from, begun_to;
	bool has_hole; /* between what was begun, of whole pages */
} seen;

static void sleep_ms(unsigned ms)
{
	nanosleep(&(struct timespec){.tv_nsec = (long)ms * 1000000}, NULL);
}

static void *build(void *arg)
{
	static enum bk_code code;
	struct bk_error err;

	(void)arg;
	code = bk_keyframes_build(seen.node->writer, &err);
	return &code;
}

static int64_t count_write(void *ctx, int fd, const void *data, size_t size, uint64_t offset)
{
	(void)ctx;
	seen.by_others += !pthread_equal(pthread_self(), seen.changer);
	return bk_io_posix()->ops->pwrite(NULL, fd, data, size, offset);
}

/* Takes long enough for another to write, if it would. */
static int slow_sync(void *ctx, int fd)
{
	unsigned before = seen.by_others;

	(void)ctx;
	(void)fd;
	if (!pthread_equal(pthread_self(), seen.changer))
		return 0;
	if (seen.builds)
		cr_assert(pthread_create(&seen.builder, NULL, build, NULL) == 0);
	seen.builds = false;
	sleep_ms(60);
	seen.by_others_in_syncs += seen.by_others - before;
	return 0;
}

static void note_begun(void *ctx, int fd, uint64_t offset, uint64_t size)
{
	struct stat st;

	(void)ctx;
	cr_assert(fstat(fd, &st) == 0 && offset + size <= (uint64_t)st.st_size);
	if (!seen.begun_from)
		seen.begun_from = seen.begun_to = offset;
	seen.has_hole |= offset / PAGE * PAGE > seen.begun_to;
	if (seen.begun_to < offset + size)
		seen.begun_to = offset + size;
}

static int in_place(void *ctx, int fd)
{
	(void)ctx;
	(void)fd;
	return 1;
}

static void begin(struct node *node, unsigned interval)
{
	node_begin(node, interval);
	seen.node = node;
	seen.changer = pthread_self();
	node->io.ops.pwrite = count_write;
}

/* A keyframe that becomes due while a change is synced waits for it. */
Test(beside, a_keyframe_lets_a_change_pass)
{
	struct node node;
	void *code;

	begin(&node, 2);
	node_busy(&node, 6);
	node.io.ops.datasync = slow_sync;
	seen.builds = true;
	node_busy(&node, 1);
	cr_assert(pthread_join(seen.builder, &code) == 0 && *(enum bk_code *)code == BK_OK);
	cr_assert(seen.by_others > 0 && seen.by_others_in_syncs == 0, "%u of %u writes",
		seen.by_others_in_syncs, seen.by_others);
	node.io.ops.datasync = bk_io_posix()->ops->datasync;
	node_check_all(&node, NULL, NULL);
	node_end(&node);
}

static uint64_t size_of(const char *path)
{
	struct stat st;

	cr_assert(stat(path, &st) == 0);
	return (uint64_t)st.st_size;
}

static uint64_t log_end(const struct node *node)
{
	struct bk_log_status status;

	ok(bk_log_status(bk_writer_log(node->writer), &status, why()));
	return status.log_bytes;
}

/* Until no more are due, and the last of them is synced. */
static void wait_laid(const struct node *node)
{
	for (unsigned i = 0; i < 2000 && size_of(node->path) + STEP <= log_end(node) + MOST; i++)
		sleep_ms(10);
	cr_assert(size_of(node->path) + STEP > log_end(node) + MOST);
	sleep_ms(10);
}

/* A change of some 18 KB that does not compress. */
static void change_large(struct node *node)
{
	static uint64_t seed = 1;
	char sql[20000] = "UPDATE large SET x = '";

	for (size_t at = strlen(sql); at < sizeof sql - 20; at += 16)
		sprintf(sql + at, "%016llx", (unsigned long long)random_next(&seed));
	strcat(sql, "'");
	node_change(node, sql);
}

/* So do zeros, which become due when a change is put. */
Test(beside, zeros_let_a_change_pass)
{
	struct node node;
	unsigned steps = 0;

	begin(&node, 0);
	node.io.ops.overwrites_in_place = in_place;
	node.io.ops.datasync = slow_sync;
	node_change(&node, "CREATE TABLE large (x)");
	bk_writer_start_zeros(node.writer);
	wait_laid(&node);
	while (steps < 2) {
		uint64_t size = size_of(node.path);

		change_large(&node);
		wait_laid(&node);
		steps += size_of(node.path) > size;
	}
	cr_assert(seen.by_others > 0 && seen.by_others_in_syncs == 0, "%u of %u writes",
		seen.by_others_in_syncs, seen.by_others);
	node_end(&node);
}

/* What a keyframe wrote is on its way to the disk when it is there, in small pieces: no change has
 * to carry it. */
Test(beside, a_keyframe_is_begun_to_be_written)
{
	struct node node;
	struct forge forge;
	uint64_t from, to;

	begin(&node, 4);
	node_change(&node, "CREATE TABLE blobs (x)");
	node_change(&node,
		"WITH RECURSIVE c (n, x) AS (SELECT 1, 1 UNION ALL SELECT n + 1, (x * 1103515245 + "
		"12345) % 2147483648 FROM c WHERE n < 60000) INSERT INTO blobs SELECT x FROM c");
	node_busy(&node, 4);
	from = log_end(&node);
	node.io.ops.write_behind = note_begun;
	ok(bk_keyframes_build(node.writer, why()));
	to = log_end(&node);
	cr_assert(seen.begun_from == from && seen.begun_to == to && !seen.has_hole,
		"%d to %d of %d to %d", (int)seen.begun_from, (int)seen.begun_to, (int)from,
		(int)to);
	node_busy(&node, 1);
	cr_assert(seen.begun_to == to, "a change's own sync writes it");
	cr_assert(to - from > 4 * 65536);
	forge_load(&forge, node.path);
	for (size_t i = 0; i < forge.count; i++)
		cr_assert(forge.frames[i] < from || forge_frame_size(&forge, i) < 65536 + 8192);
	forge_done(&forge);
	node_check_all(&node, NULL, NULL);
	node_end(&node);
}
