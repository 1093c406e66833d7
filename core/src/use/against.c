/* against.c - comparing a database with the image of the same version. */
#include "compare.h"
#include "image.h"
#include "live.h"
#include <bk/rebuild.h>
#include <bk/verify.h>
#include <string.h>

/* Compares DB with IMAGE. */
static enum bk_code compare_image(
	struct bk_image *image, sqlite3 *db, struct bk_against_result *result, struct bk_error *err)
{
	struct comparison comparison = {0};
	struct vfs vfs;
	sqlite3 *ours;
	enum bk_code code;
	int rc;

	bk_vfs_init(&vfs, &image->overlay.store, image->overlay.io, image->overlay.spill_dir);
	code = bk_vfs_connect(&vfs, &ours, err);
	if (code)
		return code;
	rc = sqlite3_exec(
		ours, "PRAGMA query_only = ON; PRAGMA locking_mode = EXCLUSIVE", NULL, NULL, NULL);
	if (rc == SQLITE_OK)
		rc = bk_compare_databases(ours, db, &comparison);
	if (rc != SQLITE_OK && (vfs.error.code || sqlite3_errcode(db) == SQLITE_OK))
		code = bk_vfs_fail(&vfs, ours, err, "compare the databases");
	else if (rc != SQLITE_OK)
		code = bk_fail(
			err, BK_E_SQL, 0, "cannot compare the databases: %s", sqlite3_errmsg(db));
	result->tables = comparison.tables;
	result->rows = comparison.rows;
	result->differences = comparison.differences;
	memcpy(result->first, comparison.first, sizeof result->first);
	sqlite3_close(ours);
	return code;
}

/* A comparison that is tried, perhaps several times, since damage is passed over. */
struct attempt {
	sqlite3 *db;
	struct bk_against_result *found;
};

static enum bk_code try_against(void *ctx, struct bk_image *image, struct bk_error *err)
{
	const struct attempt *attempt = ctx;
	struct bk_against_result tried = *attempt->found;
	enum bk_code code = compare_image(image, attempt->db, &tried, err);

	if (!code)
		*attempt->found = tried;
	return code;
}

/* Compares DB with the image of the version in FOUND. */
static enum bk_code against_past_damage(
	struct bk_log *log, sqlite3 *db, struct bk_against_result *found, struct bk_error *err)
{
	struct attempt attempt = {db, found};
	struct bk_log_status status;
	enum bk_code code = bk_log_status(log, &status, err);

	if (code)
		return code;
	found->head = status.version;
	return bk_rebuild_do(log, found->version, NULL, try_against, &attempt, err);
}

/* Compares the database in COPY. */
static enum bk_code compare_copy(struct bk_log *log, struct overlay *copy, const char *path,
	struct bk_against_result *found, struct bk_error *err)
{
	struct vfs vfs;
	sqlite3 *db;
	enum bk_code code;

	bk_vfs_init(&vfs, &copy->store, copy->io, copy->spill_dir);
	code = bk_vfs_connect(&vfs, &db, err);
	if (code)
		return code;
	if (bk_read_data_version(db, &found->version) != SQLITE_OK)
		code = bk_fail(err, BK_E_SQL, 0, "cannot read %s: %s", path, sqlite3_errmsg(db));
	else
		code = against_past_damage(log, db, found, err);
	sqlite3_close(db);
	return code;
}

/* The database is copied first: copying it takes a fraction of the time that comparing it takes,
 * and lightningd's commits wait for its lock. */
enum bk_code bk_verify_against(struct bk_log *log, const char *database_path, unsigned busy_ms,
	struct bk_against_result *result, struct bk_error *err)
{
	const struct bk_io *io = log->lf.file.io;
	struct bk_against_result found = {0};
	enum bk_log_news news;
	struct overlay copy;
	enum bk_code code;

	bk_overlay_init(&copy, io, bk_file_spill_dir(NULL), IMAGE_MEMORY_MAX_DEFAULT);
	code = bk_live_copy(database_path, busy_ms, &copy.store, io, err);
	/* What was committed stood in the log before; perhaps since it was opened. */
	if (!code)
		code = bk_log_refresh(log, &news, err);
	if (!code)
		code = compare_copy(log, &copy, database_path, &found, err);
	bk_overlay_done(&copy);
	if (!code)
		*result = found;
	return code;
}
