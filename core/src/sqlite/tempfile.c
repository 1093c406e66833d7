/* tempfile.c - SQLite's temporary files behind the seam. */
#include "tempfile.h"
#include "budget.h"
#include <string.h>

int bk_tempfile_remember(struct bk_error *first, const struct bk_error *err, int sqlite_code)
{
	if (!first->code)
		*first = *err;
	return err->code == BK_E_NOMEM ? SQLITE_IOERR_NOMEM : sqlite_code;
}

/* Neither a sync nor a lock means anything here. */
int bk_tempfile_nothing(sqlite3_file *file, int flags)
{
	(void)file;
	(void)flags;
	return SQLITE_OK;
}

int bk_tempfile_no_reserved_lock(sqlite3_file *file, int *out)
{
	(void)file;
	*out = 0;
	return SQLITE_OK;
}

int bk_tempfile_no_control(sqlite3_file *file, int op, void *arg)
{
	(void)file;
	(void)op;
	(void)arg;
	return SQLITE_NOTFOUND;
}

/* Less than a page: writing one page must not make its neighbours dirty. */
int bk_tempfile_sector_size(sqlite3_file *file)
{
	(void)file;
	return 512;
}

int bk_tempfile_characteristics(sqlite3_file *file)
{
	(void)file;
	return SQLITE_IOCAP_POWERSAFE_OVERWRITE | SQLITE_IOCAP_UNDELETABLE_WHEN_OPEN;
}

static int temp_close(sqlite3_file *base)
{
	bk_spill_close(((struct temp_file *)base)->spill);
	return SQLITE_OK;
}

static int temp_read(sqlite3_file *base, void *dst, int amount, sqlite3_int64 offset)
{
	struct temp_file *temp = (struct temp_file *)base;
	struct bk_error err;
	size_t done = 0;

	if (temp->spill &&
		bk_spill_read(temp->spill, dst, (size_t)amount, (uint64_t)offset, &done, &err))
		return bk_tempfile_remember(temp->error, &err, SQLITE_IOERR_READ);
	memset((uint8_t *)dst + done, 0, (size_t)amount - done);
	return done < (size_t)amount ? SQLITE_IOERR_SHORT_READ : SQLITE_OK;
}

static int temp_write(sqlite3_file *base, const void *src, int amount, sqlite3_int64 offset)
{
	struct temp_file *temp = (struct temp_file *)base;
	uint64_t end = (uint64_t)offset + (uint64_t)amount;
	struct bk_error err;

	if (temp->budget && end > temp->size && !bk_budget_spill(temp->budget, end - temp->size))
		return SQLITE_FULL;
	if (!temp->spill && bk_spill_open(&temp->spill, temp->io, temp->spill_dir, &err))
		return bk_tempfile_remember(temp->error, &err, SQLITE_CANTOPEN);
	if (bk_spill_write(temp->spill, src, (size_t)amount, (uint64_t)offset, &err))
		return bk_tempfile_remember(temp->error, &err, SQLITE_IOERR_WRITE);
	if (end > temp->size)
		temp->size = end;
	return SQLITE_OK;
}

static int temp_truncate(sqlite3_file *base, sqlite3_int64 size)
{
	struct temp_file *temp = (struct temp_file *)base;
	struct bk_error err;

	if (temp->spill && bk_spill_truncate(temp->spill, (uint64_t)size, &err))
		return bk_tempfile_remember(temp->error, &err, SQLITE_IOERR_TRUNCATE);
	temp->size = (uint64_t)size;
	return SQLITE_OK;
}

static int temp_size(sqlite3_file *base, sqlite3_int64 *size)
{
	*size = (sqlite3_int64)((struct temp_file *)base)->size;
	return SQLITE_OK;
}

const sqlite3_io_methods bk_tempfile_methods = {
	.iVersion = 1,
	.xClose = temp_close,
	.xRead = temp_read,
	.xWrite = temp_write,
	.xTruncate = temp_truncate,
	.xSync = bk_tempfile_nothing,
	.xFileSize = temp_size,
	.xLock = bk_tempfile_nothing,
	.xUnlock = bk_tempfile_nothing,
	.xCheckReservedLock = bk_tempfile_no_reserved_lock,
	.xFileControl = bk_tempfile_no_control,
	.xSectorSize = bk_tempfile_sector_size,
	.xDeviceCharacteristics = bk_tempfile_characteristics,
};
