/* test_limits.c - what the SQL of a hostile log may take of the machine: each limit, and a log that
 * tries it. `test_limits --help` prints the limits. */
#include "check.h"
#include "compare.h"
#include "memory.h"
#include "overlay.h"
#include "replay.h"
#include "simfs.h"
#include <bk/image.h>
#include <criterion/criterion.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define MIB         ((uint64_t)1 << 20)
#define SECONDS_MAX 10  /* for a log of 1 MiB */
#define SHORT_MS    200 /* what is given to most tries, so that they are over soon */

#define NUMBERS "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) "

struct bed {
	struct simfs *fs;
	struct overlay overlay;
	struct budget budget;
	struct replay replay;
	uint32_t version;
};

static void open_bed_for(struct bed *bed, uint64_t time_ms)
{
	const struct budget_limits limits = {.given = MIB, .time_ms = time_ms};
	struct replay_options options = {.budget = &bed->budget};
	struct bk_error err;

	bed->version = 0;
	bed->fs = simfs_new(1);
	bk_budget_init(&bed->budget, &limits);
	bk_overlay_init(&bed->overlay, simfs_io(bed->fs), "/tmp", 65536);
	bed->overlay.budget = &bed->budget;
	cr_assert_eq(bk_replay_open(&bed->replay, &bed->overlay.store, simfs_io(bed->fs), "/tmp",
			     &options, &err),
		BK_OK);
}

static void open_bed(struct bed *bed)
{
	open_bed_for(bed, 0);
}

static void close_bed(struct bed *bed)
{
	bk_replay_close(&bed->replay);
	bk_overlay_done(&bed->overlay);
	simfs_free(bed->fs);
}

static enum bk_code run(struct bed *bed, const char *sql, struct bk_error *err)
{
	struct bk_slice statement = {sql, strlen(sql)};
	struct bk_change change = {++bed->version, &statement, 1};

	return bk_replay_change(&bed->replay, &change, 0, 0, err);
}

static double cpu_seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* SQL that ends by itself is let end: each of these meets a limit, and says which. */
Test(limits, statements_that_do_not_end, .timeout = 300)
{
	static const struct {
		const char *sql, *why;
	} cases[] = {
		{NUMBERS "SELECT count(*) FROM n", "it takes too long: more than 3000 ms"},
		{NUMBERS "SELECT sum(length(hex(zeroblob(2000000 + i)))) FROM n", "too long"},
		{NUMBERS "SELECT sum(instr(zeroblob(5000000), zeroblob(2000000) || i)) FROM n",
			"too long"},
		{NUMBERS "SELECT sum(length(replace(zeroblob(1000000), zeroblob(90000 + i % 9) || "
			 "'x', 'y'))) FROM n",
			"too long"},
		{NUMBERS "SELECT sum(printf('%.*c', 900000, 'a') LIKE printf('%%%.*cb', 90, 'a')) "
			 "FROM n",
			"too long"},
		{NUMBERS "SELECT sum(length(rtrim(zeroblob(100000), zeroblob(90000)))) FROM n",
			"too long"},
		{"SELECT hex(zeroblob(6000000))", "too big"},
		{"SELECT zeroblob(400000000)", "too big"},
		{"SELECT 'a' LIKE printf('%.*c', 200, '%')", "pattern too complex"},
		{NUMBERS "SELECT count(*) FROM (SELECT i FROM n ORDER BY zeroblob(9000) || i)",
			"it takes too much room: more than 192 MiB in temporary files"},
		{"CREATE TABLE w AS " NUMBERS "SELECT zeroblob(4000) AS x FROM n",
			"it takes too much room"},
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct bk_error err = {0};
		struct bed bed;
		bool is_whole = !i || strstr(cases[i].why, "room");
		double began = cpu_seconds(), took;

		open_bed_for(&bed, is_whole ? 0 : SHORT_MS);
		cr_assert_eq(
			run(&bed, cases[i].sql, &err), BK_E_SQL, "%s: %s", cases[i].sql, err.msg);
		took = cpu_seconds() - began;
		cr_assert(strstr(err.msg, cases[i].why), "%s: %s", cases[i].sql, err.msg);
		cr_assert(took < (is_whole ? SECONDS_MAX : 3.0), "%s: %.1f s", cases[i].sql, took);
		close_bed(&bed);
	}
}

/* All changes of one image draw on one budget. */
Test(limits, many_changes_that_take_long_each, .timeout = 120)
{
	struct bk_error err = {0};
	struct bed bed;
	double began = cpu_seconds();
	enum bk_code code = BK_OK;

	open_bed_for(&bed, SHORT_MS);
	for (unsigned i = 0; i < 1000 && !code; i++)
		code = run(
			&bed, NUMBERS "SELECT count(*) FROM (SELECT 1 FROM n LIMIT 100000)", &err);
	cr_assert(code == BK_E_SQL && strstr(err.msg, "too long"), "%s", err.msg);
	cr_assert(cpu_seconds() - began < 2);
	close_bed(&bed);
}

