/* lockseen.c - what backup.lock knows of the log. */
#include "lockseen.h"
#include <cJSON.h>
#include <stdio.h>
#include <string.h>

#define KEY "seen"

/* Of what a double holds exactly. */
#define BYTES_MAX ((double)((uint64_t)1 << 53))

void lockseen_parse(struct lockseen *out, const cJSON *root)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(root, KEY);
	const char *log = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(item, "log"));
	double bytes = cJSON_GetNumberValue(cJSON_GetObjectItemCaseSensitive(item, "bytes"));
	double version = cJSON_GetNumberValue(cJSON_GetObjectItemCaseSensitive(item, "version"));

	*out = (struct lockseen){0};
	if (!log || strlen(log) != BK_LOG_ID_TEXT - 1 || !(bytes >= 0 && bytes < BYTES_MAX) ||
		!(version >= 0 && version <= UINT32_MAX))
		return;
	memcpy(out->log, log, BK_LOG_ID_TEXT);
	out->bytes = (uint64_t)bytes;
	out->version = (uint32_t)version;
}

bool lockseen_put(const struct lockseen *seen, cJSON *root)
{
	cJSON *item;

	cJSON_DeleteItemFromObjectCaseSensitive(root, KEY);
	if (!seen)
		return true;
	item = cJSON_AddObjectToObject(root, KEY);
	return item && cJSON_AddStringToObject(item, "log", seen->log) &&
	       cJSON_AddNumberToObject(item, "bytes", (double)seen->bytes) &&
	       cJSON_AddNumberToObject(item, "version", seen->version);
}
