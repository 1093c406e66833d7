/* source.h - the log that stands at the path now, and older ones that open files still read.
 *
 * A log is replaced as a whole (by its compacted successor, by a copy put back): operations take
 * the current one with sources_get, and what they hold of it stays readable until source_put.
 *
 * Threads: any; sources_follow from one at a time. */
#ifndef SOURCE_H
#define SOURCE_H

#include "health.h"
#include <bk/log.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct source {
	struct bk_log *log;
	uint32_t generation;   /* how many logs stood at this path before it, since the mount */
	struct health *health; /* that of the path: borrowed */
	atomic_uint refs;
};

struct sources {
	const struct bk_io *io;
	const char *path; /* borrowed */
	pthread_mutex_t mutex;
	struct source *current;
	struct health health; /* of what was met in the current log, and in older ones since */
	char trouble[BK_ERROR_MESSAGE_MAX]; /* why the log cannot be followed just now; or empty */
};

/* Opens the log at PATH. Fails as bk_log_open does. */
BK_MUST_CHECK enum bk_code sources_open(
	struct sources *sources, const struct bk_io *io, const char *path, struct bk_error *err);
void sources_close(struct sources *sources); /* all that was got must have been put */

struct source *sources_get(struct sources *sources);
void source_put(struct source *source); /* takes NULL */

/* Takes in what happened to the log. After a failure, what was there is still there. With
 * BK_LOG_REPLACED the current source is another one. Fails as bk_log_refresh and bk_log_open do. */
BK_MUST_CHECK enum bk_code sources_follow(
	struct sources *sources, enum bk_log_news *news, struct bk_error *err);

/* Copies why the log could not be followed the last time; an empty text if it could. OUT has room
 * for BK_ERROR_MESSAGE_MAX bytes. */
void sources_trouble(struct sources *sources, char *out);

#endif
