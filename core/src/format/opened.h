/* opened.h - PAGES frames of a sealed log, opened: the last few of them, since opening one takes
 * longer than reading it, and what is read of it at once is a page. */
#ifndef BK_OPENED_H
#define BK_OPENED_H

#include "file.h"
#include "frame.h"
#include "sealed.h"
#include <bk/buf.h>

#define OPENED_FRAMES 32
#define OPENED_GUESS  ((size_t)20 << 10) /* read at once: most of this writer's are no larger */
#define OPENED_SMALL  ((size_t)64 << 10) /* larger ones have one place, the first */

struct opened {
	uint64_t offset;               /* 0: none */
	uint64_t used;                 /* when, by the clock below */
	bool is_sure;                  /* not forgotten since */
	uint8_t head[FRAME_HEAD_SIZE]; /* as it stands */
	struct bk_buf payload;
};

/* One thread at a time. */
struct opened_frames {
	struct opened all[OPENED_FRAMES];
	uint64_t clock;
	struct bk_buf frame; /* as it stands, on the way */
};

void bk_opened_init(struct opened_frames *frames);
void bk_opened_done(struct opened_frames *frames);

/* Other bytes may stand there by now: a frame is looked at, at its head, before it is taken for
 * what it was. */
void bk_opened_forget(struct opened_frames *frames);

/* The payload of the PAGES frame at OFFSET of FILE, until the next call. Fails with BK_E_DAMAGE,
 * BK_E_IO, BK_E_NOMEM. */
BK_MUST_CHECK enum bk_code bk_opened_find(struct opened_frames *frames, const struct file *file,
	uint64_t offset, const struct sealing *sealing, const struct bk_buf **payload,
	struct bk_error *err);

#endif
