/* look.c - a node's backup looked at as a whole: what there is to look at, and the node's own
 * database. */
#include "look.h"
#include "lockurl.h"
#include "lookask.h"
#include <bk/dest.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* lightningd's own commits hold its database for moments, on a slow disk for longer. */
#define NODE_BUSY_MS 5000

/* The node's database as it is committed. */
static void look_at_node(const struct look *look, struct look_node *node, bool is_again)
{
	struct bk_live *live;
	struct bk_look seen;

	if (!look->dir || (is_again && node->answer != LOOK_ANSWERED))
		return;
	live = bk_live_new(look->database);
	if (!live)
		return;
	if (bk_live_look(live, NODE_BUSY_MS, &seen, &node->why)) {
		node->answer = LOOK_FAILED;
	} else {
		node->answer = LOOK_ANSWERED;
		*(is_again ? &node->after : &node->before) = seen;
	}
	bk_live_free(live);
}

static enum bk_code join(char **out, const char *dir, const char *name, struct bk_error *err)
{
	int rc = *name == '/' ? asprintf(out, "%s", name) : asprintf(out, "%s/%s", dir, name);

	if (rc >= 0)
		return BK_OK;
	*out = NULL;
	return bk_fail(err, BK_E_NOMEM, 0, "no memory for a path");
}

static enum bk_code read_times(struct look *look, const struct bk_io *io, struct bk_error *err)
{
	struct bk_error ignored;
	char *path;
	enum bk_code code = join(&path, look->dir, HOOKTIMES_NAME, err);

	if (code)
		return code;
	/* Times that cannot be read are none. */
	if (hooktimes_read(&look->times, io, path, &ignored))
		look->times = (struct hooktimes){.count = 0};
	free(path);
	return BK_OK;
}

static enum bk_code take_places(struct look *look, struct bk_error *err)
{
	for (unsigned i = 0; i < look->lock.places.count; i++) {
		const struct lockplace *place = &look->lock.places.list[i];

		look->places[i] =
			(struct look_place){.url = strdup(place->url), .held = place->log};
		if (!look->places[i].url)
			return bk_fail(err, BK_E_NOMEM, 0, "no memory for a URL");
		look->place_count++;
	}
	return BK_OK;
}

/* What backup.lock in the lightning directory names. */
static enum bk_code take_dir(struct look *look, const struct look_what *what, struct bk_error *err)
{
	char *lock_path;
	enum bk_code code;

	look->dir = realpath(what->dir, NULL);
	if (!look->dir)
		look->dir = strdup(what->dir);
	if (!look->dir)
		return bk_fail(err, BK_E_NOMEM, 0, "no memory for a path");
	code = join(&lock_path, look->dir, LOCKFILE_NAME, err);
	if (code)
		return code;
	code = lockfile_read(&look->lock, what->io, lock_path, err);
	free(lock_path);
	if (!code)
		code = lockfile_log(&look->log.path, look->dir, &look->lock, err);
	/* The file is wrong, not what somebody gave us. */
	if (code == BK_E_INVALID)
		err->code = code = BK_E_FORMAT;
	if (!code)
		code = join(&look->database, look->dir, look->lock.database, err);
	if (!code)
		code = bk_running_in(&look->running, what->io, look->dir, err);
	if (!code)
		code = read_times(look, what->io, err);
	return code ? code : take_places(look, err);
}

static enum bk_code take_url(struct look *look, const char *url, struct bk_error *err)
{
	struct bk_error ignored;

	look->log.url = strdup(url);
	if (bk_dest_path(&look->log.path, url, &ignored))
		look->log.path = strdup(url); /* of another computer's */
	return look->log.url && look->log.path ? BK_OK
					       : bk_fail(err, BK_E_NOMEM, 0, "no memory for a URL");
}

enum bk_code look_at(struct look **out, const struct look_what *what, struct bk_error *err)
{
	struct look *look = calloc(1, sizeof *look);
	enum bk_code code;

	if (!look)
		return bk_fail(err, BK_E_NOMEM, 0, "no memory to look at a backup");
	look->now_us = what->io->ops->now_us(what->io->ctx);
	code = what->dir ? take_dir(look, what, err) : take_url(look, what->url, err);
	if (!code) {
		/* Before the log, and after it: a change is in the log first. */
		look_at_node(look, &look->node, false);
		code = lookask_all(look, what->io, what->log_io, err);
		look_at_node(look, &look->node, true);
	}
	if (code) {
		look_free(look);
		return code;
	}
	*out = look;
	return BK_OK;
}

void look_free(struct look *look)
{
	bool is_late = false;

	if (!look)
		return;
	for (unsigned i = 0; i < look->place_count; i++)
		is_late |= look->places[i].answer == LOOK_SILENT;
	if (is_late || look->log.answer == LOOK_SILENT)
		return;
	for (unsigned i = 0; i < look->place_count; i++)
		free(look->places[i].url);
	lockfile_done(&look->lock);
	free(look->dir);
	free(look->database);
	free(look->log.url);
	free(look->log.path);
	free(look);
}
