/* writer.h - appending to a log.
 *
 * Calling sequence: bk_writer_open, any of bk_writer_append, bk_writer_rewind, bk_writer_snapshot,
 * bk_writer_close. A follower (follower.h) may run beside.
 *
 * Invariants: when bk_writer_append returns BK_OK the change is on stable storage. A byte of a
 * frame is never changed (docs/format.md). After a failed write or sync of a change the writer
 * refuses everything, so that nothing follows a hole: open it anew.
 *
 * Threads: changes come from one thread at a time; a follower's thread appends beside it, and
 * one of the writer's own may lay zeros ahead. */
#ifndef BK_WRITER_H
#define BK_WRITER_H

#include <bk/change.h>
#include <bk/io.h>
#include <bk/log.h>
#include <bk/progress.h>
#include <bk/stamp.h>

struct bk_writer;
struct bk_mirrors;

/* Zeros mean the defaults. */
struct bk_writer_options {
	const char *program;       /* goes into the log's audit trail; borrowed for the call */
	unsigned lock_wait_ms;     /* how long to wait for another writer to let go */
	unsigned interval_changes; /* changes in an interval at most; 128 */
	size_t interval_bytes;     /* bytes of SQL in an interval, before its last change; 1 MiB */
	/* The log's mirrors (mirrors.h), for this one writer: borrowed until it is closed. NULL:
	 * none. */
	struct bk_mirrors *mirrors;
	/* What is known of the log: if its id is SEEN_LOG, in hexadecimal digits, it had SEEN_BYTES
	 * once. Where it has fewer, also with what mirrors had, it is not opened. Borrowed for the
	 * call; NULL: nothing is known. */
	const char *seen_log;
	uint64_t seen_bytes;
};

/* Opens the log at PATH for writing: takes its lock, takes over what a mirror has behind the log's
 * end, cuts off a torn tail, says so in the log. Fails with BK_E_BUSY (the message names the
 * holder), BK_E_DAMAGE if the end of the log is damaged, BK_E_UNSAFE if a mirror that the quorum
 * needs went on with another history, or if the log is shorter than it was (then nothing was
 * written), BK_E_MISSING, BK_E_FORMAT, BK_E_IO, BK_E_NOMEM. OPTIONS may
 * be NULL. */
BK_MUST_CHECK enum bk_code bk_writer_open(struct bk_writer **out, const struct bk_io *io,
	const char *path, const struct bk_writer_options *options, struct bk_error *err);

/* Notes in the log that PROGRAM, of this process, writes it from here on, as bk_writer_open does:
 * for who has a successor take the log's place (successor.h). Not durable before the next append.
 */
BK_MUST_CHECK enum bk_code bk_writer_announce(
	struct bk_writer *writer, const char *program, struct bk_error *err);

/* Keeps zeros ahead of the log's end (docs/format.md, 1, rule 5) by a thread that bk_writer_close
 * and bk_writer_leave end, and cuts off then what is left of them: a change that is written over
 * them costs the device one flush instead of two. None are laid where the file system gains nothing
 * by it (bk/io.h, overwrites_in_place), where no thread can be had, or where the disk is full:
 * nothing else depends on them. At most once a writer. */
void bk_writer_start_zeros(struct bk_writer *writer);

/* The same once, at once, and by this thread, where none was started: for tests. Fails with
 * BK_E_IO, BK_E_NOMEM, BK_E_BUSY; a sync that fails is final for WRITER. */
BK_MUST_CHECK enum bk_code bk_writer_lay_zeros(struct bk_writer *writer, struct bk_error *err);

/* Notes in the log that it was closed in order, unless the writer has failed. Takes NULL. */
void bk_writer_close(struct bk_writer *writer);

/* The same without that note, where nobody said that the head was committed: what was put is made
 * durable all the same. Takes NULL. */
void bk_writer_leave(struct bk_writer *writer);

/* What the log says of its head. */
struct bk_head {
	uint32_t version;
	bool is_committed; /* lightningd committed it for certain: it was seen so, or copied, or
			    * something came behind it; or a mirror had it of a session that the log
			    * did not know: another node went on with it */
	bool has_stamp;    /* and its database was then in the state: */
	struct bk_stamp stamp;
	uint64_t durable; /* bytes of the log that are on stable storage */
};

void bk_writer_head(const struct bk_writer *writer, struct bk_head *head);

/* Notes that the node's database, of STAMP, was seen at the head's version: it was committed
 * (docs/format.md, 11). Not durable before the next append or bk_writer_close. */
BK_MUST_CHECK enum bk_code bk_writer_note_seen(
	struct bk_writer *writer, const struct bk_stamp *stamp, struct bk_error *err);

/* Notes that log and node may differ, and WHY; and that they do not, since they were compared (BY
 * says how). A full keyframe settles a doubt too. Durable with the next append. */
BK_MUST_CHECK enum bk_code bk_writer_raise_doubt(
	struct bk_writer *writer, const char *why, struct bk_error *err);
BK_MUST_CHECK enum bk_code bk_writer_settle_doubt(
	struct bk_writer *writer, const char *by, struct bk_error *err);

/* The log as it is being written, for reading; lives as long as the writer, needs no refresh. */
struct bk_log *bk_writer_log(struct bk_writer *writer);

/* The version that the log stands at. */
uint32_t bk_writer_version(const struct bk_writer *writer);

/* Fails with BK_E_BUSY, naming the holder, if a writer holds the log at PATH, with BK_E_MISSING if
 * there is no file, BK_E_IO, BK_E_NOMEM. Changes nothing. */
BK_MUST_CHECK enum bk_code bk_writer_check_free(
	const struct bk_io *io, const char *path, struct bk_error *err);

/* Bytes of a torn tail that bk_writer_open cut off. */
uint64_t bk_writer_cut_bytes(const struct bk_writer *writer);

/* Appends CHANGE, which must lead to the version after the head, or be a lone pragma that repeats
 * it, and makes it durable: in as many places as the mirrors' quorum asks for, or, after the stated
 * time, in fewer, which is noted in the log and told. Fails with BK_E_INVALID, BK_E_LIMIT (nothing
 * was written, the writer goes on), BK_E_UNSAFE if mirrors refuse it and no quorum is left,
 * BK_E_IO, BK_E_NOMEM. */
BK_MUST_CHECK enum bk_code bk_writer_append(
	struct bk_writer *writer, const struct bk_change *change, struct bk_error *err);

/* Strikes out the changes of the head's version, which lightningd never committed: the log
 * then stands at VERSION, which must be the one before. Not durable before the next append. Fails
 * with BK_E_INVALID if a keyframe already stands on them, BK_E_IO, BK_E_NOMEM. */
BK_MUST_CHECK enum bk_code bk_writer_rewind(
	struct bk_writer *writer, uint32_t version, struct bk_error *err);

/* Gives the log, which is sealed, a slot more for each that RING holds, and makes it durable. Fails
 * with BK_E_INVALID if the log is in the clear, BK_E_LIMIT if a reader would not look at all of
 * them, BK_E_IO, BK_E_NOMEM. */
struct bk_keyring;
BK_MUST_CHECK enum bk_code bk_writer_add_slots(
	struct bk_writer *writer, const struct bk_keyring *ring, struct bk_error *err);

/* Bytes that the log can grow by: what is free on its file system, and the zeros ahead. */
BK_MUST_CHECK enum bk_code bk_writer_free_space(
	struct bk_writer *writer, uint64_t *bytes, struct bk_error *err);

#endif
