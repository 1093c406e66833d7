/* test_keyframer.c - delta keyframes written beside the changes (bk/keyframer.h). */
#include "forge.h"
#include "node.h"
#include <bk/image.h>
#include <bk/listing.h>
#include <bk/snapshot.h>
#include <bk/writer.h>
#include <errno.h>
#include <pthread.h>
#include <time.h>

SUITE(keyframer);

struct told {
	pthread_mutex_t mutex;
	pthread_cond_t came;
	struct bk_error last;
	unsigned count;
};

static void note(void *ctx, const struct bk_error *err)
{
	struct told *told = ctx;

	pthread_mutex_lock(&told->mutex);
	told->last = *err;
	told->count++;
	pthread_cond_signal(&told->came);
	pthread_mutex_unlock(&told->mutex);
}

static struct told told_new(void)
{
	return (struct told){.mutex = PTHREAD_MUTEX_INITIALIZER, .came = PTHREAD_COND_INITIALIZER};
}

/* Waits until so many failures were told. */
static void wait_told(struct told *told, unsigned count)
{
	struct timespec deadline;
	int rc = 0;

	clock_gettime(CLOCK_REALTIME, &deadline);
	deadline.tv_sec += 60;
	pthread_mutex_lock(&told->mutex);
	while (told->count < count && rc == 0)
		rc = pthread_cond_timedwait(&told->came, &told->mutex, &deadline);
	pthread_mutex_unlock(&told->mutex);
	cr_assert(rc == 0, "%u failures were told, not %u", told->count, count);
}

static uint64_t keyframes_of(struct node *node)
{
	struct bk_log_status status;

	ok(bk_log_status(bk_writer_log(node->writer), &status, why()));
	return status.keyframes;
}

static void wait_keyframes(struct node *node, uint64_t count)
{
	const struct timespec step = {.tv_nsec = 1000000};

	for (unsigned waited = 0; waited < 60000 && keyframes_of(node) < count; waited++)
		nanosleep(&step, NULL);
	cr_assert(keyframes_of(node) >= count, "%u keyframes", (unsigned)keyframes_of(node));
}

static enum bk_code append(struct node *node, uint32_t version, const char *sql)
{
	struct bk_slice slice = {sql, strlen(sql)};
	struct bk_change change = {.version = version, .statements = &slice, .statement_count = 1};

	return bk_writer_append(node->writer, &change, why());
}

/* "A keyframe is built … only over changes that lightningd has certainly committed (a later change
 * has arrived)". */
Test(keyframer, builds_closed_intervals_only)
{
	struct node node;
	struct bk_log_status status;

	node_begin(&node, 4);
	node_busy(&node, 2); /* versions 1 to 4: full, not yet closed */
	ok(bk_keyframes_build(node.writer, why()));
	cr_assert(keyframes_of(&node) == 1);
	node_busy(&node, 1);
	ok(bk_keyframes_build(node.writer, why()));
	ok(bk_log_status(bk_writer_log(node.writer), &status, why()));
	cr_assert(status.keyframes == 2 && status.unkeyframed == 1 && status.changes == 5);
	node_check_all(&node, NULL, NULL);
	node_end(&node);
}

/* With any interval, those of one change as well. */
Test(keyframer, a_thread_keeps_up)
{
	for (unsigned interval = 1; interval <= 4; interval++) {
		struct node node;
		struct told told = told_new();
		struct bk_keyframer *keyframer = NULL;

		node_begin(&node, interval);
		ok(bk_keyframer_start(&keyframer, node.writer, note, &told, why()));
		node_busy(&node, 40);
		wait_keyframes(&node, (node.version - 1) / interval + 1);
		node_check_all(&node, NULL, NULL);
		bk_keyframer_stop(keyframer);
		cr_assert(told.count == 0, "%s", told.last.msg);
		node_restart(&node);
		node_check_all(&node, NULL, NULL);
		node_end(&node);
		scratch_remove();
	}
	bk_keyframer_stop(NULL);
}

