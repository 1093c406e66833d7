/* node.c - inode numbers: what a node is, packed into 63 bits. */
#include "node.h"

/* From the lowest bit: number, identity, kind. The root is what FUSE wants it to be: 1. */
#define IDENTITY_SHIFT 32
#define KIND_SHIFT     (IDENTITY_SHIFT + NODE_IDENTITY_BITS)
#define IDENTITY_MASK  (((uint64_t)1 << NODE_IDENTITY_BITS) - 1)
#define ROOT_INO       1

/* Within an identity. Frames are longer than 64 bytes together with the rewind that strikes them,
 * so two changes of one version differ in PLACE; the rest of the offset would tell apart only
 * what lies 32 MiB apart. */
#define PLACE_UNIT       64
#define PLACE_BITS       (NODE_IDENTITY_BITS - NODE_GENERATION_BITS - 1)
#define GENERATION_SHIFT (PLACE_BITS + 1)

uint32_t node_identity(const struct bk_entry *entry, uint32_t generation)
{
	uint32_t place = (uint32_t)(entry->offset / PLACE_UNIT) & (((uint32_t)1 << PLACE_BITS) - 1);
	uint32_t snapshot = (entry->flags & BK_ENTRY_SNAPSHOT) != 0;

	return (generation << GENERATION_SHIFT | snapshot << PLACE_BITS | place) & IDENTITY_MASK;
}

uint64_t node_ino(const struct node *node)
{
	if (node->kind == NODE_ROOT)
		return ROOT_INO;
	return (uint64_t)node->kind << KIND_SHIFT | (uint64_t)node->identity << IDENTITY_SHIFT |
	       node->number;
}

bool node_of_ino(struct node *node, uint64_t ino)
{
	uint64_t kind = ino == ROOT_INO ? NODE_ROOT : ino >> KIND_SHIFT;

	if (kind < NODE_ROOT || kind > NODE_TIME_LINK || (kind == NODE_ROOT && ino != ROOT_INO))
		return false;
	*node = (struct node){.kind = (enum node_kind)kind};
	if (kind != NODE_ROOT) {
		node->number = (uint32_t)ino;
		node->identity = (uint32_t)(ino >> IDENTITY_SHIFT & IDENTITY_MASK);
	}
	return true;
}

mode_t node_type(enum node_kind kind)
{
	switch (kind) {
	case NODE_ROOT:
	case NODE_VERSIONS:
	case NODE_CHANGES:
	case NODE_AT:
	case NODE_DAYS:
	case NODE_IMAGE_BUCKET:
	case NODE_SQL_BUCKET:
	case NODE_DAY:
	case NODE_HOUR:
		return S_IFDIR;
	case NODE_STATUS:
	case NODE_IMAGE:
	case NODE_SQL:
		return S_IFREG;
	case NODE_LATEST:
	case NODE_IMAGE_BUCKET_ALIAS:
	case NODE_SQL_BUCKET_ALIAS:
	case NODE_IMAGE_ALIAS:
	case NODE_SQL_ALIAS:
	case NODE_AT_LINK:
	case NODE_TIME_LINK:
		return S_IFLNK;
	}
	return 0;
}
