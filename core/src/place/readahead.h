/* readahead.h - the bytes of a folder's log, several parts at a time. Who reads on and on gets what
 * comes next while he works with what came. Who jumps about, as who looks for a version does, mostly
 * goes to what is near, and backwards: he gets all around it, and what is before.
 *
 * Threads: one. */
#ifndef BK_READAHEAD_H
#define BK_READAHEAD_H

#include "fetch.h"
#include "folder.h"

#define READAHEAD_RUN  ((size_t)1 << 20)
#define READAHEAD_RUNS 16 /* got ahead, at most */
#define READAHEAD_NEAR 64 /* kept of who jumps about, 256 KiB each */

/* Bytes that are being got. */
struct read_run {
	uint64_t at;
	size_t size;
	uint8_t *bytes; /* owned */
	struct fetch_job *jobs; /* owned */
	size_t count;  /* of jobs that were not waited for */
	uint64_t used; /* when, by readahead's own count; 0: there is nothing */
	bool is_new;   /* nothing was taken from it yet */
};

struct readahead {
	struct folder *folder; /* borrowed */
	struct fetch *fetch;   /* NULL: not needed yet */
	struct read_run runs[READAHEAD_RUNS];
	unsigned first, count;
	unsigned window; /* runs to be got ahead */
	uint64_t next;   /* where he reads on */
	struct read_run near[READAHEAD_NEAR];
	uint64_t uses;
};

void bk_readahead_init(struct readahead *ahead, struct folder *folder);

/* Waits for what is under way, and drops it: the folder is going to change. */
void bk_readahead_drop(struct readahead *ahead);
void bk_readahead_done(struct readahead *ahead);

/* As bk_folder_read. */
BK_MUST_CHECK enum bk_code bk_readahead_read(struct readahead *ahead, uint64_t offset, void *data,
	size_t size, size_t *got, struct bk_error *err);

#endif
