/* wholefile.c - small files that are read and written as a whole, through the I/O seam. */
#include "newfile.h"
#include <bk/wholefile.h>
#include <errno.h>

#define TEMP_SUFFIX ".new"

/* Reads what FILE, of SIZE bytes, holds; fewer if it was cut meanwhile. */
static enum bk_code read_all(
	struct bk_buf *out, const struct file *file, uint64_t size, struct bk_error *err)
{
	size_t got;
	enum bk_code code =
		size > out->max - out->size
			? bk_fail(err, BK_E_LIMIT, 0, "%s is over the limit of %zu bytes",
				  file->path, out->max)
			: bk_buf_reserve(out, (size_t)size, err);

	if (!code)
		code = bk_file_read(file, out->data + out->size, (size_t)size, 0, &got, err);
	if (!code)
		out->size += got;
	return code;
}

enum bk_code bk_wholefile_read(
	struct bk_buf *out, const struct bk_io *io, const char *path, struct bk_error *err)
{
	struct bk_io_stat st;
	struct file file;
	enum bk_code code = bk_file_open(&file, io, path, BK_IO_READ, err);

	if (code)
		return code;
	code = bk_file_stat(&file, &st, err);
	if (!code && st.is_directory)
		code = bk_fail(err, BK_E_IO, EISDIR, "cannot read %s", path);
	if (!code)
		code = read_all(out, &file, st.size, err);
	bk_file_close(&file);
	return code;
}

enum bk_code bk_wholefile_replace(const struct bk_io *io, const char *path, const void *data,
	size_t size, struct bk_error *err)
{
	struct newfile nf;
	enum bk_code code = bk_newfile_open_over(&nf, io, path, TEMP_SUFFIX, err);

	if (code)
		return code;
	code = bk_file_write(&nf.file, data, size, 0, err);
	if (code) {
		bk_newfile_abort(&nf);
		return code;
	}
	return bk_newfile_commit(&nf, err);
}
