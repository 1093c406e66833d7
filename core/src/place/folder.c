/* folder.c - one log in a folder of a store: where it stands. */
#include "folder.h"
#include "codec.h"
#include "writers.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OBJECT_MAX (2 * PIECE_MAX)

/* A piece that a merged one covers is kept for so long. */
#define DOOM_MS INT64_C(3600000)

void bk_folder_init(struct folder *folder, struct objects *objects)
{
	*folder = (struct folder){.objects = objects};
	bk_buf_init(&folder->held, PIECE_MAX);
	bk_buf_init(&folder->kept, 4 * PIECE_MAX);
}

void bk_folder_forget(struct folder *folder)
{
	bool is_kept = folder->is_kept;
	struct objects *objects = folder->objects;

	bk_pieces_done(&folder->way);
	bk_buf_done(&folder->held);
	bk_buf_done(&folder->kept);
	bk_chain_free(&folder->chain);
	free(folder->doomed);
	bk_folder_init(folder, objects);
	folder->is_kept = is_kept;
}

void bk_folder_done(struct folder *folder)
{
	bk_folder_forget(folder);
}

enum bk_code bk_folder_get_of(struct folder *folder, const struct piece *piece, uint64_t from,
	size_t size, struct bk_buf *out, struct bk_error *err)
{
	char name[PIECES_NAME];
	size_t before = out->size;
	bool is_there;
	enum bk_code code;

	bk_pieces_object(name, folder->name, piece);
	code = folder->objects->ops->get(folder->objects, name, from, size, out, &is_there, err);
	if (!code && !is_there)
		code = bk_fail(err, BK_E_BUSY, 0, "%s is gone: it may have been merged", name);
	if (!code && out->size - before != size)
		code = bk_fail(err, BK_E_DAMAGE, 0,
			"%s has not the %" PRIu64 " bytes that the store listed", name,
			piece->size);
	return code;
}

/* A piece at AT is gone: it was merged, though the listing does not say so yet. */
static enum bk_code find_merged(struct folder *folder, uint64_t at, struct bk_error *err)
{
	struct bk_buf body;
	char name[PIECES_NAME];
	bool is_there;
	enum bk_code code;

	bk_buf_init(&body, OBJECT_MAX);
	bk_pieces_name(name, folder->name, bk_pieces_stretch(at), true);
	code = folder->objects->ops->get(folder->objects, name, 0, 0, &body, &is_there, err);
	if (!code && (!is_there || !bk_pieces_merge(&folder->way, at, body.size)))
		code = bk_fail(
			err, BK_E_BUSY, 0, "what the store has at offset %" PRIu64 " is gone", at);
	folder->merged = 0;
	bk_buf_done(&body);
	return code;
}

enum bk_code bk_folder_get(
	struct folder *folder, uint64_t at, size_t size, struct bk_buf *out, struct bk_error *err)
{
	const struct piece *piece = bk_pieces_find(&folder->way, at);
	enum bk_code code = bk_folder_get_of(folder, piece, at - piece->at, size, out, err);

	if (code != BK_E_BUSY || piece->is_merged)
		return code;
	code = find_merged(folder, at, err);
	if (code)
		return code;
	piece = bk_pieces_find(&folder->way, at);
	return bk_folder_get_of(folder, piece, at - piece->at, size, out, err);
}

/* Takes BODY, which stands at chain.fed. */
enum bk_code bk_folder_feed(struct folder *folder, const struct bk_buf *body, struct bk_error *err)
{
	const char *wrong;

	if (!folder->is_start_known && body->size >= FRAME_HEAD_SIZE)
		folder->chain.sum = bk_load_u32(body->data + FRAME_HEAD_SIZE - 4);
	folder->is_start_known = true;
	wrong = bk_chain_feed(&folder->chain, body->data, body->size);
	if (!wrong)
		return BK_OK;
	return bk_fail(err, BK_E_DAMAGE, 0,
		"the store's log %s is damaged: at offset %" PRIu64 " %s", folder->name,
		folder->chain.end, wrong);
}

/* Takes what was reached and is not looked at yet. */
static enum bk_code catch_up(struct folder *folder, struct bk_error *err)
{
	struct bk_buf body;
	enum bk_code code = BK_OK;

