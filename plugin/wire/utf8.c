/* utf8.c - texts for lightningd, which takes valid UTF-8 only. */
#include "utf8.h"
#include <stdint.h>

/* The bytes of a sequence that begins with LEAD, and what its second byte may be: RFC 3629, 4,
 * which leaves out longer forms than needed, surrogates and what is above U+10FFFF. 0: it begins
 * none. */
static size_t sequence_of(uint8_t lead, uint8_t *low, uint8_t *high)
{
	*low = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
	*high = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
	if (lead < 0x80)
		return 1;
	if (lead >= 0xc2 && lead <= 0xdf)
		return 2;
	if (lead >= 0xe0 && lead <= 0xef)
		return 3;
	return lead >= 0xf0 && lead <= 0xf4 ? 4 : 0;
}

/* The bytes of the valid sequence at TEXT, of LEFT bytes; 0 if there is none. */
static size_t valid_at(const uint8_t *text, size_t left)
{
	uint8_t low, high;
	size_t size = sequence_of(*text, &low, &high);

	if (size > left || (size > 1 && (text[1] < low || text[1] > high)))
		return 0;
	for (size_t i = 2; i < size; i++)
		if (text[i] < 0x80 || text[i] > 0xbf)
			return 0;
	return size;
}

void utf8_mend(char *text, size_t size)
{
	uint8_t *bytes = (uint8_t *)text;
	size_t at = 0;

	while (at < size) {
		size_t good = valid_at(bytes + at, size - at);

		if (!good)
			bytes[at] = '?';
		at += good ? good : 1;
	}
}
