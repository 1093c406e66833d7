/* file.c - an open file behind the I/O seam. */
#include "file.h"
#include <bk/path.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static enum bk_code open_failed(int rc, const char *path, struct bk_error *err)
{
	enum bk_code code;

	if (rc == -EOPNOTSUPP)
		return bk_fail(err, BK_E_IO, 0,
			"cannot open %s: it is not a file but a pipe or a device", path);
	if (rc == -ELOOP)
		return bk_fail(err, BK_E_IO, 0,
			"cannot open %s: it is a link that another user made, to a file that is "
			"not theirs, or links without an end: name the file itself",
			path);
	code = rc == -ENOENT   ? BK_E_MISSING
	       : rc == -EEXIST ? BK_E_EXISTS
	       : rc == -ENOMEM ? BK_E_NOMEM
			       : BK_E_IO;

	return bk_fail(err, code, -rc, "cannot open %s", path);
}

static enum bk_code file_take(
	struct file *file, const struct bk_io *io, int fd, const char *path, struct bk_error *err)
{
	*file = FILE_CLOSED;
	if (fd < 0)
		return open_failed(fd, path, err);
	file->path = strdup(path);
	if (!file->path) {
		io->ops->close(io->ctx, fd);
		return bk_fail(err, BK_E_NOMEM, 0, "no memory to open %s", path);
	}
	file->io = io;
	file->fd = fd;
	return BK_OK;
}

enum bk_code bk_file_open(struct file *file, const struct bk_io *io, const char *path,
	enum bk_io_open how, struct bk_error *err)
{
	int fd;

	do
		fd = io->ops->open(io->ctx, path, how);
	while (fd == -EINTR);
	return file_take(file, io, fd, path, err);
}

const char *bk_file_spill_dir(const char *dir)
{
	if (!dir)
		dir = getenv("TMPDIR");
	return dir && *dir ? dir : "/var/tmp";
}

enum bk_code bk_file_open_temp(
	struct file *file, const struct bk_io *io, const char *dir, struct bk_error *err)
{
	return file_take(file, io, io->ops->open_temp(io->ctx, dir), dir, err);
}

void bk_file_close(struct file *file)
{
	if (file->fd < 0)
		return;
	file->io->ops->close(file->io->ctx, file->fd);
	free(file->path);
	*file = FILE_CLOSED;
}

enum bk_code bk_file_read(const struct file *file, void *data, size_t size, uint64_t offset,
	size_t *size_out, struct bk_error *err)
{
	const struct bk_io *io = file->io;
	size_t done = 0;

	while (done < size) {
		int64_t n = io->ops->pread(
			io->ctx, file->fd, (uint8_t *)data + done, size - done, offset + done);

		if (n == -EINTR)
			continue;
		if (n < 0)
			return bk_fail(err, BK_E_IO, (int)-n, "cannot read %s at offset %llu",
				file->path, (unsigned long long)(offset + done));
		if (n == 0)
			break;
		done += (size_t)n;
	}
	if (io->saw)
		io->saw(io->saw_ctx, file->path, offset, done);
	*size_out = done;
	return BK_OK;
}

bool bk_file_foresee(const struct file *file, uint32_t version)
{
	const struct bk_io *io = file->io;

	return io->ops->foresee && io->ops->foresee(io->ctx, file->fd, version) > 0;
}

bool bk_file_want(const struct file *file, const struct bk_io_range *ranges, size_t count)
{
	const struct bk_io *io = file->io;

	return io->ops->want && io->ops->want(io->ctx, file->fd, ranges, count) > 0;
}

uint64_t bk_file_next_data(const struct file *file, uint64_t offset)
{
	const struct bk_io *io = file->io;
	int64_t at = io->ops->next_data ? io->ops->next_data(io->ctx, file->fd, offset) : -1;

	if (at == INT64_MAX)
		return UINT64_MAX;
	return at < 0 || (uint64_t)at < offset ? offset : (uint64_t)at;
}

enum bk_code bk_file_write(const struct file *file, const void *data, size_t size, uint64_t offset,
	struct bk_error *err)
{
	const struct bk_io *io = file->io;
	size_t done = 0;

	while (done < size) {
		int64_t n = io->ops->pwrite(io->ctx, file->fd, (const uint8_t *)data + done,
			size - done, offset + done);

		if (n == -EINTR)
			continue;
		if (n <= 0)
			return bk_fail(err, BK_E_IO, n ? (int)-n : ENOSPC,
				"cannot write to %s at offset %llu", file->path,
				(unsigned long long)(offset + done));
		done += (size_t)n;
	}
	return BK_OK;
}

enum bk_code bk_file_sync(const struct file *file, struct bk_error *err)
{
	int rc;

	/* Interrupted means not done yet; any other failure is final, and never retried:
	 * the kernel may have dropped the pages that it could not write. */
	do
		rc = file->io->ops->datasync(file->io->ctx, file->fd);
	while (rc == -EINTR);
	if (rc < 0)
		return bk_fail(err, BK_E_IO, -rc, "cannot sync %s", file->path);
	return BK_OK;
}

enum bk_code bk_file_truncate(const struct file *file, uint64_t size, struct bk_error *err)
{
	int rc;

	do
		rc = file->io->ops->truncate(file->io->ctx, file->fd, size);
	while (rc == -EINTR);
	if (rc < 0)
		return bk_fail(err, BK_E_IO, -rc, "cannot cut %s to %llu bytes", file->path,
			(unsigned long long)size);
	return BK_OK;
}

enum bk_code bk_file_stat(const struct file *file, struct bk_io_stat *out, struct bk_error *err)
{
	int rc = file->io->ops->stat(file->io->ctx, file->fd, out);

	if (rc < 0)
		return bk_fail(err, BK_E_IO, -rc, "cannot look at %s", file->path);
	return BK_OK;
}

bool bk_file_is_exposed(const struct file *file)
{
	const struct bk_io *io = file->io;
	char *dir = bk_path_directory(file->path);
	struct bk_io_stat st, above;
	/* By its name, by which another user would come to it. */
	bool is_exposed = dir && io->ops->stat_path(io->ctx, file->path, &st) == 0 &&
			  (st.mode & 06) && io->ops->stat_path(io->ctx, dir, &above) == 0 &&
			  (above.mode & 01);

	free(dir);
	return is_exposed;
}

enum bk_code bk_file_sync_name(const struct bk_io *io, const char *path, struct bk_error *err)
{
	char *dir = bk_path_directory(path);
	enum bk_code code = BK_OK;
	int rc;

	if (!dir)
		return bk_fail(err, BK_E_NOMEM, 0, "no memory to sync the directory of %s", path);
	rc = io->ops->sync_dir(io->ctx, dir);
	if (rc < 0)
		code = bk_fail(err, BK_E_IO, -rc, "cannot sync the directory %s", dir);
	free(dir);
	return code;
}

bool bk_file_stands_at(const struct file *file, const char *path)
{
	struct bk_io_stat ours, there;
	struct bk_error ignored;

	return !bk_file_stat(file, &ours, &ignored) &&
	       file->io->ops->stat_path(file->io->ctx, path, &there) >= 0 &&
	       there.device == ours.device && there.inode == ours.inode;
}
