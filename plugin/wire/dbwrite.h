/* dbwrite.h - a db_write as lightningd writes it, read where it lies.
 *
 * A tree of a message's JSON costs more than all else that the plugin does for a change. What each
 * change needs (its id, version and statements) is taken out of the text itself here; nothing but
 * that, and only of texts that say it in the plain way. All others are message.h's: what is refused
 * there, and why, is decided in one place.
 *
 * Calling sequence: dbwrite_init, any dbwrite_read, dbwrite_done. */
#ifndef DBWRITE_H
#define DBWRITE_H

#include "message.h"

struct dbwrite {
	struct bk_slice id;      /* a JSON text without escapes, its quotes included */
	struct bk_change change; /* points into the message and the two below */
	struct statements statements;
	struct bk_buf unescaped; /* statements that were written with escapes */
};

void dbwrite_init(struct dbwrite *write);
void dbwrite_done(struct dbwrite *write);

/* Whether TEXT is a db_write that can be taken: message_parse and message_change would give the
 * same. What WRITE then holds is good until the next call, and as long as TEXT. False says nothing
 * of TEXT: it may be another message, no JSON, or merely written in another way. */
bool dbwrite_read(struct dbwrite *write, const struct bk_slice *text);

#endif
