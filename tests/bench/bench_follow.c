/* bench_follow.c - what the follower costs the hook, and how far it is behind: changes appended at
 * a steady rate, or as fast as they go, to two logs in short turns, one with a follower and one
 * without; both with zeros ahead.
 *
 * Figures are printed, nothing is judged. */
#include "args.h"
#include "slowdisk.h"
#include "timing.h"
#include "trace.h"
#include <bk/follower.h>
#include <bk/live.h>
#include <bk/snapshot.h>
#include <bk/writer.h>
#include <inttypes.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define TURN       32 /* changes to one log before the other's turn */
#define LOOKS      20000
#define WAIT_STEPS 60000

static const char help[] =
	"Usage: bench_follow [OPTIONS]\n"
	"\n"
	"Appends the changes of a made-up node to a log with a follower and to one without.\n"
	"\n"
	"  --dir DIR      where to write (default /var/tmp)\n"
	"  --rate N       changes a second (default 300; 0: as fast as they go)\n"
	"  --changes N    how many to each log (default 6000)\n"
	"  --trace FILE   recorded changes instead\n"
	"  --disk MS,MB   as on a disk with a flush of MS ms and MB MB/s, of its own (with --dir\n"
	"                 in memory)\n";

struct lane {
	const char *name;
	char path[256];
	struct trace *trace;
	struct bk_writer *writer;
	struct bk_follower *follower;
	double *us;
	unsigned count;
};

struct bench {
	const char *dir, *trace;
	const struct bk_io *io;
	unsigned rate, changes;
	struct lane lanes[2];
	struct bk_error err;
};

static void fail_replay(void *ctx, const struct bk_error *err)
{
	(void)ctx;
	die("following", err->msg);
}

static void open_lane(struct bench *bench, struct lane *lane, bool follows)
{
	struct bk_follower_options options = {.notify = fail_replay};
	struct bk_error *err = &bench->err;
	uint32_t version;

	lane->name = follows ? "with a follower" : "without";
	snprintf(lane->path, sizeof lane->path, "%s/bench_follow-%d-%d.bkp", bench->dir,
		(int)getpid(), follows);
	lane->us = calloc(bench->changes, sizeof *lane->us);
	must(bk_log_create(bench->io, lane->path, NULL, 0, NULL, NULL, &version, err), "a log",
		err);
	must(bk_writer_open(&lane->writer, bench->io, lane->path, NULL, err), "opening", err);
	bk_writer_start_zeros(lane->writer);
	must(bench->trace ? trace_open(&lane->trace, bench->trace, err)
			  : trace_open_generated(&lane->trace, 1, bench->changes, err),
		"the changes", err);
	if (follows)
		must(bk_follower_start(&lane->follower, lane->writer, &options, err), "a follower",
			err);
}

static void sleep_until(double at)
{
	double left = at - seconds_now();
	time_t seconds = (time_t)left;
	struct timespec pause = {
		.tv_sec = seconds, .tv_nsec = (long)((left - (double)seconds) * 1e9)};

	if (left > 0)
		nanosleep(&pause, NULL);
}

/* Appends up to COUNT changes at the rate; false when there are no more. */
static bool play(struct bench *bench, struct lane *lane, unsigned count)
{
	double start = seconds_now();
	bool more = true;

	for (unsigned i = 0; i < count && lane->count < bench->changes; i++) {
		struct trace_call call;
		double began;

		must(trace_next(lane->trace, &call, &more, &bench->err), "a change", &bench->err);
		if (!more)
			return false;
		if (bench->rate)
			sleep_until(start + i / (double)bench->rate);
		began = seconds_now();
		must(bk_writer_append(lane->writer, &call.change, &bench->err), "appending",
			&bench->err);
		lane->us[lane->count++] = (seconds_now() - began) * 1e6;
	}
	return lane->count < bench->changes;
}

static void wait_proven(struct lane *lane, struct bk_follower_status *status)
{
	const struct timespec step = {.tv_nsec = 1000000};

	for (unsigned i = 0; i < WAIT_STEPS; i++) {
		bk_follower_status(lane->follower, status);
		if (status->proven == bk_writer_version(lane->writer))
			return;
		nanosleep(&step, NULL);
	}
	die("following", "it does not catch up");
}

