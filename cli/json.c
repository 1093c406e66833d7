/* json.c - what --json prints. */
#include "json.h"
#include <bk/text.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define DIGITS_MAX 24

void json_add_count(cJSON *object, const char *key, uint64_t value)
{
	char digits[DIGITS_MAX];

	snprintf(digits, sizeof digits, "%" PRIu64, value);
	cJSON_AddRawToObject(object, key, digits);
}

void json_add_time(cJSON *object, const char *key, int64_t time_us)
{
	char digits[DIGITS_MAX];

	snprintf(digits, sizeof digits, "%" PRId64, time_us);
	cJSON_AddRawToObject(object, key, digits);
}

/* Prints TEXT, which it takes over. */
static enum bk_code print_text(char *text, const char *end, struct bk_error *err)
{
	char *whole = text ? bk_json_text(text, end) : NULL;

	cJSON_free(text);
	if (!whole)
		return bk_fail(err, BK_E_NOMEM, 0, "no memory for what is printed");
	fputs(whole, stdout);
	free(whole);
	return BK_OK;
}

enum bk_code json_print(cJSON *json, struct bk_error *err)
{
	char *text = cJSON_Print(json);

	cJSON_Delete(json);
	return print_text(text, "\n", err);
}

enum bk_code json_print_line(cJSON *json, struct bk_error *err)
{
	char *text = cJSON_PrintUnformatted(json);

	cJSON_Delete(json);
	return print_text(text, "", err);
}
