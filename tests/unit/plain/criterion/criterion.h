/* criterion.h - so much of Criterion as these tests use, without its runner.
 *
 * That runner does not start under the thread sanitizer (its arena needs addresses that the
 * sanitizer has taken), so the preset tsan builds the same tests against this header and runner.c:
 * each test runs in a process of its own, as there. And a program that makes files with the tests'
 * own means has no runner at all. */
#ifndef PLAIN_CRITERION_H
#define PLAIN_CRITERION_H

#pragma GCC system_header

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct test_settings {
	void (*fini)(void);
};

struct test_case {
	const char *suite, *name;
	void (*run)(void);
	struct test_case *next;
};

struct test_suite {
	const char *name;
	const struct test_settings *settings;
	struct test_suite *next;
};

void test_case_add(struct test_case *test);
void test_suite_add(struct test_suite *suite);
_Noreturn void test_failed(const char *file, int line, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

#define TestSuite(suite_, ...)                                                                     \
	static const struct test_settings suite_##_settings = {__VA_ARGS__};                       \
	static struct test_suite suite_##_suite = {                                                \
		.name = #suite_, .settings = &suite_##_settings};                                  \
	__attribute__((constructor)) static void suite_##_suite_add(void)                          \
	{                                                                                          \
		test_suite_add(&suite_##_suite);                                                   \
	}                                                                                          \
	struct test_settings

/* What may stand behind a test's name, such as .timeout, is left out: ctest has a timeout of its
 * own. */
#define Test(suite_, name_, ...)                                                                   \
	static void suite_##_##name_##_run(void);                                                  \
	static struct test_case suite_##_##name_##_case = {                                        \
		.suite = #suite_, .name = #name_, .run = suite_##_##name_##_run};                  \
	__attribute__((constructor)) static void suite_##_##name_##_add(void)                      \
	{                                                                                          \
		test_case_add(&suite_##_##name_##_case);                                           \
	}                                                                                          \
	static void suite_##_##name_##_run(void)

#define cr_assert(condition, ...)                                                                  \
	((condition) ? (void)0 : test_failed(__FILE__, __LINE__, "" __VA_ARGS__))

/* A test that says why itself. */
#define cr_skip_test(...) exit(0)

#define cr_assert_not(condition, ...) cr_assert(!(condition), __VA_ARGS__)
#define cr_assert_eq(a, b, ...)       cr_assert((a) == (b), __VA_ARGS__)
#define cr_assert_neq(a, b, ...)      cr_assert((a) != (b), __VA_ARGS__)
#define cr_assert_lt(a, b, ...)       cr_assert((a) < (b), __VA_ARGS__)
#define cr_assert_leq(a, b, ...)      cr_assert((a) <= (b), __VA_ARGS__)
#define cr_assert_gt(a, b, ...)       cr_assert((a) > (b), __VA_ARGS__)
#define cr_assert_geq(a, b, ...)      cr_assert((a) >= (b), __VA_ARGS__)
#define cr_assert_str_eq(a, b, ...)   cr_assert(strcmp((a), (b)) == 0, __VA_ARGS__)
#define cr_assert_str_empty(a, ...)   cr_assert(!*(a), __VA_ARGS__)

#endif