/* What several images draw on together: the second is told that it is not its own. */
Test(limits, a_toll_of_several_images, .timeout = 120)
{
	struct bk_toll toll = {.time_ms = SHORT_MS};
	struct bk_error err = {0};
	double began = cpu_seconds();

	for (unsigned i = 0; i < 2; i++) {
		struct bed bed;

		open_bed(&bed);
		bed.budget.limits.toll = &toll;
		cr_assert_eq(run(&bed, NUMBERS "SELECT count(*) FROM n", &err), BK_E_SQL);
		cr_assert(strstr(err.msg, "more than 200 ms with what came before it"), "%s",
			err.msg);
		close_bed(&bed);
	}
	cr_assert(bk_toll_is_spent(&toll));
	cr_assert(cpu_seconds() - began < 2);
}

/* What SQLite runs of the schema by itself, in a check and in comparing. */
Test(limits, schemas_that_do_not_end, .timeout = 300)
{
	static const char *const schemas[] = {
		"CREATE TABLE t (a CHECK (length(hex(zeroblob(2000000 + a))) <> 5))",
		"CREATE TABLE t (a CHECK (instr(zeroblob(4000000), zeroblob(2000000) || a) <> 5))",
		"CREATE TABLE t (a, b AS (length(hex(zeroblob(2000000 + a)))) STORED)",
		"CREATE TABLE t (a, b AS (length(hex(zeroblob(2000000 + a)))))",
	};

	for (size_t i = 0; i < sizeof schemas / sizeof *schemas; i++) {
		const struct budget_limits limits = {.given = MIB, .time_ms = SHORT_MS};
		struct check_result result = {0};
		struct comparison comparison = {0};
		struct bk_error err = {0};
		struct budget budget;
		struct bed bed;
		struct sandbox a, b;
		double began;

		open_bed(&bed);
		cr_assert_eq(run(&bed, "CREATE TABLE t (a, b)", &err), BK_OK);
		cr_assert_eq(run(&bed, "DROP TABLE t", &err), BK_OK);
		cr_assert_eq(run(&bed, schemas[i], &err), BK_OK, "%s", err.msg);
		cr_assert_eq(run(&bed, "PRAGMA ignore_check_constraints = 1", &err), BK_OK);
		bed.replay.state = 0; /* and it stays so */
		bed.budget.limits.time_ms = 1000;
		while (run(&bed, "INSERT INTO t (a) VALUES (1), (2), (3), (4), (5), (6), (7), (8)",
			       &err) == BK_OK &&
			bed.version < 100)
			bed.replay.state = 0;
		began = cpu_seconds();
		bk_budget_init(&budget, &limits);
		cr_assert_eq(bk_check_database(&bed.overlay.store, simfs_io(bed.fs), &budget, NULL,
				     &result, &err),
			BK_OK, "%s", err.msg);
		bk_budget_init(&budget, &limits);
		cr_assert_eq(bk_sandbox_open_reading(
				     &a, &bed.overlay.store, simfs_io(bed.fs), &budget, &err),
			BK_OK);
		cr_assert_eq(bk_sandbox_open_reading(
				     &b, &bed.overlay.store, simfs_io(bed.fs), &budget, &err),
			BK_OK);
		cr_assert(bk_compare_databases(&a, &b, &comparison, &err) == BK_OK ||
				  strstr(err.msg, "it takes too long"),
			"%s", err.msg);
		bk_sandbox_close(&a);
		bk_sandbox_close(&b);
		cr_assert(cpu_seconds() - began < 4, "%s", schemas[i]);
		close_bed(&bed);
	}
}

/* A reader that has gone is waited for no longer. */
static bool say_yes(void *ctx)
{
	return ++*(unsigned *)ctx > 3;
}

Test(limits, a_replay_can_be_cancelled)
{
	struct bk_error err = {0};
	unsigned asked = 0;
	struct bed bed;

	open_bed(&bed);
	bed.budget.limits.is_cancelled = say_yes;
	bed.budget.limits.ctx = &asked;
	cr_assert_eq(run(&bed, NUMBERS "SELECT count(*) FROM n", &err), BK_E_CANCELLED);
	cr_assert(strstr(err.msg, "it was cancelled"), "%s", err.msg);
	cr_assert_eq(asked, 4);
	close_bed(&bed);
}

