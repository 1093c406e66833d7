/* look.c - the node's own database, looked at again and again. */
#include "live.h"
#include "vars.h"
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* In the header of a database file, all big-endian (SQLite's document of its file format, 1.3). */
#define AT_WRITE_MODE 18 /* 2 in WAL mode */
#define AT_COUNTER    24
#define HEADER_PART   28

struct bk_live {
	char *path;
	struct livedb db;
	dev_t device;
	ino_t inode; /* of the file that it is connected to */
};

struct bk_live *bk_live_new(const char *path)
{
	struct bk_live *live = calloc(1, sizeof *live);

	if (!live)
		return NULL;
	live->path = strdup(path);
	if (!live->path) {
		free(live);
		return NULL;
	}
	return live;
}

static void disconnect(struct bk_live *live)
{
	bk_live_close(&live->db);
}

void bk_live_free(struct bk_live *live)
{
	if (!live)
		return;
	disconnect(live);
	free(live->path);
	free(live);
}

/* Connects to the file at the path, of which ST tells, unless that is done. */
static enum bk_code connect(struct bk_live *live, const struct stat *st, struct bk_error *err)
{
	enum bk_code code;
	int rc;

	if (live->db.sandbox.db && live->device == st->st_dev && live->inode == st->st_ino)
		return BK_OK;
	disconnect(live);
	code = bk_live_check_files(live->path, err);
	if (code)
		return code;
	rc = bk_live_connect(&live->db, live->path, SQLITE_OPEN_READONLY);
	/* Nothing is opened before it is used: here, without a lock. */
	if (rc == SQLITE_OK)
		rc = sqlite3_exec(live->db.sandbox.db, "PRAGMA mmap_size = 0", NULL, NULL, NULL);
	if (rc != SQLITE_OK) {
		code = bk_live_fail(&live->db, rc, live->path, "read", err);
		disconnect(live);
		return code;
	}
	live->device = st->st_dev;
	live->inode = st->st_ino;
	return BK_OK;
}

static int64_t nanoseconds(struct timespec time)
{
	return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

static uint32_t load_big_endian(const uint8_t *at)
{
	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

/* The stamp of the file that LIVE is connected to, of which ST tells. False in WAL mode, or where
 * it cannot be read. */
static bool read_stamp(struct bk_live *live, const struct stat *st, struct bk_stamp *stamp)
{
	uint8_t header[HEADER_PART] = {0};
	sqlite3_file *file = NULL;
	int rc =
		sqlite3_file_control(live->db.sandbox.db, "main", SQLITE_FCNTL_FILE_POINTER, &file);

	if (rc != SQLITE_OK || !file || !file->pMethods)
		return false;
	/* An empty file has no header yet: the counter is 0. */
	rc = file->pMethods->xRead(file, header, sizeof header, 0);
	if ((rc != SQLITE_OK && rc != SQLITE_IOERR_SHORT_READ) || header[AT_WRITE_MODE] > 1)
		return false;
	*stamp = (struct bk_stamp){.counter = load_big_endian(header + AT_COUNTER),
		.inode = st->st_ino,
		.mtime_ns = nanoseconds(st->st_mtim),
		.ctime_ns = nanoseconds(st->st_ctim),
		.size = (uint64_t)st->st_size};
	return true;
}

/* Within a transaction, what is read is one state. */
static int read_look(struct bk_live *live, const struct stat *before, struct bk_look *look)
{
	sqlite3 *db = live->db.sandbox.db;
	struct stat st;
	int rc;

	bk_budget_renew(&live->db.budget);
	rc = sqlite3_exec(db, "BEGIN; SELECT 1 FROM sqlite_schema", NULL, NULL, NULL);
	if (rc == SQLITE_OK)
		rc = bk_read_data_version(db, &look->version);
	if (rc == SQLITE_OK)
		rc = bk_read_node_id(db, look->node, sizeof look->node);
	look->has_stamp = rc == SQLITE_OK && stat(live->path, &st) == 0 &&
			  st.st_dev == before->st_dev && st.st_ino == before->st_ino &&
			  read_stamp(live, &st, &look->stamp);
	if (!sqlite3_get_autocommit(db))
		sqlite3_exec(db, "COMMIT", NULL, NULL, NULL);
	return rc;
}

enum bk_code bk_live_look(
	struct bk_live *live, unsigned busy_ms, struct bk_look *look, struct bk_error *err)
{
	struct bk_look found = {0};
	struct stat st;
	enum bk_code code;
	int rc;

	if (stat(live->path, &st) != 0)
		return bk_fail(err, BK_E_MISSING, 0, "there is no database %s", live->path);
	code = connect(live, &st, err);
	if (code)
		return code;
	sqlite3_busy_timeout(live->db.sandbox.db, (int)busy_ms);
	rc = read_look(live, &st, &found);
	/* A killed node left a journal: to roll it back is for the node, not for who looks. */
	if ((rc & 0xff) == SQLITE_READONLY)
		code = bk_fail(
			err, BK_E_BUSY, 0, "%s has a transaction to be rolled back", live->path);
	else if (rc != SQLITE_OK)
		code = bk_live_fail(&live->db, rc, live->path, "read", err);
	if (code || !found.has_stamp)
		disconnect(live);
	if (!code)
		*look = found;
	return code;
}

bool bk_live_glance(struct bk_live *live, struct bk_stamp *stamp)
{
	struct bk_error ignored;
	struct stat st;

	return stat(live->path, &st) == 0 && !connect(live, &st, &ignored) &&
	       read_stamp(live, &st, stamp);
}
