/* prepared.c - statements that were prepared before. */
#include "prepared.h"
#include "reach.h"
#include "shape.h"
#include <bk/recent.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

struct known {
	struct bk_recent_item item; /* its key: a sum of the text */
	sqlite3_stmt *statement;    /* NULL: one such is prepared each time */
	size_t size;
	char text[];
};

struct prepared {
	sqlite3 *db;
	struct bk_recent table;
	size_t count;
	bool does_more;     /* what was prepared last does more than change rows */
	bool has_moved;     /* something may have, on which statements depend */
	struct shape shape; /* of the statement at hand */
};

struct prepared *bk_prepared_new(sqlite3 *db)
{
	struct prepared *prepared = malloc(sizeof *prepared);

	if (!prepared)
		return NULL;
	prepared->db = db;
	prepared->table = (struct bk_recent){.oldest = NULL};
	prepared->count = 0;
	prepared->does_more = prepared->has_moved = false;
	sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_QPSG, 1, NULL);
	return prepared;
}

void bk_prepared_free(struct prepared *prepared)
{
	if (prepared)
		bk_prepared_forget(prepared);
	free(prepared);
}

void bk_prepared_note(struct prepared *prepared, int action, const char *first, const char *second)
{
	switch (action) {
	case SQLITE_INSERT:
	case SQLITE_UPDATE:
	case SQLITE_DELETE:
	case SQLITE_READ:
		prepared->does_more |= bk_reach_is_of_connection(first);
		break;
	case SQLITE_FUNCTION: /* COALESCE is in SQLite what CASE is: no function at all */
		prepared->does_more |= sqlite3_stricmp(second, "coalesce") != 0;
		break;
	case SQLITE_SELECT:
	case SQLITE_RECURSIVE:
		prepared->does_more = true;
		break;
	default:
		prepared->does_more = prepared->has_moved = true;
		break;
	}
}

static void drop(struct prepared *prepared, struct known *known)
{
	bk_recent_remove(&prepared->table, &known->item);
	prepared->count--;
	sqlite3_finalize(known->statement);
	free(known);
}

void bk_prepared_forget(struct prepared *prepared)
{
	while (prepared->table.oldest)
		drop(prepared, (struct known *)prepared->table.oldest);
	prepared->has_moved = false;
}

void bk_prepared_settle(struct prepared *prepared)
{
	if (prepared->has_moved)
		bk_prepared_forget(prepared);
}

/* The statement of the shape at hand; NULL if that is to be prepared each time, for whatever
 * reason: it then fails, or not, as it would have without us. */
static sqlite3_stmt *prepare(struct prepared *prepared)
{
	const struct shape *shape = &prepared->shape;
	sqlite3_stmt *statement = NULL;

	prepared->does_more = false;
	if (!bk_shape_is_simple(shape) ||
		sqlite3_prepare_v3(prepared->db, shape->text, (int)shape->size,
			SQLITE_PREPARE_PERSISTENT, &statement, NULL) != SQLITE_OK)
		return NULL;
	if (!prepared->does_more && sqlite3_column_count(statement) == 0 &&
		sqlite3_bind_parameter_count(statement) == (int)shape->count &&
		sqlite3_stmt_status(statement, SQLITE_STMTSTATUS_MEMUSED, 0) <= PREPARED_MEMORY)
		return statement;
	sqlite3_finalize(statement);
	return NULL;
}

static struct known *add(struct prepared *prepared, uint64_t sum)
{
	const struct shape *shape = &prepared->shape;
	struct known *known = malloc(sizeof *known + shape->size);

	if (!known)
		return NULL;
	if (prepared->count == PREPARED_MAX)
		drop(prepared, (struct known *)prepared->table.oldest);
	known->item.key = sum;
	known->size = shape->size;
	memcpy(known->text, shape->text, shape->size);
	known->statement = prepare(prepared);
	bk_recent_add(&prepared->table, &known->item);
	prepared->count++;
	return known;
}

static struct known *known_of(struct prepared *prepared)
{
	const struct shape *shape = &prepared->shape;
	uint64_t sum = XXH3_64bits(shape->text, shape->size);
	struct bk_recent_item *item = bk_recent_find(&prepared->table, sum, NULL);

	for (; item; item = bk_recent_find(&prepared->table, sum, item)) {
		struct known *known = (struct known *)item;

		if (known->size == shape->size &&
			memcmp(known->text, shape->text, shape->size) == 0) {
			bk_recent_use(&prepared->table, item);
			return known;
		}
	}
	return add(prepared, sum);
}

static int bind(sqlite3_stmt *statement, int at, const struct shape_value *value)
{
	switch (value->kind) {
	case SHAPE_NULL:
		return sqlite3_bind_null(statement, at);
	case SHAPE_INTEGER:
		return sqlite3_bind_int64(statement, at, value->number);
	case SHAPE_TEXTUAL:
		return sqlite3_bind_text(statement, at, value->data, value->size, SQLITE_STATIC);
	case SHAPE_BLOB:
		break;
	}
	return sqlite3_bind_blob(statement, at, value->data, value->size, SQLITE_STATIC);
}

int bk_prepared_find(struct prepared *prepared, const struct bk_slice *sql, sqlite3_stmt **out)
{
	const struct shape *shape = &prepared->shape;
	struct known *known;
	int rc = SQLITE_OK;

	*out = NULL;
	bk_prepared_settle(prepared);
	if (!bk_shape_read(&prepared->shape, sql))
		return SQLITE_OK;
	known = known_of(prepared);
	if (!known || !known->statement)
		return SQLITE_OK;
	for (size_t i = 0; i < shape->count && rc == SQLITE_OK; i++)
		rc = bind(known->statement, (int)i + 1, &shape->values[i]);
	*out = known->statement;
	return rc;
}

int bk_prepared_done(sqlite3_stmt *statement)
{
	int rc = sqlite3_reset(statement);

	/* What was bound is the caller's. */
	sqlite3_clear_bindings(statement);
	return rc;
}
