/* lane.c - one of the processes that a benchmark sends the same calls to. */
#include "lane.h"
#include "jsontext.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#define ANSWER_TIMEOUT_MS 60000
#define INIT_TIMEOUT_MS   60000
#define BLOCK_BYTES_MAX   ((size_t)1 << 30)

static const char *const environment[] = {
	"LIGHTNINGD_PLUGIN=1", "LIGHTNINGD_VERSION=v26.06.6", NULL};

const char *lane_name(enum lane_kind kind)
{
	switch (kind) {
	case LANE_PLUGIN:
		return "plugin";
	case LANE_PLAIN:
		return "plugin without keyframes";
	case LANE_FLOOR:
		return "floor";
	case LANE_SEALED:
		return "plugin, sealed";
	case LANE_SEALED_PLAIN:
		return "sealed, no keyframes";
	}
	return "";
}

static bool is_sealed(const struct lane *lane)
{
	return lane->kind == LANE_SEALED || lane->kind == LANE_SEALED_PLAIN;
}

/* Sets a backup up in the lane's directory. */
static enum bk_code set_up(struct lane *lane, struct bk_error *err)
{
	const char *argv[] = {BK_CLI, "init", "--lightning-dir", lane->dir, lane->log,
		is_sealed(lane) ? "--seal=key-file" : NULL, NULL};
	char path[PATH_MAX + 16], text[PATH_MAX + 128];
	struct run run;
	enum bk_code code =
		run_program(&run, (char *const *)(uintptr_t)argv, NULL, INIT_TIMEOUT_MS, err);

	if (code)
		return code;
	if (run.status)
		code = bk_fail(err, BK_E_INVALID, 0, "backup-cli init: %s", run_err(&run));
	run_done(&run);
	if (code || (lane->kind != LANE_PLAIN && lane->kind != LANE_SEALED_PLAIN))
		return code;
	snprintf(path, sizeof path, "%s/backup.lock", lane->dir);
	snprintf(text, sizeof text, "{\"backend_url\": \"file://%s\", \"keyframe_changes\": 0%s}\n",
		lane->log, is_sealed(lane) ? ", \"key_file\": \"backup.key\"" : "");
	return file_put(path, text, err);
}

static enum bk_code start_plugin(struct lane *lane, struct bk_error *err)
{
	struct child_options options = {.dir = lane->dir, .env = environment};
	char plugin[] = BK_PLUGIN;
	char *argv[] = {plugin, NULL};
	cJSON *manifest = NULL;
	enum bk_code code = set_up(lane, err);

	if (!code)
		code = talk_start(&lane->talk, argv, &options, ANSWER_TIMEOUT_MS, err);
	if (!code)
		code = talk_ask(&lane->talk, "getmanifest", "", &manifest, err);
	cJSON_Delete(manifest);
	return code;
}

static enum bk_code start_floor(struct lane *lane, size_t bytes, struct bk_error *err)
{
	char program[] = BK_FLOOR, size[32];
	char *argv[] = {program, lane->log, size, NULL};

	snprintf(size, sizeof size, "%zu", bytes);
	return talk_start(&lane->talk, argv, NULL, ANSWER_TIMEOUT_MS, err);
}

enum bk_code lane_start(struct lane *lane, enum lane_kind kind, const struct tempdir *place,
	size_t floor_bytes, struct bk_error *err)
{
	static const char *const names[] = {"plugin", "plain", "floor", "sealed", "sealed-plain"};
	struct tempdir dir;
	enum bk_code code;

	*lane = (struct lane){.kind = kind};
	talk_init(&lane->talk);
	snprintf(lane->dir, PATH_MAX, "%s", tempdir_path(place, names[kind]));
	snprintf(dir.path, PATH_MAX, "%s", lane->dir);
	snprintf(lane->log, PATH_MAX, "%s", tempdir_path(&dir, "log.bkp"));
	if (mkdir(lane->dir, 0700) != 0)
		return bk_fail(err, BK_E_IO, 0, "cannot make %s", lane->dir);
	code = kind == LANE_FLOOR ? start_floor(lane, floor_bytes, err) : start_plugin(lane, err);
	lane->log_start = file_size(lane->log);
	return code;
}

