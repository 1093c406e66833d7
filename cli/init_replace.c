/* init_replace.c - a new log in the place of the node's own, which is put aside. */
#include "common.h"
#include "init.h"
#include <bk/path.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Under which name the new one is made. */
#define NEW_SUFFIX ".replacing"

/* As many digits of an id tell logs apart that stand side by side. */
#define ID_DIGITS 8

static enum bk_code check(struct init *init, struct bk_log_status *status, struct bk_error *err)
{
	enum bk_code code = init_check_given_up(init, init->log_path, status, err);

	/* Its version cannot be told, and it is kept. */
	if (code == BK_E_DAMAGE)
		return BK_OK;
	if (code == BK_E_FORMAT || (!code && !*status->id))
		return bk_fail(err, BK_E_EXISTS, 0,
			"%s is no log of this release, and is not replaced: name another file, or "
			"move that one away",
			init->log_path);
	if (!code && init_is_others(init, status))
		return bk_fail(err, BK_E_UNSAFE, 0,
			"the log %s is that of node %s, and this is node %s: name another file",
			init->log_path, status->node, init->node);
	return code ? code : init_check_fresh(init, err);
}

/* What the log that stands there is called from now on, by its id and the day. */
static char *name_of(const struct init *init, const struct bk_log_status *status)
{
	time_t now = time(NULL);
	struct tm day;
	char *name, date[16];

	gmtime_r(&now, &day);
	strftime(date, sizeof date, "%Y-%m-%d", &day);
	return asprintf(&name, "%s.before-%.*s-%s", init->log_path, ID_DIGITS,
		       *status->id ? status->id : "damaged", date) < 0
		       ? NULL
		       : name;
}

static enum bk_code sync_names(const struct init *init, struct bk_error *err)
{
	char *dir = bk_path_directory(init->log_path);
	int rc = dir ? init->io->ops->sync_dir(init->io->ctx, dir) : 0;

	free(dir);
	return rc < 0 ? bk_fail(err, BK_E_IO, -rc, "cannot sync the directory of %s",
				init->log_path)
		      : BK_OK;
}

/* Puts the log aside as ASIDE, and FRESH in its place. Cut in between, there is no log at the path,
 * and init makes one. */
static enum bk_code swap(
	const struct init *init, const char *fresh, const char *aside, struct bk_error *err)
{
	const struct bk_io *io = init->io;
	int rc = io->ops->rename_new(io->ctx, init->log_path, aside);

	if (rc < 0)
		return bk_fail(err, BK_E_IO, -rc, "cannot rename %s to %s", init->log_path, aside);
	rc = io->ops->rename_new(io->ctx, fresh, init->log_path);
	if (rc < 0) {
		io->ops->rename_new(io->ctx, aside, init->log_path);
		return bk_fail(err, BK_E_IO, -rc, "cannot rename %s to %s", fresh, init->log_path);
	}
	return sync_names(init, err);
}

static enum bk_code replace(struct init *init, const char *aside, char **done, struct bk_error *err)
{
	const struct bk_io *io = init->io;
	struct init fresh = *init;
	enum bk_code code;

	if (asprintf(&fresh.log_path, "%s" NEW_SUFFIX, init->log_path) < 0)
		return bk_fail(err, BK_E_NOMEM, 0, "no memory for a path");
	/* What an interrupted one left. */
	io->ops->unlink(io->ctx, fresh.log_path);
	code = init_make_log(&fresh, done, err);
	init->seal = fresh.seal;
	init->key = fresh.key;
	init->key_name = fresh.key_name;
	if (!code) {
		code = swap(init, fresh.log_path, aside, err);
		if (code) {
			init_unseal(init);
			io->ops->unlink(io->ctx, fresh.log_path);
			free(*done);
		}
	}
	free(fresh.log_path);
	return code;
}

enum bk_code init_replace(struct init *init, char **done, struct bk_error *err)
{
	struct bk_log_status status = {0};
	char *aside;
	enum bk_code code = check(init, &status, err);

	if (code)
		return code;
	aside = name_of(init, &status);
	if (!aside)
		return bk_fail(err, BK_E_NOMEM, 0, "no memory for a path");
	code = replace(init, aside, done, err);
	if (!code) {
		printf("The log that was there is kept: %s\n", aside);
		if (init->lock.places.count)
			printf("Its mirrors hold that one: backup-cli mirror reset URL has each "
			       "begin "
			       "anew with this one\n");
	}
	free(aside);
	return code;
}
