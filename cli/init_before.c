/* init_before.c - what a new backup must not make forgotten: the one that the node had. */
#include "common.h"
#include "init.h"
#include "lockurl.h"
#include "nodedir.h"
#include <bk/olderfile.h>
#include <bk/version.h>
#include <bk/writer.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool init_is_others(const struct init *init, const struct bk_log_status *status)
{
	return *init->node && *status->node && strcmp(init->node, status->node) != 0;
}

static enum bk_code note(struct init *init, const char *what, struct bk_error *err)
{
	if (asprintf(&init->before, "%s (%s)", init->lock.backend_url, what) < 0) {
		init->before = NULL;
		return bk_fail(err, BK_E_NOMEM, 0, "no memory to look at %s", init->lock_path);
	}
	return BK_OK;
}

static enum bk_code refuse_no_database(
	const struct init *init, const struct bk_log_status *status, struct bk_error *err)
{
	struct word log, dir;

	return bk_fail(err, BK_E_UNSAFE, 0,
		"there is no database %s, and backup.lock names the log %s, which holds one of "
		"version %u. To get it back: backup-cli restore %s %s. If this is a new node, "
		"remove %s first",
		init->database_path, init->lock.backend_url, status->version,
		word_of(&log, init->lock.backend_url), word_of(&dir, init->dir), init->lock_path);
}

/* One version behind may be a change that lightningd never committed; only the first call that the
 * plugin gets tells. */
static enum bk_code refuse_behind(
	const struct init *init, const struct bk_log_status *status, struct bk_error *err)
{
	return bk_fail(err, BK_E_UNSAFE, 0,
		"the database (version %u) is one version behind its backup %s (version %u), which "
		"backup.lock names, as after a crash. Start lightningd with that backup once, "
		"which "
		"settles it, stop it, and run this again. Only if that cannot be, and you are sure "
		"that the database is the newest: remove %s first",
		init->version, init->lock.backend_url, status->version, init->lock_path);
}

static enum bk_code refuse_older(
	const struct init *init, const struct bk_log_status *status, struct bk_error *err)
{
	struct word log, dir;

	return bk_fail(err, BK_E_UNSAFE, 0,
		"the database (version %u) is older than its backup %s (version %u), which "
		"backup.lock names: it lost some state, and a node that starts from it can lose "
		"the funds of its channels. Move it away and run: backup-cli restore %s %s. Only "
		"if you are sure that it is the newest: remove %s first",
		init->version, init->lock.backend_url, status->version,
		word_of(&log, init->lock.backend_url), word_of(&dir, init->dir), init->lock_path);
}

/* The log before is there, at STATUS. */
static enum bk_code judge(
	struct init *init, const struct bk_log_status *status, struct bk_error *err)
{
	int32_t ahead = bk_version_distance(status->version, init->version);
	char what[BK_NODE_TEXT + 32];

	if (status->is_empty)
		return note(init, "empty", err);
	/* Not this node's: giving it up makes nothing forgotten. */
	if (init_is_others(init, status)) {
		snprintf(what, sizeof what, "of another node, %s", status->node);
		return note(init, what, err);
	}
	if (!init->has_database)
		return refuse_no_database(init, status, err);
	if (ahead > 0)
		return ahead > 1 ? refuse_older(init, status, err)
				 : refuse_behind(init, status, err);
	snprintf(what, sizeof what, "version %u%s", status->version,
		status->head_unsure ? ", and damaged behind it" : "");
	return note(init, what, err);
}

/* The older plugin's file is there: what it says of itself is all that there is to compare with. */
static enum bk_code look_older(struct init *init, const char *path, struct bk_error *err)
{
	struct bk_olderfile_status older;
	struct bk_log_status status = {0};
	struct bk_olderfile *file;
	enum bk_code code = bk_olderfile_open(&file, init->node_io, path, err);

	if (code)
		return code;
	bk_olderfile_status(file, &older);
	bk_olderfile_close(file);
	status.version = older.version;
	status.is_empty = !older.records;
	return judge(init, &status, err);
}

enum bk_code init_check_given_up(
	struct init *init, const char *path, struct bk_log_status *status, struct bk_error *err)
{
	struct bk_log *log;
	enum bk_code code = bk_writer_check_free(init->node_io, path, err);

	if (!code)
		code = bk_log_open(&log, init->node_io, path, err);
	if (code == BK_E_FORMAT)
		return look_older(init, path, err);
	if (code)
		return code;
	code = bk_log_status(log, status, err);
	if (!code)
		code = judge(init, status, err);
	bk_log_close(log);
	return code;
}

enum bk_code init_check_before(struct init *init, struct bk_error *err)
{
	struct bk_log_status status = {0};
	struct bk_error why;
	char *path;
	enum bk_code code;

	if (!init->has_lock || init->is_named)
		return BK_OK;
	code = lockfile_log(&path, init->dir, &init->lock, err);
	if (code)
		return code == BK_E_INVALID ? note(init, "nothing that this release serves", err)
					    : code;
	code = check_file(path, err) ? note(init, "no file", err)
				     : init_check_given_up(init, path, &status, err);
	free(path);
	switch (code) {
	case BK_E_MISSING:
		return note(init, "not there", err);
	case BK_E_FORMAT:
		return note(init, "no log of this release", err);
	case BK_E_DAMAGE:
		return note(init, "damaged, and its version cannot be told", err);
	case BK_E_IO:
		why = *err;
		return bk_fail(err, code, 0,
			"backup.lock names the log %s, which cannot be looked at (%s). Mend that; "
			"if it does not matter any more, remove %s first",
			init->lock.backend_url, why.msg, init->lock_path);
	default:
		return code;
	}
}
