/* rowout.c - rows on standard output, one after the other. */
#include "rowout.h"
#include "json.h"
#include <bk/text.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const char *const rowmodes[] = {"list", "tabs", "csv", "json", "line", "quote", "insert", "html",
	"column", "table", "box", "markdown", NULL};

bool rowmode_of(const char *text, enum rowmode *mode)
{
	for (size_t i = 0; rowmodes[i]; i++) {
		if (strcmp(text, rowmodes[i]) != 0)
			continue;
		*mode = (enum rowmode)i;
		return true;
	}
	return false;
}

static bool sees_all(const struct rowout *out)
{
	return out->mode >= ROWMODE_COLUMN;
}

/* Prints TEXT, a terminal's with its control characters shown. A text ends at a zero byte there. */
static enum bk_code print(const struct rowout *out, const struct bk_buf *text, struct bk_error *err)
{
	char *shown;

	if (!out->is_terminal) {
		fwrite(text->data, 1, text->size, stdout);
		return BK_OK;
	}
	shown = malloc(BK_SHOWN_SIZE(text->size));
	if (!shown)
		return bk_fail(err, BK_E_NOMEM, 0, "no memory for what is printed");
	fputs(bk_show_controls(shown, BK_SHOWN_SIZE(text->size), (const char *)text->data), stdout);
	free(shown);
	return BK_OK;
}

/* Doubles each QUOTE in TEXT, from byte FROM on, and puts one at either end. */
static enum bk_code enclose(struct bk_buf *text, size_t from, char quote, struct bk_error *err)
{
	size_t length = text->size - from, quotes = 2;
	uint8_t *to;
	enum bk_code code;

	for (size_t i = from; i < text->size; i++)
		quotes += text->data[i] == (uint8_t)quote;
	code = bk_buf_reserve(text, quotes, err);
	if (code)
		return code;
	to = text->data + text->size + quotes;
	text->size += quotes;
	*--to = (uint8_t)quote;
	for (size_t i = from + length; i-- > from;) {
		*--to = text->data[i];
		if (text->data[i] == (uint8_t)quote)
			*--to = (uint8_t)quote;
	}
	*--to = (uint8_t)quote;
	return BK_OK;
}

/* As RFC 4180 has it: what has a comma, a quote or a line's end in it is quoted. */
static enum bk_code csv_cell(struct bk_buf *text, size_t from, struct bk_error *err)
{
	for (size_t i = from; i < text->size; i++)
		if (strchr(",\"\r\n", text->data[i]))
			return enclose(text, from, '"', err);
	return BK_OK;
}

static enum bk_code html_cell(
	struct bk_buf *text, const struct bk_value *value, bool is_head, struct bk_error *err)
{
	struct bk_buf plain;
	enum bk_code code;

	bk_buf_init(&plain, ROW_TEXT_MAX);
	code = bk_buf_append(text, is_head ? "<TH>" : "<TD>", 4, err);
	if (!code)
		code = value_text(&plain, value, err);
	for (size_t i = 0; i < plain.size && !code; i++) {
		char c = (char)plain.data[i];
		const char *put = c == '<'   ? "&lt;"
				  : c == '>' ? "&gt;"
				  : c == '&' ? "&amp;"
				  : c == '"' ? "&quot;"
					     : NULL;

		code = put ? bk_buf_append(text, put, strlen(put), err)
			   : bk_buf_append(text, &c, 1, err);
	}
	bk_buf_done(&plain);
	return code ? code : bk_buf_append(text, is_head ? "</TH>\n" : "</TD>\n", 6, err);
}

/* Puts VALUE as the cell AT of its row behind TEXT, in a mode that prints rows at once. */
static enum bk_code add_cell(const struct rowout *out, struct bk_buf *text, size_t at,
	const struct bk_value *value, bool is_head, struct bk_error *err)
{
	static const char *const between[] = {[ROWMODE_LIST] = "|",
		[ROWMODE_TABS] = "\t",
		[ROWMODE_CSV] = ",",
		[ROWMODE_QUOTE] = ",",
		[ROWMODE_INSERT] = ",",
		[ROWMODE_HTML] = ""};
	enum bk_code code =
		at ? bk_buf_append(text, between[out->mode], strlen(between[out->mode]), err)
		   : BK_OK;
	size_t from = text->size;

	if (code)
		return code;
	if (out->mode == ROWMODE_QUOTE || out->mode == ROWMODE_INSERT)
		return value_sql(text, value, err);
	if (out->mode == ROWMODE_HTML)
		return html_cell(text, value, is_head, err);
	code = value_text(text, value, err);
	return code || out->mode != ROWMODE_CSV ? code : csv_cell(text, from, err);
}

static struct bk_value name_value(const char *name)
{
	return (struct bk_value){.type = BK_VALUE_TEXT, .bytes = name, .size = strlen(name)};
}

static enum bk_code add_name(struct bk_buf *text, const char *name, struct bk_error *err)
{
	size_t from = text->size;
	enum bk_code code = bk_buf_append(text, name, strlen(name), err);

	return code ? code : enclose(text, from, '"', err);
}

