/* restore.h - writing the database of one version out as a file.
 *
 * A node that starts from a stale database can lose its channels' funds (docs/decisions.md,
 * "Lightning's own danger"): what is restored under the name that lightningd opens is the log's
 * head, and not while the node runs. Under another name anything may be restored, at any time. */
#ifndef BK_RESTORE_H
#define BK_RESTORE_H

#include <bk/image.h>
#include <bk/note.h>
#include <bk/path.h>
#include <bk/progress.h>
#include <bk/stamp.h>
#include <stdbool.h>

/* Zeros mean the defaults: the head. */
struct bk_restore_options {
	bool has_version;
	uint32_t version;
	bool is_node_name;        /* DEST is what lightningd opens, though its name is another */
	bool stale_allowed;       /* an older version under the name that lightningd opens */
	bk_progress_fn *progress; /* bytes done and in all, from any thread, one at a time; NULL:
				   * none */
	bk_note_fn *note;         /* what SQLite says of the database; may be NULL */
	void *ctx;
	const char *spill_dir;
	const struct bk_io *log_io; /* how the log is reached by its name once more, to see whether
				     * a plugin holds it; NULL: as it was opened */
};

struct bk_restore_result {
	char *path; /* of the file, the caller frees it */
	uint32_t version, head;
	int64_t time_us;
	uint64_t bytes;
	char node[BK_NODE_TEXT]; /* whose database it is; "": it does not say */
	uint64_t notes;
	uint64_t foreign_key_failures; /* rows that refer to nothing: one of the notes */
	bool node_runs;                /* DEST is another name: it is a copy to look at */
	bool is_past_damage;           /* damaged keyframes had to be passed over */
};

/* Writes the image of a version to DEST, a file that does not exist yet, or BK_DATABASE_NAME in the
 * directory DEST. It is written beside, checked, synced, then renamed. It must be the version that
 * was asked for (bk/verdict.h); what else SQLite says of it (integrity_check, foreign_key_check) is
 * told as notes, since the node's own database is so. Fails with BK_E_EXISTS, BK_E_UNSAFE,
 * BK_E_INVALID, BK_E_MISSING (also for an empty log, and a version without a database yet),
 * BK_E_DAMAGE, BK_E_SQL, BK_E_IO, BK_E_NOMEM. A database that is not that version is left beside
 * DEST, and the message says where. */
BK_MUST_CHECK enum bk_code bk_restore(struct bk_log *log, const char *dest,
	const struct bk_restore_options *options, struct bk_restore_result *result,
	struct bk_error *err);

#endif
