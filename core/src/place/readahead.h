/* readahead.h - the bytes of a folder's log for who reads on and on: what comes next is got while
 * he works with what came, several parts at a time.
 *
 * Threads: one. */
#ifndef BK_READAHEAD_H
#define BK_READAHEAD_H

#include "fetch.h"
#include "folder.h"

#define READAHEAD_RUN  ((size_t)1 << 20)
#define READAHEAD_RUNS 16 /* got ahead, at most */

/* Bytes that are being got. */
struct read_run {
	uint64_t at;
	size_t size;
	uint8_t *bytes; /* owned */
	struct fetch_job *jobs; /* owned */
	size_t count;
};

struct readahead {
	struct folder *folder; /* borrowed */
	struct fetch *fetch;   /* NULL: not needed yet */
	struct read_run runs[READAHEAD_RUNS];
	unsigned first, count;
	unsigned window; /* runs to be got ahead */
	uint64_t next;   /* where he reads on */
};

void bk_readahead_init(struct readahead *ahead, struct folder *folder);

/* Waits for what is under way, and drops it: the folder is going to change. */
void bk_readahead_drop(struct readahead *ahead);
void bk_readahead_done(struct readahead *ahead);

/* As bk_folder_read. */
BK_MUST_CHECK enum bk_code bk_readahead_read(struct readahead *ahead, uint64_t offset, void *data,
	size_t size, size_t *got, struct bk_error *err);

#endif
