/* message.c - one message of lightningd's, and the change that a db_write holds. */
#include "message.h"
#include <stdlib.h>
#include <string.h>

/* cJSON ends a string at an escaped zero: the statement would be cut in half unseen. */
static bool has_escaped_zero(const struct bk_slice *text)
{
	const char *at = text->data, *end = at + text->size;

	/* Escapes are rare, and memchr is many times as fast as a search for all six. */
	while ((at = memchr(at, '\\', (size_t)(end - at)))) {
		if (end - at >= 6 && memcmp(at, "\\u0000", 6) == 0)
			return true;
		at += end - at < 2 ? 1 : 2; /* what is escaped begins no escape */
	}
	return false;
}

enum bk_code message_parse(cJSON **message, const struct bk_slice *text, struct bk_error *err)
{
	const char *start = text->data, *end = NULL;
	cJSON *found;

	if (memchr(start, '\0', text->size) || has_escaped_zero(text))
		return bk_fail(err, BK_E_INVALID, 0,
			"a message holds a zero byte, which no SQL statement may");
	found = cJSON_ParseWithLengthOpts(start, text->size, &end, 0);
	while (found && end < start + text->size && memchr(" \t\r\n", *end, 4))
		end++;
	if (!cJSON_IsObject(found) || end != start + text->size) {
		cJSON_Delete(found);
		return bk_fail(err, BK_E_INVALID, 0, "a message is no JSON object");
	}
	*message = found;
	return BK_OK;
}

cJSON *message_guess_id(const struct bk_slice *text)
{
	const size_t near = 1024;
	size_t size = text->size < near ? text->size : near;
	const char *at = memmem(text->data, size, "\"id\":", 5), *end;

	if (!at)
		return NULL;
	at += 5;
	return cJSON_ParseWithLengthOpts(
		at, size - (size_t)(at - (const char *)text->data), &end, 0);
}

static bool get_version(const cJSON *params, uint32_t *version)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(params, "data_version");
	double number = cJSON_GetNumberValue(item);

	if (!cJSON_IsNumber(item) || !(number >= 0 && number <= UINT32_MAX))
		return false;
	*version = (uint32_t)number;
	return number == *version;
}

enum bk_code statements_grow(struct statements *statements, size_t count, struct bk_error *err)
{
	struct bk_slice *list;

	if (count <= statements->capacity)
		return BK_OK;
	list = realloc(statements->list, count * sizeof *list);
	if (!list)
		return bk_fail(err, BK_E_NOMEM, 0, "no memory for %zu statements", count);
	statements->list = list;
	statements->capacity = count;
	return BK_OK;
}

bool message_is_empty(const cJSON *params)
{
	const cJSON *writes = cJSON_GetObjectItemCaseSensitive(params, "writes");

	return cJSON_IsArray(writes) && !cJSON_GetArraySize(writes);
}

enum bk_code message_change(struct bk_change *change, const cJSON *params,
	struct statements *statements, struct bk_error *err)
{
	const cJSON *writes = cJSON_GetObjectItemCaseSensitive(params, "writes"), *item;
	size_t count = 0;
	enum bk_code code;

	if (!get_version(params, &change->version))
		return bk_fail(err, BK_E_INVALID, 0,
			"db_write without a data_version that is a number from 0 to 4294967295");
	if (!cJSON_IsArray(writes))
		return bk_fail(err, BK_E_INVALID, 0, "db_write without a list of writes");
	cJSON_ArrayForEach(item, writes) count++;
	if (!count)
		return bk_fail(err, BK_E_INVALID, 0,
			"db_write with no statements: does this node use PostgreSQL? This backup "
			"is for SQLite; with PostgreSQL it would look like one and hold nothing");
	code = statements_grow(statements, count, err);
	if (code)
		return code;
	count = 0;
	cJSON_ArrayForEach(item, writes)
	{
		const char *text = cJSON_GetStringValue(item);

		if (!text)
			return bk_fail(err, BK_E_INVALID, 0,
				"db_write with a write that is no text (number %zu)", count + 1);
		statements->list[count++] = (struct bk_slice){text, strlen(text)};
	}
	change->statements = statements->list;
	change->statement_count = count;
	return BK_OK;
}
