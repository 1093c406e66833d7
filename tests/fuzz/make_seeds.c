/* make_seeds.c - the corpora's beginnings, cut from a real log.
 *
 * usage: fuzz_make_seeds FOLDER   (the folder that holds corpus/) */
#include "codec.h"
#include "fuzz.h"
#include "log.h"
#include "simfs.h"
#include "writer.h"
#include <bk/follower.h>
#include <bk/snapshot.h>
#include <bk/writer.h>
#include <sqlite3.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PATH "/log/seed.bkp"

static void save(
	const char *root, const char *target, const char *name, const void *data, size_t size)
{
	char path[4096];
	FILE *file;

	snprintf(path, sizeof path, "%s/corpus/%s", root, target);
	mkdir(path, 0777);
	snprintf(path, sizeof path, "%s/corpus/%s/%s", root, target, name);
	file = fopen(path, "wb");
	REQUIRE(file && fwrite(data, 1, size, file) == size && !fclose(file));
}

static void run_sql(const char *path, const char *sql)
{
	sqlite3 *db;

	REQUIRE(sqlite3_open(path, &db) == SQLITE_OK);
	REQUIRE(sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK);
	sqlite3_close(db);
}

/* A database of pages of 512 bytes, at version 1. */
static void make_database(const char *path)
{
	run_sql(path, "PRAGMA page_size = 512;"
		      "CREATE TABLE vars (name TEXT PRIMARY KEY, intval INTEGER, blobval BLOB);"
		      "INSERT INTO vars VALUES ('data_version', 1, NULL);"
		      "INSERT INTO vars VALUES ('node_id', NULL, x'02abcdef');"
		      "CREATE TABLE t (id INTEGER PRIMARY KEY, x BLOB);"
		      "INSERT INTO t (x) VALUES ('one'), (zeroblob(900)), ('three');");
}

static void append(struct bk_writer *writer, uint32_t version, const char *sql)
{
	struct bk_slice statements[2] = {{sql, strlen(sql)}};
	struct bk_change change = {version, statements, 1};
	struct bk_error err;
	char update[80];

	snprintf(update, sizeof update, "UPDATE vars SET intval = %u WHERE name = 'data_version'",
		version);
	if (strncmp(sql, "PRAGMA", 6) != 0) {
		statements[1] = (struct bk_slice){update, strlen(update)};
		change.statement_count = 2;
	}
	REQUIRE(!bk_writer_append(writer, &change, &err));
}

static void event(struct bk_writer *writer, enum event_code code, const char *text)
{
	struct bk_error err;

	REQUIRE(!bk_writer_event(writer, code, text, &err));
}

static struct bk_writer *open_writer(struct simfs *fs, unsigned interval)
{
	struct bk_writer_options options = {.program = "seed", .interval_changes = interval};
	struct bk_writer *writer;
	struct bk_error err;

	REQUIRE(!bk_writer_open(&writer, simfs_io(fs), PATH, &options, &err));
	return writer;
}

/* A log with events of each code, changes, a lone pragma, a rewind, delta keyframes with notes, a
 * doubt that stays open over the end of an interval. */
static void make_log(struct simfs *fs)
{
	struct bk_writer *writer = open_writer(fs, 2);
	struct bk_error err;

	event(writer, EVENT_CUT, "bytes=5\n");
	append(writer, 2, "INSERT INTO t (x) VALUES ('four')");
	append(writer, 3, "UPDATE t SET x = 'two' WHERE id = 2");
	event(writer, EVENT_SEEN, "version=3\ncounter=7\ninode=5\nmtime=1\nctime=1\nsize=2048\n");
	append(writer, 4, "DELETE FROM t WHERE id = 1");
	REQUIRE(!bk_writer_rewind(writer, 3, &err));
	append(writer, 4, "DELETE FROM t WHERE id = 3");
	append(writer, 4, "PRAGMA foreign_keys = OFF;");
	event(writer, EVENT_DOUBT, "why=the session before was not closed\n");
	append(writer, 5, "INSERT INTO t (x) VALUES ('five')");
	REQUIRE(!bk_keyframes_build(writer, &err));
	append(writer, 6, "INSERT INTO t (x) VALUES ('six')");
	append(writer, 7, "INSERT INTO t (x) VALUES ('seven')");
	REQUIRE(!bk_keyframes_build(writer, &err));
	event(writer, EVENT_SETTLED, "by=comparison\n");
	bk_writer_close(writer);
}

/* One that a full keyframe healed, and that another log then succeeded. */
static void make_healed(struct simfs *fs, const char *database)
{
	struct put put = {.kind = FRAME_SUCCEEDED};
	struct bk_writer *writer = open_writer(fs, 2);
	struct bk_buf frame;
	struct bk_error err;
	uint64_t offset;

	append(writer, 2, "INSERT INTO t (x) VALUES ('four')");
	run_sql(database, "INSERT INTO t (x) VALUES (zeroblob(2000));"
			  "UPDATE vars SET intval = 5 WHERE name = 'data_version'");
	REQUIRE(!bk_writer_snapshot(writer, database, BK_SNAPSHOT_GAP, 100, NULL, NULL, &err));
	append(writer, 6, "INSERT INTO t (x) VALUES ('six')");
	event(writer, EVENT_SEEN, "version=6\ncounter=9\ninode=5\nmtime=1\nctime=1\nsize=4096\n");
	put.version = bk_writer_version(writer);
	put.time_us = bk_writer_now_us(writer);
	bk_buf_init(&frame, 4096);
	REQUIRE(!bk_put_begin(&frame, &err));
	REQUIRE(!bk_buf_append(&frame, "successor of log", PAYLOAD_REWIND_SIZE, &err));
	REQUIRE(!bk_writer_put(writer, &put, &frame, &offset, &err));
	REQUIRE(!bk_writer_sync(writer, &err));
	bk_buf_done(&frame);
	bk_writer_leave(writer);
}

