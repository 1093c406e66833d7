/* place_objects.c - a place in a store of whole objects: what place.h asks for. */
#include "place_objects.h"
#include "expire.h"
#include "turns.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What was found is good for so long; then it is listed anew. */
#define LISTED_MS 10000

/* A change waits so long for others, where nobody waits for it. */
#define GATHER_MS 700

struct place_objects {
	struct place place;
	struct objects *objects;
	bool takes_clear;
	bool is_loaded;
	int64_t loaded_ms;
	struct turns turns;
	struct folder now, next;
	struct fetch *fetch; /* of who only reads */
	struct expire expire;
};

static struct place_objects *objects_of(struct place *place)
{
	return (struct place_objects *)place;
}

static void forget(struct place_objects *place)
{
	place->is_loaded = false;
	bk_folder_forget(&place->now);
	bk_folder_forget(&place->next);
}

/* What is offered may never have been begun whole: then it is none. */
static enum bk_code load_next(struct place_objects *place, struct bk_error *err)
{
	enum bk_code code;

	if (!*place->turns.next_name)
		return BK_OK;
	code = bk_folder_load(&place->next, place->turns.next_name, err);
	return code == BK_E_MISSING ? BK_OK : code;
}

static enum bk_code look_into(struct place_objects *place, const char *folder, struct bk_error *err)
{
	enum bk_code code = bk_folder_look(
		&place->now, folder, place->fetch, place->place.take, place->place.take_ctx, err);

	return code == BK_E_BUSY ? bk_folder_load(&place->now, folder, err) : code;
}

/* A turns_meanwhile: the only folder that there is will be the one. */
static void look_meanwhile(void *ctx, const char *folder)
{
	struct bk_error ignored;

	if (*folder)
		(void)!look_into(ctx, folder, &ignored);
}

static enum bk_code load_to_read(struct place_objects *place, struct bk_error *err)
{
	struct turns *turns = &place->turns;
	enum bk_code code = place->fetch ? BK_OK : bk_fetch_new(&place->fetch, place->objects, err);

	if (!code)
		code = bk_turns_look(
			turns, place->objects, place->fetch, look_meanwhile, place, err);
	if (!code && turns->now && strcmp(place->now.name, turns->now_name) != 0)
		code = look_into(place, turns->now_name, err);
	return code;
}

static enum bk_code load_to_write(struct place_objects *place, struct bk_error *err)
{
	enum bk_code code = bk_turns_load(&place->turns, place->objects, err);
	if (!code && place->turns.now)
		code = bk_folder_load(&place->now, place->turns.now_name, err);
	return code ? code : load_next(place, err);
}

static enum bk_code load(struct place_objects *place, struct bk_error *err)
{
	enum bk_code code;

	forget(place);
	place->loaded_ms = place->objects->ops->now_ms(place->objects);
	code = place->place.take ? load_to_read(place, err) : load_to_write(place, err);
	place->is_loaded = !code;
	if (code)
		forget(place);
	return code;
}

static enum bk_code need(struct place_objects *place, struct bk_error *err)
{
	return place->is_loaded ? BK_OK : load(place, err);
}

static void tell(struct place_log *out, const struct folder *folder)
{
	*out = (struct place_log){.is_there = *folder->name};
	if (!out->is_there)
		return;
	memcpy(out->id, folder->log.id, LOG_ID_SIZE);
	out->end = folder->chain.end;
	out->sum = folder->chain.sum;
	out->durable = folder->chain.end < folder->reached ? folder->chain.end : folder->reached;
}

static enum bk_code objects_head(struct place *base, struct place_head *out, struct bk_error *err)
{
	struct place_objects *place = objects_of(base);
	int64_t ago_ms = place->objects->ops->now_ms(place->objects) - place->loaded_ms;
	enum bk_code code = BK_OK;

	if (!place->is_loaded || ago_ms < 0 || ago_ms >= LISTED_MS)
		code = load(place, err);
	else if (*place->now.name && !place->now.is_settled)
		code = bk_folder_probe(&place->now, err);
	if (code) {
		forget(place);
		return code;
	}
	tell(&out->now, &place->now);
	tell(&out->coming, &place->next);
	return BK_OK;
}

static bool is_log(const struct folder *folder, const uint8_t *id)
{
	return *folder->name && memcmp(folder->log.id, id, LOG_ID_SIZE) == 0;
}

