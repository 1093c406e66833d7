/* restore.c - what may be restored, and where. */
#include "restore_write.h"
#include "verdict.h"
#include <bk/listing.h>
#include <bk/path.h>
#include <bk/rebuild.h>
#include <bk/restore.h>
#include <bk/running.h>
#include <bk/version.h>
#include <bk/writer.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct restore {
	struct bk_log *log;
	const struct bk_io *io;
	const struct bk_restore_options *options;
	char *path;
	uint32_t version, head;
	int64_t head_time_us;
	bool is_head;
	struct bk_running running; /* lightningd, at the place */
	struct bk_error held;      /* BK_E_BUSY: a plugin holds the log */
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

static int is_this(void *name, const char *other)
{
	return strcmp(name, other) == 0;
}

/* Whether PATH is the name of something, be it a link that leads nowhere: it may lead somewhere
 * later. */
static bool is_name(const struct bk_io *io, char *path)
{
	char *dir = bk_path_directory(path), *slash = strrchr(path, '/');
	char *name = slash ? slash + 1 : path;
	bool is = path_exists(io, path) ||
		  (dir && io->ops->list && io->ops->list(io->ctx, dir, name, is_this, name) == 1);

	free(dir);
	return is;
}

static enum bk_code refuse_beside(
	const struct restore *restore, const char *suffix, struct bk_error *err)
{
	char *beside;
	enum bk_code code = BK_OK;

	if (asprintf(&beside, "%s%s", restore->path, suffix) < 0)
		return bk_fail(err, BK_E_NOMEM, 0, "no memory for a path");
	if (is_name(restore->io, beside))
		code = bk_fail(err, BK_E_UNSAFE, 0,
			"%s is there: SQLite would mix it into the restored database; move it away",
			beside);
	free(beside);
	return code;
}

/* Whether the name of PATH is the one that lightningd opens. */
static bool is_node_name(const struct restore *restore)
{
	const char *slash = strrchr(restore->path, '/');

	return restore->options->is_node_name ||
	       strcmp(slash ? slash + 1 : restore->path, BK_DATABASE_NAME) == 0;
}

/* Whether SYS_ERRNO says that there are no locks here, as over some network mounts. */
static bool cannot_lock(int sys_errno)
{
	return sys_errno == EBADF || sys_errno == ENOLCK || sys_errno == EOPNOTSUPP ||
	       sys_errno == ENOSYS;
}

/* Whether the node runs: its lightningd at the place, or its plugin, which holds the log. */
static enum bk_code look_for_node(struct restore *restore, struct bk_error *err)
{
	char *dir = bk_path_directory(restore->path);
	enum bk_code code;

	if (!dir)
		return bk_fail(err, BK_E_NOMEM, 0, "no memory for a path");
	code = bk_running_in(&restore->running, restore->io, dir, err);
	free(dir);
	if (code)
		return code;
	code = bk_writer_check_free(
		restore->options->log_io ? restore->options->log_io : restore->io,
		bk_log_path(restore->log), &restore->held);
	return code && code != BK_E_BUSY && !cannot_lock(restore->held.sys_errno)
		       ? bk_fail_as(err, &restore->held)
		       : BK_OK;
}

/* Under the name that lightningd opens nothing is put where the node may run. */
static enum bk_code refuse_running(const struct restore *restore, struct bk_error *err)
{
	static const char advice[] = "to look at a version, restore it under another name than";

	if (restore->running.answer == BK_RUNNING_YES)
		return bk_fail(err, BK_E_UNSAFE, 0,
			"lightningd runs there (%s): stop it before you restore; %s %s",
			restore->running.text, advice, BK_DATABASE_NAME);
	if (restore->running.answer == BK_RUNNING_UNKNOWN)
		return bk_fail(err, BK_E_UNSAFE, 0,
			"whether lightningd runs there cannot be told (%s): run this as the user "
			"that it runs as, or as root; %s %s",
			restore->running.text, advice, BK_DATABASE_NAME);
	if (restore->held.code)
		return bk_fail(err, BK_E_UNSAFE, 0, "%s: %s; %s %s",
			restore->held.code == BK_E_BUSY ? "the node runs"
							: "whether the node runs cannot be told",
			restore->held.msg, advice, BK_DATABASE_NAME);
	return BK_OK;
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

static enum bk_code check_place(struct restore *restore, struct bk_error *err)
{
	enum bk_code code;

