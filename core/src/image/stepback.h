/* stepback.h - which older keyframe to stand on, past damage. */
#ifndef BK_STEPBACK_H
#define BK_STEPBACK_H

#include <bk/log.h>

/* Sets *OLDER (bk_image_options) to the next value to try in a log of KEYFRAMES: each time twice as
 * many are passed over. False if all were tried. */
bool bk_stepback_next(uint64_t *older, uint64_t keyframes);

/* Whether VERSION is known by a snapshot, too. */
bool bk_stepback_is_of_snapshot(struct bk_log *log, uint32_t version);

/* Whether VERSION can be rebuilt on a keyframe below the nearest. Where its own change, or one
 * before it in its stream, is damaged it cannot, and replays from ever further back are spared,
 * which take minutes in a long log. */
bool bk_stepback_may_help(struct bk_log *log, uint32_t version);

#endif
