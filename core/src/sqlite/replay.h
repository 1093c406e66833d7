/* replay.h - running changes on a pagestore, by the rules of docs/decisions.md.
 *
 * One change is one transaction. The SQL may come from a hostile log: it reaches nothing
 * but the pagestore, and its steps and sizes are limited.
 *
 * Calling sequence: bk_replay_open, any bk_replay_change, bk_replay_close. After a failure only
 * bk_replay_close is left: the pages are then those of no version.
 *
 * Threads: one. */
#ifndef BK_REPLAY_H
#define BK_REPLAY_H

#include "vfs.h"
#include <bk/change.h>
#include <stdbool.h>

/* What one change may cost. Zeros mean the defaults. */
struct replay_limits {
	uint64_t steps_max; /* of SQLite's virtual machine */
	int length_max;     /* bytes of one value */
};

struct replay {
	struct vfs vfs;
	sqlite3 *db;
	sqlite3_stmt *begin, *commit;
	bool is_ours; /* the statement being prepared is one of replay's own */
	bool foreign_keys_off;
	uint64_t steps, steps_max;
	uint64_t random; /* what random() gives next */
};

BK_MUST_CHECK enum bk_code bk_replay_open(struct replay *replay, struct pagestore *store,
	const struct bk_io *io, const char *spill_dir, const struct replay_limits *limits,
	struct bk_error *err);
void bk_replay_close(struct replay *replay);

/* Runs CHANGE, which came at TIME_US and has the flags MUST (enum bk_entry_flag). Fails with
 * BK_E_SQL, naming the version and the statement, or as the pagestore does. */
BK_MUST_CHECK enum bk_code bk_replay_change(struct replay *replay, const struct bk_change *change,
	uint32_t must, int64_t time_us, struct bk_error *err);

/* vars.data_version of the database; 0 where it has none. */
BK_MUST_CHECK enum bk_code bk_replay_version(
	struct replay *replay, uint32_t *version, struct bk_error *err);

/* The same of any connection: *VERSION is 0 if the database has no such row (a database of an
 * old lightningd, or none at all). Returns a SQLite result code. */
int bk_read_data_version(sqlite3 *db, uint32_t *version);

/* Whose database it is: vars.node_id in hexadecimal digits, into OUT of SIZE bytes (BK_NODE_TEXT);
 * empty if it does not say. */
BK_MUST_CHECK enum bk_code bk_replay_node_id(
	struct replay *replay, char *out, size_t size, struct bk_error *err);

/* The same of any connection. Returns a SQLite result code. */
int bk_read_node_id(sqlite3 *db, char *out, size_t size);

#endif
