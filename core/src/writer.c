/* writer.c - appending to a log. */
#include "writer.h"
#include "codec.h"
#include <assert.h>
#include <bk/version.h>
#include <errno.h>
#include <inttypes.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define INTERVAL_CHANGES 128
#define INTERVAL_BYTES   ((size_t)1 << 20)
#define FRAME_KEEP       ((size_t)1 << 20)

static int64_t now_us(const struct bk_writer *writer)
{
	const struct bk_io *io = writer->log->lf.file.io;

	return io->ops->now_us(io->ctx);
}

enum bk_code put_begin(struct bk_buf *frame, struct bk_error *err)
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
			.size = (uint32_t)(buf->size - FRAME_HEAD_SIZE),
			.version = put->version,
			.time_us = put->time_us,
			.keyframe = state->keyframe,
			.unsynced = (uint32_t)(state->end - writer->durable),
			.chain = (uint32_t)state->last_sum},
	};
	enum bk_code code;

	assert(state->end - writer->durable <= UNSYNCED_MAX);
	frame_seal(buf->data, &frame.head, lf->header.seed + frame.offset);
	code = file_write(&lf->file, buf->data, buf->size, frame.offset, err);
	if (code) {
		/* What stands there now is no valid frame, and the next one overwrites it; but
		 * a full disk is better left as empty as it was. */
		lf->file.io->ops->truncate(lf->file.io->ctx, lf->file.fd, frame.offset);
		return code;
	}
	code = state_take(state, &frame, err);
	if (code)
		return code;
	writer->log->file_end = state->end;
	if (put->keyframe) {
		put->keyframe->offset = frame.offset;
		put->keyframe->end = state->end;
		if (put->keyframe->is_full)
			put->keyframe->next = frame.offset;
		state_take_keyframe(state, put->keyframe);
	}
	*offset = frame.offset;
	return BK_OK;
}

enum bk_code writer_put(struct bk_writer *writer, const struct put *put, struct bk_buf *frame,
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

/* The failure after which WRITER refuses everything. */
static enum bk_code check_failure(struct bk_writer *writer, struct bk_error *err)
{
	enum bk_code code;

	pthread_mutex_lock(&writer->log->mutex);
	code = writer->failure.code ? bk_fail_as(err, &writer->failure) : BK_OK;
	pthread_mutex_unlock(&writer->log->mutex);
	return code;
}

static void fail_for_good(struct bk_writer *writer, const struct bk_error *err)
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
	enum bk_code code = check_failure(writer, err);

	pthread_mutex_lock(&log->mutex);
	end = log->state.end;
	pthread_mutex_unlock(&log->mutex);
	if (!code)
		code = file_sync(&log->lf.file, err);
	if (code) {
		fail_for_good(writer, err);
		return code;
	}
	pthread_mutex_lock(&log->mutex);
	if (end > writer->durable)
		writer->durable = end;
	pthread_mutex_unlock(&log->mutex);
	return BK_OK;
}

enum bk_code writer_sync(struct bk_writer *writer, struct bk_error *err)
{
	enum bk_code code;

	pthread_mutex_lock(&writer->sync_mutex);
	code = sync_locked(writer, err);
	pthread_mutex_unlock(&writer->sync_mutex);
	return code;
}

enum bk_code writer_event(
	struct bk_writer *writer, enum event_code event, const char *text, struct bk_error *err)
{
	struct put put = {.kind = FRAME_EVENT,
		.version = writer->log->state.version,
		.time_us = now_us(writer)};
	uint8_t code_bytes[4];
	uint64_t offset;
	enum bk_code code = put_begin(&writer->frame, err);

	put_u32(code_bytes, event);
	if (!code)
		code = bk_buf_append(&writer->frame, code_bytes, sizeof code_bytes, err);
	if (!code)
		code = bk_buf_append(&writer->frame, text, strlen(text), err);
	if (!code)
		code = writer_put(writer, &put, &writer->frame, &offset, err);
	return code;
}

