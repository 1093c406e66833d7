/* test_listing.c - which versions a log holds (bk/history.h). */
#include "node.h"
#include <bk/listing.h>
#include <bk/snapshot.h>
#include <bk/writer.h>

SUITE(listing);

/* What a listing must show, entry by entry. */
struct want {
	uint32_t version;
	uint32_t flags; /* of these: LONE, STRUCK, SNAPSHOT */
	uint32_t statements;
};

static void check_rest(struct bk_listing *history, const struct want *want, size_t count)
{
	struct bk_entry entry;
	bool more;

	for (size_t i = 0; i < count; i++) {
		uint32_t flags;

		ok(bk_listing_next(history, &entry, &more, why()));
		cr_assert(more, "it ends after %zu of %zu", i, count);
		flags = entry.flags & (BK_ENTRY_LONE | BK_ENTRY_STRUCK | BK_ENTRY_SNAPSHOT);
		cr_assert(entry.version == want[i].version && flags == want[i].flags &&
				  entry.statements == want[i].statements,
			"entry %zu is version %u, flags 0x%x, %u statements", i, entry.version,
			flags, entry.statements);
	}
	ok(bk_listing_next(history, &entry, &more, why()));
	cr_assert(!more, "behind %zu entries comes version %u", count, entry.version);
}

static void check_list(struct bk_log *log, uint32_t from, enum bk_listing_what what,
	const struct want *want, size_t count)
{
	struct bk_listing *history = NULL;

	ok(bk_listing_open(&history, log, from, what, why()));
	check_rest(history, want, count);
	bk_listing_close(history);
}

static void check_last(struct bk_log *log, uint64_t last, enum bk_listing_what what,
	const struct want *want, size_t count)
{
	struct bk_listing *history = NULL;

	ok(bk_listing_open_last(&history, log, last, what, why()));
	check_rest(history, want, count);
	bk_listing_close(history);
}

/* A version of each sort: 0 the empty start; 1; 2 with two lone pragmas; 3 struck and come again; 6
 * after a gap, 7, and a snapshot of 7. */
static void make_varied(struct node *node, unsigned interval)
{
	node_begin(node, interval);
	node_change(node, "CREATE TABLE t (x)");
	node_lone(node, "PRAGMA foreign_keys = OFF");
	node_lone(node, "PRAGMA foreign_keys = ON");
	node_lost(node, "INSERT INTO t VALUES ('lost')");
	ok(bk_writer_rewind(node->writer, node->version, why()));
	node_change(node, "INSERT INTO t VALUES (3)", "INSERT INTO t VALUES (33)");
	for (unsigned i = 0; i < 3; i++)
		node_unwatched(node, "INSERT INTO t VALUES ('unwatched')");
	node_snapshot(node, BK_SNAPSHOT_GAP);
	node_change(node, "INSERT INTO t VALUES (7)");
	node_snapshot(node, BK_SNAPSHOT_REPLAY_FAILED);
}

static const struct want all[] = {
	{0, BK_ENTRY_SNAPSHOT, 0},
	{1, 0, 3},
	{2, 0, 2},
	{2, BK_ENTRY_LONE, 1},
	{2, BK_ENTRY_LONE, 1},
	{3, BK_ENTRY_STRUCK, 2},
	{3, 0, 3},
	{6, BK_ENTRY_SNAPSHOT, 0},
	{7, 0, 2},
	{7, BK_ENTRY_SNAPSHOT, 0},
};
/* "each version once; lone pragmas counted with theirs" */
static const struct want versions[] = {{0, BK_ENTRY_SNAPSHOT, 0}, {1, 0, 3}, {2, 0, 4}, {3, 0, 3},
	{6, BK_ENTRY_SNAPSHOT, 0}, {7, 0, 2}};

