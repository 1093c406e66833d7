/* exact.c - whether what a change did in replay is what it did on the node. */
#include "exact.h"
#include <stdio.h>

enum bk_code bk_exact_fail(const struct bk_change *change, const char *why, struct bk_error *err)
{
	return bk_fail(err, BK_E_SQL, 0, "version %u cannot be replayed exactly: %s",
		change->version, why);
}

static enum bk_code find_temp(struct replay *replay, bool *has, struct bk_error *err)
{
	sqlite3_stmt *statement = NULL;
	int rc;

	*has = false;
	if (!replay->has_temp)
		return BK_OK;
	rc = sqlite3_prepare_v2(
		replay->sandbox.db, "SELECT 1 FROM temp.sqlite_schema", -1, &statement, NULL);
	*has = rc == SQLITE_OK && sqlite3_step(statement) == SQLITE_ROW;
	replay->has_temp = *has;
	return sqlite3_finalize(statement) == SQLITE_OK && rc == SQLITE_OK
		       ? BK_OK
		       : bk_sandbox_fail(&replay->sandbox, "look for temporary tables", err);
}

/* Rows whose rowids SQLite picked by chance would not even be the same in each replay. */
static enum bk_code check_rowids(
	struct replay *replay, const struct bk_change *change, struct bk_error *err)
{
	char why[200];
	const char *table;

	if (bk_fullrowid_find(&replay->full, &table) != SQLITE_OK)
		return bk_sandbox_fail(&replay->sandbox, "look at the rowids of a change", err);
	if (!table)
		return BK_OK;
	snprintf(why, sizeof why,
		"the highest rowid of table %.60s is taken, and new rows get others by chance",
		table);
	return bk_exact_fail(change, why, err);
}

/* Whether what CHANGE did is what it did on the node. */
enum bk_code bk_exact_check(
	struct replay *replay, const struct bk_change *change, struct bk_error *err)
{
	bool has_temp;
	enum bk_code code = check_rowids(replay, change, err);

	if (!code)
		code = find_temp(replay, &has_temp, err);
	if (code)
		return code;
	if (replay->sandbox.vfs.clock_was_read)
		replay->chance.what = "it reads the clock, which is not the node's";
	if (has_temp)
		replay->chance.what = "a temporary table outlives it";
	if (!replay->chance.what)
		return BK_OK;
	if (replay->is_proof)
		return bk_exact_fail(change, replay->chance.what, err);
	if (!*replay->inexact)
		snprintf(replay->inexact, sizeof replay->inexact, "version %u: %s", change->version,
			replay->chance.what);
	return BK_OK;
}
