/* test_descent.c - a successor takes the name of a mirror's log only where that is what it goes on
 * with (docs/mirror.md, 2). */
#include "frame.h"
#include "rig.h"
#include <sys/stat.h>

SUITE(descent);

/* A change as lightningd makes them, in the log and not in the database. */
static void append(struct rig *rig, const char *sql)
{
	uint32_t version = bk_writer_version(rig->node.writer);
	char count[128];
	struct bk_slice slices[] = {{sql, strlen(sql)}, {count, 0}};
	struct bk_change change = {
		.version = version + 1, .statements = slices, .statement_count = 2};

	slices[1].size = (size_t)snprintf(count, sizeof count,
		"UPDATE vars SET intval = %u WHERE name = 'data_version' AND intval = %u",
		version + 1, version);
	ok(bk_writer_append(rig->node.writer, &change, why()));
}

/* The log at PATH goes on while no mirror sees it: COUNT changes of its own, a compaction, and one
 * more. */
static void go_on_unseen(struct rig *rig, const char *path, unsigned count, unsigned id)
{
	struct node *node = &rig->node;
	struct bk_successor *successor;
	struct bk_writer *to;
	char sql[64];

	node->options.mirrors = NULL;
	node->path = path;
	ok(bk_writer_open(&node->writer, &node->io.io, path, &node->options, why()));
	for (unsigned i = 0; i < count; i++) {
		snprintf(sql, sizeof sql, "CREATE TABLE IF NOT EXISTS parted%u (x)", id);
		append(rig, sql);
	}
	successor = rig_successor(rig, id);
	ok(bk_successor_take(successor, node->writer, &to, why()));
	bk_successor_close(successor);
	bk_writer_leave(node->writer);
	node->writer = to;
	append(rig, "CREATE TABLE IF NOT EXISTS behind (x)");
	rig_close(rig);
}

static void check_refused(struct rig *rig)
{
	size_t size, other;
	uint8_t *before = file_bytes(rig->urls[0], &size), *after;

	ok(rig_open(rig));
	rig_wait(rig, 0, BK_MIRROR_REFUSES);
	cr_assert(strstr(rig_status(rig, 0).why, "another writer went on with it"));
	cr_assert(strstr(rig_status(rig, 0).why, "backup-cli mirror reset"));
	rig_close(rig);
	after = file_bytes(rig->urls[0], &other);
	cr_assert(size == other && memcmp(before, after, size) == 0);
	free(before);
	free(after);
}

/* Of two on one state the second compacts while the mirror is away, which saw the first go on: by
 * more than the second did, by less, and by as much. */
Test(descent, a_stale_one_does_not_succeed_what_went_on)
{
	static const unsigned seen[] = {40, 3, 10};

	for (size_t i = 0; i < sizeof seen / sizeof *seen; i++) {
		struct rig rig;

		rig_begin_two(&rig, 0, seen[i]);
		go_on_unseen(&rig, scratch("other"), 9, 2);
		check_refused(&rig);
		rig_end(&rig);
		scratch_remove();
	}
}

/* So it is where it compacted twice; there the place itself knows neither. */
Test(descent, nor_by_its_second_successor)
{
	struct rig rig;

	rig_begin_two(&rig, 0, 20);
	go_on_unseen(&rig, scratch("other"), 9, 2);
	go_on_unseen(&rig, scratch("other"), 9, 3);
	ok(rig_open(&rig));
	rig_wait(&rig, 0, BK_MIRROR_REFUSES);
	rig_close(&rig);
	rig_end(&rig);
}

/* One that was away, and saw no other, takes the successor; whether it was behind or not. */
Test(descent, one_that_was_away_takes_the_successor)
{
	for (unsigned behind = 0; behind < 2; behind++) {
		struct rig rig;

		rig_begin(&rig, 1, 0);
		ok(rig_open(&rig));
		node_busy(&rig.node, 5);
		rig_wait(&rig, 0, BK_MIRROR_LEVEL);
		rig_close(&rig);
		go_on_unseen(&rig, rig.node.path, behind * 9, 2);
		ok(rig_open(&rig));
		rig_wait(&rig, 0, BK_MIRROR_LEVEL);
		rig_close(&rig);
		rig_check_same(&rig, 0);
		rig_end(&rig);
		scratch_remove();
	}
}

/* What it holds cannot be read, and so not be compared: the word that goes on without it is said.
 */
Test(descent, what_cannot_be_compared_is_refused_with_a_way_on)
{
	struct rig rig;
	struct stat st;
	FILE *held = NULL;

	rig_begin(&rig, 1, 0);
	ok(rig_open(&rig));
	node_busy(&rig.node, 5);
	rig_wait(&rig, 0, BK_MIRROR_LEVEL);
	rig_close(&rig);
	go_on_unseen(&rig, rig.node.path, 3, 2);
	cr_assert(stat(rig.urls[0], &st) == 0 && (held = fopen(rig.urls[0], "r+")));
	cr_assert(fseek(held, LOG_HEADER_SIZE, SEEK_SET) == 0);
	for (off_t i = LOG_HEADER_SIZE; i < st.st_size - 100; i++)
		putc('U', held);
	cr_assert(fclose(held) == 0);
	ok(rig_open(&rig));
	rig_wait(&rig, 0, BK_MIRROR_REFUSES);
	cr_assert(strstr(rig_status(&rig, 0).why, "backup-cli mirror reset"));
	rig_close(&rig);
	rig_end(&rig);
}

static bool is_committed(const struct rig *rig)
{
	struct bk_head head;

	bk_writer_head(rig->node.writer, &head);
	return head.is_committed;
}

/* Of two on one state the second finds the first one's only change in the mirror: that is no change
 * which a power cut took from it, and which it may strike out. */
Test(descent, a_change_of_anothers_session_is_not_to_be_struck_out)
{
	struct rig rig;

	rig_begin(&rig, 1, 2);
	ok(rig_open(&rig));
	node_busy(&rig.node, 5);
	rig_close(&rig);
	copy_file(rig.node.path, scratch("stale"));
	ok(rig_open(&rig));
	copy_file(rig.node.path, scratch("cut"));
	node_busy(&rig.node, 1);
	rig_wait(&rig, 0, BK_MIRROR_LEVEL);
	copy_file(rig.urls[0], scratch("held"));
	rig_close(&rig);
	for (int i = 0; i < 2; i++) {
		/* The second's mirror is as it was before the first had ended. */
		char fact[300];

		snprintf(fact, sizeof fact, "%s.durable", rig.urls[0]);
		unlink(fact);
		copy_file(scratch("held"), rig.urls[0]);
		rig.node.path = scratch(i ? "cut" : "stale");
		ok(rig_open(&rig));
		cr_assert(bk_writer_version(rig.node.writer) == rig.node.version);
		cr_assert(is_committed(&rig) == !i);
		rig_close(&rig);
	}
	rig_end(&rig);
}
