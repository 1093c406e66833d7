/* succession.c - one log in another's place: what is done with the names. */
#include "succession.h"
#include <bk/version.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

char *bk_succession_name(const char *path)
{
	char *name;

	return asprintf(&name, "%s" LOG_SUCCESSOR_SUFFIX, path) < 0 ? NULL : name;
}

/* Reads the header of the log at PATH, if one is there. */
static bool read_header(struct log_header *header, const struct bk_io *io, const char *path)
{
	struct bk_error ignored;
	struct logfile lf;

	if (bk_logfile_open(&lf, io, path, BK_IO_READ, &ignored))
		return false;
	*header = lf.header;
	bk_logfile_close(&lf);
	return true;
}

static enum bk_code take_name(const struct file *file, const char *successor, struct bk_error *err)
{
	int rc = file->io->ops->rename(file->io->ctx, successor, file->path);

	if (rc < 0)
		return bk_fail(err, BK_E_IO, -rc, "cannot rename %s to %s", successor, file->path);
	return bk_file_sync_name(file->io, file->path, err);
}

/* Whether the log at NAME holds what LOG holds, as far as opening it tells: LOG's file goes when
 * that one takes its name. One change may have been struck out since. */
static enum bk_code check_whole(const struct bk_log *log, const char *name, struct bk_error *err)
{
	struct bk_log *successor;
	struct bk_error why = {.code = BK_OK};
	enum bk_code code = bk_log_open(&successor, log->lf.file.io, name, &why);

	if (code == BK_E_IO || code == BK_E_NOMEM)
		return bk_fail_as(err, &why);
	if (!code) {
		if (successor->state.damaged_at)
			bk_fail(&why, BK_E_DAMAGE, 0, "it is damaged at offset %llu",
				(unsigned long long)successor->state.damaged_at);
		else if (bk_version_distance(successor->state.version, log->state.version) < -1)
			bk_fail(&why, BK_E_DAMAGE, 0, "it lost its end");
		bk_log_close(successor);
	}
	if (!why.code)
		return BK_OK;
	return bk_fail(err, BK_E_DAMAGE, 0,
		"%s was succeeded by %s, which cannot take its name: %s. Both stay as they are; "
		"backup-cli verify %s tells more",
		log->lf.file.path, name, why.msg, name);
}

enum bk_code bk_succession_complete(const struct bk_log *log, struct bk_error *err)
{
	const struct file *file = &log->lf.file;
	char *successor = bk_succession_name(file->path);
	struct log_header header;
	enum bk_code code;

	if (!successor)
		return bk_fail(err, BK_E_NOMEM, 0, "no memory for a path");
	if (read_header(&header, file->io, successor) &&
		memcmp(header.id, log->state.facts.successor, LOG_ID_SIZE) == 0) {
		code = check_whole(log, successor, err);
		if (!code)
			code = take_name(file, successor, err);
	} else {
		code = bk_fail(err, BK_E_UNSAFE, 0,
			"%s was succeeded by another log and takes nothing more: name that one",
			file->path);
	}
	free(successor);
	return code;
}

/* Whether the log at PATH ends with SUCCEEDED, or cannot be read: what stands beside it may be the
 * log by now, and hold alone what was acknowledged since. */
static bool is_succeeded(const struct bk_io *io, const char *path)
{
	struct bk_log *log;
	struct bk_error why;
	enum bk_code code = bk_log_open(&log, io, path, &why);
	bool is;

	if (code)
		return code != BK_E_MISSING;
	is = log->home || log->state.facts.is_succeeded;
	bk_log_close(log);
	return is;
}

/* Takes the file NAME away if nobody holds it, and it is the successor of the log ID (NULL: of any,
 * and unfinished). With PATH it stays where the log there was succeeded. */
static void clean_one(const struct bk_io *io, const char *name, const uint8_t *id, const char *path)
{
	struct log_header header;
	struct bk_io_stat st;
	struct bk_error ignored;
	struct file file;

	if (io->ops->stat_path(io->ctx, name, &st) < 0 ||
		(id && (!read_header(&header, io, name) ||
			       memcmp(header.predecessor, id, LOG_ID_SIZE) != 0)) ||
		bk_file_open(&file, io, name, BK_IO_WRITE, &ignored))
		return;
	if (io->ops->lock(io->ctx, file.fd) >= 0 && bk_file_stands_at(&file, name) &&
		!(path && is_succeeded(io, path)))
		io->ops->unlink(io->ctx, name);
	bk_file_close(&file);
}

/* What is there of the successor of the log at PATH, finished (see clean_one) and unfinished. */
static void clean(const struct bk_io *io, const char *path, const uint8_t *id, bool is_succession)
{
	char *name = bk_succession_name(path), *unfinished;

	if (!name)
		return;
	clean_one(io, name, id, is_succession ? path : NULL);
	if (asprintf(&unfinished, "%s" LOG_UNFINISHED_SUFFIX, name) >= 0) {
		clean_one(io, unfinished, NULL, NULL);
		free(unfinished);
	}
	free(name);
}

void bk_succession_clean(const struct bk_writer *writer)
{
	const struct logfile *lf = &writer->log->lf;

	clean(lf->file.io, lf->file.path, lf->header.id, false);
}

void bk_succession_remove(const struct bk_io *io, const char *path)
{
	clean(io, path, NULL, true);
}
