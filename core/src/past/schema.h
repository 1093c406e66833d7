/* schema.h - the tables of a database that rows are taken from.
 *
 * Names of tables and columns are the log's: they go into SQL quoted only. */
#ifndef BK_SCHEMA_H
#define BK_SCHEMA_H

#include "sandbox.h"
#include <stdbool.h>
#include <stdint.h>

struct table {
	char *name;
	uint32_t root;     /* the page that its rows begin at */
	const char *rowid; /* what its rowid is called; NULL: it has none that can be named */
	bool key_is_rowid; /* that is the primary key, by another name, or there is none */
	size_t column_count;
	char **columns; /* that are stored */
	int *key;       /* for each, which of the primary key it is, from 1; 0: none of it */
};

/* Reads what SANDBOX has of table NAME. *HAS is false, and nothing kept, where it has no table of
 * that name that holds rows (a view or a virtual table has none). The table's own spelling of its
 * name is taken. Fails with BK_E_SQL, BK_E_NOMEM, or as the store does. */
BK_MUST_CHECK enum bk_code bk_table_read(struct table *table, const struct sandbox *sandbox,
	const char *name, bool *has, struct bk_error *err);
void bk_table_done(struct table *table);

/* "SELECT columns FROM table" and a blank. NULL: no memory. The caller frees it with sqlite3_free.
 */
char *bk_table_select(const struct table *table);

/* " a IS ?1 AND b IS ?2" over the primary key, or the rowid where that is the key. As above. */
char *bk_table_where_key(const struct table *table);

/* Fails with BK_E_MISSING: there is no table NAME; it may have been meant to be one of SANDBOX.
 * That may be NULL. */
enum bk_code bk_table_missing(
	const struct sandbox *sandbox, const char *name, struct bk_error *err);

#endif
