/* test_successor.c - a log's successor: what it keeps, and how it takes the log's place. */
#include "node.h"
#include "writer.h"
#include <bk/compact.h>
#include <bk/image.h>
#include <bk/listing.h>
#include <bk/successor.h>
#include <bk/verify.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <sys/stat.h>
#include <unistd.h>

SUITE(successor);

#define HOUR INT64_C(3600000000)

/* A node with all that a log can hold, its changes MINUTES apart. */
static void lively(struct node *node, unsigned interval, int minutes)
{
	node_begin(node, interval);
	node->io.step_us =
		INT64_C(20000000) * minutes; /* a change takes a look or two at the clock */
	node_busy(node, 40);
	ok(bk_keyframes_build(node->writer, why()));
	node_lone(node, "PRAGMA foreign_keys = OFF");
	node_busy(node, 5);
	node_lone(node, "PRAGMA foreign_keys = ON");
	node_lost(node, "INSERT INTO busy (peer) VALUES (-1)");
	ok(bk_writer_rewind(node->writer, node->version, why()));
	node_busy(node, 30);
	node_unwatched(node, "UPDATE busy SET note = 'unwatched' WHERE id % 3 = 0");
	node_snapshot(node, BK_SNAPSHOT_GAP);
	node_busy(node, 60);
	ok(bk_keyframes_build(node->writer, why()));
	node_busy(node, 10);
}

/* Every byte of a successor's id is this: the kit's random bytes are all the same. */
static void build(struct node *node, const struct bk_policy *policy, unsigned id,
	struct bk_compact_result *result)
{
	struct bk_compact_options options = {.program = "test"};
	struct bk_log *log = node_log(node);

	if (policy)
		options.policy = *policy;
	node->io.random = (uint8_t)id;
	ok(bk_compact(log, &options, result, why()));
	bk_log_close(log);
}

static void take(struct node *node)
{
	struct bk_successor *successor;
	struct bk_writer *to;
	uint64_t left;

	ok(bk_successor_open(&successor, bk_writer_log(node->writer), why()));
	ok(bk_successor_catch_up(successor, &left, why()));
	cr_assert(left == 0);
	ok(bk_successor_take(successor, node->writer, &to, why()));
	bk_successor_close(successor);
	bk_writer_leave(node->writer);
	node->writer = to;
}

static void clean(struct node *node)
{
	struct bk_verify_options options = {.deep = true};
	struct bk_verify_result result;

	ok(bk_verify(&node->io.io, node->path, &options, &result, why()));
	cr_assert(result.findings == 0 && result.lost == 0);
	cr_assert(result.verdict.answer == BK_VERDICT_YES);
}

static uint64_t history_of(struct bk_log *log)
{
	struct bk_log_status status;

	ok(bk_log_status(log, &status, why()));
	return status.history;
}

Test(successor, without_a_policy_keeps_every_version)
{
	struct bk_compact_result result;
	struct node node;
	struct bk_log *log;
	uint64_t history;

	lively(&node, 7, 1);
	log = node_log(&node);
	history = history_of(log);
	build(&node, NULL, 2, &result);
	cr_assert(result.versions_after == result.versions_before);
	take(&node);
	cr_assert(history_of(bk_writer_log(node.writer)) == history);
	node_check_all(&node, NULL, NULL);
	node_check_all(&node, log, NULL); /* who has the old file open keeps it */
	bk_log_close(log);
	clean(&node);
	node_busy(&node, 20);
	node_restart(&node);
	ok(bk_keyframes_build(node.writer, why()));
	node_busy(&node, 5);
	node_check_all(&node, NULL, NULL);
	clean(&node);
	cr_assert(!has_file(scratch("log.successor")) && !has_file(scratch("log.successor.new")));
	node_end(&node);
}

/* The versions that LOG lists are exactly those that have an image, which is right. */
static size_t check_kept(struct node *node)
{
	struct bk_log *log = node_log(node);
	struct bk_listing *listing;
	struct bk_entry entry;
	struct bk_image *image;
	bool more = true;
	size_t count = 0;
	uint32_t next = 0;

	ok(bk_listing_open_last(&listing, log, UINT64_MAX, BK_LISTING_VERSIONS, why()));
	while (true) {
		ok(bk_listing_next(listing, &entry, &more, why()));
		if (!more)
			break;
		for (; next < entry.version; next++) {
			enum bk_code code = bk_image_open(&image, log, next, NULL, why());

			cr_assert(code == BK_E_MISSING, "version %u is there", next);
		}
		node_check(node, log, entry.version, NULL);
		next = entry.version + 1;
		count++;
	}
	bk_listing_close(listing);
	bk_log_close(log);
	return count;
}

