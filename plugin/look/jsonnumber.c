/* jsonnumber.c - whole numbers in JSON with all their digits. */
#include "jsonnumber.h"
#include <inttypes.h>
#include <stdio.h>

#define EXACT_MAX ((double)(INT64_C(1) << 53))

cJSON *jsonnumber_new(int64_t value)
{
	char digits[24];

	snprintf(digits, sizeof digits, "%" PRId64, value);
	return cJSON_CreateRaw(digits);
}

void jsonnumber_add(cJSON *object, const char *key, int64_t value)
{
	cJSON_AddItemToObject(object, key, jsonnumber_new(value));
}

int64_t jsonnumber_of(const cJSON *item)
{
	double value = cJSON_IsNumber(item) ? item->valuedouble : 0;

	return value > 0 && value <= EXACT_MAX ? (int64_t)value : 0;
}

int64_t jsonnumber_get(const cJSON *object, const char *key)
{
	return jsonnumber_of(cJSON_GetObjectItemCaseSensitive(object, key));
}
