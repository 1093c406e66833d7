/* lookup.h - names in directories. */
#ifndef LOOKUP_H
#define LOOKUP_H

#include "fs.h"
#include "lowlevel.h"
#include "node.h"

/* Describes what is called NAME in PARENT. Returns 0 or an errno. With 0 and out->ino 0 there is no
 * such name, and never will be. "." is PARENT, which may be no directory; ".." is the one that it,
 * a directory, stands in. */
int lookup_name(struct fs *fs, struct source *source, const struct node *parent, const char *name,
	struct fuse_entry_param *out);

#endif
