/* live.h - opening the node's own database. */
#ifndef BK_LIVE_IMPL_H
#define BK_LIVE_IMPL_H

#include "pagestore.h"
#include <bk/io.h>
#include <bk/live.h>
#include <sqlite3.h>

/* Opens the database at PATH and begins a transaction that reads: what is read through *OUT is one
 * state. The caller closes it, and soon. Fails with BK_E_MISSING, BK_E_BUSY after BUSY_MS,
 * BK_E_SQL, BK_E_NOMEM. */
BK_MUST_CHECK enum bk_code live_open(
	const char *path, unsigned busy_ms, sqlite3 **out, struct bk_error *err);

/* Copies the database at PATH, as it is committed, into the empty STORE. Its lock is held for that
 * alone: lightningd's next commit waits for no longer. Fails as live_open does, or as STORE does.
 */
BK_MUST_CHECK enum bk_code live_copy(const char *path, unsigned busy_ms, struct pagestore *store,
	const struct bk_io *io, struct bk_error *err);

#endif
