/* expire.c - predecessors in a store, removed when they are old enough. */
#include "expire.h"
#include "writers.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define KEEP_S    INT64_C(2592000) /* 30 days */
#define LOOK_MS   INT64_C(86400000)
#define NAMES_MAX ((size_t)64 << 20)
#define VOTES_MAX 1000 /* for one turn: more stay, whatever a store says is there */

void bk_expire_init(struct expire *expire, struct objects *objects)
{
	*expire = (struct expire){.objects = objects};
	bk_buf_init(&expire->names, NAMES_MAX);
}

void bk_expire_done(struct expire *expire)
{
	bk_buf_done(&expire->names);
}

static enum bk_code add_name(
	struct expire *expire, const char *folder, const char *name, struct bk_error *err)
{
	char line[PIECES_NAME + 2];
	int size =
		snprintf(line, sizeof line, "%s%s%s\n", folder, *folder && *name ? "/" : "", name);

	if (size < 0 || (size_t)size >= sizeof line)
		return BK_OK; /* none of ours */
	return bk_buf_append(&expire->names, line, (size_t)size, err);
}

/* What is in one folder. */
struct content {
	struct expire *expire;
	const char *folder;
};

static enum bk_code take_piece(void *ctx, const struct object_entry *entry, struct bk_error *err)
{
	const struct content *content = ctx;

	return entry->is_folder ? BK_OK
				: add_name(content->expire, content->folder, entry->name, err);
}

static enum bk_code add_folder(struct expire *expire, const char *folder, struct bk_error *err)
{
	struct content content = {.expire = expire, .folder = folder};
	enum bk_code code =
		expire->objects->ops->list(expire->objects, folder, "", take_piece, &content, err);

	return code ? code : add_name(expire, folder, "", err);
}

/* Whether a turn behind FIRST has the log in FOLDER. */
static enum bk_code is_used(struct expire *expire, const struct turns *turns, uint32_t first,
	const char *folder, bool *used, struct bk_error *err)
{
	enum bk_code code = BK_OK;

	*used = strcmp(folder, turns->next_name) == 0;
	for (uint32_t turn = first + 1; !code && !*used && turn <= turns->now; turn++) {
		char name[PIECES_NAME], there[FOLDER_NAME] = "";
		bool is_there;

		bk_turns_name(name, turn);
		code = bk_turns_read(expire->objects, name, there, &is_there, err);
		*used = !code && is_there && strcmp(folder, there) == 0;
	}
	return code;
}

/* The object NAME names a folder: that goes, if no later turn has it, and the object behind it. */
static enum bk_code add_named(
	struct expire *expire, const struct turns *turns, const char *name, struct bk_error *err)
{
	char folder[FOLDER_NAME] = "";
	bool is_there, used = true;
	enum bk_code code = bk_turns_read(expire->objects, name, folder, &is_there, err);

	if (!code && is_there)
		code = is_used(expire, turns, turns->oldest, folder, &used, err);
	if (!code && !used)
		code = add_folder(expire, folder, err);
	return code || !is_there ? code : add_name(expire, name, "", err);
}

/* What was voted for the turn TURN. */
static enum bk_code add_votes(struct expire *expire, uint32_t turn, struct bk_error *err)
{
	struct objects *objects = expire->objects;
	bool is_there = objects->may_race;
	enum bk_code code = BK_OK;

	for (uint32_t vote = 1; !code && is_there && vote <= VOTES_MAX; vote++) {
		char name[WRITERS_NAME];

		bk_votes_name(name, turn, vote);
		code = objects->ops->has(objects, name, &is_there, err);
		if (!code && is_there)
			code = add_name(expire, name, "", err);
	}
	return code;
}

/* Notes all that goes with the oldest turn; its own object is the last. */
static enum bk_code note(struct expire *expire, const struct turns *turns, struct bk_error *err)
{
	char name[PIECES_NAME];
	enum bk_code code = BK_OK;

	for (uint32_t offer = 1; !code && offer <= turns->oldest_offers; offer++) {
		bk_turns_offer_name(name, turns->oldest + 1, offer);
		code = add_named(expire, turns, name, err);
	}
	if (!code)
		code = add_votes(expire, turns->oldest, err);
	bk_turns_name(name, turns->oldest);
	return code ? code : add_named(expire, turns, name, err);
}

static enum bk_code look(struct expire *expire, struct bk_error *err)
{
	struct objects *objects = expire->objects;
	int64_t now_s;
	struct turns turns;
	enum bk_code code = bk_turns_load(&turns, objects, err);

	if (code || turns.oldest >= turns.now)
		return code;
	now_s = objects->ops->date_s(objects);
	if (!now_s || !turns.oldest_over_s || now_s - turns.oldest_over_s <= KEEP_S)
		return BK_OK;
	expire->look_ms = 0; /* there may be another behind it */
	return note(expire, &turns, err);
}

static enum bk_code remove_next(struct expire *expire, struct bk_error *err)
{
	const char *line = (const char *)expire->names.data + expire->done;
	size_t size = (size_t)((const char *)memchr(line, '\n', expire->names.size - expire->done) -
			       line);
	char name[PIECES_NAME + 2];
	enum bk_code code;

	memcpy(name, line, size);
	name[size] = '\0';
	code = expire->objects->ops->remove(expire->objects, name, &expire->is_kept, err);
	if (code)
		return code;
	expire->done += size + 1;
	if (expire->done == expire->names.size) {
		bk_buf_clear(&expire->names, 0);
		expire->done = 0;
	}
	return BK_OK;
}

enum bk_code bk_expire_tend(struct expire *expire, uint32_t *wait_ms, struct bk_error *err)
{
	int64_t now_ms = expire->objects->ops->now_ms(expire->objects);

	*wait_ms = expire->is_kept ? UINT32_MAX : 0;
	if (expire->is_kept)
		return BK_OK;
	if (expire->names.size)
		return remove_next(expire, err);
	if (expire->look_ms > now_ms) {
		*wait_ms = (uint32_t)(expire->look_ms - now_ms);
		return BK_OK;
	}
	expire->look_ms = now_ms + LOOK_MS;
	return look(expire, err);
}
