/* catchup.c - a finished successor takes in what came to the log meanwhile. */
#include "catchup.h"

#define LEFT_BYTES ((uint64_t)64 << 10)

enum bk_code catchup_open(struct catchup *catchup, struct bk_error *err)
{
	struct bk_log *log;
	enum bk_code code = bk_log_open(&log, catchup->io, catchup->path, err);

	if (!code)
		catchup->log = log;
	return code;
}

void catchup_close(struct catchup *catchup)
{
	bk_log_close(catchup->log);
	catchup->log = NULL;
}

/* What the log came to. The pages of a keyframe that failed were cut off again: then it is opened
 * anew. */
static enum bk_code refresh(
	struct catchup *catchup, struct bk_successor *successor, struct bk_error *err)
{
	struct bk_log *seen = catchup->log;
	enum bk_log_news news;
	enum bk_code code = bk_log_refresh(seen, &news, err);

	if (code || news != BK_LOG_REPLACED)
		return code;
	code = catchup_open(catchup, err);
	if (code)
		return code;
	bk_successor_from(successor, catchup->log);
	bk_log_close(seen);
	return BK_OK;
}

enum bk_code catchup_do(
	struct catchup *catchup, struct bk_successor *successor, struct bk_error *err)
{
	uint64_t grown = LEFT_BYTES, left;
	enum bk_code code = BK_OK;

	while (!code && grown >= LEFT_BYTES && catchup->is_wanted(catchup->ctx)) {
		struct bk_log_status before, after;

		code = bk_log_status(catchup->log, &before, err);
		if (!code)
			code = refresh(catchup, successor, err);
		if (!code)
			code = bk_successor_catch_up(successor, &left, err);
		if (!code && catchup->mirrors)
			code = bk_successor_send(
				successor, catchup->mirrors, catchup->is_wanted, catchup->ctx, err);
		if (!code)
			code = bk_log_status(catchup->log, &after, err);
		if (!code)
			grown = after.log_bytes > before.log_bytes
					? after.log_bytes - before.log_bytes
					: 0;
	}
	return code;
}
