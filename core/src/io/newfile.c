/* newfile.c - a file that appears at its path whole and durable, or not at all. */
#include "newfile.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void newfile_done(struct newfile *nf)
{
	bk_file_close(&nf->file);
	free(nf->path);
	free(nf->temp);
	*nf = (struct newfile){.file = FILE_CLOSED};
}

/* Locks the file that was opened at the temporary name, and makes sure that it still stands there:
 * another program may have taken it away before we had the lock, and put one of its own there.
 * While we have the lock, nobody else takes it away. */
static enum bk_code lock_temp(struct newfile *nf, struct bk_error *err)
{
	const struct bk_io *io = nf->io;
	struct bk_io_stat ours, there;
	int rc = io->ops->lock(io->ctx, nf->file.fd);

	if (rc == -EWOULDBLOCK)
		return bk_fail(err, BK_E_BUSY, 0, "another program is writing %s", nf->temp);
	if (rc < 0)
		return bk_fail(err, BK_E_IO, -rc, "cannot lock %s", nf->temp);
	if (bk_file_stat(&nf->file, &ours, err))
		return err->code;
	if (io->ops->stat_path(io->ctx, nf->temp, &there) < 0 || there.device != ours.device ||
		there.inode != ours.inode)
		return bk_fail(err, BK_E_BUSY, 0, "another program is writing %s", nf->temp);
	return BK_OK;
}

/* Takes away what an interrupted program left, unless its maker still holds it. */
static enum bk_code remove_leftover(struct newfile *nf, struct bk_error *err)
{
	const struct bk_io *io = nf->io;
	enum bk_code code = bk_file_open(&nf->file, io, nf->temp, BK_IO_WRITE, err);

	/* A link that leads nowhere, or where we must not go, a pipe: no leftover of ours. */
	if (code == BK_E_MISSING || code == BK_E_IO)
		return bk_fail(err, code == BK_E_IO ? code : BK_E_EXISTS, err->sys_errno,
			"%s is in the way, remove it", nf->temp);
	if (!code)
		code = lock_temp(nf, err);
	if (!code && io->ops->unlink(io->ctx, nf->temp) < 0)
		code = bk_fail(err, BK_E_EXISTS, 0, "%s is in the way, remove it", nf->temp);
	bk_file_close(&nf->file);
	return code;
}

static enum bk_code create_temp(struct newfile *nf, struct bk_error *err)
{
	enum bk_code code = bk_file_open(&nf->file, nf->io, nf->temp, BK_IO_CREATE, err);

	if (code == BK_E_EXISTS) {
		code = remove_leftover(nf, err);
		if (!code)
			code = bk_file_open(&nf->file, nf->io, nf->temp, BK_IO_CREATE, err);
	}
	if (code)
		return code;
	code = lock_temp(nf, err);
	/* A file that somebody else has locked is theirs to take away. */
	if (code == BK_E_IO)
		nf->io->ops->unlink(nf->io->ctx, nf->temp);
	return code;
}

/* Makes the file under its other name; ends NF on failure. */
static enum bk_code begin(struct newfile *nf, const struct bk_io *io, const char *path,
	const char *suffix, struct bk_error *err)
{
	enum bk_code code;

	*nf = (struct newfile){.io = io, .file = FILE_CLOSED};
	nf->path = strdup(path);
	if (!nf->path || asprintf(&nf->temp, "%s%s", path, suffix) < 0) {
		nf->temp = NULL;
		newfile_done(nf);
		return bk_fail(err, BK_E_NOMEM, 0, "no memory to make %s", path);
	}
	code = create_temp(nf, err);
	/* Nothing is missing that the caller asked for, but the directory to make it in. */
	if (code == BK_E_MISSING)
		code = bk_fail(err, BK_E_IO, ENOENT, "cannot make %s", path);
	if (code)
		newfile_done(nf);
	return code;
}

enum bk_code bk_newfile_open(struct newfile *nf, const struct bk_io *io, const char *path,
	const char *suffix, struct bk_error *err)
{
	struct bk_io_stat st;

	if (io->ops->stat_path(io->ctx, path, &st) == 0) {
		*nf = (struct newfile){.file = FILE_CLOSED};
		return bk_fail(err, BK_E_EXISTS, 0, "%s exists already", path);
	}
	return begin(nf, io, path, suffix, err);
}

enum bk_code bk_newfile_open_over(struct newfile *nf, const struct bk_io *io, const char *path,
	const char *suffix, struct bk_error *err)
{
	enum bk_code code = begin(nf, io, path, suffix, err);

	nf->replaces = !code;
	return code;
}

static enum bk_code rename_temp(const struct newfile *nf, struct bk_error *err)
{
	const struct bk_io *io = nf->io;
	int rc =
		(nf->replaces ? io->ops->rename : io->ops->rename_new)(io->ctx, nf->temp, nf->path);

	if (rc >= 0)
		return BK_OK;
	return rc == -EEXIST
		       ? bk_fail(err, BK_E_EXISTS, 0, "%s exists already", nf->path)
		       : bk_fail(err, BK_E_IO, -rc, "cannot rename %s to %s", nf->temp, nf->path);
}

enum bk_code bk_newfile_commit(struct newfile *nf, struct bk_error *err)
{
	const struct bk_io *io = nf->io;
	enum bk_code code = nf->is_synced ? BK_OK : bk_file_sync(&nf->file, err);

	if (!code)
		code = rename_temp(nf, err);
	if (code) {
		bk_newfile_abort(nf);
		return code;
	}
	code = bk_file_sync_name(io, nf->path, err);
	/* Where the old file is gone already, none at all would be worse than the new one. */
	if (code && !nf->replaces)
		io->ops->unlink(io->ctx, nf->path);
	newfile_done(nf);
	return code;
}

void bk_newfile_abort(struct newfile *nf)
{
	if (nf->temp)
		nf->io->ops->unlink(nf->io->ctx, nf->temp);
	newfile_done(nf);
}

void bk_newfile_leave(struct newfile *nf)
{
	newfile_done(nf);
}