/* The limit is one for all of the process, which may be a stranger's (core/ext). */
Test(limits, a_replay_leaves_the_process_alone)
{
	struct bed bed;

	open_bed(&bed);
	cr_assert_eq(sqlite3_hard_heap_limit64(-1), 0);
	close_bed(&bed);
	cr_assert_eq(sqlite3_hard_heap_limit64(-1), 0);
}

/* It grows with the log, and so with what a node has, up to what a message can hold. */
Test(limits, a_program_limits_the_memory_of_sqlite)
{
	struct bed bed;

	bk_limit_sqlite_memory();
	cr_assert_eq(bk_memory_limit(), (int64_t)128 << 20);
	open_bed(&bed);
	cr_assert_eq(bk_memory_limit(), (int64_t)144 << 20);
	close_bed(&bed);
	bk_memory_for(UINT64_MAX);
	cr_assert_eq(bk_memory_limit(), (int64_t)2 << 30);
}

#define PIECE (1 << 20)

static void *free_all(void *pieces)
{
	for (void **at = pieces; *at; at++)
		sqlite3_free(*at);
	return NULL;
}

/* How many pieces SQLite gives; they are given back, by another thread where OTHER is set. */
static unsigned take_all(bool other)
{
	static void *pieces[1000];
	unsigned count = 0;
	pthread_t thread;

	while (count < 999 && (pieces[count] = sqlite3_malloc(PIECE)))
		count++;
	pieces[count] = NULL;
	if (other && pthread_create(&thread, NULL, free_all, pieces) == 0)
		pthread_join(thread, NULL);
	else
		free_all(pieces);
	return count;
}

/* What is counted without a lock is not lost, whoever takes it and gives it back. */
Test(limits, the_memory_of_sqlite_is_counted)
{
	bk_limit_sqlite_memory();
	for (unsigned i = 0; i < 50; i++) {
		unsigned count = take_all(i % 2);

		cr_assert(count >= 126 && count <= 128, "%u MiB, round %u", count, i);
	}
	cr_assert_eq(sqlite3_hard_heap_limit64(-1), 0, "SQLite counts too");
}

Test(limits, a_limit_that_the_program_set_stays)
{
	static const char hog[] = NUMBERS "SELECT group_concat(length(x)) FROM (SELECT zeroblob("
					  "5000000) || i AS x FROM n ORDER BY x LIMIT 50)";
	const sqlite3_int64 limit = 20000000;
	struct bk_error err = {0};
	struct bed bed;

	sqlite3_hard_heap_limit64(limit);
	bk_limit_sqlite_memory();
	open_bed(&bed);
	cr_assert_eq(bk_memory_limit(), limit);
	cr_assert_eq(run(&bed, "SELECT 1", &err), BK_OK);
	cr_assert_eq(run(&bed, hog, &err), BK_E_NOMEM, "%s", err.msg);
	cr_assert_leq(sqlite3_memory_highwater(0), limit);
	close_bed(&bed);
}

static void print_limits(void)
{
	struct budget budget;
	const struct budget_limits limits = {.given = MIB};
	struct bk_toll whole;

	bk_budget_init(&budget, &limits);
	bk_toll_init_whole(&whole, MIB);
	printf("What SQL over a log's content may cost; for a log of 1 MiB, and for each MiB "
	       "more:\n"
	       "  processor time of an image, its check included  %" PRIu64 " ms  + %d ms\n"
	       "  the same of all that a verification rebuilds    %" PRIu64
	       " ms  + %d ms + %d ms * MiB^2\n"
	       "  bytes in temporary files                        %" PRIu64 " MiB  + %d MiB\n"
	       "  bytes of one value                              %d  + %d\n"
	       "  SQLite's memory, of the process                 144 MiB  + 16 MiB, 2 GiB at "
	       "most\n"
	       "  steps of one change                             %" PRIu64 "\n"
	       "  a pattern of LIKE and GLOB                      %d bytes, %d in a statement\n"
	       "Functions whose work is a product of lengths (instr, replace, trim) count as time\n"
	       "before they run.\n",
		budget.limits.time_ms, BUDGET_TIME_MS_A_MIB, whole.time_ms, BUDGET_TIME_MS_A_MIB,
		BUDGET_TOLL_MS_A_MIB, budget.limits.spill / MIB, BUDGET_SPILL_A_BYTE,
		budget.limits.length, (int)(BUDGET_LENGTH_A_BYTE * MIB), budget.limits.steps,
		COSTLY_PATTERN, COSTLY_LIKES);
}

int main(int argc, char **argv)
{
	struct criterion_test_set *tests;
	int failed;

	for (int i = 1; i < argc; i++)
		if (strcmp(argv[i], "--help") == 0)
			print_limits();
	tests = criterion_initialize();
	failed = criterion_handle_args(argc, argv, true) && !criterion_run_all_tests(tests);
	criterion_finalize(tests);
	return failed;
}
