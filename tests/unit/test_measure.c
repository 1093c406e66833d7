/* test_measure.c - the page counts of the changes that no keyframe lists yet (bk/history.h). */
#include "node.h"
#include <bk/listing.h>
#include <bk/snapshot.h>
#include <bk/writer.h>

SUITE(measure);

/* The page count of each version from SINCE on is known, and right. */
static void check_counts_since(struct node *node, struct bk_log *log, uint32_t since)
{
	ok(bk_log_measure(log, NULL, why()));
	for (size_t i = 1; i < node->past_count; i++) {
		struct bk_entry entry;

		ok(bk_log_find(log, node->past[i].version, &entry, why()));
		if (entry.version < since && !entry.page_count)
			continue;
		cr_assert(entry.page_size == 4096 &&
				  (sqlite3_int64)entry.page_count * 4096 == node->past[i].size,
			"version %u has %u pages", entry.version, entry.page_count);
	}
}

static void check_counts(struct node *node, struct bk_log *log)
{
	check_counts_since(node, log, 1);
}

Test(measure, learns_page_counts)
{
	struct node node;
	struct bk_log *log;
	struct bk_entry entry;

	node_begin(&node, 0);
	node_busy(&node, 30);
	log = node_log(&node);
	ok(bk_log_find(log, 20, &entry, why()));
	cr_assert(entry.page_count == 0);
	check_counts(&node, log);
	check_counts(&node, bk_writer_log(node.writer));
	bk_log_close(log);
	node_end(&node);
}

/* "later calls replay only what came since" */
Test(measure, goes_on_where_it_was)
{
	struct node node;
	struct bk_log *log;
	enum bk_log_news news;

	node_begin(&node, 0);
	node_busy(&node, 50);
	log = node_log(&node);
	check_counts(&node, log);
	for (unsigned i = 0; i < 5; i++) {
		unsigned reads;

		node_busy(&node, 1);
		ok(bk_log_refresh(log, &news, why()));
		node.io.calls[OP_READ] = 0;
		ok(bk_log_measure(log, NULL, why()));
		reads = node.io.calls[OP_READ];
		cr_assert(reads <= 2, "%u reads", reads);
		check_counts(&node, log);
	}
	bk_log_close(log);
	node_end(&node);
}

/* What it replayed is struck out, taken in by a keyframe, or by a full one, which lists no page
 * counts. */
Test(measure, follows_what_happens)
{
	struct node node;
	struct bk_log *log;
	enum bk_log_news news;
	uint32_t snapshot = 0;

	node_begin(&node, 4);
	node_busy(&node, 10);
	log = node_log(&node);
	for (unsigned i = 0; i < 30; i++) {
		check_counts_since(&node, i % 2 ? log : bk_writer_log(node.writer), snapshot);
		if (i % 3 == 0) {
			node_lost(&node, "INSERT INTO busy (data) VALUES (zeroblob(50000))");
			ok(bk_log_refresh(log, &news, why()));
			ok(bk_log_measure(log, NULL, why()));
			ok(bk_log_measure(bk_writer_log(node.writer), NULL, why()));
			ok(bk_writer_rewind(node.writer, node.version, why()));
		}
		if (i % 5 == 4)
			ok(bk_keyframes_build(node.writer, why()));
		if (i % 7 == 6) {
			node_snapshot(&node, BK_SNAPSHOT_GAP);
			snapshot = node.version;
		}
		if (i % 4 == 1)
			node_lone(&node, "PRAGMA foreign_keys = ON");
		else
			node_busy(&node, 1);
		ok(bk_log_refresh(log, &news, why()));
	}
	bk_log_close(log);
	node_end(&node);
}

/* A tail longer than one replay is kept for. */
Test(measure, a_long_tail)
{
	struct node node;

	node_begin(&node, 5000);
	for (unsigned i = 0; i < 13; i++) {
		node_busy(&node, 100);
		ok(bk_log_measure(bk_writer_log(node.writer), NULL, why()));
	}
	check_counts(&node, bk_writer_log(node.writer));
	node_end(&node);
}

Test(measure, a_change_that_cannot_be_replayed)
{
	struct node node;
	struct bk_entry entry;
	struct bk_log *log;

	node_begin(&node, 0);
	node_busy(&node, 3);
	node_lost(&node, "INSERT INTO nowhere VALUES (1)");
	log = bk_writer_log(node.writer);
	fails(BK_E_SQL, bk_log_measure(log, NULL, why()));
	says("version 6: statement 1 of 2");
	ok(bk_log_find(log, 5, &entry, why()));
	cr_assert(entry.page_count > 0, "what comes before it is known");
	fails(BK_E_SQL, bk_log_measure(log, NULL, why()));
	node_end(&node);
}
