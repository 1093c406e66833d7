/* builder.c - having a log's successor built by a process of our own program. */
#include "builder.h"
#include "build.h"
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LOOK_MS  200
#define LINE_MAX (BK_ERROR_MESSAGE_MAX + 64)

/* Our own program, as it runs: one that was put in its place since is another release. */
#define PROGRAM "/proc/self/exe"

struct building {
	const struct builder_task *task;
	struct builder_result *result;
	char line[LINE_MAX];
	size_t length;
	bool is_done; /* its last line was read: */
	enum bk_code code;
};

static void take_line(struct building *building, struct bk_error *err)
{
	struct builder_result *result = building->result;
	const struct builder_task *task = building->task;
	uint64_t done, total;
	int code, text;

	if (sscanf(building->line, "progress %" SCNu64 " %" SCNu64, &done, &total) == 2) {
		if (task->progress)
			task->progress(task->ctx, done, total);
		return;
	}
	building->is_done = true;
	building->code = BK_OK;
	if (strcmp(building->line, "needless") == 0)
		result->is_needless = true;
	else if (sscanf(building->line, "failed %d %n", &code, &text) == 1 && code > 0 &&
		 code <= BK_E_CANCELLED)
		building->code = bk_fail(err, (enum bk_code)code, 0, "%s", building->line + text);
	else if (sscanf(building->line, "built %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64,
			 &result->bytes_before, &result->versions_before, &result->bytes_after,
			 &result->versions_after) != 4)
		building->is_done = false;
}

static void take_bytes(
	struct building *building, const char *bytes, size_t count, struct bk_error *err)
{
	for (size_t i = 0; i < count && !building->is_done; i++) {
		if (bytes[i] != '\n') {
			if (building->length < LINE_MAX - 1)
				building->line[building->length++] = bytes[i];
			continue;
		}
		building->line[building->length] = '\0';
		building->length = 0;
		take_line(building, err);
	}
}

/* Reads what it says until it has ended. */
static enum bk_code listen(
	struct building *building, const struct bk_io *io, void *stream, struct bk_error *err)
{
	const struct builder_task *task = building->task;
	char bytes[1024];

	while (!building->is_done) {
		int64_t n = io->ops->receive(io->ctx, stream, bytes, sizeof bytes, LOOK_MS);

		if (task->is_wanted && !task->is_wanted(task->ctx))
			return bk_fail(err, BK_E_CANCELLED, 0, "the compaction was given up");
		if (n == -ETIMEDOUT || n == -EINTR)
			continue;
		if (n <= 0)
			return bk_fail(err, BK_E_IO, n < 0 ? (int)-n : 0,
				"the process that builds the log's successor ended before it was "
				"done");
		take_bytes(building, bytes, (size_t)n, err);
	}
	return building->code;
}

enum bk_code builder_run(const struct bk_io *io, const struct builder_task *task,
	struct builder_result *result, struct bk_error *err)
{
	const struct bk_policy *policy = &task->policy;
	const uint64_t numbers[] = {(uint64_t)policy->all_us, (uint64_t)policy->hourly_us,
		(uint64_t)policy->daily_us, (uint64_t)policy->monthly_us, policy->bytes_max,
		task->if_due};
	char words[BUILD_WORDS - 1][24], said[1];
	const char *argv[BUILD_WORDS + 3] = {PROGRAM, BUILD_ARGUMENT, task->path};
	struct building building = {.task = task, .result = result};
	void *stream;
	enum bk_code code;
	int rc;

	for (size_t i = 0; i < BUILD_WORDS - 1; i++) {
		snprintf(words[i], sizeof words[i], "%" PRIu64, numbers[i]);
		argv[3 + i] = words[i];
	}
	*result = (struct builder_result){0};
	rc = io->ops->run ? io->ops->run(io->ctx, (char *const *)(uintptr_t)argv, &stream)
			  : -ENOSYS;
	if (rc < 0)
		return bk_fail(err, BK_E_IO, -rc,
			"cannot start a process that builds the log's successor");
	code = listen(&building, io, stream, err);
	io->ops->hang_up(io->ctx, stream, said, 0);
	return code;
}
