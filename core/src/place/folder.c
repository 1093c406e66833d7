/* folder.c - one log in a folder of a store: where it stands. */
#include "folder.h"
#include "codec.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OBJECT_MAX (2 * PIECE_MAX)
#define TRIES      3
#define LATE_MAX   65536 /* objects that a listing lacks */

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

static enum bk_code get(struct folder *folder, const struct piece *piece, uint64_t from,
	size_t size, struct bk_buf *out, struct bk_error *err)
{
	char name[PIECES_NAME];
	size_t before = out->size;
	bool is_there;
	enum bk_code code;

	bk_pieces_name(name, folder->name,
		piece->is_merged ? bk_pieces_stretch(piece->at) : piece->at, piece->is_merged);
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
	enum bk_code code = get(folder, piece, at - piece->at, size, out, err);

	if (code != BK_E_BUSY || piece->is_merged)
		return code;
	code = find_merged(folder, at, err);
	if (code)
		return code;
	piece = bk_pieces_find(&folder->way, at);
	return get(folder, piece, at - piece->at, size, out, err);
}

/* Takes BODY, which stands at chain.fed. */
static enum bk_code feed(struct folder *folder, const struct bk_buf *body, struct bk_error *err)
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
			code = feed(folder, &body, err);
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
static enum bk_code settle(struct folder *folder, struct bk_error *err)
{
	const struct piece *last =
		folder->way.count ? &folder->way.list[folder->way.count - 1] : NULL;

	if (!folder->is_read || !last || last->size == PIECE_MAX)
		return catch_up(folder, err);
	bk_chain_start(&folder->chain, folder->log.seed, folder->reached, 0);
	folder->is_start_known = false;
	return BK_OK;
}

/* Begins to look where a frame is known to begin: behind the last piece that may not end with one.
 */
static void start_chain(struct folder *folder)
{
	size_t i = folder->way.count;
	uint64_t from = LOG_HEADER_SIZE;

	while (i > 1 && folder->way.list[i - 2].size == PIECE_MAX &&
		!folder->way.list[i - 2].is_merged)
		i--;
	if (i > 1)
		from = folder->way.list[i - 1].at;
	bk_chain_start(&folder->chain, folder->log.seed, from, folder->log.sum);
	folder->is_start_known = from == LOG_HEADER_SIZE;
}

static enum bk_code load_header(struct folder *folder, struct bk_error *err)
{
	const struct piece first = {.at = 0, .size = LOG_HEADER_SIZE};
	struct bk_buf body;
	enum bk_code code;

	bk_buf_init(&body, LOG_HEADER_SIZE);
	code = get(folder, &first, 0, LOG_HEADER_SIZE, &body, err);
	if (code == BK_E_BUSY)
		code = bk_fail(err, BK_E_MISSING, 0, "the store holds no log %s", folder->name);
	if (!code)
		code = bk_header_decode(&folder->log, body.data, body.size, folder->name, err);
	if (!code)
		memcpy(folder->header, body.data, LOG_HEADER_SIZE);
	bk_buf_done(&body);
	return code;
}

static enum bk_code take_entry(void *ctx, const struct object_entry *entry, struct bk_error *err)
{
	struct piece piece;

	if (entry->is_folder || !bk_pieces_parse(&piece, entry->name, entry->size))
		return BK_OK;
	return bk_pieces_add(ctx, &piece, err);
}

enum bk_code bk_folder_doom(
	struct folder *folder, uint64_t at, int64_t due_ms, struct bk_error *err)
{
	struct doomed *longer = folder->doomed;

	if (!(folder->doomed_count & (folder->doomed_count - 1))) {
		longer = realloc(longer,
			(folder->doomed_count ? 2 * folder->doomed_count : 1) * sizeof *longer);
		if (!longer)
			return bk_fail(err, BK_E_NOMEM, 0, "no memory for a listing");
		folder->doomed = longer;
	}
	longer[folder->doomed_count++] = (struct doomed){.at = at, .due_ms = due_ms};
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
			code = bk_folder_doom(folder, piece->at, due_ms, err);
	}
	return code;
}

enum bk_code bk_folder_list(struct folder *folder, struct bk_error *err)
{
	struct pieces listed = {0};
	enum bk_code code = folder->objects->ops->list(
		folder->objects, folder->name, "", take_entry, &listed, err);

	if (!code)
		code = bk_pieces_walk(&folder->way, &listed, LOG_HEADER_SIZE, &folder->reached,
			&folder->is_closed, err);
	if (!code)
		code = note_covered(folder, &listed, err);
	bk_pieces_done(&listed);
	return code;
}

