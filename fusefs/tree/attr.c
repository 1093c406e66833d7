/* attr.c - what the kernel is told of a node. */
#include "attr.h"
#include "measure.h"
#include "names.h"
#include "status.h"
#include "times.h"
#include "tour.h"
#include "versions.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK_BYTES 4096
#define SECTOR      512 /* what st_blocks counts in, whatever the block size */

#define ROOT_LINKS 6 /* itself, its parent's entry, four directories in it */

/* libfuse may be one of a computer of 32 bits, whose times go from 1901 to 2038: the nearest that
 * it has. */
static time_t nearest_time(int64_t second)
{
	if (sizeof(time_t) > 4)
		return (time_t)second;
	return (time_t)(second > INT32_MAX ? INT32_MAX : second < INT32_MIN ? INT32_MIN : second);
}

static void set_time(struct stat *st, int64_t time_us)
{
	int64_t second = time_us / 1000000, fraction = time_us % 1000000;

	if (fraction < 0) {
		second--;
		fraction += 1000000;
	}
	st->st_mtim.tv_sec = nearest_time(second);
	st->st_mtim.tv_nsec = (long)fraction * 1000;
	st->st_ctim = st->st_atim = st->st_mtim;
}

/* Sets the size, and what the file takes of the disk: KEPT bytes, of which one sector is the least,
 * as what has a size but no sector is taken for one hole. */
static void set_sizes(struct stat *st, uint64_t size, uint64_t kept)
{
	st->st_size = (off_t)size;
	st->st_blocks = (blkcnt_t)(kept / SECTOR);
	if (size && !st->st_blocks)
		st->st_blocks = 1;
}

static void set_size(struct stat *st, uint64_t size)
{
	set_sizes(st, size, size + SECTOR - 1);
}

/* The log keeps of a version what its frame takes; all else is pages of others. */
static void set_image_size(struct stat *st, const struct bk_entry *entry)
{
	uint64_t size = entry_size(entry);

	set_sizes(st, size, entry->log_bytes < size ? entry->log_bytes : size);
}

/* Where a number comes again, the kernel lets go of what it has of the old file, even if that is
 * open still. */
static uint64_t inode_generation(uint32_t generation)
{
	return generation >> NODE_GENERATION_BITS;
}

/* A directory of 1 link says that its links do not tell how many directories are in it. */
static nlink_t link_count(enum node_kind kind)
{
	switch (kind) {
	case NODE_ROOT:
		return ROOT_LINKS;
	case NODE_AT:
	case NODE_IMAGE_BUCKET:
	case NODE_SQL_BUCKET:
	case NODE_HOUR:
		return 2;
	default:
		return 1;
	}
}

static void set_mode(struct stat *st, const struct fs *fs, enum node_kind kind)
{
	mode_t type = node_type(kind), all = type == S_IFDIR ? 0555 : 0444;

	st->st_mode = type | (type == S_IFLNK ? 0777 : all & ~fs->options->umask);
	st->st_nlink = link_count(kind);
	st->st_uid = fs->options->uid;
	st->st_gid = fs->options->gid;
	st->st_blksize = BLOCK_BYTES;
}

static void begin(
	const struct fs *fs, const struct node *node, int64_t time_us, struct fuse_entry_param *out)
{
	memset(out, 0, sizeof *out);
	out->ino = node_ino(node);
	out->attr.st_ino = out->ino;
	out->entry_timeout = node_type(node->kind) == S_IFREG ? TIMEOUT_FOREVER : TIMEOUT_NAME;
	out->attr_timeout = TIMEOUT_GROWING;
	set_mode(&out->attr, fs, node->kind);
	set_time(&out->attr, time_us);
}

static void set_target(struct stat *st, enum node_kind kind, uint32_t number)
{
	char target[NAME_SIZE];

	link_target(target, kind, number);
	st->st_size = (off_t)strlen(target); /* and no block, as elsewhere for a short one */
}

static bool is_head(struct source *source, uint32_t version)
{
	struct bk_log_status status;

	return bk_log_status(source->log, &status, NULL) || status.version == version;
}

static bool is_head_bucket(struct source *source, uint32_t bucket)
{
	struct bk_log_status status;

	return bk_log_status(source->log, &status, NULL) || bucket_of(status.version) == bucket;
}

/* The size of the image that NODE is, as ENTRY lists it, or as it is where it is open: the kernel
 * must not be told another one then. */
static void set_listed_size(struct fs *fs, struct source *source, const struct node *node,
	const struct bk_entry *entry, struct stat *st)
{
	struct bk_entry opened;
	uint32_t generation;
	bool is_open = images_find(&fs->images, node_ino(node), source, &opened, &generation) &&
		       generation == source->generation;

	set_image_size(st, is_open ? &opened : entry);
}

