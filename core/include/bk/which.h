/* which.h - the versions that people mean. */
#ifndef BK_WHICH_H
#define BK_WHICH_H

#include <bk/entry.h>
#include <bk/log.h>

/* Finds the version that TEXT means at NOW_US, and its entry:
 *
 *   latest, head    the newest
 *   head~3          the third before it, of those that the log holds
 *   812             that number
 *   a time          the newest version not after it (bk/moment.h); Unix time with @ before it,
 *                   as a number alone is a version
 *
 * Fails with BK_E_INVALID if it is none of these, BK_E_MISSING if the log does not hold it,
 * BK_E_DAMAGE, BK_E_IO, BK_E_NOMEM. */
BK_MUST_CHECK enum bk_code bk_which(struct bk_log *log, const char *text, int64_t now_us,
	struct bk_entry *entry, struct bk_error *err);

#endif
