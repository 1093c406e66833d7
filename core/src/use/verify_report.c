/* verify_report.c - how the passes of a verification report. */
#include "verify_report.h"
#include <stdarg.h>
#include <stdio.h>

void bk_verify_finding(struct verify *verify, uint64_t offset, const char *fmt, ...)
{
	char what[BK_ERROR_MESSAGE_MAX];
	va_list args;

	va_start(args, fmt);
	vsnprintf(what, sizeof what, fmt, args);
	va_end(args);
	pthread_mutex_lock(&verify->mutex);
	verify->result->findings++;
	if (verify->options->finding)
		verify->options->finding(verify->options->ctx, offset, what);
	pthread_mutex_unlock(&verify->mutex);
}

void bk_verify_progress(struct verify *verify, uint64_t done, uint64_t total)
{
	if (!verify->options->progress)
		return;
	pthread_mutex_lock(&verify->mutex);
	verify->options->progress(verify->options->ctx, done, total);
	pthread_mutex_unlock(&verify->mutex);
}
