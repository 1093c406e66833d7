/* dir.c - listing directories. */
#include "dir.h"
#include "attr.h"
#include "lookup.h"
#include "names.h"
#include "times.h"
#include "versions.h"
#include <bk/version.h>
#include <errno.h>
#include <string.h>

/* Offsets: 1 is behind ".", DOTS behind ".."; behind what is number N of its directory, DOTS + 1 +
 * N. The kernel hands down whatever a caller of lseek made up, but nothing negative. */
#define DOTS       2
#define OFFSET_MAX (DOTS + 1 + (off_t)UINT32_MAX)

static bool add(struct listing *listing, const char *name, const struct fuse_entry_param *entry,
	off_t offset)
{
	char *at = listing->buf + listing->used;
	size_t left = listing->size - listing->used, needed;

	if (listing->is_plus)
		needed = fuse_add_direntry_plus(listing->req, at, left, name, entry, offset);
	else
		needed = fuse_add_direntry(listing->req, at, left, name, &entry->attr, offset);
	if (needed > left)
		return false;
	listing->used += needed;
	return true;
}

/* Adds NODE, called NAME. Its attributes are looked up if they are wanted; where that fails, the
 * name alone is listed, and a look-up of it tells why. False if there is no room. */
static bool add_node(
	struct listing *listing, const char *name, const struct node *node, off_t offset)
{
	struct fuse_entry_param entry = {0};

	if (!listing->is_plus || attr_of_node(listing->fs, listing->source, node, &entry)) {
		memset(&entry, 0, sizeof entry);
		entry.attr.st_ino = node_ino(node);
		entry.attr.st_mode = node_type(node->kind);
	}
	return add(listing, name, &entry, offset);
}

/* Adds the file or link of KIND that ENTRY's version has. */
static bool add_version(struct listing *listing, const char *name, enum node_kind kind,
	const struct bk_entry *entry, off_t offset)
{
	struct fuse_entry_param described;

	attr_of_version(listing->fs, listing->source, kind, entry, &described);
	/* What needs a replay is left to a look-up of that name. */
	if (kind == NODE_IMAGE && !entry_has_size(entry))
		described.ino = 0;
	return add(listing, name, &described, offset);
}

static struct node parent_of(const struct node *dir)
{
	struct node parent = {.kind = NODE_ROOT};

	switch (dir->kind) {
	case NODE_IMAGE_BUCKET:
		parent.kind = NODE_VERSIONS;
		break;
	case NODE_SQL_BUCKET:
		parent.kind = NODE_CHANGES;
		break;
	case NODE_DAY:
		parent.kind = NODE_DAYS;
		break;
	case NODE_HOUR:
		parent = (struct node){.kind = NODE_DAY, .number = dir->number / HOURS_A_DAY};
		break;
	default:
		break;
	}
	return parent;
}

/* "." and ".." are not looked up: their inode numbers are all that is told. */
static bool add_dots(struct listing *listing, const struct node *dir, off_t offset)
{
	struct node parent = parent_of(dir);
	struct fuse_entry_param entry = {.attr = {.st_mode = S_IFDIR, .st_ino = node_ino(dir)}};

	if (offset < 1 && !add(listing, ".", &entry, 1))
		return false;
	entry.attr.st_ino = node_ino(&parent);
	return offset >= DOTS || add(listing, "..", &entry, DOTS);
}

static int list_root(struct listing *listing, off_t offset)
{
	for (off_t at = 0; root_names[at].name; at++) {
		struct node node = {.kind = root_names[at].kind};
		struct fuse_entry_param unused;

		if (at < offset - DOTS)
			continue;
		/* An empty log has no latest version. */
		if (node.kind == NODE_LATEST &&
			attr_of_node(listing->fs, listing->source, &node, &unused) == ENOENT)
			continue;
		if (!add_node(listing, root_names[at].name, &node, at + DOTS + 1))
			break;
	}
	return 0;
}

/* The buckets, in the order of versions, which may wrap from the last to the first. */
static int list_buckets(struct listing *listing, const struct bucket_kind *kind, off_t offset)
{
	uint32_t bucket = (uint32_t)(offset - DOTS - 1);
	struct bk_entry entry;
	struct walk walk;
	bool more = true;
	int rc = 0;

	if (offset > DOTS && bucket > BUCKET_LAST)
		return 0;
	if (offset > DOTS)
		walk_open(&walk, listing->fs, listing->source, bucket_last(bucket) + 1);
	else
		rc = walk_open_first(&walk, listing->fs, listing->source);
	if (rc)
		return rc == ENOENT ? 0 : rc;
	while (!(rc = walk_next(&walk, &entry, &more)) && more) {
		struct node node = {.kind = kind->bucket, .number = bucket_of(entry.version)};
		char name[NAME_SIZE];

		name_of_bucket(name, node.number);
		if (!add_node(listing, name, &node, (off_t)node.number + DOTS + 1))
			break;
		walk_close(&walk);
		walk_open(&walk, listing->fs, listing->source, bucket_last(node.number) + 1);
	}
	walk_close(&walk);
	return rc;
}

