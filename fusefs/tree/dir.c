/* dir.c - listing directories. */
#include "dir.h"
#include "attr.h"
#include "layout.h"
#include "lookup.h"
#include "names.h"
#include "times.h"
#include "tour.h"
#include "versions.h"
#include <bk/version.h>
#include <errno.h>
#include <string.h>

/* Offsets: 1 is behind ".", DOTS behind ".."; behind what is number N of its directory, DOTS + 1 +
 * N. The kernel hands down whatever a caller of lseek made up, but nothing negative. */
#define DOTS       2
#define OFFSET_MAX (DOTS + 1 + (off_t)UINT32_MAX)

static bool add(
	struct dirbuf *dirbuf, const char *name, const struct fuse_entry_param *entry, off_t offset)
{
	char *at = dirbuf->buf + dirbuf->used;
	size_t left = dirbuf->size - dirbuf->used, needed;

	if (dirbuf->is_plus)
		needed = fuse_add_direntry_plus(dirbuf->req, at, left, name, entry, offset);
	else
		needed = fuse_add_direntry(dirbuf->req, at, left, name, &entry->attr, offset);
	if (needed > left)
		return false;
	dirbuf->used += needed;
	return true;
}

/* Adds NODE, called NAME. Its attributes are looked up if they are wanted; where that fails, the
 * name alone is listed, and a look-up of it tells why. False if there is no room. */
static bool add_node(struct dirbuf *dirbuf, const char *name, const struct node *node, off_t offset)
{
	struct fuse_entry_param entry = {0};

	if (!dirbuf->is_plus || attr_of_node(dirbuf->fs, dirbuf->source, node, &entry)) {
		memset(&entry, 0, sizeof entry);
		entry.attr.st_ino = node_ino(node);
		entry.attr.st_mode = node_type(node->kind);
	}
	return add(dirbuf, name, &entry, offset);
}

