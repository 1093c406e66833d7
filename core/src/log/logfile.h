/* logfile.h - the log as a file of frames: reading one, walking forward, finding the last.
 *
 * Knows what a valid frame is and nothing of what frames mean. */
#ifndef BK_LOGFILE_H
#define BK_LOGFILE_H

#include "file.h"
#include "frame.h"
#include <bk/buf.h>

struct logfile {
	struct file file;
	struct log_header header;
	bool header_damaged; /* the id was found elsewhere; header.sum is not known */
};

/* Opens PATH and reads its header. If that is damaged, a reader finds the log's id in the event
 * that each writer begins with (docs/format.md, 11); a writer refuses. Fails as bk_file_open and
 * bk_header_decode do. */
BK_MUST_CHECK enum bk_code bk_logfile_open(struct logfile *lf, const struct bk_io *io,
	const char *path, enum bk_io_open how, struct bk_error *err);
void bk_logfile_close(struct logfile *lf);

struct frame {
	struct frame_head head;
	uint64_t offset;
	const uint8_t *payload; /* head.size bytes; until the walk's next call */
};

static inline uint64_t bk_frame_end(const struct frame *frame)
{
	return frame->offset + bk_frame_size(&frame->head);
}

/* A place to read frames through, which reads ahead. Calling sequence: bk_walk_init, any
 * bk_walk_frame in any order (ascending is cheap), bk_walk_done. One thread at a time. */
struct walk {
	const struct logfile *lf;
	struct bk_buf buf;
	uint64_t start; /* offset of buf.data[0] */
	size_t chunk;   /* bytes to read at once, at least */
};

#define WALK_CHUNK_ONE  ((size_t)4 << 10)   /* for single frames here and there */
#define WALK_CHUNK_MANY ((size_t)128 << 10) /* for one after the other */

void bk_walk_init(struct walk *walk, const struct logfile *lf, size_t chunk);
void bk_walk_done(struct walk *walk);

/* Reads the frame at OFFSET. Fails with BK_E_DAMAGE if no valid frame stands there (the end of
 * the file counts as that), with BK_E_FORMAT if it is one that we do not understand, with BK_E_IO,
 * BK_E_NOMEM. */
BK_MUST_CHECK enum bk_code bk_walk_frame(
	struct walk *walk, uint64_t offset, struct frame *out, struct bk_error *err);

/* The first valid frame behind the damage at OFFSET that begins before LIMIT: sets *NEXT, which
 * becomes LIMIT if there is none. Fails with BK_E_IO, BK_E_NOMEM. */
BK_MUST_CHECK enum bk_code bk_walk_resync(
	struct walk *walk, uint64_t offset, uint64_t limit, uint64_t *next, struct bk_error *err);

/* The last valid frame that ends at or before LIMIT. Fails with BK_E_DAMAGE if there is none. */
BK_MUST_CHECK enum bk_code bk_logfile_last_before(const struct logfile *lf, uint64_t limit,
	struct frame_head *head, uint64_t *offset, struct bk_error *err);

/* Where the log ends (docs/format.md, 1, rule 4). */
struct log_end {
	uint64_t end;      /* offset behind the last frame */
	uint64_t last;     /* offset of the last frame */
	uint64_t file_end; /* the file's size: a torn tail if after end */
	uint64_t synced; /* what stands before was on stable storage when the last frame was written
			  */
};

/* Fails with BK_E_DAMAGE if there is no valid frame at all. */
BK_MUST_CHECK enum bk_code bk_logfile_find_end(
	const struct logfile *lf, struct log_end *out, struct bk_error *err);

#endif
