/* build.c - building a log's successor, as a process of its own. */
#include "build.h"
#include <bk/io.h>
#include <bk/log.h>
#include <bk/memory.h>
#include <bk/process.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* Less is not worth its while. */
#define GAIN_BYTES_MIN ((uint64_t)1 << 20)
#define GAIN_PART      4

/* So many tenths of bytes_max, and a successor has just room beside the log (bk/compact.h). */
#define FULL_TENTHS 6

#define EXIT_USAGE 2

bool build_is_due(const struct bk_policy *policy, const struct bk_compact_result *planned)
{
	uint64_t before = planned->bytes_before;
	uint64_t gain = before > planned->bytes_after ? before - planned->bytes_after : 0;

	if (policy->bytes_max && before > policy->bytes_max / 10 * FULL_TENTHS)
		return true;
	return gain >= GAIN_BYTES_MIN && gain >= before / GAIN_PART;
}

/* Who started us has gone, or wants us no more. What is half built is taken away at the next
 * start. */
static void *wait_for_end(void *unused)
{
	char byte;

	(void)unused;
	while (read(STDIN_FILENO, &byte, 1) > 0)
		;
	_exit(EXIT_FAILURE);
}

/* Gives way to all others, and is what the system ends first where memory runs out. */
static void give_way(void)
{
	static const char most[] = "1000";
	int file = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);

	bk_process_idle_thread();
	if (file < 0)
		return;
	(void)!write(file, most, sizeof most - 1);
	close(file);
}

/* A bk_progress_fn. */
static void tell_progress(void *ctx, uint64_t done, uint64_t total)
{
	time_t *told = ctx, now = time(NULL);

	if (now == *told)
		return;
	*told = now;
	printf("progress %" PRIu64 " %" PRIu64 "\n", done, total);
	fflush(stdout);
}

static enum bk_code build(const struct bk_io *io, const char *path,
	struct bk_compact_options *options, bool if_due, struct bk_compact_result *result,
	bool *is_due, struct bk_error *err)
{
	struct bk_log *log;
	enum bk_code code = bk_log_open(&log, io, path, err);

	*is_due = true;
	if (code)
		return code;
	if (if_due) {
		code = bk_compact_plan(log, options, result, err);
		*is_due = !code && build_is_due(&options->policy, result);
	}
	if (!code && *is_due) {
		puts("progress 0 0");
		fflush(stdout);
	}
	if (!code && *is_due)
		code = bk_compact(log, options, result, err);
	bk_log_close(log);
	return code;
}

static bool take_number(const char *text, uint64_t max, uint64_t *out)
{
	char *end;

	*out = strtoull(text, &end, 10);
	return end != text && !*end && *out <= max;
}

static bool take_words(char **words, struct bk_policy *policy, bool *if_due)
{
	int64_t *const ages[] = {
		&policy->all_us, &policy->hourly_us, &policy->daily_us, &policy->monthly_us};
	uint64_t number;

	for (size_t i = 0; i < sizeof ages / sizeof *ages; i++) {
		if (!take_number(words[1 + i], INT64_MAX, &number))
			return false;
		*ages[i] = (int64_t)number;
	}
	if (!take_number(words[5], UINT64_MAX, &policy->bytes_max) ||
		!take_number(words[6], 1, &number))
		return false;
	*if_due = number;
	return true;
}

int build_run(const struct bk_io *io, int count, char **words)
{
	time_t told = time(NULL);
	struct bk_compact_options options = {
		.program = "the plugin backup", .progress = tell_progress, .ctx = &told};
	struct bk_compact_result result;
	struct bk_error err;
	pthread_t thread;
	bool if_due, is_due;

	if (count != BUILD_WORDS || !take_words(words, &options.policy, &if_due))
		return EXIT_USAGE;
	give_way();
	bk_limit_sqlite_memory();
	if (pthread_create(&thread, NULL, wait_for_end, NULL))
		return EXIT_FAILURE;
	if (build(io, words[0], &options, if_due, &result, &is_due, &err))
		printf("failed %d %s\n", err.code, err.msg);
	else if (!is_due)
		puts("needless");
	else
		printf("built %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 "\n",
			result.bytes_before, result.versions_before, result.bytes_after,
			result.versions_after);
	return fflush(stdout) ? EXIT_FAILURE : EXIT_SUCCESS;
}
