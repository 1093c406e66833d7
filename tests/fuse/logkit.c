/* logkit.c - logs made for tests. */
#include "logkit.h"
#include "mountkit.h"
#include "trace.h"
#include <bk/compact.h>
#include <bk/follower.h>
#include <bk/image.h>
#include <bk/keyring.h>
#include <bk/seal.h>
#include <bk/snapshot.h>
#include <bk/successor.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MADE_UP_SEED  20261122
#define MADE_UP_CALLS UINT64_C(100000000)

static struct bk_io_ops ops;
static struct bk_io io = {.ops = &ops};
static int64_t now;
static struct bk_writer *writer;
static struct trace *played;

static int no_sync(void *ctx, int fd)
{
	(void)ctx;
	(void)fd;
	return 0;
}

static int64_t clock_of_log(void *ctx)
{
	(void)ctx;
	return now;
}

static void io_make(void)
{
	ops = *bk_io_posix()->ops;
	ops.datasync = no_sync;
	ops.now_us = clock_of_log;
	now = LOG_BEGIN_US;
}

bool has_trace(const char *trace)
{
	bool is_there = traces_dir() && access(trace_file(trace, "trace.jsonl.zst"), R_OK) == 0;

	if (!is_there)
		printf("skipped: no traces\n");
	return is_there;
}

const char *trace_file(const char *trace, const char *name)
{
	static char path[PATH_MAX];

	snprintf(path, sizeof path, "%s/%s/%s", traces_dir(), trace, name);
	return path;
}

/* Where the logs are to be sealed: a key file, which opens them for the mount too. */
static struct bk_seal *seal_make(void)
{
	const char *key = path_of(MOUNT_KEY);
	struct bk_seal *seal;

	if (!getenv("BK_TEST_SEALED"))
		return NULL;
	if (access(key, F_OK) != 0)
		ok(bk_keyfile_make(bk_io_posix(), key, why()));
	ok(bk_keyring_new(&io.keys, why()));
	ok(bk_keyring_add_file(io.keys, bk_io_posix(), key, why()));
	ok(bk_seal_new(&seal, io.keys, &io, why()));
	return seal;
}

static void begin(const char *path, const char *database)
{
	struct bk_seal *seal;
	uint32_t version;

	io_make();
	seal = seal_make();
	ok(bk_log_create_sealed(&io, path, database, seal, 1000, NULL, NULL, &version, why()));
	bk_seal_free(seal);
	ok(bk_writer_open(&writer, &io, path, NULL, why()));
}

void log_begin(const char *path, const char *trace)
{
	begin(path, NULL);
	if (trace)
		ok(trace_open(&played, trace_file(trace, "trace.jsonl.zst"), why()));
	else
		ok(trace_open_generated(&played, MADE_UP_SEED, MADE_UP_CALLS, why()));
}

void log_begin_from(const char *path, const char *database)
{
	begin(path, database);
}

static void append(uint32_t version, const char *const *sql, size_t count)
{
	struct bk_slice statements[4];
	struct bk_change change = {version, statements, count};

	for (size_t i = 0; i < count; i++)
		statements[i] = (struct bk_slice){sql[i], strlen(sql[i])};
	ok(bk_writer_append(writer, &change, why()));
	ok(bk_keyframes_build(writer, why()));
}

void log_begin_plain(const char *path)
{
	static const char *const first[] = {
		"CREATE TABLE vars (name TEXT PRIMARY KEY, val TEXT, intval INTEGER, blobval BLOB)",
		"INSERT INTO vars VALUES ('data_version', NULL, 1, NULL);",
		"CREATE TABLE t (id INTEGER PRIMARY KEY, x)",
	};

	begin(path, NULL);
	append(1, first, COUNT_OF(first));
}

#define COUNT_TEXT_MAX 128

/* What lightningd ends each change with. */
static void count_text(char *out, uint32_t version)
{
	snprintf(out, COUNT_TEXT_MAX,
		"UPDATE vars SET intval = intval + 1 WHERE name = 'data_version' AND intval = "
		"%" PRIu32,
		version - 1);
}

void log_append(uint32_t version, const char *sql)
{
	char count[COUNT_TEXT_MAX];
	const char *const both[] = {sql, count};

	count_text(count, version);
	append(version, both, version == bk_writer_version(writer) ? 1 : 2);
}

void log_append_two(uint32_t version, const char *sql, const char *more)
{
	char count[COUNT_TEXT_MAX];
	const char *const all[] = {sql, more, count};

	count_text(count, version);
	append(version, all, COUNT_OF(all));
}

void log_grow(uint32_t last, int64_t step_us)
{
	while (bk_writer_version(writer) < last) {
		char sql[64];

		now += step_us;
		snprintf(sql, sizeof sql, "INSERT INTO t (x) VALUES (%" PRIu32 ")",
			bk_writer_version(writer) + 1);
		log_append(bk_writer_version(writer) + 1, sql);
	}
}

static uint64_t play(uint64_t count, bool keyframes)
{
	uint64_t done = 0;

	for (; done < count; done++) {
		struct trace_call call;
		bool more;

		ok(trace_next(played, &call, &more, why()));
		if (!more)
			break;
		now = call.time_us;
		ok(bk_writer_append(writer, &call.change, why()));
		if (keyframes)
			ok(bk_keyframes_build(writer, why()));
	}
	return done;
}

uint64_t log_play(uint64_t count)
{
	return play(count, true);
}

uint64_t log_play_unkeyframed(uint64_t count)
{
	return play(count, false);
}

void log_now_us(int64_t now_us)
{
	now = now_us;
}

void log_rewind(void)
{
	ok(bk_writer_rewind(writer, bk_writer_version(writer) - 1, why()));
}

void log_snapshot(const char *database, enum bk_snapshot_reason reason)
{
	ok(bk_writer_snapshot(writer, database, reason, 1000, NULL, NULL, why()));
}

uint32_t log_head(void)
{
	return bk_writer_version(writer);
}

void log_compact(const struct bk_policy *policy)
{
	struct bk_compact_options options = {.program = "a test"};
	struct bk_log *log = log_reader();
	struct bk_compact_result result;
	struct bk_successor *successor;
	struct bk_writer *to;
	uint64_t left;

	if (policy)
		options.policy = *policy;
	ok(bk_compact(log, &options, &result, why()));
	bk_log_close(log);
	cr_assert((result.versions_before == result.versions_after) == !policy);
	ok(bk_successor_open(&successor, bk_writer_log(writer), why()));
	ok(bk_successor_catch_up(successor, &left, why()));
	ok(bk_successor_take(successor, writer, &to, why()));
	bk_successor_close(successor);
	bk_writer_leave(writer);
	writer = to;
}

void log_close(void)
{
	bk_writer_close(writer);
	trace_close(played);
	writer = NULL;
	played = NULL;
}

struct bk_log *log_reader(void)
{
	struct bk_log *log;

	ok(bk_log_open(&log, io.keys ? &io : bk_io_posix(), log_path(), why()));
	return log;
}

uint8_t *image_whole(struct bk_log *log, uint32_t version, size_t *size)
{
	struct bk_image *image;
	uint8_t *bytes;

	ok(bk_image_open(&image, log, version, NULL, why()));
	bytes = malloc((size_t)bk_image_size(image) + 1);
	cr_assert(bytes);
	ok(bk_image_read(image, bytes, (size_t)bk_image_size(image), 0, size, why()));
	cr_assert(*size == bk_image_size(image));
	bk_image_close(image);
	return bytes;
}
