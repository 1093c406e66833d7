/* backupvfs.c - a loadable SQLite extension: a VFS that opens a version of a log as a database.
 *
 *   sqlite3 -cmd '.load backupvfs' -cmd '.open file:/path/file.bkp?vfs=backup&version=N' :memory:
 *
 * `version=N` or `at=TIME`; without either the newest. (The shell opens the database that it is
 * given as an argument before it loads anything, so the log must come through .open.) For those
 * without FUSE: the same image, the same rules, read-only. file:ssh://host/path/file.bkp?vfs=backup
 * is a log on another computer.
 *
 * With it come tables of the log's past (backuptables.c).
 *
 * It stands on core's public headers alone, like the programs. SQLite is reached through the
 * pointers that it hands to an extension, so a sqlite3 that was linked statically works too. */
#include "anylog.h"
#include "backuptables.h"
#include <bk/io.h>
#include <bk/listing.h>
#include <bk/moment.h>
#include <bk/rebuild.h>
#include <bk/text.h>
#include <sqlite3ext.h>
#include <stdlib.h>
#include <string.h>

SQLITE_EXTENSION_INIT1

struct image_file {
	sqlite3_file base;
	struct anylog log;
	struct bk_rebuild *image;
};

/* The VFS that was there before us: it does all that is not about a log. */
static sqlite3_vfs *parent(sqlite3_vfs *vfs)
{
	return vfs->pAppData;
}

static int image_close(sqlite3_file *base)
{
	struct image_file *file = (struct image_file *)base;

	bk_rebuild_free(file->image);
	anylog_close(&file->log);
	return SQLITE_OK;
}

/* What core says may have names out of the log in it. */
static void note(int rc, const struct bk_error *err)
{
	char shown[BK_SHOWN_SIZE(sizeof err->msg)];

	sqlite3_log(rc, "backup: %s", bk_show_controls(shown, sizeof shown, err->msg));
}

static int image_read(sqlite3_file *base, void *dst, int amount, sqlite3_int64 offset)
{
	struct image_file *file = (struct image_file *)base;
	struct bk_error err;
	size_t done;

	if (bk_rebuild_read(file->image, dst, (size_t)amount, (uint64_t)offset, &done, &err)) {
		note(SQLITE_IOERR_READ, &err);
		return SQLITE_IOERR_READ;
	}
	memset((char *)dst + done, 0, (size_t)amount - done);
	return done < (size_t)amount ? SQLITE_IOERR_SHORT_READ : SQLITE_OK;
}

static int image_write(sqlite3_file *base, const void *src, int amount, sqlite3_int64 offset)
{
	(void)base;
	(void)src;
	(void)amount;
	(void)offset;
	return SQLITE_READONLY;
}

static int image_truncate(sqlite3_file *base, sqlite3_int64 size)
{
	(void)base;
	(void)size;
	return SQLITE_READONLY;
}

static int image_sync(sqlite3_file *base, int flags)
{
	(void)base;
	(void)flags;
	return SQLITE_OK;
}

static int image_size(sqlite3_file *base, sqlite3_int64 *size)
{
	const struct bk_entry *entry = bk_rebuild_entry(((struct image_file *)base)->image);

	*size = (sqlite3_int64)entry->page_count * entry->page_size;
	return SQLITE_OK;
}

static int image_lock(sqlite3_file *base, int level)
{
	(void)base;
	(void)level;
	return SQLITE_OK;
}

static int image_reserved(sqlite3_file *base, int *out)
{
	(void)base;
	*out = 0;
	return SQLITE_OK;
}

/* A view or trigger of a log may be a stranger's, and the program that we are loaded into may have
 * functions that reach out of the database, as the shell's edit() does: a schema does not get to
 * call them. */
static void distrust(sqlite3 *db)
{
	sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
}

/* SQLite tells each file which connection it was opened for: one that is open on another database,
 * and has the log attached, is met here alone. */
static int image_control(sqlite3_file *base, int op, void *arg)
{
	(void)base;
	if (op == SQLITE_FCNTL_PDB)
		distrust(*(sqlite3 **)arg);
	return SQLITE_NOTFOUND;
}

static int image_sector(sqlite3_file *base)
{
	(void)base;
	return 4096;
}

static int image_traits(sqlite3_file *base)
{
	(void)base;
	return SQLITE_IOCAP_IMMUTABLE;
}

static const sqlite3_io_methods image_methods = {
	.iVersion = 1,
	.xClose = image_close,
	.xRead = image_read,
	.xWrite = image_write,
	.xTruncate = image_truncate,
	.xSync = image_sync,
	.xFileSize = image_size,
	.xLock = image_lock,
	.xUnlock = image_lock,
	.xCheckReservedLock = image_reserved,
	.xFileControl = image_control,
	.xSectorSize = image_sector,
	.xDeviceCharacteristics = image_traits,
};

/* The version that the URI asks for. */
static enum bk_code choose_version(
	struct bk_log *log, const char *name, uint32_t *version, struct bk_error *err)
{
	const char *number = sqlite3_uri_parameter(name, "version");
	const char *at = sqlite3_uri_parameter(name, "at");
	const struct bk_io *io = bk_io_posix();
	struct bk_log_status status;
	struct bk_entry entry;
	int64_t time_us, now_us;
	char *end;
	enum bk_code code = bk_log_status(log, &status, err);

