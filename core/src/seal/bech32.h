/* bech32.h - 32 bytes in the letters of BIP173, as age writes its recipients and identities.
 *
 * Pure functions over bytes. */
#ifndef BK_BECH32_H
#define BK_BECH32_H

#include "secret.h"
#include <stdbool.h>

#define BECH32_TEXT 80 /* with the longest prefix, and the byte that ends it */

/* Writes PREFIX, "1" and the letters of BYTES, all small; BECH32_TEXT bytes at most. */
void bk_bech32_encode(char *out, const char *prefix, const uint8_t *bytes);

/* Reads what TEXT, SIZE bytes, says behind PREFIX, all small or all capital. False if it is no such
 * text. */
bool bk_bech32_decode(uint8_t *bytes, const char *prefix, const char *text, size_t size);

#endif
