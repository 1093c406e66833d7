/* genlog.h - a log of many versions, from a node's traffic, made-up or recorded, fast: through
 * core's writer, its keyframes built between the changes, synced once at the end. */
#ifndef GENLOG_H
#define GENLOG_H

#include <bk/error.h>
#include <stdint.h>

/* What goes into a log. */
struct genlog_options {
	uint32_t versions;       /* where it ends; with a trace, at most */
	uint64_t seed;           /* of the made-up node */
	const char *trace;       /* recorded calls instead of its; may be NULL */
	uint64_t database_bytes; /* if not 0: the log begins in its middle, with a snapshot of a
				  * database that was filled to about this size */
};

struct genlog_result {
	uint64_t changes, sql_bytes, log_bytes;
	uint32_t head;
	double seconds;
};

/* Makes a log at PATH, which must not exist. Tells its progress on stderr, if that is a terminal.
 */
BK_MUST_CHECK enum bk_code genlog_make(const char *path, const struct genlog_options *options,
	struct genlog_result *result, struct bk_error *err);

#endif
