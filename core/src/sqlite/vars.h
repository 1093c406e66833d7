/* vars.h - what a node's database says of itself, in its table vars. */
#ifndef BK_VARS_H
#define BK_VARS_H

#include <sqlite3.h>
#include <stddef.h>
#include <stdint.h>

/* vars.data_version: *VERSION is 0 if the database has no such row (a database of an old
 * lightningd, or none at all), or if vars is no table: a view may go on for ever. Returns a SQLite
 * result code. */
int bk_read_data_version(sqlite3 *db, uint32_t *version);

/* Whose database it is: vars.node_id in hexadecimal digits, into OUT of SIZE bytes (BK_NODE_TEXT);
 * empty if it does not say. Returns a SQLite result code. */
int bk_read_node_id(sqlite3 *db, char *out, size_t size);

#endif
