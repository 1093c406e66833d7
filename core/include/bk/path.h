/* path.h - paths as texts, and as words of a shell. */
#ifndef BK_PATH_H
#define BK_PATH_H

#include <stddef.h>

/* What lightningd calls its database. */
#define BK_DATABASE_NAME "lightningd.sqlite3"

/* The directory that the name PATH stands in: "." where it names none, "/" for "/name". The caller
 * frees it; NULL: no memory. */
char *bk_path_directory(const char *path);

/* Writes TEXT as one word of a shell, for the commands that messages give to paste: quoted where a
 * shell would make something else of it. INSTEAD, a word in capitals, stands where it has no room
 * in SIZE bytes: cut, it would name another place. */
void bk_path_word(char *out, size_t size, const char *text, const char *instead);

#endif
