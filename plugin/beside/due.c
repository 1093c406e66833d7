/* due.c - when it is looked into whether a log is to be compacted. */
#include "due.h"

/* What a compaction would do is looked into again when the log has grown by this part, or so many
 * bytes, and so much time has passed. */
#define GROWN_PART  16
#define GROWN_BYTES ((uint64_t)64 << 10)
#define AGAIN_MS    3000

/* After a failure it is tried again so late, and each time twice as late. */
#define RETRY_MS     (INT64_C(300) * 1000)
#define RETRY_MS_MAX (INT64_C(86400) * 1000)

void due_init(struct due *due, int64_t now_ms)
{
	*due = (struct due){.look_at = now_ms + AGAIN_MS, .retry_ms = RETRY_MS};
}

/* Ages count from the newest version: a log that does not grow does not age. */
bool due_is(const struct due *due, const struct bk_policy *policy, uint64_t bytes, int64_t now_ms)
{
	uint64_t grown = due->looked_bytes / GROWN_PART;

	if (now_ms < due->look_at || (bk_policy_keeps_all(policy) && !policy->bytes_max))
		return false;
	return bytes >= due->looked_bytes + (grown > GROWN_BYTES ? grown : GROWN_BYTES);
}

void due_looked(struct due *due, uint64_t bytes, int64_t now_ms)
{
	due->looked_bytes = bytes;
	due->look_at = now_ms + AGAIN_MS;
}

void due_done(struct due *due, uint64_t bytes)
{
	due->looked_bytes = bytes;
	due->retry_ms = RETRY_MS;
}

int64_t due_failed(struct due *due, int64_t now_ms)
{
	int64_t wait_ms = due->retry_ms;

	due->look_at = now_ms + wait_ms;
	due->retry_ms = wait_ms * 2 < RETRY_MS_MAX ? wait_ms * 2 : RETRY_MS_MAX;
	return wait_ms;
}
