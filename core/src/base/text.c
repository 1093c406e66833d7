/* text.c - texts that came from elsewhere, on their way out. */
#include <bk/text.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ESCAPE_MAX   6                  /* \u2028 */
#define SEQUENCE_MAX 4                  /* bytes of a character */
#define SHOWN_MAX    (4 * SEQUENCE_MAX) /* \xe2\x80\xa8 and the like */

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

/* The bytes of the valid sequence at TEXT; 0 if there is none. The zero byte that ends a text ends
 * whatever has begun. */
static size_t valid_at(const uint8_t *text)
{
	uint8_t low, high;
	size_t size = sequence_of(*text, &low, &high);

	if (size > 1 && (text[1] < low || text[1] > high))
		return 0;
	for (size_t i = 2; i < size; i++)
		if (text[i] < 0x80 || text[i] > 0xbf)
			return 0;
	return size;
}

/* The number of the character at TEXT, which is a valid one of SIZE bytes. */
static uint32_t number_of(const uint8_t *text, size_t size)
{
	uint32_t number = size == 1 ? *text : *text & (0x7fU >> size);

	for (size_t i = 1; i < size; i++)
		number = number << 6 | (text[i] & 0x3fU);
	return number;
}

static bool is_control(uint32_t number)
{
	return number < 0x20 || (number >= 0x7f && number <= 0x9f) ||
	       (number >= 0x2028 && number <= 0x202e) || (number >= 0x2066 && number <= 0x2069);
}

/* Writes the character at *TEXT as JSON has it to OUT, and moves *TEXT behind it. Returns its
 * bytes. Line ends and tabs stand between values: in strings they are escapes already. */
static size_t put_json(char out[ESCAPE_MAX + 1], const uint8_t **text)
{
	size_t size = valid_at(*text);
	const uint8_t *at = *text;
	uint32_t number;

	*text += size ? size : 1;
	if (!size) {
		*out = '?';
		return 1;
	}
	number = number_of(at, size);
	if (number >= 0x20 && is_control(number))
		return (size_t)snprintf(out, ESCAPE_MAX + 1, "\\u%04x", (unsigned)number);
	memcpy(out, at, size);
	return size;
}

char *bk_json_text(const char *json, const char *end)
{
	const uint8_t *at = (const uint8_t *)json;
	char escape[ESCAPE_MAX + 1];
	size_t size = 0;
	char *out;

	while (*at)
		size += put_json(escape, &at);
	out = malloc(size + ESCAPE_MAX + strlen(end) + 1);
	if (!out)
		return NULL;
	size = 0;
	for (at = (const uint8_t *)json; *at;)
		size += put_json(out + size, &at);
	strcpy(out + size, end);
	return out;
}

/* Writes BYTE as a message shows it to OUT. Returns its bytes. */
static size_t put_byte(char *out, uint8_t byte)
{
	static const char names[][3] = {['\t'] = "\\t", ['\n'] = "\\n", ['\r'] = "\\r"};

	if (byte < sizeof names / sizeof *names && *names[byte])
		return (size_t)sprintf(out, "%s", names[byte]);
	return (size_t)sprintf(out, "\\x%02x", byte);
}

/* Writes the character at *TEXT as a message shows it to OUT, and moves *TEXT behind it. Returns
 * its bytes. */
static size_t put_shown(char out[SHOWN_MAX + 1], const uint8_t **text)
{
	size_t good = valid_at(*text), size = good ? good : 1, used = 0;
	const uint8_t *end = *text + size;

	if (good && !is_control(number_of(*text, good))) {
		memcpy(out, *text, good);
		*text = end;
		return good;
	}
	while (*text < end)
		used += put_byte(out + used, *(*text)++);
	return used;
}

const char *bk_show_controls(char *out, size_t size, const char *text)
{
	const uint8_t *at = (const uint8_t *)text;
	size_t used = 0;

	while (*at) {
		char shown[SHOWN_MAX + 1];
		size_t more = put_shown(shown, &at);

		if (used + more >= size)
			break;
		memcpy(out + used, shown, more);
		used += more;
	}
	out[used] = '\0';
	return out;
}
