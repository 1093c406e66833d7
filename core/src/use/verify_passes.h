/* verify_passes.h - the passes of a verification, one file each. */
#ifndef BK_VERIFY_PASSES_H
#define BK_VERIFY_PASSES_H

#include "verify_report.h"

/* Walks all frames. Fills result's counts and verify->keyframes. */
BK_MUST_CHECK enum bk_code bk_verify_frames(struct verify *verify, struct bk_error *err);

/* Walks those of one part. Fills result's counts. */
BK_MUST_CHECK enum bk_code bk_verify_part(struct verify *verify, struct bk_error *err);

/* Walks from KF's interval's end, or with NULL from the log's first frame, to END. */
BK_MUST_CHECK enum bk_code bk_verify_walk(
	struct verify *verify, const struct keyframe *kf, uint64_t end, struct bk_error *err);

/* Rebuilds each keyframe from the one before, and checks it with SQLite. */
BK_MUST_CHECK enum bk_code bk_verify_deep(struct verify *verify, struct bk_error *err);

/* Tells which versions cannot be rebuilt. */
BK_MUST_CHECK enum bk_code bk_verify_lost(struct verify *verify, struct bk_error *err);

/* What can be verified of the sealed log at PATH without its key. */
BK_MUST_CHECK enum bk_code bk_verify_shut(
	struct verify *verify, const struct bk_io *io, const char *path, struct bk_error *err);

#endif
