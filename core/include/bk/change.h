/* change.h - the SQL statements of one db_write call. */
#ifndef BK_CHANGE_H
#define BK_CHANGE_H

#include <bk/buf.h>
#include <stdbool.h>

/* Limits of one change (docs/format.md, 9). */
#define BK_CHANGE_BYTES_MAX      ((size_t)1 << 30)
#define BK_CHANGE_STATEMENTS_MAX ((size_t)1 << 24)

struct bk_change {
	uint32_t version; /* the version it leads to */
	const struct bk_slice *statements;
	size_t statement_count;
};

/* Whether CHANGE can be a lone pragma: one statement that begins with PRAGMA, behind blanks and
 * comments, which lightningd sends alone around a migration and which repeats the version before
 * it (docs/decisions.md, "Replay rules"). */
bool bk_change_is_pragma(const struct bk_change *change);

/* Whether CHANGE can be stored: at least one statement, none with a zero byte, within the
 * limits. bk_writer_append asks this itself. Fails with BK_E_INVALID, BK_E_LIMIT. */
BK_MUST_CHECK enum bk_code bk_change_check(const struct bk_change *change, struct bk_error *err);

#endif
