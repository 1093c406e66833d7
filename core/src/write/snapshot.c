/* snapshot.c - full keyframes of the live database, which make a backup whole again. */
#include "fullkeyframe.h"
#include "replay.h"
#include <bk/snapshot.h>
#include <bk/version.h>
#include <stdio.h>

static enum bk_code snapshot_event(
	struct build *build, enum bk_snapshot_reason reason, uint32_t version, struct bk_error *err)
{
	char text[64];

	snprintf(text, sizeof text, "from=%u\nto=%u\n", build->writer->log->state.version, version);
	return bk_build_event(
		build, reason == BK_SNAPSHOT_GAP ? EVENT_GAP : EVENT_REPLAY_FAILED, text, err);
}

static enum bk_code snapshot_of(struct bk_writer *writer, const struct livedb *db, uint32_t version,
	enum bk_snapshot_reason reason, const struct live_copy *copy, struct bk_error *err)
{
	struct build build;
	enum bk_code code = bk_build_begin(&build, writer, true, err);

	if (code)
		return code;
	code = snapshot_event(&build, reason, version, err);
	if (!code)
		code = bk_full_keyframe(&build, db, version, copy, err);
	bk_build_done(&build);
	writer->stream_changes = 0;
	return code ? code : bk_writer_sync(writer, err);
}

static enum bk_code snapshot_open(struct bk_writer *writer, const struct livedb *db,
	enum bk_snapshot_reason reason, const struct live_copy *copy, struct bk_error *err)
{
	uint32_t version;
	int rc = bk_read_data_version(db->sandbox.db, &version);

	if (rc != SQLITE_OK)
		return bk_live_fail(db, rc, copy->path, "read", err);
	if (bk_version_after(writer->log->state.version, version))
		return bk_fail(err, BK_E_UNSAFE, 0,
			"%s is at version %u, older than the backup, which is at %u", copy->path,
			version, writer->log->state.version);
	return snapshot_of(writer, db, version, reason, copy, err);
}

enum bk_code bk_writer_snapshot(struct bk_writer *writer, const char *database_path,
	enum bk_snapshot_reason reason, unsigned busy_ms, bk_progress_fn *progress, void *ctx,
	struct bk_error *err)
{
	struct live_copy copy = {.path = database_path, .progress = progress, .ctx = ctx};
	struct livedb db;
	enum bk_code code = bk_live_open(&db, database_path, busy_ms, err);

	if (code)
		return code;
	code = snapshot_open(writer, &db, reason, &copy, err);
	bk_live_close(&db);
	return code;
}
