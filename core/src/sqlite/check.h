/* check.h - which version a database is, and what SQLite says of it.
 *
 * Only a database that cannot be read is a failure. All else is told as notes (bk/note.h). */
#ifndef BK_CHECK_H
#define BK_CHECK_H

#include "budget.h"
#include "pagestore.h"
#include <bk/io.h>
#include <bk/note.h>
#include <bk/stamp.h>
#include <stdbool.h>

struct check_options {
	const uint32_t *version; /* what it must be, else it is damaged, and nothing is told; may be
				  * NULL */
	bool is_quick;    /* without integrity_check and foreign_key_check, which read all of it */
	bk_note_fn *note; /* may be NULL */
	void *ctx;
};

struct check_result {
	uint32_t version;        /* vars.data_version */
	char node[BK_NODE_TEXT]; /* vars.node_id; "": it does not say */
	uint64_t notes;
	uint64_t foreign_key_failures; /* rows that refer to nothing; they are one of the notes */
};

/* Checks the database in STORE, table by table where it cannot be checked as a whole. BUDGET is
 * what it may cost: what has no room in it is unchecked. OPTIONS may be NULL. Fails with
 * BK_E_DAMAGE if SQLite cannot read its schema and version, with BK_E_SQL if BUDGET ends before
 * that, with BK_E_NOMEM, or as STORE does. */
BK_MUST_CHECK enum bk_code bk_check_database(struct pagestore *store, const struct bk_io *io,
	struct budget *budget, const struct check_options *options, struct check_result *out,
	struct bk_error *err);

#endif
