/* holder.c - who holds the log. */
#include "holder.h"
#include <bk/log.h>
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

static bool says(const char *text, const char *key, const char *value)
{
	const char *there = value_of(text, key);
	size_t length = strlen(value);

	return there && strncmp(there, value, length) == 0 && there[length] == '\n';
}

static bool is_this_host(const char *session)
{
	char here[128] = "?";

	gethostname(here, sizeof here - 1);
	return says(session, "host", here);
}

/* What everybody may know of a process that lets nobody look into it. */
struct process {
	char name[64];
	char state; /* D: it waits for what nothing ends */
};

/* Behind the name, which may hold anything, in parentheses stands the state. */
static bool process_of(struct process *process, long pid)
{
	char path[64], line[512] = "", *name, *end;
	FILE *file;

	snprintf(path, sizeof path, "/proc/%ld/stat", pid);
	file = fopen(path, "r");
	if (!file)
		return false;
	if (!fgets(line, sizeof line, file))
		*line = '\0';
	fclose(file);
	name = strchr(line, '(');
	end = strrchr(line, ')');
	if (!name || !end || end < name || end[1] != ' ')
		return false;
	process->state = end[2];
	*end = '\0';
	snprintf(process->name, sizeof process->name, "%s", name + 1);
	return true;
}

void holder_find(
	struct holder *holder, const struct bk_io *io, const char *path, const char *program)
{
	char session[1024] = "";
	struct process theirs, ours;
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
	/* Its number may be another program's by now. */
	holder->is_ours = holder->pid > 0 && strchr(program, '/') &&
			  says(session, "program", program) && process_of(&theirs, holder->pid) &&
			  process_of(&ours, getpid()) && strcmp(theirs.name, ours.name) == 0;
	holder->hangs = holder->is_ours && theirs.state == 'D';
}
