/* rebuilt.h - healing a log where there is no node to copy: with what can be rebuilt of it here. */
#ifndef BK_REBUILT_H
#define BK_REBUILT_H

#include <bk/writer.h>

/* Restores the head of WRITER's log, which draws on chance or on the clock, so that it is not
 * proven to be what the node had, to TEMP, a file that must not be there and is gone afterwards,
 * and appends it as a snapshot: from then on every reader gets the same. False, with ERR, where it
 * cannot be. */
bool bk_rebuilt_keep(
	struct bk_writer *writer, const struct bk_io *io, const char *temp, struct bk_error *err);

#endif
