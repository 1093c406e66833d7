/* make_seeds.c - the corpora's beginnings, cut from a real log.
 *
 * usage: fuzz_make_seeds FOLDER   (the folder that holds corpus/) */
#include "codec.h"
#include "fuzz.h"
#include "log.h"
#include "seeds.h"
#include "simfs.h"
#include <bk/keyframer.h>
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

/* A database of pages of 512 bytes, at version 1. */
static void make_database(const char *path)
{
	sqlite3 *db;

	REQUIRE(sqlite3_open(path, &db) == SQLITE_OK);
	REQUIRE(sqlite3_exec(db,
			"PRAGMA page_size = 512;"
			"CREATE TABLE vars (name TEXT PRIMARY KEY, intval INTEGER);"
			"INSERT INTO vars VALUES ('data_version', 1);"
			"CREATE TABLE t (id INTEGER PRIMARY KEY, x BLOB);"
			"INSERT INTO t (x) VALUES ('one'), (zeroblob(900)), ('three');",
			NULL, NULL, NULL) == SQLITE_OK);
	sqlite3_close(db);
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

/* A log with an event, changes, a lone pragma, a rewind, delta keyframes, a snapshot. */
static void make_log(struct simfs *fs, const char *database)
{
	struct bk_writer_options options = {.program = "seed", .interval_changes = 2};
	struct bk_writer *writer;
	struct bk_error err;
	uint32_t version;

	REQUIRE(!bk_log_create(simfs_io(fs), PATH, database, 100, NULL, NULL, &version, &err));
	REQUIRE(!bk_writer_open(&writer, simfs_io(fs), PATH, &options, &err));
	append(writer, 2, "INSERT INTO t (x) VALUES ('four')");
	append(writer, 3, "UPDATE t SET x = 'two' WHERE id = 2");
	append(writer, 4, "DELETE FROM t WHERE id = 1");
	REQUIRE(!bk_writer_rewind(writer, 3, &err));
	append(writer, 4, "DELETE FROM t WHERE id = 3");
	append(writer, 4, "PRAGMA foreign_keys = OFF;");
	append(writer, 5, "INSERT INTO t (x) VALUES ('five')");
	REQUIRE(!bk_keyframes_build(writer, &err));
	append(writer, 6, "INSERT INTO t (x) VALUES ('six')");
	append(writer, 7, "INSERT INTO t (x) VALUES ('seven')");
	REQUIRE(!bk_keyframes_build(writer, &err));
	bk_writer_close(writer);
}

static uint8_t *put_seed_head(uint8_t *at, const struct frame_head *head)
{
	*at++ = 0;
	*at++ = head->kind;
	*at++ = head->must;
	at = bk_put_u32(at, head->version);
	at = bk_put_u64(at, (uint64_t)head->time_us);
	at = bk_put_u64(at, head->keyframe);
	at = bk_put_u32(at, head->unsynced);
	return bk_put_u16(at, (uint16_t)head->size);
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
	uint8_t seed[65536], *at = seed;

	REQUIRE(!bk_logfile_open(&lf, simfs_io(fs), PATH, BK_IO_READ, &err));
	REQUIRE(!bk_logfile_find_end(&lf, &end, &err));
	bk_walk_init(&walk, &lf, WALK_CHUNK_MANY);
	for (uint64_t offset = LOG_HEADER_SIZE; offset < end.end; offset = bk_frame_end(&frame)) {
		REQUIRE(!bk_walk_frame(&walk, offset, &frame, &err));
		save_frame(root, &frame);
		at = put_seed_head(at, &frame.head);
		memcpy(at, frame.payload, frame.head.size);
		at += frame.head.size;
	}
	save(root, "log", "seed", seed, (size_t)(at - seed));
	bk_walk_done(&walk);
	bk_logfile_close(&lf);
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
	struct simfs *fs = simfs_new(1);

	REQUIRE(argc == 2 && mkstemp(database) >= 0);
	make_database(database);
	make_log(fs, database);
	cut_log(argv[1], fs);
	save_image(argv[1], database);
	unlink(database);
	simfs_free(fs);
	return EXIT_SUCCESS;
}
