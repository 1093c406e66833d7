/* build.c - writing a keyframe: its pages, in pieces. */
#include "build.h"
#include <stdlib.h>

/* A piece is put when it reaches this: small enough that a change waits little for it. */
#define PIECE_FULL_BYTES  ((size_t)256 << 10)
#define PIECE_ASIDE_BYTES ((size_t)64 << 10)

#define WRITE_PAGE 4096

/* A page of a sealed log is read by opening the whole piece that it is in. */
#define PIECE_SEALED_BYTES ((size_t)16 << 10)

/* A large keyframe is synced as it grows, so that `unsynced` stays within its limit. Beside changes
 * it is in small steps: the sync of a change waits for all of the file that is being written. */
#define UNSYNCED_FULL_BYTES  ((uint64_t)16 << 20)
#define UNSYNCED_ASIDE_BYTES ((uint64_t)1 << 20)

/* lightningd waits for a full keyframe: from now on, and until it is done, a delta that is under
 * way gives up, and none begins. */
static void set_full_due(struct bk_writer *writer, bool is_due)
{
	pthread_mutex_lock(&writer->log->mutex);
	writer->is_full_due = is_due;
	pthread_cond_signal(&writer->grown);
	pthread_mutex_unlock(&writer->log->mutex);
}

enum bk_code bk_build_begin(
	struct build *build, struct bk_writer *writer, bool is_full, struct bk_error *err)
{
	struct bk_log *log = writer->log;
	uint64_t below;
	enum bk_code code = BK_OK;

	*build = (struct build){.writer = writer, .is_full = is_full};
	if (is_full)
		set_full_due(writer, true);
	pthread_mutex_lock(&writer->build_mutex);
	pthread_mutex_lock(&log->mutex);
	below = log->state.keyframe;
	build->version = log->state.version;
	build->start = build->end = log->state.end;
	build->start_sum = log->state.last_sum;
	build->is_alone = true;
	pthread_mutex_unlock(&log->mutex);
	bk_buf_init(&build->piece, FRAME_HEAD_SIZE + PAYLOAD_PIECE_MAX);
	build->zstd = ZSTD_createCCtx();
	if (!build->zstd ||
		ZSTD_isError(ZSTD_CCtx_setParameter(
			build->zstd, ZSTD_c_compressionLevel, writer->page_level)) ||
		ZSTD_isError(ZSTD_CCtx_setParameter(build->zstd, ZSTD_c_contentSizeFlag, 0)))
		code = bk_fail(err, BK_E_NOMEM, 0, "no memory to write a keyframe");
	if (!code && below)
		code = bk_log_keyframe(log, below, &build->below, err);
	if (!code)
		code = bk_put_begin(&build->piece, err);
	if (code)
		bk_build_done(build);
	return code;
}

void bk_build_done(struct build *build)
{
	if (!build->writer)
		return;
	if (!build->is_finished && build->is_alone && build->end > build->start)
		bk_writer_cut_back(
			build->writer, build->end, build->start, build->start_sum, build->is_full);
	bk_log_unpin(build->writer->log, build->below);
	bk_buf_done(&build->piece);
	ZSTD_freeCCtx(build->zstd);
	free(build->pages);
	if (build->is_full)
		set_full_due(build->writer, false);
	pthread_mutex_unlock(&build->writer->build_mutex);
	*build = (struct build){0};
}

/* A delta is needless once a full keyframe is due, or has come. */
static enum bk_code check_needed(struct build *build, struct bk_error *err)
{
	struct bk_writer *writer = build->writer;
	bool is_needed;

	if (build->is_full)
		return BK_OK;
	pthread_mutex_lock(&writer->log->mutex);
	is_needed = !writer->is_full_due && writer->log->state.keyframe == build->below->offset;
	pthread_mutex_unlock(&writer->log->mutex);
	return is_needed ? BK_OK : bk_fail(err, BK_E_BUSY, 0, "a full keyframe takes its place");
}

/* Without build_mutex, so that no full keyframe waits for the sync. */
static enum bk_code sync_aside(struct build *build, struct bk_error *err)
{
	enum bk_code code;

	pthread_mutex_unlock(&build->writer->build_mutex);
	code = bk_writer_sync_aside(build->writer, err);
	pthread_mutex_lock(&build->writer->build_mutex);
	return code;
}

static enum bk_code sync_if_much(struct build *build, struct bk_error *err)
{
	struct bk_writer *writer = build->writer;
	uint64_t unsynced;

