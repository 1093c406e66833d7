/* rowout.h - rows on standard output, in the modes that the sqlite3 shell has.
 *
 * On a terminal control characters in them are shown and not sent (bk/text.h); elsewhere values are
 * exact, but for json, which is valid UTF-8 always.
 *
 * Calling sequence: a rowout with its mode set; for each statement rowout_begin, any rowout_row,
 * rowout_end. */
#ifndef ROWOUT_H
#define ROWOUT_H

#include <bk/buf.h>
#include <bk/row.h>
#include <cJSON.h>
#include <stdio.h>

enum rowmode {
	ROWMODE_LIST,
	ROWMODE_TABS,
	ROWMODE_CSV,
	ROWMODE_JSON, /* one object a line */
	ROWMODE_LINE,
	ROWMODE_QUOTE,
	ROWMODE_INSERT,
	ROWMODE_HTML,
	/* These see all rows before they print one. */
	ROWMODE_COLUMN,
	ROWMODE_TABLE,
	ROWMODE_BOX,
	ROWMODE_MARKDOWN,
};

/* Their names, for options; false: TEXT is none. */
extern const char *const rowmodes[]; /* what they are called; NULL ends them */
bool rowmode_of(const char *text, enum rowmode *mode);

struct rowout {
	enum rowmode mode;
	bool has_header;
	const char *table; /* that insert names */
	bool any;          /* a row was printed */
	bool is_terminal;
	size_t columns;
	struct bk_buf cells; /* of the modes that see all rows: texts, each with a zero byte */
};

BK_MUST_CHECK enum bk_code rowout_begin(
	struct rowout *out, const struct bk_row *columns, struct bk_error *err);
BK_MUST_CHECK enum bk_code rowout_row(
	struct rowout *out, const struct bk_row *row, struct bk_error *err);
BK_MUST_CHECK enum bk_code rowout_end(struct rowout *out, struct bk_error *err);

/* Appends VALUE to TEXT: as SQL, or as the shell prints it. Fail as bk_buf_append does. */
BK_MUST_CHECK enum bk_code value_sql(
	struct bk_buf *text, const struct bk_value *value, struct bk_error *err);
BK_MUST_CHECK enum bk_code value_text(
	struct bk_buf *text, const struct bk_value *value, struct bk_error *err);

/* VALUE as JSON: a blob is a string of hexadecimal digits, a number beyond JSON's is null. NULL: no
 * memory. */
cJSON *value_json(const struct bk_value *value);

/* Prints what the modes that see all rows have kept (rowgrid.c). */
BK_MUST_CHECK enum bk_code rowgrid_print(const struct rowout *out, struct bk_error *err);

/* What a cell may take: SQLite's own values are shorter. */
#define ROW_TEXT_MAX ((size_t)2 << 30)

#endif
