/* copy_shut.c - a whole copy of a sealed log, without its key. */
#include "copying.h"
#include "search.h"
#include <bk/copy.h>
#include <stdlib.h>
#include <string.h>

/* A log, and its last frame. */
struct bk_shut {
	struct logfile lf;
	struct log_end end;
	uint64_t sum; /* of that frame, which hangs on all before it */
};

static enum bk_code read_sum(
	uint64_t *sum, const struct logfile *lf, uint64_t offset, struct bk_error *err)
{
	struct frame frame;
	struct walk walk;
	enum bk_code code;

	bk_walk_init(&walk, lf, WALK_CHUNK_ONE);
	walk.as_stands = true;
	code = bk_walk_frame(&walk, offset, &frame, err);
	if (!code)
		*sum = frame.head.sum;
	bk_walk_done(&walk);
	return code;
}

enum bk_code bk_shut_open(
	struct bk_shut **out, const struct bk_io *io, const char *path, struct bk_error *err)
{
	struct bk_shut *shut = calloc(1, sizeof *shut);
	enum bk_code code;

	if (!shut)
		return bk_fail(err, BK_E_NOMEM, 0, "no memory for a log");
	code = bk_logfile_open(&shut->lf, io, path, BK_IO_READ, err);
	if (code) {
		free(shut);
		return code;
	}
	code = bk_logfile_find_end(&shut->lf, &shut->end, err);
	if (!code)
		code = read_sum(&shut->sum, &shut->lf, shut->end.last, err);
	if (code)
		bk_shut_close(shut);
	else
		*out = shut;
	return code;
}

void bk_shut_close(struct bk_shut *shut)
{
	if (!shut)
		return;
	bk_logfile_close(&shut->lf);
	free(shut);
}

uint64_t bk_shut_bytes(const struct bk_shut *shut)
{
	return shut->end.end;
}

/* Whether the same frames stand at PATH; at least those. */
static enum bk_code compare(
	const struct bk_shut *shut, const char *path, bool *same, struct bk_error *err)
{
	struct logfile lf;
	uint64_t sum = 0;
	enum bk_code code = bk_logfile_open(&lf, shut->lf.file.io, path, BK_IO_READ, err);

	*same = false;
	if (code)
		return code;
	code = read_sum(&sum, &lf, shut->end.last, err);
	*same = !code && sum == shut->sum && !memcmp(lf.header.id, shut->lf.header.id, LOG_ID_SIZE);
	bk_logfile_close(&lf);
	return code == BK_E_DAMAGE ? BK_OK : code;
}

static enum bk_code check(
	const struct bk_shut *shut, const struct newfile *nf, struct bk_error *err)
{
	const char *path = shut->lf.file.path;
	bool same;
	enum bk_code code = compare(shut, path, &same, err);

	if (!code && !same)
		code = bk_copy_replaced(path, err);
	if (!code)
		code = compare(shut, nf->temp, &same, err);
	if (!code && !same)
		code = bk_copy_differs(nf, err);
	return code;
}

enum bk_code bk_shut_copy(struct bk_shut *shut, const char *path, bk_progress_fn *progress,
	void *ctx, struct bk_error *err)
{
	const struct file *file = &shut->lf.file;
	struct newfile nf;
	enum bk_code code = bk_newfile_open(&nf, file->io, path, COPY_SUFFIX, err);

	if (code)
		return code;
	code = bk_copy_bytes(file, &nf.file, shut->end.end, progress, ctx, err);
	if (!code)
		code = check(shut, &nf, err);
	if (code) {
		bk_newfile_abort(&nf);
		return code;
	}
	return bk_newfile_commit(&nf, err);
}
