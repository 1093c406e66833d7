/* vfs.c - a SQLite VFS whose only database is a pagestore. */
#include "vfs.h"
#include "tempfile.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct db_file {
	sqlite3_file base;
	struct vfs *vfs;
	uint8_t *page; /* SQLite reads pages whole, but a few times parts of the first */
};

static int db_close(sqlite3_file *base)
{
	free(((struct db_file *)base)->page);
	return SQLITE_OK;
}

/* Reads the part of one page that lies in [OFFSET, OFFSET + SIZE). */
static int read_part(struct db_file *file, uint8_t *dst, uint32_t size, uint64_t offset)
{
	struct pagestore *store = file->vfs->store;
	uint32_t page = (uint32_t)(offset / store->page_size) + 1;
	uint32_t within = (uint32_t)(offset % store->page_size);
	bool is_whole = !within && size == store->page_size;
	struct bk_error err;

	if (store->read(store, page, is_whole ? dst : file->page, &err))
		return bk_tempfile_remember(&file->vfs->error, &err, SQLITE_IOERR_READ);
	if (!is_whole)
		memcpy(dst, file->page + within, size);
	return SQLITE_OK;
}

static int db_read(sqlite3_file *base, void *dst, int amount, sqlite3_int64 start)
{
	struct db_file *file = (struct db_file *)base;
	struct pagestore *store = file->vfs->store;
	uint64_t end = (uint64_t)store->page_count * store->page_size, offset = (uint64_t)start;
	uint8_t *at = dst;
	size_t left = (size_t)amount;

	while (left && offset < end) {
		uint32_t room = store->page_size - (uint32_t)(offset % store->page_size);
		uint32_t part = left < room ? (uint32_t)left : room;
		int rc = read_part(file, at, part, offset);

		if (rc != SQLITE_OK)
			return rc;
		at += part;
		offset += part;
		left -= part;
	}
	memset(at, 0, left);
	return left ? SQLITE_IOERR_SHORT_READ : SQLITE_OK;
}

/* SQLite goes by what page 1 says, the store by its keyframe: a forged log can have them differ. */
static int other_page_size(struct vfs *vfs, int amount)
{
	struct bk_error err;

	bk_fail(&err, BK_E_DAMAGE, 0, "the database is damaged: its pages have %u bytes, not %d",
		vfs->store->page_size, amount);
	return bk_tempfile_remember(&vfs->error, &err, SQLITE_CORRUPT);
}

static int db_write(sqlite3_file *base, const void *src, int amount, sqlite3_int64 offset)
{
	struct vfs *vfs = ((struct db_file *)base)->vfs;
	struct pagestore *store = vfs->store;
	struct bk_error err;

	if (!store->write)
		return SQLITE_READONLY;
	if (!store->page_size)
		store->page_size = (uint32_t)amount;
	if ((uint32_t)amount != store->page_size || offset % amount)
		return other_page_size(vfs, amount);
	if (store->write(store, (uint32_t)(offset / amount) + 1, src, &err))
		return bk_tempfile_remember(&vfs->error, &err, SQLITE_IOERR_WRITE);
	return SQLITE_OK;
}

static int db_truncate(sqlite3_file *base, sqlite3_int64 size)
{
	struct vfs *vfs = ((struct db_file *)base)->vfs;
	struct pagestore *store = vfs->store;
	struct bk_error err;

	if (!store->truncate)
		return SQLITE_READONLY;
	if (!store->page_size)
		return SQLITE_OK;
	if (size % store->page_size || size / store->page_size > UINT32_MAX)
		return SQLITE_CORRUPT;
	if (store->truncate(store, (uint32_t)(size / store->page_size), &err))
		return bk_tempfile_remember(&vfs->error, &err, SQLITE_IOERR_TRUNCATE);
	return SQLITE_OK;
}

static int db_size(sqlite3_file *base, sqlite3_int64 *size)
{
	const struct pagestore *store = ((struct db_file *)base)->vfs->store;

	*size = (sqlite3_int64)store->page_count * store->page_size;
	return SQLITE_OK;
}

/* A page in memory needs no copy. */
static int db_fetch(sqlite3_file *base, sqlite3_int64 offset, int amount, void **out)
{
	struct pagestore *store = ((struct db_file *)base)->vfs->store;
	int64_t page = store->page_size ? offset / store->page_size + 1 : 0;

	*out = NULL;
	if (store->peek && (uint32_t)amount == store->page_size && offset % amount == 0 &&
		page <= store->page_count)
		*out = (void *)(uintptr_t)store->peek(store, (uint32_t)page);
	return SQLITE_OK;
}

static int db_unfetch(sqlite3_file *file, sqlite3_int64 offset, void *page)
{
	(void)file;
	(void)offset;
	(void)page;
	return SQLITE_OK;
}

static const sqlite3_io_methods db_methods = {
	.iVersion = 3, /* without shared memory: no WAL */
	.xClose = db_close,
	.xRead = db_read,
	.xWrite = db_write,
	.xTruncate = db_truncate,
	.xSync = bk_tempfile_nothing,
	.xFileSize = db_size,
	.xLock = bk_tempfile_nothing,
	.xUnlock = bk_tempfile_nothing,
	.xCheckReservedLock = bk_tempfile_no_reserved_lock,
	.xFileControl = bk_tempfile_no_control,
	.xSectorSize = bk_tempfile_sector_size,
	.xDeviceCharacteristics = bk_tempfile_characteristics,
	.xFetch = db_fetch,
	.xUnfetch = db_unfetch,
};

