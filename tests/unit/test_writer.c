/* test_writer.c - appending to a log (bk/writer.h; docs/format.md, 1, 3, 4 and 10). */
#include "forge.h"
#include "node.h"
#include <bk/snapshot.h>
#include <bk/writer.h>
#include <errno.h>
#include <sys/stat.h>
#include <xxhash.h>

SUITE(writer);

static enum bk_code append(struct node *node, uint32_t version, const char *sql)
{
	struct bk_slice slice = {sql, strlen(sql)};
	struct bk_change change = {.version = version, .statements = &slice, .statement_count = 1};

	return bk_writer_append(node->writer, &change, why());
}

/* The flags of the NTH change of the log. */
static unsigned must_of(struct node *node, int nth)
{
	struct forge forge;
	unsigned must;

	forge_load(&forge, node->path);
	must = forge_frame(&forge, forge_find(&forge, CHANGE, nth))[AT_MUST];
	forge_done(&forge);
	return must;
}

/* docs/decisions.md, "Speed of the hook": one write, one fdatasync, then the answer. */
Test(writer, one_write_and_one_sync_a_change)
{
	struct node node;

	node_begin(&node, 0);
	for (unsigned i = 0; i < 5; i++) {
		node.io.calls[OP_WRITE] = node.io.calls[OP_SYNC] = 0;
		node_busy(&node, 1);
		cr_assert(i == 0 || (node.io.calls[OP_WRITE] == 1 && node.io.calls[OP_SYNC] == 1));
	}
	node_end(&node);
}

/* Section 3, over a log with everything in it: sums, chains, the newest keyframe, and unsynced,
 * which "counts back to the end of the last frame that such a sync has covered". */
Test(writer, frames_follow_each_other)
{
	struct node node;
	struct forge forge;
	uint64_t sum, seed, keyframe = 0, synced = 128;

	node_begin(&node, 3);
	for (unsigned i = 0; i < 4; i++) {
		node_busy(&node, 5);
		ok(bk_keyframes_build(node.writer, why()));
		node_lost(&node, "DELETE FROM busy");
		node_restart(&node);
		ok(bk_writer_rewind(node.writer, node.version, why()));
		node_busy(&node, 1);
		node_unwatched(&node, "DELETE FROM busy");
		node_snapshot(&node, BK_SNAPSHOT_GAP);
	}
	node_end(&node);
	forge_load(&forge, node.path);
	cr_assert(forge.count > 60 &&
		  forge.frames[forge.count - 1] + forge_frame_size(&forge, forge.count - 1) ==
			  forge.size);
	sum = forge_get(forge.bytes, 8);
	seed = XXH3_64bits(forge.bytes + 32, 16);
	for (size_t i = 0; i < forge.count; i++) {
		const uint8_t *frame = forge_frame(&forge, i);
		uint64_t offset = forge.frames[i], size = forge_frame_size(&forge, i);

		cr_assert(forge_get(frame + AT_CHAIN, 4) == (uint32_t)sum, "frame %zu", i);
		sum = XXH3_64bits_withSeed(frame + 8, (size_t)size - 8, seed + offset);
		cr_assert(forge_get(frame, 8) == sum && !forge_get(frame + AT_MAY, 2), "frame %zu",
			i);
		cr_assert(forge_get(frame + AT_KEYFRAME, 8) == keyframe, "frame %zu", i);
		if (frame[AT_KIND] == EVENT && frame[AT_PAYLOAD] <= 2)
			synced = offset; /* opening and closing sync first */
		cr_assert(forge_get(frame + AT_UNSYNCED, 4) == offset - synced, "frame %zu", i);
		if (frame[AT_KIND] == CHANGE || (frame[AT_KIND] == KEYFRAME && frame[AT_MUST] & 1))
			synced = offset + size;
		if (frame[AT_KIND] == KEYFRAME)
			keyframe = offset;
	}
	forge_done(&forge);
}

/* "which must lead to the version after the head, or be a lone pragma that repeats it"; "nothing
 * was written, the writer goes on". */
