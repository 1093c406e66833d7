/* watch.h - rows of a table as they are now, and whether they may be others since.
 *
 * The connection that reads them starts with an empty cache each time, so all pages that it needs
 * are seen to be read. The schema, which it keeps, has a cookie that SQLite changes with it.
 *
 * Threads: one. */
#ifndef BK_WATCH_H
#define BK_WATCH_H

#include "rowset.h"
#include "stepper.h"
#include <bk/history.h>

struct watch {
	const char *table;
	const struct bk_history_options *options;
	struct pageset read; /* the pages that the rows were read from last, but page 1 */
	uint8_t cookie[4];   /* of the schema then */
	bool is_known;       /* READ is of the rows that the image has */

	/* While an image is open: */
	struct pagestore store; /* the image's pages, seen to be read */
	struct bk_image *image;
	struct sandbox sandbox;
};

/* Looks at IMAGE from now on, up to bk_watch_leave. */
BK_MUST_CHECK enum bk_code bk_watch_enter(
	struct watch *watch, struct bk_image *image, struct bk_error *err);
void bk_watch_leave(struct watch *watch);

/* Whether the rows may have changed since they were read: a page that was read for them was written
 * to, or the schema is another. */
BK_MUST_CHECK enum bk_code bk_watch_may_differ(
	const struct watch *watch, bool *may, struct bk_error *err);

/* Reads the rows anew, into ROWS, which is to be done with; without a table where there is none. */
BK_MUST_CHECK enum bk_code bk_watch_read(
	struct watch *watch, struct rowset *rows, struct bk_error *err);

void bk_watch_done(struct watch *watch);

#endif
