/* value.c - a value of a database as text. */
#include "json.h"
#include "rowout.h"
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static enum bk_code add(struct bk_buf *text, const char *bytes, struct bk_error *err)
{
	return bk_buf_append(text, bytes, strlen(bytes), err);
}

static enum bk_code add_number(
	struct bk_buf *text, const struct bk_value *value, struct bk_error *err)
{
	char digits[64];

	if (value->type == BK_VALUE_INTEGER)
		snprintf(digits, sizeof digits, "%" PRId64, value->integer);
	else if (isinf(value->real))
		snprintf(digits, sizeof digits, value->real > 0 ? "9.0e+999" : "-9.0e+999");
	else
		snprintf(digits, sizeof digits, "%.17g", value->real);
	/* What is read back must be a real again. */
	if (value->type == BK_VALUE_REAL && !strpbrk(digits, ".eEn"))
		strcat(digits, ".0");
	return add(text, digits, err);
}

static enum bk_code add_hex(struct bk_buf *text, const struct bk_value *value, struct bk_error *err)
{
	static const char digits[] = "0123456789abcdef";
	const uint8_t *bytes = value->bytes;
	enum bk_code code = bk_buf_reserve(text, 2 * value->size, err);

	for (size_t i = 0; i < value->size && !code; i++) {
		text->data[text->size++] = (uint8_t)digits[bytes[i] >> 4];
		text->data[text->size++] = (uint8_t)digits[bytes[i] & 15];
	}
	return code;
}

/* A text with a zero byte in it is no literal of SQL. */
static enum bk_code add_cast(
	struct bk_buf *text, const struct bk_value *value, struct bk_error *err)
{
	enum bk_code code = add(text, "CAST(x'", err);

	if (!code)
		code = add_hex(text, value, err);
	return code ? code : add(text, "' AS TEXT)", err);
}

static enum bk_code add_quoted(
	struct bk_buf *text, const struct bk_value *value, struct bk_error *err)
{
	const char *at = value->bytes, *end = at + value->size, *quote;
	enum bk_code code = add(text, "'", err);

	while (!code && (quote = memchr(at, '\'', (size_t)(end - at)))) {
		code = bk_buf_append(text, at, (size_t)(quote + 1 - at), err);
		if (!code)
			code = add(text, "'", err);
		at = quote + 1;
	}
	if (!code)
		code = bk_buf_append(text, at, (size_t)(end - at), err);
	return code ? code : add(text, "'", err);
}

enum bk_code value_sql(struct bk_buf *text, const struct bk_value *value, struct bk_error *err)
{
	enum bk_code code;

	switch (value->type) {
	case BK_VALUE_NULL:
		return add(text, "NULL", err);
	case BK_VALUE_INTEGER:
	case BK_VALUE_REAL:
		return add_number(text, value, err);
	case BK_VALUE_TEXT:
		return value->size && memchr(value->bytes, '\0', value->size)
			       ? add_cast(text, value, err)
			       : add_quoted(text, value, err);
	case BK_VALUE_BLOB:
		code = add(text, "x'", err);
		if (!code)
			code = add_hex(text, value, err);
		return code ? code : add(text, "'", err);
	}
	return BK_OK;
}

enum bk_code value_text(struct bk_buf *text, const struct bk_value *value, struct bk_error *err)
{
	switch (value->type) {
	case BK_VALUE_NULL:
		return BK_OK;
	case BK_VALUE_INTEGER:
	case BK_VALUE_REAL:
		return add_number(text, value, err);
	case BK_VALUE_TEXT:
		return bk_buf_append(text, value->bytes, value->size, err);
	case BK_VALUE_BLOB:
		return add_hex(text, value, err);
	}
	return BK_OK;
}

/* A text as JSON has it, also one with a zero byte in it, at which a string of cJSON's ends. */
static enum bk_code add_json_string(
	struct bk_buf *text, const struct bk_value *value, struct bk_error *err)
{
	static const char named[] = "\"\\\b\f\n\r\t", names[] = "\"\\bfnrt";
	const char *bytes = value->bytes;
	enum bk_code code = add(text, "\"", err);

	for (size_t i = 0; i < value->size && !code; i++) {
		const char *found = bytes[i] ? strchr(named, bytes[i]) : NULL;
		char escape[8];

		if (found)
			snprintf(escape, sizeof escape, "\\%c", names[found - named]);
		else
			snprintf(escape, sizeof escape, "\\u%04x", (unsigned char)bytes[i]);
		code = found || (unsigned char)bytes[i] < 0x20
			       ? add(text, escape, err)
			       : bk_buf_append(text, &bytes[i], 1, err);
	}
	return code ? code : add(text, "\"", err);
}

static enum bk_code add_json(
	struct bk_buf *text, const struct bk_value *value, struct bk_error *err)
{
	enum bk_code code;

	switch (value->type) {
	case BK_VALUE_TEXT:
		return add_json_string(text, value, err);
	case BK_VALUE_BLOB:
		code = add(text, "\"", err);
		if (!code)
			code = add_hex(text, value, err);
		return code ? code : add(text, "\"", err);
	case BK_VALUE_INTEGER:
		return add_number(text, value, err);
	case BK_VALUE_REAL:
		if (isfinite(value->real))
			return add_number(text, value, err);
		break;
	case BK_VALUE_NULL:
		break;
	}
	return add(text, "null", err);
}

cJSON *value_json(const struct bk_value *value)
{
	struct bk_error ignored;
	struct bk_buf text;
	cJSON *json = NULL;

	bk_buf_init(&text, ROW_TEXT_MAX);
	if (!add_json(&text, value, &ignored) && !bk_buf_append(&text, "", 1, &ignored))
		json = cJSON_CreateRaw((const char *)text.data);
	bk_buf_done(&text);
	return json;
}
