/* test_succession.c - how a successor takes its log's place. */
#include "compacted.h"
#include "writer.h"
#include <bk/successor.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <sys/stat.h>
#include <unistd.h>

SUITE(succession);

Test(succession, catches_up_with_what_came_meanwhile)
{
	struct bk_compact_result result;
	struct bk_successor *successor;
	struct bk_writer *to;
	struct node node;
	uint64_t left;

	node_lively(&node, 7, 1);
	node_compact(&node, NULL, 2, &result);
	node_busy(&node, 20);
	node_lost(&node, "INSERT INTO busy (peer) VALUES (-2)");
	ok(bk_writer_rewind(node.writer, node.version, why()));
	node_busy(&node, 3);
	ok(bk_keyframes_build(node.writer, why()));
	ok(bk_writer_raise_doubt(node.writer, "a test", why()));
	ok(bk_successor_open(&successor, bk_writer_log(node.writer), why()));
	ok(bk_successor_catch_up(successor, &left, why()));
	node_busy(&node, 15);
	ok(bk_keyframes_build(node.writer, why()));
	ok(bk_successor_take(successor, node.writer, &to, why()));
	bk_successor_close(successor);
	fails(BK_E_BUSY, bk_writer_raise_doubt(node.writer, "too late", why()));
	bk_writer_leave(node.writer);
	node.writer = to;
	node_check_all(&node, NULL, NULL);
	node_busy(&node, 30);
	ok(bk_keyframes_build(node.writer, why()));
	node_check_all(&node, NULL, NULL);
	node_is_clean(&node);
	node_end(&node);
}

/* Cut between the last frame and the name: who opens the log completes the switch. */
Test(succession, a_switch_that_was_cut_short_is_completed)
{
	struct bk_compact_result result;
	struct bk_log_status status;
	struct bk_log *log;
	struct node node;
	enum bk_log_news news;

	node_lively(&node, 7, 1);
	node_compact(&node, NULL, 2, &result);
	test_io_fail(&node.io, OP_RENAME, 1, -EIO);
	ok(node_succeed(&node));
	node_busy(&node, 3);
	cr_assert(has_file(scratch("log.successor")));
	log = node_log(&node);
	ok(bk_log_status(log, &status, why()));
	cr_assert(status.version == node.version && !*status.successor);
	node_restart(&node);
	cr_assert(!has_file(scratch("log.successor")));
	ok(bk_log_refresh(log, &news, why()));
	cr_assert(news == BK_LOG_GREW);
	bk_log_close(log);
	node_busy(&node, 3);
	node_check_all(&node, NULL, NULL);
	node_is_clean(&node);
	node_end(&node);
}

/* Without its name it is the log all the same, and what was acknowledged since stands in it alone.
 */
Test(succession, that_has_no_name_yet_is_not_taken_away)
{
	const struct bk_compact_options options = {.program = "test"};
	struct bk_compact_result result;
	struct bk_log *log;
	struct node node;

	node_lively(&node, 7, 1);
	node_compact(&node, NULL, 2, &result);
	test_io_fail(&node.io, OP_RENAME, 1, -EIO);
	ok(node_succeed(&node));
	node_busy(&node, 3);
	bk_writer_leave(node.writer);
	log = node_log(&node);
	node.io.random = 3;
	fails(BK_E_BUSY, bk_compact(log, &options, &result, why()));
	says("start lightningd");
	bk_log_close(log);
	bk_successor_remove(&node.io.io, node.path);
	ok(bk_writer_open(&node.writer, &node.io.io, node.path, NULL, why()));
	cr_assert(!has_file(scratch("log.successor")));
	node_check_all(&node, NULL, NULL);
	node_is_clean(&node);
	node_end(&node);
}

/* Overwrites one byte of the file NAME, or with LENGTH cuts it to that. */
static void spoil(const char *name, off_t at, off_t length)
{
	int fd = open(name, O_RDWR);
	char byte;

	cr_assert(fd >= 0);
	if (length)
		cr_assert(ftruncate(fd, length) == 0);
	else
		cr_assert(pread(fd, &byte, 1, at) == 1 && (byte ^= 1, true) &&
			pwrite(fd, &byte, 1, at) == 1);
	close(fd);
}

static off_t size_of(const char *name)
{
	struct stat st;

	cr_assert(stat(name, &st) == 0);
	return st.st_size;
}

