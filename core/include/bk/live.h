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

/* A lasting connection for looking at the database at one path. It keeps no lock between two looks,
 * and opens the database anew where another file stands at the path. It is SQLite's own all
 * through: closing a descriptor of our own on the database would drop the locks that SQLite has in
 * this process. A database in WAL mode is not kept open.
 *
 * Calling sequence: bk_live_new, any looks, bk_live_free. One thread at a time. */
struct bk_live;

/* PATH is copied. NULL: no memory. */
struct bk_live *bk_live_new(const char *path);
void bk_live_free(struct bk_live *live); /* takes NULL */

/* One state of the database, as it is committed. */
struct bk_look {
	uint32_t version;        /* vars.data_version; 0 if it has none */
	char node[BK_NODE_TEXT]; /* vars.node_id; "" if it has none */
	bool has_stamp;          /* not in WAL mode, where the stamp tells nothing: */
	struct bk_stamp stamp;
};

/* Looks, under SQLite's lock for that moment, and never writes. Fails with BK_E_MISSING, BK_E_BUSY
 * if the lock did not come within BUSY_MS or a killed node's journal must be rolled back first,
 * BK_E_SQL, BK_E_NOMEM. */
BK_MUST_CHECK enum bk_code bk_live_look(
	struct bk_live *live, unsigned busy_ms, struct bk_look *look, struct bk_error *err);

/* The stamp alone, without any lock, in some microseconds: what another process is writing at this
 * moment may show in it already. False if there is none to be had. */
bool bk_live_glance(struct bk_live *live, struct bk_stamp *stamp);

/* Copies vars.node_id of the database at PATH, as hexadecimal digits, into NODE of BK_NODE_TEXT
 * bytes: whose database it is; "" if it does not say. Fails as bk_live_version does. */
BK_MUST_CHECK enum bk_code bk_live_node(
	const char *path, unsigned busy_ms, char *node, struct bk_error *err);

#endif
