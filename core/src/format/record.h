/* record.h - one stored page (docs/format.md, 5).
 *
 * A page is stored alone, or as what changed against an earlier record of the same page; reading
 * one decodes at most RECORD_DEPTH_MAX + 1 records. */
#ifndef BK_RECORD_H
#define BK_RECORD_H

#include "opened.h"
#include "page.h"
#include <bk/buf.h>
#include <zstd.h>

#define RECORD_HEAD_SIZE  24
#define RECORD_DEPTH_MAX  8 /* what a reader takes */
#define RECORD_DEPTH_USED 4 /* where the writer stops: measured, see docs/architecture.md */

struct record {
	uint32_t page;
	uint32_t size; /* of the data */
	unsigned depth;
	uint64_t base;
	uint64_t check;
};

/* The sum that a record keeps of a page's content. */
uint64_t bk_record_check(uint32_t page, const void *content, size_t page_size);

/* Records that are read in the file's order come many at a time. Each place in a chain, the top,
 * what it stands on, and so on, has a window of its own. */
#define RECORD_WINDOWS    4
#define RECORD_WINDOW_MAX ((size_t)64 << 10)

struct record_window {
	uint8_t *bytes; /* RECORD_WINDOW_MAX of them, once there are any */
	uint64_t offset;
	size_t size, ahead; /* bytes that are there, and to be read next time */
};

/* What reading pages needs over and over. One thread at a time. */
struct record_reader {
	ZSTD_DCtx *zstd;
	struct record_window windows[RECORD_WINDOWS];
	struct sealing sealing;            /* its key is NULL where the log is in the clear */
	struct opened_frames opened;       /* in place of the windows, where it is not */
	struct bk_buf data;                /* the records of one page, top first */
	uint8_t scratch[2][PAGE_SIZE_MAX]; /* contents on the way to the top */
	struct record_reader *next;        /* in a pool */
};

/* SEALING, whose parts are borrowed, is what opens frames; NULL: the log is in the clear. NULL: no
 * memory. */
struct record_reader *bk_record_reader_new(const struct sealing *sealing);
void bk_record_reader_free(struct record_reader *reader);

/* Forgets what was read ahead: other bytes may stand there by now. */
void bk_record_reader_forget(struct record_reader *reader);

/* The heads of the records that a page takes, from the newest down to one of depth 0. */
struct record_chain {
	struct record all[RECORD_DEPTH_MAX + 1];
};

/* Reads PAGE from the record at OFFSET (a place: sealed.h) into DST (PAGE_SIZE bytes), and what
 * that took into *CHAIN unless it is NULL. Fails with BK_E_DAMAGE, BK_E_IO, BK_E_NOMEM. */
BK_MUST_CHECK enum bk_code bk_record_read(struct record_reader *reader, const struct file *file,
	uint64_t offset, uint32_t page, uint32_t page_size, void *dst, struct record_chain *chain,
	struct bk_error *err);

/* Reads the head of the record at OFFSET. Fails likewise. */
BK_MUST_CHECK enum bk_code bk_record_look(struct record_reader *reader, const struct file *file,
	uint64_t offset, struct record *out, struct bk_error *err);

/* Which bytes of the file a reader of the record at OFFSET reads, mostly. */
struct bk_io_range bk_record_range(const struct record_reader *reader, uint64_t offset);

/* What a page is stored against. */
struct record_base {
	const void *content;
	uint64_t offset; /* its place */
	unsigned depth;
};

/* Appends to OUT the record of PAGE: against BASE where that is given and smaller, else alone.
 * CHECK is bk_record_check of the content. */
BK_MUST_CHECK enum bk_code bk_record_write(struct bk_buf *out, ZSTD_CCtx *zstd, uint32_t page,
	const void *content, uint32_t page_size, uint64_t check, const struct record_base *base,
	struct bk_error *err);

#endif
