/* history.h - how rows of a table changed, version by version.
 *
 * What a row is at a version is read by SQLite, and the pages that it reads for that are noted:
 * as long as none of them is written to, the row is the same. A keyframe tells which pages its
 * interval wrote, so most intervals are passed over unseen; the others are replayed. */
#ifndef BK_HISTORY_H
#define BK_HISTORY_H

#include <bk/diff.h>
#include <bk/entry.h>
#include <bk/progress.h>

/* ENTRY is the version at which DIFF came. Both are lent for the call. What it fails with ends the
 * history. */
typedef enum bk_code bk_history_fn(
	void *ctx, const struct bk_entry *entry, const struct bk_diff *diff, struct bk_error *err);

/* Zeros mean the defaults. */
struct bk_history_options {
	const char *const *key;   /* of the rows: the first COUNT columns of the primary key, or the
				   * rowid; an integer, x'0aff', hexadecimal digits (as a text, or as
				   * the blob that they are), or any text */
	size_t key_count;         /* 0: all rows of the table, which takes longer */
	unsigned threads;         /* 0: one for each processor, 8 at most; one without a KEY */
	bk_progress_fn *progress; /* intervals done and in all, now and then, from the caller's
				   * thread; may be NULL */
};

/* Tells TAKE how the rows of TABLE changed, oldest first; those that the log begins with are added
 * by its first version. Where versions are missing, or cannot be replayed, what changed in between
 * is told with the next that is there. Fails with BK_E_MISSING if no version has TABLE,
 * BK_E_INVALID if it has no such key, as bk_image_open does, and as TAKE does. OPTIONS may be NULL.
 */
BK_MUST_CHECK enum bk_code bk_history(struct bk_log *log, const char *table,
	const struct bk_history_options *options, bk_history_fn *take, void *ctx,
	struct bk_error *err);

#endif
