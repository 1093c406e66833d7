/* missing.h - why a version is not in a log, and which are nearest: one answer for all who ask. */
#ifndef BK_MISSING_H
#define BK_MISSING_H

#include "keyframe.h"

/* Fails with BK_E_MISSING: VERSION is before FIRST, the log's first keyframe. */
enum bk_code bk_missing_before(
	const struct keyframe *first, uint32_t version, struct bk_error *err);

/* The same: VERSION would be above BASE and its COUNT ENTRIES, and is not; ABOVE is the keyframe
 * that follows, NULL at the log's end. */
enum bk_code bk_missing_between(const struct keyframe *base, const struct bk_entry *entries,
	size_t count, const struct keyframe *above, uint32_t version, struct bk_error *err);

#endif