	pthread_mutex_lock(&writer->log->mutex);
	unsynced = writer->log->state.end - writer->durable;
	pthread_mutex_unlock(&writer->log->mutex);
	if (build->is_full)
		return unsynced > UNSYNCED_FULL_BYTES ? bk_writer_sync(writer, err) : BK_OK;
	return unsynced > UNSYNCED_ASIDE_BYTES ? sync_aside(build, err) : BK_OK;
}

/* A frame was put at OFFSET. One that came behind it since is another's. */
static void note_put(struct build *build, uint64_t offset)
{
	struct bk_log *log = build->writer->log;

	pthread_mutex_lock(&log->mutex);
	if (offset != build->end || log->state.last != offset)
		build->is_alone = false;
	build->end = log->state.end;
	pthread_mutex_unlock(&log->mutex);
}

enum bk_code bk_build_event(
	struct build *build, enum event_code event, const char *text, struct bk_error *err)
{
	enum bk_code code = bk_writer_event(build->writer, event, text, err);

	if (!code)
		build->end = build->writer->log->state.end;
	return code;
}

enum bk_code bk_build_put(
	struct build *build, enum frame_kind kind, uint64_t *offset, struct bk_error *err)
{
	struct put put = {.kind = kind, .version = build->version};
	const struct bk_io *io = build->writer->log->lf.file.io;
	enum bk_code code;

	if (!build->is_full)
		bk_writer_let_pass(build->writer);
	put.time_us = io->ops->now_us(io->ctx);
	code = check_needed(build, err);
	if (!code)
		code = bk_writer_put(build->writer, &put, &build->piece, offset, err);
	if (code)
		return code;
	note_put(build, *offset);
	/* The page that the next frame begins in is written with that. */
	bk_writer_write_behind(build->writer, *offset, build->end & ~(uint64_t)(WRITE_PAGE - 1));
	code = bk_put_begin(&build->piece, err);
	if (!code)
		code = sync_if_much(build, err);
	return code;
}

enum bk_code bk_build_put_pages(struct build *build, struct bk_error *err)
{
	bool is_sealed = build->writer->log->lf.header.is_sealed;
	uint64_t offset;
	enum bk_code code;

	if (build->piece_first == build->page_count)
		return BK_OK;
	code = bk_build_put(build, FRAME_PAGES, &offset, err);
	if (!code && is_sealed && offset > PLACE_FRAME_MAX)
		code = bk_fail(err, BK_E_LIMIT, 0, "a sealed log has at most 4 TiB: compact it");
	if (code)
		return code;
	for (size_t i = build->piece_first; i < build->page_count; i++)
		build->pages[i].offset =
			bk_place(is_sealed, offset, build->pages[i].offset - FRAME_HEAD_SIZE);
	build->piece_first = build->page_count;
	return BK_OK;
}

enum bk_code bk_build_grow(struct build *build, size_t count, struct bk_error *err)
{
	struct stored_page *pages;
	size_t capacity = build->page_capacity ? build->page_capacity : 256;

	while (capacity < count)
		capacity *= 2;
	if (capacity == build->page_capacity)
		return BK_OK;
	pages = realloc(build->pages, capacity * sizeof *pages);
	if (!pages)
		return bk_fail(err, BK_E_NOMEM, 0, "no memory for the places of %zu pages", count);
	build->pages = pages;
	build->page_capacity = capacity;
	return BK_OK;
}

static size_t piece_bytes(const struct build *build)
{
	if (build->writer->log->lf.header.is_sealed)
		return PIECE_SEALED_BYTES;
	return build->is_full ? PIECE_FULL_BYTES : PIECE_ASIDE_BYTES;
}

enum bk_code bk_build_page(struct build *build, uint32_t page, const void *content,
	const struct record_base *base, struct bk_error *err)
{
	uint64_t check = bk_record_check(page, content, build->page_size);
	enum bk_code code = check_needed(build, err);

	if (!code)
		code = bk_build_grow(build, build->page_count + 1, err);
	if (code)
		return code;
	build->pages[build->page_count] =
		(struct stored_page){.page = page, .offset = build->piece.size};
	code = bk_record_write(
		&build->piece, build->zstd, page, content, build->page_size, check, base, err);
	if (code)
		return code;
	build->page_count++;
	build->pages_sum += check;
	return build->piece.size >= piece_bytes(build) ? bk_build_put_pages(build, err) : BK_OK;
}
