/* writer.c - a writer: frames put at the log's end, and made durable. */
#include "writer.h"
#include "codec.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define INTERVAL_CHANGES 128
#define INTERVAL_BYTES   ((size_t)1 << 20)
#define FRAME_KEEP       ((size_t)1 << 20)
#define PAGE_LEVEL       1

int64_t bk_writer_now_us(const struct bk_writer *writer)
{
	const struct bk_io *io = writer->log->lf.file.io;

	return io->ops->now_us(io->ctx);
}

enum bk_code bk_put_begin(struct bk_buf *frame, struct bk_error *err)
{
	enum bk_code code;

	bk_buf_clear(frame, FRAME_KEEP);
	code = bk_buf_reserve(frame, FRAME_HEAD_SIZE, err);
	if (!code)
		frame->size = FRAME_HEAD_SIZE;
	return code;
}

/* KF was put at OFFSET, and is the state's last frame. */
static void take_keyframe(struct state *state, struct keyframe *kf, uint64_t offset)
{
	kf->offset = offset;
	kf->end = state->end;
	if (bk_keyframe_is_entry(kf))
		kf->next = offset;
	bk_state_take_keyframe(state, kf);
}

/* The bytes of FRAME, which stands in BUF but for its head, as they go to the file: sealed, where
 * the log is, but for slots. */
static enum bk_code finish(struct bk_writer *writer, struct frame *frame, struct bk_buf *buf,
	const struct bk_buf **out, struct bk_error *err)
{
	const struct logfile *lf = &writer->log->lf;
	const struct sealing sealing = {&lf->header, lf->key};

	if (lf->header.is_sealed && frame->head.kind != FRAME_SLOT) {
		*out = &writer->closed;
		return bk_frame_close(&writer->closed, &frame->head, frame->payload, frame->offset,
			&sealing, lf->file.io, err);
	}
	*out = buf;
	bk_frame_finish(buf->data, &frame->head, lf->header.seed + frame->offset);
	return BK_OK;
}

/* With the log's mutex held: finishes, writes, and takes the frame into the state. */
static enum bk_code put_locked(struct bk_writer *writer, const struct put *put, struct bk_buf *buf,
	uint64_t *offset, struct bk_error *err)
{
	struct state *state = &writer->log->state;
	const struct logfile *lf = &writer->log->lf;
	struct frame frame = {
		.offset = state->end,
		.payload = buf->data + FRAME_HEAD_SIZE,
		.head = {.kind = (uint8_t)put->kind,
			.must = put->must,
			.may = put->may,
			.size = (uint32_t)(buf->size - FRAME_HEAD_SIZE),
			.version = put->version,
			.time_us = put->time_us,
			.keyframe = state->keyframe,
			.unsynced = (uint32_t)(state->end - writer->durable),
			.chain = (uint32_t)state->last_sum},
	};
	const struct bk_buf *bytes;
	enum bk_code code;

	assert(state->end - writer->durable <= UNSYNCED_MAX);
	code = finish(writer, &frame, buf, &bytes, err);
	if (code)
		return code;
	code = bk_file_write(&lf->file, bytes->data, bytes->size, frame.offset, err);
	if (code) {
		/* What stands there now is no valid frame, and the next one overwrites it; but
		 * a full disk is better left as empty as it was. */
		lf->file.io->ops->truncate(lf->file.io->ctx, lf->file.fd, frame.offset);
		writer->log->file_end = frame.offset;
		return code;
	}
	code = bk_state_take(state, &frame, err);
	if (code)
		return code;
	writer->log->tail_end = state->end;
	if (writer->log->file_end < state->end)
		writer->log->file_end = state->end;
	if (bk_zeros_are_due(writer))
		pthread_cond_signal(&writer->zeros.used);
	writer->changes += put->kind == FRAME_CHANGE || put->kind == FRAME_REWIND;
	writer->streams += put->kind == FRAME_CHANGE && put->must & CHANGE_STREAM;
	if (put->keyframe)
		take_keyframe(state, put->keyframe, frame.offset);
	*offset = frame.offset;
	return BK_OK;
}

