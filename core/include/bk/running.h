/* running.h - whether lightningd runs in a directory.
 *
 * lightningd keeps its pid file locked, in its base directory, above that of the network. */
#ifndef BK_RUNNING_H
#define BK_RUNNING_H

#include <bk/error.h>
#include <bk/io.h>

enum bk_running_answer {
	BK_RUNNING_NO,
	BK_RUNNING_YES,
	BK_RUNNING_UNKNOWN, /* a pid file, or a directory, cannot be looked at */
};

struct bk_running {
	enum bk_running_answer answer;
	char text[512]; /* where it is not NO: which file tells, or why it cannot be told */
};

/* Looks at DIR, a directory with a node's database, and the one above. Fails with BK_E_NOMEM. */
BK_MUST_CHECK enum bk_code bk_running_in(
	struct bk_running *out, const struct bk_io *io, const char *dir, struct bk_error *err);

#endif
