/* aside.h - logs that were put aside, and kept for a time (store.h). */
#ifndef BK_ASIDE_H
#define BK_ASIDE_H

#include "frame.h"
#include <bk/buf.h>
#include <bk/io.h>

#define ASIDE_MARK ".was-"

/* Those of the name PATH. */
struct aside {
	const struct bk_io *io;
	const char *path; /* borrowed */
	int64_t keep_s;
};

/* Whether another may be put aside: those that are old enough are removed first. Fails with
 * BK_E_LIMIT if MAX are left, BK_E_IO, BK_E_NOMEM. */
BK_MUST_CHECK enum bk_code bk_aside_room(
	const struct aside *aside, unsigned max, struct bk_error *err);

/* Sets *NAME, which the caller frees, to what the log ID at the path is to be called when it is put
 * aside now. Fails as bk_aside_room does. */
BK_MUST_CHECK enum bk_code bk_aside_name(char **name, const struct aside *aside, const uint8_t *id,
	unsigned max, struct bk_error *err);

/* Appends a line for each to NAMES: its name in the directory. */
BK_MUST_CHECK enum bk_code bk_aside_list(
	const struct aside *aside, struct bk_buf *names, struct bk_error *err);

#endif
