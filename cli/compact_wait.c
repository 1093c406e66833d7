/* compact_wait.c - who writes the log has its finished successor take its place. */
#include "compact.h"
#include <bk/successor.h>
#include <bk/writer.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define LOOK_MS 200

/* Whether the successor is being taken is looked at so often; and so often nobody was at it before
 * it is given up. */
#define HELD_LOOKS 25
#define FREE_MAX   12

/* Whether the log at the path is the successor of the log ID. */
static enum bk_code is_taken(
	const struct compaction *c, const char *id, bool *is, struct bk_error *err)
{
	struct bk_log_status status;
	struct bk_log *now;
	enum bk_code code = bk_log_open(&now, c->io, c->path, err);

	if (code)
		return code;
	code = bk_log_status(now, &status, err);
	bk_log_close(now);
	*is = !code && strcmp(status.predecessor, id) == 0;
	return code;
}

/* Whether somebody is at work on the successor of LOG. */
static bool is_held(struct bk_log *log)
{
	struct bk_successor *successor;
	struct bk_error ignored;
	enum bk_code code = bk_successor_open(&successor, log, &ignored);

	if (!code)
		bk_successor_close(successor);
	return code == BK_E_BUSY;
}

static enum bk_code not_taken(const struct compaction *c, struct bk_error *err)
{
	bk_successor_remove(c->io, c->path);
	return bk_fail(err, BK_E_BUSY, 0,
		"%s, and has not taken the successor in. The log is as it was: is that program of "
		"an older release, or no plugin? Stop it (lightningd), and run this again",
		c->holder);
}

static enum bk_code gone(const struct compaction *c, struct bk_error *err)
{
	return bk_fail(err, BK_E_BUSY, 0,
		"the successor of %s was given up: lightningd's log says why, unless lightningd "
		"was started again just now. The log is as it was: run this again",
		c->path);
}

/* The plugin looks every few seconds. Where it ended meanwhile, the log is ours to be succeeded. */
enum bk_code compact_wait(struct compaction *c, struct bk_log *log, struct bk_error *err)
{
	const struct timespec pause = {.tv_nsec = LOOK_MS * 1000000L};
	struct bk_log_status status;
	struct bk_error ignored;
	unsigned frees = 0;
	bool taken = false;
	enum bk_code code = bk_log_status(log, &status, err);

	fprintf(stderr,
		"Built beside the log: waiting for its writer, which has it take the place\n");
	for (unsigned look = 1; !code; look++) {
		bool is_there = bk_successor_is_there(c->io, c->path);

		code = is_taken(c, status.id, &taken, err);
		if (code || taken)
			break;
		if (!is_there)
			return gone(c, err);
		if (bk_writer_check_free(c->io, c->path, &ignored) == BK_OK)
			return compact_take(c, log, err);
		if (look % HELD_LOOKS == 0)
			frees = is_held(log) ? 0 : frees + 1;
		if (frees == FREE_MAX)
			return not_taken(c, err);
		nanosleep(&pause, NULL);
	}
	return code;
}
