/* setback.h - a database whose data_version was set back by hand.
 *
 * The older plugin's users do that, by one, to have it write again. No row is lost by it: such a
 * database is not older than its log, though it says so. */
#ifndef BK_SETBACK_H
#define BK_SETBACK_H

#include <bk/live.h>
#include <bk/verify.h>

/* Whether the database that was FOUND so is one version before LOG's head, which was committed, and
 * somebody has written to it, in its place, since the head was seen in it: in an old copy SQLite
 * has counted fewer commits. */
bool bk_may_be_set_back(struct bk_log *log, const struct bk_look *found);

/* Whether the database at DATABASE_PATH, of which that is true, is what LOG holds at its head, but
 * for the version. OPTIONS as for bk_verify_against, which copies and compares it; a version in
 * them has no effect. False where that cannot be told. */
bool bk_is_set_back(
	struct bk_log *log, const char *database_path, const struct bk_against_options *options);

#endif
