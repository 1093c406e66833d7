/* init_adopt.c - giving a node the log that it had: after a restore, or without backup.lock. */
#include "common.h"
#include "init.h"
#include "own.h"
#include <bk/verdict.h>
#include <bk/verify.h>
#include <bk/version.h>
#include <bk/writer.h>
#include <inttypes.h>
#include <stdio.h>

static enum bk_code say(char **done, struct bk_error *err, const char *fmt, ...) BK_PRINTF(3, 4);

static enum bk_code say(char **done, struct bk_error *err, const char *fmt, ...)
{
	va_list args;
	int rc;

	va_start(args, fmt);
	rc = vasprintf(done, fmt, args);
	va_end(args);
	return rc < 0 ? bk_fail(err, BK_E_NOMEM, 0, "no memory for a message") : BK_OK;
}

static enum bk_code refuse_no_database(
	const struct init *init, const struct bk_log_status *status, struct bk_error *err)
{
	struct word log, dir;

	return bk_fail(err, BK_E_UNSAFE, 0,
		"the log %s holds the database of a node, at version %u, and there is no database "
		"%s. To get it back: backup-cli restore %s %s. For a new node, name another file",
		init->log_path, status->version, init->database_path, word_of(&log, init->log_path),
		word_of(&dir, init->dir));
}

static enum bk_code refuse_older(
	const struct init *init, const struct bk_log_status *status, struct bk_error *err)
{
	struct word log, dir;

	return bk_fail(err, BK_E_UNSAFE, 0,
		"the database %s is at version %u, older than the log %s, at version %u: it lost "
		"some state, and a node that starts from it can lose the funds of its channels. "
		"Move it away and run: backup-cli restore %s %s. Only if you are sure that it is "
		"the newest: move the log away",
		init->database_path, init->version, init->log_path, status->version,
		word_of(&log, init->log_path), word_of(&dir, init->dir));
}

static enum bk_code refuse_newer(
	const struct init *init, const struct bk_log_status *status, struct bk_error *err)
{
	return bk_fail(err, BK_E_UNSAFE, 0,
		"the log %s is at version %u, and the database %s is newer, at version %u: the "
		"node ran on without that log, or it is another node's. Move the log away, keep "
		"it, and run this again: the new log begins with a snapshot",
		init->log_path, status->version, init->database_path, init->version);
}

static enum bk_code refuse_different(
	const struct init *init, const struct bk_against_result *result, struct bk_error *err)
{
	return bk_fail(err, BK_E_UNSAFE, 0,
		"at version %" PRIu32 ", the log %s and the database %s do not hold the same (%s): "
		"the log is another node's, or the database was changed. Name the right one, or "
		"move the log away, keep it, and run this again",
		result->version, init->log_path, init->database_path, result->first);
}

static enum bk_code refuse_others(
	const struct init *init, const struct bk_log_status *status, struct bk_error *err)
{
	return bk_fail(err, BK_E_UNSAFE, 0,
		"the log %s is that of node %s, and the database %s is of another node, %s: each "
		"node has a log of its own. Name another file, or the lightning directory of that "
		"node",
		init->log_path, status->node, init->database_path, init->node);
}

static enum bk_code refuse_damaged(const char *why, struct bk_error *err)
{
	return bk_fail(err, BK_E_DAMAGE, 0,
		"%s. backup-cli verify tells what can still be read. To go on with this database, "
		"if it is surely the newest: move the log away, keep it, and run this again",
		why);
}

static enum bk_code refuse_damaged_at(
	const struct init *init, const struct bk_log_status *status, struct bk_error *err)
{
	struct bk_error why;

	bk_fail(&why, BK_E_DAMAGE, 0, "the log %s is damaged at offset %" PRIu64, init->log_path,
		status->damaged_at);
	return refuse_damaged(why.msg, err);
}

/* The node ran on without its plugin, which heals that; or the log has nothing yet. */
static enum bk_code leave_gap(const struct init *init, const struct bk_log_status *status,
	char **done, struct bk_error *err)
{
	const char *later =
		init->lock.halt_on_gap
			? ", once \"on_gap\" in backup.lock is \"heal\" instead of \"halt\""
			: "";

	if (status->is_empty)
		return say(done, err,
			"The log %s is empty: backup.lock %s. The database is at version %u: the "
			"plugin takes a full snapshot when lightningd starts%s",
			init->log_url, init->is_named ? "names it already" : "now names it",
			init->version, later);
	return say(done, err,
		"backup.lock names %s already. It is at version %u, and the database at %u: the "
		"plugin takes a full snapshot when lightningd starts%s",
		init->log_url, status->version, init->version, later);
}

