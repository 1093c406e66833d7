/* init.h - what the parts of backup-cli init share. */
#ifndef INIT_H
#define INIT_H

#include "lockfile.h"
#include "sealing.h"
#include <bk/error.h>
#include <bk/log.h>
#include <bk/stamp.h>
#include <stdbool.h>
#include <stdint.h>

/* A database that is locked for longer than this belongs to somebody who is not done. */
#define INIT_BUSY_MS 10000

#define INIT_SEALS_MAX 16

/* The lightning directory as init finds it, and the log that it shall have. */
struct init {
	const char *dir, *url, *database; /* as given; database may be NULL */
	/* As given, too: mirrors to add to what backup.lock names. */
	const char *mirrors[LOCKPLACES_MAX], *quorum, *outage;
	const char *without[LOCKPLACES_MAX]; /* places that do not count */
	unsigned mirror_count, without_count;
	bool replaces; /* --replace */
	bool is_alone; /* there is no lightning directory at all, and none was named */
	char *log_path, *log_url, *lock_path, *database_path;
	bool has_lock;
	struct lockfile lock; /* backup.lock as it was */
	bool is_named;        /* it names log_path */
	bool has_database;
	uint32_t version;        /* the database's */
	char node[BK_NODE_TEXT]; /* whose it is; "": it does not say */
	/* How the log at log_path is reached, and how backup.lock and what it names. */
	const struct bk_io *io, *node_io;
	bool is_for_other; /* the lightning directory is another user's: so is what we make */
	/* Whom the log shall be sealed for, as given, and whether it shall be filled up; what comes
	 * of it; and the key file, by which name backup.lock names it (NULL: not at all). */
	const char *seals[INIT_SEALS_MAX];
	unsigned seal_count;
	bool is_padded;
	struct bk_seal *seal;
	struct keyfile key;
	const char *key_name;
	char *before; /* what backup.lock named, in words; NULL: nothing else */
};

/* The steps in which init finds what there is, each filling its part of INIT: where the log shall
 * be, and as whom it is reached; backup.lock as it stands; the database that the node has, the one
 * given or that of backup.lock. Fail with BK_E_MISSING, BK_E_INVALID, BK_E_FORMAT, BK_E_UNSAFE,
 * BK_E_BUSY, BK_E_SQL, BK_E_IO, BK_E_NOMEM. */
BK_MUST_CHECK enum bk_code init_find_paths(struct init *init, struct bk_error *err);
BK_MUST_CHECK enum bk_code init_read_lock(struct init *init, struct bk_error *err);
BK_MUST_CHECK enum bk_code init_find_database(struct init *init, struct bk_error *err);

/* What the new log is sealed with, if it is to be: makes the key file beside backup.lock. Fails
 * with BK_E_INVALID if nothing says for whom, and a key was given or backup.lock names a key file;
 * as sealing_add, keyfile_begin and bk_seal_new do. */
BK_MUST_CHECK enum bk_code init_seal(struct init *init, struct bk_error *err);

/* The same for a log that stands there and is sealed: the key file opens it then. Fails with
 * BK_E_EXISTS if it is in the clear and --seal was given, BK_E_UNSAFE if it is, and a key was
 * given, or backup.lock names a key file; and as keyfile_fit does. */
BK_MUST_CHECK enum bk_code init_seal_adopted(struct init *init, struct bk_error *err);

/* Takes a key file away that was made in vain. */
void init_unseal(struct init *init);

/* Whether the URL is a server's: the log is the primary beside the node then. */
bool init_is_server(const struct init *init);

/* Has that server hold the node's database, which the log does; where the log IS_NEW, by a
 * snapshot. Nothing where there is none. Fails with BK_E_UNSAFE if it holds what is newer, and as
 * bk_older_client_open and bk_older_client_snapshot do. */
BK_MUST_CHECK enum bk_code init_server(const struct init *init, bool is_new, struct bk_error *err);

/* Has the log beside the node keep a day, where backup.lock says nothing else: the server has all.
 * Nothing where there is none. Fails as lockfile_write_policy does. */
BK_MUST_CHECK enum bk_code init_server_policy(const struct init *init, struct bk_error *err);

/* Warns of a lightningd that runs; of a log on the node's own file system; of one that everybody
 * can read: who can read a file can hold its lock, and the plugin then waits for it in vain. The
 * first fails with BK_E_IO, BK_E_NOMEM. */
BK_MUST_CHECK enum bk_code init_warn_running(const struct init *init, struct bk_error *err);
void init_warn_same_disk(const struct init *init);
void init_warn_exposed(const struct init *init);

/* Whether STATUS is of a log that another node's database is in. */
bool init_is_others(const struct init *init, const struct bk_log_status *status);

/* Prints what SQLite says of the node's database, which LOG has at its head. Fails with BK_E_UNSAFE
 * if it could not be restored from there. */
BK_MUST_CHECK enum bk_code init_check_sound(
	const struct init *init, struct bk_log *log, struct bk_error *err);

/* Whether another log, which backup.lock names, may be given up: not while a plugin holds it, and
 * not if it is newer than the node's database, for then only backup.lock keeps a node that lost
 * state from running on. Sets init->before. Fails with BK_E_BUSY, BK_E_UNSAFE, BK_E_IO,
 * BK_E_NOMEM. */
BK_MUST_CHECK enum bk_code init_check_before(struct init *init, struct bk_error *err);

/* Makes the log at init->log_path, of the node's database if there is one. *DONE, which the caller
 * frees, says so. Fails as bk_log_create does; nothing is left behind then. */
BK_MUST_CHECK enum bk_code init_make_log(struct init *init, char **done, struct bk_error *err);

/* The same in the place of the log that stands there, which is put aside, and kept. That is this
 * node's, not newer than its database, and nobody writes it: fails with BK_E_UNSAFE, BK_E_BUSY,
 * BK_E_EXISTS where it is no log, as init_check_before and init_make_log do. */
BK_MUST_CHECK enum bk_code init_replace(struct init *init, char **done, struct bk_error *err);

/* Whether the log at PATH may be given up, as init_check_before has it, which asks this;
 * init->before is set to what it is. *STATUS is what it says of itself, unless it is the older
 * plugin's. Fails also with BK_E_FORMAT, BK_E_DAMAGE. */
BK_MUST_CHECK enum bk_code init_check_given_up(
	struct init *init, const char *path, struct bk_log_status *status, struct bk_error *err);

/* Whether the log that stands at init->log_path is that of the node's database, so that backup.lock
 * can name it. *DONE, which the caller frees, says so. Fails with BK_E_EXISTS if it is no log,
 * BK_E_UNSAFE if log and database do not agree, BK_E_DAMAGE, BK_E_BUSY, BK_E_IO, BK_E_SQL,
 * BK_E_NOMEM. */
BK_MUST_CHECK enum bk_code init_adopt(const struct init *init, char **done, struct bk_error *err);

/* Whether the log that stands at init->log_path is the newest that any place has of it: those that
 * backup.lock names, if it names that log, and the mirrors that were given. Fails as bk_freshest
 * does, and with BK_E_UNSAFE if another is newer. */
BK_MUST_CHECK enum bk_code init_check_fresh(struct init *init, struct bk_error *err);

#endif
