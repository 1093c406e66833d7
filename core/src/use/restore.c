/* restore.c - writing the database of one version out as a file. */
#include "check.h"
#include "imagecopy.h"
#include "newfile.h"
#include <bk/listing.h>
#include <bk/path.h>
#include <bk/rebuild.h>
#include <bk/restore.h>
#include <bk/version.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEMP_SUFFIX ".restoring"

struct restore {
	struct bk_log *log;
	const struct bk_io *io;
	const struct bk_restore_options *options;
	char *path;
	uint32_t version, head;
	int64_t head_time_us;
	bool is_head;
};

static bool path_exists(const struct bk_io *io, const char *path)
{
	struct bk_io_stat st;

	return io->ops->stat_path(io->ctx, path, &st) == 0;
}

static enum bk_code find_path(struct restore *restore, const char *dest, struct bk_error *err)
{
	struct bk_io_stat st;
	bool is_dir =
		restore->io->ops->stat_path(restore->io->ctx, dest, &st) == 0 && st.is_directory;
	int rc;

	if (!*dest)
		return bk_fail(err, BK_E_INVALID, 0,
			"\"\" is no place to restore to: name a file or a directory");
	rc = asprintf(&restore->path, "%s%s%s", dest,
		!is_dir || dest[strlen(dest) - 1] == '/' ? "" : "/",
		is_dir ? BK_DATABASE_NAME : "");

	if (rc < 0) {
		restore->path = NULL;
		return bk_fail(err, BK_E_NOMEM, 0, "no memory for a path");
	}
	return BK_OK;
}

static enum bk_code refuse_beside(
	const struct restore *restore, const char *suffix, struct bk_error *err)
{
	char *beside;
	enum bk_code code = BK_OK;

	if (asprintf(&beside, "%s%s", restore->path, suffix) < 0)
		return bk_fail(err, BK_E_NOMEM, 0, "no memory for a path");
	if (path_exists(restore->io, beside))
		code = bk_fail(err, BK_E_UNSAFE, 0,
			"%s is there: SQLite would mix it into the restored database; move it away",
			beside);
	free(beside);
	return code;
}

/* The directory that PATH stands in, or with UP that one's parent; the caller frees it. */
static char *directory_of(const char *path, bool up)
{
	char *dir = bk_path_directory(path), *parent = NULL;

	if (!dir || !up)
		return dir;
	if (asprintf(&parent, "%s/..", dir) < 0)
		parent = NULL;
	free(dir);
	return parent;
}

/* lightningd keeps its pid file locked, in its base directory, above that of the network. */
static enum bk_code refuse_running(const struct restore *restore, bool up, struct bk_error *err)
{
	const struct bk_io *io = restore->io;
	char *dir = directory_of(restore->path, up), name[256];
	enum bk_code code = BK_OK;
	int pid;

	if (!dir)
		return bk_fail(err, BK_E_NOMEM, 0, "no memory for a path");
	pid = io->ops->find_locked(io->ctx, dir, "lightningd-", ".pid", name, sizeof name);
	if (pid)
		code = bk_fail(err, BK_E_UNSAFE, 0,
			"lightningd runs there (process %d holds %s/%s): stop it before you "
			"restore",
			pid, dir, name);
	free(dir);
	return code;
}

static enum bk_code refuse_stale(const struct restore *restore, struct bk_error *err)
{
	char newest[64] = "surely the newest, since the log is damaged behind it";

	if (restore->version != restore->head)
		snprintf(newest, sizeof newest, "the newest (%u)", restore->head);
	return bk_fail(err, BK_E_UNSAFE, 0,
		"version %u is not %s: a node that starts from it can lose the funds of its "
		"channels; restore it under another name than %s, to look at it",
		restore->version, newest, BK_DATABASE_NAME);
}

static enum bk_code check_place(const struct restore *restore, struct bk_error *err)
{
	const char *slash = strrchr(restore->path, '/');
	const char *name = slash ? slash + 1 : restore->path;
	enum bk_code code = BK_OK;

	if (path_exists(restore->io, restore->path))
		return bk_fail(err, BK_E_EXISTS, 0,
			"%s exists already: nothing is restored over a database; move it away, or "
			"name another file",
			restore->path);
	if (!restore->is_head && !restore->options->stale_allowed &&
		strcmp(name, BK_DATABASE_NAME) == 0)
		return refuse_stale(restore, err);
	code = refuse_beside(restore, "-journal", err);
	if (!code)
		code = refuse_beside(restore, "-wal", err);
	if (!code)
		code = refuse_running(restore, false, err);
	if (!code)
		code = refuse_running(restore, true, err);
	return code;
}

static enum bk_code choose_version(struct restore *restore, struct bk_error *err)
{
	struct bk_log_status status;
	enum bk_code code = bk_log_status(restore->log, &status, err);

	if (code)
		return code;
	if (status.is_empty)
		return bk_fail(err, BK_E_MISSING, 0,
			"the log %s is empty: no database was ever written to it, so there is "
			"nothing to restore",
			bk_log_path(restore->log));
	if (status.head_unsure && !restore->options->has_version)
		return bk_fail(err, BK_E_DAMAGE, 0,
			"%s is damaged at offset %llu: a change newer than version %u may be lost. "
			"backup-cli verify tells more; restore --version %u restores that one, "
			"under "
			"another name than %s",
			bk_log_path(restore->log), (unsigned long long)status.damaged_at,
			status.version, status.version, BK_DATABASE_NAME);
	restore->head = status.version;
	restore->head_time_us = status.time_us;
	restore->version =
		restore->options->has_version ? restore->options->version : status.version;
	restore->is_head = restore->version == restore->head && !status.head_unsure;
	return BK_OK;
}

