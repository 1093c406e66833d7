/* silence.c - whether lightningd has fallen silent, so that we may leave. */
#include "silence.h"
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define SILENT_MS 100
#define LOOKS_MAX 20

/* What /proc says of a process up to its state: a number, a name of 15 bytes in parentheses. */
#define STAT_BYTES 128

static bool is_silent(void)
{
	struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
	int n;

	do
		n = poll(&input, 1, SILENT_MS);
	while (n < 0 && errno == EINTR);
	return n == 0;
}

bool silence_is_at_work(long pid)
{
	char path[64], text[STAT_BYTES + 1] = "";
	const char *name_end;
	FILE *stat;

	snprintf(path, sizeof path, "/proc/%ld/stat", pid);
	stat = fopen(path, "re");
	if (!stat)
		return false;
	text[fread(text, 1, STAT_BYTES, stat)] = '\0';
	fclose(stat);
	name_end = strrchr(text, ')');
	return name_end && (name_end[2] == 'R' || name_end[2] == 'D');
}

/* On a busy machine silence alone says little: lightningd may stand in the middle of a transaction
 * and wait for a processor. */
bool silence_comes(void)
{
	for (int look = 0; look < LOOKS_MAX; look++) {
		if (!is_silent())
			return false;
		if (!silence_is_at_work(getppid()))
			break;
	}
	return true;
}
