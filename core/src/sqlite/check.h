/* check.h - whether a database is sound, as SQLite sees it. */
#ifndef BK_CHECK_H
#define BK_CHECK_H

#include "pagestore.h"
#include <bk/io.h>

struct check_result {
	uint32_t version;              /* vars.data_version */
	uint64_t foreign_key_failures; /* rows that refer to nothing */
};

/* Runs PRAGMA integrity_check and foreign_key_check on STORE, and reads its version. Fails with
 * BK_E_DAMAGE if the integrity check finds anything, and says what. */
BK_MUST_CHECK enum bk_code bk_check_database(struct pagestore *store, const struct bk_io *io,
	struct check_result *out, struct bk_error *err);

#endif
