/* bench_compact.c - a log that is compacted while changes come as fast as they are answered: what
 * that costs a db_write, and whether each image is what it was.
 *
 * At random moments backup-cli compact is run beside the plugin. What the log was before stays
 * under another name; in the end both are read, page by page. Figures are printed; only a page that
 * differs fails. */
#include "args.h"
#include "play.h"
#include "timing.h"
#include <bk/image.h>
#include <bk/io.h>
#include <bk/listing.h>
#include <bk/log.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define TIMES_MAX       64
#define PAGE_BYTES_MAX  65536
#define WAIT_TIMEOUT_MS 600000

static const char help[] =
	"Usage: bench_compact [OPTIONS]\n"
	"\n"
	"Plays a trace to the plugin twice, the second time with compactions of the log meanwhile, "
	"and\n"
	"compares the round trips of the calls that came during one with those of the same calls "
	"the\n"
	"first time; then the images before and after.\n"
	"\n"
	"  --trace FILE     recorded calls (default: those of a made-up node)\n"
	"  --calls N        how many at most (default 60000)\n"
	"  --times N        how often (default 10)\n"
	"  --keep-all AGE   as backup-cli compact takes it: the rest is thinned to one an hour\n"
	"  --every N        of N versions one is compared (default 25)\n"
	"  --seed S         of the moments (default 1)\n"
	"  --dir DIR        where to write (default /var/tmp)\n";

/* Calls of the lane, from FIRST on and before END, that came during a compaction. */
struct window {
	size_t first, end;
};

struct bench {
	struct calls calls;
	unsigned times, every;
	const char *dir, *keep_all;
	uint64_t seed;
	struct lane alone, lane; /* the same calls without a compaction, and with them */
	struct window windows[TIMES_MAX];
	unsigned count; /* compactions begun */
	struct child child;
};

/* What the log was before the compaction NUMBER. */
static const char *before_path(const struct bench *bench, unsigned number)
{
	static char path[PATH_MAX + 32];

	snprintf(path, sizeof path, "%s.before.%u", bench->lane.log, number);
	return path;
}

static enum bk_code begin_compaction(struct bench *bench, struct bk_error *err)
{
	const char *argv[] = {BK_CLI, "compact", bench->lane.log, "--keep-all", bench->keep_all,
		"--keep-hourly", "forever", NULL};

	if (!bench->keep_all)
		argv[3] = NULL;
	if (link(bench->lane.log, before_path(bench, bench->count)) != 0)
		return bk_fail(err, BK_E_IO, errno, "cannot link %s", bench->lane.log);
	bench->windows[bench->count++].first = bench->lane.count;
	return child_start(&bench->child, (char *const *)(uintptr_t)argv, NULL, err);
}

static enum bk_code end_compaction(struct bench *bench, struct bk_error *err)
{
	enum bk_code code = child_wait(&bench->child, WAIT_TIMEOUT_MS, err);
	int status = child_exit_code(bench->child.status);

	bench->windows[bench->count - 1].end = bench->lane.count;
	child_done(&bench->child);
	return code || !status
		       ? code
		       : bk_fail(err, BK_E_INVALID, 0, "backup-cli compact gave %d", status);
}

