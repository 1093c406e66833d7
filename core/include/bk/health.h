/* health.h - what a log tells of how it does, beside bk_log_status: how fast it grows, where
 * versions are missing, and whether its head opens.
 *
 * Keyframes tell all of it: it takes some ten milliseconds, whatever the log's length. What only a
 * look at each byte tells is verify.h's. */
#ifndef BK_HEALTH_H
#define BK_HEALTH_H

#include <bk/error.h>
#include <bk/log.h>
#include <stdbool.h>
#include <stdint.h>

/* Growth is told from the newest so many microseconds, */
#define BK_HEALTH_WEEK_US (INT64_C(7) * 86400 * 1000000)
/* and not from less than so many. */
#define BK_HEALTH_HOUR_US (INT64_C(3600) * 1000000)

enum bk_health_head {
	BK_HEAD_OPENS,   /* the newest keyframe and the changes behind it give the head */
	BK_HEAD_FAILS,   /* they do not, and WHY */
	BK_HEAD_UNKNOWN, /* it could not be told in time, or there is no database yet */
};

/* With more changes behind the newest keyframe than so the head is not tried: a follower that keeps
 * up leaves half as many. */
#define BK_HEALTH_CHANGES 512

struct bk_health {
	uint64_t day_bytes;    /* the log grew by so many a day, snapshots left out; 0: not known */
	uint64_t day_versions; /* likewise */
	int64_t observed_us;   /* told from so long */

	/* Snapshots that made the log whole again (docs/format.md, 11, gap and replay failed). */
	uint64_t gaps;
	uint64_t missing;          /* versions that no change or snapshot led to */
	uint32_t gap_from, gap_to; /* the newest: the log stood at FROM, the snapshot is of TO; the
				    * same where a change could not be replayed */
	int64_t gap_time_us;       /* when it was taken */

	int64_t unkeyframed_us; /* when the first change behind the newest keyframe's interval
				 * came; 0: there is none */

	enum bk_health_head head;
	struct bk_error why;
};

/* Looks at LOG at the time NOW_US. IS_LATE, which may be NULL, is asked now and then whether the
 * answer is still waited for. What damage hides is left out. Fails with BK_E_IO, BK_E_NOMEM,
 * BK_E_LIMIT. */
BK_MUST_CHECK enum bk_code bk_health_look(struct bk_health *out, struct bk_log *log, int64_t now_us,
	bool (*is_late)(void *ctx), void *ctx, struct bk_error *err);

#endif
