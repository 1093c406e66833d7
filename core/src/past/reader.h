/* reader.h - what the rows of a table were, version by version, read interval by interval.
 *
 * Calling sequence: fields of the first part set, bk_reader_span for one ordinal or several that
 * follow each other, bk_reader_done.
 *
 * Threads: one; any number of readers on a log. */
#ifndef BK_READER_H
#define BK_READER_H

#include "watch.h"

struct reader {
	struct bk_log *log;
	struct bk_toll *toll; /* of all intervals together, and of all readers of one history */
	struct watch watch;   /* of it the table and the options */
	/* Takes over ROWS, those of the version of ENTRY: they may differ from those given before.
	 */
	enum bk_code (*give)(
		void *ctx, const struct bk_entry *entry, struct rowset *rows, struct bk_error *err);
	void *ctx;
	uint64_t first; /* intervals that begin before this ordinal are another reader's */
};

/* Reads the interval above the keyframe of ordinal *AT, and moves *AT on to the one above that.
 * *MORE is false where there is none. Intervals whose pages say that they did not touch the rows
 * are passed over; the others are replayed. Fails as bk_image_open does, and as GIVE does. */
BK_MUST_CHECK enum bk_code bk_reader_span(
	struct reader *reader, uint64_t *at, bool *more, struct bk_error *err);

void bk_reader_done(struct reader *reader);

#endif
