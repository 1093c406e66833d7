/* compact_take.c - the finished successor takes the log's place. */
#include "compact.h"
#include <bk/successor.h>
#include <bk/writer.h>
#include <string.h>

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

/* As much as can be is taken in without the lock, which is held for the rest. */
static enum bk_code take(struct compaction *c, struct bk_successor *successor, struct bk_error *err)
{
	const struct bk_writer_options options = {.program = "backup-cli compact"};
	struct bk_writer *old;
	uint64_t left;
	enum bk_code code = bk_successor_catch_up(successor, &left, err);

	if (!code)
		code = bk_writer_open(&old, c->io, c->path, &options, err);
	if (code)
		return code;
	code = take_from(successor, old, err);
	if (code)
		bk_writer_close(old);
	else
		bk_writer_leave(old);
	return code;
}

enum bk_code compact_check_held(struct compaction *c, struct bk_error *err)
{
	struct bk_error why;
	enum bk_code code = bk_writer_check_free(c->io, c->path, &why);

	c->is_held = code == BK_E_BUSY;
	if (c->is_held)
		memcpy(c->holder, why.msg, sizeof c->holder);
	return code && !c->is_held ? bk_fail_as(err, &why) : BK_OK;
}

enum bk_code compact_take(struct compaction *c, struct bk_log *log, struct bk_error *err)
{
	struct bk_successor *successor;
	enum bk_code code = bk_successor_open(&successor, log, err);

	if (!code) {
		code = take(c, successor, err);
		bk_successor_close(successor);
	}
	if (code)
		bk_successor_remove(c->io, c->path);
	return code;
}
