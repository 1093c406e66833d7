/* serving.c - what the parts of a server of the older plugin's protocol share. */
#include "serving.h"
#include <stdio.h>

void bk_serving_say(struct bk_older_server *server, enum bk_older_level level, const char *fmt, ...)
{
	char text[BK_ERROR_MESSAGE_MAX + 256];
	va_list args;

	if (!server->options.say)
		return;
	va_start(args, fmt);
	vsnprintf(text, sizeof text, fmt, args);
	va_end(args);
	server->options.say(server->options.ctx, level, text);
}

enum bk_code bk_serving_answer(
	struct bk_older_server *server, enum packet_kind kind, struct bk_error *err)
{
	return bk_packet_send_u32(&server->channel, kind, bk_writer_version(server->writer), err);
}

bool bk_serving_can_rewind(const struct bk_older_server *server, uint32_t *version)
{
	struct bk_head head;

	bk_writer_head(server->writer, &head);
	*version = head.version - 1;
	return !head.is_committed;
}

/* Called from the follower's thread. */
static void follower_says(void *ctx, const struct bk_error *err)
{
	struct bk_older_server *server = ctx;

	bk_serving_say(server, BK_OLDER_ERROR, "%s: %s",
		err->code == BK_E_SQL || err->code == BK_E_DAMAGE
			? "a change cannot be replayed, and is stored all the same"
			: "could not write a keyframe, which is tried again",
		err->msg);
}

enum bk_code bk_serving_follow(struct bk_older_server *server, struct bk_error *err)
{
	const struct bk_follower_options options = {.notify = follower_says, .ctx = server};

	return bk_follower_start(&server->follower, server->writer, &options, err);
}
