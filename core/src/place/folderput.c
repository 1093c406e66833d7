/* folderput.c - a log in a folder of a store gone on with: pieces put, and what a name that is
 * taken means (docs/objects.md, 4). */
#include "folder.h"
#include "writers.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* Knowing that nobody is ahead is good for so long: covered pieces stay twice as long. */
#define KNOWN_MS INT64_C(1800000)

#define CLOSE_TRIES 10

/* A store that keeps what came of a put that was cut is none. Nobody is told that this is there. */
static enum bk_code only_half(uint64_t at, struct bk_error *err)
{
	return bk_fail(err, BK_E_IO, 0,
		"the store keeps a part of what was put at offset %" PRIu64
		", and not all or nothing",
		at);
}

/* Whether SIZE bytes of whole frames stand at the beginning of DATA, which has as many at least. */
static bool is_whole(const uint8_t *data, size_t size)
{
	struct frame_head head;
	uint64_t at = 0;

	while (at + FRAME_HEAD_SIZE <= size && bk_frame_plausible(&head, data + at))
		at += bk_frame_size(&head);
	return at == size;
}

/* Its successor is on its way; or its end was lost, as a disk may lose it in a power cut. */
static enum bk_code closed(const struct folder *folder, struct bk_error *err)
{
	return bk_fail(err, BK_E_BUSY, 0,
		"the store's log %s was closed for another (if there is none for long: "
		"backup-cli mirror reset)",
		folder->name);
}

/* Whatever is there, compared with what was to be put: SIZE is what of it is there. */
static enum bk_code compare(struct folder *folder, uint64_t at, const struct bk_buf *there,
	const void *data, size_t *size, struct bk_error *err)
{
	size_t same = there->size < *size ? there->size : *size;

	if (!there->size)
		return closed(folder, err);
	if (same && memcmp(there->data, data, same) != 0)
		return bk_fail(err, BK_E_UNSAFE, 0,
			"the store does not take what comes: at offset %" PRIu64
			" stands what another writer put there",
			at);
	if (there->size > *size)
		return bk_fail(err, BK_E_BUSY, 0,
			"the store has more of the log than this at offset %" PRIu64, at);
	if (there->size < *size && !is_whole(data, there->size))
		return only_half(at, err);
	*size = there->size;
	return BK_OK;
}

/* The name was taken: maybe by us, with an answer that was lost. */
static enum bk_code look_at_it(struct folder *folder, const char *name, uint64_t at,
	const void *data, size_t *size, struct bk_error *err)
{
	struct bk_buf there;
	bool is_there;
	enum bk_code code;

	bk_buf_init(&there, 2 * PIECE_MAX);
	code = folder->objects->ops->get(folder->objects, name, 0, 0, &there, &is_there, err);
	if (!code && !is_there)
		code = bk_fail(
			err, BK_E_IO, 0, "the store says of %s that it is there, and is not", name);
	if (!code)
		code = compare(folder, at, &there, data, size, err);
	bk_buf_done(&there);
	return code;
}

/* Whether somebody is so far ahead that he merged what stands here: then this name may have been
 * free because it was removed. */
static enum bk_code check_ahead(struct folder *folder, uint64_t at, struct bk_error *err)
{
	struct objects *objects = folder->objects;
	int64_t now_ms = objects->ops->now_ms(objects);
	char name[PIECES_NAME];
	struct bk_buf byte;
	bool is_there;
	enum bk_code code;

	if (now_ms >= folder->checked_ms && now_ms - folder->checked_ms < KNOWN_MS)
		return BK_OK;
	bk_pieces_name(name, folder->name, bk_pieces_stretch(at), true);
	bk_buf_init(&byte, 1);
	code = objects->ops->get(objects, name, 0, 1, &byte, &is_there, err);
	bk_buf_done(&byte);
	if (!code && is_there)
		code = bk_fail(err, BK_E_BUSY, 0,
			"the store's log went on behind offset %" PRIu64 ", unseen", at);
	if (!code)
		folder->checked_ms = now_ms;
	return code;
}

/* Whether nobody else has begun to write since we did, where a name keeps nobody out. */
static enum bk_code check_writer(struct folder *folder, struct bk_error *err)
{
	return folder->objects->may_race
		       ? bk_writers_check(folder->objects, folder->name, folder->writer, err)
		       : BK_OK;
}

/* Puts the first SIZE bytes of what is held. */
static enum bk_code put_piece(struct folder *folder, size_t size, struct bk_error *err)
{
	struct objects *objects = folder->objects;
	struct piece piece = {.at = folder->reached, .writer = folder->writer};
	char name[PIECES_NAME];
	bool was_there;
	enum bk_code code;