static bool has_ended(const struct bench *bench)
{
	siginfo_t info = {0};

	return waitid(P_PID, (id_t)bench->child.pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
	       info.si_pid;
}

/* Whether a compaction is to begin: so often, spread over the calls that are left. */
static bool is_time(struct bench *bench, uint64_t left)
{
	uint64_t blocks = left / BLOCK_CALLS + 1, due = bench->times - bench->count;

	return bench->count < bench->times && !bench->child.pid &&
	       (blocks <= due || next_random(&bench->seed) % blocks < due);
}

/* Plays all calls to LANE; compactions are made of the log of bench->lane only. */
static enum bk_code play_all(struct bench *bench, struct lane *lane, struct bk_error *err)
{
	struct trace *trace = NULL;
	uint64_t left = bench->calls.count, sql_bytes = 0;
	struct block block;
	enum bk_code code = calls_open(&bench->calls, &trace, err);

	block_init(&block);
	while (!code) {
		code = block_fill(&block, trace, &left, &sql_bytes, err);
		if (code || !block.count)
			break;
		if (lane == &bench->lane && lane->count && is_time(bench, left))
			code = begin_compaction(bench, err);
		if (!code)
			code = lane_play(lane, &block, err);
		if (!code && bench->child.pid && has_ended(bench))
			code = end_compaction(bench, err);
	}
	if (!code && bench->child.pid)
		code = end_compaction(bench, err);
	block_done(&block);
	trace_close(trace);
	return code;
}

static int compare_ns(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static void print_times(const char *what, uint32_t *ns, size_t count)
{
	if (!count)
		return;
	qsort(ns, count, sizeof *ns, compare_ns);
	printf("%-20s %8zu calls  p50 %7.1f us  p99 %7.1f us  p99.9 %8.1f us  max %7.2f ms\n", what,
		count, ns[count / 2] / 1e3, ns[count * 99 / 100] / 1e3,
		ns[count * 999 / 1000] / 1e3, ns[count - 1] / 1e6);
}

/* Whether the call NUMBER came during a compaction; asked with numbers that grow, from *AT on. */
static bool is_during(const struct bench *bench, size_t number, unsigned *at)
{
	while (*at < bench->count && number >= bench->windows[*at].end)
		++*at;
	return *at < bench->count && number >= bench->windows[*at].first;
}

static void report(const struct bench *bench)
{
	const struct lane *lane = &bench->lane, *alone = &bench->alone;
	uint32_t *during = malloc(lane->count * sizeof *during);
	uint32_t *other = malloc(lane->count * sizeof *other);
	size_t count = 0;
	unsigned at = 0;

	for (size_t i = 0; during && other && i < lane->count; i++) {
		if (!is_during(bench, i, &at))
			continue;
		during[count] = lane->ns[i];
		other[count++] = alone->ns[i];
	}
	print_times("during a compaction", during, count);
	print_times("the same without", other, count);
	if (count)
		printf("p99 is %.2f times that without\n",
			(double)during[count * 99 / 100] / other[count * 99 / 100]);
	free(during);
	free(other);
}

static enum bk_code compare_images(
	struct bk_log *before, struct bk_log *after, uint32_t version, struct bk_error *err)
{
	static uint8_t a[PAGE_BYTES_MAX], b[PAGE_BYTES_MAX];
	struct bk_image *one = NULL, *other = NULL;
	size_t size = 1, same = 1;
	enum bk_code code = bk_image_open(&one, before, version, NULL, err);

	if (!code)
		code = bk_image_open(&other, after, version, NULL, err);
	for (uint64_t at = 0; !code && size; at += size) {
		code = bk_image_read(one, a, sizeof a, at, &size, err);
		if (!code)
			code = bk_image_read(other, b, sizeof b, at, &same, err);
		if (!code && (size != same || memcmp(a, b, size) != 0))
			code = bk_fail(err, BK_E_DAMAGE, 0, "version %u differs near offset %llu",
				version, (unsigned long long)at);
	}
	bk_image_close(one);
	bk_image_close(other);
	return code;
}

/* The versions of AFTER that BEFORE holds, too, one of EVERY. */
static enum bk_code compare_logs(const struct bench *bench, struct bk_log *before,
	struct bk_log *after, uint64_t *compared, struct bk_error *err)
{
	struct bk_listing *listing;
	struct bk_entry entry, there;
	bool more = true;
	uint64_t count = 0;
	enum bk_code code =
		bk_listing_open_last(&listing, after, UINT64_MAX, BK_LISTING_VERSIONS, err);

	if (code)
		return code;
	while (!code) {
		code = bk_listing_next(listing, &entry, &more, err);
		if (code || !more)
			break;
		if (count++ % bench->every || bk_log_find(before, entry.version, &there, NULL))
			continue;
		code = compare_images(before, after, entry.version, err);
		++*compared;
	}
	bk_listing_close(listing);
	return code;
}

static enum bk_code compare_all(const struct bench *bench, struct bk_error *err)
{
	uint64_t compared = 0;
	struct bk_log *after;
	enum bk_code code = bk_log_open(&after, bk_io_posix(), bench->lane.log, err);

	if (code)
		return code;
	for (unsigned i = 0; !code && i < bench->count; i++) {
		struct bk_log *before;

		code = bk_log_open(&before, bk_io_posix(), before_path(bench, i), err);
		if (code)
			break;
		code = compare_logs(bench, before, after, &compared, err);
		bk_log_close(before);
	}
	bk_log_close(after);
	if (!code)
		printf("%llu images, of what the log was before %u compactions, are the same\n",
			(unsigned long long)compared, bench->count);
	return code;
}

static enum bk_code verify(const struct bench *bench, struct bk_error *err)
{
	const char *argv[] = {BK_CLI, "verify", "--deep", bench->lane.log, NULL};
	struct run run;
	enum bk_code code =
		run_program(&run, (char *const *)(uintptr_t)argv, NULL, WAIT_TIMEOUT_MS, err);

	if (code)
		return code;
	printf("%s", run_out(&run));
	if (run.status)
		code = bk_fail(err, BK_E_DAMAGE, 0, "verify --deep: %s", run_err(&run));
	run_done(&run);
	return code;
}

static enum bk_code play_lane(
	struct bench *bench, struct lane *lane, const struct tempdir *place, struct bk_error *err)
{
	enum bk_code code = lane_start(lane, LANE_PLUGIN, place, 0, err);

	if (!code)
		code = play_all(bench, lane, err);
	return code ? code : lane_stop(lane, err);
}

static enum bk_code run_in(struct bench *bench, const struct tempdir *alone,
	const struct tempdir *place, struct bk_error *err)
{
	enum bk_code code = play_lane(bench, &bench->alone, alone, err);

	if (!code)
		code = play_lane(bench, &bench->lane, place, err);
	if (!code)
		report(bench);
	if (!code)
		code = compare_all(bench, err);
	return code ? code : verify(bench, err);
}

static int run(struct bench *bench)
{
	struct tempdir alone = {0}, place = {0};
	struct bk_error err;
	enum bk_code code = tempdir_make_in(&alone, bench->dir, &err);

	if (!code)
		code = tempdir_make_in(&place, bench->dir, &err);
	if (!code)
		code = run_in(bench, &alone, &place, &err);
	lane_done(&bench->alone);
	lane_done(&bench->lane);
	tempdir_remove(&alone);
	tempdir_remove(&place);
	if (code)
		fprintf(stderr, "bench_compact: %s\n", err.msg);
	return code ? EXIT_FAILURE : EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
	struct bench bench = {.calls = {.count = 60000, .seed = 1},
		.times = 10,
		.every = 25,
		.seed = 1,
		.dir = "/var/tmp"};
	const struct arg args[] = {{"trace", .text = &bench.calls.trace},
		{"calls", .number = &bench.calls.count}, {"times", .small = &bench.times},
		{"keep-all", .text = &bench.keep_all}, {"every", .small = &bench.every},
		{"seed", .number = &bench.seed}, {"dir", .text = &bench.dir}, {.name = NULL}};

	args_read(argc, argv, args, help);
	if (bench.times > TIMES_MAX || !bench.every)
		args_refuse(help);
	return run(&bench);
}
