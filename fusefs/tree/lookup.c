/* lookup.c - names in directories. */
#include "lookup.h"
#include "attr.h"
#include "layout.h"
#include "measure.h"
#include "names.h"
#include "times.h"
#include "versions.h"
#include <bk/moment.h>
#include <bk/version.h>
#include <errno.h>
#include <string.h>

/* No name of its form will ever be there: the kernel may remember that. */
#define NEVER (-1)

static int in_root(
	struct fs *fs, struct source *source, const char *name, struct fuse_entry_param *out)
{
	for (const struct fixed_name *at = root_names; at->name; at++) {
		struct node node = {.kind = at->kind};

		if (strcmp(at->name, name) == 0)
			return attr_of_node(fs, source, &node, out);
	}
	return NEVER;
}

static int in_versions(struct fs *fs, struct source *source, const struct bucket_kind *kind,
	const char *name, struct fuse_entry_param *out)
{
	struct node node = {.kind = kind->bucket};
	char listed[NAME_SIZE];

	if (!name_to_bucket(name, &node.number))
		return NEVER;
	name_of_bucket(listed, node.number);
	if (strcmp(listed, name) != 0)
		node.kind = kind->bucket_alias;
	return attr_of_node(fs, source, &node, out);
}

static int in_bucket(struct fs *fs, struct source *source, const struct node *parent,
	const char *name, struct fuse_entry_param *out)
{
	const struct bucket_kind *kind = bucket_kind_of(parent->kind);
	char listed[NAME_SIZE];
	struct bk_entry entry;
	uint32_t version;
	bool is_listed;
	int rc;

	if (!name_to_version(name, kind->suffix, &version) || bucket_of(version) != parent->number)
		return NEVER;
	name_of_version(listed, version, kind->suffix);
	is_listed = strcmp(listed, name) == 0;
	rc = version_find(source, version, &entry);
	if (!rc && is_listed && kind->file == NODE_IMAGE)
		rc = version_measure(&fs->images, source, &entry);
	if (!rc)
		attr_of_version(fs, source, is_listed ? kind->file : kind->file_alias, &entry, out);
	return rc;
}

static int in_at(
	struct fs *fs, struct source *source, const char *name, struct fuse_entry_param *out)
{
	int64_t now_us = fs->io->ops->now_us(fs->io->ctx), time_us;
	struct bk_log_status status;
	struct bk_entry entry;
	int rc;

	if (!name_to_moment(name, now_us, &time_us))
		return NEVER;
	rc = version_head(source, &status);
	if (rc)
		return rc;
	/* A name of what is yet to come will lead somewhere one day: the kernel must ask again. */
	if (bk_moment_check_past(
		    name, time_us, now_us > status.time_us ? now_us : status.time_us, NULL))
		return ENOENT;
	rc = version_find_time(source, time_us, &entry);
	if (!rc)
		attr_of_version(fs, source, NODE_AT_LINK, &entry, out);
	return rc;
}

static int in_hour(struct fs *fs, struct source *source, uint32_t hour, const char *name,
	struct fuse_entry_param *out)
{
	struct period period;
	char listed[NAME_SIZE];
	struct bk_entry entry;
	uint32_t version;
	int rc;

	if (!name_to_time_link(name, &version))
		return NEVER;
	rc = period_find(source, hour, hour, &period);
	if (!rc)
		rc = version_find(source, version, &entry);
	if (rc)
		return rc;
	name_of_time_link(listed, &entry, hour);
	if (strcmp(listed, name) != 0 || bk_version_after(version, period.last) ||
		(period.has_before && !bk_version_after(version, period.before)))
		return ENOENT;
	attr_of_version(fs, source, NODE_TIME_LINK, &entry, out);
	return 0;
}

static int in_directory(struct fs *fs, struct source *source, const struct node *parent,
	const char *name, struct fuse_entry_param *out)
{
	struct node node = {.kind = NODE_DAY};

	switch (parent->kind) {
	case NODE_ROOT:
		return in_root(fs, source, name, out);
	case NODE_VERSIONS:
	case NODE_CHANGES:
		return in_versions(fs, source, bucket_kind_of(parent->kind), name, out);
	case NODE_IMAGE_BUCKET:
	case NODE_SQL_BUCKET:
		return in_bucket(fs, source, parent, name, out);
	case NODE_AT:
		return in_at(fs, source, name, out);
	case NODE_HOUR:
		return in_hour(fs, source, parent->number, name, out);
	case NODE_DAYS:
		return name_to_day(name, &node.number) ? attr_of_node(fs, source, &node, out)
						       : NEVER;
	case NODE_DAY:
		node.kind = NODE_HOUR;
		return name_to_hour(name, parent->number, &node.number)
			       ? attr_of_node(fs, source, &node, out)
			       : NEVER;
	default:
		return ENOTDIR;
	}
}

/* The directory that the directory NODE stands in. */
static struct node parent_of(const struct node *node)
{
	switch (node->kind) {
	case NODE_IMAGE_BUCKET:
		return (struct node){.kind = NODE_VERSIONS};
	case NODE_SQL_BUCKET:
		return (struct node){.kind = NODE_CHANGES};
	case NODE_DAY:
		return (struct node){.kind = NODE_DAYS};
	case NODE_HOUR:
		return (struct node){.kind = NODE_DAY, .number = node->number / HOURS_A_DAY};
	default:
		return (struct node){.kind = NODE_ROOT};
	}
}

/* "." and "..": the kernel asks for these only where it has a file's handle, from an NFS client
 * say, and has forgotten the file. */
static int look_up_dots(struct fs *fs, struct source *source, const struct node *node,
	bool is_parent, struct fuse_entry_param *out)
{
	struct node wanted = *node;

	if (is_parent && node_type(node->kind) != S_IFDIR)
		return ENOTDIR;
	if (is_parent)
		wanted = parent_of(node);
	return attr_of_node(fs, source, &wanted, out);
}

int lookup_name(struct fs *fs, struct source *source, const struct node *parent, const char *name,
	struct fuse_entry_param *out)
{
	bool is_self = strcmp(name, ".") == 0, is_parent = strcmp(name, "..") == 0;
	int rc = is_self || is_parent ? look_up_dots(fs, source, parent, is_parent, out)
				      : in_directory(fs, source, parent, name, out);

	if (rc != NEVER)
		return rc;
	memset(out, 0, sizeof *out);
	out->entry_timeout = TIMEOUT_FOREVER;
	return 0;
}
