/* row.c - a row out of a statement of SQLite. */
#include "row.h"
#include <stdlib.h>
#include <string.h>

bool bk_value_same(const struct bk_value *a, const struct bk_value *b)
{
	if (a->type != b->type)
		return false;
	switch (a->type) {
	case BK_VALUE_NULL:
		return true;
	case BK_VALUE_INTEGER:
		return a->integer == b->integer;
	case BK_VALUE_REAL:
		return memcmp(&a->real, &b->real, sizeof a->real) == 0;
	case BK_VALUE_TEXT:
	case BK_VALUE_BLOB:
		return a->size == b->size && (!a->size || memcmp(a->bytes, b->bytes, a->size) == 0);
	}
	return false;
}

enum bk_code bk_rowbuf_begin(
	struct rowbuf *buf, sqlite3_stmt *statement, size_t count, struct bk_error *err)
{
	bk_rowbuf_done(buf);
	buf->names = calloc(count + 1, sizeof *buf->names);
	buf->values = calloc(count + 1, sizeof *buf->values);
	if (!buf->names || !buf->values) {
		bk_rowbuf_done(buf);
		return bk_fail(err, BK_E_NOMEM, 0, "no memory for a row");
	}
	for (size_t i = 0; i < count; i++) {
		const char *name = sqlite3_column_name(statement, (int)i);

		buf->names[i] = name ? name : "";
	}
	buf->row = (struct bk_row){count, buf->names, buf->values};
	return BK_OK;
}

void bk_rowbuf_done(struct rowbuf *buf)
{
	free(buf->names);
	free(buf->values);
	*buf = (struct rowbuf){0};
}

bool bk_value_take(struct bk_value *out, sqlite3_stmt *statement, int column)
{
	*out = (struct bk_value){.type = BK_VALUE_NULL};
	switch (sqlite3_column_type(statement, column)) {
	case SQLITE_INTEGER:
		out->type = BK_VALUE_INTEGER;
		out->integer = sqlite3_column_int64(statement, column);
		break;
	case SQLITE_FLOAT:
		out->type = BK_VALUE_REAL;
		out->real = sqlite3_column_double(statement, column);
		break;
	case SQLITE_TEXT:
		out->type = BK_VALUE_TEXT;
		out->bytes = sqlite3_column_text(statement, column);
		out->size = (size_t)sqlite3_column_bytes(statement, column);
		break;
	case SQLITE_BLOB:
		out->type = BK_VALUE_BLOB;
		out->bytes = sqlite3_column_blob(statement, column);
		out->size = (size_t)sqlite3_column_bytes(statement, column);
		break;
	default:
		break;
	}
	return out->bytes || (!out->size && out->type != BK_VALUE_TEXT);
}

bool bk_rowbuf_take(struct rowbuf *buf, sqlite3_stmt *statement)
{
	for (size_t i = 0; i < buf->row.count; i++)
		if (!bk_value_take(&buf->values[i], statement, (int)i))
			return false;
	return true;
}
