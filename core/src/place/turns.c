/* turns.c - which log a place in a store holds, and which one may take its place. */
#include "turns.h"
#include "writers.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TURN   "turn-"
#define NEXT   "next-"
#define DIGITS 10

#define OFFER_TRIES 16
#define LATE_MAX    1000 /* turns that a listing lacks */

void bk_turns_name(char out[PIECES_NAME], uint32_t number)
{
	snprintf(out, PIECES_NAME, TURN "%0*" PRIu32, DIGITS, number);
}

void bk_turns_offer_name(char out[PIECES_NAME], uint32_t number, uint32_t offer)
{
	snprintf(out, PIECES_NAME, NEXT "%0*" PRIu32 "-%0*" PRIu32, DIGITS, number, DIGITS, offer);
}

/* The number that TEXT begins with, from 1; 0: none does. */
static uint32_t number_of(const char *text)
{
	unsigned long long number =
		strspn(text, "0123456789") == DIGITS ? strtoull(text, NULL, 10) : 0;

	return number < UINT32_MAX ? (uint32_t)number : 0;
}

/* What a listing says, before it is known which turn it is. */
struct seen {
	struct turns *turns;
	uint32_t next, offers;             /* the newest offer, and for which turn */
	uint32_t second;                   /* the turn after the oldest */
	int64_t oldest_s, second_s;        /* when they began */
	uint32_t first_next, first_offers; /* the offers for the lowest turn that has any */
	unsigned folders;
	char folder[FOLDER_NAME]; /* a log's that is among them */
};

static void see_turn(struct seen *seen, uint32_t number, int64_t changed_s)
{
	struct turns *turns = seen->turns;

	if (number > turns->now)
		turns->now = number;
	if (!turns->oldest || number < turns->oldest) {
		seen->second = turns->oldest;
		seen->second_s = seen->oldest_s;
		turns->oldest = number;
		seen->oldest_s = changed_s;
	} else if (!seen->second || number < seen->second) {
		seen->second = number;
		seen->second_s = changed_s;
	}
}

static void see_offer(struct seen *seen, uint32_t number, uint32_t offer)
{
	if (number > seen->next || (number == seen->next && offer > seen->offers)) {
		seen->next = number;
		seen->offers = offer;
	}
	if (!seen->first_next || number < seen->first_next ||
		(number == seen->first_next && offer > seen->first_offers)) {
		seen->first_next = number;
		seen->first_offers = offer;
	}
}

/* Whether LINE, SIZE bytes, is a folder's name and an end of line. */
static bool is_folder_name(const uint8_t *line, size_t size)
{
	const char *text = (const char *)line;
	const size_t id = (size_t)2 * LOG_ID_SIZE;

	if ((size != id + 1 && size != id + 2 + DIGITS) || line[size - 1] != '\n')
		return false;
	for (size_t i = 0; i < size - 1; i++)
		if (i == id ? text[i] != '.' : !strchr("0123456789abcdef", text[i]) || !text[i])
			return false;
	return true;
}

static void see_folder(struct seen *seen, const char *name)
{
	char line[FOLDER_NAME + 1];
	int size = snprintf(line, sizeof line, "%.*s\n", FOLDER_NAME - 1, name);

	if (!is_folder_name((const uint8_t *)line, (size_t)size))
		return;
	seen->folders++;
	memcpy(seen->folder, line, (size_t)size - 1);
	seen->folder[size - 1] = '\0';
}

static enum bk_code take_entry(void *ctx, const struct object_entry *entry, struct bk_error *err)
{
	struct seen *seen = ctx;
	uint32_t number, offer;

	(void)err;
	if (entry->is_folder) {
		see_folder(seen, entry->name);
		return BK_OK;
	}
	if (strncmp(entry->name, TURN, strlen(TURN)) == 0) {
		number = number_of(entry->name + strlen(TURN));
		if (number && !entry->name[strlen(TURN) + DIGITS])
			see_turn(seen, number, entry->changed_s);
	} else if (strncmp(entry->name, NEXT, strlen(NEXT)) == 0) {
		number = number_of(entry->name + strlen(NEXT));
		offer = number ? number_of(entry->name + strlen(NEXT) + DIGITS + 1) : 0;
		if (offer)
			see_offer(seen, number, offer);
	}
	return BK_OK;
}

