/* test_reach_log.c - a log that somebody forged: its schema and its changes call what reaches out
 * of a database. Whoever reads it, by any way there is, calls nothing of that (replay.h,
 * sandbox.h). */
#include "node.h"
#include <bk/compact.h>
#include <bk/emergency.h>
#include <bk/extract.h>
#include <bk/follower.h>
#include <bk/history.h>
#include <bk/live.h>
#include <bk/query.h>
#include <bk/restore.h>
#include <bk/verify.h>
#include <stdatomic.h>

SUITE(reach_log);

/* What each connection of this process has, as the shell's have it; while the log is made, it is
 * said to be harmless. */
static struct {
	atomic_bool is_armed;
	bool is_malformed;
	atomic_uint calls;
} out;

static void reach_out(sqlite3_context *context, int count, sqlite3_value **args)
{
	(void)count;
	(void)args;
	if (out.is_armed)
		out.calls++;
	sqlite3_result_int(context, 1);
}

static int give_functions(sqlite3 *db, char **message, const void *routines)
{
	static const char *const names[] = {"writefile", "readfile", "edit"};
	int rc = SQLITE_OK, harmless = out.is_armed ? 0 : SQLITE_INNOCUOUS;

	(void)message;
	(void)routines;
	for (size_t i = 0; i < COUNT_OF(names) && rc == SQLITE_OK; i++)
		rc = sqlite3_create_function(db, names[i], -1,
			SQLITE_UTF8 | SQLITE_DETERMINISTIC | harmless, NULL, reach_out, NULL, NULL);
	return rc;
}

/* Places in a schema where SQL stands. */
#define SCHEMA                                                                                     \
	"CREATE TABLE vars (name, intval, blobval);"                                               \
	"INSERT INTO vars VALUES ('data_version', 7, NULL);"                                       \
	"CREATE TABLE c (x, y DEFAULT (readfile('y')));"                                           \
	"CREATE TABLE g (x);"                                                                      \
	"CREATE TRIGGER gt AFTER INSERT ON g BEGIN SELECT writefile('x', new.x); END;"             \
	"CREATE VIEW seen AS SELECT writefile('x', 1) AS a;"                                       \
	"CREATE VIEW channels AS SELECT edit('x') AS id, edit('y') AS peer_id, 5 AS state;"        \
	"CREATE VIEW peers AS SELECT edit('x') AS id, edit('y') AS node_id;"                       \
	"INSERT INTO c (x) VALUES (2);"

/* Such as SQLite takes the whole schema for malformed for. */
#define MORE                                                                                       \
	"CREATE TABLE t (k INTEGER PRIMARY KEY, v, w AS (writefile('x', v)));"                     \
	"CREATE TABLE i (x CHECK (edit(x)));"                                                      \
	"CREATE INDEX ix ON i (writefile('x', x)) WHERE readfile(x);"                              \
	"INSERT INTO t (v) VALUES (1); INSERT INTO i VALUES (3);"

static const char *const tables[] = {"c", "g", "t", "i", "seen", "channels", "vars"};

/* Versions 7 and 9 stand as snapshots, so that they are read although 8 and 9 cannot be replayed.
 */
static void begin(struct node *node, const char *schema)
{
	sqlite3_auto_extension((void (*)(void))give_functions);
	node_begin_with(node, 4, 7, schema);
	node_change(node, "INSERT INTO c (x) VALUES (5)");
	node_change(node, "INSERT INTO g VALUES (7)", "CREATE TABLE made AS SELECT * FROM seen");
	node_snapshot(node, BK_SNAPSHOT_REPLAY_FAILED);
	out.is_armed = true;
}

static enum bk_code ignore_diff(void *ctx, const struct bk_diff *diff, struct bk_error *err)
{
	(void)ctx;
	(void)diff;
	(void)err;
	return BK_OK;
}

static enum bk_code ignore_history(
	void *ctx, const struct bk_entry *entry, const struct bk_diff *diff, struct bk_error *err)
{
	(void)entry;
	return ignore_diff(ctx, diff, err);
}

/* What reads such a schema at all does what it should. */
static void takes(enum bk_code code)
{
	cr_assert((code != BK_OK) == out.is_malformed, "%s", why()->msg);
}

static void by_image(struct node *node, struct bk_log *log)
{
	struct bk_image *image;

	(void)node;
	for (uint32_t version = 7; version <= 9; version++)
		if (!bk_image_open(&image, log, version, NULL, why()))
			bk_image_close(image);
	(void)!bk_log_measure(log, NULL, why());
}

static void by_restore(struct node *node, struct bk_log *log)
{
	struct bk_restore_result result;

	(void)node;
	(void)!bk_restore(log, scratch("restored"), NULL, &result, why());
}

static void run_all(struct bk_query *query, const char *sql)
{
	const struct bk_row *row;
	bool more = true;

	while (more && !bk_query_begin(query, &sql, &more, why()) && more)
		while (more && !bk_query_next(query, &row, &more, why()))
			;
}

static void by_query(struct node *node, struct bk_log *log)
{
	struct bk_query *query;

	(void)node;
	for (uint32_t version = 7; version <= 9; version += 2) {
		enum bk_code code = bk_query_open(&query, log, version, why());

		takes(code);
		if (code)
			continue;
		for (size_t i = 0; i < COUNT_OF(tables); i++) {
			const struct bk_row *row;
			struct bk_buf text;
			char sql[100];
			bool more = true;

			snprintf(sql, sizeof sql, "SELECT * FROM %s", tables[i]);
			run_all(query, sql);
			if (!bk_query_table(query, tables[i], NULL, why()))
				while (more && !bk_query_next(query, &row, &more, why()))
					;
			bk_buf_init(&text, 100000);
			(void)!bk_query_schema(query, tables[i], &text, why());
			bk_buf_done(&text);
		}
		run_all(query, "SELECT writefile('x', 'y')");
		run_all(query, "INSERT INTO g VALUES (1)");
		run_all(query, "INSERT INTO t (v) VALUES (1)");
		bk_query_close(query);
	}
}

