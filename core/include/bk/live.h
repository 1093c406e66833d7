/* live.h - looking at the node's own database, through SQLite and never past a deadline.
 *
 * lightningd waits for us while it holds a transaction on it (docs/lightningd.md, "During a call"):
 * a lock is waited for a bounded time, and none is kept after a function returns. */
#ifndef BK_LIVE_H
#define BK_LIVE_H

#include <bk/error.h>
#include <bk/stamp.h>
#include <stdint.h>

/* Sets *VERSION to vars.data_version of the database at PATH, as it is committed; 0 if it has none.
 * Fails with BK_E_MISSING if there is no such file, BK_E_BUSY if its lock did not come within
 * BUSY_MS, BK_E_SQL. */
BK_MUST_CHECK enum bk_code bk_live_version(
	const char *path, unsigned busy_ms, uint32_t *version, struct bk_error *err);

/* Copies vars.node_id of the database at PATH, as hexadecimal digits, into NODE of BK_NODE_TEXT
 * bytes: whose database it is; "" if it does not say. Fails as bk_live_version does. */
BK_MUST_CHECK enum bk_code bk_live_node(
	const char *path, unsigned busy_ms, char *node, struct bk_error *err);

#endif
