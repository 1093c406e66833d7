/* fs.c - what the operations of the mount share. */
#include "fs.h"
#include <errno.h>
#include <stdlib.h>

enum bk_code fs_init(struct fs *fs, const struct bk_io *io, const struct options *options,
	const char *path, const char *url, struct bk_error *err)
{
	enum bk_code code;
	int rc = pthread_key_create(&fs->scratch, free);

	if (rc)
		return bk_fail(err, BK_E_NOMEM, rc, "cannot keep a buffer for each thread");
	code = sources_open(&fs->sources, io, path, err);
	if (code) {
		pthread_key_delete(fs->scratch);
		return code;
	}
	fs->io = io;
	fs->options = options;
	fs->url = url;
	images_init(&fs->images, options->cache_bytes);
	handles_init(&fs->handles);
	damage_init(&fs->damage);
	return BK_OK;
}

void fs_done(struct fs *fs)
{
	/* What is open when the mount dies is not released one by one. */
	while (fs->handles.open)
		fs_close(fs, fs->handles.open);
	handles_done(&fs->handles);
	images_done(&fs->images);
	sources_close(&fs->sources);
	damage_done(&fs->damage);
	pthread_key_delete(fs->scratch);
}

void fs_close(struct fs *fs, struct handle *handle)
{
	if (handle->image)
		images_close(&fs->images, handle->image);
	handle_close(&fs->handles, handle);
}

int fs_errno(struct fs *fs, uint32_t from, uint32_t to, const struct bk_error *err)
{
	switch (err->code) {
	case BK_OK:
		return 0;
	case BK_E_MISSING:
		return ENOENT;
	case BK_E_NOMEM:
		return ENOMEM;
	case BK_E_IO:
	case BK_E_LIMIT:
	case BK_E_DAMAGE:
	case BK_E_FORMAT:
	case BK_E_EXISTS:
	case BK_E_BUSY:
	case BK_E_INVALID:
	case BK_E_SQL:
	case BK_E_UNSAFE:
		break;
	}
	damage_note(&fs->damage, from, to, err->msg);
	return EIO;
}
