/* fuzz_sql.c - SQL from a hostile log: it reaches nothing but the pages it is given, and its steps
 * and memory are bounded. */
#include "fuzz.h"
#include "overlay.h"
#include "replay.h"
#include "shape.h"
#include "simfs.h"
#include "sqltext.h"
#include <bk/image.h>
#include <bk/memory.h>
#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define STEPS_MAX     200000
#define LENGTH_MAX    100000
#define TEXT_MAX      65536
#define STATEMENT_MAX 64

static const char *const schema[] = {
	"CREATE TABLE vars (name TEXT PRIMARY KEY, intval INTEGER)",
	"INSERT INTO vars VALUES ('data_version', 1)",
	"CREATE TABLE a (id INTEGER PRIMARY KEY, x, y)",
	"CREATE TABLE b (id INTEGER PRIMARY KEY, a REFERENCES a(id) ON DELETE CASCADE)",
	"INSERT INTO a VALUES (1, 'one', zeroblob(600)), (2, 'two', NULL)",
	"INSERT INTO b VALUES (10, 1), (20, 2)",
};

/* A folder of its own to run in: no statement may leave anything there. */
static void enter_folder(void)
{
	char path[] = "/tmp/fuzz_sql.XXXXXX";

	REQUIRE(mkdtemp(path) && chdir(path) == 0);
	REQUIRE(rmdir(path) == 0); /* still there, and nothing can be made in it */
}

static enum bk_code run(struct replay *replay, const struct bk_slice *statements, size_t count,
	uint32_t version, struct bk_error *err)
{
	struct bk_change change = {
		.version = version, .statements = statements, .statement_count = count};

	return bk_replay_change(replay, &change, 0, 1700000000000000, err);
}

static void make_schema(struct replay *replay)
{
	struct bk_slice statements[sizeof schema / sizeof *schema];
	struct bk_error err;

	for (size_t i = 0; i < sizeof schema / sizeof *schema; i++)
		statements[i] = (struct bk_slice){schema[i], strlen(schema[i])};
	REQUIRE(!run(replay, statements, sizeof schema / sizeof *schema, 1, &err));
}

/* Cuts DATA at its zeros into statements. */
static size_t cut(const uint8_t *data, size_t size, struct bk_slice *out)
{
	size_t count = 0;

	for (size_t at = 0; at < size && count < STATEMENT_MAX; count++) {
		const uint8_t *zero = memchr(data + at, 0, size - at);
		size_t length = zero ? (size_t)(zero - data) - at : size - at;

		out[count] = (struct bk_slice){data + at, length};
		at += length + 1;
	}
	return count;
}

/* What is found to be called stands in the text. */
static void look_at_schema(const struct bk_slice *sql)
{
	const char *text = sql->data, *end = text + sql->size;

	for (int is_index = 0; is_index < 2; is_index++) {
		size_t length = 0;
		const char *call = bk_sqltext_call(text, end, is_index, &length);

		REQUIRE(!call || (length && call >= text && length <= (size_t)(end - call)));
	}
	bk_sqltext_is_virtual(text, end);
}

/* What a change may never leave behind on its connection. */
static void check_connection(struct replay *replay)
{
	int value = -1;

	REQUIRE(sqlite3_get_autocommit(replay->sandbox.db));
	REQUIRE(!sqlite3_db_filename(replay->sandbox.db, "x"));
	REQUIRE(!sqlite3_db_config(replay->sandbox.db, SQLITE_DBCONFIG_DEFENSIVE, -1, &value) &&
		value);
	REQUIRE(!sqlite3_db_config(
			replay->sandbox.db, SQLITE_DBCONFIG_WRITABLE_SCHEMA, -1, &value) &&
		!value);
	REQUIRE(!sqlite3_db_config(
			replay->sandbox.db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, -1, &value) &&
		!value);
	REQUIRE(!sqlite3_db_config(replay->sandbox.db, SQLITE_DBCONFIG_ENABLE_FKEY, -1, &value) &&
		value);
}