	if (path_exists(restore->io, restore->path))
		return bk_fail(err, BK_E_EXISTS, 0,
			"%s exists already: nothing is restored over a database; move it away, or "
			"name another file",
			restore->path);
	if (!restore->is_head && !restore->options->stale_allowed && is_node_name(restore))
		return refuse_stale(restore, err);
	code = refuse_beside(restore, "-journal", err);
	if (!code)
		code = refuse_beside(restore, "-wal", err);
	if (!code)
		code = look_for_node(restore, err);
	if (!code && is_node_name(restore))
		code = refuse_running(restore, err);
	return code;
}

static enum bk_code refuse_unsure(const struct bk_verdict *verdict, struct bk_error *err)
{
	return bk_fail(err, BK_E_DAMAGE, 0,
		"%s. backup-cli verify tells more; restore --version %u restores that one, under "
		"another name than %s",
		verdict->why.msg, verdict->version, BK_DATABASE_NAME);
}

static enum bk_code choose_version(struct restore *restore, struct bk_error *err)
{
	struct bk_log_status status;
	struct bk_verdict verdict;
	enum bk_code code = bk_log_status(restore->log, &status, err);

	if (code)
		return code;
	bk_verdict_of_status(&verdict, &status, bk_log_path(restore->log));
	if (verdict.answer == BK_VERDICT_NOTHING)
		return bk_fail_as(err, &verdict.why);
	if (verdict.answer == BK_VERDICT_UNSURE && !restore->options->has_version)
		return refuse_unsure(&verdict, err);
	restore->head = status.version;
	restore->head_time_us = status.time_us;
	restore->version =
		restore->options->has_version ? restore->options->version : status.version;
	restore->is_head = restore->version == restore->head && verdict.answer == BK_VERDICT_YES;
	return BK_OK;
}

/* A restore that is tried, perhaps several times, since damage is passed over. */
struct attempt {
	const struct restore *restore;
	struct bk_verdict *verdict;
};

static enum bk_code try_restore(void *ctx, struct bk_image *image, struct bk_error *err)
{
	const struct attempt *attempt = ctx;
	const struct restore *restore = attempt->restore;

	attempt->verdict->is_past_damage = bk_image_is_past_damage(image);
	if (!bk_image_page_count(image))
		return bk_fail(err, BK_E_MISSING, 0,
			"there was no database yet at version %u of %s: there is nothing to "
			"restore",
			restore->version, bk_log_path(restore->log));
	return bk_restore_write(image, restore->version, restore->io, restore->path,
		restore->options, attempt->verdict, err);
}

/* What could not be done, and what can. */
static enum bk_code explain(const struct restore *restore, enum bk_code code,
	const struct bk_error *why, struct bk_error *err)
{
	return bk_fail(err, code, 0,
		"version %u%s cannot be rebuilt: %s. backup-cli verify tells which versions can; "
		"restore --version N restores one of them, under another name than %s",
		restore->version, restore->is_head ? ", the newest," : "", why->msg,
		BK_DATABASE_NAME);
}

/* Damage in keyframes costs nothing as long as the changes since an older one are whole. */
static enum bk_code restore_past_damage(
	const struct restore *restore, struct bk_verdict *verdict, struct bk_error *err)
{
	struct bk_image_options options = {.spill_dir = restore->options->spill_dir};
	struct attempt attempt = {restore, verdict};
	struct bk_error why = {.code = BK_OK};
	enum bk_code code = bk_rebuild_do(
		restore->log, restore->version, &options, try_restore, &attempt, &why);

	if (code == BK_E_DAMAGE || (code == BK_E_MISSING && restore->is_head))
		return explain(restore, BK_E_DAMAGE, &why, err);
	if (code == BK_E_SQL)
		return explain(restore, code, &why, err);
	return code ? bk_fail_as(err, &why) : BK_OK;
}

static void fill(struct bk_restore_result *result, const struct restore *restore,
	const struct bk_verdict *verdict, int64_t time_us)
{
	*result = (struct bk_restore_result){
		.path = restore->path,
		.version = restore->version,
		.head = restore->head,
		.time_us = time_us,
		.bytes = verdict->bytes,
		.notes = verdict->notes,
		.foreign_key_failures = verdict->foreign_key_failures,
		.is_past_damage = verdict->is_past_damage,
		.node_runs = restore->running.answer == BK_RUNNING_YES ||
			     restore->held.code == BK_E_BUSY,
	};
	memcpy(result->node, verdict->node, sizeof result->node);
}

enum bk_code bk_restore(struct bk_log *log, const char *dest,
	const struct bk_restore_options *options, struct bk_restore_result *result,
	struct bk_error *err)
{
	static const struct bk_restore_options defaults;
	struct restore restore = {
		.log = log, .io = log->lf.file.io, .options = options ? options : &defaults};
	struct bk_verdict verdict = {0};
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
		code = restore_past_damage(&restore, &verdict, err);
	if (code) {
		free(restore.path);
		return code;
	}
	fill(result, &restore, &verdict, entry.time_us);
	return BK_OK;
}
