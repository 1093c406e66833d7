/* compact_take.c - the finished successor takes the log's place. */
#include "compact.h"
#include <bk/successor.h>
#include <bk/writer.h>
#include <string.h>
#include <time.h>

/* A plugin looks for a successor each second, and takes it between two calls. */
#define WAIT_MS      120000
#define WAIT_STEP_MS 100

static enum bk_code take_from(
	struct bk_successor *successor, struct bk_writer *old, struct bk_error *err)
{
	struct bk_writer *to;
	uint64_t left;
	enum bk_code code;

	bk_successor_from(successor, bk_writer_log(old));
	code = bk_successor_catch_up(successor, &left, err);
	if (!code)
		code = bk_successor_take(successor, old, &to, err);
	if (!code)
		bk_writer_close(to);
	return code;
}

/* Takes the place here; with BK_E_BUSY another program holds the log. *IS_HELD tells that from a
 * successor that is held. */
static enum bk_code take_here(
	struct compaction *c, struct bk_log *log, bool *is_held, struct bk_error *err)
{
	const struct bk_writer_options options = {.program = "backup-cli compact"};
	struct bk_successor *successor;
	struct bk_writer *old;
	uint64_t left;
	enum bk_code code = bk_successor_open(&successor, log, err);

	*is_held = false;
	if (code)
		return code;
	/* As much as can be without the lock. */
	code = bk_successor_catch_up(successor, &left, err);
	if (!code) {
		code = bk_writer_open(&old, c->io, c->path, &options, err);
		*is_held = code == BK_E_BUSY;
	}
	if (!code) {
		code = take_from(successor, old, err);
		if (code)
			bk_writer_close(old);
		else
			bk_writer_leave(old);
	}
	bk_successor_close(successor);
	return code;
}

/* Whether the log at the path is now the successor of ID. */
static bool is_taken(const struct compaction *c, const char *id)
{
	struct bk_log_status status = {.id = ""};
	struct bk_error ignored;
	struct bk_log *log;
	bool taken;

	if (bk_log_open(&log, c->io, c->path, &ignored))
		return false;
	taken = !bk_log_status(log, &status, &ignored) && strcmp(status.predecessor, id) == 0;
	bk_log_close(log);
	return taken;
}

static enum bk_code wait_for_plugin(struct compaction *c, const char *id, struct bk_error *err)
{
	const struct timespec step = {.tv_nsec = WAIT_STEP_MS * 1000000L};

	for (unsigned waited = 0; waited < WAIT_MS; waited += WAIT_STEP_MS) {
		if (!bk_successor_is_there(c->io, c->path))
			return is_taken(c, id) ? BK_OK
					       : bk_fail(err, BK_E_BUSY, 0,
							 "the program that writes %s did not use "
							 "its successor: lightningd's log says why",
							 c->path);
		nanosleep(&step, NULL);
	}
	bk_successor_remove(c->io, c->path);
	return bk_fail(err, BK_E_BUSY, 0,
		"the program that writes %s did not take its successor in %d s: if that is a "
		"plugin "
		"of an older release, restart lightningd with this one, or stop it, and run this "
		"again",
		c->path, WAIT_MS / 1000);
}

enum bk_code compact_take(
	struct compaction *c, struct bk_log *log, bool *by_plugin, struct bk_error *err)
{
	struct bk_log_status status;
	bool is_held;
	enum bk_code code = bk_log_status(log, &status, err);

	*by_plugin = false;
	if (code)
		return code;
	code = take_here(c, log, &is_held, err);
	if (code && !is_held)
		bk_successor_remove(c->io, c->path);
	if (!is_held)
		return code;
	*by_plugin = true;
	return wait_for_plugin(c, status.id, err);
}
