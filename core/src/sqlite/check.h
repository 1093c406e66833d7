/* check.h - what SQLite finds in a database. */
#ifndef BK_CHECK_H
#define BK_CHECK_H

#include "budget.h"
#include "pagestore.h"
#include <bk/io.h>

#define CHECK_FINDINGS_KEPT 4
#define CHECK_FINDING_TEXT  200

/* What is found is the node's own, where the pages are: its database can have rows that break a
 * constraint, or need a collation or a function that SQLite here does not have. */
struct check_result {
	uint32_t version;              /* vars.data_version */
	uint64_t foreign_key_failures; /* rows that refer to nothing */
	uint64_t unsound;              /* what integrity_check found; it stops at 100 */
	uint64_t unchecked;            /* what could not be checked */
	unsigned kept;                 /* the first findings, in words: */
	char findings[CHECK_FINDINGS_KEPT][CHECK_FINDING_TEXT];
};

/* Runs PRAGMA integrity_check and foreign_key_check on STORE, table by table where one of them
 * cannot be checked, and reads the version. BUDGET is what it may cost: what has no room in it
 * counts as unchecked. Fails where the version cannot be read: with BK_E_SQL, BK_E_NOMEM, or as
 * STORE does. */
BK_MUST_CHECK enum bk_code bk_check_database(struct pagestore *store, const struct bk_io *io,
	struct budget *budget, struct check_result *out, struct bk_error *err);

#endif
