/* exercise.c - everything that can be done with a log, on one that may say anything. */
#include "exercise.h"
#include "changeframe.h"
#include "codename.h"
#include "encoder.h"
#include "fuzz.h"
#include "image.h"
#include "simfs.h"
#include <bk/follower.h>
#include <bk/listing.h>
#include <bk/memory.h>
#include <bk/restore.h>
#include <bk/verify.h>
#include <bk/writer.h>
#include <string.h>

#define PATH         "/log/fuzz.bkp"
#define VERSIONS_MAX 6  /* so many are looked at in full */
#define PAGES_MAX    24 /* so much is read of an image */
#define RESTORE_MAX  (4u << 20)

static const struct budget_limits limits = {.steps = 100000, .length = 1 << 20};

/* What a reader may say of a log: nothing else, and never without words. (SQLite calls some
 * malformed schemas "out of memory".) */
static bool is_answer(enum bk_code code, const struct bk_error *err)
{
	bool is_one = !code || code == BK_E_DAMAGE || code == BK_E_FORMAT || code == BK_E_MISSING ||
		      code == BK_E_SEALED || code == BK_E_SQL || code == BK_E_LIMIT ||
		      code == BK_E_NOMEM;

	REQUIRE(!code || *err->msg);
	if (!is_one)
		fprintf(stderr, "answer: %s: %s\n", code_name(code), err->msg);
	return is_one;
}

static const char *const harmless[] = {
	"CREATE TABLE vars (name TEXT PRIMARY KEY, intval INTEGER)",
	"INSERT INTO vars VALUES ('data_version', 1)",
	"UPDATE vars SET intval = intval + 1 WHERE name = 'data_version'",
	"CREATE TABLE t (id INTEGER PRIMARY KEY, x BLOB)",
	"INSERT INTO t (x) VALUES (zeroblob(700))",
	"INSERT INTO t (x) SELECT x FROM t LIMIT 8",
	"DELETE FROM t WHERE id % 2",
	"CREATE INDEX i ON t (x)",
	"UPDATE t SET x = id",
	"DROP TABLE t",
	"SELECT no_such_function()",
	"PRAGMA foreign_keys = OFF;",
};

void exercise_change(struct logbuild *build, struct encoder *encoder, struct frame_head *head,
	const uint8_t *picks, size_t count, uint64_t *history)
{
	struct bk_slice statements[16];
	struct bk_change change = {.version = head->version, .statements = statements};
	struct change_head change_head;
	struct bk_buf payload;
	struct bk_error err;

	for (size_t i = 0; i < count && i < 16; i++) {
		const char *text = harmless[picks[i] % (sizeof harmless / sizeof *harmless)];

		statements[change.statement_count++] = (struct bk_slice){text, strlen(text)};
	}
	bk_buf_init(&payload, (size_t)1 << 20);
	REQUIRE(!bk_encoder_write(encoder, &change, head->must & CHANGE_STREAM, *history, &payload,
		&change_head, &err));
	*history = change_head.history;
	logbuild_frame(build, head, payload.data, payload.size, false);
	bk_buf_done(&payload);
}

/* Reads some pages twice; the second time through one large read. */
static void read_image(struct bk_image *image)
{
	uint32_t size = bk_image_page_size(image), count = bk_image_page_count(image);
	uint8_t page[PAGE_SIZE_MAX], *whole;
	size_t done = 0;
	struct bk_error err = {0};

	REQUIRE(!count || (size >= 512 && size <= 65536 && !(size & (size - 1))));
	if (count > PAGES_MAX)
		count = PAGES_MAX;
	whole = calloc((size_t)count + 1, size ? size : 1);
	REQUIRE(whole);
	if (bk_image_read(image, whole, (size_t)count * size, 0, &done, &err)) {
		REQUIRE(is_answer(err.code, &err));
		done = 0;
	}
	for (uint32_t i = 0; i < count; i++) {
		size_t part = 0;
		enum bk_code code =
			bk_image_read(image, page, size, (uint64_t)i * size, &part, &err);

		REQUIRE(is_answer(code, &err) && (code || part == size));
		REQUIRE(!done || (!code && memcmp(page, whole + (size_t)i * size, size) == 0));
	}
	free(whole);
}

/* The image of VERSION as bk_image_open makes it, but with limits of ours on what it replays. */
static void look_at_image(struct bk_log *log, uint32_t version)
{
	struct bk_image_options options = {.memory_max = 64 << 10, .spill_dir = "/tmp"};
	struct bk_error err = {0};
	struct bk_image *image;
	struct span span;
	enum bk_code code = bk_span_of_version(&span, log, version, &err);

	REQUIRE(is_answer(code, &err));
	if (code)
		return;
	code = span.base ? bk_image_open_keyframe(&image, log, span.base, &options, &err)
			 : bk_fail(&err, BK_E_DAMAGE, 0, "the keyframe below is lost");
	REQUIRE(is_answer(code, &err));
	if (!code) {
		struct bk_entry *entries = malloc((span.count + 1) * sizeof *entries);
		struct budget budget;
		struct replay_options replay = {.budget = &budget};

		REQUIRE(entries);
		if (span.count)
			memcpy(entries, span.entries, span.count * sizeof *entries);
		bk_budget_init(&budget, &limits);
		code = bk_image_advance(image, entries, span.count, &replay, &err);
		REQUIRE(is_answer(code, &err));
		if (!code)
			read_image(image);
		free(entries);
		bk_image_close(image);
	}
	bk_span_done(&span);
}

