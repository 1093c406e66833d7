/* search.h - finding frames in a log's bytes: the last one, the next one behind damage, and where
 * the log ends.
 *
 * Cost: bytes are read once, in blocks; zero bytes and holes cost next to nothing, and what looks
 * like a frame and is none has a bound (struct walk). */
#ifndef BK_SEARCH_H
#define BK_SEARCH_H

#include "logfile.h"

/* The first valid frame behind the damage at OFFSET that begins before LIMIT: sets *NEXT, which
 * becomes LIMIT if there is none. Fails with BK_E_LIMIT, BK_E_IO, BK_E_NOMEM. */
BK_MUST_CHECK enum bk_code bk_walk_resync(
	struct walk *walk, uint64_t offset, uint64_t limit, uint64_t *next, struct bk_error *err);

/* The last valid frame that ends at or before LIMIT. Fails with BK_E_DAMAGE if there is none. */
BK_MUST_CHECK enum bk_code bk_logfile_last_before(const struct logfile *lf, uint64_t limit,
	struct frame_head *head, uint64_t *offset, struct bk_error *err);

/* Where the zero bytes begin that a file of FILE_END bytes ends with: FILE_END if its last byte is
 * none, and not before FROM. */
BK_MUST_CHECK enum bk_code bk_logfile_zeros(const struct logfile *lf, uint64_t from,
	uint64_t file_end, uint64_t *zeros, struct bk_error *err);

/* Where the log ends (docs/format.md, 1, rules 4 and 5). */
struct log_end {
	uint64_t end;      /* offset behind the last frame */
	uint64_t last;     /* offset of the last frame */
	uint64_t tail_end; /* behind the last byte that is not zero: a torn tail if after end */
	uint64_t file_end; /* the file's size: zeros from tail_end on */
	uint64_t synced; /* what stands before was on stable storage when the last frame was written
			  */
};

/* Fails with BK_E_DAMAGE if there is no valid frame at all, with BK_E_LIMIT. */
BK_MUST_CHECK enum bk_code bk_logfile_find_end(
	const struct logfile *lf, struct log_end *out, struct bk_error *err);

/* The same as far as frames follow one another from the first on, which takes time with the log's
 * length, and whatever stands behind: for who cannot search that. */
BK_MUST_CHECK enum bk_code bk_logfile_walk_to_end(
	const struct logfile *lf, struct log_end *out, struct bk_error *err);

#endif
