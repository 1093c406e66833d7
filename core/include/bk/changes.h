/* changes.h - the changes that a log holds with their SQL, read one after the other.
 *
 * Reading a change takes reading its interval from its beginning, so this is the way to read many.
 *
 * Calling sequence: bk_changes_open, any bk_changes_next, bk_changes_close.
 *
 * Threads: one reader in one thread; any number of readers on a log. */
#ifndef BK_CHANGES_H
#define BK_CHANGES_H

#include <bk/buf.h>
#include <bk/entry.h>
#include <bk/log.h>

struct bk_changes;

/* Begins with the first change that leads to FROM or a later version. LOG must outlive it. Fails
 * with BK_E_DAMAGE, BK_E_IO, BK_E_NOMEM. */
BK_MUST_CHECK enum bk_code bk_changes_open(
	struct bk_changes **out, struct bk_log *log, uint32_t from, struct bk_error *err);
void bk_changes_close(struct bk_changes *changes); /* takes NULL */

/* The next change, oldest first, struck ones and lone pragmas too: its SQL goes to TAKE, in pieces,
 * each statement with a zero byte behind it. At the end *MORE is false. What was given is right
 * only if it returns BK_OK. Where damage hides changes it fails with BK_E_DAMAGE, and the next call
 * goes on behind them. Fails as TAKE does, too. */
BK_MUST_CHECK enum bk_code bk_changes_next(struct bk_changes *changes, struct bk_entry *entry,
	bk_sql_fn *take, void *ctx, bool *more, struct bk_error *err);

/* The entry that bk_changes_next gives next, without its SQL. Fails as that does, but for TAKE. */
BK_MUST_CHECK enum bk_code bk_changes_peek(
	struct bk_changes *changes, struct bk_entry *entry, bool *more, struct bk_error *err);

#endif
