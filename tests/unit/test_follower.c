/* test_follower.c - delta keyframes written beside the changes (bk/follower.h). */
#include "following.h"
#include "forge.h"
#include <bk/image.h>
#include <bk/listing.h>
#include <errno.h>

SUITE(follower);

/* "A keyframe is built … only over changes that lightningd has certainly committed (a later change
 * has arrived)". */
Test(follower, builds_closed_intervals_only)
{
	struct node node;
	struct bk_log_status status;

	node_begin(&node, 4);
	node_busy(&node, 2); /* versions 1 to 4: full, not yet closed */
	ok(bk_keyframes_build(node.writer, why()));
	cr_assert(node_keyframes(&node) == 1);
	node_busy(&node, 1);
	ok(bk_keyframes_build(node.writer, why()));
	ok(bk_log_status(bk_writer_log(node.writer), &status, why()));
	cr_assert(status.keyframes == 2 && status.unkeyframed == 1 && status.changes == 5);
	node_check_all(&node, NULL, NULL);
	node_end(&node);
}

/* With any interval, those of one change as well. */
Test(follower, a_thread_keeps_up)
{
	for (unsigned interval = 1; interval <= 4; interval++) {
		struct node node;
		struct told told = told_new();
		struct bk_follower *follower = NULL;

		node_begin(&node, interval);
		ok(follow(&follower, &node, &told));
		node_busy(&node, 40);
		node_wait_keyframes(&node, (node.version - 1) / interval + 1);
		node_check_all(&node, NULL, NULL);
		bk_follower_stop(follower);
		cr_assert(told.count == 0, "%s", told.last.msg);
		node_restart(&node);
		node_check_all(&node, NULL, NULL);
		node_end(&node);
		scratch_remove();
	}
	bk_follower_stop(NULL);
}

/* "the next start catches up the missing keyframes in the background" */
Test(follower, catches_up)
{
	struct node node;
	struct told told = told_new();
	struct bk_follower *follower = NULL;

	node_begin(&node, 2);
	node_busy(&node, 30);
	node_restart(&node);
	cr_assert(node_keyframes(&node) == 1);
	ok(follow(&follower, &node, &told));
	node_wait_keyframes(&node, 16);
	bk_follower_stop(follower);
	node_check_all(&node, NULL, NULL);
	node_end(&node);
}

/* Changes, images and keyframes at once. */
Test(follower, beside_readers_and_a_writer)
{
	struct node node;
	struct told told = told_new();
	struct bk_follower *follower = NULL;
	struct bk_log *log;
	uint64_t seed = test_seed();

	node_begin(&node, 3);
	log = node_log(&node);
	ok(follow(&follower, &node, &told));
	for (unsigned i = 0; i < 60; i++) {
		enum bk_log_news news;

		node_busy(&node, 1);
		node_check(&node, NULL, (uint32_t)(random_next(&seed) % (node.version + 1)), NULL);
		ok(bk_log_refresh(log, &news, why()));
		node_check(&node, log, (uint32_t)(random_next(&seed) % (node.version + 1)), NULL);
	}
	bk_follower_stop(follower);
	bk_log_close(log);
	cr_assert(told.count == 0, "%s", told.last.msg);
	node_end(&node);
}

/* A snapshot may come between any two steps of a follower: what it was about to build is no
 * failure. */
Test(follower, beside_snapshots)
{
	struct node node;
	struct told told = told_new();
	struct bk_follower *follower = NULL;

	node_begin(&node, 1);
	ok(follow(&follower, &node, &told));
	for (unsigned i = 0; i < 100; i++) {
		node_busy(&node, 1 + i % 3);
		node_snapshot(&node, BK_SNAPSHOT_GAP);
	}
	bk_follower_stop(follower);
	cr_assert(told.count == 0, "%s", told.last.msg);
	node_check_all(&node, NULL, NULL);
	node_end(&node);
}

/* "A statement that fails in replay: the node goes on", and a snapshot heals. */
Test(follower, a_change_that_cannot_be_replayed)
{
	struct node node;
	struct told told = told_new();
	struct bk_follower *follower = NULL;
	struct bk_image *image = NULL;

	node_begin(&node, 2);
	node_busy(&node, 3); /* to version 5 */
	ok(follow(&follower, &node, &told));
	node_wait_keyframes(&node, 3);
	ok(node_append(&node, 6, "INSERT INTO nowhere VALUES (1)"));
	node_unwatched(&node, "DELETE FROM busy");
	node_busy(&node, 1);
	told_wait(&told, 1);
	cr_assert(told.last.code == BK_E_SQL &&
			  strstr(told.last.msg, "version 6: statement 1 of 1") &&
			  strstr(told.last.msg, "INSERT nowhere"),
		"%s", told.last.msg);
	cr_assert(bk_follower_needs_snapshot(follower));
	node_busy(&node, 4);
	cr_assert(told.count == 1, "it is not tried again in vain");
	fails(BK_E_SQL, bk_image_open(&image, bk_writer_log(node.writer), 6, NULL, why()));
	node_snapshot(&node, BK_SNAPSHOT_REPLAY_FAILED);
	cr_assert(!bk_follower_needs_snapshot(follower));
	node_check(&node, NULL, node.version, NULL);
	node_busy(&node, 4);
	node_wait_keyframes(&node, 5);
	node_check(&node, NULL, node.version, NULL);
	node_check(&node, NULL, 5, NULL);
	bk_follower_stop(follower);
	node_end(&node);
}

