/* bench.c - what a db_write costs the node: the same calls to the real plugin, to the plugin
 * without delta keyframes, and to a floor that only writes and syncs, in turns of a few hundred
 * calls. Then the log's size, the restore, the memory.
 *
 * Figures are printed, nothing is judged. */
#include "args.h"
#include "nodedb.h"
#include "play.h"
#include "report.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define CALLS_DEFAULT      20000
#define RESTORE_TIMEOUT_MS 600000
#define COPY_BYTES         ((size_t)1 << 20)

static const char help[] =
	"Usage: bench [OPTIONS] [DIR...]\n"
	"\n"
	"Plays db_write calls to the plugin and measures the round trip, beside a floor that only "
	"writes\n"
	"and syncs as many bytes, in each DIR (default: /var/tmp, where syncing costs what\n"
	"the disk costs, and /dev/shm, where it costs nothing).\n"
	"\n"
	"  --trace FILE  recorded calls (default: those of a made-up node)\n"
	"  --calls N     how many at most (default 20000)\n"
	"  --seed S      of the made-up node (default 1)\n"
	"  --json FILE   write the figures there too\n";

#define DIRS_MAX 4

struct bench {
	struct calls calls;
	const char *json;
	const char *dirs[DIRS_MAX];
	size_t dir_count;
};

static double seconds_since(const struct timespec *began)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)(now.tv_sec - began->tv_sec) + (double)(now.tv_nsec - began->tv_nsec) / 1e9;
}

static enum bk_code time_restore(
	const struct lane *lane, const char *dest, double *seconds, struct bk_error *err)
{
	const char *argv[] = {BK_CLI, "restore", lane->log, dest, NULL};
	struct timespec began;
	struct run run;
	enum bk_code code;

	clock_gettime(CLOCK_MONOTONIC, &began);
	code = run_program(&run, (char *const *)(uintptr_t)argv, NULL, RESTORE_TIMEOUT_MS, err);
	if (code)
		return code;
	*seconds = seconds_since(&began);
	if (run.status)
		code = bk_fail(err, BK_E_INVALID, 0, "backup-cli restore: %s", run_err(&run));
	run_done(&run);
	return code;
}

/* The way without keyframes: all changes, one transaction each, into a database that is never
 * synced. */
static enum bk_code time_replay(
	const struct bench *bench, const char *path, double *seconds, struct bk_error *err)
{
	struct trace *trace = NULL;
	struct nodedb *db = NULL;
	uint64_t left = bench->calls.count;
	struct timespec began;
	bool more = true;
	enum bk_code code = calls_open(&bench->calls, &trace, err);

	if (!code)
		code = nodedb_open(&db, path, 0, err);
	clock_gettime(CLOCK_MONOTONIC, &began);
	while (!code && left--) {
		struct trace_call call;

		code = trace_next(trace, &call, &more, err);
		if (code || !more)
			break;
		code = nodedb_apply(db, &call.change, err);
		if (!code)
			code = nodedb_commit(db, err);
	}
	*seconds = seconds_since(&began);
	nodedb_close(db);
	trace_close(trace);
	return code;
}

static enum bk_code time_copy(
	const char *from, const char *to, double *seconds, struct bk_error *err)
{
	int in = open(from, O_RDONLY | O_CLOEXEC);
	int out = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	char *bytes = malloc(COPY_BYTES);
	struct timespec began;
	ssize_t n = 1;

	clock_gettime(CLOCK_MONOTONIC, &began);
	while (bytes && n > 0) {
		n = read(in, bytes, COPY_BYTES);
		if (n > 0 && write(out, bytes, (size_t)n) != n)
			n = -1;
	}
	if (n == 0 && fsync(out) != 0)
		n = -1;
	*seconds = seconds_since(&began);
	free(bytes);
	if (in >= 0)
		close(in);
	if (out >= 0)
		close(out);
	return n == 0 ? BK_OK : bk_fail(err, BK_E_IO, errno, "cannot copy %s", from);
}

