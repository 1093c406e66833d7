/* test_verify.c - what verify says of a log: that it is whole, what is wrong, what cannot be
 * rebuilt. */
#include "build.h"
#include "forge.h"
#include "image.h"
#include "node.h"
#include <bk/restore.h>
#include <bk/snapshot.h>
#include <bk/verify.h>
#include <bk/writer.h>

SUITE(verify);

static const struct bk_against_options against = {.busy_ms = 100};

/* What one verification said. */
struct said {
	struct bk_verify_result result;
	char findings[4096]; /* a line each */
	char lost[256];      /* "13-30;" each */
};

static void on_finding(void *ctx, uint64_t offset, const char *what)
{
	struct said *said = ctx;
	size_t used = strlen(said->findings);

	(void)offset;
	snprintf(said->findings + used, sizeof said->findings - used, "%s\n", what);
}

static void on_lost(void *ctx, uint32_t from, uint32_t to)
{
	struct said *said = ctx;
	size_t used = strlen(said->lost);

	snprintf(said->lost + used, sizeof said->lost - used, "%u-%u;", from, to);
}

static struct said verify(struct node *node, const char *path, bool deep)
{
	struct said said = {0};
	struct bk_verify_options options = {
		.deep = deep, .threads = 2, .finding = on_finding, .lost = on_lost, .ctx = &said};

	ok(bk_verify(&node->io.io, path, &options, &said.result, why()));
	return said;
}

static bool is_restorable(const struct said *said)
{
	return said->result.verdict.answer == BK_VERDICT_YES;
}

static void is_well(const struct said *said, uint32_t head)
{
	cr_assert(!said->result.findings && !said->result.lost, "%s%s", said->findings, said->lost);
	cr_assert(said->result.head_known && said->result.head == head);
	cr_assert(is_restorable(said));
}

Test(verify, a_whole_log)
{
	struct node node;
	struct said said;

	node_begin(&node, 10);
	said = verify(&node, node.path, true);
	is_well(&said, 1);
	node_busy(&node, 55);
	ok(bk_keyframes_build(node.writer, why()));
	node_busy(&node, 3);
	said = verify(&node, node.path, false);
	is_well(&said, node.version);
	cr_assert(said.result.changes == node.version && said.result.keyframes > 5);
	cr_assert(!said.result.rebuilt && !said.result.pages);
	said = verify(&node, node.path, true);
	is_well(&said, node.version);
	cr_assert(said.result.rebuilt == said.result.keyframes && said.result.pages > 5);
	node_end(&node);
}

Test(verify, an_empty_log)
{
	struct said said;
	struct test_io io;
	struct node node;
	uint32_t version;

	test_io_init(&io);
	node.io = io;
	ok(bk_log_create(&node.io.io, scratch("log"), NULL, 0, NULL, NULL, &version, why()));
	said = verify(&node, scratch("log"), true);
	cr_assert(!said.result.findings && !said.result.lost, "%s%s", said.findings, said.lost);
	cr_assert(said.result.verdict.answer == BK_VERDICT_NOTHING);
}

/* "can be restored" is only said of what can be. */
Test(verify, a_head_that_cannot_be_replayed)
{
	struct bk_restore_result result;
	struct node node;
	struct said said;
	uint32_t bad;

	node_begin(&node, 0);
	node_busy(&node, 8);
	bad = node.version + 1;
	node_lost(&node, "INSERT INTO nowhere VALUES (1)");
	node_unwatched(&node, "CREATE TABLE nowhere (x)");
	node_busy(&node, 4);
	fails(BK_E_SQL,
		bk_restore(bk_writer_log(node.writer), scratch("out"), NULL, &result, why()));
	for (int deep = 0; deep < 2; deep++) {
		char lost[32];

		said = verify(&node, node.path, deep);
		cr_assert(said.result.findings == 1 && !is_restorable(&said));
		cr_assert(strstr(said.findings, "cannot be rebuilt") &&
				  strstr(said.findings, "no such table: nowhere"),
			"%s", said.findings);
		snprintf(lost, sizeof lost, "%u-%u;", bad, node.version);
		cr_assert(strcmp(said.lost, lost) == 0, "%s", said.lost);
	}
	node_end(&node);
}

/* Below a snapshot that healed it, --deep names the versions, and calls it no damage. */
Test(verify, changes_that_cannot_be_replayed_below_a_snapshot)
{
	struct node node;
	struct said said;
	char lost[32];
	uint32_t bad;

	node_begin(&node, 0);
	node_busy(&node, 8);
	bad = node.version + 1;
	node_lost(&node, "INSERT INTO nowhere VALUES (1)");
	node_unwatched(&node, "CREATE TABLE nowhere (x)");
	node_busy(&node, 4);
	snprintf(lost, sizeof lost, "%u-%u;", bad, node.version - 1);
	node_snapshot(&node, BK_SNAPSHOT_REPLAY_FAILED);
	node_busy(&node, 4);
	said = verify(&node, node.path, false);
	is_well(&said, node.version);
	said = verify(&node, node.path, true);
	cr_assert(!said.result.findings && is_restorable(&said), "%s", said.findings);
	cr_assert(said.result.gaps == 1);
	cr_assert(strcmp(said.lost, lost) == 0, "%s, should be %s", said.lost, lost);
	node_end(&node);
}

