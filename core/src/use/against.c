/* against.c - comparing a database with the image of the same version. */
#include "compare.h"
#include "image.h"
#include "live.h"
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

/* Compares DB, of the version in FOUND, with the image that OPTIONS lead to. */
static enum bk_code try_against(struct bk_log *log, sqlite3 *db,
	const struct bk_image_options *options, struct bk_against_result *found,
	struct bk_error *err)
{
	struct bk_against_result tried = {.version = found->version, .head = found->head};
	struct bk_image *image;
	enum bk_code code = bk_image_open(&image, log, found->version, options, err);

	if (code)
		return code;
	code = compare_image(image, db, &tried, err);
	bk_image_close(image);
	if (!code)
		*found = tried;
	return code;
}

/* Damage in keyframes is passed over, as restore does. What was met first is what is told if
 * nothing helps. */
static enum bk_code against_past_damage(
	struct bk_log *log, sqlite3 *db, struct bk_against_result *found, struct bk_error *err)
{
	struct bk_image_options options = {.past_damage = true};
	struct bk_error first = {0};
	struct bk_log_status status;
	enum bk_code code = bk_log_status(log, &status, err);

	if (code)
		return code;
	found->head = status.version;
	do {
		code = try_against(log, db, &options, found, err);
		if (!first.code)
			first = *err;
	} while (code == BK_E_DAMAGE && bk_image_try_older(&options.older, status.keyframes));
	return code == BK_E_DAMAGE ? bk_fail_as(err, &first) : code;
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
