/* olderfile.c - reading the file of the older plugin. */
#include "bigend.h"
#include "file.h"
#include <bk/olderfile.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define HEADER_SIZE  512
#define HEADER_USED  36 /* of the header; zeros up to its end */
#define FILE_VERSION 1
#define RECORD_HEAD  9
#define KIND_CHANGE  1
#define KIND_BASE    2 /* a snapshot */

struct bk_olderfile {
	struct file file;
	struct bk_olderfile_status status;
};

/* Reads the header into STATUS; false if it is none. A record's offset is where the file's end was,
 * or after a rewind before that, but never within the header. */
static bool take_header(const uint8_t *header, struct bk_olderfile_status *status)
{
	for (size_t i = HEADER_USED; i < HEADER_SIZE; i++)
		if (header[i])
			return false;
	status->version = bk_load_be32(header + 4);
	status->records = bk_load_be64(header + 28);
	status->at = HEADER_SIZE;
	return bk_load_be32(header) == FILE_VERSION && bk_load_be64(header + 8) >= HEADER_SIZE;
}

static enum bk_code read_header(struct bk_olderfile *file, struct bk_error *err)
{
	uint8_t header[HEADER_SIZE];
	struct bk_io_stat st;
	size_t size;
	enum bk_code code = bk_file_read(&file->file, header, sizeof header, 0, &size, err);

	if (!code && (size < sizeof header || !take_header(header, &file->status)))
		code = bk_fail(err, BK_E_FORMAT, 0, "%s is no file of the older backup plugin",
			file->file.path);
	if (!code)
		code = bk_file_stat(&file->file, &st, err);
	if (code)
		return code;
	file->status.bytes = st.size;
	file->status.changed = st.changed;
	return BK_OK;
}

enum bk_code bk_olderfile_open(
	struct bk_olderfile **out, const struct bk_io *io, const char *path, struct bk_error *err)
{
	struct bk_olderfile *file = calloc(1, sizeof *file);
	enum bk_code code;

	if (!file)
		return bk_fail(err, BK_E_NOMEM, 0, "no memory to read %s", path);
	file->file = FILE_CLOSED;
	code = bk_file_open(&file->file, io, path, BK_IO_READ, err);
	if (!code)
		code = read_header(file, err);
	if (code) {
		bk_olderfile_close(file);
		return code;
	}
	*out = file;
	return BK_OK;
}

void bk_olderfile_close(struct bk_olderfile *file)
{
	if (!file)
		return;
	bk_file_close(&file->file);
	free(file);
}

bool bk_olderfile_is(const struct bk_io *io, const char *path)
{
	struct bk_olderfile *file;
	struct bk_error ignored;

	if (bk_olderfile_open(&file, io, path, &ignored))
		return false;
	bk_olderfile_close(file);
	return true;
}

void bk_olderfile_status(const struct bk_olderfile *file, struct bk_olderfile_status *out)
{
	*out = file->status;
}

enum bk_code bk_olderfile_next(
	struct bk_olderfile *file, struct bk_older_record *record, bool *more, struct bk_error *err)
{
	struct bk_olderfile_status *status = &file->status;
	uint64_t left = status->at < status->bytes ? status->bytes - status->at : 0;
	uint8_t head[RECORD_HEAD];
	size_t size;
	uint32_t length;
	enum bk_code code = bk_file_read(&file->file, head, sizeof head, status->at, &size, err);

	*more = false;
	if (code || !left)
		return code;
	length = size == sizeof head ? bk_load_be32(head) : 0;
	if (size < sizeof head || left - RECORD_HEAD < length ||
		(head[8] != KIND_CHANGE && head[8] != KIND_BASE)) {
		status->torn_bytes = left;
		return BK_OK;
	}
	*record = (struct bk_older_record){.is_snapshot = head[8] == KIND_BASE,
		.version = bk_load_be32(head + 4),
		.offset = status->at + RECORD_HEAD,
		.size = length};
	status->at = record->offset + length;
	*more = true;
	return BK_OK;
}

enum bk_code bk_olderfile_read(const struct bk_olderfile *file,
	const struct bk_older_record *record, uint32_t offset, void *data, uint32_t size,
	struct bk_error *err)
{
	size_t done;
	enum bk_code code =
		bk_file_read(&file->file, data, size, record->offset + offset, &done, err);

	if (!code && done < size)
		code = bk_fail(
			err, BK_E_IO, 0, "%s became shorter while it was read", file->file.path);
	return code;
}
