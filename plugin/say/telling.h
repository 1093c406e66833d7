/* telling.h - saying now and then how far long work is, while lightningd waits for it. */
#ifndef TELLING_H
#define TELLING_H

#include <stdint.h>
#include <time.h>

struct telling {
	const char *doing; /* what is done, in words: "comparing"; borrowed */
	time_t told;       /* when that was said last; at first, when it began */
};

/* Says how many pages are done: a bk_progress_fn, with a struct telling as CTX. */
void telling_progress(void *ctx, uint64_t done, uint64_t total);

#endif
