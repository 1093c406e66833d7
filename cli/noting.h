/* noting.h - what verify and drill found, noted beside the log, where status finds it. */
#ifndef NOTING_H
#define NOTING_H

#include "lognotes.h"

/* Reads what is noted beside the log at URL; none where that cannot be. */
void noting_read(struct lognotes *out, const char *url);

/* Has SET change, with CTX, what is noted beside the log at URL. A warning where that fails; nothing
 * where the log is on another computer. Works from then on as the user whose directory that is. */
void noting_change(
	const char *url, void (*set)(struct lognotes *notes, const void *ctx), const void *ctx);

#endif