static void check_varied(struct bk_log *log)
{
	size_t n = COUNT_OF(all), v = COUNT_OF(versions);

	check_list(log, 0, BK_LISTING_ALL, all, n);
	check_list(log, 0, BK_LISTING_VERSIONS, versions, v);
	check_list(log, 2, BK_LISTING_ALL, all + 2, n - 2);
	check_list(log, 2, BK_LISTING_VERSIONS, versions + 2, v - 2);
	check_list(log, 4, BK_LISTING_VERSIONS, versions + 4, v - 4);
	check_list(log, 7, BK_LISTING_VERSIONS, versions + 5, v - 5);
	check_list(log, 8, BK_LISTING_VERSIONS, NULL, 0);
	for (size_t last = 0; last <= n + 2; last++)
		check_last(log, last, BK_LISTING_ALL, last < n ? all + n - last : all,
			last < n ? last : n);
	for (size_t last = 0; last <= v + 2; last++)
		check_last(log, last, BK_LISTING_VERSIONS,
			last < v ? versions + v - last : versions, last < v ? last : v);
}

Test(listing, lists)
{
	for (unsigned interval = 1; interval <= 4; interval++) {
		struct node node;

		make_varied(&node, interval);
		check_varied(bk_writer_log(node.writer));
		ok(bk_keyframes_build(node.writer, why()));
		check_varied(bk_writer_log(node.writer));
		node_end(&node);
		scratch_remove();
	}
}

static void check_found(struct bk_log *log)
{
	struct bk_entry entry;

	for (size_t i = 0; i < COUNT_OF(versions); i++) {
		ok(bk_log_find(log, versions[i].version, &entry, why()));
		cr_assert(entry.version == versions[i].version &&
				  entry.statements == versions[i].statements,
			"version %u has %u statements", versions[i].version, entry.statements);
	}
	fails(BK_E_MISSING, bk_log_find(log, 4, &entry, why()));
	fails(BK_E_MISSING, bk_log_find(log, 8, &entry, why()));
	fails(BK_E_MISSING, bk_log_find(log, UINT32_MAX, &entry, why()));
	says("version 4294967295 is not in the log");
}

static bool sql_is(struct bk_log *log, uint32_t version, const char *want)
{
	struct bk_buf text;
	bool is_same;

	bk_buf_init(&text, 1 << 20);
	ok(bk_log_sql(log, version, &text, why()));
	is_same = text.size == strlen(want) &&
		  (!text.size || memcmp(text.data, want, text.size) == 0);
	if (!is_same)
		fprintf(stderr, "%.*s", (int)text.size, (const char *)text.data);
	bk_buf_done(&text);
	return is_same;
}

/* "The SQL of all changes that stand and lead to VERSION: the statements in their order, each ended
 * so that another can follow" */
static void check_sql(struct bk_log *log)
{
	struct bk_buf text;

	cr_assert(sql_is(log, 0, ""));
	cr_assert(sql_is(log, 2,
		"CREATE TABLE t (x);\n\nUPDATE vars SET intval = 2 WHERE name = 'data_version' AND "
		"intval "
		"= 1;\n\nPRAGMA foreign_keys = OFF;\n\nPRAGMA foreign_keys = ON;\n\n"));
	cr_assert(sql_is(log, 3,
		"INSERT INTO t VALUES (3);\n\nINSERT INTO t VALUES (33);\n\nUPDATE vars SET intval "
		"= 3 "
		"WHERE "
		"name = 'data_version' AND intval = 2;\n\n"));
	cr_assert(sql_is(log, 6, ""), "a snapshot has none");
	cr_assert(sql_is(log, 7,
		"INSERT INTO t VALUES (7);\n\nUPDATE vars SET intval = 7 WHERE name = "
		"'data_version' "
		"AND "
		"intval = 6;\n\n"));
	bk_buf_init(&text, 1 << 20);
	fails(BK_E_MISSING, bk_log_sql(log, 4, &text, why()));
	fails(BK_E_MISSING, bk_log_sql(log, 8, &text, why()));
	fails(BK_E_MISSING, bk_log_sql(log, UINT32_MAX, &text, why()));
	bk_buf_done(&text);
}

/* With intervals of one change a lone pragma has an interval of its own. */
Test(listing, finds_versions_and_their_sql)
{
	for (unsigned interval = 1; interval <= 4; interval++) {
		struct node node;

		make_varied(&node, interval);
		check_found(bk_writer_log(node.writer));
		check_sql(bk_writer_log(node.writer));
		node_end(&node);
		scratch_remove();
	}
}

