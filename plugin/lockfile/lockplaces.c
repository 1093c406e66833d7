/* lockplaces.c - the places that backup.lock names beside the log. */
#include "lockplaces.h"
#include <bk/place.h>
#include <cJSON.h>
#include <stdlib.h>
#include <string.h>

#define OUTAGE_S_MAX (7 * 24 * 3600)

static void place_done(struct lockplace *place)
{
	free(place->url);
	free(place->log);
	*place = (struct lockplace){0};
}

void lockplaces_done(struct lockplaces *places)
{
	while (places->count)
		place_done(&places->list[--places->count]);
}

static enum bk_code bad_key(
	const char *name, const char *key, const char *want, struct bk_error *err)
{
	return bk_fail(err, BK_E_INVALID, 0, "%s: \"%s\" must be %s: mend that", name, key, want);
}

static enum bk_code add(
	struct lockplaces *places, const char *url, const char *log, struct bk_error *err)
{
	struct lockplace place = {.url = strdup(url), .log = log ? strdup(log) : NULL};

	if (!place.url || (log && !place.log)) {
		place_done(&place);
		return bk_fail(err, BK_E_NOMEM, 0, "no memory for a place");
	}
	places->list[places->count++] = place;
	return BK_OK;
}

static enum bk_code take_place(
	struct lockplaces *out, const cJSON *item, const char *name, struct bk_error *err)
{
	const cJSON *inner = cJSON_GetObjectItemCaseSensitive(item, "url");
	const char *url = cJSON_GetStringValue(inner ? inner : item);
	const char *log = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(item, "log"));

	if (!url || !*url || out->count == LOCKPLACES_MAX)
		return bad_key(name, "mirrors",
			"a list of at most 8 places, each a text such as "
			"\"file:///mnt/second/node.bkp\"",
			err);
	if (lockplaces_find(out, url))
		return bad_key(name, "mirrors", "a list of places, each of them once", err);
	return add(out, url, log, err);
}

static enum bk_code take_mirrors(
	struct lockplaces *out, const cJSON *root, const char *name, struct bk_error *err)
{
	const cJSON *list = cJSON_GetObjectItemCaseSensitive(root, "mirrors"), *item;
	enum bk_code code = BK_OK;

	if (list && !cJSON_IsArray(list))
		return bad_key(name, "mirrors", "a list of places", err);
	cJSON_ArrayForEach(item, list)
	{
		code = take_place(out, item, name, err);
		if (code)
			break;
	}
	return code;
}

static bool is_whole(double number, double least, double most)
{
	return number >= least && number <= most && number == (unsigned)number;
}

static enum bk_code take_quorum(
	struct lockplaces *out, const cJSON *root, const char *name, struct bk_error *err)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(root, "quorum");
	double number = item ? cJSON_GetNumberValue(item) : 1;

	if (!is_whole(number, 1, out->count + 1.0))
		return bad_key(name, "quorum",
			"a whole number, from 1 to as many places as there are: the log and its "
			"mirrors",
			err);
	out->quorum = (unsigned)number;
	return BK_OK;
}

static enum bk_code take_outage(
	struct lockplaces *out, const cJSON *root, const char *name, struct bk_error *err)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(root, "on_outage");
	const char *text = cJSON_GetStringValue(item);
	double number = item && !text ? cJSON_GetNumberValue(item) : LOCKPLACES_OUTAGE_S;

	out->outage_waits = text && strcmp(text, "wait") == 0;
	if ((text && !out->outage_waits) || !is_whole(number, 1, OUTAGE_S_MAX))
		return bad_key(name, "on_outage", "a whole number of seconds, or \"wait\"", err);
	out->outage_s = (unsigned)number;
	return BK_OK;
}

enum bk_code lockplaces_parse(
	struct lockplaces *out, const cJSON *root, const char *name, struct bk_error *err)
{
	enum bk_code code;

	*out = (struct lockplaces){0};
	code = take_mirrors(out, root, name, err);
	if (!code)
		code = take_quorum(out, root, name, err);
	if (!code)
		code = take_outage(out, root, name, err);
	if (code)
		lockplaces_done(out);
	return code;
}

struct lockplace *lockplaces_find(struct lockplaces *places, const char *url)
{
	for (unsigned i = 0; i < places->count; i++)
		if (bk_place_is_same(places->list[i].url, url))
			return &places->list[i];
	return NULL;
}

enum bk_code lockplaces_add(struct lockplaces *places, const char *url, struct bk_error *err)
{
	if (lockplaces_find(places, url))
		return bk_fail(err, BK_E_EXISTS, 0, "%s is a mirror already", url);
	if (places->count == LOCKPLACES_MAX)
		return bk_fail(err, BK_E_LIMIT, 0,
			"there are %d mirrors already, which is the limit", LOCKPLACES_MAX);
	return add(places, url, NULL, err);
}

enum bk_code lockplaces_hold(
	struct lockplaces *places, const char *url, const char *log, struct bk_error *err)
{
	struct lockplace *place = lockplaces_find(places, url);
	char *copy;

	if (!place || (place->log && strcmp(place->log, log) == 0))
		return BK_OK;
	copy = strdup(log);
	if (!copy)
		return bk_fail(err, BK_E_NOMEM, 0, "no memory for a place");
	free(place->log);
	place->log = copy;
	return BK_OK;
}

enum bk_code lockplaces_remove(struct lockplaces *places, const char *url, struct bk_error *err)
{
	struct lockplace *place = lockplaces_find(places, url);

	if (!place)
		return bk_fail(err, BK_E_MISSING, 0, "%s is no mirror of this log", url);
	place_done(place);
	places->count--;
	memmove(place, place + 1, (size_t)(places->list + places->count - place) * sizeof *place);
	places->list[places->count] = (struct lockplace){0};
	if (places->quorum > places->count + 1)
		places->quorum = places->count + 1;
	return BK_OK;
}

/* Sets KEY to ITEM, which it takes over, or takes it out where ITEM is not WANTED. */
static bool set(cJSON *root, const char *key, bool wanted, cJSON *item)
{
	cJSON_DeleteItemFromObjectCaseSensitive(root, key);
	if (!wanted)
		cJSON_Delete(item);
	return !wanted || (item && cJSON_AddItemToObject(root, key, item));
}

static cJSON *place_item(const struct lockplace *place)
{
	cJSON *item = place->log ? cJSON_CreateObject() : cJSON_CreateString(place->url);

	if (item && place->log &&
		(!cJSON_AddStringToObject(item, "url", place->url) ||
			!cJSON_AddStringToObject(item, "log", place->log))) {
		cJSON_Delete(item);
		item = NULL;
	}
	return item;
}

static cJSON *list_item(const struct lockplaces *places)
{
	cJSON *list = cJSON_CreateArray();

	for (unsigned i = 0; list && i < places->count; i++) {
		cJSON *item = place_item(&places->list[i]);

		if (item && cJSON_AddItemToArray(list, item))
			continue;
		cJSON_Delete(item);
		cJSON_Delete(list);
		list = NULL;
	}
	return list;
}

bool lockplaces_put(const struct lockplaces *places, cJSON *root)
{
	cJSON *outage = places->outage_waits ? cJSON_CreateString("wait")
					     : cJSON_CreateNumber(places->outage_s);
	bool done = set(root, "mirrors", places->count, list_item(places));

	/* Each takes its value over, also where one before it failed. */
	done = set(root, "quorum", places->quorum > 1, cJSON_CreateNumber(places->quorum)) && done;
	return set(root, "on_outage",
		       places->outage_waits || places->outage_s != LOCKPLACES_OUTAGE_S, outage) &&
	       done;
}
