/* rowdiff.c - how the rows of one table differ between two databases.
 *
 * Each row of the one side that may differ is looked up by its key in the other: so one that got
 * another rowid is still the same row. */
#include "rowdiff.h"
#include <stdlib.h>
#include <strings.h>

static enum bk_code side_failed(const struct diffside *side, struct bk_error *err)
{
	return bk_sandbox_fail(side->sandbox, "compare a table", err);
}

/* SELECT of all columns, and the rowid behind them, with BEHIND, which is taken over. */
static int prepare(struct diffside *side, char *behind, sqlite3_stmt **out)
{
	const struct table *table = &side->table;
	sqlite3_str *sql = sqlite3_str_new(NULL);
	char *text;
	int rc;

	sqlite3_str_appendall(sql, "SELECT ");
	for (size_t i = 0; i < table->column_count; i++)
		sqlite3_str_appendf(sql, "\"%w\", ", table->columns[i]);
	sqlite3_str_appendf(sql, "%s FROM main.\"%w\" %s", table->rowid ? table->rowid : "NULL",
		table->name, behind);
	text = sqlite3_str_finish(sql);
	rc = text && behind ? sqlite3_prepare_v2(side->sandbox->db, text, -1, out, NULL)
			    : SQLITE_NOMEM;
	sqlite3_free(text);
	sqlite3_free(behind);
	return rc;
}

/* " ORDER BY" the key, or the rowid. */
static char *order_of(const struct table *table)
{
	sqlite3_str *sql = sqlite3_str_new(NULL);
	int keys = 0;

	if (table->rowid) {
		sqlite3_str_appendf(sql, "ORDER BY %s", table->rowid);
		return sqlite3_str_finish(sql);
	}
	for (int nth = 1; (size_t)nth <= table->column_count; nth++)
		for (size_t i = 0; i < table->column_count; i++)
			if (table->key[i] == nth)
				sqlite3_str_appendf(sql, "%s\"%w\"", keys++ ? ", " : "ORDER BY ",
					table->columns[i]);
	return sqlite3_str_finish(sql);
}

static char *by_key_of(const struct table *table)
{
	char *key = bk_table_where_key(table);

	return key ? sqlite3_mprintf("WHERE %z", key) : NULL;
}

static enum bk_code side_prepare(struct diffside *side, struct bk_error *err)
{
	const struct table *table = &side->table;
	size_t count = table->column_count;
	int rc = prepare(side, by_key_of(table), &side->by_key);
	enum bk_code code;

	if (rc == SQLITE_OK && table->rowid)
		rc = prepare(side, sqlite3_mprintf("WHERE %s = ?1", table->rowid), &side->by_rowid);
	if (rc == SQLITE_OK && side->all)
		rc = prepare(side, order_of(table), &side->scan);
	if (rc != SQLITE_OK)
		return side_failed(side, err);
	code = bk_rowbuf_begin(&side->key_buf, side->by_key, count, err);
	if (!code && side->by_rowid)
		code = bk_rowbuf_begin(&side->rowid_buf, side->by_rowid, count, err);
	if (!code && side->scan)
		code = bk_rowbuf_begin(&side->scan_buf, side->scan, count, err);
	return code;
}

static void side_done(struct diffside *side)
{
	sqlite3_finalize(side->by_key);
	sqlite3_finalize(side->by_rowid);
	sqlite3_finalize(side->scan);
	side->by_key = side->by_rowid = side->scan = NULL;
	bk_rowbuf_done(&side->key_buf);
	bk_rowbuf_done(&side->rowid_buf);
	bk_rowbuf_done(&side->scan_buf);
}

/* A row that is looked at: where it stands, and its columns. */
struct found {
	sqlite3_stmt *statement;
	struct rowbuf *buf;
};

static bool take_row(struct found *found, int rc)
{
	return rc == SQLITE_ROW && bk_rowbuf_take(found->buf, found->statement);
}

/* Steps FOUND's statement: *HAS is false where there is no row. */
static enum bk_code step(
	const struct diffside *side, struct found *found, bool *has, struct bk_error *err)
{
	int rc = sqlite3_step(found->statement);

	*has = take_row(found, rc);
	if (rc == SQLITE_DONE || *has)
		return BK_OK;
	return rc == SQLITE_ROW ? bk_fail(err, BK_E_NOMEM, 0, "no memory for a row")
				: side_failed(side, err);
}

