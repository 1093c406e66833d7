/* import.c - a log made of what the older plugin wrote. */
#include "importing.h"
#include <bk/verdict.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEMP_SUFFIX     ".importing"
#define SNAPSHOT_SUFFIX ".importing.snapshot"
#define MENDED_KEEP     ((size_t)1 << 20)

static int no_sync(void *ctx, int fd)
{
	(void)ctx;
	(void)fd;
	return 0;
}

/* What an interrupted import left is removed, unless its maker still holds it. */
static enum bk_code remove_leftover(struct bk_import *import, struct bk_error *err)
{
	const struct bk_io *io = import->io;
	enum bk_code code = bk_writer_check_free(io, import->temp, err);
	int rc;

	if (code)
		return code == BK_E_MISSING ? BK_OK : code;
	rc = io->ops->unlink(io->ctx, import->temp);
	return rc < 0 ? bk_fail(err, BK_E_IO, -rc, "cannot remove %s", import->temp) : BK_OK;
}

static enum bk_code make_names(struct bk_import *import, const char *path, struct bk_error *err)
{
	if (!(import->path = strdup(path)) || asprintf(&import->temp, "%s" TEMP_SUFFIX, path) < 0)
		import->temp = NULL;
	if (!import->temp || asprintf(&import->snapshot, "%s" SNAPSHOT_SUFFIX, path) < 0)
		import->snapshot = NULL;
	return import->snapshot ? BK_OK : bk_fail(err, BK_E_NOMEM, 0, "no memory to make %s", path);
}

static void import_free(struct bk_import *import)
{
	bk_incoming_remove(&import->incoming);
	bk_older_statements_done(&import->statements);
	bk_buf_done(&import->mended);
	free(import->path);
	free(import->temp);
	free(import->snapshot);
	free(import);
}

enum bk_code bk_import_begin(struct bk_import **out, const struct bk_io *io, const char *path,
	const struct bk_import_options *options, struct bk_error *err)
{
	struct bk_import *import = calloc(1, sizeof *import);
	struct bk_io_stat st;
	enum bk_code code;

	if (!import)
		return bk_fail(err, BK_E_NOMEM, 0, "no memory to make %s", path);
	import->io = io;
	import->ops = *io->ops;
	import->ops.datasync = no_sync;
	import->work = (struct bk_io){.ops = &import->ops, .ctx = io->ctx};
	if (options)
		import->options = *options;
	bk_buf_init(&import->mended, BK_CHANGE_BYTES_MAX);
	code = make_names(import, path, err);
	if (!code && io->ops->stat_path(io->ctx, path, &st) == 0)
		code = bk_fail(err, BK_E_EXISTS, 0, "%s exists already", path);
	if (!code)
		code = remove_leftover(import, err);
	if (code) {
		import_free(import);
		return code;
	}
	*out = import;
	return BK_OK;
}

const char *bk_import_temp(const struct bk_import *import)
{
	return import->temp;
}

/* From here on nothing can be taken before a snapshot comes. */
static enum bk_code get_stuck(struct bk_import *import)
{
	import->is_stuck = true;
	import->result.lacking++;
	return BK_OK;
}

/* Another change of the head's version: the one that stands was never committed. */
static enum bk_code strike(struct bk_import *import, uint32_t version, struct bk_error *err)
{
	enum bk_code code = bk_writer_rewind(import->writer, version - 1, err);

	if (code == BK_E_INVALID) {
		bk_import_tell(import,
			"a change of version %u follows a snapshot of that version: it and what "
			"comes behind it is left out",
			version);
		return get_stuck(import);
	}
	if (code)
		return code;
	import->result.struck++;
	bk_import_tell(import,
		"version %u stands there twice: the first is struck out, it was never committed",
		version);
	return BK_OK;
}

/* Makes room for CHANGE, or IMPORT stuck. */
static enum bk_code find_place(
	struct bk_import *import, const struct bk_change *change, struct bk_error *err)
{
	uint32_t head = bk_writer_version(import->writer), version = change->version;

	if (version == head + 1 || (version == head && bk_change_is_pragma(change)))
		return BK_OK;
	if (version == head)
		return strike(import, version, err);
	bk_import_tell(import,
		"version %u does not follow version %u: it and what comes behind it "
		"is left out",
		version, head);
	return get_stuck(import);
}

