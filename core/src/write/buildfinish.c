/* buildfinish.c - the frame that makes pages and maps one keyframe. */
#include "build.h"
#include <stdlib.h>
#include <string.h>

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
static void write_notes(const struct build *build, const struct build_result *result, char *notes)
{
	struct bk_log *log = build->writer->log;
	struct facts facts;
	size_t used;

	pthread_mutex_lock(&log->mutex);
	facts = log->state.facts;
	pthread_mutex_unlock(&log->mutex);
	if (build->is_full && !build->is_carried)
		*facts.doubt = '\0';
	bk_facts_notes(&facts, result->node ? result->node : "", notes);
	used = strlen(notes);
	if (result->trail)
		bk_trail_write(result->trail, build->pages, build->page_count, notes + used,
			KEYFRAME_NOTES_MAX - used);
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
	enum bk_code code = bk_build_put_pages(build, err);

	if (code)
		return code;
	kf.entries = malloc((result->entry_count + 1) * sizeof *kf.entries);
	if (!kf.entries)
		return bk_fail(err, BK_E_NOMEM, 0, "no memory for a keyframe's list");
	if (result->entry_count)
		memcpy(kf.entries, result->entries, result->entry_count * sizeof *kf.entries);
	build->version = result->version;
	describe(build, result, &kf);
	write_notes(build, result, notes);
	code = bk_build_maps(build, &kf, err);
	if (!code)
		code = bk_build_links(build, &kf, err);
	if (!code)
		code = put_keyframe(build, &kf, err);
	build->is_finished = !code;
	free(kf.entries);
	free(kf.maps);
	return code;
}
