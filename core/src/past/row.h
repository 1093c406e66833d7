/* row.h - a row out of a statement of SQLite. */
#ifndef BK_ROW_IMPL_H
#define BK_ROW_IMPL_H

#include <bk/row.h>
#include <sqlite3.h>

/* The columns of a statement: one owner, lent to many rows. */
struct rowbuf {
	struct bk_row row;
	const char **names;
	struct bk_value *values;
};

/* Takes the first COUNT columns' names from STATEMENT: they are lent by it. BUF, of zeros or used
 * before, has room for as many values. Fails with BK_E_NOMEM. */
BK_MUST_CHECK enum bk_code bk_rowbuf_begin(
	struct rowbuf *buf, sqlite3_stmt *statement, size_t count, struct bk_error *err);
void bk_rowbuf_done(struct rowbuf *buf);

/* The values of the row that STATEMENT stands on; lent by it until it is stepped. False: no memory.
 */
bool bk_rowbuf_take(struct rowbuf *buf, sqlite3_stmt *statement);

/* Reads COLUMN of the row that STATEMENT stands at; OUT is lent until its next step. False: no
 * memory. */
BK_MUST_CHECK bool bk_value_take(struct bk_value *out, sqlite3_stmt *statement, int column);

#endif
