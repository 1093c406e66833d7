/* rowset.c - rows of a table that are kept. */
#include "rowset.h"
#include "row.h"
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* A row as it is kept: of each column, and of the rowid behind them, this, and bytes and a zero
 * byte behind it. */
struct stored {
	uint64_t size;
	int64_t integer;
	double real;
	enum bk_value_type type;
};

void bk_rowset_init(struct rowset *set, struct table *table, uint64_t given)
{
	const uint64_t most = (ROWSET_BYTES_MAX - ROWSET_BYTES) / ROWSET_BYTES_A_BYTE;
	size_t more = (size_t)(given < most ? given : most) * ROWSET_BYTES_A_BYTE;

	*set = (struct rowset){.table = *table};
	*table = (struct table){.name = NULL};
	bk_buf_init(&set->values, ROWSET_BYTES + more);
}

void bk_rowset_done(struct rowset *set)
{
	bk_table_done(&set->table);
	bk_buf_done(&set->values);
	free(set->rows);
	free(set->buckets);
	*set = (struct rowset){.count = 0};
}

static enum bk_code store(
	struct rowset *set, sqlite3_stmt *statement, int column, struct bk_error *err)
{
	struct stored stored;
	struct bk_value value;
	enum bk_code code;

	if (!bk_value_take(&value, statement, column))
		return bk_fail(err, BK_E_NOMEM, 0, "no memory for a row");
	stored = (struct stored){value.size, value.integer, value.real, value.type};
	code = bk_buf_append(&set->values, &stored, sizeof stored, err);
	if (!code && value.size)
		code = bk_buf_append(&set->values, value.bytes, value.size, err);
	return code ? code : bk_buf_append(&set->values, "", 1, err);
}

/* Reads the value at *AT, and moves on behind it. It is lent by SET. */
static struct bk_value load(const struct rowset *set, size_t *at)
{
	struct stored stored;
	struct bk_value value;

	memcpy(&stored, set->values.data + *at, sizeof stored);
	value = (struct bk_value){.type = stored.type,
		.integer = stored.integer,
		.real = stored.real,
		.bytes = set->values.data + *at + sizeof stored,
		.size = (size_t)stored.size};
	*at += sizeof stored + (size_t)stored.size + 1;
	return value;
}

/* FNV-1a: it only spreads rows over buckets. */
static uint64_t add_sum(uint64_t sum, const void *bytes, size_t size)
{
	const uint8_t *at = bytes;

	for (size_t i = 0; i < size; i++)
		sum = (sum ^ at[i]) * 0x100000001b3;
	return sum;
}

static uint64_t add_value(uint64_t sum, const struct bk_value *value)
{
	sum = add_sum(sum, &value->type, sizeof value->type);
	if (value->type == BK_VALUE_INTEGER)
		return add_sum(sum, &value->integer, sizeof value->integer);
	if (value->type == BK_VALUE_REAL)
		return add_sum(sum, &value->real, sizeof value->real);
	return value->size ? add_sum(sum, value->bytes, value->size) : sum;
}

/* The key of ROW, in KEY: the columns of the primary key, in their order; the rowid where that is
 * the key, or where a part of the key is NULL, which several rows may have. */
static void key_of(const struct rowset *set, const struct bk_value *row, struct bk_row *key,
	const char **names, struct bk_value *values)
{
	const struct table *table = &set->table;
	bool is_whole = !table->key_is_rowid;

	*key = (struct bk_row){0, names, values};
	for (size_t i = 0; i < table->column_count; i++) {
		if (!table->key[i])
			continue;
		names[table->key[i] - 1] = table->columns[i];
		values[table->key[i] - 1] = row[i];
		key->count++;
		is_whole &= row[i].type != BK_VALUE_NULL;
	}
	if (is_whole || (key->count && table->key_is_rowid) || !table->rowid)
		return;
	names[0] = "rowid";
	values[0] = row[table->column_count];
	key->count = 1;
}

/* A row taken out of a set again: its values, its key. */
struct loaded {
	struct bk_row row, key;
	struct bk_value *values, *key_values;
	const char **names, **key_names;
};

static void loaded_done(struct loaded *loaded)
{
	free(loaded->values);
	free(loaded->key_values);
	free(loaded->names);
	free(loaded->key_names);
	*loaded = (struct loaded){.values = NULL};
}

static enum bk_code loaded_init(
	struct loaded *loaded, const struct rowset *set, struct bk_error *err)
{
	size_t count = set->table.column_count;

	*loaded = (struct loaded){
		.values = calloc(count + 2, sizeof *loaded->values),
		.key_values = calloc(count + 2, sizeof *loaded->key_values),
		.names = calloc(count + 2, sizeof *loaded->names),
		.key_names = calloc(count + 2, sizeof *loaded->key_names),
	};
	if (!loaded->values || !loaded->key_values || !loaded->names || !loaded->key_names) {
		loaded_done(loaded);
		return bk_fail(err, BK_E_NOMEM, 0, "no memory for a row");
	}
	for (size_t i = 0; i < count; i++)
		loaded->names[i] = set->table.columns[i];
	loaded->row = (struct bk_row){count, loaded->names, loaded->values};
	return BK_OK;
}

