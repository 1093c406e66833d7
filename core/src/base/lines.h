/* lines.h - lines of key=value, as events and notes hold them (docs/format.md, 6 and 11). */
#ifndef BK_LINES_H
#define BK_LINES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Copies the value of KEY out of TEXT, SIZE bytes, to OUT, cut to OUT_SIZE bytes with its end.
 * False, with OUT empty, if TEXT has no such line. */
bool bk_line_value(const char *text, size_t size, const char *key, char *out, size_t out_size);

/* The same for a whole number that a u64 holds. */
bool bk_line_number(const char *text, size_t size, const char *key, uint64_t *out);

#endif
