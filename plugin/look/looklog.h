/* looklog.h - the log's part of a look. */
#ifndef LOOKLOG_H
#define LOOKLOG_H

#include "lookparts.h"

/* Opens LOG->path by IO, and takes in what it says of itself at NOW_US. *OPENED, which the caller
 * closes, is the log; NULL where it could not be opened, which is LOG's answer then. IS_LATE as
 * bk_health_look has it. */
void looklog_take(struct look_log *log, const struct bk_io *io, int64_t now_us,
	bool (*is_late)(void *ctx), void *ctx, struct bk_log **opened);

/* What the log came to meanwhile: places that were asked later may have more than it had then. */
void looklog_refresh(struct look_log *log, struct bk_log *opened);

/* Sets what is free on the disk of the file PATH; false where that cannot be told. */
bool looklog_free(const struct bk_io *io, const char *path, uint64_t *bytes);

#endif
