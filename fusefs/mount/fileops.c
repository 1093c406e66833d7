/* fileops.c - reading files: images, SQL, status.json. */
#include "fileops.h"
#include "request.h"
#include "status.h"
#include "versions.h"
#include <bk/log.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

/* Making a text of more takes a while: nobody else makes the same meanwhile. */
#define TEXT_LARGE ((size_t)1 << 20)

/* Has the kernel ask for the size of an open image, if it is not the one that the log lists, which
 * the kernel was told before: another SQLite, which made the list, may lay pages out otherwise.
 * Only what the kernel keeps of the inode is touched, so it cannot wait for the very call that this
 * is. */
static void tell_size(struct fs *fs, struct source *source, const struct handle *handle)
{
	const struct bk_entry *opened = bk_rebuild_entry(handle->image->rebuild);
	struct bk_entry listed;

	if (!bk_log_find(source->log, handle->node.number, &listed, NULL) &&
		entry_has_size(&listed) && entry_size(&listed) != entry_size(opened))
		fuse_lowlevel_notify_inval_inode(fs->session, node_ino(&handle->node), -1, 0);
}

static int open_image(
	struct fs *fs, struct source *source, struct handle *handle, struct fuse_file_info *fi)
{
	uint32_t version = handle->node.number;
	struct bk_error err;

	fi->keep_cache = 1;
	if (images_open(&handle->image, &fs->images, source, &handle->node, &err))
		return err.code == BK_E_MISSING
			       ? ESTALE
			       : source_errno(source, TROUBLE_OPEN, version, version, &err);
	trouble_passed(&source->health->trouble, TROUBLE_OPEN, version);
	tell_size(fs, source, handle);
	return 0;
}

/* A bk_sql_fn. */
static enum bk_code add_sql(void *ctx, const void *bytes, size_t size, struct bk_error *err)
{
	if (request_is_gone(NULL))
		return bk_fail(err, BK_E_CANCELLED, 0, "nobody waits for the text any more");
	return text_append(ctx, bytes, size, err);
}

/* The statements of a version, one after the other, of the size that was told without reading them.
 */
static enum bk_code fill_sql(struct source *source, const struct bk_entry *entry,
	struct text_content *content, struct bk_error *err)
{
	enum bk_code code = bk_log_sql_pieces(source->log, entry->version, add_sql, content, err);

	if (!code && content->size < entry_sql_size(entry))
		code = bk_fail(err, BK_E_DAMAGE, 0,
			"the SQL of version %u is not as long as listed", entry->version);
	return code;
}

/* The text of ENTRY's statements: somebody's who has it open, or made. */
static enum bk_code sql_text(struct fs *fs, struct source *source, struct handle *handle,
	const struct bk_entry *entry, struct bk_error *err)
{
	uint64_t ino = node_ino(&handle->node);
	struct text_content content;
	enum bk_code code;

	handle->text = texts_share(&fs->texts, ino, source->generation, entry_sql_size(entry));
	if (handle->text)
		return BK_OK;
	text_init(&content, fs->io);
	code = fill_sql(source, entry, &content, err);
	if (!code) {
		handle->text = texts_add(&fs->texts, ino, source->generation, &content);
		if (handle->text)
			return BK_OK;
		code = bk_fail(err, BK_E_NOMEM, 0, "no memory to open a text");
	}
	text_done(&content);
	return code;
}

static int open_sql(
	struct fs *fs, struct source *source, struct handle *handle, struct fuse_file_info *fi)
{
	struct bk_log_status head;
	struct bk_entry entry;
	struct bk_error err;
	bool is_large;
	enum bk_code code;
	int rc = version_of_node(source, &handle->node, &entry);

	if (rc)
		return rc;
	/* A lone pragma may still join the head. */
	fi->keep_cache = !bk_log_status(source->log, &head, NULL) && head.version != entry.version;
	is_large = entry_sql_size(&entry) >= TEXT_LARGE;
	if (is_large)
		pthread_mutex_lock(&fs->texts.making);
	code = sql_text(fs, source, handle, &entry, &err);
	if (is_large)
		pthread_mutex_unlock(&fs->texts.making);
	if (code)
		return source_errno(source, TROUBLE_OPEN, entry.version, entry.version, &err);
	trouble_passed(&source->health->trouble, TROUBLE_OPEN, entry.version);
	return 0;
}

