/* rowset.h - rows of a table that are kept, to be compared with those of a later version. */
#ifndef BK_ROWSET_H
#define BK_ROWSET_H

#include "schema.h"
#include <bk/buf.h>
#include <bk/diff.h>

struct kept_row {
	uint64_t sum;  /* of its key */
	size_t at;     /* where its values begin */
	uint32_t next; /* in its bucket, plus one; 0: the last */
	bool is_seen;
};

struct rowset {
	struct table table; /* owned; with name NULL there is none */
	struct bk_buf values;
	struct kept_row *rows;
	size_t count, capacity;
	uint32_t *buckets;
	size_t bucket_count;
};

/* What the rows of one set may take: as all that a log may cost it grows with the log's bytes. */
#define ROWSET_BYTES        ((size_t)48 << 20)
#define ROWSET_BYTES_A_BYTE 16
#define ROWSET_BYTES_MAX    ((size_t)1 << 30)

/* An empty set of the rows of TABLE, which it takes over, in a log of GIVEN bytes. */
void bk_rowset_init(struct rowset *set, struct table *table, uint64_t given);
void bk_rowset_done(struct rowset *set);

/* Adds the row that STATEMENT stands on: the table's columns, and its rowid behind them. Fails with
 * BK_E_LIMIT if all rows take more than they may, BK_E_NOMEM. */
BK_MUST_CHECK enum bk_code bk_rowset_add(
	struct rowset *set, sqlite3_stmt *statement, struct bk_error *err);

/* Tells TAKE how NOW differs from BEFORE. */
BK_MUST_CHECK enum bk_code bk_rowset_compare(struct rowset *before, struct rowset *now,
	bk_diff_fn *take, void *ctx, struct bk_error *err);

#endif