static int list_bucket(struct listing *listing, const struct node *dir, off_t offset)
{
	const struct bucket_kind *kind = bucket_kind_of(dir->kind);
	bool is_measured = listing->is_plus && kind->file == NODE_IMAGE;
	uint32_t begin = dir->number * BUCKET_VERSIONS, last = bucket_last(dir->number);
	struct bk_entry entry;
	struct walk walk;
	bool more;
	int rc = 0;

	if (offset - DOTS > last - begin)
		return 0;
	walk_open(&walk, listing->fs, listing->source, begin + (uint32_t)(offset - DOTS));
	for (;;) {
		char name[NAME_SIZE];

		rc = is_measured ? walk_next_measured(&walk, &entry, &more)
				 : walk_next(&walk, &entry, &more);
		if (rc || !more || bucket_of(entry.version) != dir->number)
			break;
		name_of_version(name, entry.version, kind->suffix);
		if (!add_version(listing, name, kind->file, &entry,
			    (off_t)(entry.version - begin) + DOTS + 1))
			break;
	}
	walk_close(&walk);
	return rc;
}

static int list_days(struct listing *listing, off_t offset)
{
	uint32_t day = (uint32_t)(offset - DOTS);
	int rc;

	for (; !(rc = day_find(listing->fs, listing->source, day, &day)); day++) {
		struct node node = {.kind = NODE_DAY, .number = day};
		char name[NAME_SIZE];

		name_of_day(name, day);
		if (!add_node(listing, name, &node, (off_t)day + DOTS + 1))
			break;
	}
	return rc == ENOENT ? 0 : rc;
}

static int list_day(struct listing *listing, const struct node *dir, off_t offset)
{
	for (off_t within = offset - DOTS; within < HOURS_A_DAY; within++) {
		struct node node = {
			.kind = NODE_HOUR, .number = dir->number * HOURS_A_DAY + (uint32_t)within};
		struct stretch stretch;
		char name[NAME_SIZE];
		int rc = stretch_find(
			listing->fs, listing->source, node.number, node.number, &stretch);

		if (rc == ENOENT)
			continue;
		if (rc)
			return rc;
		name_of_hour(name, node.number);
		if (!add_node(listing, name, &node, within + DOTS + 1))
			break;
	}
	return 0;
}

/* Goes to the first version of STRETCH that is behind OFFSET. */
static int enter_stretch(
	struct listing *listing, const struct stretch *stretch, off_t offset, struct walk *walk)
{
	uint32_t next = (uint32_t)(offset - DOTS);

	if (offset > DOTS && (!stretch->has_before || bk_version_after(next, stretch->before)))
		walk_open(walk, listing->fs, listing->source, next);
	else if (stretch->has_before)
		walk_open(walk, listing->fs, listing->source, stretch->before + 1);
	else
		return walk_open_first(walk, listing->fs, listing->source);
	return 0;
}

static int list_hour(struct listing *listing, const struct node *dir, off_t offset)
{
	struct stretch stretch;
	struct bk_entry entry;
	struct walk walk;
	bool more;
	int rc = stretch_find(listing->fs, listing->source, dir->number, dir->number, &stretch);

	if (!rc)
		rc = enter_stretch(listing, &stretch, offset, &walk);
	if (rc)
		return rc == ENOENT ? 0 : rc;
	while (!(rc = walk_next(&walk, &entry, &more)) && more &&
		!bk_version_after(entry.version, stretch.last)) {
		char name[NAME_SIZE];

		name_of_time_link(name, &entry, dir->number);
		if (!add_version(
			    listing, name, NODE_TIME_LINK, &entry, (off_t)entry.version + DOTS + 1))
			break;
	}
	walk_close(&walk);
	return rc;
}

int dir_list(struct listing *listing, const struct node *dir, off_t offset)
{
	if (offset > OFFSET_MAX)
		return 0;
	if (offset < DOTS && !add_dots(listing, dir, offset))
		return 0;
	if (offset < DOTS)
		offset = DOTS;
	switch (dir->kind) {
	case NODE_ROOT:
		return list_root(listing, offset);
	case NODE_VERSIONS:
	case NODE_CHANGES:
		return list_buckets(listing, bucket_kind_of(dir->kind), offset);
	case NODE_IMAGE_BUCKET:
	case NODE_SQL_BUCKET:
		return list_bucket(listing, dir, offset);
	case NODE_DAYS:
		return list_days(listing, offset);
	case NODE_DAY:
		return list_day(listing, dir, offset);
	case NODE_HOUR:
		return list_hour(listing, dir, offset);
	case NODE_AT: /* holds any time: nothing to list */
		return 0;
	default:
		return ENOTDIR;
	}
}