static enum bk_code append(
	struct bk_import *import, const struct bk_change *change, struct bk_error *err)
{
	enum bk_code code = bk_writer_append(import->writer, change, err);

	if (code == BK_E_INVALID) {
		bk_import_tell(import, "%s: it and what comes behind it is left out", err->msg);
		return get_stuck(import);
	}
	return code ? code : bk_import_prove(import, err);
}

static enum bk_code take(struct bk_import *import, uint32_t version, struct bk_error *err)
{
	struct bk_change change = {.version = version};
	enum bk_code code =
		bk_older_split(&import->statements, import->mended.data, import->mended.size, err);

	if (code)
		return code;
	change.statements = import->statements.list;
	change.statement_count = import->statements.count;
	code = find_place(import, &change, err);
	return code || import->is_stuck ? code : append(import, &change, err);
}

enum bk_code bk_import_change(struct bk_import *import, uint32_t version, const void *payload,
	size_t size, struct bk_error *err)
{
	unsigned blanks;
	enum bk_code code = BK_OK;

	if (import->is_stuck)
		return get_stuck(import);
	if (!import->writer)
		code = bk_import_begin_log(import, true, err);
	bk_buf_clear(&import->mended, MENDED_KEEP);
	if (!code)
		code = bk_older_mend(&import->mended, payload, size, &blanks, err);
	if (code)
		return code;
	import->result.blanks += blanks;
	return take(import, version, err);
}

void bk_import_lack(struct bk_import *import, uint64_t records)
{
	import->result.lacking += records;
}

/* What the log says at last, and whether it gives its head back. */
static enum bk_code judge(struct bk_import *import, struct bk_error *err)
{
	struct bk_log *log = bk_writer_log(import->writer);
	struct bk_import_result *result = &import->result;
	struct bk_log_status status = {0};
	struct bk_verdict verdict;
	enum bk_code code = bk_log_status(log, &status, err);

	result->version = status.version;
	result->is_empty = status.is_empty;
	result->changes = status.changes;
	result->bytes = status.log_bytes;
	if (!code && status.is_empty && result->lacking)
		return bk_fail(err, BK_E_DAMAGE, 0, "nothing can be rebuilt of what is there");
	if (code || status.is_empty)
		return code;
	code = bk_verdict_head(log, NULL, &verdict, err);
	if (!code && verdict.answer == BK_VERDICT_NO)
		code = bk_fail(err, BK_E_DAMAGE, 0, "version %u cannot be restored: %s",
			verdict.version, verdict.why.msg);
	return code;
}

/* The first sync of all that was written; then the log may be seen. */
static enum bk_code name_log(struct bk_import *import, struct bk_error *err)
{
	const struct bk_io *io = import->io;
	struct file file;
	enum bk_code code = bk_file_open(&file, io, import->temp, BK_IO_WRITE, err);
	int rc;

	if (!code)
		code = bk_file_sync(&file, err);
	bk_file_close(&file);
	if (code)
		return code;
	rc = io->ops->rename_new(io->ctx, import->temp, import->path);
	if (rc < 0)
		return bk_fail(err, rc == -EEXIST ? BK_E_EXISTS : BK_E_IO, -rc,
			"cannot rename %s to %s", import->temp, import->path);
	code = bk_file_sync_name(io, import->path, err);
	if (code)
		io->ops->unlink(io->ctx, import->path);
	return code;
}

enum bk_code bk_import_finish(
	struct bk_import *import, struct bk_import_result *result, struct bk_error *err)
{
	enum bk_code code = import->writer ? BK_OK : bk_import_begin_log(import, true, err);

	if (!code)
		code = judge(import, err);
	if (code) {
		bk_import_abort(import);
		return code;
	}
	bk_proof_done(&import->proof);
	bk_writer_leave(import->writer);
	import->writer = NULL;
	code = name_log(import, err);
	if (!code)
		*result = import->result;
	else
		bk_import_end_log(import);
	import_free(import);
	return code;
}

void bk_import_abort(struct bk_import *import)
{
	if (!import)
		return;
	bk_import_end_log(import);
	import_free(import);
}
