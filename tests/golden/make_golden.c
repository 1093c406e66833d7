/* make_golden.c - makes the golden files: logs of the format as it was released, and damaged ones,
 * each with a text beside it that says what a reader must find (the keys are explained in
 * test_golden.c).
 *
 * Usage: make_golden DIR. Clock, randomness, host and process are fixed. The files in this folder
 * were made once by the release that first wrote the format, and stay as they are: a later release
 * must read them. */
#include "make.h"
#include <bk/image.h>
#include <bk/listing.h>
#include <bk/snapshot.h>
#include <bk/writer.h>
#include <inttypes.h>
#include <xxhash.h>

/* What bk_writer_event asks the system for: in place of libc's. */
int gethostname(char *name, size_t size)
{
	snprintf(name, size, "node");
	return 0;
}

pid_t getpid(void)
{
	return 1;
}

static const char *target;

const char *draft(const char *name, const char *suffix)
{
	char path[300];

	snprintf(path, sizeof path, "%s%s", name, suffix);
	return scratch(path);
}

void deliver(const char *name)
{
	static const char *const suffixes[] = {".bkp", ".txt"};
	char path[500];

	for (size_t i = 0; i < COUNT_OF(suffixes); i++) {
		snprintf(path, sizeof path, "%s/%s%s", target, name, suffixes[i]);
		copy_file(draft(name, suffixes[i]), path);
	}
	scratch_remove();
}

void tell_past(FILE *text, const char *key, const struct past *past)
{
	sqlite3 *db = NULL;

	cr_assert(sqlite3_open(":memory:", &db) == SQLITE_OK, "no database in memory");
	if (past->size)
		cr_assert(sqlite3_deserialize(db, "main", past->bytes, past->size, past->size,
				  SQLITE_DESERIALIZE_READONLY) == SQLITE_OK,
			"%s", sqlite3_errmsg(db));
	fprintf(text, "%s %u %016" PRIx64 "\n", key, past->version, sql_sum(db));
	sqlite3_close(db);
}

/* What is listed, with times, and the pages of versions at which there is a keyframe: as this
 * release reads them. */
static void tell_list(FILE *text, struct bk_log *log)
{
	struct bk_listing *history = NULL;
	struct bk_entry entry;
	bool more = true;

	ok(bk_listing_open_last(&history, log, UINT64_MAX, BK_LISTING_ALL, why()));
	for (ok(bk_listing_next(history, &entry, &more, why())); more;
		ok(bk_listing_next(history, &entry, &more, why())))
		fprintf(text, "entry %u %" PRId64 " 0x%x %u %u\n", entry.version, entry.time_us,
			entry.flags, entry.statements, entry.sql_bytes);
	bk_listing_close(history);
}

static void tell_bytes(FILE *text, struct forge *forge, struct bk_log *log)
{
	for (size_t i = 0; i < forge->count; i++) {
		const uint8_t *frame = forge_frame(forge, i);
		uint32_t version = (uint32_t)forge_get(frame + AT_VERSION, 4);
		struct bk_image *image = NULL;
		uint8_t *bytes;
		size_t size;

		if (frame[AT_KIND] != KEYFRAME)
			continue;
		ok(bk_image_open(&image, log, version, NULL, why()));
		bytes = malloc((size_t)bk_image_size(image) + 1);
		ok(bk_image_read(image, bytes, (size_t)bk_image_size(image), 0, &size, why()));
		fprintf(text, "bytes %u %zu %016" PRIx64 "\n", version, size,
			XXH3_64bits(bytes, size));
		free(bytes);
		bk_image_close(image);
	}
}

/* Everything that the format has: full and delta keyframes, streams, lone pragmas, a rewind, a gap,
 * events, a torn tail. */
static void make_everything(void)
{
	struct node node;
	struct forge forge;
	struct bk_log *log;
	FILE *text = fopen(draft("everything", ".txt"), "w");

	node_begin(&node, 3);
	node_change(&node, "CREATE TABLE peers (id INTEGER PRIMARY KEY, alias TEXT)",
		"CREATE TABLE channels (id INTEGER PRIMARY KEY, peer INTEGER REFERENCES peers (id) "
		"ON "
		"DELETE CASCADE, msat INTEGER, state BLOB)");
	node_change(&node, "INSERT INTO peers VALUES (1, 'alice'), (2, 'bob')",
		"INSERT INTO channels VALUES (1, 1, 5000, x'00ff'), (2, 2, 7000, zeroblob(40))");
	node_lone(&node, "PRAGMA foreign_keys = OFF;");
	node_change(&node,
		"CREATE TABLE new_peers (id INTEGER PRIMARY KEY, alias TEXT, seen INTEGER)",
		"INSERT INTO new_peers SELECT id, alias, 0 FROM peers", "DROP TABLE peers",
		"ALTER TABLE new_peers RENAME TO peers");
	node_lone(&node, "PRAGMA foreign_keys = ON;");
	node_change(&node, "UPDATE channels SET msat = msat + 1");
	node_change(&node, "DELETE FROM peers WHERE id = 2");
	ok(bk_keyframes_build(node.writer, why()));
	node_lost(&node, "DELETE FROM peers");
	node_restart(&node);
	ok(bk_writer_rewind(node.writer, node.version, why()));
	node_change(&node, "INSERT INTO peers VALUES (3, 'carol', 9)");
	node_unwatched(&node, "UPDATE peers SET seen = 10");
	node_unwatched(&node, "UPDATE peers SET seen = 11");
	node_restart(&node);
	node_snapshot(&node, BK_SNAPSHOT_GAP);
	for (unsigned i = 0; i < 5; i++)
		node_change(&node, "INSERT INTO channels (peer, msat) VALUES (3, 100)",
			"UPDATE channels SET state = x'abcd' WHERE peer = 3");
	ok(bk_keyframes_build(node.writer, why()));
	node_change(&node, "UPDATE vars SET blobval = x'01' WHERE name = 'data_version'");
	fprintf(text,
		"# Everything that the format has, and a torn tail.\n"
		"read ok\nwrite ok\nverify clean\nhead %u\nchanges 15\nkeyframes 5\ntorn 33\n"
		"id 5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a\nlost 8 missing\nlost 16 missing\n",
		node.version);
	for (size_t i = 0; i < node.past_count; i++)
		tell_past(text, "rows", &node.past[i]);
	log = bk_writer_log(node.writer);
	tell_list(text, log);
	forge_load(&forge, node.path);
	tell_bytes(text, &forge, log);
	forge_append(&forge, CHANGE, 0, node.version + 1, "never finished", 14);
	forge_seal(&forge);
	forge_cut(&forge, forge.size - 29);
	forge_save(&forge, draft("everything", ".bkp"));
	forge_done(&forge);
	fclose(text);
	node_end(&node);
	deliver("everything");
}

