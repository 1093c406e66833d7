/* rowtext.c - rows that differ, as diff and history print them. */
#include "rowtext.h"
#include "colour.h"
#include "rowout.h"
#include <bk/text.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Of a value in a line: longer ones are told with their length. */
#define VALUE_SHOWN 72

static enum bk_code add(struct bk_buf *text, const char *bytes, struct bk_error *err)
{
	return bk_buf_append(text, bytes, strlen(bytes), err);
}

/* VALUE as SQL, cut where it is long. */
static enum bk_code add_value(
	struct bk_buf *text, const struct bk_value *value, struct bk_error *err)
{
	struct bk_value part = *value;
	size_t room = value->type == BK_VALUE_BLOB ? VALUE_SHOWN / 2 : VALUE_SHOWN;
	char rest[40];
	enum bk_code code;

	if (part.size > room)
		part.size = room;
	code = value_sql(text, &part, err);
	if (code || part.size == value->size)
		return code;
	snprintf(rest, sizeof rest, "... (%zu bytes)", value->size);
	return add(text, rest, err);
}

static enum bk_code add_pair(struct bk_buf *text, const char *before, const char *name,
	const char *between, const struct bk_value *value, struct bk_error *err)
{
	enum bk_code code = add(text, before, err);

	if (!code)
		code = add(text, name, err);
	if (!code)
		code = add(text, between, err);
	return code ? code : add_value(text, value, err);
}

static bool is_key(const struct bk_diff *diff, const char *name)
{
	for (size_t i = 0; i < diff->key.count; i++)
		if (strcasecmp(diff->key.names[i], name) == 0)
			return true;
	return false;
}

/* The value of column NAME in ROW, which is at GUESS as a rule; NULL: it has none. */
static const struct bk_value *value_of(const struct bk_row *row, const char *name, size_t guess)
{
	if (guess < row->count && strcasecmp(row->names[guess], name) == 0)
		return &row->values[guess];
	for (size_t i = 0; i < row->count; i++)
		if (strcasecmp(row->names[i], name) == 0)
			return &row->values[i];
	return NULL;
}

/* What the column AT of the row after was before, if it was another; NULL: it is the same. */
static const struct bk_value *changed_from(const struct bk_diff *diff, size_t at)
{
	static const struct bk_value none = {.type = BK_VALUE_NULL};
	const struct bk_value *before = value_of(diff->before, diff->after->names[at], at);

	if (!before)
		before = &none;
	return bk_value_same(before, &diff->after->values[at]) ? NULL : before;
}

static enum bk_code add_changes(
	struct bk_buf *text, const struct bk_diff *diff, struct bk_error *err)
{
	enum bk_code code = BK_OK;
	size_t count = 0;

	for (size_t i = 0; i < diff->after->count && !code; i++) {
		const struct bk_value *before = changed_from(diff, i);

		if (!before)
			continue;
		code = add_pair(
			text, count++ ? ", " : ": ", diff->after->names[i], " ", before, err);
		if (!code)
			code = add_pair(text, "", "", " -> ", &diff->after->values[i], err);
	}
	return code;
}

/* All that the row has besides its key, but NULL. */
static enum bk_code add_row(struct bk_buf *text, const struct bk_diff *diff,
	const struct bk_row *row, struct bk_error *err)
{
	enum bk_code code = BK_OK;
	size_t count = 0;

	for (size_t i = 0; i < row->count && !code; i++)
		if (row->values[i].type != BK_VALUE_NULL && !is_key(diff, row->names[i]))
			code = add_pair(text, count++ ? ", " : ": ", row->names[i], "=",
				&row->values[i], err);
	return code;
}

static enum bk_code add_key(struct bk_buf *text, const struct bk_diff *diff, struct bk_error *err)
{
	enum bk_code code = BK_OK;

	for (size_t i = 0; i < diff->key.count && !code; i++)
		code = add_pair(text, " ", diff->key.names[i], "=", &diff->key.values[i], err);
	return code;
}

static void print_sign(enum bk_diff_kind kind)
{
	static const char signs[] = "+~-!";
	static const enum colour colours[] = {
		COLOUR_ADDED, COLOUR_CHANGED, COLOUR_REMOVED, COLOUR_CHANGED};

	printf("%s%c%s ", colour_of(colours[kind]), signs[kind], colour_end());
}

static enum bk_code add_diff(struct bk_buf *text, const struct bk_diff *diff, struct bk_error *err)
{
	enum bk_code code = add(text, diff->table, err);

	if (!code && diff->kind != BK_DIFF_SCHEMA)
		code = add_key(text, diff, err);
	if (code)
		return code;
	switch (diff->kind) {
	case BK_DIFF_ADDED:
		return add_row(text, diff, diff->after, err);
	case BK_DIFF_CHANGED:
		return add_changes(text, diff, err);
	case BK_DIFF_REMOVED:
		return add_row(text, diff, diff->before, err);
	case BK_DIFF_SCHEMA:
		code = add(text, ": ", err);
		return code ? code : add(text, diff->what, err);
	}
	return BK_OK;
}

enum bk_code rowtext_print(const struct bk_diff *diff, struct bk_error *err)
{
	struct bk_buf text;
	char *shown = NULL;
	enum bk_code code;

	bk_buf_init(&text, ROW_TEXT_MAX);
	code = add_diff(&text, diff, err);
	if (!code)
		code = bk_buf_append(&text, "", 1, err);
	if (!code) {
		shown = malloc(BK_SHOWN_SIZE(text.size));
		code = shown ? BK_OK : bk_fail(err, BK_E_NOMEM, 0, "no memory for a line");
	}
	if (!code) {
		print_sign(diff->kind);
		puts(bk_show_controls(shown, BK_SHOWN_SIZE(text.size), (const char *)text.data));
	}
	free(shown);
	bk_buf_done(&text);
	return code;
}

static void add_json_row(cJSON *object, const char *key, const struct bk_row *row)
{
	cJSON *values = cJSON_AddObjectToObject(object, key);

	for (size_t i = 0; i < row->count; i++)
		cJSON_AddItemToObject(values, row->names[i], value_json(&row->values[i]));
}

static void add_json_changes(cJSON *object, const struct bk_diff *diff)
{
	cJSON *before = cJSON_AddObjectToObject(object, "before");
	cJSON *after = cJSON_AddObjectToObject(object, "after");

	for (size_t i = 0; i < diff->after->count; i++) {
		const struct bk_value *was = changed_from(diff, i);

		if (!was)
			continue;
		cJSON_AddItemToObject(before, diff->after->names[i], value_json(was));
		cJSON_AddItemToObject(
			after, diff->after->names[i], value_json(&diff->after->values[i]));
	}
}

void rowtext_json(cJSON *object, const struct bk_diff *diff)
{
	static const char *const kinds[] = {"added", "changed", "removed", "schema"};

	cJSON_AddStringToObject(object, "table", diff->table);
	cJSON_AddStringToObject(object, "change", kinds[diff->kind]);
	if (diff->kind == BK_DIFF_SCHEMA) {
		cJSON_AddStringToObject(object, "what", diff->what);
		return;
	}
	add_json_row(object, "key", &diff->key);
	if (diff->kind == BK_DIFF_CHANGED)
		add_json_changes(object, diff);
	else if (diff->kind == BK_DIFF_ADDED)
		add_json_row(object, "after", diff->after);
	else
		add_json_row(object, "before", diff->before);
}