Test(writer, versions_follow_each_other)
{
	static const struct {
		uint32_t version;
		const char *sql;
	} cases[] = {{5, "SELECT 1"}, {3, "SELECT 1"}, {2, "SELECT 1"}, {0, "SELECT 1"},
		{UINT32_MAX, "SELECT 1"}, {2, "PRAGMA foreign_keys = ON"},
		{5, "PRAGMA foreign_keys = ON"}};
	struct node node;

	node_begin(&node, 0);
	node_busy(&node, 1); /* to version 3 */
	node.io.calls[OP_WRITE] = 0;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		cr_assert(code_is(append(&node, cases[i].version, cases[i].sql), BK_E_INVALID),
			"case %zu: %s", i, why()->msg);
		says("does not follow version 3");
	}
	cr_assert(node.io.calls[OP_WRITE] == 0 && bk_writer_version(node.writer) == 3);
	node_busy(&node, 2);
	node_check_all(&node, NULL, NULL);
	node_end(&node);
}

Test(writer, refuses_changes_that_cannot_be_stored)
{
	struct node node;
	struct bk_slice slice = {"a\0b", 3};
	struct bk_change change = {.version = 2, .statements = &slice};

	node_begin(&node, 0);
	fails(BK_E_INVALID, bk_writer_append(node.writer, &change, why()));
	change.statement_count = 1;
	fails(BK_E_INVALID, bk_writer_append(node.writer, &change, why()));
	change.statement_count = BK_CHANGE_STATEMENTS_MAX + 1;
	fails(BK_E_LIMIT, bk_writer_append(node.writer, &change, why()));
	node_busy(&node, 2);
	node_check_all(&node, NULL, NULL);
	node_end(&node);
}

/* Section 4: "A writer starts a stream with its first change, with the first after a full keyframe,
 * and whenever the one before has 128 changes or 1 MiB of SQL." */
Test(writer, streams)
{
	struct node node;
	char *large = malloc(1 << 20);

	node_begin(&node, 0);
	cr_assert(must_of(&node, 0) == 0x01);
	node_busy(&node, 1);
	cr_assert(must_of(&node, 1) == 0 && must_of(&node, 2) == 0);
	node_busy(&node, 125);
	cr_assert(must_of(&node, 127) == 0, "the 128th");
	node_busy(&node, 1);
	cr_assert(must_of(&node, 128) == 0x01, "the 129th");
	node_busy(&node, 1);
	node_restart(&node);
	node_busy(&node, 2);
	cr_assert(must_of(&node, -2) == 0x01 && must_of(&node, -1) == 0);
	node_snapshot(&node, BK_SNAPSHOT_GAP);
	node_busy(&node, 2);
	cr_assert(must_of(&node, -2) == 0x01 && must_of(&node, -1) == 0);
	memset(large, ' ', (1 << 20) - 1);
	large[(1 << 20) - 1] = '\0';
	node_change(&node, large);
	cr_assert(must_of(&node, -1) == 0, "the one that makes it a MiB is still of the stream");
	node_busy(&node, 2);
	cr_assert(must_of(&node, -2) == 0x01 && must_of(&node, -1) == 0);
	node_check_all(&node, NULL, NULL);
	free(large);
	node_end(&node);
}

/* Section 4, LONE and FK_OFF; docs/decisions.md, "Replay rules". */
Test(writer, pragmas)
{
	struct node node;

	node_begin(&node, 0);
	node_lone(&node, "PRAGMA foreign_keys = OFF");
	cr_assert(must_of(&node, -1) == 0x02);
	node_busy(&node, 1);
	cr_assert(must_of(&node, -1) == 0x04);
	node_lone(&node, "PRAGMA foreign_keys = ON");
	cr_assert(must_of(&node, -1) == 0x06);
	node_busy(&node, 1);
	cr_assert(must_of(&node, -1) == 0);
	node_lone(&node, "PRAGMA foreign_keys");
	cr_assert(must_of(&node, -1) == 0x02, "another pragma changes nothing");
	node_busy(&node, 1);
	cr_assert(must_of(&node, -1) == 0);
	cr_assert(bk_writer_version(node.writer) == node.version);
	node_end(&node);
}