/* Writes the next delta keyframe, but for one byte of one page: its sums are right all the same. */
static void write_wrong_keyframe(struct node *node)
{
	struct state *state = &bk_writer_log(node->writer)->state;
	struct build_result result = {.session = state->session};
	struct bk_image *image = NULL;
	struct bk_entry *entries;
	struct build build;
	uint32_t *pages;
	size_t count;

	ok(bk_build_begin(&build, node->writer, false, why()));
	cr_assert(bk_state_closed_interval(state, &result.next, &result.entry_count));
	entries = malloc(result.entry_count * sizeof *entries);
	memcpy(entries, state->tail, result.entry_count * sizeof *entries);
	result.entries = entries;
	ok(bk_image_open_keyframe(&image, build.writer->log, build.below, NULL, why()));
	ok(bk_image_advance(image, entries, result.entry_count, NULL, why()));
	pages = bk_overlay_dirty(&image->overlay, &count);
	cr_assert(pages && count > 1);
	build.page_size = bk_image_page_size(image);
	for (size_t i = 0; i < count; i++) {
		uint8_t page[PAGE_SIZE_MAX];

		ok(bk_image_read_page(image, pages[i], page, why()));
		page[build.page_size - 1] ^= i == count - 1;
		ok(bk_build_page(&build, pages[i], page, NULL, why()));
	}
	result.version = image->version;
	result.page_size = build.page_size;
	result.page_count = bk_image_page_count(image);
	result.time_us = TEST_NOW_US;
	result.history = image->history;
	ok(bk_build_finish(&build, &result, why()));
	free(pages);
	free(entries);
	bk_image_close(image);
	bk_build_done(&build);
}

/* Nothing but a replay can tell that. */
Test(verify, a_keyframe_that_is_not_what_its_changes_lead_to)
{
	struct node node;
	struct said said;

	node_begin(&node, 10);
	node_busy(&node, 25);
	write_wrong_keyframe(&node);
	node_busy(&node, 2);
	said = verify(&node, node.path, false);
	cr_assert(!said.result.findings, "%s", said.findings);
	said = verify(&node, node.path, true);
	cr_assert(said.result.findings && strstr(said.findings, "is not what its changes lead to"),
		"%s", said.findings);
	node_end(&node);
}

/* What was struck out is not replayed. */
Test(verify, a_change_that_was_struck_out)
{
	struct node node;
	struct said said;

	node_begin(&node, 10);
	node_busy(&node, 12);
	node_lost(&node, "INSERT INTO nowhere VALUES (1)");
	ok(bk_writer_rewind(node.writer, node.version, why()));
	node_busy(&node, 20);
	ok(bk_keyframes_build(node.writer, why()));
	said = verify(&node, node.path, true);
	is_well(&said, node.version);
	node_end(&node);
}

Test(verify, against_a_database)
{
	struct bk_against_result result = {0};
	struct node node;

	node_begin(&node, 10);
	node_busy(&node, 25);
	ok(bk_verify_against(bk_writer_log(node.writer), node.database, &against, &result, why()));
	cr_assert(result.version == node.version && result.head == node.version);
	cr_assert(!result.differences && result.tables == 2 && result.rows > 2, "%s", result.first);
	sql_run(node.db, "UPDATE busy SET note = 'other' WHERE id = (SELECT max(id) FROM busy)");
	ok(bk_verify_against(bk_writer_log(node.writer), node.database, &against, &result, why()));
	cr_assert(result.differences && strstr(result.first, "busy"), "%s", result.first);
	node_unwatched(&node, "DELETE FROM busy");
	ok(bk_verify_against(bk_writer_log(node.writer), node.database, &against, &result, why()));
	cr_assert(!result.is_held && !bk_against_is_same(&result));
	node_end(&node);
}

