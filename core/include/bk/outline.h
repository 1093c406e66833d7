/* outline.h - a sealed log as far as it shows without its key: kinds, sizes and versions of frames
 * (docs/format.md, 13, "What a stranger learns").
 *
 * A server without the key foresees with it what a client who has one will read. */
#ifndef BK_OUTLINE_H
#define BK_OUTLINE_H

#include <bk/error.h>
#include <bk/io.h>
#include <stdbool.h>
#include <stdint.h>

/* Reads through IO, and lets go, what opening the image of VERSION of the sealed log at PATH reads,
 * that of the newest one if VERSION is NULL: the keyframes on the way there, the maps of pages, the
 * changes behind the keyframe, and those pages that are needed most likely; OUTLINE_BYTES at most.
 * *IS_SEALED tells whether the log is; else nothing is read but its header. Nothing that is read is
 * checked. Fails with BK_E_MISSING, BK_E_FORMAT, BK_E_DAMAGE, BK_E_LIMIT, BK_E_IO, BK_E_NOMEM. */
BK_MUST_CHECK enum bk_code bk_outline_read(const struct bk_io *io, const char *path,
	const uint32_t *version, bool *is_sealed, struct bk_error *err);

#define OUTLINE_BYTES ((uint64_t)3 << 20)

#endif