static void by_extract(struct node *node, struct bk_log *log)
{
	struct bk_extract_result result;

	(void)node;
	for (size_t i = 0; i < COUNT_OF(tables); i++) {
		(void)!bk_extract(log, 9, tables + i, 1, NULL, scratch(tables[i]), &result, why());
		(void)!bk_extract(log, 9, tables + i, 1, "writefile('x', 'y')", scratch("some"),
			&result, why());
	}
	cr_assert(out.is_malformed || (has_file(scratch("vars")) && has_file(scratch("g"))),
		"nothing was extracted");
}

static void by_diff(struct node *node, struct bk_log *log)
{
	(void)node;
	takes(bk_diff(log, 7, 9, "vars", ignore_diff, NULL, why()));
	(void)!bk_diff(log, 7, 9, NULL, ignore_diff, NULL, why());
	for (size_t i = 0; i < COUNT_OF(tables); i++)
		(void)!bk_diff(log, 7, 9, tables[i], ignore_diff, NULL, why());
}

static void by_history(struct node *node, struct bk_log *log)
{
	static const char *const key[] = {"1"};
	const struct bk_history_options one = {.key = key, .key_count = 1};

	(void)node;
	takes(bk_history(log, "vars", NULL, ignore_history, NULL, why()));
	for (size_t i = 0; i < COUNT_OF(tables); i++) {
		(void)!bk_history(log, tables[i], NULL, ignore_history, NULL, why());
		(void)!bk_history(log, tables[i], &one, ignore_history, NULL, why());
	}
}

static void by_emergency(struct node *node, struct bk_log *log)
{
	struct bk_emergency emergency;

	(void)node;
	if (!bk_emergency(log, 7, &emergency, why()))
		bk_emergency_done(&emergency);
}

static void by_verify(struct node *node, struct bk_log *log)
{
	const struct bk_verify_options deep = {.deep = true};
	struct bk_against_result against;
	struct bk_verify_result result;

	(void)!bk_verify(&node->io.io, node->path, &deep, &result, why());
	(void)!bk_verify_against(log, node->database, NULL, &against, why());
}

static void by_compaction(struct node *node, struct bk_log *log)
{
	const struct bk_compact_options all = {.program = "test"};
	const struct bk_compact_options one = {
		.program = "test", .policy = {.all_us = 1, .hourly_us = 3600000000}};
	struct bk_compact_result result;

	node->io.random = 2;
	(void)!bk_compact(log, &all, &result, why());
	node->io.random = 3;
	(void)!bk_compact(log, &one, &result, why());
}

/* Whoever writes the log: its keyframes, and what the node's own database is asked. */
static void by_writer(struct node *node, struct bk_log *log)
{
	struct bk_live *live = bk_live_new(node->database);
	struct bk_look look;

	(void)log;
	(void)!bk_live_look(live, 0, &look, why());
	bk_live_free(live);
	(void)!bk_keyframes_build(node->writer, why());
}

/* backup_at, backup_diff, backup_history of the extension. (A connection on a version is the
 * program's own: test_extension.c.) */
static void by_extension(struct node *node, struct bk_log *log)
{
	sqlite3 *db = sql_open(":memory:");
	char sql[1000];

	(void)log;
	sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 1, NULL);
	cr_assert(sqlite3_load_extension(db, BK_EXTENSION, NULL, NULL) == SQLITE_OK);
	for (size_t i = 0; i < COUNT_OF(tables); i++) {
		snprintf(sql, sizeof sql, "SELECT * FROM backup_at('%s', 9, '%s')", tables[i],
			node->path);
		sqlite3_exec(db, sql, NULL, NULL, NULL);
		snprintf(sql, sizeof sql, "SELECT * FROM backup_diff('%s', 7, 9, '%s')", tables[i],
			node->path);
		sqlite3_exec(db, sql, NULL, NULL, NULL);
		snprintf(sql, sizeof sql, "SELECT * FROM backup_history('%s', NULL, '%s')",
			tables[i], node->path);
		sqlite3_exec(db, sql, NULL, NULL, NULL);
	}
	snprintf(sql, sizeof sql, "SELECT count(*) FROM backup_at('vars', 9, '%s')", node->path);
	cr_assert((sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK) == out.is_malformed);
	sqlite3_close(db);
}

static const struct {
	const char *name;
	void (*read)(struct node *, struct bk_log *);
} ways[] = {
	{"image", by_image},
	{"restore", by_restore},
	{"query", by_query},
	{"extract", by_extract},
	{"diff", by_diff},
	{"history", by_history},
	{"emergency", by_emergency},
	{"verify", by_verify},
	{"compaction", by_compaction},
	{"writer", by_writer},
	{"extension", by_extension},
};

static void read_all(const char *schema)
{
	struct bk_log *log;
	struct node node;

	begin(&node, schema);
	for (size_t i = 0; i < COUNT_OF(ways); i++) {
		log = node_log(&node);
		ways[i].read(&node, log);
		bk_log_close(log);
		cr_assert(!out.calls, "%s: %u calls", ways[i].name, out.calls);
	}
	node_end(&node);
}

Test(reach_log, by_each_way_there_is)
{
	read_all(SCHEMA);
}

Test(reach_log, of_a_schema_that_is_malformed)
{
	out.is_malformed = true;
	read_all(SCHEMA MORE);
}
