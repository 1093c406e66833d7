/* bench_log.c - what opening a version costs, in logs of 10,000, 100,000 and 1,000,000 versions.
 *
 * For each log: opening it with its file out of the system's cache; then, with all of it there:
 * opening random versions; one row of a random version by SQL, through the loadable extension;
 * restoring the head, beside a plain replay of all changes and a synced copy of the restored file.
 * Or the same, without the replay, of a log that there is, of recorded calls, of a large database.
 */
#include "args.h"
#include "genlog.h"
#include "timing.h"
#include "tracegen.h"
#include <bk/image.h>
#include <bk/restore.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

struct figures {
	uint32_t versions;
	uint64_t changes, log_bytes, sql_bytes, database_bytes, keyframes;
	double open_cold_ms, open_warm_ms;
	double version_p50_ms, version_p99_ms, version_max_ms;
	double row_p50_ms, row_p99_ms;
	double restore_s, replay_s, copy_s;
};

struct bench {
	const char *dir;
	const char *extension;
	unsigned samples;
	struct genlog_options made; /* the log to make; versions 0: of each size */
	bool without_replay;
	const char *existing; /* a log to measure instead of made ones */
};

static double time_open(const char *path, struct bk_log **log)
{
	struct bk_error err;
	double began = seconds_now();

	must(bk_log_open(log, bk_io_posix(), path, &err), "open the log", &err);
	return (seconds_now() - began) * 1e3;
}

static void measure_versions(
	const struct bench *bench, struct bk_log *log, uint32_t head, struct figures *figures)
{
	double *times = calloc(bench->samples, sizeof *times);
	uint64_t random = bench->made.seed;

	for (unsigned i = 0; i < bench->samples; i++) {
		uint32_t version = 1 + (uint32_t)(next_random(&random) % head);
		struct bk_image *image;
		struct bk_error err;
		double began = seconds_now();

		must(bk_image_open(&image, log, version, NULL, &err), "open a version", &err);
		times[i] = (seconds_now() - began) * 1e3;
		bk_image_close(image);
	}
	figures->version_p50_ms = percentile(times, bench->samples, 50);
	figures->version_p99_ms = percentile(times, bench->samples, 99);
	figures->version_max_ms = times[bench->samples - 1];
	free(times);
}

/* Loads the extension once; it stays. */
static void load_extension(const char *extension)
{
	sqlite3 *db;
	char *message = NULL;

	if (sqlite3_open(":memory:", &db) != SQLITE_OK ||
		sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 1, NULL) !=
			SQLITE_OK ||
		sqlite3_load_extension(db, extension, NULL, &message) != SQLITE_OK)
		die(extension, message ? message : "cannot load it");
	sqlite3_close(db);
}

static double time_row(const char *path, uint32_t version, uint64_t random)
{
	static const char sql[] = "SELECT * FROM sqlite_schema, vars LIMIT 1 OFFSET ?1";
	char uri[4200];
	sqlite3 *db;
	sqlite3_stmt *statement = NULL;
	double began = seconds_now();

	snprintf(uri, sizeof uri, "file:%s?vfs=backup&version=%u", path, version);
	if (sqlite3_open_v2(uri, &db, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, NULL) != SQLITE_OK ||
		sqlite3_prepare_v2(db, sql, -1, &statement, NULL) != SQLITE_OK)
		die(uri, sqlite3_errmsg(db));
	sqlite3_bind_int64(statement, 1, (sqlite3_int64)(random % 20));
	if (sqlite3_step(statement) != SQLITE_ROW)
		die(uri, sqlite3_errmsg(db));
	sqlite3_finalize(statement);
	sqlite3_close(db);
	return (seconds_now() - began) * 1e3;
}

static void measure_rows(
	const struct bench *bench, const char *path, uint32_t head, struct figures *figures)
{
	double *times = calloc(bench->samples, sizeof *times);
	uint64_t random = bench->made.seed + 1;

	for (unsigned i = 0; i < bench->samples; i++) {
		uint32_t version = 1 + (uint32_t)(next_random(&random) % head);

		times[i] = time_row(path, version, next_random(&random));
	}
	figures->row_p50_ms = percentile(times, bench->samples, 50);
	figures->row_p99_ms = percentile(times, bench->samples, 99);
	free(times);
}