/* The predecessor goes when the name is taken: not for a log that lost what it must hold. */
Test(succession, that_is_not_whole_does_not_take_the_name)
{
	struct bk_compact_result result;
	struct node node;
	const char *name = scratch("log.successor");
	off_t end;

	node_lively(&node, 7, 1);
	node_compact(&node, NULL, 2, &result);
	test_io_fail(&node.io, OP_RENAME, 1, -EIO);
	ok(node_succeed(&node));
	node_busy(&node, 3);
	bk_writer_leave(node.writer);
	end = size_of(name);
	spoil(name, end - 200, 0);
	fails(BK_E_DAMAGE, bk_writer_open(&node.writer, &node.io.io, node.path, NULL, why()));
	says("stay as they are");
	cr_assert(has_file(name) && has_file(node.path));
	spoil(name, end - 200, 0);
	spoil(name, 0, end / 2);
	fails(BK_E_DAMAGE, bk_writer_open(&node.writer, &node.io.io, node.path, NULL, why()));
	says("lost its end");
	cr_assert(has_file(name) && has_file(node.path));
	ok(bk_writer_open(&node.writer, &node.io.io, name, NULL, why()));
	node_end(&node);
}

Test(succession, leftovers_go_at_the_next_start)
{
	struct bk_compact_result result;
	struct node node;

	node_lively(&node, 7, 1);
	node_compact(&node, NULL, 2, &result);
	put_file(scratch("log.successor.new"), "torn", 4);
	node.io.random = 1;
	node_restart(&node);
	cr_assert(!has_file(scratch("log.successor")) && !has_file(scratch("log.successor.new")));
	put_file(scratch("log.successor"), "somebody's own", 14);
	node_restart(&node);
	cr_assert(has_file(scratch("log.successor")), "what is no log is not ours");
	node_end(&node);
}

Test(succession, of_another_log_is_not_used)
{
	struct bk_compact_result result;
	struct bk_successor *successor;
	struct node node;

	node_lively(&node, 7, 1);
	fails(BK_E_MISSING, bk_successor_open(&successor, bk_writer_log(node.writer), why()));
	copy_file(node.path, scratch("log.successor"));
	fails(BK_E_INVALID, bk_successor_open(&successor, bk_writer_log(node.writer), why()));
	bk_successor_remove(&node.io.io, node.path);
	node_compact(&node, NULL, 2, &result);
	ok(bk_successor_open(&successor, bk_writer_log(node.writer), why()));
	bk_successor_close(successor);
	node_end(&node);
}

/* A failure at each step leaves the log as it was, and the writer at work. */
Test(succession, a_failure_leaves_the_log_as_it_was)
{
	static const enum test_op ops[] = {OP_OPEN, OP_WRITE, OP_SYNC};
	struct bk_compact_result result;
	unsigned met = 0;

	for (size_t i = 0; i < COUNT_OF(ops); i++) {
		for (unsigned nth = 1; nth < 40; nth++) {
			struct bk_successor *successor;
			struct bk_writer *to = NULL;
			struct bk_error failure;
			struct node node;
			uint64_t left;
			enum bk_code code;

			node_begin(&node, 5);
			node_busy(&node, 30);
			ok(bk_keyframes_build(node.writer, why()));
			node_compact(&node, NULL, 2, &result);
			node_busy(&node, 4);
			test_io_fail(&node.io, ops[i], nth, -ENOSPC);
			code = bk_successor_open(&successor, bk_writer_log(node.writer), &failure);
			if (!code) {
				code = bk_successor_catch_up(successor, &left, &failure);
				if (!code)
					code = bk_successor_take(
						successor, node.writer, &to, &failure);
				bk_successor_close(successor);
			}
			met += code != BK_OK;
			test_io_fail(&node.io, OP_NONE, 0, 0);
			/* As whoever takes one does: it may be the log by now, and stays then. */
			if (code)
				bk_successor_remove(&node.io.io, node.path);
			if (to) {
				bk_writer_leave(node.writer);
				node.writer = to;
			}
			node.io.random = 1;
			if (to || ops[i] != OP_SYNC)
				node_busy(&node, 3);
			node_restart(&node);
			node_busy(&node, 3);
			node_check_all(&node, NULL, NULL);
			node_is_clean(&node);
			node_end(&node);
			scratch_remove();
			if (!code)
				break;
		}
	}
	cr_assert(met > 8, "%u failures were met", met);
}

/* A sync of another thread's that begins before a successor takes the place, and fails within
 * that; then the successor's own fails. */
