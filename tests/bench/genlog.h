/* genlog.h - a log of many versions, from a made-up node's traffic, fast: through core's writer,
 * its keyframes built between the changes, synced once at the end. */
#ifndef GENLOG_H
#define GENLOG_H

#include <bk/error.h>
#include <stdint.h>

struct genlog_result {
	uint64_t changes, sql_bytes, log_bytes;
	uint32_t head;
	double seconds;
};

/* Makes a log of VERSIONS versions at PATH, which must not exist. Tells its progress on stderr, if
 * that is a terminal. */
BK_MUST_CHECK enum bk_code genlog_make(const char *path, uint32_t versions, uint64_t seed,
	struct genlog_result *result, struct bk_error *err);

#endif
