/* live.c - the node's own database: its version, and copies of it. */
#include "live.h"
#include "file.h"
#include "replay.h"
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define COPY_STEP_PAGES 1024

/* DB may be NULL. */
static enum bk_code fail(
	sqlite3 *db, int rc, const char *path, const char *doing, struct bk_error *err)
{
	const char *why = db ? sqlite3_errmsg(db) : sqlite3_errstr(rc);

	switch (rc & 0xff) {
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return bk_fail(err, BK_E_BUSY, 0, "cannot %s %s: it stays locked", doing, path);
	case SQLITE_INTERRUPT:
		return bk_fail(err, BK_E_BUSY, 0, "%s is needed by its node now", path);
	case SQLITE_NOMEM:
		return bk_fail(err, BK_E_NOMEM, 0, "no memory to %s %s", doing, path);
	default:
		return bk_fail(err, BK_E_SQL, 0, "cannot %s %s: %s", doing, path, why);
	}
}

enum bk_code bk_live_fail(
	const struct livedb *db, int rc, const char *path, const char *doing, struct bk_error *err)
{
	char buffer[120];
	const char *why = bk_budget_why(&db->budget, buffer, sizeof buffer);

	return why ? bk_fail(err, BK_E_SQL, 0, "cannot %s %s: %s", doing, path, why)
		   : fail(db->sandbox.db, rc, path, doing, err);
}

int bk_live_connect(struct livedb *db, const char *path, int flags)
{
	struct budget_limits limits = {0};
	sqlite3 *opened = NULL;
	struct stat st;
	int rc = sqlite3_open_v2(path, &opened, flags | SQLITE_OPEN_NOMUTEX, NULL), taken;

	if (stat(path, &st) == 0 && st.st_size > 0)
		limits.given = (uint64_t)st.st_size;
	bk_budget_init(&db->budget, &limits);
	db->sandbox = (struct sandbox){.db = NULL};
	if (!opened)
		return rc;
	taken = bk_sandbox_take(&db->sandbox, opened, &db->budget);
	return rc == SQLITE_OK ? taken : rc;
}

void bk_live_close(struct livedb *db)
{
	bk_sandbox_close(&db->sandbox);
}

static int open_with(struct livedb *db, const char *path, int flags, unsigned busy_ms)
{
	int rc = bk_live_connect(db, path, flags);

	if (rc == SQLITE_OK)
		rc = sqlite3_busy_timeout(db->sandbox.db, (int)busy_ms);
	if (rc == SQLITE_OK)
		rc = sqlite3_exec(
			db->sandbox.db, "BEGIN; SELECT 1 FROM sqlite_schema;", NULL, NULL, NULL);
	return rc;
}

enum bk_code bk_live_check_files(const char *path, struct bk_error *err)
{
	static const char *const suffixes[] = {"", "-journal", "-wal", "-shm"};
	char name[PATH_MAX];
	struct stat st;

	for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++) {
		if ((size_t)snprintf(name, sizeof name, "%s%s", path, suffixes[i]) >= sizeof name)
			return bk_fail(err, BK_E_INVALID, ENAMETOOLONG, "%s", path);
		if (stat(name, &st) == 0 && !S_ISREG(st.st_mode))
			return bk_fail(err, BK_E_SQL, 0,
				"cannot read %s: %s is not a file but a %s", path, name,
				S_ISDIR(st.st_mode) ? "directory" : "pipe or a device");
	}
	if (stat(path, &st) == 0)
		return BK_OK;
	if (errno == ENOENT || errno == ENOTDIR)
		return bk_fail(err, BK_E_MISSING, 0, "there is no database %s", path);
	return bk_fail(err, BK_E_IO, errno, "cannot look at the database %s", path);
}

/* A killed node leaves a journal that must be rolled back first, and a WAL database needs its
 * shared memory file: both take write access, which is asked for only then. */
enum bk_code bk_live_open(
	struct livedb *db, const char *path, unsigned busy_ms, struct bk_error *err)
{
	int rc;
	enum bk_code code = bk_live_check_files(path, err);

	if (code)
		return code;
	rc = open_with(db, path, SQLITE_OPEN_READONLY, busy_ms);
	if (rc == SQLITE_READONLY || rc == SQLITE_CANTOPEN) {
		bk_live_close(db);
		rc = open_with(db, path, SQLITE_OPEN_READWRITE, busy_ms);
	}
	if (rc != SQLITE_OK) {
		code = bk_live_fail(db, rc, path, "read", err);
		bk_live_close(db);
	}
	return code;
}