/* One byte in the first keyframe costs what stands on it, and no more. */
Test(verify, a_damaged_first_keyframe)
{
	struct bk_restore_result result;
	struct node node;
	struct forge forge;
	struct said said;
	struct bk_log *log;

	node_begin(&node, 10);
	node_busy(&node, 55);
	ok(bk_keyframes_build(node.writer, why()));
	node_busy(&node, 2);
	forge_load(&forge, node.path);
	*(forge_frame(&forge, forge_find(&forge, KEYFRAME, 0)) + AT_PAYLOAD) ^= 1;
	forge_save(&forge, scratch("bad"));
	forge_done(&forge);
	said = verify(&node, scratch("bad"), false);
	cr_assert(said.result.findings && is_restorable(&said), "%s", said.findings);
	cr_assert(strcmp(said.lost, "1-9;") == 0, "%s", said.lost);
	ok(bk_log_open(&log, &node.io.io, scratch("bad"), why()));
	for (uint32_t version = 10; version <= node.version; version++)
		node_check(&node, log, version, &(struct bk_image_options){.past_damage = true});
	ok(bk_restore(log, scratch("out"), NULL, &result, why()));
	free(result.path);
	bk_log_close(log);
	node_end(&node);
}

/* A node's connection that commits whenever the log is read. */
static struct {
	sqlite3 *db;
	int64_t (*pread)(void *, int, void *, size_t, uint64_t);
	unsigned reads;
	int rc; /* of the first commit that failed */
} committer;

static int64_t commit_and_read(void *ctx, int fd, void *data, size_t size, uint64_t offset)
{
	int rc = sqlite3_exec(committer.db, "BEGIN IMMEDIATE; UPDATE busy SET note = note; COMMIT",
		NULL, NULL, NULL);

	committer.reads++;
	if (!committer.rc)
		committer.rc = rc;
	return committer.pread(ctx, fd, data, size, offset);
}

/* "its lock, for which lightningd's commits wait, is held for that alone" */
Test(verify, against_a_database_that_goes_on)
{
	struct bk_against_result result = {0};
	struct bk_log *log;
	struct node node;

	node_begin(&node, 10);
	log = node_log(&node);
	node_busy(&node, 25); /* the log is behind, until it is refreshed */
	ok(bk_keyframes_build(node.writer, why()));
	committer.db = sql_open(node.database);
	committer.pread = node.io.ops.pread;
	node.io.ops.pread = commit_and_read;
	ok(bk_verify_against(log, node.database, &against, &result, why()));
	node.io.ops.pread = committer.pread;
	cr_assert(committer.reads > 2 && committer.rc == SQLITE_OK, "%u reads, a commit gives %d",
		committer.reads, committer.rc);
	cr_assert(result.version == node.version && result.head == node.version);
	cr_assert(!result.differences && result.tables == 2, "%s", result.first);
	cr_assert(sqlite3_total_changes(committer.db) > 0);
	sqlite3_close(committer.db);
	bk_log_close(log);
	node_end(&node);
}

/* "Damaged keyframes are passed over, as bk_restore does." */
Test(verify, against_a_database_past_damage)
{
	struct bk_against_result result = {0};
	struct bk_log *log = NULL;
	struct forge forge;
	struct node node;

	node_begin(&node, 4);
	node_busy(&node, 30);
	ok(bk_keyframes_build(node.writer, why()));
	node_busy(&node, 2);
	forge_load(&forge, node.path);
	for (int nth = -1; nth >= -3; nth--)
		memset(forge_frame(&forge, forge_find(&forge, PAGES, nth)) + AT_PAYLOAD, 0xee, 30);
	forge_save(&forge, scratch("bad"));
	ok(bk_log_open(&log, &node.io.io, scratch("bad"), why()));
	ok(bk_verify_against(log, node.database, &against, &result, why()));
	cr_assert(result.version == node.version && !result.differences && result.rows > 2);
	bk_log_close(log);
	forge_frame(&forge, forge_find(&forge, CHANGE, 24))[AT_PAYLOAD + 20] ^= 1;
	forge_save(&forge, scratch("worse"));
	ok(bk_log_open(&log, &node.io.io, scratch("worse"), why()));
	fails(BK_E_DAMAGE, bk_verify_against(log, node.database, &against, &result, why()));
	bk_log_close(log);
	forge_done(&forge);
	node_end(&node);
}

Test(verify, against_a_database_in_wal_mode)
{
	struct bk_against_result result = {0};
	struct node node;

	node_begin(&node, 10);
	sql_run(node.db, "PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0");
	node_busy(&node, 15);
	ok(bk_verify_against(bk_writer_log(node.writer), node.database, &against, &result, why()));
	cr_assert(result.version == node.version && !result.differences, "%s", result.first);
	node_end(&node);
}

/* Rules 5 and 6: zeros at the end are nothing to be told; with frames behind them the file is a
 * copy that was taken while the log grew, wherever in it that is. */
