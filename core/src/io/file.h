/* file.h - an open file behind the I/O seam, whose failures say path and offset. */
#ifndef BK_FILE_H
#define BK_FILE_H

#include <bk/error.h>
#include <bk/io.h>

struct file {
	const struct bk_io *io;
	char *path; /* owned */
	int fd;     /* -1 while closed */
};

#define FILE_CLOSED ((struct file){.fd = -1})

/* Fails with BK_E_MISSING, BK_E_EXISTS, BK_E_IO, BK_E_NOMEM; FILE is then closed. */
BK_MUST_CHECK enum bk_code bk_file_open(struct file *file, const struct bk_io *io, const char *path,
	enum bk_io_open how, struct bk_error *err);

/* Where temporary files go: DIR, or if that is NULL $TMPDIR, or /var/tmp. Borrowed. */
const char *bk_file_spill_dir(const char *dir);

/* An unlinked file in DIR, for what memory cannot hold. */
BK_MUST_CHECK enum bk_code bk_file_open_temp(
	struct file *file, const struct bk_io *io, const char *dir, struct bk_error *err);

void bk_file_close(struct file *file);

/* Reads up to SIZE bytes; fewer only at the end of the file. */
BK_MUST_CHECK enum bk_code bk_file_read(const struct file *file, void *data, size_t size,
	uint64_t offset, size_t *size_out, struct bk_error *err);

/* Announces that the image of VERSION, of the log in FILE, is going to be read: a hint. Whether what
 * that takes comes by itself. */
bool bk_file_foresee(const struct file *file, uint32_t version);

/* Announces that COUNT ranges are going to be read, in this order: a hint. Whether that is of any use
 * in FILE; COUNT may be 0. */
bool bk_file_want(const struct file *file, const struct bk_io_range *ranges, size_t count);

/* The first offset at or behind OFFSET where data may stand: what is before it is a hole, which
 * reads as zeros. UINT64_MAX if there is nothing else. */
uint64_t bk_file_next_data(const struct file *file, uint64_t offset);

/* Writes all SIZE bytes, or fails; then part of them may stand there. */
BK_MUST_CHECK enum bk_code bk_file_write(const struct file *file, const void *data, size_t size,
	uint64_t offset, struct bk_error *err);

BK_MUST_CHECK enum bk_code bk_file_sync(const struct file *file, struct bk_error *err);
BK_MUST_CHECK enum bk_code bk_file_truncate(
	const struct file *file, uint64_t size, struct bk_error *err);
BK_MUST_CHECK enum bk_code bk_file_stat(
	const struct file *file, struct bk_io_stat *out, struct bk_error *err);

/* Whether users other than its owner, and not of its group, can open FILE: its mode and that of its
 * directory let them. False where that cannot be told. */
bool bk_file_is_exposed(const struct file *file);

/* Whether FILE is what stands at PATH. */
bool bk_file_stands_at(const struct file *file, const char *path);

/* Makes the name PATH durable: syncs the directory it stands in. */
BK_MUST_CHECK enum bk_code bk_file_sync_name(
	const struct bk_io *io, const char *path, struct bk_error *err);

#endif
