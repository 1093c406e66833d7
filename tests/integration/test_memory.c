/* test_memory.c - the plugin's memory does not grow with the number of calls (a million of them
 * with BK_LONG=1, some thousands otherwise), nor with what a migration rewrites (1 GB with
 * BK_TORTURE=1, 100 MB otherwise). */
#include "plain.h"
#include <bk/log.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TIMEOUT_S  3600
#define CALLS      15000
#define CALLS_LONG 1000000
#define CALLS_WARM 5000
#define RSS_MAX    (32 * 1024) /* KB (issue 2) */
#define GROWTH_MAX 2048        /* KB */

/* A migration (issue 3): rows of 1000 bytes, of which a quarter does not compress. 100 MB rewritten
 * are 200 MB of pages, the freed ones counted, of which an image keeps 64 in memory. */
#define VERSION           10
#define ROWS              100000
#define ROWS_TORTURE      1000000
#define MIGRATION_RSS_MAX (128 * 1024) /* KB */
#define TORTURE_RSS_MAX   (256 * 1024)
#define KEYFRAMES_WAIT_MS 1800000

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define HAS_SANITIZER 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define HAS_SANITIZER 1
#endif
#endif
#ifndef HAS_SANITIZER
#define HAS_SANITIZER 0
#endif

Test(memory, stays_flat, .timeout = TIMEOUT_S)
{
	struct node_options options = {.no_database = true};
	unsigned calls = getenv("BK_LONG") ? CALLS_LONG : CALLS;
	struct world world;
	long warm, end, peak;

	world_make_fast(&world);
	world_set_up(&world);
	world_node(&world, &options);
	world_generate(&world, world_seed());
	world_start(&world);
	world_play(&world, CALLS_WARM);
	warm = child_memory_kb(node_plugin_pid(world.node), "VmRSS:");
	world_play(&world, calls - CALLS_WARM);
	end = child_memory_kb(node_plugin_pid(world.node), "VmRSS:");
	peak = child_memory_kb(node_plugin_pid(world.node), "VmHWM:");
	fprintf(stderr, "memory: %ld KB after %d calls, %ld KB after %u, %ld KB at most\n", warm,
		CALLS_WARM, end, calls, peak);
	world_stop(&world);
	if (!HAS_SANITIZER) {
		cr_assert_leq(peak, RSS_MAX);
		cr_assert_leq(end - warm, GROWTH_MAX);
	}
	world_done(&world);
}

/* Makes the node's database: a table of COUNT rows. */
static void make_table(struct world *world, unsigned count)
{
	char *sql;

	cr_assert_geq(asprintf(&sql,
			      "CREATE TABLE vars (name TEXT PRIMARY KEY, intval INTEGER);"
			      "INSERT INTO vars VALUES ('data_version', %u);"
			      "CREATE TABLE htlcs (id INTEGER PRIMARY KEY, data BLOB);"
			      "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n "
			      "WHERE i < %u) INSERT INTO htlcs SELECT i, randomblob(250) || "
			      "zeroblob(750) FROM n",
			      VERSION, count),
		0);
	must(database_run(world->database, sql, &world->err), &world->err);
	free(sql);
}

/* One call that writes the table anew, as migrations that change a column do. */
static void migrate(struct world *world)
{
	static const char *const sql[] = {
		"CREATE TABLE new_htlcs (id INTEGER PRIMARY KEY, data BLOB, flags INTEGER)",
		"INSERT INTO new_htlcs SELECT id, data, 0 FROM htlcs", "DROP TABLE htlcs",
		"ALTER TABLE new_htlcs RENAME TO htlcs", PLAIN_RAISE};
	struct bk_slice statements[sizeof sql / sizeof *sql];
	struct trace_call call = {.change = {.version = node_version(world->node) + 1,
					  .statements = statements,
					  .statement_count = sizeof sql / sizeof *sql}};
	enum node_answer answer;

	for (size_t i = 0; i < sizeof sql / sizeof *sql; i++)
		statements[i] = (struct bk_slice){sql[i], strlen(sql[i])};
	must(node_call(world->node, &call, &answer, &world->err), &world->err);
	cr_assert_eq(answer, NODE_COMMITTED, "%s", node_reason(world->node));
}

static void wait_for_keyframes(struct world *world, uint64_t count)
{
	uint64_t until = clock_ms() + KEYFRAMES_WAIT_MS;
	struct bk_log_status status = {0};
	enum bk_log_news news;
	struct bk_log *log;

	must(bk_log_open(&log, bk_io_posix(), world->log, &world->err), &world->err);
	while (status.keyframes < count) {
		cr_assert_lt(clock_ms(), until, "%d keyframes", (int)status.keyframes);
		usleep(20000);
		must(bk_log_refresh(log, &news, &world->err), &world->err);
		must(bk_log_status(log, &status, &world->err), &world->err);
	}
	bk_log_close(log);
}

/* The most memory that backup-cli took, in KB. */
static long cli_memory_kb(struct world *world, const char *const argv[])
{
	struct run run;
	long peak;

	cr_assert_eq(world_cli(world, argv, &run), 0, "%s%s", run_out(&run), run_err(&run));
	peak = run.usage.ru_maxrss;
	run_done(&run);
	return peak;
}

Test(memory, a_migration_that_rewrites_a_large_table, .timeout = TIMEOUT_S)
{
	bool torture = getenv("BK_TORTURE");
	struct world world;
	long plugin, verify, restore, max = torture ? TORTURE_RSS_MAX : MIGRATION_RSS_MAX;

	world_make(&world);
	make_table(&world, torture ? ROWS_TORTURE : ROWS);
	world_set_up(&world);
	world_lockfile(&world, "\"keyframe_changes\": 1");
	world_node(&world, NULL);
	world_start(&world);
	plain_play(&world, 1);
	migrate(&world);
	plain_play(&world, 2); /* each keyframe waits for the change behind it */
	wait_for_keyframes(&world, 4);
	plugin = child_memory_kb(node_plugin_pid(world.node), "VmHWM:");
	world_stop(&world);
	verify = cli_memory_kb(
		&world, (const char *[]){"verify", "--deep", "--threads", "2", world.log, NULL});
	restore = cli_memory_kb(&world,
		(const char *[]){"restore", world.log, world_path(&world, "out.sqlite3"), NULL});
	fprintf(stderr, "memory: at most %ld KB in the plugin, %ld in verify, %ld in restore\n",
		plugin, verify, restore);
	if (!HAS_SANITIZER) {
		cr_assert_leq(plugin, max);
		cr_assert_leq(verify, max);
		cr_assert_leq(restore, max);
	}
	must(databases_compare(world_path(&world, "out.sqlite3"), world.database, &world.err),
		&world.err);
	world_done(&world);
}
