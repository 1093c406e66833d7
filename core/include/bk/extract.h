/* extract.h - tables of one version, as a database of their own. */
#ifndef BK_EXTRACT_H
#define BK_EXTRACT_H

#include <bk/log.h>

struct bk_extract_result {
	uint64_t rows;
	uint64_t bytes; /* of the database */
};

/* Writes the TABLES of VERSION, COUNT of them, with their indexes, into the new database PATH; of
 * each the rows for which WHERE is true (bk_query_table), NULL: all. It appears whole or not at
 * all. It is no node's database: PATH is not of the name that lightningd opens (BK_E_UNSAFE). Fails
 * as bk_query_table and bk_query_next do, with BK_E_EXISTS, BK_E_BUSY, BK_E_IO. */
BK_MUST_CHECK enum bk_code bk_extract(struct bk_log *log, uint32_t version,
	const char *const *tables, size_t count, const char *where, const char *path,
	struct bk_extract_result *result, struct bk_error *err);

#endif
