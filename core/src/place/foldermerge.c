/* foldermerge.c - stretches of a log merged into one object each, and the pieces that it covers
 * removed an hour later (docs/objects.md, 4). */
#include "folder.h"
#include <stdlib.h>
#include <string.h>

#define DOOM_MS   INT64_C(3600000)
#define KEEP_MOST ((size_t)(4 * PIECE_MAX))
#define KEEP      ((size_t)(2 * PIECE_MAX))

/* Objects of the way that make up one stretch. */
struct stretch {
	size_t first, count;
	uint64_t at, size;
};

void bk_folder_keep(struct folder *folder, const void *data, size_t size)
{
	struct bk_error ignored;

	if (folder->kept.size + size > KEEP_MOST)
		bk_buf_consume(&folder->kept, folder->kept.size - KEEP);
	/* Without memory it is read from the store again. */
	if (bk_buf_append(&folder->kept, data, size, &ignored))
		bk_buf_clear(&folder->kept, 0);
}

/* The next stretch that is over and has several pieces; false if there is none. A piece behind it
 * ends a frame: nothing stands at the end of the way that is not whole. */
static bool next_stretch(struct folder *folder, struct stretch *out)
{
	const struct pieces *way = &folder->way;

	while (folder->merged < way->count) {
		const struct piece *first = &way->list[folder->merged], *last = first;
		size_t end = folder->merged;

		while (end < way->count &&
			bk_pieces_stretch(way->list[end].at) == bk_pieces_stretch(first->at))
			last = &way->list[end++];
		if (end == way->count || folder->chain.end < folder->reached)
			return false;
		*out = (struct stretch){.first = folder->merged,
			.count = end - folder->merged,
			.at = first->at,
			.size = last->at + last->size - first->at};
		if (out->count > 1 && last->size < PIECE_MAX)
			return true;
		folder->merged = end;
	}
	return false;
}

/* Where PIECE stands in what is kept, as far as it does. */
static const uint8_t *kept_of(const struct folder *folder, const struct piece *piece)
{
	uint64_t from = folder->reached - folder->kept.size;

	return folder->kept.size && piece->at >= from ? folder->kept.data + (piece->at - from)
						      : NULL;
}

static enum bk_code gather(struct folder *folder, const struct stretch *stretch, struct bk_buf *out,
	struct bk_error *err)
{
	enum bk_code code = BK_OK;

	for (size_t i = 0; i < stretch->count && !code; i++) {
		const struct piece *piece = &folder->way.list[stretch->first + i];
		const uint8_t *bytes = kept_of(folder, piece);

		if (bytes)
			code = bk_buf_append(out, bytes, (size_t)piece->size, err);
		else
			code = bk_folder_get(folder, piece->at, (size_t)piece->size, out, err);
		if (!code && folder->way.list[stretch->first].is_merged)
			code = bk_fail(err, BK_E_BUSY, 0, "another merges the store's log");
	}
	return code;
}

/* The pieces of STRETCH are covered from now on. */
static enum bk_code cover(
	struct folder *folder, const struct stretch *stretch, struct bk_error *err)
{
	struct piece *list = folder->way.list + stretch->first;
	int64_t due_ms = folder->objects->ops->now_ms(folder->objects) + DOOM_MS;
	enum bk_code code = BK_OK;

	for (size_t i = 0; i < stretch->count && !code; i++)
		code = bk_folder_doom(folder, &list[i], due_ms, err);
	if (code)
		return code;
	list[0] = (struct piece){.at = stretch->at, .size = stretch->size, .is_merged = true};
	memmove(list + 1, list + stretch->count,
		(folder->way.count - stretch->first - stretch->count) * sizeof *list);
	folder->way.count -= stretch->count - 1;
	folder->merged = stretch->first + 1;
	return BK_OK;
}

/* Something is there under its name already: the same, from a time before. */
static enum bk_code check_same(
	struct folder *folder, const char *name, const struct bk_buf *bytes, struct bk_error *err)
{
	struct bk_buf there;
	bool is_there;
	enum bk_code code;

	bk_buf_init(&there, 2 * PIECE_MAX);
	code = folder->objects->ops->get(folder->objects, name, 0, 0, &there, &is_there, err);
	if (!code && is_there &&
		(there.size != bytes->size || memcmp(there.data, bytes->data, there.size) != 0))
		code = bk_fail(err, BK_E_UNSAFE, 0, "%s holds what another writer put there", name);
	bk_buf_done(&there);
	return code;
}

static enum bk_code merge(
	struct folder *folder, const struct stretch *stretch, struct bk_error *err)
{
	struct objects *objects = folder->objects;
	char name[PIECES_NAME];
	struct bk_buf bytes;
	bool was_there;
	enum bk_code code;

	bk_pieces_name(name, folder->name, bk_pieces_stretch(stretch->at), true);
	bk_buf_init(&bytes, (size_t)stretch->size);
	code = gather(folder, stretch, &bytes, err);
	if (!code)
		code = objects->ops->put(objects, name, bytes.data, bytes.size, &was_there, err);
	if (!code && was_there)
		code = check_same(folder, name, &bytes, err);
	bk_buf_done(&bytes);
	return code ? code : cover(folder, stretch, err);
}

static enum bk_code remove_one(
	struct folder *folder, const struct piece *piece, struct bk_error *err)
{
	struct objects *objects = folder->objects;
	char name[PIECES_NAME];
	enum bk_code code;

	bk_pieces_object(name, folder->name, piece);
	code = objects->ops->remove(objects, name, &folder->is_kept, err);
	if (!code)
		folder->doomed_next++;
	return code;
}

enum bk_code bk_folder_tend(struct folder *folder, uint32_t *wait_ms, struct bk_error *err)
{
	int64_t now_ms = folder->objects->ops->now_ms(folder->objects);
	const struct doomed *next;
	struct stretch stretch;

	*wait_ms = UINT32_MAX;
	if (!*folder->name || folder->is_kept)
		return BK_OK;
	*wait_ms = 0;
	next = folder->doomed_next < folder->doomed_count ? &folder->doomed[folder->doomed_next]
							  : NULL;
	if (next && next->due_ms <= now_ms)
		return remove_one(folder, &next->piece, err);
	if (next_stretch(folder, &stretch))
		return merge(folder, &stretch, err);
	*wait_ms = next ? (uint32_t)(next->due_ms - now_ms) : UINT32_MAX;
	return BK_OK;
}
