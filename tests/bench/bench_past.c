/* bench_past.c - how fast backup-cli looks into the past: for each command the time to the first
 * byte that it prints, to the end, and the processor time that it took.
 *
 *   bench_past --log FILE             on that log
 *   bench_past --trace FILE           on one of those recorded calls
 *   bench_past --million [ROWS]       diff of one changed row in a table of a million */
#include "genlog.h"
#include <bk/io.h>
#include <bk/log.h>
#include <bk/snapshot.h>
#include <bk/writer.h>
#include <errno.h>
#include <inttypes.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define RUNS 5

static double now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

struct figures {
	double first_ms, whole_ms, processor_ms;
	uint64_t bytes;
};

static void die(const char *what)
{
	fprintf(stderr, "bench_past: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void be_cli(const char *const *argv, int out)
{
	int null = dup2(out, STDOUT_FILENO) < 0 ? -1 : STDERR_FILENO;

	if (null < 0 || !freopen("/dev/null", "w", stderr))
		_exit(127);
	execv(BK_CLI, (char *const *)(uintptr_t)argv);
	_exit(127);
}

static void run(const char *const *argv, struct figures *figures)
{
	double began = now_ms();
	static char buffer[1 << 16];
	struct rusage usage;
	int ends[2], status;
	ssize_t got;
	pid_t child = -1;

	*figures = (struct figures){0};
	if (pipe(ends) != 0 || (child = fork()) < 0)
		die("cannot run backup-cli");
	if (child == 0)
		be_cli(argv, ends[1]);
	close(ends[1]);
	while ((got = read(ends[0], buffer, sizeof buffer)) > 0) {
		if (!figures->bytes)
			figures->first_ms = now_ms() - began;
		figures->bytes += (uint64_t)got;
	}
	close(ends[0]);
	if (wait4(child, &status, 0, &usage) != child || status != 0)
		die(argv[1]);
	figures->whole_ms = now_ms() - began;
	figures->processor_ms = (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1e3 +
				(double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e3;
}

/* The best of some runs: the machine may be busy. */
static void measure(const char *name, const char *const *argv)
{
	struct figures best = {0}, one;

	for (int i = 0; i < RUNS; i++) {
		run(argv, &one);
		if (!i || one.whole_ms < best.whole_ms)
			best = one;
	}
	printf("%-44s  %10.1f  %10.1f  %12.1f  %10" PRIu64 "\n", name, best.first_ms, best.whole_ms,
		best.processor_ms, best.bytes);
	fflush(stdout);
}

static void head(void)
{
	printf("%-44s  %10s  %10s  %12s  %10s\n", "", "first, ms", "whole, ms", "processor, ms",
		"bytes");
}

#define MEASURE(name, ...) measure(name, (const char *const[]){BK_CLI, __VA_ARGS__, NULL})

static void bench_log(const char *path)
{
	head();
	MEASURE("log", "log", path);
	MEASURE("log --limit 20", "log", "--limit", "20", path);
	MEASURE("diff of neighbours", "diff", path, "head~1000", "head~999");
	MEASURE("diff of head~20000 and head", "diff", "--summary", path, "head~20000", "head");
	MEASURE("extract --table payments", "extract", "--table", "payments", path);
	MEASURE("query, one row", "query", path, "SELECT * FROM vars LIMIT 1");
	MEASURE("history of a row that rests (payments 5)", "history", path, "payments", "5");
	MEASURE("history of a busy row (channels 1)", "history", path, "channels", "1");
}

static void check(enum bk_code code, const struct bk_error *err)
{
	if (code) {
		fprintf(stderr, "bench_past: %s\n", err->msg);
		exit(1);
	}
}

static void make_database(const char *path, const char *rows)
{
	sqlite3 *db;
	char sql[600];

	snprintf(sql, sizeof sql,
		"CREATE TABLE vars(name TEXT PRIMARY KEY, val TEXT, intval INTEGER, blobval BLOB);"
		"INSERT INTO vars VALUES('data_version', NULL, 1, NULL);"
		"CREATE TABLE many(id INTEGER PRIMARY KEY, state INTEGER, hash BLOB);"
		"WITH RECURSIVE n(i) AS (VALUES(1) UNION ALL SELECT i + 1 FROM n WHERE i < %s)"
		"INSERT INTO many SELECT i, i %% 7, randomblob(64) FROM n",
		rows);
	if (sqlite3_open(path, &db) != SQLITE_OK || sqlite3_exec(db, sql, NULL, NULL, NULL))
		die("cannot make a database");
	sqlite3_close(db);
}

static void append(struct bk_writer *writer, uint32_t version, const char *statement)
{
	char last[120];
	struct bk_slice statements[2] = {{statement, strlen(statement)}, {last, 0}};
	struct bk_change change = {version, statements, 2};
	struct bk_error err;

	statements[1].size = (size_t)snprintf(last, sizeof last,
		"UPDATE vars SET intval = intval + 1 WHERE name = 'data_version' AND intval = %u",
		version - 1);
	check(bk_writer_append(writer, &change, &err), &err);
}

static void bench_million(const char *dir, const char *rows)
{
	char database[300], log[300], name[100];
	struct bk_writer *writer;
	struct bk_error err;
	uint32_t version;

	snprintf(database, sizeof database, "%s/db", dir);
	snprintf(log, sizeof log, "%s/log.bkp", dir);
	make_database(database, rows);
	check(bk_log_create(bk_io_posix(), log, database, 10000, NULL, NULL, &version, &err), &err);
	check(bk_writer_open(&writer, bk_io_posix(), log, NULL, &err), &err);
	append(writer, version + 1, "UPDATE many SET state = 9 WHERE id = 4711");
	bk_writer_close(writer);
	head();
	snprintf(name, sizeof name, "diff of one row in a table of %s", rows);
	MEASURE(name, "diff", log, "head~1", "head");
	MEASURE("history of it", "history", log, "many", "4711");
	unlink(database);
	unlink(log);
}

static int usage(void)
{
	fputs("Usage: bench_past --log FILE | --trace FILE | --million [ROWS]\n", stderr);
	return 2;
}

int main(int argc, char **argv)
{
	char dir[] = "/tmp/bench_past.XXXXXX", path[300];
	struct genlog_options options = {.versions = UINT32_MAX};
	struct genlog_result made;
	struct bk_error err;
	int status = 0;

	if (argc < 2)
		return usage();
	if (!mkdtemp(dir))
		die("cannot make a folder");
	snprintf(path, sizeof path, "%s/log.bkp", dir);
	if (strcmp(argv[1], "--million") == 0) {
		bench_million(dir, argc > 2 ? argv[2] : "1000000");
	} else if (argc > 2 && strcmp(argv[1], "--log") == 0) {
		bench_log(argv[2]);
	} else if (argc > 2 && strcmp(argv[1], "--trace") == 0) {
		options.trace = argv[2];
		check(genlog_make(path, &options, &made, &err), &err);
		bench_log(path);
		unlink(path);
	} else {
		status = usage();
	}
	rmdir(dir);
	return status;
}
