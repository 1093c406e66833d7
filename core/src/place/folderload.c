/* folderload.c - one log in a folder of a store: where it stands, by a listing, and by names for
 * what that may lack (docs/objects.md, 4 and 5). */
#include "folder.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define OBJECT_MAX    (2 * PIECE_MAX)
#define LATE_MAX      65536 /* objects that a listing lacks */
#define TRIES         3
#define WRITERS_TRIED 16

/* Whether the store has PIECE, which the listing lacks; its bytes are BODY then. */
static enum bk_code look_for(struct folder *folder, const struct piece *piece, struct bk_buf *body,
	bool *is_there, struct bk_error *err)
{
	char name[PIECES_NAME];

	bk_buf_clear(body, OBJECT_MAX);
	bk_pieces_object(name, folder->name, piece);
	return folder->objects->ops->get(folder->objects, name, 0, 0, body, is_there, err);
}

/* Who put the last object, by its name; nothing that counts behind it is of one before him. */
static uint32_t last_writer(const struct folder *folder)
{
	const struct pieces *way = &folder->way;

	return way->count ? way->list[way->count - 1].writer : 0;
}

/* The newest writer but ourselves, who have put nothing yet that the store may lack. */
static uint32_t newest_other(const struct folder *folder)
{
	return folder->writer && folder->newest == folder->writer ? folder->newest - 1
								  : folder->newest;
}

bool bk_folder_is_contended(const struct folder *folder)
{
	return newest_other(folder) > last_writer(folder);
}

struct piece bk_folder_next(const struct folder *folder)
{
	return (struct piece){.at = folder->reached, .writer = newest_other(folder)};
}

/* The oldest writer whose names are tried, from OLDEST on: many may have begun in vain. Who has a
 * number that is not listed yet tries them all: the listing is older than that. */
static uint32_t oldest_tried(const struct folder *folder, uint32_t oldest)
{
	uint32_t newest = newest_other(folder);
	bool must_all = folder->writer && !folder->is_listed;

	return must_all || newest < WRITERS_TRIED || oldest > newest - WRITERS_TRIED
		       ? oldest
		       : newest - WRITERS_TRIED;
}

/* The same of a piece at AT by any writer from the newest to OLDEST: *FOUND. */
static enum bk_code look_for_any(struct folder *folder, uint64_t at, uint32_t oldest,
	struct piece *found, struct bk_buf *body, bool *is_there, struct bk_error *err)
{
	enum bk_code code = BK_OK;

	*found = (struct piece){.at = at, .writer = newest_other(folder) + 1};
	oldest = oldest_tried(folder, oldest);
	*is_there = false;
	while (!code && !*is_there && found->writer > oldest) {
		found->writer--;
		code = look_for(folder, found, body, is_there, err);
	}
	return code;
}

/* FOUND, of SIZE bytes, which the listing lacked, stands at FOUND's offset. */
static enum bk_code go_on(
	struct folder *folder, struct piece *found, size_t size, struct bk_error *err)
{
	if (size > (found->is_merged ? OBJECT_MAX - 1 : PIECE_MAX))
		return bk_fail(err, BK_E_DAMAGE, 0,
			"the store's log %s has a piece that is too large, at offset %" PRIu64,
			folder->name, found->at);
	bk_pieces_cut(&folder->way, found->at);
	folder->reached = found->at + size;
	found->size = size;
	return bk_pieces_add(&folder->way, found, err);
}

/* One step beyond where the listing ended; *MORE: there was one. */
static enum bk_code step(
	struct folder *folder, struct bk_buf *body, bool is_new, bool *more, struct bk_error *err)
{
	bool is_first;
	struct piece found;
	uint64_t at = folder->reached;
	uint64_t start = bk_pieces_start(&folder->way, at, &is_first);
	enum bk_code code = look_for_any(folder, at, last_writer(folder), &found, body, more, err);

	if (!code && !*more && is_new) {
		found = (struct piece){.at = start, .is_merged = true};
		code = look_for(folder, &found, body, more, err);
	}
	if (code || !*more)
		return code;
	folder->is_closed = !body->size;
	*more = body->size;
	return *more ? go_on(folder, &found, body->size, err) : BK_OK;
}

