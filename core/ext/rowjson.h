/* rowjson.h - a row as JSON text. */
#ifndef ROWJSON_H
#define ROWJSON_H

#include <bk/row.h>

/* ROW as a JSON object, in valid UTF-8: a blob is a string of hexadecimal digits, a real that JSON
 * has no number for is null. The caller frees it with sqlite3_free; NULL: no memory. */
char *rowjson_of(const struct bk_row *row);

#endif
