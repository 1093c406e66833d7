/* stamp.h - what tells one state of a database file from another, without reading the file.
 *
 * SQLite counts commits in the file's header: in rollback mode one more for each ordinary commit,
 * none in WAL mode. With what the file system says of the file, two equal stamps mean that nobody
 * wrote to it in between (docs/format.md, 11). */
#ifndef BK_STAMP_H
#define BK_STAMP_H

#include <stdbool.h>
#include <stdint.h>

#define BK_NODE_TEXT 131 /* whose database it is: hexadecimal digits and a zero */

struct bk_stamp {
	uint32_t counter; /* SQLite's file change counter */
	uint64_t inode;
	int64_t mtime_ns; /* since 1970, */
	int64_t ctime_ns; /* likewise; nobody can set it back */
	uint64_t size;    /* bytes */
};

static inline bool bk_stamp_same(const struct bk_stamp *a, const struct bk_stamp *b)
{
	return a->counter == b->counter && a->inode == b->inode && a->mtime_ns == b->mtime_ns &&
	       a->ctime_ns == b->ctime_ns && a->size == b->size;
}

#endif
