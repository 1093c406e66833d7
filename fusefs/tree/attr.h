/* attr.h - what the kernel is told of a node: inode number, attributes, and how long they hold. */
#ifndef ATTR_H
#define ATTR_H

#include "fs.h"
#include "lowlevel.h"
#include "node.h"
#include <bk/entry.h>

/* Seconds. What never changes may be kept for ever: should it be replaced, the follower says so.
 * Names that lead on to others are asked for again now and then, since one that is in use is not
 * forgotten. */
#define TIMEOUT_FOREVER 86400.0
#define TIMEOUT_NAME    60.0
#define TIMEOUT_GROWING 1.0

/* Describes NODE as it is now. Returns 0 or an errno; ESTALE if it is a file of a version, or of a
 * log, that was replaced. */
int attr_of_node(struct fs *fs, struct source *source, const struct node *node,
	struct fuse_entry_param *out);

/* The same for a node of KIND that ENTRY's version gives: no look-up is needed. ENTRY must tell an
 * image's size. */
void attr_of_version(struct fs *fs, struct source *source, enum node_kind kind,
	const struct bk_entry *entry, struct fuse_entry_param *out);

#endif
