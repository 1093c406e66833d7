/* writer.h - a writer as the rest of core sees it: frames put at the log's end. */
#ifndef BK_WRITER_IMPL_H
#define BK_WRITER_IMPL_H

#include "encoder.h"
#include "log.h"
#include "mirrors.h"
#include "probe.h"
#include "slots.h"
#include <bk/writer.h>

/* A sync of the hook's that meets a step waits for all of it: larger ones would show in its longest
 * waits. Smaller ones would be met by more than one call of a hundred. */
#define ZEROS_STEP ((uint64_t)128 << 10)
#define ZEROS_MAX  ((uint64_t)256 << 10)

/* Zeros ahead of the log's end (zeros.h). */
struct zeros {
	struct file file; /* the log's, opened once more; closed before the first step */
	uint8_t *step;
	bool is_needless; /* this file system gains nothing by them */
	pthread_t thread;
	bool has_thread;

	/* Under log->mutex. */
	pthread_cond_t used; /* signalled when a step is due */
	bool is_stopping;
	uint64_t wait_for; /* after a failure: none are laid before the log ends here */
};

struct bk_writer {
	struct bk_log *log;
	struct bk_buf frame; /* the changing thread's */
	struct bk_buf
		closed; /* a frame of a sealed log, on its way to the file; under log->mutex */
	struct encoder encoder;
	unsigned stream_changes; /* in the stream under way; 0: the next change starts one */
	size_t stream_bytes;
	unsigned stream_changes_max;
	size_t stream_bytes_max;
	uint32_t state;      /* of the node's connection: flags of connstate.h */
	struct probe *probe; /* follows it; NULL before the first pragma */
	uint64_t cut_bytes;
	struct bk_mirrors *mirrors; /* borrowed; NULL: none */
	int page_level;             /* zstd's, of pages */

	/* The log's file, opened once more: what is synced beside the changes is synced through
	 * this one (see bk_writer_sync). Closed while a log is being made. */
	struct file aside;

	struct zeros zeros;

	/* One keyframe is written at a time. Taken before log->mutex. A full one, for which
	 * lightningd waits, is not kept waiting: a delta lets go while it syncs, and gives up
	 * when one is due. */
	pthread_mutex_t build_mutex;

	/* Under log->mutex. */
	bool is_full_due;        /* a full keyframe is being written, or waits for its turn */
	uint64_t durable;        /* what stands before it is on stable storage */
	uint64_t given;          /* what stands before it was given to mirrors: it stays */
	uint64_t cuts;           /* how often the log's end moved back */
	struct bk_error failure; /* code BK_OK while the writer works; BK_E_BUSY: a successor takes
				  * its place */
	uint64_t changes;        /* and rewinds, since the writer was opened */
	bool is_others;        /* what the log held then was not all put by who wrote here before */
	uint64_t streams;      /* begun, since the writer was opened */
	bool is_awaited;       /* a change is being put and synced: lightningd waits */
	uint64_t answered;     /* how often that ended, */
	pthread_cond_t passed; /* and is broadcast then */
	pthread_cond_t grown;  /* signalled at a change, and when a follower must look; its clock
				* is CLOCK_MONOTONIC */
};

/* Whether there is room for a step of zeros (zeros.h). With the log's mutex held. */
static inline bool bk_zeros_are_due(const struct bk_writer *writer)
{
	const struct bk_log *log = writer->log;

	return !writer->failure.code && log->state.end >= writer->zeros.wait_for &&
	       log->file_end + ZEROS_STEP <= log->state.end + ZEROS_MAX;
}

/* A frame to put: its payload stands in `frame` behind FRAME_HEAD_SIZE bytes of room. */
struct put {
	enum frame_kind kind;
	uint8_t must;
	uint16_t may;
	uint32_t version;
	int64_t time_us;
	struct keyframe *keyframe; /* with FRAME_KEYFRAME: what it says */
	bool is_of_head;           /* refused with BK_E_BUSY where the head is not, or no longer,
				    * VERSION with so many changes: */
	uint64_t changes;
};

/* Empties FRAME but for the room of a head. */
BK_MUST_CHECK enum bk_code bk_put_begin(struct bk_buf *frame, struct bk_error *err);

/* Appends the frame in one write, without syncing it, and sets *OFFSET. A keyframe whose `previous`
 * is no longer the newest is refused with BK_E_BUSY. After a failure the log's end is where it was.
 */
BK_MUST_CHECK enum bk_code bk_writer_put(struct bk_writer *writer, const struct put *put,
	struct bk_buf *frame, uint64_t *offset, struct bk_error *err);

/* As bk_writer_rewind, at TIME_US. */
BK_MUST_CHECK enum bk_code bk_writer_rewind_at(
	struct bk_writer *writer, uint32_t version, int64_t time_us, struct bk_error *err);

/* The same for the last frame of a log, from WRITER's own frame, where WRITER refuses all others.
 */
BK_MUST_CHECK enum bk_code bk_writer_put_last(
	struct bk_writer *writer, const struct put *put, uint64_t *offset, struct bk_error *err);

