/* bench_year.c - a year of a node, and its log compacted as the plugin does it.
 *
 * The changes of a made-up node, spread over 365 days, go through core's writer; whenever the
 * plugin would have looked, it is looked whether a compaction is due, and done. In the end: what is
 * kept, whether each version that is kept can be rebuilt, what was written in all. Figures are
 * printed; what cannot be rebuilt fails, and with --max-size a log that was larger. */
#include "args.h"
#include "build.h"
#include "timing.h"
#include "trace.h"
#include <bk/compact.h>
#include <bk/follower.h>
#include <bk/image.h>
#include <bk/listing.h>
#include <bk/snapshot.h>
#include <bk/successor.h>
#include <bk/verify.h>
#include <bk/writer.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define DAY_US  (INT64_C(86400) * 1000000)
#define YEAR_US (365 * DAY_US)

static const char help[] =
	"Usage: bench_year [OPTIONS]\n"
	"\n"
	"  --versions N     of the year (default 1000000)\n"
	"  --max-size SIZE  of the log and its successor\n"
	"  --keep-all AGE, --keep-hourly AGE, --keep-daily AGE, --keep-monthly AGE\n"
	"                   (default 30d, 90d, 5y, forever)\n"
	"  --seed S         of the made-up node (default 1)\n"
	"  --log FILE       the log, which must not exist (default /var/tmp/year.bkp)\n";

/* The seam, with the year's clock, and without syncs. */
struct year {
	struct bk_io_ops ops;
	struct bk_io io;
	int64_t now_us;
	struct bk_compact_options options;
	const char *path;
	uint64_t seed;
	uint32_t versions;
	struct bk_writer *writer;
	uint64_t looked_bytes, sql_bytes, appended, built, largest;
	uint64_t before; /* bytes of the log behind its last compaction */
	unsigned compactions, plans;
	double compact_s, plan_s, compact_s_max;
};

static int no_sync(void *ctx, int fd)
{
	(void)ctx;
	(void)fd;
	return 0;
}

static int64_t year_clock(void *ctx)
{
	return ((struct year *)ctx)->now_us;
}

static uint64_t log_bytes(const struct year *year)
{
	struct bk_log_status status;
	struct bk_error err;

	must(bk_log_status(bk_writer_log(year->writer), &status, &err), "status", &err);
	return status.log_bytes;
}

static void take(struct year *year)
{
	struct bk_successor *successor;
	struct bk_writer *to;
	struct bk_error err;
	uint64_t left;

	must(bk_successor_open(&successor, bk_writer_log(year->writer), &err), "successor", &err);
	must(bk_successor_catch_up(successor, &left, &err), "catching up", &err);
	must(bk_successor_take(successor, year->writer, &to, &err), "taking", &err);
	bk_successor_close(successor);
	bk_writer_leave(year->writer);
	year->writer = to;
}

static void compact(struct year *year)
{
	struct bk_compact_result result;
	struct bk_error err;
	struct bk_log *log;
	double began = seconds_now();
	uint64_t bytes = log_bytes(year);

	must(bk_log_open(&log, &year->io, year->path, &err), "opening the log", &err);
	must(bk_compact_plan(log, &year->options, &result, &err), "a plan", &err);
	year->plans++;
	year->plan_s += seconds_now() - began;
	year->looked_bytes = bytes;
	if (build_is_due(&year->options.policy, &result)) {
		began = seconds_now();
		must(bk_compact(log, &year->options, &result, &err), "a compaction", &err);
		take(year);
		began = seconds_now() - began;
		year->compact_s += began;
		if (began > year->compact_s_max)
			year->compact_s_max = began;
		year->compactions++;
		year->appended += bytes - year->before;
		year->built += result.bytes_after;
		if (bytes + result.bytes_after > year->largest)
			year->largest = bytes + result.bytes_after;
		year->before = year->looked_bytes = log_bytes(year);
		if (isatty(STDERR_FILENO))
			fprintf(stderr, "\rday %lld: %llu KB, %llu KB then; %.1f s     ",
				(long long)(year->now_us / DAY_US),
				(unsigned long long)bytes / 1000,
				(unsigned long long)year->before / 1000, began);
	}
	bk_log_close(log);
}

/* As the plugin does, look again when it has grown by a sixteenth. */
static bool is_time(const struct year *year)
{
	uint64_t grown = year->looked_bytes / 16;

	return log_bytes(year) >= year->looked_bytes + (grown > 65536 ? grown : 65536);
}

static void play(struct year *year)
{
	const struct bk_writer_options options = {.program = "bench_year"};
	struct trace *trace;
	struct bk_error err;
	uint32_t version, done = 0;
	bool more = true;

	year->now_us = DAY_US;
	must(trace_open_generated(&trace, year->seed, UINT64_MAX, &err), "the node", &err);
	must(bk_log_create(&year->io, year->path, NULL, 0, NULL, NULL, &version, &err), "a log",
		&err);
	must(bk_writer_open(&year->writer, &year->io, year->path, &options, &err), "the log", &err);
	while (done < year->versions) {
		struct trace_call call;

		must(trace_next(trace, &call, &more, &err), "a call", &err);
		if (call.change.version != done)
			year->now_us = DAY_US + (int64_t)((double)YEAR_US * done / year->versions);
		done = call.change.version;
		must(bk_writer_append(year->writer, &call.change, &err), "a change", &err);
		must(bk_keyframes_build(year->writer, &err), "a keyframe", &err);
		for (size_t i = 0; i < call.change.statement_count; i++)
			year->sql_bytes += call.change.statements[i].size;
		if (done % 64 == 0 && is_time(year))
			compact(year);
	}
	trace_close(trace);
	year->appended += log_bytes(year) - year->before;
}