/* What a newer writer put at the offset of the last object counts in its place, though the listing
 * may lack that. */
static enum bk_code supersede(struct folder *folder, struct bk_error *err)
{
	const struct pieces *way = &folder->way;
	const struct piece *last = way->count ? &way->list[way->count - 1] : NULL;
	struct piece found;
	struct bk_buf body;
	bool is_there;
	enum bk_code code;

	if (!last || last->is_merged || !bk_folder_is_contended(folder))
		return BK_OK;
	bk_buf_init(&body, OBJECT_MAX);
	code = look_for_any(folder, last->at, last->writer + 1, &found, &body, &is_there, err);
	if (!code && is_there && body.size) {
		folder->is_closed = false;
		code = go_on(folder, &found, body.size, err);
	} else if (!code && is_there) {
		bk_pieces_cut(&folder->way, found.at);
		folder->reached = found.at;
		folder->is_closed = true;
	}
	bk_buf_done(&body);
	return code;
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
			code = bk_folder_feed(folder, &body, err);
	}
	bk_buf_done(&body);
	return code;
}

enum bk_code bk_folder_probe(struct folder *folder, struct bk_error *err)
{
	enum bk_code code = probe(folder, false, err);

	return code ? code : bk_folder_settle(folder, err);
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

enum bk_code bk_folder_go_on(struct folder *folder, bool more, struct bk_error *err)
{
	enum bk_code code;

	folder->asked_ms = folder->objects->ops->now_ms(folder->objects);
	code = more ? supersede(folder, err) : BK_OK;
	if (!code && more)
		code = probe(folder, true, err);
	if (code)
		return code;
	folder->checked_ms = folder->asked_ms;
	start_chain(folder);
	return bk_folder_settle(folder, err);
}

static enum bk_code load_header(struct folder *folder, struct bk_error *err)
{
	const struct piece first = {.at = 0, .size = LOG_HEADER_SIZE};
	struct bk_buf body;
	enum bk_code code;

	bk_buf_init(&body, LOG_HEADER_SIZE);
	code = bk_folder_get_of(folder, &first, 0, LOG_HEADER_SIZE, &body, err);
	if (code == BK_E_BUSY)
		code = bk_fail(err, BK_E_MISSING, 0, "the store holds no log %s", folder->name);
	if (!code)
		code = bk_header_decode(&folder->log, body.data, body.size, folder->name, err);
	if (!code)
		memcpy(folder->header, body.data, LOG_HEADER_SIZE);
	bk_buf_done(&body);
	return code;
}

static enum bk_code load(struct folder *folder, const char *name, uint32_t newest, uint32_t writer,
	struct bk_error *err)
{
	enum bk_code code;

	bk_folder_forget(folder);
	snprintf(folder->name, sizeof folder->name, "%s", name);
	folder->newest = newest;
	folder->writer = writer;
	code = bk_chain_new(&folder->chain, err);
	if (!code)
		code = load_header(folder, err);
	if (!code)
		code = bk_folder_list(folder, err);
	return code ? code : bk_folder_go_on(folder, true, err);
}

/* What was listed may be merged, and gone, before it is read. */
static enum bk_code load_tried(
	struct folder *folder, const char *name, uint32_t writer, struct bk_error *err)
{
	char kept[FOLDER_NAME];
	uint32_t newest = strcmp(folder->name, name) == 0 ? folder->newest : 0;
	enum bk_code code = BK_E_BUSY;

	snprintf(kept, sizeof kept, "%s", name);
	for (int i = 0; i < TRIES && code == BK_E_BUSY; i++)
		code = load(folder, kept, newest < writer ? writer : newest, writer, err);
	if (code)
		bk_folder_forget(folder);
	return code;
}

enum bk_code bk_folder_load(struct folder *folder, const char *name, struct bk_error *err)
{
	return load_tried(folder, name, 0, err);
}

enum bk_code bk_folder_load_as(struct folder *folder, uint32_t writer, struct bk_error *err)
{
	return load_tried(folder, folder->name, writer, err);
}