/* From now on WRITER refuses everything, with ERR; the first such failure stays, unless it is
 * BK_E_BUSY. */
void bk_writer_fail(struct bk_writer *writer, const struct bk_error *err);

/* The time that a frame put now is given. */
int64_t bk_writer_now_us(const struct bk_writer *writer);

/* Makes durable all that was put. A failure is final: the writer refuses everything after it.
 *
 * bk_writer_sync is for the thread that changes come from, bk_writer_sync_aside for all others: no
 * thread waits for another's sync. That is safe, since each goes through an open file of its own.
 * The system notes an error of writing back once, with the file, and tells each open file of it
 * at its next sync (Linux since 4.13). So whoever's bytes were lost, the sync of a change that
 * ends after that fails; one that ended before had waited for the change's own bytes itself. A
 * failure that only the other met is met too, before anything else is put or acknowledged. What
 * is durable afterwards is what had been put before that very sync began, whichever ends first;
 * it counts for nothing if the log's end moved back meanwhile (`cuts`), for other bytes may stand
 * there now. */
BK_MUST_CHECK enum bk_code bk_writer_sync(struct bk_writer *writer, struct bk_error *err);
BK_MUST_CHECK enum bk_code bk_writer_sync_aside(struct bk_writer *writer, struct bk_error *err);

/* The same through FILE, the log's opened once more by bk_writer_open_again, which one thread alone
 * syncs through. */
BK_MUST_CHECK enum bk_code bk_writer_sync_through(
	struct bk_writer *writer, const struct file *file, struct bk_error *err);

/* For all threads but that of the changes: waits until the change that is under way, if one is, is
 * durable. What is given to the disk meanwhile its sync would wait for. */
void bk_writer_let_pass(struct bk_writer *writer);

/* Lets the disk begin with what was put between FROM and TO, so that the next sync finds it done.
 * Nothing counts on it. */
void bk_writer_write_behind(const struct bk_writer *writer, uint64_t from, uint64_t to);

/* Opens the log's file once more, and makes sure that it is that one: BK_E_BUSY if another stands
 * at its path. */
BK_MUST_CHECK enum bk_code bk_writer_open_again(
	struct bk_writer *writer, struct file *file, struct bk_error *err);

/* Moves the log's end back from FROM to TO, where the last frame that stays has the sum SUM: what
 * stands between is of a keyframe that failed. False, and nothing is done, if the log's end is no
 * longer at FROM, if a mirror was given some of it, or if some of it may be on stable storage
 * already and MAY_SYNC is false.
 *
 * After a power cut what was cut may be there again, in part: then it ends in no keyframe, as
 * before. Were a new frame there too, in its place, those behind it that were once synced would
 * make damage of it. So only what was never synced is cut just like that (the next sync carries
 * the cut, and until then all these frames count as one batch); else a sync follows, before which
 * nothing may be put: MAY_SYNC is for the thread that changes come from, while it holds
 * build_mutex. */
bool bk_writer_cut_back(
	struct bk_writer *writer, uint64_t from, uint64_t to, uint64_t sum, bool may_sync);

/* Puts an EVENT with TEXT, lines of key=value. For the thread that changes come from. */
BK_MUST_CHECK enum bk_code bk_writer_event(
	struct bk_writer *writer, enum event_code event, const char *text, struct bk_error *err);

/* Puts EVENT_SEEN: the head, VERSION with CHANGES, was seen committed in a database of STAMP. For
 * any thread, which must hold build_mutex or be the one that changes come from. *IS_HEAD is false,
 * and nothing is put, if that is the head no longer. */
BK_MUST_CHECK enum bk_code bk_writer_put_seen(struct bk_writer *writer, uint32_t version,
	uint64_t changes, const struct bk_stamp *stamp, bool *is_head, struct bk_error *err);

/* A writer over the new file FILE, which stays its caller's (the log opens it once more), with a
 * header that names PREDECESSOR (LOG_ID_SIZE bytes; NULL: none), sealed with the key and the slots
 * of SEAL, which is borrowed for the call (NULL: in the clear), and nothing else yet. */
BK_MUST_CHECK enum bk_code bk_writer_begin(struct bk_writer **out, const struct file *file,
	const uint8_t *predecessor, const struct bk_seal *seal, struct bk_error *err);

/* Puts the slots of SEAL (NULL: none). */
BK_MUST_CHECK enum bk_code bk_writer_put_slots(
	struct bk_writer *writer, const struct bk_seal *seal, struct bk_error *err);

/* Opens the log at PATH for writing as bk_writer_open does, without a word of it in the log. */
BK_MUST_CHECK enum bk_code bk_writer_open_quietly(struct bk_writer **out, const struct bk_io *io,
	const char *path, const struct bk_writer_options *options, struct bk_error *err);

/* A writer over LOG, whose state and file are ready; takes LOG over, also on failure. */
BK_MUST_CHECK enum bk_code bk_writer_new(struct bk_writer **out, struct bk_log *log,
	const struct bk_writer_options *options, struct bk_error *err);
void bk_writer_free(struct bk_writer *writer);

#endif