/* Each version that is listed can be rebuilt; how many there are of each age. */
static void check_kept(const struct year *year)
{
	uint64_t ages[4] = {0}, changes = 0, kept = 0;
	struct bk_listing *listing;
	struct bk_log_status status;
	struct bk_entry entry;
	struct bk_error err;
	struct bk_log *log;
	bool more = true;

	must(bk_log_open(&log, bk_io_posix(), year->path, &err), "the log", &err);
	must(bk_log_status(log, &status, &err), "status", &err);
	must(bk_listing_open_last(&listing, log, UINT64_MAX, BK_LISTING_VERSIONS, &err), "a list",
		&err);
	for (;;) {
		int64_t age;
		struct bk_image *image;

		must(bk_listing_next(listing, &entry, &more, &err), "a version", &err);
		if (!more)
			break;
		age = status.time_us - entry.time_us;
		ages[age < 30 * DAY_US ? 0 : age < 90 * DAY_US ? 1 : age < 180 * DAY_US ? 2 : 3]++;
		/* Those with changes are replayed, one of a hundred here, all by verify. */
		if (entry.statements && changes++ % 100)
			continue;
		kept++;
		must(bk_image_open(&image, log, entry.version, NULL, &err), "an image", &err);
		bk_image_close(image);
	}
	bk_listing_close(listing);
	bk_log_close(log);
	printf("kept: %llu of the last 30 days, %llu of 30 to 90, %llu of 90 to 180, %llu before; "
	       "%llu images opened\n",
		(unsigned long long)ages[0], (unsigned long long)ages[1],
		(unsigned long long)ages[2], (unsigned long long)ages[3], (unsigned long long)kept);
}

static void verify(const struct year *year)
{
	const struct bk_verify_options options = {.deep = true};
	struct bk_verify_result result;
	struct bk_error err;
	double began = seconds_now();

	must(bk_verify(bk_io_posix(), year->path, &options, &result, &err), "verify", &err);
	if (result.findings || result.lost || result.verdict.answer != BK_VERDICT_YES)
		die("verify --deep", "damage was found");
	printf("verify --deep: %llu frames, %llu keyframes, no damage; %.0f s\n",
		(unsigned long long)result.frames, (unsigned long long)result.keyframes,
		seconds_now() - began);
}

static void report(const struct year *year)
{
	char policy[BK_POLICY_TEXT];
	struct rusage usage;

	bk_policy_text(&year->options.policy, policy);
	getrusage(RUSAGE_SELF, &usage);
	printf("%u versions in 365 days, %llu MB of SQL; keeping %s\n", year->versions,
		(unsigned long long)year->sql_bytes / 1000000, policy);
	printf("log: %llu MB in the end, at most %llu MB with its successor\n",
		(unsigned long long)log_bytes(year) / 1000000,
		(unsigned long long)year->largest / 1000000);
	printf("%u compactions, %.1f s each, %.1f s at most; %u times looked, %.2f s each; %ld MB "
	       "of memory at most\n",
		year->compactions, year->compact_s / (year->compactions ? year->compactions : 1),
		year->compact_s_max, year->plans, year->plan_s / (year->plans ? year->plans : 1),
		usage.ru_maxrss / 1024);
	printf("written: %llu MB by the node's changes and keyframes, %llu MB by compactions: %.2f "
	       "times as much in all\n",
		(unsigned long long)year->appended / 1000000,
		(unsigned long long)year->built / 1000000,
		(double)(year->appended + year->built) / (double)year->appended);
}

static void run(struct year *year)
{
	year->ops = *bk_io_posix()->ops;
	year->ops.datasync = no_sync;
	year->ops.now_us = year_clock;
	year->io = (struct bk_io){.ops = &year->ops, .ctx = year};
	play(year);
	report(year);
	bk_writer_close(year->writer);
	check_kept(year);
	verify(year);
	if (year->options.policy.bytes_max && year->largest > year->options.policy.bytes_max)
		die("--max-size", "log and successor were larger together");
}

int main(int argc, char **argv)
{
	struct year year = {.versions = 1000000, .seed = 1, .path = "/var/tmp/year.bkp"};
	struct bk_policy *policy = &year.options.policy;
	const char *size = NULL, *all = "30d", *hourly = "90d", *daily = "5y", *monthly = "forever";
	const struct arg args[] = {{"versions", .small = &year.versions},
		{"max-size", .text = &size}, {"seed", .number = &year.seed},
		{"log", .text = &year.path}, {"keep-all", .text = &all},
		{"keep-hourly", .text = &hourly}, {"keep-daily", .text = &daily},
		{"keep-monthly", .text = &monthly}, {.name = NULL}};
	struct bk_error err;

	args_read(argc, argv, args, help);
	if (size)
		must(bk_policy_bytes(size, &policy->bytes_max, &err), "--max-size", &err);
	must(bk_policy_age(all, &policy->all_us, &err), "--keep-all", &err);
	must(bk_policy_age(hourly, &policy->hourly_us, &err), "--keep-hourly", &err);
	must(bk_policy_age(daily, &policy->daily_us, &err), "--keep-daily", &err);
	must(bk_policy_age(monthly, &policy->monthly_us, &err), "--keep-monthly", &err);
	run(&year);
	return EXIT_SUCCESS;
}
