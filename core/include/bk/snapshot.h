/* snapshot.h - full keyframes copied from the node's own database: the first of a new log, and
 * those that make a backup whole again. */
#ifndef BK_SNAPSHOT_H
#define BK_SNAPSHOT_H

#include <bk/error.h>
#include <bk/io.h>
#include <bk/progress.h>
#include <bk/seal.h>
#include <bk/writer.h>

/* Why a full keyframe of the live database is taken. */
enum bk_snapshot_reason {
	BK_SNAPSHOT_GAP,           /* the database moved on while nobody watched */
	BK_SNAPSHOT_REPLAY_FAILED, /* a follower could not replay a change */
};

/* Appends a full keyframe of the database at DATABASE_PATH, as SQLite's backup API reads it, and
 * makes it durable. The log's head is then the version found there. BUSY_MS bounds the wait for
 * SQLite's locks. PROGRESS, which is told of pages, may be NULL. Fails with BK_E_BUSY, BK_E_SQL,
 * BK_E_MISSING, BK_E_UNSAFE if the database is older than the head, BK_E_IO, BK_E_NOMEM. */
BK_MUST_CHECK enum bk_code bk_writer_snapshot(struct bk_writer *writer, const char *database_path,
	enum bk_snapshot_reason reason, unsigned busy_ms, bk_progress_fn *progress, void *ctx,
	struct bk_error *err);

/* Makes a new log at PATH, with its first keyframe: of the database at DATABASE_PATH, or empty if
 * that is NULL. The log appears at PATH whole and durable, or not at all. *VERSION is the version
 * it begins with. Fails with BK_E_EXISTS, BK_E_BUSY (also if another makes one there), BK_E_SQL,
 * BK_E_MISSING, BK_E_IO, BK_E_NOMEM. */
BK_MUST_CHECK enum bk_code bk_log_create(const struct bk_io *io, const char *path,
	const char *database_path, unsigned busy_ms, bk_progress_fn *progress, void *ctx,
	uint32_t *version, struct bk_error *err);

/* The same, sealed with SEAL (bk/seal.h), which is borrowed; NULL: in the clear. */
BK_MUST_CHECK enum bk_code bk_log_create_sealed(const struct bk_io *io, const char *path,
	const char *database_path, const struct bk_seal *seal, unsigned busy_ms,
	bk_progress_fn *progress, void *ctx, uint32_t *version, struct bk_error *err);

#endif