static void on_note(void *ctx, enum bk_note_kind kind, const char *what)
{
	own_add(ctx, kind, what);
}

enum bk_code init_check_sound(const struct init *init, struct bk_log *log, struct bk_error *err)
{
	struct own own = {0};
	struct bk_verdict_options options = {.note = on_note, .ctx = &own};
	struct bk_verdict verdict;
	enum bk_code code = bk_verdict_head(log, &options, &verdict, err);

	if (!code && verdict.answer == BK_VERDICT_NO)
		code = bk_fail(err, BK_E_UNSAFE, 0,
			"the log %s would not give the database back: %s", init->log_path,
			verdict.why.msg);
	if (!code)
		own_print(&own);
	own_done(&own);
	return code;
}

/* The versions go together; whether the data does, only the data tells. */
static enum bk_code compare(const struct init *init, struct bk_log *log,
	const struct bk_log_status *status, char **done, struct bk_error *err)
{
	const char *now = init->is_named ? "names it already" : "now names it";
	const struct bk_against_options options = {.busy_ms = INIT_BUSY_MS};
	struct bk_against_result result = {0};
	struct bk_error why;
	enum bk_code code = bk_verify_against(log, init->database_path, &options, &result, err);

	if (!code && !result.is_held)
		return refuse_older(init, status, err);
	if (code == BK_E_DAMAGE) {
		why = *err;
		return refuse_damaged(why.msg, err);
	}
	if (code)
		return code;
	if (result.differences)
		return refuse_different(init, &result, err);
	code = init_check_sound(init, log, err);
	if (code)
		return code;
	if (result.version != status->version)
		return say(done, err,
			"The log %s is at version %u, and the database at %u, as after a crash in "
			"between, which the plugin settles: backup.lock %s; you can start "
			"Core-Lightning",
			init->log_url, status->version, result.version, now);
	return say(done, err,
		"The log %s is at version %u, as the database is: backup.lock %s; you can start "
		"Core-Lightning",
		init->log_url, status->version, now);
}

static enum bk_code judge(
	const struct init *init, struct bk_log *log, char **done, struct bk_error *err)
{
	struct bk_log_status status;
	enum bk_code code = bk_log_status(log, &status, err);
	int32_t ahead;

	if (code)
		return code;
	ahead = bk_version_distance(status.version, init->version);
	if (init_is_others(init, &status))
		return refuse_others(init, &status, err);
	if (!init->has_database && !status.is_empty)
		return refuse_no_database(init, &status, err);
	if (!status.is_empty && ahead > 1)
		return refuse_older(init, &status, err);
	if (status.damaged_at)
		return refuse_damaged_at(init, &status, err);
	warn_of_log(&status);
	if (!init->has_database)
		return say(done, err,
			"The log %s is empty, as there is no database yet: backup.lock %s; you can "
			"start Core-Lightning",
			init->log_url, init->is_named ? "names it already" : "now names it");
	if (!status.is_empty && ahead >= 0)
		return compare(init, log, &status, done, err);
	return init->is_named || status.is_empty ? leave_gap(init, &status, done, err)
						 : refuse_newer(init, &status, err);
}

enum bk_code init_adopt(const struct init *init, char **done, struct bk_error *err)
{
	struct bk_error why;
	struct bk_log *log;
	enum bk_code code = bk_log_open(&log, init->io, init->log_path, err);

	if (code == BK_E_FORMAT) {
		why = *err;
		return bk_fail(err, BK_E_EXISTS, 0,
			"%s. Nothing is written over it: name another file, or move that one away",
			why.msg);
	}
	if (code == BK_E_DAMAGE) {
		why = *err;
		return refuse_damaged(why.msg, err);
	}
	if (code)
		return code;
	code = bk_writer_check_free(init->io, init->log_path, err);
	if (!code)
		code = judge(init, log, done, err);
	bk_log_close(log);
	return code;
}
