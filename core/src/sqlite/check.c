/* check.c - whether a database is sound, as SQLite sees it. */
#include "check.h"
#include "file.h"
#include "replay.h"
#include <string.h>

static int check_integrity(sqlite3 *db, char *finding, size_t size)
{
	sqlite3_stmt *statement = NULL;
	int rc = sqlite3_prepare_v2(db, "PRAGMA integrity_check(1)", -1, &statement, NULL);

	*finding = '\0';
	if (rc != SQLITE_OK)
		return rc;
	rc = sqlite3_step(statement);
	if (rc == SQLITE_ROW)
		sqlite3_snprintf(
			(int)size, finding, "%s", (const char *)sqlite3_column_text(statement, 0));
	sqlite3_finalize(statement);
	return rc == SQLITE_ROW || rc == SQLITE_DONE ? SQLITE_OK : rc;
}

static int check_foreign_keys(sqlite3 *db, uint64_t *failures)
{
	sqlite3_stmt *statement = NULL;
	int rc = sqlite3_prepare_v2(db, "PRAGMA foreign_key_check", -1, &statement, NULL);

	*failures = 0;
	if (rc != SQLITE_OK)
		return rc;
	while ((rc = sqlite3_step(statement)) == SQLITE_ROW)
		++*failures;
	sqlite3_finalize(statement);
	return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

enum bk_code bk_check_database(struct pagestore *store, const struct bk_io *io,
	struct check_result *out, struct bk_error *err)
{
	struct check_result result;
	char finding[200];
	struct vfs vfs;
	sqlite3 *db;
	enum bk_code code;
	int rc;

	bk_vfs_init(&vfs, store, io, bk_file_spill_dir(NULL));
	code = bk_vfs_connect(&vfs, &db, err);
	if (code)
		return code;
	rc = sqlite3_exec(
		db, "PRAGMA locking_mode = EXCLUSIVE; PRAGMA cache_size = -8192", NULL, NULL, NULL);
	if (rc == SQLITE_OK)
		rc = check_integrity(db, finding, sizeof finding);
	if (rc == SQLITE_OK)
		rc = check_foreign_keys(db, &result.foreign_key_failures);
	if (rc == SQLITE_OK)
		rc = bk_read_data_version(db, &result.version);
	if (rc != SQLITE_OK)
		code = bk_vfs_fail(&vfs, db, err, "check a database");
	else if (strcmp(finding, "ok") != 0)
		code = bk_fail(err, BK_E_DAMAGE, 0, "the database is not sound: %s", finding);
	else
		*out = result;
	sqlite3_close(db);
	return code;
}