/* docs/decisions.md, "Replay rules", 5: after a replay, vars.data_version in the image must be the
 * keyframe's version." */
Test(follower, checks_itself)
{
	struct node node;

	node_begin(&node, 2);
	node_busy(&node, 1); /* to version 3 */
	ok(node_append(&node, 4, "UPDATE vars SET intval = 44 WHERE name = 'data_version'"));
	ok(node_append(&node, 5, "UPDATE vars SET intval = 5"));
	fails(BK_E_SQL, bk_keyframes_build(node.writer, why()));
	says("version 4: vars.data_version is 44 after its replay");
	cr_assert(node_keyframes(&node) == 2);
	node_end(&node);
}

/* Each call of a keyframe's building failed once: the changes go on, the log stays whole, and the
 * next keyframe comes. */
Test(follower, what_the_system_refuses)
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
		cr_assert(node_keyframes(&node) == 5);
		node_restart(&node);
		node_check_all(&node, NULL, NULL);
		node_end(&node);
		scratch_remove();
	}
	cr_assert(failed > 10);
}

/* "Otherwise it is tried again when the next interval closes." */
Test(follower, tries_again)
{
	struct node node;
	struct told told = told_new();
	struct bk_follower *follower = NULL;

	node_begin(&node, 4);
	node_busy(&node, 2); /* four changes */
	ok(follow(&follower, &node, &told));
	test_io_fail(&node.io, OP_WRITE, 2, -ENOSPC); /* the first is the change's own */
	node_busy(&node, 1);
	told_wait(&told, 1);
	cr_assert(told.last.code == BK_E_IO && !bk_follower_needs_snapshot(follower));
	node_busy(&node, 4);
	node_wait_keyframes(&node, 3);
	bk_follower_stop(follower);
	node_check_all(&node, NULL, NULL);
	node_end(&node);
}

/* docs/format.md, 5 and 7: PAGES and MAP frames carry the version of the keyframe under way. */
Test(follower, pieces_carry_the_version_of_their_keyframe)
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
Test(follower, says_whose_database_it_is)
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

/* Nearly no room: what does not fit for certain is not begun, and nothing stays behind. The changes
 * are proven all the same. */
Test(follower, does_not_begin_what_does_not_fit)
{
	struct node node;
	struct told told = told_new();
	struct bk_follower *follower = NULL;
	struct bk_log_status status;

	node_begin(&node, 4);
	node_busy(&node, 1);
	node.io.free_bytes = 1000;
	ok(follow(&follower, &node, &told));
	node_busy(&node, 12);
	told_wait(&told, 1);
	cr_assert(told.last.code == BK_E_IO && told.last.sys_errno == ENOSPC, "%s", told.last.msg);
	follow_wait_proven(follower, node.version);
	ok(bk_log_status(bk_writer_log(node.writer), &status, why()));
	cr_assert(status.keyframes == 1 && told.count < 3);
	node.io.free_bytes = 0;
	node_busy(&node, 30);
	node_wait_keyframes(&node, 8);
	bk_follower_stop(follower);
	node_check_all(&node, NULL, NULL);
	node_end(&node);
}

static size_t log_size(const struct node *node)
{
	size_t size;

	free(file_bytes(node->path, &size));
	return size;
}

/* Nothing came behind what was written in vain: it is cut off, and the next try takes its place. */
Test(follower, cuts_off_what_fails_half_way)
{
	struct node node;
	size_t size;

	node_begin(&node, 4);
	node_busy(&node, 5);
	size = log_size(&node);
	for (unsigned nth = 1; nth < 4; nth++) {
		test_io_fail(&node.io, OP_WRITE, nth, -EIO);
		fails(BK_E_IO, bk_keyframes_build(node.writer, why()));
		node.io.fail_at = 0;
		cr_assert(log_size(&node) == size, "write %u: %zu bytes, and not %zu", nth,
			log_size(&node), size);
	}
	ok(bk_keyframes_build(node.writer, why()));
	cr_assert(node_keyframes(&node) == 2);
	node_busy(&node, 2);
	node_restart(&node);
	node_check_all(&node, NULL, NULL);
	node_end(&node);
}
