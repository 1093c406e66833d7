/* outcome.h - what is said of a compaction: to those who asked for it, and in lightningd's log. */
#ifndef OUTCOME_H
#define OUTCOME_H

#include "builder.h"
#include <cJSON.h>

/* Adds ID, which is copied, to those that have *ASKED: an array, NULL at first. False: no memory.
 */
bool outcome_ask(cJSON **asked, const cJSON *id);

/* Answers each of ASKED with RESULT, or with what FAILED if that is not NULL; frees ASKED. */
void outcome_answer(cJSON *asked, const struct builder_result *result, const char *failed);

/* The log has a successor's place taken: with RESULT, or, with NULL, of one that others built. */
void outcome_tell(const struct builder_result *result);

/* It failed, and WHY; it is tried again in RETRY_MS, where that is not 0. */
void outcome_tell_failed(const struct bk_error *why, int64_t retry_ms);

#endif
