/* lockfile.h - backup.lock: the JSON file in the lightning directory that says where the log is.
 *
 * Written by backup-cli init, read by the plugin at its first db_write, which comes before any
 * option could. The older plugin's file holds backend_url alone; keys that we do not know are
 * kept. */
#ifndef LOCKFILE_H
#define LOCKFILE_H

#include "lockplaces.h"
#include "lockpolicy.h"
#include "lockseen.h"
#include <bk/error.h>
#include <bk/io.h>
#include <stdbool.h>
#include <stddef.h>

#define LOCKFILE_NAME "backup.lock"

/* The node's database, where the file does not say. */
#define LOCKFILE_DATABASE "lightningd.sqlite3"

/* The key file of a sealed log, beside backup.lock. */
#define LOCKFILE_KEY "backup.key"

/* The log beside the node, the primary, where backend_url is a server's (socket:). */
#define LOCKFILE_PRIMARY "backup-primary.bkp"

struct lockfile {
	char *backend_url;
	char *database;   /* the node's database, absolute or from the lightning directory */
	char *key_file;   /* opens the log, which is sealed: a path as that of the database. NULL:
			   * the file names none */
	bool halt_on_gap; /* "on_gap": "halt" */
	unsigned keyframe_changes; /* changes to a keyframe; 0 where the file does not say */
	bool no_keyframes;         /* "keyframe_changes": 0 */
	struct lockplaces places;
	bool has_policy; /* "keep": what a compaction keeps: */
	struct bk_policy policy;
	char *heartbeat; /* "heartbeat": a URL that is fetched while all is well; NULL: none */
	struct lockseen seen;
};

/* Reads PATH. Fails with BK_E_MISSING, BK_E_INVALID (and says which key is wrong), BK_E_LIMIT,
 * BK_E_IO, BK_E_NOMEM. The caller calls lockfile_done. */
BK_MUST_CHECK enum bk_code lockfile_read(
	struct lockfile *out, const struct bk_io *io, const char *path, struct bk_error *err);

/* The same from TEXT of SIZE bytes; NAME goes into messages. Apart from the file for tests. */
BK_MUST_CHECK enum bk_code lockfile_parse(struct lockfile *out, const char *text, size_t size,
	const char *name, struct bk_error *err);

/* Sets "keep" in the file at PATH, which must be there, keeping all its other keys. Fails as
 * lockfile_write does, and with BK_E_MISSING. */
BK_MUST_CHECK enum bk_code lockfile_write_policy(const struct bk_io *io, const char *path,
	const struct policy_text *text, struct bk_error *err);

void lockfile_done(struct lockfile *lockfile);

/* Sets backend_url, "database" and "key_file" unless they are NULL, and what PLACES says unless
 * that is NULL, in the file at PATH, keeping all its other keys, or makes it. With a backend_url
 * what was seen of the log is forgotten, and its key file, unless another is named. It is replaced
 * whole and durably. Fails with BK_E_INVALID if what stands there is no JSON object, BK_E_LIMIT,
 * BK_E_BUSY, BK_E_IO, BK_E_NOMEM. */
BK_MUST_CHECK enum bk_code lockfile_write(const struct bk_io *io, const char *path,
	const char *backend_url, const char *database, const char *key_file,
	const struct lockplaces *places, struct bk_error *err);

/* Notes what was SEEN of the log in the file at PATH, and that the COUNT places at LEVEL held it;
 * unless the file names another log than BACKEND_URL meanwhile. Fails as lockfile_write does. */
BK_MUST_CHECK enum bk_code lockfile_note(const struct bk_io *io, const char *path,
	const char *backend_url, const struct lockseen *seen, const char *const *level,
	unsigned count, struct bk_error *err);

#endif
