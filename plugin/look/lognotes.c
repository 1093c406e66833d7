/* lognotes.c - what was found out about a log when it was last verified and restored for a trial.
 */
#include "lognotes.h"
#include "jsonnumber.h"
#include <bk/wholefile.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NOTES_BYTES_MAX 65536

static bool is_true(const cJSON *object, const char *key)
{
	return cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(object, key));
}

static void take_verify(struct lognotes *notes, const cJSON *item)
{
	notes->verify_us = jsonnumber_get(item, "time_us");
	notes->findings = (uint64_t)jsonnumber_get(item, "findings");
	notes->verify_damaged = is_true(item, "damaged");
}

static void take_parts(struct lognotes *notes, const cJSON *item)
{
	const cJSON *times = cJSON_GetObjectItemCaseSensitive(item, "time_us");
	const cJSON *damaged = cJSON_GetObjectItemCaseSensitive(item, "damaged");
	int64_t of = jsonnumber_get(item, "of");

	if (of < 1 || of > LOGNOTES_PARTS_MAX || cJSON_GetArraySize(times) != of ||
		cJSON_GetArraySize(damaged) != of)
		return;
	notes->parts = (unsigned)of;
	for (int i = 0; i < of; i++) {
		notes->part_us[i] = jsonnumber_of(cJSON_GetArrayItem(times, i));
		notes->part_damaged[i] = cJSON_IsTrue(cJSON_GetArrayItem(damaged, i));
	}
}

static void take_drill(struct lognotes *notes, const cJSON *item)
{
	const char *why = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(item, "why"));
	double seconds = cJSON_GetNumberValue(cJSON_GetObjectItemCaseSensitive(item, "seconds"));

	notes->drill_us = jsonnumber_get(item, "time_us");
	notes->drill_good = is_true(item, "good");
	notes->drill_compared = is_true(item, "compared");
	notes->drill_version = (uint32_t)jsonnumber_get(item, "version");
	notes->drill_seconds = seconds > 0 && seconds < 1e9 ? seconds : 0;
	snprintf(notes->drill_why, sizeof notes->drill_why, "%s", why ? why : "");
}

void lognotes_parse(struct lognotes *out, const char *text, size_t size, const char *log)
{
	cJSON *root = size ? cJSON_ParseWithLength(text, size) : NULL;
	const char *id = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(root, "log"));

	*out = (struct lognotes){.parts = 0};
	snprintf(out->log, sizeof out->log, "%s", log);
	if (id && strcmp(id, log) == 0) {
		take_verify(out, cJSON_GetObjectItemCaseSensitive(root, "verify"));
		take_parts(out, cJSON_GetObjectItemCaseSensitive(root, "parts"));
		take_drill(out, cJSON_GetObjectItemCaseSensitive(root, "drill"));
	}
	cJSON_Delete(root);
}

static enum bk_code name_of(char **out, const char *path, struct bk_error *err)
{
	return asprintf(out, "%s" LOGNOTES_SUFFIX, path) < 0
		       ? bk_fail(err, BK_E_NOMEM, 0, "no memory for a path")
		       : BK_OK;
}

enum bk_code lognotes_read(struct lognotes *out, const struct bk_io *io, const char *path,
	const char *log, struct bk_error *err)
{
	struct bk_buf text;
	char *name;
	enum bk_code code = name_of(&name, path, err);

	if (code)
		return code;
	bk_buf_init(&text, NOTES_BYTES_MAX);
	code = bk_wholefile_read(&text, io, name, err);
	if (code == BK_E_MISSING)
		code = BK_OK;
	if (!code)
		lognotes_parse(out, (const char *)text.data, text.size, log);
	bk_buf_done(&text);
	free(name);
	return code;
}

static void put_parts(cJSON *root, const struct lognotes *notes)
{
	cJSON *item = cJSON_AddObjectToObject(root, "parts");
	cJSON *times, *damaged;

	jsonnumber_add(item, "of", notes->parts);
	times = cJSON_AddArrayToObject(item, "time_us");
	damaged = cJSON_AddArrayToObject(item, "damaged");
	for (unsigned i = 0; i < notes->parts; i++) {
		cJSON_AddItemToArray(times, jsonnumber_new(notes->part_us[i]));
		cJSON_AddItemToArray(damaged, cJSON_CreateBool(notes->part_damaged[i]));
	}
}

static cJSON *object_of(const struct lognotes *notes)
{
	cJSON *root = cJSON_CreateObject(), *item;

	cJSON_AddStringToObject(root, "log", notes->log);
	if (notes->verify_us) {
		item = cJSON_AddObjectToObject(root, "verify");
		jsonnumber_add(item, "time_us", notes->verify_us);
		cJSON_AddBoolToObject(item, "damaged", notes->verify_damaged);
		jsonnumber_add(item, "findings", (int64_t)notes->findings);
	}
	if (notes->parts)
		put_parts(root, notes);
	if (notes->drill_us) {
		item = cJSON_AddObjectToObject(root, "drill");
		jsonnumber_add(item, "time_us", notes->drill_us);
		cJSON_AddBoolToObject(item, "good", notes->drill_good);
		jsonnumber_add(item, "version", notes->drill_version);
		cJSON_AddBoolToObject(item, "compared", notes->drill_compared);
		cJSON_AddNumberToObject(item, "seconds", notes->drill_seconds);
		cJSON_AddStringToObject(item, "why", notes->drill_why);
	}
	return root;
}

enum bk_code lognotes_write(const struct bk_io *io, const char *path, const struct lognotes *notes,
	struct bk_error *err)
{
	cJSON *root = object_of(notes);
	char *text = cJSON_Print(root), *line = NULL, *name = NULL;
	int size = text ? asprintf(&line, "%s\n", text) : -1;
	enum bk_code code = size < 0 ? bk_fail(err, BK_E_NOMEM, 0, "no memory for notes")
				     : name_of(&name, path, err);

	if (!code)
		code = bk_wholefile_replace(io, name, line, (size_t)size, err);
	cJSON_free(text);
	cJSON_Delete(root);
	free(line);
	free(name);
	return code;
}

int64_t lognotes_verified_us(const struct lognotes *notes)
{
	int64_t oldest = notes->parts ? INT64_MAX : 0;

	for (unsigned i = 0; i < notes->parts; i++)
		if (notes->part_us[i] < oldest)
			oldest = notes->part_us[i];
	return notes->verify_us > oldest ? notes->verify_us : oldest;
}

bool lognotes_is_damaged(const struct lognotes *notes)
{
	for (unsigned i = 0; i < notes->parts; i++)
		if (notes->part_damaged[i] && notes->part_us[i] > notes->verify_us)
			return true;
	return notes->verify_damaged;
}
