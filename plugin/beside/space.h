/* space.h - warning before the disk that the log is on is full.
 *
 * A thread of its own looks now and then: asking a network mount for its free space can hang, and
 * neither a change nor the watch may wait for that. */
#ifndef SPACE_H
#define SPACE_H

#include "names.h"
#include <bk/writer.h>

struct space;

/* WRITER and NAMES must outlive it. */
BK_MUST_CHECK enum bk_code space_start(struct space **out, struct bk_writer *writer,
	const struct names *names, struct bk_error *err);
void space_stop(struct space *space); /* takes NULL */

/* Around a full snapshot, which is no growth. Take NULL. */
void space_snapshot_begin(struct space *space);
void space_snapshot_end(struct space *space);

#endif