/* A new process is a new connection of the node's, with foreign keys on. */
Test(writer, what_a_pragma_leaves_behind)
{
	static const char *const pragmas[] = {"PRAGMA legacy_alter_table = yes",
		"PRAGMA recursive_triggers(1)", "PRAGMA case_sensitive_like = 'on'",
		"PRAGMA ignore_check_constraints = 1", "PRAGMA reverse_unordered_selects = on"};

	for (size_t i = 0; i < COUNT_OF(pragmas) * 2; i++) {
		struct node node;

		node_begin(&node, 4);
		node_change(&node, "CREATE TABLE p (id INTEGER PRIMARY KEY, x)",
			"CREATE VIEW v AS SELECT p.x FROM p", "CREATE TABLE k (x CHECK (x <> 'b'))",
			"CREATE TABLE n (x)",
			"CREATE TRIGGER g AFTER INSERT ON n WHEN new.x < 5 BEGIN INSERT INTO n "
			"VALUES (new.x + 1); END");
		node_change(&node, "INSERT INTO k VALUES ('A'), ('a'), ('c')");
		if (i % 2)
			node_lone(&node, pragmas[i / 2]);
		else
			node_change(&node, pragmas[i / 2], "INSERT INTO p (x) VALUES (1)");
		node_busy(&node, 9);
		ok(bk_keyframes_build(node.writer, why()));
		node_change(&node, "ALTER TABLE p RENAME TO q", "INSERT INTO n VALUES (1)",
			"CREATE TABLE l AS SELECT x FROM k WHERE x LIKE 'a'",
			"CREATE TABLE r AS SELECT x FROM k",
			"INSERT OR IGNORE INTO k VALUES ('b')");
		node_check_all(&node, NULL, NULL);
		node_end(&node);
		scratch_remove();
	}
}

/* What no replay can do again is noted in the frame of the pragma itself. */
Test(writer, a_pragma_that_no_replay_can_do_again)
{
	struct node node;
	struct bk_image *image = NULL;

	node_begin(&node, 0);
	node_change(&node, "CREATE TABLE t (x)");
	node_lone(&node, "PRAGMA optimize");
	fails(BK_E_SQL,
		bk_image_open(&image, bk_writer_log(node.writer), node.version, NULL, why()));
	says("cannot be replayed exactly");
	node_end(&node);
}

Test(writer, a_session_that_died_between_off_and_on)
{
	struct node node;

	node_begin(&node, 0);
	node_lone(&node, "PRAGMA foreign_keys = OFF");
	node_busy(&node, 1);
	cr_assert(must_of(&node, -1) == 0x04);
	node_restart(&node);
	sql_run(node.db, "PRAGMA foreign_keys = ON");
	node_busy(&node, 1);
	cr_assert(must_of(&node, -1) == 0x01);
	node_check_all(&node, NULL, NULL);
	node_end(&node);
}

/* "The pragma has no effect inside a transaction": in a change of its own version it does nothing.
 */
Test(writer, a_pragma_that_leads_to_a_version_is_not_lone)
{
	struct node node;

	node_begin(&node, 0);
	ok(append(&node, 2, "PRAGMA foreign_keys = OFF"));
	cr_assert(must_of(&node, -1) == 0);
	ok(append(&node, 3, "SELECT 1"));
	cr_assert(must_of(&node, -1) == 0);
	node_end(&node);
}

