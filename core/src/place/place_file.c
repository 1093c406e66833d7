/* place_file.c - a place in a file. */
#include "place_file.h"
#include "store.h"
#include <stdlib.h>

struct place_file {
	struct place place;
	struct store store;
};

static struct store *store_of(struct place *place)
{
	return &((struct place_file *)place)->store;
}

static enum bk_code file_head(struct place *place, struct place_head *out, struct bk_error *err)
{
	return bk_store_head(store_of(place), out, err);
}

static enum bk_code file_begin(
	struct place *place, const uint8_t *header, enum place_begin how, struct bk_error *err)
{
	return bk_store_begin(store_of(place), header, how, err);
}

static enum bk_code file_append(struct place *place, const uint8_t *id, uint64_t offset,
	const void *data, size_t size, bool sync, struct bk_error *err)
{
	return bk_store_append(store_of(place), id, offset, data, size, sync, err);
}

static enum bk_code file_commit(struct place *place, const uint8_t *id, struct bk_error *err)
{
	return bk_store_commit(store_of(place), id, err);
}

static enum bk_code file_read(struct place *place, const uint8_t *id, uint64_t offset, void *data,
	size_t size, size_t *got, struct bk_error *err)
{
	return bk_store_read(store_of(place), id, offset, data, size, got, err);
}

static enum bk_code file_list(struct place *place, struct bk_buf *names, struct bk_error *err)
{
	return bk_store_list(store_of(place), names, err);
}

static void file_close(struct place *place)
{
	bk_store_done(store_of(place));
	free(place);
}

static const struct place_ops file_ops = {
	.head = file_head,
	.begin = file_begin,
	.append = file_append,
	.commit = file_commit,
	.read = file_read,
	.list = file_list,
	.close = file_close,
};

enum bk_code bk_place_file(
	struct place **out, const struct bk_io *io, const char *path, struct bk_error *err)
{
	struct place_file *file = calloc(1, sizeof *file);
	enum bk_code code;

	if (!file)
		return bk_fail(err, BK_E_NOMEM, 0, "no memory to open %s", path);
	file->place.ops = &file_ops;
	code = bk_store_init(&file->store, io, path, NULL, err);
	if (code) {
		free(file);
		return code;
	}
	*out = &file->place;
	return BK_OK;
}
