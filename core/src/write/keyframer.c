/* keyframer.c - writing delta keyframes beside the changes. */
#include "build.h"
#include "image.h"
#include <bk/keyframer.h>
#include <stdlib.h>
#include <string.h>

/* What is to be built next: a closed interval at the start of the tail. */
struct interval {
	struct bk_entry *entries;
	size_t count;
	uint64_t next, session;
};

/* Sets *FOUND, and INTERVAL if there is one. While a build is under way nothing takes it away. */
static enum bk_code interval_find(
	struct bk_log *log, struct interval *interval, bool *found, struct bk_error *err)
{
	enum bk_code code = BK_OK;

	pthread_mutex_lock(&log->mutex);
	*found = bk_state_closed_interval(&log->state, &interval->next, &interval->count);
	if (*found) {
		size_t bytes = interval->count * sizeof *interval->entries;

		interval->session = log->state.session;
		interval->entries = malloc(bytes);
		if (interval->entries)
			memcpy(interval->entries, log->state.tail, bytes);
		else
			code = bk_fail(err, BK_E_NOMEM, 0, "no memory for a keyframe's changes");
	}
	pthread_mutex_unlock(&log->mutex);
	return code;
}

/* Stores one dirty page, unless it is what it was. */
static enum bk_code store_page(
	struct build *build, struct bk_image *image, uint32_t page, struct bk_error *err)
{
	uint8_t now[PAGE_SIZE_MAX], before[PAGE_SIZE_MAX];
	struct record_base base = {.content = before};
	struct record record;
	enum bk_code code = bk_image_read_page(image, page, now, err);

	if (code)
		return code;
	if (page == bk_lock_page(build->page_size))
		return BK_OK;
	if (page > image->index.levels[0].kf->page_count)
		return bk_build_page(build, page, now, NULL, err);
	code = bk_image_read_below(image, page, before, &record, &base.offset, err);
	if (code)
		return code;
	base.depth = record.depth;
	if (memcmp(now, before, build->page_size) == 0)
		return BK_OK;
	return bk_build_page(
		build, page, now, record.depth < RECORD_DEPTH_USED ? &base : NULL, err);
}

static enum bk_code store_dirty(struct build *build, struct bk_image *image, struct bk_error *err)
{
	size_t count;
	uint32_t *pages = bk_overlay_dirty(&image->overlay, &count);
	enum bk_code code = BK_OK;

	if (!pages)
		return bk_fail(err, BK_E_NOMEM, 0, "no memory for the list of pages");
	build->page_size = bk_image_page_size(image);
	for (size_t i = 0; i < count && !code; i++)
		code = store_page(build, image, pages[i], err);
	free(pages);
	return code;
}

/* When the version of the last change that stands came. */
static int64_t time_of_last(const struct interval *interval, const struct keyframe *below)
{
	for (size_t i = interval->count; i-- > 0;)
		if (!(interval->entries[i].flags & (BK_ENTRY_STRUCK | BK_ENTRY_LONE)))
			return interval->entries[i].time_us;
	return below->time_us;
}

/* Whose log it is, where that was not known when the keyframes below were written. */
static enum bk_code find_node(
	struct bk_log *log, struct bk_image *image, char *node, struct bk_error *err)
{
	bool is_known;

	*node = '\0';
	pthread_mutex_lock(&log->mutex);
	is_known = *log->state.facts.node;
	pthread_mutex_unlock(&log->mutex);
	return is_known ? BK_OK : bk_image_node(image, node, err);
}

static enum bk_code build_interval(
	struct build *build, struct interval *interval, struct bk_error *err)
{
	struct bk_log *log = build->writer->log;
	struct bk_image *image = NULL;
	char node[BK_NODE_TEXT];
	enum bk_code code = bk_image_open_keyframe(&image, log, build->below, NULL, err);

	if (!code)
		code = bk_image_advance(image, interval->entries, interval->count, NULL, err);
	if (!code)
		code = find_node(log, image, node, err);
	if (!code) {
		build->version = image->version;
		code = store_dirty(build, image, err);
	}
	if (!code) {
		struct build_result result = {
			.version = image->version,
			.page_size = bk_image_page_size(image),
			.page_count = bk_image_page_count(image),
			.time_us = time_of_last(interval, build->below),
			.next = interval->next,
			.history = image->history,
			.session = interval->session,
			.entries = interval->entries,
			.entry_count = interval->count,
			.node = node,
		};

		code = bk_build_finish(build, &result, err);
	}
	bk_image_close(image);
	return code;
}

