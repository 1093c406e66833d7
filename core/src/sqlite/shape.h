/* shape.h - a statement of SQL without its values.
 *
 * A node sends the same few statements over and over, with other values written into them. Their
 * shape, which has a ? where a value was, is prepared once, and the values are bound
 * (prepared.h).
 *
 * A text has a shape if it is one INSERT, UPDATE or DELETE, of words, whole numbers, texts, blobs,
 * NULL, brackets, comparisons and sums, and of nothing else: no other of SQLite's own words stands
 * in it, since some of those take a value otherwise than they take a ? (ORDER BY 1, LIKE 'a%'), no
 * comment, no quoted name. So what it does is what its shape does with its values. Of any other
 * text nothing is said, and it is prepared as it is.
 *
 * Threads: any; a struct shape is one thread's. */
#ifndef BK_SHAPE_H
#define BK_SHAPE_H

#include <bk/buf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SHAPE_SQL    65536 /* bytes of a text that has one */
#define SHAPE_TEXT   4096  /* bytes of a shape */
#define SHAPE_VALUES 256   /* fewer than the least that a SQLite lets be bound, 999 */

struct shape_value {
	enum { SHAPE_NULL, SHAPE_INTEGER, SHAPE_TEXTUAL, SHAPE_BLOB } kind;
	int64_t number;
	const char *data; /* of the other two: never NULL; SIZE bytes */
	int size;
};

struct shape {
	char text[SHAPE_TEXT];
	size_t size;
	struct shape_value values[SHAPE_VALUES];
	size_t count;
	char bytes[SHAPE_SQL]; /* of blobs, and of texts that quote a quote */
	size_t used;
};

/* Sets OUT to the shape of SQL, which must stay as long as the values are used. False if it has
 * none, or may have none for a word in it (bk_shape_is_simple). */
bool bk_shape_read(struct shape *out, const struct bk_slice *sql);

/* Whether the words of SHAPE are such that it may be prepared: the same for each text of that
 * shape, and so asked once. */
bool bk_shape_is_simple(const struct shape *shape);

#endif
