/* progress.h - how far long work is: on a terminal alone, from one second on.
 *
 * Calling sequence: progress_of, any progress_show, progress_end. */
#ifndef PROGRESS_H
#define PROGRESS_H

#include <stddef.h>
#include <stdint.h>

struct progress {
	const char *doing; /* "copying" */
	const char *unit;  /* what is counted, in the plural; NULL: bytes */
	const char *then;  /* what is counted in the work behind it, which has another total */
	int64_t began_us, shown_us;
	uint64_t total; /* of what is counted now */
	int width;      /* of the line that stands there */
};

struct progress progress_of(const char *doing);
void progress_show(void *progress, uint64_t done, uint64_t total); /* a bk_progress_fn */
void progress_end(struct progress *progress);

/* Ends the line that is shown, if one is, for what ends in its midst. */
void progress_interrupted(void);

/* The line for DONE of TOTAL after so many US: "copying: 43%, 210.5 MB/s, 12 s left". */
#define PROGRESS_LINE 160
void progress_line(
	char *out, const struct progress *progress, uint64_t done, uint64_t total, int64_t us);

#endif
