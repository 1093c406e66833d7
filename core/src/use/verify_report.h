/* verify_report.h - what the passes of a verification share, and how they report. */
#ifndef BK_VERIFY_REPORT_H
#define BK_VERIFY_REPORT_H

#include "log.h"
#include <bk/verify.h>
#include <pthread.h>

struct verify {
	const struct bk_verify_options *options;
	struct bk_verify_result *result;
	struct bk_log *log;
	pthread_mutex_t mutex; /* over findings and progress */

	bool has_change;
	uint32_t first_version; /* of the first change there is */
	uint64_t *keyframes;    /* offsets of those that are whole, ascending */
	size_t keyframe_count, keyframe_capacity;
};

void bk_verify_finding(struct verify *verify, uint64_t offset, const char *fmt, ...)
	BK_PRINTF(3, 4);
void bk_verify_progress(struct verify *verify, uint64_t done, uint64_t total);

#endif