/* "the next start catches up the missing keyframes in the background" */
Test(keyframer, catches_up)
{
	struct node node;
	struct told told = told_new();
	struct bk_keyframer *keyframer = NULL;

	node_begin(&node, 2);
	node_busy(&node, 30);
	node_restart(&node);
	cr_assert(keyframes_of(&node) == 1);
	ok(bk_keyframer_start(&keyframer, node.writer, note, &told, why()));
	wait_keyframes(&node, 16);
	bk_keyframer_stop(keyframer);
	node_check_all(&node, NULL, NULL);
	node_end(&node);
}

/* Changes, images and keyframes at once. */
Test(keyframer, beside_readers_and_a_writer)
{
	struct node node;
	struct told told = told_new();
	struct bk_keyframer *keyframer = NULL;
	struct bk_log *log;
	uint64_t seed = test_seed();

	node_begin(&node, 3);
	log = node_log(&node);
	ok(bk_keyframer_start(&keyframer, node.writer, note, &told, why()));
	for (unsigned i = 0; i < 60; i++) {
		enum bk_log_news news;

		node_busy(&node, 1);
		node_check(&node, NULL, (uint32_t)(random_next(&seed) % (node.version + 1)), NULL);
		ok(bk_log_refresh(log, &news, why()));
		node_check(&node, log, (uint32_t)(random_next(&seed) % (node.version + 1)), NULL);
	}
	bk_keyframer_stop(keyframer);
	bk_log_close(log);
	cr_assert(told.count == 0, "%s", told.last.msg);
	node_end(&node);
}

/* A snapshot may come between any two steps of a keyframer: what it was about to build is no
 * failure. */
Test(keyframer, beside_snapshots)
{
	struct node node;
	struct told told = told_new();
	struct bk_keyframer *keyframer = NULL;

	node_begin(&node, 1);
	ok(bk_keyframer_start(&keyframer, node.writer, note, &told, why()));
	for (unsigned i = 0; i < 100; i++) {
		node_busy(&node, 1 + i % 3);
		node_snapshot(&node, BK_SNAPSHOT_GAP);
	}
	bk_keyframer_stop(keyframer);
	cr_assert(told.count == 0, "%s", told.last.msg);
	node_check_all(&node, NULL, NULL);
	node_end(&node);
}

/* "A statement that fails in replay: the node goes on", and a snapshot heals. */
Test(keyframer, a_change_that_cannot_be_replayed)
{
	struct node node;
	struct told told = told_new();
	struct bk_keyframer *keyframer = NULL;
	struct bk_image *image = NULL;

	node_begin(&node, 2);
	node_busy(&node, 3); /* to version 5 */
	ok(bk_keyframer_start(&keyframer, node.writer, note, &told, why()));
	wait_keyframes(&node, 3);
	ok(append(&node, 6, "INSERT INTO nowhere VALUES (1)"));
	node_unwatched(&node, "DELETE FROM busy");
	node_busy(&node, 1);
	wait_told(&told, 1);
	cr_assert(told.last.code == BK_E_SQL &&
			  strstr(told.last.msg, "version 6: statement 1 of 1") &&
			  strstr(told.last.msg, "INSERT nowhere"),
		"%s", told.last.msg);
	cr_assert(bk_keyframer_needs_snapshot(keyframer));
	node_busy(&node, 4);
	cr_assert(told.count == 1, "it is not tried again in vain");
	fails(BK_E_SQL, bk_image_open(&image, bk_writer_log(node.writer), 6, NULL, why()));
	node_snapshot(&node, BK_SNAPSHOT_REPLAY_FAILED);
	cr_assert(!bk_keyframer_needs_snapshot(keyframer));
	node_check(&node, NULL, node.version, NULL);
	node_busy(&node, 4);
	wait_keyframes(&node, 5);
	node_check(&node, NULL, node.version, NULL);
	node_check(&node, NULL, 5, NULL);
	bk_keyframer_stop(keyframer);
	node_end(&node);
}

/* docs/decisions.md, "Replay rules", 5: after a replay, vars.data_version in the image must be the
 * keyframe's version." */