/* What a replay came to. */
struct outcome {
	enum bk_code code;
	bool is_spent; /* its budget, or SQLite's memory */
	uint64_t sum;  /* of its pages, where no statement failed */
};

/* Replays STATEMENTS on a small database. */
static struct outcome replay_all(const struct bk_slice *statements, size_t count)
{
	static const struct budget_limits limits = {.steps = STEPS_MAX, .length = LENGTH_MAX};
	struct budget budget;
	struct replay_options options = {.budget = &budget};
	struct simfs *fs = simfs_new(1);
	struct overlay overlay;
	struct replay replay;
	struct bk_error err = {0};
	struct outcome outcome = {.sum = 14695981039346656037u};
	uint8_t page[PAGE_SIZE_MAX];
	enum bk_code code;

	bk_budget_init(&budget, &limits);
	bk_overlay_init(&overlay, simfs_io(fs), "/tmp", (size_t)64 << 10);
	REQUIRE(!bk_replay_open(&replay, &overlay.store, simfs_io(fs), "/tmp", &options, &err));
	make_schema(&replay);
	code = run(&replay, statements, count, 2, &err);
	REQUIRE(!code || code == BK_E_SQL || code == BK_E_LIMIT || code == BK_E_NOMEM);
	REQUIRE(budget.steps <= STEPS_MAX + 4096);
	if (!code)
		check_connection(&replay);
	bk_replay_close(&replay);
	for (uint32_t i = 1; i <= overlay.store.page_count && !code; i++) {
		REQUIRE(!overlay.store.read(&overlay.store, i, page, &err));
		for (uint32_t at = 0; at < overlay.store.page_size; at++)
			outcome.sum = (outcome.sum ^ page[at]) * 1099511628211u;
	}
	bk_overlay_done(&overlay);
	REQUIRE(simfs_open_files(fs) == 0);
	simfs_free(fs);
	outcome.code = code;
	outcome.is_spent = budget.end != BUDGET_LEFT || code == BK_E_NOMEM;
	return outcome;
}

/* Makes PLAIN of STATEMENTS, of SIZE bytes at most: an empty one stands before each that has a
 * shape, so that it has none, and is prepared anew. Returns its bytes. */
static char *make_plain(
	const struct bk_slice *statements, size_t count, size_t size, struct bk_slice *plain)
{
	static struct shape shape;
	char *bytes = malloc(size + count), *at = bytes;

	REQUIRE(bytes);
	for (size_t i = 0; i < count; i++) {
		plain[i] = statements[i];
		if (!bk_shape_read(&shape, &statements[i]) || !bk_shape_is_simple(&shape))
			continue;
		plain[i] = (struct bk_slice){at, statements[i].size + 1};
		*at++ = ';';
		memcpy(at, statements[i].data, statements[i].size);
		at += statements[i].size;
		REQUIRE(!bk_shape_read(&shape, &plain[i]));
	}
	return bytes;
}

static void are_the_same(const struct outcome *a, const struct outcome *b)
{
	REQUIRE(a->is_spent || b->is_spent ||
		(a->code == b->code && (a->code || a->sum == b->sum)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static int has_folder;
	struct bk_slice statements[STATEMENT_MAX], without[STATEMENT_MAX];
	struct outcome first, again, plain;
	size_t count;
	char *bytes;

	if (!has_folder++) {
		enter_folder();
		bk_limit_sqlite_memory();
	}
	if (!size || size > TEXT_MAX)
		return 0;
	count = cut(data, size, statements);
	for (size_t i = 0; i < count; i++)
		look_at_schema(&statements[i]);
	first = replay_all(statements, count);
	/* The same pages each time: a keyframe made today fits a replay of next year. */
	again = replay_all(statements, count);
	REQUIRE(first.code == again.code && (first.code || first.sum == again.sum));
	bytes = make_plain(statements, count, size, without);
	plain = replay_all(without, count);
	free(bytes);
	are_the_same(&first, &plain);
	return 0;
}