static void load_row(struct loaded *loaded, const struct rowset *set, size_t at)
{
	for (size_t i = 0; i <= set->table.column_count; i++)
		loaded->values[i] = load(set, &at);
	key_of(set, loaded->values, &loaded->key, loaded->key_names, loaded->key_values);
}

static enum bk_code grow(struct rowset *set, struct bk_error *err)
{
	size_t capacity = set->capacity ? 2 * set->capacity : 16;
	struct kept_row *rows;

	if (set->count < set->capacity)
		return BK_OK;
	rows = realloc(set->rows, capacity * sizeof *rows);
	if (!rows)
		return bk_fail(err, BK_E_NOMEM, 0, "no memory for the rows of a table");
	set->rows = rows;
	set->capacity = capacity;
	return BK_OK;
}

enum bk_code bk_rowset_add(struct rowset *set, sqlite3_stmt *statement, struct bk_error *err)
{
	size_t at = set->values.size;
	enum bk_code code = grow(set, err);

	for (size_t i = 0; i <= set->table.column_count && !code; i++)
		code = store(set, statement, (int)i, err);
	if (code == BK_E_LIMIT)
		return bk_fail(err, BK_E_LIMIT, 0,
			"the rows of %.80s take more than %zu MiB: name a key", set->table.name,
			set->values.max >> 20);
	if (!code)
		set->rows[set->count++] = (struct kept_row){.at = at};
	return code;
}

/* Sums the keys of SET, and has them in buckets. */
static enum bk_code index_rows(struct rowset *set, struct loaded *loaded, struct bk_error *err)
{
	free(set->buckets);
	for (set->bucket_count = 16; set->bucket_count < set->count;)
		set->bucket_count *= 2;
	set->buckets = calloc(set->bucket_count, sizeof *set->buckets);
	if (!set->buckets)
		return bk_fail(err, BK_E_NOMEM, 0, "no memory for the rows of a table");
	for (size_t i = 0; i < set->count; i++) {
		struct kept_row *row = &set->rows[i];
		uint32_t *bucket;

		load_row(loaded, set, row->at);
		row->is_seen = false;
		row->sum = 0xcbf29ce484222325;
		for (size_t k = 0; k < loaded->key.count; k++)
			row->sum = add_value(row->sum, &loaded->key.values[k]);
		bucket = &set->buckets[row->sum & (set->bucket_count - 1)];
		row->next = *bucket;
		*bucket = (uint32_t)i + 1;
	}
	return BK_OK;
}

static bool same_values(const struct bk_row *a, const struct bk_row *b, bool by_name)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++)
		if (!bk_value_same(&a->values[i], &b->values[i]) ||
			(by_name && strcasecmp(a->names[i], b->names[i]) != 0))
			return false;
	return true;
}

/* Finds the row of BEFORE with the key of LOADED, a row of sum SUM, and loads it into THERE. */
static struct kept_row *find(
	struct rowset *before, uint64_t sum, const struct loaded *loaded, struct loaded *there)
{
	uint32_t at = before->buckets[sum & (before->bucket_count - 1)];

	for (; at; at = before->rows[at - 1].next) {
		struct kept_row *row = &before->rows[at - 1];

		if (row->sum != sum || row->is_seen)
			continue;
		load_row(there, before, row->at);
		if (same_values(&there->key, &loaded->key, true))
			return row;
	}
	return NULL;
}

static enum bk_code compare_rows(struct rowset *before, struct rowset *now, struct loaded *was,
	struct loaded *is, bk_diff_fn *take, void *ctx, struct bk_error *err)
{
	enum bk_code code = BK_OK;

	for (size_t i = 0; i < now->count && !code; i++) {
		struct bk_diff diff = {.table = now->table.name, .after = &is->row};
		struct kept_row *found;

		load_row(is, now, now->rows[i].at);
		found = find(before, now->rows[i].sum, is, was);
		diff.kind = found ? BK_DIFF_CHANGED : BK_DIFF_ADDED;
		diff.before = found ? &was->row : NULL;
		diff.key = is->key;
		if (found)
			found->is_seen = true;
		if (!found || !same_values(&was->row, &is->row, true))
			code = take(ctx, &diff, err);
	}
	for (size_t i = 0; i < before->count && !code; i++) {
		struct bk_diff diff = {
			.kind = BK_DIFF_REMOVED, .table = before->table.name, .before = &was->row};

		if (before->rows[i].is_seen)
			continue;
		load_row(was, before, before->rows[i].at);
		diff.key = was->key;
		code = take(ctx, &diff, err);
	}
	return code;
}

enum bk_code bk_rowset_compare(struct rowset *before, struct rowset *now, bk_diff_fn *take,
	void *ctx, struct bk_error *err)
{
	struct loaded was, is;
	enum bk_code code = loaded_init(&was, before, err);

	if (code)
		return code;
	code = loaded_init(&is, now, err);
	if (!code) {
		code = index_rows(before, &was, err);
		if (!code)
			code = index_rows(now, &is, err);
		if (!code)
			code = compare_rows(before, now, &was, &is, take, ctx, err);
		loaded_done(&is);
	}
	loaded_done(&was);
	return code;
}
