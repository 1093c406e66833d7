/* lookup.h - names in directories. */
#ifndef LOOKUP_H
#define LOOKUP_H

#include "fs.h"
#include "node.h"

/* Describes what is called NAME in PARENT. Returns 0 or an errno. With 0 and out->ino 0 there is no
 * such name, and never will be. */
int lookup_name(struct fs *fs, struct source *source, const struct node *parent, const char *name,
	struct fuse_entry_param *out);

/* The entries of the root, in the order in which they are listed, ended by a NULL name. */
struct fixed_name {
	const char *name;
	enum node_kind kind;
};
extern const struct fixed_name root_names[];

/* What a bucket directory holds. */
struct bucket_kind {
	enum node_kind parent, bucket, bucket_alias, file, file_alias;
	const char *suffix;
};

/* The one that KIND is the directory or the bucket of. */
const struct bucket_kind *bucket_kind_of(enum node_kind kind);

#endif
