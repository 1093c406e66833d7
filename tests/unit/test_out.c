/* test_out.c - what goes to lightningd (plugin/wire/out.h): an answer that cannot be made ends the
 * plugin, for lightningd would wait for it for ever. */
#include "manifest.h"
#include "out.h"
#include "support.h"
#include <sys/wait.h>

SUITE(out);

#define ANSWER_MAX      8192
#define ALLOCATIONS_MAX 400

static unsigned allocations_left;

static void *limited_malloc(size_t size)
{
	return allocations_left && allocations_left-- ? malloc(size) : NULL;
}

/* Runs SEND in a process that has ALLOCATIONS of them, and writes what it sent. Returns its exit
 * status. */
static int send_with(
	void (*send)(const cJSON *), unsigned allocations, char answer[static ANSWER_MAX])
{
	size_t size = 0;
	ssize_t n;
	int fds[2], status = -1;
	pid_t pid;

	cr_assert_eq(pipe(fds), 0);
	pid = fork();
	if (pid == 0) {
		cJSON *id = cJSON_CreateString("cln:db_write#7");

		dup2(fds[1], STDOUT_FILENO);
		close(fds[0]);
		close(fds[1]);
		if (!freopen("/dev/null", "w", stderr))
			_exit(9);
		allocations_left = allocations;
		cJSON_InitHooks(&(cJSON_Hooks){limited_malloc, free});
		send(id);
		_exit(0);
	}
	close(fds[1]);
	while ((n = read(fds[0], answer + size, ANSWER_MAX - 1 - size)) > 0)
		size += (size_t)n;
	answer[size] = '\0';
	close(fds[0]);
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

static void refuse(const cJSON *id)
{
	out_refuse(id, "why");
}

static void unknown(const cJSON *id)
{
	out_unknown(id, "nothing");
}

static const struct row {
	const char *name;
	void (*send)(const cJSON *);
} rows[] = {
	{"continue", out_continue},
	{"refuse", refuse},
	{"manifest", manifest_answer},
};

/* "lightningd then stops before it commits": whole, or none and a failure, never a part of it. */
Test(out, an_answer_is_whole_or_ends_us)
{
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		char whole[ANSWER_MAX], answer[ANSWER_MAX];
		unsigned n = 0;

		cr_assert_eq(send_with(rows[i].send, ALLOCATIONS_MAX, whole), 0);
		cr_assert(strstr(whole, "\"id\":\"cln:db_write#7\""), "%s", whole);
		while (send_with(rows[i].send, n, answer) != 0) {
			cr_assert(!*answer, "%s, %u allocations: %s", rows[i].name, n, answer);
			cr_assert_lt(++n, ALLOCATIONS_MAX);
		}
		cr_assert_gt(n, 3);
		cr_assert(strcmp(answer, whole) == 0, "%s, %u allocations: %s", rows[i].name, n,
			answer);
	}
}

/* A log line that cannot be made holds nothing up. */
static void log_line(const cJSON *id)
{
	out_log(LEVEL_INFO, "a line");
	(void)id;
}

static void whole_or_lost(void (*send)(const cJSON *), const char *says)
{
	char whole[ANSWER_MAX], text[ANSWER_MAX];
	unsigned n = 0;

	cr_assert_eq(send_with(send, ALLOCATIONS_MAX, whole), 0);
	cr_assert(strstr(whole, says), "%s", whole);
	do {
		cr_assert_eq(send_with(send, n, text), 0);
		cr_assert(!*text || strcmp(text, whole) == 0, "%u allocations: %s", n, text);
	} while (!*text && ++n < ALLOCATIONS_MAX);
	cr_assert_gt(n, 3);
}

Test(out, a_log_line_is_whole_or_lost)
{
	whole_or_lost(log_line, "\"message\":\"a line\"");
}

static void offer(const cJSON *id)
{
	cJSON *result = cJSON_CreateObject();

	cJSON_AddStringToObject(result, "backup", "well");
	out_offer(id, result);
}

/* Nor does an answer that no commit waits for. */
Test(out, an_answer_to_people_is_whole_or_lost)
{
	whole_or_lost(unknown, "-32601");
	whole_or_lost(offer, "\"result\":{");
}

static void log_latin1(const cJSON *id)
{
	out_log(LEVEL_INFO, "caf\xe9\x1b");
	out_refuse(id, "/mnt/\xff/node.bkp");
}

/* Paths may hold any bytes; lightningd takes UTF-8 only. */
Test(out, all_texts_are_utf8)
{
	char text[ANSWER_MAX];

	cr_assert_eq(send_with(log_latin1, ALLOCATIONS_MAX, text), 0);
	cr_assert(strstr(text, "\"message\":\"caf\\\\xe9\\\\x1b\""), "%s", text);
	cr_assert(strstr(text, "\"reason\":\"/mnt/?/node.bkp\""), "%s", text);
}

/* What lightningd reads of us (docs/decisions.md, "Started and stopped with lightningd"). */
Test(out, the_manifest)
{
	char text[ANSWER_MAX];

	cr_assert_eq(send_with(manifest_answer, ALLOCATIONS_MAX, text), 0);
	cr_assert(strstr(text, "\"name\":\"db_write\""), "%s", text);
	cr_assert(strstr(text, "\"name\":\"backup-destination\""), "%s", text);
	cr_assert(strstr(text, "\"dynamic\":false"), "%s", text);
	cr_assert(!strstr(text, "\"disable\""), "%s", text);
	cr_assert(!strstr(text, "\"deprecated\""), "%s", text);
}

static void init_with_destination(const cJSON *id)
{
	cJSON *params = cJSON_Parse("{\"options\":{\"backup-destination\":\"file:///old\"},"
				    "\"configuration\":{}}");

	init_answer(id, params, "/plugins/backup");
	cJSON_Delete(params);
}

/* The option of the older plugin: its words, at a level that reaches the operator. */
Test(out, the_old_option_is_warned_about)
{
	char text[ANSWER_MAX];

	cr_assert_eq(send_with(init_with_destination, ALLOCATIONS_MAX, text), 0);
	cr_assert(strstr(text,
			  "\"level\":\"unusual\",\"message\":\"The `--backup-destination` option "
			  "is deprecated and will be removed in future versions of the backup "
			  "plugin."),
		"%s", text);
	cr_assert(strstr(text, "\"result\":{}"), "%s", text);
}
