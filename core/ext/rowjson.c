/* rowjson.c - a row as JSON text. */
#include "rowjson.h"
#include <bk/text.h>
#include <math.h>
#include <sqlite3ext.h>
#include <stdlib.h>
#include <string.h>

SQLITE_EXTENSION_INIT3

static void add_string(sqlite3_str *json, const char *text, size_t size)
{
	sqlite3_str_appendchar(json, 1, '"');
	for (size_t i = 0; i < size; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c == '"' || c == '\\')
			sqlite3_str_appendchar(json, 1, '\\');
		if (c < 0x20)
			sqlite3_str_appendf(json, "\\u%04x", c);
		else
			sqlite3_str_appendchar(json, 1, (char)c);
	}
	sqlite3_str_appendchar(json, 1, '"');
}

static void add_hex(sqlite3_str *json, const uint8_t *bytes, size_t size)
{
	static const char digits[] = "0123456789abcdef";

	sqlite3_str_appendchar(json, 1, '"');
	for (size_t i = 0; i < size; i++) {
		sqlite3_str_appendchar(json, 1, digits[bytes[i] >> 4]);
		sqlite3_str_appendchar(json, 1, digits[bytes[i] & 15]);
	}
	sqlite3_str_appendchar(json, 1, '"');
}

static void add_value(sqlite3_str *json, const struct bk_value *value)
{
	switch (value->type) {
	case BK_VALUE_INTEGER:
		sqlite3_str_appendf(json, "%lld", (long long)value->integer);
		return;
	case BK_VALUE_REAL:
		if (isfinite(value->real))
			sqlite3_str_appendf(json, "%!.17g", value->real);
		else
			sqlite3_str_appendall(json, "null");
		return;
	case BK_VALUE_TEXT:
		add_string(json, value->bytes, value->size);
		return;
	case BK_VALUE_BLOB:
		add_hex(json, value->bytes, value->size);
		return;
	case BK_VALUE_NULL:
		break;
	}
	sqlite3_str_appendall(json, "null");
}

char *rowjson_of(const struct bk_row *row)
{
	sqlite3_str *json = sqlite3_str_new(NULL);
	char *text, *valid, *out = NULL;

	for (size_t i = 0; i < row->count; i++) {
		sqlite3_str_appendchar(json, 1, i ? ',' : '{');
		add_string(json, row->names[i], strlen(row->names[i]));
		sqlite3_str_appendchar(json, 1, ':');
		add_value(json, &row->values[i]);
	}
	sqlite3_str_appendall(json, row->count ? "}" : "{}");
	text = sqlite3_str_finish(json);
	valid = text ? bk_json_text(text, "") : NULL;
	if (valid)
		out = sqlite3_mprintf("%s", valid);
	free(valid);
	sqlite3_free(text);
	return out;
}
