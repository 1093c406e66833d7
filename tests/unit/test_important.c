/* test_important.c - whether lightningd loaded this very program as an important one
 * (plugin/start/important.h). */
#include "important.h"
#include "support.h"
#include <sys/stat.h>

SUITE(important);

/* What `listconfigs` says where OPTION names VALUE. */
static enum important_answer ask(const char *option, const char *value, const char *path)
{
	enum important_answer answer;
	char text[2048];
	cJSON *json;

	snprintf(text, sizeof text,
		"{\"result\":{\"configs\":{\"%s\":{\"values_str\":[\"/bin/sh\",\"%s\"]}}}}", option,
		value);
	json = cJSON_Parse(text);
	cr_assert(json);
	answer = important_read(json, path);
	cJSON_Delete(json);
	return answer;
}

/* Makes DIR/backup, and returns its path. */
static const char *make(const char *dir, const char *file)
{
	const char *path = scratch(file);

	cr_assert_eq(mkdir(scratch(dir), 0700), 0);
	put_file(path, "x", 1);
	return path;
}

Test(important, it_is_this_file_that_counts)
{
	const char *ours = make("x", "x/backup"), *other = make("y", "y/backup");
	const char *link = scratch("another-name");

	cr_assert_eq(symlink(ours, link), 0);
	cr_assert_eq(ask("important-plugin", ours, ours), IMPORTANT_YES);
	cr_assert_eq(ask("plugin", ours, ours), IMPORTANT_NO);
	/* Another program of the same name does not make us important. */
	cr_assert_eq(ask("important-plugin", other, ours), IMPORTANT_NO);
	/* Another name of ours does, whichever side it is on. */
	cr_assert_eq(ask("important-plugin", link, ours), IMPORTANT_YES);
	cr_assert_eq(ask("important-plugin", ours, link), IMPORTANT_YES);
	/* As does the program that runs, whatever it was started as. */
	cr_assert_eq(ask("important-plugin", "/proc/self/exe", "backup"), IMPORTANT_YES);
}

/* A path from a place that we do not know: lightningd has resolved it, we can only compare names.
 */
Test(important, relative_paths_count_by_name)
{
	const char *ours = make("x", "x/backup");

	cr_assert_eq(ask("important-plugin", "no/such/dir/backup", ours), IMPORTANT_YES);
	cr_assert_eq(ask("important-plugin", "no/such/dir/other", ours), IMPORTANT_NO);
	cr_assert_eq(ask("important-plugin", "/no/such/dir/backup", ours), IMPORTANT_NO);
}

Test(important, answers_that_say_nothing)
{
	static const char *const texts[] = {"{}", "{\"result\":{}}",
		"{\"result\":{\"configs\":[]}}", "{\"error\":{\"code\":-32601}}", "[]"};

	for (size_t i = 0; i < COUNT_OF(texts); i++) {
		cJSON *json = cJSON_Parse(texts[i]);

		cr_assert_eq(important_read(json, "/x/backup"), IMPORTANT_UNKNOWN, "%s", texts[i]);
		cJSON_Delete(json);
	}
}
