/* descent.h - whether one log goes on with what another was, compactions between them too. */
#ifndef BK_DESCENT_H
#define BK_DESCENT_H

#include "log.h"

/* Whether what OLDER holds is what NEWER was once, whose version is not before OLDER's; each with
 * its status. Told by the end of OLDER, where both are one log; else by the history of OLDER's
 * version (docs/format.md, 4). True where NEWER does not tell: the version came with a snapshot
 * there, or is not kept. False, too, where OLDER ends with a change that was struck out in NEWER,
 * which has another id. */
bool bk_log_descends(struct bk_log *newer, const struct bk_log_status *newer_status,
	struct bk_log *older, const struct bk_log_status *older_status);

#endif
