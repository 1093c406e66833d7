/* error.c - filling a struct bk_error. */
#include <bk/error.h>
#include <stdio.h>
#include <string.h>

enum bk_code bk_fail(struct bk_error *err, enum bk_code code, int sys_errno, const char *fmt, ...)
{
	char text[128];
	va_list args;
	int used;

	if (!err)
		return code;
	err->code = code;
	err->sys_errno = sys_errno;
	va_start(args, fmt);
	used = vsnprintf(err->msg, sizeof err->msg, fmt, args);
	va_end(args);
	if (used < 0)
		err->msg[used = 0] = '\0';
	if (sys_errno && (size_t)used < sizeof err->msg)
		snprintf(err->msg + used, sizeof err->msg - (size_t)used, ": %s",
			strerror_r(sys_errno, text, sizeof text));
	return code;
}

enum bk_code bk_fail_as(struct bk_error *err, const struct bk_error *from)
{
	if (err)
		*err = *from;
	return from->code;
}