/* The folder that LINE, SIZE bytes of the object NAME, names. */
static enum bk_code take_line(char out[FOLDER_NAME], const char *name, const uint8_t *line,
	size_t size, struct bk_error *err)
{
	if (!is_folder_name(line, size))
		return bk_fail(err, BK_E_DAMAGE, 0, "%s in the store names no log", name);
	memcpy(out, line, size - 1);
	out[size - 1] = '\0';
	return BK_OK;
}

enum bk_code bk_turns_read(struct objects *objects, const char *name, char out[FOLDER_NAME],
	bool *is_there, struct bk_error *err)
{
	struct bk_buf line;
	enum bk_code code;

	bk_buf_init(&line, FOLDER_NAME);
	code = objects->ops->get(objects, name, 0, FOLDER_NAME, &line, is_there, err);
	if (!code && *is_there)
		code = take_line(out, name, line.data, line.size, err);
	bk_buf_done(&line);
	return code;
}

/* Goes on by names: a listing may be late. */
static enum bk_code find_newest(struct turns *turns, struct bk_error *err)
{
	bool is_there = true;
	char name[PIECES_NAME];
	enum bk_code code = BK_OK;

	if (turns->now) {
		bk_turns_name(name, turns->now);
		code = bk_turns_read(turns->objects, name, turns->now_name, &is_there, err);
		if (!code && !is_there)
			return bk_fail(err, BK_E_IO, 0, "the store lists %s, and has it not", name);
	}
	for (uint32_t most = turns->now + LATE_MAX; !code && is_there;) {
		if (turns->now >= most)
			return bk_fail(err, BK_E_LIMIT, 0, "the store's turns do not end");
		bk_turns_name(name, turns->now + 1);
		code = bk_turns_read(turns->objects, name, turns->now_name, &is_there, err);
		turns->now += !code && is_there;
	}
	return code;
}

static enum bk_code find_offer(struct turns *turns, struct bk_error *err)
{
	bool is_there = turns->offers;
	char name[PIECES_NAME];
	enum bk_code code = BK_OK;

	if (is_there) {
		bk_turns_offer_name(name, turns->now + 1, turns->offers);
		code = bk_turns_read(turns->objects, name, turns->next_name, &is_there, err);
	}
	return code;
}

enum bk_code bk_turns_load(struct turns *turns, struct objects *objects, struct bk_error *err)
{
	struct seen seen = {.turns = turns};
	enum bk_code code;

	*turns = (struct turns){.objects = objects};
	code = objects->ops->list(objects, "", "", take_entry, &seen, err);
	if (!code)
		code = find_newest(turns, err);
	if (!code && seen.next == turns->now + 1)
		turns->offers = seen.offers;
	if (seen.second == turns->oldest + 1)
		turns->oldest_over_s = seen.second_s;
	if (seen.first_next == turns->oldest + 1)
		turns->oldest_offers = seen.first_offers;
	return code ? code : find_offer(turns, err);
}

/* The newest turn is the one listed, and the next is not there. */
static enum bk_code look(struct turns *turns, struct fetch *fetch, const char *folder,
	turns_meanwhile *meanwhile, void *ctx, bool *more, struct bk_error *err)
{
	uint8_t lines[2][FOLDER_NAME];
	struct fetch_job jobs[2] = {
		{.size = FOLDER_NAME, .out = lines[0]}, {.size = FOLDER_NAME, .out = lines[1]}};
	enum bk_code code;

	for (uint32_t i = 0; i < 2; i++) {
		bk_turns_name(jobs[i].name, turns->now + i);
		bk_fetch_add(fetch, &jobs[i]);
	}
	meanwhile(ctx, folder);
	code = bk_fetch_wait(fetch, &jobs[0]);
	*more = bk_fetch_wait(fetch, &jobs[1]) || jobs[1].is_there || code || !jobs[0].is_there;
	return *more ? BK_OK : take_line(turns->now_name, jobs[0].name, lines[0], jobs[0].got, err);
}

