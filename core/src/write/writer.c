/* writer.c - a writer: frames put at the log's end, and made durable. */
#include "writer.h"
#include "codec.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define INTERVAL_CHANGES 128
#define INTERVAL_BYTES   ((size_t)1 << 20)
#define FRAME_KEEP       ((size_t)1 << 20)

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

/* With the log's mutex held: seals, writes, and takes the frame into the state. */
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
	enum bk_code code;

	assert(state->end - writer->durable <= UNSYNCED_MAX);
	bk_frame_seal(buf->data, &frame.head, lf->header.seed + frame.offset);
	code = bk_file_write(&lf->file, buf->data, buf->size, frame.offset, err);
	if (code) {
		/* What stands there now is no valid frame, and the next one overwrites it; but
		 * a full disk is better left as empty as it was. */
		lf->file.io->ops->truncate(lf->file.io->ctx, lf->file.fd, frame.offset);
		return code;
	}
	code = bk_state_take(state, &frame, err);
	if (code)
		return code;
	writer->log->file_end = writer->log->tail_end = state->end;
	if (put->keyframe) {
		put->keyframe->offset = frame.offset;
		put->keyframe->end = state->end;
		if (put->keyframe->is_full)
			put->keyframe->next = frame.offset;
		bk_state_take_keyframe(state, put->keyframe);
	}
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
	} else {
		code = put_locked(writer, put, frame, offset, err);
	}
	pthread_mutex_unlock(&log->mutex);
	return code;
}

enum bk_code bk_writer_check(struct bk_writer *writer, struct bk_error *err)
{
	enum bk_code code;

	pthread_mutex_lock(&writer->log->mutex);
	code = writer->failure.code ? bk_fail_as(err, &writer->failure) : BK_OK;
	pthread_mutex_unlock(&writer->log->mutex);
	return code;
}

void bk_writer_fail(struct bk_writer *writer, const struct bk_error *err)
{
	pthread_mutex_lock(&writer->log->mutex);
	if (!writer->failure.code)
		writer->failure = *err;
	pthread_mutex_unlock(&writer->log->mutex);
}

/* With the sync's mutex held. */
static enum bk_code sync_locked(struct bk_writer *writer, struct bk_error *err)
{
	struct bk_log *log = writer->log;
	uint64_t end;
	enum bk_code code = bk_writer_check(writer, err);

	pthread_mutex_lock(&log->mutex);
	end = log->state.end;
	pthread_mutex_unlock(&log->mutex);
	if (!code)
		code = bk_file_sync(&log->lf.file, err);
	if (code) {
		bk_writer_fail(writer, err);
		return code;
	}
	pthread_mutex_lock(&log->mutex);
	if (end > writer->durable)
		writer->durable = end;
	pthread_mutex_unlock(&log->mutex);
	return BK_OK;
}

enum bk_code bk_writer_sync(struct bk_writer *writer, struct bk_error *err)
{
	enum bk_code code;

	pthread_mutex_lock(&writer->sync_mutex);
	code = sync_locked(writer, err);
	pthread_mutex_unlock(&writer->sync_mutex);
	return code;
}

enum bk_code bk_writer_event(
	struct bk_writer *writer, enum event_code event, const char *text, struct bk_error *err)
{
	struct put put = {.kind = FRAME_EVENT,
		.version = writer->log->state.version,
		.time_us = bk_writer_now_us(writer)};
	uint8_t code_bytes[4];
	uint64_t offset;
	enum bk_code code = bk_put_begin(&writer->frame, err);

	bk_put_u32(code_bytes, event);
	if (!code)
		code = bk_buf_append(&writer->frame, code_bytes, sizeof code_bytes, err);
	if (!code)
		code = bk_buf_append(&writer->frame, text, strlen(text), err);
	if (!code)
		code = bk_writer_put(writer, &put, &writer->frame, &offset, err);
	return code;
}

enum bk_code bk_writer_new(struct bk_writer **out, struct bk_log *log,
	const struct bk_writer_options *options, struct bk_error *err)
{
	struct bk_writer *writer = calloc(1, sizeof *writer);
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
	writer->stream_changes_max =
		options && options->interval_changes ? options->interval_changes : INTERVAL_CHANGES;
	writer->stream_bytes_max =
		options && options->interval_bytes ? options->interval_bytes : INTERVAL_BYTES;
	bk_buf_init(&writer->frame, (size_t)FRAME_HEAD_SIZE + PAYLOAD_CHANGE_MAX);
	pthread_mutex_init(&writer->build_mutex, NULL);
	pthread_mutex_init(&writer->sync_mutex, NULL);
	pthread_cond_init(&writer->grown, NULL);
	*out = writer;
	return BK_OK;
}

void bk_writer_free(struct bk_writer *writer)
{
	bk_probe_close(writer->probe);
	bk_encoder_done(&writer->encoder);
	bk_buf_done(&writer->frame);
	pthread_cond_destroy(&writer->grown);
	pthread_mutex_destroy(&writer->sync_mutex);
	pthread_mutex_destroy(&writer->build_mutex);
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
	const struct file *file = &writer->log->lf.file;
	int rc = file->io->ops->free_space(file->io->ctx, file->fd, bytes);

	if (rc < 0)
		return bk_fail(err, BK_E_IO, -rc, "cannot tell the free space of %s", file->path);
	return BK_OK;
}
