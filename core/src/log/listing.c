/* listing.c - listing the versions that a log holds. */
#include "span.h"
#include <bk/listing.h>
#include <bk/version.h>
#include <stdlib.h>

struct bk_listing {
	struct bk_log *log;
	enum bk_listing_what what;
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
		if (bk_entry_stands(&span->entries[i]))
			return span->entries[i].version == span->above->version;
	return span->base && span->base->version == span->above->version;
}

/* Whether a listing shows the entry AT of SPAN as one of its own. */
static bool is_shown(enum bk_listing_what what, const struct span *span, size_t at)
{
	if (what == BK_LISTING_ALL)
		return true;
	if (at == span->count)
		return !snapshot_joins(span);
	return !(span->entries[at].flags & (BK_ENTRY_STRUCK | BK_ENTRY_LONE));
}

static struct bk_listing *history_new(struct bk_log *log, enum bk_listing_what what)
{
	struct bk_listing *listing = calloc(1, sizeof *listing);

	if (listing) {
		listing->log = log;
		listing->what = what;
	}
	return listing;
}

void bk_listing_close(struct bk_listing *listing)
{
	if (!listing)
		return;
	if (listing->has_span)
		bk_span_done(&listing->span);
	free(listing);
}

/* Takes SPAN over as where the listing stands. */
static void enter_span(struct bk_listing *listing, const struct span *span)
{
	if (listing->has_span)
		bk_span_done(&listing->span);
	listing->span = *span;
	listing->has_span = true;
	listing->at = 0;
}

/* The span below the log's first keyframe: only its snapshot is there. */
static enum bk_code enter_first(struct bk_listing *listing, struct bk_error *err)
{
	struct span span;
	enum bk_code code = bk_span_of_ordinal(&span, listing->log, 0, err);
	struct keyframe *first;

	if (code)
		return code;
	first = span.base;
	span.base = NULL;
	bk_span_done(&span);
	if (!first)
		return bk_fail(err, BK_E_DAMAGE, 0,
			"%s is damaged: its first keyframe cannot be read",
			listing->log->lf.file.path);
	span = (struct span){.log = listing->log, .above = first};
	enter_span(listing, &span);
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
static enum bk_code enter_above(struct bk_listing *listing, uint64_t ordinal, struct bk_error *err)
{
	struct bk_log *log = listing->log;
	uint64_t newest = newest_ordinal(log);
	struct bk_error later;
	struct span span;
	enum bk_code code = bk_span_of_ordinal(&span, log, ordinal, err), again = code;

	while (again == BK_E_DAMAGE && ordinal < newest)
		again = bk_span_of_ordinal(&span, log, ++ordinal, &later);
	if (!again)
		enter_span(listing, &span);
	listing->is_over = again;
	return code;
}

static enum bk_code enter_next(struct bk_listing *listing, bool *more, struct bk_error *err)
{
	enum bk_code code = enter_above(listing, listing->span.above->ordinal, err);

	*more = code || bk_span_length(&listing->span) > 0 || listing->span.above;
	return code;
}

/* The tail may have grown, or been taken in by a keyframe, since it was copied. */
static enum bk_code reenter_tail(struct bk_listing *listing, bool *more, struct bk_error *err)
{
	uint64_t given = listing->at ? listing->span.entries[listing->at - 1].offset : 0;
	size_t at = 0;
	struct span span;
	enum bk_code code =
		bk_span_of_ordinal(&span, listing->log, listing->span.base->ordinal, err);

	if (code)
		return code;
	while (at < span.count && span.entries[at].offset <= given)
		at++;
	*more = at < bk_span_length(&span) || span.above;
	enter_span(listing, &span);
	listing->at = at;
	return BK_OK;
}

/* The next raw entry; *MORE is false at the log's end. */
static enum bk_code next_raw(
	struct bk_listing *listing, struct bk_entry *entry, bool *more, struct bk_error *err)
{
	enum bk_code code = BK_OK;

	*more = !listing->is_over;
	while (!code && *more && listing->at == bk_span_length(&listing->span))
		code = listing->span.above ? enter_next(listing, more, err)
					   : reenter_tail(listing, more, err);
	if (!code && *more)
		*entry = bk_span_entry(&listing->span, listing->at++);
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
	struct bk_listing *listing, struct bk_entry *entry, bool *more, struct bk_error *err)
{
	struct bk_entry raw;
	enum bk_code code = BK_OK;

