/* outcome.c - what is said of a compaction. */
#include "outcome.h"
#include "out.h"
#include <stdio.h>

bool outcome_ask(cJSON **asked, const cJSON *id)
{
	cJSON *copy = cJSON_Duplicate(id, 1);

	if (!*asked)
		*asked = cJSON_CreateArray();
	if (cJSON_AddItemToArray(*asked, copy))
		return true;
	cJSON_Delete(copy);
	return false;
}

static cJSON *size_and_count(uint64_t bytes, uint64_t versions)
{
	cJSON *object = cJSON_CreateObject();

	cJSON_AddNumberToObject(object, "backupsize", (double)bytes);
	cJSON_AddNumberToObject(object, "version_count", (double)versions);
	return object;
}

static cJSON *answer_of(const struct builder_result *result)
{
	cJSON *answer = cJSON_CreateObject();

	cJSON_AddItemToObject(
		answer, "before", size_and_count(result->bytes_before, result->versions_before));
	cJSON_AddItemToObject(
		answer, "after", size_and_count(result->bytes_after, result->versions_after));
	return answer;
}

void outcome_answer(cJSON *asked, const struct builder_result *result, const char *failed)
{
	cJSON *id;

	cJSON_ArrayForEach(id, asked)
	{
		if (failed)
			out_error(id, OUT_ERROR_FAILED, failed);
		else
			out_offer(id, answer_of(result));
	}
	cJSON_Delete(asked);
}

void outcome_tell(const struct builder_result *result)
{
	if (result)
		out_log(LEVEL_INFO,
			"compacted the log: %llu KB with %llu versions before, %llu KB with %llu "
			"after",
			(unsigned long long)result->bytes_before / 1000,
			(unsigned long long)result->versions_before,
			(unsigned long long)result->bytes_after / 1000,
			(unsigned long long)result->versions_after);
	else
		out_log(LEVEL_INFO,
			"the successor that was built beside the log has taken its place");
}

void outcome_tell_failed(const struct bk_error *why, int64_t retry_ms)
{
	char again[64] = "";

	if (retry_ms)
		snprintf(again, sizeof again, "; that is tried again in %lld minutes",
			(long long)retry_ms / 60000);
	out_log(LEVEL_UNUSUAL, "the log could not be compacted: %s. It goes on as it is%s",
		why->msg, again);
}