/* The best of three: what is left over is the disk's. */
static void measure_restore(const struct bench *bench, struct bk_log *log, struct figures *figures)
{
	char to[4096], command[9000];

	snprintf(to, sizeof to, "%s/restored.db", bench->dir);
	for (int i = 0; i < 3; i++) {
		struct bk_restore_result result;
		struct bk_error err;
		struct stat st;
		double began, restore, copy;

		unlink(to);
		began = seconds_now();
		must(bk_restore(log, to, NULL, &result, &err), "restore", &err);
		restore = seconds_now() - began;
		free(result.path);
		snprintf(command, sizeof command,
			"dd if=%s of=%s.copy bs=1M conv=fsync status=none", to, to);
		began = seconds_now();
		if (system(command) != 0)
			die("copy", command);
		copy = seconds_now() - began;
		if (!i || restore < figures->restore_s)
			figures->restore_s = restore;
		if (!i || copy < figures->copy_s)
			figures->copy_s = copy;
		if (stat(to, &st) == 0)
			figures->database_bytes = (uint64_t)st.st_size;
		snprintf(command, sizeof command, "%s.copy", to);
		unlink(command);
	}
	unlink(to);
}

static void run_slice(sqlite3 *db, struct bk_slice sql)
{
	sqlite3_stmt *statement;
	int rc = sqlite3_prepare_v2(db, sql.data, (int)sql.size, &statement, NULL);

	while (rc == SQLITE_OK && (rc = sqlite3_step(statement)) == SQLITE_ROW)
		rc = SQLITE_OK;
	if (rc != SQLITE_DONE)
		die("replay", sqlite3_errmsg(db));
	sqlite3_finalize(statement);
}

static void run(sqlite3 *db, const char *sql)
{
	run_slice(db, (struct bk_slice){sql, strlen(sql)});
}

static double replay_call(sqlite3 *db, const struct bk_change *change)
{
	bool is_lone = bk_change_is_pragma(change);
	double began = seconds_now();

	if (!is_lone)
		run(db, "BEGIN");
	for (size_t i = 0; i < change->statement_count; i++)
		run_slice(db, change->statements[i]);
	if (!is_lone)
		run(db, "COMMIT");
	return seconds_now() - began;
}

/* What a backup without keyframes has to do: every change, in a plain database, without any sync.
 */
static void measure_replay(const struct bench *bench, struct figures *figures)
{
	struct tracegen *gen = trace_gen_new(bench->made.seed);
	char path[4096];
	sqlite3 *db = NULL;

	snprintf(path, sizeof path, "%s/replayed.db", bench->dir);
	unlink(path);
	if (!gen || sqlite3_open(path, &db) != SQLITE_OK)
		die(path, "cannot open it");
	run(db, "PRAGMA journal_mode = OFF");
	run(db, "PRAGMA synchronous = OFF");
	run(db, "PRAGMA locking_mode = EXCLUSIVE");
	run(db, "PRAGMA foreign_keys = ON");
	figures->replay_s = 0;
	for (uint64_t i = 0; i < figures->changes; i++) {
		struct trace_call call;

		trace_gen_next(gen, &call);
		figures->replay_s += replay_call(db, &call.change);
	}
	sqlite3_close(db);
	trace_gen_free(gen);
	unlink(path);
}

/* All that needs only the log. Versions begin with 1 or, in an existing log, with the first there.
 */
static void measure_log(const struct bench *bench, const char *path, struct figures *figures)
{
	struct bk_log_status status;
	struct bk_log *log;
	struct bk_error err;

	drop_cache(path);
	figures->open_cold_ms = time_open(path, &log);
	bk_log_close(log);
	fill_cache(path);
	figures->open_warm_ms = time_open(path, &log);
	must(bk_log_status(log, &status, &err), "read the log", &err);
	figures->keyframes = status.keyframes;
	figures->changes = status.changes;
	figures->versions = status.version;
	figures->log_bytes = status.log_bytes;
	measure_versions(bench, log, status.version, figures);
	measure_rows(bench, path, status.version, figures);
	measure_restore(bench, log, figures);
	bk_log_close(log);
}

static void measure(const struct bench *bench, uint32_t versions, struct figures *figures)
{
	struct genlog_options options = bench->made;
	struct genlog_result made;
	struct bk_error err;
	char path[4096];

	options.versions = versions;
	snprintf(path, sizeof path, "%s/bench-%u.bkp", bench->dir, versions);
	unlink(path);
	must(genlog_make(path, &options, &made, &err), "make a log", &err);
	*figures = (struct figures){.sql_bytes = made.sql_bytes};
	measure_log(bench, path, figures);
	if (!bench->without_replay && !options.trace && !options.database_bytes)
		measure_replay(bench, figures);
	unlink(path);
}

