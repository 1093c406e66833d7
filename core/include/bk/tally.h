/* tally.h - which tables the statements of a change name, and how often.
 *
 * It reads the first words of each statement, nothing else, and so costs little: a statement counts
 * as one, whatever number of rows it touches, and what triggers and foreign keys do is not seen.
 * How many rows changed is told by bk_diff.
 *
 * Calling sequence: bk_tally_init, any bk_tally_feed with the pieces of changes (bk/changes.h), the
 * counts; bk_tally_clear for the next; bk_tally_done. */
#ifndef BK_TALLY_H
#define BK_TALLY_H

#include <bk/buf.h>
#include <stdbool.h>
#include <stdint.h>

#define BK_TALLY_NAME   64  /* of a table, cut */
#define BK_TALLY_HEAD   256 /* bytes of a statement that are looked at */
#define BK_TALLY_TABLES 64  /* what is beyond counts as `others` */

struct bk_tally_table {
	char name[BK_TALLY_NAME];
	uint32_t inserts, updates, deletes;
};

struct bk_tally {
	struct bk_tally_table tables[BK_TALLY_TABLES];
	size_t count;
	uint32_t schema;          /* CREATE, ALTER, DROP */
	uint32_t others;          /* all else, but pragmas and the count of versions itself */
	char head[BK_TALLY_HEAD]; /* of the statement under way */
	size_t head_size;
};

void bk_tally_init(struct bk_tally *tally);

/* Forgets what was counted. */
void bk_tally_clear(struct bk_tally *tally);

/* Takes the next SIZE bytes: statements, a zero byte behind each. */
void bk_tally_feed(struct bk_tally *tally, const void *bytes, size_t size);

#endif
