/* lines.c - lines of key=value. */
#include "lines.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Where the value of KEY begins; NULL if there is none. */
static const char *find_value(const char *text, size_t size, const char *key)
{
	const char *end = text + size;
	size_t length = strlen(key);

	while (text < end) {
		const char *line_end = memchr(text, '\n', (size_t)(end - text));

		if ((size_t)(end - text) > length && memcmp(text, key, length) == 0 &&
			text[length] == '=')
			return text + length + 1;
		if (!line_end)
			break;
		text = line_end + 1;
	}
	return NULL;
}

bool bk_line_value(const char *text, size_t size, const char *key, char *out, size_t out_size)
{
	const char *value = find_value(text, size, key), *end;
	size_t length = 0;

	if (value) {
		end = memchr(value, '\n', (size_t)(text + size - value));
		length = (size_t)((end ? end : text + size) - value);
		if (length >= out_size)
			length = out_size - 1;
		memcpy(out, value, length);
	}
	out[length] = '\0';
	return value;
}

bool bk_line_number(const char *text, size_t size, const char *key, uint64_t *out)
{
	char value[24], *end;

	if (!bk_line_value(text, size, key, value, sizeof value) || *value < '0' || *value > '9')
		return false;
	errno = 0;
	*out = strtoull(value, &end, 10);
	return !errno && !*end;
}
