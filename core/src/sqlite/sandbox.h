/* sandbox.h - a connection on a pagestore, for SQL over a log's content: all of it runs on one; and
 * a connection on a node's own database.
 *
 * The SQL may be a stranger's, in statements or in a schema. It reaches nothing but the pagestore,
 * and costs no more than its budget.
 *
 * Calling sequence: bk_sandbox_open or bk_sandbox_take, use of its connection, bk_sandbox_close.
 *
 * Threads: one. */
#ifndef BK_SANDBOX_H
#define BK_SANDBOX_H

#include "budget.h"
#include "costly.h"
#include "vfs.h"

struct sandbox {
	struct vfs vfs;
	sqlite3 *db;
	struct budget *budget;
	struct costly costly;
};

/* Opens a connection on STORE. BUDGET is borrowed: it has begun, and outlives the sandbox. Fails
 * with BK_E_SQL, BK_E_NOMEM, or as the store does. */
BK_MUST_CHECK enum bk_code bk_sandbox_open(struct sandbox *sandbox, struct pagestore *store,
	const struct bk_io *io, const char *spill_dir, struct budget *budget, struct bk_error *err);
void bk_sandbox_close(struct sandbox *sandbox); /* takes one that is closed */

/* Opens one to look at STORE with: it writes nothing. */
BK_MUST_CHECK enum bk_code bk_sandbox_open_reading(struct sandbox *sandbox, struct pagestore *store,
	const struct bk_io *io, struct budget *budget, struct bk_error *err);

/* Puts the same defences around DB, a connection on a file that may be a stranger's: its own
 * transactions are let through. Takes DB over. Returns a SQLite result code; the sandbox is to be
 * closed in any case. */
int bk_sandbox_take(struct sandbox *sandbox, sqlite3 *db, struct budget *budget);

/* Runs SQL of our own, without asking the authorizer: pragmas that are passed over where a log's
 * SQL has them, transactions. After a failure the sandbox can only be closed. Fails with BK_E_SQL,
 * BK_E_NOMEM, or as the store does. */
BK_MUST_CHECK enum bk_code bk_sandbox_own(
	struct sandbox *sandbox, const char *sql, struct bk_error *err);

/* Why what was DOING on the sandbox failed: what the store said, or that the budget ran out, or
 * what SQLite says. */
enum bk_code bk_sandbox_fail(
	const struct sandbox *sandbox, const char *doing, struct bk_error *err);

/* The authorizer of a sandbox: SQLITE_OK, SQLITE_IGNORE or SQLITE_DENY. For those that have more
 * to say, and ask it first. */
int bk_sandbox_authorize(
	struct sandbox *sandbox, int action, const char *first, const char *second);

#endif