/* Its size may be another one than the kernel was told before: so past its cache. */
static int open_status(
	struct fs *fs, struct source *source, struct handle *handle, struct fuse_file_info *fi)
{
	char *json = status_text(fs, source);
	struct text_content content;

	fi->direct_io = 1;
	text_init(&content, fs->io);
	if (json && !text_append(&content, json, strlen(json), NULL))
		handle->text = texts_add(&fs->texts, 0, 0, &content);
	if (!handle->text)
		text_done(&content);
	free(json);
	return handle->text ? 0 : ENOMEM;
}

static int open_node(struct fs *fs, const struct node *node, struct fuse_file_info *fi)
{
	struct handle *handle = handle_new(node);
	struct source *source;
	int rc = ESTALE;

	if (!handle)
		return ENOMEM;
	source = sources_get(&fs->sources);
	if (node->kind == NODE_IMAGE)
		rc = open_image(fs, source, handle, fi);
	else if (node->kind == NODE_SQL)
		rc = open_sql(fs, source, handle, fi);
	else if (node->kind == NODE_STATUS)
		rc = open_status(fs, source, handle, fi);
	source_put(source);
	if (rc) {
		fs_close(fs, handle);
		return rc;
	}
	handles_add(&fs->handles, handle);
	fi->fh = (uint64_t)(uintptr_t)handle;
	return 0;
}

static struct handle *handle_of(const struct fuse_file_info *fi)
{
	return (struct handle *)(uintptr_t)fi->fh;
}

void fileops_open(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	struct fs *fs = fuse_req_userdata(req);
	struct node node;
	int rc = EROFS;

	request_begin(req);
	if ((fi->flags & O_ACCMODE) == O_RDONLY && !(fi->flags & O_TRUNC))
		rc = node_of_ino(&node, ino) ? open_node(fs, &node, fi) : ESTALE;
	if (rc)
		fuse_reply_err(req, rc);
	else if (fuse_reply_open(req, fi) == -ENOENT)
		/* Whoever wanted it was interrupted: there will be no release. */
		fs_close(fs, handle_of(fi));
	request_end();
}

static void read_image(
	struct fs *fs, fuse_req_t req, struct image *image, size_t size, off_t offset)
{
	struct health *health = image->source->health;
	uint32_t version = image->node.number;
	char *data = scratch_get(&fs->scratch, size);
	struct bk_error err;
	size_t done;

	if (!data) {
		fuse_reply_err(req, ENOMEM);
	} else if (!images_read(&fs->images, image, data, size, (uint64_t)offset, &done, &err)) {
		trouble_passed(&health->trouble, TROUBLE_READ, version);
		fuse_reply_buf(req, data, done);
	} else if (err.code == BK_E_MISSING) {
		fuse_reply_err(req, ESTALE);
	} else {
		fuse_reply_err(
			req, source_errno(image->source, TROUBLE_READ, version, version, &err));
	}
}

/* Replies with a copy: whoever has the answer may close the file before the reply has returned. */
static void read_text(struct fs *fs, fuse_req_t req, const struct text_content *content,
	size_t size, off_t offset)
{
	uint64_t left = (uint64_t)offset < content->size ? content->size - (uint64_t)offset : 0;
	char *data = scratch_get(&fs->scratch, size < left ? size : (size_t)left);
	size_t done;

	if (!data)
		fuse_reply_err(req, ENOMEM);
	else if (text_read(content, data, size, (uint64_t)offset, &done, NULL))
		fuse_reply_err(req, EIO);
	else
		fuse_reply_buf(req, data, done);
}

void fileops_read(
	fuse_req_t req, fuse_ino_t ino, size_t size, off_t offset, struct fuse_file_info *fi)
{
	const struct handle *handle = handle_of(fi);
	struct fs *fs = fuse_req_userdata(req);

	(void)ino;
	request_begin(req);
	if (handle->image)
		read_image(fs, req, handle->image, size, offset);
	else
		read_text(fs, req, &handle->text->content, size, offset);
	request_end();
}

void fileops_release(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	(void)ino;
	fs_close(fuse_req_userdata(req), handle_of(fi));
	fuse_reply_err(req, 0);
}

void fileops_size(const struct fuse_file_info *fi, struct stat *st)
{
	st->st_size = (off_t)handle_of(fi)->text->content.size;
}
