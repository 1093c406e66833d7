/* compacted.c - a node whose log is compacted. */
#include "compacted.h"
#include <bk/successor.h>
#include <bk/verify.h>

void node_lively(struct node *node, unsigned interval, int minutes)
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

void node_compact(struct node *node, const struct bk_policy *policy, unsigned id,
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

enum bk_code node_succeed(struct node *node)
{
	struct bk_successor *successor;
	struct bk_writer *to;
	uint64_t left;
	enum bk_code code;

	ok(bk_successor_open(&successor, bk_writer_log(node->writer), why()));
	ok(bk_successor_catch_up(successor, &left, why()));
	cr_assert(left == 0);
	code = bk_successor_take(successor, node->writer, &to, why());
	bk_successor_close(successor);
	if (code)
		return code;
	bk_writer_leave(node->writer);
	node->writer = to;
	return BK_OK;
}

void node_is_clean(struct node *node)
{
	struct bk_verify_options options = {.deep = true};
	struct bk_verify_result result;

	ok(bk_verify(&node->io.io, node->path, &options, &result, why()));
	cr_assert(result.findings == 0 && result.lost == 0);
	cr_assert(result.verdict.answer == BK_VERDICT_YES);
}