/* The same where keyframes came between: nothing was unwatched before they were built. */
Test(listing, finds_a_version_whose_lone_pragma_has_a_keyframe_of_its_own)
{
	struct node node;
	struct bk_entry entry;
	struct bk_log *log;

	node_begin(&node, 1);
	node_change(&node, "CREATE TABLE t (x)");
	node_lone(&node, "PRAGMA foreign_keys = OFF");
	node_lone(&node, "PRAGMA foreign_keys = ON");
	node_change(&node, "INSERT INTO t VALUES (3)");
	node_change(&node, "INSERT INTO t VALUES (4)");
	ok(bk_keyframes_build(node.writer, why()));
	log = bk_writer_log(node.writer);
	ok(bk_log_find(log, 2, &entry, why()));
	cr_assert(entry.version == 2 && entry.statements == 4 && !(entry.flags & BK_ENTRY_LONE));
	cr_assert(sql_is(log, 2,
		"CREATE TABLE t (x);\n\nUPDATE vars SET intval = 2 WHERE name = 'data_version' AND "
		"intval "
		"= 1;\n\nPRAGMA foreign_keys = OFF;\n\nPRAGMA foreign_keys = ON;\n\n"));
	node_check_all(&node, NULL, NULL);
	node_end(&node);
}

/* And where the log begins with that version: seed 106 of crash_cut. */
Test(listing, finds_a_lone_pragma_behind_the_snapshot_that_the_log_begins_with)
{
	struct node node;
	struct bk_log *log;

	node_begin_with(&node, 1, 272,
		"CREATE TABLE t (x); CREATE TABLE vars (name PRIMARY KEY, intval);"
		"INSERT INTO vars VALUES ('data_version', 272)");
	node_lone(&node, "PRAGMA foreign_keys = OFF");
	node_change(&node, "INSERT INTO t VALUES (3)");
	node_change(&node, "INSERT INTO t VALUES (4)");
	ok(bk_keyframes_build(node.writer, why()));
	log = bk_writer_log(node.writer);
	cr_assert(sql_is(log, 272, "PRAGMA foreign_keys = OFF;\n\n"));
	fails(BK_E_MISSING, bk_log_sql(log, 271, &(struct bk_buf){.max = 1 << 20}, why()));
	node_end(&node);
}

/* A statement's own semicolon is not doubled. */
Test(listing, sql_ends_with_one_semicolon)
{
	struct node node;

	node_begin(&node, 0);
	node_change(&node, "CREATE TABLE t (x);", "");
	cr_assert(sql_is(bk_writer_log(node.writer), 2,
		"CREATE TABLE t (x);\n\n\n;\n\nUPDATE vars SET intval = 2 WHERE name = "
		"'data_version' "
		"AND intval "
		"= 1;\n\n"));
	node_end(&node);
}

/* "A history … may be kept while the log grows": nothing is listed twice, nothing left out,
 * whatever a keyframe takes in meanwhile. */
Test(listing, goes_on_as_the_log_grows)
{
	struct node node;
	struct bk_listing *history = NULL;
	struct bk_entry entry;
	uint32_t listed = 0;
	bool more;

	node_begin(&node, 3);
	ok(bk_listing_open(&history, bk_writer_log(node.writer), 1, BK_LISTING_VERSIONS, why()));
	for (unsigned round = 0; round < 30; round++) {
		ok(bk_listing_next(history, &entry, &more, why()));
		while (more) {
			cr_assert(entry.version == ++listed, "round %u: %u", round, entry.version);
			ok(bk_listing_next(history, &entry, &more, why()));
		}
		cr_assert(listed == node.version);
		if (round % 5 == 1)
			node_lone(&node, "PRAGMA foreign_keys = ON");
		if (round % 5 == 2)
			node_snapshot(&node, BK_SNAPSHOT_REPLAY_FAILED);
		if (round % 5 != 3)
			node_busy(&node, round % 4);
		if (round % 2)
			ok(bk_keyframes_build(node.writer, why()));
	}
	bk_listing_close(history);
	bk_listing_close(NULL);
	node_end(&node);
}

