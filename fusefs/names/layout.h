/* layout.h - what the root and the directories of versions hold, in every log. */
#ifndef LAYOUT_H
#define LAYOUT_H

#include "node.h"

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
