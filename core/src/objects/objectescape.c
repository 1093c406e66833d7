/* objectescape.c - bytes of a URL that stand for others. */
#include "objectescape.h"
#include <stdio.h>
#include <string.h>

#define PLAIN "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~"

char *bk_object_escape(char *out, const char *text, bool all)
{
	for (; *text; text++)
		if (strchr(PLAIN, *text) || (*text == '/' && !all))
			*out++ = *text;
		else
			out += sprintf(out, "%%%02X", (unsigned char)*text);
	*out = '\0';
	return out;
}

static int digit(char c)
{
	static const char digits[] = "0123456789abcdef";
	const char *at = c ? strchr(digits, c >= 'A' && c <= 'F' ? c + ('a' - 'A') : c) : NULL;

	return at ? (int)(at - digits) : -1;
}

bool bk_object_unescape(char *text)
{
	char *out = text;

	while (*text) {
		int byte = (unsigned char)*text++;

		if (byte == '%') {
			int high = digit(*text), low = high < 0 ? -1 : digit(text[1]);

			if (low < 0)
				return false;
			byte = 16 * high + low;
			text += 2;
		}
		if (byte < ' ' || byte == 0x7f)
			return false;
		*out++ = (char)byte;
	}
	*out = '\0';
	return true;
}
