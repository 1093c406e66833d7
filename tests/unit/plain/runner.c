/* runner.c - runs tests one by one, each in a process of its own; see criterion/criterion.h beside.
 */
#include <criterion/criterion.h>
#include <fnmatch.h>
#include <sys/wait.h>
#include <unistd.h>

static struct test_case *tests;
static struct test_suite *suites;

void test_case_add(struct test_case *test)
{
	test->next = tests;
	tests = test;
}

void test_suite_add(struct test_suite *suite)
{
	suite->next = suites;
	suites = suite;
}

static const struct test_settings *settings_of(const char *suite)
{
	for (const struct test_suite *at = suites; at; at = at->next)
		if (strcmp(at->name, suite) == 0)
			return at->settings;
	return NULL;
}

_Noreturn static void run(const struct test_case *test)
{
	const struct test_settings *suite = settings_of(test->suite);

	test->run();
	if (suite && suite->fini)
		suite->fini();
	exit(0);
}

static bool passes(const struct test_case *test)
{
	int status = -1;
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (pid == 0)
		run(test);
	return pid > 0 && waitpid(pid, &status, 0) == pid && status == 0;
}

int main(int argc, char **argv)
{
	const char *filter = argc > 1 ? argv[argc - 1] : "*";
	unsigned tested = 0, failing = 0;

	for (const struct test_case *test = tests; test; test = test->next) {
		char name[200];

		snprintf(name, sizeof name, "%s/%s", test->suite, test->name);
		if (fnmatch(filter, name, 0) != 0)
			continue;
		tested++;
		if (passes(test))
			continue;
		failing++;
		fprintf(stderr, "[FAIL] %s\n", name);
	}
	printf("[====] Synthesis: Tested: %u | Passing: %u | Failing: %u\n", tested,
		tested - failing, failing);
	return failing > 0;
}
