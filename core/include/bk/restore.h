/* restore.h - writing the database of one version out as a file.
 *
 * A node that starts from a stale database can lose its channels' funds (docs/decisions.md,
 * "Lightning's own danger"): what is restored under the name that lightningd opens is the log's
 * head, and nothing is restored beside a node that runs. */
#ifndef BK_RESTORE_H
#define BK_RESTORE_H

#include <bk/image.h>
#include <bk/progress.h>
#include <stdbool.h>

#define BK_DATABASE_NAME "lightningd.sqlite3"

/* Zeros mean the defaults: the head. */
struct bk_restore_options {
	bool has_version;
	uint32_t version;
	bool stale_allowed;       /* an older version under the name that lightningd opens */
	bk_progress_fn *progress; /* bytes done and in all; may be NULL */
	void *ctx;
	const char *spill_dir;
};

struct bk_restore_result {
	char *path; /* of the file, the caller frees it */
	uint32_t version, head;
	int64_t time_us;
	uint64_t bytes;
	uint64_t foreign_key_failures; /* rows that refer to nothing: worth a warning */
	bool is_past_damage;           /* damaged keyframes had to be passed over */
};

/* Writes the image of a version to DEST, a file that does not exist yet, or BK_DATABASE_NAME in the
 * directory DEST. It is written beside, checked (integrity_check, foreign_key_check,
 * vars.data_version), synced, then renamed. Fails with BK_E_EXISTS, BK_E_UNSAFE, BK_E_INVALID,
 * BK_E_MISSING (also for an empty log, and a version without a database yet), BK_E_DAMAGE,
 * BK_E_SQL, BK_E_IO, BK_E_NOMEM. A database that fails its check is left beside DEST, and the
 * message says where. */
BK_MUST_CHECK enum bk_code bk_restore(struct bk_log *log, const char *dest,
	const struct bk_restore_options *options, struct bk_restore_result *result,
	struct bk_error *err);

#endif