/* A failed write: a refusal, then nothing more, and the log as it was. */
Test(writer, a_failed_write_is_final)
{
	static const int results[] = {-ENOSPC, -EIO, -EDQUOT, 0};

	for (size_t i = 0; i < COUNT_OF(results); i++) {
		struct node node;
		size_t before, after;

		node_begin(&node, 0);
		node_busy(&node, 3);
		free(file_bytes(node.path, &before));
		node.io.part_max = 20; /* some of it is written */
		test_io_fail(&node.io, OP_WRITE, 3, results[i]);
		fails(BK_E_IO, append(&node, node.version + 1, "SELECT 1"));
		node.io.part_max = 0;
		free(file_bytes(node.path, &after));
		cr_assert(before == after, "what was written is taken back");
		fails(BK_E_IO, append(&node, node.version + 1, "SELECT 1"));
		fails(BK_E_IO, bk_writer_rewind(node.writer, node.version - 1, why()));
		fails(BK_E_IO, bk_writer_snapshot(node.writer, node.database, BK_SNAPSHOT_GAP, 100,
				       NULL, NULL, why()));
		node_restart(&node);
		cr_assert(bk_writer_version(node.writer) == node.version);
		node_busy(&node, 2);
		node_check_all(&node, NULL, NULL);
		node_end(&node);
		scratch_remove();
	}
}

/* "After a failed sync the handle is poisoned: no retry of the sync, no further acknowledgement" */
Test(writer, a_failed_sync_is_final)
{
	struct node node;

	node_begin(&node, 0);
	node_busy(&node, 3);
	test_io_fail(&node.io, OP_SYNC, 1, -EIO);
	fails(BK_E_IO, append(&node, node.version + 1, "SELECT 1"));
	node.io.calls[OP_SYNC] = node.io.calls[OP_WRITE] = 0;
	fails(BK_E_IO, append(&node, node.version + 1, "SELECT 1"));
	fails(BK_E_IO, append(&node, node.version + 2, "SELECT 1"));
	bk_writer_close(node.writer);
	cr_assert(node.io.calls[OP_SYNC] == 0 && node.io.calls[OP_WRITE] == 0);
	ok(bk_writer_open(&node.writer, &node.io.io, node.path, &node.options, why()));
	cr_assert(bk_writer_version(node.writer) == node.version + 1,
		"it was written, and may have been stored");
	ok(bk_writer_rewind(node.writer, node.version, why()));
	node_busy(&node, 1);
	node_check_all(&node, NULL, NULL);
	node_end(&node);
}

Test(writer, interrupted_calls_go_on)
{
	struct node node;

	node_begin(&node, 2);
	node.io.part_max = 7;
	for (unsigned i = 0; i < 5; i++) {
		node.io.interrupted = 3;
		node_busy(&node, 1);
		node.io.interrupted = 3;
		ok(bk_keyframes_build(node.writer, why()));
		node.io.interrupted = 3;
		node_restart(&node);
	}
	node_check_all(&node, NULL, NULL);
	node_end(&node);
}

/* "the log then stands at VERSION, which must be the one before" */
Test(writer, rewinds)
{
	struct node node;

	node_begin(&node, 2);
	node_busy(&node, 3);                        /* to version 5 */
	ok(bk_keyframes_build(node.writer, why())); /* up to version 4 */
	fails(BK_E_INVALID, bk_writer_rewind(node.writer, 5, why()));
	fails(BK_E_INVALID, bk_writer_rewind(node.writer, 3, why()));
	says("cannot go back to version 3");
	fails(BK_E_INVALID, bk_writer_rewind(node.writer, 6, why()));
	ok(bk_writer_rewind(node.writer, 4, why()));
	cr_assert(bk_writer_version(node.writer) == 4);
	fails(BK_E_INVALID, bk_writer_rewind(node.writer, 3, why()));
	node.version = 4;
	node_restart(&node);
	cr_assert(bk_writer_version(node.writer) == 4);
	fails(BK_E_INVALID, bk_writer_rewind(node.writer, 3, why()));
	ok(append(&node, 5, "UPDATE vars SET intval = 5"));
	ok(bk_writer_rewind(node.writer, 4, why()));
	ok(append(&node, 5, "UPDATE vars SET intval = 5"));
	node_end(&node);
}

