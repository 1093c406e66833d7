/* io_open.h - opening a file that stands at a path, where others may have had a hand in it. */
#ifndef BK_IO_OPEN_H
#define BK_IO_OPEN_H

#include <stdbool.h>

/* A descriptor of the file or directory at PATH, or -errno: -EOPNOTSUPP for anything else, at once;
 * -ELOOP where a link of another user's leads to what is not that user's. Waits for leases on the
 * file to be given up, at most a minute. */
int bk_posix_open(const char *path, bool for_writing);

#endif
