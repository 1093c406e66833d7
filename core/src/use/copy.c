/* copy.c - a whole copy of a log. */
#include "copying.h"
#include "log.h"
#include <bk/copy.h>
#include <stdlib.h>

#define PIECE ((size_t)1 << 20)

enum bk_code bk_copy_bytes(const struct file *from, const struct file *to, uint64_t size,
	bk_progress_fn *progress, void *ctx, struct bk_error *err)
{
	uint8_t *piece = malloc(PIECE);
	enum bk_code code = BK_OK;
	size_t part = 0;

	if (!piece)
		return bk_fail(err, BK_E_NOMEM, 0, "no memory to copy %s", from->path);
	for (uint64_t at = 0; at < size && !code; at += part) {
		part = size - at < PIECE ? (size_t)(size - at) : PIECE;
		code = bk_file_read(from, piece, part, at, &part, err);
		if (!code && !part)
			code = bk_fail(err, BK_E_BUSY, 0,
				"%s was cut while it was copied: copy it again", from->path);
		if (!code)
			code = bk_file_write(to, piece, part, at, err);
		if (!code && progress)
			progress(ctx, at + part, size);
	}
	free(piece);
	return code;
}

enum bk_code bk_copy_replaced(const char *path, struct bk_error *err)
{
	return bk_fail(err, BK_E_BUSY, 0,
		"%s was cut or replaced while it was copied: copy it again", path);
}

enum bk_code bk_copy_differs(const struct newfile *nf, struct bk_error *err)
{
	return bk_fail(err, BK_E_DAMAGE, 0,
		"what was copied to %s reads otherwise than what it was copied from", nf->temp);
}

/* Whether what was copied is still what the log is: a keyframe that failed may have been cut off
 * again, with other frames in its place. */
static enum bk_code check_source(struct bk_log *log, struct bk_error *err)
{
	enum bk_log_news news;
	enum bk_code code = bk_log_refresh(log, &news, err);

	if (!code && news == BK_LOG_REPLACED)
		code = bk_copy_replaced(bk_log_path(log), err);
	return code;
}

/* Whether the copy says what the log said BEFORE; *STATUS is the copy's. */
static enum bk_code check_copy(const struct newfile *nf, const struct bk_log_status *before,
	struct bk_log_status *status, struct bk_error *err)
{
	struct bk_log *copy;
	enum bk_code code = bk_log_open(&copy, nf->io, nf->temp, err);

	if (code)
		return code;
	code = bk_log_status(copy, status, err);
	bk_log_close(copy);
	if (code)
		return code;
	if (status->log_bytes != before->log_bytes || status->version != before->version ||
		status->history != before->history)
		code = bk_copy_differs(nf, err);
	return code;
}

enum bk_code bk_log_copy(struct bk_log *log, const char *path, bk_progress_fn *progress, void *ctx,
	struct bk_log_status *status, struct bk_error *err)
{
	const struct file *file = &log->lf.file;
	struct bk_log_status before, found;
	struct newfile nf;
	enum bk_code code = bk_log_status(log, &before, err);

	if (!code)
		code = bk_newfile_open(&nf, file->io, path, COPY_SUFFIX, err);
	if (code)
		return code;
	code = bk_copy_bytes(file, &nf.file, before.log_bytes, progress, ctx, err);
	if (!code)
		code = check_source(log, err);
	if (!code)
		code = check_copy(&nf, &before, &found, err);
	if (code) {
		bk_newfile_abort(&nf);
		return code;
	}
	code = bk_newfile_commit(&nf, err);
	if (!code)
		*status = found;
	return code;
}
