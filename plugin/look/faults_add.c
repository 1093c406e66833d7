/* faults_add.c - a fault in words, and the command that mends it. */
#include "faults_add.h"
#include <bk/path.h>
#include <stdarg.h>
#include <stdio.h>

#define WORD_MAX_BYTES 1200

/* The next one; NULL where there are so many that one more says nothing. */
static BK_PRINTF(3, 0) struct fault *next(
	struct faults *out, const char *kind, const char *fmt, va_list args)
{
	struct fault *fault;

	if (out->count == FAULTS_MAX)
		return NULL;
	fault = &out->list[out->count++];
	fault->kind = kind;
	vsnprintf(fault->text, sizeof fault->text, fmt, args);
	return fault;
}

void faults_add(struct faults *out, const char *kind, const char *mend, const char *fmt, ...)
{
	struct fault *fault;
	va_list args;

	va_start(args, fmt);
	fault = next(out, kind, fmt, args);
	va_end(args);
	if (fault)
		snprintf(fault->mend, sizeof fault->mend, "%s", mend);
}

void faults_command(struct faults *out, const struct look *look, const char *kind,
	const char *command, const char *fmt, ...)
{
	char word[WORD_MAX_BYTES];
	struct fault *fault;
	va_list args;

	va_start(args, fmt);
	fault = next(out, kind, fmt, args);
	va_end(args);
	if (!fault)
		return;
	bk_path_word(word, sizeof word, look->dir ? look->dir : look->log.url,
		look->dir ? "LIGHTNING_DIR" : "URL");
	snprintf(fault->mend, sizeof fault->mend, "backup-cli %s%s %s", command,
		look->dir ? " --lightning-dir" : "", word);
}

void faults_on(struct faults *out, const char *kind, const char *command, const char *name,
	const char *fmt, ...)
{
	char word[WORD_MAX_BYTES];
	struct fault *fault;
	va_list args;

	va_start(args, fmt);
	fault = next(out, kind, fmt, args);
	va_end(args);
	if (!fault)
		return;
	bk_path_word(word, sizeof word, name, "NAME");
	snprintf(fault->mend, sizeof fault->mend, "%s %s", command, word);
}
