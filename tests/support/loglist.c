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

/* How many lines TEXT has. */
static size_t count_lines(const char *text, size_t size)
{
	size_t count = 0;

	for (size_t i = 0; i < size; i++)
		count += text[i] == '\n';
	return count;
}

static enum bk_code take_line(
	struct loglist *list, const char *text, size_t size, struct bk_error *err)
{
	cJSON *object = cJSON_ParseWithLength(text, size);
	bool is_good = take_entry(object, &list->entries[list->count]);

	cJSON_Delete(object);
	list->count += is_good;
	return is_good ? BK_OK
		       : bk_fail(err, BK_E_INVALID, 0, "a line of the listing is no entry: %.*s",
				 (int)size, text);
}

static enum bk_code take_list(
	struct loglist *list, const char *text, size_t size, struct bk_error *err)
{
	const char *end = text + size;
	enum bk_code code = BK_OK;

	list->count = 0;
	list->entries = calloc(count_lines(text, size) + 1, sizeof *list->entries);
	if (!list->entries)
		return bk_fail(err, BK_E_NOMEM, 0, "no memory for a listing");
	while (text < end && !code) {
		const char *line = memchr(text, '\n', (size_t)(end - text));

		if (!line)
			code = bk_fail(err, BK_E_INVALID, 0, "the listing ends in half a line");
		else
			code = take_line(list, text, (size_t)(line - text), err);
		text = line ? line + 1 : end;
	}
	if (code)
		loglist_done(list);
	return code;
}

enum bk_code loglist_read(struct loglist *list, const char *cli, const char *url,
	enum loglist_what what, struct bk_error *err)
{
	const char *all[] = {cli, "log", "--json", "--reverse", "--all", url, NULL};
	const char *versions[] = {cli, "log", "--json", "--reverse", url, NULL};
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