/* "INSERT INTO table(columns) VALUES(". */
static enum bk_code insert_head(const struct rowout *out, struct bk_buf *text,
	const struct bk_row *row, struct bk_error *err)
{
	static const char into[] = "INSERT INTO ", values[] = ") VALUES(";
	enum bk_code code = bk_buf_append(text, into, sizeof into - 1, err);

	if (!code)
		code = add_name(text, out->table ? out->table : "table", err);
	for (size_t i = 0; i < row->count && !code; i++) {
		code = bk_buf_append(text, i ? "," : "(", 1, err);
		if (!code)
			code = add_name(text, row->names[i], err);
	}
	return code ? code : bk_buf_append(text, values, sizeof values - 1, err);
}

static const char *head_of(const struct rowout *out)
{
	return out->mode == ROWMODE_HTML ? "<TR>" : "";
}

static const char *end_of(const struct rowout *out)
{
	return out->mode == ROWMODE_INSERT ? ");\n" : out->mode == ROWMODE_HTML ? "</TR>\n" : "\n";
}

static enum bk_code print_values(
	const struct rowout *out, const struct bk_row *row, bool is_head, struct bk_error *err)
{
	struct bk_buf text;
	enum bk_code code;

	bk_buf_init(&text, ROW_TEXT_MAX);
	code = bk_buf_append(&text, head_of(out), strlen(head_of(out)), err);
	if (!code && out->mode == ROWMODE_INSERT)
		code = insert_head(out, &text, row, err);
	for (size_t i = 0; i < row->count && !code; i++) {
		struct bk_value name = name_value(row->names[i]);

		code = add_cell(out, &text, i, is_head ? &name : &row->values[i], is_head, err);
	}
	/* A terminal is shown what is inside of the line, not the line's own end. */
	if (!code)
		code = bk_buf_append(&text, "", 1, err);
	if (!code) {
		text.size--;
		code = print(out, &text, err);
		fputs(end_of(out), stdout);
	}
	bk_buf_done(&text);
	return code;
}

static enum bk_code print_lines(
	const struct rowout *out, const struct bk_row *row, struct bk_error *err)
{
	struct bk_buf text;
	size_t width = 5;
	enum bk_code code = BK_OK;

	bk_buf_init(&text, ROW_TEXT_MAX);
	for (size_t i = 0; i < row->count; i++)
		if (strlen(row->names[i]) > width)
			width = strlen(row->names[i]);
	if (out->any)
		putchar('\n');
	for (size_t i = 0; i < row->count && !code; i++) {
		char *name = malloc(BK_SHOWN_SIZE(strlen(row->names[i])));

		text.size = 0;
		code = name ? value_text(&text, &row->values[i], err)
			    : bk_fail(err, BK_E_NOMEM, 0, "no memory for what is printed");
		if (!code)
			code = bk_buf_append(&text, "", 1, err);
		if (!code) {
			text.size--;
			printf("%*s = ", (int)width,
				bk_show_controls(
					name, BK_SHOWN_SIZE(strlen(row->names[i])), row->names[i]));
			code = print(out, &text, err);
			putchar('\n');
		}
		free(name);
	}
	bk_buf_done(&text);
	return code;
}

static enum bk_code print_json(const struct bk_row *row, struct bk_error *err)
{
	cJSON *object = cJSON_CreateObject();
	enum bk_code code;

	for (size_t i = 0; i < row->count; i++)
		cJSON_AddItemToObject(object, row->names[i], value_json(&row->values[i]));
	code = json_print_line(object, err);
	putchar('\n');
	return code;
}

/* Keeps the cells of a row, or with IS_HEAD its names, for the modes that see all of them. */
static enum bk_code keep(
	struct rowout *out, const struct bk_row *row, bool is_head, struct bk_error *err)
{
	enum bk_code code = BK_OK;

	for (size_t i = 0; i < row->count && !code; i++) {
		struct bk_value name = name_value(row->names[i]);
		size_t from = out->cells.size;

		code = value_text(&out->cells, is_head ? &name : &row->values[i], err);
		while (!code && from < out->cells.size && out->cells.data[from])
			from++;
		if (!code)
			out->cells.size = from; /* as a text it ends at a zero byte */
		if (!code)
			code = bk_buf_append(&out->cells, "", 1, err);
	}
	return code;
}

enum bk_code rowout_begin(struct rowout *out, const struct bk_row *columns, struct bk_error *err)
{
	out->any = false;
	out->columns = columns->count;
	out->is_terminal = isatty(STDOUT_FILENO);
	bk_buf_init(&out->cells, ROW_TEXT_MAX);
	if (sees_all(out))
		return keep(out, columns, true, err);
	return out->has_header && columns->count && out->mode != ROWMODE_JSON &&
			       out->mode != ROWMODE_LINE && out->mode != ROWMODE_INSERT
		       ? print_values(out, columns, true, err)
		       : BK_OK;
}

enum bk_code rowout_row(struct rowout *out, const struct bk_row *row, struct bk_error *err)
{
	enum bk_code code = sees_all(out)               ? keep(out, row, false, err)
			    : out->mode == ROWMODE_JSON ? print_json(row, err)
			    : out->mode == ROWMODE_LINE ? print_lines(out, row, err)
							: print_values(out, row, false, err);

	out->any = true;
	return code;
}

enum bk_code rowout_end(struct rowout *out, struct bk_error *err)
{
	enum bk_code code = sees_all(out) && out->any ? rowgrid_print(out, err) : BK_OK;

	bk_buf_done(&out->cells);
	return code;
}