/* What was written, as SQLite will read it. */
struct written {
	struct pagestore store;
	const struct file *file;
};

static enum bk_code written_read(
	struct pagestore *store, uint32_t page, void *dst, struct bk_error *err)
{
	const struct file *file = ((struct written *)store)->file;
	size_t done;
	enum bk_code code = bk_file_read(
		file, dst, store->page_size, (uint64_t)(page - 1) * store->page_size, &done, err);

	if (!code && done < store->page_size)
		return bk_fail(
			err, BK_E_IO, 0, "%s is shorter than what was written to it", file->path);
	return code;
}

static enum bk_code check_written(const struct restore *restore, struct bk_image *image,
	const struct file *file, struct bk_restore_result *result, struct bk_error *err)
{
	struct written written = {
		.store = {.page_size = bk_image_page_size(image),
			.page_count = bk_image_page_count(image),
			.read = written_read},
		.file = file,
	};
	struct check_result check;
	enum bk_code code =
		bk_check_database(&written.store, restore->io, &image->budget, &check, err);

	if (code)
		return code;
	if (check.unsound)
		return bk_fail(
			err, BK_E_DAMAGE, 0, "the database is not sound: %s", check.findings[0]);
	if (check.version != restore->version)
		return bk_fail(err, BK_E_DAMAGE, 0,
			"the restored database says it is version %u, and should be %u",
			check.version, restore->version);
	result->foreign_key_failures = check.foreign_key_failures;
	result->bytes = bk_image_size(image);
	return BK_OK;
}

/* Writes IMAGE out to its place. */
static enum bk_code restore_image(const struct restore *restore, struct bk_image *image,
	struct bk_restore_result *result, struct bk_error *err)
{
	struct newfile nf;
	enum bk_code code = bk_newfile_open(&nf, restore->io, restore->path, TEMP_SUFFIX, err);

	if (code)
		return code;
	code = bk_imagecopy_write(
		image, &nf.file, restore->options->progress, restore->options->ctx, err);
	if (code) {
		bk_newfile_abort(&nf);
		return code;
	}
	code = check_written(restore, image, &nf.file, result, err);
	if (code == BK_E_DAMAGE) {
		size_t used = strlen(err->msg);

		snprintf(err->msg + used, sizeof err->msg - used, "; it was left as %s%s",
			restore->path, TEMP_SUFFIX);
		err->code = code = BK_E_SQL;
		bk_newfile_leave(&nf);
		return code;
	}
	if (code) {
		bk_newfile_abort(&nf);
		return code;
	}
	return bk_newfile_commit(&nf, err);
}

/* A restore that is tried, perhaps several times, since damage is passed over. */
struct attempt {
	const struct restore *restore;
	struct bk_restore_result *result;
};

static enum bk_code try_restore(void *ctx, struct bk_image *image, struct bk_error *err)
{
	const struct attempt *attempt = ctx;
	const struct restore *restore = attempt->restore;

	attempt->result->is_past_damage = bk_image_is_past_damage(image);
	if (!bk_image_page_count(image))
		return bk_fail(err, BK_E_MISSING, 0,
			"there was no database yet at version %u of %s: there is nothing to "
			"restore",
			restore->version, bk_log_path(restore->log));
	return restore_image(restore, image, attempt->result, err);
}

/* What could not be done, and what can. */
static enum bk_code explain_damage(
	const struct restore *restore, const struct bk_error *why, struct bk_error *err)
{
	return bk_fail(err, BK_E_DAMAGE, 0,
		"version %u%s cannot be rebuilt: %s. backup-cli verify tells which versions can; "
		"restore --version N restores one of them, under another name than %s",
		restore->version, restore->is_head ? ", the newest," : "", why->msg,
		BK_DATABASE_NAME);
}

/* Damage in keyframes costs nothing as long as the changes since an older one are whole. */
static enum bk_code restore_past_damage(
	const struct restore *restore, struct bk_restore_result *result, struct bk_error *err)
{
	struct bk_image_options options = {.spill_dir = restore->options->spill_dir};
	struct attempt attempt = {restore, result};
	struct bk_error why = {.code = BK_OK};
	enum bk_code code = bk_rebuild_do(
		restore->log, restore->version, &options, try_restore, &attempt, &why);

	if (code == BK_E_DAMAGE || (code == BK_E_MISSING && restore->is_head))
		return explain_damage(restore, &why, err);
	return code ? bk_fail_as(err, &why) : BK_OK;
}

enum bk_code bk_restore(struct bk_log *log, const char *dest,
	const struct bk_restore_options *options, struct bk_restore_result *result,
	struct bk_error *err)
{
	static const struct bk_restore_options defaults;
	struct restore restore = {
		.log = log, .io = log->lf.file.io, .options = options ? options : &defaults};
	struct bk_restore_result done = {0};
	struct bk_entry entry = {0};
	enum bk_code code = choose_version(&restore, err);

	if (!code)
		code = find_path(&restore, dest, err);
	if (!code)
		code = check_place(&restore, err);
	entry.time_us = restore.head_time_us;
	if (!code && !restore.is_head)
		code = bk_log_find(log, restore.version, &entry, err);
	if (!code)
		code = restore_past_damage(&restore, &done, err);
	if (code) {
		free(restore.path);
		return code;
	}
	done.path = restore.path;
	done.version = restore.version;
	done.head = restore.head;
	done.time_us = entry.time_us;
	*result = done;
	return BK_OK;
}
