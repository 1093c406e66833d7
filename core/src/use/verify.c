/* verify.c - whether a log still says what it once said: its passes, one after the other. */
#include "check.h"
#include "image.h"
#include "verify_passes.h"
#include <stdlib.h>
#include <time.h>

/* A writer may be in the midst of a frame: so often the end is looked at again. */
#define TORN_TRIES 20

static enum bk_code replaced(const struct verify *verify, struct bk_error *err)
{
	return bk_fail(err, BK_E_BUSY, 0,
		"%s was cut, replaced or put back while it was verified: verify it again",
		bk_log_path(verify->log));
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
		if (code || !status.torn_bytes)
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
	return BK_OK;
}

static enum bk_code verify_open(
	struct verify *verify, const struct bk_io *io, const char *path, struct bk_error *err)
{
	enum bk_code code = bk_log_open(&verify->log, io, path, err);

	if (code != BK_E_DAMAGE && code != BK_E_LIMIT)
		return code;
	/* Not even the beginning of a reader's work can be done. */
	verify->log = NULL;
	bk_verify_finding(verify, 0, "%s", err->msg);
	return BK_OK;
}

/* That what is behind the last keyframe can be replayed: nothing else has yet. */
static enum bk_code check_head(struct verify *verify, struct bk_error *err)
{
	struct bk_verify_result *result = verify->result;
	struct bk_image *image;
	struct check_result check;
	enum bk_code code = bk_image_open(&image, verify->log, result->head, NULL, err);

	if (!code) {
		if (verify->options->deep && bk_image_page_count(image))
			code = bk_check_database(&image->overlay.store, verify->log->lf.file.io,
				&image->budget, &check, err);
		if (!code && verify->options->deep && bk_image_page_count(image) && check.unsound)
			code = bk_fail(err, BK_E_DAMAGE, 0, "the database is not sound: %s",
				check.findings[0]);
		bk_image_close(image);
	}
	if (code == BK_E_DAMAGE || code == BK_E_SQL) {
		bk_verify_finding(verify, verify->log->state.keyframe,
			"the newest version, %u, cannot be rebuilt: %s", result->head, err->msg);
		return BK_OK;
	}
	result->head_restorable = !code;
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
		code = bk_verify_frames(verify, err);
	if (!code && verify->options->deep)
		code = bk_verify_deep(verify, err);
	if (!code && !found->findings)
		code = check_head(verify, err);
	if (!code && found->findings)
		code = check_still_there(verify, err);
	if (!code && found->findings)
		code = bk_verify_lost(verify, err);
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
	if (!code && verify.log)
		code = run_passes(&verify, err);
	bk_log_close(verify.log);
	free(verify.keyframes);
	pthread_mutex_destroy(&verify.mutex);
	if (!code)
		*result = found;
	return code;
}
