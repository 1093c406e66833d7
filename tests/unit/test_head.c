/* test_head.c - what a log says of its head, and doubts about the database (bk/writer.h;
 * docs/format.md, 11). */
#include "node.h"
#include <bk/snapshot.h>
#include <bk/writer.h>

SUITE(head);

static struct bk_head head_of(const struct node *node)
{
	struct bk_head head;

	bk_writer_head(node->writer, &head);
	return head;
}

static const struct bk_stamp a_stamp = {.counter = 7,
	.inode = 1234567,
	.mtime_ns = TEST_NOW_US * 1000 + 1,
	.ctime_ns = TEST_NOW_US * 1000 + 2,
	.size = 8192};

/* An orderly end proves nothing of the head; that it was seen, copied, or that something came
 * behind it, does. */
Test(head, knows_whether_the_head_was_committed)
{
	struct node node;

	node_begin(&node, 0);
	node_change(&node, "CREATE TABLE t (x)");
	node_restart(&node);
	cr_assert(!head_of(&node).is_committed && head_of(&node).version == node.version);
	node_lone(&node, "PRAGMA foreign_keys = ON");
	cr_assert(head_of(&node).is_committed && !head_of(&node).has_stamp);
	node_lost(&node, "INSERT INTO t VALUES (1)");
	cr_assert(!head_of(&node).is_committed);
	ok(bk_writer_rewind(node.writer, node.version, why()));
	cr_assert(head_of(&node).is_committed, "the change that was struck out came behind it");
	node_change(&node, "INSERT INTO t VALUES (2)");
	node_snapshot(&node, BK_SNAPSHOT_GAP);
	cr_assert(head_of(&node).is_committed);
	node_end(&node);
}

/* "A seen committed event proves the head if and only if …" */
Test(head, remembers_what_was_seen)
{
	struct bk_head head;
	struct node node;

	node_begin(&node, 0);
	node_change(&node, "CREATE TABLE t (x)");
	ok(bk_writer_note_seen(node.writer, &a_stamp, why()));
	node_restart(&node);
	head = head_of(&node);
	cr_assert(head.is_committed && head.has_stamp && bk_stamp_same(&head.stamp, &a_stamp));
	node_change(&node, "INSERT INTO t VALUES (1)");
	head = head_of(&node);
	cr_assert(!head.is_committed && !head.has_stamp);
	node_restart(&node);
	cr_assert(!head_of(&node).has_stamp);
	node_end(&node);
}

static void check_doubt(struct node *node, const char *want)
{
	struct bk_log *log = node_log(node);
	struct bk_log_status status;

	ok(bk_log_status(log, &status, why()));
	cr_assert_str_eq(status.doubt, want);
	bk_log_close(log);
	ok(bk_log_status(bk_writer_log(node->writer), &status, why()));
	cr_assert_str_eq(status.doubt, want);
}

/* "A doubt is never forgotten": it outlives sessions, and keyframes. */
Test(head, doubts_stay_open_until_they_are_settled)
{
	struct node node;

	node_begin(&node, 2);
	node_busy(&node, 3);
	ok(bk_writer_raise_doubt(node.writer, "it was\nlocked", why()));
	check_doubt(&node, "it was locked");
	node_busy(&node, 4);
	ok(bk_keyframes_build(node.writer, why()));
	node_restart(&node);
	check_doubt(&node, "it was locked");
	ok(bk_writer_settle_doubt(node.writer, "they were compared", why()));
	check_doubt(&node, "");
	ok(bk_writer_raise_doubt(node.writer, "again", why()));
	node_snapshot(&node, BK_SNAPSHOT_GAP);
	check_doubt(&node, "");
	node_restart(&node);
	check_doubt(&node, "");
	node_end(&node);
}
