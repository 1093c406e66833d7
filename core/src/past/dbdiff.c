/* dbdiff.c - how two databases differ, of which some pages do. */
#include "dbdiff.h"
#include "rowdiff.h"
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* What ANALYZE writes is no data. */
#define TABLES                                                                                     \
	"SELECT name, sql, rootpage FROM sqlite_schema WHERE type = 'table' AND rootpage > 0 AND " \
	"name NOT "                                                                                \
	"IN ('sqlite_stat1', 'sqlite_stat2', 'sqlite_stat3', 'sqlite_stat4') ORDER BY name"

struct dbdiff {
	const struct sandbox *before, *after;
	struct trees trees_before, trees_after;
	const struct pageset *differs;
	bool is_known;          /* what each page that differs is of */
	struct pageset touched; /* roots of trees of which a page differs */
	const char *table;
	bool any; /* TABLE was met */
	bk_diff_fn *take;
	void *ctx;
};

/* The roots of all trees of SANDBOX; the caller frees *ROOTS. */
static enum bk_code find_roots(
	const struct sandbox *sandbox, uint32_t **roots, size_t *count, struct bk_error *err)
{
	sqlite3_stmt *statement = NULL;
	size_t capacity = 64;
	int rc = sqlite3_prepare_v2(sandbox->db,
		"SELECT rootpage FROM sqlite_schema WHERE rootpage > 0", -1, &statement, NULL);

	*roots = malloc(capacity * sizeof **roots);
	*count = 0;
	if (*roots)
		(*roots)[(*count)++] = 1;
	while (*roots && rc == SQLITE_OK && (rc = sqlite3_step(statement)) == SQLITE_ROW) {
		if (*count == capacity) {
			uint32_t *grown = realloc(*roots, 2 * capacity * sizeof **roots);

			if (!grown) {
				free(*roots);
				*roots = NULL;
				break;
			}
			*roots = grown;
			capacity *= 2;
		}
		(*roots)[(*count)++] = (uint32_t)sqlite3_column_int64(statement, 0);
		rc = SQLITE_OK;
	}
	sqlite3_finalize(statement);
	if (!*roots)
		return bk_fail(err, BK_E_NOMEM, 0, "no memory for the pages of tables");
	if (rc == SQLITE_DONE)
		return BK_OK;
	free(*roots);
	return bk_sandbox_fail(sandbox, "read the schema", err);
}

static enum bk_code open_trees(
	const struct sandbox *sandbox, struct trees *trees, struct bk_error *err)
{
	uint32_t *roots;
	size_t count;
	enum bk_code code = find_roots(sandbox, &roots, &count, err);

	if (code)
		return code;
	code = bk_trees_open(trees, sandbox->vfs.store, roots, count, err);
	free(roots);
	return code;
}

static void add_touched(struct dbdiff *diff, const struct trees *trees)
{
	for (uint32_t page = 1; page <= trees->store->page_count; page++)
		if (bk_pageset_has(diff->differs, page))
			bk_pageset_add(&diff->touched, trees->owner[page]);
}

static enum bk_code find_touched(struct dbdiff *diff, struct bk_error *err)
{
	uint32_t before = diff->trees_before.store->page_count;
	uint32_t after = diff->trees_after.store->page_count;
	enum bk_code code = bk_pageset_init(&diff->touched, before > after ? before : after, err);

	if (code)
		return code;
	add_touched(diff, &diff->trees_before);
	add_touched(diff, &diff->trees_after);
	return BK_OK;
}

/* Whether a table whose root is ROOT in one, and OTHER in the other, is known to be the same in
 * both. */
static bool is_untouched(const struct dbdiff *diff, uint32_t root, uint32_t other)
{
	return diff->is_known && !diff->trees_before.is_odd && !diff->trees_after.is_odd &&
	       root == other && !bk_pageset_has(&diff->touched, root);
}

static void compare_all(struct diffside *before, struct diffside *after)
{
	before->all = after->all = true;
	bk_rowids_done(&before->rows);
	bk_rowids_done(&after->rows);
}

