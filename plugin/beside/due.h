/* due.h - when it is looked into whether a log is to be compacted. Times are milliseconds of one
 * clock that does not step. */
#ifndef DUE_H
#define DUE_H

#include <bk/policy.h>

struct due {
	uint64_t looked_bytes; /* of the log when it was looked at last */
	int64_t look_at;       /* not before */
	int64_t retry_ms;      /* how long after the next failure */
};

void due_init(struct due *due, int64_t now_ms);

/* Whether the log, of BYTES, may exceed POLICY. */
bool due_is(const struct due *due, const struct bk_policy *policy, uint64_t bytes, int64_t now_ms);

/* It is looked at now, and has BYTES; it was compacted to BYTES. */
void due_looked(struct due *due, uint64_t bytes, int64_t now_ms);
void due_done(struct due *due, uint64_t bytes);

/* It failed. Returns after how long it is tried again. */
int64_t due_failed(struct due *due, int64_t now_ms);

#endif
