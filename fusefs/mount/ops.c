/* ops.c - the table of operations that libfuse calls. */
#include "ops.h"
#include "attr.h"
#include "dir.h"
#include "fileops.h"
#include "lookup.h"
#include "names.h"
#include "request.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define STATFS_BLOCK    4096
#define NAME_LENGTH_MAX 255

static void ops_init(void *userdata, struct fuse_conn_info *conn)
{
	(void)userdata;
	/* The kernel offers what it is set to, and the follower sets that higher where it may. */
	conn->max_readahead = READAHEAD_BYTES;
	conn->max_write = READ_BYTES; /* bounds reads, too */
	/* Look-ups in one directory, some of which take a replay, need not wait for each other. */
	conn->want |= conn->capable & FUSE_CAP_PARALLEL_DIROPS;
	/* "." and ".." are looked up too: a handle of a file outlives the kernel's memory of it. */
	conn->want |= conn->capable & FUSE_CAP_EXPORT_SUPPORT;
}

static int look_up_once(
	struct fs *fs, const struct node *parent, const char *name, struct fuse_entry_param *entry)
{
	struct source *source = sources_get(&fs->sources);
	int rc = lookup_name(fs, source, parent, name, entry);

	source_put(source);
	return rc;
}

/* A name that is not there may be of a version that came after the last look at the log. */
static int look_up(
	struct fs *fs, const struct node *parent, const char *name, struct fuse_entry_param *entry)
{
	unsigned before = atomic_load(&fs->sources.changes);
	int rc = look_up_once(fs, parent, name, entry);

	if (rc != ENOENT)
		return rc;
	sources_look(&fs->sources);
	return atomic_load(&fs->sources.changes) == before ? rc
							   : look_up_once(fs, parent, name, entry);
}

static void ops_lookup(fuse_req_t req, fuse_ino_t parent_ino, const char *name)
{
	struct fs *fs = fuse_req_userdata(req);
	struct fuse_entry_param entry;
	struct node parent;
	int rc;

	request_begin(req);
	rc = node_of_ino(&parent, parent_ino) ? look_up(fs, &parent, name, &entry) : ESTALE;
	request_end();
	if (rc)
		fuse_reply_err(req, rc);
	else
		fuse_reply_entry(req, &entry);
}

static void ops_getattr(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	struct fs *fs = fuse_req_userdata(req);
	struct source *source = sources_get(&fs->sources);
	struct fuse_entry_param entry;
	struct node node;
	int rc;

	request_begin(req);
	rc = node_of_ino(&node, ino) ? attr_of_node(fs, source, &node, &entry) : ESTALE;
	request_end();
	source_put(source);
	if (!rc && fi && node.kind == NODE_STATUS)
		fileops_size(fi, &entry.attr);
	if (rc)
		fuse_reply_err(req, rc == ENOENT ? ESTALE : rc);
	else
		fuse_reply_attr(req, &entry.attr, entry.attr_timeout);
}

static void ops_readlink(fuse_req_t req, fuse_ino_t ino)
{
	struct fs *fs = fuse_req_userdata(req);
	struct bk_log_status status;
	char target[NAME_SIZE];
	struct node node;

	if (!node_of_ino(&node, ino) || node_type(node.kind) != S_IFLNK) {
		fuse_reply_err(req, EINVAL);
		return;
	}
	if (node.kind == NODE_LATEST) {
		struct source *source = sources_get(&fs->sources);
		struct bk_error err;
		int rc = bk_log_status(source->log, &status, &err)
				 ? health_errno_of_log(source->health, TROUBLE_LOG, &err)
				 : 0;

		source_put(source);
		if (rc) {
			fuse_reply_err(req, rc);
			return;
		}
		node.number = status.version;
	}
	link_target(target, node.kind, node.number);
	fuse_reply_readlink(req, target);
}

static void list(fuse_req_t req, fuse_ino_t ino, size_t size, off_t offset, bool is_plus)
{
	struct fs *fs = fuse_req_userdata(req);
	struct dirbuf dirbuf = {.fs = fs, .req = req, .is_plus = is_plus, .size = size};
	struct node node;
	int rc = ESTALE;

	dirbuf.buf = malloc(size);
	if (!dirbuf.buf) {
		fuse_reply_err(req, ENOMEM);
		return;
	}
	if (!offset)
		sources_look(&fs->sources); /* a list begins with what is there now */
	dirbuf.source = sources_get(&fs->sources);
	request_begin(req);
	if (node_of_ino(&node, ino))
		rc = dir_list(&dirbuf, &node, offset);
	request_end();
	source_put(dirbuf.source);
	/* What was found before a failure counts: the next request meets it again. */
	if (rc && !dirbuf.used)
		fuse_reply_err(req, rc);
	else
		fuse_reply_buf(req, dirbuf.buf, dirbuf.used);
	free(dirbuf.buf);
}

