/* log_follow.c - following a log: what came since, and whether what was taken is still there. */
#include "take.h"
#include <string.h>

/* A file whose time of change stayed the same for so long is not looked into again: file systems
 * give times in steps, of which this is more than the longest. */
#define SETTLED_US 3000000

static bool is_there(
	const struct bk_log *log, const char *path, const struct bk_io_stat *ours, bool *exists)
{
	const struct bk_io *io = log->lf.file.io;
	struct bk_io_stat there;

	*exists = io->ops->stat_path(io->ctx, path, &there) == 0;
	return *exists && there.device == ours->device && there.inode == ours->inode;
}

/* What stands at the log's path, while the open file is OURS. A successor that was opened beside
 * its predecessor takes that one's name in the end, and may then be succeeded itself. */
static enum bk_log_news look_at_path(const struct bk_log *log, const struct bk_io_stat *ours)
{
	bool exists;

	if (log->home && is_there(log, log->lf.file.path, ours, &exists))
		return BK_LOG_SAME;
	if (is_there(log, log->home ? log->home : log->lf.file.path, ours, &exists))
		return BK_LOG_SAME;
	return exists ? BK_LOG_REPLACED : BK_LOG_GONE;
}

/* Whether the file's header is now that of another log. One that is damaged is nobody's. */
static enum bk_code is_other_log(const struct bk_log *log, bool *other, struct bk_error *err)
{
	uint8_t bytes[LOG_HEADER_SIZE];
	struct log_header header;
	size_t size;
	enum bk_code code = bk_file_read(&log->lf.file, bytes, sizeof bytes, 0, &size, err);

	if (code)
		return code;
	*other = !bk_header_decode(&header, bytes, size, log->lf.file.path, NULL) &&
		 memcmp(header.id, log->lf.header.id, LOG_ID_SIZE) != 0;
	return BK_OK;
}

/* Whether the frame that was taken in last still stands where it stood. By its chain, so does all
 * that stands before it. */
static enum bk_code last_stands(const struct bk_log *log, bool *stands, struct bk_error *err)
{
	uint8_t bytes[FRAME_HEAD_SIZE];
	struct frame_head head;
	size_t size;
	enum bk_code code = BK_OK;

	*stands = true;
	if (!log->state.last)
		return BK_OK;
	code = bk_file_read(&log->lf.file, bytes, sizeof bytes, log->state.last, &size, err);
	if (!code)
		*stands = size == sizeof bytes && bk_frame_plausible(&head, bytes) &&
			  head.sum == log->state.last_sum;
	return code;
}

/* Whether the frame that was damaged is there again: a log put back, or a disk that reads again. */
static enum bk_code is_mended(const struct bk_log *log, bool *mended, struct bk_error *err)
{
	const struct state *state = &log->state;
	struct frame frame;
	struct walk walk;
	enum bk_code code;

	*mended = false;
	if (!state->damaged_at)
		return BK_OK;
	bk_walk_init(&walk, &log->lf, WALK_CHUNK_ONE);
	code = bk_walk_frame(&walk, state->damaged_at, &frame, err);
	*mended = !code && (!state->damaged_chain || frame.head.chain == state->damaged_chain);
	bk_walk_done(&walk);
	return code == BK_E_DAMAGE ? BK_OK : code;
}

/* Nothing follows at the state's end, though bytes stand there: a write under way, a torn tail,
 * another log over this one's bytes, or damage with valid frames behind it. */
static enum bk_code look_behind(
	struct bk_log *log, uint64_t file_end, enum bk_log_news *news, struct bk_error *err)
{
	struct log_end end;
	bool other = false;
	enum bk_code code = BK_OK;