/* One of more keyframes than a link of the first level leads over. */
static void make_long(struct simfs *fs)
{
	struct bk_writer *writer = open_writer(fs, 1);
	struct bk_error err;

	for (uint32_t version = 2; version < 22; version++) {
		append(writer, version, "UPDATE t SET x = id WHERE id = 1");
		REQUIRE(!bk_keyframes_build(writer, &err));
	}
	bk_writer_leave(writer);
}

/* A keyframe as fuzz_keyframe takes it. */
static void save_keyframe(const char *root, const char *name, const struct frame *frame)
{
	uint8_t *seed = malloc(32 + frame->head.size), *at;

	REQUIRE(seed);
	at = bk_put_u64(seed, frame->offset);
	at = bk_put_u64(at, frame->head.keyframe);
	at = bk_put_u64(at, (uint64_t)frame->head.time_us);
	at = bk_put_u32(at, frame->head.version);
	bk_put_u32(at, frame->head.must);
	memcpy(seed + 32, frame->payload, frame->head.size);
	save(root, "keyframe", name, seed, 32 + frame->head.size);
	free(seed);
}

static void save_map(const char *root, const char *name, const struct frame *frame)
{
	uint8_t *seed = malloc(8 + frame->head.size);

	REQUIRE(seed);
	bk_put_u64(seed, frame->offset);
	memcpy(seed + 8, frame->payload, frame->head.size);
	save(root, "map", name, seed, 8 + frame->head.size);
	free(seed);
}

static void save_frame(const char *root, const struct frame *frame)
{
	char name[32];

	snprintf(name, sizeof name, "seed%04u", (unsigned)frame->offset);
	save(root, "frame", name, frame->payload - FRAME_HEAD_SIZE,
		(size_t)bk_frame_size(&frame->head));
	switch (frame->head.kind) {
	case FRAME_KEYFRAME:
		save_keyframe(root, name, frame);
		break;
	case FRAME_MAP:
		save_map(root, name, frame);
		break;
	case FRAME_PAGES:
		save(root, "record", name, frame->payload, frame->head.size);
		break;
	}
}

static void cut_log(const char *root, struct simfs *fs)
{
	struct bk_error err;
	struct logfile lf;
	struct log_end end;
	struct walk walk;
	struct frame frame;

	REQUIRE(!bk_logfile_open(&lf, simfs_io(fs), PATH, BK_IO_READ, &err));
	REQUIRE(!bk_logfile_find_end(&lf, &end, &err));
	bk_walk_init(&walk, &lf, WALK_CHUNK_MANY);
	for (uint64_t offset = LOG_HEADER_SIZE; offset < end.end; offset = bk_frame_end(&frame)) {
		REQUIRE(!bk_walk_frame(&walk, offset, &frame, &err));
		save_frame(root, &frame);
	}
	bk_walk_done(&walk);
	bk_logfile_close(&lf);
}

/* A new log over DATABASE. */
static struct simfs *begin_log(const char *database)
{
	struct simfs *fs = simfs_new(1);
	struct bk_error err;
	uint32_t version;

	REQUIRE(!bk_log_create(simfs_io(fs), PATH, database, 100, NULL, NULL, &version, &err));
	return fs;
}

static void save_log(const char *root, const char *name, struct simfs *fs)
{
	uint8_t *data;
	size_t size;

	REQUIRE(simfs_peek(fs, PATH, &data, &size));
	save(root, "log", name, data, size);
	simfs_free(fs);
}

static void save_logs(const char *root, const char *database)
{
	struct simfs *fs = begin_log(database);

	make_log(fs);
	cut_log(root, fs);
	save_log(root, "seed", fs);
	fs = begin_log(database);
	make_long(fs);
	save_log(root, "seed-long", fs);
	save_log(root, "seed-empty", begin_log(NULL));
	fs = begin_log(database);
	make_healed(fs, database);
	save_log(root, "seed-healed", fs);
}

static void save_image(const char *root, const char *database)
{
	uint8_t seed[16384] = {2, 4, 2, 6, 2, 8, 2, 5};
	FILE *file = fopen(database, "rb");
	size_t size;

	REQUIRE(file);
	size = fread(seed + 8, 1, sizeof seed - 8, file);
	fclose(file);
	save(root, "image", "seed", seed, size + 8);
}

int main(int argc, char **argv)
{
	char database[] = "/tmp/fuzz_seed.XXXXXX";

	REQUIRE(argc == 2 && mkstemp(database) >= 0);
	make_database(database);
	save_image(argv[1], database);
	save_logs(argv[1], database);
	unlink(database);
	return EXIT_SUCCESS;
}
