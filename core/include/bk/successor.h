/* successor.h - the log that takes another's place: built beside it by a reader, then given its
 * name by the writer (docs/format.md, 12).
 *
 * Calling sequence: bk_compact (compact.h) builds it, in any process; then the process that writes
 * the log: bk_successor_open, any bk_successor_catch_up, each with bk_successor_send behind it
 * where the log has mirrors, bk_successor_take, and from then on it writes to the new log.
 * bk_successor_close before that leaves the log as it was.
 *
 * Threads: one thread at a time. bk_successor_take is for the thread that changes come from. */
#ifndef BK_SUCCESSOR_H
#define BK_SUCCESSOR_H

#include <bk/error.h>
#include <bk/io.h>
#include <bk/log.h>
#include <bk/mirrors.h>
#include <bk/writer.h>
#include <stdbool.h>

struct bk_successor;

/* Whether something stands there as the finished successor of the log at PATH. */
bool bk_successor_is_there(const struct bk_io *io, const char *path);

/* Opens the finished successor of LOG, which may be being written, and locks it. Fails with
 * BK_E_MISSING, BK_E_BUSY, BK_E_INVALID if it is another log's, or no longer as it was finished;
 * BK_E_DAMAGE, BK_E_IO, BK_E_NOMEM. */
BK_MUST_CHECK enum bk_code bk_successor_open(
	struct bk_successor **out, struct bk_log *log, struct bk_error *err);

/* From now on it catches up from LOG, another handle on the same log. */
void bk_successor_from(struct bk_successor *successor, struct bk_log *log);

/* Takes in what came to the log since, and makes it durable, if it is at most 64 KiB (of more, all
 * but 256 KiB; bk_successor_take makes the rest so). *LEFT is how many bytes came meanwhile. Fails
 * with BK_E_DAMAGE, BK_E_IO, BK_E_NOMEM; it is then to be closed and removed. */
BK_MUST_CHECK enum bk_code bk_successor_catch_up(
	struct bk_successor *successor, uint64_t *left, struct bk_error *err);

/* Where a quorum of MIRRORS, the log's own, must have each change, they get the successor now, as
 * far as it is durable, beside the changes; returns when those that the quorum needs have it. With
 * any other it does nothing. IS_WANTED is asked now and then with CTX, and may be NULL. MIRRORS
 * must outlive SUCCESSOR. Fails with BK_E_IO where some are away, as one did that cannot take it,
 * BK_E_CANCELLED, BK_E_NOMEM. */
BK_MUST_CHECK enum bk_code bk_successor_send(struct bk_successor *successor,
	struct bk_mirrors *mirrors, bool (*is_wanted)(void *ctx), void *ctx, struct bk_error *err);

/* Puts it in the place of OLD's log, which it must have been caught up with: takes in the rest,
 * makes the last frame of OLD's log durable, which names it, and takes the name. *OUT writes to it
 * from then on; OLD refuses everything and is to be closed with bk_writer_leave. SUCCESSOR is to be
 * closed either way. Fails with BK_E_BUSY if too much is to be taken in, or the mirrors that a
 * quorum needs have it not, and as bk_successor_catch_up does: OLD goes on then, unless it has
 * failed itself. Mirrors follow *OUT, and get it whole. */
BK_MUST_CHECK enum bk_code bk_successor_take(struct bk_successor *successor, struct bk_writer *old,
	struct bk_writer **out, struct bk_error *err);

void bk_successor_close(struct bk_successor *successor); /* takes NULL */

/* Removes what stands there as the successor of the log at PATH, finished or not, unless it may be
 * the log by now, as after a failure of bk_successor_take, or somebody holds it; what is left is
 * met at the next start. */
void bk_successor_remove(const struct bk_io *io, const char *path);

#endif
