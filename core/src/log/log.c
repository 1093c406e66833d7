/* log.c - a log that is open: its decoded parts, and what it says of itself. */
#include "log.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Decoded keyframes and page maps kept: the maps of a database of 20 GB take 60 MiB, which
 * images pin as they need them; this is what stays when nobody does. */
#define LOG_CACHE_BYTES ((size_t)8 << 20)

enum bk_code bk_log_new(struct bk_log **out, struct logfile *lf, struct bk_error *err)
{
	struct bk_log *log = calloc(1, sizeof *log);

	if (!log)
		return bk_fail(err, BK_E_NOMEM, 0, "no memory to open %s", lf->file.path);
	log->lf = *lf;
	bk_cache_init(&log->cache, LOG_CACHE_BYTES);
	pthread_mutex_init(&log->mutex, NULL);
	pthread_mutex_init(&log->foresee_mutex, NULL);
	pthread_mutex_init(&log->readers_mutex, NULL);
	pthread_mutex_init(&log->attached_mutex, NULL);
	*out = log;
	return BK_OK;
}

void bk_log_close(struct bk_log *log)
{
	if (!log)
		return;
	if (log->attached.free)
		log->attached.free(log->attached.object);
	while (log->readers) {
		struct record_reader *next = log->readers->next;

		bk_record_reader_free(log->readers);
		log->readers = next;
	}
	bk_cache_done(&log->cache);
	bk_state_done(&log->state);
	bk_logfile_close(&log->lf);
	free(log->home);
	free(log->foreseen);
	pthread_mutex_destroy(&log->foresee_mutex);
	pthread_mutex_destroy(&log->attached_mutex);
	pthread_mutex_destroy(&log->readers_mutex);
	pthread_mutex_destroy(&log->mutex);
	free(log);
}

/* What the cache holds of OFFSET, pinned, if it is what FREE frees: a log that was made wrong on
 * purpose can ask for a keyframe where a map stands, and must then fail as without the cache. */
static void *cached_part(struct bk_log *log, uint64_t offset, void (*free_part)(struct cached *))
{
	struct cached *part = bk_cache_get(&log->cache, offset);

	if (part && part->free != free_part) {
		bk_cache_release(&log->cache, part);
		return NULL;
	}
	return part;
}

/* Reads the frame at OFFSET, which must be of KIND. */
static enum bk_code read_kind(struct bk_log *log, struct walk *walk, uint64_t offset,
	enum frame_kind kind, struct frame *frame, struct bk_error *err)
{
	enum bk_code code = bk_walk_frame(walk, offset, frame, err);

	if (!code && frame->head.kind != kind)
		return bk_fail(err, BK_E_DAMAGE, 0,
			"%s is damaged at offset %llu: a frame of kind %d should be there",
			log->lf.file.path, (unsigned long long)offset, (int)kind);
	return code;
}

enum bk_code bk_log_keyframe(
	struct bk_log *log, uint64_t offset, struct keyframe **out, struct bk_error *err)
{
	struct keyframe *kf = cached_part(log, offset, bk_keyframe_free);
	struct frame frame;
	struct walk walk;
	enum bk_code code = BK_OK;

	if (!kf) {
		bk_walk_init(&walk, &log->lf, WALK_CHUNK_ONE);
		code = read_kind(log, &walk, offset, FRAME_KEYFRAME, &frame, err);
		if (!code)
			code = bk_keyframe_decode(&kf, &frame.head, offset, frame.payload, err);
		bk_walk_done(&walk);
		if (code)
			return code;
		kf = bk_cache_put(&log->cache, &kf->cached);
	}
	*out = kf;
	return code;
}

static enum bk_code load_pagemap(
	struct bk_log *log, uint64_t offset, struct pagemap **out, struct bk_error *err)
{
	struct pagemap *map = cached_part(log, offset, bk_pagemap_free);
	struct frame frame;
	struct walk walk;
	enum bk_code code = BK_OK;

	if (!map) {
		bk_walk_init(&walk, &log->lf, WALK_CHUNK_ONE);
		code = read_kind(log, &walk, offset, FRAME_MAP, &frame, err);
		if (!code)
			code = bk_pagemap_decode(&map, offset,
				bk_place_limit(log->lf.header.is_sealed, offset), frame.payload,
				frame.head.size, err);
		bk_walk_done(&walk);
		if (code)
			return code;
		map = bk_cache_put(&log->cache, &map->cached);
	}
	*out = map;
	return code;
}

/* Whether MAP is the map AT of KF's: its pages end before those of the next one begin. */
static bool is_map_of(const struct pagemap *map, const struct keyframe *kf, size_t at)
{
	const struct keyframe_map *said = &kf->maps[at];

	return map->count && map->count == said->entries && map->pages[0] == said->first_page &&
	       (at + 1 == kf->map_count || map->pages[map->count - 1] < said[1].first_page);
}

enum bk_code bk_log_pagemap(struct bk_log *log, const struct keyframe *kf, size_t at,
	struct pagemap **out, struct bk_error *err)
{
	enum bk_code code = load_pagemap(log, kf->maps[at].offset, out, err);