/* Which rows of the table of both sides, which is not untouched, may differ. */
static enum bk_code find_rows(const struct dbdiff *diff, struct diffside *before,
	struct diffside *after, struct bk_error *err)
{
	const struct trees *one = &diff->trees_before, *other = &diff->trees_after;
	uint32_t root = before->table.root, other_root = after->table.root;
	bool odd_before = false, odd_after = false;
	enum bk_code code;

	if (one->is_odd || other->is_odd) {
		compare_all(before, after);
		return BK_OK;
	}
	if (!before->table.rowid || !after->table.rowid) {
		compare_all(before, after);
		return BK_OK;
	}
	code = bk_trees_differing(one, root, other, other_root, diff->differs, diff->is_known,
		&before->rows, &odd_before, err);
	if (!code)
		code = bk_trees_differing(other, other_root, one, root, diff->differs,
			diff->is_known, &after->rows, &odd_after, err);
	if (!code && (odd_before || odd_after))
		compare_all(before, after);
	return code;
}

static bool same_key(const struct table *a, const struct table *b)
{
	if (a->key_is_rowid != b->key_is_rowid || !a->rowid != !b->rowid)
		return false;
	for (size_t i = 0; i < a->column_count; i++) {
		size_t at = 0;

		while (at < b->column_count && strcasecmp(a->columns[i], b->columns[at]) != 0)
			at++;
		if (a->key[i] && (at == b->column_count || a->key[i] != b->key[at]))
			return false;
	}
	return true;
}

static enum bk_code tell_schema(
	const struct dbdiff *diff, const char *table, const char *what, struct bk_error *err)
{
	struct bk_diff told = {.kind = BK_DIFF_SCHEMA, .table = table, .what = what};

	return diff->take(diff->ctx, &told, err);
}

static enum bk_code compare_both(const struct dbdiff *diff, struct diffside *before,
	struct diffside *after, struct bk_error *err)
{
	enum bk_code code;

	if (!same_key(&before->table, &after->table)) {
		code = tell_schema(
			diff, before->table.name, "its primary key is another: all its rows", err);
		if (!code)
			code = bk_rowdiff_alone(
				before, BK_DIFF_REMOVED, diff->take, diff->ctx, err);
		return code ? code
			    : bk_rowdiff_alone(after, BK_DIFF_ADDED, diff->take, diff->ctx, err);
	}
	code = find_rows(diff, before, after, err);
	if (!code && (before->all || before->rows.count || after->rows.count))
		code = bk_rowdiff(before, after, diff->take, diff->ctx, err);
	return code;
}

static void side_free(struct diffside *side)
{
	bk_table_done(&side->table);
	bk_rowids_done(&side->rows);
}

/* The table NAME, which at least one of them has. CHANGED: it is made otherwise. */
static enum bk_code compare_table(
	struct dbdiff *diff, const char *name, bool changed, struct bk_error *err)
{
	struct diffside before = {.sandbox = diff->before}, after = {.sandbox = diff->after};
	bool has_before = false, has_after = false;
	enum bk_code code;

	code = bk_table_read(&before.table, diff->before, name, &has_before, err);
	if (!code)
		code = bk_table_read(&after.table, diff->after, name, &has_after, err);
	if (!code && has_before && has_after) {
		if (changed)
			code = tell_schema(diff, name, "it is made otherwise", err);
		if (!code)
			code = compare_both(diff, &before, &after, err);
	} else if (!code) {
		code = tell_schema(diff, name, has_before ? "it was dropped" : "it was made", err);
		if (!code && has_before)
			code = bk_rowdiff_alone(
				&before, BK_DIFF_REMOVED, diff->take, diff->ctx, err);
		if (!code && has_after)
			code = bk_rowdiff_alone(&after, BK_DIFF_ADDED, diff->take, diff->ctx, err);
	}
	side_free(&before);
	side_free(&after);
	return code;
}