	bk_buf_init(&body, OBJECT_MAX);
	while (!code && folder->chain.fed < folder->reached) {
		uint64_t at = folder->chain.fed;
		const struct piece *piece = bk_pieces_find(&folder->way, at);

		bk_buf_clear(&body, OBJECT_MAX);
		code = bk_folder_get(
			folder, at, (size_t)(piece->at + piece->size - at), &body, err);
		if (!code)
			code = bk_folder_feed(folder, &body, err);
	}
	bk_buf_done(&body);
	if (!code && folder->chain.end < folder->reached &&
		folder->way.list[folder->way.count - 1].size != PIECE_MAX)
		code = bk_fail(err, BK_E_DAMAGE, 0,
			"the store's log %s ends in the middle of a frame, at offset %" PRIu64,
			folder->name, folder->chain.end);
	return code;
}

/* Where an object ends with a whole frame, who only reads need not look at it. */
enum bk_code bk_folder_settle(struct folder *folder, struct bk_error *err)
{
	const struct piece *last =
		folder->way.count ? &folder->way.list[folder->way.count - 1] : NULL;

	if (!folder->is_read || !last || last->size == PIECE_MAX)
		return catch_up(folder, err);
	bk_chain_start(&folder->chain, folder->log.seed, folder->reached, 0);
	folder->is_start_known = false;
	return BK_OK;
}

/* A listing as it comes. */
struct listing {
	struct pieces pieces;
	uint32_t newest; /* number of a writer */
};

static enum bk_code take_entry(void *ctx, const struct object_entry *entry, struct bk_error *err)
{
	struct listing *listing = ctx;
	struct piece piece = {.writer = entry->is_folder ? bk_writers_number(entry->name) : 0};
	bool is_told = entry->size != OBJECT_UNTOLD;
	bool is_piece = !entry->is_folder &&
			bk_pieces_parse(&piece, entry->name, is_told ? entry->size : 1);

	if (is_piece && !is_told)
		return bk_fail(err, BK_E_IO, 0,
			"the store does not say in its listing how large %s is", entry->name);
	if (piece.writer > listing->newest)
		listing->newest = piece.writer;
	return is_piece ? bk_pieces_add(&listing->pieces, &piece, err) : BK_OK;
}

enum bk_code bk_folder_doom(
	struct folder *folder, const struct piece *piece, int64_t due_ms, struct bk_error *err)
{
	struct doomed *longer = folder->doomed;

	if (!(folder->doomed_count & (folder->doomed_count - 1))) {
		longer = realloc(longer,
			(folder->doomed_count ? 2 * folder->doomed_count : 1) * sizeof *longer);
		if (!longer)
			return bk_fail(err, BK_E_NOMEM, 0, "no memory for a listing");
		folder->doomed = longer;
	}
	longer[folder->doomed_count++] = (struct doomed){.piece = *piece, .due_ms = due_ms};
	return BK_OK;
}

/* Notes the pieces of LISTED that merged ones cover. */
static enum bk_code note_covered(
	struct folder *folder, const struct pieces *listed, struct bk_error *err)
{
	int64_t due_ms = folder->objects->ops->now_ms(folder->objects) + DOOM_MS;
	enum bk_code code = BK_OK;

	for (size_t i = 0; i < listed->count && !code; i++) {
		const struct piece *piece = &listed->list[i], *over;

		over = piece->is_merged ? NULL : bk_pieces_find(&folder->way, piece->at);
		if (over && over->is_merged && piece->size &&
			piece->at + piece->size <= over->at + over->size)
			code = bk_folder_doom(folder, piece, due_ms, err);
	}
	return code;
}

enum bk_code bk_folder_list(struct folder *folder, struct bk_error *err)
{
	struct listing listing = {.newest = 0};
	struct pieces *listed = &listing.pieces;
	enum bk_code code = folder->objects->ops->list(
		folder->objects, folder->name, "", take_entry, &listing, err);

	folder->is_listed = folder->writer && listing.newest >= folder->writer;
	if (folder->newest < listing.newest)
		folder->newest = listing.newest;
	if (!code)
		code = bk_pieces_walk(&folder->way, listed, LOG_HEADER_SIZE, &folder->reached,
			&folder->is_closed, err);
	if (!code)
		code = note_covered(folder, listed, err);
	bk_pieces_done(listed);
	return code;
}
