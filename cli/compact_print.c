/* compact_print.c - what a compaction did, for people and as JSON. */
#include "compact.h"
#include "json.h"
#include <bk/moment.h>
#include <inttypes.h>
#include <stdio.h>

static enum bk_code print_json(
	const struct compaction *c, const struct bk_compact_result *result, struct bk_error *err)
{
	cJSON *root = cJSON_CreateObject();
	cJSON *before = cJSON_AddObjectToObject(root, "before");
	cJSON *after = cJSON_AddObjectToObject(root, "after");
	char policy[BK_POLICY_TEXT], time[BK_MOMENT_TEXT];

	bk_policy_text(&c->options.policy, policy);
	bk_moment_text(time, result->oldest_us, false);
	json_add_count(before, "backupsize", result->bytes_before);
	json_add_count(before, "version_count", result->versions_before);
	json_add_count(after, "backupsize", result->bytes_after);
	json_add_count(after, "version_count", result->versions_after);
	json_add_count(after, "hourly", result->hourly);
	json_add_count(after, "daily", result->daily);
	json_add_count(after, "monthly", result->monthly);
	json_add_count(after, "oldest_version", result->oldest);
	cJSON_AddStringToObject(after, "oldest_time", time);
	json_add_count(root, "lost", result->lost);
	cJSON_AddStringToObject(root, "policy", policy);
	cJSON_AddBoolToObject(root, "tightened", result->is_tightened);
	cJSON_AddBoolToObject(root, "dry_run", c->dry_run);
	return json_print(root, err);
}

static void print_text(const struct compaction *c, const struct bk_compact_result *result)
{
	char policy[BK_POLICY_TEXT], time[BK_MOMENT_TEXT], before[32], after[32];

	bk_policy_text(&c->options.policy, policy);
	bk_moment_text(time, result->oldest_us, true);
	bytes_text(before, result->bytes_before);
	bytes_text(after, result->bytes_after);
	printf("Keeping: %s\n", policy);
	if (result->is_tightened)
		printf("To fit its size, less than that.\n");
	printf("Before: %s, %" PRIu64 " versions\n", before, result->versions_before);
	printf("%s %s%s, %" PRIu64 " versions",
		c->dry_run ? "Would be:" : "After: ", c->dry_run ? "about " : "", after,
		result->versions_after);
	if (result->hourly || result->daily || result->monthly)
		printf(" (%" PRIu64 " hourly, %" PRIu64 " daily, %" PRIu64 " monthly)",
			result->hourly, result->daily, result->monthly);
	printf("\nThe oldest is %" PRIu32 ", of %s\n", result->oldest, time);
	if (result->lost)
		printf("Lost to damage: %" PRIu64 " versions\n", result->lost);
	if (c->dry_run)
		printf("Nothing was changed.\n");
}

enum bk_code compact_print(
	const struct compaction *c, const struct bk_compact_result *result, struct bk_error *err)
{
	if (c->json)
		return print_json(c, result, err);
	print_text(c, result);
	return BK_OK;
}
