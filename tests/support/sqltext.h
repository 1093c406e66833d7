/* sqltext.h - putting the statements of one made-up call together, in memory that was set aside
 * before: what is put always fits. */
#ifndef SQLTEXT_H
#define SQLTEXT_H

#include <bk/change.h>
#include <stdbool.h>
#include <stdint.h>

#define SQLTEXT_BYTES_MAX      ((size_t)1 << 20)
#define SQLTEXT_STATEMENTS_MAX 512

struct sqltext {
	char *text;         /* SQLTEXT_BYTES_MAX bytes */
	size_t size, start; /* of what was put, and of the statement under way in it */
	struct bk_slice statements[SQLTEXT_STATEMENTS_MAX];
	size_t count;
};

bool sqltext_init(struct sqltext *sql); /* false without memory */
void sqltext_done(struct sqltext *sql);
void sqltext_clear(struct sqltext *sql);

/* Puts a part of a statement. */
void sql_put(struct sqltext *sql, const char *text);
void sql_number(struct sqltext *sql, int64_t number);
void sql_format(struct sqltext *sql, const char *fmt, ...) BK_PRINTF(2, 3);

/* Puts the blob literal of SIZE bytes that follow from SEED. */
void sql_blob(struct sqltext *sql, uint64_t seed, size_t size);

/* The same, but about one in CHANGING of its stretches of 32 bytes follows from NOW instead. */
void sql_blob_changing(
	struct sqltext *sql, uint64_t seed, uint64_t now, unsigned changing, size_t size);

/* Puts the blob literal of a public key: 33 bytes, the first 02 or 03. */
void sql_key(struct sqltext *sql, uint64_t seed);

/* Ends the statement under way. */
void sql_end(struct sqltext *sql);

/* A whole statement. */
void sql_statement(struct sqltext *sql, const char *fmt, ...) BK_PRINTF(2, 3);

/* A number that follows from A and B and looks like chance. */
uint64_t mix(uint64_t a, uint64_t b);

#endif
