/* utf8.h - texts for lightningd, which takes valid UTF-8 only. */
#ifndef UTF8_H
#define UTF8_H

#include <stddef.h>

/* Puts '?' in place of each byte of TEXT, SIZE bytes, that belongs to no whole, shortest and valid
 * UTF-8 sequence (RFC 3629). Paths may hold any bytes, and a text that was cut may end inside a
 * character. */
void utf8_mend(char *text, size_t size);

#endif
