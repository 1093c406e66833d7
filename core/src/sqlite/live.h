/* live.h - opening the node's own database. */
#ifndef BK_LIVE_IMPL_H
#define BK_LIVE_IMPL_H

#include "pagestore.h"
#include <bk/io.h>
#include <bk/live.h>
#include <bk/progress.h>
#include <sqlite3.h>
#include <stdbool.h>

/* Opens the database at PATH and begins a transaction that reads: what is read through *OUT is one
 * state. The caller closes it, and soon. Fails with BK_E_MISSING, BK_E_BUSY after BUSY_MS,
 * BK_E_SQL, BK_E_NOMEM. */
BK_MUST_CHECK enum bk_code bk_live_open(
	const char *path, unsigned busy_ms, sqlite3 **out, struct bk_error *err);

/* Fills ERR from what SQLite said, RC, of DB (NULL: it has none yet) while DOING something to PATH.
 */
enum bk_code bk_live_fail(
	sqlite3 *db, int rc, const char *path, const char *doing, struct bk_error *err);

/* Whether DB has pages: a file of no bytes is a database too, the empty one. */
bool bk_live_has_pages(sqlite3 *db);

/* How a copy tells of itself: the database's path, for messages, and its progress, in pages. */
struct live_copy {
	const char *path;
	bk_progress_fn *progress;     /* may be NULL */
	bool (*is_wanted)(void *ctx); /* asked between two steps of some milliseconds: false ends
				       * the copy, with BK_E_BUSY; may be NULL */
	void *ctx;
};

/* Copies the database of DB, which bk_live_open opened and which has pages, into the empty STORE,
 * through SQLite's backup API. Fails with BK_E_SQL, BK_E_BUSY, or as STORE does. */
BK_MUST_CHECK enum bk_code bk_live_copy_to(sqlite3 *db, struct pagestore *store,
	const struct bk_io *io, const struct live_copy *copy, struct bk_error *err);

/* Copies the database at COPY->path, as it is committed, into the empty STORE. Its lock is held for
 * that alone: lightningd's next commit waits for no longer. Fails as bk_live_open does, or as STORE
 * does. */
BK_MUST_CHECK enum bk_code bk_live_copy(const struct live_copy *copy, unsigned busy_ms,
	struct pagestore *store, const struct bk_io *io, struct bk_error *err);

#endif
