/* remote.h - logs on other computers, read as files are: an I/O seam over another one, whose open
 * takes ssh://, davs://, dav:// and s3:// URLs, too, for reading only (docs/mirror.md,
 * docs/objects.md).
 *
 * Bytes come by ranges, with read-ahead, what opening an image takes in one exchange (IMAGE there)
 * or in few rounds of many requests at once, and are kept in a cache of at most 32 MiB a log; what
 * is on its way takes up to 32 MiB more of a store's (16 of room, and the answers), 512 KiB of
 * another. How long a log is may have been asked for 0.2 s ago, 1 s in a store.
 *
 * Calling sequence: bk_remote_new, bk_remote_connect for messages that say why, anything through
 * bk_remote_io; bk_remote_free when nothing is open any more.
 *
 * Threads: any. */
#ifndef BK_REMOTE_H
#define BK_REMOTE_H

#include <bk/error.h>
#include <bk/io.h>
#include <stdbool.h>

struct bk_remote;

BK_MUST_CHECK enum bk_code bk_remote_new(
	struct bk_remote **out, const struct bk_io *base, struct bk_error *err);
void bk_remote_free(struct bk_remote *remote); /* takes NULL */

/* Lives as long as REMOTE. */
const struct bk_io *bk_remote_io(const struct bk_remote *remote);

/* Whether URL names a log on another computer. */
bool bk_remote_is(const char *url);

/* Connects to the log at URL, and stays so until bk_remote_free. Fails with BK_E_MISSING where
 * there is none, BK_E_INVALID, BK_E_LIMIT, BK_E_IO, BK_E_NOMEM. */
BK_MUST_CHECK enum bk_code bk_remote_connect(
	struct bk_remote *remote, const char *url, struct bk_error *err);

#endif