	for (;;) {
		code = next_raw(listing, &raw, more, err);
		if (code)
			return code;
		if (!*more)
			break;
		if (raw.flags & BK_ENTRY_STRUCK)
			continue;
		if (listing->has_pending && joins(&listing->pending, &raw)) {
			join(&listing->pending, &raw);
			continue;
		}
		/* The first of a listing may follow the change that it goes with; so may what came
		 * after the log's end was reached. */
		if (!listing->has_pending &&
			((raw.flags & BK_ENTRY_LONE) ||
				(listing->was_given && joins(&listing->pending, &raw))))
			continue;
		if (listing->has_pending) {
			*entry = listing->pending;
			listing->pending = raw;
			return BK_OK;
		}
		listing->pending = raw;
		listing->has_pending = true;
	}
	*more = listing->has_pending;
	if (listing->has_pending) {
		*entry = listing->pending;
		listing->was_given = true;
	}
	listing->has_pending = false;
	return BK_OK;
}

enum bk_code bk_listing_next(
	struct bk_listing *listing, struct bk_entry *entry, bool *more, struct bk_error *err)
{
	enum bk_code code;

	do
		code = listing->what == BK_LISTING_ALL ? next_raw(listing, entry, more, err)
						       : next_version(listing, entry, more, err);
	while (!code && *more && listing->has_from &&
		bk_version_after(listing->from, entry->version));
	return code;
}

/* Enters the span with the first entry of VERSION: several keyframes may have it, and its change
 * came before all of them. What damage hides is told when the listing comes to it. */
static enum bk_code enter_version(
	struct bk_listing *listing, uint32_t version, struct bk_error *err)
{
	struct span span;
	enum bk_code code = bk_span_of_version(&span, listing->log, version, err);

	while (!code && !span.base_lost && span.base->version == version) {
		uint64_t ordinal = span.base->ordinal;

		bk_span_done(&span);
		if (!ordinal)
			return enter_first(listing, err);
		code = bk_span_of_ordinal(&span, listing->log, ordinal - 1, err);
	}
	if (!code && span.base_lost && span.above->links[0].version == version) {
		bk_span_done(&span); /* what the damaged base lists begins before it */
		code = BK_E_DAMAGE;
	}
	if (!code) {
		enter_span(listing, &span);
		return BK_OK;
	}
	if (code == BK_E_MISSING || code == BK_E_DAMAGE)
		code = enter_first(listing, err);
	if (code == BK_E_DAMAGE)
		code = enter_above(listing, 0, err);
	return code == BK_E_DAMAGE && listing->has_span ? BK_OK : code;
}

enum bk_code bk_listing_open(struct bk_listing **out, struct bk_log *log, uint32_t from,
	enum bk_listing_what what, struct bk_error *err)
{
	struct bk_listing *listing = history_new(log, what);
	enum bk_code code;

	if (!listing)
		return bk_fail(err, BK_E_NOMEM, 0, "no memory for a listing");
	listing->from = from;
	listing->has_from = true;
	code = enter_version(listing, from, err);
	if (code) {
		bk_listing_close(listing);
		return code;
	}
	*out = listing;
	return BK_OK;
}

/* Counts, in the listing's span, the shown entries from the back; stops at COUNT. */
static uint64_t count_back(struct bk_listing *listing, uint64_t count)
{
	uint64_t found = 0;

	listing->at = bk_span_length(&listing->span);
	while (listing->at && found < count)
		found += is_shown(listing->what, &listing->span, --listing->at);
	return found;
}

enum bk_code bk_listing_open_last(struct bk_listing **out, struct bk_log *log, uint64_t count,
	enum bk_listing_what what, struct bk_error *err)
{
	struct bk_listing *listing = history_new(log, what);
	uint64_t ordinal;
	enum bk_code code = BK_OK;

	if (!listing)
		return bk_fail(err, BK_E_NOMEM, 0, "no memory for a listing");
	ordinal = newest_ordinal(log);
	while (!code) {
		struct span span;
		uint64_t found;

		code = bk_span_of_ordinal(&span, log, ordinal, err);
		if (code == BK_E_DAMAGE && ordinal) {
			ordinal--;
			code = BK_OK;
			continue;
		}
		if (code)
			break;
		/* With no base, it is all that is left. */
		ordinal = span.base ? span.base->ordinal : 0;
		enter_span(listing, &span);
		found = count_back(listing, count);
		count -= found;
		if (!count || listing->span.base_lost)
			break;
		if (!ordinal) {
			code = enter_first(listing, err);
			if (!code)
				count_back(listing, count);
			break;
		}
		ordinal--;
	}
	if (code) {
		bk_listing_close(listing);
		return code;
	}
	*out = listing;
	return BK_OK;
}

enum bk_code bk_listing_each(struct bk_log *log, uint64_t count, enum bk_listing_what what,
	bool past_damage, bk_entry_fn *take, void *ctx, struct bk_error *err)
{
	struct bk_listing *listing;
	struct bk_entry entry;
	bool more = true;
	enum bk_code code = bk_listing_open_last(&listing, log, count, what, err);

	if (code)
		return code;
	while (!code && more) {
		code = bk_listing_next(listing, &entry, &more, err);
		if (code == BK_E_DAMAGE && past_damage)
			code = BK_OK;
		else if (!code && more)
			code = take(ctx, &entry, err);
	}
	bk_listing_close(listing);
	return code;
}
