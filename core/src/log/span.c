/* span.c - finding a keyframe among all of them. */
#include "span.h"
#include "missing.h"
#include <bk/version.h>
#include <stdlib.h>
#include <string.h>

void bk_span_done(struct span *span)
{
	bk_log_unpin(span->log, span->base);
	bk_log_unpin(span->log, span->above);
	free(span->copied);
	*span = (struct span){0};
}

size_t bk_span_length(const struct span *span)
{
	return span->count + (span->above && bk_keyframe_is_entry(span->above));
}

struct bk_entry bk_span_entry(const struct span *span, size_t at)
{
	return at < span->count ? span->entries[at] : bk_keyframe_snapshot(span->above);
}

/* The tail, with the keyframe it stands on. */
static enum bk_code span_tail(struct span *span, struct bk_log *log, struct bk_error *err)
{
	uint64_t keyframe;
	size_t bytes;

	pthread_mutex_lock(&log->mutex);
	keyframe = log->state.keyframe;
	bytes = log->state.tail_count * sizeof *span->copied;
	span->copied = malloc(bytes + 1);
	if (span->copied && bytes)
		memcpy(span->copied, log->state.tail, bytes);
	span->count = log->state.tail_count;
	pthread_mutex_unlock(&log->mutex);
	if (!span->copied)
		return bk_fail(err, BK_E_NOMEM, 0, "no memory for %zu bytes", bytes);
	span->entries = span->copied;
	return bk_log_keyframe(log, keyframe, &span->base, err);
}

enum bk_code bk_span_of_tail(struct span *out, struct bk_log *log, struct bk_error *err)
{
	struct span span = {.log = log};
	enum bk_code code = span_tail(&span, log, err);

	if (code)
		bk_span_done(&span);
	else
		*out = span;
	return code;
}

/* What the upper keyframe knows of its own changes: how many pages there are behind each. */
static void take_page_counts(struct span *span)
{
	size_t listed = span->above->entry_count, count = span->count;

	for (size_t i = 1; i <= listed && i <= count; i++) {
		const struct bk_entry *known = &span->above->entries[listed - i];

		if (span->copied[count - i].offset != known->offset)
			return;
		span->copied[count - i] = *known;
	}
}

/* The keyframe below SPAN's upper one is damaged: goes down to one that is not. */
static enum bk_code span_mend(struct span *span, struct bk_error *err)
{
	const struct keyframe *above = span->above;
	enum bk_code code = bk_log_keyframe_before(span->log, above->previous, &span->base, err);

	span->base_lost = code == BK_E_DAMAGE;
	if (code)
		return span->base_lost ? BK_OK : code;
	code = bk_log_changes_between(
		span->log, span->base, above->next, &span->copied, &span->count, err);
	if (code)
		return code;
	take_page_counts(span);
	span->entries = span->copied;
	span->is_mended = true;
	return BK_OK;
}

static void note_passed(struct bk_log *log, const struct keyframe *kf)
{
	pthread_mutex_lock(&log->mutex);
	bk_passed_note(&log->passed, kf->ordinal, kf->offset);
	pthread_mutex_unlock(&log->mutex);
}

/* Moves SPAN, which is the tail, to the span below KF, which it takes over. */
static enum bk_code span_below(struct span *span, struct keyframe *kf, struct bk_error *err)
{
	enum bk_code code;

	free(span->copied);
	span->copied = NULL;
	span->above = kf;
	span->entries = kf->entries;
	span->count = kf->entry_count;
	span->base = NULL;
	if (!kf->previous)
		return BK_OK;
	code = bk_log_keyframe(span->log, kf->previous, &span->base, err);
	if (!code && span->base->ordinal != kf->ordinal - 1) {
		bk_log_unpin(span->log, span->base);
		span->base = NULL;
		code = BK_E_DAMAGE;
	}
	if (!code)
		note_passed(span->log, span->base);
	return code == BK_E_DAMAGE ? span_mend(span, err) : code;
}

