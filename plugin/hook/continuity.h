/* continuity.h - whether anybody but the node's own changes came to its database between two calls
 * of this process: told from SQLite's counter of commits (bk/stamp.h), as a pure function.
 *
 * Each change that was acknowledged is one commit, a lone pragma is none. Whatever else was written
 * shows at the next call, before that is appended.
 *
 * Calling sequence: continuity_begin where log and database were in step; continuity_check at each
 * call after that, continuity_commit behind each change that was acknowledged. */
#ifndef CONTINUITY_H
#define CONTINUITY_H

#include <bk/stamp.h>

struct continuity {
	bool is_known;
	struct bk_stamp stamp; /* when the database was last looked at, within a call */
	uint32_t commits;      /* acknowledged since */
};

/* The database has STAMP now, and all that is in it is known. NULL: it has none. */
void continuity_begin(struct continuity *continuity, const struct bk_stamp *stamp);
void continuity_commit(struct continuity *continuity);

/* Whether STAMP is what the commits since the last look lead to; it is then where the next look
 * starts. True where nothing is known. */
bool continuity_check(struct continuity *continuity, const struct bk_stamp *stamp);

#endif
