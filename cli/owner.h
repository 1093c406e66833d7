/* owner.h - whose directory it is: root works there as that user.
 *
 * Root sets backups up for nodes of other users, and restores them. In a directory of another
 * user's everything may have been laid out for root to trip over: links to files that only root may
 * read or write, journals that have SQLite delete a file. So the work there is done as that user,
 * who then can do no more than before: from the first look at the directory on, SQLite's own files
 * and what backup.lock names included. (The effective user and group are that user's, and the
 * groups; root's come back for single calls, by owner_io alone.)
 *
 * Three places are told apart:
 *   the lightning directory, where a database is restored to, and a database   their owner
 *   a log to make or to go on with                    that user, or root where that user may not
 *   a log to read (restore, verify, log)    who runs us; but the owner of a backup.lock that names
 * it
 *
 * Where who runs us is not root, nothing here does anything. */
#ifndef OWNER_H
#define OWNER_H

#include <bk/error.h>
#include <bk/io.h>
#include <stdbool.h>

/* Works from now on as the user whose the directory DIR is: its owner, or whoever made a link that
 * the path goes through. If that is root, or we work for somebody already, nothing changes. Fails
 * with BK_E_IO, BK_E_NOMEM. */
BK_MUST_CHECK enum bk_code owner_enter(const char *dir, struct bk_error *err);

/* The same for the file PATH: its directory's user, or its own, or that of a journal beside it. */
BK_MUST_CHECK enum bk_code owner_enter_file(const char *path, struct bk_error *err);

/* Whether we work as another user than the one who runs us. */
bool owner_is_other(void);

/* Fails with BK_E_UNSAFE where root would come to PATH through a link that another user made. */
BK_MUST_CHECK enum bk_code owner_check_path(const char *path, struct bk_error *err);

/* Sets *IO to how the log at PATH is reached: as the user we work as; or call by call as root,
 * where that user may not, and no link of another's leads there. Fails with BK_E_UNSAFE,
 * BK_E_NOMEM. */
BK_MUST_CHECK enum bk_code owner_io(
	const struct bk_io **io, const char *path, struct bk_error *err);

/* Gives the file PATH, which was made as root just now, to the user whom we work for; prints a
 * warning where that fails. Nothing, if it is that user's. */
void owner_give(const char *path);

/* Prints a warning if PATH is not of the user whom we work for. */
void owner_warn(const char *path);

#endif