/* Which links a search may take: it must not pass the keyframe that it looks for. */
struct search {
	bool (*may_pass)(const struct search *search, const struct keyframe *from, unsigned level);
	bool (*is_above)(const struct search *search, const struct keyframe *kf);
	uint32_t version;
	uint64_t ordinal;
	uint64_t above; /* the ordinal of the keyframe that it ends at; 0: not known */
	int64_t time_us;
};

/* Where link LEVEL of AT leads; past a damaged keyframe, if what is looked for is not there. Else
 * it fails with BK_E_DAMAGE: what is looked for is between AT and what is left. */
static enum bk_code follow_link(struct bk_log *log, const struct search *search,
	const struct keyframe *at, unsigned level, struct keyframe **out, struct bk_error *err)
{
	uint64_t offset = at->links[level].offset;
	struct bk_error damage;
	struct keyframe *kf;
	enum bk_code code = bk_log_keyframe(log, offset, &kf, &damage);

	if (!code && kf->ordinal != at->ordinal - bk_keyframe_step(level)) {
		bk_log_unpin(log, kf);
		return bk_fail(err, BK_E_DAMAGE, 0,
			"%s is damaged at offset %llu: a keyframe's link leads astray",
			log->lf.file.path, (unsigned long long)at->offset);
	}
	if (code == BK_E_DAMAGE && !bk_log_keyframe_before(log, offset, &kf, err)) {
		if (search->is_above(search, kf))
			code = BK_OK;
		else
			bk_log_unpin(log, kf);
	}
	if (code)
		return bk_fail_as(err, &damage);
	*out = kf;
	return BK_OK;
}

/* The keyframe of ORDINAL, if a search passed it and it can still be read, pinned; or NULL. */
static struct keyframe *passed_keyframe(struct bk_log *log, uint64_t ordinal)
{
	struct keyframe *kf = NULL;
	struct bk_error ignored;
	uint64_t offset;

	pthread_mutex_lock(&log->mutex);
	offset = bk_passed_find(&log->passed, ordinal);
	pthread_mutex_unlock(&log->mutex);
	if (!offset || bk_log_keyframe(log, offset, &kf, &ignored))
		return NULL;
	if (kf->ordinal == ordinal)
		return kf;
	bk_log_unpin(log, kf);
	return NULL;
}

/* The keyframe that is known to be near, if it is above what is looked for and can be read, pinned; or
 * NULL. */
static struct keyframe *near_keyframe(struct bk_log *log, const struct search *search)
{
	struct keyframe *kf = NULL;
	struct bk_error ignored;
	uint64_t offset;

	pthread_mutex_lock(&log->mutex);
	offset = log->near;
	pthread_mutex_unlock(&log->mutex);
	if (!offset || bk_log_keyframe(log, offset, &kf, &ignored))
		return NULL;
	if (search->is_above(search, kf))
		return kf;
	bk_log_unpin(log, kf);
	return NULL;
}

/* Takes links from *KF as long as they may be taken, the longest first. */
static enum bk_code search_down(
	struct bk_log *log, const struct search *search, struct keyframe **kf, struct bk_error *err)
{
	for (;;) {
		struct keyframe *at = *kf, *next = NULL;
		size_t level = at->link_count;
		enum bk_code code = BK_E_DAMAGE;

		note_passed(log, at);
		while (level > 0 && !search->may_pass(search, at, (unsigned)level - 1))
			level--;
		/* A shorter link may lead nearer to the damage; the shortest, that is damaged, ends
		 * the search: AT is the one above it. */
		for (; level > 0 && code == BK_E_DAMAGE; level--)
			code = follow_link(log, search, at, (unsigned)level - 1, &next, err);
		if (!next)
			return code == BK_E_DAMAGE ? BK_OK : code;
		bk_log_unpin(log, at);
		*kf = next;
	}
}

