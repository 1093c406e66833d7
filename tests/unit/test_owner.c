/* test_owner.c - whose database a log holds (bk/image.h). */
#include "node.h"
#include <bk/image.h>

SUITE(owner);

static void check_node(struct node *node, const char *want)
{
	char found[BK_NODE_TEXT];
	struct bk_log *log = node_log(node);

	ok(bk_log_node(bk_writer_log(node->writer), found, why()));
	cr_assert_str_eq(found, want);
	ok(bk_log_node(log, found, why()));
	cr_assert_str_eq(found, want);
	bk_log_close(log);
}

/* From the change on that makes it known, before any keyframe says so; and in each session's event.
 */
Test(owner, as_soon_as_a_change_says_so)
{
	struct node node;
	char session[1024];

	node_begin(&node, 4);
	check_node(&node, "");
	node_change(&node, "INSERT INTO vars (name, blobval) VALUES ('node_id', x'02ABcd')");
	check_node(&node, "02abcd");
	node_busy(&node, 5);
	ok(bk_keyframes_build(node.writer, why()));
	check_node(&node, "02abcd");
	node_restart(&node);
	ok(bk_log_session(bk_writer_log(node.writer), session, sizeof session, why()));
	cr_assert(strstr(session, "\nnode=02abcd\n"), "%s", session);
	node_end(&node);
}

Test(owner, of_an_empty_log)
{
	char found[BK_NODE_TEXT] = "?";
	uint32_t version;
	struct bk_log *log = NULL;
	struct test_io io;

	test_io_init(&io);
	ok(bk_log_create(&io.io, scratch("log"), NULL, 0, NULL, NULL, &version, why()));
	ok(bk_log_open(&log, &io.io, scratch("log"), why()));
	ok(bk_log_node(log, found, why()));
	cr_assert_str_empty(found);
	bk_log_close(log);
}
