/* path.c - paths as texts, and as words of a shell. */
#include <bk/path.h>
#include <stdio.h>
#include <string.h>

/* What a shell takes as it is, wherever it stands in a word. */
#define PLAIN        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_@%+=:,./-"
#define QUOTED_QUOTE "'\\''"

char *bk_path_directory(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? strndup(path, slash == path ? 1 : (size_t)(slash - path)) : strdup(".");
}

void bk_path_word(char *out, size_t size, const char *text, const char *instead)
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
