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
	texts_init(&fs->texts, &fs->images);
	damage_init(&fs->damage);
	trouble_init(&fs->trouble);
	return BK_OK;
}

void fs_done(struct fs *fs)
{
	/* What is open when the mount dies is not released one by one. */
	while (fs->handles.open)
		fs_close(fs, fs->handles.open);
	handles_done(&fs->handles);
	texts_done(&fs->texts);
	images_done(&fs->images);
	sources_close(&fs->sources);
	damage_done(&fs->damage);
	trouble_done(&fs->trouble);
	pthread_key_delete(fs->scratch);
}

void fs_close(struct fs *fs, struct handle *handle)
{
	struct image *image = handle->image;
	struct text *text = handle->text;

	handle_close(&fs->handles, handle);
	if (image)
		images_close(&fs->images, image);
	texts_put(&fs->texts, text);
}

/* What the log no longer says, however often it is asked. */
static bool is_damage(enum bk_code code)
{
	return code == BK_E_DAMAGE || code == BK_E_SQL;
}

static int errno_of(enum bk_code code)
{
	switch (code) {
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
	return EIO;
}

int fs_errno(struct fs *fs, enum trouble_kind kind, uint32_t from, uint32_t to,
	const struct bk_error *err)
{
	if (is_damage(err->code))
		damage_note(&fs->damage, from, to, err->msg);
	else if (err->code != BK_E_MISSING)
		trouble_note(&fs->trouble, kind, from, err->msg);
	return errno_of(err->code);
}

int fs_errno_of_log(struct fs *fs, enum trouble_kind kind, const struct bk_error *err)
{
	if (err->code != BK_E_MISSING)
		trouble_note(&fs->trouble, kind, 0, err->msg);
	return errno_of(err->code);
}
