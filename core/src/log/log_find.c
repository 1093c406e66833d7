/* log_find.c - one version of those that a log holds, by its number or its time. */
#include "foresee.h"
#include "missing.h"
#include "span.h"
#include <bk/listing.h>
#include <bk/moment.h>

enum bk_code bk_log_not_found(struct bk_log *log, uint32_t version, struct bk_error *err)
{
	struct span span;
	enum bk_code code = bk_span_of_version(&span, log, version, err);

	if (code)
		return code == BK_E_MISSING
			       ? code
			       : bk_fail(err, BK_E_MISSING, 0, "version %u is not in the log %s",
					 version, bk_log_path(log));
	if (span.base)
		bk_missing_between(span.base, span.entries, span.count, span.above, version, err);
	else
		bk_fail(err, BK_E_MISSING, 0, "version %u is not in the log %s", version,
			bk_log_path(log));
	bk_span_done(&span);
	return BK_E_MISSING;
}

enum bk_code bk_log_find(
	struct bk_log *log, uint32_t version, struct bk_entry *entry, struct bk_error *err)
{
	struct bk_listing *listing;
	struct bk_error later;
	struct bk_entry found;
	bool more;
	enum bk_code code;

	/* Who asks for one mostly reads it, too; and what leads to the one leads to the other. */
	bk_log_foresee(log, version);
	code = bk_listing_open(&listing, log, version, BK_LISTING_VERSIONS, err);

	if (code)
		return code;
	code = bk_listing_next(listing, &found, &more, err);
	/* It looks ahead for what joins the version: damage may hide only what comes behind. */
	if (code == BK_E_DAMAGE && !bk_listing_next(listing, &found, &more, &later) && more &&
		found.version == version)
		code = BK_OK;
	bk_listing_close(listing);
	if (code)
		return code;
	if (!more || found.version != version)
		return bk_log_not_found(log, version, err);
	*entry = found;
	return BK_OK;
}

/* The snapshot of a node that had no database yet. */
static bool is_nothing(const struct bk_entry *entry)
{
	return (entry->flags & BK_ENTRY_SNAPSHOT) && !entry->page_count;
}

/* The newest version of SPAN that came not after TIME_US. */
static bool version_at(const struct span *span, int64_t time_us, uint32_t *version)
{
	for (size_t i = bk_span_length(span); i-- > 0;) {
		struct bk_entry entry = bk_span_entry(span, i);

		if (bk_entry_stands(&entry) && entry.time_us <= time_us && !is_nothing(&entry)) {
			*version = entry.version;
			return true;
		}
	}
	return false;
}

/* Moves SPAN one further down; below the first keyframe is the span of its snapshot. */
static enum bk_code go_down(struct span *span, struct bk_error *err)
{
	struct bk_log *log = span->log;
	struct keyframe *base = span->base;

	if (base->ordinal) {
		uint64_t ordinal = base->ordinal - 1;

		bk_span_done(span);
		return bk_span_of_ordinal(span, log, ordinal, err);
	}
	span->base = NULL;
	bk_span_done(span);
	*span = (struct span){.log = log, .above = base};
	return BK_OK;
}

enum bk_code bk_log_find_time(
	struct bk_log *log, int64_t time_us, struct bk_entry *entry, struct bk_error *err)
{
	struct span span;
	uint32_t version;
	bool found;
	enum bk_code code = bk_span_of_time(&span, log, time_us, err);

	if (code)
		return code;
	found = version_at(&span, time_us, &version);
	/* One step leads to a snapshot that is the base; more, past damage. */
	while (!found && span.base) {
		code = go_down(&span, err);
		if (code)
			return code;
		found = version_at(&span, time_us, &version);
	}
	bk_span_done(&span);
	if (!found) {
		char time[BK_MOMENT_TEXT];

		bk_moment_text(time, time_us, true);
		return bk_fail(err, BK_E_MISSING, 0, "the log %s holds nothing from %s or before",
			log->lf.file.path, time);
	}
	return bk_log_find(log, version, entry, err);
}