Test(keyframer, checks_itself)
{
	struct node node;

	node_begin(&node, 2);
	node_busy(&node, 1); /* to version 3 */
	ok(append(&node, 4, "UPDATE vars SET intval = 44 WHERE name = 'data_version'"));
	ok(append(&node, 5, "UPDATE vars SET intval = 5"));
	fails(BK_E_SQL, bk_keyframes_build(node.writer, why()));
	says("version 4: vars.data_version is 44 after its replay");
	cr_assert(keyframes_of(&node) == 2);
	node_end(&node);
}

/* Each call of a keyframe's building failed once: the changes go on, the log stays whole, and the
 * next keyframe comes. */
Test(keyframer, what_the_system_refuses)
{
	static const enum test_op ops[] = {OP_READ, OP_WRITE};
	unsigned failed = 0;

	for (unsigned i = 0; i < 40; i++) {
		enum test_op op = ops[i % 2];
		struct node node;
		enum bk_code code;

		node_begin(&node, 2);
		node_busy(&node, 6);
		test_io_fail(&node.io, op, 1 + i / 2, -EIO);
		code = bk_keyframes_build(node.writer, why());
		cr_assert(!code || code_is(code, BK_E_IO), "call %u: %s", i, why()->msg);
		failed += code != BK_OK;
		node.io.fail_at = 0;
		node_busy(&node, 1);
		node_check_all(&node, NULL, NULL);
		ok(bk_keyframes_build(node.writer, why()));
		cr_assert(keyframes_of(&node) == 5);
		node_restart(&node);
		node_check_all(&node, NULL, NULL);
		node_end(&node);
		scratch_remove();
	}
	cr_assert(failed > 10);
}

/* "Otherwise it is tried again when the next interval closes." */
Test(keyframer, tries_again)
{
	struct node node;
	struct told told = told_new();
	struct bk_keyframer *keyframer = NULL;

	node_begin(&node, 4);
	node_busy(&node, 2); /* four changes */
	ok(bk_keyframer_start(&keyframer, node.writer, note, &told, why()));
	test_io_fail(&node.io, OP_WRITE, 2, -ENOSPC); /* the first is the change's own */
	node_busy(&node, 1);
	wait_told(&told, 1);
	cr_assert(told.last.code == BK_E_IO && !bk_keyframer_needs_snapshot(keyframer));
	node_busy(&node, 4);
	wait_keyframes(&node, 3);
	bk_keyframer_stop(keyframer);
	node_check_all(&node, NULL, NULL);
	node_end(&node);
}

/* docs/format.md, 5 and 7: PAGES and MAP frames carry the version of the keyframe under way. */
Test(keyframer, pieces_carry_the_version_of_their_keyframe)
{
	struct node node;
	struct forge forge;
	uint32_t version = 0;
	unsigned pieces = 0;

	node_begin(&node, 4);
	node_busy(&node, 11);
	ok(bk_keyframes_build(node.writer, why()));
	forge_load(&forge, node.path);
	for (size_t i = forge.count; i-- > 0;) {
		const uint8_t *frame = forge_frame(&forge, i);

		if (frame[AT_KIND] == KEYFRAME)
			version = (uint32_t)forge_get(frame + AT_VERSION, 4);
		else if (frame[AT_KIND] == PAGES || frame[AT_KIND] == MAP) {
			cr_assert(forge_get(frame + AT_VERSION, 4) == version, "frame %zu", i);
			pieces++;
		}
	}
	cr_assert(pieces > 4);
	forge_done(&forge);
	node_end(&node);
}

/* Section 6, "Notes": each keyframe says whose database it is, once the database does. */
Test(keyframer, says_whose_database_it_is)
{
	struct bk_log_status status;
	struct bk_log *log;
	struct node node;

	node_begin(&node, 4);
	node_change(&node, "INSERT INTO vars (name, blobval) VALUES ('node_id', x'02abcd')");
	node_busy(&node, 9);
	ok(bk_log_status(bk_writer_log(node.writer), &status, why()));
	cr_assert_str_empty(status.node);
	ok(bk_keyframes_build(node.writer, why()));
	ok(bk_log_status(bk_writer_log(node.writer), &status, why()));
	cr_assert_str_eq(status.node, "02abcd");
	log = node_log(&node);
	ok(bk_log_status(log, &status, why()));
	cr_assert_str_eq(status.node, "02abcd");
	bk_log_close(log);
	node_end(&node);
}