enum bk_code writer_new(struct bk_writer **out, struct bk_log *log,
	const struct bk_writer_options *options, struct bk_error *err)
{
	struct bk_writer *writer = calloc(1, sizeof *writer);
	enum bk_code code = BK_OK;

	if (!writer)
		code = bk_fail(err, BK_E_NOMEM, 0, "no memory to write %s", log->lf.file.path);
	else
		code = encoder_init(&writer->encoder, err);
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

void writer_free(struct bk_writer *writer)
{
	encoder_done(&writer->encoder);
	bk_buf_done(&writer->frame);
	pthread_cond_destroy(&writer->grown);
	pthread_mutex_destroy(&writer->sync_mutex);
	pthread_mutex_destroy(&writer->build_mutex);
	bk_log_close(writer->log);
	free(writer);
}

/* Says who holds the log: what its newest session wrote into it. */
static enum bk_code busy(const struct bk_io *io, const char *path, struct bk_error *err)
{
	struct bk_log *log;
	char text[512] = "", *line, *save;
	char pid[32] = "?", host[128] = "?", program[128] = "another program";
	struct bk_error ignored;

	if (bk_log_open(&log, io, path, &ignored) == BK_OK) {
		if (bk_log_session(log, text, sizeof text, &ignored))
			text[0] = '\0';
		bk_log_close(log);
	}
	for (line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		if (sscanf(line, "pid=%31s", pid) != 1 && sscanf(line, "host=%127s", host) != 1)
			sscanf(line, "program=%127[^\n]", program);
	}
	return bk_fail(err, BK_E_BUSY, 0,
		"%s is held by %s, process %s on host %s: one writer at a time; stop that one "
		"first",
		path, program, pid, host);
}

/* Takes the lock, and makes sure that it is that of the file which stands at the path: a
 * compacted successor may have taken its place while we waited. */
static enum bk_code lock_once(struct bk_log *log, bool *taken, struct bk_error *err)
{
	const struct file *file = &log->lf.file;
	int rc = file->io->ops->lock(file->io->ctx, file->fd);
	struct bk_io_stat ours, there;
	enum bk_code code;

	*taken = rc >= 0;
	if (rc == -EWOULDBLOCK || rc == -EINTR)
		return BK_OK;
	if (rc < 0)
		return bk_fail(err, BK_E_IO, -rc, "cannot lock %s", file->path);
	code = file_stat(file, &ours, err);
	if (code)
		return code;
	rc = file->io->ops->stat_path(file->io->ctx, file->path, &there);
	if (rc < 0 || there.device != ours.device || there.inode != ours.inode)
		return bk_fail(
			err, BK_E_BUSY, 0, "%s was replaced just now: try again", file->path);
	return BK_OK;
}

static enum bk_code lock_log(struct bk_log *log, unsigned wait_ms, struct bk_error *err)
{
	const unsigned step_ms = 20;
	const struct timespec step = {.tv_nsec = step_ms * 1000000L};

	for (unsigned waited = 0;; waited += step_ms) {
		bool taken;
		enum bk_code code = lock_once(log, &taken, err);

		if (code || taken)
			return code;
		if (waited >= wait_ms)
			return busy(log->lf.file.io, log->lf.file.path, err);
		nanosleep(&step, NULL);
	}
}

/* Writes what was last written once more, the same bytes. After a sync that failed the system may
 * show what it could not write, and believe it written: a later sync alone would not carry it. */
static enum bk_code write_again(
	const struct file *file, uint64_t from, uint64_t to, struct bk_error *err)
{
	const size_t step = (size_t)1 << 20;
	size_t size = to - from < step ? (size_t)(to - from) : step, part = 0;
	uint8_t *bytes = malloc(size + 1);
	enum bk_code code = BK_OK;

	if (!bytes)
		return bk_fail(err, BK_E_NOMEM, 0, "no memory to open %s", file->path);
	for (uint64_t at = from; at < to && !code; at += part) {
		code = file_read(
			file, bytes, to - at < size ? (size_t)(to - at) : size, at, &part, err);
		if (!code && !part)
			code = bk_fail(err, BK_E_IO, 0, "%s becomes shorter", file->path);
		if (!code)
			code = file_write(file, bytes, part, at, err);
	}
	free(bytes);
	return code;
}

/* Cuts a torn tail off. What is left may still be in the system's cache only, so it is synced
 * before anything counts on it. */
static enum bk_code recover(
	struct bk_writer *writer, const struct log_end *end, struct bk_error *err)
{
	const struct file *file = &writer->log->lf.file;
	char text[64];
	enum bk_code code = BK_OK;

	writer->cut_bytes = end->file_end - end->end;
	if (writer->cut_bytes)
		code = file_truncate(file, end->end, err);
	writer->log->file_end = end->end;
	writer->durable = end->end;
	if (!code)
		code = write_again(file, end->synced, end->end, err);
	if (!code)
		code = writer_sync(writer, err);
	if (!code && writer->cut_bytes) {
		snprintf(text, sizeof text, "bytes=%" PRIu64 "\n", writer->cut_bytes);
		code = writer_event(writer, EVENT_CUT, text, err);
	}
	return code;
}

static enum bk_code announce(
	struct bk_writer *writer, const struct bk_writer_options *options, struct bk_error *err)
{
	char text[512], host[128] = "?", id[BK_LOG_ID_TEXT];

	gethostname(host, sizeof host - 1);
	host[sizeof host - 1] = '\0';
	log_id_text(writer->log, id);
	snprintf(text, sizeof text, "program=%s\nrelease=%s\npid=%ld\nhost=%s\nsqlite=%s\nlog=%s\n",
		options && options->program ? options->program : "unnamed", BK_RELEASE,
		(long)getpid(), host, sqlite3_libversion(), id);
	return writer_event(writer, EVENT_OPENED, text, err);
}

static enum bk_code open_log(struct bk_log **out, const struct bk_io *io, const char *path,
	unsigned wait_ms, struct log_end *end, struct bk_error *err)
{
	struct logfile lf;
	struct bk_log *log = NULL;
	enum bk_code code = logfile_open(&lf, io, path, BK_IO_WRITE, err);

	if (code)
		return code;
	code = log_new(&log, &lf, err);
	if (code) {
		logfile_close(&lf);
		return code;
	}
	log->is_writer = true;
	code = lock_log(log, wait_ms, err);
	if (!code)
		code = log_load(log, end, err);
	if (code) {
		bk_log_close(log);
		return code;
	}
	*out = log;
	return BK_OK;
}

enum bk_code bk_writer_open(struct bk_writer **out, const struct bk_io *io, const char *path,
	const struct bk_writer_options *options, struct bk_error *err)
{
	struct bk_writer *writer;
	struct bk_log *log;
	struct log_end end;
	enum bk_code code =
		open_log(&log, io, path, options ? options->lock_wait_ms : 0, &end, err);

	if (!code)
		code = writer_new(&writer, log, options, err);
	if (code)
		return code;
	code = recover(writer, &end, err);
	if (!code)
		code = announce(writer, options, err);
	if (code) {
		writer_free(writer);
		return code;
	}
	*out = writer;
	return BK_OK;
}

void bk_writer_close(struct bk_writer *writer)
{
	struct bk_error ignored;

	if (!writer)
		return;
	if (!writer_sync(writer, &ignored) && !writer_event(writer, EVENT_CLOSED, "", &ignored) &&
		writer_sync(writer, &ignored))
		ignored.code = BK_OK; /* durability never hangs on close */
	writer_free(writer);
}

struct bk_log *bk_writer_log(struct bk_writer *writer)
{
	return writer->log;
}

uint32_t bk_writer_version(const struct bk_writer *writer)
{
	return writer->log->state.version;
}

enum bk_code bk_writer_check_free(const struct bk_io *io, const char *path, struct bk_error *err)
{
	struct file file;
	enum bk_code code = file_open(&file, io, path, BK_IO_READ, err);
	int rc;

	if (code)
		return code;
	rc = io->ops->lock(io->ctx, file.fd);
	if (rc == -EWOULDBLOCK)
		code = busy(io, path, err);
	file_close(&file);
	return code;
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

/* The flags of CHANGE; false if it cannot follow the head. */
static bool change_flags(
	const struct bk_writer *writer, const struct bk_change *change, uint8_t *must)
{
	uint32_t head = writer->log->state.version;

	*must = writer->foreign_keys_off ? CHANGE_FK_OFF : 0;
	if (change->version == head + 1)
		return true;
	*must |= CHANGE_LONE;
	return change->version == head && bk_change_pragma(change) != BK_PRAGMA_NONE;
}

/* What connection state the node has after the lone pragma CHANGE. */
static void follow_pragma(struct bk_writer *writer, const struct bk_change *change)
{
	switch (bk_change_pragma(change)) {
	case BK_PRAGMA_FOREIGN_KEYS_ON:
		writer->foreign_keys_off = false;
		break;
	case BK_PRAGMA_FOREIGN_KEYS_OFF:
		writer->foreign_keys_off = true;
		break;
	case BK_PRAGMA_NONE:
	case BK_PRAGMA_OTHER:
		break;
	}
}

/* Encodes and puts CHANGE. Whatever fails here, the next change must start a stream. */
static enum bk_code put_change(struct bk_writer *writer, const struct bk_change *change,
	uint8_t must, struct bk_error *err)
{
	bool starts = !writer->stream_changes;
	struct change_head head;
	struct put put = {.kind = FRAME_CHANGE,
		.must = must | (starts ? CHANGE_STREAM : 0),
		.version = change->version,
		.time_us = now_us(writer)};
	uint64_t offset;
	enum bk_code code = put_begin(&writer->frame, err);

	if (!code)
		code = encoder_write(&writer->encoder, change, starts, writer->log->state.history,
			&writer->frame, &head, err);
	if (code)
		return code;
	code = writer_put(writer, &put, &writer->frame, &offset, err);
	if (code) {
		fail_for_good(writer, err);
		return code;
	}
	writer->stream_changes++;
	writer->stream_bytes = (starts ? 0 : writer->stream_bytes) + head.raw;
	if (writer->stream_changes >= writer->stream_changes_max ||
		writer->stream_bytes >= writer->stream_bytes_max)
		writer->stream_changes = 0;
	return BK_OK;
}

/* A stream began: the interval before it is closed, and committed. */
static void tell_stream(struct bk_writer *writer)
{
	pthread_mutex_lock(&writer->log->mutex);
	writer->streams++;
	pthread_cond_signal(&writer->grown);
	pthread_mutex_unlock(&writer->log->mutex);
}

enum bk_code bk_writer_append(
	struct bk_writer *writer, const struct bk_change *change, struct bk_error *err)
{
	bool starts = !writer->stream_changes;
	uint8_t must;
	enum bk_code code = bk_change_check(change, err);

	if (!code)
		code = check_failure(writer, err);
	if (code)
		return code;
	if (!change_flags(writer, change, &must))
		return bk_fail(err, BK_E_INVALID, 0,
			"version %u does not follow version %u, which the log is at",
			change->version, writer->log->state.version);
	code = put_change(writer, change, must, err);
	if (code) {
		writer->stream_changes = 0;
		return code;
	}
	code = writer_sync(writer, err);
	if (code)
		return code;
	if (must & CHANGE_LONE)
		follow_pragma(writer, change);
	if (starts)
		tell_stream(writer);
	return BK_OK;
}

/* The first of the changes that stand after VERSION, all of them in the tail. */
static bool find_struck(const struct bk_writer *writer, uint32_t version, uint64_t *first)
{
	const struct state *state = &writer->log->state;
	bool found = false;

	for (size_t i = state->tail_count; i-- > 0;) {
		const struct bk_entry *entry = &state->tail[i];

		if (!entry_stands(entry))
			continue;
		if (!bk_version_after(entry->version, version))
			break;
		*first = entry->offset;
		found = true;
	}
	return found;
}

/* The history at the change that stands before FIRST, or at the keyframe. */
static enum bk_code history_before(
	const struct bk_writer *writer, uint64_t first, uint64_t *history, struct bk_error *err)
{
	const struct state *state = &writer->log->state;
	struct keyframe *kf;
	struct frame frame;
	struct walk walk;
	struct change_head head;
	enum bk_code code;

	for (size_t i = state->tail_count; i-- > 0;) {
		const struct bk_entry *entry = &state->tail[i];

		if (!entry_stands(entry) || entry->offset >= first)
			continue;
		walk_init(&walk, &writer->log->lf, WALK_CHUNK_ONE);
		code = walk_frame(&walk, entry->offset, &frame, err);
		if (!code && change_head_decode(&head, &frame))
			*history = head.history;
		walk_done(&walk);
		return code;
	}
	code = log_keyframe(writer->log, state->keyframe, &kf, err);
	if (code)
		return code;
	*history = kf->history;
	log_unpin(writer->log, kf);
	return BK_OK;
}

enum bk_code bk_writer_rewind(struct bk_writer *writer, uint32_t version, struct bk_error *err)
{
	struct put put = {.kind = FRAME_REWIND, .version = version, .time_us = now_us(writer)};
	uint8_t payload[PAYLOAD_REWIND_SIZE];
	uint64_t first = 0, history = 0, offset;
	uint32_t head = writer->log->state.version;
	enum bk_code code = BK_E_INVALID;

	pthread_mutex_lock(&writer->log->mutex);
	if (version == head - 1 && find_struck(writer, version, &first))
		code = history_before(writer, first, &history, err);
	else
		bk_fail(err, code, 0, "the log is at version %u and cannot go back to version %u",
			head, version);
	pthread_mutex_unlock(&writer->log->mutex);
	if (!code)
		code = put_begin(&writer->frame, err);
	put_u64(put_u64(payload, history), first);
	if (!code)
		code = bk_buf_append(&writer->frame, payload, sizeof payload, err);
	if (!code)
		code = writer_put(writer, &put, &writer->frame, &offset, err);
	writer->stream_changes = 0;
	return code;
}
