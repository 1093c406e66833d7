/* hooktimes.c - how long lightningd waited for the plugin at each change. */
#include "hooktimes.h"
#include "jsonnumber.h"
#include <bk/wholefile.h>
#include <stdio.h>
#include <stdlib.h>

#define TIMES_BYTES_MAX 4096

const int64_t hooktimes_bounds_us[HOOKTIMES_BUCKETS] = {100, 250, 500, 1000, 2500, 5000, 10000,
	25000, 50000, 100000, 250000, 500000, 1000000, 2500000, 5000000, 10000000, 60000000,
	INT64_MAX};

void hooktimes_add(struct hooktimes *times, int64_t took_us)
{
	size_t i = 0;

	while (took_us > hooktimes_bounds_us[i])
		i++;
	times->buckets[i]++;
	times->count++;
	times->sum_us += took_us > 0 ? (uint64_t)took_us : 0;
}

int64_t hooktimes_within(const struct hooktimes *times, double share)
{
	uint64_t seen = 0;

	if (!times->count)
		return 0;
	for (size_t i = 0; i < HOOKTIMES_BUCKETS; i++) {
		seen += times->buckets[i];
		if ((double)seen >= share * (double)times->count)
			return hooktimes_bounds_us[i];
	}
	return INT64_MAX;
}

/* What does not add up is none. */
static void take(struct hooktimes *times, const cJSON *root)
{
	const cJSON *buckets = cJSON_GetObjectItemCaseSensitive(root, "buckets");
	struct hooktimes found = {.since_us = jsonnumber_get(root, "since_us"),
		.at_us = jsonnumber_get(root, "at_us"),
		.count = (uint64_t)jsonnumber_get(root, "count"),
		.sum_us = (uint64_t)jsonnumber_get(root, "sum_us")};
	uint64_t sum = 0;

	if (cJSON_GetArraySize(buckets) != HOOKTIMES_BUCKETS)
		return;
	for (int i = 0; i < HOOKTIMES_BUCKETS; i++) {
		found.buckets[i] = (uint64_t)jsonnumber_of(cJSON_GetArrayItem(buckets, i));
		sum += found.buckets[i];
	}
	if (sum == found.count)
		*times = found;
}

void hooktimes_parse(struct hooktimes *out, const char *text, size_t size)
{
	cJSON *root = size ? cJSON_ParseWithLength(text, size) : NULL;

	*out = (struct hooktimes){.count = 0};
	take(out, root);
	cJSON_Delete(root);
}

enum bk_code hooktimes_read(
	struct hooktimes *out, const struct bk_io *io, const char *path, struct bk_error *err)
{
	struct bk_buf text;
	enum bk_code code;

	bk_buf_init(&text, TIMES_BYTES_MAX);
	code = bk_wholefile_read(&text, io, path, err);
	if (code == BK_E_MISSING)
		code = BK_OK;
	if (!code)
		hooktimes_parse(out, (const char *)text.data, text.size);
	bk_buf_done(&text);
	return code;
}

enum bk_code hooktimes_write(const struct bk_io *io, const char *path,
	const struct hooktimes *times, struct bk_error *err)
{
	cJSON *root = cJSON_CreateObject(), *buckets;
	char *text, *line = NULL;
	int size;
	enum bk_code code;

	jsonnumber_add(root, "since_us", times->since_us);
	jsonnumber_add(root, "at_us", times->at_us);
	jsonnumber_add(root, "count", (int64_t)times->count);
	jsonnumber_add(root, "sum_us", (int64_t)times->sum_us);
	buckets = cJSON_AddArrayToObject(root, "buckets");
	for (int i = 0; i < HOOKTIMES_BUCKETS; i++)
		cJSON_AddItemToArray(buckets, jsonnumber_new((int64_t)times->buckets[i]));
	text = cJSON_PrintUnformatted(root);
	size = text ? asprintf(&line, "%s\n", text) : -1;
	code = size < 0 ? bk_fail(err, BK_E_NOMEM, 0, "no memory to write %s", path)
			: bk_wholefile_replace(io, path, line, (size_t)size, err);
	cJSON_free(text);
	cJSON_Delete(root);
	free(line);
	return code;
}