/* Section 10, the payload. */
Test(writer, rewind_layout)
{
	struct node node;
	struct forge forge;
	const uint8_t *frame, *kept;
	size_t first;

	node_begin(&node, 0);
	node_busy(&node, 2);
	node_lost(&node, "DELETE FROM busy");
	ok(bk_writer_rewind(node.writer, node.version, why()));
	forge_load(&forge, node.path);
	frame = forge_frame(&forge, forge_find(&forge, REWIND, 0));
	first = forge_find(&forge, CHANGE, -1);
	kept = forge_frame(&forge, forge_find(&forge, CHANGE, -2));
	cr_assert(forge_get(frame + AT_SIZE, 4) == 16 && forge_get(frame + AT_VERSION, 4) == 4);
	cr_assert(forge_get(frame + AT_PAYLOAD, 8) == forge_get(kept + AT_PAYLOAD + 8, 8));
	cr_assert(forge_get(frame + AT_PAYLOAD + 8, 8) == forge.frames[first]);
	forge_done(&forge);
	node_end(&node);
}

static size_t size_of(const struct node *node)
{
	size_t size;

	free(file_bytes(node->path, &size));
	return size;
}

/* A snapshot, or a keyframe, that fails half-way leaves nothing behind: tried again and again it
 * would fill the disk. */
Test(writer, what_fails_half_way_is_cut_off)
{
	struct bk_log_status status;
	struct node node;
	size_t size;

	node_begin(&node, 2);
	node_busy(&node, 3);
	/* Numbers that do not compress well: several pieces of a keyframe. */
	node_change(&node,
		"INSERT INTO busy (data) WITH RECURSIVE c (n, x) AS (SELECT 1, 1 UNION ALL SELECT "
		"n + 1, (x * 1103515245 + 12345) % 2147483648 FROM c WHERE n < 200000) SELECT "
		"group_concat(x) FROM c");
	node_busy(&node, 2);
	size = size_of(&node);
	for (unsigned nth = 2; nth < 8; nth++) {
		test_io_fail(&node.io, OP_WRITE, nth, -ENOSPC);
		fails(BK_E_IO, bk_writer_snapshot(node.writer, node.database, BK_SNAPSHOT_GAP, 1000,
				       NULL, NULL, why()));
		node.io.fail_at = 0;
		cr_assert(size_of(&node) == size, "%zu bytes, and not %zu", size_of(&node), size);
	}
	node_busy(&node, 1);
	ok(bk_log_status(bk_writer_log(node.writer), &status, why()));
	cr_assert(status.keyframes == 1);
	node_check_all(&node, NULL, NULL);
	node_restart(&node);
	node_check_all(&node, NULL, NULL);
	node_end(&node);
}

/* Section 11, the codes and keys. */
Test(writer, events)
{
	static const struct {
		const char *text;
		uint32_t code, version;
	} want[] = {{"program=test\nrelease=", 1, 0}, {"from=2\nto=3\n", 4, 2},
		{"from=3\nto=3\n", 5, 3}, {"", 2, 3}};
	struct node node;
	struct forge forge;

	node_begin(&node, 0);
	node_change(&node, "CREATE TABLE t (x)");
	node_unwatched(&node, "INSERT INTO t VALUES (1)");
	node_snapshot(&node, BK_SNAPSHOT_GAP);
	node_snapshot(&node, BK_SNAPSHOT_REPLAY_FAILED);
	node_end(&node);
	forge_load(&forge, node.path);
	for (size_t i = 0; i < COUNT_OF(want); i++) {
		const uint8_t *frame = forge_frame(&forge, forge_find(&forge, EVENT, (int)i));

		cr_assert(forge_get(frame + AT_PAYLOAD, 4) == want[i].code &&
			  forge_get(frame + AT_VERSION, 4) == want[i].version);
		cr_assert(memcmp(frame + AT_PAYLOAD + 4, want[i].text, strlen(want[i].text)) == 0,
			"event %zu: %.40s", i, (const char *)frame + AT_PAYLOAD + 4);
	}
	forge_done(&forge);
}

Test(writer, free_space)
{
	struct node node;
	uint64_t bytes = 0;

	node_begin(&node, 0);
	ok(bk_writer_free_space(node.writer, &bytes, why()));
	cr_assert(bytes > 0);
	test_io_fail(&node.io, OP_FREE_SPACE, 1, -EIO);
	fails(BK_E_IO, bk_writer_free_space(node.writer, &bytes, why()));
	node_end(&node);
}