Test(verify, zeros)
{
	struct node node;
	struct said said;
	struct forge forge;
	size_t at;

	node_begin(&node, 4);
	node_busy(&node, 12);
	ok(bk_keyframes_build(node.writer, why()));
	node_busy(&node, 2);
	forge_load(&forge, node.path);
	forge_save(&forge, scratch("zeros"));
	cr_assert(truncate(scratch("zeros"), (off_t)forge.size + 262144) == 0);
	said = verify(&node, scratch("zeros"), true);
	is_well(&said, node.version);
	cr_assert(!said.result.torn_bytes && !said.result.copied_at);
	at = forge_find(&forge, CHANGE, -2);
	memset(forge_frame(&forge, at), 0, forge_frame_size(&forge, at));
	forge_save(&forge, scratch("copy"));
	said = verify(&node, scratch("copy"), true);
	is_well(&said, node.version - 2);
	cr_assert(said.result.copied_at == forge.frames[at] && !said.result.torn_bytes);
	at = forge_find(&forge, CHANGE, 5);
	memset(forge_frame(&forge, at), 0, forge_frame_size(&forge, at));
	forge_save(&forge, scratch("copy"));
	said = verify(&node, scratch("copy"), false);
	cr_assert(strstr(said.findings, "a copy that was taken while the log grew"), "%s",
		said.findings);
	forge_done(&forge);
	node_end(&node);
}

/* What could not be replayed and was healed by a snapshot is told as a gap, and is no damage. */
Test(verify, what_was_healed_is_no_damage)
{
	struct node node;
	struct said said;

	node_begin(&node, 10);
	node_change(&node, "CREATE TABLE full (id INTEGER PRIMARY KEY, x)",
		"INSERT INTO full VALUES (9223372036854775807, 'last')");
	node_change(&node, "INSERT INTO full (x) VALUES ('by chance')");
	node_change(&node, "INSERT INTO full (x) VALUES ('and again')");
	said = verify(&node, node.path, true);
	cr_assert(said.result.findings, "nothing leads to the head yet");
	node_snapshot(&node, BK_SNAPSHOT_REPLAY_FAILED);
	said = verify(&node, node.path, true);
	cr_assert(!said.result.findings && said.result.gaps == 1, "%s", said.findings);
	cr_assert(is_restorable(&said));
	node_end(&node);
}

#define PARTS 3

static struct said verify_part(struct node *node, const char *path, unsigned part)
{
	struct said said = {0};
	struct bk_verify_options options = {
		.part = part, .parts = PARTS, .finding = on_finding, .lost = on_lost, .ctx = &said};

	ok(bk_verify(&node->io.io, path, &options, &said.result, why()));
	return said;
}

/* A log of many keyframes, one of them full. */
static void begin_parts(struct node *node)
{
	node_begin(node, 8);
	for (int i = 0; i < 16; i++) {
		node_busy(node, 9);
		ok(bk_keyframes_build(node->writer, why()));
		if (i == 7)
			node_snapshot(node, BK_SNAPSHOT_GAP);
	}
}

/* Each byte belongs to a part, which it keeps when the log grows: what is read of all parts
 * together is the log, and once more for each but the first what stands behind the last keyframe.
 */
Test(verify, parts_are_all_of_the_log)
{
	struct node node;
	struct said said, parts[PARTS];
	uint64_t bytes = 0, most = 0;

	begin_parts(&node);
	said = verify(&node, node.path, false);
	for (unsigned part = 1; part <= PARTS; part++) {
		parts[part - 1] = verify_part(&node, node.path, part);
		is_well(&parts[part - 1], node.version);
		bytes += parts[part - 1].result.bytes;
		if (parts[part - 1].result.bytes > most)
			most = parts[part - 1].result.bytes;
	}
	cr_assert(bytes >= said.result.bytes && most < said.result.bytes * 2 / 3,
		"%llu bytes of %llu, and %llu in one", (unsigned long long)bytes,
		(unsigned long long)said.result.bytes, (unsigned long long)most);
	node_end(&node);
}

Test(verify, damage_is_found_by_the_part_that_it_is_in)
{
	struct node node;
	struct forge forge;
	unsigned found[PARTS] = {0};

	begin_parts(&node);
	forge_load(&forge, node.path);
	for (size_t i = 0; i < forge.count; i += 7) {
		unsigned finders = 0;

		forge_frame(&forge, i)[AT_PAYLOAD + 2] ^= 1;
		forge_save(&forge, scratch("copy"));
		forge_frame(&forge, i)[AT_PAYLOAD + 2] ^= 1;
		for (unsigned part = 1; part <= PARTS; part++) {
			struct said said = verify_part(&node, scratch("copy"), part);

			cr_assert(!*said.lost);
			finders += said.result.findings > 0 || said.result.torn_bytes;
			found[part - 1] += said.result.findings > 0;
		}
		cr_assert(finders, "frame %zu, at offset %zu", i, forge.frames[i]);
	}
	cr_assert(found[0] && found[1] && found[2]);
	forge_done(&forge);
	node_end(&node);
}