/* Versions that pass 2^32. */
static void make_wrap(void)
{
	struct node node;
	struct forge forge;
	struct bk_log *log;
	FILE *text = fopen(draft("wrap", ".txt"), "w");

	node_begin_with(&node, 2, UINT32_MAX - 2,
		"PRAGMA page_size = 512; CREATE TABLE vars (name, intval); INSERT INTO vars VALUES "
		"('data_version', 4294967293); CREATE TABLE t (x)");
	for (unsigned i = 0; i < 6; i++)
		node_change(&node, "INSERT INTO t VALUES ('a row')");
	ok(bk_keyframes_build(node.writer, why()));
	bk_writer_close(node.writer);
	node.writer = NULL;
	fprintf(text, "# Versions that pass 2^32, in pages of 512 bytes, closed in order.\n"
		      "read ok\nwrite ok\nverify clean\nhead 3\nchanges 6\nkeyframes 3\ntorn 0\n"
		      "lost 4 missing\nlost 4294967292 missing\n");
	for (size_t i = 0; i < node.past_count; i++)
		tell_past(text, "rows", &node.past[i]);
	log = node_log(&node);
	tell_list(text, log);
	forge_load(&forge, node.path);
	tell_bytes(text, &forge, log);
	bk_log_close(log);
	forge_save(&forge, draft("wrap", ".bkp"));
	forge_done(&forge);
	fclose(text);
	node_end(&node);
	deliver("wrap");
}

/* A sealed log, and one that is filled up: what the one who has the key finds, and, SHUT, who has
 * none. */
static void make_sealed(const char *name, const char *how, bool is_shut)
{
	struct node node;
	FILE *text = fopen(draft(name, ".txt"), "w");
	struct forge forge;

	setenv("BK_TEST_SEALED", how, 1);
	node_begin(&node, 3);
	node_busy(&node, 7);
	ok(bk_keyframes_build(node.writer, why()));
	node_lost(&node, "DELETE FROM busy");
	node_restart(&node);
	ok(bk_writer_rewind(node.writer, node.version, why()));
	node_busy(&node, 2);
	bk_writer_close(node.writer);
	node.writer = NULL;
	fprintf(text, "# Section 13: a sealed log%s, with a rewind, closed in order.\n",
		strcmp(how, "padded") == 0 ? " whose frames are filled up" : "");
	if (is_shut)
		fputs("read sealed\nwrite sealed\nverify clean\n", text);
	else
		fprintf(text, "key\nread ok\nwrite ok\nverify clean\nhead %u\n", node.version);
	for (size_t i = 0; !is_shut && i < node.past_count; i++)
		tell_past(text, "rows", &node.past[i]);
	forge_load(&forge, node.path);
	forge_save(&forge, draft(name, ".bkp"));
	forge_done(&forge);
	fclose(text);
	node_end(&node);
	deliver(name);
	unsetenv("BK_TEST_SEALED");
}

/* The worked example of docs/format.md, 14: its bytes stand there, and nowhere else. */
static void make_example(void)
{
	static const char sql[] = "CREATE TABLE vars AS SELECT 'data_version' AS name, 1 AS intval";
	struct bk_slice slice = {sql, sizeof sql - 1};
	struct bk_change change = {.version = 1, .statements = &slice, .statement_count = 1};
	struct bk_writer_options options = {.program = "example"};
	struct bk_writer *writer = NULL;
	struct test_io io;
	uint32_t version;
	char path[500];

	test_io_init(&io);
	ok(bk_log_create(&io.io, scratch("example"), NULL, 0, NULL, NULL, &version, why()));
	ok(bk_writer_open(&writer, &io.io, scratch("example"), &options, why()));
	ok(bk_writer_append(writer, &change, why()));
	snprintf(path, sizeof path, "%s/example", target);
	copy_file(scratch("example"), path);
	bk_writer_close(writer);
	scratch_remove();
}

int main(int argc, char **argv)
{
	if (argc != 2) {
		fprintf(stderr, "Usage: make_golden DIR\n");
		return 2;
	}
	target = argv[1];
	make_everything();
	make_sealed("sealed", "1", false);
	make_sealed("sealed-padded", "padded", false);
	make_sealed("sealed-shut", "1", true);
	make_wrap();
	make_broken();
	make_example();
	return 0;
}