static void print_lane(struct lane *lane)
{
	double median = percentile(lane->us, lane->count, 50);
	double most = percentile(lane->us, lane->count, 99);

	/* Sorted now. */
	printf("%-16s append p50 %7.1f us, p99 %7.1f us, p99.9 %7.1f us\n", lane->name, median,
		most, lane->us[lane->count - 1 - lane->count / 1000]);
}

static void close_lane(struct lane *lane)
{
	bk_follower_stop(lane->follower);
	bk_writer_close(lane->writer);
	trace_close(lane->trace);
	free(lane->us);
	unlink(lane->path);
}

/* What looking at the node's database costs. */
static void measure_looks(struct bench *bench)
{
	char path[256];
	struct bk_stamp stamp;
	struct bk_look look;
	struct bk_live *live;
	sqlite3 *db;
	double began;

	snprintf(path, sizeof path, "%s/bench_follow-%d.sqlite3", bench->dir, (int)getpid());
	if (sqlite3_open(path, &db) != SQLITE_OK ||
		sqlite3_exec(db,
			"CREATE TABLE vars (name TEXT PRIMARY KEY, intval INTEGER, blobval BLOB); "
			"INSERT INTO vars VALUES ('data_version', 1, NULL); BEGIN IMMEDIATE",
			NULL, NULL, NULL) != SQLITE_OK)
		die("a database", sqlite3_errmsg(db));
	live = bk_live_new(path);
	must(bk_live_look(live, 0, &look, &bench->err), "looking", &bench->err);
	began = seconds_now();
	for (unsigned i = 0; i < LOOKS; i++)
		if (!bk_live_glance(live, &stamp))
			die("looking", "there is no stamp");
	printf("a glance at the node's database takes %.1f us,",
		(seconds_now() - began) / LOOKS * 1e6);
	began = seconds_now();
	for (unsigned i = 0; i < LOOKS; i++)
		must(bk_live_look(live, 0, &look, &bench->err), "looking", &bench->err);
	printf(" a look under its lock %.1f us\n", (seconds_now() - began) / LOOKS * 1e6);
	bk_live_free(live);
	sqlite3_close(db);
	unlink(path);
}

static void run(struct bench *bench)
{
	struct bk_follower_status status;
	struct lane *follows = &bench->lanes[0], *plain = &bench->lanes[1];
	bool more = true;
	char rate[32] = "as fast as they go";

	open_lane(bench, follows, true);
	open_lane(bench, plain, false);
	for (unsigned turn = 0; more; turn++) {
		more = play(bench, turn % 2 ? plain : follows, TURN);
		wait_proven(follows, &status);
		more = play(bench, turn % 2 ? follows : plain, TURN) && more;
		wait_proven(follows, &status);
		/* The first are not counted: zeros are laid meanwhile, for both. */
		if (!turn)
			follows->count = plain->count = 0;
	}
	if (bench->rate)
		snprintf(rate, sizeof rate, "%u a second", bench->rate);
	printf("%u changes to each log, %s, in %s\n", follows->count, rate, bench->dir);
	print_lane(follows);
	print_lane(plain);
	printf("p99 %.2f times that without; behind by at most %" PRIu64 " changes and %.1f ms\n",
		percentile(follows->us, follows->count, 99) /
			percentile(plain->us, plain->count, 99),
		status.behind_max, (double)status.lag_us_max / 1e3);
	measure_looks(bench);
	close_lane(follows);
	close_lane(plain);
}

int main(int argc, char **argv)
{
	struct bench bench = {.dir = "/var/tmp", .io = bk_io_posix(), .rate = 300, .changes = 6000};
	const char *disk = NULL;
	const struct arg args[] = {{"dir", .text = &bench.dir}, {"rate", .small = &bench.rate},
		{"changes", .small = &bench.changes}, {"trace", .text = &bench.trace},
		{"disk", .text = &disk}, {.name = NULL}};
	double flush_ms, mb_s;

	args_read(argc, argv, args, help);
	if (disk && sscanf(disk, "%lf,%lf", &flush_ms, &mb_s) != 2)
		args_refuse(help);
	if (disk)
		bench.io = slowdisk_io(flush_ms * 1e3, mb_s * 1e6);
	run(&bench);
	return EXIT_SUCCESS;
}
