/* history.c - which versions a log holds. */
#include "chain.h"
#include "stream.h"
#include <bk/version.h>
#include <stdlib.h>
#include <string.h>

struct bk_history {
	struct bk_log *log;
	enum bk_history_what what;
	uint32_t from; /* entries before it are passed over */
	bool has_from;
	struct span span;
	bool has_span;
	bool is_over;       /* damage hides all that is left */
	uint64_t ordinal;   /* of the span's base; the next span's is one more */
	size_t at;          /* in the span's entries; one past the end: its upper snapshot */
	struct bk_entry pending;
	bool has_pending;
	bool was_given; /* pending was the log's last entry, and is what was given out last */
};

/* The entries of a span, and behind them the snapshot that a full keyframe above is. */
static size_t span_length(const struct span *span)
{
	return span->count + (span->above && span->above->is_full);
}

static struct bk_entry span_entry(const struct span *span, size_t at)
{
	return at < span->count ? span->entries[at] : keyframe_snapshot(span->above);
}

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
		if (!history->has_pending && ((raw.flags & BK_ENTRY_LONE) ||
						     (history->was_given &&
							     joins(&history->pending, &raw))))
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

/* Enters the span with the first entry of VERSION: several keyframes may have it, and its change came
 * before all of them. What damage hides is told when the listing comes to it. */
static enum bk_code enter_version(struct bk_history *history, uint32_t version, struct bk_error *err)
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
		ordinal = span.above ? span.above->ordinal - 1 : span.base->ordinal;
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

static enum bk_code not_found(uint32_t version, struct bk_log *log, struct bk_error *err)
{
	return bk_fail(err, BK_E_MISSING, 0,
		"version %u is not in the log %s: backup-cli log shows those that are", version,
		log->lf.file.path);
}

enum bk_code bk_history_find(
	struct bk_log *log, uint32_t version, struct bk_entry *entry, struct bk_error *err)
{
	struct bk_history *history;
	struct bk_error later;
	struct bk_entry found;
	bool more;
	enum bk_code code = bk_history_open(&history, log, version, BK_HISTORY_VERSIONS, err);

	if (code)
		return code;
	code = bk_history_next(history, &found, &more, err);
	/* It looks ahead for what joins the version: damage may hide only what comes behind. */
	if (code == BK_E_DAMAGE && !bk_history_next(history, &found, &more, &later) && more &&
		found.version == version)
		code = BK_OK;
	bk_history_close(history);
	if (code)
		return code;
	if (!more || found.version != version)
		return not_found(version, log, err);
	*entry = found;
	return BK_OK;
}

/* The newest version of SPAN that came not after TIME_US. */
static bool version_at(const struct span *span, int64_t time_us, uint32_t *version)
{
	for (size_t i = span_length(span); i-- > 0;) {
		struct bk_entry entry = span_entry(span, i);

		if (entry_stands(&entry) && entry.time_us <= time_us) {
			*version = entry.version;
			return true;
		}
	}
	if (!span->above && span->base->is_full && span->base->time_us <= time_us) {
		*version = span->base->version;
		return true;
	}
	return false;
}

enum bk_code bk_history_find_time(
	struct bk_log *log, int64_t time_us, struct bk_entry *entry, struct bk_error *err)
{
	struct span span;
	uint32_t version;
	bool found;
	enum bk_code code = span_of_time(&span, log, time_us, err);

	if (code)
		return code;
	found = version_at(&span, time_us, &version);
	span_done(&span);
	if (!found)
		return bk_fail(err, BK_E_MISSING, 0,
			"the log %s holds nothing from that time or before", log->lf.file.path);
	return bk_history_find(log, version, entry, err);
}

static enum bk_code append_sql(
	struct bk_buf *text, const struct bk_change *change, struct bk_error *err)
{
	enum bk_code code = BK_OK;

	for (size_t i = 0; i < change->statement_count && !code; i++) {
		const struct bk_slice *sql = &change->statements[i];
		const char *end =
			sql->size && ((const char *)sql->data)[sql->size - 1] == ';' ? "\n" : ";\n";

		code = bk_buf_append(text, sql->data, sql->size, err);
		if (!code)
			code = bk_buf_append(text, end, strlen(end), err);
	}
	return code;
}

/* Whether SPAN has a change that stands and leads to VERSION. */
static bool came_in(const struct span *span, uint32_t version)
{
	for (size_t i = 0; i < span->count; i++)
		if (entry_stands(&span->entries[i]) && span->entries[i].version == version)
			return true;
	return false;
}

/* Appends the SQL of VERSION as far as it is in SPAN. */
static enum bk_code sql_in_span(const struct span *span, uint32_t version, struct bk_buf *text,
	struct bk_error *err)
{
	struct decoder decoder;
	enum bk_code code;

	if (!came_in(span, version))
		return BK_OK;
	if (!span->base)
		return bk_fail(err, BK_E_DAMAGE, 0,
			"%s is damaged: what version %u stands on cannot be read",
			span->log->lf.file.path, version);
	code = decoder_init(&decoder, span->log, span->base->history, err);
	if (code)
		return code;
	for (size_t i = 0; i < span->count && !code; i++) {
		const struct bk_entry *entry = &span->entries[i];
		struct bk_change change;

		if (entry_stands(entry) && bk_version_after(entry->version, version))
			break;
		code = decoder_read(&decoder, entry, &change, err);
		if (!code && entry_stands(entry) && entry->version == version)
			code = append_sql(text, &change, err);
	}
	decoder_done(&decoder);
	return code;
}

/* The span in which VERSION came first; if the log begins with it, the first of all. */
static enum bk_code span_of_change(
	struct span *out, struct bk_log *log, uint32_t version, struct bk_error *err)
{
	enum bk_code code = span_of_version(out, log, version - 1, err);

	return code == BK_E_MISSING ? span_of_version(out, log, version, err) : code;
}

enum bk_code bk_log_sql(
	struct bk_log *log, uint32_t version, struct bk_buf *text, struct bk_error *err)
{
	bool is_held = false, more = true;
	struct span span;
	enum bk_code code = span_of_change(&span, log, version, err);

	while (!code && more) {
		uint64_t next = span.above ? span.above->ordinal : 0;

		is_held |= (span.base && span.base->version == version) || came_in(&span, version);
		code = sql_in_span(&span, version, text, err);
		/* A lone pragma can have a keyframe between itself and the change it goes with. */
		more = span.above && !bk_version_after(span.above->version, version);
		span_done(&span);
		if (!code && more)
			code = span_of_ordinal(&span, log, next, err);
	}
	if (!code && !is_held)
		code = not_found(version, log, err);
	return code;
}
