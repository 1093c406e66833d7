/* logfile.h - the log as a file of frames: reading one, walking forward. search.h finds them.
 *
 * Knows what a valid frame is and nothing of what frames mean. */
#ifndef BK_LOGFILE_H
#define BK_LOGFILE_H

#include "file.h"
#include "sealed.h"
#include <bk/buf.h>

struct logfile {
	struct file file;
	struct log_header header;
	bool header_damaged; /* the id was found elsewhere; header.sum is not known */
	/* Of a sealed log, once there is a key (slots.h); one owner's. Without it frames can be
	 * read as they stand, and no more. */
	struct log_key *key;
};

/* Opens PATH and reads its header. If that is damaged, a reader finds the log's id in the event
 * that each writer begins with, or in a slot (docs/format.md, 11 and 13); a writer refuses. Fails
 * as bk_file_open and bk_header_decode do. */
BK_MUST_CHECK enum bk_code bk_logfile_open(struct logfile *lf, const struct bk_io *io,
	const char *path, enum bk_io_open how, struct bk_error *err);
void bk_logfile_close(struct logfile *lf);

struct frame {
	struct frame_head head;
	uint64_t offset;
	const uint8_t *payload; /* head.size bytes, opened; until the walk's next call */
};

static inline uint64_t bk_frame_end(const struct frame *frame)
{
	return frame->offset + bk_frame_size(&frame->head);
}

/* A place to read frames through, which reads ahead. Calling sequence: bk_walk_init, any
 * bk_walk_frame in any order (ascending is cheap), bk_walk_done. One thread at a time.
 *
 * What is not a frame can look like the head of one that reaches far, and only a sum over all that
 * it claims tells. So that bytes which were made for it cannot keep a reader busy, what was read in
 * vain is counted: beyond WASTE_BYTES, WASTE_TIMES what was read in earnest, and WASTE_LARGEST
 * the largest piece once more (a size field can be damaged), the walk reads no more. */
struct walk {
	const struct logfile *lf;
	struct bk_buf buf;
	uint64_t start;                  /* offset of buf.data[0] */
	size_t chunk;                    /* bytes to read at once, at least */
	uint64_t limit;                  /* frames that end behind it are not valid */
	uint64_t wasted, wasted_largest; /* bytes under a sum that did not fit */
	uint64_t passed;                 /* bytes of valid frames, and bytes searched for frames */
	bool as_stands; /* frames are not opened: what is looked for is bytes, and no payload read
			 */
	struct bk_buf opened;
};

#define WASTE_BYTES   ((uint64_t)256 << 20)
#define WASTE_TIMES   8
#define WASTE_LARGEST 1

#define WALK_CHUNK_ONE  ((size_t)4 << 10)   /* for single frames here and there */
#define WALK_CHUNK_MANY ((size_t)128 << 10) /* for one after the other */

void bk_walk_init(struct walk *walk, const struct logfile *lf, size_t chunk);
void bk_walk_done(struct walk *walk);

/* Reads the frame at OFFSET. Fails with BK_E_DAMAGE if no valid frame stands there (the end of
 * the file counts as that), or, in a sealed log, none that the log's key opens; with BK_E_FORMAT if
 * it is one that we do not understand, with BK_E_LIMIT if too much was read in vain, with BK_E_IO,
 * BK_E_NOMEM. */
BK_MUST_CHECK enum bk_code bk_walk_frame(
	struct walk *walk, uint64_t offset, struct frame *out, struct bk_error *err);

/* Whether what stands at OFFSET is zero bytes where a frame would have its sum and its magic. */
BK_MUST_CHECK enum bk_code bk_walk_zeros(
	struct walk *walk, uint64_t offset, bool *zeros, struct bk_error *err);

#endif
