/* hex.c - bytes as hexadecimal digits. */
#include "hex.h"

/* Of a digit one more than its value; 0: it is none. Digits and letters come in no order that a
 * processor could foresee, so no branch tells them apart. */
/* clang-format off */
static const uint8_t values[256] = {
	['0'] = 1, 2, 3, 4, 5, 6, 7, 8, 9, 10,
	['A'] = 11, 12, 13, 14, 15, 16,
	['a'] = 11, 12, 13, 14, 15, 16,
};
/* clang-format on */

int bk_hex_value(char c)
{
	return values[(unsigned char)c] - 1;
}

bool bk_hex_decode(void *out, const char *text, size_t size)
{
	uint8_t *to = out;

	if (size % 2)
		return false;
	for (size_t i = 0; i < size; i += 2) {
		unsigned high = values[(unsigned char)text[i]];
		unsigned low = values[(unsigned char)text[i + 1]];

		if (!high || !low)
			return false;
		*to++ = (uint8_t)((high - 1) << 4 | (low - 1));
	}
	return true;
}
