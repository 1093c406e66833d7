/* lockpolicy.h - what backup.lock says of what is kept: the key "keep", an object with some of
 * "all", "hourly", "daily", "monthly" (ages) and "max_size" (bytes), as texts. */
#ifndef LOCKPOLICY_H
#define LOCKPOLICY_H

#include <bk/error.h>
#include <bk/policy.h>
#include <cJSON.h>
#include <stdbool.h>

/* A policy as it is written: the values of backup-cli compact's options; NULL: not said. */
struct policy_text {
	const char *all, *hourly, *daily, *monthly, *max_size;
};

/* Reads TEXT. Fails with BK_E_INVALID, and names the option that is wrong. */
BK_MUST_CHECK enum bk_code policy_parse(
	struct bk_policy *out, const struct policy_text *text, struct bk_error *err);

/* Takes the key out of ROOT, which was read from NAME; *HAS tells whether it was there. Fails with
 * BK_E_INVALID. */
BK_MUST_CHECK enum bk_code lockpolicy_take(const cJSON *root, const char *name, bool *has,
	struct bk_policy *out, struct bk_error *err);

/* Sets the key in KEYS; false without memory. */
bool lockpolicy_put(cJSON *keys, const struct policy_text *text);

#endif
