/* verify.c - whether a log still says what it once said: its passes, one after the other. */
#include "verdict.h"
#include "verify_passes.h"
#include <bk/keyring.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* A writer may be in the midst of a frame: so often the end is looked at again. */
#define TORN_TRIES 20

static enum bk_code replaced(const struct verify *verify, struct bk_error *err)
{
	return bk_fail(err, BK_E_BUSY, 0,
		"%s was cut, replaced or put back while it was verified: verify it again",
		bk_log_path(verify->log));
}

/* Whether the bytes behind the log's end may be a change that was acknowledged: a frame that is all
 * there, or whose head makes no sense. A write that never finished is shorter than its frame, or
 * begins with zeros. */
static enum bk_code judge_tail(struct verify *verify, struct bk_error *err)
{
	static const uint8_t zeros[FRAME_HEAD_SIZE];
	struct bk_log *log = verify->log;
	uint8_t bytes[FRAME_HEAD_SIZE];
	struct frame_head head;
	size_t size;
	enum bk_code code =
		bk_file_read(&log->lf.file, bytes, sizeof bytes, log->state.end, &size, err);

	if (code || size < sizeof bytes || memcmp(bytes, zeros, sizeof bytes) == 0)
		return code;
	verify->result->tail_unsure = !bk_frame_plausible(&head, bytes) ||
				      bk_frame_size(&head) <= verify->result->torn_bytes;
	return BK_OK;
}

/* The bytes behind the log's end, once a writer that may be at work has had time to finish. */
static enum bk_code look_at_tail(struct verify *verify, struct bk_error *err)
{
	const struct timespec pause = {.tv_nsec = 10000000};
	struct bk_log_status status;
	enum bk_log_news news;
	enum bk_code code = BK_OK;

	for (int i = 0; i < TORN_TRIES && !code; i++) {
		code = bk_log_status(verify->log, &status, err);
		if (code || !status.torn_bytes || status.damaged_at)
			break;
		nanosleep(&pause, NULL);
		code = bk_log_refresh(verify->log, &news, err);
		if (!code && news == BK_LOG_REPLACED)
			code = replaced(verify, err);
	}
	if (code)
		return code;
	verify->result->torn_bytes = status.torn_bytes;
	verify->result->copied_at = status.copied_at;
	verify->result->head_known = true;
	verify->result->head = status.version;
	verify->result->head_time_us = status.time_us;
	verify->result->is_quick =
		!verify->options->deep &&
		(uint64_t)status.page_size * status.page_count > BK_VERIFY_QUICK_BYTES;
	memcpy(verify->result->doubt, status.doubt, sizeof status.doubt);
	return verify->result->torn_bytes ? judge_tail(verify, err) : BK_OK;
}

static enum bk_code verify_open(
	struct verify *verify, const struct bk_io *io, const char *path, struct bk_error *err)
{
	enum bk_code code = bk_log_open(&verify->log, io, path, err);

	if (!code)
		bk_toll_init_whole(&verify->toll, verify->log->state.end);
	verify->image.toll = &verify->toll;
	if (code != BK_E_DAMAGE && code != BK_E_LIMIT)
		return code;
	/* Not even the beginning of a reader's work can be done. */
	verify->log = NULL;
	bk_verify_finding(verify, 0, "%s", err->msg);
	return BK_OK;
}

static void on_note(void *ctx, enum bk_note_kind kind, const char *what)
{
	struct verify *verify = ctx;

	bk_verify_own(verify, kind, what, verify->result->head);
}

/* Whether bk_restore gives the head. Why it does not is a finding, unless others stand there. */
static enum bk_code judge_head(struct verify *verify, struct bk_error *err)
{
	struct bk_verify_result *result = verify->result;
	struct bk_verdict_options options = {
		.is_quick = result->is_quick, .note = on_note, .ctx = verify};
	enum bk_code code = bk_verdict_head(verify->log, &options, &result->verdict, err);

	if (!code && result->verdict.answer == BK_VERDICT_NO && !result->findings)
		bk_verify_finding(verify, verify->log->state.keyframe,
			"the newest version, %u, cannot be rebuilt: %s", result->head,
			result->verdict.why.msg);
	return code;
}

/* What was found may be of a log that is no longer there. */
static enum bk_code check_still_there(struct verify *verify, struct bk_error *err)
{
	enum bk_log_news news;
	struct bk_error ignored;

	if (!bk_log_refresh(verify->log, &news, &ignored) && news == BK_LOG_REPLACED)
		return replaced(verify, err);
	return BK_OK;
}

static enum bk_code run_passes(struct verify *verify, struct bk_error *err)
{
	const struct bk_verify_result *found = verify->result;
	enum bk_code code = look_at_tail(verify, err);

	if (!code)
		code = verify->options->parts ? bk_verify_part(verify, err)
					      : bk_verify_frames(verify, err);
	if (!code && verify->options->deep)
		code = bk_verify_deep(verify, err);
	if (!code)
		code = judge_head(verify, err);
	if (!code && found->findings)
		code = check_still_there(verify, err);
	if (!code && !verify->options->parts && (found->findings || verify->has_unreplayable))
		code = bk_verify_lost(verify, err);
	if (!code && bk_toll_is_spent(&verify->toll))
		bk_verify_finding(verify, verify->log->state.end,
			"to rebuild all takes more than %llu ms of processor time, which no node's "
			"log of that size does: what else is wrong was not found out",
			(unsigned long long)verify->toll.time_ms);
	return code;
}

enum bk_code bk_verify(const struct bk_io *io, const char *path,
	const struct bk_verify_options *options, struct bk_verify_result *result,
	struct bk_error *err)
{
	static const struct bk_verify_options defaults;
	struct bk_verify_result found = {0};
	struct verify verify = {.options = options ? options : &defaults, .result = &found};
	enum bk_code code;

	pthread_mutex_init(&verify.mutex, NULL);
	code = verify_open(&verify, io, path, err);
	if (code == BK_E_SEALED && bk_keyring_is_empty(io->keys))
		code = bk_verify_shut(&verify, io, path, err);
	if (!code && verify.log)
		code = run_passes(&verify, err);
	if (!code)
		bk_verify_tell_own(&verify);
	bk_log_close(verify.log);
	free(verify.keyframes);
	free(verify.healing);
	pthread_mutex_destroy(&verify.mutex);
	if (!code)
		*result = found;
	return code;
}
