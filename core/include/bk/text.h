/* text.h - texts that came from elsewhere, on their way out.
 *
 * Paths may hold any bytes, a text that was cut may end inside a character, and what a log holds
 * (statements, names, rows, messages of SQLite about them) may be a stranger's. lightningd takes
 * valid UTF-8 only, and so does whoever reads JSON; a terminal obeys what it is sent.
 *
 * A control character is one of C0 or C1 (U+0000 to U+001F, U+007F to U+009F), or one that breaks
 * or turns round the line that it stands in (U+2028 to U+202E, U+2066 to U+2069). */
#ifndef BK_TEXT_H
#define BK_TEXT_H

#include <stddef.h>

/* JSON, the printed text of a whole value, fit to go out: a copy of it with END behind, which the
 * caller frees. Each byte that belongs to no whole, shortest and valid UTF-8 sequence (RFC 3629) is
 * '?'; control characters in its strings are escapes. NULL: no memory. */
char *bk_json_text(const char *json, const char *end);

/* The bytes that bk_show_controls needs at most for a text of LENGTH. */
#define BK_SHOWN_SIZE(length) (4 * (length) + 1)

/* Writes TEXT to OUT, SIZE bytes, at least one, with each control character, and each byte that is
 * no UTF-8, shown instead of sent: \n, \r, \t, \x1b. Where it has no room it is cut between two
 * characters. Returns OUT. */
const char *bk_show_controls(char *out, size_t size, const char *text);

#endif
