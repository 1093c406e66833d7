/* loglist.c - what `backup-cli log --json` says that a log holds. */
#include "loglist.h"
#include "child.h"
#include <cJSON.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LIST_TIMEOUT_MS 120000

static bool bk_get_number(const cJSON *object, const char *key, double max, double *number)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, key);

	*number = cJSON_IsNumber(item) ? item->valuedouble : -1;
	return *number >= 0 && *number <= max;
}

static bool take_entry(const cJSON *object, struct loglist_entry *entry)
{
	const char *note = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, "note"));
	double version, statements, sql_bytes, log_bytes, time_us;

	if (!note || !bk_get_number(object, "version", UINT32_MAX, &version) ||
		!bk_get_number(object, "statements", UINT32_MAX, &statements) ||
		!bk_get_number(object, "sql_bytes", UINT32_MAX, &sql_bytes) ||
		!bk_get_number(object, "log_bytes", UINT32_MAX, &log_bytes) ||
		!bk_get_number(object, "time_us", 9e15, &time_us))
		return false;
	*entry = (struct loglist_entry){
		.version = (uint32_t)version,
		.statements = (uint32_t)statements,
		.sql_bytes = (uint32_t)sql_bytes,
		.log_bytes = (uint32_t)log_bytes,
		.time_us = (int64_t)time_us,
	};
	snprintf(entry->note, sizeof entry->note, "%s", note);
	return true;
}

static enum bk_code take_list(
	struct loglist *list, const char *text, size_t size, struct bk_error *err)
{
	cJSON *root = cJSON_ParseWithLength(text, size);
	const cJSON *object;
	enum bk_code code = BK_OK;

	if (!cJSON_IsArray(root))
		code = bk_fail(err, BK_E_INVALID, 0, "the listing is no JSON array");
	list->count = 0;
	list->entries = calloc((size_t)cJSON_GetArraySize(root) + 1, sizeof *list->entries);
	if (!list->entries)
		code = bk_fail(err, BK_E_NOMEM, 0, "no memory for a listing");
	cJSON_ArrayForEach(object, root)
	{
		if (!code && !take_entry(object, &list->entries[list->count++]))
			code = bk_fail(err, BK_E_INVALID, 0, "an entry has no version or note");
	}
	cJSON_Delete(root);
	if (code)
		loglist_done(list);
	return code;
}

enum bk_code loglist_read(struct loglist *list, const char *cli, const char *url,
	enum loglist_what what, struct bk_error *err)
{
	const char *all[] = {cli, "log", "--json", "--all", url, NULL};
	const char *versions[] = {cli, "log", "--json", url, NULL};
	const char **argv = what == LOGLIST_ALL ? all : versions;
	struct run run;
	enum bk_code code =
		run_program(&run, (char *const *)(uintptr_t)argv, NULL, LIST_TIMEOUT_MS, err);

	if (code)
		return code;
	if (run.status)
		code = bk_fail(err, BK_E_INVALID, 0, "backup-cli log failed (%d): %s", run.status,
			run_err(&run));
	else
		code = take_list(list, run_out(&run), run.out.size, err);
	run_done(&run);
	return code;
}

void loglist_done(struct loglist *list)
{
	free(list->entries);
	*list = (struct loglist){0};
}

size_t loglist_count(const struct loglist *list, uint32_t version, const char *note)
{
	size_t count = 0;

	for (size_t i = 0; i < list->count; i++)
		count += list->entries[i].version == version &&
			 (!note || strcmp(list->entries[i].note, note) == 0);
	return count;
}
