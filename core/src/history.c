/* history.c - listing the versions that a log holds. */
#include "chain.h"
#include <bk/version.h>
#include <stdlib.h>

struct bk_history {
	struct bk_log *log;
	enum bk_history_what what;
	uint32_t from; /* entries before it are passed over */
	bool has_from;
	struct span span;
	bool has_span;
	bool is_over; /* damage hides all that is left */
	size_t at;    /* in the span's entries; one past the end: its upper snapshot */
	struct bk_entry pending;
	bool has_pending;
	bool was_given; /* pending was the log's last entry, and is what was given out last */
};

/* Whether the snapshot above SPAN is of a version that has its change: it is listed with that. */
static bool snapshot_joins(const struct span *span)
{
	for (size_t i = span->count; i-- > 0;)
		if (entry_stands(&span->entries[i]))
			return span->entries[i].version == span->above->version;
	return span->base && span->base->version == span->above->version;
}

/* Whether a listing shows the entry AT of SPAN as one of its own. */
static bool is_shown(enum bk_history_what what, const struct span *span, size_t at)
{
	if (what == BK_HISTORY_ALL)
		return true;
	if (at == span->count)
		return !snapshot_joins(span);
	return !(span->entries[at].flags & (BK_ENTRY_STRUCK | BK_ENTRY_LONE));
}

static struct bk_history *history_new(struct bk_log *log, enum bk_history_what what)
{
	struct bk_history *history = calloc(1, sizeof *history);

	if (history) {
		history->log = log;
		history->what = what;
	}
	return history;
}

void bk_history_close(struct bk_history *history)
{
	if (!history)
		return;
	if (history->has_span)
		span_done(&history->span);
	free(history);
}

/* Takes SPAN over as where the history stands. */
static void enter_span(struct bk_history *history, const struct span *span)
{
	if (history->has_span)
		span_done(&history->span);
	history->span = *span;
	history->has_span = true;
	history->at = 0;
}

/* The span below the log's first keyframe: only its snapshot is there. */
static enum bk_code enter_first(struct bk_history *history, struct bk_error *err)
{
	struct span span;
	enum bk_code code = span_of_ordinal(&span, history->log, 0, err);
	struct keyframe *first;

	if (code)
		return code;
	first = span.base;
	span.base = NULL;
	span_done(&span);
	if (!first)
		return bk_fail(err, BK_E_DAMAGE, 0,
			"%s is damaged: its first keyframe cannot be read",
			history->log->lf.file.path);
	span = (struct span){.log = history->log, .above = first};
	enter_span(history, &span);
	return BK_OK;
}

static uint64_t newest_ordinal(struct bk_log *log)
{
	uint64_t ordinal;

	pthread_mutex_lock(&log->mutex);
	ordinal = log->state.keyframe_ordinal;
	pthread_mutex_unlock(&log->mutex);
	return ordinal;
}

/* Enters the span above the keyframe of ORDINAL; where damage hides it, the next one that can be
 * read, and fails with BK_E_DAMAGE all the same. */
static enum bk_code enter_above(struct bk_history *history, uint64_t ordinal, struct bk_error *err)
{
	struct bk_log *log = history->log;
	uint64_t newest = newest_ordinal(log);
	struct bk_error later;
	struct span span;
	enum bk_code code = span_of_ordinal(&span, log, ordinal, err), again = code;

	while (again == BK_E_DAMAGE && ordinal < newest)
		again = span_of_ordinal(&span, log, ++ordinal, &later);
	if (!again)
		enter_span(history, &span);
	history->is_over = again;
	return code;
}

static enum bk_code enter_next(struct bk_history *history, bool *more, struct bk_error *err)
{
	enum bk_code code = enter_above(history, history->span.above->ordinal, err);

	*more = code || span_length(&history->span) > 0 || history->span.above;
	return code;
}

/* The tail may have grown, or been taken in by a keyframe, since it was copied. */
static enum bk_code reenter_tail(struct bk_history *history, bool *more, struct bk_error *err)
{
	uint64_t given = history->at ? history->span.entries[history->at - 1].offset : 0;
	size_t at = 0;
	struct span span;
	enum bk_code code = span_of_ordinal(&span, history->log, history->span.base->ordinal, err);

	if (code)
		return code;
	while (at < span.count && span.entries[at].offset <= given)
		at++;
	*more = at < span_length(&span) || span.above;
	enter_span(history, &span);
	history->at = at;
	return BK_OK;
}

/* The next raw entry; *MORE is false at the log's end. */
static enum bk_code next_raw(
	struct bk_history *history, struct bk_entry *entry, bool *more, struct bk_error *err)
{
	enum bk_code code = BK_OK;

	*more = !history->is_over;
	while (!code && *more && history->at == span_length(&history->span))
		code = history->span.above ? enter_next(history, more, err)
					   : reenter_tail(history, more, err);
	if (!code && *more)
		*entry = span_entry(&history->span, history->at++);
	return code;
}

/* A lone pragma goes with the version it repeats; so does a snapshot of a version that has its
 * change: it is that version. */
