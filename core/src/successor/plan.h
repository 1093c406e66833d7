/* plan.h - what of a log its successor is to hold: moments, and from where all is kept.
 *
 * Memory: 24 bytes a version of the log while it is made, 16 bytes a kept moment then. */
#ifndef BK_PLAN_H
#define BK_PLAN_H

#include "log.h"
#include <bk/policy.h>

struct moment {
	uint32_t version;
	int64_t time_us;
};

struct plan {
	struct moment *moments; /* kept without the changes before them, oldest first */
	size_t moment_count;
	struct keyframe *base; /* pinned: all that comes behind its interval is kept as it is */
	uint64_t versions;     /* of the log */
	uint64_t kept;         /* of the successor */
	uint64_t by_class[BK_KEPT_MONTHLY + 1];
	uint64_t gain_bytes; /* of the log, about: what stands for versions that are not kept */
};

/* Plans for POLICY. All that stands before NOT_BEFORE (an offset; 0: nothing) is damaged, or as
 * good as that: of it only moments can be kept. LOG is a reader's, or quiet. Fails with
 * BK_E_MISSING if there is nothing in it, BK_E_DAMAGE where the listing meets damage and NOT_BEFORE
 * is 0 or no keyframe is behind it, BK_E_IO, BK_E_NOMEM. */
BK_MUST_CHECK enum bk_code bk_plan_make(struct plan *plan, struct bk_log *log,
	const struct bk_policy *policy, uint64_t not_before, struct bk_error *err);
void bk_plan_done(struct plan *plan, struct bk_log *log);

#endif
