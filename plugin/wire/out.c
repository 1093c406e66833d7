/* out.c - what goes to lightningd. */
#include "out.h"
#include <assert.h>
#include <bk/text.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A refusal with its longest names has room. */
#define LOG_LINE_MAX 8192

#define CONTINUE_ID_MAX 512

static pthread_mutex_t out_mutex = PTHREAD_MUTEX_INITIALIZER;

static void write_all(const char *text, size_t size)
{
	while (size) {
		ssize_t n = write(STDOUT_FILENO, text, size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return; /* lightningd is gone: the end of stdin tells us */
		text += n;
		size -= (size_t)n;
	}
}

/* Sends TEXT, of SIZE bytes with the blank line that ends a message. */
static void send_text(const char *text, size_t size)
{
	pthread_mutex_lock(&out_mutex);
	write_all(text, size);
	pthread_mutex_unlock(&out_mutex);
}

/* Sends MESSAGE, which may be NULL, and frees it. Every text in it is made valid UTF-8, wherever it
 * came from. False, with nothing sent, where there is no memory. */
static bool send_json(cJSON *message)
{
	char *text = message ? cJSON_PrintUnformatted(message) : NULL;
	char *whole = text ? bk_json_text(text, "\n\n") : NULL;

	cJSON_Delete(message);
	cJSON_free(text);
	if (!whole)
		return false;
	send_text(whole, strlen(whole));
	free(whole);
	return true;
}

/* An answer could not be made. lightningd would wait for it for ever; if we end instead, it stops
 * before it commits. */
_Noreturn static void end_without_answer(void)
{
	static const char why[] = "backup: no memory for an answer to lightningd: ending, so that "
				  "it stops before it commits\n";

	ssize_t ignored = write(STDERR_FILENO, why, sizeof why - 1);

	(void)ignored;
	_exit(EXIT_FAILURE);
}

void out_log(const char *level, const char *fmt, ...)
{
	cJSON *message = cJSON_CreateObject(), *params;
	char line[LOG_LINE_MAX], shown[BK_SHOWN_SIZE(LOG_LINE_MAX)];
	va_list args;

	va_start(args, fmt);
	vsnprintf(line, sizeof line, fmt, args);
	va_end(args);
	bk_show_controls(shown, sizeof shown, line);
	/* Whole or not at all: lightningd ends a plugin that sends it half a message. */
	if (cJSON_AddStringToObject(message, "jsonrpc", "2.0") &&
		cJSON_AddStringToObject(message, "method", "log") &&
		(params = cJSON_AddObjectToObject(message, "params")) &&
		cJSON_AddStringToObject(params, "level", level) &&
		cJSON_AddStringToObject(params, "message", shown))
		send_json(message);
	else
		cJSON_Delete(message);
}

/* Sends the answer to ID, with VALUE, which it takes over, as its "result" or "error". False, with
 * nothing sent, where there is no memory. */
static bool send_answer(const cJSON *id, const char *key, cJSON *value)
{
	cJSON *message = cJSON_CreateObject();
	cJSON *id_copy = id ? cJSON_Duplicate(id, 1) : cJSON_CreateNull();

	/* What could not be put in is lost with the process, or small. */
	if (cJSON_AddStringToObject(message, "jsonrpc", "2.0") &&
		cJSON_AddItemToObject(message, "id", id_copy) &&
		cJSON_AddItemToObject(message, key, value))
		return send_json(message);
	cJSON_Delete(message);
	return false;
}

void out_result(const cJSON *id, cJSON *result)
{
	if (!send_answer(id, "result", result))
		end_without_answer();
}

void out_offer(const cJSON *id, cJSON *result)
{
	(void)!send_answer(id, "result", result);
}

void out_continue(const cJSON *id)
{
	cJSON *result = cJSON_CreateObject();

	if (!cJSON_AddStringToObject(result, "result", "continue"))
		end_without_answer();
	out_result(id, result);
}

void out_continue_text(const struct bk_slice *id)
{
	static const char format[] =
		"{\"jsonrpc\":\"2.0\",\"id\":%.*s,\"result\":{\"result\":\"continue\"}}\n\n";
	char text[sizeof format + CONTINUE_ID_MAX];

	assert(id->size <= CONTINUE_ID_MAX);
	send_text(text,
		(size_t)snprintf(text, sizeof text, format, (int)id->size, (const char *)id->data));
}

void out_refuse(const cJSON *id, const char *reason)
{
	cJSON *result = cJSON_CreateObject();

	if (!cJSON_AddStringToObject(result, "result", "refused") ||
		!cJSON_AddStringToObject(result, "reason", reason))
		end_without_answer();
	out_result(id, result);
}

void out_error(const cJSON *id, int code, const char *text)
{
	cJSON *error = cJSON_CreateObject();

	if (cJSON_AddNumberToObject(error, "code", code) &&
		cJSON_AddStringToObject(error, "message", text))
		(void)!send_answer(id, "error", error);
	else
		cJSON_Delete(error);
}

void out_unknown(const cJSON *id, const char *method)
{
	char text[128];

	snprintf(text, sizeof text, "backup has no method \"%.80s\"", method);
	out_error(id, OUT_ERROR_METHOD, text);
}

void out_close(void)
{
	int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);

	if (nowhere < 0)
		return; /* then our exit shows it, a little later */
	dup2(nowhere, STDOUT_FILENO);
	close(nowhere);
}