static const char *text_of(sqlite3_stmt *row, int column)
{
	const char *text = (const char *)sqlite3_column_text(row, column);

	return text ? text : "";
}

static enum bk_code step(
	const struct sandbox *sandbox, sqlite3_stmt *tables, bool *has, struct bk_error *err)
{
	int rc = sqlite3_step(tables);

	*has = rc == SQLITE_ROW;
	return rc == SQLITE_ROW || rc == SQLITE_DONE
		       ? BK_OK
		       : bk_sandbox_fail(sandbox, "read the schema", err);
}

static uint32_t root_of(sqlite3_stmt *row)
{
	return (uint32_t)sqlite3_column_int64(row, 2);
}

/* The table of the rows that BEFORE and AFTER stand at; NULL: it is not there. */
static enum bk_code compare_rows(
	struct dbdiff *diff, sqlite3_stmt *before, sqlite3_stmt *after, struct bk_error *err)
{
	const char *name = text_of(before ? before : after, 0);
	bool changed = before && after && strcmp(text_of(before, 1), text_of(after, 1)) != 0;

	if (diff->table && sqlite3_stricmp(diff->table, name) != 0)
		return BK_OK;
	diff->any = true;
	if (before && after && !changed && is_untouched(diff, root_of(before), root_of(after)))
		return BK_OK;
	return compare_table(diff, name, changed, err);
}

/* Steps through the tables of both, which are ordered by name. */
static enum bk_code compare_tables(
	struct dbdiff *diff, sqlite3_stmt *before, sqlite3_stmt *after, struct bk_error *err)
{
	bool has_before = false, has_after = false;
	enum bk_code code = step(diff->before, before, &has_before, err);

	if (!code)
		code = step(diff->after, after, &has_after, err);
	while (!code && (has_before || has_after)) {
		int order = !has_before  ? 1
			    : !has_after ? -1
					 : strcmp(text_of(before, 0), text_of(after, 0));

		code = compare_rows(
			diff, order <= 0 ? before : NULL, order >= 0 ? after : NULL, err);
		if (!code && order <= 0)
			code = step(diff->before, before, &has_before, err);
		if (!code && order >= 0)
			code = step(diff->after, after, &has_after, err);
	}
	return code;
}

static enum bk_code compare(struct dbdiff *diff, struct bk_error *err)
{
	sqlite3_stmt *before = NULL, *after = NULL;
	enum bk_code code = BK_OK;

	if (sqlite3_prepare_v2(diff->before->db, TABLES, -1, &before, NULL) != SQLITE_OK)
		code = bk_sandbox_fail(diff->before, "read the schema", err);
	else if (sqlite3_prepare_v2(diff->after->db, TABLES, -1, &after, NULL) != SQLITE_OK)
		code = bk_sandbox_fail(diff->after, "read the schema", err);
	if (!code)
		code = compare_tables(diff, before, after, err);
	sqlite3_finalize(before);
	sqlite3_finalize(after);
	return code;
}

enum bk_code bk_dbdiff(const struct sandbox *before, const struct sandbox *after,
	const struct pageset *differs, const char *table, bk_diff_fn *take, void *ctx,
	struct bk_error *err)
{
	struct dbdiff diff = {.before = before,
		.after = after,
		.differs = differs,
		.table = table,
		.take = take,
		.ctx = ctx};
	enum bk_code code = open_trees(before, &diff.trees_before, err);

	if (code)
		return code;
	code = open_trees(after, &diff.trees_after, err);
	if (!code) {
		code = bk_trees_explain(
			&diff.trees_before, &diff.trees_after, differs, &diff.is_known, err);
		if (!code)
			code = find_touched(&diff, err);
		if (!code)
			code = compare(&diff, err);
		bk_pageset_done(&diff.touched);
		bk_trees_done(&diff.trees_after);
	}
	bk_trees_done(&diff.trees_before);
	if (!code && table && !diff.any)
		code = bk_table_missing(after, table, err);
	return code;
}