static enum bk_code time_restores(const struct bench *bench, const struct tempdir *place,
	struct figures *figures, struct bk_error *err)
{
	const char *restored = tempdir_path(place, "restored.sqlite3");
	enum bk_code code =
		time_restore(&figures->lanes[LANE_PLUGIN], restored, &figures->restore_s, err);

	if (!code)
		code = time_restore(&figures->lanes[LANE_PLAIN],
			tempdir_path(place, "plain.sqlite3"), &figures->restore_plain_s, err);
	if (!code)
		code = time_replay(
			bench, tempdir_path(place, "replayed.sqlite3"), &figures->replay_s, err);
	if (!code)
		code = time_copy(
			restored, tempdir_path(place, "copy.sqlite3"), &figures->copy_s, err);
	figures->database_bytes = file_size(restored);
	return code;
}

static enum bk_code run_in(const struct bench *bench, const struct tempdir *probing,
	const struct tempdir *place, struct figures *figures, struct bk_error *err)
{
	size_t started = 0;
	enum bk_code code = play_probe(&bench->calls, probing, &figures->floor_bytes, err);

	for (; !code && started < LANES; started++)
		code = lane_start(&figures->lanes[started], (enum lane_kind)started, place,
			figures->floor_bytes, err);
	if (!code)
		code = play(&bench->calls, figures->lanes, LANES, bench->calls.count,
			&figures->sql_bytes, err);
	for (size_t i = 0; !code && i < LANES; i++)
		code = lane_stop(&figures->lanes[i], err);
	if (!code)
		code = time_restores(bench, place, figures, err);
	if (!code)
		figures_print(figures);
	return code;
}

/* Measures in DIR and reports. */
static enum bk_code run_pass(
	const struct bench *bench, const char *dir, FILE *json, struct bk_error *err)
{
	struct figures figures = {.dir = dir};
	struct tempdir probing = {0}, place = {0};
	enum bk_code code = tempdir_make_in(&place, dir, err);

	if (!code)
		code = tempdir_make_in(&probing, dir, err);
	if (!code)
		code = run_in(bench, &probing, &place, &figures, err);
	if (!code && json)
		figures_json(&figures, json);
	for (size_t i = 0; i < LANES; i++)
		lane_done(&figures.lanes[i]);
	tempdir_remove(&probing);
	tempdir_remove(&place);
	return code;
}

static int run(const struct bench *bench)
{
	FILE *json = bench->json ? fopen(bench->json, "we") : NULL;
	struct bk_error err;
	enum bk_code code = BK_OK;

	if (bench->json && !json) {
		perror(bench->json);
		return EXIT_FAILURE;
	}
	if (json)
		fprintf(json, "[");
	for (size_t i = 0; !code && i < bench->dir_count; i++) {
		if (json && i)
			fprintf(json, ",");
		code = run_pass(bench, bench->dirs[i], json, &err);
	}
	if (json) {
		fprintf(json, "]\n");
		fclose(json);
	}
	if (code)
		fprintf(stderr, "bench: %s\n", err.msg);
	return code ? EXIT_FAILURE : EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
	struct bench bench = {.calls = {.count = CALLS_DEFAULT, .seed = 1}};
	const struct arg args[] = {{"trace", .text = &bench.calls.trace},
		{"calls", .number = &bench.calls.count}, {"seed", .number = &bench.calls.seed},
		{"json", .text = &bench.json}, {.name = NULL}};
	int at = args_read(argc, argv, args, help);

	if (argc - at > DIRS_MAX)
		args_refuse(help);
	while (at < argc)
		bench.dirs[bench.dir_count++] = argv[at++];
	if (!bench.dir_count) {
		bench.dirs[bench.dir_count++] = "/var/tmp";
		if (access("/dev/shm", W_OK) == 0)
			bench.dirs[bench.dir_count++] = "/dev/shm";
	}
	return run(&bench);
}
