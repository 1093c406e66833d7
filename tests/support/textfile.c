/* textfile.c - reading a file, plain or zstd-compressed. */
#include "textfile.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#define WINDOW_LOG_MAX 27
#define INPUT_BYTES    ((size_t)128 << 10)
#define LINE_STEP      ((size_t)256 << 10)

struct textfile {
	const char *path; /* borrowed */
	FILE *stream;
	ZSTD_DCtx *zstd; /* NULL: the file is plain */
	ZSTD_inBuffer input;
	size_t frame_left; /* what ZSTD_decompressStream said last: 0 at the end of a frame */
	uint8_t *bytes;
	struct bk_buf line; /* what was read beyond the line given out */
	size_t taken, scanned;
	bool is_at_end;
};

static bool is_compressed(const char *path)
{
	size_t size = strlen(path);

	return size > 4 && strcmp(path + size - 4, ".zst") == 0;
}

static bool start_zstd(struct textfile *file)
{
	file->zstd = ZSTD_createDCtx();
	file->bytes = malloc(INPUT_BYTES);
	file->input.src = file->bytes;
	return file->zstd && file->bytes &&
	       !ZSTD_isError(
		       ZSTD_DCtx_setParameter(file->zstd, ZSTD_d_windowLogMax, WINDOW_LOG_MAX));
}

enum bk_code textfile_open(struct textfile **out, const char *path, struct bk_error *err)
{
	struct textfile *file = calloc(1, sizeof *file);
	int why;

	if (!file)
		return bk_fail(err, BK_E_NOMEM, 0, "no memory to read %s", path);
	file->path = path;
	bk_buf_init(&file->line, LINE_BYTES_MAX + LINE_STEP);
	file->stream = fopen(path, "re");
	if (!file->stream) {
		why = errno;
		textfile_close(file);
		return bk_fail(
			err, why == ENOENT ? BK_E_MISSING : BK_E_IO, why, "cannot open %s", path);
	}
	if (is_compressed(path) && !start_zstd(file)) {
		textfile_close(file);
		return bk_fail(err, BK_E_NOMEM, 0, "no memory to decompress %s", path);
	}
	*out = file;
	return BK_OK;
}

void textfile_close(struct textfile *file)
{
	if (!file)
		return;
	if (file->stream)
		fclose(file->stream);
	ZSTD_freeDCtx(file->zstd);
	free(file->bytes);
	bk_buf_done(&file->line);
	free(file);
}

static enum bk_code read_plain(
	struct textfile *file, void *dst, size_t size, size_t *done, struct bk_error *err)
{
	*done = fread(dst, 1, size, file->stream);
	if (*done < size && ferror(file->stream))
		return bk_fail(err, BK_E_IO, errno, "cannot read %s", file->path);
	return BK_OK;
}

enum bk_code textfile_read(
	struct textfile *file, void *dst, size_t size, size_t *done, struct bk_error *err)
{
	ZSTD_outBuffer output = {.dst = dst, .size = size};

	if (!file->zstd)
		return read_plain(file, dst, size, done, err);
	while (!output.pos) {
		if (file->input.pos == file->input.size) {
			size_t got;
			enum bk_code code = read_plain(file, file->bytes, INPUT_BYTES, &got, err);

			if (code)
				return code;
			if (!got && file->frame_left)
				return bk_fail(err, BK_E_DAMAGE, 0, "%s ends early", file->path);
			if (!got)
				break;
			file->input.size = got;
			file->input.pos = 0;
		}
		file->frame_left = ZSTD_decompressStream(file->zstd, &output, &file->input);
		if (ZSTD_isError(file->frame_left))
			return bk_fail(err, BK_E_DAMAGE, 0, "%s cannot be decompressed: %s",
				file->path, ZSTD_getErrorName(file->frame_left));
	}
	*done = output.pos;
	return BK_OK;
}

/* Reads more behind what is there. */
static enum bk_code fill(struct textfile *file, struct bk_error *err)
{
	size_t done;
	enum bk_code code;

	bk_buf_consume(&file->line, file->taken);
	file->taken = 0;
	code = bk_buf_reserve(&file->line, LINE_STEP, err);
	if (!code)
		code = textfile_read(
			file, file->line.data + file->line.size, LINE_STEP, &done, err);
	if (code)
		return code;
	file->line.size += done;
	file->is_at_end = !done;
	return BK_OK;
}

enum bk_code textfile_line(
	struct textfile *file, struct bk_slice *line, bool *more, struct bk_error *err)
{
	const uint8_t *start, *end;

	for (;;) {
		size_t size = file->line.size - file->taken;
		enum bk_code code;

		start = file->line.data + file->taken;
		end = size > file->scanned
			      ? memchr(start + file->scanned, '\n', size - file->scanned)
			      : NULL;
		if (end || file->is_at_end)
			break;
		file->scanned = size;
		code = fill(file, err);
		if (code)
			return code;
	}
	line->data = start;
	line->size = end ? (size_t)(end - start) : file->line.size - file->taken;
	*more = end || line->size;
	file->taken += line->size + (end ? 1 : 0);
	file->scanned = 0;
	return BK_OK;
}
