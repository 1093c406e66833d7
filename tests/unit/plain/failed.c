/* failed.c - what a failed cr_assert does; see criterion/criterion.h beside. */
#include <criterion/criterion.h>
#include <stdarg.h>

void test_failed(const char *file, int line, const char *fmt, ...)
{
	va_list args;

	fprintf(stderr, "%s:%d: ", file, line);
	va_start(args, fmt);
	vfprintf(stderr, fmt, args);
	va_end(args);
	fputc('\n', stderr);
	exit(1);
}
