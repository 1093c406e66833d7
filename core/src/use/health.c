/* health.c - what a log tells of how it does. */
#include "span.h"
#include "verdict.h"
#include <bk/health.h>
#include <bk/image.h>
#include <bk/listing.h>
#include <bk/version.h>

/* Snapshots that are looked at, newest first: a log has few, unless it was made to have many. */
#define SNAPSHOTS_MAX 4096

/* Damage hides what it hides: that is another's to tell. */
static enum bk_code pass_damage(enum bk_code code)
{
	return code == BK_E_DAMAGE ? BK_OK : code;
}

/* The snapshot KF as a gap, and what it takes of the log. */
struct snapshot {
	uint32_t from, to;
	int64_t time_us;
	uint64_t bytes;
};

/* The newest version that stands among ENTRIES. */
static bool last_standing(const struct bk_entry *entries, size_t count, uint32_t *version)
{
	while (count-- > 0) {
		if (!bk_entry_stands(&entries[count]))
			continue;
		*version = entries[count].version;
		return true;
	}
	return false;
}

static enum bk_code describe(
	struct snapshot *out, struct bk_log *log, const struct keyframe *kf, struct bk_error *err)
{
	const struct bk_entry *last = kf->entry_count ? &kf->entries[kf->entry_count - 1] : NULL;
	uint64_t begins = last ? last->offset + last->log_bytes : kf->from;
	struct keyframe *before;
	enum bk_code code;

	*out = (struct snapshot){.from = kf->version, .to = kf->version, .time_us = kf->time_us};
	if (kf->end > begins)
		out->bytes = kf->end - begins;
	if (last_standing(kf->entries, kf->entry_count, &out->from))
		return BK_OK;
	code = bk_log_keyframe(log, kf->previous, &before, err);
	if (!code) {
		out->from = before->version;
		bk_log_unpin(log, before);
	}
	return pass_damage(code);
}

static void count_gap(struct bk_health *health, const struct snapshot *gap)
{
	int32_t between = bk_version_distance(gap->to, gap->from) - 1;

	if (!health->gaps++) {
		health->gap_from = gap->from;
		health->gap_to = gap->to;
		health->gap_time_us = gap->time_us;
	}
	if (between > 0)
		health->missing += (uint64_t)between;
}

/* Goes from one full keyframe to the one before, down to the first, or to one that a compaction
 * carried over. *BYTES: what those since SINCE_US take. */
static enum bk_code look_at_snapshots(struct bk_health *health, struct bk_log *log,
	uint64_t keyframe, int64_t since_us, uint64_t *bytes, struct bk_error *err)
{
	enum bk_code code = BK_OK;

	for (unsigned seen = 0; !code && keyframe && seen < SNAPSHOTS_MAX; seen++) {
		struct snapshot gap;
		struct keyframe *kf;

		code = bk_log_keyframe(log, keyframe, &kf, err);
		if (code)
			break;
		keyframe = kf->is_full ? kf->previous : kf->full;
		if (kf->is_full && (!kf->ordinal || kf->is_carried)) {
			keyframe = 0;
		} else if (kf->is_full) {
			code = describe(&gap, log, kf, err);
			count_gap(health, &gap);
			*bytes += gap.time_us >= since_us ? gap.bytes : 0;
		}
		bk_log_unpin(log, kf);
	}
	return pass_damage(code);
}

/* Where the log stood at SINCE_US, or behind its first keyframe, if it is younger. */
static enum bk_code stood_at(struct bk_log *log, int64_t since_us, uint64_t *offset,
	uint64_t *changes, int64_t *time_us, struct bk_error *err)
{
	struct bk_entry entry;
	struct span span;
	enum bk_code code = bk_log_find_time(log, since_us, &entry, NULL);

	if (!code) {
		code = bk_span_of_version(&span, log, entry.version, err);
		if (code)
			return code;
		*offset = entry.offset;
		*time_us = since_us;
		*changes = span.base ? span.base->count : 0;
		for (size_t i = 0; i < span.count && span.entries[i].offset <= entry.offset; i++)
			*changes += bk_entry_stands(&span.entries[i]);
		bk_span_done(&span);
		return BK_OK;
	}
	if (code != BK_E_MISSING)
		return pass_damage(code);
	code = bk_span_of_ordinal(&span, log, 0, err);
	if (code)
		return pass_damage(code);
	if (span.base) {
		*offset = span.base->end;
		*time_us = span.base->time_us;
		*changes = span.base->count;
	}
	bk_span_done(&span);
	return BK_OK;
}

static uint64_t a_day(uint64_t count, int64_t observed_us)
{
	return (uint64_t)((double)count * 86400e6 / (double)observed_us);
}

static enum bk_code look_at_growth(struct bk_health *health, struct bk_log *log,
	const struct bk_log_status *status, uint64_t keyframe, int64_t now_us, struct bk_error *err)
{
	uint64_t offset = 0, changes = 0, snapshots = 0, grown;
	int64_t time_us = 0, until_us = now_us > status->time_us ? now_us : status->time_us;
	enum bk_code code =
		stood_at(log, until_us - BK_HEALTH_WEEK_US, &offset, &changes, &time_us, err);

	if (!code)
		code = look_at_snapshots(health, log, keyframe, time_us + 1, &snapshots, err);
	if (code || !offset || until_us - time_us < BK_HEALTH_HOUR_US)
		return code;
	grown = status->log_bytes > offset + snapshots ? status->log_bytes - offset - snapshots : 0;
	health->observed_us = until_us - time_us;
	health->day_bytes = a_day(grown, health->observed_us);
	if (status->changes > changes)
		health->day_versions = a_day(status->changes - changes, health->observed_us);
	return BK_OK;
}

/* As far as opening it tells: its pages are not all read. What keeps it from being opened and is
 * not the log's (no memory, no temporary file) tells nothing. */
static void look_at_head(struct bk_health *health, struct bk_log *log,
	const struct bk_log_status *status, bool (*is_late)(void *ctx), void *ctx)
{
	struct bk_image_options options = {
		.past_damage = true, .is_cancelled = is_late, .ctx = ctx};
	struct bk_image *image;
	enum bk_code code;

	if (status->is_empty || status->unkeyframed > BK_HEALTH_CHANGES)
		return;
	code = bk_image_open(&image, log, status->version, &options, &health->why);
	if (!code) {
		health->head = BK_HEAD_OPENS;
		bk_image_close(image);
	} else if (code == BK_E_MISSING || bk_verdict_is_no(code)) {
		health->head = BK_HEAD_FAILS;
	}
}

enum bk_code bk_health_look(struct bk_health *out, struct bk_log *log, int64_t now_us,
	bool (*is_late)(void *ctx), void *ctx, struct bk_error *err)
{
	struct bk_health health = {.head = BK_HEAD_UNKNOWN};
	struct bk_log_status status;
	uint64_t keyframe;
	enum bk_code code = bk_log_status(log, &status, err);

	pthread_mutex_lock(&log->mutex);
	keyframe = log->state.keyframe;
	if (log->state.tail_count)
		health.unkeyframed_us = log->state.tail[0].time_us;
	pthread_mutex_unlock(&log->mutex);
	if (!code)
		code = look_at_growth(&health, log, &status, keyframe, now_us, err);
	if (code)
		return code;
	look_at_head(&health, log, &status, is_late, ctx);
	*out = health;
	return BK_OK;
}