static uint64_t clock_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static enum bk_code keep_time(struct lane *lane, uint64_t ns, struct bk_error *err)
{
	if (lane->count == lane->capacity) {
		size_t capacity = lane->capacity ? 2 * lane->capacity : 65536;
		uint32_t *grown = realloc(lane->ns, capacity * sizeof *grown);

		if (!grown)
			return bk_fail(err, BK_E_NOMEM, 0, "no memory for figures");
		lane->ns = grown;
		lane->capacity = capacity;
	}
	lane->ns[lane->count++] = ns < UINT32_MAX ? (uint32_t)ns : UINT32_MAX;
	return BK_OK;
}

/* Receives until something other than a log line comes: that alone has a result. */
static enum bk_code receive_result(
	struct lane *lane, struct bk_slice *message, struct bk_error *err)
{
	enum bk_code code;

	do
		code = peer_receive(&lane->talk.peer, message, err);
	while (!code && message->size && !memmem(message->data, message->size, "\"result\":", 9));
	return code;
}

static enum bk_code play_call(
	struct lane *lane, const uint8_t *text, size_t size, struct bk_error *err)
{
	struct bk_slice answer = {0};
	uint64_t began = clock_ns();
	enum bk_code code = peer_send(&lane->talk.peer, text, size, err);

	if (!code)
		code = receive_result(lane, &answer, err);
	if (!code)
		code = keep_time(lane, clock_ns() - began, err);
	if (!code && !memmem(answer.data, answer.size, "\"continue\"", 10))
		code = bk_fail(err, BK_E_INVALID, 0, "%s: %.*s", lane_name(lane->kind),
			(int)answer.size, (const char *)answer.data);
	return code;
}

enum bk_code lane_play(struct lane *lane, const struct block *block, struct bk_error *err)
{
	enum bk_code code = BK_OK;
	size_t start = 0;

	for (size_t i = 0; !code && i < block->count; i++) {
		code = play_call(lane, block->text.data + start, block->ends[i] - start, err);
		start = block->ends[i];
	}
	return code;
}

void block_init(struct block *block)
{
	*block = (struct block){0};
	bk_buf_init(&block->text, BLOCK_BYTES_MAX);
}

void block_done(struct block *block)
{
	bk_buf_done(&block->text);
}

enum bk_code block_add(struct block *block, const struct trace_call *call, struct bk_error *err)
{
	enum bk_code code = json_raw(&block->text, err,
		"{\"jsonrpc\":\"2.0\",\"id\":\"cln:db_write#%zu\",\"method\":\"db_write\","
		"\"params\":{",
		block->count);

	if (!code)
		code = json_change(&block->text, &call->change, err);
	if (!code)
		code = bk_buf_append(&block->text, "}}\n\n", 4, err);
	if (!code)
		block->ends[block->count++] = block->text.size;
	return code;
}

enum bk_code lane_stop(struct lane *lane, struct bk_error *err)
{
	struct child *child = &lane->talk.peer.child;
	enum bk_code code;

	/* What wait4 tells counts our own memory in, from before the program was loaded. */
	lane->peak_kb = child_memory_kb(child->pid, "VmHWM:");
	peer_hang_up(&lane->talk.peer);
	code = child_wait(child, ANSWER_TIMEOUT_MS, err);
	if (!code && child->status)
		code = bk_fail(err, BK_E_INVALID, 0, "%s exited with %d", lane_name(lane->kind),
			child_exit_code(child->status));
	talk_end(&lane->talk);
	return code;
}

void lane_done(struct lane *lane)
{
	talk_done(&lane->talk);
	free(lane->ns);
}

uint64_t lane_bytes(const struct lane *lane)
{
	return file_size(lane->log) - lane->log_start;
}

static int compare_ns(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

double lane_quantile(struct lane *lane, double part)
{
	if (!lane->count)
		return 0;
	qsort(lane->ns, lane->count, sizeof *lane->ns, compare_ns);
	return lane->ns[(size_t)((double)(lane->count - 1) * part)] / 1e3;
}

double lane_cpu_us(const struct lane *lane)
{
	const struct rusage *usage = &lane->talk.usage;
	double seconds = (double)(usage->ru_utime.tv_sec + usage->ru_stime.tv_sec);
	double micros = (double)(usage->ru_utime.tv_usec + usage->ru_stime.tv_usec);

	return lane->count ? (seconds * 1e6 + micros) / (double)lane->count : 0;
}