static void ops_readdir(
	fuse_req_t req, fuse_ino_t ino, size_t size, off_t offset, struct fuse_file_info *fi)
{
	(void)fi;
	list(req, ino, size, offset, false);
}

static void ops_readdirplus(
	fuse_req_t req, fuse_ino_t ino, size_t size, off_t offset, struct fuse_file_info *fi)
{
	(void)fi;
	list(req, ino, size, offset, true);
}

static void ops_statfs(fuse_req_t req, fuse_ino_t ino)
{
	struct fs *fs = fuse_req_userdata(req);
	struct source *source = sources_get(&fs->sources);
	struct bk_log_status status;
	struct statvfs st = {
		.f_bsize = STATFS_BLOCK,
		.f_frsize = STATFS_BLOCK,
		.f_flag = ST_RDONLY,
		.f_namemax = NAME_LENGTH_MAX,
	};

	(void)ino;
	/* A full disk, as large as the log. */
	if (!bk_log_status(source->log, &status, NULL)) {
		st.f_blocks = (status.log_bytes + STATFS_BLOCK - 1) / STATFS_BLOCK;
		st.f_files = status.changes;
	}
	source_put(source);
	fuse_reply_statfs(req, &st);
}

/* The mount is read-only, so the kernel asks for none of these, unless root mounts it anew with
 * rw. */
static void ops_setattr(
	fuse_req_t req, fuse_ino_t ino, struct stat *st, int to_set, struct fuse_file_info *fi)
{
	(void)ino, (void)st, (void)to_set, (void)fi;
	fuse_reply_err(req, EROFS);
}

static void ops_mknod(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode, dev_t dev)
{
	(void)parent, (void)name, (void)mode, (void)dev;
	fuse_reply_err(req, EROFS);
}

static void ops_mkdir(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode)
{
	(void)parent, (void)name, (void)mode;
	fuse_reply_err(req, EROFS);
}

/* unlink, rmdir, removexattr */
static void ops_remove(fuse_req_t req, fuse_ino_t ino, const char *name)
{
	(void)ino, (void)name;
	fuse_reply_err(req, EROFS);
}

static void ops_symlink(fuse_req_t req, const char *target, fuse_ino_t parent, const char *name)
{
	(void)target, (void)parent, (void)name;
	fuse_reply_err(req, EROFS);
}

static void ops_rename(fuse_req_t req, fuse_ino_t parent, const char *name, fuse_ino_t newparent,
	const char *newname, unsigned int flags)
{
	(void)parent, (void)name, (void)newparent, (void)newname, (void)flags;
	fuse_reply_err(req, EROFS);
}

static void ops_link(fuse_req_t req, fuse_ino_t ino, fuse_ino_t newparent, const char *newname)
{
	(void)ino, (void)newparent, (void)newname;
	fuse_reply_err(req, EROFS);
}

static void ops_create(
	fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode, struct fuse_file_info *fi)
{
	(void)parent, (void)name, (void)mode, (void)fi;
	fuse_reply_err(req, EROFS);
}

static void ops_setxattr(
	fuse_req_t req, fuse_ino_t ino, const char *name, const char *value, size_t size, int flags)
{
	(void)ino, (void)name, (void)value, (void)size, (void)flags;
	fuse_reply_err(req, EROFS);
}

/* There is no getxattr and no listxattr: libfuse then says ENOSYS, and the kernel stops asking. Nor
 * access: modes are checked by the kernel (default_permissions). Nothing is allocated for an inode,
 * so forgets mean nothing. */
const struct fuse_lowlevel_ops ops_table = {
	.init = ops_init,
	.lookup = ops_lookup,
	.getattr = ops_getattr,
	.readlink = ops_readlink,
	.readdir = ops_readdir,
	.readdirplus = ops_readdirplus,
	.open = fileops_open,
	.read = fileops_read,
	.release = fileops_release,
	.statfs = ops_statfs,
	.setattr = ops_setattr,
	.mknod = ops_mknod,
	.mkdir = ops_mkdir,
	.unlink = ops_remove,
	.rmdir = ops_remove,
	.removexattr = ops_remove,
	.symlink = ops_symlink,
	.rename = ops_rename,
	.link = ops_link,
	.create = ops_create,
	.setxattr = ops_setxattr,
};
