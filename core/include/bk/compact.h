/* compact.h - building the successor of a log: smaller, and with what a policy keeps.
 *
 * The log is only read; it may be being written by another. What is built stands beside it, under
 * its name and ".successor", until who writes the log takes it (successor.h), or it is removed. */
#ifndef BK_COMPACT_H
#define BK_COMPACT_H

#include <bk/log.h>
#include <bk/policy.h>
#include <bk/progress.h>
#include <bk/seal.h>
#include <stdbool.h>

/* VERSION could not be rebuilt, and goes. */
typedef void bk_compact_lost_fn(void *ctx, uint32_t version, const struct bk_error *why);

/* Zeros mean the defaults. */
struct bk_compact_options {
	struct bk_policy policy;
	const char *program;             /* goes into the log's audit trail */
	const struct bk_seal *seal;      /* of the successor (bk/seal.h); borrowed. NULL: that of
					  * the log, if it is sealed */
	bool despite_damage;             /* else a log with damage is refused */
	bk_compact_lost_fn *lost;        /* with despite_damage; may be NULL */
	bk_progress_fn *progress;        /* of all bytes that are to be read; may be NULL */
	bool (*is_cancelled)(void *ctx); /* asked now and then; may be NULL */
	void *ctx;
};

struct bk_compact_result {
	uint64_t bytes_before, bytes_after; /* after: about, if nothing was built */
	uint64_t versions_before, versions_after;
	uint64_t hourly, daily, monthly; /* of those after, kept for being an hour's, a day's, a
					  * month's newest */
	uint64_t lost;                   /* versions that damage took */
	uint32_t oldest;                 /* kept */
	int64_t oldest_us;
	uint32_t whole_from; /* from this version on all that the policy keeps is kept whole */
	bool is_tightened;   /* more than the policy says had to go, to fit its size */
};

/* What bk_compact would do: nothing is written, and damage is met only where it is read. */
BK_MUST_CHECK enum bk_code bk_compact_plan(struct bk_log *log,
	const struct bk_compact_options *options, struct bk_compact_result *result,
	struct bk_error *err);

/* Builds the successor of LOG, a reader's handle. Fails with BK_E_DAMAGE (the message names the
 * flag), BK_E_MISSING if the log is empty, BK_E_LIMIT if the disk has no room (and says what would
 * be needed), BK_E_BUSY if it was cancelled or another one is being built, BK_E_UNSAFE if the log
 * was succeeded, BK_E_IO, BK_E_NOMEM. */
BK_MUST_CHECK enum bk_code bk_compact(struct bk_log *log, const struct bk_compact_options *options,
	struct bk_compact_result *result, struct bk_error *err);

#endif