/* The next row of SIDE that may differ: the AT-th of its list, or of all. */
static enum bk_code next_row(
	struct diffside *side, size_t *at, struct found *found, bool *has, struct bk_error *err)
{
	enum bk_code code = BK_OK;

	*has = false;
	if (side->all) {
		*found = (struct found){side->scan, &side->scan_buf};
		return step(side, found, has, err);
	}
	*found = (struct found){side->by_rowid, &side->rowid_buf};
	while (!code && !*has && *at < side->rows.count) {
		sqlite3_reset(side->by_rowid);
		sqlite3_bind_int64(side->by_rowid, 1, side->rows.ids[(*at)++]);
		code = step(side, found, has, err);
	}
	return code;
}

static int rowid_column(const struct diffside *side)
{
	return (int)side->table.column_count;
}

/* Binds the key of FOUND, a row of SIDE, to INTO. *HAS_NULL: a part of it is NULL, which may be in
 * several rows. */
static int bind_key(
	const struct diffside *side, const struct found *found, sqlite3_stmt *into, bool *has_null)
{
	const struct table *table = &side->table;
	int rc = SQLITE_OK;

	*has_null = false;
	if (table->key_is_rowid)
		return sqlite3_bind_value(
			into, 1, sqlite3_column_value(found->statement, rowid_column(side)));
	for (size_t i = 0; i < table->column_count && rc == SQLITE_OK; i++) {
		if (!table->key[i])
			continue;
		*has_null |= found->buf->values[i].type == BK_VALUE_NULL;
		rc = sqlite3_bind_value(
			into, table->key[i], sqlite3_column_value(found->statement, (int)i));
	}
	return rc;
}

/* Looks the row FOUND of SIDE up in OTHER. */
static enum bk_code look_up(struct diffside *side, const struct found *found,
	struct diffside *other, struct found *there, bool *has, struct bk_error *err)
{
	bool has_null;
	int rc;

	*there = (struct found){other->by_key, &other->key_buf};
	sqlite3_reset(other->by_key);
	rc = bind_key(side, found, other->by_key, &has_null);
	if (rc == SQLITE_OK && has_null && other->by_rowid) {
		/* The rows of a scan or list of OTHER are not under way here. */
		*there = (struct found){other->by_rowid, &other->rowid_buf};
		sqlite3_reset(other->by_rowid);
		rc = sqlite3_bind_value(other->by_rowid, 1,
			sqlite3_column_value(found->statement, rowid_column(side)));
	}
	return rc == SQLITE_OK ? step(other, there, has, err) : side_failed(other, err);
}

/* Where NAME stands in ROW; row->count: nowhere. */
static size_t column_of(const struct bk_row *row, const char *name, size_t guess)
{
	size_t at = 0;

	if (guess < row->count && strcasecmp(row->names[guess], name) == 0)
		return guess;
	while (at < row->count && strcasecmp(row->names[at], name) != 0)
		at++;
	return at;
}

/* Whether two rows agree in the columns that both have. */
static bool same_row(const struct bk_row *one, const struct bk_row *other)
{
	for (size_t i = 0; i < one->count; i++) {
		size_t at = column_of(other, one->names[i], i);

		if (at < other->count && !bk_value_same(&one->values[i], &other->values[at]))
			return false;
	}
	return true;
}

/* The key of FOUND as a row of its own. */
struct key {
	struct bk_row row;
	const char **names;
	struct bk_value *values;
};

static enum bk_code key_init(struct key *key, size_t columns, struct bk_error *err)
{
	key->names = calloc(columns + 1, sizeof *key->names);
	key->values = calloc(columns + 1, sizeof *key->values);
	key->row = (struct bk_row){0, key->names, key->values};
	return key->names && key->values ? BK_OK
					 : bk_fail(err, BK_E_NOMEM, 0, "no memory for a key");
}

static void key_done(struct key *key)
{
	free(key->names);
	free(key->values);
}

