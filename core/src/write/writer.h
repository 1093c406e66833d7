/* writer.h - a writer as the rest of core sees it: frames put at the log's end. */
#ifndef BK_WRITER_IMPL_H
#define BK_WRITER_IMPL_H

#include "encoder.h"
#include "log.h"
#include "probe.h"
#include <bk/writer.h>

struct bk_writer {
	struct bk_log *log;
	struct bk_buf frame; /* the changing thread's */
	struct encoder encoder;
	unsigned stream_changes; /* in the stream under way; 0: the next change starts one */
	size_t stream_bytes;
	unsigned stream_changes_max;
	size_t stream_bytes_max;
	uint32_t state;      /* of the node's connection: flags of connstate.h */
	struct probe *probe; /* follows it; NULL before the first pragma */
	uint64_t cut_bytes;
	bool is_head_sure; /* see bk_writer_is_head_sure */

	/* One keyframe is written at a time. Taken before log->mutex. */
	pthread_mutex_t build_mutex;

	/* One sync at a time: of a failure the system tells one of those who sync, and the others
	 * that all is well. Taken before log->mutex. */
	pthread_mutex_t sync_mutex;

	/* Under log->mutex. */
	uint64_t durable;        /* what stands before it is on stable storage */
	struct bk_error failure; /* code BK_OK while the writer works */
	uint64_t streams;        /* begun, since the writer was opened */
	pthread_cond_t grown; /* signalled when a stream starts, and when a keyframer must look */
};

/* A frame to put: its payload stands in `frame` behind FRAME_HEAD_SIZE bytes of room. */
struct put {
	enum frame_kind kind;
	uint8_t must;
	uint16_t may;
	uint32_t version;
	int64_t time_us;
	struct keyframe *keyframe; /* with FRAME_KEYFRAME: what it says */
};

/* Empties FRAME but for the room of a head. */
BK_MUST_CHECK enum bk_code bk_put_begin(struct bk_buf *frame, struct bk_error *err);

/* Appends the frame in one write, without syncing it, and sets *OFFSET. A keyframe whose `previous`
 * is no longer the newest is refused with BK_E_BUSY. After a failure the log's end is where it was.
 */
BK_MUST_CHECK enum bk_code bk_writer_put(struct bk_writer *writer, const struct put *put,
	struct bk_buf *frame, uint64_t *offset, struct bk_error *err);

/* Fails as WRITER did, if it refuses everything since. */
BK_MUST_CHECK enum bk_code bk_writer_check(struct bk_writer *writer, struct bk_error *err);

/* From now on WRITER refuses everything, with ERR; the first such failure stays. */
void bk_writer_fail(struct bk_writer *writer, const struct bk_error *err);

/* The time that a frame put now is given. */
int64_t bk_writer_now_us(const struct bk_writer *writer);

/* Makes durable all that was put. A failure is final: the writer refuses everything after it. */
BK_MUST_CHECK enum bk_code bk_writer_sync(struct bk_writer *writer, struct bk_error *err);

/* Puts an EVENT with TEXT, lines of key=value. */
BK_MUST_CHECK enum bk_code bk_writer_event(
	struct bk_writer *writer, enum event_code event, const char *text, struct bk_error *err);

/* A writer over LOG, whose state and file are ready; takes LOG over, also on failure. */
BK_MUST_CHECK enum bk_code bk_writer_new(struct bk_writer **out, struct bk_log *log,
	const struct bk_writer_options *options, struct bk_error *err);
void bk_writer_free(struct bk_writer *writer);

#endif
