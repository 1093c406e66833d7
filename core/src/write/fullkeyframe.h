/* fullkeyframe.h - a full keyframe out of what SQLite's backup API gives. */
#ifndef BK_FULLKEYFRAME_H
#define BK_FULLKEYFRAME_H

#include "build.h"
#include "live.h"

/* Writes a full keyframe of the database DB, at VERSION, or of none if DB is NULL, into BUILD,
 * which was begun. Not durable before the next sync. Fails as bk_live_copy_to and bk_build_finish
 * do. */
BK_MUST_CHECK enum bk_code bk_full_keyframe(struct build *build, const struct livedb *db,
	uint32_t version, const struct live_copy *copy, struct bk_error *err);

#endif
