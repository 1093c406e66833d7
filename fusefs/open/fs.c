/* fs.c - what the operations of the mount share. */
#include "fs.h"

enum bk_code fs_init(struct fs *fs, const struct bk_io *io, const struct options *options,
	const char *path, const char *url, struct bk_error *err)
{
	enum bk_code code = scratch_init(&fs->scratch, READ_BYTES, err);

	if (code)
		return code;
	code = sources_open(&fs->sources, io, path, err);
	if (code) {
		scratch_done(&fs->scratch);
		return code;
	}
	judge_init(&fs->judge, &fs->sources);
	fs->io = io;
	fs->options = options;
	fs->url = url;
	images_init(&fs->images, options->cache_bytes);
	handles_init(&fs->handles);
	texts_init(&fs->texts, &fs->images);
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
	judge_done(&fs->judge);
	sources_close(&fs->sources);
	scratch_done(&fs->scratch);
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
