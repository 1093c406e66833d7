/* lookask.h - the log and the mirrors asked, all at once, and none waited for past a deadline. */
#ifndef LOOKASK_H
#define LOOKASK_H

#include "lookparts.h"

/* Asks LOOK->log by LOG_IO and each of LOOK->places by IO, and fills in what they answer within
 * LOOK_ALL_MS. Fails with BK_E_NOMEM where they could not be asked. */
BK_MUST_CHECK enum bk_code lookask_all(struct look *look, const struct bk_io *io,
	const struct bk_io *log_io, struct bk_error *err);

#endif
