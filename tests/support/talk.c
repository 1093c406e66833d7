/* talk.c - requests to a plugin, its answers, and its log lines. */
#include "talk.h"
#include "jsontext.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LOG_BYTES_MAX     ((size_t)1 << 20)
#define MESSAGE_BYTES_MAX ((size_t)1 << 30)
#define MESSAGE_KEEP      ((size_t)1 << 20)
#define QUOTED_MAX        200

void talk_init(struct talk *talk)
{
	*talk = (struct talk){0};
	bk_buf_init(&talk->message, MESSAGE_BYTES_MAX);
	bk_buf_init(&talk->logs, LOG_BYTES_MAX);
}

void talk_done(struct talk *talk)
{
	talk_end(talk);
	bk_buf_done(&talk->message);
	bk_buf_done(&talk->logs);
}

enum bk_code talk_start(struct talk *talk, char *const argv[], const struct child_options *options,
	unsigned timeout_ms, struct bk_error *err)
{
	enum bk_code code;

	talk_end(talk);
	code = peer_start(&talk->peer, argv, options, timeout_ms, err);
	talk->is_running = !code;
	return code;
}

void talk_end(struct talk *talk)
{
	if (!talk->is_running)
		return;
	peer_done(&talk->peer);
	talk->usage = talk->peer.child.usage;
	talk->is_running = false;
}

const char *talk_logs(const struct talk *talk)
{
	return talk->logs.size ? (const char *)talk->logs.data : "";
}

static void keep_log(struct talk *talk, const char *level, const char *message)
{
	size_t level_size = strlen(level), size = strlen(message);
	struct bk_error ignored; /* lines past the limit are not kept */

	if (talk->on_log)
		talk->on_log(talk->ctx, level, message);
	if (bk_buf_reserve(&talk->logs, level_size + size + 4, &ignored))
		return;
	talk->logs.size += (size_t)sprintf(
		(char *)talk->logs.data + talk->logs.size, "%s: %s\n", level, message);
}

/* Whether MESSAGE is a log line, which is then kept. */
static bool is_log(struct talk *talk, const cJSON *message)
{
	const cJSON *params = cJSON_GetObjectItemCaseSensitive(message, "params");
	const char *method =
		cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(message, "method"));
	const char *level = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(params, "level"));
	const char *text =
		cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(params, "message"));

	if (!method || strcmp(method, "log") != 0 || !level || !text)
		return false;
	keep_log(talk, level, text);
	return true;
}

static enum bk_code unexpected(struct talk *talk, const char *what, struct bk_error *err)
{
	size_t size = talk->answer.size < QUOTED_MAX ? talk->answer.size : QUOTED_MAX;

	return bk_fail(err, BK_E_INVALID, 0, "the plugin sent no %s, but: %.*s", what, (int)size,
		(const char *)talk->answer.data);
}

/* The next message. *MESSAGE is NULL if it was a log line, which is kept, or at the end of the
 * plugin's output: talk->answer is then empty. */
static enum bk_code receive_any(struct talk *talk, cJSON **message, struct bk_error *err)
{
	enum bk_code code = peer_receive(&talk->peer, &talk->answer, err);

	*message = NULL;
	if (code || !talk->answer.size)
		return code;
	*message = cJSON_ParseWithLength(talk->answer.data, talk->answer.size);
	if (!*message)
		return unexpected(talk, "JSON", err);
	if (is_log(talk, *message)) {
		cJSON_Delete(*message);
		*message = NULL;
	}
	return BK_OK;
}

enum bk_code talk_receive(struct talk *talk, cJSON **message, struct bk_error *err)
{
	enum bk_code code;

	do
		code = receive_any(talk, message, err);
	while (!code && !*message && talk->answer.size);
	return code;
}

bool talk_has_logged(const struct talk *talk, const char *level, const char *text)
{
	const char *line = talk_logs(talk), *end;
	size_t size = level ? strlen(level) : 0;

	for (; (end = strchr(line, '\n')); line = end + 1) {
		if (level && (strncmp(line, level, size) != 0 || line[size] != ':'))
			continue;
		if (memmem(line, (size_t)(end - line), text, strlen(text)))
			return true;
	}
	return false;
}

enum bk_code talk_wait_log(
	struct talk *talk, const char *level, const char *text, struct bk_error *err)
{
	while (!talk_has_logged(talk, level, text)) {
		cJSON *message;
		enum bk_code code = receive_any(talk, &message, err);

		if (code)
			return code;
		if (message || !talk->answer.size) {
			cJSON_Delete(message);
			return unexpected(talk, text, err);
		}
	}
	return BK_OK;
}

enum bk_code talk_answer(struct talk *talk, const char *id, cJSON **message, struct bk_error *err)
{
	const char *found, *protocol;
	enum bk_code code = talk_receive(talk, message, err);

	if (code || !*message)
		return code;
	found = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(*message, "id"));
	protocol = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(*message, "jsonrpc"));
	if (found && strcmp(found, id) == 0 && protocol && strcmp(protocol, "2.0") == 0)
		return BK_OK;
	cJSON_Delete(*message);
	*message = NULL;
	return unexpected(talk, id, err);
}

enum bk_code talk_request(struct talk *talk, const char *method, bool append, struct bk_error *err)
{
	if (!append)
		bk_buf_clear(&talk->message, MESSAGE_KEEP);
	snprintf(talk->id, sizeof talk->id, "cln:%s#%u", method, ++talk->next_id);
	return json_raw(&talk->message, err,
		"{\"jsonrpc\":\"2.0\",\"id\":\"%s\",\"method\":\"%s\",\"params\":{", talk->id,
		method);
}

enum bk_code talk_send(struct talk *talk, struct bk_error *err)
{
	return peer_send(&talk->peer, talk->message.data, talk->message.size, err);
}

enum bk_code talk_ask(struct talk *talk, const char *method, const char *params, cJSON **answer,
	struct bk_error *err)
{
	cJSON *message = NULL;
	enum bk_code code = talk_request(talk, method, false, err);

	if (!code)
		code = bk_buf_append(&talk->message, params, strlen(params), err);
	if (!code)
		code = bk_buf_append(&talk->message, "}}\n\n", 4, err);
	if (!code)
		code = talk_send(talk, err);
	if (!code)
		code = talk_answer(talk, talk->id, &message, err);
	if (!code && !cJSON_IsObject(cJSON_GetObjectItemCaseSensitive(message, "result")))
		code = unexpected(talk, "result", err);
	if (code) {
		cJSON_Delete(message);
		return code;
	}
	*answer = message;
	return BK_OK;
}
