/* names.c - what messages call the places by. */
#include "names.h"
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* What a shell takes as it is, wherever it stands in a word. */
#define PLAIN        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_@%+=:,./-"
#define QUOTED_QUOTE "'\\''"

void names_quote(char *out, size_t size, const char *text, const char *instead)
{
	size_t used = 0;

	if (*text && !text[strspn(text, PLAIN)]) {
		snprintf(out, size, "%s", strlen(text) < size ? text : instead);
		return;
	}
	out[used++] = '\'';
	for (; *text; text++) {
		const char *part = *text == '\'' ? QUOTED_QUOTE : text;
		size_t more = *text == '\'' ? strlen(QUOTED_QUOTE) : 1;

		if (used + more + 2 > size) {
			snprintf(out, size, "%s", instead);
			return;
		}
		memcpy(out + used, part, more);
		used += more;
	}
	memcpy(out + used, "'", 2);
}

/* The path of NAME in DIR ("": not known), quoted; INSTEAD if it is too long. */
static void quote_in(char *out, const char *dir, const char *name, const char *instead)
{
	char path[PATH_MAX];
	int size = *name == '/' ? snprintf(path, sizeof path, "%s", name)
				: snprintf(path, sizeof path, "%s/%s", dir, name);

	if (!*name || (*name != '/' && !*dir) || size >= (int)sizeof path)
		snprintf(path, sizeof path, "%s", instead);
	names_quote(out, NAMES_WORD_MAX, path, instead);
}

void names_fill(struct names *names, const struct lockfile *lockfile, const char *log)
{
	const char *database = lockfile ? lockfile->database : LOCKFILE_DATABASE;
	const char *url = lockfile ? lockfile->backend_url : "URL";
	bool is_usual = strcmp(database, LOCKFILE_DATABASE) == 0;
	char dir[PATH_MAX];

	if (!getcwd(dir, sizeof dir))
		*dir = '\0';
	names_quote(names->dir, NAMES_WORD_MAX, *dir ? dir : "LIGHTNING_DIR", "LIGHTNING_DIR");
	quote_in(names->lockfile, dir, LOCKFILE_NAME, LOCKFILE_NAME);
	quote_in(names->database, dir, database, "DATABASE");
	memcpy(names->restore_to, is_usual ? names->dir : names->database, NAMES_WORD_MAX);
	/* A plain path stands for a URL, and may be relative. */
	if (!lockfile || strncmp(url, "file:", 5) == 0)
		names_quote(names->url, NAMES_WORD_MAX, url, "URL");
	else
		quote_in(names->url, dir, url, "URL");
	quote_in(names->log, dir, log ? log : "", "LOG");
	snprintf(names->init, sizeof names->init, "backup-cli init --lightning-dir %s%s%s",
		names->dir, is_usual ? "" : " --database ", is_usual ? "" : names->database);
}