/* Adds the file or link of KIND that ENTRY's version has. */
static bool add_version(struct dirbuf *dirbuf, const char *name, enum node_kind kind,
	const struct bk_entry *entry, off_t offset)
{
	struct fuse_entry_param described;

	attr_of_version(dirbuf->fs, dirbuf->source, kind, entry, &described);
	/* What needs a replay is left to a look-up of that name. */
	if (kind == NODE_IMAGE && !entry_has_size(entry))
		described.ino = 0;
	return add(dirbuf, name, &described, offset);
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
static bool add_dots(struct dirbuf *dirbuf, const struct node *dir, off_t offset)
{
	struct node parent = parent_of(dir);
	struct fuse_entry_param entry = {.attr = {.st_mode = S_IFDIR, .st_ino = node_ino(dir)}};

	if (offset < 1 && !add(dirbuf, ".", &entry, 1))
		return false;
	entry.attr.st_ino = node_ino(&parent);
	return offset >= DOTS || add(dirbuf, "..", &entry, DOTS);
}

static int list_root(struct dirbuf *dirbuf, off_t offset)
{
	for (off_t at = 0; root_names[at].name; at++) {
		struct node node = {.kind = root_names[at].kind};
		struct fuse_entry_param unused;

		if (at < offset - DOTS)
			continue;
		/* An empty log has no latest version. */
		if (node.kind == NODE_LATEST &&
			attr_of_node(dirbuf->fs, dirbuf->source, &node, &unused) == ENOENT)
			continue;
		if (!add_node(dirbuf, root_names[at].name, &node, at + DOTS + 1))
			break;
	}
	return 0;
}

/* The buckets, in the order of versions, which may wrap from the last to the first. */
static int list_buckets(struct dirbuf *dirbuf, const struct bucket_kind *kind, off_t offset)
{
	uint32_t bucket = (uint32_t)(offset - DOTS - 1);
	struct bk_entry entry;
	struct tour tour;
	bool more = true;
	int rc = 0;

	if (offset > DOTS && bucket > BUCKET_LAST)
		return 0;
	if (offset > DOTS)
		tour_open(&tour, dirbuf->source, bucket_last(bucket) + 1);
	else
		rc = tour_open_first(&tour, dirbuf->source);
	if (rc)
		return rc == ENOENT ? 0 : rc;
	while (!(rc = tour_next(&tour, &entry, &more)) && more) {
		struct node node = {.kind = kind->bucket, .number = bucket_of(entry.version)};
		char name[NAME_SIZE];

		name_of_bucket(name, node.number);
		if (!add_node(dirbuf, name, &node, (off_t)node.number + DOTS + 1))
			break;
		tour_close(&tour);
		tour_open(&tour, dirbuf->source, bucket_last(node.number) + 1);
	}
	tour_close(&tour);
	return rc;
}

static int list_bucket(struct dirbuf *dirbuf, const struct node *dir, off_t offset)
{
	const struct bucket_kind *kind = bucket_kind_of(dir->kind);
	bool is_measured = dirbuf->is_plus && kind->file == NODE_IMAGE;
	uint32_t begin = dir->number * BUCKET_VERSIONS, last = bucket_last(dir->number);
	struct bk_entry entry;
	struct tour tour;
	bool more;
	int rc = 0;

	if (offset - DOTS > last - begin)
		return 0;
	tour_open(&tour, dirbuf->source, begin + (uint32_t)(offset - DOTS));
	for (;;) {
		char name[NAME_SIZE];

		rc = is_measured ? tour_next_measured(&tour, &entry, &more)
				 : tour_next(&tour, &entry, &more);
		if (rc || !more || bucket_of(entry.version) != dir->number)
			break;
		name_of_version(name, entry.version, kind->suffix);
		if (!add_version(dirbuf, name, kind->file, &entry,
			    (off_t)(entry.version - begin) + DOTS + 1))
			break;
	}
	tour_close(&tour);
	return rc;
}

static int list_days(struct dirbuf *dirbuf, off_t offset)
{
	uint32_t day = (uint32_t)(offset - DOTS);
	int rc;

	for (; !(rc = day_find(dirbuf->source, day, &day)); day++) {
		struct node node = {.kind = NODE_DAY, .number = day};
		char name[NAME_SIZE];

		name_of_day(name, day);
		if (!add_node(dirbuf, name, &node, (off_t)day + DOTS + 1))
			break;
	}
	return rc == ENOENT ? 0 : rc;
}

static int list_day(struct dirbuf *dirbuf, const struct node *dir, off_t offset)
{
	for (off_t within = offset - DOTS; within < HOURS_A_DAY; within++) {
		struct node node = {
			.kind = NODE_HOUR, .number = dir->number * HOURS_A_DAY + (uint32_t)within};
		struct period period;
		char name[NAME_SIZE];
		int rc = period_find(dirbuf->source, node.number, node.number, &period);

		if (rc == ENOENT)
			continue;
		if (rc)
			return rc;
		name_of_hour(name, node.number);
		if (!add_node(dirbuf, name, &node, within + DOTS + 1))
			break;
	}
	return 0;
}

/* Goes to the first version of PERIOD that is behind OFFSET. */
static int enter_period(
	struct dirbuf *dirbuf, const struct period *period, off_t offset, struct tour *tour)
{
	uint32_t next = (uint32_t)(offset - DOTS);

	if (offset > DOTS && (!period->has_before || bk_version_after(next, period->before)))
		tour_open(tour, dirbuf->source, next);
	else if (period->has_before)
		tour_open(tour, dirbuf->source, period->before + 1);
	else
		return tour_open_first(tour, dirbuf->source);
	return 0;
}

static int list_hour(struct dirbuf *dirbuf, const struct node *dir, off_t offset)
{
	struct period period;
	struct bk_entry entry;
	struct tour tour;
	bool more;
	int rc = period_find(dirbuf->source, dir->number, dir->number, &period);

	if (!rc)
		rc = enter_period(dirbuf, &period, offset, &tour);
	if (rc)
		return rc == ENOENT ? 0 : rc;
	while (!(rc = tour_next(&tour, &entry, &more)) && more &&
		!bk_version_after(entry.version, period.last)) {
		char name[NAME_SIZE];

		name_of_time_link(name, &entry, dir->number);
		if (!add_version(
			    dirbuf, name, NODE_TIME_LINK, &entry, (off_t)entry.version + DOTS + 1))
			break;
	}
	tour_close(&tour);
	return rc;
}

int dir_list(struct dirbuf *dirbuf, const struct node *dir, off_t offset)
{
	if (offset > OFFSET_MAX)
		return 0;
	if (offset < DOTS && !add_dots(dirbuf, dir, offset))
		return 0;
	if (offset < DOTS)
		offset = DOTS;
	switch (dir->kind) {
	case NODE_ROOT:
		return list_root(dirbuf, offset);
	case NODE_VERSIONS:
	case NODE_CHANGES:
		return list_buckets(dirbuf, bucket_kind_of(dir->kind), offset);
	case NODE_IMAGE_BUCKET:
	case NODE_SQL_BUCKET:
		return list_bucket(dirbuf, dir, offset);
	case NODE_DAYS:
		return list_days(dirbuf, offset);
	case NODE_DAY:
		return list_day(dirbuf, dir, offset);
	case NODE_HOUR:
		return list_hour(dirbuf, dir, offset);
	case NODE_AT: /* holds any time: nothing to list */
		return 0;
	default:
		return ENOTDIR;
	}
}
