/* create.c - making a log, with its first keyframe. */
#include "fullkeyframe.h"
#include "newfile.h"
#include "replay.h"
#include <bk/snapshot.h>
#include <string.h>

/* A log over the file FILE, which stays its caller's: the log opens it once more. */
static enum bk_code log_over(
	struct bk_log **out, const struct file *file, struct logfile *lf, struct bk_error *err)
{
	enum bk_code code = bk_file_open(&lf->file, file->io, file->path, BK_IO_WRITE, err);

	if (!code)
		code = bk_log_new(out, lf, err);
	if (code)
		bk_file_close(&lf->file);
	return code;
}

enum bk_code bk_writer_begin(struct bk_writer **out, const struct file *file,
	const uint8_t *predecessor, const struct bk_seal *seal, struct bk_error *err)
{
	const struct bk_io *io = file->io;
	struct logfile lf = {.file = FILE_CLOSED};
	uint8_t header[LOG_HEADER_SIZE];
	struct bk_log *log = NULL;
	enum bk_code code;

	lf.header.created_us = io->ops->now_us(io->ctx);
	if (predecessor)
		memcpy(lf.header.predecessor, predecessor, LOG_ID_SIZE);
	if (io->ops->random(io->ctx, lf.header.id, LOG_ID_SIZE) < 0)
		return bk_fail(err, BK_E_IO, 0, "no random bytes for the id of a new log");
	lf.header.is_sealed = seal != NULL;
	lf.header.is_padded = seal && seal->is_padded;
	bk_header_encode(header, &lf.header);
	code = bk_file_write(file, header, sizeof header, 0, err);
	if (!code)
		code = log_over(&log, file, &lf, err);
	if (code)
		return code;
	log->lf.key = bk_logkey_share(seal ? seal->key : NULL);
	log->state.end = LOG_HEADER_SIZE;
	log->state.last_sum = lf.header.sum;
	code = bk_writer_new(out, log, NULL, err);
	if (code)
		return code;
	/* Nobody sees the file before it is synced and renamed, so the header counts as synced. */
	(*out)->durable = LOG_HEADER_SIZE;
	code = bk_writer_put_slots(*out, seal, err);
	if (code)
		bk_writer_free(*out);
	return code;
}

/* Writes header and first keyframe into the new file FILE. */
static enum bk_code create_in(const struct file *file, const struct livedb *db,
	const struct live_copy *copy, uint32_t version, const struct bk_seal *seal,
	struct bk_error *err)
{
	struct bk_writer *writer;
	struct build build;
	enum bk_code code = bk_writer_begin(&writer, file, NULL, seal, err);

	if (code)
		return code;
	code = bk_build_begin(&build, writer, true, err);
	if (!code) {
		code = bk_full_keyframe(&build, db, version, copy, err);
		bk_build_done(&build);
	}
	bk_writer_free(writer);
	return code;
}

enum bk_code bk_log_create(const struct bk_io *io, const char *path, const char *database_path,
	unsigned busy_ms, bk_progress_fn *progress, void *ctx, uint32_t *version,
	struct bk_error *err)
{
	return bk_log_create_sealed(
		io, path, database_path, NULL, busy_ms, progress, ctx, version, err);
}

enum bk_code bk_log_create_sealed(const struct bk_io *io, const char *path,
	const char *database_path, const struct bk_seal *seal, unsigned busy_ms,
	bk_progress_fn *progress, void *ctx, uint32_t *version, struct bk_error *err)
{
	struct live_copy copy = {.path = database_path, .progress = progress, .ctx = ctx};
	struct newfile nf;
	struct livedb db = {0};
	uint32_t found = 0;
	int rc = SQLITE_OK;
	enum bk_code code = bk_newfile_open(&nf, io, path, ".new", err);

	if (code)
		return code;
	if (database_path)
		code = bk_live_open(&db, database_path, busy_ms, err);
	if (!code && database_path)
		rc = bk_read_data_version(db.sandbox.db, &found);
	if (rc != SQLITE_OK)
		code = bk_live_fail(&db, rc, database_path, "read", err);
	if (!code)
		code = create_in(&nf.file, database_path ? &db : NULL, &copy, found, seal, err);
	bk_live_close(&db);
	if (code) {
		bk_newfile_abort(&nf);
		return code;
	}
	code = bk_newfile_commit(&nf, err);
	if (!code)
		*version = found;
	return code;
}
