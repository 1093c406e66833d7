/* zeros.c - zeros ahead of the log's end. */
#include "zeros.h"
#include <sched.h>
#include <stdlib.h>

static enum bk_code prepare(struct bk_writer *writer, struct bk_error *err)
{
	struct zeros *zeros = &writer->zeros;
	const struct bk_io *io = writer->log->lf.file.io;
	enum bk_code code;

	if (zeros->is_needless || zeros->step)
		return BK_OK;
	code = bk_writer_open_again(writer, &zeros->file, err);
	if (code)
		return code;
	zeros->is_needless = !io->ops->overwrites_in_place ||
			     io->ops->overwrites_in_place(io->ctx, zeros->file.fd) != 1;
	if (!zeros->is_needless)
		zeros->step = calloc(1, ZEROS_STEP);
	if (!zeros->step)
		bk_file_close(&zeros->file);
	if (!zeros->step && !zeros->is_needless)
		return bk_fail(err, BK_E_NOMEM, 0, "no memory for zeros ahead of a log's end");
	return BK_OK;
}

/* Writes a step, up to a multiple of its size. A disk that is full is left as full as it was, to
 * the changes. With the log's mutex held. */
static enum bk_code lay_locked(struct bk_writer *writer, struct bk_error *err)
{
	struct zeros *zeros = &writer->zeros;
	struct bk_log *log = writer->log;
	uint64_t from = log->file_end, to = (from / ZEROS_STEP + 1) * ZEROS_STEP;
	struct bk_error ignored;
	enum bk_code code =
		bk_file_write(&zeros->file, zeros->step, (size_t)(to - from), from, err);

	if (code) {
		(void)!bk_file_truncate(&zeros->file, from, &ignored);
		zeros->wait_for = log->state.end + ZEROS_STEP;
		return code;
	}
	log->file_end = to;
	return BK_OK;
}

/* Lays and syncs a step, if one is due. */
static enum bk_code lay(struct bk_writer *writer, bool *was_due, struct bk_error *err)
{
	enum bk_code code = BK_OK;

	pthread_mutex_lock(&writer->log->mutex);
	*was_due = bk_zeros_are_due(writer);
	if (*was_due)
		code = lay_locked(writer, err);
	pthread_mutex_unlock(&writer->log->mutex);
	if (!code && *was_due)
		code = bk_writer_sync_through(writer, &writer->zeros.file, err);
	return code;
}

enum bk_code bk_writer_lay_zeros(struct bk_writer *writer, struct bk_error *err)
{
	enum bk_code code = prepare(writer, err);
	bool was_due = writer->zeros.step;

	while (!code && was_due)
		code = lay(writer, &was_due, err);
	return code;
}

/* Waits until a step is due; false at the end. */
static bool wait_until_due(struct bk_writer *writer)
{
	struct zeros *zeros = &writer->zeros;
	bool is_stopping;

	pthread_mutex_lock(&writer->log->mutex);
	while (!zeros->is_stopping && !bk_zeros_are_due(writer))
		pthread_cond_wait(&zeros->used, &writer->log->mutex);
	is_stopping = zeros->is_stopping;
	pthread_mutex_unlock(&writer->log->mutex);
	return !is_stopping;
}

/* What fails here is told where it matters: a sync by the next change, a full disk by the first
 * that does not fit. */
static void *zeros_run(void *arg)
{
	struct bk_writer *writer = arg;
	const struct sched_param param = {0};
	struct bk_error ignored;
	bool was_due;

	pthread_setschedparam(pthread_self(), SCHED_BATCH, &param);
	if (prepare(writer, &ignored) || !writer->zeros.step)
		return NULL;
	while (wait_until_due(writer)) {
		bk_writer_let_pass(writer);
		(void)!lay(writer, &was_due, &ignored);
	}
	return NULL;
}

void bk_writer_start_zeros(struct bk_writer *writer)
{
	struct zeros *zeros = &writer->zeros;

	zeros->is_stopping = false;
	zeros->has_thread = pthread_create(&zeros->thread, NULL, zeros_run, writer) == 0;
}

void bk_zeros_stop(struct bk_writer *writer)
{
	struct zeros *zeros = &writer->zeros;

	if (!zeros->has_thread)
		return;
	pthread_mutex_lock(&writer->log->mutex);
	zeros->is_stopping = true;
	pthread_cond_signal(&zeros->used);
	pthread_mutex_unlock(&writer->log->mutex);
	pthread_join(zeros->thread, NULL);
	zeros->has_thread = false;
}

void bk_zeros_cut(struct bk_writer *writer)
{
	struct bk_log *log = writer->log;
	struct bk_error ignored;

	if (writer->zeros.step && !bk_file_truncate(&log->lf.file, log->state.end, &ignored))
		log->file_end = log->state.end;
}