/* Starts at the tail; unless the tail is it, searches for the keyframe above the wanted span. */
static enum bk_code span_search(struct span *out, struct bk_log *log, const struct search *search,
	bool (*is_tail)(const struct search *, const struct span *), struct bk_error *err)
{
	struct span span = {.log = log};
	enum bk_code code = span_tail(&span, log, err);

	if (!code && !is_tail(search, &span)) {
		struct keyframe *passed = search->above ? passed_keyframe(log, search->above)
							: near_keyframe(log, search);
		struct keyframe *kf = passed ? passed : span.base;

		if (passed)
			bk_log_unpin(log, span.base);
		span.base = NULL;
		code = search_down(log, search, &kf, err);
		if (!code)
			code = span_below(&span, kf, err);
		else
			bk_log_unpin(log, kf);
	}
	if (code) {
		bk_span_done(&span);
		return code;
	}
	*out = span;
	return BK_OK;
}

static bool pass_version(const struct search *search, const struct keyframe *from, unsigned level)
{
	return bk_version_after(from->links[level].version, search->version);
}

static bool above_version(const struct search *search, const struct keyframe *kf)
{
	return bk_version_after(kf->version, search->version);
}

static bool tail_has_version(const struct search *search, const struct span *tail)
{
	return !bk_version_after(tail->base->version, search->version);
}

enum bk_code bk_span_of_version(
	struct span *out, struct bk_log *log, uint32_t version, struct bk_error *err)
{
	struct search search = {
		.may_pass = pass_version, .is_above = above_version, .version = version};
	enum bk_code code = span_search(out, log, &search, tail_has_version, err);

	if (!code && !out->base && !out->base_lost) {
		code = bk_missing_before(out->above, version, err);
		bk_span_done(out);
	}
	return code;
}

static bool pass_ordinal(const struct search *search, const struct keyframe *from, unsigned level)
{
	return from->ordinal - bk_keyframe_step(level) > search->ordinal;
}

static bool above_ordinal(const struct search *search, const struct keyframe *kf)
{
	return kf->ordinal > search->ordinal;
}

static bool tail_has_ordinal(const struct search *search, const struct span *tail)
{
	return tail->base->ordinal <= search->ordinal;
}

enum bk_code bk_span_of_ordinal(
	struct span *out, struct bk_log *log, uint64_t ordinal, struct bk_error *err)
{
	struct search search = {.may_pass = pass_ordinal,
		.is_above = above_ordinal,
		.ordinal = ordinal,
		.above = ordinal + 1};
	enum bk_code code = span_search(out, log, &search, tail_has_ordinal, err);

	/* Who walks over spans counts on it. */
	if (!code && out->base && out->base->ordinal > ordinal) {
		bk_span_done(out);
		code = bk_fail(err, BK_E_DAMAGE, 0,
			"%s is damaged: the keyframe of ordinal %llu is not to be found",
			log->lf.file.path, (unsigned long long)ordinal);
	}
	return code;
}

/* All that lies between the link's target and here is too young. */
static bool pass_time(const struct search *search, const struct keyframe *from, unsigned level)
{
	return from->links[level].earliest_us > search->time_us;
}

/* Never passed over: what a damaged one lists may be what is looked for. */
static bool above_time(const struct search *search, const struct keyframe *kf)
{
	(void)search;
	(void)kf;
	return false;
}

static bool tail_has_time(const struct search *search, const struct span *tail)
{
	for (size_t i = 0; i < tail->count; i++)
		if (bk_entry_stands(&tail->entries[i]) &&
			tail->entries[i].time_us <= search->time_us)
			return true;
	return bk_keyframe_is_entry(tail->base) && tail->base->time_us <= search->time_us;
}

enum bk_code bk_span_of_time(
	struct span *out, struct bk_log *log, int64_t time_us, struct bk_error *err)
{
	struct search search = {.may_pass = pass_time, .is_above = above_time, .time_us = time_us};

	return span_search(out, log, &search, tail_has_time, err);
}
