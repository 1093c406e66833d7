/* exact.c - whether what a change did in replay is what it did on the node. */
#include "exact.h"
#include <stdio.h>

enum bk_code bk_exact_fail(const struct bk_change *change, const char *why, struct bk_error *err)
{
	return bk_fail(err, BK_E_SQL, 0, "version %u cannot be replayed exactly: %s",
		change->version, why);
}

void bk_exact_begin(struct exact *exact, struct sandbox *sandbox, const struct bk_change *change)
{
	sandbox->vfs.clock_was_read = false;
	exact->chance.next = change->version;
	exact->chance.why = NULL;
	bk_fullrowid_begin(&exact->full);
}

static enum bk_code find_temp(
	struct exact *exact, struct sandbox *sandbox, bool *has, struct bk_error *err)
{
	sqlite3_stmt *statement = NULL;
	int rc;

	*has = false;
	if (!exact->has_temp)
		return BK_OK;
	rc = sqlite3_prepare_v2(
		sandbox->db, "SELECT 1 FROM temp.sqlite_schema", -1, &statement, NULL);
	*has = rc == SQLITE_OK && sqlite3_step(statement) == SQLITE_ROW;
	exact->has_temp = *has;
	return sqlite3_finalize(statement) == SQLITE_OK && rc == SQLITE_OK
		       ? BK_OK
		       : bk_sandbox_fail(sandbox, "look for temporary tables", err);
}

/* Rows whose rowids SQLite picked by chance would not even be the same in each replay. */
static enum bk_code check_rowids(struct exact *exact, struct sandbox *sandbox,
	const struct bk_change *change, struct bk_error *err)
{
	char why[200];
	const char *table;
	int rc;

	rc = bk_fullrowid_find(&exact->full, &table);
	if (rc == SQLITE_NOMEM)
		return bk_fail(err, BK_E_NOMEM, 0, "no memory to look at the rowids of a change");
	if (rc != SQLITE_OK)
		return bk_sandbox_fail(sandbox, "look at the rowids of a change", err);
	if (!table)
		return BK_OK;
	snprintf(why, sizeof why,
		"the highest rowid of table %.60s is taken, and new rows get others by chance",
		table);
	return bk_exact_fail(change, why, err);
}

/* Whether what CHANGE did is what it did on the node. */
enum bk_code bk_exact_check(struct exact *exact, struct sandbox *sandbox,
	const struct bk_change *change, struct bk_error *err)
{
	bool has_temp;
	enum bk_code code = check_rowids(exact, sandbox, change, err);

	if (!code)
		code = find_temp(exact, sandbox, &has_temp, err);
	if (code)
		return code;
	if (sandbox->vfs.clock_was_read)
		exact->chance.why = "it reads the clock, which is not the node's";
	if (has_temp)
		exact->chance.why = "a temporary table outlives it";
	if (!exact->chance.why)
		return BK_OK;
	if (exact->is_proof)
		return bk_exact_fail(change, exact->chance.why, err);
	if (!*exact->inexact)
		snprintf(exact->inexact, sizeof exact->inexact, "version %u: %s", change->version,
			exact->chance.why);
	return BK_OK;
}
