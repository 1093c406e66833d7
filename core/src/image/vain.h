/* vain.h - replays that failed, so that none is tried again.
 *
 * A reader asks for one version in several ways: its size, its pages, a verdict. What failed in one
 * replay, or spent its budget, would do so each time, as long as the log stands as it does.
 *
 * Threads: any. */
#ifndef BK_VAIN_H
#define BK_VAIN_H

#include "log.h"

/* The replay from the keyframe at KEYFRAME failed at the change at CHANGE, with WHY. */
void bk_vain_note(
	struct bk_log *log, uint64_t keyframe, uint64_t change, const struct bk_error *why);

/* Fails as that replay did, if one from KEYFRAME through CHANGE comes to the same place. */
BK_MUST_CHECK enum bk_code bk_vain_check(
	struct bk_log *log, uint64_t keyframe, uint64_t change, struct bk_error *err);

#endif
