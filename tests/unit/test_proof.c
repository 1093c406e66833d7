/* test_proof.c - each change is replayed as it comes, and noted when the database shows it. */
#include "following.h"
#include <bk/live.h>
#include <time.h>

SUITE(proof);

/* "What is acknowledged can be rebuilt, and that is proven": each change as soon as it is there,
 * not when its interval closes. */
Test(proof, proves_each_change_as_it_comes)
{
	struct node node;
	struct told told = told_new();
	struct bk_follower *follower = NULL;

	node_begin(&node, 0);
	ok(follow(&follower, &node, &told));
	for (unsigned i = 0; i < 5; i++) {
		node_busy(&node, 1);
		follow_wait_proven(follower, node.version);
	}
	cr_assert(node_keyframes(&node) == 1 && told.count == 0);
	cr_assert(follow_status(follower).behind == 0);
	bk_follower_stop(follower);
	node_end(&node);
}

/* What was replayed too early, and then struck out, is replayed no more. */
Test(proof, begins_anew_after_a_rewind)
{
	struct node node;
	struct told told = told_new();
	struct bk_follower *follower = NULL;

	node_begin(&node, 0);
	node_busy(&node, 2);
	ok(follow(&follower, &node, &told));
	for (unsigned i = 0; i < 20; i++) {
		node_lost(&node, "INSERT INTO busy (peer) VALUES (12345)");
		if (i % 2)
			follow_wait_proven(follower, node.version + 1);
		ok(bk_writer_rewind(node.writer, node.version, why()));
		node_busy(&node, 1);
		follow_wait_proven(follower, node.version);
	}
	cr_assert(told.count == 0, "%s", told.last.msg);
	bk_follower_stop(follower);
	ok(bk_keyframes_build(node.writer, why()));
	node_check_all(&node, NULL, NULL);
	node_end(&node);
}

/* The word comes at once, and the way out with the next change. */
Test(proof, tells_at_once_of_what_cannot_be_replayed)
{
	struct node node;
	struct told told = told_new();
	struct bk_follower *follower = NULL;

	node_begin(&node, 0);
	node_busy(&node, 2);
	ok(follow(&follower, &node, &told));
	ok(node_append(&node, node.version + 1, "INSERT INTO nowhere VALUES (1)"));
	node_unwatched(&node, "DELETE FROM busy");
	told_wait(&told, 1);
	cr_assert(told.last.code == BK_E_SQL && bk_follower_needs_snapshot(follower));
	cr_assert(follow_status(follower).proven == node.version - 1);
	node_snapshot(&node, BK_SNAPSHOT_REPLAY_FAILED);
	cr_assert(!bk_follower_needs_snapshot(follower));
	node_busy(&node, 2);
	follow_wait_proven(follower, node.version);
	node_check(&node, NULL, node.version, NULL);
	bk_follower_stop(follower);
	node_end(&node);
}

static enum bk_code start_looking(struct bk_follower **follower, struct node *node)
{
	struct bk_follower_options options = {
		.database = node->database, .quiet_ms = 5, .seen_ms = 10, .seen_again_ms = 20};

	return bk_follower_start(follower, node->writer, &options, why());
}

/* One more change, as a plugin goes about it that looks at the database before each. */
static void expected_change(struct bk_follower *follower, struct node *node, struct bk_live *live)
{
	struct bk_look look;

	ok(bk_live_look(live, 1000, &look, why()));
	bk_follower_expect(follower, true, look.stamp.inode, look.stamp.counter + 1);
	node_busy(node, 1);
}

static struct bk_head wait_seen(struct node *node)
{
	const struct timespec step = {.tv_nsec = 1000000};
	struct bk_head head = {0};

	for (unsigned i = 0; i < 60000 && !head.has_stamp; i++) {
		nanosleep(&step, NULL);
		bk_writer_head(node->writer, &head);
	}
	cr_assert(head.has_stamp, "the head was not seen");
	return head;
}

/* "and the last as soon as the database shows it committed", which the log notes, durably. */
Test(proof, notes_what_the_database_shows_committed)
{
	struct bk_live *live;
	struct bk_look look;
	struct bk_head head;
	struct node node;
	struct bk_follower *follower = NULL;
	unsigned syncs;

	node_begin(&node, 0);
	live = bk_live_new(node.database);
	node_busy(&node, 2);
	ok(start_looking(&follower, &node));
	for (unsigned i = 0; i < 3; i++) {
		expected_change(follower, &node, live);
		syncs = node.io.calls[OP_SYNC];
		follow_wait_proven(follower, node.version);
		head = wait_seen(&node);
		ok(bk_live_look(live, 1000, &look, why()));
		cr_assert(head.version == node.version && head.is_committed);
		cr_assert(bk_stamp_same(&head.stamp, &look.stamp));
	}
	bk_follower_stop(follower);
	cr_assert(node.io.calls[OP_SYNC] > syncs);
	bk_live_free(live);
	node_end(&node);
}

static void check_not_seen(struct node *node, bool is_committed)
{
	const struct timespec a_while = {.tv_nsec = 100000000};
	struct bk_head head;

	nanosleep(&a_while, NULL);
	bk_writer_head(node->writer, &head);
	cr_assert(head.is_committed == is_committed && !head.has_stamp);
}

/* A change that is acknowledged and not committed is not seen, whatever came before. */
Test(proof, does_not_note_what_is_not_committed)
{
	struct bk_live *live;
	struct node node;
	struct bk_follower *follower = NULL;

	node_begin(&node, 0);
	live = bk_live_new(node.database);
	node_busy(&node, 2);
	ok(start_looking(&follower, &node));
	expected_change(follower, &node, live);
	wait_seen(&node);
	node_lost(&node, "INSERT INTO busy (peer) VALUES (1)");
	check_not_seen(&node, false);
	bk_follower_stop(follower);
	bk_live_free(live);
	node_end(&node);
}

/* What somebody else wrote behind a change is not noted with it; nor is anything where it cannot be
 * told. */
Test(proof, does_not_note_what_somebody_else_wrote)
{
	struct bk_live *live;
	struct bk_look look;
	struct node node;
	struct bk_follower *follower = NULL;

	node_begin(&node, 0);
	live = bk_live_new(node.database);
	node_busy(&node, 2);
	ok(start_looking(&follower, &node));
	node_busy(&node, 1);
	check_not_seen(&node, false);
	ok(bk_live_look(live, 1000, &look, why()));
	/* The hand edit comes before the look. */
	bk_follower_expect(follower, true, look.stamp.inode, look.stamp.counter + 1);
	sql_run(node.db, "UPDATE busy SET note = 'by hand' WHERE id = 1");
	node_busy(&node, 1);
	check_not_seen(&node, false);
	follow_wait_proven(follower, node.version);
	bk_follower_stop(follower);
	bk_live_free(live);
	node_end(&node);
}