	bk_pieces_object(name, folder->name, &piece);
	code = objects->ops->put(objects, name, folder->held.data, size, &was_there, err);
	if (!code && was_there)
		code = look_at_it(folder, name, piece.at, folder->held.data, &size, err);
	if (!code)
		code = check_ahead(folder, piece.at, err);
	if (!code)
		code = check_writer(folder, err);
	if (code)
		return code;
	piece.size = size;
	bk_folder_keep(folder, folder->held.data, size);
	bk_buf_consume(&folder->held, size);
	folder->reached += size;
	return bk_pieces_add(&folder->way, &piece, err);
}

/* What is held, up to its last whole frame; or, where that is larger than a piece, all. */
static enum bk_code flush(struct folder *folder, struct bk_error *err)
{
	enum bk_code code = BK_OK;

	while (!code && folder->chain.end > folder->reached) {
		uint64_t whole = folder->chain.end - folder->reached;

		code = put_piece(
			folder, whole < folder->held.size ? (size_t)whole : folder->held.size, err);
	}
	while (!code && folder->held.size == PIECE_MAX)
		code = put_piece(folder, folder->held.size, err);
	return code;
}

/* Whether the store keeps the second of two out, by the header's piece. */
static enum bk_code prove(struct folder *folder, bool *was_there, struct bk_error *err)
{
	struct objects *objects = folder->objects;
	char name[PIECES_NAME];
	bool again = true;
	enum bk_code code;

	bk_pieces_name(name, folder->name, 0, false);
	code = objects->ops->put(objects, name, folder->header, LOG_HEADER_SIZE, was_there, err);
	if (!code && !*was_there)
		code = objects->ops->put(
			objects, name, folder->header, LOG_HEADER_SIZE, &again, err);
	if (!code && !again)
		code = bk_fail(err, BK_E_UNSAFE, 0,
			"the store writes over what is there, whatever it is asked "
			"(If-None-Match): nothing would keep a second node out");
	return code;
}

/* From now on we are who writes, and see all that anybody was told is there. Whoever asked us where
 * the log stands was told what we saw before, so that must not be anything else. */
static enum bk_code take_over(struct folder *folder, struct bk_error *err)
{
	uint64_t end = folder->chain.end, sum = folder->chain.sum;
	uint32_t writer;
	enum bk_code code =
		bk_writers_take(folder->objects, folder->name, folder->newest, &writer, err);

	if (!code)
		code = bk_folder_load_as(folder, writer, err);
	if (!code && (folder->chain.end != end || folder->chain.sum != sum))
		code = bk_fail(err, BK_E_BUSY, 0,
			"the store's log went on meanwhile, behind offset %" PRIu64, end);
	return code;
}

/* The last object may be one of which nobody was told that it is there, and another, of a writer
 * who is late, may yet come in its place: it is put once more, by a name of ours. */
static enum bk_code adopt(struct folder *folder, struct bk_error *err)
{
	struct pieces *way = &folder->way;
	struct piece *last = way->count ? &way->list[way->count - 1] : NULL;
	char name[PIECES_NAME];
	struct bk_buf body;
	bool was_there = false;
	size_t size;
	enum bk_code code;

	if (!last || last->is_merged)
		return check_writer(folder, err);
	bk_buf_init(&body, PIECE_MAX);
	code = bk_folder_get(folder, last->at, (size_t)last->size, &body, err);
	last = &way->list[way->count - 1];
	if (!code && !last->is_merged) {
		last->writer = folder->writer;
		bk_pieces_object(name, folder->name, last);
		code = folder->objects->ops->put(
			folder->objects, name, body.data, body.size, &was_there, err);
	}
	size = body.size;
	if (!code && was_there)
		code = look_at_it(folder, name, last->at, body.data, &size, err);
	if (!code && size != body.size)
		code = only_half(last->at, err);
	bk_buf_done(&body);
	return code ? code : check_writer(folder, err);
}

/* Before the first of a session: what stands behind the last whole frame is put once more, and
 * found there. */
static enum bk_code settle(struct folder *folder, struct bk_error *err)
{
	bool was_there, may_race = folder->objects->may_race;
	const struct piece *piece;
	enum bk_code code = BK_OK;

