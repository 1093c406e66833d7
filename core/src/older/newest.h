/* newest.h - the newest change of a log, as it came. */
#ifndef BK_NEWEST_H
#define BK_NEWEST_H

#include "log.h"
#include <bk/change.h>
#include <bk/entry.h>

/* Sets *FOUND to whether something stands behind the newest keyframe, and then ENTRY to the last of
 * it, and appends to OUT, as the older plugin has them (payload.h), the statements of it. Fails
 * with BK_E_DAMAGE, BK_E_LIMIT, BK_E_IO, BK_E_NOMEM. */
BK_MUST_CHECK enum bk_code bk_older_newest(struct bk_log *log, struct bk_entry *entry,
	struct bk_buf *out, bool *found, struct bk_error *err);

#endif