/* Whatever is said of VERSION in one way is said in every other. */
static void look_at_version(struct bk_log *log, const struct bk_entry *listed)
{
	struct bk_entry entry = {0};
	struct bk_error err = {0};
	struct bk_buf text;
	enum bk_code code = bk_log_find(log, listed->version, &entry, &err);

	REQUIRE(is_answer(code, &err));
	REQUIRE(code || entry.version == listed->version);
	bk_buf_init(&text, (size_t)64 << 20);
	code = bk_log_sql(log, listed->version, &text, &err);
	REQUIRE(is_answer(code, &err));
	bk_buf_done(&text);
	code = bk_log_find_time(log, listed->time_us, &entry, &err);
	REQUIRE(is_answer(code, &err));
	look_at_image(log, listed->version);
}

/* Lists everything; a list ends, whatever the log says. */
static void list(struct bk_log *log, enum bk_listing_what what, size_t log_bytes)
{
	struct bk_listing *history;
	struct bk_entry entry;
	struct bk_error err = {0};
	size_t count = 0;
	bool more = true;
	enum bk_code code = bk_listing_open_last(&history, log, UINT64_MAX, what, &err);

	REQUIRE(is_answer(code, &err));
	if (code)
		return;
	while (!code && more) {
		code = bk_listing_next(history, &entry, &more, &err);
		REQUIRE(is_answer(code, &err));
		if (code || !more)
			break;
		/* An entry of a list takes eight bytes at least; each list is read once. */
		REQUIRE(++count <= log_bytes);
		if (what == BK_LISTING_VERSIONS && count <= VERSIONS_MAX)
			look_at_version(log, &entry);
	}
	bk_listing_close(history);
}

/* What stands behind the log's end is a torn tail and zeros, unless it was copied while it grew. */
static void check_end(const struct logbuild *build, const struct bk_log_status *status)
{
	uint64_t end = status->log_bytes + status->torn_bytes;

	REQUIRE(end <= build->bytes.size);
	REQUIRE(!status->copied_at || status->copied_at == end);
	for (; end < build->bytes.size && !status->copied_at; end++)
		REQUIRE(!build->bytes.data[end]);
}

/* True if the log has no torn tail. */
static bool read_log(struct simfs *fs, const struct logbuild *build)
{
	size_t log_bytes = build->bytes.size;
	struct bk_log_status status;
	struct bk_error err = {0};
	enum bk_log_news news;
	struct bk_log *log;
	char session[256];
	enum bk_code code = bk_log_open(&log, simfs_io(fs), PATH, &err);

	bool is_whole = true;

	REQUIRE(is_answer(code, &err));
	if (code)
		return true;
	/* Nobody writes: but behind a frame in which another stands the second look takes more. */
	REQUIRE(!bk_log_refresh(log, &news, &err));
	if (news == BK_LOG_GREW)
		REQUIRE(!bk_log_refresh(log, &news, &err));
	REQUIRE(news == BK_LOG_SAME);
	code = bk_log_status(log, &status, &err);
	REQUIRE(is_answer(code, &err));
	if (!code) {
		check_end(build, &status);
		is_whole = !status.torn_bytes;
		look_at_image(log, status.version);
	}
	code = bk_log_session(log, session, sizeof session, &err);
	REQUIRE(is_answer(code, &err));
	list(log, BK_LISTING_VERSIONS, log_bytes);
	list(log, BK_LISTING_ALL, log_bytes);
	bk_log_close(log);
	return is_whole;
}

/* Where a writer takes the log, what it appends is there afterwards. */
static void write_log(struct simfs *fs)
{
	static const char sql[] = "PRAGMA user_version = 1";
	struct bk_slice statement = {sql, sizeof sql - 1};
	struct bk_change change = {.statements = &statement, .statement_count = 1};
	struct bk_error err = {0};
	struct bk_writer *writer;
	struct bk_log *log;
	struct bk_buf text;
	enum bk_code code = bk_writer_open(&writer, simfs_io(fs), PATH, NULL, &err);

	/* Of a log that was succeeded: that it is unsafe. */
	REQUIRE((code == BK_E_UNSAFE && *err.msg) || is_answer(code, &err));
	if (code)
		return;
	change.version = bk_writer_version(writer) + 1;
	code = bk_writer_append(writer, &change, &err);
	REQUIRE(is_answer(code, &err));
	bk_writer_close(writer);
	if (code)
		return;
	REQUIRE(!bk_log_open(&log, simfs_io(fs), PATH, &err));
	bk_buf_init(&text, 4096);
	code = bk_log_sql(log, change.version, &text, &err);
	REQUIRE(is_answer(code, &err));
	REQUIRE(code ||
		(text.size > sizeof sql + 1 &&
			memcmp(text.data + text.size - sizeof sql - 2, sql, sizeof sql - 1) == 0));
	bk_buf_done(&text);
	bk_log_close(log);
}

static void verify_log(struct simfs *fs)
{
	struct bk_verify_options options = {.threads = 1};
	struct bk_verify_result result;
	struct bk_error err = {0};
	enum bk_code code = bk_verify(simfs_io(fs), PATH, &options, &result, &err);

	REQUIRE(is_answer(code, &err));
}

void exercise_log(const struct logbuild *build)
{
	struct simfs *fs = simfs_new(1);

	bk_limit_sqlite_memory();
	simfs_put(fs, PATH, build->bytes.data, build->bytes.size);
	/* Before a torn tail it would wait, for a writer that may be at work. */
	if (read_log(fs, build))
		verify_log(fs);
	write_log(fs);
	REQUIRE(simfs_open_files(fs) == 0);
	simfs_free(fs);
}