Test(successor, keeps_what_the_policy_says)
{
	const struct bk_policy policy = {
		.all_us = 10 * HOUR, .hourly_us = 30 * HOUR, .daily_us = BK_POLICY_EVER};
	struct bk_compact_result first, second;
	struct node node;

	lively(&node, 7, 120);
	build(&node, &policy, 2, &first);
	cr_assert(first.versions_after < first.versions_before && first.hourly && first.daily);
	take(&node);
	cr_assert(check_kept(&node) == first.versions_after);
	clean(&node);
	node_busy(&node, 100);
	ok(bk_keyframes_build(node.writer, why()));
	build(&node, &policy, 3, &second);
	cr_assert(second.versions_after < second.versions_before);
	take(&node);
	cr_assert(check_kept(&node) == second.versions_after);
	clean(&node);
	node_end(&node);
}

Test(successor, says_which_versions_are_nearest)
{
	const struct bk_policy policy = {.all_us = 5 * HOUR, .hourly_us = 30 * HOUR};
	struct bk_compact_result result;
	struct bk_entry entry, at;
	struct node node;
	struct bk_log *log;

	lively(&node, 7, 20);
	build(&node, &policy, 2, &result);
	take(&node);
	log = node_log(&node);
	fails(BK_E_MISSING, bk_log_find(log, result.oldest - 1, &entry, why()));
	says("is not kept: the oldest that is kept is");
	ok(bk_log_find(log, result.oldest, &entry, why()));
	fails(BK_E_MISSING, bk_log_find(log, result.oldest + 1, &at, why()));
	says("is not kept: the nearest that are kept are");
	ok(bk_log_find_time(log, entry.time_us + 1, &at, why()));
	cr_assert(at.version == result.oldest);
	fails(BK_E_MISSING, bk_log_find_time(log, entry.time_us - 1, &at, why()));
	fails(BK_E_MISSING, bk_log_find(log, 100000, &at, why()));
	says("whose newest is");
	bk_log_close(log);
	node_end(&node);
}

Test(successor, catches_up_with_what_came_meanwhile)
{
	struct bk_compact_result result;
	struct bk_successor *successor;
	struct bk_writer *to;
	struct node node;
	uint64_t left;

	lively(&node, 7, 1);
	build(&node, NULL, 2, &result);
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
	clean(&node);
	node_end(&node);
}

static void check_doubt(struct node *node, const char *want)
{
	struct bk_log_status status;
	struct bk_log *log = node_log(node);

	ok(bk_log_status(log, &status, why()));
	cr_assert_str_eq(status.doubt, want);
	bk_log_close(log);
}

Test(successor, carries_an_open_doubt_on)
{
	const struct bk_policy policy = {.all_us = 1};
	struct bk_compact_result result;
	struct node node;

	node_begin(&node, 5);
	node_busy(&node, 12);
	ok(bk_writer_raise_doubt(node.writer, "somebody wrote", why()));
	node_busy(&node, 30);
	ok(bk_keyframes_build(node.writer, why()));
	build(&node, &policy, 2, &result);
	take(&node);
	check_doubt(&node, "somebody wrote");
	node_restart(&node);
	check_doubt(&node, "somebody wrote");
	node_end(&node);
}

/* Cut between the last frame and the name: who opens the log completes the switch. */
Test(successor, a_switch_that_was_cut_short_is_completed)
{
	struct bk_compact_result result;
	struct bk_log_status status;
	struct bk_log *log;
	struct node node;
	enum bk_log_news news;

	lively(&node, 7, 1);
	build(&node, NULL, 2, &result);
	test_io_fail(&node.io, OP_RENAME, 1, -EIO);
	take(&node);
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
	clean(&node);
	node_end(&node);
}

/* Without its name it is the log all the same, and what was acknowledged since stands in it alone.
 */
