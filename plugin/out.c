/* out.c - what goes to lightningd. */
#include "out.h"
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LOG_LINE_MAX 2048

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

/* Sends MESSAGE and frees it. */
static void send_json(cJSON *message)
{
	char *text = cJSON_PrintUnformatted(message);
	size_t size = text ? strlen(text) : 0;
	char *whole = text ? realloc(text, size + 2) : NULL;

	cJSON_Delete(message);
	if (!whole) {
		free(text);
		return;
	}
	memcpy(whole + size, "\n\n", 2);
	send_text(whole, size + 2);
	free(whole);
}

void out_log(const char *level, const char *fmt, ...)
{
	cJSON *message = cJSON_CreateObject(), *params;
	char line[LOG_LINE_MAX];
	va_list args;

	va_start(args, fmt);
	vsnprintf(line, sizeof line, fmt, args);
	va_end(args);
	cJSON_AddStringToObject(message, "jsonrpc", "2.0");
	cJSON_AddStringToObject(message, "method", "log");
	params = cJSON_AddObjectToObject(message, "params");
	cJSON_AddStringToObject(params, "level", level);
	cJSON_AddStringToObject(params, "message", line);
	send_json(message);
}

static cJSON *answer(const cJSON *id)
{
	cJSON *message = cJSON_CreateObject();

	cJSON_AddStringToObject(message, "jsonrpc", "2.0");
	cJSON_AddItemToObject(message, "id", id ? cJSON_Duplicate(id, 1) : cJSON_CreateNull());
	return message;
}

void out_result(const cJSON *id, cJSON *result)
{
	cJSON *message = answer(id);

	cJSON_AddItemToObject(message, "result", result);
	send_json(message);
}

void out_continue(const cJSON *id)
{
	cJSON *result = cJSON_CreateObject();

	cJSON_AddStringToObject(result, "result", "continue");
	out_result(id, result);
}

void out_refuse(const cJSON *id, const char *reason)
{
	cJSON *result = cJSON_CreateObject();

	cJSON_AddStringToObject(result, "result", "refused");
	cJSON_AddStringToObject(result, "reason", reason);
	out_result(id, result);
}

void out_unknown(const cJSON *id, const char *method)
{
	cJSON *message = answer(id), *error = cJSON_AddObjectToObject(message, "error");
	char text[128];

	snprintf(text, sizeof text, "backup has no method \"%.80s\"", method);
	cJSON_AddNumberToObject(error, "code", -32601);
	cJSON_AddStringToObject(error, "message", text);
	send_json(message);
}