/* The folder for a log that begins: its id, and where that may be there already, the turn. */
static void name_folder(char out[FOLDER_NAME], const uint8_t *id, uint32_t turn)
{
	for (size_t i = 0; i < LOG_ID_SIZE; i++)
		sprintf(out + 2 * i, "%02x", id[i]);
	if (turn)
		sprintf(out + 2 * LOG_ID_SIZE, ".%010" PRIu32, turn);
}

static enum bk_code begin_first(struct place_objects *place, const struct log_header *log,
	const uint8_t *header, struct bk_error *err)
{
	char name[FOLDER_NAME];
	enum bk_code code;

	name_folder(name, log->id, 0);
	code = bk_folder_begin(&place->now, name, header, err);
	return code ? code : bk_turns_take(&place->turns, name, err);
}

static enum bk_code begin_anew(struct place_objects *place, const struct log_header *log,
	const uint8_t *header, struct bk_error *err)
{
	char name[FOLDER_NAME];
	enum bk_code code;

	name_folder(name, log->id, place->turns.now + 1);
	code = bk_folder_begin(&place->next, name, header, err);
	if (!code && *place->now.name)
		code = bk_folder_close(&place->now, err);
	if (!code)
		code = bk_turns_take(&place->turns, name, err);
	place->is_loaded = false;
	return code;
}

static bool follows(const struct log_header *log, const struct place_objects *place)
{
	return is_log(&place->now, log->predecessor) || is_log(&place->next, log->predecessor);
}

static enum bk_code begin_next(struct place_objects *place, const struct log_header *log,
	const uint8_t *header, struct bk_error *err)
{
	char name[FOLDER_NAME];
	enum bk_code code;

	if (is_log(&place->next, log->id))
		return BK_OK;
	if (!follows(log, place))
		return bk_fail(err, BK_E_UNSAFE, 0,
			"the store holds another log there: name a place of its own for this one, "
			"or run backup-cli mirror reset");
	name_folder(name, log->id, 0);
	code = bk_folder_begin(&place->next, name, header, err);
	return code ? code : bk_turns_offer(&place->turns, name, err);
}

static enum bk_code begin(struct place_objects *place, const struct log_header *log,
	const uint8_t *header, enum place_begin how, struct bk_error *err)
{
	enum bk_code code = load(place, err);

	/* What cannot be read any more is put aside like anything else. */
	if (how == PLACE_ANEW &&
		(code == BK_E_DAMAGE || code == BK_E_FORMAT || code == BK_E_MISSING))
		code = bk_turns_load(&place->turns, place->objects, err);
	if (code)
		return code;
	if (!place->turns.now)
		return begin_first(place, log, header, err);
	if (how == PLACE_ANEW)
		return begin_anew(place, log, header, err);
	return is_log(&place->now, log->id) ? BK_OK : begin_next(place, log, header, err);
}

static enum bk_code objects_begin(
	struct place *base, const uint8_t *header, enum place_begin how, struct bk_error *err)
{
	struct place_objects *place = objects_of(base);
	struct log_header log;
	enum bk_code code = bk_header_decode(&log, header, LOG_HEADER_SIZE, "what comes", err);

	if (!code && !log.is_sealed && !place->takes_clear)
		code = bk_fail(err, BK_E_UNSAFE, 0,
			"this log is not sealed, and whoever runs the store could read it: seal it "
			"(backup-cli compact --seal), or take that by word: backup-cli mirror add "
			"--in-the-clear");
	if (!code)
		code = begin(place, &log, header, how, err);
	if (code)
		forget(place);
	return code;
}

static enum bk_code objects_append(struct place *base, const uint8_t *id, uint64_t offset,
	const void *data, size_t size, bool sync, struct bk_error *err)
{
	struct place_objects *place = objects_of(base);
	struct folder *folder;
	enum bk_code code = need(place, err);

	if (code)
		return code;
	folder = is_log(&place->now, id) ? &place->now : &place->next;
	if (!is_log(folder, id))
		return bk_fail(err, BK_E_MISSING, 0, "the store holds no such log");
	code = bk_folder_append(folder, offset, data, size, sync, err);
	if (code)
		forget(place);
	return code;
}

static enum bk_code commit(struct place_objects *place, const uint8_t *id, struct bk_error *err)
{
	char name[FOLDER_NAME];
	enum bk_code code;

