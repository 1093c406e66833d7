/* logrows.h - how many rows each version of a log added, changed, removed: counted by a comparison
 * with the version before.
 *
 * Calling sequence: zeros, any logrows_count, logrows_done. */
#ifndef LOGROWS_H
#define LOGROWS_H

#include "logwalk.h"

struct logrows {
	struct bk_differ *differ;
	bool is_spent; /* it took too long, and was said: nothing is counted any more */
};

/* Counts the rows of COUNT items of LOG, oldest first, which is by far the cheapest; where damage
 * or SQL hides them, or all together takes too long, they stay uncounted. Fails as bk_diff does. */
BK_MUST_CHECK enum bk_code logrows_count(struct logrows *rows, struct bk_log *log,
	struct logitem *items, size_t count, struct bk_error *err);
void logrows_done(struct logrows *rows);

#endif
