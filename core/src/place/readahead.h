/* readahead.h - the bytes of a folder's log, in runs that are got several at a time and kept for a
 * while. Who reads on gets what comes next while he works with what came. Who jumps about, as who
 * looks for a version does, mostly goes backwards: he gets what is before.
 *
 * Threads: one. */
#ifndef BK_READAHEAD_H
#define BK_READAHEAD_H

#include "fetch.h"
#include "folder.h"

#define READAHEAD_RUN  ((uint64_t)512 << 10)
#define READAHEAD_RUNS 64 /* 32 MiB */

/* Bytes that are being got. */
struct read_run {
	uint64_t at;
	size_t size;
	uint8_t *bytes; /* owned */
	struct fetch_job *jobs; /* owned */
	size_t count;  /* of jobs that were not waited for */
	uint64_t used; /* when, by readahead's own count; 0: there is nothing */
};

struct readahead {
	struct folder *folder; /* borrowed */
	struct fetch *fetch;   /* NULL: not needed yet */
	struct read_run runs[READAHEAD_RUNS];
	uint64_t uses;
	uint64_t at, end; /* of the run that was read last */
	unsigned window;  /* runs to be got ahead */
};

void bk_readahead_init(struct readahead *ahead, struct folder *folder);

/* Waits for what is under way, and drops it: the folder is going to change. */
void bk_readahead_drop(struct readahead *ahead);
void bk_readahead_done(struct readahead *ahead);

/* As bk_folder_read. */
BK_MUST_CHECK enum bk_code bk_readahead_read(struct readahead *ahead, uint64_t offset, void *data,
	size_t size, size_t *got, struct bk_error *err);

#endif
