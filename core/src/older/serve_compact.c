/* serve_compact.c - COMPACT, as a server answers it: a successor takes the log's place. */
#include "serving.h"
#include <bk/compact.h>
#include <bk/successor.h>
#include <inttypes.h>
#include <stdio.h>

#define DAY_US (INT64_C(86400) * 1000000)

/* The protocol names no policy: all of a month, then one a day of a year, then one a month. */
static const struct bk_compact_options options = {.program = "backup-cli server",
	.policy = {.all_us = 30 * DAY_US, .daily_us = 365 * DAY_US, .monthly_us = BK_POLICY_EVER}};

/* What was built takes the place of the log that is being written. */
static enum bk_code take(
	struct bk_older_server *server, struct bk_successor *successor, struct bk_error *err)
{
	struct bk_writer *to;
	uint64_t left;
	enum bk_code code;

	bk_successor_from(successor, bk_writer_log(server->writer));
	code = bk_successor_catch_up(successor, &left, err);
	if (!code)
		code = bk_successor_take(successor, server->writer, &to, err);
	if (code)
		return code;
	bk_writer_leave(server->writer);
	server->writer = to;
	return BK_OK;
}

static enum bk_code replace(
	struct bk_older_server *server, struct bk_log *log, struct bk_error *err)
{
	struct bk_successor *successor;
	struct bk_error ignored;
	enum bk_code code = bk_successor_open(&successor, log, err);

	if (!code) {
		bk_follower_stop(server->follower);
		server->follower = NULL;
		code = take(server, successor, err);
		bk_successor_close(successor);
		/* Without one the log is opened anew for the next connection. */
		server->has_failed |= bk_serving_follow(server, &ignored) != BK_OK;
	}
	if (code)
		bk_successor_remove(server->io, server->path);
	return code;
}

static enum bk_code compact(
	struct bk_older_server *server, struct bk_compact_result *result, struct bk_error *err)
{
	struct bk_log *log;
	enum bk_code code = bk_log_open(&log, server->io, server->path, err);

	if (code)
		return code;
	code = bk_compact(log, &options, result, err);
	if (!code)
		code = replace(server, log, err);
	bk_log_close(log);
	return code;
}

enum bk_code bk_serve_compact(struct bk_older_server *server, struct bk_error *err)
{
	struct bk_compact_result result;
	struct bk_error why;
	char text[256];
	int size;

	bk_serving_say(server, BK_OLDER_INFO, "Starting compaction");
	if (compact(server, &result, &why)) {
		bk_serving_say(server, BK_OLDER_WARNING, "refused: COMPACT: %s", why.msg);
		return bk_serving_answer(server, PACKET_NACK, err);
	}
	size = snprintf(text, sizeof text,
		"{\"before\": {\"backupsize\": %" PRIu64 ", \"version_count\": %" PRIu64
		"}, \"after\": {\"backupsize\": %" PRIu64 ", \"version_count\": %" PRIu64 "}}",
		result.bytes_before, result.versions_before, result.bytes_after,
		result.versions_after);
	return bk_packet_send(&server->channel, PACKET_COMPACT_RES, text, (size_t)size, err);
}