Test(successor, that_has_no_name_yet_is_not_taken_away)
{
	const struct bk_compact_options options = {.program = "test"};
	struct bk_compact_result result;
	struct bk_log *log;
	struct node node;

	lively(&node, 7, 1);
	build(&node, NULL, 2, &result);
	test_io_fail(&node.io, OP_RENAME, 1, -EIO);
	take(&node);
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
	clean(&node);
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
Test(successor, that_is_not_whole_does_not_take_the_name)
{
	struct bk_compact_result result;
	struct node node;
	const char *name = scratch("log.successor");
	off_t end;

	lively(&node, 7, 1);
	build(&node, NULL, 2, &result);
	test_io_fail(&node.io, OP_RENAME, 1, -EIO);
	take(&node);
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

Test(successor, leftovers_go_at_the_next_start)
{
	struct bk_compact_result result;
	struct node node;

	lively(&node, 7, 1);
	build(&node, NULL, 2, &result);
	put_file(scratch("log.successor.new"), "torn", 4);
	node.io.random = 1;
	node_restart(&node);
	cr_assert(!has_file(scratch("log.successor")) && !has_file(scratch("log.successor.new")));
	put_file(scratch("log.successor"), "somebody's own", 14);
	node_restart(&node);
	cr_assert(has_file(scratch("log.successor")), "what is no log is not ours");
	node_end(&node);
}

Test(successor, of_another_log_is_not_used)
{
	struct bk_compact_result result;
	struct bk_successor *successor;
	struct node node;

	lively(&node, 7, 1);
	fails(BK_E_MISSING, bk_successor_open(&successor, bk_writer_log(node.writer), why()));
	copy_file(node.path, scratch("log.successor"));
	fails(BK_E_INVALID, bk_successor_open(&successor, bk_writer_log(node.writer), why()));
	bk_successor_remove(&node.io.io, node.path);
	build(&node, NULL, 2, &result);
	ok(bk_successor_open(&successor, bk_writer_log(node.writer), why()));
	bk_successor_close(successor);
	node_end(&node);
}

static void on_lost(void *ctx, uint32_t version, const struct bk_error *why)
{
	cr_assert(why->code && version);
	++*(uint64_t *)ctx;
}

/* Damage is not hidden, but by word; and then what is lost is named. */
Test(successor, of_a_damaged_log_keeps_what_can_be_rebuilt)
{
	uint64_t lost = 0;
	struct bk_compact_options options = {.lost = on_lost, .ctx = &lost};
	struct bk_compact_result result;
	struct bk_entry entry;
	struct bk_log *log;
	struct node node;

	node_begin(&node, 7);
	for (unsigned i = 0; i < 10; i++) {
		node_busy(&node, 7);
		ok(bk_keyframes_build(node.writer, why()));
	}
	ok(bk_log_find(bk_writer_log(node.writer), 24, &entry, why()));
	poke_file(node.path, entry.offset + 60, "damage", 6);
	log = node_log(&node);
	node.io.random = 2;
	fails(BK_E_DAMAGE, bk_compact(log, &options, &result, why()));
	says("--despite-damage");
	options.despite_damage = true;
	ok(bk_compact(log, &options, &result, why()));
	bk_log_close(log);
	cr_assert(result.lost && result.lost == lost && result.lost < 8);
	cr_assert(result.versions_after == result.versions_before - lost);
	take(&node);
	cr_assert(check_kept(&node) == result.versions_after);
	clean(&node);
	node_end(&node);
}

/* Pages that are damaged take no version, and the first keyframe that needs none of them is where
 * all is kept from. */
Test(successor, stands_on_a_keyframe_without_damaged_pages)
{
	const struct bk_compact_options options = {.program = "test", .despite_damage = true};
	struct bk_compact_result result;
	struct bk_log_status status;
	uint64_t pages = 0;
	struct bk_log *log;
	struct node node;

	node_begin(&node, 7);
	for (unsigned i = 0; i < 10; i++) {
		node_busy(&node, 7);
		ok(bk_log_status(bk_writer_log(node.writer), &status, why()));
		ok(bk_keyframes_build(node.writer, why()));
		if (i == 3)
			pages = status.log_bytes;
	}
	poke_file(node.path, pages + 100, "damage", 6);
	log = node_log(&node);
	node.io.random = 2;
	ok(bk_compact(log, &options, &result, why()));
	bk_log_close(log);
	cr_assert(!result.lost && result.versions_after == result.versions_before);
	cr_assert(result.whole_from > 24, "all is kept from %u on", result.whole_from);
	take(&node);
	cr_assert(check_kept(&node) == result.versions_after);
	clean(&node);
	node_end(&node);
}

/* A failure at each step leaves the log as it was, and the writer at work. */
Test(successor, a_failure_leaves_the_log_as_it_was)
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
			build(&node, NULL, 2, &result);
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
			clean(&node);
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
Test(successor, a_sync_beside_that_fails_is_final)
{
	struct bk_compact_result result;
	struct bk_successor *successor;
	struct bk_writer *to;
	struct node node;
	uint64_t left;

	lively(&node, 7, 1);
	build(&node, NULL, 2, &result);
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

/* What damage took is not said to be the oldest that is kept. */
Test(successor, says_the_oldest_that_is_left)
{
	const struct bk_compact_options options = {.program = "test", .despite_damage = true};
	struct bk_compact_result result;
	struct bk_entry entry;
	struct bk_image *image;
	struct bk_log *log;
	struct node node;

	node_begin(&node, 7);
	for (unsigned i = 0; i < 10; i++) {
		node_busy(&node, 7);
		ok(bk_keyframes_build(node.writer, why()));
	}
	ok(bk_log_find(bk_writer_log(node.writer), 1, &entry, why()));
	poke_file(node.path, entry.offset + 60, "damage", 6);
	poke_file(node.path, 180, "damage", 6); /* its first keyframe */
	log = node_log(&node);
	node.io.random = 2;
	ok(bk_compact(log, &options, &result, why()));
	bk_log_close(log);
	cr_assert(result.lost);
	take(&node);
	log = node_log(&node);
	ok(bk_image_open(&image, log, result.oldest, NULL, why()));
	bk_image_close(image);
	fails(BK_E_MISSING, bk_log_find(log, result.oldest - 1, &entry, why()));
	bk_log_close(log);
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
Test(successor, has_the_room_of_what_it_replaces)
{
	struct bk_compact_result result;
	struct node node;

	lively(&node, 7, 1);
	build(&node, NULL, 2, &result);
	put_file(scratch("log.successor.new"), "torn", 4);
	node.io.ops.free_space = free_without_leftovers;
	build(&node, NULL, 3, &result);
	node_end(&node);
}

static void on_gap(void *ctx, enum bk_gap_kind kind, uint32_t from, uint32_t to)
{
	cr_assert(kind == BK_GAP_UNWATCHED && to == from + 4);
	++*(unsigned *)ctx;
}

static void on_kept_gap(void *ctx, uint32_t from, uint32_t to)
{
	cr_assert(to == from + 4);
	++*(unsigned *)ctx;
}

/* The gaps that are told beside what is listed. */
static unsigned listed_gaps(struct node *node)
{
	struct bk_log *log = node_log(node);
	struct bk_listing *listing;
	struct bk_entry entry;
	unsigned gaps = 0;
	bool more = true;

	ok(bk_listing_open_last(&listing, log, UINT64_MAX, BK_LISTING_VERSIONS, why()));
	while (true) {
		ok(bk_listing_next(listing, &entry, &more, why()));
		if (!more)
			break;
		ok(bk_log_gaps_before(log, &entry, on_kept_gap, &gaps, why()));
	}
	bk_listing_close(listing);
	bk_log_close(log);
	return gaps;
}

/* What was never watched is missing, also where all around it is thinned, and thinned again. */
Test(successor, tells_of_gaps_among_what_is_thinned)
{
	const struct bk_policy policy = {.all_us = HOUR, .hourly_us = BK_POLICY_EVER};
	struct bk_compact_result result;
	struct bk_verify_result found;
	struct bk_verify_options options = {.gap = on_gap};
	struct node node;
	unsigned gaps;

	options.ctx = &gaps;
	node_begin(&node, 7);
	node.io.step_us = INT64_C(20000000) * 20;
	node_busy(&node, 40);
	for (unsigned i = 0; i < 4; i++)
		node_unwatched(&node, "UPDATE busy SET note = 'unwatched' WHERE id % 3 = 0");
	node_snapshot(&node, BK_SNAPSHOT_GAP);
	node_busy(&node, 40);
	ok(bk_keyframes_build(node.writer, why()));
	for (unsigned id = 2; id < 4; id++) {
		build(&node, &policy, id, &result);
		take(&node);
		cr_assert(check_kept(&node) == result.versions_after);
		gaps = 0;
		ok(bk_verify(&node.io.io, node.path, &options, &found, why()));
		cr_assert(gaps == 1 && found.findings == 0, "%u gaps", gaps);
		cr_assert(listed_gaps(&node) == 1);
		node_busy(&node, 20);
		ok(bk_keyframes_build(node.writer, why()));
	}
	clean(&node);
	node_end(&node);
}
