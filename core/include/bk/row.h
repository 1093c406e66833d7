/* row.h - rows of a database, as they are given out. */
#ifndef BK_ROW_H
#define BK_ROW_H

#include <bk/error.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum bk_value_type { BK_VALUE_NULL, BK_VALUE_INTEGER, BK_VALUE_REAL, BK_VALUE_TEXT, BK_VALUE_BLOB };

struct bk_value {
	enum bk_value_type type;
	int64_t integer;
	double real;
	const void *bytes; /* of a text (as it stands in the database: perhaps no valid UTF-8) or a
			    * blob; a zero byte stands behind a text */
	size_t size;
};

struct bk_row {
	size_t count; /* columns */
	const char *const *names;
	const struct bk_value *values;
};

/* Takes a row, which is lent for the call. What it fails with ends what gives the rows. */
typedef enum bk_code bk_row_fn(void *ctx, const struct bk_row *row, struct bk_error *err);

/* Whether two values are of one type and the same, bit for bit. */
bool bk_value_same(const struct bk_value *a, const struct bk_value *b);

#endif
