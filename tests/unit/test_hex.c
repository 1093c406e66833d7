/* test_hex.c - bytes as hexadecimal digits (hex.h). */
#include "hex.h"
#include "support.h"

SUITE(hex);

Test(hex, digits)
{
	static const char digits[] = "0123456789abcdefABCDEF";

	for (int c = -128; c < 128; c++) {
		const char *at = c ? strchr(digits, c) : NULL;
		int value = at ? (int)(at - digits) : -1;

		cr_assert_eq(bk_hex_value((char)c), value > 15 ? value - 6 : value, "%d", c);
	}
}

Test(hex, bytes)
{
	static const char *const none[] = {"0", "0g", "g0", "00 1", "0x", "00\xff\xff", "000"};
	uint8_t bytes[4] = {1, 2, 3, 4};

	cr_assert(bk_hex_decode(bytes, "00fFA7", 6));
	cr_assert(memcmp(bytes, "\x00\xff\xa7\x04", 4) == 0);
	cr_assert(bk_hex_decode(bytes, "", 0) && bk_hex_decode(bytes, "0cg", 2));
	cr_assert(memcmp(bytes, "\x0c\xff\xa7\x04", 4) == 0);
	for (size_t i = 0; i < COUNT_OF(none); i++)
		cr_assert(!bk_hex_decode(bytes, none[i], strlen(none[i])), "%s", none[i]);
}
