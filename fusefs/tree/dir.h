/* dir.h - listing directories.
 *
 * A listing keeps nothing between requests: the offset behind an entry says what it was, a version,
 * a bucket, an hour, so that the next request goes on right behind it, however the directory grew.
 */
#ifndef DIR_H
#define DIR_H

#include "fs.h"
#include "lowlevel.h"
#include "node.h"

/* One request's answer. */
struct dirbuf {
	struct fs *fs;
	struct source *source;
	fuse_req_t req;
	bool is_plus; /* attributes are wanted too */
	char *buf;
	size_t size, used;
};

/* Fills DIRBUF with the entries of DIR behind OFFSET, as many as fit. Returns 0 or an errno. */
int dir_list(struct dirbuf *dirbuf, const struct node *dir, off_t offset);

#endif