static bool joins(const struct bk_entry *before, const struct bk_entry *entry)
{
	return entry->version == before->version &&
	       (entry->flags & (BK_ENTRY_LONE | BK_ENTRY_SNAPSHOT));
}

static void join(struct bk_entry *to, const struct bk_entry *entry)
{
	to->statements += entry->statements;
	to->sql_bytes += entry->sql_bytes;
	to->log_bytes += entry->log_bytes;
	if (entry->page_count) {
		to->page_count = entry->page_count;
		to->page_size = entry->page_size;
	}
}

/* The next version, with all that belongs to it. */
static enum bk_code next_version(
	struct bk_history *history, struct bk_entry *entry, bool *more, struct bk_error *err)
{
	struct bk_entry raw;
	enum bk_code code = BK_OK;

	for (;;) {
		code = next_raw(history, &raw, more, err);
		if (code)
			return code;
		if (!*more)
			break;
		if (raw.flags & BK_ENTRY_STRUCK)
			continue;
		if (history->has_pending && joins(&history->pending, &raw)) {
			join(&history->pending, &raw);
			continue;
		}
		/* The first of a listing may follow the change that it goes with; so may what came
		 * after the log's end was reached. */
		if (!history->has_pending &&
			((raw.flags & BK_ENTRY_LONE) ||
				(history->was_given && joins(&history->pending, &raw))))
			continue;
		if (history->has_pending) {
			*entry = history->pending;
			history->pending = raw;
			return BK_OK;
		}
		history->pending = raw;
		history->has_pending = true;
	}
	*more = history->has_pending;
	if (history->has_pending) {
		*entry = history->pending;
		history->was_given = true;
	}
	history->has_pending = false;
	return BK_OK;
}

enum bk_code bk_history_next(
	struct bk_history *history, struct bk_entry *entry, bool *more, struct bk_error *err)
{
	enum bk_code code;

	do
		code = history->what == BK_HISTORY_ALL ? next_raw(history, entry, more, err)
						       : next_version(history, entry, more, err);
	while (!code && *more && history->has_from &&
		bk_version_after(history->from, entry->version));
	return code;
}

/* Enters the span with the first entry of VERSION: several keyframes may have it, and its change
 * came before all of them. What damage hides is told when the listing comes to it. */
static enum bk_code enter_version(
	struct bk_history *history, uint32_t version, struct bk_error *err)
{
	struct span span;
	enum bk_code code = span_of_version(&span, history->log, version, err);

	while (!code && !span.base_lost && span.base->version == version) {
		uint64_t ordinal = span.base->ordinal;

		span_done(&span);
		if (!ordinal)
			return enter_first(history, err);
		code = span_of_ordinal(&span, history->log, ordinal - 1, err);
	}
	if (!code && span.base_lost && span.above->links[0].version == version) {
		span_done(&span); /* what the damaged base lists begins before it */
		code = BK_E_DAMAGE;
	}
	if (!code) {
		enter_span(history, &span);
		return BK_OK;
	}
	if (code == BK_E_MISSING || code == BK_E_DAMAGE)
		code = enter_first(history, err);
	if (code == BK_E_DAMAGE)
		code = enter_above(history, 0, err);
	return code == BK_E_DAMAGE && history->has_span ? BK_OK : code;
}

enum bk_code bk_history_open(struct bk_history **out, struct bk_log *log, uint32_t from,
	enum bk_history_what what, struct bk_error *err)
{
	struct bk_history *history = history_new(log, what);
	enum bk_code code;

	if (!history)
		return bk_fail(err, BK_E_NOMEM, 0, "no memory for a listing");
	history->from = from;
	history->has_from = true;
	code = enter_version(history, from, err);
	if (code) {
		bk_history_close(history);
		return code;
	}
	*out = history;
	return BK_OK;
}

/* Counts, in the history's span, the shown entries from the back; stops at COUNT. */
static uint64_t count_back(struct bk_history *history, uint64_t count)
{
	uint64_t found = 0;

	history->at = span_length(&history->span);
	while (history->at && found < count)
		found += is_shown(history->what, &history->span, --history->at);
	return found;
}

enum bk_code bk_history_open_last(struct bk_history **out, struct bk_log *log, uint64_t count,
	enum bk_history_what what, struct bk_error *err)
{
	struct bk_history *history = history_new(log, what);
	uint64_t ordinal;
	enum bk_code code = BK_OK;

	if (!history)
		return bk_fail(err, BK_E_NOMEM, 0, "no memory for a listing");
	ordinal = newest_ordinal(log);
	while (!code) {
		struct span span;
		uint64_t found;

		code = span_of_ordinal(&span, log, ordinal, err);
		if (code == BK_E_DAMAGE && ordinal) {
			ordinal--;
			code = BK_OK;
			continue;
		}
		if (code)
			break;
		ordinal = span.base ? span.base->ordinal : span.above->ordinal - 1;
		enter_span(history, &span);
		found = count_back(history, count);
		count -= found;
		if (!count)
			break;
		if (!ordinal) {
			code = enter_first(history, err);
			if (!code)
				count_back(history, count);
			break;
		}
		ordinal--;
	}
	if (code) {
		bk_history_close(history);
		return code;
	}
	*out = history;
	return BK_OK;
}