/* Whether the store has the object at AT that the listing lacks; its bytes are BODY then. */
static enum bk_code look_for(struct folder *folder, uint64_t at, bool is_merged,
	struct bk_buf *body, bool *is_there, struct bk_error *err)
{
	char name[PIECES_NAME];

	bk_buf_clear(body, OBJECT_MAX);
	bk_pieces_name(name, folder->name, at, is_merged);
	return folder->objects->ops->get(folder->objects, name, 0, 0, body, is_there, err);
}

/* An object of SIZE bytes, which the listing lacked, stands at AT. */
static enum bk_code go_on(
	struct folder *folder, uint64_t at, size_t size, bool is_merged, struct bk_error *err)
{
	const struct piece found = {.at = at, .size = size, .is_merged = is_merged};

	if (size > (is_merged ? OBJECT_MAX - 1 : PIECE_MAX))
		return bk_fail(err, BK_E_DAMAGE, 0,
			"the store's log %s has a piece that is too large, at offset %" PRIu64,
			folder->name, at);
	bk_pieces_cut(&folder->way, at);
	folder->reached = at + size;
	return bk_pieces_add(&folder->way, &found, err);
}

/* One step beyond where the listing ended; *MORE: there was one. */
static enum bk_code step(
	struct folder *folder, struct bk_buf *body, bool is_new, bool *more, struct bk_error *err)
{
	bool is_first, is_merged = false;
	uint64_t at = folder->reached;
	uint64_t start = bk_pieces_start(&folder->way, at, &is_first);
	enum bk_code code = look_for(folder, at, false, body, more, err);

	if (!code && !*more && is_new) {
		code = look_for(folder, bk_pieces_stretch(at), true, body, more, err);
		is_merged = *more;
		at = start;
	}
	if (code || !*more)
		return code;
	folder->is_closed = !body->size;
	*more = body->size;
	return *more ? go_on(folder, at, body->size, is_merged, err) : BK_OK;
}

/* Goes on by names; IS_NEW: the listing may have lacked anything. */
static enum bk_code probe(struct folder *folder, bool is_new, struct bk_error *err)
{
	struct bk_buf body;
	bool more = !folder->is_closed;
	enum bk_code code = BK_OK;

	folder->asked_ms = folder->objects->ops->now_ms(folder->objects);
	bk_buf_init(&body, OBJECT_MAX);
	for (unsigned steps = 0; !code && more; steps++) {
		uint64_t before = folder->reached;

		code = steps < LATE_MAX
			       ? step(folder, &body, is_new, &more, err)
			       : bk_fail(err, BK_E_LIMIT, 0, "the store's log does not end");
		/* What came is looked at at once, if it is the next. */
		if (!code && more && !is_new && !folder->is_read && folder->chain.fed == before)
			code = feed(folder, &body, err);
	}
	bk_buf_done(&body);
	return code;
}

enum bk_code bk_folder_probe(struct folder *folder, struct bk_error *err)
{
	enum bk_code code = probe(folder, false, err);

	return code ? code : settle(folder, err);
}

enum bk_code bk_folder_go_on(struct folder *folder, bool more, struct bk_error *err)
{
	enum bk_code code;

	folder->asked_ms = folder->objects->ops->now_ms(folder->objects);
	code = more ? probe(folder, true, err) : BK_OK;
	if (code)
		return code;
	folder->checked_ms = folder->asked_ms;
	start_chain(folder);
	return settle(folder, err);
}

static enum bk_code load(struct folder *folder, const char *name, struct bk_error *err)
{
	enum bk_code code;

	bk_folder_forget(folder);
	snprintf(folder->name, sizeof folder->name, "%s", name);
	code = bk_chain_new(&folder->chain, err);
	if (!code)
		code = load_header(folder, err);
	if (!code)
		code = bk_folder_list(folder, err);
	return code ? code : bk_folder_go_on(folder, true, err);
}

/* What was listed may be merged, and gone, before it is read. */
enum bk_code bk_folder_load(struct folder *folder, const char *name, struct bk_error *err)
{
	char kept[FOLDER_NAME];
	enum bk_code code = BK_E_BUSY;

	snprintf(kept, sizeof kept, "%s", name);
	for (int i = 0; i < TRIES && code == BK_E_BUSY; i++)
		code = load(folder, kept, err);
	if (code)
		bk_folder_forget(folder);
	return code;
}