static struct vfs *vfs_of(sqlite3_vfs *base)
{
	return (struct vfs *)base->pAppData;
}

static int vfs_open(
	sqlite3_vfs *base, const char *name, sqlite3_file *out, int flags, int *out_flags)
{
	struct vfs *vfs = vfs_of(base);

	if (flags & SQLITE_OPEN_MAIN_DB) {
		struct db_file *file = (struct db_file *)out;

		*file = (struct db_file){.vfs = vfs, .page = malloc(PAGE_SIZE_MAX)};
		if (!file->page)
			return SQLITE_NOMEM;
		file->base.pMethods = &db_methods;
	} else if (!name || (flags & SQLITE_OPEN_DELETEONCLOSE)) {
		struct temp_file *temp = (struct temp_file *)out;

		*temp = (struct temp_file){.base.pMethods = &bk_tempfile_methods,
			.io = vfs->io,
			.spill_dir = vfs->spill_dir,
			.budget = vfs->budget,
			.error = &vfs->error};
	} else {
		out->pMethods = NULL;
		return SQLITE_CANTOPEN;
	}
	if (out_flags)
		*out_flags = flags;
	return SQLITE_OK;
}

static int vfs_delete(sqlite3_vfs *base, const char *name, int sync_dir)
{
	(void)base;
	(void)name;
	(void)sync_dir;
	return SQLITE_OK;
}

static int vfs_access(sqlite3_vfs *base, const char *name, int flags, int *out)
{
	(void)base;
	(void)name;
	(void)flags;
	*out = 0;
	return SQLITE_OK;
}

static int vfs_full_pathname(sqlite3_vfs *base, const char *name, int size, char *out)
{
	(void)base;
	return snprintf(out, (size_t)size, "%s", name) < size ? SQLITE_OK : SQLITE_CANTOPEN;
}

static int vfs_randomness(sqlite3_vfs *base, int size, char *out)
{
	(void)base;
	memset(out, 0x5a, (size_t)size);
	return size;
}

static int vfs_sleep(sqlite3_vfs *base, int microseconds)
{
	(void)base;
	return microseconds;
}

/* Milliseconds since noon of 24 November 4714 BC, as SQLite counts. */
static int vfs_time_ms(sqlite3_vfs *base, sqlite3_int64 *out)
{
	const sqlite3_int64 unix_epoch_ms = 210866760000000;

	vfs_of(base)->clock_was_read = true;
	*out = unix_epoch_ms + vfs_of(base)->now_us / 1000;
	return SQLITE_OK;
}

static int vfs_last_error(sqlite3_vfs *base, int size, char *out)
{
	(void)base;
	if (size > 0)
		*out = '\0';
	return 0;
}

void bk_vfs_init(
	struct vfs *vfs, struct pagestore *store, const struct bk_io *io, const char *spill_dir)
{
	size_t largest = sizeof(struct db_file) > sizeof(struct temp_file)
				 ? sizeof(struct db_file)
				 : sizeof(struct temp_file);

	*vfs = (struct vfs){
		.base = {.iVersion = 2,
			.szOsFile = (int)largest,
			.mxPathname = 512,
			.xOpen = vfs_open,
			.xDelete = vfs_delete,
			.xAccess = vfs_access,
			.xFullPathname = vfs_full_pathname,
			.xRandomness = vfs_randomness,
			.xSleep = vfs_sleep,
			.xGetLastError = vfs_last_error,
			.xCurrentTimeInt64 = vfs_time_ms},
		.store = store,
		.io = io,
		.spill_dir = spill_dir,
	};
	vfs->base.pAppData = vfs;
	snprintf(vfs->name, sizeof vfs->name, "bk-%p", (void *)vfs);
	vfs->base.zName = vfs->name;
}

enum bk_code bk_vfs_fail(
	const struct vfs *vfs, sqlite3 *db, struct bk_error *err, const char *doing)
{
	if (vfs->error.code)
		return bk_fail_as(err, &vfs->error);
	if (sqlite3_errcode(db) == SQLITE_NOMEM)
		return bk_fail(err, BK_E_NOMEM, 0, "no memory to %s", doing);
	return bk_fail(err, BK_E_SQL, 0, "cannot %s: %s", doing, sqlite3_errmsg(db));
}

enum bk_code bk_vfs_connect(struct vfs *vfs, sqlite3 **db, struct bk_error *err)
{
	const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX |
			  SQLITE_OPEN_PRIVATECACHE;
	enum bk_code code = BK_OK;
	int rc;

	/* The name is known to SQLite only while this connection opens: it keeps the pointer. */
	if (sqlite3_vfs_register(&vfs->base, 0) != SQLITE_OK)
		return bk_fail(err, BK_E_NOMEM, 0, "no memory to open an image");
	rc = sqlite3_open_v2("image", db, flags, vfs->name);
	sqlite3_vfs_unregister(&vfs->base);
	if (rc != SQLITE_OK) {
		code = *db ? bk_vfs_fail(vfs, *db, err, "open an image")
			   : bk_fail(err, BK_E_NOMEM, 0, "no memory to open an image");
		sqlite3_close(*db);
		*db = NULL;
	}
	return code;
}