	if (code || is_map_of(*out, kf, at))
		return code;
	bk_log_unpin(log, *out);
	return bk_fail(err, BK_E_DAMAGE, 0,
		"%s is damaged at offset %llu: a map has other pages than its keyframe says",
		log->lf.file.path, (unsigned long long)kf->maps[at].offset);
}

void bk_log_unpin(struct bk_log *log, void *object)
{
	bk_cache_release(&log->cache, object);
}

struct record_reader *bk_log_reader_take(struct bk_log *log)
{
	struct record_reader *reader;

	pthread_mutex_lock(&log->readers_mutex);
	reader = log->readers;
	if (reader)
		log->readers = reader->next;
	pthread_mutex_unlock(&log->readers_mutex);
	if (!reader) {
		const struct sealing sealing = {&log->lf.header, log->lf.key};

		return bk_record_reader_new(&sealing);
	}
	bk_record_reader_forget(reader);
	return reader;
}

void bk_log_reader_give(struct bk_log *log, struct record_reader *reader)
{
	if (!reader)
		return;
	pthread_mutex_lock(&log->readers_mutex);
	reader->next = log->readers;
	log->readers = reader;
	pthread_mutex_unlock(&log->readers_mutex);
}

static void id_text(const uint8_t *id, char *out)
{
	for (size_t i = 0; i < LOG_ID_SIZE; i++)
		sprintf(out + 2 * i, "%02x", id[i]);
}

void bk_log_id_text(const struct bk_log *log, char *out)
{
	id_text(log->lf.header.id, out);
}

enum bk_code bk_log_status(struct bk_log *log, struct bk_log_status *out, struct bk_error *err)
{
	static const uint8_t none[LOG_ID_SIZE];
	struct bk_log_status status = {
		.created_us = log->lf.header.created_us, .header_damaged = log->lf.header_damaged};
	struct keyframe *kf = NULL;
	uint64_t keyframe;
	enum bk_code code;

	bk_log_id_text(log, status.id);
	pthread_mutex_lock(&log->mutex);
	keyframe = log->state.keyframe;
	status.version = log->state.version;
	status.time_us = log->state.time_us;
	status.history = log->state.history;
	status.log_bytes = log->state.end;
	status.copied_at = log->state.zeros_at;
	if (log->tail_end > log->state.end && !status.copied_at)
		status.torn_bytes = log->tail_end - log->state.end;
	status.keyframes = log->state.keyframe_ordinal + 1;
	status.changes = log->state.keyframe_count;
	status.is_closed = log->state.is_closed;
	status.damaged_at = log->state.damaged_at;
	status.head_unsure = log->state.head_unsure;
	memcpy(status.node, log->state.facts.node, sizeof status.node);
	memcpy(status.doubt, log->state.facts.doubt, sizeof status.doubt);
	status.is_seen = log->state.facts.has_seen;
	status.is_committed = bk_state_is_committed(&log->state);
	status.quorum_missed = log->state.facts.is_missed;
	status.missed_from = log->state.facts.missed_from;
	if (memcmp(log->lf.header.predecessor, none, LOG_ID_SIZE) != 0)
		id_text(log->lf.header.predecessor, status.predecessor);
	if (log->state.facts.is_succeeded)
		id_text(log->state.facts.successor, status.successor);
	for (size_t i = 0; i < log->state.tail_count; i++)
		status.unkeyframed += bk_entry_stands(&log->state.tail[i]);
	pthread_mutex_unlock(&log->mutex);
	code = bk_log_keyframe(log, keyframe, &kf, err);
	if (code)
		return code;
	status.changes += status.unkeyframed;
	status.page_size = kf->page_size;
	status.page_count = kf->page_count;
	status.is_empty = !kf->page_count && !status.changes;
	bk_log_unpin(log, kf);
	*out = status;
	return BK_OK;
}

enum bk_code bk_log_session(struct bk_log *log, char *text, size_t size, struct bk_error *err)
{
	struct frame frame;
	struct walk walk;
	uint64_t session;
	size_t length;
	enum bk_code code;

	pthread_mutex_lock(&log->mutex);
	session = log->state.session;
	pthread_mutex_unlock(&log->mutex);
	*text = '\0';
	if (!session)
		return BK_OK;
	bk_walk_init(&walk, &log->lf, WALK_CHUNK_ONE);
	code = read_kind(log, &walk, session, FRAME_EVENT, &frame, err);
	if (!code && frame.head.size >= 4) {
		length = frame.head.size - 4 < size ? frame.head.size - 4 : size - 1;
		memcpy(text, frame.payload + 4, length);
		text[length] = '\0';
	}
	bk_walk_done(&walk);
	return code;
}

const char *bk_log_path(const struct bk_log *log)
{
	return log->lf.file.path;
}

bool bk_log_is_exposed(const struct bk_log *log)
{
	return bk_file_is_exposed(&log->lf.file);
}
