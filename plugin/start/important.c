/* important.c - noticing that lightningd was not told how important we are. */
#include "important.h"
#include "framing.h"
#include "out.h"
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#define ANSWER_SECONDS   60
#define ANSWER_BYTES_MAX ((size_t)4 << 20)

static const char request[] = "{\"jsonrpc\":\"2.0\",\"id\":\"backup:listconfigs#1\","
			      "\"method\":\"listconfigs\",\"params\":{}}\n\n";

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static bool is_same_file(const char *a, const char *b)
{
	struct stat x, y;

	return stat(a, &x) == 0 && stat(b, &y) == 0 && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

/* Whether TEXT of lightningd's names this program, which was started as PATH. What stands at that
 * path and what runs differ after an update. A relative path may begin elsewhere: then only its
 * last name can be told. */
static bool is_us(const char *text, const char *path)
{
	struct stat st;

	if (is_same_file(text, path) || is_same_file(text, "/proc/self/exe"))
		return true;
	return *text != '/' && stat(text, &st) != 0 &&
	       strcmp(base_name(text), base_name(path)) == 0;
}

/* Whether a list of paths names this program. */
static bool names_us(const cJSON *list, const char *path)
{
	const cJSON *item;

	cJSON_ArrayForEach(item, list)
	{
		const char *text = cJSON_GetStringValue(item);

		if (text && is_us(text, path))
			return true;
	}
	return false;
}

static const cJSON *values(const cJSON *configs, const char *name)
{
	return cJSON_GetObjectItemCaseSensitive(
		cJSON_GetObjectItemCaseSensitive(configs, name), "values_str");
}

enum important_answer important_read(const cJSON *listconfigs, const char *path)
{
	const cJSON *configs = cJSON_GetObjectItemCaseSensitive(
		cJSON_GetObjectItemCaseSensitive(listconfigs, "result"), "configs");

	if (!cJSON_IsObject(configs))
		return IMPORTANT_UNKNOWN;
	return names_us(values(configs, "important-plugin"), path) ? IMPORTANT_YES : IMPORTANT_NO;
}

static int connect_to(const char *path)
{
	const struct timeval patience = {.tv_sec = ANSWER_SECONDS};
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || strlen(path) >= sizeof address.sun_path) {
		if (fd >= 0)
			close(fd);
		return -1;
	}
	strcpy(address.sun_path, path);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
	if (connect(fd, (struct sockaddr *)&address, sizeof address) != 0) {
		close(fd);
		return -1;
	}
	return fd;
}

/* Reads one message, which ends in a blank line as on stdin. */
static cJSON *read_answer(int fd)
{
	struct framing framing;
	struct bk_error err;
	struct bk_slice text;
	cJSON *answer = NULL;

	framing_init(&framing, ANSWER_BYTES_MAX);
	for (;;) {
		enum framing_event event = framing_next(&framing, &text);
		uint8_t *at;
		size_t room;
		ssize_t n;

		if (event == FRAMING_MESSAGE)
			answer = cJSON_ParseWithLength(text.data, text.size);
		if (event != FRAMING_MORE || framing_room(&framing, &at, &room, &err))
			break;
		do
			n = read(fd, at, room);
		while (n < 0 && errno == EINTR);
		if (n <= 0)
			break;
		framing_feed(&framing, (size_t)n);
	}
	framing_done(&framing);
	return answer;
}

/* What the asking thread owns. */
struct question {
	char *socket, *path;
};

static void question_free(struct question *question)
{
	free(question->socket);
	free(question->path);
	free(question);
}

static void *ask(void *arg)
{
	struct question *question = arg;
	int fd = connect_to(question->socket);
	cJSON *answer = NULL;

	if (fd >= 0) {
		if (send(fd, request, sizeof request - 1, MSG_NOSIGNAL) ==
			(ssize_t)sizeof request - 1)
			answer = read_answer(fd);
		close(fd);
	}
	if (answer && important_read(answer, question->path) == IMPORTANT_NO)
		out_log(LEVEL_UNUSUAL,
			"this plugin is not loaded as an important one: if it dies, the node "
			"runs on without a backup. Write important-plugin=%s into lightningd's "
			"config, instead of plugin=",
			question->path);
	cJSON_Delete(answer);
	question_free(question);
	return NULL;
}

static struct question *question_new(const cJSON *configuration, const char *path)
{
	const char *dir = cJSON_GetStringValue(
		cJSON_GetObjectItemCaseSensitive(configuration, "lightning-dir"));
	const char *file =
		cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(configuration, "rpc-file"));
	struct question *question = dir && file ? calloc(1, sizeof *question) : NULL;

	if (!question)
		return NULL;
	question->path = strdup(path);
	if (asprintf(&question->socket, "%s%s%s", *file == '/' ? "" : dir, *file == '/' ? "" : "/",
		    file) < 0)
		question->socket = NULL;
	if (question->path && question->socket)
		return question;
	question_free(question);
	return NULL;
}

void important_check(const cJSON *configuration, const char *path)
{
	struct question *question = question_new(configuration, path);
	pthread_attr_t attr;
	pthread_t thread;

	if (!question)
		return;
	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	if (pthread_create(&thread, &attr, ask, question) != 0)
		question_free(question);
	pthread_attr_destroy(&attr);
}
