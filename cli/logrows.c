/* logrows.c - how many rows each version of a log added, changed, removed. */
#include "logrows.h"
#include "common.h"
#include <bk/diff.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Rows that were added, changed, removed, of each table. */
struct counted {
	struct bk_tally_table tables[BK_TALLY_TABLES];
	size_t count;
};

static struct bk_tally_table *table_of(struct counted *rows, const char *name)
{
	struct bk_tally_table *table = rows->tables;

	for (; table < rows->tables + rows->count; table++)
		if (strncmp(table->name, name, BK_TALLY_NAME - 1) == 0)
			return table;
	if (rows->count == BK_TALLY_TABLES)
		return NULL;
	*table = (struct bk_tally_table){.inserts = 0};
	snprintf(table->name, sizeof table->name, "%s", name);
	rows->count++;
	return table;
}

static bool is_version_row(const struct bk_diff *diff)
{
	static const char name[] = "data_version";

	return strcasecmp(diff->table, "vars") == 0 && diff->key.count == 1 &&
	       diff->key.values[0].type == BK_VALUE_TEXT &&
	       diff->key.values[0].size == sizeof name - 1 &&
	       memcmp(diff->key.values[0].bytes, name, sizeof name - 1) == 0;
}

/* A bk_diff_fn. */
static enum bk_code count_row(void *ctx, const struct bk_diff *diff, struct bk_error *err)
{
	struct bk_tally_table *table = is_version_row(diff) ? NULL : table_of(ctx, diff->table);

	(void)err;
	if (!table)
		return BK_OK;
	table->inserts += diff->kind == BK_DIFF_ADDED;
	table->updates += diff->kind == BK_DIFF_CHANGED;
	table->deletes += diff->kind == BK_DIFF_REMOVED;
	return BK_OK;
}

static enum bk_code keep(struct logitem *item, const struct counted *counted, struct bk_error *err)
{
	size_t bytes = counted->count * sizeof *counted->tables;

	item->rows = malloc(bytes + 1);
	if (!item->rows)
		return bk_fail(err, BK_E_NOMEM, 0, "no memory for a listing");
	memcpy(item->rows, counted->tables, bytes);
	item->row_tables = counted->count;
	item->is_counted = true;
	return BK_OK;
}

static enum bk_code count_item(struct logrows *rows, struct logitem *item, struct bk_error *err)
{
	struct counted counted = {.count = 0};
	enum bk_code code;

	if (!item->has_before || !bk_entry_stands(&item->entry) ||
		item->before == item->entry.version)
		return BK_OK;
	code = bk_differ_compare(
		rows->differ, item->before, item->entry.version, NULL, count_row, &counted, err);
	if (code == BK_E_DAMAGE || code == BK_E_SQL || code == BK_E_MISSING)
		return BK_OK;
	return code ? code : keep(item, &counted, err);
}

static void say_spent(struct logrows *rows)
{
	rows->is_spent = true;
	flush_out();
	fprintf(stderr, "backup-cli: rows are not counted from here on, it takes too long: ask for "
			"fewer, with --limit\n");
}

enum bk_code logrows_count(struct logrows *rows, struct bk_log *log, struct logitem *items,
	size_t count, struct bk_error *err)
{
	enum bk_code code = rows->differ ? BK_OK : bk_differ_open(&rows->differ, log, err);

	for (size_t i = 0; i < count && !code && !rows->is_spent; i++) {
		code = count_item(rows, &items[i], err);
		if (!code && bk_differ_is_spent(rows->differ))
			say_spent(rows);
	}
	return code;
}

void logrows_done(struct logrows *rows)
{
	bk_differ_close(rows->differ);
	*rows = (struct logrows){.differ = NULL};
}