static void key_take(struct key *key, const struct diffside *side, const struct found *found)
{
	const struct table *table = &side->table;

	key->row.count = 0;
	for (size_t i = 0; i < table->column_count; i++) {
		size_t at = (size_t)table->key[i] - 1;

		if (!table->key[i])
			continue;
		key->names[at] = table->columns[i];
		key->values[at] = found->buf->values[i];
		key->row.count++;
	}
	if (key->row.count)
		return;
	key->names[0] = "rowid";
	key->values[0] = (struct bk_value){.type = BK_VALUE_INTEGER,
		.integer = sqlite3_column_int64(found->statement, rowid_column(side))};
	key->row.count = 1;
}

/* What a comparison tells, and to whom. */
struct telling {
	struct key key;
	bk_diff_fn *take;
	void *ctx;
};

static enum bk_code tell(struct telling *telling, const struct diffside *side,
	const struct found *found, enum bk_diff_kind kind, const struct bk_row *before,
	const struct bk_row *after, struct bk_error *err)
{
	struct bk_diff diff = {
		.kind = kind, .table = side->table.name, .before = before, .after = after};

	key_take(&telling->key, side, found);
	diff.key = telling->key.row;
	return telling->take(telling->ctx, &diff, err);
}

static enum bk_code compare_before(struct telling *telling, struct diffside *before,
	struct diffside *after, struct bk_error *err)
{
	struct found found, there;
	size_t at = 0;
	bool has = true, has_there;
	enum bk_code code = next_row(before, &at, &found, &has, err);

	while (!code && has) {
		code = look_up(before, &found, after, &there, &has_there, err);
		if (!code && !has_there)
			code = tell(telling, before, &found, BK_DIFF_REMOVED, &found.buf->row, NULL,
				err);
		else if (!code && !same_row(&found.buf->row, &there.buf->row))
			code = tell(telling, before, &found, BK_DIFF_CHANGED, &found.buf->row,
				&there.buf->row, err);
		if (!code)
			code = next_row(before, &at, &found, &has, err);
	}
	return code;
}

static enum bk_code compare_after(struct telling *telling, struct diffside *before,
	struct diffside *after, struct bk_error *err)
{
	struct found found, there;
	size_t at = 0;
	bool has = true, has_there;
	enum bk_code code = next_row(after, &at, &found, &has, err);

	while (!code && has) {
		code = look_up(after, &found, before, &there, &has_there, err);
		if (!code && !has_there)
			code = tell(
				telling, after, &found, BK_DIFF_ADDED, NULL, &found.buf->row, err);
		if (!code)
			code = next_row(after, &at, &found, &has, err);
	}
	return code;
}

enum bk_code bk_rowdiff(struct diffside *before, struct diffside *after, bk_diff_fn *take,
	void *ctx, struct bk_error *err)
{
	struct telling telling = {.take = take, .ctx = ctx};
	size_t columns = before->table.column_count > after->table.column_count
				 ? before->table.column_count
				 : after->table.column_count;
	enum bk_code code = key_init(&telling.key, columns, err);

	if (!code)
		code = side_prepare(before, err);
	if (!code)
		code = side_prepare(after, err);
	if (!code)
		code = compare_before(&telling, before, after, err);
	if (!code)
		code = compare_after(&telling, before, after, err);
	side_done(before);
	side_done(after);
	key_done(&telling.key);
	return code;
}

enum bk_code bk_rowdiff_alone(struct diffside *one, enum bk_diff_kind kind, bk_diff_fn *take,
	void *ctx, struct bk_error *err)
{
	struct telling telling = {.take = take, .ctx = ctx};
	struct found found;
	size_t at = 0;
	bool has = true;
	enum bk_code code = key_init(&telling.key, one->table.column_count, err);

	one->all = true;
	if (!code)
		code = side_prepare(one, err);
	while (!code && has) {
		code = next_row(one, &at, &found, &has, err);
		if (!code && has)
			code = tell(&telling, one, &found, kind,
				kind == BK_DIFF_REMOVED ? &found.buf->row : NULL,
				kind == BK_DIFF_ADDED ? &found.buf->row : NULL, err);
	}
	side_done(one);
	key_done(&telling.key);
	return code;
}
