/* jsonnumber.h - whole numbers in JSON with all their digits: cJSON's own are doubles, of which it
 * prints 15. */
#ifndef JSONNUMBER_H
#define JSONNUMBER_H

#include <cJSON.h>
#include <stdint.h>

/* NULL: no memory. */
cJSON *jsonnumber_new(int64_t value);
void jsonnumber_add(cJSON *object, const char *key, int64_t value);

/* The number that ITEM is, or that KEY of OBJECT is: from 0 to 2^53; 0 where it is none such. */
int64_t jsonnumber_of(const cJSON *item);
int64_t jsonnumber_get(const cJSON *object, const char *key);

#endif