	if (file_end != log->file_end)
		code = is_other_log(log, &other, err);
	if (!code && other)
		*news = BK_LOG_REPLACED;
	if (code || other)
		return code;
	code = bk_logfile_find_end(&log->lf, &end, err);
	if (code == BK_E_LIMIT)
		return BK_OK; /* no frame follows directly, and more cannot be told */
	if (!code && end.end > log->state.end)
		code = bk_log_take(log, &log->state, end.end, BAD_SKIPS, err);
	return code;
}

/* Takes in what stands behind the state's end. Beside a writer at work something does at each look,
 * and what follows, mostly zeros ahead, is left to the first look that finds nothing new. */
static enum bk_code follow(
	struct bk_log *log, uint64_t file_end, enum bk_log_news *news, struct bk_error *err)
{
	uint64_t before = log->state.end, tail_end;
	enum bk_code code;

	log->state.zeros_at = 0;
	code = bk_log_take(log, &log->state, file_end, BAD_ENDS, err);
	tail_end = log->state.end;
	if (!code && tail_end == before)
		code = bk_logfile_zeros(&log->lf, before, file_end, &tail_end, err);
	if (!code && tail_end > before && log->state.end == before)
		code = look_behind(log, file_end, news, err);
	if (!code)
		log->tail_end = tail_end;
	return code;
}

/* Looks into the file: first whether what is known of it is still true. */
static enum bk_code look_into(
	struct bk_log *log, uint64_t file_end, enum bk_log_news *news, struct bk_error *err)
{
	bool stands = file_end >= log->state.end, mended = false;
	uint64_t before = log->state.end;
	enum bk_code code = stands ? last_stands(log, &stands, err) : BK_OK;

	if (!code && stands)
		code = is_mended(log, &mended, err);
	if (code)
		return code;
	if (!stands || mended) {
		*news = BK_LOG_REPLACED;
		return BK_OK;
	}
	code = follow(log, file_end, news, err);
	/* The size of another log's file is not noted: whoever asks again is told again. */
	if (!code && *news == BK_LOG_SAME) {
		log->file_end = file_end;
		*news = log->state.end != before ? BK_LOG_GREW : BK_LOG_SAME;
	}
	return code;
}

/* Whether the file was looked into when it was as ST says, and nobody can have written since. */
static bool is_settled(struct bk_log *log, const struct bk_io_stat *st)
{
	const struct bk_io *io = log->lf.file.io;
	int64_t now = io->ops->now_us(io->ctx);
	bool same = st->changed && st->changed == log->seen.changed && st->size == log->seen.size;

	if (same && now >= log->seen_us)
		return now - log->seen_us > SETTLED_US;
	log->seen = *st;
	log->seen_us = now;
	return false;
}

static enum bk_code look(struct bk_log *log, const struct bk_io_stat *st, enum bk_log_news *news,
	struct bk_error *err)
{
	enum bk_code code = BK_OK;

	if (!is_settled(log, st))
		code = look_into(log, st->size, news, err);
	if (code || *news == BK_LOG_REPLACED || *news == BK_LOG_GREW)
		log->seen.changed = 0; /* whoever asks again is told again, and more follows */
	if (code)
		return code;
	if (*news == BK_LOG_SAME)
		*news = look_at_path(log, st);
	/* What came at last may be that it was succeeded: what is newer stands in the other. */
	else if (*news == BK_LOG_GREW && look_at_path(log, st) == BK_LOG_REPLACED)
		*news = BK_LOG_REPLACED;
	return BK_OK;
}

enum bk_code bk_log_refresh(struct bk_log *log, enum bk_log_news *news, struct bk_error *err)
{
	enum bk_log_news found = BK_LOG_SAME;
	struct bk_io_stat st;
	enum bk_code code;

	*news = BK_LOG_SAME;
	if (log->is_writer)
		return BK_OK;
	code = bk_file_stat(&log->lf.file, &st, err);
	if (code)
		return code;
	pthread_mutex_lock(&log->mutex);
	code = look(log, &st, &found, err);
	pthread_mutex_unlock(&log->mutex);
	if (!code)
		*news = found;
	return code;
}