	if (is_log(&place->now, id))
		return BK_OK;
	if (!is_log(&place->next, id))
		return bk_fail(err, BK_E_MISSING, 0, "the store holds no such log");
	if (place->next.chain.end <= LOG_HEADER_SIZE)
		return bk_fail(err, BK_E_UNSAFE, 0,
			"the store's coming log is empty, and does not take the place of what "
			"stands there");
	memcpy(name, place->next.name, sizeof name);
	code = bk_folder_close(&place->now, err);
	if (!code)
		code = bk_turns_take(&place->turns, name, err);
	return code ? code : load(place, err);
}

static enum bk_code objects_commit(struct place *base, const uint8_t *id, struct bk_error *err)
{
	struct place_objects *place = objects_of(base);
	enum bk_code code = load(place, err);

	if (!code)
		code = commit(place, id, err);
	if (code)
		forget(place);
	return code;
}

/* A piece that was merged meanwhile is found where it is now. */
static enum bk_code objects_read(struct place *base, const uint8_t *id, uint64_t offset, void *data,
	size_t size, size_t *got, struct bk_error *err)
{
	struct place_objects *place = objects_of(base);
	enum bk_code code = need(place, err);

	*got = 0;
	for (int i = 0; i < 2 && !code; i++) {
		if (!is_log(&place->now, id))
			return bk_fail(err, BK_E_MISSING, 0, "the store holds no such log");
		code = bk_folder_read(&place->now, offset, data, size, got, err);
		if (code != BK_E_BUSY)
			return code;
		code = load(place, err);
	}
	return code ? code : bk_fail(err, BK_E_IO, 0, "the store's log changes all the time");
}

static enum bk_code objects_parts(struct place *base, const uint8_t *id, struct place_part *parts,
	size_t count, struct bk_error *err)
{
	const struct place_objects *place = objects_of(base);
	enum bk_code code = BK_OK;

	if (!place->is_loaded || !place->fetch || !is_log(&place->now, id))
		return bk_fail(err, BK_E_BUSY, 0, "what the store holds is not known");
	for (size_t i = 0; !code && i < count; i++)
		code = bk_folder_part(&place->now, place->fetch, parts[i].offset, parts[i].data,
			parts[i].size, &parts[i].got, err);
	return code;
}

static enum bk_code objects_list(struct place *base, struct bk_buf *names, struct bk_error *err)
{
	struct place_objects *place = objects_of(base);
	enum bk_code code = need(place, err);

	for (uint32_t turn = place->turns.oldest; !code && turn && turn < place->turns.now;
		turn++) {
		char name[PIECES_NAME];

		bk_turns_name(name, turn);
		code = bk_buf_append(names, name, strlen(name), err);
		if (!code)
			code = bk_buf_append(names, "\n", 1, err);
	}
	return code;
}

static enum bk_code objects_tend(struct place *base, uint32_t *wait_ms, struct bk_error *err)
{
	struct place_objects *place = objects_of(base);
	uint32_t other_ms;
	enum bk_code code = bk_folder_tend(&place->now, wait_ms, err);

	/* Where there never was another turn, nobody looks for old ones. */
	if (code || place->turns.oldest >= place->turns.now)
		return code;
	code = bk_expire_tend(&place->expire, &other_ms, err);
	if (other_ms < *wait_ms)
		*wait_ms = other_ms;
	return code;
}

static void objects_close(struct place *base)
{
	struct place_objects *place = objects_of(base);

	bk_expire_done(&place->expire);
	bk_folder_done(&place->now);
	bk_folder_done(&place->next);
	bk_fetch_free(place->fetch);
	place->objects->ops->close(place->objects);
	free(place);
}

static const struct place_ops objects_ops = {
	.head = objects_head,
	.begin = objects_begin,
	.append = objects_append,
	.commit = objects_commit,
	.read = objects_read,
	.parts = objects_parts,
	.list = objects_list,
	.tend = objects_tend,
	.close = objects_close,
};

enum bk_code bk_place_objects(
	struct place **out, struct objects *objects, bool takes_clear, struct bk_error *err)
{
	struct place_objects *place = calloc(1, sizeof *place);

	if (!place) {
		objects->ops->close(objects);
		return bk_fail(err, BK_E_NOMEM, 0, "no memory for a store");
	}
	place->place =
		(struct place){.ops = &objects_ops, .gather_ms = GATHER_MS, .is_shared = true};
	place->objects = objects;
	place->takes_clear = takes_clear;
	bk_folder_init(&place->now, objects);
	bk_folder_init(&place->next, objects);
	bk_expire_init(&place->expire, objects);
	*out = &place->place;
	return BK_OK;
}