static void print_table(const struct figures *f)
{
	printf("%9u versions: log %.1f MB, ", f->versions, (double)f->log_bytes / 1e6);
	if (f->sql_bytes)
		printf("SQL %.1f MB (%.1f times the log), ", (double)f->sql_bytes / 1e6,
			(double)f->sql_bytes / (double)f->log_bytes);
	printf("database %.1f MB, %" PRIu64 " keyframes\n", (double)f->database_bytes / 1e6,
		f->keyframes);
	printf("  open the log         cold %8.3f ms   warm %8.3f ms\n", f->open_cold_ms,
		f->open_warm_ms);
	printf("  open a version        p50 %8.3f ms    p99 %8.3f ms    max %8.3f ms\n",
		f->version_p50_ms, f->version_p99_ms, f->version_max_ms);
	printf("  a row of a version    p50 %8.3f ms    p99 %8.3f ms\n", f->row_p50_ms,
		f->row_p99_ms);
	printf("  restore the head          %8.3f s (%.0f MB/s), copy and sync %.3f s (%.1f x)\n",
		f->restore_s, (double)f->database_bytes / 1e6 / f->restore_s, f->copy_s,
		f->restore_s / f->copy_s);
	if (f->replay_s > 0)
		printf("  plain replay of all       %8.3f s (%.0f x the restore)\n", f->replay_s,
			f->replay_s / f->restore_s);
	fflush(stdout);
}

static void print_json(FILE *out, const struct figures *f, bool first)
{
	fprintf(out,
		"%s\n  {\"versions\": %u, \"changes\": %" PRIu64 ", \"log_bytes\": %" PRIu64
		", \"sql_bytes\": %" PRIu64 ", \"database_bytes\": %" PRIu64
		", \"keyframes\": %" PRIu64 ",\n   \"open_cold_ms\": %.4f, \"open_warm_ms\": %.4f, "
		"\"version_p50_ms\": %.4f, \"version_p99_ms\": %.4f, \"row_p50_ms\": %.4f, "
		"\"row_p99_ms\": %.4f,\n   \"restore_s\": %.4f, \"copy_s\": %.4f, \"replay_s\": "
		"%.3f}",
		first ? "" : ",", f->versions, f->changes, f->log_bytes, f->sql_bytes,
		f->database_bytes, f->keyframes, f->open_cold_ms, f->open_warm_ms,
		f->version_p50_ms, f->version_p99_ms, f->row_p50_ms, f->row_p99_ms, f->restore_s,
		f->copy_s, f->replay_s);
}

static const char help[] =
	"Usage: bench_log [OPTIONS]\n"
	"  --dir DIR          where logs are made and removed (default /var/tmp)\n"
	"  --extension FILE   backupvfs.so (default: that of this build)\n"
	"  --log FILE         measure this log\n"
	"  --trace FILE       of recorded calls, all of them\n"
	"  --database MB      of a node whose database has so many megabytes, half-way\n"
	"  --versions N       only a log of N versions, instead of 10,000, 100,000 and "
	"1,000,000\n"
	"  --samples N        random versions opened in each (default 1000)\n"
	"  --seed S           which traffic, and which versions (default 1)\n"
	"  --without-replay   leave the replay of all changes out\n"
	"  --json FILE        the figures as JSON, too\n";

int main(int argc, char **argv)
{
	static const uint32_t sizes[] = {10000, 100000, 1000000};
	struct bench bench = {
		.dir = "/var/tmp", .extension = BK_EXTENSION, .samples = 1000, .made.seed = 1};
	const char *json_path = NULL;
	uint64_t megabytes = 0;
	const struct arg args[] = {{"dir", .text = &bench.dir},
		{"extension", .text = &bench.extension},
		{"versions", .small = &bench.made.versions}, {"log", .text = &bench.existing},
		{"samples", .small = &bench.samples}, {"seed", .number = &bench.made.seed},
		{"without-replay", .flag = &bench.without_replay}, {"json", .text = &json_path},
		{"trace", .text = &bench.made.trace}, {"database", .number = &megabytes},
		{.name = NULL}};
	bool first = true;
	FILE *json;

	if (args_read(argc, argv, args, help) != argc || !bench.samples)
		args_refuse(help);
	bench.made.database_bytes = megabytes * 1000000;
	if (bench.made.trace && !bench.made.versions)
		bench.made.versions = UINT32_MAX;
	json = open_json(json_path);
	load_extension(bench.extension);
	if (json)
		fputs("[", json);
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		struct figures figures = {0};

		if ((bench.made.versions || bench.existing) && i)
			break;
		if (bench.existing)
			measure_log(&bench, bench.existing, &figures);
		else
			measure(&bench, bench.made.versions ? bench.made.versions : sizes[i],
				&figures);
		print_table(&figures);
		if (json)
			print_json(json, &figures, first);
		first = false;
	}
	if (json) {
		fputs("\n]\n", json);
		fclose(json);
	}
	return EXIT_SUCCESS;
}