/* Builds the next keyframe; *FOUND is false if there is none to be built. */
static enum bk_code build_next(struct bk_writer *writer, bool *found, struct bk_error *err)
{
	struct interval interval = {0};
	struct build build;
	enum bk_code code = bk_build_begin(&build, writer, false, err);

	*found = false;
	if (code)
		return code;
	/* Only now, when no snapshot can come between the keyframe below and the interval. */
	code = interval_find(writer->log, &interval, found, err);
	if (!code && *found)
		code = build_interval(&build, &interval, err);
	free(interval.entries);
	bk_build_done(&build);
	return code;
}

enum bk_code bk_keyframes_build(struct bk_writer *writer, struct bk_error *err)
{
	enum bk_code code;
	bool found;

	do
		code = build_next(writer, &found, err);
	while (!code && found);
	return code;
}

struct bk_keyframer {
	struct bk_writer *writer;
	bk_keyframer_notify_fn *notify;
	void *ctx;
	pthread_t thread;
	/* Under the log's mutex. */
	bool is_stopping;
	bool has_failed;         /* what failed is tried again when a stream starts: */
	uint64_t failed_streams; /* the writer's, when it was begun */
	uint64_t stuck_above;    /* no keyframe can stand on this one: a snapshot is needed */
};

/* Whether there is something to do. With the log's mutex held. */
static bool has_work(const struct bk_keyframer *keyframer)
{
	const struct state *state = &keyframer->writer->log->state;
	uint64_t next;
	size_t count;

	if (keyframer->has_failed && keyframer->failed_streams == keyframer->writer->streams)
		return false;
	return keyframer->stuck_above != state->keyframe && !keyframer->writer->failure.code &&
	       bk_state_closed_interval(state, &next, &count);
}

/* What began above the keyframe BELOW, when the writer had begun so many STREAMS, has failed. */
static void note_failure(struct bk_keyframer *keyframer, uint64_t below, uint64_t streams,
	const struct bk_error *err)
{
	struct bk_log *log = keyframer->writer->log;

	pthread_mutex_lock(&log->mutex);
	keyframer->has_failed = true;
	keyframer->failed_streams = streams;
	if (err->code == BK_E_SQL || err->code == BK_E_DAMAGE)
		keyframer->stuck_above = below;
	pthread_mutex_unlock(&log->mutex);
	keyframer->notify(keyframer->ctx, err);
}

static void *keyframer_run(void *arg)
{
	struct bk_keyframer *keyframer = arg;
	struct bk_log *log = keyframer->writer->log;

	for (;;) {
		struct bk_error err;
		uint64_t below, streams;
		bool is_stopping, found;

		pthread_mutex_lock(&log->mutex);
		while (!keyframer->is_stopping && !has_work(keyframer))
			pthread_cond_wait(&keyframer->writer->grown, &log->mutex);
		is_stopping = keyframer->is_stopping;
		below = log->state.keyframe;
		streams = keyframer->writer->streams;
		pthread_mutex_unlock(&log->mutex);
		if (is_stopping)
			break;
		if (build_next(keyframer->writer, &found, &err))
			note_failure(keyframer, below, streams, &err);
	}
	return NULL;
}

enum bk_code bk_keyframer_start(struct bk_keyframer **out, struct bk_writer *writer,
	bk_keyframer_notify_fn *notify, void *ctx, struct bk_error *err)
{
	struct bk_keyframer *keyframer = calloc(1, sizeof *keyframer);
	int rc;

	if (!keyframer)
		return bk_fail(err, BK_E_NOMEM, 0, "no memory for a keyframer");
	keyframer->writer = writer;
	keyframer->notify = notify;
	keyframer->ctx = ctx;
	rc = pthread_create(&keyframer->thread, NULL, keyframer_run, keyframer);
	if (rc) {
		free(keyframer);
		return bk_fail(err, BK_E_NOMEM, rc, "cannot start a thread");
	}
	*out = keyframer;
	return BK_OK;
}

void bk_keyframer_stop(struct bk_keyframer *keyframer)
{
	if (!keyframer)
		return;
	pthread_mutex_lock(&keyframer->writer->log->mutex);
	keyframer->is_stopping = true;
	pthread_cond_signal(&keyframer->writer->grown);
	pthread_mutex_unlock(&keyframer->writer->log->mutex);
	pthread_join(keyframer->thread, NULL);
	free(keyframer);
}

bool bk_keyframer_needs_snapshot(struct bk_keyframer *keyframer)
{
	struct bk_log *log = keyframer->writer->log;
	bool needs;

	pthread_mutex_lock(&log->mutex);
	needs = keyframer->stuck_above && keyframer->stuck_above == log->state.keyframe;
	pthread_mutex_unlock(&log->mutex);
	return needs;
}
