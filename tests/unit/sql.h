/* sql.h - SQLite as the tests use it: databases made, and compared row by row. */
#ifndef SQL_H
#define SQL_H

#include "support.h"
#include <bk/image.h>
#include <sqlite3.h>

sqlite3 *sql_open(const char *path); /* made if it is not there; foreign keys on, no syncs */
void sql_run(sqlite3 *db, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
int64_t sql_int(sqlite3 *db, const char *sql); /* the first column of the first row */

/* The database of IMAGE, read through bk_image_read, in memory and read-only. */
sqlite3 *sql_image(struct bk_image *image);

/* A sum over schema and rows, in the order in which .dump shows them. */
uint64_t sql_sum(sqlite3 *db);

/* Fails unless A and B have the same schema and the same rows in the same order, which is when the
 * sqlite3 shell's .dump of them is the same. WHAT names the comparison. */
void sql_same(sqlite3 *a, sqlite3 *b, const char *what);

#endif
