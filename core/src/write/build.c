/* build.c - writing a keyframe. */
#include "build.h"
#include "pageindex.h"
#include <stdlib.h>
#include <string.h>

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

/* Puts the frame under way in build->piece, and begins the next. */
static enum bk_code put_piece(
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

static enum bk_code put_pages(struct build *build, struct bk_error *err)
{
	bool is_sealed = build->writer->log->lf.header.is_sealed;
	uint64_t offset;
	enum bk_code code;

	if (build->piece_first == build->page_count)
		return BK_OK;
	code = put_piece(build, FRAME_PAGES, &offset, err);
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

static enum bk_code grow_pages(struct build *build, size_t count, struct bk_error *err)
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
		code = grow_pages(build, build->page_count + 1, err);
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
	return build->piece.size >= piece_bytes(build) ? put_pages(build, err) : BK_OK;
}

/* Pages ascending; of one page, the newest record first: it stands last in the log. */
static int stored_order(const void *a, const void *b)
{
	const struct stored_page *left = a, *right = b;

	if (left->page != right->page)
		return left->page < right->page ? -1 : 1;
	return left->offset > right->offset ? -1 : left->offset < right->offset;
}

static void sort_and_drop_older(struct build *build)
{
	size_t kept = 0;

	if (build->page_count)
		qsort(build->pages, build->page_count, sizeof *build->pages, stored_order);
	for (size_t i = 0; i < build->page_count; i++)
		if (!kept || build->pages[kept - 1].page != build->pages[i].page)
			build->pages[kept++] = build->pages[i];
	build->page_count = kept;
}

static enum bk_code add_map(struct build *build, uint64_t offset, struct bk_error *err)
{
	struct pagemap *map;
	enum bk_code code = bk_log_pagemap(build->writer->log, offset, &map, err);

	if (code)
		return code;
	code = grow_pages(build, build->page_count + map->count, err);
	for (uint32_t i = 0; i < map->count && !code; i++)
		build->pages[build->page_count++] =
			(struct stored_page){.page = map->pages[i], .offset = map->offsets[i]};
	bk_log_unpin(build->writer->log, map);
	return code;
}

/* Adds what the keyframes below store, so far down as this one's map reaches. */
static enum bk_code add_maps_below(
	struct build *build, uint64_t ordinal, uint32_t *reach, struct bk_error *err)
{
	uint64_t wanted = bk_keyframe_step(bk_keyframe_link_count(ordinal) - 1);
	struct pageindex index;
	enum bk_code code;

	*reach = 1;
	if (wanted == 1)
		return BK_OK;
	code = bk_pageindex_open(&index, build->writer->log, build->below, err);
	if (code)
		return code;
	for (size_t i = 0; i < index.count && *reach < wanted && !code; i++) {
		const struct keyframe *kf = index.levels[i].kf;

		if (kf->is_full)
			break;
		for (size_t m = 0; m < kf->map_count && !code; m++)
			code = add_map(build, kf->maps[m].offset, err);
		*reach += kf->reach;
	}
	bk_pageindex_done(&index);
	return code;
}

static enum bk_code put_maps(struct build *build, struct keyframe *kf, struct bk_error *err)
{
	size_t count = (build->page_count + PAGEMAP_ENTRIES_MAX - 1) / PAGEMAP_ENTRIES_MAX;
	enum bk_code code = BK_OK;

	kf->maps = calloc(count + 1, sizeof *kf->maps);
	if (!kf->maps)
		return bk_fail(err, BK_E_NOMEM, 0, "no memory for %zu maps", count);
	kf->map_count = count;
	for (size_t i = 0; i < count && !code; i++) {
		const struct stored_page *pages = build->pages + i * PAGEMAP_ENTRIES_MAX;
		size_t left = build->page_count - i * PAGEMAP_ENTRIES_MAX;
		size_t entries = left < PAGEMAP_ENTRIES_MAX ? left : PAGEMAP_ENTRIES_MAX;

		kf->maps[i].first_page = pages[0].page;
		kf->maps[i].entries = (uint32_t)entries;
		code = bk_pagemap_encode(pages, entries, &build->piece, err);
		if (!code)
			code = put_piece(build, FRAME_MAP, &kf->maps[i].offset, err);
	}
	return code;
}

static int64_t earlier(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* Link LEVEL from the one of the level below: FANOUT - 1 steps further down. */
static enum bk_code longer_link(struct bk_log *log, const struct keyframe_link *shorter,
	unsigned level, struct keyframe_link *out, struct bk_error *err)
{
	struct keyframe_link link = *shorter;

	for (unsigned i = 1; i < KEYFRAME_FANOUT; i++) {
		struct keyframe *kf;
		enum bk_code code = bk_log_keyframe(log, link.offset, &kf, err);

		if (code)
			return code;
		if (kf->link_count < level) {
			bk_log_unpin(log, kf);
			return bk_fail(err, BK_E_DAMAGE, 0,
				"%s is damaged at offset %llu: a keyframe's link leads astray",
				log->lf.file.path, (unsigned long long)link.offset);
		}
		link.offset = kf->links[level - 1].offset;
		link.version = kf->links[level - 1].version;
		link.earliest_us = earlier(link.earliest_us, kf->links[level - 1].earliest_us);
		bk_log_unpin(log, kf);
	}
	*out = link;
	return BK_OK;
}

static enum bk_code make_links(struct build *build, struct keyframe *kf, struct bk_error *err)
{
	enum bk_code code = BK_OK;

	kf->link_count = bk_keyframe_link_count(kf->ordinal);
	if (!kf->link_count)
		return BK_OK;
	kf->links[0] = (struct keyframe_link){.offset = build->below->offset,
		.version = build->below->version,
		.earliest_us = bk_keyframe_earliest(kf)};
	for (unsigned level = 1; level < kf->link_count && !code; level++)
		code = longer_link(
			build->writer->log, &kf->links[level - 1], level, &kf->links[level], err);
	return code;
}

static void describe(
	const struct build *build, const struct build_result *result, struct keyframe *kf)
{
	const struct keyframe *below = build->below;

	kf->version = result->version;
	kf->time_us = result->time_us;
	kf->is_full = build->is_full;
	kf->is_carried = build->is_carried;
	kf->is_thinned = build->is_thinned;
	kf->page_size = result->page_count ? result->page_size : 0;
	kf->page_count = result->page_count;
	kf->session = result->session;
	kf->from = LOG_HEADER_SIZE;
	kf->reach = 1;
	if (below) {
		kf->previous = below->offset;
		kf->ordinal = below->ordinal + 1;
		kf->from = below->next;
		kf->count = below->count;
	}
	for (size_t i = 0; i < result->entry_count; i++)
		kf->count += bk_entry_stands(&result->entries[i]);
	if (build->is_full) {
		kf->pages_sum = build->pages_sum;
		kf->history = build->is_carried ? result->history
						: bk_history_of_full(kf, result->history);
	} else {
		kf->pages_sum = result->pages_sum;
		kf->full = below->is_full ? below->offset : below->full;
		kf->next = result->next;
		kf->history = result->history;
	}
}

/* What is carried on in the keyframe. A full one settles what doubt there is, unless it is carried.
 */
static void write_notes(const struct build *build, const char *node, char *notes)
{
	struct bk_log *log = build->writer->log;
	struct facts facts;

	pthread_mutex_lock(&log->mutex);
	facts = log->state.facts;
	pthread_mutex_unlock(&log->mutex);
	if (build->is_full && !build->is_carried)
		*facts.doubt = '\0';
	bk_facts_notes(&facts, node ? node : "", notes);
}

static enum bk_code put_keyframe(struct build *build, struct keyframe *kf, struct bk_error *err)
{
	struct put put = {.kind = FRAME_KEYFRAME,
		.must = bk_keyframe_must(kf),
		.version = kf->version,
		.time_us = kf->time_us,
		.keyframe = kf};
	uint64_t offset;
	enum bk_code code;

	/* Lists can be longer than a piece may be. */
	build->piece.max = FRAME_HEAD_SIZE + PAYLOAD_KEYFRAME_MAX;
	code = bk_keyframe_encode(kf, &build->piece, err);
	if (!code)
		code = bk_writer_put(build->writer, &put, &build->piece, &offset, err);
	if (!code)
		bk_writer_write_behind(build->writer, build->start, offset + build->piece.size);
	return code;
}

enum bk_code bk_build_finish(
	struct build *build, const struct build_result *result, struct bk_error *err)
{
	struct keyframe_link links[KEYFRAME_LINKS_MAX];
	char notes[KEYFRAME_NOTES_MAX];
	struct keyframe kf = {.links = links, .entry_count = result->entry_count, .notes = notes};
	enum bk_code code = put_pages(build, err);

	if (code)
		return code;
	kf.entries = malloc((result->entry_count + 1) * sizeof *kf.entries);
	if (!kf.entries)
		return bk_fail(err, BK_E_NOMEM, 0, "no memory for a keyframe's list");
	if (result->entry_count)
		memcpy(kf.entries, result->entries, result->entry_count * sizeof *kf.entries);
	build->version = result->version;
	describe(build, result, &kf);
	write_notes(build, result->node, notes);
	if (!build->is_full)
		code = add_maps_below(build, kf.ordinal, &kf.reach, err);
	if (!code) {
		sort_and_drop_older(build);
		code = put_maps(build, &kf, err);
	}
	if (!code)
		code = make_links(build, &kf, err);
	if (!code)
		code = put_keyframe(build, &kf, err);
	build->is_finished = !code;
	free(kf.entries);
	free(kf.maps);
	return code;
}