void attr_of_version(struct fs *fs, struct source *source, enum node_kind kind,
	const struct bk_entry *entry, struct fuse_entry_param *out)
{
	struct node node = {.kind = kind, .number = entry->version};

	if (node_type(kind) == S_IFREG)
		node.identity = node_identity(entry, source->generation);
	begin(fs, &node, entry->time_us, out);
	if (node_type(kind) == S_IFREG)
		out->generation = inode_generation(source->generation);
	if (kind == NODE_IMAGE) {
		set_listed_size(fs, source, &node, entry, &out->attr);
		out->attr_timeout = TIMEOUT_FOREVER;
	} else if (kind == NODE_SQL) {
		/* What the log keeps of it is what it keeps of the image. */
		set_sizes(&out->attr, entry_sql_size(entry), 0);
		/* A lone pragma may still join the head. */
		out->attr_timeout = is_head(source, entry->version) ? 0 : TIMEOUT_FOREVER;
	} else {
		set_target(&out->attr, kind, entry->version);
		out->attr_timeout = TIMEOUT_NAME;
		if (kind == NODE_AT_LINK)
			out->entry_timeout = 0;
	}
}

/* A file or link of a version. */
static int attr_by_version(
	struct fs *fs, struct source *source, const struct node *node, struct fuse_entry_param *out)
{
	struct bk_entry entry;
	uint32_t generation;
	int rc;

	/* An open file is what it was, whatever the log has there now. */
	if (node->kind == NODE_IMAGE &&
		images_find(&fs->images, node_ino(node), source, &entry, &generation)) {
		begin(fs, node, entry.time_us, out);
		out->generation = inode_generation(generation);
		set_image_size(&out->attr, &entry);
		out->attr_timeout = TIMEOUT_FOREVER;
		return 0;
	}
	rc = version_of_node(source, node, &entry);
	if (!rc && node->kind == NODE_IMAGE)
		rc = version_measure(&fs->images, source, &entry);
	if (!rc)
		attr_of_version(fs, source, node->kind, &entry, out);
	return rc == ENOENT ? ESTALE : rc;
}

/* The time of what was put into a directory last. */
static int newest_in(struct source *source, const struct node *node, int64_t *time_us)
{
	uint32_t from = node->number, to = node->number;
	struct period period;
	struct bk_entry entry;
	int rc;

	if (node->kind == NODE_DAY) {
		from = node->number * HOURS_A_DAY;
		to = from + HOURS_A_DAY - 1;
	}
	if (node->kind == NODE_DAY || node->kind == NODE_HOUR) {
		rc = period_find(source, from, to, &period);
		if (!rc)
			rc = version_find(source, period.last, &entry);
	} else {
		rc = bucket_newest(source, node->number, &entry);
	}
	if (!rc)
		*time_us = entry.time_us;
	return rc;
}

static int attr_of_directory(
	struct fs *fs, struct source *source, const struct node *node, struct fuse_entry_param *out)
{
	int64_t time_us;
	int rc = newest_in(source, node, &time_us);

	if (rc)
		return rc;
	begin(fs, node, time_us, out);
	if (node_type(node->kind) == S_IFLNK)
		set_target(&out->attr, node->kind, node->number);
	else if (node->kind != NODE_DAY && node->kind != NODE_HOUR &&
		 !is_head_bucket(source, node->number))
		out->attr_timeout = TIMEOUT_NAME;
	return 0;
}

/* The text is another one each time. Who has it open is told the size of what he reads: the kernel
 * does not say who asks, so it is that of the file opened last. */
static int set_status_size(struct fs *fs, struct source *source, struct stat *st)
{
	size_t size;
	char *text;

	if (!handles_text_size(&fs->handles, NODE_STATUS, &size)) {
		text = status_text(fs, source);
		if (!text)
			return ENOMEM;
		size = strlen(text);
		free(text);
	}
	set_size(st, size);
	return 0;
}

/* What is there in any log. */
static int attr_of_fixed(
	struct fs *fs, struct source *source, const struct node *node, struct fuse_entry_param *out)
{
	struct bk_log_status status;
	int rc = version_head(source, &status);

	if (rc && (rc != ENOENT || node->kind == NODE_LATEST))
		return rc;
	begin(fs, node, status.time_us, out);
	if (node_type(node->kind) != S_IFDIR)
		out->attr_timeout = 0;
	if (node->kind == NODE_LATEST)
		set_target(&out->attr, NODE_LATEST, status.version);
	return node->kind == NODE_STATUS ? set_status_size(fs, source, &out->attr) : 0;
}

int attr_of_node(
	struct fs *fs, struct source *source, const struct node *node, struct fuse_entry_param *out)
{
	switch (node->kind) {
	case NODE_IMAGE:
	case NODE_SQL:
	case NODE_IMAGE_ALIAS:
	case NODE_SQL_ALIAS:
	case NODE_AT_LINK:
	case NODE_TIME_LINK:
		return attr_by_version(fs, source, node, out);
	case NODE_IMAGE_BUCKET:
	case NODE_SQL_BUCKET:
	case NODE_IMAGE_BUCKET_ALIAS:
	case NODE_SQL_BUCKET_ALIAS:
	case NODE_DAY:
	case NODE_HOUR:
		return attr_of_directory(fs, source, node, out);
	case NODE_ROOT:
	case NODE_VERSIONS:
	case NODE_CHANGES:
	case NODE_AT:
	case NODE_DAYS:
	case NODE_LATEST:
	case NODE_STATUS:
		break;
	}
	return attr_of_fixed(fs, source, node, out);
}
