/* hex.h - bytes as hexadecimal digits, of either case.
 *
 * Threads: any; nothing is kept. */
#ifndef BK_HEX_H
#define BK_HEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What the digit C stands for; -1: it is none. */
int bk_hex_value(char c);

/* Writes the bytes that SIZE digits of TEXT stand for, half as many, to OUT. False if one is none,
 * or they do not come in pairs; what OUT holds is then nothing. */
bool bk_hex_decode(void *out, const char *text, size_t size);

#endif
