/* verify.h - the parts of a verification. */
#ifndef BK_VERIFY_IMPL_H
#define BK_VERIFY_IMPL_H

#include "image.h"
#include <bk/verify.h>

struct verify {
	const struct bk_verify_options *options;
	struct bk_verify_result *result;
	struct bk_log *log;
	pthread_mutex_t mutex; /* over findings and progress */

	bool has_change;
	uint32_t first_version; /* of the first change there is */
	uint64_t *keyframes; /* offsets of those that are whole, ascending */
	size_t keyframe_count, keyframe_capacity;
};

void verify_finding(struct verify *verify, uint64_t offset, const char *fmt, ...) BK_PRINTF(3, 4);
void verify_progress(struct verify *verify, uint64_t done, uint64_t total);

/* Walks all frames. Fills result's counts and verify->keyframes. */
BK_MUST_CHECK enum bk_code verify_frames(struct verify *verify, struct bk_error *err);

/* Rebuilds each keyframe from the one before, and checks it with SQLite. */
BK_MUST_CHECK enum bk_code verify_deep(struct verify *verify, struct bk_error *err);

/* Tells which versions cannot be rebuilt. */
BK_MUST_CHECK enum bk_code verify_lost(struct verify *verify, struct bk_error *err);

/* Compares all tables of two databases row by row. Returns a SQLite result code; the fields of
 * RESULT but its versions are added to. */
int compare_databases(sqlite3 *a, sqlite3 *b, struct bk_against_result *result);

#endif
