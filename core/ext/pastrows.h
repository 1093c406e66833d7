/* pastrows.h - the rows that a table of a log's past gives, gathered.
 *
 * Calling sequence: zeros, pastrows_fill, pastrows_done. */
#ifndef PASTROWS_H
#define PASTROWS_H

#include <bk/error.h>
#include <bk/log.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CELLS_MAX 9

enum pastkind { PAST_LOG, PAST_AT, PAST_DIFF, PAST_HISTORY };

/* A value of a row that is given: a text, or where that is NULL a number. */
struct pastcell {
	char *text; /* sqlite3_free */
	int64_t number;
	bool is_null;
};

struct pastrow {
	struct pastcell cells[CELLS_MAX];
};

struct pastrows {
	struct pastrow *rows;
	size_t count, capacity;
	uint64_t bytes, bytes_max; /* of texts */
};

/* Gathers what the table KIND gives of LOG with ARGUMENTS, which are there as far as it needs them;
 * the others NULL. Fails as core does, and with BK_E_LIMIT. */
BK_MUST_CHECK enum bk_code pastrows_fill(struct pastrows *rows, enum pastkind kind,
	char *const *arguments, struct bk_log *log, struct bk_error *err);
void pastrows_done(struct pastrows *rows);

#endif