enum bk_code bk_writer_put(struct bk_writer *writer, const struct put *put, struct bk_buf *frame,
	uint64_t *offset, struct bk_error *err)
{
	struct bk_log *log = writer->log;
	enum bk_code code;

	pthread_mutex_lock(&log->mutex);
	if (writer->failure.code) {
		code = bk_fail_as(err, &writer->failure);
	} else if (put->keyframe && put->keyframe->previous != log->state.keyframe) {
		code = bk_fail(err, BK_E_BUSY, 0, "another keyframe was written meanwhile");
	} else if (put->is_of_head &&
		   (put->version != log->state.version || put->changes != writer->changes)) {
		code = bk_fail(err, BK_E_BUSY, 0, "the log moved on meanwhile");
	} else {
		code = put_locked(writer, put, frame, offset, err);
	}
	pthread_mutex_unlock(&log->mutex);
	return code;
}

enum bk_code bk_writer_put_last(
	struct bk_writer *writer, const struct put *put, uint64_t *offset, struct bk_error *err)
{
	enum bk_code code;

	pthread_mutex_lock(&writer->log->mutex);
	code = put_locked(writer, put, &writer->frame, offset, err);
	pthread_mutex_unlock(&writer->log->mutex);
	return code;
}

/* With the log's mutex held. That a successor takes the place is no failure, and ends. */
static void fail_locked(struct bk_writer *writer, const struct bk_error *err)
{
	if (!writer->failure.code || writer->failure.code == BK_E_BUSY)
		writer->failure = *err;
}

void bk_writer_fail(struct bk_writer *writer, const struct bk_error *err)
{
	pthread_mutex_lock(&writer->log->mutex);
	fail_locked(writer, err);
	pthread_mutex_unlock(&writer->log->mutex);
}

enum bk_code bk_writer_sync_through(
	struct bk_writer *writer, const struct file *file, struct bk_error *err)
{
	struct bk_log *log = writer->log;
	uint64_t end, sum, cuts;
	bool is_further = false;
	enum bk_code code;

	pthread_mutex_lock(&log->mutex);
	code = writer->failure.code ? bk_fail_as(err, &writer->failure) : BK_OK;
	end = log->state.end;
	sum = log->state.last_sum;
	cuts = writer->cuts;
	pthread_mutex_unlock(&log->mutex);
	if (code)
		return code;
	code = bk_file_sync(file, err);
	pthread_mutex_lock(&log->mutex);
	if (code)
		fail_locked(writer, err);
	if (writer->failure.code)
		code = bk_fail_as(err, &writer->failure);
	else if (cuts == writer->cuts && end > writer->durable)
		is_further = true;
	if (is_further)
		writer->durable = end;
	if (is_further && writer->mirrors && end > writer->given)
		writer->given = end;
	/* With the mutex held: the mirrors may be a successor's in a moment, and END is ours. */
	if (is_further && writer->mirrors)
		bk_mirrors_give(writer->mirrors, end, sum);
	pthread_mutex_unlock(&log->mutex);
	return code;
}

enum bk_code bk_writer_sync(struct bk_writer *writer, struct bk_error *err)
{
	return bk_writer_sync_through(writer, &writer->log->lf.file, err);
}

enum bk_code bk_writer_sync_aside(struct bk_writer *writer, struct bk_error *err)
{
	return bk_writer_sync_through(writer, &writer->aside, err);
}

void bk_writer_let_pass(struct bk_writer *writer)
{
	uint64_t answered;

	pthread_mutex_lock(&writer->log->mutex);
	answered = writer->answered;
	while (writer->is_awaited && answered == writer->answered)
		pthread_cond_wait(&writer->passed, &writer->log->mutex);
	pthread_mutex_unlock(&writer->log->mutex);
}

void bk_writer_write_behind(const struct bk_writer *writer, uint64_t from, uint64_t to)
{
	const struct file *file = &writer->log->lf.file;

	if (file->io->ops->write_behind && to > from)
		file->io->ops->write_behind(file->io->ctx, file->fd, from, to - from);
}

enum bk_code bk_writer_open_again(
	struct bk_writer *writer, struct file *again, struct bk_error *err)
{
	const struct file *file = &writer->log->lf.file;
	struct bk_io_stat ours, other;
	enum bk_code code = bk_file_open(again, file->io, file->path, BK_IO_WRITE, err);