enum bk_code bk_turns_look(struct turns *turns, struct objects *objects, struct fetch *fetch,
	turns_meanwhile *meanwhile, void *ctx, struct bk_error *err)
{
	struct seen seen = {.turns = turns};
	bool more = true;
	enum bk_code code;

	*turns = (struct turns){.objects = objects};
	code = objects->ops->list(objects, "", "", take_entry, &seen, err);
	if (!code && turns->now)
		code = look(turns, fetch, seen.folders == 1 ? seen.folder : "", meanwhile, ctx,
			&more, err);
	return code || !more ? code : find_newest(turns, err);
}

/* Puts an object NAME that names the folder FOLDER; *IS_OURS: it does. */
static enum bk_code put_name(struct objects *objects, const char *name, const char *folder,
	bool *is_ours, struct bk_error *err)
{
	char line[FOLDER_NAME + 1], there[FOLDER_NAME] = "";
	size_t size = (size_t)snprintf(line, sizeof line, "%s\n", folder);
	bool was_there, is_there = true;
	enum bk_code code = objects->ops->put(objects, name, line, size, &was_there, err);

	if (!code && was_there)
		code = bk_turns_read(objects, name, there, &is_there, err);
	if (!code && !is_there)
		code = bk_fail(
			err, BK_E_IO, 0, "the store says of %s that it is there, and is not", name);
	*is_ours = !code && (!was_there || strcmp(there, folder) == 0);
	return code;
}

static void name_vote(char out[PIECES_NAME], uint32_t turn, uint32_t vote)
{
	char folder[WRITERS_NAME];

	bk_votes_name(folder, turn, vote);
	snprintf(out, PIECES_NAME, "%.40s/log", folder);
}

/* Decides which folder takes the turn TURN, where two may put its object at one moment: that of the
 * newest vote before ours, if there is any, else NAME. What was decided once is decided for ever.
 */
static enum bk_code decide(struct objects *objects, uint32_t turn, const char *name,
	char out[FOLDER_NAME], struct bk_error *err)
{
	char object[PIECES_NAME];
	uint32_t mine = 0;
	bool is_there = false, is_ours;
	enum bk_code code = bk_votes_take(objects, turn, &mine, err);

	for (uint32_t vote = mine; !code && !is_there && vote > 1; vote--) {
		name_vote(object, turn, vote - 1);
		code = bk_turns_read(objects, object, out, &is_there, err);
	}
	if (code)
		return code;
	if (!is_there)
		snprintf(out, FOLDER_NAME, "%s", name);
	name_vote(object, turn, mine);
	code = put_name(objects, object, out, &is_ours, err);
	return code ? code : bk_votes_check(objects, turn, mine, err);
}

enum bk_code bk_turns_take(struct turns *turns, const char *name, struct bk_error *err)
{
	char object[PIECES_NAME], folder[FOLDER_NAME];
	bool is_ours;
	enum bk_code code = BK_OK;

	snprintf(folder, sizeof folder, "%s", name);
	if (turns->objects->may_race)
		code = decide(turns->objects, turns->now + 1, name, folder, err);
	if (code)
		return code;
	bk_turns_name(object, turns->now + 1);
	code = put_name(turns->objects, object, folder, &is_ours, err);
	is_ours = is_ours && strcmp(folder, name) == 0;
	if (!code && !is_ours)
		code = bk_fail(err, BK_E_BUSY, 0, "another log took the place in the store");
	if (code)
		return code;
	turns->now++;
	snprintf(turns->now_name, sizeof turns->now_name, "%s", name);
	*turns->next_name = '\0';
	turns->offers = 0;
	return BK_OK;
}

enum bk_code bk_turns_offer(struct turns *turns, const char *name, struct bk_error *err)
{
	bool is_ours = false;
	enum bk_code code = BK_OK;

	for (int i = 0; i < OFFER_TRIES && !code && !is_ours; i++) {
		char object[PIECES_NAME];

		bk_turns_offer_name(object, turns->now + 1, turns->offers + 1);
		code = put_name(turns->objects, object, name, &is_ours, err);
		turns->offers += !code;
	}
	if (!code && !is_ours)
		code = bk_fail(err, BK_E_BUSY, 0, "others offer logs to the store all the time");
	if (!code)
		snprintf(turns->next_name, sizeof turns->next_name, "%s", name);
	return code;
}
