/* policy.h - which versions a compaction keeps: all for a time, then one an hour, a day, a month.
 *
 * Ages count back from the newest version, never from a clock. The age of a version is the sum of
 * the steps from each version to the next up to the newest, of which none counts for less than
 * nothing or for more than two days (BK_POLICY_STEP_US): a clock that jumps, forward or back, makes
 * nothing old. A node that was off for longer is thinned so much later.
 *
 * Of an hour, a day or a month, by UTC, the newest version is kept. */
#ifndef BK_POLICY_H
#define BK_POLICY_H

#include <bk/error.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BK_POLICY_STEP_US (INT64_C(2) * 86400 * 1000000)
#define BK_POLICY_EVER    INT64_MAX

/* Up to which age (microseconds) versions are kept: all, then hourly, daily, monthly; each counts
 * from the newest version, and what is behind all of them goes. All zero: every version is kept. */
struct bk_policy {
	int64_t all_us, hourly_us, daily_us, monthly_us;
	uint64_t
		bytes_max; /* of the log, and while it is compacted of its successor too; 0: none */
};

/* Whether POLICY keeps every version, however old. */
bool bk_policy_keeps_all(const struct bk_policy *policy);

/* Why a version is kept. */
enum bk_kept {
	BK_KEPT_NOT,
	BK_KEPT_ALL,
	BK_KEPT_HOURLY,
	BK_KEPT_DAILY,
	BK_KEPT_MONTHLY,
};

/* One version to decide about. */
struct bk_aged {
	int64_t time_us;
	uint64_t offset; /* its caller's own, as is: */
	uint32_t version;
	enum bk_kept kept;
};

/* Sets `kept` of COUNT versions, which came in this order. The last is always kept. */
void bk_policy_apply(const struct bk_policy *policy, struct bk_aged *versions, size_t count);

/* Reads an age: "30d", "12h", "5y", "6m" (months of 30 days), "2w", "forever", "0". Fails with
 * BK_E_INVALID. */
BK_MUST_CHECK enum bk_code bk_policy_age(const char *text, int64_t *out, struct bk_error *err);

/* Reads a size: "4G", "500M", "123456". Fails with BK_E_INVALID. */
BK_MUST_CHECK enum bk_code bk_policy_bytes(const char *text, uint64_t *out, struct bk_error *err);

/* POLICY as a line for people, as "all 30d, hourly 90d, daily 5y, monthly forever, at most 4G". */
#define BK_POLICY_TEXT 160
void bk_policy_text(const struct bk_policy *policy, char *out);

#endif
