/* json.h - what --json prints. */
#ifndef JSON_H
#define JSON_H

#include <bk/error.h>
#include <cJSON.h>
#include <stdint.h>

/* Add a number to OBJECT with all its digits: cJSON's own are doubles, which end at 2^53. */
void json_add_count(cJSON *object, const char *key, uint64_t value);
void json_add_time(cJSON *object, const char *key, int64_t time_us);

/* Print JSON, over several lines with a line's end, or within one without, and delete it. NULL is
 * one that there was no memory for. Fail with BK_E_NOMEM. */
BK_MUST_CHECK enum bk_code json_print(cJSON *json, struct bk_error *err);
BK_MUST_CHECK enum bk_code json_print_line(cJSON *json, struct bk_error *err);

#endif