	if (code)
		return code;
	code = bk_file_stat(file, &ours, err);
	if (!code)
		code = bk_file_stat(again, &other, err);
	if (!code && (ours.device != other.device || ours.inode != other.inode))
		code = bk_fail(
			err, BK_E_BUSY, 0, "%s was replaced just now: try again", file->path);
	if (code)
		bk_file_close(again);
	return code;
}

bool bk_writer_cut_back(
	struct bk_writer *writer, uint64_t from, uint64_t to, uint64_t sum, bool may_sync)
{
	struct bk_log *log = writer->log;
	struct bk_error ignored;
	bool was_synced, is_cut;

	pthread_mutex_lock(&log->mutex);
	was_synced = writer->durable > to;
	is_cut = !writer->failure.code && log->state.end == from && to >= writer->given &&
		 (may_sync || !was_synced) && !bk_file_truncate(&log->lf.file, to, &ignored);
	if (is_cut) {
		log->state.end = log->file_end = log->tail_end = to;
		log->state.last_sum = sum;
		writer->cuts++;
		if (was_synced)
			writer->durable = to;
	}
	pthread_mutex_unlock(&log->mutex);
	if (is_cut && was_synced)
		(void)!bk_writer_sync(writer, &ignored);
	return is_cut;
}

enum bk_code bk_writer_new(struct bk_writer **out, struct bk_log *log,
	const struct bk_writer_options *options, struct bk_error *err)
{
	struct bk_writer *writer = calloc(1, sizeof *writer);
	pthread_condattr_t attr;
	enum bk_code code = BK_OK;

	if (!writer)
		code = bk_fail(err, BK_E_NOMEM, 0, "no memory to write %s", log->lf.file.path);
	else
		code = bk_encoder_init(&writer->encoder, err);
	if (code) {
		free(writer);
		bk_log_close(log);
		return code;
	}
	log->is_writer = true;
	writer->log = log;
	writer->page_level = PAGE_LEVEL;
	writer->stream_changes_max =
		options && options->interval_changes ? options->interval_changes : INTERVAL_CHANGES;
	writer->stream_bytes_max =
		options && options->interval_bytes ? options->interval_bytes : INTERVAL_BYTES;
	bk_buf_init(&writer->frame, (size_t)FRAME_HEAD_SIZE + PAYLOAD_CHANGE_MAX);
	bk_buf_init(&writer->closed, writer->frame.max + PAYLOAD_CHANGE_MAX / 8 + SEALED_MORE);
	writer->aside = FILE_CLOSED;
	writer->zeros.file = FILE_CLOSED;
	pthread_cond_init(&writer->zeros.used, NULL);
	pthread_mutex_init(&writer->build_mutex, NULL);
	pthread_cond_init(&writer->passed, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&writer->grown, &attr);
	pthread_condattr_destroy(&attr);
	*out = writer;
	return BK_OK;
}

void bk_writer_free(struct bk_writer *writer)
{
	if (writer->mirrors)
		bk_mirrors_detach(writer->mirrors);
	bk_file_close(&writer->zeros.file);
	free(writer->zeros.step);
	pthread_cond_destroy(&writer->zeros.used);
	bk_probe_close(writer->probe);
	bk_encoder_done(&writer->encoder);
	bk_buf_done(&writer->frame);
	bk_buf_done(&writer->closed);
	pthread_cond_destroy(&writer->grown);
	pthread_cond_destroy(&writer->passed);
	pthread_mutex_destroy(&writer->build_mutex);
	bk_file_close(&writer->aside);
	bk_log_close(writer->log);
	free(writer);
}

struct bk_log *bk_writer_log(struct bk_writer *writer)
{
	return writer->log;
}

uint32_t bk_writer_version(const struct bk_writer *writer)
{
	return writer->log->state.version;
}

uint64_t bk_writer_cut_bytes(const struct bk_writer *writer)
{
	return writer->cut_bytes;
}

enum bk_code bk_writer_free_space(struct bk_writer *writer, uint64_t *bytes, struct bk_error *err)
{
	struct bk_log *log = writer->log;
	const struct file *file = &log->lf.file;
	int rc = file->io->ops->free_space(file->io->ctx, file->fd, bytes);

	if (rc < 0)
		return bk_fail(err, BK_E_IO, -rc, "cannot tell the free space of %s", file->path);
	pthread_mutex_lock(&log->mutex);
	*bytes += log->file_end - log->state.end;
	pthread_mutex_unlock(&log->mutex);
	return BK_OK;
}
