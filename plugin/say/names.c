/* names.c - what messages call the places by. */
#include "names.h"
#include <bk/net.h>
#include <bk/path.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* The path of NAME in DIR ("": not known), quoted; INSTEAD if it is too long. */
static void quote_in(char *out, const char *dir, const char *name, const char *instead)
{
	char path[PATH_MAX];
	int size = *name == '/' ? snprintf(path, sizeof path, "%s", name)
				: snprintf(path, sizeof path, "%s/%s", dir, name);

	if (!*name || (*name != '/' && !*dir) || size >= (int)sizeof path)
		snprintf(path, sizeof path, "%s", instead);
	bk_path_word(out, NAMES_WORD_MAX, path, instead);
}

/* A directory that is cut, or that would be more than one line, names another one. */
static void name_program(char *out, const char *dir)
{
	int size = snprintf(out, NAMES_PROGRAM_MAX, "the plugin backup in %s", dir);

	if (*dir != '/' || strpbrk(dir, "\n") || size >= NAMES_PROGRAM_MAX)
		snprintf(out, NAMES_PROGRAM_MAX, "the plugin backup");
}

void names_fill(struct names *names, const struct lockfile *lockfile, const char *log)
{
	const char *database = lockfile ? lockfile->database : LOCKFILE_DATABASE;
	const char *url = lockfile ? lockfile->backend_url : "URL";
	bool is_usual = strcmp(database, LOCKFILE_DATABASE) == 0;
	char dir[PATH_MAX];

	if (!getcwd(dir, sizeof dir))
		*dir = '\0';
	name_program(names->program, dir);
	bk_path_word(names->dir, NAMES_WORD_MAX, *dir ? dir : "LIGHTNING_DIR", "LIGHTNING_DIR");
	quote_in(names->lockfile, dir, LOCKFILE_NAME, LOCKFILE_NAME);
	quote_in(names->database, dir, database, "DATABASE");
	memcpy(names->restore_to, is_usual ? names->dir : names->database, NAMES_WORD_MAX);
	/* A plain path stands for a URL, and may be relative. */
	if (!lockfile || strncmp(url, "file:", 5) == 0 || bk_socket_url_is(url))
		bk_path_word(names->url, NAMES_WORD_MAX, url, "URL");
	else
		quote_in(names->url, dir, url, "URL");
	quote_in(names->log, dir, log ? log : "", "LOG");
	snprintf(names->init, sizeof names->init, "backup-cli init --lightning-dir %s%s%s",
		names->dir, is_usual ? "" : " --database ", is_usual ? "" : names->database);
}