/* What an entry says of its change. */
Test(listing, entries)
{
	struct node node;
	struct bk_entry entry;
	struct bk_log *log;

	node_begin(&node, 2);
	node.io.step_us = 0;
	node.io.now_us = TEST_NOW_US + 5000;
	node_change(&node, "CREATE TABLE t (x)"); /* 18 bytes, and 69 of the UPDATE */
	node.io.now_us = TEST_NOW_US + 6000;
	node_change(&node, "INSERT INTO t VALUES (zeroblob(20000))");
	node_change(&node, "DELETE FROM t");
	for (unsigned i = 0; i < 2; i++) {
		log = bk_writer_log(node.writer);
		ok(bk_log_find(log, 2, &entry, why()));
		cr_assert(entry.time_us == TEST_NOW_US + 5000 && entry.statements == 2 &&
			  entry.sql_bytes == 18 + 1 + 69 + 1 && entry.log_bytes > 64);
		cr_assert(entry.page_count == (i ? 4 : 0) && entry.page_size == (i ? 4096 : 0),
			"known from a keyframe on");
		ok(bk_keyframes_build(node.writer, why()));
	}
	node_end(&node);
}

/* "The newest version that came not after TIME_US", clocks that step back included. */
Test(listing, finds_times)
{
	static const struct {
		int64_t second;
		uint32_t version;
	} cases[] = {{10, 1}, {11, 1}, {19, 1}, {20, 2}, {25, 4}, {24, 2}, {29, 4}, {30, 4},
		{39, 4}, {40, 5}, {1000, 5}};
	static const int64_t seconds[] = {20, 30, 25, 40}; /* of versions 2 to 5 */

	for (unsigned interval = 1; interval <= 3; interval++) {
		struct node node;
		struct bk_entry entry;
		struct bk_log *log;

		node_begin(&node, interval);
		log = bk_writer_log(node.writer);
		fails(BK_E_MISSING, bk_log_find_time(log, TEST_NOW_US - 1, &entry, why()));
		says("nothing from 2026-11-22T06:59:59Z or before");
		ok(bk_log_find_time(log, TEST_NOW_US + 9999999, &entry, why()));
		cr_assert(entry.version == 1);
		node.io.step_us = 0;
		for (size_t i = 0; i < COUNT_OF(seconds); i++) {
			node.io.now_us = TEST_NOW_US + seconds[i] * 1000000;
			node_change(&node, "CREATE TABLE IF NOT EXISTS t (x)");
			ok(bk_keyframes_build(node.writer, why()));
		}
		for (size_t i = 0; i < COUNT_OF(cases); i++) {
			ok(bk_log_find_time(
				log, TEST_NOW_US + cases[i].second * 1000000, &entry, why()));
			cr_assert(entry.version == cases[i].version, "second %lld is version %u",
				(long long)cases[i].second, entry.version);
		}
		node_end(&node);
		scratch_remove();
	}
}

/* docs/decisions.md, "Words": versions wrap at 2^32, and are compared by distance. */
Test(listing, wraps)
{
	const uint32_t first = UINT32_MAX - 6;

	for (unsigned interval = 1; interval <= 3; interval++) {
		struct node node;
		struct want want[14];
		struct bk_entry entry;
		struct bk_log *log;

		node_begin_with(&node, interval, first,
			"CREATE TABLE vars (name, intval); INSERT INTO vars VALUES "
			"('data_version', "
			"4294967289); CREATE TABLE t (x)");
		want[0] = (struct want){first, BK_ENTRY_SNAPSHOT, 0};
		for (uint32_t i = 1; i < COUNT_OF(want); i++) {
			node_change(&node, "INSERT INTO t VALUES (1)");
			want[i] = (struct want){first + i, 0, 2};
			if (i == 7) { /* a version 0 that was never committed, and one that was */
				node_lost(&node, "DELETE FROM t");
				ok(bk_writer_rewind(node.writer, node.version, why()));
			}
			ok(bk_keyframes_build(node.writer, why()));
		}
		log = bk_writer_log(node.writer);
		cr_assert(bk_writer_version(node.writer) == 6);
		for (uint32_t i = 0; i < COUNT_OF(want); i++) {
			check_list(
				log, first + i, BK_LISTING_VERSIONS, want + i, COUNT_OF(want) - i);
			ok(bk_log_find(log, first + i, &entry, why()));
			cr_assert(entry.version == first + i);
		}
		fails(BK_E_MISSING, bk_log_find(log, first - 1, &entry, why()));
		fails(BK_E_MISSING, bk_log_find(log, 7, &entry, why()));
		node_check_all(&node, NULL, NULL);
		node_end(&node);
		scratch_remove();
	}
}
