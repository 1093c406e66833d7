/* sandbox.c - a connection on a pagestore, for SQL over a log's content. */
#include "sandbox.h"
#include "file.h"
#include "memory.h"
#include "reach.h"

int bk_sandbox_authorize(struct sandbox *sandbox, int action, const char *first, const char *second)
{
	sandbox->costly.is_alter |= action == SQLITE_ALTER_TABLE;
	if (action == SQLITE_FUNCTION && !bk_costly_allow(&sandbox->costly, sandbox->db, second))
		return SQLITE_DENY;
	switch (bk_reach_action(action, first, second)) {
	case REACH_PAGES:
	case REACH_STATE:
		return SQLITE_OK;
	case REACH_NOTHING:
		return SQLITE_IGNORE;
	case REACH_UNLIKE:
	case REACH_OUT:
		return SQLITE_DENY;
	}
	return SQLITE_DENY;
}

static int authorize(void *ctx, int action, const char *first, const char *second,
	const char *database, const char *trigger)
{
	(void)database;
	(void)trigger;
	return bk_sandbox_authorize(ctx, action, first, second);
}

static int defend(struct sandbox *sandbox)
{
	struct budget *budget = sandbox->budget;
	sqlite3 *db = sandbox->db;
	int rc = sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);

	if (rc == SQLITE_OK)
		rc = sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0, NULL);
	sqlite3_limit(db, SQLITE_LIMIT_ATTACHED, 0);
	sqlite3_limit(db, SQLITE_LIMIT_WORKER_THREADS, 0);
	sqlite3_limit(db, SQLITE_LIMIT_LENGTH, budget->limits.length);
	bk_budget_watch(budget, db);
	return rc == SQLITE_OK ? bk_costly_install(&sandbox->costly, budget, db) : rc;
}

enum bk_code bk_sandbox_open(struct sandbox *sandbox, struct pagestore *store,
	const struct bk_io *io, const char *spill_dir, struct budget *budget, struct bk_error *err)
{
	enum bk_code code;

	bk_memory_for(budget->limits.given);
	*sandbox = (struct sandbox){.budget = budget};
	bk_vfs_init(&sandbox->vfs, store, io, spill_dir);
	sandbox->vfs.budget = budget;
	code = bk_vfs_connect(&sandbox->vfs, &sandbox->db, err);
	if (code)
		return code;
	if (defend(sandbox) != SQLITE_OK ||
		sqlite3_set_authorizer(sandbox->db, authorize, sandbox) != SQLITE_OK) {
		code = bk_sandbox_fail(sandbox, "open an image", err);
		bk_sandbox_close(sandbox);
	}
	return code;
}

enum bk_code bk_sandbox_own(struct sandbox *sandbox, const char *sql, struct bk_error *err)
{
	sqlite3_set_authorizer(sandbox->db, NULL, NULL);
	if (sqlite3_exec(sandbox->db, sql, NULL, NULL, NULL) == SQLITE_OK &&
		sqlite3_set_authorizer(sandbox->db, authorize, sandbox) == SQLITE_OK)
		return BK_OK;
	return bk_sandbox_fail(sandbox, "open an image", err);
}

enum bk_code bk_sandbox_open_reading(struct sandbox *sandbox, struct pagestore *store,
	const struct bk_io *io, struct budget *budget, struct bk_error *err)
{
	enum bk_code code =
		bk_sandbox_open(sandbox, store, io, bk_file_spill_dir(NULL), budget, err);

	if (code)
		return code;
	/* With mmap_size SQLite asks the VFS for pages in memory; nothing else is mapped. */
	code = bk_sandbox_own(sandbox,
		"PRAGMA query_only = ON; PRAGMA locking_mode = EXCLUSIVE; PRAGMA cache_size = "
		"-8192; PRAGMA mmap_size = 1073741824",
		err);
	if (code)
		bk_sandbox_close(sandbox);
	return code;
}

static int authorize_file(void *ctx, int action, const char *first, const char *second,
	const char *database, const char *trigger)
{
	return action == SQLITE_TRANSACTION
		       ? SQLITE_OK
		       : authorize(ctx, action, first, second, database, trigger);
}

int bk_sandbox_take(struct sandbox *sandbox, sqlite3 *db, struct budget *budget)
{
	int rc;

	bk_memory_for(budget->limits.given);
	*sandbox = (struct sandbox){.db = db, .budget = budget};
	rc = defend(sandbox);
	return rc == SQLITE_OK ? sqlite3_set_authorizer(db, authorize_file, sandbox) : rc;
}

void bk_sandbox_close(struct sandbox *sandbox)
{
	sqlite3_close(sandbox->db);
	bk_costly_done(&sandbox->costly);
	sandbox->db = NULL;
}

enum bk_code bk_sandbox_fail(const struct sandbox *sandbox, const char *doing, struct bk_error *err)
{
	char buffer[120];
	const char *why = bk_budget_why(sandbox->budget, buffer, sizeof buffer);

	if (!why || sandbox->vfs.error.code)
		return bk_vfs_fail(&sandbox->vfs, sandbox->db, err, doing);
	return bk_fail(err, bk_budget_code(sandbox->budget), 0, "cannot %s: %s", doing, why);
}