	if (code)
		return code;
	*version = status.version;
	if (number && at)
		return bk_fail(err, BK_E_INVALID, 0, "version= and at= exclude each other");
	if (number) {
		unsigned long long value = strtoull(number, &end, 10);

		if (*number < '0' || *number > '9' || *end || value > UINT32_MAX)
			return bk_fail(err, BK_E_INVALID, 0, "\"%.40s\" is no version", number);
		*version = (uint32_t)value;
	}
	if (!at)
		return BK_OK;
	now_us = io->ops->now_us(io->ctx);
	code = bk_moment_parse_end(at, now_us, &time_us, err);
	if (!code)
		code = bk_moment_check_past(
			at, time_us, now_us > status.time_us ? now_us : status.time_us, err);
	if (!code)
		code = bk_log_find_time(log, time_us, &entry, err);
	if (!code)
		*version = entry.version;
	return code;
}

static int open_image(struct image_file *file, const char *name)
{
	struct bk_error err;
	uint32_t version;
	enum bk_code code = anylog_open(&file->log, name, &err);

	if (!code)
		code = choose_version(file->log.log, name, &version, &err);
	if (!code)
		code = bk_rebuild_new(&file->image, file->log.log, version, NULL, &err);
	if (!code)
		code = bk_rebuild_load(file->image, &err);
	if (!code)
		return SQLITE_OK;
	note(SQLITE_CANTOPEN, &err);
	bk_rebuild_free(file->image);
	anylog_close(&file->log);
	return code == BK_E_NOMEM ? SQLITE_NOMEM : SQLITE_CANTOPEN;
}

static int vfs_open(
	sqlite3_vfs *vfs, const char *name, sqlite3_file *out, int flags, int *out_flags)
{
	struct image_file *file = (struct image_file *)out;
	int rc;

	if (!(flags & SQLITE_OPEN_MAIN_DB))
		return parent(vfs)->xOpen(parent(vfs), name, out, flags, out_flags);
	*file = (struct image_file){0};
	rc = open_image(file, name);
	if (rc != SQLITE_OK)
		return rc;
	file->base.pMethods = &image_methods;
	if (out_flags)
		*out_flags = (flags & ~(SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE)) |
			     SQLITE_OPEN_READONLY;
	return SQLITE_OK;
}

/* A place on another computer is not below any directory here. */
static int vfs_full_path(sqlite3_vfs *vfs, const char *name, int size, char *out)
{
	if (!bk_remote_is(name))
		return parent(vfs)->xFullPathname(parent(vfs), name, size, out);
	if (strlen(name) >= (size_t)size)
		return SQLITE_CANTOPEN;
	memcpy(out, name, strlen(name) + 1);
	return SQLITE_OK;
}

static int vfs_delete(sqlite3_vfs *vfs, const char *name, int sync_dir)
{
	(void)vfs;
	(void)name;
	(void)sync_dir;
	return SQLITE_IOERR_DELETE;
}

/* A log has no journal beside it, whatever is called so. */
static int vfs_access(sqlite3_vfs *vfs, const char *name, int flags, int *out)
{
	(void)vfs;
	(void)name;
	(void)flags;
	*out = 0;
	return SQLITE_OK;
}

static int register_vfs(void)
{
	static sqlite3_vfs vfs;
	sqlite3_vfs *below = sqlite3_vfs_find(NULL);

	if (sqlite3_vfs_find("backup"))
		return SQLITE_OK;
	vfs = *below;
	vfs.pNext = NULL;
	vfs.zName = "backup";
	vfs.pAppData = below;
	if (vfs.szOsFile < (int)sizeof(struct image_file))
		vfs.szOsFile = (int)sizeof(struct image_file);
	vfs.xOpen = vfs_open;
	vfs.xDelete = vfs_delete;
	vfs.xFullPathname = vfs_full_path;
	vfs.xAccess = vfs_access;
	return sqlite3_vfs_register(&vfs, 0);
}

/* SQLite calls it for each connection that is opened. Those on other databases are not ours. */
static int on_connection(sqlite3 *db, char **message, const sqlite3_api_routines *api)
{
	sqlite3_vfs *vfs = NULL;

	(void)message;
	(void)api;
	sqlite3_file_control(db, "main", SQLITE_FCNTL_VFS_POINTER, &vfs);
	if (!vfs || !vfs->zName || strcmp(vfs->zName, "backup") != 0)
		return SQLITE_OK;
	distrust(db);
	sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	return backuptables_register(db);
}

int sqlite3_backupvfs_init(sqlite3 *db, char **message, const sqlite3_api_routines *api);

int sqlite3_backupvfs_init(sqlite3 *db, char **message, const sqlite3_api_routines *api)
{
	int rc;

	SQLITE_EXTENSION_INIT2(api)
	(void)message;
	rc = register_vfs();
	if (rc == SQLITE_OK)
		rc = sqlite3_auto_extension((void (*)(void))on_connection);
	/* To this one a log can be attached. */
	distrust(db);
	if (rc == SQLITE_OK)
		rc = backuptables_register(db);
	return rc == SQLITE_OK ? SQLITE_OK_LOAD_PERMANENTLY : rc;
}
