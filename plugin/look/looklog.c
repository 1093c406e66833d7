/* looklog.c - the log's part of a look. */
#include "looklog.h"
#include <bk/remote.h>
#include <bk/writer.h>
#include <stdio.h>
#include <stdlib.h>

/* What a compaction leaves where it is interrupted (docs/format.md, 12). */
static const char *const leftovers[] = {".successor.new", ".successor"};

bool looklog_free(const struct bk_io *io, const char *path, uint64_t *bytes)
{
	int fd = io->ops->open(io->ctx, path, BK_IO_READ), rc;

	if (fd < 0)
		return false;
	rc = io->ops->free_space(io->ctx, fd, bytes);
	io->ops->close(io->ctx, fd);
	return rc >= 0;
}

/* Whether a file is there that nobody holds. */
static bool is_left(const struct bk_io *io, const char *path, const char *suffix)
{
	struct bk_io_stat st;
	struct bk_error ignored;
	char *name;
	bool is;

	if (asprintf(&name, "%s%s", path, suffix) < 0)
		return false;
	is = io->ops->stat_path(io->ctx, name, &st) >= 0 &&
	     !bk_writer_check_free(io, name, &ignored);
	free(name);
	return is;
}

static enum look_writer who_holds(const struct bk_io *io, const char *path)
{
	struct bk_error ignored;

	switch (bk_writer_check_free(io, path, &ignored)) {
	case BK_OK:
		return LOOK_WRITER_NONE;
	case BK_E_BUSY:
		return LOOK_WRITER_HOLDS;
	default:
		return LOOK_WRITER_UNKNOWN;
	}
}

/* What is beside the log, and of its disk: on this computer alone. */
static void look_beside(struct look_log *log, const struct bk_io *io)
{
	log->writer = who_holds(io, log->path);
	for (size_t i = 0; i < sizeof leftovers / sizeof *leftovers; i++)
		log->is_left |= is_left(io, log->path, leftovers[i]);
	log->has_free = looklog_free(io, log->path, &log->free_bytes);
}

static enum bk_code take(struct look_log *log, const struct bk_io *io, int64_t now_us,
	bool (*is_late)(void *ctx), void *ctx, struct bk_log *opened, struct bk_error *err)
{
	bool is_here = !bk_remote_is(log->path);
	struct bk_error ignored;
	enum bk_code code = bk_log_status(opened, &log->status, err);

	if (code)
		return code;
	log->is_exposed = bk_log_is_exposed(opened);
	if (is_here)
		look_beside(log, io);
	log->has_notes = is_here;
	/* Notes that cannot be read are none. */
	if (!is_here || lognotes_read(&log->notes, io, log->path, log->status.id, &ignored))
		lognotes_parse(&log->notes, "", 0, log->status.id);
	return bk_health_look(&log->health, opened, now_us, is_late, ctx, err);
}

void looklog_take(struct look_log *log, const struct bk_io *io, int64_t now_us,
	bool (*is_late)(void *ctx), void *ctx, struct bk_log **opened)
{
	enum bk_code code = bk_log_open(opened, io, log->path, &log->why);

	if (code) {
		*opened = NULL;
	} else {
		code = take(log, io, now_us, is_late, ctx, *opened, &log->why);
		if (code) {
			bk_log_close(*opened);
			*opened = NULL;
		}
	}
	log->answer = code ? LOOK_FAILED : LOOK_ANSWERED;
}

void looklog_refresh(struct look_log *log, struct bk_log *opened)
{
	struct bk_error ignored;
	enum bk_log_news news;

	if (!bk_log_refresh(opened, &news, &ignored))
		(void)!bk_log_status(opened, &log->status, &ignored);
}