static struct {
	sem_t has_begun, may_end;
	pthread_t thread;
	_Atomic unsigned syncs;
} beside;

static int beside_sync(void *ctx, int fd)
{
	(void)ctx;
	(void)fd;
	switch (++beside.syncs) {
	case 1:
		sem_post(&beside.has_begun);
		sem_wait(&beside.may_end);
		return -EIO;
	case 2:
		sem_post(&beside.may_end);
		pthread_join(beside.thread, NULL);
		return -EIO;
	default:
		return 0;
	}
}

static void *sync_beside(void *writer)
{
	struct bk_error failure;

	cr_assert(bk_writer_sync_aside(writer, &failure) == BK_E_IO);
	return NULL;
}

/* What that sync lost is not forgotten. */
Test(succession, a_sync_beside_that_fails_is_final)
{
	struct bk_compact_result result;
	struct bk_successor *successor;
	struct bk_writer *to;
	struct node node;
	uint64_t left;

	node_lively(&node, 7, 1);
	node_compact(&node, NULL, 2, &result);
	ok(bk_successor_open(&successor, bk_writer_log(node.writer), why()));
	ok(bk_successor_catch_up(successor, &left, why()));
	node_busy(&node, 2);
	sem_init(&beside.has_begun, 0, 0);
	sem_init(&beside.may_end, 0, 0);
	node.io.ops.datasync = beside_sync;
	cr_assert(pthread_create(&beside.thread, NULL, sync_beside, node.writer) == 0);
	sem_wait(&beside.has_begun);
	fails(BK_E_IO, bk_successor_take(successor, node.writer, &to, why()));
	bk_successor_close(successor);
	fails(BK_E_IO, bk_writer_raise_doubt(node.writer, "a sync was lost", why()));
	node_restart(&node);
	node_check_all(&node, NULL, NULL);
	node_end(&node);
}

static int free_without_leftovers(void *ctx, int fd, uint64_t *bytes)
{
	(void)ctx;
	(void)fd;
	cr_assert(!has_file(scratch("log.successor")) && !has_file(scratch("log.successor.new")));
	*bytes = UINT64_MAX / 2;
	return 0;
}

/* What is in the way of a build, and goes, is not counted as taken. */
Test(succession, has_the_room_of_what_it_replaces)
{
	struct bk_compact_result result;
	struct node node;

	node_lively(&node, 7, 1);
	node_compact(&node, NULL, 2, &result);
	put_file(scratch("log.successor.new"), "torn", 4);
	node.io.ops.free_space = free_without_leftovers;
	node_compact(&node, NULL, 3, &result);
	node_end(&node);
}

/* Some 200 KB of the log a change. */
static void grow(struct node *node, unsigned count)
{
	const size_t size = 400000;
	char *sql = malloc(size + 100);
	uint64_t seed = node->version;

	cr_assert(sql);
	while (count--) {
		size_t at = (size_t)sprintf(sql, "INSERT INTO busy (data) VALUES (x'");

		while (at < size)
			at += (size_t)sprintf(
				sql + at, "%016llx", (unsigned long long)random_next(&seed));
		strcpy(sql + at, "')");
		node_change(node, sql);
	}
	free(sql);
}

/* What is too much to be taken in while a call waits is left to who catches up, with a handle of
 * its own on the log. */
Test(succession, that_is_far_behind_catches_up_as_before)
{
	struct bk_compact_result result;
	struct bk_successor *successor;
	struct bk_writer *to;
	enum bk_log_news news;
	struct bk_log *log;
	struct node node;
	uint64_t left;

	node_lively(&node, 7, 1);
	node_compact(&node, NULL, 2, &result);
	log = node_log(&node);
	ok(bk_successor_open(&successor, log, why()));
	grow(&node, 7);
	fails(BK_E_BUSY, bk_successor_take(successor, node.writer, &to, why()));
	/* The handle has not looked yet. */
	ok(bk_successor_catch_up(successor, &left, why()));
	fails(BK_E_BUSY, bk_successor_take(successor, node.writer, &to, why()));
	says("too far");
	ok(bk_log_refresh(log, &news, why()));
	cr_assert(news == BK_LOG_GREW);
	ok(bk_successor_catch_up(successor, &left, why()));
	ok(bk_successor_take(successor, node.writer, &to, why()));
	bk_successor_close(successor);
	bk_log_close(log);
	bk_writer_leave(node.writer);
	node.writer = to;
	node_check_all(&node, NULL, NULL);
	node_is_clean(&node);
	node_end(&node);
}
