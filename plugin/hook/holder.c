/* holder.c - who holds the log. */
#include "holder.h"
#include <bk/log.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The value of KEY in TEXT, lines of key=value; NULL: there is none. It ends with its line. */
static const char *value_of(const char *text, const char *key)
{
	size_t length = strlen(key);

	for (; text && *text; text = strchr(text, '\n'), text += text ? 1 : 0)
		if (strncmp(text, key, length) == 0 && text[length] == '=')
			return text + length + 1;
	return NULL;
}

static bool is_this_host(const char *session)
{
	const char *there = value_of(session, "host");
	char here[128] = "?";
	size_t length;

	gethostname(here, sizeof here - 1);
	length = strlen(here);
	return there && strncmp(there, here, length) == 0 && there[length] == '\n';
}

static bool runs_here(long pid)
{
	char link[64], theirs[PATH_MAX], ours[PATH_MAX];
	ssize_t length;

	snprintf(link, sizeof link, "/proc/%ld/cwd", pid);
	length = readlink(link, theirs, sizeof theirs - 1);
	if (length < 0 || !getcwd(ours, sizeof ours))
		return false;
	theirs[length] = '\0';
	return strcmp(theirs, ours) == 0;
}

/* The letter behind the name, which may hold anything, in parentheses: D is a wait that nothing
 * ends. */
static char state_of(long pid)
{
	char path[64], line[512] = "";
	const char *end;
	FILE *file;

	snprintf(path, sizeof path, "/proc/%ld/stat", pid);
	file = fopen(path, "r");
	if (!file)
		return '\0';
	if (!fgets(line, sizeof line, file))
		*line = '\0';
	fclose(file);
	end = strrchr(line, ')');
	return end && end[1] == ' ' ? end[2] : '\0';
}

void holder_find(struct holder *holder, const struct bk_io *io, const char *path)
{
	char session[1024] = "";
	struct bk_error ignored;
	const char *pid;
	struct bk_log *log;

	*holder = (struct holder){0};
	if (bk_log_open(&log, io, path, &ignored))
		return;
	if (bk_log_session(log, session, sizeof session, &ignored))
		*session = '\0';
	bk_log_close(log);
	pid = value_of(session, "pid");
	if (!pid || !is_this_host(session))
		return;
	holder->pid = strtol(pid, NULL, 10);
	holder->is_ours = holder->pid > 0 && runs_here(holder->pid);
	holder->hangs = holder->is_ours && state_of(holder->pid) == 'D';
}
