/* nodedb.h - the simulated node's own database, used as lightningd uses it: journal mode delete,
 * foreign keys on, one transaction a call which is open while the plugin is asked. */
#ifndef NODEDB_H
#define NODEDB_H

#include <bk/change.h>

#define NODEDB_NAME "lightningd.sqlite3"

struct nodedb;

/* Opens or makes the database. CACHE_PAGES bounds SQLite's page cache, if it is not 0: a
 * transaction that outgrows it takes the lock that keeps readers out. Fails with BK_E_SQL,
 * BK_E_NOMEM. */
BK_MUST_CHECK enum bk_code nodedb_open(
	struct nodedb **out, const char *path, int cache_pages, struct bk_error *err);

/* What was not committed is rolled back. Takes NULL. */
void nodedb_close(struct nodedb *db);

/* Runs CHANGE's statements: a lone pragma at once, others in a transaction that stays open. Fails
 * with BK_E_SQL, naming the statement. */
BK_MUST_CHECK enum bk_code nodedb_apply(
	struct nodedb *db, const struct bk_change *change, struct bk_error *err);

/* Both do nothing after a lone pragma. */
BK_MUST_CHECK enum bk_code nodedb_commit(struct nodedb *db, struct bk_error *err);
void nodedb_rollback(struct nodedb *db);

/* vars.data_version, as it stands within an open transaction; 0 if there is none. */
uint32_t nodedb_version(struct nodedb *db);

#endif
