/* holder.h - who holds the log that could not be locked: another program, or this node's own plugin
 * of before, which has not ended yet. */
#ifndef HOLDER_H
#define HOLDER_H

#include <bk/io.h>
#include <stdbool.h>

struct holder {
	long pid;     /* 0: it cannot be told */
	bool is_ours; /* it is a plugin in the lightning directory that we run in */
	bool hangs;   /* it waits in the kernel, and no signal reaches it */
};

/* Who opened the log at PATH last, as the log says, if that process still runs on this machine. The
 * log calls us PROGRAM (names.h). */
void holder_find(
	struct holder *holder, const struct bk_io *io, const char *path, const char *program);

#endif
