/* sight.h - what was read of one file: its parts, of 1 KiB each. */
#ifndef BK_SIGHT_H
#define BK_SIGHT_H

#include <bk/io.h>

#define SIGHT_PART      ((uint64_t)1 << 10)
#define SIGHT_PARTS_MAX ((size_t)1 << 13) /* 8 MiB; what comes then is not noted */

struct sight {
	const char *path; /* borrowed */
	bool is_full;
	size_t count;
	uint64_t parts[SIGHT_PARTS_MAX]; /* their numbers; in order, and each once, when it has
					    ended */
};

void bk_sight_begin(struct sight *sight, const char *path);

/* As struct bk_io has it for SAW. */
void bk_sight_note(void *sight, const char *path, uint64_t offset, size_t size);

void bk_sight_end(struct sight *sight);

/* How many parts from that at INDEX on follow each other, MAX at most; once it has ended. */
size_t bk_sight_run(const struct sight *sight, size_t index, size_t max);

#endif
