/* source.h - the log that stands at the path now, and older ones that open files still read.
 *
 * A log is replaced as a whole (by its compacted successor, by a copy put back): operations take
 * the current one with sources_get, and what they hold of it stays readable until source_put.
 *
 * Threads: any. */
#ifndef SOURCE_H
#define SOURCE_H

#include "health.h"
#include <bk/image.h>
#include <bk/log.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct source {
	struct bk_log *log;
	uint32_t generation;   /* how many logs stood at this path before it, since the mount */
	struct health *health; /* that of the path: borrowed */
	struct sources *sources;
	atomic_uint refs;
};

struct sources {
	const struct bk_io *io;
	const char *path;                /* borrowed */
	bool (*is_cancelled)(void *ctx); /* whom a thread works for has gone; set before any work,
					  * may be NULL; CTX is NULL */
	pthread_mutex_t mutex;
	struct source *current;
	struct health health; /* of what was met in the current log, and in older ones since */
	char trouble[BK_ERROR_MESSAGE_MAX]; /* why the log cannot be followed just now; or empty */

	pthread_mutex_t following; /* taken before mutex; over: */
	enum bk_log_news news;     /* not yet given to sources_follow's caller */
	bool is_lost; /* what stands at the path could not be opened in the current one's place */
	atomic_uint looks;   /* begun so far */
	atomic_uint changes; /* looks that found something new */
	int64_t rest_until; /* microseconds of a clock that does not step: no sources_look before */
};

/* Opens the log at PATH. Fails as bk_log_open does. */
BK_MUST_CHECK enum bk_code sources_open(
	struct sources *sources, const struct bk_io *io, const char *path, struct bk_error *err);
void sources_close(struct sources *sources); /* all that was got must have been put */

struct source *sources_get(struct sources *sources);
void source_put(struct source *source); /* takes NULL */

/* Takes in what happened to the log, and tells what did since it was called last: for the one that
 * tells the kernel. After a failure, what was there is still there. With BK_LOG_REPLACED the
 * current source is another one. Fails as bk_log_refresh and bk_log_open do. */
BK_MUST_CHECK enum bk_code sources_follow(
	struct sources *sources, enum bk_log_news *news, struct bk_error *err);

/* Looks at the log, for somebody who did not find what he asked for, unless somebody else begins to
 * just then, or a look took long shortly before. If sources->changes is then another number, there
 * may be more to find. */
void sources_look(struct sources *sources);

/* How its images are opened: until whoever wants them has gone. */
struct bk_image_options source_options(const struct source *source);

/* Whether SOURCE is what stands at the path, and all that was taken in of it is there yet: only
 * then what it cannot give is damage. */
bool source_stands(struct source *source);

/* The errno for ERR, which work of KIND met at versions FROM to TO of SOURCE: health_errno's, but
 * for damage to a log that is no longer there, which passes. */
int source_errno(struct source *source, enum trouble_kind kind, uint32_t from, uint32_t to,
	const struct bk_error *err);

/* Copies why the log could not be followed the last time; an empty text if it could. OUT has room
 * for BK_ERROR_MESSAGE_MAX bytes. */
void sources_trouble(struct sources *sources, char *out);

#endif
