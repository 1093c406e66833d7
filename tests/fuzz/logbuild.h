/* logbuild.h - logs in memory whose sums are right, whatever stands in them: without that no fuzzed
 * byte gets past the checksums. */
#ifndef LOGBUILD_H
#define LOGBUILD_H

#include "frame.h"
#include <bk/buf.h>

struct logbuild {
	struct bk_buf bytes;
	struct log_header header;
	uint64_t last_sum;
};

/* Begins with a header whose id is zeros. */
void logbuild_init(struct logbuild *build);
void logbuild_done(struct logbuild *build);

/* Appends a frame with what HEAD says, but for its size, sum and chain, which are made right;
 * UNCHAINED makes the chain wrong. Returns its offset. */
uint64_t logbuild_frame(struct logbuild *build, struct frame_head *head, const void *payload,
	size_t size, bool unchained);

#endif
