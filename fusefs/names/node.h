/* node.h - what there is in the mount, and its inode numbers.
 *
 * An inode number is computed from what the node is, so no table grows with the log. A version's
 * files carry, besides the version, their identity: which log they came from and where their frame
 * stands in it. When a rewind replaces a version, or another log stands at the path, its files
 * have other inode numbers, and what the kernel cached of the old ones is never mistaken for the
 * new. */
#ifndef NODE_H
#define NODE_H

#include <bk/entry.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

enum node_kind {
	NODE_ROOT = 1,
	NODE_VERSIONS, /* versions/ */
	NODE_CHANGES,  /* changes/ */
	NODE_AT,       /* at/ */
	NODE_DAYS,     /* by-time/ */
	NODE_LATEST,   /* latest.sqlite3 */
	NODE_STATUS,   /* status.json */

	NODE_IMAGE_BUCKET, /* versions/1234/; number: the bucket */
	NODE_SQL_BUCKET,
	NODE_IMAGE_BUCKET_ALIAS, /* a bucket named in another form: a link to it */
	NODE_SQL_BUCKET_ALIAS,
	NODE_IMAGE, /* versions/1234/1234567.sqlite3; number: the version */
	NODE_SQL,
	NODE_IMAGE_ALIAS,
	NODE_SQL_ALIAS,
	NODE_AT_LINK,   /* in at/; number: the version it leads to */
	NODE_DAY,       /* by-time/2026-11-22/; number: days since 1970 */
	NODE_HOUR,      /* by-time/2026-11-22/07/; number: hours since 1970 */
	NODE_TIME_LINK, /* in an hour; number: the version */
};

struct node {
	enum node_kind kind;
	uint32_t number;
	uint32_t identity; /* of an image, or a version's SQL; else 0 */
};

#define NODE_IDENTITY_BITS   26
#define NODE_GENERATION_BITS 6 /* of these: generations wrap */

/* The identity of what ENTRY names, in the log that was the GENERATION-th at its path. */
uint32_t node_identity(const struct bk_entry *entry, uint32_t generation);

uint64_t node_ino(const struct node *node);

/* False if INO is no inode number of ours. */
bool node_of_ino(struct node *node, uint64_t ino);

/* S_IFDIR, S_IFREG or S_IFLNK. */
mode_t node_type(enum node_kind kind);

#endif