	if (!folder->is_settled && may_race)
		code = take_over(folder, err);
	if (code || folder->is_settled)
		return code;
	bk_chain_drop(&folder->chain);
	piece = folder->chain.end < folder->reached
			? bk_pieces_find(&folder->way, folder->chain.end)
			: NULL;
	if (piece && piece->at != folder->chain.end)
		return bk_fail(err, BK_E_DAMAGE, 0,
			"the store's log %s has a piece that ends within a frame", folder->name);
	if (piece) {
		bk_pieces_cut(&folder->way, folder->chain.end);
		folder->reached = folder->chain.end;
	}
	folder->is_settled = true;
	code = prove(folder, &was_there, err);
	return code || !may_race ? code : adopt(folder, err);
}

/* Takes bytes into what is held, a piece at most at once. */
static enum bk_code take(
	struct folder *folder, const uint8_t *data, size_t size, struct bk_error *err)
{
	enum bk_code code = BK_OK;

	while (!code && size) {
		size_t room = PIECE_MAX - folder->held.size, part = size < room ? size : room;
		const char *wrong = bk_chain_feed(&folder->chain, data, part);

		if (wrong)
			return bk_fail(err, BK_E_UNSAFE, 0,
				"the store does not take what comes: at offset %" PRIu64 " %s",
				folder->chain.end, wrong);
		code = bk_buf_append(&folder->held, data, part, err);
		if (!code && folder->held.size == PIECE_MAX)
			code = flush(folder, err);
		data += part;
		size -= part;
	}
	return code;
}

static enum bk_code append(struct folder *folder, uint64_t offset, const void *data, size_t size,
	bool sync, struct bk_error *err)
{
	enum bk_code code = settle(folder, err);

	if (code)
		return code;
	if (offset != folder->chain.fed)
		return bk_fail(err, BK_E_BUSY, 0,
			"the store's log stands at offset %" PRIu64 ", and not at %" PRIu64,
			folder->chain.fed, offset);
	if (size && folder->is_closed)
		return closed(folder, err);
	code = take(folder, data, size, err);
	return code || !sync ? code : flush(folder, err);
}

enum bk_code bk_folder_append(struct folder *folder, uint64_t offset, const void *data, size_t size,
	bool sync, struct bk_error *err)
{
	enum bk_code code = append(folder, offset, data, size, sync, err);

	/* What is there is not what we believe, or may not be. */
	if (code)
		bk_folder_forget(folder);
	return code;
}

enum bk_code bk_folder_begin(
	struct folder *folder, const char *name, const uint8_t *header, struct bk_error *err)
{
	struct objects *objects = folder->objects;
	char kept[FOLDER_NAME];
	bool was_there;
	size_t size = LOG_HEADER_SIZE;
	enum bk_code code;

	snprintf(kept, sizeof kept, "%s", name);
	bk_folder_forget(folder);
	memcpy(folder->name, kept, sizeof kept);
	memcpy(folder->header, header, LOG_HEADER_SIZE);
	code = objects->ops->make_folder(objects, kept, err);
	if (!code)
		code = prove(folder, &was_there, err);
	if (!code && was_there) {
		char piece[PIECES_NAME];

		bk_pieces_name(piece, kept, 0, false);
		code = look_at_it(folder, piece, 0, header, &size, err);
	}
	return code ? code : bk_folder_load(folder, kept, err);
}

/* Where numbers are needed, what another closed is closed by us once more: he may have been late.
 */
static enum bk_code close_once(struct folder *folder, struct bk_error *err)
{
	struct objects *objects = folder->objects;
	struct piece piece = {.at = folder->reached, .writer = folder->writer};
	char name[PIECES_NAME];
	bool was_there;
	enum bk_code code;

	bk_pieces_object(name, folder->name, &piece);
	code = objects->ops->put(objects, name, NULL, 0, &was_there, err);
	if (!code && was_there && !objects->may_race)
		code = bk_fail(err, BK_E_BUSY, 0, "something stands at the store's log's end");
	if (!code)
		code = check_writer(folder, err);
	folder->is_closed |= !code;
	return code;
}

static enum bk_code try_to_close(struct folder *folder, struct bk_error *err)
{
	enum bk_code code = BK_OK;

	if (folder->objects->may_race)
		code = settle(folder, err);
	else if (folder->is_closed)
		return BK_OK;
	return code ? code : close_once(folder, err);
}

enum bk_code bk_folder_close(struct folder *folder, struct bk_error *err)
{
	enum bk_code code = try_to_close(folder, err);

	for (int i = 1; i < CLOSE_TRIES && code == BK_E_BUSY; i++) {
		code = bk_folder_load(folder, folder->name, err);
		if (!code)
			code = try_to_close(folder, err);
	}
	if (code == BK_E_BUSY)
		code = bk_fail(err, BK_E_BUSY, 0, "another writer goes on with the store's log %s",
			folder->name);
	return code;
}
