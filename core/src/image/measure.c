/* measure.c - the page counts of the changes that no keyframe lists yet: a replay that is kept with
 * the log and follows its tail. */
#include "image.h"
#include "span.h"
#include <stdlib.h>

/* After so many replayed changes it starts anew from the newest keyframe: its overlay only grows.
 */
#define MEASURE_CHANGES_MAX 1024

struct measure {
	struct bk_image *image;
	struct advance advance;
	uint64_t read;     /* offset of the last change read; 0: none yet */
	uint64_t replayed; /* of the last that stood, and was replayed */
	size_t changes;
};

static void measure_free(void *object)
{
	struct measure *measure = object;

	if (!measure)
		return;
	bk_advance_close(&measure->advance);
	bk_image_close(measure->image);
	free(measure);
}

static enum bk_code measure_new(struct measure **out, const struct span *tail,
	const struct bk_image_options *options, struct bk_error *err)
{
	struct bk_image_options kept = {.is_cancelled = options ? options->is_cancelled : NULL,
		.ctx = options ? options->ctx : NULL};
	struct measure *measure = calloc(1, sizeof *measure);
	enum bk_code code;

	if (!measure)
		return bk_fail(err, BK_E_NOMEM, 0, "no memory to measure versions");
	code = bk_image_open_keyframe(&measure->image, tail->log, tail->base, &kept, err);
	if (code) {
		free(measure);
		return code;
	}
	code = bk_advance_open(&measure->advance, measure->image, NULL, err);
	if (code) {
		bk_image_close(measure->image);
		free(measure);
		return code;
	}
	*out = measure;
	return BK_OK;
}

/* Where in the tail MEASURE goes on; false if it cannot: what it replayed was struck out since, or
 * a keyframe took it in. */
static bool find_place(const struct measure *measure, const struct span *tail, size_t *at)
{
	bool found = false;

	if (!measure || measure->changes > MEASURE_CHANGES_MAX)
		return false;
	if (!measure->read) {
		*at = 0;
		return measure->image->history == tail->base->history;
	}
	for (size_t i = 0; i < tail->count; i++) {
		if (tail->entries[i].offset == measure->replayed &&
			!bk_entry_stands(&tail->entries[i]))
			return false;
		if (tail->entries[i].offset == measure->read) {
			*at = i + 1;
			found = true;
		}
	}
	return found;
}

/* Notes what was found in the log's own tail. */
static void note_counts(struct bk_log *log, const struct span *tail, size_t from)
{
	size_t at = 0;

	pthread_mutex_lock(&log->mutex);
	for (size_t i = from; i < tail->count; i++) {
		while (at < log->state.tail_count &&
			log->state.tail[at].offset < tail->entries[i].offset)
			at++;
		if (at < log->state.tail_count &&
			log->state.tail[at].offset == tail->entries[i].offset) {
			log->state.tail[at].page_count = tail->entries[i].page_count;
			log->state.tail[at].page_size = tail->entries[i].page_size;
		}
	}
	pthread_mutex_unlock(&log->mutex);
}

static enum bk_code measure_on(struct bk_log *log, struct span *tail,
	const struct bk_image_options *options, struct bk_error *err)
{
	struct measure *measure = log->attached.object;
	size_t at = 0, from;
	enum bk_code code = BK_OK;

	if (!find_place(measure, tail, &at)) {
		measure_free(measure);
		log->attached = (struct attached){NULL, NULL};
		code = measure_new(&measure, tail, options, err);
		if (code)
			return code;
		log->attached = (struct attached){measure, measure_free};
		at = 0;
	}
	code = bk_advance_try(&measure->advance, &tail->entries[tail->count - 1], err);
	for (from = at; at < tail->count && !code; at++) {
		code = bk_advance_by(&measure->advance, &tail->copied[at], err);
		measure->read = tail->entries[at].offset;
		if (bk_entry_stands(&tail->entries[at]))
			measure->replayed = measure->read;
		measure->changes++;
	}
	note_counts(log, tail, from);
	if (code) {
		measure_free(measure);
		log->attached = (struct attached){NULL, NULL};
	}
	return code;
}

enum bk_code bk_log_measure(
	struct bk_log *log, const struct bk_image_options *options, struct bk_error *err)
{
	struct bk_error ignored;
	struct span tail;
	enum bk_code code;

	if (!err)
		err = &ignored;
	pthread_mutex_lock(&log->attached_mutex);
	code = bk_span_of_tail(&tail, log, err);
	if (!code) {
		if (tail.count && !tail.entries[tail.count - 1].page_count)
			code = measure_on(log, &tail, options, err);
		bk_span_done(&tail);
	}
	pthread_mutex_unlock(&log->attached_mutex);
	return code;
}