enum bk_code bk_live_version(
	const char *path, unsigned busy_ms, uint32_t *version, struct bk_error *err)
{
	struct livedb db;
	uint32_t found;
	enum bk_code code = bk_live_open(&db, path, busy_ms, err);
	int rc;

	if (code)
		return code;
	rc = bk_read_data_version(db.sandbox.db, &found);
	if (rc != SQLITE_OK)
		code = bk_live_fail(&db, rc, path, "read", err);
	else
		*version = found;
	bk_live_close(&db);
	return code;
}

enum bk_code bk_live_node(const char *path, unsigned busy_ms, char *node, struct bk_error *err)
{
	char found[BK_NODE_TEXT];
	struct livedb db;
	enum bk_code code = bk_live_open(&db, path, busy_ms, err);
	int rc;

	if (code)
		return code;
	rc = bk_read_node_id(db.sandbox.db, found, sizeof found);
	if (rc != SQLITE_OK)
		code = bk_live_fail(&db, rc, path, "read", err);
	else
		memcpy(node, found, sizeof found);
	bk_live_close(&db);
	return code;
}

/* Runs the backup to its end. The transaction on DB keeps others from changing what is read, so it
 * never starts over. */
static int copy_pages(sqlite3 *to, sqlite3 *from, const struct live_copy *copy)
{
	sqlite3_backup *backup = sqlite3_backup_init(to, "main", from, "main");
	int rc;

	if (!backup)
		return sqlite3_errcode(to);
	do {
		if (copy->is_wanted && !copy->is_wanted(copy->ctx)) {
			rc = SQLITE_INTERRUPT;
			break;
		}
		rc = sqlite3_backup_step(backup, COPY_STEP_PAGES);
		if (rc == SQLITE_OK && copy->progress) {
			uint64_t total = (uint64_t)sqlite3_backup_pagecount(backup);

			copy->progress(copy->ctx,
				total - (uint64_t)sqlite3_backup_remaining(backup), total);
		}
	} while (rc == SQLITE_OK);
	sqlite3_backup_finish(backup);
	return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

enum bk_code bk_live_copy_to(const struct livedb *db, struct pagestore *store,
	const struct bk_io *io, const struct live_copy *copy, struct bk_error *err)
{
	struct vfs vfs;
	sqlite3 *to;
	enum bk_code code;
	int rc;

	bk_vfs_init(&vfs, store, io, bk_file_spill_dir(NULL));
	code = bk_vfs_connect(&vfs, &to, err);
	if (code)
		return code;
	rc = sqlite3_exec(to,
		"PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -2048",
		NULL, NULL, NULL);
	if (rc == SQLITE_OK)
		rc = copy_pages(to, db->sandbox.db, copy);
	if (rc != SQLITE_OK && vfs.error.code)
		code = bk_vfs_fail(&vfs, to, err, "copy the database");
	else if (rc != SQLITE_OK)
		code = fail(to, rc, copy->path, "copy", err);
	sqlite3_close(to);
	return code;
}

/* A file of no bytes is a database too, the empty one; the backup API would make a page of it. */
bool bk_live_has_pages(const struct livedb *db)
{
	sqlite3_stmt *statement = NULL;
	bool has = true;

	if (sqlite3_prepare_v2(db->sandbox.db, "PRAGMA page_count", -1, &statement, NULL) ==
			SQLITE_OK &&
		sqlite3_step(statement) == SQLITE_ROW)
		has = sqlite3_column_int64(statement, 0) > 0;
	sqlite3_finalize(statement);
	return has;
}

/* A copy of a WAL database is opened without its shared memory file. */
static enum bk_code set_rollback_mode(struct pagestore *store, struct bk_error *err)
{
	uint8_t page[PAGE_SIZE_MAX];
	enum bk_code code = store->read(store, 1, page, err);

	if (code)
		return code;
	page[18] = page[19] = 1;
	return store->write(store, 1, page, err);
}

enum bk_code bk_live_copy(const struct live_copy *copy, unsigned busy_ms, struct pagestore *store,
	const struct bk_io *io, struct bk_error *err)
{
	struct livedb db;
	enum bk_code code = bk_live_open(&db, copy->path, busy_ms, err);

	if (code)
		return code;
	if (bk_live_has_pages(&db)) {
		code = bk_live_copy_to(&db, store, io, copy, err);
		if (!code)
			code = set_rollback_mode(store, err);
	}
	bk_live_close(&db);
	return code;
}
