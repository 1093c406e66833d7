/* live.h - opening the node's own database. */
#ifndef BK_LIVE_IMPL_H
#define BK_LIVE_IMPL_H

#include "sandbox.h"
#include <bk/io.h>
#include <bk/live.h>
#include <bk/progress.h>
#include <sqlite3.h>
#include <stdbool.h>

/* A connection. Its schema may be a stranger's (root works in others' directories): SQL on it has a
 * sandbox's defences. It is not moved while it is open. */
struct livedb {
	struct sandbox sandbox; /* its db is NULL: it is closed */
	struct budget budget;
};

/* Opens the database at PATH and begins a transaction that reads: what is read through DB is one
 * state. The caller closes it, and soon. Fails with BK_E_MISSING, BK_E_BUSY after BUSY_MS,
 * BK_E_SQL, BK_E_NOMEM. */
BK_MUST_CHECK enum bk_code bk_live_open(
	struct livedb *db, const char *path, unsigned busy_ms, struct bk_error *err);

/* The same without a transaction, with FLAGS of sqlite3_open_v2, and without a look at the file.
 * Returns a SQLite result code; DB is to be closed in any case. */
int bk_live_connect(struct livedb *db, const char *path, int flags);
void bk_live_close(struct livedb *db); /* takes one that is closed */

/* Whether SQLite can open the database at PATH, and what stands beside it under its names: it would
 * wait for ever for somebody to write into a pipe. Fails with BK_E_SQL, BK_E_MISSING, BK_E_IO. */
BK_MUST_CHECK enum bk_code bk_live_check_files(const char *path, struct bk_error *err);

/* Fills ERR from what SQLite said of DB, RC, while DOING something to PATH. */
enum bk_code bk_live_fail(
	const struct livedb *db, int rc, const char *path, const char *doing, struct bk_error *err);

/* Whether DB has pages: a file of no bytes is a database too, the empty one. */
bool bk_live_has_pages(const struct livedb *db);

/* How a copy tells of itself: the database's path, for messages, and its progress, in pages. */
struct live_copy {
	const char *path;
	bk_progress_fn *progress;     /* may be NULL */
	bool (*is_wanted)(void *ctx); /* asked between two steps of some milliseconds: false ends
				       * the copy, with BK_E_BUSY; may be NULL */
	void *ctx;
};

/* Copies the database DB, which bk_live_open opened and which has pages, into the empty STORE,
 * through SQLite's backup API. Fails with BK_E_SQL, BK_E_BUSY, or as STORE does. */
BK_MUST_CHECK enum bk_code bk_live_copy_to(const struct livedb *db, struct pagestore *store,
	const struct bk_io *io, const struct live_copy *copy, struct bk_error *err);

/* Copies the database at COPY->path, as it is committed, into the empty STORE. Its lock is held for
 * that alone: lightningd's next commit waits for no longer. Fails as bk_live_open does, or as STORE
 * does. */
BK_MUST_CHECK enum bk_code bk_live_copy(const struct live_copy *copy, unsigned busy_ms,
	struct pagestore *store, const struct bk_io *io, struct bk_error *err);

#endif
