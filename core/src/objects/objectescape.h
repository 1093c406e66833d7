/* objectescape.h - bytes of a URL that stand for others. */
#ifndef BK_OBJECTESCAPE_H
#define BK_OBJECTESCAPE_H

#include <stdbool.h>

/* Writes TEXT to OUT as it stands in a path, slashes as they are, or (ALL) in a query; OUT has room
 * for OBJECT_ESCAPED bytes. Returns the end. */
#define OBJECT_ESCAPED(length) (3 * (length) + 1)
char *bk_object_escape(char *out, const char *text, bool all);

/* Takes the escapes out of TEXT, in place. False where one is none, or gives a control character. */
bool bk_object_unescape(char *text);

#endif
